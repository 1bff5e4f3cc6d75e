/* Which months of the calendar a participant's payments cover: ranges without overlap, adjacent
 * ones as one, and for the time before them a number alone. Pure. */
#ifndef ANSINH_DOMAIN_COVERAGE_H
#define ANSINH_DOMAIN_COVERAGE_H

#include <stdint.h>

#include "common/base/macros.h"

#define COVERAGE_RANGES_MAX 4

/* Both included, from 1. */
struct month_range {
    uint32_t from, to;
};

struct coverage {
    uint32_t n;
    struct month_range ranges[COVERAGE_RANGES_MAX]; /* ascending, with a gap between each two */
    uint32_t n_older; /* months covered before them, of which no more is known */
};

/* Covers further months. A range too many makes the oldest one a number. -EEXIST: one of the months
 * is covered, by *ret_paid (which may be NULL); -ERANGE: they begin before months of which the
 * number alone is known. On failure nothing changes. */
int coverage_add(struct coverage *self, struct month_range months,
                 struct month_range *ret_paid) MUST_CHECK;

/* The range that coverage_add made a number to cover months; {0, 0}: none. */
struct month_range coverage_folded(const struct coverage *before, const struct coverage *after);

/* The state before the newest coverage_add of months, which had made the range folded a number (or
 * {0, 0}: none). -ENOENT: it was not that; nothing changes. */
int coverage_take_back(struct coverage *self, struct month_range months,
                       struct month_range folded) MUST_CHECK;

/* Takes out what is covered from a month on; answers the number of months. */
uint32_t coverage_cut(struct coverage *self, uint32_t from_month);

/* All months covered. */
uint32_t coverage_months(const struct coverage *self);
/* The last month covered; 0: none is known. */
uint32_t coverage_until(const struct coverage *self);
/* The last month covered before a month; 0: none is known. */
uint32_t coverage_before(const struct coverage *self, uint32_t month);
/* The range that holds a month; NULL: it is not covered, or not known. */
const struct month_range *coverage_find(const struct coverage *self, uint32_t month);

#endif
