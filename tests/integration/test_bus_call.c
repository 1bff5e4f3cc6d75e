/* Calls between a client and servers over ipc://: retries, balancing, deadlines, limits. */
#include "tests/support/test.h"
#include "tests/support/bus_world.h"

#include <stdio.h>
#include <string.h>

#include "ansinh/v1/payments.pb-c.h"

#define LONG_MS 3000
#define N_MAX 32

/* One client and two peers, both connected. */
struct pair {
    struct peer one, two;
};

static void pair_open(struct world *world, struct pair *self, int64_t try_ms, int64_t ping_ms)
{
    memset(self, 0, sizeof(*self));
    peer_start(&self->one, world, "payments-1", 0);
    peer_start(&self->two, world, "payments-2", 0);
    world_client(world, world->bus, try_ms, ping_ms);
    world_introduce(world, (struct peer *[]){&self->one, &self->two}, 2);
    WAIT_UNTIL(world, bus_client_count(world->client, "payments") == 2);
}

static void pair_close(struct world *world, struct pair *self)
{
    bus_client_destroy(&world->client);
    peer_stop(&self->one);
    peer_stop(&self->two);
}

static void one_open(struct world *world, struct peer *peer, int64_t try_ms, int64_t ping_ms)
{
    peer_start(peer, world, "payments-1", 0);
    world_client(world, world->bus, try_ms, ping_ms);
    world_introduce(world, (struct peer *[]){peer}, 1);
    WAIT_UNTIL(world, bus_client_count(world->client, "payments") == 1);
}

static void one_close(struct world *world, struct peer *peer)
{
    bus_client_destroy(&world->client);
    peer_stop(peer);
}

static struct bus_client_stats stats_of(struct world *world)
{
    struct bus_client_stats stats;
    bus_client_stats_get(world->client, &stats);
    return stats;
}

static void a_command_is_answered(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    one_open(world, &peer, 1000, 1000);
    struct outcome outcome;
    world_pay(world, LONG_MS, &outcome);
    assert_int_equal(bus_client_open(world->client), 1);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, 0);
    assert_string_equal(outcome.payment_id, "payments-1");
    assert_string_equal(peer.last_caller, "test-1");
    assert_string_equal(peer.last_trace_id, "trace-1");
    assert_int_equal(bus_client_open(world->client), 0);
    assert_int_equal(bus_server_open(peer.server), 0);
    one_close(world, &peer);
}

static void an_error_is_final_and_names_the_field(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 1000, 1000);
    pair.one.mood = pair.two.mood = REJECTS;
    struct outcome outcome;
    world_pay(world, LONG_MS, &outcome);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    assert_string_equal(outcome.message, "the bill says 42");
    assert_string_equal(outcome.field, "amount_vnd");
    assert_int_equal(pair.one.n_calls + pair.two.n_calls, 1);
    pair_close(world, &pair);
}

static void calls_go_to_the_least_loaded(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 1000, 1000);
    pair.one.mood = pair.two.mood = HOLDS;
    struct outcome outcomes[6];
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
        world_read(world, LONG_MS, &outcomes[i]);
    WAIT_UNTIL(world, pair.one.n_held == 3 && pair.two.n_held == 3);
    peer_release(&pair.one);
    WAIT_UNTIL(world, bus_client_open(world->client) == 3);
    for (size_t i = 0; i < 2; i++)
        world_read(world, LONG_MS, &outcomes[i]);
    WAIT_UNTIL(world, pair.one.n_held == 2);
    assert_int_equal(pair.two.n_held, 3);
    peer_release(&pair.one);
    peer_release(&pair.two);
    WAIT_UNTIL(world, bus_client_open(world->client) == 0);
    pair_close(world, &pair);
}

/* Instance two is busy with somebody else's calls, as its answers say. */
static void reported_load_counts_but_a_retry_goes_elsewhere(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 60, 10);
    struct bus_client *client = world->client;
    world->other_client = client; /* for the teardown, should this fail */
    pair.two.mood = HOLDS;
    struct outcome busy[5], outcomes[4];
    (void)world_client(world, world->bus, 60000, 60000);
    world_introduce(world, (struct peer *[]){&pair.two}, 1);
    for (size_t i = 0; i < ARRAY_LEN(busy); i++)
        world_read(world, 60000, &busy[i]);
    WAIT_UNTIL(world, pair.two.n_held == ARRAY_LEN(busy));
    pair.two.mood = ANSWERS;

    world->other_client = world->client;
    world->client = client;
    unsigned n_pings = pair.two.n_pings;
    WAIT_UNTIL(world, pair.two.n_pings >= n_pings + 3);
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
        world_read(world, LONG_MS, &outcomes[i]);
        WAIT_UNTIL(world, outcomes[i].n == 1);
        assert_string_equal(outcomes[i].payment_id, "payments-1");
    }
    pair.one.mood = HOLDS;
    world_pay(world, LONG_MS, &outcomes[0]);
    WAIT_UNTIL(world, outcomes[0].n == 1);
    assert_string_equal(outcomes[0].payment_id, "payments-2");
    assert_int_equal(pair.one.n_held, 1);
    bus_client_destroy(&world->other_client);
    pair_close(world, &pair);
}

static void an_unanswered_try_goes_to_another_instance(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 50, 1000);
    pair.one.mood = pair.two.mood = HOLDS;
    struct outcome outcome;
    world_pay(world, LONG_MS, &outcome);
    WAIT_UNTIL(world, pair.one.n_held > 0 && pair.two.n_held > 0);
    assert_memory_equal(pair.one.last_id.bytes, pair.two.last_id.bytes, ID_BYTES);
    assert_int_equal(pair.one.last_fingerprint, pair.two.last_fingerprint);
    assert_true(stats_of(world).retries >= 1);
    peer_release(&pair.two);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_string_equal(outcome.payment_id, "payments-2");
    peer_release(&pair.one);
    pair_close(world, &pair);
}

static void a_late_answer_of_an_earlier_try_counts(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 50, 1000);
    pair.one.mood = pair.two.mood = HOLDS;
    struct outcome outcome;
    world_pay(world, LONG_MS, &outcome);
    WAIT_UNTIL(world, pair.one.n_held + pair.two.n_held == 1);
    struct peer *first = pair.one.n_held > 0 ? &pair.one : &pair.two;
    struct peer *second = first == &pair.one ? &pair.two : &pair.one;
    WAIT_UNTIL(world, second->n_held == 1);
    peer_release(first);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_string_equal(outcome.payment_id, first->info.id);
    peer_release(second); /* and the other one is ignored */
    world_read(world, LONG_MS, &outcome);
    first->mood = second->mood = ANSWERS;
    WAIT_UNTIL(world, outcome.n == 1);
    pair_close(world, &pair);
}

static void refusals_are_retried_elsewhere(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 1000, 1000);
    pair.one.mood = REFUSES;
    for (int i = 0; i < 4; i++) {
        struct outcome outcome;
        world_pay(world, LONG_MS, &outcome);
        WAIT_UNTIL(world, outcome.n == 1);
        assert_int_equal(outcome.code, 0);
        assert_string_equal(outcome.payment_id, "payments-2");
    }
    assert_true(pair.one.n_calls > 0);
    pair_close(world, &pair);
}

static void when_all_refuse_the_refusal_is_the_outcome(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = EXHAUSTED, .retry_after_ms = 30};
    one_open(world, &peer, 1000, 1000);
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
    int64_t timeouts = stats_of(world).timeouts;
    peer.retry_after_ms = LONG_MS;
    world_pay(world, LONG_MS, &command);
    WAIT_UNTIL(world, command.n == 1);
    assert_int_equal(command.code, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(command.retry_after_ms, LONG_MS);
    assert_int_equal(peer.n_calls, n_calls + 1);
    assert_int_equal(stats_of(world).timeouts, timeouts);
    one_close(world, &peer);
}

static void a_deadline_says_what_is_known(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = HOLDS};
    one_open(world, &peer, 1000, 1000);
    struct outcome sent, read, never;
    world_pay(world, 60, &sent);
    world_read(world, 60, &read);
    WAIT_UNTIL(world, sent.n == 1 && read.n == 1);
    assert_int_equal(sent.code, ANSINH__V1__CODE__CODE_UNKNOWN);
    assert_int_equal(read.code, ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED);
    assert_int_equal(stats_of(world).timeouts, 2);

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
    one_close(world, &peer);
}

static void a_vanished_instance_loses_its_calls_to_another(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 60000, 60000);
    pair.one.mood = HOLDS;
    pair.two.mood = HOLDS;
    struct outcome outcomes[4];
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
        world_pay(world, LONG_MS, &outcomes[i]);
    WAIT_UNTIL(world, pair.one.n_held == 2 && pair.two.n_held == 2);
    pair.two.mood = ANSWERS;
    peer_release(&pair.two);
    peer_stop(&pair.one); /* its connection breaks long before the try ends */
    WAIT_UNTIL(world, bus_client_open(world->client) == 0);
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
        assert_string_equal(outcomes[i].payment_id, "payments-2");
    pair_close(world, &pair);
}

static void a_delisted_instance_loses_its_calls_to_another(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 60000, 60000);
    pair.one.mood = HOLDS;
    struct outcome outcomes[2];
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
        world_pay(world, LONG_MS, &outcomes[i]);
    WAIT_UNTIL(world, pair.one.n_held == 1 && bus_client_open(world->client) == 1);
    world_introduce(world, (struct peer *[]){&pair.two}, 1);
    WAIT_UNTIL(world, bus_client_open(world->client) == 0);
    assert_string_equal(outcomes[0].payment_id, "payments-2");
    assert_string_equal(outcomes[1].payment_id, "payments-2");
    assert_int_equal(bus_client_count(world->client, "payments"), 1);
    pair_close(world, &pair);
}

static void unanswered_pings_take_an_instance_out_and_an_answer_back_in(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 60000, 20);
    WAIT_UNTIL(world, pair.one.n_pings > 0 && pair.two.n_pings > 0);
    pair.one.mood = HOLDS;
    struct outcome outcomes[2];
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
        world_pay(world, LONG_MS, &outcomes[i]);
    WAIT_UNTIL(world, pair.one.n_held == 1);
    pair.one.is_mute = 1;
    WAIT_UNTIL(world, bus_client_open(world->client) == 0);
    assert_int_equal(bus_client_count(world->client, "payments"), 1);
    assert_string_equal(outcomes[0].payment_id, "payments-2");
    assert_string_equal(outcomes[1].payment_id, "payments-2");
    pair.one.is_mute = 0;
    WAIT_UNTIL(world, bus_client_count(world->client, "payments") == 2);
    peer_release(&pair.one);
    pair_close(world, &pair);
}

static void a_restarted_instance_is_found_again(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    one_open(world, &peer, 100, 100);
    struct outcome outcome;
    world_pay(world, LONG_MS, &outcome);
    WAIT_UNTIL(world, outcome.n == 1);
    peer_stop(&peer);
    world_pay(world, LONG_MS, &outcome);
    loop_turn(world->loop, 5);
    peer_start(&peer, world, "payments-1", 0);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, 0);
    one_close(world, &peer);
}

static void a_pinned_call_goes_nowhere_else(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 30, 1000);
    pair.two.mood = HOLDS;
    struct outcome ask_two, ask_three;
    world_read_at(world, "payments-2", LONG_MS, &ask_two);
    world_read_at(world, "payments-3", 300, &ask_three);
    WAIT_UNTIL(world, pair.two.n_held >= 2); /* retries, too */
    assert_int_equal(pair.one.n_calls, 0);
    peer_release(&pair.two);
    WAIT_UNTIL(world, ask_two.n == 1);
    WAIT_UNTIL(world, ask_three.n == 1);
    assert_int_equal(ask_three.code, ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED);

    /* it waits for an instance that comes later */
    world_read_at(world, "payments-3", LONG_MS, &ask_three);
    struct peer three = {.mood = ANSWERS};
    peer_start(&three, world, "payments-3", 0);
    world_introduce(world, (struct peer *[]){&pair.one, &three}, 2);
    WAIT_UNTIL(world, ask_three.n == 1);
    assert_string_equal(ask_three.payment_id, "payments-3");
    assert_int_equal(pair.one.n_calls, 0);
    pair_close(world, &pair);
    peer_stop(&three);
}

/* The fixture's client has a window of 8 and lets 16 wait. */
static void the_window_and_the_queue_are_bounded(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = HOLDS};
    one_open(world, &peer, 60000, 60000);
    struct outcome outcomes[N_MAX];
    for (size_t i = 0; i < N_MAX; i++)
        world_read(world, LONG_MS, &outcomes[i]);
    WAIT_UNTIL(world, bus_client_open(world->client) == 24);
    assert_int_equal(stats_of(world).refused, N_MAX - 24);
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
    one_close(world, &peer);
}

/* Another service's backlog does not keep a healthy one from being asked. */
static void calls_for_an_unknown_service_wait_apart(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    one_open(world, &peer, 1000, 1000);
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
    one_close(world, &peer);
}

static void too_long_a_request_is_refused_here(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    one_open(world, &peer, 1000, 1000);
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
    one_close(world, &peer);
}

struct chain {
    struct world *world;
    struct outcome outcomes[3];
    int n;
};

/* Calls again from within its callback, also while the client ends. */
static void on_link(void *arg, const struct bus_answer *answer)
{
    struct chain *self = arg;
    on_outcome(&self->outcomes[self->n++], answer);
    struct bus_call call = {
        .service = "payments", .method = "ansinh.v1.Payments/GetPayment", .timeout_ms = LONG_MS};
    if (self->n < 3)
        bus_call_packed(self->world->client, &call, NULL, 0, on_link, self);
}

static void callbacks_may_call(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    one_open(world, &peer, 1000, 1000);
    struct bus_call call = {
        .service = "payments", .method = "ansinh.v1.Payments/GetPayment", .timeout_ms = LONG_MS};
    struct chain chain = {.world = world};
    bus_call_packed(world->client, &call, NULL, 0, on_link, &chain);
    WAIT_UNTIL(world, chain.n == 3);
    assert_int_equal(chain.outcomes[2].code, 0);

    peer.mood = HOLDS;
    memset(&chain, 0, sizeof(chain));
    chain.world = world;
    bus_call_packed(world->client, &call, NULL, 0, on_link, &chain);
    bus_client_destroy(&world->client);
    assert_int_equal(chain.n, 3);
    assert_int_equal(chain.outcomes[0].code, ANSINH__V1__CODE__CODE_CANCELED);
    assert_int_equal(chain.outcomes[2].code, ANSINH__V1__CODE__CODE_CANCELED);
    one_close(world, &peer);
}

/* The registry may speak while an answer is delivered. */
static void on_answer_forget_all(void *arg, const struct bus_answer *answer)
{
    struct chain *self = arg;
    on_outcome(&self->outcomes[self->n++], answer);
    bus_client_set_instances(self->world->client, NULL, 0);
}

static void callbacks_may_change_the_instances(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = HOLDS};
    one_open(world, &peer, 1000, 1000);
    struct bus_call call = {
        .service = "payments", .method = "ansinh.v1.Payments/GetPayment", .timeout_ms = 100};
    struct chain chain = {.world = world};
    for (int i = 0; i < 3; i++)
        bus_call_packed(world->client, &call, NULL, 0, on_answer_forget_all, &chain);
    WAIT_UNTIL(world, peer.n_held == 3);
    peer_release(&peer);
    WAIT_UNTIL(world, chain.n == 3);
    assert_int_equal(chain.outcomes[0].code, 0);
    assert_int_equal(bus_client_count(world->client, "payments"), 0);
    one_close(world, &peer);
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
    one_close(world, &peer);
}

static void methods_are_measured(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    one_open(world, &peer, 1000, 60000);
    struct outcome outcome;
    for (int i = 0; i < 3; i++) {
        peer.mood = i == 2 ? REJECTS : ANSWERS;
        world_pay(world, LONG_MS, &outcome);
        WAIT_UNTIL(world, outcome.n == 1);
    }
    struct bus_method_stats stats;
    size_t i = 0;
    int64_t calls = 0, errors = 0, counted = 0;
    for (; bus_server_method_stats(peer.server, i, &stats); i++) {
        if (strcmp(stats.method, "ansinh.v1.Payments/Pay") != 0)
            continue;
        calls = stats.calls;
        errors = stats.errors;
        for (size_t k = 0; k < ARRAY_LEN(stats.buckets); k++)
            counted += stats.buckets[k];
    }
    assert_int_equal(i, 6);
    assert_int_equal(calls, 3);
    assert_int_equal(errors, 1);
    assert_int_equal(counted, 3);
    one_close(world, &peer);
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
    T(a_command_is_answered),
    T(an_error_is_final_and_names_the_field),
    T(calls_go_to_the_least_loaded),
    T(reported_load_counts_but_a_retry_goes_elsewhere),
    T(an_unanswered_try_goes_to_another_instance),
    T(a_late_answer_of_an_earlier_try_counts),
    T(refusals_are_retried_elsewhere),
    T(when_all_refuse_the_refusal_is_the_outcome),
    T(a_deadline_says_what_is_known),
    T(a_vanished_instance_loses_its_calls_to_another),
    T(a_delisted_instance_loses_its_calls_to_another),
    T(unanswered_pings_take_an_instance_out_and_an_answer_back_in),
    T(a_restarted_instance_is_found_again),
    T(a_pinned_call_goes_nowhere_else),
    T(the_window_and_the_queue_are_bounded),
    T(calls_for_an_unknown_service_wait_apart),
    T(too_long_a_request_is_refused_here),
    T(callbacks_may_call),
    T(callbacks_may_change_the_instances),
    T(a_draining_server_refuses_new_requests_only),
    T(urgent_methods_are_refused_last),
    T(methods_are_measured),
    T(a_wrong_configuration_is_refused),
};

TEST_MAIN(tests)
