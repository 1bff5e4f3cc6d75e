#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"

static void every_day_of_three_centuries_round_trips(void **state)
{
    (void)state;
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t expected = -25567; /* 1900-01-01 */
    for (int year = 1900; year <= 2199; year++) {
        int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            int n = days[month - 1] + (month == 2 && is_leap);
            int32_t number = year * 12 + month - 1;
            assert_int_equal(month_first_day(number), expected);
            for (int dom = 1; dom <= n; dom++, expected++) {
                int y, m, d;
                date_split(expected, &y, &m, &d);
                assert_true(y == year && m == month && d == dom);
                assert_int_equal(date_make(year, month, dom), expected);
                assert_int_equal(month_of_day(expected), number);
                char text[DATE_TEXT_BYTES];
                date_format(expected, text);
                int32_t parsed = 0;
                assert_int_equal(date_parse(text, &parsed), 0);
                assert_int_equal(parsed, expected);
            }
            assert_int_equal(month_last_day(number), expected - 1);
        }
    }
}

static void known_days(void **state)
{
    (void)state;
    assert_int_equal(date_make(1970, 1, 1), 0);
    assert_int_equal(date_make(2000, 3, 1), 11017);
    assert_int_equal(date_make(2025, 7, 1), 20270);
    char text[DATE_TEXT_BYTES];
    date_format(20270, text);
    assert_string_equal(text, "2025-07-01");
    char month[MONTH_TEXT_BYTES];
    month_format(2025 * 12 + 11, month);
    assert_string_equal(month, "2025-12");
}

static void texts_that_are_not_dates_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "2025",       "2025-02-29",  "1900-02-29",  "2025-00-10", "2025-13-01",
        "2025-04-31", "2025-01-00", "2025-1-01",   "2025-01-1",   "25-01-01",   "2025/01/01",
        "1899-12-31", "2200-01-01", "2025-01-32",  "2025-01-010", " 2025-01-1", "2025-01-0x",
        "20a5-01-01", "-025-01-01", "2025-01-01 ", "+025-01-01",  "2025-01--1",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int32_t day = 42;
        assert_int_equal(date_parse(bad[i], &day), -EINVAL);
        assert_int_equal(day, 42);
    }
}

static void texts_that_are_not_months_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",        "2025-13", "2025-00",  "2025-1",  "202501",
                                      "1899-12", "2200-01", "2025-01-", "2025-0x", "2o25-01"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int32_t month = 42;
        assert_int_equal(month_parse(bad[i], &month), -EINVAL);
        assert_int_equal(month, 42);
    }
    int32_t month;
    assert_int_equal(month_parse("1900-01", &month), 0);
    assert_int_equal(month, 1900 * 12);
}

static void age_grows_on_the_birthday(void **state)
{
    (void)state;
    int32_t birth = date_make(2010, 7, 15);
    assert_int_equal(age_on(birth, date_make(2025, 7, 14)), 14);
    assert_int_equal(age_on(birth, date_make(2025, 7, 15)), 15);
    assert_int_equal(age_on(birth, birth), 0);
    assert_int_equal(age_on(birth, birth - 1), -1);
    int32_t leap = date_make(2008, 2, 29);
    assert_int_equal(age_on(leap, date_make(2023, 2, 28)), 14);
    assert_int_equal(age_on(leap, date_make(2023, 3, 1)), 15);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_day_of_three_centuries_round_trips),
    cmocka_unit_test(known_days),
    cmocka_unit_test(texts_that_are_not_dates_are_refused),
    cmocka_unit_test(texts_that_are_not_months_are_refused),
    cmocka_unit_test(age_grows_on_the_birthday),
};

TEST_MAIN(tests)
