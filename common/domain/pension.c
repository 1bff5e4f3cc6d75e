#include "common/domain/pension.h"

#include <errno.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution.h"

#define MONTHS_PER_YEAR 12
#define YEAR_FIRST 1900
#define YEAR_LAST 2199
#define FULL_COEFFICIENT 100

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

static int64_t half_years(uint32_t months)
{
    uint32_t odd = months % MONTHS_PER_YEAR;
    return (int64_t)(months / MONTHS_PER_YEAR) * 2 + (odd == 0 ? 0 : odd <= 6 ? 1 : 2);
}

int pension_rate(const struct policy *policy, enum sex sex, uint32_t months, int32_t on_day,
                 int64_t *ret_basis_points, const struct policy_row **row, struct err *err)
{
    const struct policy_row *step, *most;
    int64_t halves = half_years(months);
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

/* The chosen income must be one that may be paid; the contribution rules know the range. */
static int income_check(const struct policy *policy, const struct illustration_request *request,
                        struct err *err)
{
    struct quote_request monthly = {.income_vnd = request->income_vnd,
                                    .method = METHOD_IS_MONTHLY,
                                    .group = GROUP_OTHER,
                                    .on_day = request->on_day};
    struct quote quote;
    return contribution_quote(policy, &monthly, &quote, err);
}

static int request_check(const struct policy *policy, const struct illustration_request *request,
                         struct err *err)
{
    const struct policy_row *minimum;
    int32_t away = request->start_month - month_of_day(request->on_day);
    if (request->sex != SEX_IS_FEMALE && request->sex != SEX_IS_MALE)
        return err_field(err, -EINVAL, "sex", "want SEX_FEMALE or SEX_MALE");
    if (away < -ILLUSTRATION_START_MONTHS_MAX || away > ILLUSTRATION_START_MONTHS_MAX)
        return err_field(err, -EINVAL, "start_month", "want a month at most %d years away",
                         ILLUSTRATION_START_MONTHS_MAX / MONTHS_PER_YEAR);
    if (request->paid_months > ILLUSTRATION_PAID_MONTHS_MAX)
        return err_field(err, -EINVAL, "paid_months", "want at most %d",
                         ILLUSTRATION_PAID_MONTHS_MAX);
    int rc = policy_need(policy, POLICY_MINIMUM_AGE, 0, request->on_day, &minimum, err);
    if (rc != 0)
        return rc;
    int32_t first = request->start_month - (int32_t)request->paid_months;
    if (first < YEAR_FIRST * MONTHS_PER_YEAR ||
        age_on(request->birth_day, month_last_day(first)) < minimum->value)
        return err_field(err, -EINVAL, request->paid_months > 0 ? "paid_months" : "start_month",
                         "the first month lies before the age of %lld (%s)",
                         (long long)minimum->value, minimum->citation);
    return income_check(policy, request, err);
}

/* Any row of the coefficients of the day, to be cited. */
static int coefficients_need(const struct policy *policy, int32_t day,
                             const struct policy_row **ret, struct err *err)
{
    const struct policy_table *table = &policy->tables[POLICY_INCOME_COEFFICIENT];
    for (size_t i = 0; i < table->n; i++) {
        *ret = &table->rows[i];
        if ((*ret)->from_day <= day && day <= (*ret)->to_day)
            return 0;
    }
    return policy_need(policy, POLICY_INCOME_COEFFICIENT, 0, day, ret, err);
}

/* The average of all incomes, each times the coefficient of its year; 1 for the day's own year and
 * those to come where the tables have none. */
static int average_add(const struct policy *policy, const struct illustration_request *request,
                       struct illustration *ret, struct err *err)
{
    const struct policy_row *cited;
    int32_t first = request->start_month - (int32_t)request->paid_months;
    int32_t this_year = month_of_day(request->on_day) / MONTHS_PER_YEAR;
    int rc = coefficients_need(policy, request->on_day, &cited, err);
    if (rc != 0)
        return rc;
    int64_t sum = 0;
    for (int32_t month = first; month < first + (int32_t)ret->months; month++) {
        int32_t year = month / MONTHS_PER_YEAR;
        const struct policy_row *row =
            policy_on(policy, POLICY_INCOME_COEFFICIENT, year, request->on_day);
        if (row == NULL && year < this_year)
            return err_field(err, -ERANGE, "paid_months",
                             "the tables have no income_coefficient for %d", year);
        sum += row == NULL ? FULL_COEFFICIENT : row->value;
    }
    ret->average_vnd =
        divide_half_up(request->income_vnd * sum, (int64_t)FULL_COEFFICIENT * ret->months);
    explain_add(&ret->lines, TEXT_AVERAGE_INCOME, ret->average_vnd, cited,
                {OPERAND_VND, request->income_vnd}, {OPERAND_MONTHS, ret->months});
    return 0;
}

/* Until when is paid: the month in which both age and years are reached, the start's eve at
 * least. */
static int months_add(const struct policy *policy, const struct illustration_request *request,
                      struct illustration *ret, struct err *err)
{
    const struct policy_row *age, *years;
    int rc =
        pension_age_month(policy, request->sex, request->birth_day, &ret->age_month, &age, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_PENSION_YEARS_MIN, 0, request->on_day, &years, err);
    if (rc != 0)
        return rc;
    ret->required_years = (uint32_t)years->value;
    int32_t missing =
        (int32_t)ret->required_years * MONTHS_PER_YEAR - (int32_t)request->paid_months;
    int32_t eve = request->start_month - 1, last = MAX(ret->age_month, eve + MAX(missing, 0));
    if (last / MONTHS_PER_YEAR >= YEAR_LAST)
        return err_field(err, -ERANGE, "start_month", "the pension would begin after %d",
                         YEAR_LAST);
    ret->months = request->paid_months + (uint32_t)(last - eve);
    ret->pension_month = last + 1;
    explain_add(&ret->lines, TEXT_RETIREMENT_AGE, 0, age, {OPERAND_AGE, age->value},
                {OPERAND_MONTH, ret->age_month});
    explain_add(&ret->lines, TEXT_REQUIRED_YEARS, 0, years, {OPERAND_YEARS, ret->required_years},
                {OPERAND_DURATION, ret->months}, {OPERAND_MONTH, last});
    return 0;
}

static int lump_add(const struct policy *policy, const struct illustration_request *request,
                    struct illustration *ret, struct err *err)
{
    const struct policy_row *years, *share;
    int rc = policy_need(policy, POLICY_PENSION_LUMP_YEARS, (int32_t)request->sex, request->on_day,
                         &years, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_PENSION_LUMP_SHARE, 0, request->on_day, &share, err);
    if (rc != 0)
        return rc;
    int64_t above = half_years(ret->months) - 2 * years->value;
    if (above <= 0)
        return 0;
    ret->lump_vnd =
        divide_half_up(ret->average_vnd * share->value * above, 2 * (int64_t)FULL_BASIS_POINTS);
    explain_add(&ret->lines, TEXT_PENSION_LUMP, ret->lump_vnd, years,
                {OPERAND_PER_MILLION, share->value * PER_MILLION_OF_BASIS_POINT},
                {OPERAND_VND, ret->average_vnd}, {OPERAND_HALF_YEARS, above},
                {OPERAND_COUNT, years->value});
    return 0;
}

int pension_illustrate(const struct policy *policy, const struct illustration_request *request,
                       struct illustration *ret, struct err *err)
{
    const struct policy_row *rate;
    *ret = (struct illustration){0};
    int rc = request_check(policy, request, err);
    if (rc == 0)
        rc = months_add(policy, request, ret, err);
    if (rc == 0)
        rc = average_add(policy, request, ret, err);
    if (rc == 0)
        rc = pension_rate(policy, request->sex, ret->months, request->on_day,
                          &ret->rate_basis_points, &rate, err);
    if (rc != 0)
        return rc;
    ret->monthly_vnd = divide_half_up(ret->average_vnd * ret->rate_basis_points, FULL_BASIS_POINTS);
    explain_add(&ret->lines, TEXT_PENSION, ret->monthly_vnd, rate,
                {OPERAND_PER_MILLION, ret->rate_basis_points * PER_MILLION_OF_BASIS_POINT},
                {OPERAND_VND, ret->average_vnd});
    return lump_add(policy, request, ret, err);
}
