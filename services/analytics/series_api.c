/* GetSeries: what happened, by day, hour or minute. */
#include <errno.h>

#include "common/domain/calendar.h"
#include "services/analytics/analytics.h"
#include "services/analytics/question.h"
#include "services/analytics/series.h"

struct series_question {
    struct question question;
    struct series series;
};

static int visit(void *arg, const struct fact *facts, size_t n, uint64_t first)
{
    struct series_question *self = arg;
    const struct question *question = &self->question;
    (void)first;
    for (size_t i = 0; i < n; i++) {
        if (facts[i].day >= question->from && facts[i].day <= question->until &&
            question_takes(question, &facts[i]))
            series_count(&self->series, &facts[i]);
    }
    return 1;
}

static int take_metrics(struct series *self, const Ansinh__V1__GetSeriesRequest *in,
                        struct err *err)
{
    if (in->n_metrics == 0 || in->n_metrics > SERIES_METRICS_MAX)
        return err_field(err, -EINVAL, "metrics", "want 1 to %d metrics", SERIES_METRICS_MAX);
    for (size_t i = 0; i < in->n_metrics; i++) {
        for (size_t j = 0; j < i; j++) {
            if (in->metrics[i] == in->metrics[j])
                return err_field(err, -EINVAL, "metrics", "want different metrics");
        }
        int rc = counted_of(in->metrics[i], "metrics", &self->metrics[i], err);
        if (rc < 0)
            return rc;
    }
    self->n_metrics = in->n_metrics;
    return 0;
}

static int take_buckets(struct buckets *buckets, const Ansinh__V1__GetSeriesRequest *in,
                        struct err *err)
{
    int days_max;
    switch (in->bucket) {
    case ANSINH__V1__BUCKET__BUCKET_DAY:
        buckets->size = BUCKET_OF_DAY;
        days_max = BUCKET_DAYS_MAX;
        break;
    case ANSINH__V1__BUCKET__BUCKET_HOUR:
        buckets->size = BUCKET_OF_HOUR;
        days_max = BUCKET_HOUR_DAYS_MAX;
        break;
    case ANSINH__V1__BUCKET__BUCKET_MINUTE:
        buckets->size = BUCKET_OF_MINUTE;
        days_max = BUCKET_MINUTE_DAYS_MAX;
        break;
    case ANSINH__V1__BUCKET__BUCKET_UNSPECIFIED:
    case _ANSINH__V1__BUCKET_IS_INT_SIZE:
    default:
        return err_field(err, -EINVAL, "bucket", "want BUCKET_DAY, BUCKET_HOUR or BUCKET_MINUTE");
    }
    if (in->from[0] == '\0')
        return err_field(err, -EINVAL, "from", "want a date, YYYY-MM-DD");
    if (in->until[0] == '\0')
        return err_field(err, -EINVAL, "until", "want a date, YYYY-MM-DD");
    int rc = question_days(in->from, in->until, 0, 0, &buckets->from, &buckets->until, err);
    if (rc == 0 && buckets->until - buckets->from >= days_max)
        return err_field(err, -EINVAL, "until", "want at most %d days", days_max);
    return rc;
}

static int prepare(struct question *question, struct err *err)
{
    struct series_question *self = (struct series_question *)question;
    struct series *series = &self->series;
    const Ansinh__V1__GetSeriesRequest *in = (const Ansinh__V1__GetSeriesRequest *)question->input;
    int rc = take_metrics(series, in, err);
    if (rc == 0)
        rc = take_buckets(&series->buckets, in, err);
    series->buckets.from = MAX(series->buckets.from, question->slice.first_day);
    series->buckets.until = MIN(series->buckets.until, question->slice.last_day);
    if (rc == 0)
        rc = series_make(series, question->arena, in->with_last_year);
    question->from = series->from;
    question->until = series->until;
    return rc;
}

/* --- answering -------------------------------------------------------------------------------- */

static int fill_point(struct series *self, struct arena *arena, size_t i,
                      Ansinh__V1__SeriesPoint *ret)
{
    struct bucket bucket = bucket_at(&self->buckets, i);
    size_t at = i * self->n_metrics, n = self->n_metrics;
    char *day = arena_alloc(arena, DATE_TEXT_BYTES);
    if (day == NULL)
        return -ENOMEM;
    date_format(bucket.day, day);
    ansinh__v1__series_point__init(ret);
    ret->day = day;
    ret->hour = bucket.hour;
    ret->minute = bucket.minute;
    ret->values = &self->values[at];
    ret->n_values = n;
    if (self->last_year != NULL) {
        ret->last_year = &self->last_year[at];
        ret->n_last_year = n;
    }
    if (self->late != NULL) {
        ret->as_closed = arena_alloc(arena, n * sizeof(*ret->as_closed));
        if (ret->as_closed == NULL)
            return -ENOMEM;
        for (; ret->n_as_closed < n; ret->n_as_closed++)
            ret->as_closed[ret->n_as_closed] =
                self->values[at + ret->n_as_closed] - self->late[at + ret->n_as_closed];
    }
    ret->corrections = self->corrections[i];
    return 0;
}

static int fill_points(struct series_question *self, Ansinh__V1__GetSeriesResponse *out)
{
    struct arena *arena = self->question.arena;
    size_t n = buckets_count(&self->series.buckets);
    Ansinh__V1__SeriesPoint *rows = arena_alloc(arena, n * sizeof(*rows));
    out->points = arena_alloc(arena, n * sizeof(*out->points));
    if (rows == NULL || out->points == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (series_is_empty(&self->series, i))
            continue;
        if (fill_point(&self->series, arena, i, &rows[out->n_points]) < 0)
            return -ENOMEM;
        out->points[out->n_points] = &rows[out->n_points];
        out->n_points++;
    }
    return 0;
}

static void answer(struct question *question)
{
    struct series_question *self = (struct series_question *)question;
    const struct series *series = &self->series;
    int64_t totals[SERIES_METRICS_MAX] = {0}, last_year_totals[SERIES_METRICS_MAX] = {0};
    struct err err = {0};
    Ansinh__V1__GetSeriesResponse out;
    ansinh__v1__get_series_response__init(&out);
    series_total(series, series->values, totals);
    series_total(series, series->last_year, last_year_totals);
    out.totals = totals;
    out.n_totals = series->n_metrics;
    out.last_year_totals = last_year_totals;
    out.n_last_year_totals = series->last_year == NULL ? 0 : series->n_metrics;
    out.version = analytics_version(question->analytics);
    out.as_of_ms = question->as_of_ms;
    out.facts = question->facts;
    if (question_name(question, &out.unit_code, &out.name, &out.name_en) < 0 ||
        fill_points(self, &out) < 0)
        question_fail(question, -ENOMEM, &err);
    else
        question_reply(question, &out.base);
}

static const struct question_kind series_kind = {
    .size = sizeof(struct series_question), .prepare = prepare, .visit = visit, .answer = answer};

void on_get_series(void *arg, struct bus_request *request)
{
    const Ansinh__V1__GetSeriesRequest *in = (const Ansinh__V1__GetSeriesRequest *)request->input;
    question_ask(arg, request, &series_kind, in->as_of_ms, in->slice);
}
