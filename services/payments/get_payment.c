/* GetPayment: the journal entry behind a payment's id, or behind the request id that Pay was called
 * with. What was trimmed from the journal is asked of the archiver. */
#include <string.h>

#include "ansinh/v1/archive.pb-c.h"
#include "ansinh/v1/events.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/store/journal.h"
#include "services/payments/payments.h"
#include "services/payments/payments_rules.h"

#define READ_ENTRY "ansinh.v1.Archive/ReadEntry"
#define ARCHIVER "archiver"
#define RETRY_AFTER_MS 1000
#define MARGIN_MS 100 /* before the deadline, so that the caller still hears the answer */

/* Lives in the request's arena. */
struct finding {
    struct service *svc;
    struct bus_request *request;
    unsigned partition;
    struct journal_position position;
    uint8_t citizen[ID_BYTES]; /* of the bill, when asked by request id */
    uint32_t bill_number;
};

static void fail_not_found(struct finding *self, const char *field)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, field, "no such payment");
}

static void answer(struct finding *self, const Ansinh__V1__Event *event)
{
    const Ansinh__V1__PaymentRecorded *paid = event->payment_recorded;
    char payment_id[POSITION_TEXT_BYTES], participant_id[BASE32_TEXT_BYTES];
    char bill_id[BILL_ID_TEXT_BYTES], date[DATE_TEXT_BYTES];
    char from_month[MONTH_TEXT_BYTES] = "", to_month[MONTH_TEXT_BYTES] = "";
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
    bus_reply(self->request, &out.base);
}

static void answer_event(struct finding *self, const uint8_t *bytes, size_t len)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->request->arena, &allocator);
    Ansinh__V1__Event *event = ansinh__v1__event__unpack(&allocator, len, bytes);
    if (event == NULL || event->citizen.len != ID_BYTES ||
        event->kind_case != ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        fail_not_found(self, "payment_id");
    else
        answer(self, event);
}

/* --- what the journal no longer has ----------------------------------------------------------- */

static void fail_no_archive(struct finding *self)
{
    bus_fail_retry(self->request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                   "this payment is in the archive, which cannot be asked now");
}

static void on_archived(void *arg, const struct bus_answer *found)
{
    struct finding *self = arg;
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->request->arena, &allocator);
    const Ansinh__V1__ReadEntryResponse *entry =
        found->code != 0
            ? NULL
            : ansinh__v1__read_entry_response__unpack(&allocator, found->body_len, found->body);
    if (entry != NULL)
        answer_event(self, entry->event.data, entry->event.len);
    else if (found->code == ANSINH__V1__CODE__CODE_NOT_FOUND)
        fail_not_found(self, "payment_id");
    else
        fail_no_archive(self);
}

static void ask_archive(struct finding *self)
{
    int64_t left_ms = self->request->deadline_ms - clock_mono_ms() - MARGIN_MS;
    struct bus_call call = {.service = ARCHIVER,
                            .method = READ_ENTRY,
                            .timeout_ms = MIN(left_ms, self->svc->conf.call_timeout_ms),
                            .trace_id = self->request->trace_id};
    char id[POSITION_TEXT_BYTES];
    Ansinh__V1__ReadEntryRequest in;
    if (left_ms < 1 || bus_client_count(self->svc->client, ARCHIVER) == 0) {
        fail_no_archive(self);
        return;
    }
    ansinh__v1__read_entry_request__init(&in);
    position_format(self->partition, self->position, id);
    in.event_id = id;
    bus_call(self->svc->client, &call, &in.base, on_archived, self);
}

static void on_first_entry(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct finding *self = arg;
    struct journal_position at = self->position;
    if (rc < 0)
        ledger_away(self->request);
    else if (n == 1 &&
             (at.epoch < entries[0].position.epoch ||
              (at.epoch == entries[0].position.epoch && at.seq < entries[0].position.seq)))
        ask_archive(self);
    else
        fail_not_found(self, "payment_id");
}

/* --- the journal ------------------------------------------------------------------------------ */

static void on_entry(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct finding *self = arg;
    if (rc < 0)
        ledger_away(self->request);
    else if (n == 0)
        fail_not_found(self, "payment_id");
    else if (entries[0].position.epoch == self->position.epoch &&
             entries[0].position.seq == self->position.seq)
        answer_event(self, entries[0].event, entries[0].event_len);
    else /* not there: before the journal's beginning, perhaps */
        journal_read(self->svc->ledger, self->partition, (struct journal_position){0, 0}, 1,
                     on_first_entry, self);
}

static void read_entry(struct finding *self)
{
    struct journal_position before = {self->position.epoch, self->position.seq - 1};
    journal_read(self->svc->ledger, self->partition, before, 1, on_entry, self);
}

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
