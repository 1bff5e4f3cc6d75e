/* Contributions paid at once for many months, with compound interest: exact sums of rational
 * numbers, rounded to whole dong once, at the end. */
#ifndef ANSINH_DOMAIN_LUMP_SUM_H
#define ANSINH_DOMAIN_LUMP_SUM_H

#include <stdint.h>

#include "common/domain/policy.h"

#define LUMP_MONTHS_MAX 120

/* A month's contribution c is rate_basis_points of income_vnd, r is interest_per_million a month;
 * all within the ranges of their policy tables. */
struct lump_sum {
    int64_t income_vnd, rate_basis_points, interest_per_million;
    enum policy_choice rounding; /* CHOICE_DOWN, CHOICE_UP; else half-up */
};

/* Sum of c / (1 + r)^(i - 1) for i = first..last: paid ahead, so discounted. 1 <= first <= last <=
 * LUMP_MONTHS_MAX. */
int64_t lump_sum_future(const struct lump_sum *self, uint32_t first, uint32_t last);

/* Sum of c * (1 + r)^i for i = first..last: paid late, so with interest. The same bounds. */
int64_t lump_sum_missing(const struct lump_sum *self, uint32_t first, uint32_t last);

#endif
