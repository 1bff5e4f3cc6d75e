#include "services/analytics/bucket.h"

#include "common/domain/calendar.h"

#define OFFSET_MS (7LL * 3600 * 1000)
#define MINUTE_MS (60LL * 1000)
#define MINUTES_OF_HOUR 60
#define MINUTES_OF_DAY (24 * MINUTES_OF_HOUR)

/* Of one day. */
static size_t parts(enum bucket_size size)
{
    switch (size) {
    case BUCKET_OF_HOUR:
        return 24;
    case BUCKET_OF_MINUTE:
        return MINUTES_OF_DAY;
    case BUCKET_OF_DAY:
    default:
        return 1;
    }
}

size_t buckets_count(const struct buckets *self)
{
    return self->until < self->from ? 0
                                    : (size_t)(self->until - self->from + 1) * parts(self->size);
}

size_t bucket_of(const struct buckets *self, int32_t day, int64_t at_ms)
{
    if (day < self->from || day > self->until)
        return BUCKET_NONE;
    size_t place = (size_t)(day - self->from);
    if (self->size == BUCKET_OF_DAY)
        return place;
    int64_t minute = (at_ms + OFFSET_MS) / MINUTE_MS - (int64_t)day * MINUTES_OF_DAY;
    if (minute < 0 || minute >= MINUTES_OF_DAY)
        return BUCKET_NONE;
    return self->size == BUCKET_OF_HOUR ? place * 24 + (size_t)minute / MINUTES_OF_HOUR
                                        : place * MINUTES_OF_DAY + (size_t)minute;
}

struct bucket bucket_at(const struct buckets *self, size_t i)
{
    size_t n = parts(self->size);
    unsigned part = (unsigned)(i % n);
    struct bucket bucket = {self->from + (int32_t)(i / n), 0, 0};
    if (self->size == BUCKET_OF_HOUR)
        bucket.hour = part;
    if (self->size == BUCKET_OF_MINUTE) {
        bucket.hour = part / MINUTES_OF_HOUR;
        bucket.minute = part % MINUTES_OF_HOUR;
    }
    return bucket;
}

int32_t day_a_year_later(int32_t day)
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    int is_leap_day = month == 2 && day_of_month == 29;
    return date_make(year + 1, month, is_leap_day ? 28 : day_of_month);
}
