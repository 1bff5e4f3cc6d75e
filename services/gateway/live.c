#include "services/gateway/live.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "services/gateway/live_past.h"

#define LOAD_RETRY_MS 1000
#define LOADS_PER_TICK_MAX 64
#define QUIET_MS 2000 /* without news: ask, to tell quiet from dead */
#define FRAME_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define ARENA_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define KEY_BYTES 16

struct live {
    struct service *svc;
    live_watch_fn fn;
    void *arg;
    struct bus_subscriber *subscriber;
    struct loop_timer *timer;
    struct loop_timer *teller; /* NULL: nothing waits to be told */
    struct live_watch_base base;
    struct map *by_spec;
    struct live_watch *watches;
    struct live_past past;
    uint64_t told_seq; /* changes up to here were told */
    int64_t told_ms;
    int64_t heard_mono_ms, heard_wall_ms;
    int is_stale, is_ending;
    size_t n_lingering; /* watches without viewers */
    int64_t *gaps;
};

/* --- the list of watches ---------------------------------------------------------------------- */

static void spec_key(const struct live_watch_spec *spec, uint8_t ret[KEY_BYTES])
{
    uint8_t text[sizeof(spec->codes) + 1];
    memcpy(text, spec->codes, sizeof(spec->codes));
    text[sizeof(spec->codes)] = spec->with_children != 0;
    crypto_generichash(ret, KEY_BYTES, text, sizeof(text), NULL, 0);
}

int live_is_fresh(const struct live_watch *watch)
{
    return watch->snapshot != NULL && clock_mono_ms() - watch->loaded_ms <= LIVE_FRESH_MS;
}

struct live_watch *live_join(struct live *self, const struct live_watch_spec *spec)
{
    uint8_t key[KEY_BYTES];
    spec_key(spec, key);
    struct live_watch *watch = map_get(self->by_spec, key, sizeof(key));
    if (self->watches == NULL) { /* nobody listened until now */
        self->heard_mono_ms = clock_mono_ms();
        self->heard_wall_ms = clock_wall_ms();
        self->is_stale = 0;
    }
    if (watch == NULL) {
        watch = live_watch_create(&self->base, spec);
        (void)map_put(self->by_spec, key, sizeof(key), watch);
        watch->next = self->watches;
        if (watch->next != NULL)
            watch->next->prev = watch;
        self->watches = watch;
    }
    if (watch->left_ms != 0)
        self->n_lingering--;
    watch->left_ms = 0;
    if (!live_is_fresh(watch))
        live_watch_load(watch);
    return watch;
}

static void watch_drop(struct live *self, struct live_watch *watch)
{
    uint8_t key[KEY_BYTES];
    self->n_lingering--;
    spec_key(&watch->spec, key);
    (void)map_remove(self->by_spec, key, sizeof(key));
    if (watch->prev != NULL)
        watch->prev->next = watch->next;
    else
        self->watches = watch->next;
    if (watch->next != NULL)
        watch->next->prev = watch->prev;
    live_watch_destroy(&watch);
}

/* Whether there is a use in keeping a watch that was left. */
static int may_linger(const struct live *self, const struct live_watch *watch)
{
    return watch->loaded_version != 0 && !self->is_ending &&
           self->n_lingering <= LIVE_LINGERERS_MAX;
}

/* Those that were left for long; not while they load. */
static void drop_left(struct live *self)
{
    int64_t left_ms = clock_mono_ms() - LIVE_LINGER_MS;
    for (struct live_watch *watch = self->watches, *next; watch != NULL; watch = next) {
        next = watch->next;
        if (watch->left_ms != 0 && watch->n_asked == 0 &&
            (watch->left_ms <= left_ms || !may_linger(self, watch)))
            watch_drop(self, watch);
    }
}

void live_leave(struct live *self, struct live_watch *watch)
{
    ASSERT(watch->viewers == NULL);
    self->n_lingering += watch->left_ms == 0;
    watch->left_ms = clock_mono_ms();
    if (watch->n_asked == 0 && !may_linger(self, watch))
        watch_drop(self, watch);
}

void live_end(struct live *self)
{
    self->is_ending = 1;
    drop_left(self);
}

struct live_watch *live_next(const struct live *self, const struct live_watch *watch)
{
    return watch == NULL ? self->watches : watch->next;
}

/* --- news from analytics ---------------------------------------------------------------------- */

static void load_all(struct live *self)
{
    for (struct live_watch *watch = self->watches; watch != NULL; watch = watch->next)
        watch->load_at_ms = 0;
}

static void heard(struct live *self)
{
    self->heard_mono_ms = clock_mono_ms();
    self->heard_wall_ms = clock_wall_ms();
    if (self->is_stale) {
        self->is_stale = 0;
        load_all(self);
    }
}

static void tell_changes(struct live *self)
{
    uint64_t seq = live_units_seq(self->base.units);
    self->told_seq = seq;
    self->told_ms = clock_mono_ms();
    live_past_note(&self->past, live_units_version(self->base.units), seq);
    for (struct live_watch *watch = self->watches, *next; watch != NULL; watch = next) {
        next = watch->next;
        if (live_watch_tell(watch, seq))
            self->fn(self->arg, watch, WATCH_CHANGED);
    }
}

static void on_teller(void *arg)
{
    struct live *self = arg;
    self->teller = NULL;
    tell_changes(self);
}

/* Tells what changed, unless that was done just now: then a little later. */
static void tell_soon(struct live *self)
{
    int64_t wait_ms = self->told_ms + LIVE_TELL_MS - clock_mono_ms();
    if (live_units_seq(self->base.units) == self->told_seq || self->teller != NULL)
        return;
    if (wait_ms <= 0)
        tell_changes(self);
    else
        self->teller = loop_timer_add(self->svc->loop, wait_ms, 0, on_teller, self);
}

/* The view before this one was lost, or another instance leads: what changed is asked for, of each
 * watch at most every LIVE_FRESH_MS. */
static void on_gap(struct live *self, uint64_t version)
{
    int is_first = self->base.version == 0;
    *self->gaps += !is_first;
    for (struct live_watch *watch = self->watches; watch != NULL; watch = watch->next) {
        if (is_first && (watch->loaded_version == 0 || version <= watch->loaded_version + 1))
            continue;
        live_watch_lost(watch);
        watch->load_at_ms = MIN(watch->load_at_ms, watch->asked_ms + LIVE_FRESH_MS);
    }
    self->base.gap = version;
}

static void on_view(void *arg, const uint8_t *data, size_t len)
{
    struct live *self = arg;
    arena_reset(self->base.arena);
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->base.arena, &allocator);
    Ansinh__V1__ProgressView *view = ansinh__v1__progress_view__unpack(&allocator, len, data);
    if (view == NULL)
        return;
    if (view->version <= self->base.version)
        return; /* of an instance that does not know yet that it leads no more */
    heard(self);
    if (view->version != self->base.version + 1)
        on_gap(self, view->version);
    self->base.version = view->version;
    self->base.as_of_ms = view->as_of_ms;
    self->base.newest_event_ms = view->newest_event_ms;
    for (size_t i = 0; i < view->n_units; i++) {
        struct live_unit *unit = live_units_find(self->base.units, view->units[i]->unit_code);
        if (unit != NULL)
            (void)live_units_apply(self->base.units, unit, LIVE_VIEW, view->version,
                                   view->units[i]);
    }
    tell_soon(self);
}

/* How a load ended. */
static void on_load(void *arg, struct live_watch *watch, enum live_watch_event event)
{
    struct live *self = arg;
    watch->load_at_ms = clock_mono_ms() + LOAD_RETRY_MS;
    if (event == WATCH_LOADED) {
        heard(self);
        if (watch->gap_id == 0)
            watch->load_at_ms = clock_mono_ms() + LIVE_HEAL_MS;
    }
    if (watch->viewers != NULL)
        self->fn(self->arg, watch, event);
    else if (event != WATCH_LOADED || !may_linger(self, watch))
        watch_drop(self, watch);
}

static void on_instances(void *arg, const struct bus_instance *instances, size_t n)
{
    struct live *self = arg;
    struct bus_instance *found = calloc(n + 1, sizeof(*found));
    ASSERT(found != NULL);
    size_t n_found = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(instances[i].service, "analytics") == 0)
            found[n_found++] = instances[i];
    }
    bus_subscriber_set_instances(self->subscriber, found, n_found);
    free(found);
}

/* --- the timer -------------------------------------------------------------------------------- */

/* Whoever leads next may count from lower versions, after a loss of the views server. */
static void tell_stale(struct live *self)
{
    self->is_stale = 1;
    self->base.version = self->base.gap = 0;
    live_units_start_over(self->base.units);
    for (struct live_watch *watch = self->watches, *next; watch != NULL; watch = next) {
        next = watch->next;
        live_frame_unref(&watch->snapshot);
        self->fn(self->arg, watch, WATCH_STALE);
    }
}

static void load_due(struct live *self, int64_t now)
{
    unsigned n = 0;
    for (struct live_watch *watch = self->watches; watch != NULL && n < LOADS_PER_TICK_MAX;
         watch = watch->next) {
        if (now - watch->loaded_ms > LIVE_FRESH_MS)
            live_frame_unref(&watch->snapshot); /* serves nobody any more */
        if (watch->n_asked > 0 || now < watch->load_at_ms)
            continue;
        live_watch_load(watch);
        n++;
    }
}

static void on_tick(void *arg)
{
    struct live *self = arg;
    drop_left(self);
    if (self->watches == NULL)
        return;
    int64_t now = clock_mono_ms();
    struct live_watch *first = self->watches;
    if (now - self->heard_mono_ms > QUIET_MS)
        first->load_at_ms = MIN(first->load_at_ms, first->asked_ms + LOAD_RETRY_MS);
    if (now - self->heard_mono_ms > LIVE_STALE_MS && !self->is_stale)
        tell_stale(self);
    load_due(self, now);
    tell_soon(self);
}

/* --- life --------------------------------------------------------------------------------------
 */

int live_create(struct service *svc, size_t frames_max, const struct live_numbers *numbers,
                live_watch_fn fn, void *arg, struct live **ret, struct err *err)
{
    struct live *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->fn = fn;
    self->arg = arg;
    self->by_spec = map_create();
    self->base = (struct live_watch_base){.client = svc->client,
                                          .units = live_units_create(),
                                          .arena = arena_create(ARENA_MAX_BYTES),
                                          .memory = {.max = frames_max},
                                          .frames_made = numbers->frames_made,
                                          .fn = on_load,
                                          .arg = self};
    self->gaps = numbers->gaps;
    buf_init(&self->base.text, FRAME_MAX_BYTES);
    buf_init(&self->base.tail, FRAME_MAX_BYTES);
    int rc = bus_subscriber_create(svc->bus, NULL, on_view, self, &self->subscriber, err);
    if (rc < 0) {
        live_destroy(&self);
        return rc;
    }
    self->timer = loop_timer_add(svc->loop, LIVE_TICK_MS, LIVE_TICK_MS, on_tick, self);
    service_on_instances(svc, on_instances, self);
    *ret = self;
    return 0;
}

void live_destroy(struct live **self)
{
    struct live *live = *self;
    if (live == NULL)
        return;
    ASSERT(live->watches == NULL);
    loop_timer_cancel(live->svc->loop, &live->timer);
    loop_timer_cancel(live->svc->loop, &live->teller);
    bus_subscriber_destroy(&live->subscriber);
    map_destroy(&live->by_spec);
    live_units_destroy(&live->base.units);
    arena_destroy(&live->base.arena);
    buf_fini(&live->base.text);
    buf_fini(&live->base.tail);
    free(live);
    *self = NULL;
}

int live_resume(const struct live *self, const struct live_watch *watch, uint64_t version,
                uint64_t *ret_seq)
{
    if (self->is_stale || watch->loaded_version == 0 || watch->gap_id != 0 ||
        version > live_watch_id(watch))
        return 0;
    *ret_seq = live_past_seen(&self->past, version);
    return *ret_seq >= MAX(watch->known_seq, (uint64_t)1);
}

void live_load_soon(struct live_watch *watch)
{
    watch->load_at_ms = 0;
}

const struct live_memory *live_memory(const struct live *self)
{
    return &self->base.memory;
}

int64_t live_heard_ms(const struct live *self)
{
    return self->heard_wall_ms;
}
