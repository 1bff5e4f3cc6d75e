#include "tests/support/test.h"
#include "tests/support/said.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/refund.h"
#include "tests/support/law.h"

/* 1.5 M of another group on 1 March 2026, refunded in 2027. */
static struct refund_request paid(enum method method, uint32_t months, uint32_t unused)
{
    return (struct refund_request){.reason = REFUND_REASON_IS_DEATH,
                                   .on_day = date_make(2027, 5, 1),
                                   .months_unused = unused,
                                   .paid_day = date_make(2026, 3, 1),
                                   .method = method,
                                   .income_vnd = 1500000,
                                   .months = months,
                                   .months_supported = months,
                                   .central_vnd = 66000 * (int64_t)months};
}

static struct quote refund_of(const struct refund_request *request)
{
    struct quote refund;
    struct err err = {0};
    if (refund_quote(law, request, &refund, &err) != 0)
        fail_msg("refused: %s: %s", err.field, err.text);
    int64_t sum = 0;
    for (size_t i = 0; i < refund.lines.n; i++)
        sum += refund.lines.rows[i].amount_vnd;
    assert_int_equal(sum, refund.participant_vnd);
    assert_true(refund.participant_vnd >= 0);
    assert_int_equal(refund.participant_vnd + refund.central_vnd + refund.local_vnd +
                         refund.donor_vnd,
                     refund.gross_vnd);
    return refund;
}

static void regular_months_come_back_without_interest(void **state)
{
    (void)state;
    struct refund_request request = paid(METHOD_IS_YEARLY, 12, 5);
    struct quote refund = refund_of(&request);
    assert_int_equal(refund.gross_vnd, 5 * 330000);
    assert_int_equal(refund.central_vnd, 5 * 66000);
    assert_int_equal(refund.participant_vnd, 5 * 264000);
    assert_int_equal(refund.months, 5);
    assert_int_equal(refund.months_supported, 5);
    assert_int_equal(refund.lines.n, 2);
    assert_string_equal(explain_key(refund.lines.rows[0].text), "unused_months");
    assert_string_equal(said(&refund.lines.rows[0]), "22 % x 1,500,000 x 5 months");
    assert_string_equal(refund.lines.rows[0].row->citation, "Decree 159/2025/ND-CP, article 8");
    assert_string_equal(said(&refund.lines.rows[1]), "support of 5 months not used");
    request.months_unused = 12;
    assert_int_equal(refund_of(&request).participant_vnd, 12 * 264000);
}

/* 40-digit decimals: 330,000 / 1.0031^(i - 1) summed for i = 13..24 and 24 alone. */
static void future_months_come_back_with_their_own_discount(void **state)
{
    (void)state;
    struct refund_request request = paid(METHOD_IS_FUTURE_YEARS, 24, 12);
    struct quote refund = refund_of(&request);
    assert_int_equal(refund.gross_vnd, 3751422);
    assert_int_equal(refund.participant_vnd, 3751422 - 12 * 66000);
    assert_string_equal(said(&refund.lines.rows[1]),
                        "0.31 % a month, compound, already given for the last 12 months");
    request.months_unused = 1;
    assert_int_equal(refund_of(&request).gross_vnd, 307324);
    request.months_unused = 24;
    assert_int_equal(refund_of(&request).gross_vnd, 7644801); /* what was paid */
    law->tables[POLICY_FUND_RATE].rows[1].value = 0;
    request.months_unused = 7;
    assert_int_equal(refund_of(&request).gross_vnd, 7 * 330000);
}

static void the_day_of_the_payment_says_how_much(void **state)
{
    (void)state;
    struct refund_request request = paid(METHOD_IS_FUTURE_YEARS, 24, 12);
    int64_t vnd = refund_of(&request).gross_vnd;
    law->tables[POLICY_FUND_RATE].rows[2].value = 9000; /* of 2027 */
    assert_int_equal(refund_of(&request).gross_vnd, vnd);
    law->tables[POLICY_FUND_RATE].rows[1].value = 9000;
    assert_true(refund_of(&request).gross_vnd < vnd);
}

static void support_ran_out_before_the_unused_months(void **state)
{
    (void)state;
    struct refund_request request = paid(METHOD_IS_YEARLY, 12, 9);
    request.months_supported = 5; /* so months 4 and 5 are unused and supported */
    request.central_vnd = 5 * 66000;
    struct quote refund = refund_of(&request);
    assert_int_equal(refund.months_supported, 2);
    assert_int_equal(refund.central_vnd, 2 * 66000);
    assert_int_equal(refund.participant_vnd, 9 * 330000 - 2 * 66000);
    request.months_unused = 7;
    refund = refund_of(&request);
    assert_int_equal(refund.months_supported, 0);
    assert_int_equal(refund.participant_vnd, 7 * 330000);
    assert_int_equal(refund.lines.n, 1);
}

static void everyone_gets_back_what_they_gave(void **state)
{
    (void)state;
    struct refund_request request = paid(METHOD_IS_QUARTERLY, 3, 2);
    request.local_vnd = 3 * 33000;
    request.donor_vnd = 50000; /* cut: 16,666.67 a month */
    struct quote refund = refund_of(&request);
    assert_int_equal(refund.central_vnd, 132000);
    assert_int_equal(refund.local_vnd, 66000);
    assert_int_equal(refund.donor_vnd, 33333);
    assert_int_equal(refund.participant_vnd, 660000 - 132000 - 66000 - 33333);
    assert_string_equal(explain_key(refund.lines.rows[2].text), "local_support");
    assert_string_equal(explain_key(refund.lines.rows[3].text), "donor_support");
}

/* The last of 60 months cost 274,919 with its discount, but was supported with 330,000. */
static void a_refund_is_never_negative(void **state)
{
    (void)state;
    struct refund_request request = paid(METHOD_IS_FUTURE_YEARS, 60, 1);
    request.central_vnd = 60 * 165000;
    request.local_vnd = 60 * 65000;
    request.donor_vnd = 60 * 100000;
    struct quote refund = refund_of(&request);
    assert_int_equal(refund.gross_vnd, 274919);
    assert_int_equal(refund.participant_vnd, 0);
    assert_int_equal(refund.central_vnd, 165000);
    assert_int_equal(refund.local_vnd, 65000);
    assert_int_equal(refund.donor_vnd, 274919 - 165000 - 65000);
}

static void expect_refused(const struct refund_request *request, int rc, const char *field)
{
    struct quote refund;
    struct err err = {0};
    assert_int_equal(refund_quote(law, request, &refund, &err), rc);
    assert_string_equal(err.field, field);
    assert_int_equal(refund_quote(law, request, &refund, NULL), rc);
}

static void requests_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct refund_request good = paid(METHOD_IS_YEARLY, 12, 5), bad = good;
    bad.reason = REFUND_REASON_NONE;
    expect_refused(&bad, -EINVAL, "reason");
    bad.reason = REFUND_REASONS_END;
    expect_refused(&bad, -EINVAL, "reason");
    bad = good;
    bad.method = METHOD_NONE;
    expect_refused(&bad, -EINVAL, "method");
    bad.method = METHOD_IS_MISSING_MONTHS;
    expect_refused(&bad, -EINVAL, "method");
    bad = good;
    bad.months = 0;
    expect_refused(&bad, -EINVAL, "months");
    bad.months = 121;
    expect_refused(&bad, -EINVAL, "months");
    bad = good;
    bad.months_unused = 0;
    expect_refused(&bad, -EINVAL, "months_unused");
    bad.months_unused = 13;
    expect_refused(&bad, -EINVAL, "months_unused");
    bad = good;
    bad.on_day = date_make(2025, 6, 30);
    expect_refused(&bad, -ERANGE, "on");
    bad = good;
    bad.paid_day = date_make(2007, 12, 31);
    expect_refused(&bad, -ERANGE, "paid_on");
    bad = paid(METHOD_IS_FUTURE_YEARS, 24, 5);
    bad.paid_day = date_make(2024, 6, 30); /* no fund rate */
    expect_refused(&bad, -ERANGE, "paid_on");
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(regular_months_come_back_without_interest),
    WITH_POLICY(future_months_come_back_with_their_own_discount),
    WITH_POLICY(the_day_of_the_payment_says_how_much),
    WITH_POLICY(support_ran_out_before_the_unused_months),
    WITH_POLICY(everyone_gets_back_what_they_gave),
    WITH_POLICY(a_refund_is_never_negative),
    WITH_POLICY(requests_that_make_no_sense_are_refused),
};

TEST_MAIN(tests)
