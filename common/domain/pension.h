/* What voluntary contributions bring in old age: conditions and amounts of the pension. Pure, no
 * I/O. */
#ifndef ANSINH_DOMAIN_PENSION_H
#define ANSINH_DOMAIN_PENSION_H

#include <stdint.h>

#include "common/domain/explain.h"
#include "common/domain/identity.h"

/* The month in which a person reaches the retirement age of the calendar: the first year in which
 * birth month and that year's age fall into that year or before. *row is the year's. -ERANGE, field
 * "birth_date": no such year in the tables. */
int pension_age_month(const struct policy *policy, enum sex sex, int32_t birth_day,
                      int32_t *ret_month, const struct policy_row **row,
                      struct err *err) MUST_CHECK;

/* What a pension asks for. */
struct pension_terms {
    int32_t age_month; /* in which the age is reached */
    uint32_t months;   /* to be paid */
    const struct policy_row *age, *years;
    int32_t joined_day; /* for which an early joiner has these terms; 0 for everybody else */
};

/* The terms of a day, with the retirement age of the year it is reached. -ERANGE, field "on" or
 * "birth_date". */
int pension_terms(const struct policy *policy, enum sex sex, int32_t birth_day, int32_t on_day,
                  struct pension_terms *ret, struct err *err) MUST_CHECK;

/* The other terms that who joined on a day may choose: an earlier age for more years than the
 * usual ones ask for (Law 41/2024/QH15, article 141(9)). False without any. */
int pension_terms_early(const struct policy *policy, enum sex sex, int32_t birth_day,
                        int32_t joined_day, const struct pension_terms *usual,
                        struct pension_terms *ret) MUST_CHECK;

/* Halves of years: 1 to 6 odd months are half a year, 7 to 11 a whole one. */
int64_t pension_half_years(uint32_t months);

/* Share of the average income for months of contributions. -ERANGE, field "on": the tables know no
 * rate for so few years. */
int pension_rate(const struct policy *policy, enum sex sex, uint32_t months, int32_t on_day,
                 int64_t *ret_basis_points, const struct policy_row **row,
                 struct err *err) MUST_CHECK;

struct pension_lump_request {
    enum sex sex;
    uint32_t months, months_late; /* paid in all; the last of them after the retirement age */
    int32_t on_day;
    int64_t average_vnd;
};

/* What years above those that raise the rate bring once, with a line for them and one for the late
 * ones. 0 without such years. -ERANGE, field "on". */
int pension_lump(const struct policy *policy, const struct pension_lump_request *request,
                 struct explain_lines *lines, int64_t *ret_vnd, struct err *err) MUST_CHECK;

#endif
