/* The archiver beside a working platform: what is in the journals gets into the archive, once and
 * unchanged, also when archivers die and when there are two. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ansinh/v1/events.pb-c.h"
#include "tests/support/archived.h"
#include "tests/support/people.h"

#define PEOPLE 300
#define WAIT_MS 20000

static const char *const at_once[] = {ARCHIVED_AT_ONCE, NULL};
static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void start(unsigned archivers, const char *const *environment)
{
    platform =
        platform_start(&(struct platform_conf){.archiver = archivers, .environment = environment});
    platform_import(platform);
}

/* --- what is in it ---------------------------------------------------------------------------- */

/* Records against the ledger itself, byte by byte. */
struct compared {
    unsigned n_entries, n_enrolled, n_identities;
};

static redisReply *journal_entry(const struct record *record)
{
    char key[KEY_MAX_BYTES], id[48];
    (void)key_journal(record->partition, key);
    (void)snprintf(id, sizeof(id), "%u-%llu", record->position.epoch,
                   (unsigned long long)record->position.seq);
    return redis_server_do(platform_ledger(platform), "XRANGE", key, id, id, NULL);
}

static void compare_entry(struct compared *self, const struct record *record)
{
    redisReply *reply = journal_entry(record);
    assert_int_equal(reply->elements, 1);
    const redisReply *event = reply->element[0]->element[1]->element[1];
    assert_int_equal(event->len, record->len);
    assert_memory_equal(event->str, record->data, record->len);
    freeReplyObject(reply);
    Ansinh__V1__Event *unpacked = ansinh__v1__event__unpack(NULL, record->len, record->data);
    assert_non_null(unpacked);
    assert_int_equal(unpacked->request.len, 24);
    self->n_enrolled += unpacked->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED;
    ansinh__v1__event__free_unpacked(unpacked, NULL);
    self->n_entries++;
}

static void compare_identity(struct compared *self, const struct record *record)
{
    char key[KEY_MAX_BYTES];
    const uint8_t *citizen = record->data;
    (void)key_identity(record->partition, partition_bucket(citizen), key);
    redisReply *reply = redis_server_do(platform_ledger(platform), "HVALS", key, NULL);
    int is_found = 0;
    for (size_t i = 0; i < reply->elements; i++)
        is_found |=
            reply->element[i]->len == record->len - ID_BYTES &&
            memcmp(reply->element[i]->str, record->data + ID_BYTES, record->len - ID_BYTES) == 0;
    assert_true(is_found);
    freeReplyObject(reply);
    self->n_identities++;
}

static void compare(void *arg, const struct record *record)
{
    if (record->kind == RECORD_ENTRY)
        compare_entry(arg, record);
    else
        compare_identity(arg, record);
}

static void test_everything_is_archived(void **state)
{
    (void)state;
    start(1, at_once);
    assert_int_equal(people_load(platform, NULL, 0, PEOPLE, 64), PEOPLE);
    assert_true(archived_wait(platform, WAIT_MS));
    struct compared compared = {0};
    archived_check(platform, compare, &compared);
    assert_int_equal(compared.n_enrolled, PEOPLE);
    assert_int_equal(compared.n_identities, PEOPLE);
    assert_true(compared.n_entries >= 3 * PEOPLE);
    /* nothing new, nothing written */
    struct archive *archive = archived_open(platform);
    uint64_t newest = archive_newest(archive);
    archive_close(&archive);
    assert_int_equal(people_load(platform, NULL, PEOPLE, 1, 1), 1);
    assert_true(archived_wait(platform, WAIT_MS));
    archive = archived_open(platform);
    assert_int_equal(archive_newest(archive), newest + 1);
    assert_true(archive_end(archive)->n_entries <= 3);
    archive_close(&archive);
}

static void test_an_entry_can_be_read(void **state)
{
    (void)state;
    start(1, at_once);
    assert_int_equal(people_load(platform, NULL, 0, 1, 1), 1);
    assert_true(archived_wait(platform, WAIT_MS));
    assert_int_equal(
        platform_call(platform, NULL, "Archive/ReadEntry", answer, "{\"eventId\":\"p1024-1-1\"}"),
        0);
    assert_true(strlen(platform_field(answer, "event")) > 10);
    assert_int_equal(
        platform_call(platform, NULL, "Archive/ReadEntry", answer, "{\"eventId\":\"p1024-9-1\"}"),
        ANSINH__V1__CODE__CODE_NOT_FOUND);
    assert_int_equal(
        platform_call(platform, NULL, "Archive/ReadEntry", answer, "{\"eventId\":\"1-1\"}"),
        ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "event_id: "));
}

/* --- faults ----------------------------------------------------------------------------------- */

struct trouble {
    unsigned round;
};

/* Kills one archiver and then starts it again, the two in turns. */
static void strike(void *arg)
{
    struct trouble *trouble = arg;
    unsigned n = 1 + trouble->round / 2 % 2;
    if (trouble->round++ % 2 == 0)
        platform_signal(platform, "archiver", n, SIGKILL);
    else
        platform_spawn(platform, "archiver", n);
}

static void test_killed_archivers_leave_no_gap(void **state)
{
    (void)state;
    static const char *const small[] = {ARCHIVED_AT_ONCE, "ARCHIVER_SEGMENT_BYTES=65536", NULL};
    struct trouble trouble = {0};
    start(2, small);
    struct loop *loop = platform_service(platform)->loop;
    struct loop_timer *timer = loop_timer_add(loop, 100, 300, strike, &trouble);
    assert_int_equal(people_load(platform, NULL, 0, 8000, 64), 8000);
    loop_timer_cancel(loop, &timer);
    if (trouble.round % 2 == 1)
        strike(&trouble);
    assert_true(trouble.round > 3);
    assert_true(archived_wait(platform, 2 * WAIT_MS));
    struct compared compared = {0};
    archived_check(platform, compare, &compared);
    assert_int_equal(compared.n_identities, 8000);
    assert_true(compared.n_entries >= 3 * 8000);
}

/* Fills *arg with what the archiver's health says; true when it is not well. */
static int is_ill(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, answer, "status", NULL) == 1;
}

static void test_an_older_ledger_is_not_mixed_in(void **state)
{
    (void)state;
    start(1, at_once);
    assert_int_equal(people_load(platform, NULL, 0, 20, 1), 20);
    assert_true(archived_wait(platform, WAIT_MS));
    struct archive *archive = archived_open(platform);
    unsigned partition = 0;
    while (archive_end(archive)->partitions[partition].chain.last.seq < 2)
        partition++;
    uint64_t newest = archive_newest(archive);
    char key[KEY_MAX_BYTES], last[48], want[128];
    (void)snprintf(last, sizeof(last), "1-%llu",
                   (unsigned long long)archive_end(archive)->partitions[partition].chain.last.seq);
    archive_close(&archive);
    (void)key_journal(partition, key);
    assert_int_equal(redis_server_integer(platform_ledger(platform), "XDEL", key, last, NULL), 1);
    platform_signal(platform, "archiver", 1, SIGKILL);
    platform_spawn(platform, "archiver", 1);
    assert_true(wait_until(platform, is_ill, NULL, WAIT_MS));
    (void)snprintf(want, sizeof(want), "%s:log does not have the entry %s",
                   partition_tag(partition), last);
    if (strstr(answer, want) == NULL)
        fail_msg("%s", answer);
    assert_int_equal(people_load(platform, NULL, 20, 20, 1), 20);
    archive = archived_open(platform);
    assert_int_equal(archive_newest(archive), newest);
    archive_close(&archive);
}

static void test_a_damaged_archive_is_not_written_on(void **state)
{
    (void)state;
    char path[256];
    start(1, at_once);
    assert_true(archived_wait(platform, WAIT_MS));
    platform_signal(platform, "archiver", 1, SIGKILL);
    struct archive *archive = archived_open(platform);
    char name[SEGMENT_NAME_BYTES];
    segment_name(archive_newest(archive), name);
    archive_close(&archive);
    (void)snprintf(path, sizeof(path), "%s/archive/%s", platform_directory(platform), name);
    assert_int_equal(truncate(path, 1000), 0);
    platform_spawn(platform, "archiver", 1);
    assert_true(wait_until(platform, is_ill, NULL, WAIT_MS));
    assert_non_null(strstr(answer, "segment "));
}

static int is_well(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, answer, "status", NULL) == 0;
}

/* Where the folder should be there is a file, until somebody puts it right. */
static void test_a_folder_that_cannot_be_used(void **state)
{
    (void)state;
    char path[128], away[136];
    start(1, at_once);
    assert_true(archived_wait(platform, WAIT_MS));
    platform_signal(platform, "archiver", 1, SIGKILL);
    (void)snprintf(path, sizeof(path), "%s/archive", platform_directory(platform));
    (void)snprintf(away, sizeof(away), "%s.away", path);
    assert_int_equal(rename(path, away), 0);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fclose(file);
    platform_spawn(platform, "archiver", 1);
    assert_true(wait_until(platform, is_ill, NULL, WAIT_MS));
    assert_non_null(strstr(answer, "Not a directory"));
    assert_int_equal(people_load(platform, NULL, 0, 20, 4), 20);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rename(away, path), 0);
    assert_true(wait_until(platform, is_well, NULL, WAIT_MS));
    assert_true(archived_wait(platform, WAIT_MS));
    archived_check(platform, NULL, NULL);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, NULL, stop, NULL                                                              \
    }

static const struct CMUnitTest tests[] = {
    TEST(test_everything_is_archived),
    TEST(test_an_entry_can_be_read),
    TEST(test_killed_archivers_leave_no_gap),
    TEST(test_an_older_ledger_is_not_mixed_in),
    TEST(test_a_damaged_archive_is_not_written_on),
    TEST(test_a_folder_that_cannot_be_used),
};

TEST_MAIN(tests)
