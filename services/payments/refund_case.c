/* Refund cases: a payment whose cut-off has passed is taken back when one officer asks for it and
 * another one approves; then a third, or the first, records that the participant got the money. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/domain/calendar.h"
#include "common/service/directory.h"
#include "common/service/postings.h"
#include "services/payments/payments.h"
#include "services/payments/reversal.h"

#define PAID_TODAY INT32_MIN

_Static_assert(REDRESS_OFFICER_MAX_BYTES == OFFICER_CODE_MAX_BYTES, "an officer is kept");

/* Lives in the request's arena. */
struct refunding {
    struct service *svc;
    struct bus_request *request;
    enum redress_state to; /* what the call would make of the case */
    char *payment_id;
    const Ansinh__V1__PayOutRefundCaseRequest *payout; /* NULL: it is no payout */
    int32_t paid_day;                                  /* of it */
    unsigned partition;
    struct reversal reversal; /* of the payment; its officer is who calls */
};

static const Ansinh__V1__RefundState states[REDRESS_STATES] = {
    [REDRESS_IS_REQUESTED] = ANSINH__V1__REFUND_STATE__REFUND_STATE_REQUESTED,
    [REDRESS_IS_APPROVED] = ANSINH__V1__REFUND_STATE__REFUND_STATE_APPROVED,
    [REDRESS_IS_REJECTED] = ANSINH__V1__REFUND_STATE__REFUND_STATE_REJECTED,
    [REDRESS_IS_PAID_OUT] = ANSINH__V1__REFUND_STATE__REFUND_STATE_PAID_OUT,
};

static enum command_verdict refuse_no_memory(struct command_state *state)
{
    return command_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

/* --- answers ---------------------------------------------------------------------------------- */

static int set_payout(struct arena *arena, const struct redress_payout *payout,
                      Ansinh__V1__Refund *out)
{
    out->paid_out_on = arena_alloc(arena, DATE_TEXT_BYTES);
    out->paid_out_by = arena_printf(arena, "%s", payout->officer);
    out->reference = arena_printf(arena, "%s", payout->reference);
    out->bank_account = arena_printf(arena, "%s", payout->bank_account);
    if (out->paid_out_on == NULL || out->paid_out_by == NULL || out->reference == NULL ||
        out->bank_account == NULL)
        return -ENOMEM;
    date_format(payout->paid_day, out->paid_out_on);
    return 0;
}

static Ansinh__V1__Refund *make_refund(struct arena *arena, char *payment_id,
                                       const struct redress *redress)
{
    const struct redress_case *refund = &redress->refund;
    Ansinh__V1__Refund *out = arena_alloc(arena, sizeof(*out));
    char *participant = arena_alloc(arena, BASE32_TEXT_BYTES);
    char *requested_on = arena_alloc(arena, DATE_TEXT_BYTES);
    char *decided_on = arena_zalloc(arena, DATE_TEXT_BYTES);
    if (out == NULL || participant == NULL || requested_on == NULL || decided_on == NULL)
        return NULL;
    ansinh__v1__refund__init(out);
    base32_format(refund->citizen, participant);
    date_format(refund->requested_day, requested_on);
    if (redress->state == REDRESS_IS_PAID_OUT)
        date_format(redress->payout.approved_day, decided_on);
    else if (redress->state != REDRESS_IS_REQUESTED)
        date_format(redress->day, decided_on);
    out->payment_id = payment_id;
    out->participant_id = participant;
    out->state = states[redress->state];
    out->reason = (Ansinh__V1__ReversalReason)redress->reason;
    out->amount_vnd = refund->amount_vnd;
    out->requested_by = arena_printf(arena, "%s", refund->requested_by);
    out->requested_on = requested_on;
    out->requested_at_ms = refund->requested_at_ms;
    out->decided_by = arena_printf(arena, "%s", refund->decided_by);
    out->decided_on = decided_on;
    if (redress->state == REDRESS_IS_PAID_OUT && set_payout(arena, &redress->payout, out) < 0)
        return NULL;
    return out->requested_by == NULL || out->decided_by == NULL ? NULL : out;
}

static ProtobufCMessage *answer_open(struct arena *arena, Ansinh__V1__Refund *refund)
{
    Ansinh__V1__OpenRefundCaseResponse *out = arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    ansinh__v1__open_refund_case_response__init(out);
    out->refund = refund;
    return &out->base;
}

static ProtobufCMessage *answer_approved(struct arena *arena, Ansinh__V1__Refund *refund)
{
    Ansinh__V1__ApproveRefundCaseResponse *out = arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    ansinh__v1__approve_refund_case_response__init(out);
    out->refund = refund;
    return &out->base;
}

static ProtobufCMessage *answer_rejected(struct arena *arena, Ansinh__V1__Refund *refund)
{
    Ansinh__V1__RejectRefundCaseResponse *out = arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    ansinh__v1__reject_refund_case_response__init(out);
    out->refund = refund;
    return &out->base;
}

static ProtobufCMessage *answer_paid_out(struct arena *arena, Ansinh__V1__Refund *refund)
{
    Ansinh__V1__PayOutRefundCaseResponse *out = arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    ansinh__v1__pay_out_refund_case_response__init(out);
    out->refund = refund;
    return &out->base;
}

static ProtobufCMessage *make_answer(const struct refunding *self, const struct redress *redress)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__Refund *refund = make_refund(arena, self->payment_id, redress);
    if (refund == NULL)
        return NULL;
    return redress->state == REDRESS_IS_REQUESTED  ? answer_open(arena, refund)
           : redress->state == REDRESS_IS_APPROVED ? answer_approved(arena, refund)
           : redress->state == REDRESS_IS_PAID_OUT ? answer_paid_out(arena, refund)
                                                   : answer_rejected(arena, refund);
}

/* --- the event -------------------------------------------------------------------------------- */

/* What was contributed is owed back. */
static int set_postings(const struct refunding *self, Ansinh__V1__Event *event)
{
    const Ansinh__V1__PaymentRecorded *paid = self->reversal.event->payment_recorded;
    struct contribution_money money = {
        .product = product_holder(paid->product),
        .province = directory_province_code(self->svc->directory, paid->commune),
    };
    struct postings postings;
    if (paid->pockets != NULL) {
        money.participant_vnd = paid->pockets->participant_vnd;
        money.central_vnd = paid->pockets->central_vnd;
        money.local_vnd = paid->pockets->local_vnd;
        money.donor_vnd = paid->pockets->donor_vnd;
    }
    post_refund(&money, &postings);
    return event_set_postings(event, &postings, self->request->arena);
}

static int set_paid_out(const struct refunding *self, const struct redress *redress,
                        Ansinh__V1__Event *event)
{
    struct arena *arena = self->request->arena;
    struct postings postings;
    Ansinh__V1__RefundPayout *payout = arena_alloc(arena, sizeof(*payout));
    if (payout == NULL)
        return -ENOMEM;
    ansinh__v1__refund_payout__init(payout);
    payout->reference = self->payout->reference;
    payout->bank_account = self->payout->bank_account;
    payout->paid_day = redress->payout.paid_day;
    event->refund_case->payout = payout;
    post_payout(payout->bank_account, redress->refund.amount_vnd, &postings);
    return event_set_postings(event, &postings, arena);
}

static Ansinh__V1__Event *make_event(const struct command_state *state,
                                     const struct refunding *self, const struct redress *redress)
{
    struct arena *arena = state->request->arena;
    Ansinh__V1__Event *event = arena_alloc(arena, sizeof(*event));
    Ansinh__V1__RefundCase *said = arena_alloc(arena, sizeof(*said));
    if (event == NULL || said == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__refund_case__init(said);
    said->payment_epoch = self->reversal.position.epoch;
    said->payment_seq = self->reversal.position.seq;
    said->state = states[redress->state];
    said->reason = (Ansinh__V1__ReversalReason)redress->reason;
    said->officer_code = self->reversal.officer_code;
    said->day = state->today;
    said->amount_vnd = redress->refund.amount_vnd;
    event->kind_case = ANSINH__V1__EVENT__KIND_REFUND_CASE;
    event->refund_case = said;
    if (redress->state == REDRESS_IS_PAID_OUT)
        return set_paid_out(self, redress, event) < 0 ? NULL : event;
    if (redress->state != REDRESS_IS_APPROVED)
        return event;
    said->reversal = reversal_message(state, &self->reversal);
    return said->reversal == NULL || set_postings(self, event) < 0 ? NULL : event;
}

/* --- deciding --------------------------------------------------------------------------------- */

/* "NV-1" and "nv-1" are no four eyes. */
static int is_one_officer(const char *code, const char *other)
{
    return strcasecmp(code, other) == 0;
}

/* As if it were approved at once: it may be by now, or never. */
static enum command_verdict open_case(struct command_state *state, const struct refunding *self,
                                      struct redress *redress)
{
    const Ansinh__V1__PaymentRecorded *paid = self->reversal.event->payment_recorded;
    char date[DATE_TEXT_BYTES];
    date_format(redress_is_taken_back(redress) ? redress_taken_back_by(redress).day : redress->day,
                date);
    if (redress_is_taken_back(redress))
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "payment_id",
                              "this payment was taken back on %s", date);
    if (redress->state == REDRESS_IS_REQUESTED)
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "payment_id",
                              "a refund case of this payment has been open since %s", date);
    if (state->now_ms < reversal_deadline_ms(state->svc, paid))
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "payment_id",
                              "until the cut-off of its business date it is reversed at once; see "
                              "Payments/Reverse");
    enum command_verdict verdict = reversal_apply(state, &self->reversal);
    if (verdict != COMMAND_COMMIT)
        return verdict;
    state->next = state->before;
    memset(state->totals, 0, sizeof(state->totals));
    *redress = (struct redress){
        .reason = (uint8_t)self->reversal.reason,
        .refund = {.amount_vnd = paid->pockets == NULL ? 0 : paid->pockets->participant_vnd,
                   .requested_at_ms = state->now_ms,
                   .requested_day = state->today}};
    memcpy(redress->refund.citizen, state->citizen, ID_BYTES);
    (void)snprintf(redress->refund.requested_by, sizeof(redress->refund.requested_by), "%s",
                   self->reversal.officer_code);
    return COMMAND_COMMIT;
}

static enum command_verdict close_case(struct command_state *state, struct refunding *self,
                                       struct redress *redress)
{
    if (redress->state != REDRESS_IS_REQUESTED)
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "payment_id",
                              "no refund case of this payment is open");
    if (is_one_officer(redress->refund.requested_by, self->reversal.officer_code))
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "officer_code",
                              "another officer than the one who asked must decide");
    (void)snprintf(redress->refund.decided_by, sizeof(redress->refund.decided_by), "%s",
                   self->reversal.officer_code);
    if (self->to == REDRESS_IS_REJECTED)
        return COMMAND_COMMIT;
    self->reversal.reason = (Ansinh__V1__ReversalReason)redress->reason;
    state->totals[TOTAL_REFUNDS_VND] = redress->refund.amount_vnd;
    return reversal_apply(state, &self->reversal);
}

static enum command_verdict refuse_payout(struct command_state *state,
                                          const struct redress *redress)
{
    char date[DATE_TEXT_BYTES];
    if (redress->state != REDRESS_IS_PAID_OUT)
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "payment_id",
                              "no refund case of this payment is approved");
    date_format(redress->payout.paid_day, date);
    return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "payment_id",
                          "this refund was paid out on %s, reference %s", date,
                          redress->payout.reference);
}

/* It is owed already: only where the money is changes. */
static enum command_verdict pay_out(struct command_state *state, const struct refunding *self,
                                    struct redress *redress)
{
    struct redress_payout *payout = &redress->payout;
    int32_t paid_day = self->paid_day == PAID_TODAY ? state->today : self->paid_day;
    if (redress->state != REDRESS_IS_APPROVED)
        return refuse_payout(state, redress);
    if (is_one_officer(redress->refund.decided_by, self->reversal.officer_code))
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "officer_code",
                              "another officer than the one who approved must pay it out");
    if (paid_day < redress->day || paid_day > state->today)
        return command_refuse(state, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "paid_on",
                              "want a date from the approval until today");
    *payout = (struct redress_payout){.approved_epoch = redress->epoch,
                                      .approved_seq = redress->seq,
                                      .approved_day = redress->day,
                                      .paid_day = paid_day};
    (void)snprintf(payout->officer, sizeof(payout->officer), "%s", self->reversal.officer_code);
    (void)snprintf(payout->reference, sizeof(payout->reference), "%s", self->payout->reference);
    (void)snprintf(payout->bank_account, sizeof(payout->bank_account), "%s",
                   self->payout->bank_account);
    return COMMAND_COMMIT;
}

static enum command_verdict apply(struct command_state *state, struct refunding *self,
                                  struct redress *redress)
{
    if (self->payout != NULL)
        return pay_out(state, self, redress);
    return self->to == REDRESS_IS_REQUESTED ? open_case(state, self, redress)
                                            : close_case(state, self, redress);
}

static enum command_verdict decide(struct command_state *state)
{
    struct refunding *self = state->arg;
    struct redress redress;
    enum command_verdict verdict = reversal_read_record(state, &redress);
    if (verdict == COMMAND_COMMIT)
        verdict = apply(state, self, &redress);
    if (verdict != COMMAND_COMMIT)
        return verdict;
    redress.state = self->to;
    redress.day = state->today;
    state->event = make_event(state, self, &redress);
    state->answer = make_answer(self, &redress);
    if (state->event == NULL || state->answer == NULL || reversal_set_record(state, &redress) < 0)
        return refuse_no_memory(state);
    return COMMAND_COMMIT;
}

static void name_records(struct command_state *state)
{
    const struct refunding *self = state->arg;
    reversal_name_record(state, &self->reversal);
}

static const struct command_spec refund_command = {
    .name = "refund", .name_records = name_records, .decide = decide};

/* --- before the command ----------------------------------------------------------------------- */

static void run(struct refunding *self)
{
    command_run(self->svc, self->request, &refund_command, self->reversal.event->citizen.data,
                self);
}

static void on_refreshed(void *arg, int rc)
{
    struct refunding *self = arg;
    if (rc < 0)
        ledger_away(self->request);
    else
        run(self);
}

/* Whose cut-off it is may have been imported a moment ago. */
static void on_payment(void *arg, const Ansinh__V1__Event *event)
{
    struct refunding *self = arg;
    const char *partner = event->payment_recorded->partner;
    self->reversal.event = event;
    if (partition_of(event->citizen.data) != self->partition)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "payment_id", "no such payment");
    else if (partner[0] != '\0' && directory_partner(self->svc->directory, partner) == NULL)
        directory_refresh(self->svc->directory, on_refreshed, self);
    else
        run(self);
}

static int is_printable(const char *text, size_t max_bytes)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] > '~')
            return 0;
    }
    return len > 0 && len <= max_bytes;
}

static int check_payout(struct refunding *self, struct err *err)
{
    const Ansinh__V1__PayOutRefundCaseRequest *in = self->payout;
    self->paid_day = PAID_TODAY;
    if (!is_printable(in->reference, REDRESS_REFERENCE_MAX_BYTES))
        return err_field(err, -EINVAL, "reference", "want 1 to %d printable ASCII characters",
                         REDRESS_REFERENCE_MAX_BYTES);
    if (!is_printable(in->bank_account, REDRESS_ACCOUNT_MAX_BYTES))
        return err_field(err, -EINVAL, "bank_account", "want 1 to %d printable ASCII characters",
                         REDRESS_ACCOUNT_MAX_BYTES);
    if (in->paid_on[0] != '\0' && date_parse(in->paid_on, &self->paid_day) < 0)
        return err_field(err, -EINVAL, "paid_on", "want YYYY-MM-DD, or nothing for today");
    return 0;
}

static int check(struct refunding *self, struct err *err)
{
    if (position_parse(self->payment_id, &self->partition, &self->reversal.position) < 0)
        return err_field(err, -EINVAL, "payment_id", "want the payment id that Pay answered");
    if (self->to == REDRESS_IS_REQUESTED &&
        (self->reversal.reason <= ANSINH__V1__REVERSAL_REASON__REVERSAL_REASON_UNSPECIFIED ||
         self->reversal.reason > ANSINH__V1__REVERSAL_REASON__REVERSAL_REASON_TECHNICAL))
        return err_field(err, -EINVAL, "reason",
                         "want one of REVERSAL_REASON_WRONG_PERSON to REVERSAL_REASON_TECHNICAL");
    if (self->reversal.officer_code[0] == '\0')
        return err_field(err, -EINVAL, "officer_code", "want the code of the officer");
    int rc = officer_code_check(self->reversal.officer_code, "officer_code", err);
    return rc < 0 || self->payout == NULL ? rc : check_payout(self, err);
}

static void start(struct service *svc, struct bus_request *request, const struct refunding *want)
{
    struct refunding *self = arena_alloc(request->arena, sizeof(*self));
    struct err err = {0};
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *self = *want;
    self->svc = svc;
    self->request = request;
    self->reversal.collector_code = (char *)(uintptr_t) "";
    if (check(self, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        payment_entry_find(svc, request, self->partition, self->reversal.position, on_payment,
                           self);
}

void on_open_refund_case(void *arg, struct bus_request *request)
{
    const Ansinh__V1__OpenRefundCaseRequest *in =
        (const Ansinh__V1__OpenRefundCaseRequest *)request->input;
    start(
        arg, request,
        &(struct refunding){.to = REDRESS_IS_REQUESTED,
                            .payment_id = in->payment_id,
                            .reversal = {.reason = in->reason, .officer_code = in->officer_code}});
}

void on_approve_refund_case(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ApproveRefundCaseRequest *in =
        (const Ansinh__V1__ApproveRefundCaseRequest *)request->input;
    start(arg, request,
          &(struct refunding){.to = REDRESS_IS_APPROVED,
                              .payment_id = in->payment_id,
                              .reversal = {.officer_code = in->officer_code}});
}

void on_reject_refund_case(void *arg, struct bus_request *request)
{
    const Ansinh__V1__RejectRefundCaseRequest *in =
        (const Ansinh__V1__RejectRefundCaseRequest *)request->input;
    start(arg, request,
          &(struct refunding){.to = REDRESS_IS_REJECTED,
                              .payment_id = in->payment_id,
                              .reversal = {.officer_code = in->officer_code}});
}

void on_pay_out_refund_case(void *arg, struct bus_request *request)
{
    const Ansinh__V1__PayOutRefundCaseRequest *in =
        (const Ansinh__V1__PayOutRefundCaseRequest *)request->input;
    start(arg, request,
          &(struct refunding){.to = REDRESS_IS_PAID_OUT,
                              .payment_id = in->payment_id,
                              .payout = in,
                              .reversal = {.officer_code = in->officer_code}});
}

/* --- reading ---------------------------------------------------------------------------------- */

static void on_redress(void *arg, const struct redress *redress)
{
    struct refunding *self = arg;
    if (redress->state == REDRESS_NONE || redress->state == REDRESS_IS_REVERSED) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "payment_id",
                 "no refund case of such a payment");
        return;
    }
    Ansinh__V1__GetRefundCaseResponse out;
    ansinh__v1__get_refund_case_response__init(&out);
    out.refund = make_refund(self->request->arena, self->payment_id, redress);
    if (out.refund == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else
        bus_reply(self->request, &out.base);
}

void on_get_refund_case(void *arg, struct bus_request *request)
{
    const Ansinh__V1__GetRefundCaseRequest *in =
        (const Ansinh__V1__GetRefundCaseRequest *)request->input;
    struct refunding *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->request = request;
    self->payment_id = in->payment_id;
    if (position_parse(in->payment_id, &self->partition, &self->reversal.position) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "payment_id",
                 "want the payment id that Pay answered");
    else
        redress_read(arg, request, self->partition, self->reversal.position, on_redress, self);
}
