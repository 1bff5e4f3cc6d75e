/* Errors inside the commit function. Redis does not roll back: a call that can fail must not come
 * after a write. The function runs here with a watch on its calls, which notes them and lets the
 * one that it is told to fail. */
#include "tests/support/test.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/store_fixture.h"

#define DAY_MS 86400000LL
#define NOON_MS (20414 * DAY_MS + DAY_MS / 2)
#define PARTITION 513U
#define HASHES_MAX 3
#define CALLS_MAX 32
#define LIBRARY_MAX_BYTES 32768
#define LIBRARY_HEAD "#!lua name=ansinh_ledger\n"
#define DIGEST_TEXT_BYTES 41

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
static const char commit_library[] =
#include "functions/commit.inc"
    ;
#pragma GCC diagnostic pop

/* Takes the place of redis.call inside the library. */
static const char watch[] =
    LIBRARY_HEAD "local n, fail_at, names = 0, 0, {}\n"
                 "local function watched(...)\n"
                 "  local args = { ... }\n"
                 "  n = n + 1\n"
                 "  names[n] = args[1] .. ' ' .. args[2]\n"
                 "  if n == fail_at then error('injected') end\n"
                 "  return redis.call(...)\n"
                 "end\n"
                 "redis.register_function('test_arm', function(keys, args)\n"
                 "  n, fail_at, names = 0, tonumber(args[1]), {}\n"
                 "end)\n"
                 "redis.register_function('test_calls', function() return names end)\n";

/* A commit of some shape. */
struct shape {
    int is_folded, has_identity;
    unsigned n_hashes; /* of records, two records in each */
};

static const struct shape shapes[] = {{0, 0, 0}, {0, 0, 1}, {0, 1, 1}, {0, 1, 3},
                                      {1, 0, 0}, {1, 0, 2}, {1, 1, 3}};

struct trial {
    struct commit commit;
    char keys[HASHES_MAX][KEY_MAX_BYTES], identity_key[KEY_MAX_BYTES];
    int is_answered, rc;
    enum commit_outcome outcome;
};

static struct store_fixture fixture;

static void replace_once(char *text, size_t size, const char *old, const char *new)
{
    char *at = strstr(text, old);
    assert_non_null(at);
    size_t rest = strlen(at + strlen(old)) + 1;
    assert_true((size_t)(at - text) + strlen(new) + rest <= size);
    memmove(at + strlen(new), at + strlen(old), rest);
    memcpy(at, new, strlen(new));
}

static int start(void **state)
{
    (void)state;
    static char library[LIBRARY_MAX_BYTES];
    assert_true(sodium_init() >= 0);
    store_fixture_open(&fixture, "ledger");
    (void)snprintf(library, sizeof(library), "%s", commit_library);
    replace_once(library, sizeof(library), LIBRARY_HEAD, watch);
    replace_once(library, sizeof(library), "spread = redis.call,", "spread = watched,");
    redisReply *reply =
        redis_server_do(fixture.server, "FUNCTION", "LOAD", "REPLACE", library, NULL);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    store_fixture_close(&fixture);
    return 0;
}

/* --- a commit --- */

static void prepare(struct trial *t, const struct shape *shape)
{
    static const uint8_t value[] = {1, 0, 0, 0, 'v'};
    static const char *const fields[] = {"one", "two"};
    struct commit *commit = &t->commit;
    commit_init(commit);
    commit->partition = PARTITION;
    commit->now_ms = NOON_MS;
    request_id_make(NOON_MS, &commit->id);
    if (shape->is_folded)
        assert_int_equal(request_id_parse("a key", &commit->id), 0);
    commit->event = commit->answer = (const uint8_t *)"text";
    commit->event_len = commit->answer_len = 4;
    commit->totals[TOTAL_PAYMENTS] = 1;
    for (unsigned i = 0; i < 2 * shape->n_hashes; i++) {
        commit->records[i] = (struct commit_record){t->keys[i / 2],
                                                    key_citizen(PARTITION, i / 2, t->keys[i / 2]),
                                                    fields[i % 2],
                                                    3,
                                                    0,
                                                    value,
                                                    sizeof(value)};
    }
    commit->n_records = (size_t)2 * shape->n_hashes;
    if (shape->has_identity) {
        commit->identity_key = t->identity_key;
        commit->identity_key_len = key_identity(PARTITION, 0, t->identity_key);
        commit->identity_field = "one";
        commit->identity_field_len = 3;
        commit->identity = value;
        commit->identity_len = sizeof(value);
    }
}

static void on_commit(void *arg, int rc, const struct commit_result *result)
{
    struct trial *t = arg;
    t->is_answered = 1;
    t->rc = rc;
    if (rc == 0)
        t->outcome = result->outcome;
}

static void send_trial(struct trial *t)
{
    t->is_answered = 0;
    assert_int_equal(commit_send(fixture.store, &t->commit, on_commit, t), 0);
    TURN_UNTIL(fixture.loop, t->is_answered);
}

static void arm(unsigned fail_at)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "%u", fail_at);
    freeReplyObject(redis_server_do(fixture.server, "FCALL", "test_arm", "0", text, NULL));
}

static redisReply *calls(void)
{
    redisReply *reply = redis_server_do(fixture.server, "FCALL", "test_calls", "0", NULL);
    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    assert_in_range(reply->elements, 1, CALLS_MAX);
    return reply;
}

static void flush(void)
{
    freeReplyObject(redis_server_do(fixture.server, "FLUSHALL", NULL));
}

static void digest(char ret[DIGEST_TEXT_BYTES])
{
    static const char script[] = "local keys, all = redis.call('KEYS', '*'), {}"
                                 "table.sort(keys)"
                                 "for i, key in ipairs(keys) do"
                                 "  all[i] = redis.sha1hex(key .. redis.call('DUMP', key)) end "
                                 "return redis.sha1hex(table.concat(all))";
    redisReply *reply = redis_server_do(fixture.server, "EVAL", script, "0", NULL);
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    (void)snprintf(ret, DIGEST_TEXT_BYTES, "%s", reply->str);
    freeReplyObject(reply);
}

static int is_write(const char *call)
{
    static const char *const writes[] = {"XADD ", "HSET ", "SET ", "EXPIRE "};
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        if (strncmp(call, writes[i], strlen(writes[i])) == 0)
            return 1;
    }
    return 0;
}

/* Number of the first write, from 1. */
static unsigned first_write(const redisReply *names)
{
    for (size_t i = 0; i < names->elements; i++) {
        if (is_write(names->element[i]->str))
            return (unsigned)i + 1;
    }
    fail_msg("no write");
    return 0;
}

/* --- failing calls --- */

static void fail_each_call(const struct shape *shape)
{
    static struct trial t;
    char before[DIGEST_TEXT_BYTES], after[DIGEST_TEXT_BYTES];
    flush();
    prepare(&t, shape);
    arm(0);
    send_trial(&t);
    assert_int_equal(t.rc, 0);
    redisReply *names = calls();
    unsigned first = first_write(names), n = (unsigned)names->elements;
    freeReplyObject(names);
    for (unsigned k = 1; k <= n; k++) {
        flush();
        digest(before);
        arm(k);
        send_trial(&t);
        assert_int_equal(t.rc, -EIO);
        digest(after);
        /* behind the first write the injected error leaves half a commit: this sees it */
        assert_int_equal(strcmp(before, after) == 0, k <= first);
        if (k > first)
            continue;
        arm(0);
        send_trial(&t);
        assert_int_equal(t.rc, 0);
        assert_int_equal(t.outcome, COMMIT_DONE);
    }
}

static void test_nothing_is_written_before_the_last_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        fail_each_call(&shapes[i]);
}

/* --- calls that cannot fail --- */

/* True when one of the first n calls read this key in a way that fails unless it is of the type
 * that the write wants, or absent. */
static int was_tried(const redisReply *names, unsigned n, const char *write)
{
    static const struct {
        const char *write, *reads[3];
    } pairs[] = {{"SET ", {"GET "}},
                 {"HSET ", {"HGET ", "HMGET ", "HEXISTS "}},
                 {"HLEN ", {"HGET "}},
                 {"EXPIRE ", {"HGET "}}};
    const char *key = strchr(write, ' ') + 1;
    for (size_t p = 0; p < ARRAY_LEN(pairs); p++) {
        if (strncmp(write, pairs[p].write, strlen(pairs[p].write)) != 0)
            continue;
        for (unsigned i = 0; i < n; i++) {
            const char *call = names->element[i]->str;
            for (size_t r = 0; r < ARRAY_LEN(pairs[p].reads) && pairs[p].reads[r] != NULL; r++) {
                if (strncmp(call, pairs[p].reads[r], strlen(pairs[p].reads[r])) == 0 &&
                    strcmp(strchr(call, ' ') + 1, key) == 0)
                    return 1;
            }
        }
    }
    return 0;
}

static void test_what_follows_the_first_write_was_tried_before(void **state)
{
    (void)state;
    static struct trial t;
    for (size_t s = 0; s < ARRAY_LEN(shapes); s++) {
        flush();
        prepare(&t, &shapes[s]);
        arm(0);
        send_trial(&t);
        redisReply *names = calls();
        unsigned first = first_write(names);
        assert_int_equal(strncmp(names->element[first - 1]->str, "XADD ", 5), 0);
        assert_true(names->elements >= first + 3);
        for (size_t i = first; i < names->elements; i++) {
            if (!was_tried(names, first - 1, names->element[i]->str))
                fail_msg("%s was not tried", names->element[i]->str);
        }
        freeReplyObject(names);
    }
}

/* --- keys of another type --- */

static void put_type(const char *key, const char *type)
{
    static const struct {
        const char *type, *argv[4];
    } makers[] = {{"string", {"SET", "x"}},     {"list", {"RPUSH", "x"}},
                  {"set", {"SADD", "x"}},       {"zset", {"ZADD", "1", "x"}},
                  {"hash", {"HSET", "x", "y"}}, {"stream", {"XADD", "9-9", "x", "y"}}};
    for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
        const char *const *argv = makers[i].argv;
        if (strcmp(makers[i].type, type) == 0)
            freeReplyObject(redis_server_do(fixture.server, argv[0], key, argv[1], argv[2],
                                            argv[2] == NULL ? NULL : argv[3], NULL));
    }
    redisReply *reply = redis_server_do(fixture.server, "TYPE", key, NULL);
    assert_string_equal(reply->str, type);
    freeReplyObject(reply);
}

/* With a journal that ends behind the next position, too: XADD itself refuses. */
static void test_a_key_of_another_type_stops_all(void **state)
{
    (void)state;
    static const char *const types[] = {"string", "list", "set", "zset", "hash", "stream"};
    static struct trial t;
    char keys[5 + HASHES_MAX][KEY_MAX_BYTES], before[DIGEST_TEXT_BYTES], after[DIGEST_TEXT_BYTES];
    prepare(&t, &(struct shape){1, 1, HASHES_MAX});
    (void)key_answers(PARTITION, 20414, &t.commit.id, keys[0]);
    (void)key_answers(PARTITION, 20413, &t.commit.id, keys[1]);
    (void)key_totals(PARTITION, keys[2]);
    (void)key_journal(PARTITION, keys[3]);
    (void)key_identity(PARTITION, 0, keys[4]);
    for (unsigned i = 0; i < HASHES_MAX; i++)
        (void)key_citizen(PARTITION, i, keys[5 + i]);
    for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
        const char *fits = k == 2 ? "string" : k == 3 ? "" : "hash";
        for (size_t i = 0; i < ARRAY_LEN(types); i++) {
            if (strcmp(types[i], fits) == 0)
                continue;
            flush();
            put_type(keys[k], types[i]);
            digest(before);
            send_trial(&t);
            if (t.rc != -EIO)
                fail_msg("%s as %s: %d", keys[k], types[i], t.rc);
            digest(after);
            assert_string_equal(before, after);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_nothing_is_written_before_the_last_check, start, stop),
    cmocka_unit_test_setup_teardown(test_what_follows_the_first_write_was_tried_before, start,
                                    stop),
    cmocka_unit_test_setup_teardown(test_a_key_of_another_type_stops_all, start, stop),
};

TEST_MAIN(tests)
