/* A consumer that slept through far more than one flush takes: all of it is counted once, in few
 * flushes, each within its limits. */
#include "tests/support/test.h"

#include <signal.h>
#include <string.h>

#include "common/store/views.h"
#include "tests/support/people.h"

/* Each in a commune of his own, so that nearly every event has counters of its own: some eleven
 * operations a person. */
#define PEOPLE 12000
#define PEOPLE_MORE 3000
#define COMMUNE_FIRST 10001 /* of `ansinh bench --communes` */
#define FLUSHES_MAX 40
#define WAIT_MS 60000

_Static_assert(11 * PEOPLE > 2 * FLUSH_OPERATIONS_MAX, "more than one flush takes");

static char answer[PLATFORM_ANSWER_BYTES];

static void import_communes(struct platform *platform)
{
    char path[128], said[PLATFORM_SAID_BYTES];
    (void)snprintf(path, sizeof(path), "%s/communes.csv", platform_directory(platform));
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fputs("code,parent_code,level,name\n", file);
    for (unsigned i = 0; i < PEOPLE; i++)
        (void)fprintf(file, "%u,15,commune,Xã %u\n", COMMUNE_FIRST + i, i);
    assert_int_equal(fclose(file), 0);
    if (platform_ansinh(platform, said, "import", "units", path, NULL) != 0)
        fail_msg("%s", said);
}

static void load(struct platform *platform, unsigned first, unsigned n)
{
    char from[16], people[16], communes[16], said[PLATFORM_SAID_BYTES];
    (void)snprintf(from, sizeof(from), "%u", first);
    (void)snprintf(people, sizeof(people), "%u", n);
    (void)snprintf(communes, sizeof(communes), "%d", PEOPLE);
    if (platform_ansinh(platform, said, "bench", "run", "--first", from, "--people", people,
                        "--communes", communes, NULL) != 0)
        fail_msg("%s", said);
}

static int is_verified(void *arg)
{
    char said[PLATFORM_SAID_BYTES];
    int status = platform_ansinh(arg, said, "verify", NULL);
    (void)snprintf(answer, sizeof(answer), "%s", said);
    return status == 0 && strstr(said, " 0 differences") != NULL;
}

static void expect_all(struct platform *platform, long long n)
{
    assert_true(people_wait_board(platform, "15", n, WAIT_MS));
    if (!wait_until(platform, is_verified, platform, WAIT_MS))
        fail_msg("%s", answer);
}

static void killed_and_stopped_consumers_catch_up(void **state)
{
    (void)state;
    struct platform *platform =
        platform_start(&(struct platform_conf){.analytics = 1, .notifications = 1});
    platform_import(platform);
    import_communes(platform);
    platform_signal(platform, "analytics", 1, SIGKILL);
    platform_signal(platform, "notifications", 1, SIGKILL);
    load(platform, 0, PEOPLE);
    platform_spawn_with(platform, "analytics", 1, "ANSINH_LOG_LEVEL=info");
    platform_spawn_with(platform, "notifications", 1, "NOTIFICATIONS_RATE_PER_S=1");
    expect_all(platform, PEOPLE);
    assert_in_range(redis_server_integer(platform_views(platform), "HINCRBY", "{v:board}:lease",
                                         "flushes", "0", NULL),
                    2, FLUSHES_MAX);
    platform_signal(platform, "analytics", 1, SIGSTOP);
    load(platform, PEOPLE, PEOPLE_MORE);
    platform_signal(platform, "analytics", 1, SIGCONT);
    expect_all(platform, PEOPLE + PEOPLE_MORE);
    platform_stop(&platform);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(killed_and_stopped_consumers_catch_up),
};

TEST_MAIN(tests)
