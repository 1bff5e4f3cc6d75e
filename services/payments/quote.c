/* Quote: what would be owed, with every step and its citation. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/domain/household_health.h"
#include "common/service/explain_answer.h"
#include "common/service/policy.h"
#include "services/payments/payments.h"
#include "services/payments/payments_rules.h"
#include "services/payments/quote_unit.h"

/* -1: no memory. */
static int warnings_add(struct arena *arena, const struct quote *quote,
                        Ansinh__V1__QuoteResponse *out)
{
    Ansinh__V1__QuoteWarning *rows = arena_alloc(arena, QUOTE_WARNINGS_MAX * sizeof(*rows));
    out->warnings = arena_alloc(arena, QUOTE_WARNINGS_MAX * sizeof(*out->warnings));
    if (rows == NULL || out->warnings == NULL)
        return -1;
    for (size_t i = 0; i < quote->n_warnings; i++) {
        const struct quote_warning *warning = &quote->warnings[i];
        Ansinh__V1__QuoteWarning *row = out->warnings[i] = &rows[i];
        Ansinh__V1__QuoteLine line;
        if (explain_answer_line(arena, &warning->line, &line) < 0)
            return -1;
        ansinh__v1__quote_warning__init(row);
        row->field = arena_strndup(arena, warning->field, strlen(warning->field));
        if (row->field == NULL)
            return -1;
        row->key = line.key;
        row->text = line.explanation;
        row->text_vi = line.explanation_vi;
        row->citation = line.citation;
        row->unconfirmed = line.unconfirmed;
        row->n_operands = line.n_operands;
        row->operands = line.operands;
    }
    out->n_warnings = quote->n_warnings;
    return 0;
}

static void answer(struct bus_request *request, const struct quote *quote)
{
    Ansinh__V1__QuoteResponse out;
    ansinh__v1__quote_response__init(&out);
    out.lines = explain_answer(request->arena, &quote->lines);
    if (out.lines == NULL || warnings_add(request->arena, quote, &out) < 0) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    out.n_lines = quote->lines.n;
    out.gross_vnd = quote->gross_vnd;
    out.central_vnd = quote->central_vnd;
    out.local_vnd = quote->local_vnd;
    out.donor_vnd = quote->donor_vnd;
    out.due_vnd = quote->participant_vnd;
    out.months = quote->months;
    out.months_supported = quote->months_supported;
    bus_reply(request, &out.base);
}

/* The rules' outcome, or what is wrong. */
static void finish(struct bus_request *request, int rc, const struct quote *quote,
                   const struct err *err)
{
    if (rc == 0)
        answer(request, quote);
    else
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err->field, "%s", err->text);
}

/* The rules' day; empty is today, and a day to come may be asked about. */
static int rules_day(const Ansinh__V1__QuoteRequest *in, int32_t *ret, struct err *err)
{
    if (in->on[0] != '\0')
        return business_date_parse(in->on, "on", INT32_MAX, ret, err);
    *ret = clock_business_day(clock_wall_ms());
    return 0;
}

/* What the request knows of the person. */
static int person_read(const Ansinh__V1__QuoteRequest *in, struct quote_request *ret,
                       struct err *err)
{
    int has_birth = in->birth_date[0] != '\0', has_sex = (int)in->sex != SEX_UNKNOWN;
    if (has_birth && date_parse(in->birth_date, &ret->birth_day) < 0)
        return err_field(err, -EINVAL, "birth_date", "want a date as YYYY-MM-DD");
    if (has_birth != has_sex)
        return err_field(err, -EINVAL, has_sex ? "birth_date" : "sex",
                         "want birth_date and sex, or neither");
    if (in->missed_from[0] != '\0' && month_parse(in->missed_from, &ret->missed_from_month) < 0)
        return err_field(err, -EINVAL, "missed_from", "want a month as YYYY-MM");
    ret->sex = (enum sex)in->sex;
    ret->months_paid = in->months_paid;
    return 0;
}

static void quote_voluntary(struct service *svc, struct bus_request *request,
                            const struct directory_unit *unit)
{
    const Ansinh__V1__QuoteRequest *in = (const Ansinh__V1__QuoteRequest *)request->input;
    struct quote_request wanted = {
        .income_vnd = in->income_vnd,
        .method = in->method == ANSINH__V1__METHOD__METHOD_UNSPECIFIED ? METHOD_IS_MONTHLY
                                                                       : (enum method)in->method,
        .months = in->months,
        .group = (enum support_group)in->support_group,
        .is_special_zone = unit->is_special_zone,
        .province = directory_province(unit),
        .months_supported = in->months_supported,
        .months_supported_earlier = in->months_supported_earlier,
    };
    struct err err = {0};
    struct quote result;
    int rc = rules_day(in, &wanted.on_day, &err);
    if (rc == 0)
        rc = person_read(in, &wanted, &err);
    if (rc == 0)
        rc = contribution_quote(svc->policy, &wanted, &result, &err);
    finish(request, rc, &result, &err);
}

static void quote_health(const struct service *svc, struct bus_request *request)
{
    const Ansinh__V1__QuoteRequest *in = (const Ansinh__V1__QuoteRequest *)request->input;
    struct health_request wanted = {.member_rank = in->member_rank, .months = in->months};
    struct err err = {0};
    struct quote result;
    int rc = rules_day(in, &wanted.on_day, &err);
    if (rc == 0)
        rc = household_health_quote(svc->policy, &wanted, &result, &err);
    finish(request, rc, &result, &err);
}

void on_quote(void *arg, struct bus_request *request)
{
    struct service *svc = arg;
    const Ansinh__V1__QuoteRequest *in = (const Ansinh__V1__QuoteRequest *)request->input;
    switch (in->product) {
    case ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED:
    case ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI:
        quote_unit(svc, request, in->unit_code, quote_voluntary);
        return;
    case ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD:
        quote_health(svc, request);
        return;
    case _ANSINH__V1__PRODUCT_IS_INT_SIZE:
        break;
    }
    bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "product", "unknown product %d",
             (int)in->product);
}
