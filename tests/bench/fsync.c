/* fsync FOLDER: median time in microseconds of what every batch of commits waits for: 16 KB
 * appended to a file and synced, as Redis does it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"

#define ROUNDS 301
#define APPEND_BYTES 16384

static int compare_int64(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    static char bytes[APPEND_BYTES];
    static int64_t took_us[ROUNDS];
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/fsync", argc == 2 ? argv[1] : ".");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    int is_good = fd >= 0;
    for (int i = 0; is_good && i < ROUNDS; i++) {
        int64_t begin_us = clock_mono_us();
        is_good = write(fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes) && fdatasync(fd) == 0;
        took_us[i] = clock_mono_us() - begin_us;
    }
    if (!is_good) {
        (void)fprintf(stderr, "fsync: %s: %s\n", path, strerror(errno));
        return 1;
    }
    close(fd);
    (void)unlink(path);
    qsort(took_us, ROUNDS, sizeof(took_us[0]), compare_int64);
    (void)printf("%lld\n", (long long)took_us[ROUNDS / 2]);
    return 0;
}
