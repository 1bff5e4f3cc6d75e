/* The sums of a series, bucket by bucket, beside those of the year before and, by day, those with
 * which the day was closed. */
#ifndef ANSINH_ANALYTICS_SERIES_H
#define ANSINH_ANALYTICS_SERIES_H

#include "common/base/arena.h"
#include "services/analytics/bucket.h"
#include "services/analytics/counted.h"

#define SERIES_METRICS_MAX 8

/* The sums have n_metrics numbers for each bucket. */
struct series {
    struct buckets buckets;
    size_t n_metrics;
    struct counted metrics[SERIES_METRICS_MAX];
    int32_t from, until; /* days that matter, those of the year before included */
    int64_t *values;
    int64_t *last_year;   /* NULL: not asked for */
    int64_t *late;        /* of the values, what came after its day was closed; NULL: not by day */
    int64_t *corrections; /* how many facts that were; one number for each bucket */
    int32_t *later_days;  /* from on: the day that is held against this one; -1: none */
};

/* buckets, n_metrics and metrics are set; the rest comes from the arena. -ENOMEM. */
int series_make(struct series *self, struct arena *arena, int with_last_year) MUST_CHECK;

/* A fact of one of the days that matter. */
void series_count(struct series *self, const struct fact *fact);

/* Whether nothing happened in a bucket. */
int series_is_empty(const struct series *self, size_t bucket);

/* Adds a list of sums up over all buckets; NULL is 0. */
void series_total(const struct series *self, const int64_t *sums, int64_t ret[SERIES_METRICS_MAX]);

#endif
