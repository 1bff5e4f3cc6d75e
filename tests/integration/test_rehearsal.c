/* ansinh drill: a sprint replayed at two speeds, once with services killed in the middle, leaves
 * the same boards to the byte; another seed leaves others; a territory is filled with people. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/platform.h"

#define PEOPLE "400"
#define BEGUN 115 /* declared: those who were before, and some more */
#define IN_THE_MIDDLE 220
#define WAIT_MS 60000
#define DIGEST_CHARS 32
#define SAID_FILE "/rehearsal"
#define BOARDS_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define UNITS_FILE "deploy/sample/units.csv"

static struct platform *platform;
static char said[PLATFORM_SAID_BYTES], answer[PLATFORM_ANSWER_BYTES];

static void start(int is_imported)
{
    platform =
        platform_start(&(struct platform_conf){.payments = 1, .settlement = 1, .notifications = 1});
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
static pid_t spawn_sprint(const char *seed, const char *speed_option, const char *value)
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
                    seed, speed_option, value, (char *)NULL);
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

static int is_verified(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, said, "verify", "--whole", NULL) == 0 &&
           strstr(said, " 0 differences") != NULL;
}

/* Also that the projections have taken everything in: boards are asked afterwards. */
static void assert_verified(void)
{
    if (!wait_until(platform, is_verified, NULL, WAIT_MS))
        fail_msg("%s", said);
}

/* --- the final boards ------------------------------------------------------------------------- */

/* Takes a field and its value out, wherever it stands: what tells of when something was recorded or
 * asked, or depends on the platform's keys. */
static void leave_out(char *text, const char *name)
{
    char head[64];
    int len = snprintf(head, sizeof(head), "\"%s\":", name);
    for (char *at; (at = strstr(text, head)) != NULL;) {
        const char *end = at + len;
        end = *end == '[' ? strchr(end, ']') : strchr(end + 1, '"');
        assert_non_null(end);
        memmove(at, end + 1, strlen(end + 1) + 1);
    }
}

struct asked {
    const char *method, *json;
};

static int is_answered(void *arg)
{
    const struct asked *self = arg;
    return platform_call(platform, NULL, self->method, answer, "%s", self->json) == 0;
}

static void add_answer(struct buf *boards, const char *method, const char *json)
{
    static const char *const moments[] = {"version", "asOfMs", "hours", "reachEstimate"};
    struct asked asked = {method, json};
    if (!wait_until(platform, is_answered, &asked, WAIT_MS))
        fail_msg("%s %s: %s", method, json, answer);
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
        leave_out(answer, moments[i]);
    assert_int_equal(buf_printf(boards, "%s %s ", method, json), 0);
    assert_int_equal(buf_puts(boards, answer), 0);
    assert_int_equal(buf_putc(boards, '\n'), 0);
}

static void add_units(struct buf *boards)
{
    char line[512], json[128];
    FILE *file = fopen(UNITS_FILE, "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    while (fgets(line, sizeof(line), file) != NULL) {
        (void)snprintf(json, sizeof(json), "{\"unitCode\":\"%.*s\",\"withChildren\":true}",
                       (int)strcspn(line, ","), line);
        add_answer(boards, "Analytics/GetProgress", json);
    }
    assert_int_equal(fclose(file), 0);
}

/* Every unit's numbers, the boards of units, communes, organisations, points and collectors, and
 * what the sessions brought. */
static void keep_boards(const char *seed, struct buf *boards)
{
    static const char *const counts[] = {"METRIC_DECLARED", "METRIC_PAID", "METRIC_ACCEPTED"};
    char json[256];
    buf_init(boards, BOARDS_MAX_BYTES);
    add_units(boards);
    for (int by = 1; by <= 5; by++) {
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            (void)snprintf(json, sizeof(json),
                           "{\"slice\":{\"unitCode\":\"VN\"},\"by\":%d,\"order\":1,"
                           "\"counts\":\"%s\"}",
                           by, counts[i]);
            add_answer(boards, "Analytics/GetBoard", json);
        }
    }
    (void)snprintf(json, sizeof(json),
                   "{\"slice\":{\"campaignCode\":\"DRILL-%s\"},\"pageSize\":500}", seed);
    add_answer(boards, "Analytics/ListSessions", json);
    assert_int_equal(buf_putc(boards, '\0'), 0);
}

static void assert_same_boards(const struct buf *calm, const struct buf *disturbed)
{
    const char *a = (const char *)calm->data, *b = (const char *)disturbed->data;
    size_t i = 0, line = 0;
    while (a[i] != '\0' && a[i] == b[i]) {
        if (a[i++] == '\n')
            line = i;
    }
    if (a[i] != b[i])
        fail_msg("the boards differ in %.120s:\n%.300s\n%.300s", a + line, a + i, b + i);
    assert_int_equal(calm->len, disturbed->len);
}

static long number_of(const char *text, const char *name)
{
    char head[64];
    int len = snprintf(head, sizeof(head), "\"%s\":\"", name);
    const char *at = text == NULL ? NULL : strstr(text, head);
    return at == NULL ? 0 : strtol(at + len, NULL, 10);
}

/* What the last call of keep_boards answered: funnel and yield have numbers at every step. */
static void assert_sessions_brought_people(void)
{
    const char *total = strstr(answer, "\"total\":{");
    assert_true(number_of(total, "attendance") > number_of(total, "contacts"));
    assert_true(number_of(total, "contacts") > number_of(total, "declared"));
    assert_true(number_of(total, "declared") > 0 && number_of(total, "paid") > 0);
    assert_true(number_of(answer, "declaredUnattributed") > 0);
    assert_non_null(strstr(answer, "SESSION_KIND_HOUSEHOLD_VISIT"));
    assert_non_null(strstr(answer, "SESSION_KIND_LAUNCH_CEREMONY"));
}

/* --- tests ------------------------------------------------------------------------------------ */

static void play_calmly(const char *seed, char ret_digest[DIGEST_CHARS + 1], struct buf *boards)
{
    start(1);
    assert_int_equal(sprint_status(spawn_sprint(seed, "--speed", "1000000")), 0);
    assert_said(PEOPLE " visits");
    assert_said(" 0 failed");
    assert_said("declared " PEOPLE);
    assert_null(strstr(said, " 0 taken back"));
    assert_null(strstr(said, " 0 returned"));
    assert_said(": equal");
    digest_of(ret_digest);
    assert_verified();
    keep_boards(seed, boards);
}

static void play_disturbed(const char *seed, char ret_digest[DIGEST_CHARS + 1], struct buf *boards)
{
    static const char *const victims[] = {"payments", "analytics", "enrolment"};
    long in_the_middle = IN_THE_MIDDLE;
    start(1);
    pid_t pid = spawn_sprint(seed, "--seconds", "8");
    int is_begun = wait_until(platform, are_declared, &in_the_middle, WAIT_MS);
    for (size_t i = 0; i < sizeof(victims) / sizeof(victims[0]); i++) {
        platform_signal(platform, victims[i], 1, SIGKILL);
        platform_spawn(platform, victims[i], 1);
    }
    int status = sprint_status(pid);
    assert_true(is_begun);
    assert_int_equal(status, 0);
    assert_said(" 0 failed");
    assert_said(": equal");
    digest_of(ret_digest);
    assert_verified();
    keep_boards(seed, boards);
}

static void the_same_seed_leaves_the_same_boards(void **state)
{
    (void)state;
    char calm[DIGEST_CHARS + 1], disturbed[DIGEST_CHARS + 1], other[DIGEST_CHARS + 1];
    struct buf boards_calm, boards_disturbed, boards_other;
    int32_t today = clock_business_day(clock_wall_ms());
    play_calmly("7", calm, &boards_calm);
    assert_sessions_brought_people();
    assert_int_equal(sprint_status(spawn_sprint("7", "--speed", "1000000")), 1);
    assert_said("the people of --seed 7 are here already");
    platform_stop(&platform);
    play_disturbed("7", disturbed, &boards_disturbed);
    platform_stop(&platform);
    play_calmly("8", other, &boards_other);
    platform_stop(&platform);
    int is_one_day = clock_business_day(clock_wall_ms()) == today;
    if (is_one_day) { /* else the later ones had other days */
        assert_string_equal(calm, disturbed);
        assert_same_boards(&boards_calm, &boards_disturbed);
        assert_string_not_equal(calm, other);
    }
    buf_fini(&boards_calm);
    buf_fini(&boards_disturbed);
    buf_fini(&boards_other);
    if (!is_one_day)
        skip();
}

static void an_interrupted_sprint_is_compared_as_far_as_it_came(void **state)
{
    (void)state;
    long begun = BEGUN;
    start(1);
    pid_t pid = spawn_sprint("7", "--seconds", "120");
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
    assert_said("250 enrolled, 250 paid, ");
    assert_said(" 0 were there before, 0 failed, in 99 communes");
    assert_null(strstr(said, " 0 accepted"));
    assert_null(strstr(said, " 0 renewed"));
    assert_true(wait_until(platform, are_declared, &(long){250}, WAIT_MS));
    assert_int_equal(declared(), 250);
    assert_string_equal(platform_field(answer, "plan"), "1000");
    assert_int_equal(platform_ansinh(platform, said, "drill", "people", "--people", "250", NULL),
                     0);
    assert_said("0 enrolled, 0 paid, 0 accepted, 0 renewed, 250 were there before, 0 failed");
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

/* Who comes, comes to the units that there are. */
static void nobody_is_sent_where_a_unit_has_ended(void **state)
{
    (void)state;
    char path[256], today[DATE_TEXT_BYTES];
    start(1);
    (void)snprintf(path, sizeof(path), "%s/successors.csv", platform_directory(platform));
    date_format(clock_business_day(clock_wall_ms()), today);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fprintf(file, "old_code,new_code,share_per_million,on\n02746,02752,1000000,%s\n", today);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(platform_ansinh(platform, said, "import", "successors", path, NULL), 0);
    assert_int_equal(sprint_status(spawn_sprint("9", "--speed", "1000000")), 0);
    assert_said(" 0 failed");
    assert_said(": equal");
    assert_int_equal(
        platform_call(platform, NULL, "Analytics/GetProgress", answer, "{\"unitCode\":\"02746\"}"),
        0);
    assert_string_equal(platform_field(answer, "declared"), "0");
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
    cmocka_unit_test_teardown(the_same_seed_leaves_the_same_boards, stop),
    cmocka_unit_test_teardown(an_interrupted_sprint_is_compared_as_far_as_it_came, stop),
    cmocka_unit_test_teardown(a_territory_is_filled_with_people, stop),
    cmocka_unit_test_teardown(nobody_is_sent_where_a_unit_has_ended, stop),
    cmocka_unit_test_teardown(wrong_options_are_named, stop),
};

TEST_MAIN(tests)
