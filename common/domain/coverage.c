#include "common/domain/coverage.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"

static uint32_t length(struct month_range range)
{
    return range.to - range.from + 1;
}

static void remove_at(struct coverage *self, uint32_t i)
{
    self->n--;
    memmove(&self->ranges[i], &self->ranges[i + 1], (self->n - i) * sizeof(self->ranges[0]));
}

static void insert_at(struct coverage *self, uint32_t i, struct month_range months)
{
    memmove(&self->ranges[i + 1], &self->ranges[i], (self->n - i) * sizeof(self->ranges[0]));
    self->ranges[i] = months;
    self->n++;
}

/* Makes room for one range more; i is the place of a new one, which is not before the first. */
static uint32_t fold_oldest(struct coverage *self, uint32_t i)
{
    if (self->n < COVERAGE_RANGES_MAX)
        return i;
    self->n_older += length(self->ranges[0]);
    remove_at(self, 0);
    return i - 1;
}

int coverage_add(struct coverage *self, struct month_range months, struct month_range *ret_paid)
{
    uint32_t i = 0; /* place of the first range that ends after the new one begins */
    ASSERT(months.from > 0 && months.from <= months.to);
    if (self->n_older > 0 && self->n > 0 && months.from < self->ranges[0].from)
        return -ERANGE;
    while (i < self->n && self->ranges[i].to < months.from)
        i++;
    if (i < self->n && self->ranges[i].from <= months.to) {
        if (ret_paid != NULL)
            *ret_paid = self->ranges[i];
        return -EEXIST;
    }
    int joins_before = i > 0 && self->ranges[i - 1].to + 1 == months.from;
    int joins_after = i < self->n && self->ranges[i].from - 1 == months.to;
    if (joins_before) {
        self->ranges[i - 1].to = joins_after ? self->ranges[i].to : months.to;
        if (joins_after)
            remove_at(self, i);
    } else if (joins_after) {
        self->ranges[i].from = months.from;
    } else if (i == 0 && self->n == COVERAGE_RANGES_MAX) {
        self->n_older += length(months);
    } else {
        i = fold_oldest(self, i);
        insert_at(self, i, months);
    }
    return 0;
}

struct month_range coverage_folded(const struct coverage *before, const struct coverage *after)
{
    int is_folded = before->n > 0 && after->n > 0 && after->n_older != before->n_older &&
                    after->ranges[0].from > before->ranges[0].from;
    return is_folded ? before->ranges[0] : (struct month_range){0, 0};
}

/* Takes months out of the range that holds them. */
static int cut_out(struct coverage *self, struct month_range months)
{
    uint32_t i = 0;
    while (i < self->n && self->ranges[i].to < months.from)
        i++;
    if (i == self->n || self->ranges[i].from > months.from || self->ranges[i].to < months.to)
        return -ENOENT;
    struct month_range *range = &self->ranges[i];
    if (range->from == months.from && range->to == months.to) {
        remove_at(self, i);
    } else if (range->from == months.from) {
        range->from = months.to + 1;
    } else if (range->to == months.to) {
        range->to = months.from - 1;
    } else if (self->n == COVERAGE_RANGES_MAX) {
        return -ENOENT; /* two ranges became this one, so there is room */
    } else {
        struct month_range after = {months.to + 1, range->to};
        range->to = months.from - 1;
        insert_at(self, i + 1, after);
    }
    return 0;
}

int coverage_take_back(struct coverage *self, struct month_range months, struct month_range folded)
{
    struct coverage next = *self;
    ASSERT(months.from > 0 && months.from <= months.to);
    if (self->n == COVERAGE_RANGES_MAX && months.to < self->ranges[0].from &&
        self->n_older == length(months)) {
        self->n_older = 0; /* older than all ranges, they became the number at once */
        return 0;
    }
    if (cut_out(&next, months) < 0)
        return -ENOENT;
    if (folded.from != 0) {
        if (next.n == 0 || next.n == COVERAGE_RANGES_MAX || folded.from > folded.to ||
            folded.to >= next.ranges[0].from - 1 || next.n_older < length(folded))
            return -ENOENT;
        next.n_older -= length(folded);
        insert_at(&next, 0, folded);
    }
    *self = next;
    return 0;
}

uint32_t coverage_cut(struct coverage *self, uint32_t from_month)
{
    uint32_t n_cut = 0;
    while (self->n > 0 && self->ranges[self->n - 1].from >= from_month)
        n_cut += length(self->ranges[--self->n]);
    struct month_range *last = self->n == 0 ? NULL : &self->ranges[self->n - 1];
    if (last != NULL && last->to >= from_month) {
        n_cut += last->to - from_month + 1;
        last->to = from_month - 1;
    }
    return n_cut;
}

uint32_t coverage_months(const struct coverage *self)
{
    uint32_t months = self->n_older;
    for (uint32_t i = 0; i < self->n; i++)
        months += length(self->ranges[i]);
    return months;
}

uint32_t coverage_until(const struct coverage *self)
{
    return self->n == 0 ? 0 : self->ranges[self->n - 1].to;
}

uint32_t coverage_before(const struct coverage *self, uint32_t month)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < self->n && self->ranges[i].from < month; i++)
        before = MIN(self->ranges[i].to, month - 1);
    return before;
}

const struct month_range *coverage_find(const struct coverage *self, uint32_t month)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (self->ranges[i].from <= month && month <= self->ranges[i].to)
            return &self->ranges[i];
    return NULL;
}
