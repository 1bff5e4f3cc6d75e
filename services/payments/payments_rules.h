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

#define OFFICER_CODE_MAX_BYTES 32
/* Empty, or at most 32 letters, digits, ".", "_", "-". -EINVAL with the field. */
int officer_code_check(const char *text, const char *field, struct err *err) MUST_CHECK;

/* A business date of a request: empty is today. -EINVAL with the field: no date, or in the future.
 */
int business_date_parse(const char *text, const char *field, int32_t today, int32_t *ret_day,
                        struct err *err) MUST_CHECK;

/* What the participant's commune means for the supports. */
struct bill_place {
    int is_special_zone;
    uint32_t province; /* code as a number */
};

/* The days around a day on which its bill is the same: those of its calendar month between two
 * changes of the rules, of health insurance or else of voluntary insurance. The first and the last
 * are included. */
void bill_window(const struct policy *policy, int is_health, int32_t day, int32_t *ret_first,
                 int32_t *ret_last);

/* What stands against any bill on a day: -EPERM, field "participant_id" or "method", or -ERANGE,
 * field "on". */
int bill_check_open(const struct citizen *citizen, int32_t on_day, struct err *err) MUST_CHECK;

/* True when the open bill is still what would be billed on a day: valid then, and for the same
 * months. */
int bill_is_current(const struct policy *policy, const struct citizen *citizen, int32_t on_day);

/* The next bill for a day: amounts by the rules of that day, so it is valid to the end of the day's
 * month, or until rules change. Its months are those of standing_on(); missing months are none of
 * the calendar. Errors as contribution_quote, but -EPERM where not the request but the declaration
 * must change; and -EPERM, field "participant_id" or "method": the participation is over, or no
 * months of a lump sum are open; -ERANGE, field "on": a day before the enrolment or the last
 * change, in a month that is paid (nothing is billed ahead at today's rules) or with months that
 * are. The text names the months paid. */
int bill_make(const struct policy *policy, const struct citizen *citizen,
              const struct bill_place *place, int32_t on_day, struct citizen_bill *ret,
              struct err *err) MUST_CHECK;

/* Whether the support of a day was given under a limit that is over: months before July 2025. */
int support_is_earlier(const struct policy *policy, int32_t day, int32_t today);

/* The state after the open bill is paid, which has its card if it is one of health insurance.
 * -EEXIST: one of its months is paid already. */
int bill_settle(const struct citizen *before, int32_t paid_day, int is_support_earlier,
                struct citizen *ret) MUST_CHECK;

/* A payment, with what it replaced in the record. */
struct payment {
    uint32_t bill_number;
    struct citizen_bill bill; /* paid_day is set */
    int is_first, is_support_earlier;
    uint32_t paid_number_before;
    struct citizen_bill payment_before; /* no months: nothing of the record was replaced */
    struct month_range folded;          /* as coverage_folded */
    int is_health;
    struct health_card card_before;
};

/* Of bill_settle. */
void payment_of(const struct citizen *before, const struct citizen *after, int32_t paid_day,
                int is_support_earlier, struct payment *ret);

/* The state after a payment is taken back: that before bill_settle, but that the bill stays dead;
 * its number is left out, and so is that of a bill made since. Only the newest payment, one after
 * the other, since the months and supports of each follow from those before it; and none before a
 * declaration, which takes its months for paid (Law 41/2024/QH15, article 36(2)), or before the
 * end, whose refund does. -EPERM, field "payment_id". */
int bill_unsettle(const struct citizen *before, const struct payment *payment, struct citizen *ret,
                  struct err *err) MUST_CHECK;

/* The last instant, in ms of wall time, before which a payment of a business date may be reversed:
 * the minute of its cut-off, counted from midnight in +07:00. */
int64_t reversal_until_ms(int32_t paid_day, uint32_t cut_off_minute);

enum bill_verdict {
    BILL_PAYABLE,
    BILL_PAID,
    BILL_REPLACED,
    BILL_UNKNOWN,
    BILL_EXPIRED,
    BILL_EARLY
};

/* Whether bill number may be paid on a day. */
enum bill_verdict bill_judge(const struct policy *policy, const struct citizen *citizen,
                             uint32_t number, int32_t paid_day);

#endif
