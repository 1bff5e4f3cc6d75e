/* Cash in hand and its age, held against a model that remembers every amount. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "services/settlement/custody_rules.h"

#define MINUTE_MS 60000LL
#define HOUR_MS (60 * MINUTE_MS)
#define START_MS (20000LL * 24 * HOUR_MS)
#define SPAN_MS (CASH_SPAN_MINUTES * MINUTE_MS)

static void what_is_handed_over_is_the_oldest(void **state)
{
    struct cash cash = {0};
    (void)state;
    assert_int_equal(cash_oldest_ms(&cash), 0);
    cash_take(&cash, START_MS, 100);
    cash_take(&cash, START_MS + 8 * HOUR_MS, 50);
    assert_int_equal(cash_in_hand(&cash), 150);
    assert_int_equal(cash_oldest_ms(&cash), START_MS);
    cash.remitted_vnd = 99;
    assert_int_equal(cash_oldest_ms(&cash), START_MS);
    cash.remitted_vnd = 100;
    assert_int_equal(cash_in_hand(&cash), 50);
    assert_int_equal(cash_oldest_ms(&cash), START_MS + 8 * HOUR_MS);
    cash.remitted_vnd = 150;
    assert_int_equal(cash_oldest_ms(&cash), 0);
    cash.remitted_vnd = 200; /* an advance: the next 50 are handed over already */
    assert_int_equal(cash_in_hand(&cash), -50);
    cash_take(&cash, START_MS + 20 * HOUR_MS, 60);
    assert_int_equal(cash_in_hand(&cash), 10);
    assert_int_equal(cash_oldest_ms(&cash), START_MS + 20 * HOUR_MS);
}

static void a_reversed_payment_is_taken_off_where_it_came_in(void **state)
{
    struct cash cash = {0};
    (void)state;
    cash_take(&cash, START_MS, 100);
    cash_take(&cash, START_MS + 8 * HOUR_MS, 50);
    cash_take(&cash, START_MS, -100);
    assert_int_equal(cash_in_hand(&cash), 50);
    assert_int_equal(cash_oldest_ms(&cash), START_MS + 8 * HOUR_MS);
}

static void limits_are_crossed_behind_them(void **state)
{
    struct cash cash = {0};
    const struct cash_limits limits = {100, 24 * HOUR_MS}, none = {0, 0};
    (void)state;
    cash_take(&cash, START_MS, 100);
    assert_false(cash_is_over(&cash, &limits));
    assert_false(cash_is_late(&cash, &limits, START_MS + 24 * HOUR_MS));
    assert_true(cash_is_late(&cash, &limits, START_MS + 24 * HOUR_MS + 1));
    cash_take(&cash, START_MS, 1);
    assert_true(cash_is_over(&cash, &limits));
    assert_false(cash_is_over(&cash, &none));
    assert_false(cash_is_late(&cash, &none, START_MS + 1000 * HOUR_MS));
    cash.remitted_vnd = 101;
    assert_false(cash_is_over(&cash, &limits));
    assert_false(cash_is_late(&cash, &limits, START_MS + 1000 * HOUR_MS));
}

static void never_handed_over_cash_stays_countable(void **state)
{
    struct cash cash = {0};
    (void)state;
    for (int i = 0; i < 3 * CASH_LOTS_MAX; i++)
        cash_take(&cash, START_MS + i * SPAN_MS, 10);
    assert_int_equal(cash.n_lots, CASH_LOTS_MAX);
    assert_int_equal(cash_in_hand(&cash), 30 * CASH_LOTS_MAX);
    assert_true(cash_oldest_ms(&cash) >= START_MS);
    assert_true(cash_oldest_ms(&cash) < START_MS + 2LL * CASH_LOTS_MAX * SPAN_MS);
    cash_take(&cash, START_MS, 5);
    assert_int_equal(cash_in_hand(&cash), 30 * CASH_LOTS_MAX + 5);
}

static void packed_cash_is_read_as_it_was(void **state)
{
    struct cash cash = {.is_late = 1}, read;
    uint8_t packed[CASH_PACKED_MAX_BYTES], again[CASH_PACKED_MAX_BYTES];
    (void)state;
    for (int i = 0; i < CASH_LOTS_MAX + 3; i++)
        cash_take(&cash, START_MS + i * SPAN_MS, 10 + i);
    cash.remitted_vnd = 77;
    size_t len = cash_pack(&cash, packed);
    assert_int_equal(len, CASH_PACKED_MAX_BYTES);
    assert_int_equal(cash_unpack(packed, len, &read), 0);
    assert_int_equal(cash_pack(&read, again), len);
    assert_memory_equal(packed, again, len);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_not_equal(cash_unpack(packed, cut, &read), 0);
    packed[0] = 9;
    assert_int_not_equal(cash_unpack(packed, len, &read), 0);
}

/* --- a model ---------------------------------------------------------------------------------- */

#define EVENTS 400

struct amount {
    int64_t at_ms, vnd; /* vnd of a payment; 0: a remittance of given */
    int64_t given;
};

static int compare_times(const void *a, const void *b)
{
    const struct amount *left = a, *right = b;
    return left->at_ms < right->at_ms ? -1 : left->at_ms > right->at_ms;
}

/* Oldest dong by first in, first out over single payments; reversed ones are not there. */
static int64_t model_oldest(const struct amount *events, size_t n, int64_t remitted)
{
    struct amount sorted[EVENTS];
    int64_t sum = 0;
    memcpy(sorted, events, n * sizeof(*events));
    qsort(sorted, n, sizeof(*sorted), compare_times);
    for (size_t i = 0; i < n; i++) {
        sum += sorted[i].vnd;
        if (sum > remitted)
            return sorted[i].at_ms;
    }
    return 0;
}

static int random_below(int n)
{
    return rand() % n; /* NOLINT: a test's choice, repeatable by its seed */
}

static void shuffle(struct amount *events, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)random_below((int)i);
        struct amount kept = events[i - 1];
        events[i - 1] = events[j];
        events[j] = kept;
    }
}

static void try_history(unsigned seed)
{
    struct amount events[EVENTS];
    struct cash in_order = {0}, shuffled = {0};
    int64_t collected = 0, remitted = 0;
    size_t n = (size_t)(1 + random_below(EVENTS));
    for (size_t i = 0; i < n; i++) {
        /* within fewer spans than are kept */
        int64_t at_ms = START_MS + random_below(CASH_LOTS_MAX - 1) * SPAN_MS +
                        random_below(CASH_SPAN_MINUTES) * MINUTE_MS;
        events[i] = (struct amount){at_ms, 0, 0};
        if (random_below(5) == 0)
            events[i].given = random_below(2000);
        else if (random_below(8) != 0) /* else paid and reversed: nothing is left of it */
            events[i].vnd = 1 + random_below(1000);
        collected += events[i].vnd;
        remitted += events[i].given;
        cash_take(&in_order, at_ms, events[i].vnd == 0 ? 500 : events[i].vnd);
        if (events[i].vnd == 0)
            cash_take(&in_order, at_ms, -500);
        in_order.remitted_vnd += events[i].given;
    }
    int64_t oldest = collected > remitted ? model_oldest(events, n, remitted) : 0;
    shuffle(events, n);
    for (size_t i = 0; i < n; i++) {
        if (events[i].vnd != 0)
            cash_take(&shuffled, events[i].at_ms, events[i].vnd);
        shuffled.remitted_vnd += events[i].given;
    }
    if (cash_in_hand(&in_order) != collected - remitted ||
        cash_in_hand(&shuffled) != collected - remitted)
        fail_msg("seed %u: cash in hand", seed);
    if (cash_oldest_ms(&shuffled) > oldest || cash_oldest_ms(&shuffled) <= oldest - SPAN_MS)
        fail_msg("seed %u: age", seed);
    int64_t before = cash_oldest_ms(&shuffled);
    cash_settle(&shuffled, START_MS + CASH_LOTS_MAX * SPAN_MS);
    if (cash_oldest_ms(&shuffled) != before || cash_in_hand(&shuffled) != collected - remitted)
        fail_msg("seed %u: settling changed something", seed);
}

static void cash_is_the_fold_of_random_histories_in_any_order(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 2000; seed++) {
        srand(seed);
        try_history(seed);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_handed_over_is_the_oldest),
    cmocka_unit_test(a_reversed_payment_is_taken_off_where_it_came_in),
    cmocka_unit_test(limits_are_crossed_behind_them),
    cmocka_unit_test(never_handed_over_cash_stays_countable),
    cmocka_unit_test(packed_cash_is_read_as_it_was),
    cmocka_unit_test(cash_is_the_fold_of_random_histories_in_any_order),
};

TEST_MAIN(tests)
