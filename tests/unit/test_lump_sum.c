#include "tests/support/test.h"
#include "tests/support/said.h"

#include <errno.h>
#include <gmp.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "common/domain/lump_sum.h"
#include "tests/support/law.h"

#define RATE 2200 /* 22 % */
#define R 3100    /* 0.31 % a month */

static int64_t future(int64_t income_vnd, int64_t rate, int64_t interest, uint32_t months)
{
    struct lump_sum sum = {income_vnd, rate, interest, CHOICE_HALF_UP};
    return lump_sum_future(&sum, 1, months);
}

static int64_t missing(int64_t income_vnd, int64_t rate, int64_t interest, uint32_t months)
{
    struct lump_sum sum = {income_vnd, rate, interest, CHOICE_HALF_UP};
    return lump_sum_missing(&sum, 1, months);
}

static struct quote_request lump(enum method method, uint32_t months)
{
    int32_t day = 0;
    assert_int_equal(date_parse("2026-03-01", &day), 0);
    return (struct quote_request){.income_vnd = 1500000,
                                  .method = method,
                                  .months = months,
                                  .group = GROUP_OTHER,
                                  .on_day = day};
}

static struct quote quote_of(const struct quote_request *request)
{
    struct quote quote;
    struct err err = {0};
    if (contribution_quote(law, request, &quote, &err) != 0)
        fail_msg("refused: %s", err.text);
    return quote;
}

/* --- the sums --- */

static void two_future_years_are_7644801(void **state)
{
    (void)state;
    assert_int_equal(future(1500000, RATE, R, 24), 7644801);
}

static void four_future_years_are_14742290(void **state)
{
    (void)state;
    assert_int_equal(future(1500000, RATE, R, 48), 14742290);
}

static void one_missing_month_is_331023(void **state)
{
    (void)state;
    assert_int_equal(missing(1500000, RATE, R, 1), 331023);
}

static void twelve_missing_months_are_4040708(void **state)
{
    (void)state;
    assert_int_equal(missing(1500000, RATE, R, 12), 4040708);
}

static void sixty_missing_months_are_21791542(void **state)
{
    (void)state;
    assert_int_equal(missing(1500000, RATE, R, 60), 21791542);
}

static void without_interest_a_sum_is_its_months(void **state)
{
    (void)state;
    for (uint32_t months = 1; months <= LUMP_MONTHS_MAX; months++) {
        assert_int_equal(future(1500000, RATE, 0, months), 330000 * months);
        assert_int_equal(missing(1500000, RATE, 0, months), 330000 * months);
    }
    /* 0.22 x 1,500,002 is 330,000.44: rounded once, not 24 times */
    assert_int_equal(future(1500002, RATE, 0, 24), 7920011);
    assert_int_equal(missing(1500002, RATE, 0, 24), 7920011);
}

static void the_first_future_month_is_not_discounted(void **state)
{
    (void)state;
    assert_int_equal(future(1500000, RATE, R, 1), 330000);
}

static void halves_go_up(void **state)
{
    (void)state;
    assert_int_equal(future(25, RATE, 0, 1), 6);   /* 5.5 */
    assert_int_equal(future(24, RATE, 0, 1), 5);   /* 5.28 */
    assert_int_equal(missing(75, RATE, 0, 1), 17); /* 16.5 */
}

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* The formula as the decree writes it: month by month, each term a fraction in its lowest terms. */
static int64_t told_again(int64_t income_vnd, int64_t interest, uint32_t months, int is_future)
{
    mpq_t sum, term, factor, half;
    mpq_inits(sum, term, factor, half, NULL);
    mpq_set_ui(half, 1, 2);
    mpq_set_si(term, income_vnd * 22, 100);
    mpq_canonicalize(term);
    mpq_set_si(factor, FULL_MILLION + interest, FULL_MILLION);
    mpq_canonicalize(factor);
    for (uint32_t i = 1; i <= months; i++) {
        if (!is_future)
            mpq_mul(term, term, factor);
        mpq_add(sum, sum, term);
        if (is_future)
            mpq_div(term, term, factor);
    }
    mpq_add(sum, sum, half);
    mpz_fdiv_q(mpq_numref(sum), mpq_numref(sum), mpq_denref(sum));
    int64_t vnd = mpz_get_si(mpq_numref(sum));
    mpq_clears(sum, term, factor, half, NULL);
    return vnd;
}

static void random_sums_agree_with_the_formula_told_twice(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int i = 0; i < 4000; i++) {
        int64_t income = 1500000 + (int64_t)(next(&seed) % 50000000);
        int64_t interest = (int64_t)(next(&seed) % 20001);
        uint32_t months = 1 + (uint32_t)(next(&seed) % 60);
        assert_int_equal(future(income, RATE, interest, months),
                         told_again(income, interest, months, 1));
        assert_int_equal(missing(income, RATE, interest, months),
                         told_again(income, interest, months, 0));
    }
}

static void a_switch_says_how_the_fraction_is_rounded(void **state)
{
    (void)state;
    struct lump_sum sum = {24, RATE, 0, CHOICE_HALF_UP}; /* 5.28 */
    assert_int_equal(lump_sum_future(&sum, 1, 1), 5);
    sum.rounding = CHOICE_UP;
    assert_int_equal(lump_sum_future(&sum, 1, 1), 6);
    sum.income_vnd = 25; /* 5.5 */
    assert_int_equal(lump_sum_missing(&sum, 1, 1), 6);
    sum.rounding = CHOICE_DOWN;
    assert_int_equal(lump_sum_missing(&sum, 1, 1), 5);
    sum.income_vnd = 50; /* 11: nothing to round */
    assert_int_equal(lump_sum_missing(&sum, 1, 1), 11);
    sum.rounding = CHOICE_UP;
    assert_int_equal(lump_sum_missing(&sum, 1, 1), 11);
}

static void a_sum_of_some_months_is_the_difference_of_two(void **state)
{
    (void)state;
    struct lump_sum sum = {1500000, RATE, R, CHOICE_HALF_UP};
    for (uint32_t first = 2; first <= 60; first++) {
        int64_t off = lump_sum_future(&sum, 1, 60) - lump_sum_future(&sum, 1, first - 1) -
                      lump_sum_future(&sum, first, 60);
        assert_in_range(off + 1, 0, 2); /* each is rounded */
        off = lump_sum_missing(&sum, 1, 60) - lump_sum_missing(&sum, 1, first - 1) -
              lump_sum_missing(&sum, first, 60);
        assert_in_range(off + 1, 0, 2);
    }
}

static void the_largest_inputs_fit(void **state)
{
    (void)state;
    int64_t income = 1000000000000; /* what the tables' ranges allow */
    assert_int_equal(future(income, FULL_BASIS_POINTS, 0, LUMP_MONTHS_MAX),
                     income * LUMP_MONTHS_MAX);
    assert_true(missing(income, FULL_BASIS_POINTS, 20000, LUMP_MONTHS_MAX) >
                4 * income * LUMP_MONTHS_MAX);
}

/* --- the quotes --- */

static void expect_line(const struct quote *quote, size_t i, const char *key, int64_t amount_vnd,
                        const char *explanation, const char *cited)
{
    const struct explain_line *line = &quote->lines.rows[i];
    assert_true(i < quote->lines.n);
    assert_string_equal(explain_key(line->text), key);
    assert_int_equal(line->amount_vnd, amount_vnd);
    assert_string_equal(said(line), explanation);
    assert_non_null(strstr(line->row->citation, cited));
}

static void future_years_explain_themselves(void **state)
{
    (void)state;
    struct quote_request request = lump(METHOD_IS_FUTURE_YEARS, 24);
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.gross_vnd, 7644801);
    assert_int_equal(quote.central_vnd, 1584000);
    assert_int_equal(quote.participant_vnd, 6060801);
    assert_int_equal(quote.months, 24);
    assert_int_equal(quote.months_supported, 24);
    assert_int_equal(quote.lines.n, 3);
    expect_line(&quote, 0, "contribution", 7920000, "22 % x 1,500,000 x 24 months", "36(1)");
    expect_line(&quote, 1, "discount", -275199,
                "0.31 % a month, compound, for 24 months paid ahead", "151/BHXH");
    expect_line(&quote, 2, "central_support", -1584000, "20 % x 22 % x 1,500,000 x 24 months",
                "Decree 159/2025/ND-CP, article 5");
}

static void missing_months_explain_themselves(void **state)
{
    (void)state;
    struct quote_request request = lump(METHOD_IS_MISSING_MONTHS, 1);
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.gross_vnd, 331023);
    assert_int_equal(quote.participant_vnd, 331023 - 66000);
    expect_line(&quote, 1, "interest", 1023, "0.31 % a month, compound, for 1 month paid late",
                "151/BHXH");
    request.months = 60;
    quote = quote_of(&request);
    assert_int_equal(quote.gross_vnd, 21791542);
    assert_int_equal(quote.central_vnd, 60 * 66000);
}

static void the_support_of_a_lump_sum_ends_with_the_120_months(void **state)
{
    (void)state;
    struct quote_request request = lump(METHOD_IS_FUTURE_YEARS, 60);
    request.months_supported = 100;
    struct quote quote = quote_of(&request);
    assert_int_equal(quote.months_supported, 20);
    assert_int_equal(quote.central_vnd, 20 * 66000);
    request.months_supported = 120;
    quote = quote_of(&request);
    assert_int_equal(quote.central_vnd, 0);
    assert_int_equal(quote.participant_vnd, quote.gross_vnd);
}

static void the_switch_rounds_the_quotes(void **state)
{
    (void)state;
    struct policy_table *table = &law->tables[POLICY_SWITCHES];
    struct quote_request request = lump(METHOD_IS_MISSING_MONTHS, 1); /* 331,023.00 */
    request.income_vnd = 1500001;                                     /* 331,023.22... */
    int64_t down = quote_of(&request).gross_vnd;
    for (size_t i = 0; i < table->n; i++)
        if (table->rows[i].key == SWITCH_LUMP_ROUNDING)
            table->rows[i].value = CHOICE_UP;
    struct quote up = quote_of(&request);
    assert_int_equal(up.gross_vnd, down + 1);
    assert_int_equal(up.lines.rows[0].amount_vnd, 330001); /* 330,000.22 */
}

static void lines_of_every_lump_sum_add_up(void **state)
{
    (void)state;
    for (int method = METHOD_IS_FUTURE_YEARS; method <= METHOD_IS_MISSING_MONTHS; method++)
        for (uint32_t months = 1; months <= 60; months++) {
            struct quote_request request = lump((enum method)method, months);
            struct quote quote;
            int is_good = method == METHOD_IS_MISSING_MONTHS || (months % 12 == 0 && months >= 24);
            request.income_vnd = 3456789;
            assert_int_equal(contribution_quote(law, &request, &quote, NULL),
                             is_good ? 0 : -EINVAL);
            int64_t sum = 0;
            for (size_t i = 0; is_good && i < quote.lines.n; i++)
                sum += quote.lines.rows[i].amount_vnd;
            assert_true(!is_good || (sum == quote.participant_vnd && sum > 0));
        }
}

static void expect_refused(const struct quote_request *request, int rc, const char *field,
                           const char *words, const char *cited)
{
    struct quote quote;
    struct err err = {0};
    assert_int_equal(contribution_quote(law, request, &quote, &err), rc);
    assert_string_equal(err.field, field);
    if (strstr(err.text, words) == NULL || strstr(err.text, cited) == NULL)
        fail_msg("\"%s\" does not say \"%s\" and \"%s\"", err.text, words, cited);
}

static void months_out_of_range_are_refused_with_the_law(void **state)
{
    (void)state;
    static const uint32_t future[] = {0, 1, 12, 23, 25, 59, 61, 72, UINT32_MAX},
                          missing[] = {0, 61, 72, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LEN(future); i++) {
        struct quote_request request = lump(METHOD_IS_FUTURE_YEARS, future[i]);
        expect_refused(&request, -EINVAL, "months", "want 24 to 60 months in whole years",
                       "Law 41/2024/QH15, article 36(2)");
    }
    for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
        struct quote_request request = lump(METHOD_IS_MISSING_MONTHS, missing[i]);
        expect_refused(&request, -EINVAL, "months", "want 1 to 60",
                       "Law 41/2024/QH15, article 36(2)");
    }
}

static void a_year_without_a_fund_rate_has_no_lump_sums(void **state)
{
    (void)state;
    struct quote_request request = lump(METHOD_IS_FUTURE_YEARS, 24);
    request.on_day = date_make(2027, 1, 1);
    size_t all = law->tables[POLICY_FUND_RATE].n;
    law->tables[POLICY_FUND_RATE].n = all - 1;
    expect_refused(&request, -ERANGE, "on", "no fund_rate for 2027-01-01", "");
    law->tables[POLICY_FUND_RATE].n = all;
    request.method = METHOD_IS_YEARLY;
    request.months = 12;
    request.income_vnd = 2200000;
    assert_int_equal(quote_of(&request).months, 12);
    request = lump(METHOD_IS_MISSING_MONTHS, 24);
    request.on_day = date_make(2025, 6, 30);
    expect_refused(&request, -ERANGE, "on", "no missing_months_max for 2025-06-30", "");
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(two_future_years_are_7644801),
    cmocka_unit_test(four_future_years_are_14742290),
    cmocka_unit_test(one_missing_month_is_331023),
    cmocka_unit_test(twelve_missing_months_are_4040708),
    cmocka_unit_test(sixty_missing_months_are_21791542),
    cmocka_unit_test(without_interest_a_sum_is_its_months),
    cmocka_unit_test(the_first_future_month_is_not_discounted),
    cmocka_unit_test(halves_go_up),
    cmocka_unit_test(random_sums_agree_with_the_formula_told_twice),
    cmocka_unit_test(a_switch_says_how_the_fraction_is_rounded),
    cmocka_unit_test(a_sum_of_some_months_is_the_difference_of_two),
    cmocka_unit_test(the_largest_inputs_fit),
    WITH_POLICY(future_years_explain_themselves),
    WITH_POLICY(missing_months_explain_themselves),
    WITH_POLICY(the_support_of_a_lump_sum_ends_with_the_120_months),
    WITH_POLICY(the_switch_rounds_the_quotes),
    WITH_POLICY(lines_of_every_lump_sum_add_up),
    WITH_POLICY(months_out_of_range_are_refused_with_the_law),
    WITH_POLICY(a_year_without_a_fund_rate_has_no_lump_sums),
};

TEST_MAIN(tests)
