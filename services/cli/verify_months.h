/* Which months a citizen's payments cover, all of them: what the short form in the record must
 * follow from. Written apart from common/domain/coverage.c on purpose. */
#ifndef ANSINH_CLI_VERIFY_MONTHS_H
#define ANSINH_CLI_VERIFY_MONTHS_H

#include "common/base/arena.h"
#include "common/domain/coverage.h"

struct months {
    struct month_range *spans; /* in the arena, ascending; neighbours may touch */
    size_t n, capacity;
};

/* 0; -EEXIST: one of the months is there (nothing is added). */
int months_add(struct months *self, struct arena *arena, uint32_t from, uint32_t n) MUST_CHECK;

/* How many are covered from a month on, and before it. */
uint32_t months_from(const struct months *self, uint32_t month);
uint32_t months_before(const struct months *self, uint32_t month);

/* Forgets those from a month on. */
void months_cut(struct months *self, uint32_t month);

/* Forgets n of them from a month on. -ENOENT: they are not all there (nothing is forgotten). */
int months_remove(struct months *self, struct arena *arena, uint32_t from, uint32_t n) MUST_CHECK;

/* Whether a record's ranges hold exactly these months from its first one on, and its number those
 * before. */
int months_agree(const struct months *self, const struct coverage *stored);

#endif
