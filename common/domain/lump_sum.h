/* Contributions paid at once for many months, with compound interest: exact sums of rational
 * numbers, rounded half-up to whole dong once, at the end. */
#ifndef ANSINH_DOMAIN_LUMP_SUM_H
#define ANSINH_DOMAIN_LUMP_SUM_H

#include <stdint.h>

#define LUMP_MONTHS_MAX 120

/* What is paid for months, 1 to LUMP_MONTHS_MAX: rate_basis_points of income_vnd for each, at a
 * monthly interest of interest_per_million. Inputs within the ranges of their policy tables. */

/* Sum of c / (1 + r)^(i - 1) for i = 1..months: paid ahead, so discounted. */
int64_t lump_sum_future(int64_t income_vnd, int64_t rate_basis_points, int64_t interest_per_million,
                        uint32_t months);

/* Sum of c * (1 + r)^i for i = 1..months: paid late, so with interest. */
int64_t lump_sum_missing(int64_t income_vnd, int64_t rate_basis_points,
                         int64_t interest_per_million, uint32_t months);

#endif
