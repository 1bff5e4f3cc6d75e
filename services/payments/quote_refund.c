/* QuoteRefund: what would come back of a payment whose months are not used. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/domain/refund.h"
#include "common/service/explain_answer.h"
#include "common/service/policy.h"
#include "services/payments/payments.h"
#include "services/payments/payments_rules.h"
#include "services/payments/quote_unit.h"

static void answer(struct bus_request *request, const struct quote *refund)
{
    Ansinh__V1__QuoteRefundResponse out;
    ansinh__v1__quote_refund_response__init(&out);
    out.lines = explain_answer(request->arena, &refund->lines);
    if (out.lines == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    out.n_lines = refund->lines.n;
    out.gross_vnd = refund->gross_vnd;
    out.refund_vnd = refund->participant_vnd;
    out.central_vnd = refund->central_vnd;
    out.local_vnd = refund->local_vnd;
    out.donor_vnd = refund->donor_vnd;
    out.unused_months = refund->months;
    out.months_supported = refund->months_supported;
    bus_reply(request, &out.base);
}

static int days_read(const Ansinh__V1__QuoteRefundRequest *in, struct refund_request *ret,
                     struct err *err)
{
    ret->on_day = clock_business_day(clock_wall_ms());
    if (in->on[0] != '\0' && date_parse(in->on, &ret->on_day) < 0)
        return err_field(err, -EINVAL, "on", "want a date as YYYY-MM-DD");
    if (date_parse(in->paid_on, &ret->paid_day) < 0)
        return err_field(err, -EINVAL, "paid_on", "want a date as YYYY-MM-DD");
    if (ret->paid_day > ret->on_day)
        return err_field(err, -EINVAL, "paid_on", "the payment lies after the refund");
    return 0;
}

/* The payment as it was made: quoted by the rules of its day. */
static int payment_quote(const struct policy *policy, const struct directory_unit *unit,
                         const Ansinh__V1__QuoteRefundRequest *in, struct refund_request *ret,
                         struct err *err)
{
    struct quote_request wanted = {
        .income_vnd = in->income_vnd,
        .method = (enum method)in->method,
        .months = in->months,
        .group = (enum support_group)in->support_group,
        .is_special_zone = unit->is_special_zone,
        .province = directory_province(unit),
        .on_day = ret->paid_day,
        .months_supported = in->months_supported,
        .months_supported_earlier = in->months_supported_earlier,
    };
    struct quote paid;
    int rc = contribution_quote(policy, &wanted, &paid, err);
    if (rc < 0) {
        if (err != NULL && strcmp(err->field, "on") == 0)
            (void)snprintf(err->field, sizeof(err->field), "paid_on");
        return rc;
    }
    ret->reason = (enum refund_reason)in->reason;
    ret->method = wanted.method;
    ret->income_vnd = wanted.income_vnd;
    ret->months = paid.months;
    ret->months_supported = paid.months_supported;
    ret->central_vnd = paid.central_vnd;
    ret->local_vnd = paid.local_vnd;
    ret->donor_vnd = paid.donor_vnd;
    return 0;
}

static int used_read(const Ansinh__V1__QuoteRefundRequest *in, struct refund_request *ret,
                     struct err *err)
{
    int32_t from_month;
    int64_t used = in->used_months;
    const char *field = "used_months";
    if (in->used_case == ANSINH__V1__QUOTE_REFUND_REQUEST__USED_FROM_MONTH) {
        field = "from_month";
        if (month_parse(in->from_month, &from_month) < 0)
            return err_field(err, -EINVAL, field, "want a month as YYYY-MM");
        used = MAX(month_of_day(ret->on_day) - from_month + 1, 0);
    } else if (in->used_case != ANSINH__V1__QUOTE_REFUND_REQUEST__USED_USED_MONTHS) {
        return err_field(err, -EINVAL, field, "want one of used_months, from_month");
    }
    if (used >= ret->months)
        return err_field(err, -EINVAL, field, "all %u months of the payment are used", ret->months);
    ret->months_unused = ret->months - (uint32_t)used;
    return 0;
}

static void quote_refund(struct service *svc, struct bus_request *request,
                         const struct directory_unit *unit)
{
    const Ansinh__V1__QuoteRefundRequest *in =
        (const Ansinh__V1__QuoteRefundRequest *)request->input;
    struct refund_request wanted = {0};
    struct err err = {0};
    struct quote refund;
    int rc = days_read(in, &wanted, &err);
    if (rc == 0)
        rc = payment_quote(svc->policy, unit, in, &wanted, &err);
    if (rc == 0)
        rc = used_read(in, &wanted, &err);
    if (rc == 0)
        rc = refund_quote(svc->policy, &wanted, &refund, &err);
    if (rc == 0)
        answer(request, &refund);
    else
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
}

void on_quote_refund(void *arg, struct bus_request *request)
{
    const Ansinh__V1__QuoteRefundRequest *in =
        (const Ansinh__V1__QuoteRefundRequest *)request->input;
    quote_unit(arg, request, in->unit_code, quote_refund);
}
