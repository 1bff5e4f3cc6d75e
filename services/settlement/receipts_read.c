/* GetReceipt, VerifyCode, ListBlocks: what the ledger keeps of a receipt, and what the payment
 * behind it says. */
#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "services/settlement/receipts.h"
#include "services/settlement/settlement.h"
#include "common/service/subject.h"

#define GET_PAYMENT "ansinh.v1.Payments/GetPayment"
#define PAYMENTS "payments"
#define RETRY_AFTER_MS 500
#define MARGIN_MS 100 /* before the deadline, so that the caller still hears the answer */

/* Lives in the request's arena. */
struct finding {
    struct service *svc;
    struct bus_request *request;
    const char *field;  /* to blame when nothing is found */
    int is_by_code;     /* VerifyCode */
    unsigned partition; /* of the payment */
    struct journal_position position;
    const Ansinh__V1__GetPaymentResponse *payment; /* NULL: asked by number */
    uint8_t subject[ID_BYTES];
    struct till_record records[3]; /* payment's, receipt, series */
};

static void fail_not_found(struct finding *self)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, self->field, "no such receipt");
}

static void fail_internal(struct finding *self)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_INTERNAL, "", "a record cannot be read");
}

static struct finding *start(void *arg, struct bus_request *request, const char *field)
{
    const struct settlement *settlement = arg;
    struct finding *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return NULL;
    }
    self->svc = settlement->svc;
    self->request = request;
    self->field = field;
    return self;
}

int receipts_subject_of(struct service *svc, struct bus_request *request, const char *series,
                        uint8_t ret[ID_BYTES])
{
    char point[SERIES_POINT_BYTES];
    if (series_name_parse(series, point) < 0) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "series",
                 "want organisation/point/year");
        return -EINVAL;
    }
    char organisation[SERIES_NAME_BYTES];
    (void)snprintf(organisation, sizeof(organisation), "%.*s", (int)strcspn(series, "/"), series);
    if (!settlement_admits(request, organisation, "series"))
        return -EACCES;
    receipt_subject(svc->keyring, "point", point, ret);
    return 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

static const Ansinh__V1__ReceiptRecord *receipt_of(const struct finding *self)
{
    return (const Ansinh__V1__ReceiptRecord *)self->records[1].now;
}

static const char *series_of(const struct finding *self)
{
    const Ansinh__V1__ReceiptSeriesRecord *series =
        (const Ansinh__V1__ReceiptSeriesRecord *)self->records[2].now;
    return series == NULL ? "" : series->name;
}

static void fill_receipt(const struct finding *self, uint64_t number, char *payment_id, char *code,
                         Ansinh__V1__Receipt *ret)
{
    const Ansinh__V1__ReceiptRecord *record = receipt_of(self);
    struct journal_position position = {record->epoch, record->seq};
    ansinh__v1__receipt__init(ret);
    if (record->epoch > 0) {
        position_format(record->partition, position, payment_id);
        receipt_code_format(self->svc->keyring, record->partition, position, code);
    }
    ret->series = (char *)(uintptr_t)series_of(self);
    ret->number = number;
    ret->state = record->state;
    ret->payment_id = payment_id;
    ret->issued_at_ms = record->issued_at_ms;
    ret->reason = record->reason;
    ret->remark = record->remark;
    ret->officer = record->officer;
    ret->voided_at_ms = record->voided_at_ms;
    ret->replaced_by = record->replaced_by;
    ret->replaces = record->replaces;
    ret->refused_number = record->refused_number;
    ret->verification_code = code;
}

static void answer_receipt(struct finding *self, uint64_t number)
{
    char payment_id[POSITION_TEXT_BYTES] = "", code[RECEIPT_CODE_BYTES] = "";
    Ansinh__V1__Receipt receipt;
    Ansinh__V1__GetReceiptResponse out;
    ansinh__v1__get_receipt_response__init(&out);
    fill_receipt(self, number, payment_id, code, &receipt);
    out.receipt = &receipt;
    bus_reply(self->request, &out.base);
}

static void fill_names(const struct finding *self, Ansinh__V1__VerifyCodeResponse *ret)
{
    const struct directory *directory = self->svc->directory;
    const Ansinh__V1__Point *point = directory_point(directory, self->payment->point_code);
    const Ansinh__V1__Organisation *organisation =
        point == NULL ? NULL : directory_organisation(directory, point->organisation_code);
    if (point != NULL)
        ret->point_name = point->name;
    if (organisation != NULL)
        ret->organisation_name = organisation->name;
}

/* number 0: not issued yet. */
static void answer_code(struct finding *self, uint64_t number)
{
    const Ansinh__V1__GetPaymentResponse *payment = self->payment;
    Ansinh__V1__VerifyCodeResponse out;
    ansinh__v1__verify_code_response__init(&out);
    out.state = ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VALID;
    if (payment->reversed_on[0] != '\0') /* known before the receipt is voided */
        out.state = ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_REVERSED;
    else if (number != 0)
        out.state = receipt_of(self)->state;
    out.amount_vnd = payment->amount_vnd;
    out.from_month = payment->from_month;
    out.to_month = payment->to_month;
    out.months = payment->months;
    out.product = payment->product;
    out.card_from = payment->card_from;
    out.card_to = payment->card_to;
    out.paid_on = payment->paid_on;
    out.number = number;
    if (number != 0)
        out.series = (char *)(uintptr_t)series_of(self);
    fill_names(self, &out);
    bus_reply(self->request, &out.base);
}

/* --- records ---------------------------------------------------------------------------------- */

static uint64_t number_asked(const struct finding *self)
{
    const Ansinh__V1__PaymentReceiptRecord *payment =
        (const Ansinh__V1__PaymentReceiptRecord *)self->records[0].now;
    return payment != NULL ? payment->number
                           : ((const Ansinh__V1__GetReceiptRequest *)self->request->input)->number;
}

static void on_receipt(void *arg, int rc)
{
    struct finding *self = arg;
    if (rc == -EPROTO)
        fail_internal(self);
    else if (rc < 0)
        ledger_away(self->request);
    else if (receipt_of(self) == NULL)
        fail_not_found(self);
    else if (self->is_by_code)
        answer_code(self, number_asked(self));
    else
        answer_receipt(self, number_asked(self));
}

static void read_receipt(struct finding *self, uint64_t series, uint64_t number)
{
    receipt_place_number(series, number, &self->records[1].place);
    self->records[1].type = &ansinh__v1__receipt_record__descriptor;
    receipt_place_series(series, &self->records[2].place);
    self->records[2].type = &ansinh__v1__receipt_series_record__descriptor;
    records_read(self->svc->ledger, partition_of(self->subject), self->request->arena,
                 &self->records[1], 2, on_receipt, self);
}

static void on_payment_record(void *arg, int rc)
{
    struct finding *self = arg;
    const Ansinh__V1__PaymentReceiptRecord *payment =
        (const Ansinh__V1__PaymentReceiptRecord *)self->records[0].now;
    if (rc == -EPROTO)
        fail_internal(self);
    else if (rc < 0)
        ledger_away(self->request);
    else if (payment != NULL)
        read_receipt(self, payment->series_id, payment->number);
    else if (self->is_by_code)
        answer_code(self, 0);
    else
        bus_fail_retry(self->request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                       "the receipt of this payment is not issued yet");
}

/* --- the payment ------------------------------------------------------------------------------ */

static void on_payment(void *arg, const struct bus_answer *answer)
{
    struct finding *self = arg;
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->request->arena, &allocator);
    if (answer->code == 0)
        self->payment =
            ansinh__v1__get_payment_response__unpack(&allocator, answer->body_len, answer->body);
    if (answer->code == ANSINH__V1__CODE__CODE_NOT_FOUND) {
        fail_not_found(self);
    } else if (self->payment == NULL) {
        bus_fail_retry(self->request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                       "the payment cannot be read now");
    } else {
        const char *point = self->payment->point_code;
        receipt_subject(self->svc->keyring, "point",
                        point[0] == '\0' ? RECEIPT_CODE_OF_NOBODY : point, self->subject);
        receipt_place_payment(self->partition, self->position, &self->records[0].place);
        self->records[0].type = &ansinh__v1__payment_receipt_record__descriptor;
        records_read(self->svc->ledger, partition_of(self->subject), self->request->arena,
                     self->records, 1, on_payment_record, self);
    }
}

static void ask_payment(struct finding *self)
{
    int64_t left_ms = self->request->deadline_ms - clock_mono_ms() - MARGIN_MS;
    char id[POSITION_TEXT_BYTES];
    Ansinh__V1__GetPaymentRequest in;
    struct bus_call call = {
        .service = PAYMENTS,
        .method = GET_PAYMENT,
        .timeout_ms = MAX(1, MIN(left_ms, self->svc->conf.call_timeout_ms)),
        .trace_id = self->request->trace_id,
    };
    ansinh__v1__get_payment_request__init(&in);
    position_format(self->partition, self->position, id);
    in.payment_id = id;
    bus_call(self->svc->client, &call, &in.base, on_payment, self);
}

/* --- the way in ------------------------------------------------------------------------------- */

void on_get_receipt(void *arg, struct bus_request *request)
{
    const Ansinh__V1__GetReceiptRequest *in = (const Ansinh__V1__GetReceiptRequest *)request->input;
    struct finding *self = start(arg, request, in->payment_id[0] != '\0' ? "payment_id" : "number");
    if (self == NULL)
        return;
    if (in->payment_id[0] != '\0') {
        if (position_parse(in->payment_id, &self->partition, &self->position) < 0)
            bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "payment_id",
                     "want the payment id that Pay answered");
        else
            ask_payment(self);
    } else if (receipts_subject_of(self->svc, request, in->series, self->subject) == 0) {
        read_receipt(self, series_id(in->series), in->number);
    }
}

/* What is no code is told as what no receipt has: who guesses learns nothing. */
void on_verify_code(void *arg, struct bus_request *request)
{
    const Ansinh__V1__VerifyCodeRequest *in = (const Ansinh__V1__VerifyCodeRequest *)request->input;
    struct finding *self = start(arg, request, "code");
    if (self == NULL)
        return;
    self->is_by_code = 1;
    if (receipt_code_parse(self->svc->keyring, in->code, &self->partition, &self->position) < 0)
        fail_not_found(self);
    else
        ask_payment(self);
}

/* --- blocks ----------------------------------------------------------------------------------- */

static void on_series(void *arg, int rc)
{
    struct finding *self = arg;
    const Ansinh__V1__ReceiptSeriesRecord *series =
        (const Ansinh__V1__ReceiptSeriesRecord *)self->records[2].now;
    Ansinh__V1__ListBlocksResponse out;
    ansinh__v1__list_blocks_response__init(&out);
    if (rc == -EPROTO) {
        fail_internal(self);
        return;
    }
    if (rc < 0) {
        ledger_away(self->request);
        return;
    }
    out.next_number = series == NULL ? 1 : series->next_number;
    out.n_blocks = series == NULL ? 0 : series->n_blocks;
    out.blocks = series == NULL ? NULL : series->blocks;
    bus_reply(self->request, &out.base);
}

void on_list_blocks(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ListBlocksRequest *in = (const Ansinh__V1__ListBlocksRequest *)request->input;
    struct finding *self = start(arg, request, "series");
    if (self == NULL || receipts_subject_of(self->svc, request, in->series, self->subject) < 0)
        return;
    receipt_place_series(series_id(in->series), &self->records[2].place);
    self->records[2].type = &ansinh__v1__receipt_series_record__descriptor;
    records_read(self->svc->ledger, partition_of(self->subject), request->arena, &self->records[2],
                 1, on_series, self);
}
