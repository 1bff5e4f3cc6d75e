/* Who may join voluntary social insurance. Pure, no I/O. */
#ifndef ANSINH_DOMAIN_ELIGIBILITY_H
#define ANSINH_DOMAIN_ELIGIBILITY_H

#include <stdint.h>

#include "common/domain/explain.h"

/* What keeps a person out: numbers of ansinh.v1.EligibilityBar. */
enum eligibility_bar {
    BAR_NONE,
    BAR_AGE,
    BAR_COMPULSORY_SI,
    BAR_PENSION,
    BAR_ALLOWANCE,
    BAR_FOREIGN_CITIZEN,
    ELIGIBILITY_BARS
};

struct eligibility_request {
    int32_t birth_day, on_day;
    int has[ELIGIBILITY_BARS]; /* what the person says of themselves; BAR_AGE follows from the day
                                */
};

struct eligibility {
    struct explain_lines lines;                  /* the reasons; none: may join */
    enum eligibility_bar bars[ELIGIBILITY_BARS]; /* of each line */
};

/* Names everything that keeps the person out on the day, by the rows in force then. -EINVAL, field
 * "birth_date": after the day; -ERANGE, field "on": a day that the tables do not know. */
int eligibility_check(const struct policy *policy, const struct eligibility_request *request,
                      struct eligibility *ret, struct err *err) MUST_CHECK;

#endif
