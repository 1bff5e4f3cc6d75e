#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/pension.h"
#include "common/domain/pension_history.h"
#include "tests/support/law.h"

/* --- retirement age --- */

static void expect_age(enum sex sex, const char *birth, int64_t age_months, const char *reached)
{
    int32_t at;
    const struct policy_row *row;
    assert_int_equal(pension_age_month(law, sex, day_of(birth), &at, &row, NULL), 0);
    assert_int_equal(row->value, age_months);
    assert_int_equal(at, month_of(reached));
}

static void a_man_born_1961_01_retires_at_60y3m_in_2021_04(void **state)
{
    (void)state;
    expect_age(SEX_IS_MALE, "1961-01-15", 60 * 12 + 3, "2021-04");
}

static void a_man_born_1964_01_retires_at_61y3m_in_2025_04(void **state)
{
    (void)state;
    expect_age(SEX_IS_MALE, "1964-01-31", 61 * 12 + 3, "2025-04");
}

static void a_man_born_1965_01_retires_at_61y6m_in_2026_07(void **state)
{
    (void)state;
    expect_age(SEX_IS_MALE, "1965-01-01", 61 * 12 + 6, "2026-07");
}

static void ages_before_2021_and_after_2035(void **state)
{
    (void)state;
    expect_age(SEX_IS_MALE, "1960-12-31", 60 * 12, "2020-12");
    expect_age(SEX_IS_FEMALE, "1965-12-01", 55 * 12, "2020-12");
    expect_age(SEX_IS_FEMALE, "1966-01-01", 55 * 12 + 4, "2021-05");
    expect_age(SEX_IS_MALE, "1990-05-17", 62 * 12, "2052-05");
    expect_age(SEX_IS_FEMALE, "1990-05-17", 60 * 12, "2050-05");
}

/* The whole table: who is born in January of that year less the age, or in the last month that
 * still falls into it. */
static void every_age_of_the_table(void **state)
{
    (void)state;
    static const struct {
        int year;
        int64_t man, woman; /* in months */
    } table[] = {
        {2021, 60 * 12 + 3, 55 * 12 + 4}, {2022, 60 * 12 + 6, 55 * 12 + 8},
        {2023, 60 * 12 + 9, 56 * 12},     {2024, 61 * 12, 56 * 12 + 4},
        {2025, 61 * 12 + 3, 56 * 12 + 8}, {2026, 61 * 12 + 6, 57 * 12},
        {2027, 61 * 12 + 9, 57 * 12 + 4}, {2028, 62 * 12, 57 * 12 + 8},
        {2029, 62 * 12, 58 * 12},         {2030, 62 * 12, 58 * 12 + 4},
        {2031, 62 * 12, 58 * 12 + 8},     {2032, 62 * 12, 59 * 12},
        {2033, 62 * 12, 59 * 12 + 4},     {2034, 62 * 12, 59 * 12 + 8},
        {2035, 62 * 12, 60 * 12},         {2050, 62 * 12, 60 * 12},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        for (int sex = SEX_IS_FEMALE; sex <= SEX_IS_MALE; sex++) {
            int64_t age = sex == SEX_IS_MALE ? table[i].man : table[i].woman;
            int32_t december = table[i].year * 12 + 11, at;
            const struct policy_row *row;
            int32_t birth = december - (int32_t)age;
            assert_int_equal(
                pension_age_month(law, (enum sex)sex, month_first_day(birth), &at, &row, NULL), 0);
            assert_int_equal(row->value, age);
            assert_int_equal(at, december);
        }
    }
}

static void every_coefficient_of_2026(void **state)
{
    (void)state;
    static const int64_t hundredths[] = {229, 214, 196, 165, 151, 142, 136, 136, 132, 128,
                                         123, 120, 116, 114, 111, 107, 103, 100, 100};
    for (int32_t year = 2008; year <= 2026; year++) {
        struct paid_history paid = {.n = 1, .runs[0] = {year * 12, 12, 10000000}};
        const struct policy_row *row;
        int64_t average_vnd;
        assert_int_equal(
            history_average(law, &paid, day_of("2026-03-01"), &average_vnd, &row, NULL), 0);
        assert_int_equal(average_vnd, hundredths[year - 2008] * 100000);
        assert_string_equal(row->citation, "Letter 340/BHXH-CSXH of 3 February 2026");
    }
}

static void the_order_of_coefficients_does_not_matter(void **state)
{
    (void)state;
    struct policy_table *table = &law->tables[POLICY_INCOME_COEFFICIENT];
    struct policy_row first = table->rows[0], *last = &table->rows[table->n - 1];
    struct paid_history paid = {.n = 1, .runs[0] = {2020 * 12, 24, 10000000}};
    const struct policy_row *row;
    int64_t average_vnd;
    table->rows[0] = *last;
    *last = first;
    assert_int_equal(policy_check(law, NULL), 0);
    assert_int_equal(history_average(law, &paid, day_of("2026-03-01"), &average_vnd, &row, NULL),
                     0);
    assert_int_equal(average_vnd, 11500000); /* 1.16 and 1.14 */
}

/* Who is born later never retires earlier. */
static void the_age_grows_with_the_month_of_birth(void **state)
{
    (void)state;
    for (int sex = SEX_IS_FEMALE; sex <= SEX_IS_MALE; sex++) {
        int32_t before = 0, at;
        for (int32_t birth = month_of("1950-01"); birth <= month_of("2010-12"); birth++) {
            const struct policy_row *row;
            assert_int_equal(
                pension_age_month(law, (enum sex)sex, month_first_day(birth), &at, &row, NULL), 0);
            assert_true(at > before);
            before = at;
        }
    }
}

static void nobody_retires_beyond_the_calendar(void **state)
{
    (void)state;
    int32_t at;
    const struct policy_row *row;
    struct err err = {0};
    assert_int_equal(pension_age_month(law, SEX_IS_MALE, date_make(2150, 1, 1), &at, &row, &err),
                     -ERANGE);
    assert_string_equal(err.field, "birth_date");
}

/* --- rate --- */

static void expect_rate(enum sex sex, uint32_t years, uint32_t months, int64_t basis_points)
{
    int64_t rate;
    const struct policy_row *row;
    assert_int_equal(
        pension_rate(law, sex, years * 12 + months, day_of("2026-03-01"), &rate, &row, NULL), 0);
    assert_int_equal(rate, basis_points);
}

static void a_woman_with_20_years_gets_55_percent(void **state)
{
    (void)state;
    expect_rate(SEX_IS_FEMALE, 15, 0, 4500);
    expect_rate(SEX_IS_FEMALE, 20, 0, 5500);
}

static void a_man_with_19_years_gets_44_percent(void **state)
{
    (void)state;
    expect_rate(SEX_IS_MALE, 15, 0, 4000);
    expect_rate(SEX_IS_MALE, 19, 0, 4400);
}

static void a_man_with_20_years_gets_45_percent(void **state)
{
    (void)state;
    expect_rate(SEX_IS_MALE, 20, 0, 4500);
    expect_rate(SEX_IS_MALE, 21, 0, 4700);
}

static void a_woman_with_30_years_gets_75_percent(void **state)
{
    (void)state;
    expect_rate(SEX_IS_FEMALE, 29, 0, 7300);
    expect_rate(SEX_IS_FEMALE, 30, 0, 7500);
    expect_rate(SEX_IS_FEMALE, 45, 0, 7500);
}

static void a_man_with_35_years_gets_75_percent(void **state)
{
    (void)state;
    expect_rate(SEX_IS_MALE, 34, 0, 7300);
    expect_rate(SEX_IS_MALE, 35, 0, 7500);
    expect_rate(SEX_IS_MALE, 60, 0, 7500);
}

static void odd_months_are_half_a_year_or_one(void **state)
{
    (void)state;
    expect_rate(SEX_IS_FEMALE, 15, 1, 4600);
    expect_rate(SEX_IS_FEMALE, 15, 6, 4600);
    expect_rate(SEX_IS_FEMALE, 15, 7, 4700);
    expect_rate(SEX_IS_FEMALE, 15, 11, 4700);
    expect_rate(SEX_IS_MALE, 15, 6, 4050);
    expect_rate(SEX_IS_MALE, 19, 6, 4450);
    expect_rate(SEX_IS_MALE, 19, 7, 4500);
}

static void there_is_no_rate_for_too_few_years(void **state)
{
    (void)state;
    int64_t rate;
    const struct policy_row *row;
    struct err err = {0};
    assert_int_equal(
        pension_rate(law, SEX_IS_MALE, 14 * 12 + 6, day_of("2026-03-01"), &rate, &row, &err),
        -ERANGE);
    assert_string_equal(err.field, "on");
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(a_man_born_1961_01_retires_at_60y3m_in_2021_04),
    WITH_POLICY(a_man_born_1964_01_retires_at_61y3m_in_2025_04),
    WITH_POLICY(a_man_born_1965_01_retires_at_61y6m_in_2026_07),
    WITH_POLICY(ages_before_2021_and_after_2035),
    WITH_POLICY(every_age_of_the_table),
    WITH_POLICY(every_coefficient_of_2026),
    WITH_POLICY(the_order_of_coefficients_does_not_matter),
    WITH_POLICY(the_age_grows_with_the_month_of_birth),
    WITH_POLICY(nobody_retires_beyond_the_calendar),
    WITH_POLICY(a_woman_with_20_years_gets_55_percent),
    WITH_POLICY(a_man_with_19_years_gets_44_percent),
    WITH_POLICY(a_man_with_20_years_gets_45_percent),
    WITH_POLICY(a_woman_with_30_years_gets_75_percent),
    WITH_POLICY(a_man_with_35_years_gets_75_percent),
    WITH_POLICY(odd_months_are_half_a_year_or_one),
    WITH_POLICY(there_is_no_rate_for_too_few_years),
};

TEST_MAIN(tests)
