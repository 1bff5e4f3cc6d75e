/* The last write is on the disk in part: deploy/redis/serve takes all of it away, wherever it is
 * torn, and nothing of it comes back later. What is broken further up is never cut. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/redis_server.h"

#define AOF "appendonlydir/appendonly.aof.1.incr.aof"
#define AOF_MAX_BYTES 4096
#define TEAR_STEP_BYTES 3

static struct redis_server *server;
static char aof[512], torn[512];

static int start(void **state)
{
    (void)state;
    server = redis_server_start(NULL, "ledger");
    (void)snprintf(aof, sizeof(aof), "%s/" AOF, redis_server_directory(server));
    (void)snprintf(torn, sizeof(torn), "%s/torn.aof", redis_server_directory(server));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    redis_server_stop(&server);
    return 0;
}

/* Two writes at once, as a commit makes them. */
static void commit(const char *one, const char *two)
{
    redisReply *reply = redis_server_do(
        server, "EVAL", "redis.call('SET', KEYS[1], 'a') redis.call('SET', KEYS[2], 'b')", "2", one,
        two, NULL);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

static void assert_there(const char *one, const char *two, long long n)
{
    assert_int_equal(redis_server_integer(server, "EXISTS", one, two, NULL), n);
}

static size_t load(const char *path, char ret[AOF_MAX_BYTES])
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(ret, 1, AOF_MAX_BYTES, file);
    assert_in_range(len, 1, AOF_MAX_BYTES - 1);
    fclose(file);
    return len;
}

static void save(const char *bytes, size_t len)
{
    FILE *file = fopen(aof, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void test_a_torn_commit_is_gone_for_good(void **state)
{
    (void)state;
    char whole[AOF_MAX_BYTES], kept[AOF_MAX_BYTES];
    struct stat status;
    commit("first", "second");
    assert_int_equal(stat(aof, &status), 0);
    size_t before = (size_t)status.st_size;
    commit("third", "fourth");
    size_t len = load(aof, whole);
    for (size_t at = before + 1; at < len; at += TEAR_STEP_BYTES) {
        redis_server_kill(server);
        save(whole, at);
        redis_server_restart(server);
        assert_there("first", "second", 2);
        assert_there("third", "fourth", 0);
        assert_int_equal(load(torn, kept), at - before);
        assert_memory_equal(kept, whole + before, at - before);
        /* an open MULTI would take this into its own transaction */
        commit("fifth", "sixth");
        redis_server_restart(server);
        assert_there("first", "second", 2);
        assert_there("third", "fourth", 0);
        assert_there("fifth", "sixth", 2);
    }
}

static void test_an_end_of_zeros_is_cut(void **state)
{
    (void)state;
    char bytes[AOF_MAX_BYTES] = {0};
    commit("first", "second");
    size_t len = load(aof, bytes);
    redis_server_kill(server);
    memset(bytes + len, 0, 200);
    save(bytes, len + 200);
    redis_server_restart(server);
    assert_there("first", "second", 2);
    assert_int_equal(load(torn, bytes), 200);
}

static void test_damage_further_up_is_left_to_a_person(void **state)
{
    (void)state;
    char whole[AOF_MAX_BYTES], broken[AOF_MAX_BYTES], now[AOF_MAX_BYTES];
    commit("first", "second");
    commit("third", "fourth");
    size_t len = load(aof, whole);
    memcpy(broken, whole, len);
    char *length = memmem(broken, len, "$5\r\nfirst", 9);
    assert_non_null(length);
    length[1] = '9'; /* swallows what follows */
    redis_server_kill(server);
    save(broken, len);
    assert_int_equal(redis_server_try_restart(server), -1);
    assert_int_equal(load(aof, now), len);
    assert_memory_equal(now, broken, len);
    assert_int_equal(access(torn, F_OK), -1);
    save(whole, len);
    redis_server_restart(server);
    assert_there("third", "fourth", 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_a_torn_commit_is_gone_for_good, start, stop),
    cmocka_unit_test_setup_teardown(test_an_end_of_zeros_is_cut, start, stop),
    cmocka_unit_test_setup_teardown(test_damage_further_up_is_left_to_a_person, start, stop),
};

TEST_MAIN(tests)
