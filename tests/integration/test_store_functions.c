#include "tests/support/test.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <sodium.h>
#include <string.h>

#include "tests/support/store_fixture.h"

static int setup(void **state)
{
    static struct store_fixture fixture;
    assert_true(sodium_init() >= 0);
    store_fixture_open(&fixture, "ledger");
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    store_fixture_close(*state);
    return 0;
}

static void on_commit(void *arg, int rc, const struct commit_result *result)
{
    int *ret = arg;
    *ret = rc;
    if (rc == 0)
        assert_int_equal(result->outcome, COMMIT_DONE);
}

static int commit_once(struct store_fixture *f)
{
    static struct commit commit;
    int rc = 1;
    commit.now_ms = clock_wall_ms();
    request_id_make(commit.now_ms, &commit.id);
    commit.event = (const uint8_t *)"event";
    commit.event_len = 5;
    assert_int_equal(commit_send(f->store, &commit, on_commit, &rc), 0);
    TURN_UNTIL(f->loop, rc != 1);
    return rc;
}

static void functions_are_checked_and_loaded(void **state)
{
    struct store_fixture *f = *state;
    struct err err;
    assert_int_equal(store_check_functions(f->store, 1, 5000, &err), 0);
    assert_int_equal(store_load_functions(f->store, 1, 5000, &err), 0);
    assert_int_equal(store_check_functions(f->store, 0, 5000, &err), -ENOENT);
    freeReplyObject(redis_server_do(f->server, "FUNCTION", "FLUSH", NULL));
    assert_int_equal(store_check_functions(f->store, 1, 5000, &err), -ENOENT);
    assert_string_not_equal(err.text, "");
    freeReplyObject(redis_server_do(f->server, "FUNCTION", "LOAD",
                                    "#!lua name=ansinh_ledger\n"
                                    "redis.register_function{function_name="
                                    "'ansinh_ledger_version', callback=function() return '0' end, "
                                    "flags={'no-writes'}}",
                                    NULL));
    assert_int_equal(store_check_functions(f->store, 1, 5000, &err), -ENOENT);
    assert_int_equal(commit_once(f), -EIO);
    assert_int_equal(store_load_functions(f->store, 1, 5000, &err), 0);
    assert_int_equal(commit_once(f), 0);
    redis_server_kill(f->server);
    assert_true(store_check_functions(f->store, 1, 300, &err) < 0);
    redis_server_restart(f->server);
    assert_int_equal(store_check_functions(f->store, 1, FIXTURE_WAIT_MS, &err), 0);
}

static void weak_durability_is_refused(void **state)
{
    struct store_fixture *f = *state;
    struct err err;
    assert_int_equal(store_check_durability(f->store, 5000, &err), 0);
    const char *const weak[][3] = {
        {"appendfsync", "everysec", "always"},
        {"appendonly", "no", "yes"},
        {"no-appendfsync-on-rewrite", "yes", "no"},
        {"aof-load-truncated", "yes", "no"},
        {"maxmemory-policy", "allkeys-lru", "noeviction"},
    };
    for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
        freeReplyObject(redis_server_do(f->server, "CONFIG", "SET", weak[i][0], weak[i][1], NULL));
        assert_int_equal(store_check_durability(f->store, 5000, &err), -EPERM);
        assert_non_null(strstr(err.text, weak[i][0]));
        freeReplyObject(redis_server_do(f->server, "CONFIG", "SET", weak[i][0], weak[i][2], NULL));
    }
    assert_int_equal(store_check_durability(f->store, 5000, &err), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(functions_are_checked_and_loaded, setup, teardown),
    cmocka_unit_test_setup_teardown(weak_durability_is_refused, setup, teardown),
};

TEST_MAIN(tests)
