#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"

/* Runs fn in a child whose standard error ends up in text; answers how the child ended. */
static int run_captured(void (*fn)(void), char *text, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        fn();
        _exit(0);
    }
    assert_true(child > 0);
    close(ends[1]);
    size_t len = 0;
    for (ssize_t n; (n = read(ends[0], text + len, size - 1 - len)) > 0;)
        len += (size_t)n;
    text[len] = '\0';
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void log_two(void)
{
    log_open("payments-1", LOG_WARN);
    log_info("not written", "%s", "");
    log_warn("redis unreachable", "retry_ms=%d", 500);
}

static void test_line(void **state)
{
    (void)state;
    char text[4096];
    assert_int_equal(run_captured(log_two, text, sizeof(text)), 0);
    const char *rest = strchr(text, ' ');
    assert_non_null(rest);
    assert_int_equal(rest - text, strlen("2026-11-21T16:20:01.123Z"));
    assert_string_equal(rest, " warn svc=payments-1 msg=\"redis unreachable\" retry_ms=500\n");
}

static void log_long(void)
{
    char value[3000];
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    log_error("long", "value=%s", value);
    log_error(value, "value=%s", value);
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    char text[4096];
    assert_int_equal(run_captured(log_long, text, sizeof(text)), 0);
    const char *second = strchr(text, '\n');
    assert_non_null(second);
    assert_in_range(second - text, 1000, 1024);
    const char *end = strchr(second + 1, '\n');
    assert_non_null(end);
    assert_in_range(end - second, 1000, 1024);
    assert_int_equal(end[1], '\0');
}

static void break_a_rule(void)
{
    ASSERT(1 + 1 == 3);
}

static void test_assert_logs_and_aborts(void **state)
{
    (void)state;
    char text[4096];
    int status = run_captured(break_a_rule, text, sizeof(text));
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "condition=\"1 + 1 == 3\""));
    assert_non_null(strstr(text, "test_base_log.c:"));
}

static void test_allowed_once_per_interval(void **state)
{
    (void)state;
    long long last_ms = 0;
    assert_true(log_allowed(&last_ms, 60000));
    assert_false(log_allowed(&last_ms, 60000));
    last_ms = clock_mono_ms() - 60000;
    assert_true(log_allowed(&last_ms, 60000));
    assert_false(log_allowed(&last_ms, 60000));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_line),
    cmocka_unit_test(test_long_lines_are_cut),
    cmocka_unit_test(test_assert_logs_and_aborts),
    cmocka_unit_test(test_allowed_once_per_interval),
};

TEST_MAIN(tests)
