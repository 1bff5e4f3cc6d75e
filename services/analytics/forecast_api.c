/* GetForecast: what a unit and those below it can still reach. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "services/analytics/analytics.h"
#include "services/analytics/forecast_text.h"
#include "services/analytics/progress.h"

#define CONTACTS_MAX 1000000000

/* Lives in the request's arena. */
struct asking {
    struct analytics *self;
    struct bus_request *request;
    const Ansinh__V1__GetForecastRequest *in;
    int32_t today, until;
    char until_text[DATE_TEXT_BYTES], until_text_vi[DATE_TEXT_BYTES];
    struct board_day days[BOARD_DAYS_SHOWN];
    struct forecast_day counts[BOARD_DAYS_SHOWN];
};

static int forecast_unit(struct asking *self, const struct directory_unit *unit,
                         struct forecast *ret)
{
    size_t n;
    struct board_totals totals;
    int year, month, day_of_month;
    uint32_t plan_year;
    const struct board *board = self->self->board;
    const uint32_t *communes = progress_communes(unit, self->request->arena, &n);
    if (communes == NULL)
        return -ENOMEM;
    board_sum(board, communes, n, &totals);
    size_t n_days = board_sum_days(board, communes, n, self->today - BOARD_DAYS_SHOWN + 1,
                                   self->days, BOARD_DAYS_SHOWN);
    for (size_t i = 0; i < n_days; i++)
        self->counts[i] =
            (struct forecast_day){self->days[i].day, self->days[i].counts[BOARD_PARTICIPANTS]};
    date_split(self->until, &year, &month, &day_of_month);
    struct forecast_request request = {
        .today = self->today,
        .until = self->until,
        .participants = totals.values[BOARD_PARTICIPANTS],
        .plan = directory_plan(unit, (uint32_t)year, &plan_year),
        .days = self->counts,
        .n_days = n_days,
        .contacts = self->in->contacts,
        .joined = self->in->joined,
    };
    forecast_make(&request, ret);
    return 0;
}

static char *decimal(struct arena *arena, int64_t hundredths)
{
    char *text = arena_alloc(arena, DECIMAL_TEXT_BYTES);
    if (text != NULL)
        decimal_format(hundredths, text);
    return text;
}

static int fill_texts(const struct asking *self, const struct directory_unit *unit,
                      const struct forecast *forecast, Ansinh__V1__UnitForecast *ret)
{
    struct arena *arena = self->request->arena;
    ret->needed_per_day = decimal(arena, forecast->needed_per_day);
    ret->pace_per_day = decimal(arena, forecast->pace_per_day);
    ret->conversion = decimal(arena, forecast->conversion);
    ret->sentence = arena_alloc(arena, FORECAST_TEXT_BYTES);
    ret->sentence_vi = arena_alloc(arena, FORECAST_TEXT_BYTES);
    if (ret->needed_per_day == NULL || ret->pace_per_day == NULL || ret->conversion == NULL ||
        ret->sentence == NULL || ret->sentence_vi == NULL)
        return -ENOMEM;
    forecast_sentence_en(forecast, unit->full_name, self->until_text, ret->sentence);
    forecast_sentence_vi(forecast, unit->full_name, self->until_text_vi, ret->sentence_vi);
    return 0;
}

static int fill_unit(struct asking *self, const struct directory_unit *unit,
                     Ansinh__V1__UnitForecast *ret)
{
    struct forecast forecast;
    struct arena *arena = self->request->arena;
    if (forecast_unit(self, unit, &forecast) < 0)
        return -ENOMEM;
    ansinh__v1__unit_forecast__init(ret);
    ret->unit_code = arena_strndup(arena, unit->code, sizeof(unit->code) - 1);
    ret->name = arena_printf(arena, "%s", unit->name);
    if (ret->unit_code == NULL || ret->name == NULL)
        return -ENOMEM;
    ret->gap = forecast.gap;
    ret->days_left = (uint32_t)forecast.days_left;
    ret->projected = forecast.projected;
    ret->projected_low = forecast.projected_low;
    ret->projected_high = forecast.projected_high;
    ret->participants = forecast.participants;
    ret->plan = forecast.plan;
    ret->has_last_year = forecast.last_year != FORECAST_NONE;
    ret->last_year = ret->has_last_year ? forecast.last_year : 0;
    ret->contacts_needed = MAX(forecast.contacts_needed, 0);
    ret->reach = (Ansinh__V1__Reach)(forecast.reach + 1);
    return fill_texts(self, unit, &forecast, ret);
}

/* Those that fall short by most persons first, then by code. */
static int compare(const void *a, const void *b)
{
    const Ansinh__V1__UnitForecast *x = *(Ansinh__V1__UnitForecast *const *)a;
    const Ansinh__V1__UnitForecast *y = *(Ansinh__V1__UnitForecast *const *)b;
    int64_t x_short = x->plan - x->projected, y_short = y->plan - y->projected;
    if (x_short != y_short)
        return x_short > y_short ? -1 : 1;
    return strcmp(x->unit_code, y->unit_code);
}

static int fill_children(struct asking *self, const struct directory_unit *unit,
                         Ansinh__V1__GetForecastResponse *out)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__UnitForecast *rows = arena_alloc(arena, unit->n_children * sizeof(*rows));
    out->children = arena_alloc(arena, unit->n_children * sizeof(Ansinh__V1__UnitForecast *));
    if (rows == NULL || out->children == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < unit->n_children; i++) {
        if (fill_unit(self, unit->children[i], &rows[i]) < 0)
            return -ENOMEM;
        out->children[out->n_children++] = &rows[i];
    }
    qsort(out->children, out->n_children, sizeof(*out->children), compare);
    return 0;
}

static void answer(struct asking *self, const struct directory_unit *unit)
{
    Ansinh__V1__GetForecastResponse out;
    Ansinh__V1__UnitForecast own;
    char today[DATE_TEXT_BYTES];
    ansinh__v1__get_forecast_response__init(&out);
    date_format(self->today, today);
    out.today = today;
    out.until = self->until_text;
    out.version = analytics_version(self->self);
    out.as_of_ms = clock_wall_ms();
    out.unit = &own;
    if (fill_unit(self, unit, &own) < 0 ||
        (self->in->with_children && fill_children(self, unit, &out) < 0))
        bus_fail(self->request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "",
                 "the answer is too large");
    else
        bus_reply(self->request, &out.base);
}

static void on_refreshed(void *arg, int rc)
{
    struct asking *self = arg;
    const struct directory_unit *unit =
        directory_unit(self->self->svc->directory, self->in->unit_code);
    if (rc < 0)
        ledger_away(self->request);
    else if (unit == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "unit_code", "unknown unit");
    else
        answer(self, unit);
}

static int check(struct asking *self, struct err *err)
{
    int year, month, day_of_month;
    const Ansinh__V1__GetForecastRequest *in = self->in;
    self->today = clock_business_day(clock_wall_ms());
    date_split(self->today, &year, &month, &day_of_month);
    self->until = date_make(year, 12, 31);
    if (in->until[0] != '\0' && date_parse(in->until, &self->until) < 0)
        return err_field(err, -EINVAL, "until", "want a date, YYYY-MM-DD");
    if (self->until < self->today || self->until > self->today + FORECAST_HORIZON_MAX_DAYS)
        return err_field(err, -EINVAL, "until", "want today, or a day up to %d days ahead",
                         FORECAST_HORIZON_MAX_DAYS);
    if (in->contacts < 0 || in->contacts > CONTACTS_MAX)
        return err_field(err, -EINVAL, "contacts", "want 0 to %d", CONTACTS_MAX);
    if (in->joined < 0 || in->joined > in->contacts)
        return err_field(err, -EINVAL, "joined", "want 0 to the number of contacts");
    date_format(self->until, self->until_text);
    date_split(self->until, &year, &month, &day_of_month);
    (void)snprintf(self->until_text_vi, sizeof(self->until_text_vi), "%02d/%02d/%d", day_of_month,
                   month, year);
    return 0;
}

void on_get_forecast(void *arg, struct bus_request *request)
{
    struct analytics *analytics = arg;
    struct err err = {0};
    struct asking *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->self = analytics;
    self->request = request;
    self->in = (const Ansinh__V1__GetForecastRequest *)request->input;
    if (check(self, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else if (!projector_is_leader(analytics->projector))
        board_is_elsewhere(request);
    else if (directory_unit(analytics->svc->directory, self->in->unit_code) == NULL)
        directory_refresh(analytics->svc->directory, on_refreshed, self);
    else
        on_refreshed(self, 0);
}
