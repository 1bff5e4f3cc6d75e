#include "tests/support/test.h"
#include "tests/support/said.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/household.h"
#include "tests/support/law.h"

static const struct household_member newcomer = {
    .months = 12, .joined_day = HOUSEHOLD_NO_DAY, .card_last_day = HOUSEHOLD_NO_DAY};

static struct household_member pays(uint32_t months)
{
    struct household_member member = newcomer;
    member.months = months;
    return member;
}

static struct household_member joined(uint32_t months, int32_t day)
{
    struct household_member member = pays(months);
    member.joined_day = day;
    return member;
}

/* 1 August 2026: 2.53 M, so the first member pays 113,850 a month. */
static int32_t today(void)
{
    return date_make(2026, 8, 1);
}

static struct household_quote quote_on(const struct household_member *members, size_t n,
                                       int32_t day)
{
    struct household_quote quote;
    struct err err = {0};
    if (household_quote(law, members, n, day, &quote, &err) != 0)
        fail_msg("refused: %s: %s", err.field, err.text);
    int64_t total = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t sum = 0;
        for (size_t k = 0; k < quote.shares[i].quote.lines.n; k++)
            sum += quote.shares[i].quote.lines.rows[k].amount_vnd;
        assert_int_equal(sum, quote.shares[i].quote.participant_vnd);
        total += sum;
    }
    assert_int_equal(total, quote.total_vnd);
    assert_true(quote.cheapest_vnd <= quote.total_vnd);
    return quote;
}

#define QUOTE(members) quote_on(members, ARRAY_LEN(members), today())

static void every_member_pays_by_rank(void **state)
{
    (void)state;
    static const int64_t at_253[] = {1366200, 956340, 819720, 683100, 546480, 546480},
                         at_234[] = {1263600, 884520, 758160, 631800, 505440, 505440};
    struct household_member members[6];
    for (size_t i = 0; i < 6; i++)
        members[i] = newcomer;
    struct household_quote now = QUOTE(members),
                           before = quote_on(members, 6, date_make(2026, 6, 30));
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(now.shares[i].rank, i + 1);
        assert_int_equal(now.shares[i].quote.participant_vnd, at_253[i]);
        assert_int_equal(before.shares[i].quote.participant_vnd, at_234[i]);
        assert_int_equal(now.order[i], i);
    }
    assert_int_equal(now.total_vnd, 4918320);
    assert_int_equal(now.cheapest_vnd, now.total_vnd);
}

static void who_joined_this_year_comes_first(void **state)
{
    (void)state;
    struct household_member members[] = {
        pays(12), joined(0, date_make(2026, 3, 1)), joined(6, date_make(2026, 1, 5)),
        pays(3),  joined(0, date_make(2026, 3, 1)),
    };
    struct household_quote quote = QUOTE(members);
    static const uint32_t ranks[] = {4, 2, 1, 5, 3};
    for (size_t i = 0; i < ARRAY_LEN(ranks); i++)
        assert_int_equal(quote.shares[i].rank, ranks[i]);
    assert_int_equal(quote.shares[1].quote.participant_vnd, 0); /* pays nothing now */
    assert_int_equal(quote.shares[1].valid_from_day, HOUSEHOLD_NO_DAY);
    assert_int_equal(quote.shares[2].quote.participant_vnd, 6 * 113850); /* goes on as the first */
    assert_int_equal(quote.shares[0].quote.participant_vnd, 683100);
    assert_int_equal(quote.shares[3].quote.participant_vnd, 3 * 45540);
    assert_int_equal(quote.n_order, 2);
    /* whoever joins now, the fourth share goes to the three months */
    assert_int_equal(quote.order[0], 3);
    assert_int_equal(quote.order[1], 0);
    assert_int_equal(quote.total_vnd - quote.cheapest_vnd, (12 - 3) * (56925 - 45540));
}

static void a_new_fiscal_year_starts_again_at_the_first_rank(void **state)
{
    (void)state;
    struct household_member members[] = {joined(12, date_make(2025, 12, 31)), pays(12)};
    struct household_quote quote = QUOTE(members);
    assert_int_equal(quote.shares[0].rank, 1);
    assert_int_equal(quote.shares[1].rank, 2);
    assert_int_equal(quote.n_order, 2);
    members[1].joined_day = date_make(2026, 1, 1);
    quote = QUOTE(members);
    assert_int_equal(quote.shares[0].rank, 2);
    assert_int_equal(quote.shares[1].rank, 1);
    assert_int_equal(quote.n_order, 1);
}

static void the_state_supported_are_not_counted(void **state)
{
    (void)state;
    struct household_member members[] = {pays(12), pays(12), pays(12)};
    members[0].is_state_supported = 1;
    members[0].joined_day = date_make(2026, 2, 1);
    struct household_quote quote = QUOTE(members);
    assert_int_equal(quote.shares[0].rank, 0);
    assert_int_equal(quote.shares[0].quote.participant_vnd, 0);
    assert_int_equal(quote.shares[1].rank, 1);
    assert_int_equal(quote.shares[2].rank, 2);
    assert_int_equal(quote.total_vnd, 1366200 + 956340);
}

static void the_shortest_periods_take_the_dearest_ranks(void **state)
{
    (void)state;
    struct household_member members[] = {pays(12), pays(6), pays(3)};
    struct household_quote quote = QUOTE(members);
    assert_int_equal(quote.total_vnd, 12 * 113850 + 6 * 79695 + 3 * 68310);
    assert_int_equal(quote.cheapest_vnd, 3 * 113850 + 6 * 79695 + 12 * 68310);
    static const size_t order[] = {2, 1, 0};
    assert_memory_equal(quote.order, order, sizeof(order));
    struct household_member same[] = {pays(3), pays(12), pays(12)};
    quote = QUOTE(same);
    assert_int_equal(quote.cheapest_vnd, quote.total_vnd);
    static const size_t given[] = {0, 1, 2};
    assert_memory_equal(quote.order, given, sizeof(given));
}

static void an_order_that_saves_nothing_stays(void **state)
{
    (void)state;
    struct household_member members[7]; /* the last three ranks cost the same */
    for (size_t i = 0; i < 7; i++)
        members[i] = pays(3);
    members[4] = pays(12);
    struct household_quote quote = QUOTE(members);
    assert_int_equal(quote.cheapest_vnd, quote.total_vnd);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(quote.order[i], i);
}

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* The smallest total over all orders, by trying them. */
static int64_t smallest(struct household_member *members, size_t n, size_t at)
{
    if (at == n)
        return quote_on(members, n, today()).total_vnd;
    int64_t best = INT64_MAX;
    for (size_t i = at; i < n; i++) {
        struct household_member swapped = members[at];
        members[at] = members[i];
        members[i] = swapped;
        best = MIN(best, smallest(members, n, at + 1));
        members[i] = members[at];
        members[at] = swapped;
    }
    return best;
}

static void no_order_of_a_random_household_is_cheaper(void **state)
{
    (void)state;
    static const uint32_t periods[] = {3, 6, 12};
    uint64_t seed = 7;
    for (int round = 0; round < 200; round++) {
        struct household_member members[5];
        size_t n = 1 + next(&seed) % ARRAY_LEN(members);
        for (size_t i = 0; i < n; i++) {
            members[i] = pays(periods[next(&seed) % 3]);
            if (next(&seed) % 4 == 0)
                members[i].joined_day = date_make(2026, 1, 1) + (int32_t)(next(&seed) % 40 * 5 + i);
            members[i].is_state_supported = next(&seed) % 8 == 0;
        }
        struct household_quote quote = quote_on(members, n, today());
        int64_t best = smallest(members, n, 0);
        struct household_member ordered[5];
        size_t k = 0;
        for (size_t i = 0; i < n; i++)
            if (quote.shares[i].rank == 0 || (members[i].joined_day != HOUSEHOLD_NO_DAY))
                ordered[k++] = members[i];
        for (size_t i = 0; i < quote.n_order; i++)
            ordered[k++] = members[quote.order[i]];
        assert_int_equal(k, n);
        assert_int_equal(quote_on(ordered, n, today()).total_vnd, quote.cheapest_vnd);
        assert_int_equal(quote.cheapest_vnd, best);
    }
}

/* --- cards --- */

static void expect_card(int32_t last_day, uint32_t months, const char *from, const char *to,
                        int waits)
{
    struct household_member member = pays(months);
    member.card_last_day = last_day;
    struct household_quote quote = quote_on(&member, 1, today());
    char text[DATE_TEXT_BYTES];
    date_format(quote.shares[0].valid_from_day, text);
    assert_string_equal(text, from);
    date_format(quote.shares[0].valid_to_day, text);
    assert_string_equal(text, to);
    assert_int_equal(quote.shares[0].quote.lines.n, waits ? 2 : 1);
    if (waits)
        assert_string_equal(
            said(&quote.shares[0].quote.lines.rows[1]),
            "valid after 30 days: the first one, or after a gap of 90 days or more");
}

static void a_card_renewed_in_time_goes_on(void **state)
{
    (void)state;
    expect_card(date_make(2026, 7, 31), 3, "2026-08-01", "2026-10-31", 0);
    expect_card(date_make(2026, 8, 20), 12, "2026-08-21", "2027-08-20", 0);
    expect_card(date_make(2026, 8, 31), 6, "2026-09-01", "2027-02-28", 0);
}

static void a_card_waits_after_a_long_gap_and_at_first(void **state)
{
    (void)state;
    expect_card(date_make(2026, 7, 1), 3, "2026-08-01", "2026-10-31", 0);
    expect_card(date_make(2026, 5, 3), 3, "2026-08-01", "2026-10-31", 0); /* 89 days */
    expect_card(date_make(2026, 5, 2), 3, "2026-08-31", "2026-11-30", 1); /* 90 days */
    expect_card(HOUSEHOLD_NO_DAY, 12, "2026-08-31", "2027-08-30", 1);
    struct policy_table *table = &law->tables[POLICY_SWITCHES];
    for (size_t i = 0; i < table->n; i++)
        if (table->rows[i].key == SWITCH_HEALTH_WAIT)
            table->rows[i].value = CHOICE_OFF;
    expect_card(HOUSEHOLD_NO_DAY, 12, "2026-08-01", "2027-07-31", 0);
}

static void periods_end_on_the_eve_of_their_day(void **state)
{
    (void)state;
    static const struct {
        int from[3];
        uint32_t months;
        int last[3];
    } cases[] = {
        {{2026, 1, 1}, 12, {2026, 12, 31}}, {{2026, 2, 15}, 3, {2026, 5, 14}},
        {{2026, 11, 30}, 3, {2027, 2, 28}}, {{2027, 11, 30}, 3, {2028, 2, 29}},
        {{2026, 8, 31}, 6, {2027, 2, 28}},  {{2028, 2, 29}, 12, {2029, 2, 28}},
        {{2026, 3, 1}, 12, {2027, 2, 28}},  {{2026, 1, 31}, 3, {2026, 4, 30}},
        {{2026, 1, 30}, 3, {2026, 4, 29}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const int *from = cases[i].from, *last = cases[i].last;
        assert_int_equal(period_last_day(date_make(from[0], from[1], from[2]), cases[i].months),
                         date_make(last[0], last[1], last[2]));
    }
}

/* --- refusals --- */

static void expect_refused(const struct household_member *members, size_t n, int32_t day, int rc,
                           const char *field)
{
    struct household_quote quote;
    struct err err = {0};
    assert_int_equal(household_quote(law, members, n, day, &quote, &err), rc);
    assert_string_equal(err.field, field);
    assert_int_equal(household_quote(law, members, n, day, &quote, NULL), rc);
}

static void requests_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct household_member members[HOUSEHOLD_MEMBERS_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        members[i] = newcomer;
    expect_refused(members, 0, today(), -EINVAL, "members");
    expect_refused(members, ARRAY_LEN(members), today(), -EINVAL, "members");
    assert_int_equal(quote_on(members, HOUSEHOLD_MEMBERS_MAX, today()).n_order,
                     HOUSEHOLD_MEMBERS_MAX);
    members[2].months = 4;
    expect_refused(members, 3, today(), -EINVAL, "members[2].months");
    members[2].months = 0;
    expect_refused(members, 3, today(), -EINVAL, "members[2].months");
    members[2] = joined(0, date_make(2025, 12, 31));
    expect_refused(members, 3, today(), -EINVAL, "members[2].months");
    members[2] = joined(0, today() + 1);
    expect_refused(members, 3, today(), -EINVAL, "members[2].joined_on");
    members[2] = newcomer;
    members[2].card_last_day = today() + 4000;
    expect_refused(members, 3, today(), -EINVAL, "members[2].previous_valid_until");
    expect_refused(members, 2, date_make(2018, 11, 30), -ERANGE, "on");
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(every_member_pays_by_rank),
    WITH_POLICY(who_joined_this_year_comes_first),
    WITH_POLICY(a_new_fiscal_year_starts_again_at_the_first_rank),
    WITH_POLICY(the_state_supported_are_not_counted),
    WITH_POLICY(the_shortest_periods_take_the_dearest_ranks),
    WITH_POLICY(an_order_that_saves_nothing_stays),
    WITH_POLICY(no_order_of_a_random_household_is_cheaper),
    WITH_POLICY(a_card_renewed_in_time_goes_on),
    WITH_POLICY(a_card_waits_after_a_long_gap_and_at_first),
    cmocka_unit_test(periods_end_on_the_eve_of_their_day),
    WITH_POLICY(requests_that_make_no_sense_are_refused),
};

TEST_MAIN(tests)
