/* What depends on who pays: age, what is missing for a pension, months that were missed. */
#include "tests/support/test.h"
#include "tests/support/said.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "tests/support/law.h"

/* A man born in January 1965 reaches his retirement age in July 2026. */
static struct quote_request man_of_1965(enum method method, uint32_t months)
{
    return (struct quote_request){.income_vnd = 1500000,
                                  .method = method,
                                  .months = months,
                                  .group = GROUP_OTHER,
                                  .on_day = date_make(2026, 6, 1),
                                  .sex = SEX_IS_MALE,
                                  .birth_day = date_make(1965, 1, 20)};
}

static struct quote quote_of(const struct quote_request *request)
{
    struct quote quote;
    struct err err = {0};
    if (contribution_quote(law, request, &quote, &err) != 0)
        fail_msg("refused: %s: %s", err.field, err.text);
    return quote;
}

static void expect_refused(const struct quote_request *request, const char *field,
                           const char *words)
{
    struct quote quote;
    struct err err = {0};
    assert_int_equal(contribution_quote(law, request, &quote, &err), -EINVAL);
    assert_string_equal(err.field, field);
    if (strstr(err.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    assert_int_equal(contribution_quote(law, request, &quote, NULL), -EINVAL);
}

static void missing_months_are_taken_from_the_month_before_retirement_age(void **state)
{
    (void)state;
    struct quote_request request = man_of_1965(METHOD_IS_MISSING_MONTHS, 60);
    assert_int_equal(quote_of(&request).gross_vnd, 21791542);
    request.on_day = date_make(2026, 5, 31);
    expect_refused(&request, "method",
                   "missing months may be paid from 2026-06 on: 1 month before retirement age "
                   "(Law 41/2024/QH15, article 36(3))");
    request.sex = SEX_IS_FEMALE; /* hers was reached in September 2021 */
    assert_int_equal(quote_of(&request).months, 60);
    request.sex = SEX_UNKNOWN;
    assert_int_equal(quote_of(&request).months, 60);
    request = man_of_1965(METHOD_IS_MISSING_MONTHS, 60);
    request.birth_day = date_make(1956, 1, 1); /* a man of 70 */
    assert_int_equal(quote_of(&request).n_warnings, 0);
}

static void no_more_months_than_are_missing(void **state)
{
    (void)state;
    struct quote_request request = man_of_1965(METHOD_IS_MISSING_MONTHS, 60);
    request.months_paid = 120;
    assert_int_equal(quote_of(&request).months, 60);
    request.months_paid = 121;
    expect_refused(&request, "months", "only 59 months are missing (Law 41/2024/QH15, article 98)");
    request.months = 59;
    assert_int_equal(quote_of(&request).months, 59);
    request.months_paid = 119;
    expect_refused(&request, "method", "61 months are missing, at most 60 (Law 41/2024");
    request.months_paid = 180;
    expect_refused(&request, "method", "no month is missing: 15 years are paid");
    request.months_paid = PERSON_MONTHS_MAX;
    expect_refused(&request, "method", "no month is missing");
    request = man_of_1965(METHOD_IS_MONTHLY, 0);
    request.months_paid = 400;
    assert_int_equal(quote_of(&request).months, 1);
}

static void choose_years_ahead(enum policy_choice choice)
{
    struct policy_table *table = &law->tables[POLICY_SWITCHES];
    for (size_t i = 0; i < table->n; i++)
        if (table->rows[i].key == SWITCH_YEARS_AHEAD_AT_RETIREMENT)
            table->rows[i].value = choice;
}

static void a_man_of_70_does_not_pay_years_ahead(void **state)
{
    (void)state;
    struct quote_request request = man_of_1965(METHOD_IS_FUTURE_YEARS, 24);
    request.birth_day = date_make(1956, 1, 1);
    expect_refused(&request, "method",
                   "retirement age in 2016-01: pay 1 to 60 missing months at once instead "
                   "(Law 41/2024/QH15, article 36(2))");
    choose_years_ahead(CHOICE_OFF);
    assert_int_equal(quote_of(&request).n_warnings, 0);
    choose_years_ahead(CHOICE_REFUSE);
}

static void a_man_of_70_may_be_warned_of_paying_years_ahead(void **state)
{
    (void)state;
    choose_years_ahead(CHOICE_WARN);
    struct quote_request request = man_of_1965(METHOD_IS_FUTURE_YEARS, 24);
    request.birth_day = date_make(1956, 1, 1);
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.gross_vnd, 7644801);
    assert_int_equal(quote.n_warnings, 1);
    assert_string_equal(quote.warnings[0].field, "method");
    assert_string_equal(explain_key(quote.warnings[0].line.text), "past_retirement_age");
    assert_string_equal(said(&quote.warnings[0].line),
                        "retirement age in 2016-01: up to 60 months missing of 15 years can be "
                        "paid at once instead");
    assert_non_null(strstr(quote.warnings[0].line.row->citation, "Law 41/2024/QH15, article 36"));
    request.months_paid = 180; /* nothing is missing: each year more brings a higher pension */
    assert_int_equal(quote_of(&request).n_warnings, 0);
    request.months_paid = 119; /* and here too much is */
    assert_int_equal(quote_of(&request).n_warnings, 0);
    request.months_paid = 120;
    assert_int_equal(quote_of(&request).n_warnings, 1);
    request.income_vnd = 1500001;
    assert_int_equal(quote_of(&request).n_warnings, 2);
    request = man_of_1965(METHOD_IS_FUTURE_YEARS, 24);
    assert_int_equal(quote_of(&request).n_warnings, 1);
    request.on_day = date_make(2026, 5, 31);
    assert_int_equal(quote_of(&request).n_warnings, 0);
    request = man_of_1965(METHOD_IS_YEARLY, 0); /* no upper age */
    request.birth_day = date_make(1936, 1, 1);
    assert_int_equal(quote_of(&request).n_warnings, 0);
    choose_years_ahead(CHOICE_REFUSE);
}

static void nobody_of_14_is_quoted(void **state)
{
    (void)state;
    struct quote_request request = man_of_1965(METHOD_IS_MONTHLY, 0);
    request.birth_day = date_make(2011, 6, 2);
    expect_refused(&request, "birth_date",
                   "14 years old, must be at least 15 (Law 41/2024/QH15, article 2(4))");
    request.birth_day = date_make(2011, 6, 1);
    assert_int_equal(quote_of(&request).months, 1);
    request.birth_day = date_make(2026, 6, 2);
    expect_refused(&request, "birth_date", "lies in the future");
    request.sex = (enum sex)3;
    expect_refused(&request, "sex", "want SEX_FEMALE or SEX_MALE");
}

static void counters_of_months_have_a_limit(void **state)
{
    (void)state;
    struct quote_request request = man_of_1965(METHOD_IS_MONTHLY, 0);
    request.months_paid = PERSON_MONTHS_MAX + 1;
    expect_refused(&request, "months_paid", "want at most 1200 months");
    request.months_paid = PERSON_MONTHS_MAX;
    request.months_supported = UINT32_MAX;
    expect_refused(&request, "months_supported", "want at most 1200 months");
    request.months_supported = PERSON_MONTHS_MAX;
    request.months_supported_earlier = PERSON_MONTHS_MAX + 1;
    expect_refused(&request, "months_supported_earlier", "want at most 1200 months");
    request.months_supported_earlier = PERSON_MONTHS_MAX;
    assert_int_equal(quote_of(&request).months_supported, 0);
}

/* --- months that were missed --- */

static void back_payment_set(enum policy_choice choice)
{
    struct policy_table *table = &law->tables[POLICY_SWITCHES];
    for (size_t i = 0; i < table->n; i++)
        if (table->rows[i].key == SWITCH_BACK_PAYMENT)
            table->rows[i].value = choice;
}

static struct quote_request missed(int32_t from_month, uint32_t months)
{
    struct quote_request request = man_of_1965(METHOD_IS_MONTHLY, months);
    request.missed_from_month = from_month;
    return request;
}

#define MONTH(year, month) ((year)*12 + (month)-1)

static void missed_months_are_not_paid_late_as_long_as_the_switch_is_off(void **state)
{
    (void)state;
    struct quote_request request = missed(MONTH(2026, 1), 5);
    expect_refused(&request, "missed_from",
                   "missed months are not paid late: POLICY_SWITCH_BACK_PAYMENT is off (Decree "
                   "134/2015/ND-CP; Circular 01/2016/TT-BLDTBXH)");
}

/* 40-digit decimals: 330,000 x 1.0031^i for i = 1..5, and for i = 3..5. */
static void with_the_switch_they_are_paid_with_interest(void **state)
{
    (void)state;
    back_payment_set(CHOICE_ON);
    struct quote_request request = missed(MONTH(2026, 1), 5); /* paid in June */
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.gross_vnd, 1665409);
    assert_int_equal(quote.participant_vnd, 1665409 - 5 * 66000);
    assert_string_equal(said(&quote.lines.rows[1]),
                        "0.31 % a month, compound, for 5 months paid late");
    request.months = 3; /* January to March */
    assert_int_equal(quote_of(&request).gross_vnd, 1002336);
    request = missed(MONTH(2026, 5), 1);
    assert_int_equal(quote_of(&request).gross_vnd, 331023);
}

static void only_missed_months_are_paid_late(void **state)
{
    (void)state;
    back_payment_set(CHOICE_ON);
    struct quote_request request = missed(MONTH(2026, 6), 1);
    expect_refused(&request, "missed_from",
                   "not missed: due until the end of 2026-06 (Law 41/2024/QH15, article 36(3))");
    request = missed(MONTH(2199, 12), 1);
    expect_refused(&request, "missed_from", "not missed");
    request = missed(MONTH(2026, 4), 2);
    request.method = METHOD_IS_QUARTERLY;
    expect_refused(&request, "missed_from", "not missed: due until the end of 2026-06");
    request.missed_from_month = MONTH(2026, 3);
    assert_int_equal(quote_of(&request).months, 2);
    request.months = 4;
    expect_refused(&request, "months", "missed months: want 1 to 3 (Decree 134/2015/ND-CP;");
    request.months = 0;
    expect_refused(&request, "months", "want 1 to 3");
    request = missed(MONTH(2016, 5), 1);
    expect_refused(&request, "missed_from", "want at most 120 months ago");
    request.missed_from_month = MONTH(2016, 6);
    request.months = 120;
    assert_int_equal(quote_of(&request).months, 120);
    request = missed(MONTH(2026, 1), 5);
    request.method = METHOD_IS_FUTURE_YEARS;
    expect_refused(&request, "method", "missed months are those of a regular method");
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(missing_months_are_taken_from_the_month_before_retirement_age),
    WITH_POLICY(no_more_months_than_are_missing),
    WITH_POLICY(a_man_of_70_does_not_pay_years_ahead),
    WITH_POLICY(a_man_of_70_may_be_warned_of_paying_years_ahead),
    WITH_POLICY(nobody_of_14_is_quoted),
    WITH_POLICY(counters_of_months_have_a_limit),
    WITH_POLICY(missed_months_are_not_paid_late_as_long_as_the_switch_is_off),
    WITH_POLICY(with_the_switch_they_are_paid_with_interest),
    WITH_POLICY(only_missed_months_are_paid_late),
};

TEST_MAIN(tests)
