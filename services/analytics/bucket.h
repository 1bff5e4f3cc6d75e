/* Buckets of a series: business days, or hours or minutes of them in +07:00. Pure. */
#ifndef ANSINH_ANALYTICS_BUCKET_H
#define ANSINH_ANALYTICS_BUCKET_H

#include <stddef.h>
#include <stdint.h>

#define BUCKET_DAYS_MAX 400       /* of a series by day */
#define BUCKET_HOUR_DAYS_MAX 35   /* by hour */
#define BUCKET_MINUTE_DAYS_MAX 2  /* by minute */
#define BUCKETS_MAX (2 * 24 * 60) /* of any of them */
#define BUCKET_NONE SIZE_MAX

/* By day a fact belongs to the day that it counts for. By hour and minute it belongs to the time at
 * which it was recorded, and only when that was on its own day: what came later belongs to its day
 * and to no hour, as on the board. */
enum bucket_size { BUCKET_OF_DAY, BUCKET_OF_HOUR, BUCKET_OF_MINUTE };

struct buckets {
    enum bucket_size size;
    int32_t from, until; /* business days, both included */
};

size_t buckets_count(const struct buckets *self);

/* Index of what counts for day and was recorded at at_ms; BUCKET_NONE: in none. */
size_t bucket_of(const struct buckets *self, int32_t day, int64_t at_ms);

struct bucket {
    int32_t day;
    unsigned hour, minute; /* 0 where the bucket is larger */
};
struct bucket bucket_at(const struct buckets *self, size_t i);

/* The same day of the next year. 29 February counts with the 28th of a year that has none; so every
 * day of a year has one that it is held against, and 29 February itself has none before it. */
int32_t day_a_year_later(int32_t day);

#endif
