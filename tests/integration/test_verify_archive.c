/* ansinh verify with an archive: journals that begin in it, and what is wrong with either. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/archived.h"
#include "tests/support/people.h"

#define PEOPLE 400
#define WAIT_MS 30000
#define SAY_BYTES PLATFORM_SAID_BYTES

static struct platform *platform;
static char said[SAY_BYTES], folder[128];

static int start(void **state, const char *const *environment)
{
    (void)state;
    platform = platform_start(
        &(struct platform_conf){.archiver = 1, .notifications = 1, .environment = environment});
    (void)snprintf(folder, sizeof(folder), "%s/archive", platform_directory(platform));
    platform_import(platform);
    assert_int_equal(people_load(platform, NULL, 0, PEOPLE / 2, 64), PEOPLE / 2);
    assert_true(archived_wait(platform, WAIT_MS));
    assert_int_equal(people_load(platform, NULL, PEOPLE / 2, PEOPLE / 2, 64), PEOPLE / 2);
    assert_true(people_wait_board(platform, "15", PEOPLE, WAIT_MS));
    assert_true(archived_wait(platform, WAIT_MS));
    return 0;
}

static int start_whole(void **state)
{
    static const char *const environment[] = {ARCHIVED_AT_ONCE, NULL};
    return start(state, environment);
}

static int start_trimmed(void **state)
{
    static const char *const environment[] = {ARCHIVED_AT_ONCE, "ARCHIVER_TRIM=true",
                                              "ARCHIVER_TRIM_INTERVAL_S=1",
                                              "ARCHIVER_TEST_RETENTION_MS=1", NULL};
    return start(state, environment);
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int verify(const char *option)
{
    return platform_ansinh(platform, said, "verify", option, folder, NULL);
}

static void assert_clean(void)
{
    if (verify("--archive") != 0)
        fail_msg("%s", said);
    assert_non_null(strstr(said, " 0 differences"));
    assert_non_null(strstr(said, "archive: "));
}

static void assert_says(const char *option, const char *words, const char *other_words)
{
    int status = verify(option);
    if (status != 1 || strstr(said, words) == NULL || strstr(said, other_words) == NULL)
        fail_msg("want \"%s\" and \"%s\" in:\n%s", words, other_words, said);
}

static void segment_path(uint64_t number, char ret[160])
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(number, name);
    (void)snprintf(ret, 160, "%s/%s", folder, name);
}

/* --- sound ------------------------------------------------------------------------------------ */

static void test_a_sound_archive(void **state)
{
    (void)state;
    assert_clean();
    assert_int_equal(verify("--archive-only"), 0);
    assert_non_null(strstr(said, "verify: the archive alone, 0 differences"));
    assert_int_equal(platform_ansinh(platform, said, "verify", "--archive", NULL), 2);
    assert_int_equal(platform_ansinh(platform, said, "verify", "--rate", "0", NULL), 2);
    assert_int_equal(platform_ansinh(platform, said, "verify", "--rate", "5000", NULL), 0);
    assert_int_equal(
        platform_ansinh(platform, said, "verify", "--archive", folder, "--keys", "/nowhere", NULL),
        1);
    assert_non_null(strstr(said, "cannot open /nowhere"));
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

static void test_trimmed_journals(void **state)
{
    (void)state;
    assert_true(wait_until(platform, is_trimmed, NULL, WAIT_MS));
    assert_int_equal(platform_ansinh(platform, said, "verify", NULL), 1);
    assert_non_null(strstr(said, "what came before was trimmed"));
    assert_clean();
    char want[64];
    (void)snprintf(want, sizeof(want), ", %d citizens, ", PEOPLE);
    assert_non_null(strstr(said, want));
    /* a segment that is needed is gone */
    char path[160], away[168];
    segment_path(1, path);
    (void)snprintf(away, sizeof(away), "%s.away", path);
    assert_int_equal(rename(path, away), 0);
    assert_says("--archive", "segment 1 cannot be opened", "what came before was trimmed");
    assert_int_equal(rename(away, path), 0);
    assert_clean();
}

/* --- damage ----------------------------------------------------------------------------------- */

static void flip(const char *path, off_t at)
{
    uint8_t byte;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void test_a_damaged_segment(void **state)
{
    (void)state;
    char path[160];
    segment_path(1, path);
    flip(path, 100);
    assert_says("--archive", "segment 1: block 0 is not what was written", "1 differences");
    assert_says("--archive-only", "segment 1: block 0 is not what was written", "1 differences");
    flip(path, 100);
    assert_clean();
}

/* The newest segment is somebody else's work: there is no archive to speak of. */
static void test_a_foreign_key(void **state)
{
    (void)state;
    char own[160], command[600];
    (void)snprintf(own, sizeof(own), "%s/keys/archive.pub", platform_directory(platform));
    (void)snprintf(command, sizeof(command), "mv %s %s.away && printf '%%064d\\n' 0 >%s", own, own,
                   own);
    assert_int_equal(system(command), 0);
    assert_says("--archive-only", "signed with a key that is not trusted", "segment ");
    (void)snprintf(command, sizeof(command), "mv %s.away %s", own, own);
    assert_int_equal(system(command), 0);
    assert_clean();
}

/* Writes a journal anew, with one entry changed or left out by a script on the list. */
static void rewrite(unsigned partition, const char *change)
{
    char script[1024], key[KEY_MAX_BYTES];
    (void)key_journal(partition, key);
    (void)snprintf(script, sizeof(script),
                   "local all = redis.call('XRANGE', KEYS[1], '-', '+') "
                   "redis.call('DEL', KEYS[1]) %s "
                   "for _, e in ipairs(all) do redis.call('XADD', KEYS[1], e[1], unpack(e[2])) end",
                   change);
    redisReply *reply = redis_server_do(platform_ledger(platform), "EVAL", script, "1", key, NULL);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

static unsigned find_long(void)
{
    struct archive *archive = archived_open(platform);
    unsigned partition = 0;
    while (archive_end(archive)->partitions[partition].chain.last.seq < 3)
        partition++;
    archive_close(&archive);
    return partition;
}

static void test_a_changed_journal(void **state)
{
    (void)state;
    char want[64];
    unsigned partition = find_long();
    platform_signal(platform, "archiver", 1, SIGKILL);
    /* the time of entry 2, which nothing else is made of: field 1, a varint */
    rewrite(partition, "local e = all[2][2][2] all[2][2][2] = e:sub(1, 1) .. "
                       "string.char(bit.bxor(e:byte(2), 1)) .. e:sub(3)");
    assert_int_equal(platform_ansinh(platform, said, "verify", NULL), 0); /* nobody else sees it */
    (void)snprintf(want, sizeof(want), "%s:log 1-2: is not what was archived",
                   partition_tag(partition));
    assert_says("--archive", want, " 1 differences");
}

static void test_a_shorter_journal(void **state)
{
    (void)state;
    char want[64];
    unsigned partition = find_long();
    platform_signal(platform, "archiver", 1, SIGKILL);
    rewrite(partition, "table.remove(all)");
    (void)snprintf(want, sizeof(want), "%s:log ends with 1-", partition_tag(partition));
    assert_says("--archive", want, ", the archive with 1-");
}

#define TEST(name, begin)                                                                          \
    {                                                                                              \
#name, name, begin, stop, NULL                                                             \
    }

static const struct CMUnitTest tests[] = {
    TEST(test_a_sound_archive, start_whole),   TEST(test_trimmed_journals, start_trimmed),
    TEST(test_a_damaged_segment, start_whole), TEST(test_a_foreign_key, start_whole),
    TEST(test_a_changed_journal, start_whole), TEST(test_a_shorter_journal, start_whole),
};

TEST_MAIN(tests)
