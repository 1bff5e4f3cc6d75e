/* What contributions bring besides the pension: every number of the law once. */
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "tests/support/illustrated.h"
#include "tests/support/said.h"

static struct paid_history history_of(const char *from, uint32_t months, int64_t income_vnd)
{
    return (struct paid_history){.n = 1, .runs[0] = {month_of(from), months, income_vnd}};
}

/* Whether a line of the key says so. */
static int says(const struct benefit *benefit, const char *key, const char *words)
{
    for (size_t i = 0; i < benefit->lines.n; i++)
        if (strcmp(explain_key(benefit->lines.rows[i].text), key) == 0 &&
            strstr(said(&benefit->lines.rows[i]), words) != NULL)
            return 1;
    return 0;
}

/* --- maternity --- */

static struct benefit maternity(const struct paid_history *paid, const char *on, uint32_t children)
{
    struct benefit found;
    assert_int_equal(benefit_maternity(law, paid, day_of(on), children, &found, NULL), 0);
    return found;
}

static void a_child_brings_2_000_000(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2025-07", 12, 1500000);
    struct benefit found = maternity(&paid, "2026-07-15", 1);
    assert_int_equal(found.amount_vnd, 2000000);
    assert_true(found.is_met);
    expect_line(&found.lines, 0, "maternity", 2000000, "2,000,000 for each child, children: 1");
    assert_string_equal(found.lines.rows[0].row->citation, "Law 41/2024/QH15, article 95");
    assert_int_equal(maternity(&paid, "2026-07-15", 2).amount_vnd, 4000000); /* twins */
}

static void six_of_the_twelve_months_before_the_birth_must_be_paid(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2026-01", 6, 1500000);
    struct benefit found = maternity(&paid, "2026-06-30", 1);
    assert_false(found.is_met);
    assert_int_equal(found.from_month, month_of("2026-07"));
    assert_true(says(&found, "condition", "not met: 5 months paid in the 12 months before"));
    assert_true(says(&found, "condition", "met from 2026-07 on"));
    assert_true(maternity(&paid, "2026-07-01", 1).is_met);
    assert_true(maternity(&paid, "2027-01-31", 1).is_met);
    found = maternity(&paid, "2027-02-01", 1); /* January has left the twelve */
    assert_false(found.is_met);
    assert_int_equal(found.from_month, 0);
    assert_false(says(&found, "condition", "met from"));
    paid.n = 0;
    assert_int_equal(maternity(&paid, "2026-07-01", 1).from_month, 0);
}

static void maternity_is_filed_in_60_days_and_settled_in_5(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2026-01", 6, 1500000);
    struct benefit found = maternity(&paid, "2026-07-01", 1);
    assert_true(says(&found, "procedure", "within 60 days of the birth"));
    assert_true(says(&found, "procedure", "settled within 5 working days"));
    assert_true(says(&found, "condition", "only one of two parents"));
}

/* --- funeral --- */

static struct benefit funeral(uint32_t months, const char *on, int is_pensioner)
{
    struct benefit found;
    struct paid_history paid = history_of("2021-01", months, 1500000);
    assert_int_equal(benefit_funeral(law, &paid, day_of(on), is_pensioner, &found, NULL), 0);
    return found;
}

static void a_funeral_brings_10_reference_levels(void **state)
{
    (void)state;
    assert_int_equal(funeral(60, "2026-06-30", 0).amount_vnd, 23400000);
    struct benefit found = funeral(60, "2026-07-01", 0);
    assert_int_equal(found.amount_vnd, 25300000);
    expect_line(&found.lines, 0, "funeral", 25300000, "10 times the reference level of 2,530,000");
}

static void a_funeral_needs_60_months_or_a_pension(void **state)
{
    (void)state;
    assert_true(funeral(60, "2026-03-01", 0).is_met);
    struct benefit found = funeral(59, "2026-03-01", 0);
    assert_false(found.is_met);
    assert_int_equal(found.from_month, 0);
    assert_true(says(&found, "condition", "not met: 59 months paid, at least 60 months"));
    found = funeral(70, "2025-12-31", 0); /* the 60th is December's */
    assert_false(found.is_met);
    assert_int_equal(found.from_month, month_of("2025-12"));
    found = funeral(0, "2026-03-01", 1);
    assert_true(found.is_met);
    assert_true(says(&found, "condition", "met: draws a pension"));
}

/* --- survivors --- */

static struct benefit survivor(const struct paid_history *paid, const char *on)
{
    struct benefit found;
    struct err err = {0};
    if (benefit_survivor(law, paid, day_of(on), &found, &err) != 0)
        fail_msg("%s: %s", err.field, err.text);
    return found;
}

static void survivors_get_1_5_before_2014_and_2_since(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2012-01", 72, 5000000);
    struct benefit found = survivor(&paid, "2026-03-01");
    /* 2012 1.51, 2013 1.42, 2014 and 2015 1.36, 2016 1.32, 2017 1.28: 1.375 on average */
    assert_int_equal(found.amount_vnd, 6875000LL * (3 + 8));
    expect_line(&found.lines, 0, "survivor", 20625000,
                "1.50 x 6,875,000 x 2 years paid since 2008-01-01");
    expect_line(&found.lines, 1, "survivor", 55000000,
                "2.00 x 6,875,000 x 4 years paid since 2014-01-01");
    assert_true(found.is_met);
}

/* 19 months before 2014 are a year, the 7 others go to the 50 since: 57 months, 5 years. */
static void odd_months_before_2014_go_to_the_years_since(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2012-06", 69, 5000000);
    struct benefit found = survivor(&paid, "2026-03-01");
    assert_int_equal(found.lines.rows[0].operands[2].value, 2); /* half years */
    assert_int_equal(found.lines.rows[1].operands[2].value, 10);
    paid = history_of("2008-01", 67, 5000000); /* none since: they stay */
    found = survivor(&paid, "2026-03-01");
    assert_int_equal(found.lines.n, 1);
    assert_int_equal(found.lines.rows[0].operands[2].value, 12); /* 5 years 7 months: 6 */
}

/* A law of more periods than a sum has lines is refused, and ends no process. */
static void more_periods_than_lines_are_refused(void **state)
{
    (void)state;
    struct policy_table *table = &law->tables[POLICY_SURVIVOR_SHARE];
    struct paid_history paid = history_of("2012-01", 120, 5000000);
    struct benefit found;
    struct err err = {0};
    for (int year = 2015; year <= 2018; year++) {
        table->rows[table->n - 1].to_day = date_make(year, 1, 1) - 1;
        table->rows[table->n] = table->rows[table->n - 1];
        table->rows[table->n].from_day = date_make(year, 1, 1);
        table->rows[table->n++].to_day = INT32_MAX;
        if (year == 2016)
            assert_int_equal(survivor(&paid, "2026-03-01").lines.n, 4);
    }
    assert_int_equal(policy_check(law, NULL), 0);
    assert_int_equal(benefit_survivor(law, &paid, day_of("2026-03-01"), &found, &err), -ERANGE);
    assert_string_equal(err.field, "on");
}

static void under_60_months_survivors_get_what_was_paid(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2021-04", 59, 1500000);
    struct benefit found = survivor(&paid, "2026-03-01");
    assert_int_equal(found.amount_vnd, 59 * 330000);
    assert_true(says(&found, "survivor", "what was paid in 59 months, fewer than 60 months"));
    paid.runs[0].months = 60;
    found = survivor(&paid, "2026-03-01");
    assert_int_equal(found.lines.rows[0].operands[0].value, 200);
    assert_int_equal(found.lines.rows[0].operands[2].value, 10);
    paid.n = 0;
    found = survivor(&paid, "2026-03-01");
    assert_int_equal(found.amount_vnd, 0);
    assert_false(found.is_met);
}

static int64_t pensioners_halves(uint32_t months_drawn)
{
    struct benefit found;
    assert_int_equal(benefit_survivor_of_pensioner(law, 2000000, months_drawn, day_of("2026-03-01"),
                                                   &found, NULL),
                     0);
    assert_int_equal(found.amount_vnd, 1000000 * found.lines.rows[0].operands[0].value);
    return found.lines.rows[0].operands[0].value;
}

static void a_pensioners_family_gets_48_pensions_and_half_less_each_month(void **state)
{
    (void)state;
    assert_int_equal(pensioners_halves(0), 96);
    assert_int_equal(pensioners_halves(1), 96);
    assert_int_equal(pensioners_halves(2), 96);
    assert_int_equal(pensioners_halves(3), 95);
    assert_int_equal(pensioners_halves(12), 86);
    assert_int_equal(pensioners_halves(91), 7);
    assert_int_equal(pensioners_halves(92), 6); /* 3 pensions */
    assert_int_equal(pensioners_halves(93), 6);
    assert_int_equal(pensioners_halves(600), 6);
    assert_int_equal(pensioners_halves(UINT32_MAX), 6);
    struct benefit found;
    assert_int_equal(
        benefit_survivor_of_pensioner(law, 2000000, 3, day_of("2026-03-01"), &found, NULL), 0);
    expect_line(&found.lines, 0, "survivor", 95000000,
                "47.5 months of the pension of 2,000,000, after 3 months of it");
    assert_string_equal(said_vi(&found.lines.rows[0]),
                        "47,5 tháng lương hưu x 2.000.000, khi đã hưởng 3 tháng");
}

/* --- one-off --- */

static int is_reason[ONE_OFF_REASONS];

static struct benefit one_off(struct one_off_request request, enum sex sex, const char *birth,
                              const char *on)
{
    struct benefit found;
    struct err err = {0};
    struct pension_terms terms;
    request.on_day = day_of(on);
    request.terms = &terms;
    assert_int_equal(pension_terms(law, sex, day_of(birth), request.on_day, &terms, NULL), 0);
    if (benefit_one_off(law, &request, is_reason, &found, &err) != 0)
        fail_msg("%s: %s", err.field, err.text);
    return found;
}

static void all_is_paid_back_at_1_5_and_2_without_the_support(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2012-01", 72, 5000000);
    struct one_off_request request = {.paid = &paid, .support_vnd = 1000000};
    struct benefit found = one_off(request, SEX_IS_FEMALE, "1985-05-17", "2026-03-01");
    assert_int_equal(found.amount_vnd, 6875000LL * 11 - 1000000);
    assert_true(says(&found, "state_support", "is not paid back"));
    assert_true(says(&found, "procedure", "settled within 7 working days"));
    assert_true(says(&found, "monthly_allowance", "may be chosen instead"));
    request.is_ill = 1;
    assert_int_equal(one_off(request, SEX_IS_FEMALE, "1985-05-17", "2026-03-01").amount_vnd,
                     6875000LL * 11);
    request.is_ill = 0;
    request.incapacity_basis_points = 8100;
    assert_int_equal(one_off(request, SEX_IS_FEMALE, "1985-05-17", "2026-03-01").amount_vnd,
                     6875000LL * 11);
    request.incapacity_basis_points = 8099;
    assert_int_equal(one_off(request, SEX_IS_FEMALE, "1985-05-17", "2026-03-01").amount_vnd,
                     6875000LL * 11 - 1000000);
}

static void less_than_a_year_brings_what_was_paid_and_2_averages_at_most(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2026-01", 9, 1500000);
    struct one_off_request request = {.paid = &paid};
    assert_int_equal(one_off(request, SEX_IS_FEMALE, "1985-05-17", "2026-11-01").amount_vnd,
                     9 * 330000);
    paid.runs[0].months = 10; /* 2.2 incomes */
    assert_int_equal(one_off(request, SEX_IS_FEMALE, "1985-05-17", "2026-11-01").amount_vnd,
                     3000000);
    paid.runs[0].months = 12;
    assert_int_equal(one_off(request, SEX_IS_FEMALE, "1985-05-17", "2027-01-01").amount_vnd,
                     3000000);
    paid.n = 0;
    assert_int_equal(one_off(request, SEX_IS_FEMALE, "1985-05-17", "2026-11-01").amount_vnd, 0);
    paid.n = 1;
    paid.runs[0].months = 2;
    request.support_vnd = 999999999; /* never negative */
    assert_int_equal(one_off(request, SEX_IS_FEMALE, "1985-05-17", "2026-11-01").amount_vnd, 0);
}

static void at_the_retirement_age_with_fewer_than_15_years(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2012-01", 150, 5000000);
    struct one_off_request request = {.paid = &paid};
    (void)one_off(request, SEX_IS_MALE, "1965-01-01", "2026-06-30");
    assert_false(is_reason[ONE_OFF_AGE]);
    struct benefit found = one_off(request, SEX_IS_MALE, "1965-01-01", "2026-07-01");
    assert_true(is_reason[ONE_OFF_AGE]);
    assert_true(found.is_met);
    assert_true(says(&found, "reason",
                     "yes: old enough since 2026-07, 12 years 6 months paid, not 15 years"));
    paid.runs[0] = (struct paid_run){month_of("2011-07"), 180, 5000000};
    (void)one_off(request, SEX_IS_MALE, "1965-01-01", "2026-07-01");
    assert_false(is_reason[ONE_OFF_AGE]);
    paid.runs[0].months = 179;
    (void)one_off(request, SEX_IS_MALE, "1965-01-01", "2026-07-01");
    assert_true(is_reason[ONE_OFF_AGE]);
}

static void who_paid_before_july_2025_and_stopped_for_12_months(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2025-01", 12, 5000000);
    struct one_off_request request = {.paid = &paid};
    (void)one_off(request, SEX_IS_MALE, "1990-01-01", "2026-12-31");
    assert_false(is_reason[ONE_OFF_STOPPED]); /* December 2025 is within the twelve */
    struct benefit found = one_off(request, SEX_IS_MALE, "1990-01-01", "2027-01-01");
    assert_true(is_reason[ONE_OFF_STOPPED]);
    assert_true(says(&found, "reason", "yes: paid before 2025-07-01, not in the last 12 months"));
    paid.runs[0] = (struct paid_run){month_of("2025-07"), 6, 5000000};
    (void)one_off(request, SEX_IS_MALE, "1990-01-01", "2027-01-01");
    assert_false(is_reason[ONE_OFF_STOPPED]); /* paid nothing before */
    paid.runs[0] = (struct paid_run){month_of("2008-01"), 240, 5000000};
    (void)one_off(request, SEX_IS_MALE, "1990-01-01", "2030-01-01");
    assert_false(is_reason[ONE_OFF_STOPPED]); /* 20 years are too many */
    paid.runs[0].months = 239;
    (void)one_off(request, SEX_IS_MALE, "1990-01-01", "2030-01-01");
    assert_true(is_reason[ONE_OFF_STOPPED]);
}

static void emigration_disease_and_81_percent_are_what_the_person_says(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2025-01", 12, 5000000);
    struct one_off_request request = {.paid = &paid};
    struct benefit found = one_off(request, SEX_IS_MALE, "1990-01-01", "2026-03-01");
    assert_false(found.is_met);
    assert_true(says(&found, "reason", "who settles abroad"));
    assert_true(says(&found, "reason", "one of the listed diseases"));
    assert_true(says(&found, "reason", "who lost 81 % or more"));
    request.emigrates = 1;
    assert_true(one_off(request, SEX_IS_MALE, "1990-01-01", "2026-03-01").is_met);
    assert_true(is_reason[ONE_OFF_EMIGRATION]);
    assert_false(is_reason[ONE_OFF_DISEASE]);
}

/* --- old age --- */

static struct benefit social(enum support_group group, int32_t pension_month, const char *on)
{
    struct benefit found;
    assert_int_equal(benefit_social_pension(law, day_of("1951-04-20"), group, pension_month,
                                            day_of(on), &found, NULL),
                     0);
    return found;
}

static void the_social_pension_is_500_000_from_75_and_from_70_for_the_poor(void **state)
{
    (void)state;
    struct benefit found = social(GROUP_OTHER, 0, "2026-03-31");
    assert_int_equal(found.amount_vnd, 500000);
    assert_int_equal(found.from_month, month_of("2026-04"));
    assert_false(found.is_met);
    assert_true(social(GROUP_OTHER, 0, "2026-04-01").is_met);
    assert_int_equal(social(GROUP_ETHNIC_MINORITY, 0, "2026-04-01").from_month,
                     month_of("2026-04"));
    assert_int_equal(social(GROUP_POOR, 0, "2026-04-01").from_month, month_of("2021-04"));
    assert_int_equal(social(GROUP_NEAR_POOR, 0, "2026-04-01").from_month, month_of("2021-04"));
    assert_true(says(&found, "condition", "from 75 years 0 months on, reached in 2026-04"));
    assert_true(strlen(found.lines.rows[0].row->unconfirmed) > 0);
}

static void who_draws_a_pension_has_no_social_pension(void **state)
{
    (void)state;
    struct benefit found = social(GROUP_OTHER, month_of("2020-01"), "2026-05-01");
    assert_false(found.is_met);
    assert_true(says(&found, "condition", "this person draws one from 2020-01 on"));
}

static void a_pensioners_health_insurance_is_a_fact_without_amount(void **state)
{
    (void)state;
    struct benefit found;
    assert_int_equal(
        benefit_health_insurance(law, month_of("2030-05"), day_of("2026-03-01"), &found, NULL), 0);
    assert_int_equal(found.amount_vnd, 0);
    assert_int_equal(found.from_month, month_of("2030-05"));
    assert_int_equal(found.lines.n, 1);
    assert_false(found.is_met);
}

/* --- days --- */

static void before_july_2025_the_tables_know_none_of_them(void **state)
{
    (void)state;
    struct paid_history paid = history_of("2018-01", 60, 5000000);
    struct pension_terms terms;
    struct benefit found;
    int32_t day = day_of("2025-06-30");
    struct one_off_request request = {.paid = &paid, .terms = &terms, .on_day = day};
    assert_int_equal(benefit_maternity(law, &paid, day, 1, &found, NULL), 0);
    assert_int_equal(found.kind, BENEFIT_NONE);
    assert_int_equal(benefit_funeral(law, &paid, day, 0, &found, NULL), 0);
    assert_int_equal(found.kind, BENEFIT_NONE);
    assert_int_equal(benefit_survivor(law, &paid, day, &found, NULL), 0);
    assert_int_equal(found.kind, BENEFIT_NONE);
    assert_int_equal(benefit_survivor_of_pensioner(law, 1, 1, day, &found, NULL), 0);
    assert_int_equal(found.kind, BENEFIT_NONE);
    assert_int_equal(benefit_one_off(law, &request, is_reason, &found, NULL), 0);
    assert_int_equal(found.kind, BENEFIT_NONE);
    assert_int_equal(benefit_social_pension(law, 0, GROUP_OTHER, 0, day, &found, NULL), 0);
    assert_int_equal(found.kind, BENEFIT_NONE);
    assert_int_equal(benefit_health_insurance(law, 0, day, &found, NULL), 0);
    assert_int_equal(found.kind, BENEFIT_NONE);
}

static const struct CMUnitTest tests[] = {
    WITH_LAW(a_child_brings_2_000_000),
    WITH_LAW(six_of_the_twelve_months_before_the_birth_must_be_paid),
    WITH_LAW(maternity_is_filed_in_60_days_and_settled_in_5),
    WITH_LAW(a_funeral_brings_10_reference_levels),
    WITH_LAW(a_funeral_needs_60_months_or_a_pension),
    WITH_LAW(survivors_get_1_5_before_2014_and_2_since),
    WITH_LAW(odd_months_before_2014_go_to_the_years_since),
    WITH_LAW(more_periods_than_lines_are_refused),
    WITH_LAW(under_60_months_survivors_get_what_was_paid),
    WITH_LAW(a_pensioners_family_gets_48_pensions_and_half_less_each_month),
    WITH_LAW(all_is_paid_back_at_1_5_and_2_without_the_support),
    WITH_LAW(less_than_a_year_brings_what_was_paid_and_2_averages_at_most),
    WITH_LAW(at_the_retirement_age_with_fewer_than_15_years),
    WITH_LAW(who_paid_before_july_2025_and_stopped_for_12_months),
    WITH_LAW(emigration_disease_and_81_percent_are_what_the_person_says),
    WITH_LAW(the_social_pension_is_500_000_from_75_and_from_70_for_the_poor),
    WITH_LAW(who_draws_a_pension_has_no_social_pension),
    WITH_LAW(a_pensioners_health_insurance_is_a_fact_without_amount),
    WITH_LAW(before_july_2025_the_tables_know_none_of_them),
};

TEST_MAIN(tests)
