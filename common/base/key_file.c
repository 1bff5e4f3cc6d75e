#include "common/base/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/parse.h"

#define PATH_BYTES 512

int key_file_read(const char *path, uint8_t key[KEY_FILE_BYTES], struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? -ENOENT : err_set(err, -errno, "cannot open %.100s", path);
    struct stat st;
    char text[2 * KEY_FILE_BYTES + 3] = ""; /* a byte more than the longest good file */
    ssize_t n = read(fd, text, sizeof(text) - 1);
    int rc = fstat(fd, &st);
    close(fd);
    if (rc < 0 || n < 0)
        return err_set(err, -EIO, "cannot read %.100s", path);
    if ((st.st_mode & 077) != 0)
        return err_set(err, -EACCES, "%.100s may be read by others: want mode 0600", path);
    text[strcspn(text, "\n")] = '\0';
    rc = n > 2 * KEY_FILE_BYTES + 1 ? -EINVAL : parse_hex(text, key, KEY_FILE_BYTES);
    sodium_memzero(text, sizeof(text));
    return rc < 0 ? err_set(err, -EINVAL, "%.100s: want 64 hexadecimal digits", path) : 0;
}

int key_file_make(const char *directory, const char *name, struct err *err)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? 0 : err_set(err, -errno, "cannot make %.100s", path);
    uint8_t key[KEY_FILE_BYTES];
    char text[2 * KEY_FILE_BYTES + 2];
    randombytes_buf(key, sizeof(key));
    format_hex(key, sizeof(key), text);
    text[2 * KEY_FILE_BYTES] = '\n';
    ssize_t n = write(fd, text, 2 * KEY_FILE_BYTES + 1);
    int rc = n == 2 * KEY_FILE_BYTES + 1 ? fsync(fd) : -1;
    sodium_memzero(key, sizeof(key));
    sodium_memzero(text, sizeof(text));
    if (close(fd) < 0 || rc < 0) {
        (void)unlink(path); /* half a key would never be replaced */
        return err_set(err, -EIO, "cannot write %.100s", path);
    }
    return 0;
}
