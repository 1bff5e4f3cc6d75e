#include "services/analytics/series.h"

#include <errno.h>

#define DAY_MS (86400LL * 1000)
#define YEAR_MIN_DAYS 365
#define YEAR_MAX_DAYS 366

/* The days of the year before come into the walk, too. */
static int make_last_year(struct series *self, struct arena *arena, size_t bytes)
{
    self->from = self->buckets.from - YEAR_MAX_DAYS;
    size_t n = (size_t)(self->until - self->from + 1);
    self->later_days = arena_alloc(arena, n * sizeof(*self->later_days));
    self->last_year = arena_zalloc(arena, bytes);
    if (self->later_days == NULL || self->last_year == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        int32_t day = self->from + (int32_t)i;
        int is_past = day >= 0 && day <= self->buckets.until - YEAR_MIN_DAYS;
        int32_t later = is_past ? day_a_year_later(day) : -1;
        self->later_days[i] =
            later < self->buckets.from || later > self->buckets.until ? -1 : later;
    }
    return 0;
}

int series_make(struct series *self, struct arena *arena, int with_last_year)
{
    int is_by_day = self->buckets.size == BUCKET_OF_DAY;
    size_t n = buckets_count(&self->buckets), bytes = n * self->n_metrics * sizeof(int64_t);
    self->from = self->buckets.from;
    self->until = self->buckets.until;
    self->values = arena_zalloc(arena, bytes);
    self->corrections = arena_zalloc(arena, n * sizeof(int64_t));
    self->late = is_by_day ? arena_zalloc(arena, bytes) : NULL;
    if (self->values == NULL || self->corrections == NULL || (is_by_day && self->late == NULL))
        return -ENOMEM;
    self->last_year = NULL;
    return with_last_year && n > 0 ? make_last_year(self, arena, bytes) : 0;
}

static int add(const struct series *self, int64_t *sums, size_t bucket, const struct fact *fact)
{
    int is_any = 0;
    for (size_t i = 0; i < self->n_metrics; i++) {
        int64_t measure = counted_measure(&self->metrics[i], fact);
        sums[bucket * self->n_metrics + i] += measure;
        is_any |= measure != 0;
    }
    return is_any;
}

static void count_this_year(struct series *self, const struct fact *fact)
{
    size_t bucket = bucket_of(&self->buckets, fact->day, fact->at_ms);
    if (bucket == BUCKET_NONE)
        return;
    (void)add(self, self->values, bucket, fact);
    if (self->late != NULL && fact->at_ms >= business_day_start_ms(fact->day + 1))
        self->corrections[bucket] += add(self, self->late, bucket, fact);
}

static void count_last_year(struct series *self, const struct fact *fact)
{
    int32_t later = self->later_days[fact->day - self->from];
    int64_t moved_ms = (int64_t)(later - fact->day) * DAY_MS;
    size_t bucket =
        later < 0 ? BUCKET_NONE : bucket_of(&self->buckets, later, fact->at_ms + moved_ms);
    if (bucket != BUCKET_NONE)
        (void)add(self, self->last_year, bucket, fact);
}

void series_count(struct series *self, const struct fact *fact)
{
    count_this_year(self, fact);
    if (self->last_year != NULL)
        count_last_year(self, fact);
}

static int is_any(const int64_t *sums, size_t n)
{
    size_t i = 0;
    while (i < n && sums[i] == 0)
        i++;
    return i < n;
}

int series_is_empty(const struct series *self, size_t bucket)
{
    size_t at = bucket * self->n_metrics, n = self->n_metrics;
    return !is_any(&self->values[at], n) && self->corrections[bucket] == 0 &&
           (self->last_year == NULL || !is_any(&self->last_year[at], n));
}

void series_total(const struct series *self, const int64_t *sums, int64_t ret[SERIES_METRICS_MAX])
{
    size_t n = sums == NULL ? 0 : buckets_count(&self->buckets) * self->n_metrics;
    for (size_t i = 0; i < n; i++)
        ret[i % self->n_metrics] += sums[i];
}
