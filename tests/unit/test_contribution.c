#include "tests/support/test.h"
#include "tests/support/said.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "tests/support/law.h"

static void switch_set(enum policy_switch name, enum policy_choice choice)
{
    struct policy_table *table = &law->tables[POLICY_SWITCHES];
    for (size_t i = 0; i < table->n; i++)
        if (table->rows[i].key == (int32_t)name)
            table->rows[i].value = choice;
}

static struct quote_request monthly(int64_t income_vnd, enum support_group group, const char *date)
{
    return (struct quote_request){.income_vnd = income_vnd,
                                  .method = METHOD_IS_MONTHLY,
                                  .group = group,
                                  .on_day = day_of(date)};
}

static struct quote quote_of(const struct quote_request *request)
{
    struct quote quote;
    struct err err = {0};
    if (contribution_quote(law, request, &quote, &err) != 0)
        fail_msg("refused: %s", err.text);
    return quote;
}

static void expect_monthly(int64_t income_vnd, enum support_group group, const char *date,
                           int64_t gross_vnd, int64_t central_vnd)
{
    struct quote_request request = monthly(income_vnd, group, date);
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.gross_vnd, gross_vnd);
    assert_int_equal(quote.central_vnd, central_vnd);
    assert_int_equal(quote.participant_vnd, gross_vnd - central_vnd);
    assert_int_equal(quote.months, 1);
    assert_int_equal(quote.months_supported, 1);
}

static void monthly_support_from_july_2025(void **state)
{
    (void)state;
    expect_monthly(1500000, GROUP_POOR, "2025-07-01", 330000, 165000);
    expect_monthly(1500000, GROUP_NEAR_POOR, "2025-07-01", 330000, 132000);
    expect_monthly(1500000, GROUP_ETHNIC_MINORITY, "2025-07-01", 330000, 99000);
    expect_monthly(1500000, GROUP_OTHER, "2025-07-01", 330000, 66000);
    expect_monthly(1500000, GROUP_POOR, "2026-12-31", 330000, 165000);
}

static void monthly_support_at_the_line_of_2027(void **state)
{
    (void)state;
    expect_monthly(2200000, GROUP_POOR, "2027-01-01", 484000, 242000);
    expect_monthly(2200000, GROUP_NEAR_POOR, "2027-01-01", 484000, 193600);
    expect_monthly(2200000, GROUP_ETHNIC_MINORITY, "2027-01-01", 484000, 145200);
    expect_monthly(2200000, GROUP_OTHER, "2027-01-01", 484000, 96800);
}

static void monthly_support_2018_to_june_2025(void **state)
{
    (void)state;
    expect_monthly(700000, GROUP_POOR, "2018-01-01", 154000, 46200);
    expect_monthly(700000, GROUP_NEAR_POOR, "2021-12-31", 154000, 38500);
    expect_monthly(700000, GROUP_OTHER, "2021-12-31", 154000, 15400);
    expect_monthly(1500000, GROUP_POOR, "2022-01-01", 330000, 99000);
    expect_monthly(1500000, GROUP_NEAR_POOR, "2025-06-30", 330000, 82500);
    expect_monthly(1500000, GROUP_ETHNIC_MINORITY, "2025-06-30", 330000, 33000);
    expect_monthly(1500000, GROUP_OTHER, "2025-06-30", 330000, 33000);
}

static void support_depends_on_the_line_and_not_on_the_income(void **state)
{
    (void)state;
    expect_monthly(3550000, GROUP_OTHER, "2025-11-30", 781000, 66000);
    expect_monthly(46800000, GROUP_OTHER, "2026-06-30", 10296000, 66000);
    expect_monthly(50600000, GROUP_OTHER, "2026-07-01", 11132000, 66000);
}

static void the_highest_support_that_fits_applies(void **state)
{
    (void)state;
    struct quote_request request = monthly(1500000, GROUP_OTHER, "2025-07-01");
    request.is_special_zone = 1;
    assert_int_equal(quote_of(&request).central_vnd, 165000);
    request.group = GROUP_POOR;
    assert_int_equal(quote_of(&request).central_vnd, 165000);
    request = monthly(1500000, GROUP_POOR, "2025-06-30");
    request.is_special_zone = 1;
    assert_int_equal(quote_of(&request).central_vnd, 99000);
}

static void expect_refused(const struct quote_request *request, int rc, const char *field,
                           const char *words)
{
    struct quote quote;
    struct err err = {0};
    assert_int_equal(contribution_quote(law, request, &quote, &err), rc);
    assert_string_equal(err.field, field);
    if (strstr(err.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    assert_int_equal(contribution_quote(law, request, &quote, NULL), rc);
}

static void the_income_has_a_floor_and_a_cap(void **state)
{
    (void)state;
    struct quote_request request = monthly(1499999, GROUP_OTHER, "2025-11-30");
    expect_refused(&request, -ERANGE, "income_vnd",
                   "too low: from 1,500,000 to 46,800,000 (Decree 07/2021/ND-CP)");
    request.income_vnd = 46800001;
    expect_refused(&request, -ERANGE, "income_vnd",
                   "too high: from 1,500,000 to 46,800,000 (Law 41/2024/QH15, article 31(2))");
    request.income_vnd = INT64_MAX;
    expect_refused(&request, -ERANGE, "income_vnd", "too high");
    request.income_vnd = INT64_MIN;
    expect_refused(&request, -ERANGE, "income_vnd", "too low");
    request = monthly(46800001, GROUP_OTHER, "2026-07-01");
    assert_int_equal(quote_of(&request).gross_vnd, 10296000);
    request.income_vnd = 50600001;
    expect_refused(&request, -ERANGE, "income_vnd", "to 50,600,000");
    request = monthly(700000, GROUP_OTHER, "2022-01-01");
    expect_refused(&request, -ERANGE, "income_vnd", "from 1,500,000 to 29,800,000");
    request = monthly(2199999, GROUP_OTHER, "2027-01-01");
    expect_refused(&request, -ERANGE, "income_vnd", "from 2,200,000 to 50,600,000");
}

static void requests_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct quote_request good = monthly(1500000, GROUP_OTHER, "2025-11-30"), bad = good;
    bad.group = GROUP_NONE;
    expect_refused(&bad, -EINVAL, "support_group", "unknown support group 0");
    bad.group = (enum support_group)5;
    expect_refused(&bad, -EINVAL, "support_group", "unknown support group 5");
    bad = good;
    bad.method = METHOD_NONE;
    expect_refused(&bad, -EINVAL, "method", "unknown method 0");
    bad.method = (enum method)99;
    expect_refused(&bad, -EINVAL, "method", "unknown method 99");
    bad = good;
    bad.months = 2;
    expect_refused(&bad, -EINVAL, "months", "1 month at once");
    bad.method = METHOD_IS_HALF_YEARLY;
    expect_refused(&bad, -EINVAL, "months", "6 months at once");
    bad = monthly(700000, GROUP_OTHER, "2015-12-31");
    expect_refused(&bad, -ERANGE, "on",
                   "the tables have no method_months for 2015-12-31: they begin on 2016-01-01 "
                   "(Law 58/2014/QH13, article 87(2))");
}

static void longer_methods_are_so_many_months(void **state)
{
    (void)state;
    static const struct {
        enum method method;
        uint32_t months;
    } cases[] = {{METHOD_IS_MONTHLY, 1},
                 {METHOD_IS_QUARTERLY, 3},
                 {METHOD_IS_HALF_YEARLY, 6},
                 {METHOD_IS_YEARLY, 12}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct quote_request request = monthly(3550000, GROUP_NEAR_POOR, "2025-11-30");
        request.method = cases[i].method;
        for (int given = 0; given <= 1; given++) {
            request.months = given ? cases[i].months : 0;
            struct quote quote = quote_of(&request);
            assert_int_equal(quote.months, cases[i].months);
            assert_int_equal(quote.gross_vnd, 781000 * cases[i].months);
            assert_int_equal(quote.central_vnd, 132000 * cases[i].months);
        }
    }
}

static void support_ends_after_120_months(void **state)
{
    (void)state;
    struct quote_request request = monthly(1500000, GROUP_POOR, "2025-11-30");
    request.months_supported = 119;
    assert_int_equal(quote_of(&request).central_vnd, 165000);
    request.months_supported = 120;
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.central_vnd, 0);
    assert_int_equal(quote.participant_vnd, 330000);
    assert_int_equal(quote.months_supported, 0);
    assert_string_equal(said(&quote.lines.rows[1]),
                        "none left: all 120 months of support are used");
    request.months_supported = PERSON_MONTHS_MAX;
    assert_int_equal(quote_of(&request).central_vnd, 0);
    request.method = METHOD_IS_YEARLY;
    request.months_supported = 115;
    quote = quote_of(&request);
    assert_int_equal(quote.months_supported, 5);
    assert_int_equal(quote.central_vnd, 5 * 165000);
    assert_int_equal(quote.participant_vnd, 12 * 330000 - 5 * 165000);
    assert_string_equal(said(&quote.lines.rows[1]),
                        "50 % x 22 % x 1,500,000 x 5 months, the last with support");
}

static void the_meter_of_120_months_reads_across_both_laws(void **state)
{
    (void)state;
    struct quote_request request = monthly(1500000, GROUP_POOR, "2025-11-30");
    request.method = METHOD_IS_YEARLY;
    request.months_supported_earlier = 90;
    request.months_supported = 25;
    assert_int_equal(quote_of(&request).months_supported, 5);
    request.months_supported = 30;
    assert_int_equal(quote_of(&request).months_supported, 0);
    request.months_supported_earlier = request.months_supported = PERSON_MONTHS_MAX;
    assert_int_equal(quote_of(&request).months_supported, 0);
    request.months_supported = 115;
    switch_set(SWITCH_EARLIER_SUPPORT_COUNTS, CHOICE_OFF);
    assert_int_equal(quote_of(&request).months_supported, 5);
}

static void nobody_was_supported_before_2018(void **state)
{
    (void)state;
    struct quote_request request = monthly(700000, GROUP_POOR, "2017-12-31");
    request.is_special_zone = 1;
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.gross_vnd, 154000);
    assert_int_equal(quote.participant_vnd, 154000);
    assert_int_equal(quote.months_supported, 0);
    assert_int_equal(quote.lines.n, 1);
    request.on_day = day_of("2018-01-01");
    assert_int_equal(quote_of(&request).central_vnd, 46200);
}

static void an_income_between_the_steps_is_warned_of(void **state)
{
    (void)state;
    struct quote_request request = monthly(1520000, GROUP_OTHER, "2025-07-01");
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.gross_vnd, 334400);
    assert_int_equal(quote.n_warnings, 1);
    const struct quote_warning *warning = &quote.warnings[0];
    assert_string_equal(warning->field, "income_vnd");
    assert_string_equal(said(&warning->line), "1,520,000 is not in the steps of 50,000 from "
                                              "1,500,000 to 46,800,000; the next lower is "
                                              "1,500,000");
    assert_string_equal(said_vi(&warning->line),
                        "1.520.000 không theo bước 50.000 trong khoảng 1.500.000 đến 46.800.000; "
                        "mức dưới gần nhất là 1.500.000");
    assert_string_equal(warning->line.row->citation, "Decree 134/2015/ND-CP");
    request.income_vnd = 1550000;
    assert_int_equal(quote_of(&request).n_warnings, 0);
    request.income_vnd = 46800000;
    assert_int_equal(quote_of(&request).n_warnings, 0);
    switch_set(SWITCH_INCOME_STEP, CHOICE_OFF);
    request.income_vnd = 1520000;
    assert_int_equal(quote_of(&request).n_warnings, 0);
}

static void or_refused_where_the_step_binds(void **state)
{
    (void)state;
    struct quote_request request = monthly(1549999, GROUP_OTHER, "2025-06-30");
    expect_refused(&request, -ERANGE, "income_vnd",
                   "1,549,999 is not in the steps of 50,000 from 1,500,000 to 46,800,000; the next "
                   "lower is 1,500,000 (Decree 134/2015/ND-CP)");
    request.income_vnd = 1550000;
    assert_int_equal(quote_of(&request).n_warnings, 0);
    request.on_day = day_of("2025-07-01");
    request.income_vnd = 50000000;
    expect_refused(&request, -ERANGE, "income_vnd", "too high");
    switch_set(SWITCH_INCOME_STEP, CHOICE_REFUSE);
    request.income_vnd = 2000001;
    expect_refused(&request, -ERANGE, "income_vnd", "the next lower is 2,000,000");
}

static void the_table_says_how_many_months_a_method_pays(void **state)
{
    (void)state;
    struct policy_table *table = &law->tables[POLICY_METHOD_MONTHS];
    struct quote_request request = monthly(1500000, GROUP_OTHER, "2025-11-30");
    for (size_t i = 0; i < table->n; i++)
        if (table->rows[i].key == METHOD_IS_QUARTERLY)
            table->rows[i].value = 4;
    request.method = METHOD_IS_QUARTERLY;
    assert_int_equal(quote_of(&request).months, 4);
    request.months = 3;
    expect_refused(&request, -EINVAL, "months",
                   "this method pays 4 months at once (Law 41/2024/QH15, article 36(2))");
}

static void the_sum_explains_itself(void **state)
{
    (void)state;
    struct quote_request request = monthly(1500000, GROUP_OTHER, "2025-11-30");
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.lines.n, 2);
    assert_string_equal(explain_key(quote.lines.rows[0].text), "contribution");
    assert_string_equal(said(&quote.lines.rows[0]), "22 % x 1,500,000 x 1 month");
    assert_string_equal(quote.lines.rows[0].row->citation, "Law 41/2024/QH15, article 36(1)");
    assert_string_equal(explain_key(quote.lines.rows[1].text), "central_support");
    assert_string_equal(said(&quote.lines.rows[1]), "20 % x 22 % x 1,500,000 x 1 month");
    assert_string_equal(quote.lines.rows[1].row->citation, "Decree 159/2025/ND-CP, article 5");
    assert_int_equal(quote.lines.rows[1].amount_vnd, -66000);
    request.method = METHOD_IS_QUARTERLY;
    quote = quote_of(&request);
    assert_string_equal(said(&quote.lines.rows[0]), "22 % x 1,500,000 x 3 months");
    assert_string_equal(said_vi(&quote.lines.rows[0]), "22 % x 1.500.000 x 3 tháng");
}

static void odd_percentages_are_written_and_rounded_half_up(void **state)
{
    (void)state;
    struct policy *odd = malloc(sizeof(*odd));
    *odd = *law;
    struct policy_table *rates = &odd->tables[POLICY_CONTRIBUTION_RATE];
    rates->rows[rates->n - 1].value = 2250;
    odd->tables[POLICY_SUPPORT].rows[8].value = 1205;
    struct quote_request request = monthly(1500002, GROUP_OTHER, "2025-11-30");
    struct quote quote;
    assert_int_equal(policy_check(odd, NULL), 0);
    assert_int_equal(contribution_quote(odd, &request, &quote, NULL), 0);
    assert_int_equal(quote.gross_vnd, 337500); /* 337,500.45 */
    request.income_vnd = 1500018;
    assert_int_equal(contribution_quote(odd, &request, &quote, NULL), 0);
    assert_int_equal(quote.gross_vnd, 337504); /* 337,504.05 */
    request.income_vnd = 1500020;
    assert_int_equal(contribution_quote(odd, &request, &quote, NULL), 0);
    assert_int_equal(quote.gross_vnd, 337505);  /* 337,504.5 */
    assert_int_equal(quote.central_vnd, 40669); /* 40,668.75 */
    assert_string_equal(said(&quote.lines.rows[0]), "22.5 % x 1,500,020 x 1 month");
    assert_string_equal(said(&quote.lines.rows[1]), "12.05 % x 22.5 % x 1,500,000 x 1 month");
    free(odd);
}

static void nobody_joins_before_15(void **state)
{
    (void)state;
    struct err err = {0};
    int32_t day = day_of("2025-11-30");
    assert_int_equal(contribution_check_age(law, day_of("2010-11-30"), day, &err), 0);
    assert_int_equal(contribution_check_age(law, day_of("1930-01-01"), day, &err), 0);
    assert_int_equal(contribution_check_age(law, day_of("2010-12-01"), day, &err), -EINVAL);
    assert_string_equal(err.field, "birth_date");
    assert_string_equal(err.text,
                        "14 years old, must be at least 15 (Law 41/2024/QH15, article 2(4))");
    assert_int_equal(contribution_check_age(law, day + 1, day, &err), -EINVAL);
    assert_string_equal(err.text, "lies in the future");
    assert_int_equal(contribution_check_age(law, day_of("1930-01-01"), day_of("1950-01-01"), &err),
                     -ERANGE);
    assert_string_equal(err.field, "on");
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(monthly_support_from_july_2025),
    WITH_POLICY(monthly_support_at_the_line_of_2027),
    WITH_POLICY(monthly_support_2018_to_june_2025),
    WITH_POLICY(support_depends_on_the_line_and_not_on_the_income),
    WITH_POLICY(the_highest_support_that_fits_applies),
    WITH_POLICY(the_income_has_a_floor_and_a_cap),
    WITH_POLICY(requests_that_make_no_sense_are_refused),
    WITH_POLICY(longer_methods_are_so_many_months),
    WITH_POLICY(support_ends_after_120_months),
    WITH_POLICY(the_meter_of_120_months_reads_across_both_laws),
    WITH_POLICY(nobody_was_supported_before_2018),
    WITH_POLICY(an_income_between_the_steps_is_warned_of),
    WITH_POLICY(or_refused_where_the_step_binds),
    WITH_POLICY(the_table_says_how_many_months_a_method_pays),
    WITH_POLICY(the_sum_explains_itself),
    WITH_POLICY(odd_percentages_are_written_and_rounded_half_up),
    WITH_POLICY(nobody_joins_before_15),
};

TEST_MAIN(tests)
