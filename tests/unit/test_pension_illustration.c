#include "tests/support/test.h"

#include <string.h>

#include "tests/support/illustrated.h"
#include "tests/support/said.h"

static void who_joins_early_is_paid_at_the_age(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1990-05-17", 5000000, "2026-03", 0);
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->age_month, month_of("2050-05"));
    assert_int_equal(found->pension_month, month_of("2050-06"));
    assert_int_equal(found->required_years, 15);
    assert_int_equal(found->months, 291); /* 24 years 3 months */
    assert_int_equal(found->rate_basis_points, 6400);
    assert_int_equal(found->average_vnd, 5000000);
    assert_int_equal(found->monthly_vnd, 3200000);
    assert_int_equal(found->lump_vnd, 0);
    assert_int_equal(found->lines.n, 4);
    const struct explain_line *line = found->lines.rows;
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
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->age_month, month_of("2026-07"));
    assert_int_equal(found->months, 180);
    assert_int_equal(found->pension_month, month_of("2041-08"));
    assert_int_equal(found->rate_basis_points, 4000);
    assert_int_equal(found->monthly_vnd, 2000000);
}

static void past_incomes_are_raised_by_their_years(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_MALE, "1964-01-01", 3000000, "2026-03", 180);
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->pension_month, month_of("2026-03"));
    assert_int_equal(found->months, 180);
    /* 10 x 1.65 of 2011, 12 x 17.19 of 2012 to 2025, 2 x 1 of 2026: 224.78 */
    assert_int_equal(found->average_vnd, 3746333);
    assert_int_equal(found->monthly_vnd, 1498533);
}

static void years_above_bring_a_lump_sum(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1994-05-17", 5000000, "2026-03", 60);
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->months, 399); /* 33 years 3 months: 33.5 */
    assert_int_equal(found->rate_basis_points, 7500);
    assert_int_equal(found->average_vnd, 5049123);
    assert_int_equal(found->monthly_vnd, 3786842);
    assert_int_equal(found->lump_vnd, 8835965);
    assert_string_equal(said(&found->lines.rows[4]), "once: 50 % x 5,049,123 x 3.5 years above 30");
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct illustration_request good = person(SEX_IS_MALE, "1985-05-17", 5000000, "2026-03", 12);
    struct illustration_request bad = good;
    (void)illustrate(&good);
    bad.sex = SEX_UNKNOWN;
    expect_refused(bad, "sex", "want SEX_FEMALE or SEX_MALE");
    bad = good;
    bad.sex = (enum sex)3;
    expect_refused(bad, "sex", "want SEX_FEMALE or SEX_MALE");
    bad = good;
    bad.income_vnd = 1499999;
    expect_refused(bad, "income_vnd", "too low: from 1,500,000 to 46,800,000");
    bad.income_vnd = INT64_MAX;
    expect_refused(bad, "income_vnd", "too high: from 1,500,000 to 46,800,000");
    bad = good;
    bad.paid_months = 721;
    expect_refused(bad, "paid_months", "at most 720");
    bad.paid_months = UINT32_MAX;
    expect_refused(bad, "paid_months", "at most 720");
    bad.paid_months = 219; /* December 2007: there was no voluntary insurance */
    expect_refused(bad, "paid_months", "2007-12: the tables have no");
    bad.paid_months = 218;
    (void)illustrate(&bad);
    bad = good;
    bad.start_month = month_of("2076-04");
    expect_refused(bad, "start_month", "from 2000-05 to 2076-03");
    bad.start_month = month_of("1976-02");
    expect_refused(bad, "start_month", "from 2000-05 to 2076-03");
    bad = person(SEX_IS_MALE, "2012-05-17", 5000000, "2027-04", 0);
    expect_refused(bad, "start_month", "from 2027-05 to 2076-03");
    bad.start_month = month_of("2027-05");
    (void)illustrate(&bad);
    bad = good;
    bad.on_day = day_of("2015-12-31");
    expect_refused(bad, "on", "2015-12-31");
    bad.on_day = day_of("2025-12-31");
    (void)illustrate(&bad);
    bad.paid_months = 24; /* the tables of 2025 are not known, so nothing of 2024 is */
    expect_refused(bad, "paid_months", "have no coefficient for 2024");
}

static void the_next_year_is_illustrated_before_its_coefficients_come(void **state)
{
    (void)state;
    struct illustration_request request = person(SEX_IS_MALE, "1985-05-17", 5000000, "2027-01", 12);
    request.on_day = day_of("2027-01-15");
    assert_int_equal(illustrate(&request)->average_vnd, 5000000);
}

/* --- early joiners --- */

static struct illustration_request early_joiner(void)
{
    return person(SEX_IS_FEMALE, "1975-05-17", 5000000, "2026-03", 206); /* since 2009-01 */
}

static void who_joined_before_2021_and_paid_20_years_retires_at_55(void **state)
{
    (void)state;
    struct illustration_request request = early_joiner();
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->age_month, month_of("2030-05"));
    assert_int_equal(found->pension_month, month_of("2030-06"));
    assert_int_equal(found->required_years, 20);
    assert_int_equal(found->months, 257);
    assert_int_equal(found->rate_basis_points, 5800);
    assert_int_equal(found->average_vnd, 6386770);
    expect_line(&found->lines, 0, "retirement_age", 0,
                "55 years 0 months, reached in 2030-05, for who joined on 2009-01-01 and pays 20 "
                "years");
    assert_string_equal(found->lines.rows[0].row->citation, "Law 41/2024/QH15, article 141(9)");
    assert_string_equal(found->lines.rows[1].row->citation, "Law 41/2024/QH15, article 141(9)");
}

static void a_man_who_joined_early_retires_at_60(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_MALE, "1969-04-02", 5000000, "2026-03", 206);
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->age_month, month_of("2029-04"));
    assert_int_equal(found->pension_month, month_of("2029-05"));
    assert_int_equal(found->required_years, 20);
}

static void the_day_of_joining_decides(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1978-05-17", 5000000, "2026-03", 0);
    request.history.n = 1;
    request.history.runs[0] = (struct paid_run){month_of("2021-01"), 62, 5000000};
    assert_int_equal(illustrate(&request)->pension_month, month_of("2038-06"));
    /* 20 years are full in December 2040: the usual age comes first */
    request.joined_day = day_of("2020-12-31");
    assert_int_equal(illustrate(&request)->required_years, 15);
    request.birth_day = day_of("1984-05-17");
    assert_int_equal(illustrate(&request)->pension_month, month_of("2041-01"));
    assert_int_equal(illustrate(&request)->required_years, 20);
    request.joined_day = day_of("2021-01-01");
    assert_int_equal(illustrate(&request)->pension_month, month_of("2044-06"));
    assert_int_equal(illustrate(&request)->required_years, 15);
    request.joined_day = day_of("2021-02-01");
    expect_refused(request, "joined_on", "to 2021-01-31");
    request.joined_day = day_of("1999-04-30");
    expect_refused(request, "joined_on", "from 1999-05-01");
}

static void before_july_2025_joining_early_made_no_difference(void **state)
{
    (void)state;
    struct illustration_request request = early_joiner();
    request.on_day = day_of("2025-06-30");
    request.paid_months = 0;
    request.joined_day = day_of("2009-01-01");
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->age_month, month_of("2035-05"));
    assert_string_equal(found->lines.rows[1].row->citation, "Law 58/2014/QH13, article 73(1)");
}

static void early_joiners_who_come_no_earlier_are_like_all(void **state)
{
    (void)state;
    struct illustration_request request = early_joiner();
    request.birth_day = day_of("1968-05-17"); /* 20 years would last until 2028-12 */
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->required_years, 15);
    assert_int_equal(found->age_month, month_of("2024-09"));
    assert_int_equal(found->pension_month, month_of("2026-03"));
}

/* --- ages --- */

static void who_is_14_is_told_so(void **state)
{
    (void)state;
    struct illustration_request bad = person(SEX_IS_FEMALE, "2011-05-17", 1500000, "2026-03", 0);
    expect_refused(bad, "start_month", "from 2026-05 to 2076-03 (Law 41/2024/QH15, article 2(4))");
    bad.start_month = 0;
    expect_refused(bad, "birth_date", "14 years old, must be at least 15 (Law 41/2024/QH15");
    bad.start_month = month_of("2026-05");
    assert_int_equal(illustrate(&bad)->pension_month, month_of("2071-06"));
    bad.birth_day = day_of("2026-03-02");
    expect_refused(bad, "birth_date", "after the day");
    bad.birth_day = day_of("1906-03-01");
    bad.start_month = 0;
    (void)illustrate(&bad);
    bad.birth_day = day_of("1905-02-28");
    expect_refused(bad, "birth_date", "121 years old, want at most 120");
}

/* --- the rest --- */

static const struct benefit *benefit_of(const struct illustration *found, enum benefit_kind kind)
{
    for (size_t i = 0; i < found->n_benefits; i++)
        if (found->benefits[i].kind == kind)
            return &found->benefits[i];
    fail_msg("no benefit %d", (int)kind);
    return NULL;
}

static void every_benefit_is_told(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1990-05-17", 5000000, "2026-03", 0);
    const struct illustration *found = illustrate(&request);
    static const struct {
        enum benefit_kind kind;
        const char *from;
        int64_t amount_vnd;
    } want[] = {
        {BENEFIT_IS_MATERNITY, "2026-09", 2000000},
        {BENEFIT_IS_FUNERAL, "2031-02", 23400000},
        {BENEFIT_IS_SURVIVOR, "2026-03", 245000000}, /* 24.5 years x 2 x 5,000,000 */
        {BENEFIT_IS_SURVIVOR_OF_PENSIONER, "2050-06", 48 * 3200000LL},
        {BENEFIT_IS_ONE_OFF, NULL, 245000000 - 120 * 66000},
        {BENEFIT_IS_SOCIAL_PENSION, "2065-05", 500000},
        {BENEFIT_IS_HEALTH_INSURANCE, "2050-06", 0},
    };
    assert_int_equal(found->n_benefits, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        const struct benefit *benefit = benefit_of(found, want[i].kind);
        assert_int_equal(benefit->from_month, want[i].from == NULL ? 0 : month_of(want[i].from));
        assert_int_equal(benefit->amount_vnd, want[i].amount_vnd);
        assert_false(benefit->is_met);
        assert_true(benefit->lines.n > 0);
        for (size_t k = 0; k < benefit->lines.n; k++)
            assert_true(strlen(benefit->lines.rows[k].row->citation) > 0);
    }
    assert_int_equal(found->assumptions.n, 5);
    assert_string_equal(said(&found->assumptions.rows[0]), "by the rules of 2026-03-01");
    assert_string_equal(said_vi(&found->assumptions.rows[4]),
                        "chỉ để minh họa, không phải là cam kết chi trả");
}

static void before_july_2025_there_were_20_years_and_fewer_benefits(void **state)
{
    (void)state;
    struct illustration_request request = person(SEX_IS_MALE, "1990-05-17", 5000000, "2025-06", 0);
    request.on_day = day_of("2025-06-30");
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->required_years, 20);
    assert_string_equal(found->lines.rows[1].row->citation, "Law 58/2014/QH13, article 73(1)");
    assert_int_equal(found->n_benefits, 0);
    assert_int_equal(found->missing.months, 0);
    request.on_day = day_of("2025-07-01");
    assert_int_equal(illustrate(&request)->required_years, 15);
}

/* Shares for 20 years: 45 % at 15 years for all until 2017, then later for men each year. */
static void shares_of_the_years_before_2022(void **state)
{
    (void)state;
    static const struct {
        const char *day;
        int64_t man, woman;
    } cases[] = {
        {"2016-01-01", 5500, 6000}, {"2017-12-31", 5500, 6000}, {"2018-01-01", 5300, 5500},
        {"2019-06-01", 5100, 5500}, {"2020-06-01", 4900, 5500}, {"2021-06-01", 4700, 5500},
        {"2022-06-01", 4500, 5500}, {"2025-06-30", 4500, 5500}, {"2025-07-01", 4500, 5500},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct policy_row *row;
        int64_t man, woman;
        int32_t day = day_of(cases[i].day);
        assert_int_equal(pension_rate(law, SEX_IS_MALE, 240, day, &man, &row, NULL), 0);
        assert_int_equal(pension_rate(law, SEX_IS_FEMALE, 240, day, &woman, &row, NULL), 0);
        assert_int_equal(man, cases[i].man);
        assert_int_equal(woman, cases[i].woman);
    }
}

static void years_paid_after_the_age_bring_four_times_as_much(void **state)
{
    (void)state;
    /* a woman whose age was reached in 2040-01 has 32 years in 2040-12 */
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1980-01-10", 5000000, "2041-01", 0);
    request.on_day = day_of("2041-01-15");
    request.history.n = 1;
    request.history.runs[0] = (struct paid_run){month_of("2027-01"), 168, 5000000};
    (void)illustrate(&request);
    struct explain_lines lines = {0};
    struct pension_lump_request lump = {SEX_IS_FEMALE, 32 * 12, 12, request.on_day, 5000000};
    int64_t vnd;
    assert_int_equal(pension_lump(law, &lump, &lines, &vnd, NULL), 0);
    /* the 31st year before the age 0.5, the 32nd after it 2 */
    assert_int_equal(vnd, 2500000 + 10000000);
    expect_line(&lines, 0, "lump_sum", 2500000, "once: 50 % x 5,000,000 x 1 years above 30");
    expect_line(&lines, 1, "lump_sum", 10000000,
                "once: 200 % x 5,000,000 x 1 years above 30, paid after the retirement age");
    lines.n = 0;
    lump = (struct pension_lump_request){SEX_IS_MALE, 36 * 12, 36, request.on_day, 5000000};
    assert_int_equal(pension_lump(law, &lump, &lines, &vnd, NULL), 0);
    assert_int_equal(vnd, 10000000); /* only one of the three late years is above 35 */
    lines.n = 0;
    lump.months = 35 * 12;
    assert_int_equal(pension_lump(law, &lump, &lines, &vnd, NULL), 0);
    assert_int_equal(vnd, 0);
    assert_int_equal(lines.n, 0);
}

static const struct CMUnitTest tests[] = {
    WITH_LAW(who_joins_early_is_paid_at_the_age),
    WITH_LAW(who_joins_late_pays_15_years),
    WITH_LAW(past_incomes_are_raised_by_their_years),
    WITH_LAW(years_above_bring_a_lump_sum),
    WITH_LAW(what_makes_no_sense_is_refused),
    WITH_LAW(the_next_year_is_illustrated_before_its_coefficients_come),
    WITH_LAW(who_joined_before_2021_and_paid_20_years_retires_at_55),
    WITH_LAW(a_man_who_joined_early_retires_at_60),
    WITH_LAW(the_day_of_joining_decides),
    WITH_LAW(before_july_2025_joining_early_made_no_difference),
    WITH_LAW(early_joiners_who_come_no_earlier_are_like_all),
    WITH_LAW(who_is_14_is_told_so),
    WITH_LAW(every_benefit_is_told),
    WITH_LAW(before_july_2025_there_were_20_years_and_fewer_benefits),
    WITH_LAW(shares_of_the_years_before_2022),
    WITH_LAW(years_paid_after_the_age_bring_four_times_as_much),
};

TEST_MAIN(tests)
