/* Bills: how they are numbered, when they end, what a payment must match. Pure, no I/O. */
#ifndef ANSINH_PAYMENTS_PAYMENTS_RULES_H
#define ANSINH_PAYMENTS_PAYMENTS_RULES_H

#include "common/base/err.h"
#include "common/base/id.h"
#include "common/domain/citizen.h"
#include "common/domain/contribution.h"

#define BILL_ID_TEXT_BYTES 40
#define BILL_NUMBER_MAX 1000000
#define AMOUNT_MAX_VND (1LL << 53) /* what every client's JSON can carry exactly */

/* "<26 characters of the participant>-<number>" */
void bill_id_format(const uint8_t citizen[ID_BYTES], uint32_t number, char ret[BILL_ID_TEXT_BYTES]);
/* -EINVAL, field "bill_id". */
int bill_id_parse(const char *text, uint8_t ret_citizen[ID_BYTES], uint32_t *ret_number,
                  struct err *err) MUST_CHECK;

/* A business date of a request: empty is today. -EINVAL with the field: no date, or in the future.
 */
int business_date_parse(const char *text, const char *field, int32_t today, int32_t *ret_day,
                        struct err *err) MUST_CHECK;

/* What the participant's commune means for the supports. */
struct bill_place {
    int is_special_zone;
    uint32_t province; /* code as a number */
};

/* True when the open bill is still what would be billed on a day: valid then, and for the same
 * month on. */
int bill_is_current(const struct citizen *citizen, int32_t on_day);

/* The next bill for a day: amounts by the rules of that day. The bill is valid to the end of its
 * day's month: then the law's deadline for a monthly method passes (Law 41/2024/QH15, article
 * 36(3)) and rules may change. Errors as contribution_quote; and -ERANGE, field "on", for a day
 * before the enrolment or in a month that is paid: nothing is billed ahead at today's rules. */
int bill_make(const struct policy *policy, const struct citizen *citizen,
              const struct bill_place *place, int32_t on_day, struct citizen_bill *ret,
              struct err *err) MUST_CHECK;

/* The state after the open bill is paid. */
void bill_settle(const struct citizen *before, struct citizen *ret);

enum bill_verdict {
    BILL_PAYABLE,
    BILL_PAID,
    BILL_REPLACED,
    BILL_UNKNOWN,
    BILL_EXPIRED,
    BILL_EARLY
};

/* Whether bill number may be paid on a day. */
enum bill_verdict bill_judge(const struct citizen *citizen, uint32_t number, int32_t paid_day);

#endif
