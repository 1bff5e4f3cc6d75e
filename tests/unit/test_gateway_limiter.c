/* How often one address may ask. */
#include "tests/support/test.h"

#include <stdio.h>

#include "services/gateway/limiter.h"

#define START_MS 1000000

static void a_burst_is_taken_and_then_one_at_a_time(void **state)
{
    struct limiter *limiter = limiter_create(60);
    (void)state;
    for (int i = 0; i < 6; i++)
        assert_int_equal(limiter_take(limiter, "10.0.0.1", START_MS), 0);
    assert_int_equal(limiter_take(limiter, "10.0.0.1", START_MS), 1000);
    assert_int_equal(limiter_take(limiter, "10.0.0.1", START_MS + 400), 600);
    assert_int_equal(limiter_take(limiter, "10.0.0.1", START_MS + 1000), 0);
    assert_int_equal(limiter_take(limiter, "10.0.0.1", START_MS + 1000), 1000);
    limiter_destroy(&limiter);
}

static void addresses_do_not_share(void **state)
{
    struct limiter *limiter = limiter_create(60);
    (void)state;
    while (limiter_take(limiter, "10.0.0.1", START_MS) == 0) {
    }
    assert_int_equal(limiter_take(limiter, "10.0.0.2", START_MS), 0);
    limiter_destroy(&limiter);
}

static void what_is_saved_has_an_end(void **state)
{
    struct limiter *limiter = limiter_create(60);
    int n = 0;
    (void)state;
    assert_int_equal(limiter_take(limiter, "10.0.0.1", START_MS), 0);
    while (limiter_take(limiter, "10.0.0.1", START_MS + 3600000) == 0)
        n++;
    assert_int_equal(n, 6);
    limiter_destroy(&limiter);
}

/* Many addresses do not free the one that is limited. */
static void a_full_table_keeps_who_asks_most(void **state)
{
    struct limiter *limiter = limiter_create(60);
    char address[32];
    (void)state;
    while (limiter_take(limiter, "10.0.0.1", START_MS) == 0) {
    }
    for (int i = 0; i < 4 * LIMITER_SETS * LIMITER_WAYS; i++) {
        (void)snprintf(address, sizeof(address), "x%d", i);
        assert_int_equal(limiter_take(limiter, address, START_MS), 0);
    }
    assert_int_not_equal(limiter_take(limiter, "10.0.0.1", START_MS), 0);
    limiter_destroy(&limiter);
}

static void zero_is_no_limit(void **state)
{
    struct limiter *limiter = limiter_create(0);
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(limiter_take(limiter, "10.0.0.1", START_MS), 0);
    limiter_destroy(&limiter);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_burst_is_taken_and_then_one_at_a_time),
    cmocka_unit_test(addresses_do_not_share),
    cmocka_unit_test(what_is_saved_has_an_end),
    cmocka_unit_test(a_full_table_keeps_who_asks_most),
    cmocka_unit_test(zero_is_no_limit),
};

TEST_MAIN(tests)
