/* Calls between a client and servers over ipc://: answers, balancing, retries, lost instances. */
#include "tests/support/test.h"
#include "tests/support/bus_world.h"

#include <stdio.h>
#include <string.h>

#include "ansinh/v1/health.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"

#define LONG_MS 3000
#define ABSENCE_MS 1000

static void a_command_is_answered(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    world_open_one(world, &peer, 1000, 1000);
    struct outcome outcome;
    world_pay(world, LONG_MS, &outcome);
    assert_int_equal(bus_client_open(world->client), 1);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, 0);
    assert_string_equal(outcome.payment_id, "payments-1");
    assert_string_equal(peer.last_caller, "test-1");
    assert_string_equal(peer.last_trace_id, "trace-1");
    assert_string_equal(peer.last_partner, "VNPOST");
    assert_int_equal(bus_client_open(world->client), 0);
    assert_int_equal(bus_server_open(peer.server), 0);
    world_close_one(world, &peer);
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
    assert_true(world_stats(world).retries >= 1);
    peer_release(&pair.two);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_string_equal(outcome.payment_id, "payments-2");
    peer_release(&pair.one);
    pair_close(world, &pair);
}

/* The one that holds it may still do it; a read was refused, and that is all. */
static void a_refusal_does_not_speak_for_an_unanswered_try(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 50, 1000);
    pair.one.mood = pair.two.mood = HOLDS;
    struct outcome command, read;
    world_pay(world, LONG_MS, &command);
    WAIT_UNTIL(world, pair.one.n_held + pair.two.n_held == 1);
    struct peer *second = pair.one.n_held > 0 ? &pair.two : &pair.one;
    second->mood = REJECTS;
    WAIT_UNTIL(world, command.n == 1);
    assert_int_equal(command.code, ANSINH__V1__CODE__CODE_UNKNOWN);
    assert_string_equal(command.field, "");
    pair.one.mood = pair.two.mood = REJECTS;
    world_pay(world, LONG_MS, &command);
    WAIT_UNTIL(world, command.n == 1);
    assert_int_equal(command.code, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);

    pair.one.mood = pair.two.mood = HOLDS;
    unsigned n_held = pair.one.n_held + pair.two.n_held;
    world_read(world, LONG_MS, &read);
    WAIT_UNTIL(world, pair.one.n_held + pair.two.n_held == n_held + 1);
    pair.one.mood = pair.two.mood = REJECTS;
    WAIT_UNTIL(world, read.n == 1);
    assert_int_equal(read.code, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    peer_release(&pair.one);
    peer_release(&pair.two);
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

/* A standby is asked once in a while, and no call waits for it: one that would back off, for longer
 * than its caller waits, is not answered. */
static void a_standby_is_passed_over(void **state)
{
    struct world *world = *state;
    struct pair pair;
    pair_open(world, &pair, 1000, 1000);
    pair.one.mood = REFUSES;
    pair.one.retry_after_ms = 2 * LONG_MS;
    int64_t begun_ms = clock_mono_ms();
    for (int i = 0; i < 20; i++) {
        struct outcome outcome;
        world_read(world, LONG_MS, &outcome);
        WAIT_UNTIL(world, outcome.n == 1);
        assert_int_equal(outcome.code, 0);
        assert_string_equal(outcome.payment_id, "payments-2");
    }
    assert_in_range(pair.one.n_calls, 1, 1 + (clock_mono_ms() - begun_ms) / ABSENCE_MS + 1);
    pair_close(world, &pair);
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
    world_open_one(world, &peer, 100, 100);
    struct outcome outcome;
    world_pay(world, LONG_MS, &outcome);
    WAIT_UNTIL(world, outcome.n == 1);
    peer_stop(&peer);
    world_pay(world, LONG_MS, &outcome);
    loop_turn(world->loop, 5);
    peer_start(&peer, world, "payments-1", 0);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, 0);
    world_close_one(world, &peer);
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
    world_open_one(world, &peer, 1000, 1000);
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
    world_close_one(world, &peer);
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
    world_open_one(world, &peer, 1000, 1000);
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
    world_close_one(world, &peer);
}

static void methods_are_measured(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    world_open_one(world, &peer, 1000, 60000);
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
    assert_int_equal(i, ansinh__v1__payments__descriptor.n_methods +
                            ansinh__v1__health__descriptor.n_methods);
    assert_int_equal(calls, 3);
    assert_int_equal(errors, 1);
    assert_int_equal(counted, 3);
    world_close_one(world, &peer);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

const struct CMUnitTest tests[] = {
    T(a_command_is_answered),
    T(an_error_is_final_and_names_the_field),
    T(calls_go_to_the_least_loaded),
    T(reported_load_counts_but_a_retry_goes_elsewhere),
    T(an_unanswered_try_goes_to_another_instance),
    T(a_refusal_does_not_speak_for_an_unanswered_try),
    T(a_late_answer_of_an_earlier_try_counts),
    T(refusals_are_retried_elsewhere),
    T(a_standby_is_passed_over),
    T(a_vanished_instance_loses_its_calls_to_another),
    T(a_delisted_instance_loses_its_calls_to_another),
    T(unanswered_pings_take_an_instance_out_and_an_answer_back_in),
    T(a_restarted_instance_is_found_again),
    T(a_pinned_call_goes_nowhere_else),
    T(callbacks_may_call),
    T(callbacks_may_change_the_instances),
    T(methods_are_measured),
};

TEST_MAIN(tests)
