/* What bounds calls over ipc://: windows, queues, deadlines, overload, drain, sizes. */
#include "tests/support/test.h"
#include "tests/support/bus_world.h"

#include <stdio.h>
#include <string.h>

#define LONG_MS 3000
#define N_MAX 32

static void when_all_refuse_the_refusal_is_the_outcome(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = EXHAUSTED, .retry_after_ms = 30};
    world_open_one(world, &peer, 1000, 1000);
    struct outcome command, read;
    world_pay(world, 150, &command);
    world_read(world, 150, &read);
    WAIT_UNTIL(world, command.n == 1 && read.n == 1);
    assert_int_equal(command.code, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(command.retry_after_ms, 30);
    assert_int_equal(read.code, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED);
    assert_true(peer.n_calls >= 4);

    /* it comes at once when no retry fits in before the deadline */
    unsigned n_calls = peer.n_calls;
    int64_t timeouts = world_stats(world).timeouts;
    peer.retry_after_ms = LONG_MS;
    world_pay(world, LONG_MS, &command);
    WAIT_UNTIL(world, command.n == 1);
    assert_int_equal(command.code, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(command.retry_after_ms, LONG_MS);
    assert_int_equal(peer.n_calls, n_calls + 1);
    assert_int_equal(world_stats(world).timeouts, timeouts);
    world_close_one(world, &peer);
}

static void a_deadline_says_what_is_known(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = HOLDS};
    world_open_one(world, &peer, 1000, 1000);
    struct outcome sent, read, never;
    world_pay(world, 60, &sent);
    world_read(world, 60, &read);
    WAIT_UNTIL(world, sent.n == 1 && read.n == 1);
    assert_int_equal(sent.code, ANSINH__V1__CODE__CODE_UNKNOWN);
    assert_int_equal(read.code, ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED);
    assert_int_equal(world_stats(world).timeouts, 2);

    /* an answer that nobody waits for is not sent */
    WAIT_UNTIL(world, peer.n_held == 2 && clock_mono_ms() > peer.held[0]->deadline_ms &&
                          clock_mono_ms() > peer.held[1]->deadline_ms);
    peer_release(&peer);
    struct bus_server_stats stats;
    bus_server_stats_get(peer.server, &stats);
    assert_int_equal(stats.expired, 2);

    world_introduce(world, NULL, 0);
    world_pay(world, 60, &never);
    WAIT_UNTIL(world, never.n == 1);
    assert_int_equal(never.code, ANSINH__V1__CODE__CODE_UNAVAILABLE);
    world_close_one(world, &peer);
}

/* The fixture's client has a window of 8 and lets 16 wait. */
static void the_window_and_the_queue_are_bounded(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = HOLDS};
    world_open_one(world, &peer, 60000, 60000);
    struct outcome outcomes[N_MAX];
    for (size_t i = 0; i < N_MAX; i++)
        world_read(world, LONG_MS, &outcomes[i]);
    WAIT_UNTIL(world, bus_client_open(world->client) == 24);
    assert_int_equal(world_stats(world).refused, N_MAX - 24);
    assert_int_equal(outcomes[24].code, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(outcomes[N_MAX - 1].n, 1);
    WAIT_UNTIL(world, peer.n_held == 8);
    peer_release(&peer);
    WAIT_UNTIL(world, peer.n_held == 8);
    assert_int_equal(bus_client_open(world->client), 16);
    peer.mood = ANSWERS;
    peer_release(&peer);
    WAIT_UNTIL(world, bus_client_open(world->client) == 0);
    for (size_t i = 0; i < N_MAX; i++)
        assert_int_equal(outcomes[i].n, 1);
    assert_int_equal(peer.n_calls, 24);
    world_close_one(world, &peer);
}

/* Another service's backlog does not keep a healthy one from being asked. */
static void calls_for_an_unknown_service_wait_apart(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    world_open_one(world, &peer, 1000, 1000);
    struct bus_call call = {
        .service = "nobody", .method = "ansinh.v1.Payments/GetPayment", .timeout_ms = LONG_MS};
    struct outcome strays[N_MAX] = {{0}}, outcome;
    for (size_t i = 0; i < N_MAX; i++)
        bus_call_packed(world->client, &call, NULL, 0, on_outcome, &strays[i]);
    world_pay(world, LONG_MS, &outcome);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, 0);
    assert_int_equal(bus_client_open(world->client), 16);
    bus_client_destroy(&world->client);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(strays[i].code, ANSINH__V1__CODE__CODE_CANCELED);
    world_close_one(world, &peer);
}

static void too_long_a_request_is_refused_here(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    world_open_one(world, &peer, 1000, 1000);
    uint8_t *body = calloc(1, BUS_FRAME_MAX_BYTES + 1);
    assert_non_null(body);
    struct bus_call call = {
        .service = "payments", .method = "ansinh.v1.Payments/Inquire", .timeout_ms = LONG_MS};
    struct outcome outcome = {0};
    bus_call_packed(world->client, &call, body, BUS_FRAME_MAX_BYTES + 1, on_outcome, &outcome);
    assert_int_equal(outcome.n, 0);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_int_equal(peer.n_calls, 0);
    free(body);
    world_close_one(world, &peer);
}

static void a_draining_server_refuses_new_requests_only(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 60000, 60000);
    pair.one.mood = pair.two.mood = HOLDS;
    struct outcome first[2], later[4];
    for (size_t i = 0; i < 2; i++)
        world_pay(world, LONG_MS, &first[i]);
    WAIT_UNTIL(world, pair.one.n_held == 1 && pair.two.n_held == 1);
    bus_server_drain(pair.one.server);
    pair.two.mood = ANSWERS;
    for (size_t i = 0; i < 4; i++)
        world_pay(world, LONG_MS, &later[i]);
    WAIT_UNTIL(world, bus_client_open(world->client) == 2);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(later[i].payment_id, "payments-2");
    assert_int_equal(bus_server_open(pair.one.server), 1);
    peer_release(&pair.one);
    peer_release(&pair.two);
    WAIT_UNTIL(world, bus_client_open(world->client) == 0);
    pair_close(world, &pair);
}

static void urgent_methods_are_refused_last(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = HOLDS};
    peer_start(&peer, world, "payments-1", 5); /* 80 % are 4 */
    world_client(world, world->bus, 60000, 60000);
    world_introduce(world, (struct peer *[]){&peer}, 1);
    WAIT_UNTIL(world, bus_client_count(world->client, "payments") == 1);
    struct outcome reads[5], pays[2];
    for (size_t i = 0; i < 5; i++)
        world_read(world, 400, &reads[i]);
    WAIT_UNTIL(world, peer.n_held == 4);
    struct bus_server_stats stats;
    WAIT_UNTIL(world, (bus_server_stats_get(peer.server, &stats), stats.overloaded > 0));
    for (size_t i = 0; i < 2; i++)
        world_pay(world, 300, &pays[i]);
    WAIT_UNTIL(world, peer.n_held == 5);
    WAIT_UNTIL(world, pays[0].n + pays[1].n == 2 && reads[4].n == 1);
    assert_int_equal(reads[4].code, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED);
    int n_unknown = (pays[0].code == ANSINH__V1__CODE__CODE_UNKNOWN) +
                    (pays[1].code == ANSINH__V1__CODE__CODE_UNKNOWN);
    int n_refused = (pays[0].code == ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED) +
                    (pays[1].code == ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(n_unknown, 1);
    assert_int_equal(n_refused, 1);
    assert_int_equal(peer.n_calls, 5);
    world_close_one(world, &peer);
}

static void a_wrong_configuration_is_refused(void **state)
{
    struct world *world = *state;
    struct err err;
    struct bus_client_conf conf = {.caller = "x", .window = 0, .waiting_max = 1, .try_ms = 1};
    assert_int_equal(bus_client_create(world->bus, &conf, &world->client, &err), -22);
    assert_null(world->client);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

const struct CMUnitTest tests[] = {
    T(when_all_refuse_the_refusal_is_the_outcome),
    T(a_deadline_says_what_is_known),
    T(the_window_and_the_queue_are_bounded),
    T(calls_for_an_unknown_service_wait_apart),
    T(too_long_a_request_is_refused_here),
    T(a_draining_server_refuses_new_requests_only),
    T(urgent_methods_are_refused_last),
    T(a_wrong_configuration_is_refused),
};

TEST_MAIN(tests)
