/* What the tests of the bus share: a loop with one bus and a directory of its own, servers that
 * answer as told, and the outcomes of calls. Everything runs in the test's thread. */
#ifndef ANSINH_TESTS_SUPPORT_BUS_WORLD_H
#define ANSINH_TESTS_SUPPORT_BUS_WORLD_H

#include "common/base/clock.h"
#include "common/bus/client.h"
#include "common/bus/server.h"

#define WORLD_WAIT_MS 20000
#define WORLD_SERVERS_MAX 8
#define PEER_HELD_MAX 64

struct world {
    char dir[64];
    struct loop *loop;
    struct bus *bus;
    struct bus *other; /* a second one, when a test wants it */
    struct bus_client *client, *other_client;
    struct bus_server *servers[WORLD_SERVERS_MAX]; /* that a failed test leaves to the teardown */
};

/* Turns the loop until the condition holds; fails the test when it does not in time. */
#define WAIT_UNTIL(world, condition)                                                               \
    do {                                                                                           \
        int64_t wait_until_ms = clock_mono_ms() + WORLD_WAIT_MS;                                   \
        while (!(condition) && clock_mono_ms() < wait_until_ms)                                    \
            loop_turn((world)->loop, 5);                                                           \
        assert_true(condition);                                                                    \
    } while (0)

/* cmocka fixtures: *state is a struct world on ipc:// without keys. The teardown destroys client,
 * buses and loop and removes the directory. */
int world_setup(void **state);
int world_teardown(void **state);

/* What a peer does with calls of the Payments service. */
enum mood { ANSWERS, HOLDS, REFUSES, EXHAUSTED, REJECTS };

/* An instance of "payments": Pay is an urgent command, the others are reads; Health/Check is
 * answered unless is_mute. */
struct peer {
    struct world *world;
    struct bus_server *server;
    struct bus_instance info;
    enum mood mood;
    int is_mute;
    unsigned retry_after_ms; /* of refusals */
    unsigned n_calls, n_pings;
    struct bus_request *held[PEER_HELD_MAX];
    unsigned n_held;
    struct request_id last_id;
    uint64_t last_fingerprint;
    char last_caller[BUS_NAME_BYTES];
    char last_trace_id[80];
    char last_partner[40];
};

/* Binds "<dir>/<id>.sock", or tcp:// on a free port; requests_max 0 stands for 64. */
void peer_start(struct peer *self, struct world *world, const char *id, unsigned requests_max);
void peer_start_at(struct peer *self, struct world *world, struct bus *bus, const char *id,
                   const char *endpoint, unsigned requests_max);
void peer_stop(struct peer *self);
/* Answers what it holds. */
void peer_release(struct peer *self);

/* A client with window 8 and waiting_max 16; and the peers that it is to know. */
struct bus_client *world_client(struct world *self, struct bus *bus, int64_t try_ms,
                                int64_t ping_ms);
void world_introduce(struct world *self, struct peer *const *peers, size_t n);

/* The two together for one peer, "payments-1", and until it is connected. */
void world_open_one(struct world *self, struct peer *peer, int64_t try_ms, int64_t ping_ms);
void world_close_one(struct world *self, struct peer *peer);

/* The same for "payments-1" and "payments-2". */
struct pair {
    struct peer one, two;
};
void pair_open(struct world *world, struct pair *self, int64_t try_ms, int64_t ping_ms);
void pair_close(struct world *world, struct pair *self);

struct bus_client_stats world_stats(const struct world *self);

/* How a call ended; payment_id is the id of the peer that answered. */
struct outcome {
    int n;
    Ansinh__V1__Code code;
    char message[192], field[64], payment_id[64];
    unsigned retry_after_ms;
};
void on_outcome(void *arg, const struct bus_answer *answer);

/* Calls Pay with a fresh request id, or GetPayment, of "payments". */
void world_pay(struct world *self, int64_t timeout_ms, struct outcome *ret);
void world_read(struct world *self, int64_t timeout_ms, struct outcome *ret);
/* The same for one instance only. */
void world_read_at(struct world *self, const char *instance, int64_t timeout_ms,
                   struct outcome *ret);

#endif
