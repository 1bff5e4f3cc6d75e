/* A leaflet's health insurance and pensions. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/household_health.h"
#include "common/domain/pension_illustration.h"
#include "services/payments/leaflet.h"

#define MONTHS_PER_YEAR 12

static const enum sex sexes[] = {SEX_IS_FEMALE, SEX_IS_MALE};

/* --- health insurance ---------------------------------------------------------------------------
 */

static int period_fill(const struct leaflet *self, uint32_t members, uint32_t months,
                       Ansinh__V1__LeafletHealth *ret, struct err *err)
{
    ansinh__v1__leaflet_health__init(ret);
    ret->months = months;
    for (uint32_t rank = 1; rank <= members; rank++) {
        const struct health_request wanted = {
            .member_rank = rank, .months = months, .on_day = self->day};
        struct quote sum;
        int rc = household_health_quote(self->svc->policy, &wanted, &sum, err);
        if (rc < 0)
            return rc;
        ret->last_member_vnd = sum.participant_vnd;
        ret->total_vnd += sum.participant_vnd;
    }
    return 0;
}

static int household_fill(const struct leaflet *self, uint32_t members,
                          Ansinh__V1__LeafletHousehold *ret, struct err *err)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__LeafletHealth *rows = arena_alloc(arena, HEALTH_MONTHS_MAX * sizeof(*rows));
    ansinh__v1__leaflet_household__init(ret);
    ret->members = members;
    ret->periods = arena_alloc(arena, HEALTH_MONTHS_MAX * sizeof(*ret->periods));
    if (rows == NULL || ret->periods == NULL)
        return -ENOMEM;
    for (uint32_t months = 1; months <= HEALTH_MONTHS_MAX; months++) {
        Ansinh__V1__LeafletHealth *row = &rows[ret->n_periods];
        if (policy_on(self->svc->policy, POLICY_HEALTH_MONTHS, (int32_t)months, self->day) == NULL)
            continue;
        int rc = period_fill(self, members, months, row, err);
        if (rc < 0)
            return rc;
        ret->periods[ret->n_periods++] = row;
    }
    return ret->n_periods > 0 ? 0 : err_field(err, -ERANGE, "on", "no health insurance");
}

int leaflet_households(const struct leaflet *self, Ansinh__V1__GetLeafletResponse *out,
                       struct err *err)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__LeafletHousehold *rows = arena_alloc(arena, LEAFLET_MEMBERS * sizeof(*rows));
    out->households = arena_alloc(arena, LEAFLET_MEMBERS * sizeof(*out->households));
    if (rows == NULL || out->households == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < LEAFLET_MEMBERS; i++) {
        int rc = household_fill(self, i + 1, &rows[i], err);
        if (rc < 0)
            return rc;
        out->households[i] = &rows[i];
    }
    out->n_households = LEAFLET_MEMBERS;
    return 0;
}

/* --- pensions -----------------------------------------------------------------------------------
 */

/* The person has had the birthday in the month before, so that whole years are paid. */
static int32_t birth_month(const struct leaflet *self, uint32_t age)
{
    return month_of_day(self->day) - (int32_t)age * MONTHS_PER_YEAR - 1;
}

static int sum_fill(const struct leaflet *self, enum sex sex, uint32_t age, int64_t income_vnd,
                    Ansinh__V1__LeafletPensionSum *ret, struct illustration *found, struct err *err)
{
    const struct illustration_request wanted = {.sex = sex,
                                                .birth_day =
                                                    month_first_day(birth_month(self, age)),
                                                .on_day = self->day,
                                                .income_vnd = income_vnd,
                                                .start_month = month_of_day(self->day)};
    int rc = pension_illustrate(self->svc->policy, &wanted, found, err);
    if (rc < 0 && strcmp(err->field, "on") != 0)
        (void)snprintf(err->field, sizeof(err->field), "joining_ages");
    if (rc < 0)
        return rc;
    ansinh__v1__leaflet_pension_sum__init(ret);
    ret->income_vnd = income_vnd;
    ret->monthly_pension_vnd = found->monthly_vnd;
    ret->lump_sum_vnd = found->lump_vnd;
    return 0;
}

static int pension_fill(const struct leaflet *self, enum sex sex, uint32_t age,
                        Ansinh__V1__LeafletPension *ret, struct err *err)
{
    struct arena *arena = self->request->arena;
    struct illustration found = {0};
    char percent[PERCENT_TEXT_BYTES];
    size_t n = self->incomes.n;
    Ansinh__V1__LeafletPensionSum *rows = arena_alloc(arena, n * sizeof(*rows));
    ansinh__v1__leaflet_pension__init(ret);
    ret->sums = arena_alloc(arena, n * sizeof(*ret->sums));
    if (rows == NULL || ret->sums == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        int rc = sum_fill(self, sex, age, self->incomes.vnd[i], &rows[i], &found, err);
        if (rc < 0)
            return rc;
        ret->sums[ret->n_sums++] = &rows[i];
    }
    share_format(found.rate_basis_points * PER_MILLION_OF_BASIS_POINT, percent);
    ret->sex = (Ansinh__V1__Sex)sex;
    ret->joining_age = age;
    ret->pension_age = (uint32_t)(found.pension_month - birth_month(self, age)) / MONTHS_PER_YEAR;
    ret->months_paid = found.months;
    ret->rate_percent = arena_strndup(arena, percent, strcspn(percent, " "));
    return ret->rate_percent == NULL ? -ENOMEM : 0;
}

int leaflet_pensions(const struct leaflet *self, Ansinh__V1__GetLeafletResponse *out,
                     struct err *err)
{
    struct arena *arena = self->request->arena;
    size_t n = ARRAY_LEN(sexes) * self->n_ages;
    Ansinh__V1__LeafletPension *rows = arena_alloc(arena, n * sizeof(*rows));
    out->pensions = arena_alloc(arena, n * sizeof(*out->pensions));
    if (rows == NULL || out->pensions == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        int rc = pension_fill(self, sexes[i / self->n_ages], self->ages[i % self->n_ages], &rows[i],
                              err);
        if (rc < 0)
            return rc;
        out->pensions[i] = &rows[i];
    }
    out->n_pensions = n;
    return 0;
}
