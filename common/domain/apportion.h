/* Dividing a whole number by weights so that the parts add up to it exactly. Pure. */
#ifndef ANSINH_DOMAIN_APPORTION_H
#define ANSINH_DOMAIN_APPORTION_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"

#define APPORTION_MAX (1LL << 53)

/* Largest remainder (Hamilton): every part is its exact share rounded down, and what is left goes,
 * one by one, to the largest fractions; of equal ones to the earlier. No part is off by 1 or more,
 * and one of weight 0 is 0. total and the sum of weights are 0 to APPORTION_MAX, weights not
 * negative. -EINVAL: out of range, or something to divide and no weight at all. */
int apportion(int64_t total, const int64_t *weights, size_t n, int64_t *ret) MUST_CHECK;

#endif
