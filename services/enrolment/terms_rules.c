#include "services/enrolment/terms_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"

#define MONTHS_PER_YEAR 12

/* An open bill is replaced by nothing: its number must be an old one. */
static void drop_bill(struct citizen *self)
{
    if (self->bill.months == 0)
        return;
    memset(&self->bill, 0, sizeof(self->bill));
    self->bill_number++;
}

static int check_running(const struct citizen *before, struct err *err)
{
    char date[DATE_TEXT_BYTES];
    if (before->end_reason == END_NONE)
        return 0;
    date_format(before->end_day, date);
    return err_field(err, -EPERM, "participant_id", "the participation has ended on %s", date);
}

/* --- another contribution --------------------------------------------------------------------- */

int change_is_declaration(const struct change_request *request)
{
    return request->income_vnd != 0 || request->method != 0 || request->months != 0;
}

static const char *declared_field(const struct change_request *request)
{
    return request->income_vnd != 0 ? "income_vnd" : request->method != 0 ? "method" : "months";
}

/* What is paid holds until its months are over. */
static int check_completed(const struct policy *policy, const struct citizen *before,
                           const struct change_request *request, struct err *err)
{
    char until[MONTH_TEXT_BYTES], from[DATE_TEXT_BYTES];
    int is_lump = method_is_lump_sum((enum method)before->method);
    uint32_t last = coverage_until(&before->coverage);
    if (last < (uint32_t)month_of_day(request->on_day))
        return 0;
    const struct policy_row *law =
        policy_on(policy, is_lump ? POLICY_FUTURE_YEARS_MAX : POLICY_METHOD_MONTHS,
                  is_lump ? 0 : before->method, request->on_day);
    month_format((int32_t)last, until);
    date_format(month_last_day((int32_t)last) + 1, from);
    return err_field(err, -EPERM, declared_field(request),
                     "paid until %s; may be changed from %s on (%.80s)", until, from,
                     law == NULL ? "no law is known for the day" : law->citation);
}

/* Where our own count alone leaves less missing than the law lets be made up for, it decides; else
 * months that were paid elsewhere may count. */
static uint32_t months_known(const struct policy *policy, const struct citizen *before,
                             int32_t on_day)
{
    const struct policy_row *years = policy_on(policy, POLICY_PENSION_YEARS_MIN, 0, on_day);
    const struct policy_row *most = policy_on(policy, POLICY_MISSING_MONTHS_MAX, 0, on_day);
    uint32_t paid = citizen_months_paid(before);
    if (years == NULL || most == NULL || paid + most->value < years->value * MONTHS_PER_YEAR)
        return 0;
    return MIN(paid, PERSON_MONTHS_MAX);
}

static int quote_terms(const struct policy *policy, const struct citizen *before,
                       const struct change_request *change, const struct citizen *next,
                       struct quote *ret, struct err *err)
{
    struct quote_request request = {
        .income_vnd = next->income_vnd,
        .method = change->method != 0 ? (enum method)change->method : (enum method)before->method,
        .months = change->months,
        .group = change->support_group != 0 ? (enum support_group)change->support_group
                                            : (enum support_group)before->support_group,
        .on_day = change->on_day,
        .sex = change->sex,
        .birth_day = change->birth_day,
    };
    if (request.method == (enum method)before->method && request.months == 0)
        request.months = before->lump_months; /* still open */
    if (method_is_lump_sum(request.method))
        request.months_paid = months_known(policy, before, change->on_day);
    return contribution_quote(policy, &request, ret, err);
}

static int check_day(const struct citizen *before, int32_t on_day, struct err *err)
{
    char date[DATE_TEXT_BYTES];
    if (on_day >= before->changed_day)
        return 0;
    date_format(before->changed_day, date);
    return err_field(err, -EINVAL, "on", "the date is before the last change, of %s", date);
}

static int declare(const struct policy *policy, const struct citizen *before,
                   const struct change_request *request, struct citizen *ret, struct quote *quote,
                   struct err *err)
{
    int rc = quote_terms(policy, before, request, ret, quote, err);
    if (rc == 0)
        rc = check_completed(policy, before, request, err);
    if (rc != 0)
        return rc;
    if (request->method != 0)
        ret->method = (uint8_t)request->method;
    ret->lump_months = method_is_lump_sum((enum method)ret->method) ? quote->months : 0;
    ret->declared_day = request->on_day;
    memset(&ret->payment, 0, sizeof(ret->payment)); /* its months are over */
    ret->paid_number = 0;
    return 0;
}

int change_decide(const struct policy *policy, const struct citizen *before,
                  const struct change_request *request, struct citizen *ret, struct quote *quote,
                  struct err *err)
{
    *ret = *before;
    *quote = (struct quote){0};
    if (!change_is_declaration(request) && request->support_group == 0 && request->commune == 0)
        return err_field(err, -EINVAL, "method",
                         "want one of income_vnd, method, months, support_group, unit_code");
    if (request->support_group < 0 || request->support_group > GROUP_OTHER)
        return err_field(err, -EINVAL, "support_group",
                         "want one of SUPPORT_GROUP_POOR to SUPPORT_GROUP_OTHER");
    int rc = check_running(before, err);
    if (rc == 0)
        rc = check_day(before, request->on_day, err);
    if (request->income_vnd != 0)
        ret->income_vnd = request->income_vnd;
    if (rc == 0 && change_is_declaration(request))
        rc = declare(policy, before, request, ret, quote, err);
    if (rc != 0)
        return rc;
    if (request->support_group != 0)
        ret->support_group = (uint8_t)request->support_group;
    if (request->commune != 0)
        ret->commune = request->commune;
    ret->changed_day = request->on_day;
    drop_bill(ret);
    return 0;
}

/* --- the end ---------------------------------------------------------------------------------- */

static enum refund_reason refund_reason(int reason)
{
    static const enum refund_reason reasons[END_REASONS] = {
        [END_IS_TO_COMPULSORY] = REFUND_REASON_IS_COMPULSORY_SI,
        [END_IS_ONE_OFF] = REFUND_REASON_IS_ONE_OFF,
        [END_IS_PENSION] = REFUND_REASON_IS_PENSION,
        [END_IS_DECEASED] = REFUND_REASON_IS_DEATH,
    };
    return reasons[reason];
}

/* The record knows the sums of one payment alone. */
static int check_payment(const struct citizen *before, const struct end_request *request,
                         const struct ending *ending, struct err *err)
{
    const struct citizen_bill *payment = &before->payment;
    uint32_t until = coverage_until(&before->coverage), known_from = until + 1;
    if (payment->months > 0 && payment->from_month + payment->months - 1 == until)
        known_from = payment->from_month;
    if (ending->from_month >= known_from)
        return 0;
    char date[DATE_TEXT_BYTES];
    uint32_t month = request->reason == END_IS_TO_COMPULSORY ? known_from : known_from - 1;
    date_format(month_first_day((int32_t)month), date);
    return err_field(err, -EPERM, "on",
                     "months of more than the last payment would be unused; want %s or later",
                     date);
}

static int quote_refund(const struct policy *policy, const struct citizen *before,
                        const struct end_request *request, struct ending *ending, struct err *err)
{
    const struct citizen_bill *payment = &before->payment;
    struct refund_request refund = {
        .reason = refund_reason(request->reason),
        .on_day = request->on_day,
        .months_unused = ending->months,
        .paid_day = payment->paid_day,
        .method = (enum method)before->method,
        .income_vnd = before->income_vnd,
        .months = payment->months,
        .months_supported = payment->months_supported,
        .central_vnd = payment->central_vnd,
        .local_vnd = payment->local_vnd,
        .donor_vnd = payment->donor_vnd,
    };
    int rc = check_payment(before, request, ending, err);
    if (rc == 0)
        rc = refund_quote(policy, &refund, &ending->refund, err);
    if (rc < 0 && err != NULL)
        (void)snprintf(err->field, sizeof(err->field), "on");
    return rc;
}

static int check_end(const struct citizen *before, const struct end_request *request,
                     struct err *err)
{
    if (request->reason <= END_NONE || request->reason >= END_REASONS)
        return err_field(err, -EINVAL, "reason",
                         "want one of END_REASON_TO_COMPULSORY to END_REASON_WITHDRAWN");
    int rc = check_running(before, err);
    return rc == 0 ? check_day(before, request->on_day, err) : rc;
}

int end_decide(const struct policy *policy, const struct citizen *before,
               const struct end_request *request, struct citizen *ret, struct ending *ending,
               struct err *err)
{
    *ret = *before;
    *ending = (struct ending){0};
    int rc = check_end(before, request, err);
    if (rc != 0)
        return rc;
    uint32_t first = (uint32_t)month_of_day(request->on_day) + 1;
    if (request->reason == END_IS_TO_COMPULSORY)
        first--;
    if (request->reason != END_IS_WITHDRAWN)
        ending->months = coverage_cut(&ret->coverage, first);
    if (ending->months > 0) {
        ending->from_month = coverage_until(&before->coverage) + 1 - ending->months;
        rc = quote_refund(policy, before, request, ending, err);
    }
    if (rc != 0)
        return rc;
    ret->months_supported -= ending->refund.months_supported;
    ret->months_supported_earlier = MIN(ret->months_supported_earlier, ret->months_supported);
    ret->end_reason = (uint8_t)request->reason;
    ret->end_day = ret->changed_day = request->on_day;
    ret->lump_months = 0;
    if (request->reason == END_IS_ONE_OFF)
        ret->months_settled = coverage_months(&ret->coverage) + ret->months_missing;
    memset(&ret->payment, 0, sizeof(ret->payment));
    ret->paid_number = 0;
    drop_bill(ret);
    return 0;
}

/* --- the office's decision ---------------------------------------------------------------------
 */

int acceptance_decide(const struct citizen *before, const struct acceptance *request,
                      struct citizen *ret, struct err *err)
{
    char date[DATE_TEXT_BYTES];
    int32_t accepted = before->accepted_day;
    int rc = check_running(before, err);
    if (rc != 0)
        return rc;
    if (accepted != 0 && !request->is_returned) {
        date_format(accepted, date);
        return err_field(err, -EPERM, "decision", "accepted already, on %s", date);
    }
    date_format(accepted != 0 ? accepted : before->enrolled_day, date);
    if (request->on_day < (accepted != 0 ? accepted : before->enrolled_day))
        return err_field(err, -EINVAL, "decided_on", "the date is before the %s, %s",
                         accepted != 0 ? "acceptance" : "enrolment", date);
    *ret = *before;
    ret->accepted_day = request->is_returned ? 0 : request->on_day;
    return 0;
}

/* --- the way back ----------------------------------------------------------------------------- */

int return_check(const struct citizen *before, int32_t enrolled_day, struct err *err)
{
    char date[DATE_TEXT_BYTES];
    if (before->end_reason == END_NONE) {
        date_format(before->enrolled_day, date);
        return err_field(err, -EEXIST, "personal_id", "this person has been enrolled since %s",
                         date);
    }
    date_format(before->end_day, date);
    if (before->end_reason == END_IS_PENSION || before->end_reason == END_IS_DECEASED)
        return err_field(err, -EPERM, "personal_id", "the participation has ended for good on %s",
                         date);
    if (enrolled_day < before->end_day)
        return err_field(err, -EINVAL, "enrolled_on",
                         "the date is before the end of the earlier participation, %s", date);
    return 0;
}

void return_keep(const struct citizen *before, struct citizen *ret)
{
    ret->has_paid = before->has_paid;
    ret->coverage = before->coverage;
    ret->months_missing = before->months_missing;
    ret->months_settled = before->months_settled;
    ret->months_supported = before->months_supported;
    ret->months_supported_earlier = before->months_supported_earlier;
    ret->bill_number = before->bill_number;
}
