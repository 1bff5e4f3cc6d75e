/* Where a participant stands on a day: what is covered, what is due, until when it may be paid.
 * Pure, no I/O. */
#ifndef ANSINH_DOMAIN_STANDING_H
#define ANSINH_DOMAIN_STANDING_H

#include "common/base/err.h"
#include "common/domain/citizen.h"
#include "common/domain/policy.h"

/* From bad to good: a further payment never makes a day's state a lesser one. */
enum standing_state {
    STANDING_DECLARED, /* nothing is paid yet */
    STANDING_LAPSED,   /* the day's month is not covered and the deadline for it is over */
    STANDING_DUE,      /* it is not covered, but may still be paid with its whole period */
    STANDING_ACTIVE,   /* it is covered */
    STANDING_COMPLETE, /* the missing months are paid: nothing more will be due */
    STANDING_ENDED     /* the participation is over */
};

struct standing {
    enum standing_state state;
    uint32_t until;      /* last month of the range that covers the day's month, or of the last one
                            before it; 0: none */
    uint32_t from_month; /* of the calendar: first one of the next payment, made on that day or,
                            while ACTIVE, as soon as it is due; 0 when nothing will be due */
    int32_t due_day;     /* last day for that payment; 0: no deadline is running */
    const struct policy_row *deadline; /* whose citation; lives as long as the policy */
};

/* By the declaration that holds now and the deadlines of the day (Law 41/2024/QH15, article 36(3)).
 * The running period begins with the month after the last one covered, or after a lapse and for who
 * comes back with the month of the declaration; while its deadline has not passed a payment covers
 * it from its first month on, later it begins with the day's own month. A lump sum is due in the
 * month of its declaration. -ERANGE, field "on": the tables have no deadline for the day, or it
 * lies before the months of which the record knows more than the number. */
int standing_on(const struct policy *policy, const struct citizen *citizen, int32_t on_day,
                struct standing *ret, struct err *err) MUST_CHECK;

#endif
