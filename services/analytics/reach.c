#include "services/analytics/reach.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/sketch.h"

/* A unit, once it has a sketch. */
struct place {
    const struct directory_unit *unit; /* NULL: it has none */
    const struct directory_unit *above;
    struct sketch *own;   /* people of its own sessions; NULL: of none */
    struct sketch *below; /* of all units below; NULL: of none */
    int64_t estimate;
    int is_stale, is_changed;
};

struct reach {
    struct place *places; /* by index of the unit */
    size_t n;
    size_t n_lists; /* that were taken */
    uint64_t moves; /* of sessions, when the first one was */
    int is_new;     /* nothing was taken yet */
};

struct reach *reach_create(void)
{
    struct reach *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->is_new = 1;
    return self;
}

/* Leaves what is shown. */
static void start_over(struct reach *self)
{
    for (size_t i = 0; i < self->n; i++) {
        sketch_destroy(&self->places[i].own);
        sketch_destroy(&self->places[i].below);
        self->places[i].is_stale = 1;
    }
    self->n_lists = 0;
    self->is_new = 1;
}

void reach_clear(struct reach *self)
{
    start_over(self);
    for (size_t i = 0; i < self->n; i++)
        self->places[i] = (struct place){0};
}

void reach_destroy(struct reach **self)
{
    if (*self == NULL)
        return;
    reach_clear(*self);
    free((*self)->places);
    free(*self);
    *self = NULL;
}

/* --- following -------------------------------------------------------------------------------- */

static struct place *place_of(struct reach *self, const struct directory_unit *unit)
{
    if (unit->index >= self->n) {
        size_t n = MAX(unit->index + 1, 2 * self->n);
        self->places = realloc(self->places, n * sizeof(*self->places));
        ASSERT(self->places != NULL);
        memset(&self->places[self->n], 0, (n - self->n) * sizeof(*self->places));
        self->n = n;
    }
    struct place *place = &self->places[unit->index];
    place->unit = unit;
    place->above = directory_above(unit);
    return place;
}

static int add(struct sketch **sketch, uint64_t citizen)
{
    if (*sketch == NULL)
        *sketch = sketch_create();
    return sketch_add(*sketch, citizen);
}

/* Who is known below is known above as well: the first sketch that stays the same ends it. */
static void add_person(struct reach *self, const struct directory_unit *unit, uint64_t citizen)
{
    struct place *place = place_of(self, unit);
    int is_other = add(&place->own, citizen);
    place->is_stale |= is_other;
    while (is_other && (unit = directory_above(unit)) != NULL) {
        place = place_of(self, unit);
        is_other = add(&place->below, citizen);
        place->is_stale |= is_other;
    }
}

/* A unit hangs elsewhere: the sums are made of the units' own again. */
static void sum_again(struct reach *self)
{
    for (size_t i = 0; i < self->n; i++) {
        sketch_destroy(&self->places[i].below);
        self->places[i].is_stale = self->places[i].unit != NULL;
    }
    for (size_t i = 0; i < self->n; i++) {
        const struct directory_unit *unit = self->places[i].unit;
        while (unit != NULL && self->places[i].own != NULL &&
               (unit = directory_above(unit)) != NULL) {
            struct place *place = place_of(self, unit); /* may move the places */
            if (place->below == NULL)
                place->below = sketch_create();
            sketch_merge(place->below, self->places[i].own);
            place->is_stale = 1;
        }
        if (self->places[i].unit != NULL)
            self->places[i].above = directory_above(self->places[i].unit);
    }
}

static int is_tree_other(const struct reach *self)
{
    for (size_t i = 0; i < self->n; i++) {
        const struct place *place = &self->places[i];
        if (place->unit != NULL && place->above != directory_above(place->unit))
            return 1;
    }
    return 0;
}

static int64_t estimate(const struct place *place)
{
    if (place->own == NULL || place->below == NULL)
        return place->own != NULL     ? sketch_estimate(place->own)
               : place->below != NULL ? sketch_estimate(place->below)
                                      : 0;
    CLEANUP(sketch_destroy) struct sketch *both = sketch_create();
    sketch_merge(both, place->own);
    sketch_merge(both, place->below);
    return sketch_estimate(both);
}

static void show(struct reach *self)
{
    for (size_t i = 0; i < self->n; i++) {
        struct place *place = &self->places[i];
        if (!place->is_stale)
            continue;
        int64_t before = place->estimate;
        place->estimate = estimate(place);
        place->is_stale = 0;
        place->is_changed |= place->estimate != before;
    }
}

/* -1: its unit is not known here yet. */
static int take_list(struct reach *self, const struct sessions *sessions,
                     const struct session_contacts *list, reach_unit_fn unit_of, const void *arg)
{
    const struct session_version *version = sessions_at(sessions, list->session, INT64_MAX);
    ASSERT(version != NULL);
    if (version->session->cancelled)
        return 0;
    const struct directory_unit *unit = unit_of(arg, version->session->unit_code);
    if (unit == NULL)
        return -1;
    const uint64_t *people = sessions_people(sessions, list);
    for (uint32_t i = 0; i < list->n; i++)
        add_person(self, unit, people[i]);
    return 0;
}

void reach_follow(struct reach *self, const struct sessions *sessions, reach_unit_fn unit_of,
                  const void *arg)
{
    if (!self->is_new && self->moves != sessions_moves(sessions))
        start_over(self);
    if (self->is_new) {
        self->moves = sessions_moves(sessions);
        self->is_new = 0;
    }
    if (is_tree_other(self))
        sum_again(self);
    size_t taken = 0;
    while (self->n_lists < sessions_lists(sessions) && taken < REACH_TURN_PEOPLE) {
        const struct session_contacts *list = sessions_list(sessions, self->n_lists);
        if (take_list(self, sessions, list, unit_of, arg) < 0)
            return; /* the directory hears of it soon */
        taken += 1 + list->n;
        self->n_lists++;
    }
    if (self->n_lists == sessions_lists(sessions))
        show(self);
}

int64_t reach_of(const struct reach *self, const struct directory_unit *unit)
{
    return unit->index < self->n ? self->places[unit->index].estimate : 0;
}

int reach_is_changed(const struct reach *self, size_t unit)
{
    return unit < self->n && self->places[unit].is_changed;
}

void reach_forget_changes(struct reach *self)
{
    for (size_t i = 0; i < self->n; i++)
        self->places[i].is_changed = 0;
}

size_t reach_bytes(const struct reach *self)
{
    size_t bytes = self->n * sizeof(*self->places);
    for (size_t i = 0; i < self->n; i++) {
        const struct place *place = &self->places[i];
        bytes += place->own == NULL ? 0 : sketch_bytes(place->own);
        bytes += place->below == NULL ? 0 : sketch_bytes(place->below);
    }
    return bytes;
}

/* --- as of a moment --------------------------------------------------------------------------- */

struct reach_walk {
    const struct sessions *sessions;
    int64_t as_of_ms;
    reach_places_fn places;
    void *arg;
    size_t next, end; /* lists */
    size_t n;
    struct sketch *sketches[]; /* NULL: nobody */
};

struct reach_walk *reach_walk_create(const struct sessions *sessions, int64_t as_of_ms,
                                     size_t n_sketches, reach_places_fn places, void *arg)
{
    struct reach_walk *self = calloc(1, sizeof(*self) + n_sketches * sizeof(struct sketch *));
    ASSERT(self != NULL);
    self->sessions = sessions;
    self->as_of_ms = as_of_ms;
    self->places = places;
    self->arg = arg;
    self->end = sessions_lists(sessions);
    self->n = n_sketches;
    return self;
}

void reach_walk_destroy(struct reach_walk **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < (*self)->n; i++)
        sketch_destroy(&(*self)->sketches[i]);
    free(*self);
    *self = NULL;
}

static void walk_list(struct reach_walk *self, const struct session_contacts *list)
{
    size_t places[REACH_PLACES_MAX];
    const struct session_version *version =
        sessions_at(self->sessions, list->session, self->as_of_ms);
    if (list->at_ms > self->as_of_ms || version == NULL || version->session->cancelled)
        return;
    size_t n = self->places(self->arg, version->session, places);
    const uint64_t *people = sessions_people(self->sessions, list);
    for (size_t k = 0; k < n; k++) {
        ASSERT(places[k] < self->n);
        for (uint32_t i = 0; i < list->n; i++)
            (void)add(&self->sketches[places[k]], people[i]);
    }
}

int reach_walk_step(struct reach_walk *self, size_t n)
{
    size_t taken = 0;
    while (self->next < self->end && taken < n) {
        const struct session_contacts *list = sessions_list(self->sessions, self->next++);
        taken += 1 + list->n;
        walk_list(self, list);
    }
    return self->next < self->end;
}

int64_t reach_walk_estimate(const struct reach_walk *self, size_t sketch)
{
    ASSERT(sketch < self->n && self->next == self->end);
    return self->sketches[sketch] == NULL ? 0 : sketch_estimate(self->sketches[sketch]);
}
