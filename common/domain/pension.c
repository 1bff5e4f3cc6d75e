#include "common/domain/pension.h"

#include <errno.h>

#include "common/domain/calendar.h"

#define MONTHS_PER_YEAR 12
#define YEAR_FIRST 1900
#define YEAR_LAST 2199

int pension_age_month(const struct policy *policy, enum sex sex, int32_t birth_day,
                      int32_t *ret_month, const struct policy_row **row, struct err *err)
{
    int32_t birth_month = month_of_day(birth_day);
    for (int year = YEAR_FIRST; year <= YEAR_LAST; year++) {
        *row = policy_on(policy, POLICY_RETIREMENT_AGE, (int32_t)sex, date_make(year, 1, 1));
        if (*row == NULL)
            continue;
        *ret_month = birth_month + (int32_t)(*row)->value;
        if (*ret_month / MONTHS_PER_YEAR <= year)
            return 0;
    }
    return err_field(err, -ERANGE, "birth_date", "the tables have no retirement age for it");
}

int pension_terms(const struct policy *policy, enum sex sex, int32_t birth_day, int32_t on_day,
                  struct pension_terms *ret, struct err *err)
{
    *ret = (struct pension_terms){0};
    int rc = policy_need(policy, POLICY_PENSION_YEARS_MIN, 0, on_day, &ret->years, err);
    if (rc == 0)
        rc = pension_age_month(policy, sex, birth_day, &ret->age_month, &ret->age, err);
    if (rc == 0)
        ret->months = (uint32_t)ret->years->value * MONTHS_PER_YEAR;
    return rc;
}

int pension_terms_early(const struct policy *policy, enum sex sex, int32_t birth_day,
                        int32_t joined_day, const struct pension_terms *usual,
                        struct pension_terms *ret)
{
    *ret = (struct pension_terms){.joined_day = joined_day};
    ret->age = policy_on(policy, POLICY_EARLY_JOINER_AGE, (int32_t)sex, joined_day);
    ret->years = policy_on(policy, POLICY_EARLY_JOINER_YEARS, 0, joined_day);
    if (ret->age == NULL || ret->years == NULL || ret->years->value <= usual->years->value)
        return 0;
    ret->age_month = month_of_day(birth_day) + (int32_t)ret->age->value;
    ret->months = (uint32_t)ret->years->value * MONTHS_PER_YEAR;
    return 1;
}

int64_t pension_half_years(uint32_t months)
{
    uint32_t odd = months % MONTHS_PER_YEAR;
    return (int64_t)(months / MONTHS_PER_YEAR) * 2 + (odd == 0 ? 0 : odd <= 6 ? 1 : 2);
}

int pension_rate(const struct policy *policy, enum sex sex, uint32_t months, int32_t on_day,
                 int64_t *ret_basis_points, const struct policy_row **row, struct err *err)
{
    const struct policy_row *step, *most;
    int64_t halves = pension_half_years(months);
    int32_t from_years = (int32_t)MIN(halves / 2, POLICY_FROM_YEARS_MAX);
    *row = NULL;
    while (*row == NULL && from_years >= 0) {
        int32_t key = policy_sex_years_key((int32_t)sex, from_years--);
        *row = policy_on(policy, POLICY_PENSION_RATE, key, on_day);
    }
    if (*row == NULL)
        return err_field(err, -ERANGE, "on", "the tables have no pension_rate for %u months",
                         months);
    int rc = policy_need(policy, POLICY_PENSION_RATE_STEP, (*row)->key, on_day, &step, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_PENSION_RATE_MAX, 0, on_day, &most, err);
    if (rc != 0)
        return rc;
    int64_t above = halves - 2 * (int64_t)(from_years + 1);
    *ret_basis_points = MIN((*row)->value + divide_half_up(step->value * above, 2), most->value);
    return 0;
}

static int64_t lump_add(enum explain_text text, const struct policy_row *years,
                        const struct policy_row *share, int64_t halves, int64_t average_vnd,
                        struct explain_lines *lines)
{
    if (halves <= 0)
        return 0;
    int64_t vnd = divide_half_up(average_vnd * share->value * halves, 2 * FULL_BASIS_POINTS);
    explain_add(
        lines, text, vnd, share, {OPERAND_PER_MILLION, share->value * PER_MILLION_OF_BASIS_POINT},
        {OPERAND_VND, average_vnd}, {OPERAND_HALF_YEARS, halves}, {OPERAND_COUNT, years->value});
    return vnd;
}

int pension_lump(const struct policy *policy, const struct pension_lump_request *request,
                 struct explain_lines *lines, int64_t *ret_vnd, struct err *err)
{
    const struct policy_row *years, *share, *late_share;
    int32_t on_day = request->on_day;
    int rc =
        policy_need(policy, POLICY_PENSION_LUMP_YEARS, (int32_t)request->sex, on_day, &years, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_PENSION_LUMP_SHARE, 0, on_day, &share, err);
    if (rc != 0)
        return rc;
    late_share = policy_on(policy, POLICY_PENSION_LATE_LUMP_SHARE, 0, on_day);
    uint32_t late = late_share == NULL ? 0 : request->months_late;
    int64_t full = 2 * years->value, above = pension_half_years(request->months) - full;
    int64_t early = MAX(pension_half_years(request->months - late) - full, 0);
    *ret_vnd = lump_add(TEXT_PENSION_LUMP, years, share, early, request->average_vnd, lines);
    if (late_share != NULL)
        *ret_vnd += lump_add(TEXT_PENSION_LUMP_LATE, years, late_share, above - early,
                             request->average_vnd, lines);
    return 0;
}
