#include "services/cli/sprint_events.h"

#include <stdlib.h>

#include "common/base/log.h"

#define ANNOUNCED_S (6 * 3600) /* before anybody comes */
#define ANNOUNCED_LASTS_S 1200
#define REPORTED_S (43 * 1800) /* 21:30 */
#define REPORTED_LASTS_S 1800

/* Each tells some of the events in the order of time: those recorded at once in one batch, the
 * others by day, and by how many days they lie behind the visit. */
enum source { AT_ONCE, LATE, DECISIONS, ANNOUNCEMENTS, REPORTS, SOURCES };

struct cursor {
    enum source source;
    uint32_t batch; /* the next one */
    uint32_t day;   /* of the visits, or of the sessions, of this batch */
    int32_t lag;
    uint32_t i, end;
    int is_over;
    struct sprint_event next; /* unless it is over */
};

struct sprint_events {
    const struct sprint_plan *plan;
    struct cursor cursors[SOURCES];
};

/* --- one event -------------------------------------------------------------------------------- */

static int take_visit(const struct sprint_plan *plan, struct cursor *cursor, uint32_t i)
{
    struct sprint_event *next = &cursor->next;
    *next = (struct sprint_event){.what = SPRINT_VISITED};
    sprint_plan_visit(plan, i, &next->visit);
    next->at_s = next->visit.at_s;
    return next->visit.late_days == cursor->lag;
}

static int take_decision(const struct sprint_plan *plan, struct cursor *cursor, uint32_t i)
{
    struct sprint_event *next = &cursor->next;
    int32_t lags[SPRINT_DECISIONS_MAX];
    unsigned n = sprint_plan_lags(plan, i, cursor->day, lags), k = 0;
    while (k < n && lags[k] != cursor->lag)
        k++;
    if (k == n)
        return 0;
    *next = (struct sprint_event){.what = SPRINT_DECIDED, .decision = k};
    sprint_plan_visit(plan, i, &next->visit);
    next->at_s = next->visit.decisions[k].at_s;
    return 1;
}

static int take_session(const struct sprint_plan *plan, struct cursor *cursor, uint32_t number)
{
    struct sprint_event *next = &cursor->next;
    int is_report = cursor->source == REPORTS;
    uint32_t of_day = sprint_session_numbers(plan) / sprint_plan_spec(plan)->days;
    *next = (struct sprint_event){.what = is_report ? SPRINT_REPORTED : SPRINT_ANNOUNCED};
    next->at_s =
        (int64_t)cursor->day * SPRINT_DAY_S + (is_report ? REPORTED_S : ANNOUNCED_S) +
        (int64_t)(is_report ? REPORTED_LASTS_S : ANNOUNCED_LASTS_S) * (number % of_day) / of_day;
    return sprint_session_get(plan, number, &next->session);
}

static int take(const struct sprint_plan *plan, struct cursor *cursor, uint32_t i)
{
    switch (cursor->source) {
    case AT_ONCE:
    case LATE:
        return take_visit(plan, cursor, i);
    case DECISIONS:
        return take_decision(plan, cursor, i);
    case ANNOUNCEMENTS:
    case REPORTS:
        return take_session(plan, cursor, i);
    case SOURCES:
        break;
    }
    return 0;
}

/* --- in order --------------------------------------------------------------------------------- */

/* Of what lies days behind, day by day, the older ones first. */
static void open_lagging(const struct sprint_plan *plan, struct cursor *cursor, uint32_t lag_max)
{
    uint32_t today = 1 + cursor->batch / lag_max;
    cursor->is_over = today >= sprint_plan_spec(plan)->days;
    cursor->lag = (int32_t)(lag_max - cursor->batch++ % lag_max);
    cursor->i = cursor->end = 0;
    if (cursor->is_over || today < (uint32_t)cursor->lag)
        return;
    cursor->day = today - (uint32_t)cursor->lag;
    cursor->i = sprint_plan_day_begin(plan, cursor->day);
    cursor->end = sprint_plan_day_begin(plan, cursor->day + 1);
}

static void open_batch(const struct sprint_plan *plan, struct cursor *cursor)
{
    const struct sprint_spec *spec = sprint_plan_spec(plan);
    if (cursor->source == AT_ONCE) {
        cursor->is_over = cursor->batch++ > 0;
        cursor->end = spec->people;
    } else if (cursor->source == LATE || cursor->source == DECISIONS) {
        open_lagging(plan, cursor,
                     cursor->source == LATE ? SPRINT_LATE_DAYS_MAX : SPRINT_DECISION_LAG_MAX);
    } else {
        cursor->day = cursor->batch++;
        cursor->is_over = cursor->day >= spec->days;
        cursor->i = cursor->day * (sprint_session_numbers(plan) / spec->days);
        cursor->end = cursor->i + sprint_session_numbers(plan) / spec->days;
    }
}

static void step(const struct sprint_plan *plan, struct cursor *cursor)
{
    while (!cursor->is_over) {
        while (cursor->i < cursor->end) {
            if (take(plan, cursor, cursor->i++))
                return;
        }
        open_batch(plan, cursor);
    }
}

struct sprint_events *sprint_events_create(const struct sprint_plan *plan)
{
    struct sprint_events *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->plan = plan;
    for (int i = 0; i < SOURCES; i++) {
        self->cursors[i].source = (enum source)i;
        step(plan, &self->cursors[i]);
    }
    return self;
}

void sprint_events_destroy(struct sprint_events **self)
{
    free(*self);
    *self = NULL;
}

int sprint_events_next(struct sprint_events *self, struct sprint_event *ret)
{
    struct cursor *first = NULL;
    for (int i = 0; i < SOURCES; i++) {
        struct cursor *cursor = &self->cursors[i];
        if (!cursor->is_over && (first == NULL || cursor->next.at_s < first->next.at_s))
            first = cursor;
    }
    if (first == NULL)
        return 0;
    *ret = first->next;
    step(self->plan, first);
    return 1;
}
