#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/macros.h"
#include "services/notifications/message.h"
#include "services/notifications/smtp.h"
#include "tests/support/smtp_server.h"

#define WAIT_MS 20000
#define OPEN_MAX_MAILS 8

struct world {
    struct loop *loop;
    struct smtp_server *relay;
    struct smtp *smtp;
};

static struct smtp_conf conf_for(const struct world *world, const char *url)
{
    return (struct smtp_conf){
        .loop = world->loop,
        .url = url,
        .user = "",
        .password_file = "",
        .ca_file = "",
        .hello = "ansinh.test",
        .from = "no-reply@ansinh.test",
        .open_max = OPEN_MAX_MAILS,
        .timeout_ms = 1000,
    };
}

static void create(struct world *world, const char *scheme, const char *login, const char *ca_file,
                   int needs_tls)
{
    char url[64], password[128];
    (void)snprintf(url, sizeof(url), "%s://localhost:%u", scheme, smtp_server_port(world->relay));
    struct smtp_conf conf = conf_for(world, url);
    conf.ca_file = ca_file;
    conf.needs_tls = needs_tls;
    conf.timeout_ms = 3000;
    if (login != NULL) {
        (void)snprintf(password, sizeof(password), "%s/password",
                       smtp_server_directory(world->relay));
        int fd = open(password, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(write(fd, login, strlen(login)), strlen(login));
        assert_int_equal(close(fd), 0);
        conf.user = "ansinh";
        conf.password_file = password;
    }
    struct err err = {0};
    if (smtp_create(&conf, &world->smtp, &err) < 0)
        fail_msg("%s", err.text);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->loop = loop_create();
    world->relay = smtp_server_start(NULL);
    char url[64];
    (void)snprintf(url, sizeof(url), "smtp://127.0.0.1:%u", smtp_server_port(world->relay));
    struct smtp_conf conf = conf_for(world, url);
    *state = world;
    return smtp_create(&conf, &world->smtp, NULL);
}

/* For tests that start a relay of their own. */
static int setup_empty(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->loop = loop_create();
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    smtp_destroy(&world->smtp);
    smtp_server_stop(&world->relay);
    loop_destroy(&world->loop);
    free(world);
    return 0;
}

struct outcome {
    int n;
    enum smtp_result result;
    unsigned code;
};

static void on_sent(void *arg, enum smtp_result result, unsigned code)
{
    struct outcome *outcome = arg;
    outcome->n++;
    outcome->result = result;
    outcome->code = code;
}

static void post(struct world *world, const char *to, const char *id, struct outcome *outcome)
{
    struct message message = {
        .from_name = "Bảo hiểm xã hội",
        .from = "no-reply@ansinh.test",
        .to_name = "Nguyễn Thị Hoà",
        .to = to,
        .subject = "Biên nhận đóng bảo hiểm xã hội tự nguyện của ông bà p0513-1-42",
        .body = "Kính gửi bà,\n.\n.. hai chấm\nSố tiền: 165.000 đ\n",
        .id = id,
        .language = "vi",
        .at_ms = 1764561661000,
    };
    struct buf buf;
    buf_init(&buf, MESSAGE_MAX_BYTES);
    assert_int_equal(message_build(&message, &buf), 0);
    *outcome = (struct outcome){0};
    smtp_send(world->smtp, to, buf.data, buf.len, on_sent, outcome);
    assert_int_equal(outcome->n, 0); /* never inside the call */
    buf_fini(&buf);
}

static void wait_for(struct world *world, const struct outcome *outcome)
{
    int64_t deadline_ms = clock_mono_ms() + WAIT_MS;
    while (outcome->n == 0) {
        assert_true(clock_mono_ms() < deadline_ms);
        loop_turn(world->loop, 50);
    }
    assert_int_equal(outcome->n, 1);
}

static struct outcome send_one(struct world *world, const char *to)
{
    struct outcome outcome;
    post(world, to, "p0001-1-1", &outcome);
    wait_for(world, &outcome);
    return outcome;
}

static void a_message_arrives_as_it_was_meant(void **state)
{
    struct world *world = *state;
    assert_int_equal(send_one(world, "hoa@mail.test").result, SMTP_SENT);
    char *shown = smtp_server_read(world->relay, "1.txt");
    char *raw = smtp_server_read(world->relay, "1.eml");
    assert_string_equal(shown,
                        "From: Bảo hiểm xã hội <no-reply@ansinh.test>\n"
                        "To: Nguyễn Thị Hoà <hoa@mail.test>\n"
                        "Subject: Biên nhận đóng bảo hiểm xã hội tự nguyện của ông bà p0513-1-42\n"
                        "Date: Mon, 01 Dec 2025 11:01:01 +0700\n\n"
                        "Kính gửi bà,\n.\n.. hai chấm\nSố tiền: 165.000 đ\n");
    assert_int_equal(smtp_server_taken(world->relay, "<p0001-1-1@ansinh.test>"), 1);
    for (const char *at = raw; (at = strchr(at, '\n')) != NULL; at++)
        assert_true(at > raw && at[-1] == '\r');
    free(shown);
    free(raw);
}

static void connections_are_used_again(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 20; i++)
        assert_int_equal(send_one(world, "a@mail.test").result, SMTP_SENT);
    assert_int_equal(smtp_server_connections(world->relay), 1);
    struct outcome outcomes[OPEN_MAX_MAILS];
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < OPEN_MAX_MAILS; i++)
            post(world, "b@mail.test", "p0001-1-2", &outcomes[i]);
        assert_int_equal(smtp_open(world->smtp), OPEN_MAX_MAILS);
        for (size_t i = 0; i < OPEN_MAX_MAILS; i++) {
            wait_for(world, &outcomes[i]);
            assert_int_equal(outcomes[i].result, SMTP_SENT);
        }
    }
    assert_int_equal(smtp_server_taken(world->relay, "b@mail.test"), 5 * OPEN_MAX_MAILS);
    assert_in_range(smtp_server_connections(world->relay), 1, OPEN_MAX_MAILS);
    struct smtp_stats stats;
    smtp_stats_get(world->smtp, &stats);
    assert_int_equal(stats.sent, 20 + 5 * OPEN_MAX_MAILS);
    assert_in_range(stats.connections, 1, OPEN_MAX_MAILS);
}

static void refusals_are_told_apart(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *to;
        enum smtp_result result;
        unsigned code;
    } cases[] = {
        {"perm@mail.test", SMTP_PERMANENT, 550},  {"temp@mail.test", SMTP_TEMPORARY, 451},
        {"late5@mail.test", SMTP_PERMANENT, 554}, {"late4@mail.test", SMTP_TEMPORARY, 452},
        {"once@mail.test", SMTP_TEMPORARY, 451},  {"once@mail.test", SMTP_SENT, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct outcome outcome = send_one(world, cases[i].to);
        assert_int_equal(outcome.result, cases[i].result);
        assert_int_equal(outcome.code, cases[i].code);
    }
    assert_int_equal(smtp_server_taken(world->relay, ""), 1);
}

static void a_relay_that_hangs_costs_the_timeout(void **state)
{
    struct world *world = *state;
    int64_t start_ms = clock_mono_ms();
    struct outcome slow, fast;
    post(world, "hang@mail.test", "p0001-1-3", &slow);
    post(world, "a@mail.test", "p0001-1-4", &fast);
    wait_for(world, &fast);
    assert_int_equal(fast.result, SMTP_SENT);
    assert_int_equal(slow.n, 0);
    wait_for(world, &slow);
    assert_int_equal(slow.result, SMTP_TEMPORARY);
    assert_in_range(clock_mono_ms() - start_ms, 900, 5000);
    assert_int_equal(send_one(world, "b@mail.test").result, SMTP_SENT);
}

static void a_hang_up_without_an_answer_is_temporary(void **state)
{
    struct world *world = *state;
    struct outcome outcome = send_one(world, "drop@mail.test");
    assert_int_equal(outcome.result, SMTP_TEMPORARY);
    assert_int_equal(outcome.code, 0);
    assert_int_equal(smtp_server_taken(world->relay, "drop"), 1);
}

static void a_relay_that_dies_is_found_again(void **state)
{
    struct world *world = *state;
    assert_int_equal(send_one(world, "a@mail.test").result, SMTP_SENT);
    smtp_server_kill(world->relay);
    assert_int_equal(send_one(world, "a@mail.test").result, SMTP_UNAVAILABLE);
    smtp_server_restart(world->relay);
    assert_int_equal(send_one(world, "a@mail.test").result, SMTP_SENT);
}

static void a_connection_that_went_stale_is_replaced(void **state)
{
    struct world *world = *state;
    assert_int_equal(send_one(world, "a@mail.test").result, SMTP_SENT);
    smtp_server_restart(world->relay); /* the loop has not seen it */
    assert_int_equal(send_one(world, "a@mail.test").result, SMTP_SENT);
    assert_int_equal(smtp_server_taken(world->relay, ""), 2);
}

static void a_frozen_relay_does_not_hold_up_the_end(void **state)
{
    struct world *world = *state;
    assert_int_equal(send_one(world, "a@mail.test").result, SMTP_SENT);
    struct outcome outcome;
    smtp_server_pause(world->relay);
    post(world, "a@mail.test", "p0001-1-5", &outcome);
    loop_turn(world->loop, 10);
    int64_t start_ms = clock_mono_ms();
    smtp_destroy(&world->smtp);
    assert_in_range(clock_mono_ms() - start_ms, 0, 1000);
    assert_int_equal(outcome.n, 0);
    smtp_server_resume(world->relay);
}

static void a_greeting_that_refuses_is_no_relay(void **state)
{
    struct world *world = *state;
    static const char *const options[] = {"--greeting", "554 no service today", NULL};
    world->relay = smtp_server_start(options);
    create(world, "smtp", NULL, "", 0);
    struct outcome outcome = send_one(world, "a@mail.test");
    assert_int_equal(outcome.result, SMTP_UNAVAILABLE);
    assert_int_equal(outcome.code, 554);
}

/* A certificate for localhost that signs itself. */
static void make_certificate(char path[64])
{
    (void)snprintf(path, 64, "/tmp/ansinh-test-cert-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        (void)dup2(null, STDERR_FILENO);
        execlp("openssl", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost", "-keyout", path, "-out", path, NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void tls_and_login_work(void **state)
{
    struct world *world = *state;
    char cert[64];
    make_certificate(cert);
    static const char *const schemes[] = {"smtps", "starttls"};
    for (size_t i = 0; i < 2; i++) {
        const char *options[] = {"--cert",        cert, "--tls", schemes[i], "--login",
                                 "ansinh:s3cret", NULL};
        const char *scheme = i == 0 ? "smtps" : "smtp";
        world->relay = smtp_server_start(options);
        create(world, scheme, "s3cret\n", cert, 1);
        assert_int_equal(send_one(world, "a@mail.test").result, SMTP_SENT);
        smtp_destroy(&world->smtp);
        /* A wrong password is the operator's to mend: the message waits. */
        create(world, scheme, "wrong\n", cert, 1);
        assert_int_equal(send_one(world, "a@mail.test").result, SMTP_UNAVAILABLE);
        smtp_destroy(&world->smtp);
        /* A certificate that nobody vouches for. */
        create(world, scheme, "s3cret\n", "", 1);
        assert_int_equal(send_one(world, "a@mail.test").result, SMTP_UNAVAILABLE);
        smtp_destroy(&world->smtp);
        assert_int_equal(smtp_server_taken(world->relay, ""), 1);
        smtp_server_stop(&world->relay);
    }
    assert_int_equal(unlink(cert), 0);
}

static void tls_that_is_demanded_is_not_given_up(void **state)
{
    struct world *world = *state;
    world->relay = smtp_server_start(NULL);
    create(world, "smtp", NULL, "", 1);
    assert_int_equal(send_one(world, "a@mail.test").result, SMTP_UNAVAILABLE);
    assert_int_equal(smtp_server_taken(world->relay, ""), 0);
}

static void wrong_settings_are_refused(void **state)
{
    struct world *world = *state;
    static const char *const urls[] = {"",           "smtp://",   "http://x",   "smtp://x/y",
                                       "smtp://u@x", "mail.test", "smtps://x y"};
    struct smtp *smtp = NULL;
    struct err err = {0};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct smtp_conf conf = conf_for(world, urls[i]);
        assert_int_equal(smtp_create(&conf, &smtp, &err), -EINVAL);
        assert_non_null(strstr(err.text, "NOTIFICATIONS_SMTP_URL"));
    }
    struct smtp_conf conf = conf_for(world, "smtp://127.0.0.1:25");
    conf.user = "ansinh";
    assert_int_equal(smtp_create(&conf, &smtp, &err), -EINVAL);
    assert_non_null(strstr(err.text, "NOTIFICATIONS_SMTP_USER"));
    conf.needs_tls = 1;
    assert_int_equal(smtp_create(&conf, &smtp, &err), -ENOENT);
    char path[] = "/tmp/ansinh-test-XXXXXX";
    int fd = mkstemp(path);
    conf.password_file = path;
    assert_int_equal(smtp_create(&conf, &smtp, &err), -EINVAL); /* empty */
    assert_int_equal(write(fd, "x\n", 2), 2);
    assert_int_equal(fchmod(fd, 0640), 0);
    assert_int_equal(smtp_create(&conf, &smtp, &err), -EACCES);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(smtp_create(&conf, &smtp, &err), 0);
    smtp_destroy(&smtp);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define TEST_EMPTY(fn) cmocka_unit_test_setup_teardown(fn, setup_empty, teardown)

static const struct CMUnitTest tests[] = {
    TEST(a_message_arrives_as_it_was_meant),
    TEST(connections_are_used_again),
    TEST(refusals_are_told_apart),
    TEST(a_relay_that_hangs_costs_the_timeout),
    TEST(a_hang_up_without_an_answer_is_temporary),
    TEST(a_relay_that_dies_is_found_again),
    TEST(a_connection_that_went_stale_is_replaced),
    TEST(a_frozen_relay_does_not_hold_up_the_end),
    TEST_EMPTY(a_greeting_that_refuses_is_no_relay),
    TEST_EMPTY(tls_and_login_work),
    TEST_EMPTY(tls_that_is_demanded_is_not_given_up),
    TEST_EMPTY(wrong_settings_are_refused),
};

TEST_MAIN(tests)
