/* Recording a payment: what every method that does so has in common. */
#ifndef ANSINH_PAYMENTS_PAYMENT_MAKE_H
#define ANSINH_PAYMENTS_PAYMENT_MAKE_H

#include "common/service/command.h"
#include "services/payments/payments_rules.h"

/* What is said of a payment; texts live as long as the command. */
struct payment_terms {
    uint32_t bill_number, bill_version;
    int64_t amount_vnd;
    int32_t made_day;      /* on which the bill must be valid, and whose rules hold */
    int32_t paid_day;      /* business date */
    const char *day_field; /* of the request */
    Ansinh__V1__PaymentChannel channel;
    char *point_code, *collector_code; /* known codes, or "" */
    const char *organisation;          /* "": that of point or collector */
};

/* Whether the citizen's open bill may be paid so. -ENOENT: no such bill; -EPERM: not in this state;
 * -EINVAL: the date. err names the field. */
int payment_judge(const struct policy *policy, const struct citizen *citizen,
                  const struct payment_terms *terms, struct err *err) MUST_CHECK;

/* The code for such a failure. */
Ansinh__V1__Code payment_code(int rc);

/* Judges, then fills the next state, the totals and the event of a command; its answer is the
 * caller's, and what the event says besides. 0, or as above, or -ENOMEM. */
int payment_make(struct command_state *state, const struct payment_terms *terms,
                 struct err *err) MUST_CHECK;

#endif
