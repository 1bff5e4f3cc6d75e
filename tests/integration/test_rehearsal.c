/* ansinh drill: a sprint replayed at two speeds, once with a service killed in the middle, leaves
 * the same board; a territory is filled with people. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/support/platform.h"

#define PEOPLE "400"
#define BEGUN 115 /* declared: those who were before, and some more */
#define IN_THE_MIDDLE 220
#define WAIT_MS 60000
#define DIGEST_CHARS 32
#define SAID_FILE "/rehearsal"

static struct platform *platform;
static char said[PLATFORM_SAID_BYTES], answer[PLATFORM_ANSWER_BYTES];

static void start(int is_imported)
{
    platform = platform_start(&(struct platform_conf){.payments = 1, .settlement = 1});
    if (is_imported)
        platform_import(platform);
}

static int stop(void **state)
{
    (void)state;
    if (platform != NULL)
        platform_stop(&platform);
    return 0;
}

static void assert_said(const char *words)
{
    if (strstr(said, words) == NULL)
        print_message("want \"%s\" in:\n%s\n", words, said);
    assert_non_null(strstr(said, words));
}

/* --- a sprint under way ----------------------------------------------------------------------- */

/* What it says goes to a file of the platform's folder. */
static pid_t spawn_sprint(const char *speed_option, const char *value)
{
    char path[256], out[256];
    const char *folder = getenv("O");
    (void)snprintf(path, sizeof(path), "%s/bin/ansinh", folder == NULL ? "build" : folder);
    (void)snprintf(out, sizeof(out), "%s" SAID_FILE, platform_directory(platform));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        (void)dup2(fd, STDOUT_FILENO);
        (void)dup2(fd, STDERR_FILENO);
        (void)execl(path, path, "drill", "sprint", "--days", "15", "--people", PEOPLE, "--seed",
                    "7", speed_option, value, (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* Exit status; what it said is in said. */
static int sprint_status(pid_t pid)
{
    char path[256];
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)snprintf(path, sizeof(path), "%s" SAID_FILE, platform_directory(platform));
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static long declared(void)
{
    assert_int_equal(
        platform_call(platform, NULL, "Analytics/GetProgress", answer, "{\"unitCode\":\"VN\"}"), 0);
    return strtol(platform_field(answer, "declared"), NULL, 10);
}

static int are_declared(void *arg)
{
    const long *n = arg;
    return declared() >= *n;
}

static void digest_of(char ret[DIGEST_CHARS + 1])
{
    const char *found = strstr(said, "it says ");
    assert_non_null(found);
    (void)snprintf(ret, DIGEST_CHARS + 1, "%s", found + strlen("it says "));
}

static void assert_verified(void)
{
    int status = platform_ansinh(platform, said, "verify", NULL);
    assert_said(" 0 differences");
    assert_int_equal(status, 0);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void the_same_seed_leaves_the_same_board(void **state)
{
    (void)state;
    char calm[DIGEST_CHARS + 1], disturbed[DIGEST_CHARS + 1];
    int32_t today = clock_business_day(clock_wall_ms());
    start(1);
    assert_int_equal(sprint_status(spawn_sprint("--speed", "1000000")), 0);
    assert_said(PEOPLE " visits");
    assert_said(" 0 failed");
    assert_said("declared " PEOPLE);
    assert_null(strstr(said, " 0 taken back"));
    assert_said(": equal");
    digest_of(calm);
    assert_verified();
    assert_int_equal(sprint_status(spawn_sprint("--speed", "1000000")), 1);
    assert_said("the people of --seed 7 are here already");
    platform_stop(&platform);

    long in_the_middle = IN_THE_MIDDLE;
    start(1);
    pid_t pid = spawn_sprint("--seconds", "8");
    int is_begun = wait_until(platform, are_declared, &in_the_middle, WAIT_MS);
    platform_signal(platform, "payments", 1, SIGKILL);
    platform_signal(platform, "enrolment", 1, SIGKILL);
    platform_spawn(platform, "payments", 1);
    platform_spawn(platform, "enrolment", 1);
    int status = sprint_status(pid);
    assert_true(is_begun);
    assert_int_equal(status, 0);
    assert_said(" 0 failed");
    assert_said(": equal");
    digest_of(disturbed);
    assert_verified();
    platform_stop(&platform);
    if (clock_business_day(clock_wall_ms()) != today)
        skip(); /* midnight has passed: the second sprint had other days */
    assert_string_equal(calm, disturbed);
}

static void an_interrupted_sprint_is_compared_as_far_as_it_came(void **state)
{
    (void)state;
    long begun = BEGUN;
    start(1);
    pid_t pid = spawn_sprint("--seconds", "120");
    int is_begun = wait_until(platform, are_declared, &begun, WAIT_MS);
    assert_int_equal(kill(pid, SIGINT), 0);
    int status = sprint_status(pid);
    assert_true(is_begun);
    assert_int_equal(status, 1);
    assert_said("stopped");
    assert_said(": equal");
    platform_stop(&platform);
}

/* Collectors and a plan are made up, for what has none. */
static void a_territory_is_filled_with_people(void **state)
{
    (void)state;
    start(0);
    assert_int_equal(platform_ansinh(platform, said, "drill", "people", NULL), 1);
    assert_said("no units: give --units FILE");
    assert_int_equal(platform_ansinh(platform, said, "drill", "people", "--units",
                                     "deploy/sample/units.csv", "--people", "250", "--plan", "1000",
                                     NULL),
                     0);
    assert_said("250 enrolled, 250 paid, 0 were there before, 0 failed, in 99 communes");
    assert_int_equal(declared(), 250);
    assert_string_equal(platform_field(answer, "plan"), "1000");
    assert_int_equal(platform_ansinh(platform, said, "drill", "people", "--people", "250", NULL),
                     0);
    assert_said("0 enrolled, 0 paid, 250 were there before, 0 failed");
    assert_int_equal(declared(), 250);
    assert_verified();
    assert_int_equal(platform_ansinh(platform, said, "drill", "sprint", "--days", "3", "--speed",
                                     "1000000", NULL),
                     0);
    assert_said(": equal");
    /* of today: taken back at once */
    assert_int_equal(platform_ansinh(platform, said, "drill", "sprint", "--days", "1", "--speed",
                                     "1000000", "--people", "300", "--seed", "2", NULL),
                     0);
    assert_null(strstr(said, " 0 taken back"));
    assert_said(": equal");
    assert_verified();
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *words;
    } cases[] = {
        {"--days", "0", "option --days: want 1 to 62"},
        {"--days", "63", "option --days: want 1 to 62"},
        {"--speed", "fast", "option --speed: want"},
        {"--people", "5000001", "option --people: want 1 to 5000000"},
        {"--pace", "3", "option --pace is unknown"},
    };
    start(0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            platform_ansinh(platform, said, "drill", "sprint", cases[i].name, cases[i].value, NULL),
            2);
        assert_said(cases[i].words);
    }
    assert_int_equal(
        platform_ansinh(platform, said, "drill", "sprint", "--days", "3", "--rate", "10", NULL), 2);
    assert_said("option --rate: not together with --days");
    assert_int_equal(platform_ansinh(platform, said, "drill", "sprint", "--days", "3", "--speed",
                                     "10", "--seconds", "10", NULL),
                     2);
    assert_said("option --speed: not together with --seconds");
    assert_int_equal(platform_ansinh(platform, said, "drill", "sprint", "--days", "3", NULL), 1);
    assert_said("no units: give --units FILE");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(the_same_seed_leaves_the_same_board, stop),
    cmocka_unit_test_teardown(an_interrupted_sprint_is_compared_as_far_as_it_came, stop),
    cmocka_unit_test_teardown(a_territory_is_filled_with_people, stop),
    cmocka_unit_test_teardown(wrong_options_are_named, stop),
};

TEST_MAIN(tests)
