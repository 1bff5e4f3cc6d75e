#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/macros.h"
#include "services/analytics/analytics_rules.h"

static void expect_percent(int64_t part, int64_t whole, const char *wanted)
{
    char text[PERCENT_TEXT_BYTES];
    memset(text, 'x', sizeof(text));
    percent_format(part, whole, text);
    if (strcmp(text, wanted) != 0)
        fail_msg("%lld of %lld: \"%s\", not \"%s\"", (long long)part, (long long)whole, text,
                 wanted);
}

static void shares_have_two_decimals_half_up(void **state)
{
    (void)state;
    expect_percent(44883, 78275, "57.34");
    expect_percent(3167, 4600, "68.85"); /* 68.8478 */
    expect_percent(1, 3, "33.33");
    expect_percent(2, 3, "66.67");
    expect_percent(1, 8, "12.50");
    expect_percent(1, 16, "6.25");
    expect_percent(1, 32, "3.13");    /* 3.125 */
    expect_percent(1, 20000, "0.01"); /* 0.005 */
    expect_percent(1, 20001, "0.00");
    expect_percent(199, 20000, "1.00"); /* 0.995 */
    expect_percent(9, 10000, "0.09");
    expect_percent(1005, 1000000, "0.10");
    expect_percent(1049, 1000000, "0.10");
    expect_percent(1050, 1000000, "0.11");
}

static void from_nothing_to_more_than_all(void **state)
{
    (void)state;
    expect_percent(0, 4600, "0.00");
    expect_percent(4600, 4600, "100.00");
    expect_percent(4599, 4600, "99.98");
    expect_percent(78274, 78275, "100.00"); /* 99.9987 */
    expect_percent(5000, 4600, "108.70");
    expect_percent(78275, 1, "7827500.00");
}

static void without_a_plan_there_is_no_share(void **state)
{
    (void)state;
    expect_percent(0, 0, "");
    expect_percent(5, 0, "");
    expect_percent(5, -1, "");
}

static void huge_counts_do_not_overflow(void **state)
{
    (void)state;
    expect_percent(INT64_MAX, INT64_MAX, "100.00");
    expect_percent(INT64_MAX / 2, INT64_MAX, "50.00");
    expect_percent(1, INT64_MAX, "0.00");
    expect_percent(900000000000000, 1, "90000000000000000.00");
}

/* Compares with the long way: floor(10000 * part / whole + 1/2) by division with remainder. */
static void all_small_shares_agree_with_the_long_way(void **state)
{
    (void)state;
    for (int64_t whole = 1; whole <= 400; whole++) {
        for (int64_t part = 0; part <= 2 * whole; part++) {
            char wanted[PERCENT_TEXT_BYTES];
            int64_t hundredths = 10000 * part / whole;
            if (10000 * part % whole * 2 >= whole)
                hundredths++;
            (void)snprintf(wanted, sizeof(wanted), "%lld.%lld%lld", (long long)(hundredths / 100),
                           (long long)(hundredths / 10 % 10), (long long)(hundredths % 10));
            expect_percent(part, whole, wanted);
        }
    }
}

static void hours_are_those_of_the_business_day(void **state)
{
    (void)state;
    static const int64_t hour_ms = 3600000;
    assert_int_equal(business_hour(0), 7); /* 1970-01-01T07:00+07:00 */
    assert_int_equal(business_hour(hour_ms - 1), 7);
    assert_int_equal(business_hour(hour_ms), 8);
    assert_int_equal(business_hour(17 * hour_ms - 1), 23);
    assert_int_equal(business_hour(17 * hour_ms), 0);
    assert_int_equal(business_hour(1764435600000), 0); /* 2025-11-30T00:00+07:00 */
    assert_int_equal(business_hour(1764435599999), 23);
    /* the hour turns to 0 exactly where the business day turns */
    for (int64_t ms = 1764400000000; ms < 1764400000000 + 48 * hour_ms; ms += 977777) {
        int32_t day = clock_business_day(ms);
        assert_int_equal(business_hour(ms),
                         (ms + 7 * hour_ms - (int64_t)day * 24 * hour_ms) / hour_ms);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(shares_have_two_decimals_half_up),
    cmocka_unit_test(from_nothing_to_more_than_all),
    cmocka_unit_test(without_a_plan_there_is_no_share),
    cmocka_unit_test(huge_counts_do_not_overflow),
    cmocka_unit_test(all_small_shares_agree_with_the_long_way),
    cmocka_unit_test(hours_are_those_of_the_business_day),
};

TEST_MAIN(tests)
