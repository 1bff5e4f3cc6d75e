#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "services/analytics/analytics.h"
#include "services/analytics/progress.h"

#define DAYS_MAX BOARD_DAYS_SHOWN
#define RETRY_AFTER_MS 100

/* Lives in the request's arena. */
struct asking {
    struct analytics *self;
    struct bus_request *request;
};

void board_is_elsewhere(struct bus_request *request)
{
    bus_fail_retry(request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                   "the board is kept by another instance, or is being loaded");
}

static int fill_children(struct analytics *self, struct arena *arena,
                         const struct directory_unit *unit, int32_t today,
                         Ansinh__V1__GetProgressResponse *out)
{
    Ansinh__V1__UnitProgress *rows = arena_alloc(arena, unit->n_children * sizeof(*rows));
    out->children = arena_alloc(arena, unit->n_children * sizeof(*out->children));
    if (rows == NULL || out->children == NULL)
        return -1;
    for (size_t i = 0; i < unit->n_children; i++) {
        if (progress_fill(self->board, unit->children[i], today, arena, &rows[i]) < 0)
            return -1;
        out->children[out->n_children++] = &rows[i];
    }
    return 0;
}

static int fill_days(struct analytics *self, struct arena *arena, const uint32_t *communes,
                     size_t n, int32_t today, Ansinh__V1__GetProgressResponse *out)
{
    struct board_day *days = arena_alloc(arena, DAYS_MAX * sizeof(*days));
    if (days == NULL)
        return -1;
    size_t n_days = board_sum_days(self->board, communes, n, today - DAYS_MAX + 1, days, DAYS_MAX);
    Ansinh__V1__DayCount *rows = arena_alloc(arena, n_days * sizeof(*rows));
    out->days = arena_alloc(arena, n_days * sizeof(*out->days));
    if (rows == NULL || out->days == NULL)
        return -1;
    for (size_t i = 0; i < n_days; i++) {
        char *date = arena_alloc(arena, DATE_TEXT_BYTES);
        if (date == NULL)
            return -1;
        date_format(days[i].day, date);
        ansinh__v1__day_count__init(&rows[i]);
        rows[i].day = date;
        rows[i].participants = days[i].counts[BOARD_PARTICIPANTS];
        rows[i].declared = days[i].counts[BOARD_DECLARED];
        out->days[out->n_days++] = &rows[i];
    }
    return 0;
}

static int fill_hours(struct analytics *self, struct arena *arena, const uint32_t *communes,
                      size_t n, int32_t today, Ansinh__V1__GetProgressResponse *out)
{
    int32_t hours[BOARD_HOURS][BOARD_TIMED_METRICS];
    Ansinh__V1__HourCount *rows = arena_alloc(arena, BOARD_HOURS * sizeof(*rows));
    out->hours = arena_alloc(arena, BOARD_HOURS * sizeof(*out->hours));
    if (rows == NULL || out->hours == NULL)
        return -1;
    board_sum_hours(self->board, communes, n, today, hours);
    for (unsigned hour = 0; hour < BOARD_HOURS; hour++) {
        if (hours[hour][BOARD_PARTICIPANTS] == 0 && hours[hour][BOARD_DECLARED] == 0)
            continue;
        ansinh__v1__hour_count__init(&rows[hour]);
        rows[hour].hour = hour;
        rows[hour].participants = hours[hour][BOARD_PARTICIPANTS];
        rows[hour].declared = hours[hour][BOARD_DECLARED];
        out->hours[out->n_hours++] = &rows[hour];
    }
    return 0;
}

static int fill(struct analytics *self, struct arena *arena, const struct directory_unit *unit,
                int with_children, Ansinh__V1__GetProgressResponse *out)
{
    int year, month, day_of_month;
    size_t n;
    int64_t now_ms = clock_wall_ms();
    int32_t today = clock_business_day(now_ms);
    Ansinh__V1__UnitProgress own;
    const uint32_t *communes = progress_communes(unit, arena, &n);
    if (communes == NULL || progress_fill(self->board, unit, today, arena, &own) < 0)
        return -1;
    date_split(today, &year, &month, &day_of_month);
    out->unit_code = own.unit_code;
    out->name = own.name;
    out->participants = own.participants;
    out->declared = own.declared;
    out->plan = directory_plan(unit, (uint32_t)year, &out->plan_year);
    out->gap = own.gap;
    out->percent = own.percent;
    out->payments = own.payments;
    out->paid = own.paid;
    out->today = own.today;
    out->participants_today = own.participants_today;
    out->declared_today = own.declared_today;
    out->version = analytics_version(self);
    out->as_of_ms = now_ms;
    if (with_children && fill_children(self, arena, unit, today, out) < 0)
        return -1;
    if (fill_days(self, arena, communes, n, today, out) < 0)
        return -1;
    return fill_hours(self, arena, communes, n, today, out);
}

static void on_refreshed(void *arg, int rc)
{
    const struct asking *asking = arg;
    struct analytics *self = asking->self;
    struct bus_request *request = asking->request;
    const Ansinh__V1__GetProgressRequest *in =
        (const Ansinh__V1__GetProgressRequest *)request->input;
    const struct directory_unit *unit = directory_unit(self->svc->directory, in->unit_code);
    Ansinh__V1__GetProgressResponse out;
    ansinh__v1__get_progress_response__init(&out);
    if (rc < 0)
        ledger_away(request);
    else if (unit == NULL)
        bus_fail(request, ANSINH__V1__CODE__CODE_NOT_FOUND, "unit_code", "unknown unit");
    else if (fill(self, request->arena, unit, in->with_children, &out) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "the answer is too large");
    else
        bus_reply(request, &out.base);
}

void on_get_progress(void *arg, struct bus_request *request)
{
    struct analytics *self = arg;
    const Ansinh__V1__GetProgressRequest *in =
        (const Ansinh__V1__GetProgressRequest *)request->input;
    if (!projector_is_leader(self->projector)) {
        board_is_elsewhere(request);
        return;
    }
    struct asking *asking = arena_alloc(request->arena, sizeof(*asking));
    if (asking == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *asking = (struct asking){self, request};
    if (directory_unit(self->svc->directory, in->unit_code) == NULL)
        directory_refresh(self->svc->directory, on_refreshed, asking);
    else
        on_refreshed(asking, 0);
}
