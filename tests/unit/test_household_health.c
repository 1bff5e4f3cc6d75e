#include "tests/support/test.h"
#include "tests/support/said.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/household_health.h"
#include "tests/support/law.h"

static struct health_request member(uint32_t rank, uint32_t months, const char *date)
{
    struct health_request request = {.member_rank = rank, .months = months};
    assert_int_equal(date_parse(date, &request.on_day), 0);
    return request;
}

static struct quote quote_of(uint32_t rank, uint32_t months, const char *date)
{
    struct health_request request = member(rank, months, date);
    struct quote quote;
    struct err err = {0};
    if (household_health_quote(law, &request, &quote, &err) != 0)
        fail_msg("refused: %s", err.text);
    int64_t sum = 0;
    for (size_t i = 0; i < quote.lines.n; i++)
        sum += quote.lines.rows[i].amount_vnd;
    assert_int_equal(sum, quote.participant_vnd);
    assert_int_equal(quote.gross_vnd, quote.participant_vnd);
    assert_int_equal(quote.months, months);
    assert_int_equal(quote.central_vnd + quote.local_vnd + quote.donor_vnd, 0);
    return quote;
}

/* Sums of 12 months, and their quarter and half. */
static void expect_year(uint32_t rank, const char *date, int64_t monthly_vnd, int64_t year_vnd)
{
    assert_int_equal(monthly_vnd * 12, year_vnd);
    assert_int_equal(quote_of(rank, 12, date).participant_vnd, year_vnd);
    assert_int_equal(quote_of(rank, 6, date).participant_vnd, monthly_vnd * 6);
    assert_int_equal(quote_of(rank, 3, date).participant_vnd, monthly_vnd * 3);
}

static void the_first_member(void **state)
{
    (void)state;
    expect_year(1, "2026-06-30", 105300, 1263600);
    expect_year(1, "2026-07-01", 113850, 1366200);
}

static void the_second_member_pays_70_percent(void **state)
{
    (void)state;
    expect_year(2, "2026-06-30", 73710, 884520);
    expect_year(2, "2026-07-01", 79695, 956340);
}

static void the_third_member_pays_60_percent(void **state)
{
    (void)state;
    expect_year(3, "2026-06-30", 63180, 758160);
    expect_year(3, "2026-07-01", 68310, 819720);
}

static void the_fourth_member_pays_50_percent(void **state)
{
    (void)state;
    expect_year(4, "2026-06-30", 52650, 631800);
    expect_year(4, "2026-07-01", 56925, 683100);
}

static void the_fifth_and_later_members_pay_40_percent(void **state)
{
    (void)state;
    static const uint32_t ranks[] = {5, 6, 12, HEALTH_RANK_MAX};
    for (size_t i = 0; i < ARRAY_LEN(ranks); i++) {
        expect_year(ranks[i], "2026-06-30", 42120, 505440);
        expect_year(ranks[i], "2026-07-01", 45540, 546480);
    }
}

static void a_households_sum_explains_itself(void **state)
{
    (void)state;
    struct quote quote = quote_of(2, 12, "2026-08-01");
    assert_int_equal(quote.lines.n, 2);
    const struct explain_line *line = quote.lines.rows;
    assert_string_equal(explain_key(line[0].text), "contribution");
    assert_string_equal(said(&line[0]), "4.5 % x 2,530,000 x 12 months");
    assert_int_equal(line[0].amount_vnd, 1366200);
    assert_non_null(strstr(line[0].row->citation, "Decree 188/2025/ND-CP"));
    assert_string_equal(explain_key(line[1].text), "member_reduction");
    assert_string_equal(said(&line[1]), "member 2 of the household pays 70 %");
    assert_int_equal(line[1].amount_vnd, 956340 - 1366200);
    assert_int_equal(quote_of(1, 3, "2026-08-01").lines.n, 1);
    quote = quote_of(9, 3, "2026-08-01");
    assert_string_equal(said(&quote.lines.rows[1]), "member 5 or later of the household pays 40 %");
}

static void expect_refused(const struct health_request *request, int rc, const char *field,
                           const char *words)
{
    struct quote quote;
    struct err err = {0};
    assert_int_equal(household_health_quote(law, request, &quote, &err), rc);
    assert_string_equal(err.field, field);
    if (strstr(err.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    assert_int_equal(household_health_quote(law, request, &quote, NULL), rc);
}

static void other_periods_ranks_and_days_are_refused(void **state)
{
    (void)state;
    static const uint32_t months[] = {0, 1, 2, 4, 5, 7, 11, 13, 24, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LEN(months); i++) {
        struct health_request request = member(1, months[i], "2026-08-01");
        expect_refused(&request, -EINVAL, "months",
                       "want one of 3, 6, 12 (Law on Health Insurance, article 15");
    }
    struct health_request request = member(0, 12, "2026-08-01");
    expect_refused(&request, -EINVAL, "member_rank", "from 1");
    request = member(HEALTH_RANK_MAX + 1, 12, "2026-08-01");
    expect_refused(&request, -EINVAL, "member_rank", "from 1 to 99");
    request = member(1, 12, "2018-11-30");
    expect_refused(&request, -ERANGE, "on", "no health_months for 2018-11-30");
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(the_first_member),
    WITH_POLICY(the_second_member_pays_70_percent),
    WITH_POLICY(the_third_member_pays_60_percent),
    WITH_POLICY(the_fourth_member_pays_50_percent),
    WITH_POLICY(the_fifth_and_later_members_pay_40_percent),
    WITH_POLICY(a_households_sum_explains_itself),
    WITH_POLICY(other_periods_ranks_and_days_are_refused),
};

TEST_MAIN(tests)
