/* What a collecting organisation gets for a payment that it collected. Pure, no I/O. */
#ifndef ANSINH_DOMAIN_COMMISSION_H
#define ANSINH_DOMAIN_COMMISSION_H

#include "common/domain/contribution.h"

/* The share of a method on a day, for who joins or who paid before; NULL: none is set. */
const struct policy_row *commission_on(const struct policy *policy, enum method method,
                                       int is_renewal, int32_t day);

/* That share of what the participant paid, half-up, with a line that cites the row; 0 without a
 * line where none is set. participant_vnd is that of one payment. */
int64_t commission_of(const struct policy *policy, enum method method, int is_renewal, int32_t day,
                      int64_t participant_vnd, struct explain_lines *lines);

#endif
