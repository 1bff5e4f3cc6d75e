/* Calls between a client and servers over ipc://: retries, balancing, deadlines, limits. */
#include "tests/support/test.h"
#include "tests/support/bus_world.h"

#include <stdio.h>
#include <string.h>

static void a_command_is_answered(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    peer_start(&peer, world, "payments-1", 0);
    world_client(world, world->bus, 1000, 1000);
    world_introduce(world, (struct peer *[]){&peer}, 1);

    struct outcome outcome;
    world_pay(world, 2000, &outcome);
    assert_int_equal(bus_client_open(world->client), 1);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, 0);
    assert_string_equal(outcome.payment_id, "payments-1");
    assert_string_equal(peer.last_caller, "test-1");
    assert_string_equal(peer.last_trace_id, "trace-1");
    assert_int_equal(bus_client_open(world->client), 0);
    assert_int_equal(bus_server_open(peer.server), 0);

    struct bus_server_stats stats;
    bus_server_stats_get(peer.server, &stats);
    assert_int_equal(stats.failures, 0);
    assert_int_equal(stats.requests, stats.replies);
    peer_stop(&peer);
}

const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_command_is_answered, world_setup, world_teardown),
};

TEST_MAIN(tests)
