/* Seen from outside, by strace: no answer leaves Redis before the sync that covers what it
 * acknowledges. The same trace of a server that syncs each second is found guilty. */
#include "tests/support/test.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/power/disk.h"
#include "tests/power/orders.h"

#define ORDERS 1500
#define WINDOW 100
#define THREADS_MAX 32
#define FDS_MAX 256
#define ATTACH_WAIT_MS 10000
#define NO_PARTITION ORDERS_PARTITIONS

/* Highest sequence number per partition. */
struct marks {
    uint64_t seq[ORDERS_PARTITIONS];
};

enum call { CALL_OTHER, CALL_LOG, CALL_SYNC, CALL_READ };

/* A system call that has begun, by thread. */
struct thread {
    long id;
    enum call call;
    unsigned fd;
    struct marks marks; /* what it writes; what was written when it began */
};

struct trace {
    struct thread threads[THREADS_MAX];
    unsigned partition_of_fd[FDS_MAX]; /* each connection carries one partition's commits */
    char log[256];                     /* the file that is written to */
    struct marks written, written_before_log, synced;
    unsigned n_answers, n_early, n_syncs, n_logs;
};

static void raise_marks(struct marks *self, const struct marks *to)
{
    for (unsigned p = 0; p < ORDERS_PARTITIONS; p++)
        self->seq[p] = MAX(self->seq[p], to->seq[p]);
}

/* Entries of journals in a piece of the append-only file: {tag}:log\r\n$4\r\n1-57\r\n, as strace
 * escapes it. */
static struct marks find_entries(const char *text)
{
    struct marks found = {{0}};
    for (unsigned p = 0; p < ORDERS_PARTITIONS; p++) {
        char key[KEY_MAX_BYTES];
        size_t len = key_journal(p, key);
        for (const char *at = text; (at = strstr(at, key)) != NULL; at += len) {
            const char *dash = strchr(at, '-');
            if (dash != NULL)
                found.seq[p] = MAX(found.seq[p], strtoull(dash + 1, NULL, 10));
        }
    }
    return found;
}

/* Positions in answers are compared with what is synced now. */
static void judge_answers(struct trace *self, unsigned partition, const char *text)
{
    static const char before[] = "\\r\\n1-";
    for (const char *at = text; (at = strstr(at, before)) != NULL; at += sizeof(before) - 1) {
        self->n_answers++;
        assert_int_not_equal(partition, NO_PARTITION);
        if (strtoull(at + sizeof(before) - 1, NULL, 10) > self->synced.seq[partition])
            self->n_early++;
    }
}

static void begin_write(struct trace *self, struct thread *thread, const char *text)
{
    char path[sizeof(self->log)] = "";
    (void)sscanf(text, "%*[^<]<%255[^>]", path);
    if (strncmp(path, "socket:", strlen("socket:")) == 0) {
        judge_answers(self, self->partition_of_fd[thread->fd], text);
    } else if (strstr(path, ".incr.aof") != NULL) {
        if (strcmp(path, self->log) != 0) {
            self->written_before_log = self->written;
            memcpy(self->log, path, sizeof(path));
            self->n_logs++;
        }
        thread->call = CALL_LOG;
        thread->marks = find_entries(text);
    }
}

static void begin_sync(struct trace *self, struct thread *thread, const char *text)
{
    if (strstr(text, ".incr.aof") == NULL)
        return;
    thread->call = CALL_SYNC;
    thread->marks = strstr(text, self->log) != NULL ? self->written : self->written_before_log;
}

static void begin(struct trace *self, struct thread *thread, const char *text)
{
    const char *open = strchr(text, '(');
    if (open == NULL)
        return;
    thread->call = CALL_OTHER;
    thread->fd = (unsigned)strtoul(open + 1, NULL, 10);
    assert_in_range(thread->fd, 0, FDS_MAX - 1);
    if (strncmp(text, "write", 5) == 0 || strncmp(text, "send", 4) == 0)
        begin_write(self, thread, text);
    else if (strncmp(text, "fdatasync", 9) == 0 || strncmp(text, "fsync", 5) == 0)
        begin_sync(self, thread, text);
    else if (strncmp(text, "read", 4) == 0)
        thread->call = CALL_READ;
}

static void learn_partition(struct trace *self, unsigned fd, const char *text)
{
    for (unsigned p = 0; p < ORDERS_PARTITIONS; p++) {
        if (strstr(text, partition_tag(p)) == NULL)
            continue;
        assert_true(self->partition_of_fd[fd] == NO_PARTITION || self->partition_of_fd[fd] == p);
        self->partition_of_fd[fd] = p;
    }
}

static void end(struct trace *self, struct thread *thread, const char *text)
{
    const char *result = strrchr(text, '=');
    int is_good = result != NULL && result[2] != '-';
    if (is_good && thread->call == CALL_LOG)
        raise_marks(&self->written, &thread->marks);
    if (is_good && thread->call == CALL_SYNC) {
        raise_marks(&self->synced, &thread->marks);
        self->n_syncs++;
    }
    if (is_good && thread->call == CALL_READ)
        learn_partition(self, thread->fd, text);
    thread->call = CALL_OTHER;
}

static struct thread *find_thread(struct trace *self, long id)
{
    for (size_t i = 0; i < THREADS_MAX; i++) {
        if (self->threads[i].id == 0)
            self->threads[i].id = id;
        if (self->threads[i].id == id)
            return &self->threads[i];
    }
    fail_msg("more than %d threads", THREADS_MAX);
    return NULL;
}

static void judge(const char *path, struct trace *self)
{
    char *line = NULL;
    size_t capacity = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    memset(self, 0, sizeof(*self));
    for (size_t i = 0; i < FDS_MAX; i++)
        self->partition_of_fd[i] = NO_PARTITION;
    while (getline(&line, &capacity, file) > 0) {
        char *text;
        struct thread *thread = find_thread(self, strtol(line, &text, 10));
        text += strspn(text, " ");
        if (strncmp(text, "<...", 4) != 0)
            begin(self, thread, text);
        if (strstr(text, "<unfinished ...>") == NULL)
            end(self, thread, text);
    }
    free(line);
    fclose(file);
}

/* 0 until a tracer holds the process. */
static int is_traced(pid_t pid)
{
    char path[64], line[128];
    int is_held = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "TracerPid:", 10) == 0)
            is_held = strtol(line + 10, NULL, 10) != 0;
    }
    fclose(file);
    return is_held;
}

/* -1 when this machine does not let strace look. */
static pid_t trace_start(const struct redis_server *server, const char *path)
{
    char pid_text[16];
    (void)snprintf(pid_text, sizeof(pid_text), "%d", (int)redis_server_pid(server));
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* it lets go of the server, then */
        (void)execlp("strace", "strace", "-f", "-q", "-y", "-s", "4000000", "-o", path, "-e",
                     "trace=read,write,writev,sendto,sendmsg,fdatasync,fsync", "-p", pid_text,
                     (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    int64_t deadline_ms = clock_mono_ms() + ATTACH_WAIT_MS;
    while (!is_traced(redis_server_pid(server))) {
        assert_true(clock_mono_ms() < deadline_ms);
        if (waitpid(pid, NULL, WNOHANG) == pid)
            return -1;
        (void)poll(NULL, 0, 5);
    }
    return pid;
}

static void trace_stop(pid_t pid)
{
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A load on a ledger that syncs as told, and the verdict on its trace. */
static void observe(const char *appendfsync, struct trace *ret)
{
    static struct store_fixture f;
    char path[512];
    struct disk *disk = disk_create(1);
    disk_attach(disk);
    store_fixture_open(&f, "ledger");
    disk_detach();
    freeReplyObject(redis_server_do(f.server, "CONFIG", "SET", "appendfsync", appendfsync, NULL));
    (void)snprintf(path, sizeof(path), "%s/trace", redis_server_directory(f.server));
    TURN_UNTIL(f.loop, store_links_up(f.store) == f.conf.n_links);
    struct orders *orders = orders_create(&f);
    pid_t tracer = trace_start(f.server, path);
    if (tracer > 0) {
        int64_t deadline_ms = clock_mono_ms() + 60000;
        while (orders_acknowledged(orders) < ORDERS / 2) {
            assert_true(clock_mono_ms() < deadline_ms);
            orders_turn(orders, WINDOW);
        }
        store_send_text(f.store, 0, NULL, NULL, "BGREWRITEAOF", NULL);
        while (orders_acknowledged(orders) < ORDERS) {
            assert_true(clock_mono_ms() < deadline_ms);
            orders_turn(orders, WINDOW);
        }
        trace_stop(tracer);
        judge(path, ret);
        print_message("%s: %u answers, %u of them before their sync; %u syncs, %u files\n",
                      appendfsync, ret->n_answers, ret->n_early, ret->n_syncs, ret->n_logs);
        assert_true(ret->n_answers >= ORDERS);
        assert_true(ret->n_syncs > 0);
        assert_int_equal(ret->n_logs, 2);
    }
    store_fixture_close(&f);
    orders_destroy(&orders);
    disk_destroy(&disk);
    if (tracer < 0) {
        print_message("strace may not look at other processes here\n");
        skip();
    }
}

static void test_no_answer_leaves_before_its_sync(void **state)
{
    (void)state;
    static struct trace trace;
    observe("always", &trace);
    assert_int_equal(trace.n_early, 0);
}

static void test_a_sync_each_second_is_found_guilty(void **state)
{
    (void)state;
    static struct trace trace;
    observe("everysec", &trace);
    assert_true(trace.n_early > ORDERS / 4);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_answer_leaves_before_its_sync),
        cmocka_unit_test(test_a_sync_each_second_is_found_guilty),
    };
    const char *filter = getenv("TEST_FILTER");
    if (sodium_init() < 0)
        return 1;
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
