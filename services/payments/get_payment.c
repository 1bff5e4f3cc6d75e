/* GetPayment: the journal entry behind a payment's id, or behind the request id that Pay was called
 * with, and what became of it. */
#include <string.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/receipt.h"
#include "services/payments/payment_entry.h"
#include "services/payments/payments.h"
#include "services/payments/product.h"

/* Lives in the request's arena. */
struct finding {
    struct service *svc;
    struct bus_request *request;
    unsigned partition;
    struct journal_position position;
    uint8_t citizen[ID_BYTES]; /* of the bill, when asked by request id */
    uint32_t bill_number;
    const Ansinh__V1__Event *event;
};

static void fail_not_found(struct finding *self, const char *field)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, field, "no such payment");
}

static void answer(struct finding *self, const struct redress *redress)
{
    const Ansinh__V1__Event *event = self->event;
    const Ansinh__V1__PaymentRecorded *paid = event->payment_recorded;
    char payment_id[POSITION_TEXT_BYTES], participant_id[BASE32_TEXT_BYTES];
    char code[RECEIPT_CODE_BYTES];
    char bill_id[BILL_ID_TEXT_BYTES], date[DATE_TEXT_BYTES];
    char reversed_on[DATE_TEXT_BYTES] = "", reversal_id[POSITION_TEXT_BYTES] = "";
    char from_month[MONTH_TEXT_BYTES] = "", to_month[MONTH_TEXT_BYTES] = "";
    char card_from[DATE_TEXT_BYTES] = "", card_to[DATE_TEXT_BYTES] = "";
    position_format(self->partition, self->position, payment_id);
    base32_format(event->citizen.data, participant_id);
    bill_id_format(event->citizen.data, paid->bill_number, bill_id);
    date_format(paid->paid_day, date);
    if (paid->from_month != 0) {
        month_format((int32_t)paid->from_month, from_month);
        month_format((int32_t)(paid->from_month + paid->months - 1), to_month);
    }
    Ansinh__V1__GetPaymentResponse out;
    ansinh__v1__get_payment_response__init(&out);
    if (paid->card != NULL) {
        date_format(paid->card->from_day, card_from);
        date_format(paid->card->to_day, card_to);
        out.member_rank = paid->card->member_rank;
    }
    out.product = product_said(paid->product);
    out.card_from = card_from;
    out.card_to = card_to;
    out.payment_id = payment_id;
    out.bill_id = bill_id;
    out.participant_id = participant_id;
    out.amount_vnd = paid->pockets == NULL ? 0 : paid->pockets->participant_vnd;
    out.pockets = paid->pockets;
    out.from_month = from_month;
    out.to_month = to_month;
    out.months = paid->months;
    out.paid_on = date;
    out.recorded_at_ms = event->at_ms;
    out.channel = paid->channel;
    out.point_code = paid->point_code;
    out.collector_code = paid->collector_code;
    if (redress_is_taken_back(redress)) {
        struct redress_entry entry = redress_taken_back_by(redress);
        date_format(entry.day, reversed_on);
        position_format(self->partition, (struct journal_position){entry.epoch, entry.seq},
                        reversal_id);
        out.reversed_on = reversed_on;
        out.reversal_id = reversal_id;
        out.reversal_reason = (Ansinh__V1__ReversalReason)redress->reason;
    }
    receipt_code_format(self->svc->keyring, self->partition, self->position, code);
    out.verification_code = code;
    bus_reply(self->request, &out.base);
}

static void on_redress(void *arg, const struct redress *redress)
{
    struct finding *self = arg;
    answer(self, redress);
}

static void on_payment(void *arg, const Ansinh__V1__Event *event)
{
    struct finding *self = arg;
    self->event = event;
    redress_read(self->svc, self->request, self->partition, self->position, on_redress, self);
}

static void read_entry(struct finding *self)
{
    payment_entry_find(self->svc, self->request, self->partition, self->position, on_payment, self);
}

/* --- by request id ---------------------------------------------------------------------------- */

/* Nothing is known of the request id: it did nothing, or its answer is no longer kept. The bill
 * tells which is possible. */
static void on_citizen(void *arg, int rc, const struct citizen *citizen)
{
    struct finding *self = arg;
    if (rc < 0)
        ledger_away(self->request);
    else if (citizen == NULL || self->bill_number > citizen->bill_number)
        fail_not_found(self, "bill_id");
    else if (self->bill_number == citizen->bill_number && citizen->bill.months > 0)
        fail_not_found(self, "request_id"); /* the bill is open: nobody has paid it */
    else
        bus_fail(self->request, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "request_id",
                 "nothing is known of this request id, but the bill is paid or replaced");
}

static void on_looked_up(void *arg, int rc, const struct commit_result *result)
{
    struct finding *self = arg;
    if (rc < 0) {
        ledger_away(self->request);
    } else if (result->outcome != COMMIT_KNOWN) {
        citizen_read(self->svc, self->request->arena, self->citizen, on_citizen, self);
    } else {
        self->position = result->position;
        read_entry(self);
    }
}

/* The stored answer is in the partition of the bill's participant. */
static void find_by_request(struct finding *self, const Ansinh__V1__GetPaymentRequest *in)
{
    struct err err = {0};
    struct request_id id;
    if (bill_id_parse(in->bill_id, self->citizen, &self->bill_number, &err) < 0) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
        return;
    }
    if (request_id_parse(in->request_id, &id) < 0) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "request_id",
                 "want the Idempotency-Key that Pay was called with");
        return;
    }
    self->partition = partition_of(self->citizen);
    int rc = commit_lookup(self->svc->ledger, self->partition, &id, clock_wall_ms(), NULL,
                           on_looked_up, self);
    if (rc < 0)
        fail_not_found(self, "request_id");
}

void on_get_payment(void *arg, struct bus_request *request)
{
    const Ansinh__V1__GetPaymentRequest *in = (const Ansinh__V1__GetPaymentRequest *)request->input;
    struct finding *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->svc = arg;
    self->request = request;
    if (in->payment_id[0] == '\0')
        find_by_request(self, in);
    else if (position_parse(in->payment_id, &self->partition, &self->position) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "payment_id",
                 "want the payment id that Pay answered");
    else
        read_entry(self);
}
