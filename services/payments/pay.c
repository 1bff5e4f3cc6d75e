/* Pay: settles the open bill, exactly once, with the exact amount. */
#include <errno.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/postings.h"
#include "services/payments/payment_entry.h"
#include "services/payments/payments.h"
#include "services/payments/payments_rules.h"

/* Lives in the request's arena. */
struct pay {
    struct service *svc;
    struct bus_request *request;
    const Ansinh__V1__PayRequest *in;
    uint8_t citizen[ID_BYTES];
    uint32_t bill_number;
    int is_refreshed; /* the directory was asked anew: an unknown code is now really unknown */
};

/* Whose counter took the money; "" when the codes do not say. */
static const char *organisation_of(const struct pay *self)
{
    const struct directory *directory = self->svc->directory;
    const Ansinh__V1__Collector *collector =
        directory_collector(directory, self->in->collector_code);
    const char *point_code = self->in->point_code[0] == '\0' && collector != NULL
                                 ? collector->point_code
                                 : self->in->point_code;
    const Ansinh__V1__Point *point = directory_point(directory, point_code);
    return point == NULL ? "" : point->organisation_code;
}

static int set_postings(const struct pay *self, const struct citizen *before,
                        Ansinh__V1__Event *event)
{
    struct contribution_money money = {
        .participant_vnd = before->bill.participant_vnd,
        .central_vnd = before->bill.central_vnd,
        .local_vnd = before->bill.local_vnd,
        .donor_vnd = before->bill.donor_vnd,
        .product = PRODUCT_VOLUNTARY_SI,
        .province = directory_province_code(self->svc->directory, before->commune),
        .is_transfer = self->in->channel == ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER,
        .organisation = organisation_of(self),
        .point = self->in->point_code,
        .collector = self->in->collector_code,
    };
    struct postings postings;
    post_payment(&money, &postings);
    return event_set_postings(event, &postings, self->request->arena);
}

static Ansinh__V1__Event *make_event(const struct pay *self, const struct citizen *before,
                                     const struct payment *payment)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__Event *event = arena_alloc(arena, sizeof(*event));
    Ansinh__V1__PaymentRecorded *paid = arena_alloc(arena, sizeof(*paid));
    Ansinh__V1__Pockets *pockets = arena_alloc(arena, sizeof(*pockets));
    if (event == NULL || paid == NULL || pockets == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__payment_recorded__init(paid);
    ansinh__v1__pockets__init(pockets);
    pockets->participant_vnd = before->bill.participant_vnd;
    pockets->central_vnd = before->bill.central_vnd;
    pockets->local_vnd = before->bill.local_vnd;
    pockets->donor_vnd = before->bill.donor_vnd;
    paid->pockets = pockets;
    paid->bill_number = before->bill_number;
    paid->from_month = before->bill.from_month;
    paid->months = before->bill.months;
    paid->months_supported = before->bill.months_supported;
    paid->paid_day = payment->bill.paid_day;
    paid->channel = self->in->channel;
    paid->point_code = self->in->point_code;
    paid->collector_code = self->in->collector_code;
    paid->commune = before->commune;
    paid->organisation_code = (char *)(uintptr_t)organisation_of(self);
    paid->is_first = payment->is_first;
    paid->is_support_earlier = payment->is_support_earlier;
    paid->method = (Ansinh__V1__Method)before->method;
    paid->income_vnd = before->income_vnd;
    paid->support_group = (Ansinh__V1__SupportGroup)before->support_group;
    paid->undo = payment_undo(arena, payment);
    event->kind_case = ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED;
    event->payment_recorded = paid;
    return paid->undo == NULL || set_postings(self, before, event) < 0 ? NULL : event;
}

/* Without the payment's id, which is the journal position: complete() adds it. */
static ProtobufCMessage *make_answer(const struct pay *self, const struct citizen *next,
                                     int32_t paid_day)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__PayResponse *out = arena_alloc(arena, sizeof(*out));
    char *date = arena_alloc(arena, DATE_TEXT_BYTES);
    char *until = arena_zalloc(arena, MONTH_TEXT_BYTES);
    if (out == NULL || date == NULL || until == NULL)
        return NULL;
    ansinh__v1__pay_response__init(out);
    date_format(paid_day, date);
    if (next->coverage.n > 0)
        month_format((int32_t)coverage_until(&next->coverage), until);
    out->bill_id = self->in->bill_id;
    out->amount_vnd = self->in->amount_vnd;
    out->paid_on = date;
    out->covered_until = until;
    return &out->base;
}

static void complete(struct command_state *state, ProtobufCMessage *answer,
                     struct journal_position position)
{
    char *id = arena_alloc(state->request->arena, POSITION_TEXT_BYTES);
    if (id == NULL)
        return;
    position_format(state->partition, position, id);
    ((Ansinh__V1__PayResponse *)answer)->payment_id = id;
}

/* COMMAND_COMMIT when the bill may be paid as asked. */
static enum command_verdict judge(struct command_state *state, int32_t paid_day)
{
    const struct pay *self = state->arg;
    const Ansinh__V1__Code wrong_state = ANSINH__V1__CODE__CODE_FAILED_PRECONDITION;
    switch (bill_judge(state->svc->policy, &state->before, self->bill_number, paid_day)) {
    case BILL_UNKNOWN:
        return command_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "bill_id", "no such bill");
    case BILL_REPLACED:
        return command_refuse(state, wrong_state, "bill_id",
                              "this bill is paid or replaced by a later one; inquire again");
    case BILL_PAID:
        return command_refuse(state, wrong_state, "bill_id", "this bill is paid");
    case BILL_EXPIRED:
        return command_refuse(state, wrong_state, "paid_on",
                              "this bill was valid until an earlier day; inquire again");
    case BILL_EARLY:
        return command_refuse(state, wrong_state, "paid_on",
                              "this bill is valid from a later day; inquire for that day");
    case BILL_PAYABLE:
        break;
    }
    if (self->in->bill_version != state->before.version)
        return command_refuse(state, wrong_state, "bill_version",
                              "the bill has changed; inquire again");
    if (self->in->amount_vnd != state->before.bill.participant_vnd)
        return command_refuse(
            state, wrong_state, "amount_vnd", "the bill is due with %lld dong, not %lld",
            (long long)state->before.bill.participant_vnd, (long long)self->in->amount_vnd);
    if (paid_day < state->before.enrolled_day)
        return command_refuse(state, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "paid_on",
                              "the date is before the enrolment");
    if (paid_day < state->before.changed_day)
        return command_refuse(state, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "paid_on",
                              "the date is before the last change of the contribution");
    return COMMAND_COMMIT;
}

static enum command_verdict decide(struct command_state *state)
{
    const struct pay *self = state->arg;
    struct err err = {0};
    struct payment payment;
    int32_t paid_day;
    if (!state->has_citizen)
        return command_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "bill_id", "no such bill");
    if (business_date_parse(self->in->paid_on, "paid_on", state->today, &paid_day, &err) < 0)
        return command_refuse(state, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s",
                              err.text);
    enum command_verdict verdict = judge(state, paid_day);
    if (verdict != COMMAND_COMMIT)
        return verdict;
    const struct citizen_bill *bill = &state->before.bill;
    int is_support_earlier = support_is_earlier(state->svc->policy, paid_day, state->today);
    if (bill_settle(&state->before, paid_day, is_support_earlier, &state->next) < 0)
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "bill_id",
                              "a month of this bill is paid already; inquire again");
    state->totals[TOTAL_PAYMENTS] = 1;
    state->totals[TOTAL_PARTICIPANTS] = !state->before.has_paid;
    state->totals[TOTAL_MONTHS] = bill->months;
    state->totals[TOTAL_PARTICIPANT_VND] = bill->participant_vnd;
    state->totals[TOTAL_CENTRAL_VND] = bill->central_vnd;
    state->totals[TOTAL_LOCAL_VND] = bill->local_vnd;
    state->totals[TOTAL_DONOR_VND] = bill->donor_vnd;
    payment_of(&state->before, &state->next, paid_day, is_support_earlier, &payment);
    state->event = make_event(self, &state->before, &payment);
    state->answer = make_answer(self, &state->next, paid_day);
    if (state->event == NULL || state->answer == NULL)
        return command_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    return COMMAND_COMMIT;
}

static const struct command_spec pay_command = {
    .name = "pay", .decide = decide, .complete = complete};

/* "" when the codes are known, else the field of the one that is not. */
static const char *unknown_code(const struct pay *self)
{
    const struct directory *directory = self->svc->directory;
    if (self->in->point_code[0] != '\0' && directory_point(directory, self->in->point_code) == NULL)
        return "point_code";
    if (self->in->collector_code[0] != '\0' &&
        directory_collector(directory, self->in->collector_code) == NULL)
        return "collector_code";
    return "";
}

static void pay_start(void *arg);

static void on_refreshed(void *arg, int rc)
{
    struct pay *self = arg;
    if (rc < 0) {
        ledger_away(self->request);
        return;
    }
    self->is_refreshed = 1;
    pay_start(self);
}

static void pay_start(void *arg)
{
    struct pay *self = arg;
    const char *field = unknown_code(self);
    if (field[0] == '\0')
        command_run(self->svc, self->request, &pay_command, self->citizen, self);
    else if (!self->is_refreshed)
        directory_refresh(self->svc->directory, on_refreshed, self);
    else
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, field, "unknown code");
}

/* What can be told from the request alone. */
static int check(struct pay *self, struct err *err)
{
    const Ansinh__V1__PayRequest *in = self->in;
    int rc = bill_id_parse(in->bill_id, self->citizen, &self->bill_number, err);
    if (rc < 0)
        return rc;
    if (in->amount_vnd < 0 || in->amount_vnd > AMOUNT_MAX_VND)
        return err_field(err, -EINVAL, "amount_vnd", "want 0 to 2^53 dong");
    if (in->channel < ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_UNSPECIFIED ||
        in->channel > ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER)
        return err_field(err, -EINVAL, "channel",
                         "want PAYMENT_CHANNEL_CASH or PAYMENT_CHANNEL_TRANSFER");
    return 0;
}

void on_pay(void *arg, struct bus_request *request)
{
    struct pay *self = arena_zalloc(request->arena, sizeof(*self));
    struct err err = {0};
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->svc = arg;
    self->request = request;
    self->in = (const Ansinh__V1__PayRequest *)request->input;
    if (check(self, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        pay_start(self);
}
