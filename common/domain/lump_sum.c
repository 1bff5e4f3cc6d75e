#include "common/domain/lump_sum.h"

#include <gmp.h>

#include "common/base/log.h"
#include "common/domain/policy.h"

/* GMP counts in long. */
_Static_assert(sizeof(long) == sizeof(int64_t), "long must hold an amount of money");

struct fraction {
    mpz_t num, den;
};

/* 1 + x + x^2 + ... + x^(n - 1) for x = num / den, by Horner's rule: each step is S = 1 + x * S,
 * whose denominator is den times that of the step before. */
static void geometric_sum(long num, long den, uint32_t n, struct fraction *ret)
{
    mpz_set_si(ret->num, 0);
    mpz_set_si(ret->den, 1);
    for (uint32_t i = 0; i < n; i++) {
        mpz_mul_si(ret->num, ret->num, num);
        mpz_mul_si(ret->den, ret->den, den);
        mpz_add(ret->num, ret->num, ret->den);
    }
}

static void multiply(struct fraction *self, long num, long den)
{
    mpz_mul_si(self->num, self->num, num);
    mpz_mul_si(self->den, self->den, den);
}

static void power(struct fraction *self, unsigned long num, unsigned long den, uint32_t exponent)
{
    mpz_t factor;
    mpz_init(factor);
    mpz_ui_pow_ui(factor, num, exponent);
    mpz_mul(self->num, self->num, factor);
    mpz_ui_pow_ui(factor, den, exponent);
    mpz_mul(self->den, self->den, factor);
    mpz_clear(factor);
}

static int64_t round_whole(struct fraction *self, enum policy_choice rounding)
{
    if (rounding == CHOICE_UP) {
        mpz_cdiv_q(self->num, self->num, self->den);
    } else {
        if (rounding != CHOICE_DOWN) { /* floor((2 num + den) / (2 den)) */
            mpz_mul_2exp(self->num, self->num, 1);
            mpz_add(self->num, self->num, self->den);
            mpz_mul_2exp(self->den, self->den, 1);
        }
        mpz_fdiv_q(self->num, self->num, self->den);
    }
    ASSERT(mpz_fits_slong_p(self->num));
    return mpz_get_si(self->num);
}

/* c times the sum of (num / den)^i for i = first..last. */
static int64_t sum_powers(const struct lump_sum *self, long num, long den, uint32_t first,
                          uint32_t last)
{
    ASSERT(first <= last && last <= LUMP_MONTHS_MAX);
    struct fraction sum;
    mpz_inits(sum.num, sum.den, NULL);
    geometric_sum(num, den, last - first + 1, &sum);
    power(&sum, (unsigned long)num, (unsigned long)den, first);
    multiply(&sum, self->income_vnd, 1);
    multiply(&sum, self->rate_basis_points, FULL_BASIS_POINTS);
    int64_t vnd = round_whole(&sum, self->rounding);
    mpz_clears(sum.num, sum.den, NULL);
    return vnd;
}

int64_t lump_sum_future(const struct lump_sum *self, uint32_t first, uint32_t last)
{
    ASSERT(first >= 1);
    return sum_powers(self, FULL_MILLION, FULL_MILLION + self->interest_per_million, first - 1,
                      last - 1);
}

int64_t lump_sum_missing(const struct lump_sum *self, uint32_t first, uint32_t last)
{
    ASSERT(first >= 1);
    return sum_powers(self, FULL_MILLION + self->interest_per_million, FULL_MILLION, first, last);
}
