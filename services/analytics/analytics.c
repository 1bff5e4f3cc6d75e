#include "services/analytics/analytics.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "services/analytics/analytics_rules.h"
#include "services/analytics/progress.h"
#include "services/analytics/question.h"

#define LEASE_MS 3000
#define FLUSH_MS 100
#define FRAME_MS 100        /* the shortest time between two view frames */
#define BEHIND_FRAME_MS 150 /* the same while catching up: each has nearly all units then */
#define BEHIND_EVENTS 20000
#define PULSE_MS 1000      /* an empty frame at least this often */
#define PENDING_MAX 200000 /* events per flush: most add to what others have added to */
/* Of an event: three facts, one of which is a first payment with a day, an hour and its expiry; an
 * increment as it is encoded, and the source. */
#define EVENT_OPERATIONS_MAX 14
#define EVENT_BYTES_MAX                                                                            \
    (EVENT_OPERATIONS_MAX * INCREMENT_BYTES_MAX + FOLD_FACTS_MAX * FACT_ROW_BYTES + FACT_OUT_BYTES)
_Static_assert(EVENT_BYTES_MAX >= SESSION_OUT_BYTES, "a session takes no more than facts do");
#define CHECKPOINT_BYTES_MAX (PARTITIONS * 64) /* of all partitions */
#define FRAME_ARENA_BYTES (32 * 1024 * 1024)

/* --- events --- */

static void count_timed(struct analytics *self, const struct fact *fact, enum board_metric metric,
                        int32_t delta)
{
    unsigned hour = business_hour(fact->at_ms);
    board_add_day(self->board, fact->commune, fact->day, metric, delta);
    increments_day(self->increments, fact->commune, fact->day, metric, delta);
    if (fact->day != clock_business_day(fact->at_ms) ||
        fact->day <= clock_business_day(clock_wall_ms()) - HOURS_KEPT_DAYS)
        return; /* recorded later: belongs to its day, to no hour of the sprint */
    board_add_hour(self->board, fact->commune, fact->day, hour, metric, delta);
    increments_hour(self->increments, fact->commune, fact->day, hour, metric, delta);
}

/* The board shows voluntary social insurance; other products are asked for by name. */
static int is_shown(const struct fact *fact)
{
    return fact_product(fact) == ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
}

void analytics_count_day(struct analytics *self, const struct fact *fact)
{
    for (int i = FACT_METRIC_DECLARED; is_shown(fact) && i < FACT_METRICS; i++) {
        int64_t delta = fact_measure(fact, (enum fact_metric)i);
        enum board_metric metric = board_metric_of((enum fact_metric)i);
        if (delta != 0 && (int)metric < BOARD_TIMED_METRICS)
            board_add_day(self->board, fact->commune, fact->day, metric, (int32_t)delta);
    }
}

static void count(struct analytics *self, const struct fact *fact)
{
    if (!is_shown(fact))
        return;
    for (int i = FACT_METRIC_DECLARED; i < FACT_METRICS; i++) {
        int64_t delta = fact_measure(fact, (enum fact_metric)i);
        enum board_metric metric = board_metric_of((enum fact_metric)i);
        if (delta == 0)
            continue;
        board_add(self->board, fact->commune, metric, delta);
        increments_total(self->increments, fact->commune, metric, delta);
        if ((int)metric < BOARD_TIMED_METRICS)
            count_timed(self, fact, metric, (int32_t)delta);
    }
}

void analytics_count(struct analytics *self, const struct folded *folded, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        facts_add(self->facts, &folded[i].fact);
        facts_out_add(self->facts_out, &folded[i]);
        count(self, &folded[i].fact);
    }
}

static void apply(void *arg, const struct projector_event *in)
{
    struct analytics *self = arg;
    self->newest_event_ms = MAX(self->newest_event_ms, in->event->at_ms);
    struct folded folded[FOLD_FACTS_MAX];
    int n = sessions_fold(self->sessions, self->sessions_out, in->event);
    if (n == 0)
        n = fold_event(self->facts, self->people, self->svc->policy, in, folded);
    if (n < 0) {
        /* as an event that cannot be read: a person must look */
        log_error("an event cannot be counted", "partition=%u seq=%llu code=%d", in->partition,
                  (unsigned long long)in->position.seq, n);
        abort();
    }
    analytics_count(self, folded, (size_t)n);
}

/* What is left of a limit for further events, by what each of them takes at most. */
static size_t left(size_t limit, size_t used, size_t each)
{
    size_t taken = used + (size_t)PROJECTOR_ASIDE_MAX * each;
    return (limit - MIN(taken, limit)) / each;
}

size_t analytics_room(const struct analytics *self)
{
    size_t increments = increments_operations(self->increments);
    size_t operations = increments + facts_out_operations(self->facts_out, self->facts) +
                        sessions_out_operations(self->sessions_out);
    size_t bytes = CHECKPOINT_BYTES_MAX + increments * INCREMENT_BYTES_MAX +
                   facts_out_bytes(self->facts_out, self->facts) +
                   sessions_out_bytes(self->sessions_out);
    return MIN(left(FLUSH_OPERATIONS_MAX, operations, EVENT_OPERATIONS_MAX),
               left(FLUSH_MAX_BYTES, bytes, EVENT_BYTES_MAX));
}

/* Facts follow those that are stored: none is made before these are loaded. */
static size_t room(void *arg)
{
    const struct analytics *self = arg;
    return self->is_loaded ? analytics_room(self) : 0;
}

/* Once a day what no question reaches any more is dropped, as it is in views. */
static void drop_old(struct analytics *self)
{
    int32_t today = clock_business_day(clock_wall_ms());
    if (today == self->retention_day)
        return;
    self->retention_day = today;
    self->n_dropped = facts_drop_before(self->facts, today - ANALYTICS_FACT_DAYS);
}

static void collect(void *arg, struct flush *flush)
{
    struct analytics *self = arg;
    increments_collect(self->increments, flush);
    facts_out_collect(self->facts_out, self->facts, flush);
    if (self->is_loaded)
        self->n_collected = facts_count(self->facts);
    sessions_out_collect(self->sessions_out, flush);
    drop_old(self);
    if (self->n_dropped > 0)
        facts_out_drop(self->facts, self->n_dropped, flush);
    self->n_dropped = 0;
}

static void reset(void *arg)
{
    struct analytics *self = arg;
    queries_cancel(self->queries);
    self->newest_event_ms = 0;
    takeover_start(self);
}

/* --- view frames --- */

/* A unit and those above it, marked in a table by index, so that each is in a frame once. */
static void change_unit(const struct directory_unit *unit, uint8_t *marks,
                        const struct directory_unit **ret, size_t *n)
{
    for (; unit != NULL && !marks[unit->index]; unit = directory_above(unit)) {
        marks[unit->index] = 1;
        ret[(*n)++] = unit;
    }
}

static size_t changed_units(struct analytics *self, const struct directory_unit **ret,
                            uint8_t *marks)
{
    const struct directory *directory = self->svc->directory;
    size_t n = 0;
    size_t n_changed = MIN(board_changed(self->board, self->changed, ANALYTICS_CHANGED_MAX),
                           (size_t)ANALYTICS_CHANGED_MAX);
    size_t n_units = directory_unit_count(directory);
    for (size_t i = 0; i < n_units; i++) {
        if (self->is_all_changed || reach_is_changed(self->reach, i))
            change_unit(directory_unit_at(directory, i), marks, ret, &n);
    }
    for (size_t i = 0; i < n_changed; i++)
        change_unit(directory_commune(directory, self->changed[i]), marks, ret, &n);
    return n;
}

static void publish_frame(struct analytics *self, Ansinh__V1__ProgressView *view)
{
    size_t len = protobuf_c_message_get_packed_size(&view->base);
    uint8_t *packed = arena_alloc(self->arena, len);
    if (packed == NULL)
        return;
    (void)protobuf_c_message_pack(&view->base, packed);
    bus_publish_view(self->svc->publisher, packed, len);
}

/* The units that changed since the last frame; an empty frame says that the board lives. */
static void publish(struct analytics *self)
{
    struct arena *arena = self->arena;
    size_t n_units = directory_unit_count(self->svc->directory);
    arena_reset(arena);
    const struct directory_unit **units = arena_alloc(arena, n_units * sizeof(*units));
    uint8_t *marks = arena_zalloc(arena, n_units);
    Ansinh__V1__UnitProgress *rows = arena_alloc(arena, n_units * sizeof(*rows));
    Ansinh__V1__UnitProgress **list = arena_alloc(arena, n_units * sizeof(*list));
    if (units == NULL || marks == NULL || rows == NULL || list == NULL)
        return;
    int64_t now_ms = clock_wall_ms();
    int32_t today = clock_business_day(now_ms);
    Ansinh__V1__ProgressView view;
    ansinh__v1__progress_view__init(&view);
    size_t n = changed_units(self, units, marks);
    view.units = list;
    for (size_t i = 0; i < n; i++) {
        struct progress progress;
        if (progress_of(self, units[i], today, arena, &progress) == 0 &&
            progress_fill(&progress, today, arena, &rows[i]) == 0)
            list[view.n_units++] = &rows[i];
    }
    self->n_frames++;
    view.version = analytics_version(self);
    view.as_of_ms = now_ms;
    view.newest_event_ms = self->newest_event_ms;
    publish_frame(self, &view);
    board_forget_changes(self->board);
    reach_forget_changes(self->reach);
    self->is_all_changed = 0;
    self->published_ms = clock_mono_ms();
}

static void flushed(void *arg)
{
    struct analytics *self = arg;
    self->n_durable = self->n_collected;
}

static const struct directory_unit *unit_of(const void *arg, const char *code)
{
    return directory_unit(arg, code);
}

static int is_frame_due(struct analytics *self)
{
    struct projector_stats stats;
    projector_stats_get(self->projector, &stats);
    int64_t since_ms = clock_mono_ms() - self->published_ms;
    if (!self->is_all_changed && board_changed(self->board, self->changed, 0) == 0)
        return since_ms >= PULSE_MS;
    return stats.lag_events < BEHIND_EVENTS || since_ms >= BEHIND_FRAME_MS;
}

/* Shows what was counted, without waiting for views: whoever takes over counts the same from the
 * journals. Also what changes without events (a plan, a name, midnight), and that the board lives.
 */
static void show(void *arg)
{
    struct analytics *self = arg;
    questions_expire(self->questions);
    if (!projector_is_leader(self->projector))
        return;
    if (self->is_loaded)
        reach_follow(self->reach, self->sessions, unit_of, self->svc->directory);
    uint64_t generation = directory_generation(self->svc->directory);
    if (generation != self->directory_generation) {
        self->directory_generation = generation;
        self->is_all_changed = 1;
    }
    if (is_frame_due(self))
        publish(self);
}

uint64_t analytics_version(const struct analytics *self)
{
    struct projector_stats stats;
    projector_stats_get(self->projector, &stats);
    /* epochs are microseconds of taking over, so frames never catch up with the next one */
    return stats.epoch + self->n_frames;
}

/* --- life --- */

int analytics_has_facts(const struct analytics *self)
{
    return projector_is_leader(self->projector) && self->is_loaded;
}

static void emit_stats(void *arg, metrics_emit_fn emit, void *sink)
{
    struct analytics *self = arg;
    struct projector_stats stats;
    projector_stats_get(self->projector, &stats);
    emit(sink, "board_leader", "", projector_is_leader(self->projector), 0);
    emit(sink, "board_events_total", "", stats.applied, 1);
    emit(sink, "board_flushes_total", "", stats.flushes, 1);
    emit(sink, "board_refused_flushes_total", "", stats.refused_flushes, 1);
    emit(sink, "board_takeovers_total", "", stats.takeovers, 1);
    emit(sink, "board_lag_events", "", stats.lag_events, 0);
    emit(sink, "board_lag_ms", "", stats.lag_ms, 0);
    emit(sink, "board_caught_up", "", projector_is_caught_up(self->projector), 0);
    emit(sink, "board_communes", "", (int64_t)board_count(self->board), 0);
    emit(sink, "board_walks", "", (int64_t)queries_count(self->queries), 0);
    emit(sink, "board_facts", "", (int64_t)facts_count(self->facts), 0);
    emit(sink, "board_facts_bytes", "", (int64_t)facts_bytes(self->facts), 0);
    emit(sink, "board_people", "", (int64_t)people_count(self->people), 0);
    emit(sink, "board_people_bytes", "", (int64_t)people_bytes(self->people), 0);
    emit(sink, "board_facts_loaded", "", self->is_loaded, 0);
    emit(sink, "board_sessions", "", sessions_count(self->sessions), 0);
    emit(sink, "board_sessions_bytes", "", (int64_t)sessions_bytes(self->sessions), 0);
    emit(sink, "board_reach_bytes", "", (int64_t)reach_bytes(self->reach), 0);
}

static const struct bus_method methods[] = {
    {"GetProgress", on_get_progress, 0},   {"GetForecast", on_get_forecast, 0},
    {"ListSessions", on_list_sessions, 0}, {"GetSeries", on_get_series, 0},
    {"GetBoard", on_get_board, 0},         {"ListRecords", on_list_records, 0},
};

static int create(struct service *svc, struct err *err)
{
    (void)err;
    struct analytics *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->board = board_create();
    self->increments = increments_create();
    self->facts = facts_create();
    self->people = people_create();
    self->facts_out = facts_out_create();
    self->queries = queries_create(svc->loop, self->facts);
    self->questions = questions_create();
    self->sessions = sessions_create();
    self->sessions_out = sessions_out_create();
    self->reach = reach_create();
    self->arena = arena_create(FRAME_ARENA_BYTES);
    svc->context = self;
    struct projector_spec spec = {
        .name = BOARD_VIEW,
        .lease_ms = LEASE_MS,
        .flush_ms = FLUSH_MS,
        .pending_max = PENDING_MAX,
        .arg = self,
        .room = room,
        .apply = apply,
        .collect = collect,
        .flushed = flushed,
        .reset = reset,
    };
    self->projector = projector_create(svc, &spec);
    self->frames = loop_timer_add(svc->loop, FRAME_MS, FRAME_MS, show, self);
    self->lapses = lapses_create(self);
    metrics_collector(svc->metrics, emit_stats, self);
    bus_server_add(svc->server, &ansinh__v1__analytics__descriptor, methods, ARRAY_LEN(methods),
                   self);
    return 0;
}

static const char *problem(struct service *svc)
{
    const struct analytics *self = svc->context;
    return projector_problem(self->projector);
}

static int is_idle(struct service *svc)
{
    struct analytics *self = svc->context;
    return projector_drained(self->projector);
}

static void destroy(struct service *svc)
{
    struct analytics *self = svc->context;
    loop_timer_cancel(svc->loop, &self->frames);
    lapses_destroy(&self->lapses);
    projector_destroy(&self->projector);
    board_destroy(&self->board);
    increments_destroy(&self->increments);
    questions_destroy(&self->questions);
    queries_destroy(&self->queries);
    facts_out_destroy(&self->facts_out);
    facts_destroy(&self->facts);
    people_destroy(&self->people);
    observed_destroy(&self->observed);
    sessions_out_destroy(&self->sessions_out);
    sessions_destroy(&self->sessions);
    reach_destroy(&self->reach);
    arena_destroy(&self->arena);
    free(self);
    svc->context = NULL;
}

const struct service_spec analytics_spec = {
    .name = "analytics",
    .prefix = "ANALYTICS_",
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_SERVER | SERVICE_CLIENT | SERVICE_PUBLISHER |
             SERVICE_DIRECTORY | SERVICE_POLICY,
    .create = create,
    .problem = problem,
    .is_idle = is_idle,
    .destroy = destroy,
};
