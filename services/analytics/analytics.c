#include "services/analytics/analytics.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/postings.h"
#include "services/analytics/analytics_rules.h"
#include "services/analytics/progress.h"

#define LEASE_MS 3000
#define FLUSH_MS 100           /* also the shortest time between two view frames */
#define PULSE_MS 1000          /* an empty frame at least this often */
#define PENDING_MAX 200000     /* events per flush: most add to what others have added to */
#define EVENT_OPERATIONS_MAX 9 /* of a first payment: three by time, an expiry, five sums */
#define FRAME_ARENA_BYTES (32 * 1024 * 1024)

/* --- events --- */

static void count(struct analytics *self, uint32_t commune, enum board_metric metric, int64_t delta)
{
    if (delta == 0)
        return;
    board_add(self->board, commune, metric, delta);
    increments_total(self->increments, commune, metric, delta);
}

static void count_timed(struct analytics *self, uint32_t commune, int32_t day, int64_t at_ms,
                        enum board_metric metric, int32_t delta)
{
    int32_t recorded_day = clock_business_day(at_ms);
    unsigned hour = business_hour(at_ms);
    count(self, commune, metric, delta);
    board_add_day(self->board, commune, day, metric, delta);
    increments_day(self->increments, commune, day, metric, delta);
    if (day != recorded_day || day <= clock_business_day(clock_wall_ms()) - HOURS_KEPT_DAYS)
        return; /* taken over from paper later: belongs to its day, to no hour of the sprint */
    board_add_hour(self->board, commune, day, hour, metric, delta);
    increments_hour(self->increments, commune, day, hour, metric, delta);
}

/* sign: 1 for a payment, -1 when it is taken back; then it leaves the commune, day and hour for
 * which it was counted. */
static void count_payment(struct analytics *self, const Ansinh__V1__PaymentRecorded *paid,
                          int64_t at_ms, int32_t sign)
{
    const Ansinh__V1__Pockets *pockets = paid->pockets;
    if (paid->product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD)
        return; /* the board is that of voluntary insurance */
    if (paid->is_first)
        count_timed(self, paid->commune, paid->paid_day, at_ms, BOARD_PARTICIPANTS, sign);
    count(self, paid->commune, BOARD_PAYMENTS, sign);
    if (pockets == NULL)
        return;
    count(self, paid->commune, BOARD_PARTICIPANT_VND, sign * pockets->participant_vnd);
    count(self, paid->commune, BOARD_CENTRAL_VND, sign * pockets->central_vnd);
    count(self, paid->commune, BOARD_LOCAL_VND, sign * pockets->local_vnd);
    count(self, paid->commune, BOARD_DONOR_VND, sign * pockets->donor_vnd);
}

static void apply(void *arg, const struct projector_event *in)
{
    struct analytics *self = arg;
    const Ansinh__V1__Event *event = in->event;
    self->newest_event_ms = MAX(self->newest_event_ms, event->at_ms);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED) {
        const Ansinh__V1__ParticipantEnrolled *enrolled = event->participant_enrolled;
        count_timed(self, enrolled->commune, enrolled->enrolled_day, event->at_ms, BOARD_DECLARED,
                    1);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED) {
        count_payment(self, event->payment_recorded, event->at_ms, 1);
    } else if (event_reversal(event) != NULL) {
        const Ansinh__V1__PaymentReversed *reversed = event_reversal(event);
        count_payment(self, reversed->payment, reversed->recorded_at_ms, -1);
    }
}

static size_t room(void *arg)
{
    const struct analytics *self = arg;
    size_t used = increments_operations(self->increments);
    size_t aside = (size_t)PROJECTOR_ASIDE_MAX * EVENT_OPERATIONS_MAX;
    return (FLUSH_OPERATIONS_MAX - MIN(used + aside, (size_t)FLUSH_OPERATIONS_MAX)) /
           EVENT_OPERATIONS_MAX;
}

static void collect(void *arg, struct flush *flush)
{
    struct analytics *self = arg;
    increments_collect(self->increments, flush);
}

static void on_loaded(void *arg, int rc)
{
    struct analytics *self = arg;
    if (rc < 0) {
        log_error("the board cannot be loaded", "code=%d", rc);
        projector_restart(self->projector);
        return;
    }
    board_forget_changes(self->board);
    self->is_all_changed = 1;
    projector_ready(self->projector);
}

static void reset(void *arg)
{
    struct analytics *self = arg;
    board_clear(self->board);
    increments_clear(self->increments);
    self->newest_event_ms = 0;
    board_load(self->svc->views, self->board, clock_business_day(clock_wall_ms()), on_loaded, self);
}

/* --- view frames --- */

/* Marks are kept in a table by unit index, so that every unit is in a frame once. */
static size_t changed_units(struct analytics *self, const struct directory_unit **ret,
                            uint8_t *marks)
{
    const struct directory *directory = self->svc->directory;
    size_t n = 0;
    size_t n_changed = MIN(board_changed(self->board, self->changed, ANALYTICS_CHANGED_MAX),
                           (size_t)ANALYTICS_CHANGED_MAX);
    size_t n_units = directory_unit_count(directory);
    for (size_t i = 0; self->is_all_changed && i < n_units; i++) {
        ret[n++] = directory_unit_at(directory, i);
        marks[i] = 1;
    }
    for (size_t i = 0; i < n_changed; i++) {
        const struct directory_unit *unit = directory_commune(directory, self->changed[i]);
        for (; unit != NULL && !marks[unit->index]; unit = unit->parent) {
            marks[unit->index] = 1;
            ret[n++] = unit;
        }
    }
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
        if (progress_fill(self->board, units[i], today, arena, &rows[i]) == 0)
            list[view.n_units++] = &rows[i];
    }
    view.version = analytics_version(self);
    view.as_of_ms = now_ms;
    view.newest_event_ms = self->newest_event_ms;
    publish_frame(self, &view);
    board_forget_changes(self->board);
    self->is_all_changed = 0;
    self->published_ms = clock_mono_ms();
}

static void flushed(void *arg)
{
    publish(arg);
}

/* Shows what changes without events: a plan, a name, midnight; and that the board lives. */
static void pulse(void *arg)
{
    struct analytics *self = arg;
    if (!projector_is_leader(self->projector))
        return;
    uint64_t generation = directory_generation(self->svc->directory);
    if (generation != self->directory_generation) {
        self->directory_generation = generation;
        self->is_all_changed = 1;
    }
    if (self->is_all_changed || clock_mono_ms() - self->published_ms >= PULSE_MS) {
        self->n_pulses++;
        publish(self);
    }
}

uint64_t analytics_version(const struct analytics *self)
{
    return projector_version(self->projector) + self->n_pulses;
}

/* --- life --- */

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
}

static const struct bus_method methods[] = {
    {"GetProgress", on_get_progress, 0},
    {"GetForecast", on_get_forecast, 0},
};

static int create(struct service *svc, struct err *err)
{
    (void)err;
    struct analytics *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->board = board_create();
    self->increments = increments_create();
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
    self->pulse = loop_timer_add(svc->loop, FLUSH_MS, FLUSH_MS, pulse, self);
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
    loop_timer_cancel(svc->loop, &self->pulse);
    projector_destroy(&self->projector);
    board_destroy(&self->board);
    increments_destroy(&self->increments);
    arena_destroy(&self->arena);
    free(self);
    svc->context = NULL;
}

const struct service_spec analytics_spec = {
    .name = "analytics",
    .prefix = "ANALYTICS_",
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_SERVER | SERVICE_CLIENT | SERVICE_PUBLISHER |
             SERVICE_DIRECTORY,
    .create = create,
    .problem = problem,
    .is_idle = is_idle,
    .destroy = destroy,
};
