/* One bit of the ledger's files turns over on the disk: is it noticed, and by whom? Redis' file has
 * no checksum but in its base; `ansinh verify` holds everything against the journals, and those
 * against the archive. What all let pass is counted by what was hit, and only what is known to pass
 * may. POWER_FLIPS flips (default 48); POWER_SEED repeats a run's choices. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/power/aof.h"
#include "tests/power/disk.h"
#include "tests/support/archived.h"
#include "tests/support/people.h"

#define FLIPS_DEFAULT 48
#define FLIPS_MAX 100000
#define PEOPLE 40
#define WAIT_MS 20000
#define STATE_TEXT_BYTES 41

/* What became of a flip. */
enum fate {
    FATE_REFUSED,  /* Redis does not start */
    FATE_FOUND,    /* verify finds a difference, or cannot read what is there */
    FATE_ARCHIVE,  /* verify finds it with the archive only */
    FATE_HARMLESS, /* the state is the same */
    FATE_UNSEEN,
    FATES,
};

static struct platform *platform;
static struct disk *dice;
static char answer[PLATFORM_ANSWER_BYTES], archive[128];
static unsigned counts[AOF_PARTS][FATES];

/* Two halves of the people: in the base and behind it. */
static int start(void **state)
{
    (void)state;
    static const char *const services[] = {"enrolment", "payments", "analytics", "archiver"};
    static const char *const environment[] = {ARCHIVED_AT_ONCE, NULL};
    platform = platform_start(&(struct platform_conf){.archiver = 1, .environment = environment});
    (void)snprintf(archive, sizeof(archive), "%s/archive", platform_directory(platform));
    platform_import(platform);
    assert_int_equal(people_load(platform, NULL, 0, PEOPLE, 16), PEOPLE);
    struct redis_server *ledger = platform_ledger(platform);
    freeReplyObject(redis_server_do(ledger, "BGREWRITEAOF", NULL));
    aof_wait_rewrite(ledger);
    assert_int_equal(people_load(platform, NULL, PEOPLE, PEOPLE, 16), PEOPLE);
    assert_int_equal(
        platform_call(platform, NULL, "Enrolment/Enrol", answer,
                      "{\"personalId\":\"010085900001\",\"fullName\":\"Giàng A Thử\","
                      "\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\","
                      "\"supportGroup\":\"SUPPORT_GROUP_OTHER\",\"incomeVnd\":\"1500000\","
                      "\"method\":\"METHOD_MONTHLY\",\"siCode\":\"0123456789\"}"),
        0);
    assert_true(people_wait_board(platform, "15", 2 * PEOPLE, WAIT_MS));
    assert_true(archived_wait(platform, WAIT_MS));
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        platform_signal(platform, services[i], 1, SIGKILL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    disk_destroy(&dice);
    return 0;
}

/* Of all keys and what they hold. */
static void digest(char ret[STATE_TEXT_BYTES])
{
    static const char script[] = "local keys, all = redis.call('KEYS', '*'), {}"
                                 "table.sort(keys)"
                                 "for i, key in ipairs(keys) do"
                                 "  all[i] = redis.sha1hex(key .. redis.call('DUMP', key)) end "
                                 "return redis.sha1hex(table.concat(all))";
    redisReply *reply = redis_server_do(platform_ledger(platform), "EVAL", script, "0", NULL);
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    (void)snprintf(ret, STATE_TEXT_BYTES, "%s", reply->str);
    freeReplyObject(reply);
}

static enum fate fate_of_flip(const char *want)
{
    char now[STATE_TEXT_BYTES];
    if (redis_server_try_restart(platform_ledger(platform)) < 0)
        return FATE_REFUSED;
    int status = platform_ansinh(platform, answer, "verify", "--identities", NULL);
    assert_in_range(status, 0, 2); /* it does not crash */
    if (status != 0)
        return FATE_FOUND;
    status = platform_ansinh(platform, answer, "verify", "--archive", archive, NULL);
    assert_in_range(status, 0, 2);
    if (status != 0)
        return FATE_ARCHIVE;
    digest(now);
    return strcmp(now, want) == 0 ? FATE_HARMLESS : FATE_UNSEEN;
}

/* Turns one bit of the part over, and back afterwards. */
static void flip(const struct aof_file *file, enum aof_part part, const char *want)
{
    size_t at = aof_choose(file, part, disk_random(dice, UINT32_MAX));
    uint8_t bit = (uint8_t)(1U << disk_random(dice, 8));
    redis_server_kill(platform_ledger(platform));
    file->bytes[at] ^= bit;
    aof_save(file);
    enum fate fate = fate_of_flip(want);
    counts[part][fate]++;
    if (fate == FATE_UNSEEN)
        print_message("unseen: bit %u of byte %zu of %s, in %s\n", bit, at, file->path,
                      aof_part_name(part));
    redis_server_kill(platform_ledger(platform));
    file->bytes[at] ^= bit;
    aof_save(file);
}

static void report(void)
{
    print_message("%-20s %8s %8s %8s %8s %8s\n", "flips in", "refused", "verify", "archive",
                  "harmless", "unseen");
    for (unsigned part = 0; part < AOF_PARTS; part++) {
        const unsigned *n = counts[part];
        print_message("%-20s %8u %8u %8u %8u %8u\n", aof_part_name((enum aof_part)part),
                      n[FATE_REFUSED], n[FATE_FOUND], n[FATE_ARCHIVE], n[FATE_HARMLESS],
                      n[FATE_UNSEEN]);
    }
}

/* A stored answer's expiry is held against nothing; and a command that became another one may have
 * written nothing but that. */
static int may_pass(enum aof_part part)
{
    return part == AOF_ANSWER_EXPIRY || part == AOF_COMMAND;
}

static void test_flipped_bits(void **state)
{
    (void)state;
    struct aof_file files[3];
    char want[STATE_TEXT_BYTES];
    uint64_t seed = power_setting("POWER_SEED", INT64_MAX, (uint64_t)clock_wall_ms());
    uint64_t flips = power_setting("POWER_FLIPS", FLIPS_MAX, FLIPS_DEFAULT);
    dice = disk_create(seed);
    print_message("seed %llu\n", (unsigned long long)seed);
    digest(want);
    redis_server_kill(platform_ledger(platform));
    aof_load(platform_ledger(platform), files);
    for (uint64_t i = 0; i < flips; i++) {
        enum aof_part part = (enum aof_part)(i % AOF_PARTS);
        flip(&files[part == AOF_BASE ? 0 : part == AOF_MANIFEST ? 2 : 1], part, want);
    }
    report();
    for (unsigned part = 0; part < AOF_PARTS; part++)
        assert_true(may_pass((enum aof_part)part) || counts[part][FATE_UNSEEN] == 0);
    redis_server_restart(platform_ledger(platform));
    assert_int_equal(platform_ansinh(platform, answer, "verify", NULL), 0);
    aof_unload(files);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_flipped_bits, start, stop),
    };
    const char *filter = getenv("TEST_FILTER");
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
