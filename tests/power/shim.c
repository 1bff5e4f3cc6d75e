/* Goes into redis-server, and what deploy/redis/serve starts before it, by LD_PRELOAD: notes what
 * was synced in the page of shim.h, and lets syncs be slow, fail, or be the moment at which the
 * power fails. Without the page it does nothing but pass on. */
#include "tests/power/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct shim_state *state;
static int is_server; /* or a program that prepares its files */

static struct {
    int (*fdatasync)(int fd);
    int (*fsync)(int fd);
    int (*rename)(const char *from, const char *to);
    int (*unlink)(const char *path);
    int (*open64)(const char *path, int flags, ...);
    FILE *(*fopen64)(const char *path, const char *mode);
    int (*ftruncate64)(int fd, off64_t length);
    int (*truncate64)(const char *path, off64_t length);
    ssize_t (*write)(int fd, const void *bytes, size_t len);
} real;

#define FIND(function) *(void **)&real.function = dlsym(RTLD_NEXT, #function)

static void find_real(void)
{
    FIND(fdatasync);
    FIND(fsync);
    FIND(rename);
    FIND(unlink);
    FIND(open64);
    FIND(fopen64);
    FIND(ftruncate64);
    FIND(truncate64);
    FIND(write);
}

/* The server is a group of its own, so that one kill ends it and the child that rewrites its file;
 * and anybody who may, that is the test's strace, can look at it. */
__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv(SHIM_STATE_VARIABLE);
    find_real();
    int fd = path == NULL ? -1 : real.open64(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *page = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (page == MAP_FAILED)
        return;
    state = page;
    is_server = strcmp(program_invocation_short_name, "redis-server") == 0;
    if (is_server) {
        (void)setpgid(0, 0);
        (void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    }
}

/* Other libraries are begun before this one and may open files already. */
#define REAL(function) (real.function == NULL ? find_real() : (void)0, real.function)

/* True in the step in which the power fails. */
static int is_last_step(void)
{
    return is_server && atomic_fetch_add(&state->n_steps, 1) + 1 == atomic_load(&state->cut_at);
}

static void power_fails(void)
{
    (void)kill(0, SIGKILL);
    for (;;)
        (void)poll(NULL, 0, -1);
}

static void step(void)
{
    if (is_last_step())
        power_fails();
}

static struct shim_file *file_of(uint64_t inode, int is_new)
{
    for (size_t i = 0; i < SHIM_FILES_MAX; i++) {
        struct shim_file *file = &state->files[i];
        uint64_t seen = atomic_load(&file->inode);
        if (seen == inode)
            return file;
        if (seen == 0 && !is_new)
            return NULL;
        if (seen == 0 &&
            (atomic_compare_exchange_strong(&file->inode, &seen, inode) || seen == inode))
            return file;
    }
    if (!is_new)
        return NULL;
    static const char text[] = "the disk shim has no room for another file\n";
    (void)!REAL(write)(STDERR_FILENO, text, sizeof(text) - 1);
    abort();
}

/* No more than so much of the file is durable from now on. */
static void shrink(const struct stat *status, uint64_t size)
{
    struct shim_file *file = S_ISREG(status->st_mode) ? file_of(status->st_ino, 0) : NULL;
    if (file != NULL && atomic_load(&file->synced_bytes) > size)
        atomic_store(&file->synced_bytes, size);
}

/* Names in the folder are durable. */
static void names_synced(void)
{
    uint32_t n = atomic_exchange(&state->n_names, 0);
    for (uint32_t i = 0; i < n; i++) {
        if (state->names[i].kept[0] != '\0')
            (void)REAL(unlink)(state->names[i].kept);
    }
}

static int sync_through(int (*sync)(int fd), int fd)
{
    struct stat status;
    if (state == NULL || fstat(fd, &status) < 0)
        return sync(fd);
    step();
    int delay_ms = (int)atomic_load(&state->sync_delay_ms);
    if (delay_ms > 0)
        (void)poll(NULL, 0, delay_ms);
    int trouble = atomic_load(&state->sync_errno);
    if (trouble != 0) {
        errno = trouble;
        return -1;
    }
    int rc = sync(fd);
    if (rc == 0 && S_ISDIR(status.st_mode))
        names_synced();
    if (rc == 0 && S_ISREG(status.st_mode))
        atomic_store(&file_of(status.st_ino, 1)->synced_bytes, (uint64_t)status.st_size);
    atomic_fetch_add(&state->n_syncs, rc == 0);
    step();
    return rc;
}

int fdatasync(int fd)
{
    return sync_through(REAL(fdatasync), fd);
}

int fsync(int fd)
{
    return sync_through(REAL(fsync), fd);
}

/* Half of it is there when the power fails. */
ssize_t write(int fd, const void *bytes, size_t len)
{
    struct stat status;
    if (state != NULL && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && is_last_step()) {
        (void)!REAL(write)(fd, bytes, len / 2);
        power_fails();
    }
    return REAL(write)(fd, bytes, len);
}

/* Only the server itself names what counts: the child's file becomes known by the rename that the
 * server does. */
static struct shim_name *name_add(const char *from, const char *to)
{
    uint32_t n = atomic_load(&state->n_names);
    if (n == SHIM_NAMES_MAX)
        abort();
    struct shim_name *name = &state->names[n];
    (void)snprintf(name->from, sizeof(name->from), "%s", from);
    (void)snprintf(name->to, sizeof(name->to), "%s", to);
    name->kept[0] = '\0';
    return name;
}

static int is_in_folder(const char *path)
{
    return strstr(path, "appendonlydir/") != NULL;
}

int rename(const char *from, const char *to)
{
    if (state == NULL)
        return REAL(rename)(from, to);
    step();
    struct shim_name *name = NULL;
    if (is_in_folder(to)) {
        name = name_add(from, to);
        char kept[SHIM_PATH_BYTES];
        (void)snprintf(kept, sizeof(kept), "before-%u", atomic_load(&state->n_steps));
        if (link(to, kept) == 0)
            (void)snprintf(name->kept, sizeof(name->kept), "%s", kept);
    }
    int rc = REAL(rename)(from, to);
    if (rc == 0 && name != NULL)
        atomic_fetch_add(&state->n_names, 1);
    step();
    return rc;
}

int unlink(const char *path)
{
    struct stat status;
    if (state == NULL)
        return REAL(unlink)(path);
    step();
    /* the number of a file that is gone is soon another file's */
    if (lstat(path, &status) == 0 && status.st_nlink == 1)
        shrink(&status, 0);
    return REAL(unlink)(path);
}

/* What was opened to be written anew or for the first time. */
static void opened(const char *path, int is_there, int is_emptied)
{
    struct stat status;
    if (is_emptied && stat(path, &status) == 0)
        shrink(&status, 0);
    if (!is_there && is_in_folder(path)) {
        (void)name_add("", path);
        atomic_fetch_add(&state->n_names, 1);
    }
    step();
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    int is_there = state == NULL || (flags & O_CREAT) == 0 || access(path, F_OK) == 0;
    int fd = REAL(open64)(path, flags, mode);
    if (fd >= 0 && state != NULL && (flags & O_CREAT) != 0)
        opened(path, is_there, (flags & O_TRUNC) != 0);
    return fd;
}

FILE *fopen64(const char *path, const char *mode)
{
    int is_there = state == NULL || access(path, F_OK) == 0;
    FILE *file = REAL(fopen64)(path, mode);
    if (file != NULL && state != NULL && mode[0] == 'w')
        opened(path, is_there, 1);
    return file;
}

FILE *fopen(const char *path, const char *mode) __attribute__((alias("fopen64")));

int ftruncate64(int fd, off64_t length)
{
    struct stat status;
    if (state != NULL && fstat(fd, &status) == 0)
        shrink(&status, (uint64_t)length);
    return REAL(ftruncate64)(fd, length);
}

int truncate64(const char *path, off64_t length)
{
    struct stat status;
    if (state != NULL && stat(path, &status) == 0)
        shrink(&status, (uint64_t)length);
    return REAL(truncate64)(path, length);
}
