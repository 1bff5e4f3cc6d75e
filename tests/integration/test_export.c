/* ansinh export: the entries of some days, each once, from archive and journals. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/archived.h"
#include "tests/support/people.h"

#define PEOPLE 100
#define WAIT_MS 30000
#define LINE_BYTES (1 << 20)

static struct platform *platform;
static char said[1024], folder[128], file[160], line[LINE_BYTES];
static char today[DATE_TEXT_BYTES], yesterday[DATE_TEXT_BYTES];

static int start(void **state)
{
    (void)state;
    static const char *const environment[] = {ARCHIVED_AT_ONCE, "ARCHIVER_TRIM=true",
                                              "ARCHIVER_TRIM_INTERVAL_S=1",
                                              "ARCHIVER_TEST_RETENTION_MS=1", NULL};
    platform = platform_start(&(struct platform_conf){.archiver = 1, .environment = environment});
    (void)snprintf(folder, sizeof(folder), "%s/archive", platform_directory(platform));
    (void)snprintf(file, sizeof(file), "%s/export", platform_directory(platform));
    platform_import(platform);
    date_format(clock_business_day(clock_wall_ms()), today);
    date_format(clock_business_day(clock_wall_ms()) - 1, yesterday);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int export(const char *from, const char *to)
{
    char command[600];
    const char *build = getenv("O");
    (void)snprintf(command, sizeof(command),
                   "%s/bin/ansinh export --from %s --to %s --archive %s >%s 2>%s.said",
                   build == NULL ? "build" : build, from, to, folder, file, file);
    return system(command);
}

struct counted {
    unsigned lines, enrolled, paid, directory;
};

static int is_seen_before(json_t *ids, const char *id)
{
    int is_there = json_object_get(ids, id) != NULL;
    assert_int_equal(json_object_set_new(ids, id, json_true()), 0);
    return is_there;
}

static struct counted count(void)
{
    struct counted counted = {0};
    json_auto_t *ids = json_object();
    FILE *lines = fopen(file, "re");
    assert_non_null(lines);
    while (fgets(line, sizeof(line), lines) != NULL) {
        json_auto_t *entry = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        const char *id = json_string_value(json_object_get(entry, "id"));
        const json_t *event = json_object_get(entry, "event");
        assert_non_null(id);
        assert_false(is_seen_before(ids, id));
        assert_int_equal(strlen(json_string_value(json_object_get(event, "request"))), 32);
        counted.lines++;
        counted.enrolled += json_object_get(event, "participantEnrolled") != NULL;
        counted.paid += json_object_get(event, "paymentRecorded") != NULL;
        counted.directory += strncmp(id, "p1024-", 6) == 0;
    }
    (void)fclose(lines);
    return counted;
}

static int is_trimmed(void *arg)
{
    (void)arg;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        char key[KEY_MAX_BYTES];
        (void)key_journal(p, key);
        if (redis_server_integer(platform_ledger(platform), "XLEN", key, NULL) > 1)
            return 0;
    }
    return 1;
}

static void test_every_entry_once(void **state)
{
    (void)state;
    assert_int_equal(people_load(platform, NULL, 0, PEOPLE, 16), PEOPLE);
    assert_true(people_wait_board(platform, "15", PEOPLE, WAIT_MS));
    assert_true(archived_wait(platform, WAIT_MS));
    assert_true(wait_until(platform, is_trimmed, NULL, WAIT_MS));
    assert_int_equal(export(yesterday, today), 0);
    struct counted counted = count();
    assert_int_equal(counted.enrolled, PEOPLE);
    assert_int_equal(counted.paid, PEOPLE);
    assert_true(counted.directory > 3);
    assert_int_equal(counted.lines, 3 * PEOPLE + counted.directory);
    /* what came since is only in the journals */
    assert_int_equal(people_load(platform, NULL, PEOPLE, 1, 1), 1);
    assert_int_equal(export(today, today), 0);
    assert_int_equal(count().enrolled, PEOPLE + 1);
    assert_int_equal(export("2020-01-01", yesterday), 0);
    assert_int_equal(count().lines, 0);
    /* without the archive the beginning is missing, which is said */
    assert_int_equal(
        platform_ansinh(platform, said, "export", "--from", today, "--to", today, NULL), 1);
    assert_non_null(strstr(said, "it was trimmed (name the archive with --archive)"));
}

static void test_wrong_options(void **state)
{
    (void)state;
    assert_int_equal(platform_ansinh(platform, said, "export", NULL), 2);
    assert_int_equal(platform_ansinh(platform, said, "export", "--from", today, NULL), 2);
    assert_int_equal(
        platform_ansinh(platform, said, "export", "--from", "today", "--to", today, NULL), 2);
    assert_non_null(strstr(said, "--from today: want a date"));
    assert_int_equal(
        platform_ansinh(platform, said, "export", "--from", today, "--to", yesterday, NULL), 2);
    assert_non_null(strstr(said, "not before --from"));
    assert_int_equal(platform_ansinh(platform, said, "export", "--from", today, "--to", today,
                                     "--archive", "/nowhere", "--keys", "/nowhere", NULL),
                     1);
    assert_non_null(strstr(said, "cannot open /nowhere"));
}

static void test_a_full_disk(void **state)
{
    (void)state;
    char command[400];
    const char *build = getenv("O");
    (void)snprintf(command, sizeof(command),
                   "%s/bin/ansinh export --from %s --to %s >/dev/full 2>/dev/null",
                   build == NULL ? "build" : build, yesterday, today);
    assert_int_not_equal(system(command), 0);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, start, stop, NULL                                                             \
    }

static const struct CMUnitTest tests[] = {
    TEST(test_every_entry_once),
    TEST(test_wrong_options),
    TEST(test_a_full_disk),
};

TEST_MAIN(tests)
