#include "common/bus/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "common/bus/bus.h"

#define PREFIX "curve-"
#define SECRET_MODE 0600
#define PUBLIC_MODE 0644

int keys_role_check(const char *role, struct err *err)
{
    size_t len = strlen(role);
    if (len == 0 || len >= BUS_NAME_BYTES ||
        strspn(role, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return err_set(err, -EINVAL, "\"%.60s\" is no name for a key", role);
    return 0;
}

static int key_path(const char *keys, const char *role, const char *suffix,
                    char ret[KEYS_PATH_BYTES], struct err *err)
{
    int rc = keys_role_check(role, err);
    if (rc < 0)
        return rc;
    int len = snprintf(ret, KEYS_PATH_BYTES, "%s/" PREFIX "%s%s", keys, role, suffix);
    if (len < 0 || len >= KEYS_PATH_BYTES)
        return err_set(err, -EINVAL, "the path of the keys directory is too long");
    return 0;
}

static int key_read(const char *path, int is_secret, char ret[KEY_Z85_BYTES], struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | (is_secret ? O_NOFOLLOW : 0));
    if (fd < 0)
        return err_set(err, -errno, "cannot open %.100s: %s", path, strerror(errno));
    struct stat st;
    char text[KEY_Z85_BYTES + 2] = "";
    ssize_t n = read(fd, text, sizeof(text) - 1);
    int rc = fstat(fd, &st);
    close(fd);
    if (rc < 0 || n < 0)
        return err_set(err, -EIO, "cannot read %.100s", path);
    if (is_secret && (st.st_mode & 077) != 0)
        return err_set(err, -EACCES, "%.100s may be read by others: want mode 0600", path);
    text[strcspn(text, "\n")] = '\0';
    uint8_t bytes[KEY_BYTES];
    if (strlen(text) != KEY_Z85_BYTES - 1 || zmq_z85_decode(bytes, text) == NULL)
        rc = err_set(err, -EINVAL, "%.100s holds no Z85 key of 40 characters", path);
    else
        memcpy(ret, text, KEY_Z85_BYTES);
    sodium_memzero(text, sizeof(text));
    sodium_memzero(bytes, sizeof(bytes));
    return rc;
}

int keys_read_own(const char *keys, const char *role, char ret_public[KEY_Z85_BYTES],
                  char ret_secret[KEY_Z85_BYTES], struct err *err)
{
    char path[KEYS_PATH_BYTES];
    int rc = key_path(keys, role, ".key", path, err);
    if (rc == 0)
        rc = key_read(path, 1, ret_secret, err);
    if (rc == 0 && zmq_curve_public(ret_public, ret_secret) < 0)
        rc = err_set(err, -EINVAL, "%.100s holds no key", path);
    return rc;
}

int keys_read_public(const char *keys, const char *role, char ret_public[KEY_Z85_BYTES],
                     struct err *err)
{
    char path[KEYS_PATH_BYTES];
    int rc = key_path(keys, role, ".pub", path, err);
    return rc < 0 ? rc : key_read(path, 0, ret_public, err);
}

/* "curve-payments.pub" -> "payments"; 0 for any other file. */
static int role_of_file(const char *name, char ret_role[BUS_NAME_BYTES])
{
    size_t len = strlen(name), around = strlen(PREFIX) + strlen(".pub");
    if (len <= around || len - around >= BUS_NAME_BYTES)
        return 0;
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 || strcmp(name + len - 4, ".pub") != 0)
        return 0;
    memcpy(ret_role, name + strlen(PREFIX), len - around);
    ret_role[len - around] = '\0';
    return 1;
}

int keys_each_public(const char *keys, keys_fn fn, void *arg, struct err *err)
{
    DIR *directory = opendir(keys);
    if (directory == NULL)
        return err_set(err, -errno, "cannot read the keys directory %.100s", keys);
    int rc = 0, n = 0;
    const struct dirent *entry;
    while (rc == 0 && (entry = readdir(directory)) != NULL) {
        char role[BUS_NAME_BYTES], text[KEY_Z85_BYTES];
        uint8_t key[KEY_BYTES];
        if (!role_of_file(entry->d_name, role))
            continue;
        rc = n++ < KEYS_MAX ? keys_read_public(keys, role, text, err)
                            : err_set(err, -E2BIG, "more than %d keys in %.100s", KEYS_MAX, keys);
        if (rc == 0 && zmq_z85_decode(key, text) != NULL)
            fn(arg, key);
    }
    closedir(directory);
    return rc;
}

/* Under a name of its own first, so that nobody ever sees half a key; whoever links first wins. */
static int key_write(const char *path, const char *text, mode_t mode, struct err *err)
{
    char draft[KEYS_PATH_BYTES + 16];
    (void)snprintf(draft, sizeof(draft), "%s.%ld", path, (long)getpid());
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return err_set(err, -errno, "cannot make %.100s: %s", draft, strerror(errno));
    int is_written = dprintf(fd, "%s\n", text) == KEY_Z85_BYTES && fsync(fd) == 0;
    is_written = close(fd) == 0 && is_written;
    int is_linked = is_written && (link(draft, path) == 0 || errno == EEXIST);
    (void)unlink(draft);
    return is_linked ? 0 : err_set(err, -EIO, "cannot write %.100s", path);
}

static int make_secret(const char *path, struct err *err)
{
    char public_key[KEY_Z85_BYTES], secret_key[KEY_Z85_BYTES];
    if (access(path, F_OK) == 0)
        return 0;
    if (zmq_curve_keypair(public_key, secret_key) < 0)
        return err_set(err, -ENOTSUP, "libzmq has no CURVE");
    int rc = key_write(path, secret_key, SECRET_MODE, err);
    sodium_memzero(secret_key, sizeof(secret_key));
    return rc;
}

int bus_make_keys(const char *keys, const char *role, struct err *err)
{
    char path[KEYS_PATH_BYTES], own[KEY_Z85_BYTES], secret[KEY_Z85_BYTES], file[KEY_Z85_BYTES];
    if (mkdir(keys, 0700) < 0 && errno != EEXIST)
        return err_set(err, -errno, "cannot make the directory %.100s: %s", keys, strerror(errno));
    int rc = key_path(keys, role, ".key", path, err);
    if (rc == 0)
        rc = make_secret(path, err);
    if (rc == 0)
        rc = keys_read_own(keys, role, own, secret, err);
    sodium_memzero(secret, sizeof(secret));
    if (rc == 0)
        rc = key_path(keys, role, ".pub", path, err);
    if (rc == 0 && access(path, F_OK) < 0)
        rc = key_write(path, own, PUBLIC_MODE, err);
    if (rc == 0)
        rc = keys_read_public(keys, role, file, err);
    if (rc == 0 && strcmp(own, file) != 0)
        rc = err_set(err, -EINVAL, "%.100s does not belong to its .key file", path);
    return rc;
}
