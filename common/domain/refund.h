/* What is given back of a payment whose months will not be used (Decree 159/2025, article 8): to
 * the participant, and to those who supported the months. Pure, no I/O. */
#ifndef ANSINH_DOMAIN_REFUND_H
#define ANSINH_DOMAIN_REFUND_H

#include "common/domain/contribution.h"

/* Numbers of ansinh.v1.RefundReason. */
enum refund_reason {
    REFUND_REASON_NONE,
    REFUND_REASON_IS_COMPULSORY_SI,
    REFUND_REASON_IS_ONE_OFF,
    REFUND_REASON_IS_DEATH,
    REFUND_REASON_IS_PENSION,
    REFUND_REASONS_END
};

struct refund_request {
    enum refund_reason reason;
    int32_t on_day;         /* of the refund: its rules say whether there is one */
    uint32_t months_unused; /* the last ones of the payment, 1 to all */
    /* The payment; its day's rules say how much. */
    int32_t paid_day;
    enum method method;
    int64_t income_vnd;
    uint32_t months, months_supported;         /* the first ones carry support */
    int64_t central_vnd, local_vnd, donor_vnd; /* for all months_supported */
};

/* A quote of the unused months: gross_vnd is what was paid for them, with the discount that they
 * had, central_vnd, local_vnd and donor_vnd go back to who gave them (where they are more than
 * gross_vnd the donors get less, then the province), participant_vnd is the refund, which is never
 * negative. Lines add up to participant_vnd; no warnings. -EINVAL: reason, months_unused, months or
 * method (METHOD_IS_MISSING_MONTHS lie in the past: none is unused); -ERANGE, field "on": no refund
 * for this reason on the day, or "paid_on": the tables do not know the day of the payment. */
int refund_quote(const struct policy *policy, const struct refund_request *request,
                 struct quote *ret, struct err *err) MUST_CHECK;

#endif
