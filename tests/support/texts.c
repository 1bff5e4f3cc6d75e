#include "tests/support/texts.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base/macros.h"

struct text_source text_source(const char *text)
{
    return (struct text_source){.text = text, .len = strlen(text)};
}

long text_read(void *source, void *bytes, size_t len)
{
    struct text_source *self = source;
    size_t n = MIN(len, self->len - self->at);
    if (self->piece_bytes > 0)
        n = MIN(n, self->piece_bytes);
    if (self->fail_at > 0 && self->at >= self->fail_at)
        return -EIO;
    if (n > 0)
        memcpy(bytes, self->text + self->at, n);
    self->at += n;
    return (long)n;
}

static char flood_char(const struct flood *self, unsigned long long at)
{
    size_t begin = strlen(self->begin), pattern = strlen(self->pattern);
    if (at < begin)
        return self->begin[at];
    if (at < self->bytes)
        return self->pattern[(at - begin) % pattern];
    return self->end[at - self->bytes];
}

long flood_read(void *flood, void *bytes, size_t len)
{
    struct flood *self = flood;
    unsigned long long all = self->bytes + strlen(self->end);
    size_t n = 0;
    char *to = bytes;
    for (; n < len && self->given < all; n++, self->given++) {
        unsigned long long begin = strlen(self->begin), pattern = strlen(self->pattern);
        /* in the middle of the flood whole blocks are the same */
        if (n >= pattern && self->given >= begin + pattern && self->given + 1 < self->bytes)
            to[n] = to[n - pattern];
        else
            to[n] = flood_char(self, self->given);
    }
    return (long)n;
}

long peak_kib(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : -1;
}
