/* What holds of every contribution, and the published numbers, each by its name. */
#include "tests/support/test.h"

#include <string.h>

#include "common/base/macros.h"
#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "common/domain/lump_sum.h"
#include "tests/support/law.h"

static struct quote quote_of(const struct quote_request *request)
{
    struct quote quote;
    struct err err = {0};
    if (contribution_quote(law, request, &quote, &err) != 0)
        fail_msg("day %d: %s: %s", request->on_day, err.field, err.text);
    assert_int_equal(quote.participant_vnd + quote.central_vnd + quote.local_vnd + quote.donor_vnd,
                     quote.gross_vnd);
    return quote;
}

static int64_t value_on(enum policy_table_id table, int year, int month, int day)
{
    const struct policy_row *row = policy_on(law, table, 0, date_make(year, month, day));
    assert_non_null(row);
    return row->value;
}

static int64_t floor_on(int32_t day)
{
    const struct policy_row *row = policy_on(law, POLICY_POVERTY_LINE, 0, day);
    assert_non_null(row);
    return row->value;
}

/* --- published numbers --- */

static void reference_level(int year, int month, int64_t vnd)
{
    int32_t eve = date_make(year, month, 1) - 1;
    assert_int_equal(value_on(POLICY_REFERENCE_LEVEL, year, month, 1), vnd);
    const struct policy_row *before = policy_on(law, POLICY_REFERENCE_LEVEL, 0, eve);
    assert_true(before == NULL || before->value < vnd);
}

static void reference_levels_from_2009_to_2026(void **state)
{
    (void)state;
    reference_level(2009, 5, 650000);
    reference_level(2010, 5, 730000);
    reference_level(2011, 5, 830000);
    reference_level(2012, 5, 1050000);
    reference_level(2013, 7, 1150000);
    reference_level(2016, 5, 1210000);
    reference_level(2017, 7, 1300000);
    reference_level(2018, 7, 1390000);
    reference_level(2019, 7, 1490000);
    reference_level(2023, 7, 1800000);
    reference_level(2024, 7, 2340000);
    reference_level(2026, 7, 2530000);
}

static void poverty_lines_of_700000_then_1500000_then_2200000(void **state)
{
    (void)state;
    assert_int_equal(value_on(POLICY_POVERTY_LINE, 2016, 1, 1), 700000);
    assert_int_equal(value_on(POLICY_POVERTY_LINE, 2021, 12, 31), 700000);
    assert_int_equal(value_on(POLICY_POVERTY_LINE, 2022, 1, 1), 1500000);
    assert_int_equal(value_on(POLICY_POVERTY_LINE, 2026, 12, 31), 1500000);
    assert_int_equal(value_on(POLICY_POVERTY_LINE, 2027, 1, 1), 2200000);
}

static void fund_rate_of_31_hundredths_of_a_percent_in_2025_and_2026(void **state)
{
    (void)state;
    assert_int_equal(value_on(POLICY_FUND_RATE, 2025, 1, 1), 3100);
    assert_int_equal(value_on(POLICY_FUND_RATE, 2026, 12, 31), 3100);
}

static struct quote monthly(int64_t income_vnd, enum support_group group, int32_t day)
{
    struct quote_request request = {
        .income_vnd = income_vnd, .method = METHOD_IS_MONTHLY, .group = group, .on_day = day};
    return quote_of(&request);
}

static void support_of_46200_38500_and_15400_before_2022(void **state)
{
    (void)state;
    int32_t day = date_make(2021, 12, 31);
    assert_int_equal(monthly(700000, GROUP_POOR, day).central_vnd, 46200);
    assert_int_equal(monthly(700000, GROUP_NEAR_POOR, day).central_vnd, 38500);
    assert_int_equal(monthly(700000, GROUP_ETHNIC_MINORITY, day).central_vnd, 15400);
    assert_int_equal(monthly(700000, GROUP_OTHER, day).central_vnd, 15400);
}

static void support_of_165000_132000_99000_and_66000_from_july_2025(void **state)
{
    (void)state;
    int32_t day = date_make(2025, 7, 1);
    assert_int_equal(monthly(1500000, GROUP_POOR, day).central_vnd, 165000);
    assert_int_equal(monthly(1500000, GROUP_NEAR_POOR, day).central_vnd, 132000);
    assert_int_equal(monthly(1500000, GROUP_ETHNIC_MINORITY, day).central_vnd, 99000);
    assert_int_equal(monthly(1500000, GROUP_OTHER, day).central_vnd, 66000);
}

static void participants_pay_165000_198000_231000_and_264000(void **state)
{
    (void)state;
    int32_t day = date_make(2025, 7, 1);
    assert_int_equal(monthly(1500000, GROUP_POOR, day).participant_vnd, 165000);
    assert_int_equal(monthly(1500000, GROUP_NEAR_POOR, day).participant_vnd, 198000);
    assert_int_equal(monthly(1500000, GROUP_ETHNIC_MINORITY, day).participant_vnd, 231000);
    assert_int_equal(monthly(1500000, GROUP_OTHER, day).participant_vnd, 264000);
}

static void support_of_242000_193600_145200_and_96800_in_2027(void **state)
{
    (void)state;
    int32_t day = date_make(2027, 1, 1);
    assert_int_equal(monthly(2200000, GROUP_OTHER, day).gross_vnd, 484000);
    assert_int_equal(monthly(2200000, GROUP_POOR, day).central_vnd, 242000);
    assert_int_equal(monthly(2200000, GROUP_NEAR_POOR, day).central_vnd, 193600);
    assert_int_equal(monthly(2200000, GROUP_ETHNIC_MINORITY, day).central_vnd, 145200);
    assert_int_equal(monthly(2200000, GROUP_OTHER, day).central_vnd, 96800);
}

static void the_highest_month_is_10296000_and_11132000_from_july_2026(void **state)
{
    (void)state;
    int32_t eve = date_make(2026, 6, 30);
    assert_int_equal(monthly(46800000, GROUP_OTHER, eve).gross_vnd, 10296000);
    assert_int_equal(monthly(50600000, GROUP_OTHER, eve + 1).gross_vnd, 11132000);
    struct quote_request above = {
        .income_vnd = 46850000, .method = METHOD_IS_MONTHLY, .group = GROUP_OTHER, .on_day = eve};
    struct quote quote;
    assert_true(contribution_quote(law, &above, &quote, NULL) < 0);
    above.income_vnd = 50650000;
    above.on_day = eve + 1;
    assert_true(contribution_quote(law, &above, &quote, NULL) < 0);
}

static void a_local_tenth_leaves_682000_of_781000(void **state)
{
    (void)state;
    struct policy_table *table = &law->tables[POLICY_LOCAL_SUPPORT];
    table->rows[table->n++] = (struct policy_row){.from_day = date_make(2025, 7, 1),
                                                  .to_day = date_make(2026, 12, 31),
                                                  .key = policy_province_key(20, GROUP_OTHER),
                                                  .value = 1000,
                                                  .citation = "Resolution of a test"};
    struct quote_request request = {.income_vnd = 3550000,
                                    .method = METHOD_IS_MONTHLY,
                                    .group = GROUP_OTHER,
                                    .province = 20,
                                    .on_day = date_make(2025, 11, 30)};
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.gross_vnd, 781000);
    assert_int_equal(quote.central_vnd, 66000);
    assert_int_equal(quote.local_vnd, 33000);
    assert_int_equal(quote.participant_vnd, 682000);
}

static void lump_sums_of_7644801_14742290_331023_4040708_and_21791542(void **state)
{
    (void)state;
    static const struct {
        enum method method;
        uint32_t months;
        int64_t vnd;
    } cases[] = {{METHOD_IS_FUTURE_YEARS, 24, 7644801},
                 {METHOD_IS_FUTURE_YEARS, 48, 14742290},
                 {METHOD_IS_MISSING_MONTHS, 1, 331023},
                 {METHOD_IS_MISSING_MONTHS, 12, 4040708},
                 {METHOD_IS_MISSING_MONTHS, 60, 21791542}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct quote_request request = {.income_vnd = 1500000,
                                        .method = cases[i].method,
                                        .months = cases[i].months,
                                        .group = GROUP_OTHER,
                                        .on_day = date_make(2026, 1, 1)};
        struct quote quote = quote_of(&request);
        assert_int_equal(quote.gross_vnd, cases[i].vnd);
        assert_int_equal(quote.lines.rows[0].amount_vnd, 330000 * (int64_t)cases[i].months);
        assert_int_equal(quote.central_vnd, 66000 * (int64_t)cases[i].months);
    }
}

/* --- what always holds --- */

/* On each of these days the contribution at the poverty line, its support or the cap changes. */
static void no_day_from_2016_to_2035_is_without_rules(void **state)
{
    (void)state;
    static const int changes[][2] = {{2016, 5}, {2017, 7}, {2018, 1}, {2018, 7},
                                     {2019, 7}, {2022, 1}, {2023, 7}, {2024, 7},
                                     {2025, 7}, {2026, 7}, {2027, 1}};
    int64_t last[6] = {0};
    size_t n = 0;
    for (int32_t day = date_make(2016, 1, 1); day <= date_make(2035, 12, 31); day++) {
        int64_t now[6] = {monthly(floor_on(day), GROUP_OTHER, day).gross_vnd};
        for (int group = GROUP_POOR; group <= GROUP_OTHER; group++)
            now[group] = monthly(floor_on(day), (enum support_group)group, day).central_vnd;
        const struct policy_row *level = policy_on(law, POLICY_REFERENCE_LEVEL, 0, day);
        const struct policy_row *times = policy_on(law, POLICY_INCOME_CAP, 0, day);
        now[5] = monthly(level->value * times->value, GROUP_OTHER, day).gross_vnd;
        if (day > date_make(2016, 1, 1) && memcmp(now, last, sizeof(now)) != 0) {
            assert_true(n < ARRAY_LEN(changes));
            assert_int_equal(day, date_make(changes[n][0], changes[n][1], 1));
            n++;
        }
        memcpy(last, now, sizeof(now));
    }
    assert_int_equal(n, ARRAY_LEN(changes));
}

static void every_method_has_rules_on_every_day(void **state)
{
    (void)state;
    int32_t lump_day = date_make(2025, 7, 1);
    for (int32_t day = date_make(2016, 1, 1); day <= date_make(2035, 12, 31); day++)
        for (int method = METHOD_IS_MONTHLY; method <= METHOD_IS_MISSING_MONTHS; method++) {
            struct quote_request request = {
                .income_vnd = floor_on(day),
                .method = (enum method)method,
                .months = method == METHOD_IS_FUTURE_YEARS     ? 24
                          : method == METHOD_IS_MISSING_MONTHS ? 1
                                                               : 0,
                .group = GROUP_OTHER,
                .on_day = day,
            };
            if (day >= lump_day || !method_is_lump_sum(request.method))
                assert_true(quote_of(&request).participant_vnd > 0);
        }
}

static void support_never_depends_on_the_income(void **state)
{
    (void)state;
    for (int32_t day = date_make(2016, 1, 1); day <= date_make(2035, 12, 31); day += 17)
        for (int group = GROUP_POOR; group <= GROUP_OTHER; group++) {
            int64_t line = floor_on(day);
            int64_t least = monthly(line, (enum support_group)group, day).central_vnd;
            for (int64_t income = line; income < 20000000; income += 1950000)
                assert_int_equal(monthly(income, (enum support_group)group, day).central_vnd,
                                 least);
        }
}

/* The day of payment's rules hold for all months of a payment: n of them are n payments of one day,
 * of which each uses up a month of support. */
static void a_payment_is_the_sum_of_its_months(void **state)
{
    (void)state;
    for (int32_t day = date_make(2016, 1, 1); day <= date_make(2035, 12, 31); day += 61)
        for (int method = METHOD_IS_MONTHLY; method <= METHOD_IS_YEARLY; method++)
            for (uint32_t used = 0; used <= 125; used += 5) {
                struct quote_request request = {.income_vnd = floor_on(day) + 50000,
                                                .method = (enum method)method,
                                                .group = GROUP_NEAR_POOR,
                                                .on_day = day,
                                                .months_supported = used};
                struct quote whole = quote_of(&request);
                int64_t due_vnd = 0, central_vnd = 0;
                request.method = METHOD_IS_MONTHLY;
                for (uint32_t i = 0; i < whole.months; i++) {
                    struct quote month = quote_of(&request);
                    due_vnd += month.participant_vnd;
                    central_vnd += month.central_vnd;
                    request.months_supported += month.months_supported;
                }
                assert_int_equal(whole.participant_vnd, due_vnd);
                assert_int_equal(whole.central_vnd, central_vnd);
                assert_int_equal(request.months_supported, used + whole.months_supported);
            }
}

static void without_interest_a_lump_sum_is_its_months(void **state)
{
    (void)state;
    struct policy_table *rates = &law->tables[POLICY_FUND_RATE];
    for (size_t i = 0; i < rates->n; i++)
        rates->rows[i].value = 0;
    for (int method = METHOD_IS_FUTURE_YEARS; method <= METHOD_IS_MISSING_MONTHS; method++)
        for (uint32_t months = 24; months <= 60; months += 12)
            for (int64_t income = 1500000; income < 46800000; income += 450000) {
                struct quote_request request = {.income_vnd = income,
                                                .method = (enum method)method,
                                                .months = months,
                                                .group = GROUP_POOR,
                                                .on_day = date_make(2026, 3, 1),
                                                .months_supported = 80};
                struct quote quote = quote_of(&request);
                assert_int_equal(quote.gross_vnd,
                                 monthly(income, GROUP_POOR, request.on_day).gross_vnd * months);
                assert_int_equal(quote.lines.rows[1].amount_vnd, 0);
                assert_int_equal(quote.months_supported, MIN(months, 40));
            }
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(reference_levels_from_2009_to_2026),
    WITH_POLICY(poverty_lines_of_700000_then_1500000_then_2200000),
    WITH_POLICY(fund_rate_of_31_hundredths_of_a_percent_in_2025_and_2026),
    WITH_POLICY(support_of_46200_38500_and_15400_before_2022),
    WITH_POLICY(support_of_165000_132000_99000_and_66000_from_july_2025),
    WITH_POLICY(participants_pay_165000_198000_231000_and_264000),
    WITH_POLICY(support_of_242000_193600_145200_and_96800_in_2027),
    WITH_POLICY(the_highest_month_is_10296000_and_11132000_from_july_2026),
    WITH_POLICY(a_local_tenth_leaves_682000_of_781000),
    WITH_POLICY(lump_sums_of_7644801_14742290_331023_4040708_and_21791542),
    WITH_POLICY(no_day_from_2016_to_2035_is_without_rules),
    WITH_POLICY(every_method_has_rules_on_every_day),
    WITH_POLICY(support_never_depends_on_the_income),
    WITH_POLICY(a_payment_is_the_sum_of_its_months),
    WITH_POLICY(without_interest_a_lump_sum_is_its_months),
};

TEST_MAIN(tests)
