/* The Maildir's promise, with a sender that is killed at every single system call. */
#include "tests/support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "services/notifications/maildir.h"

#define NAME "1764561661.p0513-1-42.ansinh"
#define TEXT "Subject: x\n\nHello\n"

static char root[64];

static int setup(void **state)
{
    (void)state;
    /* In memory when there is such a place: a kill does not ask for a disk, and it is faster. */
    int has_shm = access("/dev/shm", W_OK) == 0;
    (void)snprintf(root, sizeof(root), "%s/ansinh-test-XXXXXX", has_shm ? "/dev/shm" : "/tmp");
    return mkdtemp(root) == NULL;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static struct maildir *open_mail(void)
{
    struct maildir *maildir = NULL;
    struct err err = {0};
    if (maildir_open(root, &maildir, &err) < 0)
        fail_msg("%s", err.text);
    return maildir;
}

/* Files in a folder; the last one's name. */
static size_t count(const char *folder, char ret_name[256])
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", root, folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    size_t n = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        n++;
        if (ret_name != NULL)
            (void)snprintf(ret_name, 256, "%s", entry->d_name);
    }
    (void)closedir(dir);
    return n;
}

static void check_content(const char *folder, const char *name)
{
    char path[1024], text[64] = "";
    (void)snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof(text) - 1, file), strlen(TEXT));
    assert_string_equal(text, TEXT);
    (void)fclose(file);
    assert_int_equal(unlink(path), 0);
}

static void move_to_cur(const char *suffix)
{
    char from[256], to[256];
    (void)snprintf(from, sizeof(from), "%s/new/" NAME, root);
    (void)snprintf(to, sizeof(to), "%s/cur/" NAME "%s", root, suffix);
    assert_int_equal(rename(from, to), 0);
}

static void a_message_arrives_once(void **state)
{
    (void)state;
    CLEANUP(maildir_close) struct maildir *maildir = open_mail();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(maildir_deliver(maildir, NAME, TEXT, strlen(TEXT), i == 2), 0);
        assert_int_equal(count("new", NULL), 1);
        assert_int_equal(count("tmp", NULL), 0);
    }
    check_content("new", NAME);
}

static void a_message_that_was_read_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *suffix;
        int needs_search; /* flags beyond the standard are seen when a repeat is known as one */
    } cases[] = {
        {"", 0},          {":2,", 0},    {":2,S", 0}, {":2,FRS", 0},
        {":2,DFPRST", 0}, {":2,Sab", 1}, {":1,x", 1},
    };
    CLEANUP(maildir_close) struct maildir *maildir = open_mail();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char name[256] = "";
        assert_int_equal(maildir_deliver(maildir, NAME, TEXT, strlen(TEXT), 0), 0);
        move_to_cur(cases[i].suffix);
        assert_int_equal(maildir_deliver(maildir, NAME, TEXT, strlen(TEXT), 1), 0);
        if (!cases[i].needs_search)
            assert_int_equal(maildir_deliver(maildir, NAME, TEXT, strlen(TEXT), 0), 0);
        assert_int_equal(count("new", NULL), 0);
        assert_int_equal(count("cur", name), 1);
        check_content("cur", name);
    }
}

static void a_longer_name_is_another_message(void **state)
{
    (void)state;
    CLEANUP(maildir_close) struct maildir *maildir = open_mail();
    assert_int_equal(maildir_deliver(maildir, NAME, TEXT, strlen(TEXT), 0), 0);
    move_to_cur("0:2,S");
    assert_int_equal(maildir_deliver(maildir, NAME, TEXT, strlen(TEXT), 1), 0);
    assert_int_equal(count("new", NULL), 1);
}

/* Delivers in a child that is killed before its step-th stop at a system call (each call stops at
 * entry and exit). Answers 0 when the child was done by itself. */
static int deliver_killed(int step)
{
    struct maildir *maildir = open_mail();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(2);
        (void)raise(SIGSTOP);
        _exit(maildir_deliver(maildir, NAME, TEXT, strlen(TEXT), 0) < 0);
    }
    int status = 0;
    for (int i = 0; i <= step; i++) {
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSTOPPED(status))
            break;
        if (i < step)
            assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
    }
    maildir_close(&maildir);
    if (WIFEXITED(status)) {
        assert_int_equal(WEXITSTATUS(status), 0);
        return 0;
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return 1;
}

static void kill_at_every_step(const char *moved_suffix)
{
    int delivered_by_killed = 0, step = 0, was_killed = 1;
    for (; was_killed; step++) {
        was_killed = deliver_killed(step);
        size_t is_there = count("new", NULL);
        if (is_there && moved_suffix != NULL)
            move_to_cur(moved_suffix);
        delivered_by_killed += is_there && was_killed;
        assert_in_range(count("tmp", NULL), 0, 1);

        struct maildir *maildir = open_mail();
        assert_int_equal(maildir_deliver(maildir, NAME, TEXT, strlen(TEXT), 1), 0);
        maildir_close(&maildir);
        char name[256] = "", tmp[256] = "";
        assert_int_equal(count("new", name) + count("cur", name), 1);
        check_content(count("new", NULL) == 1 ? "new" : "cur", name);
        if (count("tmp", tmp) == 1) {
            char path[1024];
            (void)snprintf(path, sizeof(path), "%s/tmp/%s", root, tmp);
            assert_int_equal(unlink(path), 0);
        }
    }
    /* The windows were really hit: on both sides of the link. */
    assert_in_range(step, 100, 2000);
    assert_in_range(delivered_by_killed, 4, step / 2);
}

static void a_kill_anywhere_neither_loses_nor_doubles(void **state)
{
    (void)state;
    kill_at_every_step(NULL);
}

static void a_kill_anywhere_and_a_fast_reader(void **state)
{
    (void)state;
    kill_at_every_step(":2,S");
}

static void a_reader_with_its_own_flags(void **state)
{
    (void)state;
    kill_at_every_step(":2,Sbc");
}

static void only_stale_leavings_are_removed(void **state)
{
    (void)state;
    struct maildir *maildir = open_mail();
    maildir_close(&maildir);
    char path[256];
    for (int i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof(path), "%s/tmp/left-%d", root, i);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0);
        struct timespec times[2] = {{.tv_sec = time(NULL)}, {.tv_sec = time(NULL)}};
        times[1].tv_sec -= i * (MAILDIR_TMP_MAX_AGE_S + 10);
        assert_int_equal(futimens(fd, times), 0);
        assert_int_equal(close(fd), 0);
    }
    maildir = open_mail();
    maildir_close(&maildir);
    char name[256] = "";
    assert_int_equal(count("tmp", name), 1);
    assert_string_equal(name, "left-0");
}

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    CLEANUP(maildir_close) struct maildir *maildir = open_mail();
    /* A limit on file size stands for the full disk. */
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 4;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int rc = maildir_deliver(maildir, NAME, TEXT, strlen(TEXT), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, -EFBIG);
    assert_int_equal(count("tmp", NULL) + count("new", NULL), 0);
    assert_int_equal(maildir_deliver(maildir, NAME, TEXT, strlen(TEXT), 1), 0);
    check_content("new", NAME);
}

static void a_place_that_is_no_folder_is_refused(void **state)
{
    (void)state;
    struct maildir *maildir = NULL;
    struct err err = {0};
    assert_int_equal(maildir_open("/proc/nothing", &maildir, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/proc/nothing"));
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/file", root);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(maildir_open(path, &maildir, &err), -ENOTDIR);
    assert_null(maildir);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static const struct CMUnitTest tests[] = {
    TEST(a_message_arrives_once),
    TEST(a_message_that_was_read_is_known),
    TEST(a_longer_name_is_another_message),
    TEST(a_kill_anywhere_neither_loses_nor_doubles),
    TEST(a_kill_anywhere_and_a_fast_reader),
    TEST(a_reader_with_its_own_flags),
    TEST(only_stale_leavings_are_removed),
    TEST(a_full_disk_leaves_nothing),
    TEST(a_place_that_is_no_folder_is_refused),
};

TEST_MAIN(tests)
