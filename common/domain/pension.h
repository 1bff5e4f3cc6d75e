/* What voluntary contributions bring in old age: an illustration in today's money, no promise.
 * Pure, no I/O. */
#ifndef ANSINH_DOMAIN_PENSION_H
#define ANSINH_DOMAIN_PENSION_H

#include <stdint.h>

#include "common/domain/explain.h"
#include "common/domain/identity.h"

#define ILLUSTRATION_PAID_MONTHS_MAX 720
#define ILLUSTRATION_START_MONTHS_MAX 600 /* before and after the day asked about */

/* The month in which a person reaches the retirement age of the calendar: the first year in which
 * birth month and that year's age fall into that year or before. *row is the year's. -ERANGE, field
 * "birth_date": no such year in the tables. */
int pension_age_month(const struct policy *policy, enum sex sex, int32_t birth_day,
                      int32_t *ret_month, const struct policy_row **row,
                      struct err *err) MUST_CHECK;

/* Share of the average income for months of contributions; 1 to 6 odd months count as half a year,
 * 7 to 11 as one. -ERANGE, field "on": the tables know no rate for so few years. */
int pension_rate(const struct policy *policy, enum sex sex, uint32_t months, int32_t on_day,
                 int64_t *ret_basis_points, const struct policy_row **row,
                 struct err *err) MUST_CHECK;

/* Pays income_vnd every month from start_month until age and required years are reached; the
 * paid_months before start_month were paid on the same income. */
struct illustration_request {
    enum sex sex;
    int32_t birth_day, on_day;
    int64_t income_vnd;
    int32_t start_month;
    uint32_t paid_months;
};

struct illustration {
    int32_t age_month, pension_month; /* the pension begins after the month that fulfils all */
    uint32_t required_years;
    uint32_t months; /* paid until then */
    int64_t rate_basis_points;
    int64_t average_vnd, monthly_vnd;
    int64_t lump_vnd; /* once, for the years above those that raise the rate */
    struct explain_lines lines;
};

/* By the rules of on_day, but the retirement age of the year it is reached. -EINVAL or -ERANGE with
 * the field: sex, start_month, paid_months, income_vnd (floor and cap of the day), birth_date, on.
 */
int pension_illustrate(const struct policy *policy, const struct illustration_request *request,
                       struct illustration *ret, struct err *err) MUST_CHECK;

#endif
