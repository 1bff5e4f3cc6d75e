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

/* floor((2 num + den) / (2 den)) */
static int64_t round_half_up(struct fraction *self)
{
    mpz_mul_2exp(self->num, self->num, 1);
    mpz_add(self->num, self->num, self->den);
    mpz_mul_2exp(self->den, self->den, 1);
    mpz_fdiv_q(self->num, self->num, self->den);
    ASSERT(mpz_fits_slong_p(self->num));
    return mpz_get_si(self->num);
}

static int64_t amount(struct fraction *months, int64_t income_vnd, int64_t rate_basis_points)
{
    multiply(months, income_vnd, 1);
    multiply(months, rate_basis_points, FULL_BASIS_POINTS);
    int64_t vnd = round_half_up(months);
    mpz_clears(months->num, months->den, NULL);
    return vnd;
}

int64_t lump_sum_future(int64_t income_vnd, int64_t rate_basis_points, int64_t interest_per_million,
                        uint32_t months)
{
    ASSERT(months <= LUMP_MONTHS_MAX);
    struct fraction sum;
    mpz_inits(sum.num, sum.den, NULL);
    geometric_sum(FULL_MILLION, FULL_MILLION + interest_per_million, months, &sum);
    return amount(&sum, income_vnd, rate_basis_points);
}

int64_t lump_sum_missing(int64_t income_vnd, int64_t rate_basis_points,
                         int64_t interest_per_million, uint32_t months)
{
    ASSERT(months <= LUMP_MONTHS_MAX);
    struct fraction sum;
    mpz_inits(sum.num, sum.den, NULL);
    geometric_sum(FULL_MILLION + interest_per_million, FULL_MILLION, months, &sum);
    multiply(&sum, FULL_MILLION + interest_per_million, FULL_MILLION);
    return amount(&sum, income_vnd, rate_basis_points);
}
