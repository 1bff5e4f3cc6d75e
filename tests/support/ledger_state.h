/* All that a ledger holds, to the byte: for tests of what must change nothing. */
#ifndef ANSINH_TESTS_SUPPORT_LEDGER_STATE_H
#define ANSINH_TESTS_SUPPORT_LEDGER_STATE_H

#include "tests/support/redis_server.h"

struct ledger_state {
    char digest[64]; /* of all keys and values */
    long long n_keys, log_bytes;
};

void ledger_state_take(struct redis_server *ledger, struct ledger_state *ret);

/* Fails the test when they are not the same. */
void ledger_state_same(const struct ledger_state *self, const struct ledger_state *other);

#endif
