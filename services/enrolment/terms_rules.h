/* What happens to somebody who takes part: another contribution, the end, the way back. Pure, no
 * I/O. */
#ifndef ANSINH_ENROLMENT_TERMS_RULES_H
#define ANSINH_ENROLMENT_TERMS_RULES_H

#include "common/base/err.h"
#include "common/domain/citizen.h"
#include "common/domain/identity.h"
#include "common/domain/refund.h"

/* What is 0 stays as it is. */
struct change_request {
    int64_t income_vnd;
    int method; /* numbers of the API's enums */
    uint32_t months;
    int support_group;
    uint32_t commune;
    int32_t on_day;
    enum sex sex; /* with birth_day, needed to declare a lump sum; else SEX_UNKNOWN */
    int32_t birth_day;
};

/* True when income, method or months are declared: the terms of the contribution, be it the same
 * ones once more. */
int change_is_declaration(const struct change_request *request);

/* The state after a change; an open bill is dropped. quote is that of the new terms (0 when none
 * are declared). -EINVAL or -ERANGE: the request's field and why; -EPERM: not now. The terms change
 * when the months paid are over (Law 41/2024/QH15, article 36(2)): the text says from when on. */
int change_decide(const struct policy *policy, const struct citizen *before,
                  const struct change_request *request, struct citizen *ret, struct quote *quote,
                  struct err *err) MUST_CHECK;

struct end_request {
    int reason; /* enum end_reason */
    int32_t on_day;
};

struct ending {
    uint32_t from_month, months; /* paid and not used; 0: none */
    struct quote refund;         /* of them */
};

/* The state after the end, and what is owed. Unused are the months after that of the day; for who
 * goes to compulsory insurance that one, too; who withdraws gets nothing back. -EINVAL, field
 * "reason" or "on"; -ERANGE, field "on": no refund is known for the day; -EPERM, field
 * "participant_id": ended already, or "on": months of an earlier payment than the last one would be
 * unused, of which the record does not know enough. */
int end_decide(const struct policy *policy, const struct citizen *before,
               const struct end_request *request, struct citizen *ret, struct ending *ending,
               struct err *err) MUST_CHECK;

struct acceptance {
    int is_returned;
    int32_t on_day;
};

/* The state after the social insurance office has decided on the enrolment. -EPERM, field
 * "participant_id": ended, or "decision": accepted already; -EINVAL, field "decided_on": before the
 * enrolment, or before the acceptance that is undone. */
int acceptance_decide(const struct citizen *before, const struct acceptance *request,
                      struct citizen *ret, struct err *err) MUST_CHECK;

/* Whether somebody who took part before may be enrolled on a day: -EEXIST, field "personal_id", who
 * takes part still; -EPERM, the same field, after a pension or a death; -EINVAL, field
 * "enrolled_on", before the end of that time. */
int return_check(const struct citizen *before, int32_t enrolled_day, struct err *err) MUST_CHECK;

/* What a person keeps of an earlier participation: the months, and how many were supported. */
void return_keep(const struct citizen *before, struct citizen *ret);

#endif
