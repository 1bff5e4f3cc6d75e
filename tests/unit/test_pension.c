#include "tests/support/test.h"
#include "tests/support/said.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/pension.h"
#include "common/service/policy.h"

static struct policy *policy;

static int policy_open(void **state)
{
    (void)state;
    return policy_load("deploy/policy", &policy, NULL);
}

static int policy_close(void **state)
{
    (void)state;
    policy_destroy(&policy);
    return 0;
}

static int32_t on(const char *date)
{
    int32_t day = 0;
    assert_int_equal(date_parse(date, &day), 0);
    return day;
}

static int32_t month(const char *text)
{
    int32_t value = 0;
    assert_int_equal(month_parse(text, &value), 0);
    return value;
}

/* --- retirement age --- */

static void expect_age(enum sex sex, const char *birth, int64_t age_months, const char *reached)
{
    int32_t at;
    const struct policy_row *row;
    assert_int_equal(pension_age_month(policy, sex, on(birth), &at, &row, NULL), 0);
    assert_int_equal(row->value, age_months);
    assert_int_equal(at, month(reached));
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

/* Who is born later never retires earlier. */
static void the_age_grows_with_the_month_of_birth(void **state)
{
    (void)state;
    for (int sex = SEX_IS_FEMALE; sex <= SEX_IS_MALE; sex++) {
        int32_t before = 0, at;
        for (int32_t birth = month("1950-01"); birth <= month("2010-12"); birth++) {
            const struct policy_row *row;
            assert_int_equal(
                pension_age_month(policy, (enum sex)sex, month_first_day(birth), &at, &row, NULL),
                0);
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
    assert_int_equal(pension_age_month(policy, SEX_IS_MALE, date_make(2150, 1, 1), &at, &row, &err),
                     -ERANGE);
    assert_string_equal(err.field, "birth_date");
}

/* --- rate --- */

static void expect_rate(enum sex sex, uint32_t years, uint32_t months, int64_t basis_points)
{
    int64_t rate;
    const struct policy_row *row;
    assert_int_equal(
        pension_rate(policy, sex, years * 12 + months, on("2026-03-01"), &rate, &row, NULL), 0);
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
        pension_rate(policy, SEX_IS_MALE, 14 * 12 + 6, on("2026-03-01"), &rate, &row, &err),
        -ERANGE);
    assert_string_equal(err.field, "on");
}

/* --- illustration --- */

static struct illustration_request person(enum sex sex, const char *birth, int64_t income_vnd,
                                          const char *start, uint32_t paid_months)
{
    return (struct illustration_request){.sex = sex,
                                         .birth_day = on(birth),
                                         .on_day = on("2026-03-01"),
                                         .income_vnd = income_vnd,
                                         .start_month = month(start),
                                         .paid_months = paid_months};
}

static struct illustration illustrate(const struct illustration_request *request)
{
    struct illustration found;
    struct err err = {0};
    if (pension_illustrate(policy, request, &found, &err) != 0)
        fail_msg("refused: %s: %s", err.field, err.text);
    for (size_t i = 0; i < found.lines.n; i++)
        assert_int_not_equal(found.lines.rows[i].row->citation[0], '\0');
    return found;
}

static void who_joins_early_is_paid_at_the_age(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1990-05-17", 5000000, "2026-03", 0);
    struct illustration found = illustrate(&request);
    assert_int_equal(found.age_month, month("2050-05"));
    assert_int_equal(found.pension_month, month("2050-06"));
    assert_int_equal(found.required_years, 15);
    assert_int_equal(found.months, 291); /* 24 years 3 months */
    assert_int_equal(found.rate_basis_points, 6400);
    assert_int_equal(found.average_vnd, 5000000);
    assert_int_equal(found.monthly_vnd, 3200000);
    assert_int_equal(found.lump_vnd, 0);
    assert_int_equal(found.lines.n, 4);
    const struct explain_line *line = found.lines.rows;
    assert_string_equal(said(&line[0]), "60 years 0 months, reached in 2050-05");
    assert_string_equal(line[0].row->citation, "Labour Code 45/2019/QH14, article 169(2)");
    assert_string_equal(said(&line[1]),
                        "at least 15 years; 24 years 3 months are paid at the end of 2050-05");
    assert_string_equal(explain_key(line[3].text), "pension");
    assert_string_equal(said(&line[3]), "64 % x 5,000,000 a month");
    assert_int_equal(line[3].amount_vnd, 3200000);
}

static void who_joins_late_pays_15_years(void **state)
{
    (void)state;
    struct illustration_request request = person(SEX_IS_MALE, "1965-01-01", 5000000, "2026-08", 0);
    struct illustration found = illustrate(&request);
    assert_int_equal(found.age_month, month("2026-07"));
    assert_int_equal(found.months, 180);
    assert_int_equal(found.pension_month, month("2041-08"));
    assert_int_equal(found.rate_basis_points, 4000);
    assert_int_equal(found.monthly_vnd, 2000000);
}

static void past_incomes_are_raised_by_their_years(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_MALE, "1964-01-01", 3000000, "2026-03", 180);
    struct illustration found = illustrate(&request);
    assert_int_equal(found.pension_month, month("2026-03"));
    assert_int_equal(found.months, 180);
    /* 10 x 1.65 of 2011, 12 x 17.19 of 2012 to 2025, 2 x 1 of 2026: 224.78 */
    assert_int_equal(found.average_vnd, 3746333);
    assert_int_equal(found.monthly_vnd, 1498533);
}

static void years_above_bring_a_lump_sum(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1994-05-17", 5000000, "2026-03", 60);
    struct illustration found = illustrate(&request);
    assert_int_equal(found.months, 399); /* 33 years 3 months: 33.5 */
    assert_int_equal(found.rate_basis_points, 7500);
    assert_int_equal(found.average_vnd, 5049123);
    assert_int_equal(found.monthly_vnd, 3786842);
    assert_int_equal(found.lump_vnd, 8835965);
    assert_string_equal(said(&found.lines.rows[4]), "once: 50 % x 5,049,123 x 3.5 years above 30");
}

static void expect_refused(struct illustration_request request, const char *field)
{
    struct illustration found;
    struct err err = {0};
    assert_true(pension_illustrate(policy, &request, &found, &err) < 0);
    assert_string_equal(err.field, field);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct illustration_request good = person(SEX_IS_MALE, "1985-05-17", 5000000, "2026-03", 12);
    struct illustration_request bad = good;
    (void)illustrate(&good);
    bad.sex = SEX_UNKNOWN;
    expect_refused(bad, "sex");
    bad = good;
    bad.sex = (enum sex)3;
    expect_refused(bad, "sex");
    bad = good;
    bad.income_vnd = 1499999;
    expect_refused(bad, "income_vnd");
    bad.income_vnd = INT64_MAX;
    expect_refused(bad, "income_vnd");
    bad = good;
    bad.paid_months = 721;
    expect_refused(bad, "paid_months");
    bad.paid_months = UINT32_MAX;
    expect_refused(bad, "paid_months");
    bad.paid_months = 219; /* December 2007: there was no voluntary insurance */
    expect_refused(bad, "paid_months");
    bad.paid_months = 218;
    (void)illustrate(&bad);
    bad = good;
    bad.start_month = month("2076-04");
    expect_refused(bad, "start_month");
    bad.start_month = month("1976-02");
    expect_refused(bad, "start_month");
    bad = person(SEX_IS_MALE, "2012-05-17", 5000000, "2027-04", 0);
    expect_refused(bad, "start_month");
    bad.start_month = month("2027-05");
    (void)illustrate(&bad);
    bad = good;
    bad.on_day = on("2025-12-31");
    expect_refused(bad, "on");
}

static void the_next_year_is_illustrated_before_its_coefficients_come(void **state)
{
    (void)state;
    struct illustration_request request = person(SEX_IS_MALE, "1985-05-17", 5000000, "2027-01", 12);
    request.on_day = on("2027-01-15");
    assert_int_equal(illustrate(&request).average_vnd, 5000000);
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, policy_open, policy_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(a_man_born_1961_01_retires_at_60y3m_in_2021_04),
    WITH_POLICY(a_man_born_1964_01_retires_at_61y3m_in_2025_04),
    WITH_POLICY(a_man_born_1965_01_retires_at_61y6m_in_2026_07),
    WITH_POLICY(ages_before_2021_and_after_2035),
    WITH_POLICY(the_age_grows_with_the_month_of_birth),
    WITH_POLICY(nobody_retires_beyond_the_calendar),
    WITH_POLICY(a_woman_with_20_years_gets_55_percent),
    WITH_POLICY(a_man_with_19_years_gets_44_percent),
    WITH_POLICY(a_man_with_20_years_gets_45_percent),
    WITH_POLICY(a_woman_with_30_years_gets_75_percent),
    WITH_POLICY(a_man_with_35_years_gets_75_percent),
    WITH_POLICY(odd_months_are_half_a_year_or_one),
    WITH_POLICY(there_is_no_rate_for_too_few_years),
    WITH_POLICY(who_joins_early_is_paid_at_the_age),
    WITH_POLICY(who_joins_late_pays_15_years),
    WITH_POLICY(past_incomes_are_raised_by_their_years),
    WITH_POLICY(years_above_bring_a_lump_sum),
    WITH_POLICY(what_makes_no_sense_is_refused),
    WITH_POLICY(the_next_year_is_illustrated_before_its_coefficients_come),
};

TEST_MAIN(tests)
