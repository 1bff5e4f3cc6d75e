/* GetForecast: what a unit and those below it can still reach, and where help brings most. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "services/analytics/analytics.h"
#include "services/analytics/forecast_fill.h"

#define CHILDREN_MAX 500
#define CONTACTS_MAX 1000000000

/* --- asking ----------------------------------------------------------------------------------- */

static int check(struct forecast_question *self, struct err *err)
{
    const Ansinh__V1__GetForecastRequest *in =
        (const Ansinh__V1__GetForecastRequest *)self->question.input;
    int32_t today = self->question.today, until = 0;
    if (in->until[0] != '\0') {
        if (date_parse(in->until, &until) < 0)
            return err_field(err, -EINVAL, "until", "want a date, YYYY-MM-DD");
        if (until < today || until > today + FORECAST_HORIZON_MAX_DAYS)
            return err_field(err, -EINVAL, "until", "want today, or a day up to %d days ahead",
                             FORECAST_HORIZON_MAX_DAYS);
    }
    self->until = until;
    if (in->contacts < 0 || in->contacts > CONTACTS_MAX)
        return err_field(err, -EINVAL, "contacts", "want 0 to %d", CONTACTS_MAX);
    if (in->joined < 0 || in->joined > in->contacts)
        return err_field(err, -EINVAL, "joined", "want 0 to the number of contacts");
    if (in->children_limit > CHILDREN_MAX)
        return err_field(err, -EINVAL, "children_limit", "want 1 to %d, or 0", CHILDREN_MAX);
    return 0;
}

/* What was observed until now is the same for all units. */
static void observe(struct forecast_question *self, int is_now)
{
    struct question *question = &self->question;
    struct analytics *analytics = question->analytics;
    const struct observed *last = analytics->observed;
    int64_t max_ms = analytics->is_observing ? OBSERVED_STALE_MS : OBSERVED_FRESH_MS;
    int is_shared = is_now && self->plan.product == ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
    if (is_shared && last != NULL && observed_age(last, question->today, clock_mono_ms()) < max_ms)
        return;
    self->observing =
        observed_create(analytics->sessions, analytics->svc->directory, question->slice.products,
                        question->today, question->as_of_ms);
    self->is_refreshing = is_shared;
    analytics->is_observing |= is_shared;
}

static int take_plan(struct forecast_question *self, const Ansinh__V1__GetForecastRequest *in,
                     struct err *err)
{
    struct question *question = &self->question;
    forecast_plan_close(&self->plan);
    int rc = forecast_plan_open(&self->plan, question->analytics->svc->directory, in->plan_code,
                                in->as_of_ms, err);
    if (rc == 0)
        rc = counted_of((Ansinh__V1__Metric)self->plan.counts, "plan_code", &self->counted, err);
    if (rc < 0)
        return rc;
    question->slice.products = 1U << self->plan.product;
    rc = forecast_rows_make(self);
    if (rc == 0 && self->rows[0].window.until > question->today + FORECAST_HORIZON_MAX_DAYS)
        return err_field(err, -EINVAL, "plan_code", "ends more than %d days ahead: want until",
                         FORECAST_HORIZON_MAX_DAYS);
    return rc;
}

static int prepare(struct question *question, struct err *err)
{
    struct forecast_question *self = (struct forecast_question *)question;
    const Ansinh__V1__GetForecastRequest *in =
        (const Ansinh__V1__GetForecastRequest *)question->input;
    if (in->unit_code[0] == '\0')
        return err_field(err, -ENOENT, "unit_code", "unknown unit");
    int rc = check(self, err);
    if (rc == 0)
        rc = take_plan(self, in, err);
    if (rc < 0)
        return rc;
    observe(self, in->as_of_ms == 0);
    question->from = INT32_MIN;
    question->until = INT32_MAX;
    if (self->is_of_board && (self->observing == NULL || observed_is_empty(self->observing)))
        question->begin = question->facts; /* nothing is to be looked at */
    else if (self->is_of_board)
        question->from = observed_since(self->observing);
    return 0;
}

static void end(struct question *question)
{
    struct forecast_question *self = (struct forecast_question *)question;
    if (self->is_refreshing)
        question->analytics->is_observing = 0;
    observed_destroy(&self->observing);
    forecast_plan_close(&self->plan);
}

static int visit(void *arg, const struct fact *facts, size_t n, uint64_t first)
{
    struct forecast_question *self = arg;
    (void)first;
    for (size_t i = 0; i < n; i++) {
        if (self->observing != NULL)
            observed_take(self->observing, &facts[i]);
        if (!self->is_of_board && question_takes(&self->question, &facts[i]))
            forecast_rows_take(self, &facts[i]);
    }
    return 1;
}

/* --- answering -------------------------------------------------------------------------------- */

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

static int fill_children(struct forecast_question *self, const struct observed *observed,
                         const Ansinh__V1__GetForecastRequest *in,
                         Ansinh__V1__GetForecastResponse *out)
{
    struct arena *arena = self->question.arena;
    Ansinh__V1__UnitForecast *rows = arena_alloc(arena, self->n_rows * sizeof(*rows));
    out->children = arena_alloc(arena, self->n_rows * sizeof(Ansinh__V1__UnitForecast *));
    if (rows == NULL || out->children == NULL)
        return -ENOMEM;
    for (size_t i = 1; i < self->n_rows; i++) {
        Ansinh__V1__UnitForecast *row = &rows[i - 1];
        if (forecast_fill(self, observed, &self->rows[i], !in->without_sentences, row) < 0)
            return -ENOMEM;
        out->children[out->n_children++] = row;
        out->children_late += row->plan > 0 && row->projected < row->plan;
        out->children_without_plan += row->plan == 0;
    }
    out->children_in_all = (uint32_t)out->n_children;
    qsort(out->children, out->n_children, sizeof(*out->children), compare);
    if (in->children_limit != 0)
        out->n_children = MIN(out->n_children, (size_t)in->children_limit);
    return 0;
}

/* The plan of the unit that was asked about. */
static int fill_plan(struct forecast_question *self, Ansinh__V1__GetForecastResponse *out)
{
    struct arena *arena = self->question.arena;
    const struct forecast_plan *plan = &self->plan;
    const struct forecast_window *window = &self->rows[0].window;
    char *from = arena_alloc(arena, DATE_TEXT_BYTES), *until = arena_alloc(arena, DATE_TEXT_BYTES);
    out->counts = (Ansinh__V1__Metric)plan->counts;
    out->measure = plan->is_new ? ANSINH__V1__PLAN_MEASURE__PLAN_MEASURE_NEW
                                : ANSINH__V1__PLAN_MEASURE__PLAN_MEASURE_STOCK;
    if (window->plan == 0 && !plan->is_named)
        return 0;
    out->plan_code = plan->is_named ? arena_printf(arena, "%s", plan->plan.code)
                                    : arena_printf(arena, "%u", window->year);
    if (from == NULL || until == NULL || out->plan_code == NULL)
        return -ENOMEM;
    date_format(window->from, from);
    date_format(window->plan_until, until);
    out->plan_name = plan->plan.row != NULL ? plan->plan.row->name : out->plan_name;
    out->plan_from = from;
    out->plan_until = until;
    return 0;
}

/* What was observed: by this question, or by another one just before. */
static const struct observed *observed_last(struct forecast_question *self)
{
    struct analytics *analytics = self->question.analytics;
    if (self->observing == NULL)
        return analytics->observed;
    observed_close(self->observing, clock_mono_ms());
    if (!self->is_refreshing)
        return self->observing;
    observed_destroy(&analytics->observed);
    analytics->observed = self->observing;
    self->observing = NULL;
    return analytics->observed;
}

static void answer(struct question *question)
{
    struct forecast_question *self = (struct forecast_question *)question;
    const Ansinh__V1__GetForecastRequest *in =
        (const Ansinh__V1__GetForecastRequest *)question->input;
    char today[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    struct err err = {0};
    Ansinh__V1__GetForecastResponse out;
    Ansinh__V1__UnitForecast own;
    ansinh__v1__get_forecast_response__init(&out);
    const struct observed *observed = observed_last(self);
    date_format(question->today, today);
    date_format(self->rows[0].window.until, until);
    out.today = today;
    out.until = until;
    out.version = analytics_version(question->analytics);
    out.as_of_ms = question->as_of_ms;
    out.unit = &own;
    if (forecast_fill(self, observed, &self->rows[0], 1, &own) < 0 ||
        forecast_fill_next(self, observed, &own) < 0 || fill_plan(self, &out) < 0 ||
        (in->with_children && fill_children(self, observed, in, &out) < 0))
        question_fail(question, -ENOMEM, &err);
    else
        question_reply(question, &out.base);
}

static const struct question_kind forecast_kind = {.size = sizeof(struct forecast_question),
                                                   .prepare = prepare,
                                                   .visit = visit,
                                                   .answer = answer,
                                                   .end = end};

void on_get_forecast(void *arg, struct bus_request *request)
{
    const Ansinh__V1__GetForecastRequest *in =
        (const Ansinh__V1__GetForecastRequest *)request->input;
    Ansinh__V1__Slice *slice = arena_alloc(request->arena, sizeof(*slice));
    if (slice == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    ansinh__v1__slice__init(slice);
    slice->unit_code = in->unit_code;
    question_ask(arg, request, &forecast_kind, in->as_of_ms, slice);
}
