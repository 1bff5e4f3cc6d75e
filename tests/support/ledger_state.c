#include "tests/support/test.h"

#include "tests/support/ledger_state.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ledger_state_take(struct redis_server *ledger, struct ledger_state *ret)
{
    static const char script[] =
        "local names, all = redis.call('KEYS', '*'), {} table.sort(names) "
        "for i, name in ipairs(names) do all[i] = redis.sha1hex(name .. redis.call('DUMP', name)) "
        "end return redis.sha1hex(table.concat(all))";
    redisReply *reply = redis_server_do(ledger, "EVAL", script, "0", NULL);
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    (void)snprintf(ret->digest, sizeof(ret->digest), "%s", reply->str);
    freeReplyObject(reply);
    ret->n_keys = redis_server_integer(ledger, "DBSIZE", NULL);
    reply = redis_server_do(ledger, "INFO", "persistence", NULL);
    const char *size = strstr(reply->str, "aof_current_size:");
    assert_non_null(size);
    ret->log_bytes = atoll(size + strlen("aof_current_size:"));
    freeReplyObject(reply);
}

void ledger_state_same(const struct ledger_state *self, const struct ledger_state *other)
{
    assert_string_equal(self->digest, other->digest);
    assert_int_equal(self->n_keys, other->n_keys);
    assert_int_equal(self->log_bytes, other->log_bytes);
}
