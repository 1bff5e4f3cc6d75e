#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "services/analytics/analytics_rules.h"
#include "services/analytics/bucket.h"
#include "services/analytics/fact.h"
#include "services/analytics/page_token.h"

#define MINUTE_MS 60000LL

static void a_day_takes_what_counts_for_it(void **state)
{
    (void)state;
    const struct buckets days = {BUCKET_OF_DAY, 20000, 20399};
    assert_int_equal(buckets_count(&days), 400);
    assert_int_equal(bucket_of(&days, 20000, 0), 0);
    assert_int_equal(bucket_of(&days, 20399, INT64_MAX / 2), 399); /* whenever it was recorded */
    assert_int_equal(bucket_of(&days, 19999, 0), BUCKET_NONE);
    assert_int_equal(bucket_of(&days, 20400, 0), BUCKET_NONE);
    assert_int_equal(bucket_at(&days, 399).day, 20399);
    const struct buckets none = {BUCKET_OF_DAY, 5, 4};
    assert_int_equal(buckets_count(&none), 0);
}

/* Every minute of three days, and what lies around them. */
static void hours_and_minutes_take_what_was_recorded_on_its_day(void **state)
{
    (void)state;
    const int32_t from = 20400;
    const struct buckets hours = {BUCKET_OF_HOUR, from, from + 2};
    const struct buckets minutes = {BUCKET_OF_MINUTE, from, from + 1};
    int64_t start_ms = business_day_start_ms(from);
    assert_int_equal(buckets_count(&hours), 72);
    assert_int_equal(buckets_count(&minutes), 2880);
    for (int64_t i = -5; i < 3 * 1440 + 5; i++) {
        int64_t at_ms = start_ms + i * MINUTE_MS + 59999;
        int32_t day = clock_business_day(at_ms);
        int is_in = i >= 0 && i < 3 * 1440;
        size_t hour = bucket_of(&hours, day, at_ms), minute = bucket_of(&minutes, day, at_ms);
        assert_int_equal(hour, is_in ? (size_t)i / 60 : BUCKET_NONE);
        assert_int_equal(minute, is_in && i < 2880 ? (size_t)i : BUCKET_NONE);
        assert_int_equal(bucket_of(&hours, day + 1, at_ms), BUCKET_NONE);
        assert_int_equal(bucket_of(&hours, day - 1, at_ms), BUCKET_NONE);
        if (minute == BUCKET_NONE)
            continue;
        struct bucket bucket = bucket_at(&minutes, minute);
        assert_int_equal(bucket.day, day);
        assert_int_equal(bucket.hour, business_hour(at_ms));
        assert_int_equal(bucket.minute, i % 60);
        assert_int_equal(bucket_at(&hours, hour).hour, business_hour(at_ms));
    }
}

static int32_t day_of(const char *text)
{
    int32_t day;
    assert_int_equal(date_parse(text, &day), 0);
    return day;
}

static void every_day_has_one_a_year_later(void **state)
{
    (void)state;
    assert_int_equal(day_a_year_later(day_of("2025-11-30")), day_of("2026-11-30"));
    assert_int_equal(day_a_year_later(day_of("2024-02-29")), day_of("2025-02-28"));
    assert_int_equal(day_a_year_later(day_of("2024-02-28")), day_of("2025-02-28"));
    assert_int_equal(day_a_year_later(day_of("2027-02-28")), day_of("2028-02-28"));
    assert_int_equal(day_a_year_later(day_of("2027-03-01")), day_of("2028-03-01"));
    for (int32_t day = day_of("2008-01-01"); day < day_of("2040-01-01"); day++) {
        int32_t later = day_a_year_later(day);
        assert_in_range(later - day, 365, 366);
        assert_in_range(day_a_year_later(day + 1) - later, 0, 2);
    }
}

static void a_page_token_is_read_as_written(void **state)
{
    (void)state;
    const struct page_token token = {UINT64_MAX, 1764435600000, 5, 7, 1ULL << 40, -3, INT64_MAX};
    struct page_token read = {0};
    char text[PAGE_TOKEN_TEXT_BYTES];
    page_token_format(&token, text);
    assert_int_equal(strlen(text), sizeof(text) - 1);
    assert_int_equal(page_token_parse(text, &read), 0);
    assert_memory_equal(&read, &token, sizeof(token));
    assert_int_equal(page_token_parse("", &read), -EINVAL);
    assert_int_equal(page_token_parse(text + 1, &read), -EINVAL);
    text[3] = 'g';
    assert_int_equal(page_token_parse(text, &read), -EINVAL);
    assert_memory_equal(&read, &token, sizeof(token));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_day_takes_what_counts_for_it),
    cmocka_unit_test(hours_and_minutes_take_what_was_recorded_on_its_day),
    cmocka_unit_test(every_day_has_one_a_year_later),
    cmocka_unit_test(a_page_token_is_read_as_written),
};

TEST_MAIN(tests)
