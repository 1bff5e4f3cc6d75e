#include "tests/power/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/macros.h"
#include "common/base/parse.h"

struct disk {
    char path[64]; /* of the page */
    struct shim_state *state;
    uint64_t random;
};

static void must(int is_true, const char *what)
{
    if (is_true)
        return;
    (void)fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
    abort();
}

struct disk *disk_create(uint64_t seed)
{
    struct disk *self = calloc(1, sizeof(*self));
    must(self != NULL, "calloc");
    (void)snprintf(self->path, sizeof(self->path), "/tmp/ansinh-disk-XXXXXX");
    int fd = mkstemp(self->path);
    must(fd >= 0 && ftruncate(fd, sizeof(*self->state)) == 0, self->path);
    self->state = mmap(NULL, sizeof(*self->state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(self->state != MAP_FAILED, "mmap");
    (void)close(fd);
    self->random = seed;
    return self;
}

void disk_destroy(struct disk **self)
{
    if (*self == NULL)
        return;
    (void)munmap((*self)->state, sizeof(*(*self)->state));
    (void)unlink((*self)->path);
    free(*self);
    *self = NULL;
}

struct shim_state *disk_state(struct disk *self)
{
    return self->state;
}

void disk_attach(struct disk *self)
{
    char shim[PATH_MAX], relative[PATH_MAX];
    const char *folder = getenv("O");
    (void)snprintf(relative, sizeof(relative), "%s/power/shim.so",
                   folder == NULL ? "build" : folder);
    must(realpath(relative, shim) != NULL, relative);
    (void)setenv("LD_PRELOAD", shim, 1);
    (void)setenv(SHIM_STATE_VARIABLE, self->path, 1);
}

void disk_detach(void)
{
    (void)unsetenv("LD_PRELOAD");
    (void)unsetenv(SHIM_STATE_VARIABLE);
}

/* splitmix64 */
uint64_t disk_random(struct disk *self, uint64_t n)
{
    uint64_t z = self->random += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (z ^ (z >> 31)) % n;
}

uint64_t power_setting(const char *name, uint64_t max, uint64_t otherwise)
{
    const char *text = getenv(name);
    int64_t value;
    if (text == NULL || *text == '\0')
        return otherwise;
    must(parse_int64(text, 0, (int64_t)max, &value) == 0, name);
    return (uint64_t)value;
}

int disk_is_dead(const struct redis_server *server)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)redis_server_pid(server), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid != 0;
}

static void inside(const struct redis_server *server, const char *name, char ret[PATH_MAX])
{
    (void)snprintf(ret, PATH_MAX, "%s/%s", redis_server_directory(server), name);
}

/* Newest first, a random number of them. */
static unsigned undo_names(struct disk *self, const struct redis_server *server)
{
    uint32_t n = atomic_load(&self->state->n_names);
    uint32_t left = n == 0 ? 0 : (uint32_t)disk_random(self, n + 1);
    for (uint32_t i = n; i-- > 0;) {
        struct shim_name *name = &self->state->names[i];
        char from[PATH_MAX], to[PATH_MAX], kept[PATH_MAX];
        inside(server, name->from, from);
        inside(server, name->to, to);
        inside(server, name->kept, kept);
        if (i >= left && name->from[0] == '\0')
            must(unlink(to) == 0 || errno == ENOENT, to);
        else if (i >= left)
            must(rename(to, from) == 0, to);
        if (i >= left && name->kept[0] != '\0')
            must(rename(kept, to) == 0, kept);
        else if (name->kept[0] != '\0')
            must(unlink(kept) == 0, kept);
    }
    return n - left;
}

static uint64_t synced_bytes(const struct disk *self, uint64_t inode)
{
    for (size_t i = 0; i < SHIM_FILES_MAX; i++) {
        if (atomic_load(&self->state->files[i].inode) == inode)
            return atomic_load(&self->state->files[i].synced_bytes);
    }
    return 0;
}

/* What the disk has of the unsynced tail: each end of the range is as likely as all between. */
static uint64_t choose_bytes(struct disk *self, enum disk_tail tail, uint64_t unsynced)
{
    uint64_t kind = disk_random(self, 3);
    if (tail == DISK_LOSES || (kind == 0 && tail == DISK_TEARS))
        return 0;
    if (kind == 1 && tail == DISK_TEARS)
        return unsynced;
    return disk_random(self, unsynced);
}

static void tear(struct disk *self, const char *path, enum disk_tail tail, struct disk_loss *ret)
{
    struct stat status;
    must(stat(path, &status) == 0, path);
    uint64_t size = (uint64_t)status.st_size;
    uint64_t synced = MIN(synced_bytes(self, status.st_ino), size);
    if (!S_ISREG(status.st_mode) || synced == size)
        return;
    uint64_t kept = synced + choose_bytes(self, tail, size - synced);
    ret->unsynced_bytes += size - synced;
    ret->lost_bytes += size - kept;
    must(truncate(path, (off_t)kept) == 0, path);
    if (tail == DISK_ZEROS)
        must(truncate(path, (off_t)size) == 0, path);
}

typedef void (*file_fn)(struct disk *self, const char *path, void *arg);

static void for_each_file(struct disk *self, const struct redis_server *server, file_fn fn,
                          void *arg)
{
    char folder[PATH_MAX], path[2 * PATH_MAX];
    inside(server, "appendonlydir", folder);
    DIR *open_folder = opendir(folder);
    must(open_folder != NULL, folder);
    const struct dirent *entry;
    while ((entry = readdir(open_folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        fn(self, path, arg);
    }
    (void)closedir(open_folder);
}

struct cutting {
    enum disk_tail tail;
    struct disk_loss *loss;
};

static void cut_file(struct disk *self, const char *path, void *arg)
{
    const struct cutting *cutting = arg;
    tear(self, path, cutting->tail, cutting->loss);
}

void disk_cut(struct disk *self, struct redis_server *server, enum disk_tail tail,
              struct disk_loss *ret)
{
    if (redis_server_pid(server) > 0)
        (void)kill(-redis_server_pid(server), SIGKILL);
    redis_server_kill(server);
    memset(ret, 0, sizeof(*ret));
    ret->names_undone = undo_names(self, server);
    for_each_file(self, server, cut_file, &(struct cutting){tail, ret});
}

static void settle_file(struct disk *self, const char *path, void *arg)
{
    uint32_t *n = arg;
    struct stat status;
    must(stat(path, &status) == 0 && *n < SHIM_FILES_MAX, path);
    atomic_store(&self->state->files[*n].inode, status.st_ino);
    atomic_store(&self->state->files[*n].synced_bytes, (uint64_t)status.st_size);
    (*n)++;
}

void disk_restart(struct disk *self, struct redis_server *server)
{
    uint32_t n = 0;
    memset(self->state, 0, sizeof(*self->state));
    for_each_file(self, server, settle_file, &n);
    disk_attach(self);
    redis_server_restart(server);
    disk_detach();
}
