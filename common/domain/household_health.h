/* What a member of a household owes for family health insurance. Pure, no I/O. */
#ifndef ANSINH_DOMAIN_HOUSEHOLD_HEALTH_H
#define ANSINH_DOMAIN_HOUSEHOLD_HEALTH_H

#include "common/domain/contribution.h"

#define HEALTH_RANK_MAX 99 /* more members of one household are a mistake */

struct health_request {
    uint32_t member_rank; /* order in which the members join in one fiscal year, from 1 to
                             HEALTH_RANK_MAX */
    uint32_t months;
    int32_t on_day; /* day of the payment: its base salary holds for the whole period */
};

/* Lines add up to participant_vnd, which is the gross sum: nobody else pays a part. -EINVAL:
 * member_rank is none or months is not one of the periods (err->field names it, the text gives the
 * periods and the citation); -ERANGE, field "on": a day that the tables do not know. */
int household_health_quote(const struct policy *policy, const struct health_request *request,
                           struct quote *ret, struct err *err) MUST_CHECK;

#endif
