#include "services/gateway/live_watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/json/json.h"

#define PROGRESS_METHOD "ansinh.v1.Analytics/GetProgress"
#define LOAD_TIMEOUT_MS 2000

struct live_watch *live_watch_create(struct live_watch_base *base,
                                     const struct live_watch_spec *spec)
{
    ASSERT(spec->n_codes > 0 && spec->n_codes <= WATCH_UNITS_MAX);
    struct live_watch *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->base = base;
    self->spec = *spec;
    self->told_seq = live_units_seq(base->units);
    return self;
}

static void leave_units(struct live_watch *self, struct live_unit **units, size_t n)
{
    for (size_t i = 0; i < n; i++)
        live_units_leave(self->base->units, units[i]);
    free(units);
}

void live_watch_destroy(struct live_watch **self)
{
    struct live_watch *watch = *self;
    if (watch == NULL)
        return;
    ASSERT(watch->n_asked == 0);
    leave_units(watch, watch->units, watch->n_units);
    live_frame_unref(&watch->snapshot);
    live_frame_unref(&watch->progress);
    free(watch);
    *self = NULL;
}

/* Appends one event to the scratch text. */
static int append_event(struct live_watch_base *base, const char *name, uint64_t version,
                        const ProtobufCMessage *message)
{
    (void)buf_printf(&base->text, "event: %s\nid: %llu\ndata: ", name, (unsigned long long)version);
    int rc = json_from_message(message, JSON_DEFAULTS, &base->text);
    return rc < 0 ? rc : buf_puts(&base->text, "\n\n");
}

/* --- loading -----------------------------------------------------------------------------------
 */

/* The answer's own unit in the form that its children have. Borrows from it. */
static void own_progress(const Ansinh__V1__GetProgressResponse *answer,
                         Ansinh__V1__UnitProgress *ret)
{
    ansinh__v1__unit_progress__init(ret);
    ret->unit_code = answer->unit_code;
    ret->name = answer->name;
    ret->participants = answer->participants;
    ret->declared = answer->declared;
    ret->plan = answer->plan;
    ret->gap = answer->gap;
    ret->percent = answer->percent;
    ret->payments = answer->payments;
    ret->paid = answer->paid;
    ret->today = answer->today;
    ret->participants_today = answer->participants_today;
    ret->declared_today = answer->declared_today;
}

/* Adds a unit with the answer's values; newer ones that came by view stay, and then the snapshot
 * holds only up to the change before them. */
static void add_unit(struct live_watch *self, uint64_t version,
                     const Ansinh__V1__UnitProgress *progress)
{
    struct live_unit *unit = live_units_join(self->base->units, progress->unit_code);
    if (unit == NULL)
        return;
    self->units[self->n_units++] = unit;
    live_units_apply(self->base->units, unit, version, progress);
    if (unit->version > version)
        self->snapshot_seq = MIN(self->snapshot_seq, unit->seq - 1);
}

/* Takes the units of all answers in place of those before. */
static void take_units(struct live_watch *self)
{
    struct live_unit **before = self->units;
    size_t n_before = self->n_units, n = self->spec.n_codes;
    ASSERT(n > 0);
    for (size_t i = 0; i < self->spec.n_codes; i++)
        n += self->asks[i].answer->n_children;
    self->units = calloc(n, sizeof(struct live_unit *));
    ASSERT(self->units != NULL);
    self->n_units = 0;
    self->snapshot_seq = UINT64_MAX;
    for (size_t i = 0; i < self->spec.n_codes; i++) {
        const Ansinh__V1__GetProgressResponse *answer = self->asks[i].answer;
        Ansinh__V1__UnitProgress own;
        own_progress(answer, &own);
        add_unit(self, answer->version, &own);
        for (size_t k = 0; k < answer->n_children; k++)
            add_unit(self, answer->version, answer->children[k]);
    }
    self->snapshot_seq = MIN(self->snapshot_seq, live_units_seq(self->base->units));
    leave_units(self, before, n_before);
}

static int make_snapshot(struct live_watch *self)
{
    struct live_watch_base *base = self->base;
    buf_reset(&base->text);
    for (size_t i = 0; i < self->spec.n_codes; i++) {
        const Ansinh__V1__GetProgressResponse *answer = self->asks[i].answer;
        int rc = append_event(base, "snapshot", answer->version, &answer->base);
        if (rc < 0)
            return rc;
    }
    live_frame_unref(&self->snapshot);
    self->snapshot = live_frame_make(base->text.data, base->text.len);
    return 0;
}

static enum live_watch_event end_load(struct live_watch *self)
{
    enum live_watch_event event = WATCH_FAILED;
    if (self->load_code == ANSINH__V1__CODE__CODE_NOT_FOUND)
        event = WATCH_UNKNOWN;
    if (self->load_code == ANSINH__V1__CODE__CODE_UNSPECIFIED && make_snapshot(self) == 0) {
        take_units(self);
        self->loaded_ms = clock_mono_ms();
        event = WATCH_LOADED;
    }
    for (size_t i = 0; i < self->spec.n_codes; i++) {
        ansinh__v1__get_progress_response__free_unpacked(self->asks[i].answer, NULL);
        self->asks[i].answer = NULL;
    }
    return event;
}

static void on_progress(void *arg, const struct bus_answer *answer)
{
    struct live_watch_ask *ask = arg;
    struct live_watch *self = ask->watch;
    Ansinh__V1__Code code = answer->code;
    if (code == ANSINH__V1__CODE__CODE_UNSPECIFIED) {
        ask->answer =
            ansinh__v1__get_progress_response__unpack(NULL, answer->body_len, answer->body);
        if (ask->answer == NULL)
            code = ANSINH__V1__CODE__CODE_INTERNAL;
    }
    /* an unknown unit is final, whatever else went wrong */
    if (code == ANSINH__V1__CODE__CODE_NOT_FOUND ||
        (code != ANSINH__V1__CODE__CODE_UNSPECIFIED &&
         self->load_code == ANSINH__V1__CODE__CODE_UNSPECIFIED)) {
        self->load_code = code;
        (void)snprintf(self->problem, sizeof(self->problem), "%s: %s",
                       self->spec.codes[ask - self->asks], answer->message);
    }
    if (--self->n_asked == 0)
        self->base->fn(self->base->arg, self, end_load(self));
}

void live_watch_load(struct live_watch *self)
{
    if (self->n_asked > 0)
        return;
    self->asked_ms = clock_mono_ms();
    self->load_code = ANSINH__V1__CODE__CODE_UNSPECIFIED;
    self->n_asked = self->spec.n_codes;
    for (size_t i = 0; i < self->spec.n_codes; i++) {
        self->asks[i].watch = self;
        Ansinh__V1__GetProgressRequest input;
        ansinh__v1__get_progress_request__init(&input);
        input.unit_code = self->spec.codes[i];
        input.with_children = self->spec.with_children;
        struct bus_call call = {
            .service = "analytics", .method = PROGRESS_METHOD, .timeout_ms = LOAD_TIMEOUT_MS};
        bus_call(self->base->client, &call, &input.base, on_progress, &self->asks[i]);
    }
}

/* --- changes -----------------------------------------------------------------------------------
 */

int live_watch_has_changed(const struct live_watch *self, uint64_t since)
{
    for (size_t i = 0; i < self->n_units; i++) {
        if (self->units[i]->seq > since)
            return 1;
    }
    return 0;
}

/* Unpacks what changed into the scratch arena; NULL at its limit or when nothing did. */
static Ansinh__V1__UnitProgress **changed_units(struct live_watch *self, uint64_t since,
                                                size_t *ret_n)
{
    struct arena *arena = self->base->arena;
    arena_reset(arena);
    ProtobufCAllocator allocator;
    bus_arena_allocator(arena, &allocator);
    Ansinh__V1__UnitProgress **units = NULL;
    *ret_n = 0;
    for (size_t i = 0; i < self->n_units; i++) {
        const struct live_unit *unit = self->units[i];
        if (unit->seq <= since)
            continue;
        if (units == NULL)
            units = arena_alloc(arena, self->n_units * sizeof(*units));
        Ansinh__V1__UnitProgress *progress =
            ansinh__v1__unit_progress__unpack(&allocator, unit->len, unit->packed);
        if (units == NULL || progress == NULL)
            return NULL;
        units[(*ret_n)++] = progress;
    }
    return units;
}

struct live_frame *live_watch_progress(struct live_watch *self, uint64_t since, uint64_t *ret_seq)
{
    struct live_watch_base *base = self->base;
    uint64_t seq = live_units_seq(base->units);
    *ret_seq = seq;
    if (self->progress != NULL && self->progress_from == since && self->progress_to == seq)
        return self->progress;
    Ansinh__V1__ProgressView view;
    ansinh__v1__progress_view__init(&view);
    view.units = changed_units(self, since, &view.n_units);
    if (view.units == NULL)
        return NULL;
    view.version = base->version;
    view.as_of_ms = base->as_of_ms;
    view.newest_event_ms = base->newest_event_ms;
    buf_reset(&base->text);
    if (append_event(base, "progress", view.version, &view.base) < 0)
        return NULL;
    live_frame_unref(&self->progress);
    self->progress = live_frame_make(base->text.data, base->text.len);
    self->progress_from = since;
    self->progress_to = seq;
    return self->progress;
}
