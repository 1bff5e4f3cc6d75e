/* The ansinh command as a person types it: help, call, status, watch. */
#include "tests/support/test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/people.h"

#define SAID_BYTES PLATFORM_SAID_BYTES
#define LINE_WAIT_MS 10000 /* less than watch takes to ask anew: frames must have told */

static struct platform *platform;
static char said[SAID_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.payments = 1});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void assert_said(const char *words)
{
    if (strstr(said, words) == NULL)
        print_message("want \"%s\" in:\n%s\n", words, said);
    assert_non_null(strstr(said, words));
}

static void test_help(void **state)
{
    (void)state;
    static const char *const names[] = {"call",    "import", "policy", "watch",     "status",
                                        "verify",  "export", "report", "reconcile", "remittance",
                                        "restore", "drill",  "bench",  "keys",      "init",
                                        "sandbox", "certify"};
    assert_int_equal(platform_ansinh(platform, said, "--help", NULL), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char usage[32];
        (void)snprintf(usage, sizeof(usage), "  ansinh %s ", names[i]);
        assert_said(usage);
    }
    assert_int_equal(platform_ansinh(platform, said, "watch", "--help", NULL), 0);
    assert_ptr_equal(strstr(said, "ansinh watch [--once] [UNIT]\n"
                                  "show a unit's progress live, until Ctrl-C\n\nUNIT is VN"),
                     said);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(platform_ansinh(platform, said, names[i], "--help", NULL), 0);
        assert_non_null(strstr(said, "\n\n"));
    }
    assert_int_equal(platform_ansinh(platform, said, "--version", NULL), 0);
    assert_int_equal(strncmp(said, "ansinh 0.", 9), 0);
    assert_int_equal(platform_ansinh(platform, said, NULL), 2);
    assert_int_equal(platform_ansinh(platform, said, "dance", NULL), 2);
}

static void test_call(void **state)
{
    (void)state;
    assert_int_equal(
        platform_ansinh(platform, said, "call", "Directory/GetUnit", "{\"code\":\"15\"}", NULL), 0);
    assert_said("\"name\": \"Lào Cai\"");
    assert_int_equal(platform_ansinh(platform, said, "call", "ansinh.v1.Directory/GetUnit",
                                     "{\"code\":\"00\"}", NULL),
                     1);
    assert_said("not_found: ");
    assert_int_equal(
        platform_ansinh(platform, said, "call", "Directory/GetUnit", "{\"cod\":1}", NULL), 2);
    assert_said("cod");
    assert_int_equal(platform_ansinh(platform, said, "call", "Directory/GetUnit", "{", NULL), 2);
    assert_int_equal(platform_ansinh(platform, said, "call", "Directory/Burn", "{}", NULL), 2);
    assert_said("ansinh.v1.Directory/GetUnit");
    assert_int_equal(platform_ansinh(platform, said, "call", "Directory/GetUnit", NULL), 2);
}

/* The key makes a repeat a repeat. */
static void test_call_with_a_key(void **state)
{
    (void)state;
    static const char person[] =
        "{\"personalId\":\"010085800001\",\"fullName\":\"Lò Văn Thử\",\"birthDate\":\"1985-05-17\","
        "\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\",\"supportGroup\":\"SUPPORT_GROUP_OTHER\","
        "\"incomeVnd\":\"1500000\",\"method\":\"METHOD_MONTHLY\"}";
    assert_int_equal(setenv("IDEMPOTENCY_KEY", "once-and-for-all", 1), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(platform_ansinh(platform, said, "call", "Enrolment/Enrol", person, NULL),
                         0);
    assert_int_equal(unsetenv("IDEMPOTENCY_KEY"), 0);
    assert_int_equal(platform_ansinh(platform, said, "call", "Enrolment/Enrol", person, NULL), 1);
    assert_said("already_exists: personal_id");
}

static void test_status(void **state)
{
    (void)state;
    assert_int_equal(platform_ansinh(platform, said, "status", NULL), 0);
    assert_said("enrolment-1        well");
    assert_said("analytics-1        well");
    platform_signal(platform, "analytics", 1, SIGSTOP);
    assert_int_equal(platform_ansinh(platform, said, "status", NULL), 1);
    platform_signal(platform, "analytics", 1, SIGCONT);
    assert_said("analytics-1        silent");
    platform_wait_ready(platform);
}

static void test_watch_once(void **state)
{
    (void)state;
    assert_int_equal(platform_ansinh(platform, said, "watch", "--once", "15", NULL), 0);
    assert_said("Lào Cai (15): ");
    assert_said(" % of 78,275, ");
    assert_int_equal(platform_ansinh(platform, said, "watch", "--once", NULL), 0);
    assert_said("(VN): ");
    assert_int_equal(platform_ansinh(platform, said, "watch", "--once", "00000", NULL), 1);
    assert_said("not_found: ");
    assert_int_equal(platform_ansinh(platform, said, "watch", "00000", NULL), 1);
    assert_int_equal(platform_ansinh(platform, said, "watch", "--twice", NULL), 2);
    assert_int_equal(platform_ansinh(platform, said, "watch", "15", "VN", NULL), 2);
}

static pid_t spawn_watch(const char *unit, int *ret_out)
{
    int ends[2];
    char path[256];
    const char *folder = getenv("O");
    (void)snprintf(path, sizeof(path), "%s/bin/ansinh", folder == NULL ? "build" : folder);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execl(path, path, "watch", unit, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    *ret_out = ends[0];
    return pid;
}

/* Reads what is said until words come; 0 when they do not. */
static int hears(int out, const char *words)
{
    size_t len = 0;
    said[0] = '\0';
    while (strstr(said, words) == NULL) {
        struct pollfd poll_out = {.fd = out, .events = POLLIN};
        if (poll(&poll_out, 1, LINE_WAIT_MS) <= 0 || len == sizeof(said) - 1)
            return 0;
        ssize_t n = read(out, said + len, sizeof(said) - 1 - len);
        if (n <= 0)
            return 0;
        len += (size_t)n;
        said[len] = '\0';
    }
    return 1;
}

static void test_watch_shows_every_change_until_interrupted(void **state)
{
    (void)state;
    int out, status;
    pid_t pid = spawn_watch("02647", &out);
    int hears_first = hears(out, "(02647): 0 participants");
    unsigned long n = people_load(platform, NULL, 0, 3, 3);
    int hears_third = hears(out, "(02647): 3 participants");
    platform_signal(platform, "analytics", 1, SIGKILL);
    platform_spawn(platform, "analytics", 1);
    platform_wait_ready(platform);
    n += people_load(platform, NULL, 3, 2, 2);
    int hears_fifth = hears(out, "(02647): 5 participants");
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(out);
    assert_int_equal(n, 5);
    assert_true(hears_first);
    assert_true(hears_third);
    assert_true(hears_fifth);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_no_platform(void **state)
{
    (void)state;
    char *var = strdup(getenv("ANSINH_VIEWS"));
    assert_non_null(var);
    assert_int_equal(setenv("ANSINH_VIEWS", "nonsense", 1), 0);
    assert_int_equal(platform_ansinh(platform, said, "watch", "--once", NULL), 1);
    assert_said("is the platform running?");
    assert_int_equal(platform_ansinh(platform, said, "verify", NULL), 1);
    assert_int_equal(setenv("ANSINH_VIEWS", var, 1), 0);
    free(var);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_call_with_a_key),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_watch_once),
        cmocka_unit_test(test_watch_shows_every_change_until_interrupted),
        cmocka_unit_test(test_no_platform),
    };
    const char *filter = getenv("TEST_FILTER");
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests_name(__FILE__, tests, start, stop);
}
