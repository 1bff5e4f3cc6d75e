/* What contributing would bring a person: an illustration in today's money, no promise. Pure, no
 * I/O. */
#ifndef ANSINH_DOMAIN_PENSION_ILLUSTRATION_H
#define ANSINH_DOMAIN_PENSION_ILLUSTRATION_H

#include "common/domain/benefits.h"
#include "common/domain/contribution.h"
#include "common/domain/pension.h"
#include "common/domain/pension_history.h"

#define ILLUSTRATION_START_MONTHS_MAX 600 /* before and after the day asked about */
#define ILLUSTRATION_AGE_MAX 120          /* years, on that day */

/* Pays income_vnd every month from start_month until the age and the years of a pension are
 * reached. What is 0 is not said, where that makes sense. */
struct illustration_request {
    enum sex sex;
    int32_t birth_day, on_day;
    int32_t joined_day; /* 0: with the first month */
    int64_t income_vnd;
    int32_t start_month; /* 0: the month of on_day */
    /* Paid before it: months just before it on the same income, or a history. */
    uint32_t paid_months;
    struct paid_history history;
    enum method method;       /* 0: monthly */
    enum support_group group; /* 0: GROUP_OTHER */
    int is_special_zone;
    uint32_t province; /* as a quote's */
};

/* Who reaches the age with nearly all years may pay the rest at once and need not wait. */
struct illustration_missing {
    uint32_t months;    /* 0: there is nothing to make up for so */
    int32_t from_month; /* of the pension then */
    struct quote cost;
    struct explain_lines lines;
};

struct illustration {
    int32_t age_month, pension_month; /* the pension begins after the month that fulfils all */
    uint32_t required_years;
    uint32_t months, months_to_go; /* paid until then; of them from start_month on */
    int64_t rate_basis_points;
    int64_t average_vnd, monthly_vnd;
    int64_t lump_vnd;           /* once, for the years above those that raise the rate */
    struct explain_lines lines; /* of the pension */
    struct quote before, to_pay;
    struct quote payment;       /* the first one; no months: nothing is left to pay */
    struct quote payment_later; /* one when all support is used up; no months: that never comes */
    uint32_t break_even_months; /* of pension: what the participant paid in all */
    struct illustration_missing missing;
    struct explain_lines assumptions; /* without citation */
    size_t n_benefits;
    struct benefit benefits[BENEFIT_KINDS]; /* amounts at the end of all payments */
};

/* By the rules of on_day, but the retirement age of the year it is reached; incomes of the past by
 * the rules of their time. -EINVAL or -ERANGE with the field and the range: sex, birth_date,
 * start_month, paid_months, history[i].*, joined_on, income_vnd, method, support_group, on. */
int pension_illustrate(const struct policy *policy, const struct illustration_request *request,
                       struct illustration *ret, struct err *err) MUST_CHECK;

#endif
