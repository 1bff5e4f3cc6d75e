/* Resolutions of these tests are made up. */
#include "tests/support/test.h"
#include "tests/support/said.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "tests/support/law.h"

static void resolve(enum policy_table_id table, uint32_t province, int32_t group, int64_t value)
{
    struct policy_table *rows = &law->tables[table];
    rows->rows[rows->n++] = (struct policy_row){.from_day = date_make(2026, 1, 1),
                                                .to_day = date_make(2026, 6, 30),
                                                .key = policy_province_key(province, group),
                                                .value = value,
                                                .citation = "Resolution of a test"};
    assert_int_equal(policy_check(law, NULL), 0);
}

static struct quote_request in_province(uint32_t province)
{
    return (struct quote_request){.income_vnd = 3550000,
                                  .method = METHOD_IS_MONTHLY,
                                  .group = GROUP_OTHER,
                                  .province = province,
                                  .on_day = date_make(2026, 3, 1)};
}

static struct quote quote_of(const struct quote_request *request)
{
    struct quote quote;
    struct err err = {0};
    if (contribution_quote(law, request, &quote, &err) != 0)
        fail_msg("refused: %s", err.text);
    int64_t sum = 0;
    for (size_t i = 0; i < quote.lines.n; i++)
        sum += quote.lines.rows[i].amount_vnd;
    assert_int_equal(sum, quote.participant_vnd);
    assert_true(quote.participant_vnd >= 0);
    assert_int_equal(quote.participant_vnd + quote.central_vnd + quote.local_vnd + quote.donor_vnd,
                     quote.gross_vnd);
    return quote;
}

static void ten_percent_of_the_line_leave_682000(void **state)
{
    (void)state;
    resolve(POLICY_LOCAL_SUPPORT, 15, GROUP_OTHER, 1000);
    struct quote_request request = in_province(15);
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.gross_vnd, 781000);
    assert_int_equal(quote.central_vnd, 66000);
    assert_int_equal(quote.local_vnd, 33000);
    assert_int_equal(quote.participant_vnd, 682000);
    assert_int_equal(quote.lines.n, 3);
    assert_string_equal(explain_key(quote.lines.rows[2].text), "local_support");
    assert_string_equal(said(&quote.lines.rows[2]), "10 % x 22 % x 1,500,000 x 1 month");
    assert_string_equal(quote.lines.rows[2].row->citation, "Resolution of a test");
}

static void only_the_provinces_own_group_and_days_get_it(void **state)
{
    (void)state;
    resolve(POLICY_LOCAL_SUPPORT, 15, GROUP_OTHER, 1000);
    struct quote_request request = in_province(20);
    assert_int_equal(quote_of(&request).local_vnd, 0);
    request.province = 0;
    assert_int_equal(quote_of(&request).local_vnd, 0);
    request.province = 15;
    request.group = GROUP_POOR;
    assert_int_equal(quote_of(&request).local_vnd, 0);
    request.group = GROUP_OTHER;
    request.on_day = date_make(2025, 12, 31);
    assert_int_equal(quote_of(&request).local_vnd, 0);
    request.on_day = date_make(2026, 6, 30);
    assert_int_equal(quote_of(&request).local_vnd, 33000);
    request.on_day = date_make(2026, 7, 1);
    assert_int_equal(quote_of(&request).local_vnd, 0);
}

static void a_share_is_of_the_chosen_income(void **state)
{
    (void)state;
    resolve(POLICY_LOCAL_SHARE, 15, GROUP_OTHER, 1000);
    struct quote_request request = in_province(15);
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.local_vnd, 78100);
    assert_string_equal(said(&quote.lines.rows[2]), "10 % x 22 % x 3,550,000 x 1 month");
}

static void an_amount_is_a_month(void **state)
{
    (void)state;
    resolve(POLICY_LOCAL_AMOUNT, 15, GROUP_OTHER, 50000);
    struct quote_request request = in_province(15);
    request.method = METHOD_IS_QUARTERLY;
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.local_vnd, 150000);
    assert_string_equal(said(&quote.lines.rows[2]), "50,000 x 3 months");
}

static void the_highest_row_of_a_table_applies_and_tables_add_up(void **state)
{
    (void)state;
    resolve(POLICY_LOCAL_SUPPORT, 15, GROUP_OTHER, 1000);
    resolve(POLICY_LOCAL_SUPPORT, 15, POLICY_SPECIAL_ZONE, 3000);
    resolve(POLICY_LOCAL_AMOUNT, 15, GROUP_OTHER, 50000);
    struct quote_request request = in_province(15);
    assert_int_equal(quote_of(&request).local_vnd, 33000 + 50000);
    request.is_special_zone = 1;
    assert_int_equal(quote_of(&request).local_vnd, 99000 + 50000);
}

static void nobody_is_paid_for_joining(void **state)
{
    (void)state;
    resolve(POLICY_LOCAL_SUPPORT, 15, GROUP_POOR, 4000);
    resolve(POLICY_LOCAL_AMOUNT, 15, GROUP_POOR, 50000);
    struct quote_request request = in_province(15);
    request.group = GROUP_POOR;
    request.income_vnd = 1500000;
    struct quote quote = quote_of(&request); /* 330,000 - 165,000 - 132,000 - at most 33,000 */
    assert_int_equal(quote.participant_vnd, 0);
    assert_int_equal(quote.local_vnd, 165000);
    assert_int_equal(quote.lines.rows[3].amount_vnd, -33000);
    assert_string_equal(said(&quote.lines.rows[3]), "50,000 x 1 month, no more than is left");
}

static void donors_come_after_the_province(void **state)
{
    (void)state;
    resolve(POLICY_LOCAL_AMOUNT, 15, GROUP_OTHER, 50000);
    resolve(POLICY_DONOR_AMOUNT, 15, GROUP_OTHER, 30000);
    resolve(POLICY_DONOR_AMOUNT, 15, POLICY_SPECIAL_ZONE, 40000);
    struct quote_request request = in_province(15);
    request.method = METHOD_IS_QUARTERLY;
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.local_vnd, 150000);
    assert_int_equal(quote.donor_vnd, 90000);
    assert_int_equal(quote.lines.n, 4);
    assert_string_equal(explain_key(quote.lines.rows[3].text), "donor_support");
    assert_string_equal(said(&quote.lines.rows[3]), "30,000 x 3 months");
    request.is_special_zone = 1;
    assert_int_equal(quote_of(&request).donor_vnd, 120000);
    request = in_province(20);
    assert_int_equal(quote_of(&request).donor_vnd, 0);
}

static void donors_give_no_more_than_is_left(void **state)
{
    (void)state;
    resolve(POLICY_LOCAL_SUPPORT, 15, GROUP_POOR, 4500);
    resolve(POLICY_DONOR_AMOUNT, 15, GROUP_POOR, 50000);
    struct quote_request request = in_province(15);
    request.group = GROUP_POOR;
    request.income_vnd = 1500000;
    struct quote quote = quote_of(&request); /* 330,000 - 165,000 - 148,500 */
    assert_int_equal(quote.donor_vnd, 16500);
    assert_int_equal(quote.participant_vnd, 0);
    assert_string_equal(said(&quote.lines.rows[3]), "50,000 x 1 month, no more than is left");
    assert_int_equal(quote.lines.rows[3].amount_vnd, -16500);
}

static void it_ends_with_the_months_of_support(void **state)
{
    (void)state;
    resolve(POLICY_LOCAL_SUPPORT, 15, GROUP_OTHER, 1000);
    struct quote_request request = in_province(15);
    request.method = METHOD_IS_YEARLY;
    request.months_supported = 115;
    assert_int_equal(quote_of(&request).local_vnd, 5 * 33000);
    request.months_supported = 120;
    assert_int_equal(quote_of(&request).local_vnd, 0);
    assert_int_equal(quote_of(&request).lines.n, 2);
}

static void a_lump_sum_gets_it_for_each_month(void **state)
{
    (void)state;
    resolve(POLICY_LOCAL_SUPPORT, 15, GROUP_OTHER, 1000);
    struct quote_request request = in_province(15);
    request.method = METHOD_IS_FUTURE_YEARS;
    request.months = 24;
    request.income_vnd = 1500000;
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.local_vnd, 24 * 33000);
    assert_int_equal(quote.participant_vnd, 7644801 - 24 * 99000);
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(ten_percent_of_the_line_leave_682000),
    WITH_POLICY(only_the_provinces_own_group_and_days_get_it),
    WITH_POLICY(a_share_is_of_the_chosen_income),
    WITH_POLICY(an_amount_is_a_month),
    WITH_POLICY(the_highest_row_of_a_table_applies_and_tables_add_up),
    WITH_POLICY(nobody_is_paid_for_joining),
    WITH_POLICY(donors_come_after_the_province),
    WITH_POLICY(donors_give_no_more_than_is_left),
    WITH_POLICY(it_ends_with_the_months_of_support),
    WITH_POLICY(a_lump_sum_gets_it_for_each_month),
};

TEST_MAIN(tests)
