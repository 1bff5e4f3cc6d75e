#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/store_fixture.h"

#define SHORT_MS 400

struct outcome {
    int n_ok, n_error, n_again, n_reset, n_timeout;
    int64_t last_integer;
    int is_ascending;
};

static void on_reply(void *arg, int rc, const struct store_reply *reply)
{
    struct outcome *outcome = arg;
    if (rc == 0 && store_reply_type(reply) == STORE_REPLY_ERROR)
        outcome->n_error++;
    else if (rc == 0)
        outcome->n_ok++;
    else if (rc == -EAGAIN)
        outcome->n_again++;
    else if (rc == -ECONNRESET)
        outcome->n_reset++;
    else if (rc == -ETIMEDOUT)
        outcome->n_timeout++;
    if (rc != 0)
        assert_null(reply);
    if (store_reply_type(reply) == STORE_REPLY_INTEGER) {
        outcome->is_ascending &= store_reply_integer(reply) == outcome->last_integer + 1;
        outcome->last_integer = store_reply_integer(reply);
    }
}

static int n_answers(const struct outcome *o)
{
    return o->n_ok + o->n_error + o->n_again + o->n_reset + o->n_timeout;
}

static int setup(void **state)
{
    static struct store_fixture fixture;
    store_fixture_open(&fixture, "views");
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    store_fixture_close(*state);
    return 0;
}

static void one_lane_is_answered_in_order(void **state)
{
    struct store_fixture *f = *state;
    struct outcome outcome = {.is_ascending = 1};
    for (int i = 0; i < 20000; i++)
        store_send_text(f->store, 7, on_reply, &outcome, "INCR", "counter", NULL);
    assert_int_equal(n_answers(&outcome), 0);
    TURN_UNTIL(f->loop, n_answers(&outcome) == 20000);
    assert_int_equal(outcome.n_ok, 20000);
    assert_int_equal(outcome.last_integer, 20000);
    assert_true(outcome.is_ascending);
    struct store_stats stats;
    store_stats_get(f->store, &stats);
    assert_in_range(stats.batches, 2, 200);
    assert_int_equal(store_open_commands(f->store), 0);
}

struct copy {
    char bytes[64];
    size_t len;
};

static void on_bytes(void *arg, int rc, const struct store_reply *reply)
{
    struct copy *view = arg;
    assert_int_equal(rc, 0);
    size_t len;
    const char *bytes = store_reply_bytes(reply, &len);
    assert_in_range(len, 0, sizeof(view->bytes));
    memcpy(view->bytes, bytes, len);
    view->len = len;
}

static void arguments_are_binary_safe(void **state)
{
    struct store_fixture *f = *state;
    const char odd[] = {'\0', '\r', '\n', '$', '3', '\r', '\n', (char)0xff, ' '};
    const char *set[] = {"SET", odd, odd};
    const char *get[] = {"GET", odd};
    const char *empty[] = {"SET", "empty", ""};
    const size_t lens[] = {3, sizeof(odd), sizeof(odd)};
    const size_t empty_lens[] = {3, 5, 0};
    struct copy view = {{0}, 0};
    struct err err;
    assert_int_equal(store_ask(f->store, 5000, 3, set, lens, NULL, NULL, &err), 0);
    assert_int_equal(store_ask(f->store, 5000, 2, get, lens, on_bytes, &view, &err), 0);
    assert_int_equal(view.len, sizeof(odd));
    assert_memory_equal(view.bytes, odd, sizeof(odd));
    assert_int_equal(store_ask(f->store, 5000, 3, empty, empty_lens, NULL, NULL, &err), 0);
    assert_int_equal(redis_server_integer(f->server, "STRLEN", "empty", NULL), 0);
    assert_int_equal(redis_server_integer(f->server, "EXISTS", "empty", NULL), 1);
}

static void on_shapes(void *arg, int rc, const struct store_reply *reply)
{
    int *is_seen = arg;
    size_t len;
    assert_int_equal(rc, 0);
    *is_seen = 1;
    assert_int_equal(store_reply_type(reply), STORE_REPLY_ARRAY);
    assert_int_equal(store_reply_count(reply), 5);
    assert_int_equal(store_reply_integer(store_reply_at(reply, 0)), -7);
    assert_string_equal(store_reply_bytes(store_reply_at(reply, 1), &len), "bulk");
    assert_int_equal(len, 4);
    assert_int_equal(store_reply_type(store_reply_at(reply, 2)), STORE_REPLY_STATUS);
    assert_string_equal(store_reply_bytes(store_reply_at(reply, 2), &len), "fine");
    const struct store_reply *inner = store_reply_at(reply, 3);
    assert_int_equal(store_reply_type(inner), STORE_REPLY_ARRAY);
    assert_int_equal(store_reply_count(inner), 2);
    assert_int_equal(store_reply_count(store_reply_at(inner, 0)), 0);
    assert_int_equal(store_reply_type(store_reply_at(inner, 1)), STORE_REPLY_NIL);
    assert_int_equal(store_reply_type(store_reply_at(reply, 4)), STORE_REPLY_ERROR);
    /* wrong questions get harmless answers */
    assert_null(store_reply_at(reply, 5));
    assert_int_equal(store_reply_type(NULL), STORE_REPLY_NIL);
    assert_null(store_reply_bytes(store_reply_at(reply, 0), &len));
    assert_int_equal(len, 0);
    assert_int_equal(store_reply_integer(store_reply_at(reply, 1)), 0);
    assert_null(store_reply_at(store_reply_at(reply, 1), 0));
    assert_int_equal(store_reply_count(NULL), 0);
}

static void replies_of_every_shape_are_read(void **state)
{
    struct store_fixture *f = *state;
    int is_seen = 0;
    store_send_text(f->store, 0, on_shapes, &is_seen, "EVAL",
                    "return {-7, 'bulk', redis.status_reply('fine'), {{}, false}, "
                    "redis.error_reply('wrong')}",
                    "0", NULL);
    TURN_UNTIL(f->loop, is_seen);
}

static void an_error_reply_is_an_answer(void **state)
{
    struct store_fixture *f = *state;
    struct outcome outcome = {0};
    store_send_text(f->store, 0, on_reply, &outcome, "NONSENSE", NULL);
    store_send_text(f->store, 0, on_reply, &outcome, "PING", NULL);
    TURN_UNTIL(f->loop, n_answers(&outcome) == 2);
    assert_int_equal(outcome.n_error, 1);
    assert_int_equal(outcome.n_ok, 1);
    struct err err;
    const char *argv[] = {"NONSENSE"};
    const size_t lens[] = {8};
    assert_int_equal(store_ask(f->store, 5000, 1, argv, lens, NULL, NULL, &err), -EPROTO);
    assert_non_null(strstr(err.text, "unknown command"));
}

static void large_commands_and_replies_pass(void **state)
{
    struct store_fixture *f = *state;
    struct outcome outcome = {0};
    size_t len = 3 * 1024 * 1024;
    char *big = malloc(len);
    assert_non_null(big);
    memset(big, 'b', len);
    const char *set[] = {"SET", "big", big};
    const size_t lens[] = {3, 3, len};
    for (int i = 0; i < 4; i++) {
        store_send(f->store, 0, 3, set, lens, on_reply, &outcome);
        store_send_text(f->store, 0, on_reply, &outcome, "GET", "big", NULL);
    }
    TURN_UNTIL(f->loop, n_answers(&outcome) == 8);
    assert_int_equal(outcome.n_ok, 8);
    free(big);
}

static void more_than_the_backlog_is_refused(void **state)
{
    struct store_fixture *f = *state;
    struct outcome outcome = {0};
    f->conf.backlog_max = 10;
    f->conf.n_links = 1;
    store_fixture_reopen(f);
    for (int i = 0; i < 15; i++)
        store_send_text(f->store, 0, on_reply, &outcome, "PING", NULL);
    assert_int_equal(n_answers(&outcome), 0);
    assert_int_equal(store_open_commands(f->store), 15);
    loop_turn(f->loop, 0);
    assert_int_equal(outcome.n_again, 5);
    TURN_UNTIL(f->loop, n_answers(&outcome) == 15);
    assert_int_equal(outcome.n_ok, 10);
    struct store_stats stats;
    store_stats_get(f->store, &stats);
    assert_int_equal(stats.refused, 5);
}

struct chain {
    struct store *store;
    int left;
};

static void on_link_of_chain(void *arg, int rc, const struct store_reply *reply)
{
    (void)rc;
    (void)reply;
    struct chain *chain = arg;
    if (chain->left-- > 0)
        store_send_text(chain->store, (unsigned)chain->left, on_link_of_chain, chain, "PING", NULL);
}

static void a_callback_may_send_again(void **state)
{
    struct store_fixture *f = *state;
    struct chain chain = {f->store, 200};
    store_send_text(f->store, 0, on_link_of_chain, &chain, "PING", NULL);
    TURN_UNTIL(f->loop, chain.left < 0);
}

static void destroying_answers_what_is_open(void **state)
{
    struct store_fixture *f = *state;
    struct outcome outcome = {0};
    TURN_UNTIL(f->loop, store_links_up(f->store) == 4);
    redis_server_pause(f->server);
    for (int i = 0; i < 40; i++)
        store_send_text(f->store, (unsigned)i, on_reply, &outcome, "PING", NULL);
    loop_turn(f->loop, 0);
    for (int i = 0; i < 40; i++)
        store_send_text(f->store, (unsigned)i, on_reply, &outcome, "PING", NULL);
    struct chain chain = {f->store, 3};
    store_send_text(f->store, 0, on_link_of_chain, &chain, "PING", NULL);
    store_destroy(&f->store);
    redis_server_resume(f->server);
    assert_int_equal(outcome.n_reset, 40);
    assert_int_equal(outcome.n_again, 40);
    assert_int_equal(chain.left, -1);
    loop_turn(f->loop, 0);
}

static void commands_wait_for_a_server_that_comes_back(void **state)
{
    struct store_fixture *f = *state;
    struct outcome outcome = {0};
    redis_server_kill(f->server);
    TURN_UNTIL(f->loop, store_links_up(f->store) == 0);
    for (int i = 0; i < 100; i++)
        store_send_text(f->store, (unsigned)i, on_reply, &outcome, "INCR", "n", NULL);
    loop_turn(f->loop, 10);
    redis_server_restart(f->server);
    TURN_UNTIL(f->loop, n_answers(&outcome) == 100);
    assert_int_equal(outcome.n_ok, 100);
    assert_int_equal(redis_server_integer(f->server, "INCR", "n", NULL), 101);
    struct store_stats stats;
    store_stats_get(f->store, &stats);
    assert_true(stats.reconnects >= 4);
}

static void commands_that_waited_too_long_were_never_sent(void **state)
{
    struct store_fixture *f = *state;
    struct outcome outcome = {0};
    f->conf.timeout_ms = SHORT_MS;
    redis_server_kill(f->server);
    store_fixture_reopen(f);
    for (int i = 0; i < 100; i++)
        store_send_text(f->store, (unsigned)i, on_reply, &outcome, "INCR", "n", NULL);
    TURN_UNTIL(f->loop, n_answers(&outcome) == 100);
    assert_int_equal(outcome.n_again, 100);
    redis_server_restart(f->server);
    TURN_UNTIL(f->loop, store_links_up(f->store) == 4);
    assert_int_equal(redis_server_integer(f->server, "EXISTS", "n", NULL), 0);
}

static void a_silent_server_times_out_and_its_late_answers_are_lost(void **state)
{
    struct store_fixture *f = *state;
    struct outcome outcome = {0}, late = {.is_ascending = 1};
    f->conf.timeout_ms = SHORT_MS;
    store_fixture_reopen(f);
    TURN_UNTIL(f->loop, store_links_up(f->store) == 4);
    redis_server_pause(f->server);
    for (int i = 0; i < 8; i++)
        store_send_text(f->store, (unsigned)i, on_reply, &outcome, "INCR", "n", NULL);
    TURN_UNTIL(f->loop, n_answers(&outcome) == 8);
    assert_int_equal(outcome.n_timeout, 8);
    assert_int_equal(store_links_up(f->store), 0);
    redis_server_resume(f->server);
    TURN_UNTIL(f->loop, store_links_up(f->store) == 4);
    /* the timed out ones were carried out after all: unknown means unknown */
    late.last_integer = 8;
    store_send_text(f->store, 0, on_reply, &late, "INCR", "n", NULL);
    TURN_UNTIL(f->loop, n_answers(&late) == 1);
    assert_true(late.is_ascending);
}

static void asking_gives_up_in_time(void **state)
{
    struct store_fixture *f = *state;
    struct err err;
    const char *argv[] = {"PING"};
    const size_t lens[] = {4};
    TURN_UNTIL(f->loop, store_links_up(f->store) == 4);
    redis_server_pause(f->server);
    int64_t start_ms = clock_mono_ms();
    assert_int_equal(store_ask(f->store, SHORT_MS, 1, argv, lens, NULL, NULL, &err), -ETIMEDOUT);
    assert_in_range(clock_mono_ms() - start_ms, SHORT_MS - 1, 20 * SHORT_MS);
    redis_server_resume(f->server);
    TURN_UNTIL(f->loop, store_open_commands(f->store) == 0);
    assert_int_equal(store_ask(f->store, 5000, 1, argv, lens, NULL, NULL, &err), 0);
}

static void asking_waits_for_a_server_that_starts(void **state)
{
    struct store_fixture *f = *state;
    struct err err;
    const char *argv[] = {"PING"};
    const size_t lens[] = {4};
    f->conf.timeout_ms = SHORT_MS;
    redis_server_kill(f->server);
    store_fixture_reopen(f);
    int rc = store_ask(f->store, 3 * SHORT_MS, 1, argv, lens, NULL, NULL, &err);
    assert_true(rc == -EAGAIN || rc == -ETIMEDOUT);
    redis_server_restart(f->server);
    assert_int_equal(store_ask(f->store, FIXTURE_WAIT_MS, 1, argv, lens, NULL, NULL, &err), 0);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void the_password_comes_from_its_file(void **state)
{
    struct store_fixture *f = *state;
    char path[300];
    (void)snprintf(path, sizeof(path), "%s/password", redis_server_directory(f->server));
    freeReplyObject(
        redis_server_do(f->server, "CONFIG", "SET", "requirepass", "a long secret", NULL));
    f->conf.password_file = path;
    f->conf.timeout_ms = SHORT_MS;
    write_file(path, "wrong\n");
    store_fixture_reopen(f);
    struct outcome outcome = {0};
    store_send_text(f->store, 0, on_reply, &outcome, "PING", NULL);
    TURN_UNTIL(f->loop, n_answers(&outcome) == 1);
    assert_int_equal(outcome.n_again, 1);
    assert_int_equal(store_links_up(f->store), 0);
    write_file(path, "a long secret\nsecond line\n");
    TURN_UNTIL(f->loop, store_links_up(f->store) == 4);
    store_send_text(f->store, 0, on_reply, &outcome, "PING", NULL);
    TURN_UNTIL(f->loop, n_answers(&outcome) == 2);
    assert_int_equal(outcome.n_ok, 1);
}

static void malformed_addresses_are_refused(void **state)
{
    (void)state;
    char long_path[128] = "unix:/";
    memset(long_path + 6, 'x', sizeof(long_path) - 7);
    const char *const wrong[] = {
        "",
        "unix:",
        "unix:relative.sock",
        "tcp://",
        "tcp://host",
        "tcp://host:",
        "tcp://host:0",
        "tcp://host:65536",
        "tcp://:6379",
        "tcp://[::1]",
        "tcp://a:b:1",
        "redis://host:6379",
        long_path,
    };
    struct loop *loop = loop_create();
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct err err = {{0}, {0}};
        struct store *store = NULL;
        struct store_conf conf = {
            .name = "views", .url = wrong[i], .n_links = 1, .timeout_ms = 1000, .backlog_max = 10};
        assert_int_equal(store_create(loop, &conf, &store, &err), -EINVAL);
        assert_null(store);
        assert_string_not_equal(err.text, "");
    }
    loop_destroy(&loop);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(one_lane_is_answered_in_order, setup, teardown),
    cmocka_unit_test_setup_teardown(arguments_are_binary_safe, setup, teardown),
    cmocka_unit_test_setup_teardown(replies_of_every_shape_are_read, setup, teardown),
    cmocka_unit_test_setup_teardown(an_error_reply_is_an_answer, setup, teardown),
    cmocka_unit_test_setup_teardown(large_commands_and_replies_pass, setup, teardown),
    cmocka_unit_test_setup_teardown(more_than_the_backlog_is_refused, setup, teardown),
    cmocka_unit_test_setup_teardown(a_callback_may_send_again, setup, teardown),
    cmocka_unit_test_setup_teardown(destroying_answers_what_is_open, setup, teardown),
    cmocka_unit_test_setup_teardown(commands_wait_for_a_server_that_comes_back, setup, teardown),
    cmocka_unit_test_setup_teardown(commands_that_waited_too_long_were_never_sent, setup, teardown),
    cmocka_unit_test_setup_teardown(a_silent_server_times_out_and_its_late_answers_are_lost, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(asking_gives_up_in_time, setup, teardown),
    cmocka_unit_test_setup_teardown(asking_waits_for_a_server_that_starts, setup, teardown),
    cmocka_unit_test_setup_teardown(the_password_comes_from_its_file, setup, teardown),
    cmocka_unit_test(malformed_addresses_are_refused),
};

TEST_MAIN(tests)
