/* A scripted server says what a real Redis never would. */
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/store_fixture.h"

#define TIMEOUT_MS 800
#define HELLO "+PONG\r\n"

/* What it says on one connection: an answer to the greeting, then one to whatever comes next. */
struct script {
    const char *hello;
    const char *answer; /* NULL: reads no more */
    int closes;         /* after the answer */
};

struct fake {
    struct loop *loop;
    int listener, peer;
    struct loop_source *on_listener, *on_peer;
    struct script scripts[4]; /* of the connections in turn; the last one repeats */
    size_t n_scripts, n_accepted;
    int is_greeted;
    char url[64];
    struct store *store;
};

static void fake_hang_up(struct fake *fake)
{
    loop_source_remove(&fake->on_peer);
    if (fake->peer >= 0)
        close(fake->peer);
    fake->peer = -1;
}

static void on_peer(void *arg, int events)
{
    struct fake *fake = arg;
    const struct script *script =
        &fake->scripts[fake->n_accepted < fake->n_scripts ? fake->n_accepted - 1
                                                          : fake->n_scripts - 1];
    char input[65536];
    (void)events;
    if (fake->is_greeted && script->answer == NULL) {
        loop_source_events(fake->on_peer, 0);
        return;
    }
    if (recv(fake->peer, input, sizeof(input), 0) <= 0) {
        fake_hang_up(fake);
        return;
    }
    const char *text = fake->is_greeted ? script->answer : script->hello;
    if (send(fake->peer, text, strlen(text), MSG_NOSIGNAL) < 0 ||
        (fake->is_greeted && script->closes))
        fake_hang_up(fake);
    fake->is_greeted = 1;
}

static void on_listener(void *arg, int events)
{
    struct fake *fake = arg;
    (void)events;
    fake_hang_up(fake);
    fake->peer = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fake->peer >= 0);
    fake->n_accepted++;
    fake->is_greeted = 0;
    fake->on_peer = loop_add_fd(fake->loop, fake->peer, LOOP_READ, on_peer, fake);
}

static void fake_open(struct fake *fake, const struct script *scripts, size_t n)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    memset(fake, 0, sizeof(*fake));
    fake->peer = -1;
    fake->loop = loop_create();
    memcpy(fake->scripts, scripts, n * sizeof(*scripts));
    fake->n_scripts = n;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fake->listener >= 0);
    assert_int_equal(bind(fake->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fake->listener, 8), 0);
    assert_int_equal(getsockname(fake->listener, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(fake->url, sizeof(fake->url), "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    fake->on_listener = loop_add_fd(fake->loop, fake->listener, LOOP_READ, on_listener, fake);
    struct store_conf conf = {.name = "views",
                              .url = fake->url,
                              .n_links = 1,
                              .timeout_ms = TIMEOUT_MS,
                              .backlog_max = 100};
    assert_int_equal(store_create(fake->loop, &conf, &fake->store, NULL), 0);
}

static void fake_close(struct fake *fake)
{
    store_destroy(&fake->store);
    fake_hang_up(fake);
    loop_source_remove(&fake->on_listener);
    close(fake->listener);
    loop_destroy(&fake->loop);
}

struct answer {
    int n_answers, rc;
    enum store_reply_type type;
};

static void on_reply(void *arg, int rc, const struct store_reply *reply)
{
    struct answer *answer = arg;
    answer->n_answers++;
    answer->rc = rc;
    answer->type = store_reply_type(reply);
}

static struct answer ask(struct fake *fake)
{
    struct answer answer = {0};
    TURN_UNTIL(fake->loop, store_links_up(fake->store) == 1);
    store_send_text(fake->store, 0, on_reply, &answer, "PING", NULL);
    TURN_UNTIL(fake->loop, answer.n_answers == 1);
    return answer;
}

/* The first connection says this; the second one is sane and must be used. */
static void assert_breaks(const char *answer, int closes, int rc)
{
    const struct script scripts[] = {{HELLO, answer, closes}, {HELLO, "+OK\r\n", 0}};
    struct fake fake;
    fake_open(&fake, scripts, 2);
    struct answer first = ask(&fake);
    assert_int_equal(first.rc, rc);
    TURN_UNTIL(fake.loop, fake.n_accepted == 2);
    struct answer second = ask(&fake);
    assert_int_equal(second.rc, 0);
    assert_int_equal(second.type, STORE_REPLY_STATUS);
    struct store_stats stats;
    store_stats_get(fake.store, &stats);
    assert_int_equal(stats.reconnects, 1);
    fake_close(&fake);
}

static void malformed_replies_end_the_connection(void **state)
{
    (void)state;
    assert_breaks("!nonsense\r\n", 0, -ECONNRESET);
    assert_breaks("$99999999999999999999\r\n", 0, -ECONNRESET);
    assert_breaks("*2147483647\r\n", 0, -ECONNRESET); /* more memory than a reply may take */
    assert_breaks("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", 0,
                  -ECONNRESET);
    assert_breaks("\r\n", 0, -ECONNRESET);
}

static void an_answer_without_a_question_ends_the_connection(void **state)
{
    (void)state;
    assert_breaks("+OK\r\n+OK\r\n", 0, 0);
}

static void a_closed_connection_leaves_the_outcome_unknown(void **state)
{
    (void)state;
    assert_breaks("", 1, -ECONNRESET);
    assert_breaks("$10\r\nhalf", 1, -ECONNRESET);
}

static void half_an_answer_times_out(void **state)
{
    (void)state;
    assert_breaks("$10\r\nhalf", 0, -ETIMEDOUT);
    assert_breaks("*2\r\n:1\r\n", 0, -ETIMEDOUT);
}

static void a_server_that_still_loads_is_not_used(void **state)
{
    (void)state;
    const struct script scripts[] = {
        {"-LOADING Redis is loading the dataset in memory\r\n", "+OK\r\n", 0},
        {"-LOADING Redis is loading the dataset in memory\r\n", "+OK\r\n", 0},
        {HELLO, "+OK\r\n", 0}};
    struct fake fake;
    struct answer answer = {0};
    fake_open(&fake, scripts, 3);
    store_send_text(fake.store, 0, on_reply, &answer, "PING", NULL);
    TURN_UNTIL(fake.loop, answer.n_answers == 1);
    assert_int_equal(answer.rc, 0);
    assert_int_equal(fake.n_accepted, 3);
    fake_close(&fake);
}

static void a_silent_greeting_times_out(void **state)
{
    (void)state;
    const struct script scripts[] = {{"", NULL, 0}, {HELLO, "+OK\r\n", 0}};
    struct fake fake;
    fake_open(&fake, scripts, 2);
    assert_int_equal(ask(&fake).rc, 0);
    assert_int_equal(fake.n_accepted, 2);
    fake_close(&fake);
}

/* A command of which only a part left was certainly not carried out: it goes out again. */
static void what_did_not_leave_whole_is_sent_again(void **state)
{
    (void)state;
    const struct script scripts[] = {{HELLO, NULL, 0}, {HELLO, "+OK\r\n", 0}};
    struct fake fake;
    struct answer answer = {0};
    size_t len = 32 * 1024 * 1024; /* more than the buffers between two sockets hold */
    char *big = malloc(len);
    assert_non_null(big);
    memset(big, 'b', len);
    fake_open(&fake, scripts, 2);
    TURN_UNTIL(fake.loop, store_links_up(fake.store) == 1);
    const char *argv[] = {"SET", "key", big};
    const size_t lens[] = {3, 3, len};
    store_send(fake.store, 0, 3, argv, lens, on_reply, &answer);
    TURN_UNTIL(fake.loop, answer.n_answers == 1);
    /* either answered by the second connection, or it had waited too long by then: never unknown */
    assert_true(answer.rc == 0 || answer.rc == -EAGAIN);
    struct store_stats stats;
    store_stats_get(fake.store, &stats);
    assert_int_equal(stats.unknown, 0);
    assert_true(stats.reconnects >= 1);
    free(big);
    fake_close(&fake);
}

struct trouble {
    int n;
    char text[128];
};

static void on_trouble(void *arg, const char *store, const char *what, const char *why)
{
    struct trouble *trouble = arg;
    trouble->n++;
    (void)snprintf(trouble->text, sizeof(trouble->text), "%s: %s: %s", store, what, why);
}

static void trouble_is_told_once_in_a_while(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct trouble trouble = {0};
    struct store *store;
    struct store_conf conf = {.name = "views",
                              .url = "unix:/nonexistent/redis.sock",
                              .n_links = 3,
                              .timeout_ms = TIMEOUT_MS,
                              .backlog_max = 10,
                              .on_trouble = on_trouble,
                              .trouble_arg = &trouble};
    struct store_stats stats;
    assert_int_equal(store_create(loop, &conf, &store, NULL), 0);
    TURN_UNTIL(loop, (store_stats_get(store, &stats), stats.reconnects > 6));
    assert_int_equal(trouble.n, 1);
    assert_non_null(strstr(trouble.text, "views: connection lost"));
    assert_non_null(strstr(trouble.text, "No such file"));
    store_destroy(&store);
    loop_destroy(&loop);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(malformed_replies_end_the_connection),
    cmocka_unit_test(an_answer_without_a_question_ends_the_connection),
    cmocka_unit_test(a_closed_connection_leaves_the_outcome_unknown),
    cmocka_unit_test(half_an_answer_times_out),
    cmocka_unit_test(a_server_that_still_loads_is_not_used),
    cmocka_unit_test(a_silent_greeting_times_out),
    cmocka_unit_test(what_did_not_leave_whole_is_sent_again),
    cmocka_unit_test(trouble_is_told_once_in_a_while),
};

TEST_MAIN(tests)
