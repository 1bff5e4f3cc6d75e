#include "services/notifications/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"

#define TMP_NAME_BYTES (MAILDIR_NAME_MAX_BYTES + 32)
#define CUR_NAME_BYTES (MAILDIR_NAME_MAX_BYTES + 16)

struct maildir {
    int tmp, new, cur; /* directories */
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* what had to be kept is synced */
}

static int open_folder(const char *path, const char *name, int *ret)
{
    char full[512];
    int len = snprintf(full, sizeof(full), "%s/%s", path, name);
    if (len < 0 || (size_t)len >= sizeof(full))
        return -ENAMETOOLONG;
    if (mkdir(full, 0700) < 0 && errno != EEXIST)
        return -errno;
    *ret = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret < 0 ? -errno : 0;
}

/* Walks a directory until fn answers something else than 0. */
static int walk(int folder, int (*fn)(int folder, const char *entry, const void *arg),
                const void *arg)
{
    /* A descriptor of its own, so that the position is too. */
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        int rc = -errno;
        close_fd(&fd);
        return rc;
    }
    int rc = 0;
    const struct dirent *entry;
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            rc = fn(folder, entry->d_name, arg);
    }
    (void)closedir(dir);
    return rc;
}

static int remove_stale(int folder, const char *entry, const void *arg)
{
    struct stat status;
    const time_t *now = arg;
    if (fstatat(folder, entry, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        *now - status.st_mtime > MAILDIR_TMP_MAX_AGE_S)
        (void)unlinkat(folder, entry, 0); /* a reader may have been faster */
    return 0;
}

int maildir_open(const char *path, struct maildir **ret, struct err *err)
{
    struct maildir *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->tmp = self->new = self->cur = -1;
    int rc = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
    if (rc == 0)
        rc = open_folder(path, "tmp", &self->tmp);
    if (rc == 0)
        rc = open_folder(path, "new", &self->new);
    if (rc == 0)
        rc = open_folder(path, "cur", &self->cur);
    time_t now = time(NULL);
    if (rc == 0)
        rc = walk(self->tmp, remove_stale, &now);
    if (rc < 0) {
        maildir_close(&self);
        return err_set(err, rc, "cannot use the mail folder %.80s: %s", path, strerror(-rc));
    }
    *ret = self;
    return 0;
}

void maildir_close(struct maildir **self)
{
    if (*self == NULL)
        return;
    close_fd(&(*self)->tmp);
    close_fd(&(*self)->new);
    close_fd(&(*self)->cur);
    free(*self);
    *self = NULL;
}

static int exists(int folder, const char *name)
{
    return faccessat(folder, name, F_OK, 0) == 0;
}

static int is_moved_here(int folder, const char *entry, const void *arg)
{
    (void)folder;
    const char *name = arg;
    size_t len = strlen(name);
    return strncmp(entry, name, len) == 0 && (entry[len] == '\0' || entry[len] == ':');
}

/* Readers write the standard flags in alphabetical order: 64 names to look at, whatever the size of
 * cur. */
static int is_in_cur(const struct maildir *self, const char *name)
{
    static const char flags[] = "DFPRST";
    if (exists(self->cur, name))
        return 1;
    for (unsigned set = 0; set < 1U << (sizeof(flags) - 1); set++) {
        char moved[CUR_NAME_BYTES];
        size_t len = (size_t)snprintf(moved, sizeof(moved), "%s:2,", name);
        for (unsigned i = 0; i < sizeof(flags) - 1; i++) {
            if (set & 1U << i)
                moved[len++] = flags[i];
        }
        moved[len] = '\0';
        if (exists(self->cur, moved))
            return 1;
    }
    return 0;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* Writes the file under a name that no other process uses, not even one with this pid elsewhere. */
static int write_tmp(const struct maildir *self, const char *name, const void *text, size_t len,
                     char ret_tmp[TMP_NAME_BYTES])
{
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        return -EIO;
    (void)snprintf(ret_tmp, TMP_NAME_BYTES, "%s.%016" PRIx64, name, random);
    int fd = openat(self->tmp, ret_tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int rc = write_all(fd, text, len);
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    if (rc < 0)
        (void)unlinkat(self->tmp, ret_tmp, 0); /* else a later start does */
    return rc;
}

int maildir_deliver(struct maildir *self, const char *name, const void *text, size_t len,
                    int is_repeat)
{
    ASSERT(strlen(name) <= MAILDIR_NAME_MAX_BYTES && strpbrk(name, "/:") == NULL && name[0] != '.');
    int is_there = exists(self->new, name) || is_in_cur(self, name);
    if (!is_there && is_repeat)
        is_there = walk(self->cur, is_moved_here, name);
    if (is_there < 0)
        return is_there;
    if (is_there) /* since a crash, perhaps: neither the link nor the move may be on the disk yet */
        return fsync(self->new) < 0 || fsync(self->cur) < 0 ? -errno : 0;
    char tmp[TMP_NAME_BYTES];
    int rc = write_tmp(self, name, text, len, tmp);
    if (rc < 0)
        return rc;
    if (linkat(self->tmp, tmp, self->new, name, 0) < 0 && errno != EEXIST)
        rc = -errno;
    (void)unlinkat(self->tmp, tmp, 0);
    if (rc == 0 && fsync(self->new) < 0)
        rc = -errno;
    return rc;
}
