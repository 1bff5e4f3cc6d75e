/* When a partner's payment counts. Pure, no I/O. */
#ifndef ANSINH_PAYMENTS_COLL_RULES_H
#define ANSINH_PAYMENTS_COLL_RULES_H

#include <stdint.h>

#define CUT_OFF_USUAL_MINUTE (18 * 60) /* after midnight, of a partner that says nothing else */

/* The business date of a payment made at a moment: its day in +07:00, from the minute of the
 * cut-off on (0: the usual one) the next. */
int32_t coll_business_day(int64_t paid_at_ms, uint32_t cut_off_minute);

#endif
