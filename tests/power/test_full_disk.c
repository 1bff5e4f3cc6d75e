/* The ledger's disk is full: nothing acknowledged is lost, nobody is told otherwise, and it goes on
 * when there is room again. The disk is a small tmpfs in a mount namespace of this test. */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ansinh/v1/bus.pb-c.h"
#include "tests/power/disk.h"
#include "tests/power/witness.h"

#define DISK_OPTIONS "size=6m"
#define ROOM_LEFT_BYTES 20000
#define BALLAST_BYTES 600000
#define ROOM_FOR_NO_REWRITE_BYTES 200000
#define SHORT_MS 2500 /* longer than the services wait for a connection */

static struct platform *platform;
static struct witness witness;
static char filler[256];
static int may_mount;

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    int is_good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        (void)close(fd);
    return is_good ? 0 : -1;
}

/* A place where this process may mount: as root at once, else as root of a user namespace. */
static int enter_namespace(void)
{
    char users[32], groups[32];
    (void)snprintf(users, sizeof(users), "0 %d 1", (int)getuid());
    (void)snprintf(groups, sizeof(groups), "0 %d 1", (int)getgid());
    if (geteuid() == 0)
        return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           write_text("/proc/self/setgroups", "deny") == 0 &&
           write_text("/proc/self/uid_map", users) == 0 &&
           write_text("/proc/self/gid_map", groups) == 0;
}

/* Puts the ledger's files on a small disk. */
static void move_ledger(void)
{
    struct redis_server *ledger = platform_ledger(platform);
    const char *place = redis_server_directory(ledger);
    char command[1024], away[256];
    redis_server_kill(ledger);
    (void)snprintf(away, sizeof(away), "%s.away", place);
    assert_int_equal(rename(place, away), 0);
    assert_int_equal(mkdir(place, 0700), 0);
    assert_int_equal(mount("ansinh-test", place, "tmpfs", 0, DISK_OPTIONS), 0);
    (void)snprintf(command, sizeof(command), "cp -a %s/. %s/", away, place);
    assert_int_equal(system(command), 0);
    redis_server_restart(ledger);
    (void)snprintf(filler, sizeof(filler), "%s/filler", place);
}

static int start(void **state)
{
    (void)state;
    static const char *const environment[] = {"ANSINH_REDIS_TIMEOUT_MS=500", NULL};
    if (!may_mount) {
        print_message("no small disk can be mounted here: %s\n", strerror(errno));
        return 0;
    }
    memset(&witness, 0, sizeof(witness));
    platform = platform_start(&(struct platform_conf){.environment = environment});
    platform_import(platform);
    move_ledger();
    platform_wait_ready(platform);
    witness.platform = platform;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    char place[256];
    if (platform == NULL)
        return 0;
    (void)snprintf(place, sizeof(place), "%s", redis_server_directory(platform_ledger(platform)));
    redis_server_kill(platform_ledger(platform));
    assert_int_equal(umount2(place, MNT_DETACH), 0);
    platform_stop(&platform);
    return 0;
}

/* Leaves so much room. */
static void fill(size_t room_bytes)
{
    struct statvfs status;
    assert_int_equal(statvfs(redis_server_directory(platform_ledger(platform)), &status), 0);
    size_t room = status.f_bavail * status.f_frsize;
    assert_true(room > room_bytes);
    int fd = open(filler, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(posix_fallocate(fd, 0, (off_t)(room - room_bytes)), 0);
    assert_int_equal(close(fd), 0);
}

static void test_a_full_disk_acknowledges_nothing(void **state)
{
    (void)state;
    if (!may_mount)
        skip();
    struct redis_server *ledger = platform_ledger(platform);
    unsigned n_good = witness_enrol_more(&witness, 20);
    assert_int_equal(n_good, 20);
    fill(ROOM_LEFT_BYTES);
    platform_set_timeout(platform, SHORT_MS);
    while (witness_enrol_more(&witness, 1) == 1)
        n_good++;
    assert_int_equal(witness.codes[n_good], ANSINH__V1__CODE__CODE_UNKNOWN);
    assert_true(disk_is_dead(ledger));
    assert_int_equal(witness_enrol_more(&witness, 1), 0);
    assert_int_equal(witness.codes[n_good + 1], ANSINH__V1__CODE__CODE_UNAVAILABLE);

    /* it starts again, reads, and ends at the next write that does not fit */
    redis_server_restart(ledger);
    unsigned before = witness.n_asked;
    while (!disk_is_dead(ledger))
        (void)witness_enrol_more(&witness, 1);
    print_message("%u enrolled, %u more asked for before it ended again\n", n_good,
                  witness.n_asked - before);

    assert_int_equal(unlink(filler), 0);
    redis_server_restart(ledger);
    platform_set_timeout(platform, 20000);
    platform_wait_ready(platform);
    witness_settle(&witness);
}

/* Something that no rewrite makes smaller. */
static void add_ballast(struct redis_server *ledger)
{
    static char text[BALLAST_BYTES + 1];
    for (size_t i = 0; i < BALLAST_BYTES; i++)
        text[i] = (char)('!' + randombytes_uniform('~' - '!'));
    freeReplyObject(redis_server_do(ledger, "SET", "ballast", text, NULL));
}

/* There is room for commits, but not for a rewrite of the file. */
static void test_a_rewrite_without_room_loses_nothing(void **state)
{
    (void)state;
    if (!may_mount)
        skip();
    struct redis_server *ledger = platform_ledger(platform);
    assert_int_equal(witness_enrol_more(&witness, 20), 20);
    add_ballast(ledger);
    fill(ROOM_FOR_NO_REWRITE_BYTES);
    freeReplyObject(redis_server_do(ledger, "BGREWRITEAOF", NULL));
    assert_int_equal(witness_enrol_more(&witness, 10), 10);
    char *info = NULL;
    for (int is_over = 0; !is_over;) {
        redisReply *reply = redis_server_do(ledger, "INFO", "persistence", NULL);
        is_over = strstr(reply->str, "aof_rewrite_in_progress:0") != NULL &&
                  strstr(reply->str, "aof_rewrite_scheduled:0") != NULL;
        free(info);
        info = strdup(reply->str);
        freeReplyObject(reply);
    }
    assert_non_null(strstr(info, "aof_last_bgrewrite_status:err"));
    free(info);
    redis_server_restart(ledger); /* kill -9 */
    platform_wait_ready(platform);
    assert_int_equal(unlink(filler), 0);
    freeReplyObject(redis_server_do(ledger, "DEL", "ballast", NULL)); /* verify knows no such key */
    witness_settle(&witness);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_full_disk_acknowledges_nothing, start, stop),
        cmocka_unit_test_setup_teardown(test_a_rewrite_without_room_loses_nothing, start, stop),
    };
    const char *filter = getenv("TEST_FILTER");
    may_mount = enter_namespace();
    if (sodium_init() < 0)
        return 1;
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
