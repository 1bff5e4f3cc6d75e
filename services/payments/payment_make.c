#include "services/payments/payment_make.h"

#include <errno.h>

#include "common/service/directory.h"
#include "common/service/postings.h"
#include "services/payments/health_bill.h"
#include "services/payments/payment_entry.h"
#include "services/payments/product.h"

/* --- the event -------------------------------------------------------------------------------- */

/* Who took the money; "" when neither the terms nor the codes say. */
static const char *organisation_of(const struct directory *directory,
                                   const struct payment_terms *terms)
{
    if (terms->organisation[0] != '\0')
        return terms->organisation;
    const Ansinh__V1__Collector *collector = directory_collector(directory, terms->collector_code);
    const char *point_code = terms->point_code[0] == '\0' && collector != NULL
                                 ? collector->point_code
                                 : terms->point_code;
    const Ansinh__V1__Point *point = directory_point(directory, point_code);
    return point == NULL ? "" : point->organisation_code;
}

static int set_postings(const struct command_state *state, const struct payment_terms *terms)
{
    const struct directory *directory = state->svc->directory;
    const struct citizen_bill *bill = &state->before.bill;
    struct contribution_money money = {
        .participant_vnd = bill->participant_vnd,
        .central_vnd = bill->central_vnd,
        .local_vnd = bill->local_vnd,
        .donor_vnd = bill->donor_vnd,
        .product = product_holder(event_product(&state->before)),
        .province = directory_province_code(directory, state->before.commune),
        .is_transfer = terms->channel == ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER,
        .organisation = organisation_of(directory, terms),
        .point = terms->point_code,
        .collector = terms->collector_code,
    };
    struct postings postings;
    post_payment(&money, &postings);
    return event_set_postings(state->event, &postings, state->request->arena);
}

static Ansinh__V1__Pockets *make_pockets(struct arena *arena, const struct citizen_bill *bill)
{
    Ansinh__V1__Pockets *pockets = arena_alloc(arena, sizeof(*pockets));
    if (pockets == NULL)
        return NULL;
    ansinh__v1__pockets__init(pockets);
    pockets->participant_vnd = bill->participant_vnd;
    pockets->central_vnd = bill->central_vnd;
    pockets->local_vnd = bill->local_vnd;
    pockets->donor_vnd = bill->donor_vnd;
    return pockets;
}

static int make_event(struct command_state *state, const struct payment_terms *terms,
                      const struct payment *payment)
{
    struct arena *arena = state->request->arena;
    const struct citizen *before = &state->before;
    Ansinh__V1__PaymentRecorded *paid = arena_alloc(arena, sizeof(*paid));
    state->event = arena_alloc(arena, sizeof(*state->event));
    if (state->event == NULL || paid == NULL)
        return -ENOMEM;
    ansinh__v1__event__init(state->event);
    ansinh__v1__payment_recorded__init(paid);
    paid->pockets = make_pockets(arena, &before->bill);
    paid->bill_number = before->bill_number;
    paid->from_month = before->bill.from_month;
    paid->months = before->bill.months;
    paid->months_supported = before->bill.months_supported;
    paid->paid_day = payment->bill.paid_day;
    paid->channel = terms->channel;
    paid->point_code = terms->point_code;
    paid->collector_code = terms->collector_code;
    paid->commune = before->commune;
    paid->organisation_code = (char *)(uintptr_t)organisation_of(state->svc->directory, terms);
    paid->is_first = payment->is_first;
    paid->is_support_earlier = payment->is_support_earlier;
    paid->method = (Ansinh__V1__Method)before->method;
    paid->income_vnd = before->income_vnd;
    paid->support_group = (Ansinh__V1__SupportGroup)before->support_group;
    paid->undo = payment_undo(arena, payment);
    paid->product = event_product(before);
    state->event->kind_case = ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED;
    state->event->payment_recorded = paid;
    int is_made = paid->pockets != NULL && paid->undo != NULL &&
                  event_card(arena, &payment->bill, &paid->card) == 0 &&
                  set_postings(state, terms) == 0;
    return is_made ? 0 : -ENOMEM;
}

/* --- the state -------------------------------------------------------------------------------- */

static int judge_bill(enum bill_verdict verdict, const struct payment_terms *terms, struct err *err)
{
    switch (verdict) {
    case BILL_UNKNOWN:
        return err_field(err, -ENOENT, "bill_id", "no such bill");
    case BILL_REPLACED:
        return err_field(err, -EPERM, "bill_id",
                         "this bill is paid or replaced by a later one; inquire again");
    case BILL_PAID:
        return err_field(err, -EPERM, "bill_id", "this bill is paid");
    case BILL_EXPIRED:
        return err_field(err, -EPERM, terms->day_field,
                         "this bill was valid until an earlier day; inquire again");
    case BILL_EARLY:
        return err_field(err, -EPERM, terms->day_field,
                         "this bill is valid from a later day; inquire for that day");
    case BILL_PAYABLE:
        break;
    }
    return 0;
}

static int judge_terms(const struct policy *policy, const struct citizen *citizen,
                       const struct payment_terms *terms, struct err *err)
{
    int rc =
        judge_bill(bill_judge(policy, citizen, terms->bill_number, terms->made_day), terms, err);
    if (rc < 0)
        return rc;
    if (terms->bill_version != citizen->version)
        return err_field(err, -EPERM, "bill_version", "the bill has changed; inquire again");
    if (terms->amount_vnd != citizen->bill.participant_vnd)
        return err_field(err, -EPERM, "amount_vnd", "the bill is due with %lld dong, not %lld",
                         (long long)citizen->bill.participant_vnd, (long long)terms->amount_vnd);
    if (terms->made_day < citizen->enrolled_day)
        return err_field(err, -EINVAL, terms->day_field, "the date is before the enrolment");
    if (terms->made_day < citizen->changed_day)
        return err_field(err, -EINVAL, terms->day_field,
                         "the date is before the last change of the contribution");
    return 0;
}

int payment_judge(const struct policy *policy, const struct citizen *citizen,
                  const struct payment_terms *terms, struct err *err)
{
    struct citizen_bill dated = citizen->bill;
    struct err cause = {0};
    int rc = judge_terms(policy, citizen, terms, err);
    if (rc < 0 || !citizen->is_health)
        return rc;
    rc = health_bill_date(policy, citizen, terms->made_day, &dated, &cause);
    return rc < 0 ? err_field(err, -EPERM, terms->day_field, "%s", cause.text) : 0;
}

Ansinh__V1__Code payment_code(int rc)
{
    switch (rc) {
    case -ENOENT:
        return ANSINH__V1__CODE__CODE_NOT_FOUND;
    case -EPERM:
        return ANSINH__V1__CODE__CODE_FAILED_PRECONDITION;
    case -EINVAL:
        return ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    default:
        return ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED;
    }
}

static void set_totals(struct command_state *state, const struct payment *payment)
{
    const struct citizen_bill *bill = &payment->bill;
    state->totals[TOTAL_PAYMENTS] = 1;
    state->totals[TOTAL_PARTICIPANTS] = payment->is_first;
    state->totals[TOTAL_MONTHS] = bill->months;
    state->totals[TOTAL_PARTICIPANT_VND] = bill->participant_vnd;
    state->totals[TOTAL_CENTRAL_VND] = bill->central_vnd;
    state->totals[TOTAL_LOCAL_VND] = bill->local_vnd;
    state->totals[TOTAL_DONOR_VND] = bill->donor_vnd;
}

int payment_make(struct command_state *state, const struct payment_terms *terms, struct err *err)
{
    const struct policy *policy = state->svc->policy;
    struct payment payment;
    struct citizen before = state->before;
    int rc = payment_judge(policy, &before, terms, err);
    if (rc == 0 && before.is_health)
        rc = health_bill_date(policy, &before, terms->made_day, &before.bill, err);
    if (rc < 0)
        return rc;
    int is_support_earlier =
        !before.is_health && support_is_earlier(policy, terms->made_day, state->today);
    if (bill_settle(&before, terms->paid_day, is_support_earlier, &state->next) < 0)
        return err_field(err, -EPERM, "bill_id",
                         "a month of this bill is paid already; inquire again");
    payment_of(&before, &state->next, terms->paid_day, is_support_earlier, &payment);
    set_totals(state, &payment);
    return make_event(state, terms, &payment) < 0 ? err_set(err, -ENOMEM, "no memory") : 0;
}
