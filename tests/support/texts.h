/* Sources for the readers of files (common/settle): a text in pieces, and floods of any length. */
#ifndef ANSINH_TESTS_SUPPORT_TEXTS_H
#define ANSINH_TESTS_SUPPORT_TEXTS_H

#include "common/settle/source.h"

/* A text that comes piece_bytes at a time (0: all at once); fails with -EIO at fail_at (0: never).
 */
struct text_source {
    const char *text;
    size_t len, at, piece_bytes, fail_at;
};

struct text_source text_source(const char *text);
long text_read(void *source, void *bytes, size_t len);

/* A beginning, then a pattern again and again until so many bytes were given in all, then an end.
 */
struct flood {
    const char *begin, *pattern, *end;
    unsigned long long bytes;
    unsigned long long given; /* so far; 0 at first */
};

long flood_read(void *flood, void *bytes, size_t len);

/* What this process had of memory at most, in KiB. */
long peak_kib(void);

#endif
