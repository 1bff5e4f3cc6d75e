/* Bills of family health insurance: what one asks for, and which card it buys. Pure, no I/O. */
#ifndef ANSINH_PAYMENTS_HEALTH_BILL_H
#define ANSINH_PAYMENTS_HEALTH_BILL_H

#include "services/payments/payments_rules.h"

/* What is asked for; 0: whatever the open bill has, also one that has expired. */
struct health_terms {
    uint32_t months;
    uint32_t member_rank;
};

/* Sets the card that the bill buys when it is paid on a day, since the months count from there. At
 * most one card is bought ahead: -EPERM, field "on", while the newest has not begun; -ERANGE, field
 * "on": a day that the tables do not know. */
int health_bill_date(const struct policy *policy, const struct citizen *citizen, int32_t on_day,
                     struct citizen_bill *bill, struct err *err) MUST_CHECK;

/* True when the open bill is what would be billed on a day. */
int health_bill_is_current(const struct policy *policy, const struct citizen *citizen,
                           const struct health_terms *terms, int32_t on_day);

/* The next bill for a day: the amount by the rules of that day, valid to the end of its month, or
 * until they change; with its card. Errors as household_health_quote and health_bill_date, and what
 * bill_check_open says. */
int health_bill_make(const struct policy *policy, const struct citizen *citizen,
                     const struct health_terms *terms, int32_t on_day, struct citizen_bill *ret,
                     struct err *err) MUST_CHECK;

#endif
