/* A server, a loop and a store on it, for tests of what uses a store. */
#ifndef ANSINH_TESTS_SUPPORT_STORE_FIXTURE_H
#define ANSINH_TESTS_SUPPORT_STORE_FIXTURE_H

#include "common/base/clock.h"
#include "common/loop/loop.h"
#include "common/store/commit.h"
#include "common/store/redis.h"
#include "tests/support/redis_server.h"

#define FIXTURE_WAIT_MS 20000

struct store_fixture {
    struct redis_server *server;
    struct loop *loop;
    struct store_conf conf; /* name, url, 4 links, 5 s, 100,000 commands */
    struct store *store;
};

/* Starts a server of the role, a store on it, and loads this build's functions. */
void store_fixture_open(struct store_fixture *self, const char *role);
/* Replaces the store with one of self->conf. */
void store_fixture_reopen(struct store_fixture *self);
void store_fixture_close(struct store_fixture *self);

/* Turns the loop until the condition holds; fails the test after FIXTURE_WAIT_MS. */
#define TURN_UNTIL(loop, condition)                                                                \
    do {                                                                                           \
        int64_t turn_deadline_ms = clock_mono_ms() + FIXTURE_WAIT_MS;                              \
        while (!(condition)) {                                                                     \
            assert_true(clock_mono_ms() < turn_deadline_ms);                                       \
            loop_turn(loop, 10);                                                                   \
        }                                                                                          \
    } while (0)

#endif
