#include "tests/support/test.h"

#include "tests/support/illustrated.h"

static void what_is_paid_until_then_is_added_up(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1990-05-17", 5000000, "2026-03", 0);
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->months_to_go, 291);
    assert_int_equal(found->before.months, 0);
    assert_int_equal(found->to_pay.months, 291);
    assert_int_equal(found->to_pay.gross_vnd, 291 * 1100000);
    assert_int_equal(found->to_pay.months_supported, 120);
    assert_int_equal(found->to_pay.central_vnd, 120 * 66000);
    assert_int_equal(found->to_pay.participant_vnd, 312180000);
    expect_sum(&found->to_pay);
    expect_line(&found->to_pay.lines, 0, "contribution", 320100000, "291 months in all");
    expect_line(&found->to_pay.lines, 1, "central_support", -7920000, "120 months in all");
    assert_string_equal(found->to_pay.lines.rows[1].row->citation,
                        "Decree 159/2025/ND-CP, article 5");
    assert_int_equal(found->payment.months, 1);
    assert_int_equal(found->payment.participant_vnd, 1034000);
    assert_int_equal(found->payment_later.participant_vnd, 1100000);
    assert_int_equal(found->break_even_months, 98); /* 312,180,000 / 3,200,000 = 97.6 */
}

static void the_method_changes_payments_and_not_their_sum(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1990-05-17", 5000000, "2026-03", 0);
    for (enum method method = METHOD_IS_MONTHLY; method <= METHOD_IS_YEARLY; method++) {
        static const uint32_t months[] = {0, 1, 3, 6, 12};
        request.method = method;
        const struct illustration *found = illustrate(&request);
        assert_int_equal(found->payment.months, months[method]);
        assert_int_equal(found->payment.participant_vnd, 1034000 * months[method]);
        assert_int_equal(found->to_pay.participant_vnd, 312180000);
        assert_int_equal(found->to_pay.months, 291);
    }
}

static void who_pays_years_ahead_pays_less(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1990-05-17", 1500000, "2026-03", 0);
    request.method = METHOD_IS_FUTURE_YEARS;
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->payment.months, 60);
    assert_int_equal(found->payment.gross_vnd, 18098148);
    /* 4 x 60 months, 48 months, 3 single ones */
    assert_int_equal(found->to_pay.gross_vnd, 4 * 18098148 + 14742290 + 3 * 330000);
    assert_int_equal(found->to_pay.months, 291);
    assert_int_equal(found->to_pay.months_supported, 120);
    expect_sum(&found->to_pay);
    expect_line(&found->to_pay.lines, 1, "discount", -7905118, "288 months in all");
}

static void the_groups_support_is_taken_off(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1990-05-17", 1500000, "2026-03", 0);
    static const int64_t net_vnd[] = {264000, 165000, 198000, 231000, 264000};
    for (enum support_group group = GROUP_NONE; group <= GROUP_OTHER; group++) {
        request.group = group;
        assert_int_equal(illustrate(&request)->payment.participant_vnd, net_vnd[group]);
    }
    request.is_special_zone = 1;
    assert_int_equal(illustrate(&request)->payment.participant_vnd, 165000);
}

static void nothing_more_is_paid_by_who_has_all(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_MALE, "1964-01-01", 3000000, "2026-03", 180);
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->months_to_go, 0);
    assert_int_equal(found->to_pay.months, 0);
    assert_int_equal(found->payment.months, 0);
    assert_int_equal(found->payment_later.months, 0);
    assert_int_equal(found->before.months, 180);
}

static struct illustration_request with_history(void)
{
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1971-06-10", 4000000, "2026-03", 0);
    request.history.n = 2;
    request.history.runs[0] = (struct paid_run){month_of("2012-01"), 120, 3000000};
    request.history.runs[1] = (struct paid_run){month_of("2022-06"), 45, 5000000};
    return request;
}

static void different_incomes_make_one_average(void **state)
{
    (void)state;
    struct illustration_request request = with_history();
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->pension_month, month_of("2029-07"));
    assert_int_equal(found->months, 205); /* 17 years 1 month: 17.5 */
    assert_int_equal(found->months_to_go, 40);
    assert_int_equal(found->average_vnd, 4205512);
    assert_int_equal(found->rate_basis_points, 5000);
    assert_int_equal(found->monthly_vnd, 2102756);
    expect_line(&found->lines, 2, "average_income", 4205512,
                "from 3,000,000 to 5,000,000 in 205 months, each times its year's coefficient, 1 "
                "for years to come");
}

/* 20 % in 2012 and 2013, 22 % since; no support before 2018, then 15,400, 33,000 and 66,000. */
static void what_was_paid_is_told_by_the_rules_of_its_time(void **state)
{
    (void)state;
    struct illustration_request request = with_history();
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->before.months, 165);
    assert_int_equal(found->before.gross_vnd, 24 * 600000 + 96 * 660000 + 45 * 1100000);
    assert_int_equal(found->before.months_supported, 93);
    assert_int_equal(found->before.central_vnd, 48 * 15400 + 37 * 33000 + 8 * 66000);
    expect_sum(&found->before);
    assert_string_equal(found->before.lines.rows[0].row->citation,
                        "Law 41/2024/QH15, article 36(1)"); /* the last of three */
    assert_int_equal(found->to_pay.months_supported, 120 - 93);
    assert_int_equal(found->to_pay.central_vnd, 27 * 66000);
}

/* 15.5 years since 2014 and 2 before it, at 2 and 1.5; all that the state gave is taken off. */
static void the_past_counts_for_what_comes_back(void **state)
{
    (void)state;
    struct illustration_request request = with_history();
    const struct illustration *found = illustrate(&request);
    int64_t net_vnd = 124771800 + 40 * 880000 - 27 * 66000;
    assert_int_equal(found->break_even_months, (net_vnd + 2102755) / 2102756);
    assert_int_equal(found->benefits[4].kind, BENEFIT_IS_ONE_OFF);
    assert_int_equal(found->benefits[4].amount_vnd, 4205512LL * 34 - 2488200 - 27 * 66000);
}

static void months_supported_before_july_2025_count_where_the_switch_says_so(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1990-05-17", 5000000, "2026-03", 60); /* 52 of them earlier */
    assert_int_equal(illustrate(&request)->to_pay.months_supported, 60);
    struct policy_table *switches = &law->tables[POLICY_SWITCHES];
    for (size_t i = 0; i < switches->n; i++)
        if (switches->rows[i].key == SWITCH_EARLIER_SUPPORT_COUNTS)
            switches->rows[i].value = CHOICE_OFF;
    assert_int_equal(illustrate(&request)->to_pay.months_supported, 112);
}

static void there_are_720_months_of_the_past_at_most(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1990-05-17", 5000000, "2070-01", 0);
    request.on_day = day_of("2070-01-01");
    request.history.n = 2;
    request.history.runs[0] = (struct paid_run){month_of("2008-01"), 719, 5000000};
    request.history.runs[1] = (struct paid_run){month_of("2069-01"), 1, 5000000};
    assert_int_equal(illustrate(&request)->before.months, 720);
    request.history.runs[1].months = 2;
    expect_refused(request, "history[1].months", "want 1 to 1");
    request.history.runs[0].months = 720;
    expect_refused(request, "history[1].months", "more than 720 months in all");
}

static void months_and_a_history_of_them_are_the_same(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_FEMALE, "1985-05-17", 5000000, "2026-03", 60);
    struct illustration one = *illustrate(&request);
    request.paid_months = 0;
    request.history.n = 1;
    request.history.runs[0] = (struct paid_run){month_of("2021-03"), 60, 5000000};
    const struct illustration *other = illustrate(&request);
    assert_int_equal(one.monthly_vnd, other->monthly_vnd);
    assert_int_equal(one.pension_month, other->pension_month);
    assert_int_equal(one.before.participant_vnd, other->before.participant_vnd);
}

static void a_history_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct illustration_request bad = with_history();
    bad.history.runs[1].from_month = month_of("2021-12");
    expect_refused(bad, "history[1].from_month", "from 2022-01 to 2026-02");
    bad = with_history();
    bad.history.runs[1].months = 46;
    expect_refused(bad, "history[1].months", "1 to 45");
    bad.history.runs[1].months = 0;
    expect_refused(bad, "history[1].months", "1 to 45");
    bad.history.runs[1].months = UINT32_MAX;
    expect_refused(bad, "history[1].months", "1 to 45");
    bad = with_history();
    bad.history.runs[0].from_month = month_of("1986-05");
    expect_refused(bad, "history[0].from_month", "from 1986-06 to 2026-02");
    bad.history.runs[0].from_month = month_of("2007-12");
    expect_refused(bad, "history[0].from_month", "2007-12: the tables have no");
    bad = with_history();
    bad.history.runs[1].from_month = INT32_MAX;
    expect_refused(bad, "history[1].from_month", "from 2022-01 to 2026-02");
    bad = with_history();
    bad.paid_months = 1;
    expect_refused(bad, "paid_months", "history");
}

static void incomes_outside_of_the_limits_of_their_time_are_refused(void **state)
{
    (void)state;
    struct illustration_request bad = with_history();
    bad.history.runs[1].income_vnd = 1499999;
    expect_refused(bad, "history[1].income_vnd", "2022-06: too low: from 1,500,000 to 29,800,000");
    bad.history.runs[1].income_vnd = 29800001;
    expect_refused(bad, "history[1].income_vnd", "2022-06: too high: from 1,500,000 to 29,800,000");
    bad = with_history();
    bad.history.runs[0].income_vnd = 829999;
    expect_refused(bad, "history[0].income_vnd", "2012-01: too low: from 830,000 to 16,600,000");
    bad.history.runs[0].income_vnd = 16600001;
    expect_refused(bad, "history[0].income_vnd", "Law 71/2006/QH11, article 100(1)");
    bad.history.runs[0].income_vnd = 900000; /* fits in January 2012, but not in May */
    expect_refused(bad, "history[0].income_vnd", "2012-05: too low: from 1,050,000");
    bad = with_history();
    bad.history.runs[0].income_vnd = INT64_MAX;
    expect_refused(bad, "history[0].income_vnd", "too high");
    bad.history.runs[0].income_vnd = INT64_MIN;
    expect_refused(bad, "history[0].income_vnd", "too low");
    bad = person(SEX_IS_MALE, "1985-05-17", 46800000, "2026-03", 24);
    expect_refused(bad, "paid_months", "2024-03: too high: from 1,500,000 to 36,000,000");
}

static void few_missing_months_may_be_paid_at_once(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_MALE, "1965-01-01", 1500000, "2026-03", 115);
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->pension_month, month_of("2031-08"));
    assert_int_equal(found->missing.months, 60);
    assert_int_equal(found->missing.from_month, month_of("2026-08"));
    assert_int_equal(found->missing.cost.gross_vnd, 21791542);
    /* 98 months of the past and 5 until then were supported */
    assert_int_equal(found->missing.cost.central_vnd, (120 - 98 - 5) * 66000);
    expect_sum(&found->missing.cost);
    expect_line(&found->missing.lines, 0, "missing_months", 0,
                "60 months, may be paid at once in 2026-07; at most 60 months");
    request.paid_months = 114; /* 61 */
    assert_int_equal(illustrate(&request)->missing.months, 0);
    request.paid_months = 174;
    assert_int_equal(illustrate(&request)->missing.months, 1);
    assert_int_equal(illustrate(&request)->missing.cost.gross_vnd, 331023);
    request.paid_months = 175;
    assert_int_equal(illustrate(&request)->missing.months, 0);
}

static void who_is_past_the_age_may_pay_at_once_now(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_MALE, "1960-01-01", 1500000, "2026-03", 168);
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->missing.months, 12);
    assert_int_equal(found->missing.cost.gross_vnd, 4040708);
    assert_int_equal(found->missing.from_month, month_of("2026-04"));
}

static void the_method_of_missing_months_pays_them_at_the_start(void **state)
{
    (void)state;
    struct illustration_request request =
        person(SEX_IS_MALE, "1965-01-01", 1500000, "2026-07", 120);
    request.method = METHOD_IS_MISSING_MONTHS;
    const struct illustration *found = illustrate(&request);
    assert_int_equal(found->months_to_go, 60);
    assert_int_equal(found->pension_month, month_of("2026-08"));
    assert_int_equal(found->to_pay.gross_vnd, 21791542);
    assert_int_equal(found->payment.months, 60);
    assert_int_equal(found->missing.months, 0);
    expect_sum(&found->to_pay);
    request.start_month = month_of("2026-06"); /* the month before the age */
    assert_int_equal(illustrate(&request)->pension_month, month_of("2026-08"));
    request.start_month = month_of("2026-05");
    expect_refused(request, "method", "may be paid from 2026-06 on");
}

static void a_method_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    /* a man of 70 */
    struct illustration_request bad = person(SEX_IS_MALE, "1956-01-01", 1500000, "2026-03", 0);
    (void)illustrate(&bad);
    bad.method = METHOD_IS_MISSING_MONTHS;
    expect_refused(bad, "method", "want 1 to 60, not 180");
    bad.paid_months = 180;
    expect_refused(bad, "method", "want 1 to 60, not 0");
    bad.method = METHOD_IS_FUTURE_YEARS;
    expect_refused(bad, "method", "pays at least 24 months at once, 0 are to be paid (Law 41/2024");
    bad.paid_months = 157;
    expect_refused(bad, "method", "23 are to be paid");
    bad.paid_months = 156;
    assert_int_equal(illustrate(&bad)->payment.months, 24);
    bad.method = METHOD_IS_YEARLY;
    bad.paid_months = 169;
    expect_refused(bad, "method", "pays at least 12 months at once, 11 are to be paid");
    bad.paid_months = 179;
    bad.method = METHOD_IS_QUARTERLY;
    expect_refused(bad, "method", "pays at least 3 months at once, 1 is to be paid");
    bad.method = METHOD_IS_MONTHLY;
    assert_int_equal(illustrate(&bad)->months_to_go, 1);
    bad.method = (enum method)7;
    expect_refused(bad, "method", "unknown method 7");
    bad.method = (enum method) - 1;
    expect_refused(bad, "method", "unknown method -1");
    bad.method = METHOD_NONE;
    bad.group = (enum support_group)5;
    expect_refused(bad, "support_group", "unknown support group 5");
    /* a woman of 36 */
    bad = person(SEX_IS_FEMALE, "1990-01-01", 1500000, "2026-03", 150);
    bad.method = METHOD_IS_MISSING_MONTHS;
    expect_refused(bad, "method", "from 2049-12 on");
}

static const struct CMUnitTest tests[] = {
    WITH_LAW(what_is_paid_until_then_is_added_up),
    WITH_LAW(the_method_changes_payments_and_not_their_sum),
    WITH_LAW(who_pays_years_ahead_pays_less),
    WITH_LAW(the_groups_support_is_taken_off),
    WITH_LAW(nothing_more_is_paid_by_who_has_all),
    WITH_LAW(different_incomes_make_one_average),
    WITH_LAW(what_was_paid_is_told_by_the_rules_of_its_time),
    WITH_LAW(there_are_720_months_of_the_past_at_most),
    WITH_LAW(months_supported_before_july_2025_count_where_the_switch_says_so),
    WITH_LAW(the_past_counts_for_what_comes_back),
    WITH_LAW(months_and_a_history_of_them_are_the_same),
    WITH_LAW(a_history_that_cannot_be_is_refused),
    WITH_LAW(incomes_outside_of_the_limits_of_their_time_are_refused),
    WITH_LAW(few_missing_months_may_be_paid_at_once),
    WITH_LAW(who_is_past_the_age_may_pay_at_once_now),
    WITH_LAW(the_method_of_missing_months_pays_them_at_the_start),
    WITH_LAW(a_method_that_makes_no_sense_is_refused),
};

TEST_MAIN(tests)
