#include "services/cli/verify_months.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"

#define SPANS_MIN 2

static void grow(struct months *self, struct arena *arena)
{
    size_t capacity = MAX((size_t)SPANS_MIN, 2 * self->capacity);
    struct month_range *spans = arena_alloc(arena, capacity * sizeof(*spans));
    ASSERT(spans != NULL);
    if (self->n > 0)
        memcpy(spans, self->spans, self->n * sizeof(*spans));
    self->spans = spans;
    self->capacity = capacity;
}

int months_add(struct months *self, struct arena *arena, uint32_t from, uint32_t n)
{
    struct month_range span = {from, from + n - 1};
    size_t at = self->n;
    while (at > 0 && self->spans[at - 1].from > from)
        at--;
    if ((at > 0 && self->spans[at - 1].to >= from) ||
        (at < self->n && self->spans[at].from <= span.to))
        return -EEXIST;
    if (at == self->n && at > 0 && self->spans[at - 1].to + 1 == from) {
        self->spans[at - 1].to = span.to; /* almost every payment */
        return 0;
    }
    if (self->n == self->capacity)
        grow(self, arena);
    memmove(&self->spans[at + 1], &self->spans[at], (self->n - at) * sizeof(span));
    self->spans[at] = span;
    self->n++;
    return 0;
}

uint32_t months_from(const struct months *self, uint32_t month)
{
    uint32_t count = 0;
    for (size_t i = 0; i < self->n; i++)
        if (self->spans[i].to >= month)
            count += self->spans[i].to - MAX(self->spans[i].from, month) + 1;
    return count;
}

uint32_t months_before(const struct months *self, uint32_t month)
{
    return months_from(self, 0) - months_from(self, month);
}

void months_cut(struct months *self, uint32_t month)
{
    while (self->n > 0 && self->spans[self->n - 1].from >= month)
        self->n--;
    if (self->n > 0 && self->spans[self->n - 1].to >= month)
        self->spans[self->n - 1].to = month - 1;
}

/* Payments may have been joined to one span, or a later one fills a gap between two. */
int months_remove(struct months *self, struct arena *arena, uint32_t from, uint32_t n)
{
    uint32_t to = from + n - 1;
    if (to < from || months_from(self, from) - months_from(self, to + 1) != n)
        return -ENOENT;
    struct months left = {0};
    for (size_t i = 0; i < self->n; i++) {
        struct month_range span = self->spans[i];
        if (left.n + 2 > left.capacity)
            grow(&left, arena);
        if (span.from < from)
            left.spans[left.n++] = (struct month_range){span.from, MIN(span.to, from - 1)};
        if (span.to > to)
            left.spans[left.n++] = (struct month_range){MAX(span.from, to + 1), span.to};
    }
    *self = left;
    return 0;
}

/* Each range's months are all there, and as many as there are from the first one on. */
int months_agree(const struct months *self, const struct coverage *stored)
{
    uint32_t first = stored->n == 0 ? UINT32_MAX : stored->ranges[0].from, covered = 0;
    for (uint32_t i = 0; i < stored->n; i++) {
        const struct month_range *range = &stored->ranges[i];
        uint32_t length = range->to - range->from + 1;
        if (months_from(self, range->from) - months_from(self, range->to + 1) != length)
            return 0;
        if (i > 0 && range->from <= stored->ranges[i - 1].to + 1)
            return 0;
        covered += length;
    }
    return covered == months_from(self, first) && stored->n_older == months_before(self, first);
}
