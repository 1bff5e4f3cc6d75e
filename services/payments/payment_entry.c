#include "services/payments/payment_entry.h"

#include <errno.h>

#include "ansinh/v1/archive.pb-c.h"
#include "common/base/clock.h"
#include "common/service/command.h"

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
    int is_any; /* not of a payment alone */
    payment_entry_fn fn;
    redress_read_fn redress_fn;
    void *arg;
};

static void fail_not_found(struct finding *self)
{
    const ProtobufCMessageDescriptor *input = self->request->input->descriptor;
    int has_field = protobuf_c_message_descriptor_get_field_by_name(input, "payment_id") != NULL;
    if (has_field)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "payment_id", "no such payment");
    else
        bus_fail(self->request, ANSINH__V1__CODE__CODE_DATA_LOSS, "",
                 "the entry of this transaction is not in the journal");
}

static void take_event(struct finding *self, const uint8_t *bytes, size_t len)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->request->arena, &allocator);
    Ansinh__V1__Event *event = ansinh__v1__event__unpack(&allocator, len, bytes);
    int is_payment = event != NULL && event->citizen.len == ID_BYTES &&
                     event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED;
    if (event == NULL || (!is_payment && !self->is_any))
        fail_not_found(self);
    else
        self->fn(self->arg, event);
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
        take_event(self, entry->event.data, entry->event.len);
    else if (found->code == ANSINH__V1__CODE__CODE_NOT_FOUND)
        fail_not_found(self);
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
        fail_not_found(self);
}

/* --- the journal ------------------------------------------------------------------------------ */

static void on_entry(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct finding *self = arg;
    if (rc < 0)
        ledger_away(self->request);
    else if (n == 0)
        fail_not_found(self);
    else if (entries[0].position.epoch == self->position.epoch &&
             entries[0].position.seq == self->position.seq)
        take_event(self, entries[0].event, entries[0].event_len);
    else /* not there: before the journal's beginning, perhaps */
        journal_read(self->svc->ledger, self->partition, (struct journal_position){0, 0}, 1,
                     on_first_entry, self);
}

static struct finding *finding_create(struct service *svc, struct bus_request *request,
                                      unsigned partition, struct journal_position position,
                                      void *arg)
{
    struct finding *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return NULL;
    }
    *self = (struct finding){
        .svc = svc, .request = request, .partition = partition, .position = position, .arg = arg};
    return self;
}

static void find(struct finding *self, payment_entry_fn fn)
{
    if (self == NULL)
        return;
    struct journal_position before = {self->position.epoch, self->position.seq - 1};
    self->fn = fn;
    journal_read(self->svc->ledger, self->partition, before, 1, on_entry, self);
}

void payment_entry_find(struct service *svc, struct bus_request *request, unsigned partition,
                        struct journal_position position, payment_entry_fn fn, void *arg)
{
    find(finding_create(svc, request, partition, position, arg), fn);
}

void entry_find(struct service *svc, struct bus_request *request, unsigned partition,
                struct journal_position position, payment_entry_fn fn, void *arg)
{
    struct finding *self = finding_create(svc, request, partition, position, arg);
    if (self != NULL)
        self->is_any = 1;
    find(self, fn);
}

/* --- what became of it ------------------------------------------------------------------------ */

static void on_redress(void *arg, int rc, const struct store_reply *reply)
{
    struct finding *self = arg;
    struct redress redress = {.state = REDRESS_NONE};
    size_t len;
    const char *bytes = rc < 0 ? NULL : store_reply_bytes(reply, &len);
    if (bytes != NULL && store_reply_type(reply) != STORE_REPLY_BYTES)
        rc = -EPROTO;
    else if (bytes != NULL)
        rc = redress_unpack(bytes, len, &redress);
    if (rc < 0)
        ledger_away(self->request);
    else
        self->redress_fn(self->arg, &redress);
}

void redress_read(struct service *svc, struct bus_request *request, unsigned partition,
                  struct journal_position position, redress_read_fn fn, void *arg)
{
    struct finding *self = finding_create(svc, request, partition, position, arg);
    char key[KEY_MAX_BYTES];
    uint8_t field[REDRESS_FIELD_BYTES];
    if (self == NULL)
        return;
    self->redress_fn = fn;
    redress_field(position.epoch, position.seq, field);
    const char *const argv[] = {"HGET", key, (const char *)field};
    const size_t lens[] = {4, key_redress(partition, position.seq, key), sizeof(field)};
    store_send(svc->ledger, partition, ARRAY_LEN(argv), argv, lens, on_redress, self);
}

/* --- what it says ----------------------------------------------------------------------------- */

Ansinh__V1__PaymentUndo *payment_undo(struct arena *arena, const struct payment *payment)
{
    const struct citizen_bill *before = &payment->payment_before;
    Ansinh__V1__PaymentUndo *undo = arena_alloc(arena, sizeof(*undo));
    Ansinh__V1__Pockets *pockets = arena_alloc(arena, sizeof(*pockets));
    Ansinh__V1__HealthCard *card = arena_alloc(arena, sizeof(*card));
    if (undo == NULL || pockets == NULL || card == NULL)
        return NULL;
    ansinh__v1__payment_undo__init(undo);
    ansinh__v1__pockets__init(pockets);
    ansinh__v1__health_card__init(card);
    undo->bill_number = payment->paid_number_before;
    card->from_day = payment->card_before.from_day;
    card->to_day = payment->card_before.to_day;
    if (card->to_day != 0)
        undo->card = card;
    undo->folded_from = payment->folded.from;
    undo->folded_to = payment->folded.to;
    if (before->months == 0)
        return undo;
    undo->from_month = before->from_month;
    undo->months = before->months;
    undo->months_supported = before->months_supported;
    undo->paid_day = before->paid_day;
    undo->pockets = pockets;
    pockets->participant_vnd = before->participant_vnd;
    pockets->central_vnd = before->central_vnd;
    pockets->local_vnd = before->local_vnd;
    pockets->donor_vnd = before->donor_vnd;
    return undo;
}

static void read_pockets(const Ansinh__V1__Pockets *pockets, struct citizen_bill *ret)
{
    if (pockets == NULL)
        return;
    ret->participant_vnd = pockets->participant_vnd;
    ret->central_vnd = pockets->central_vnd;
    ret->local_vnd = pockets->local_vnd;
    ret->donor_vnd = pockets->donor_vnd;
}

static struct health_card read_card(const Ansinh__V1__HealthCard *card)
{
    return card == NULL ? (struct health_card){0, 0}
                        : (struct health_card){card->from_day, card->to_day};
}

int payment_read(const Ansinh__V1__PaymentRecorded *paid, struct payment *ret)
{
    const Ansinh__V1__PaymentUndo *undo = paid->undo;
    if (undo == NULL)
        return -ENOENT;
    *ret = (struct payment){
        .bill_number = paid->bill_number,
        .bill = {.from_month = paid->from_month,
                 .months = paid->months,
                 .months_supported = paid->months_supported,
                 .paid_day = paid->paid_day,
                 .member_rank = paid->card == NULL ? 0 : paid->card->member_rank,
                 .card = read_card(paid->card)},
        .is_first = paid->is_first != 0,
        .is_support_earlier = paid->is_support_earlier != 0,
        .paid_number_before = undo->bill_number,
        .payment_before = {.from_month = undo->from_month,
                           .months = undo->months,
                           .months_supported = undo->months_supported,
                           .paid_day = undo->paid_day},
        .folded = {undo->folded_from, undo->folded_to},
        .is_health = paid->product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD,
        .card_before = read_card(undo->card),
    };
    read_pockets(paid->pockets, &ret->bill);
    read_pockets(undo->pockets, &ret->payment_before);
    return 0;
}
