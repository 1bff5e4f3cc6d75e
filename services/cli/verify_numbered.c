#include "services/cli/verify_numbered.h"

#include <string.h>

#include "ansinh/v1/custody.pb-c.h"
#include "common/base/log.h"
#include "common/bus/bus.h"
#include "common/service/command.h"
#include "services/cli/verify.h"
#include "services/cli/verify_pack.h"

#define RECORD_BYTES 512 /* of most records */

/* What is folded into: the map's keys are the records' fields, which say their kind first. */
struct numbered {
    struct map *records;
    struct arena *arena;
    int64_t at_ms;
};

static struct fold_numbered *find(const struct numbered *self, const struct receipt_place *place)
{
    return map_get(self->records, place->field, place->len);
}

static void *keep(const struct numbered *self, size_t size)
{
    void *memory = arena_zalloc(self->arena, size);
    ASSERT(memory != NULL);
    return memory;
}

static const uint8_t *pack(const struct numbered *self, const ProtobufCMessage *message,
                           size_t *ret_len)
{
    uint8_t bytes[RECORD_BYTES], *packed;
    *ret_len = verify_pack(message, bytes, sizeof(bytes));
    if (*ret_len > 0) {
        packed = keep(self, *ret_len);
        memcpy(packed, bytes, *ret_len);
        return packed;
    }
    packed = keep(self, protobuf_c_message_get_packed_size(message));
    *ret_len = protobuf_c_message_pack(message, packed);
    return packed;
}

/* The next version of a record; borrows nothing of the message. */
static struct fold_numbered *put(const struct numbered *self, const struct receipt_place *place,
                                 const ProtobufCMessage *message)
{
    struct fold_numbered *record = find(self, place);
    if (record == NULL) {
        record = keep(self, sizeof(*record));
        record->place = *place;
        (void)map_put(self->records, place->field, place->len, record);
    }
    record->version++;
    record->packed = pack(self, message, &record->len);
    record->descriptor = message->descriptor;
    record->message = NULL;
    return record;
}

/* Most records are never asked for again: they are unpacked when they are. */
static const void *message_of(const struct numbered *self, struct fold_numbered *record)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    if (record->message == NULL)
        record->message =
            protobuf_c_message_unpack(record->descriptor, &allocator, record->len, record->packed);
    ASSERT(record->message != NULL);
    return record->message;
}

struct fold_numbered *numbered_find(const struct map *self, unsigned bucket, const char *field,
                                    size_t len)
{
    struct fold_numbered *record =
        len == 0 || len > RECEIPT_FIELD_MAX_BYTES ? NULL : map_get(self, field, len);
    return record != NULL && record->place.bucket == bucket ? record : NULL;
}

void numbered_position(unsigned partition, uint32_t epoch, uint64_t seq, uint8_t ret[ID_BYTES])
{
    const uint64_t values[] = {(uint64_t)partition << 32 | epoch, seq};
    for (size_t i = 0; i < ID_BYTES; i++)
        ret[i] = (uint8_t)(values[i / 8] >> (8 * (7 - i % 8)));
}

unsigned numbered_place(const uint8_t bytes[ID_BYTES], struct journal_position *ret)
{
    uint64_t values[2] = {0, 0};
    for (size_t i = 0; i < ID_BYTES; i++)
        values[i / 8] = values[i / 8] << 8 | bytes[i];
    *ret = (struct journal_position){(uint32_t)values[0], values[1]};
    return (unsigned)(values[0] >> 32);
}

unsigned numbered_partition(const uint8_t bytes[ID_BYTES])
{
    return (unsigned)bytes[0] << 24 | (unsigned)bytes[1] << 16 | (unsigned)bytes[2] << 8 | bytes[3];
}

/* --- series ----------------------------------------------------------------------------------- */

/* The series as it is; a new one begins with 1. All that it points to lives in the arena. */
static Ansinh__V1__ReceiptSeriesRecord series_get(const struct numbered *self, uint64_t id,
                                                  const char *name)
{
    struct receipt_place place;
    Ansinh__V1__ReceiptSeriesRecord series;
    ansinh__v1__receipt_series_record__init(&series);
    receipt_place_series(id, &place);
    struct fold_numbered *record = find(self, &place);
    if (record != NULL)
        return *(const Ansinh__V1__ReceiptSeriesRecord *)message_of(self, record);
    series.name = arena_strndup(self->arena, name, strlen(name));
    ASSERT(series.name != NULL);
    series.next_number = 1;
    return series;
}

/* It is asked for again with each receipt: its message is kept. */
static void series_put(const struct numbered *self, uint64_t id,
                       const Ansinh__V1__ReceiptSeriesRecord *series)
{
    struct receipt_place place;
    receipt_place_series(id, &place);
    const struct fold_numbered *before = find(self, &place);
    ProtobufCMessage *message = before == NULL ? NULL : before->message;
    if (message == NULL)
        message = keep(self, sizeof(*series));
    memcpy(message, series, sizeof(*series));
    put(self, &place, &series->base)->message = message;
}

static int is_in_block(const Ansinh__V1__ReceiptSeriesRecord *series, uint64_t number)
{
    for (size_t i = 0; i < series->n_blocks; i++) {
        if (number >= series->blocks[i]->first_number && number <= series->blocks[i]->last_number)
            return 1;
    }
    return 0;
}

/* --- receipts --------------------------------------------------------------------------------- */

static const Ansinh__V1__ReceiptRecord *receipt_get(const struct numbered *self, uint64_t series,
                                                    uint64_t number)
{
    struct receipt_place place;
    receipt_place_number(series, number, &place);
    struct fold_numbered *record = find(self, &place);
    return record == NULL ? NULL : message_of(self, record);
}

static void receipt_put(const struct numbered *self, uint64_t series, uint64_t number,
                        const Ansinh__V1__ReceiptRecord *receipt)
{
    struct receipt_place place;
    receipt_place_number(series, number, &place);
    put(self, &place, &receipt->base);
}

static void payment_put(const struct numbered *self, uint64_t series, uint64_t number,
                        const Ansinh__V1__ReceiptRecord *receipt)
{
    struct receipt_place place;
    Ansinh__V1__PaymentReceiptRecord payment;
    ansinh__v1__payment_receipt_record__init(&payment);
    payment.series_id = series;
    payment.number = number;
    receipt_place_payment(receipt->partition,
                          (struct journal_position){receipt->epoch, receipt->seq}, &place);
    put(self, &place, &payment.base);
}

static const char *issue(const struct numbered *self, Ansinh__V1__ReceiptSeriesRecord *series,
                         uint64_t id, const Ansinh__V1__IssuedReceipt *in)
{
    Ansinh__V1__ReceiptRecord receipt;
    ansinh__v1__receipt_record__init(&receipt);
    struct receipt_place place;
    receipt_place_payment(in->partition, (struct journal_position){in->epoch, in->seq}, &place);
    const char *fault = find(self, &place) != NULL ? "issues a second receipt for a payment" : NULL;
    if (is_in_block(series, in->number)) {
        if (receipt_get(self, id, in->number) != NULL)
            fault = "issues a number of a block a second time";
    } else if (in->number != series->next_number++) {
        fault = "issues a receipt whose number is not the next one";
    }
    receipt.state = ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VALID;
    receipt.partition = in->partition;
    receipt.epoch = in->epoch;
    receipt.seq = in->seq;
    receipt.issued_at_ms = self->at_ms;
    receipt.refused_number = in->refused_number;
    receipt_put(self, id, in->number, &receipt);
    payment_put(self, id, in->number, &receipt);
    return fault;
}

static const char *apply_issued(const struct numbered *self, const Ansinh__V1__ReceiptsIssued *in)
{
    const char *fault = in->n_receipts == 0 ? "issues no receipt" : NULL;
    uint64_t id = series_id(in->series);
    Ansinh__V1__ReceiptSeriesRecord series = series_get(self, id, in->series);
    for (size_t i = 0; i < in->n_receipts; i++) {
        const char *wrong = issue(self, &series, id, in->receipts[i]);
        if (wrong != NULL)
            fault = wrong;
    }
    series_put(self, id, &series);
    return fault;
}

static const char *apply_block(const struct numbered *self,
                               const Ansinh__V1__ReceiptBlockAllocated *in)
{
    uint64_t id = series_id(in->series);
    Ansinh__V1__ReceiptSeriesRecord series = series_get(self, id, in->series);
    Ansinh__V1__ReceiptBlock *block = keep(self, sizeof(*block));
    ansinh__v1__receipt_block__init(block);
    const char *fault = in->count == 0 || in->first_number != series.next_number
                            ? "allocates other numbers than the next ones"
                            : NULL;
    Ansinh__V1__ReceiptBlock **blocks =
        keep(self, (series.n_blocks + 1) * sizeof(Ansinh__V1__ReceiptBlock *));
    if (series.n_blocks > 0)
        memcpy(blocks, series.blocks, series.n_blocks * sizeof(Ansinh__V1__ReceiptBlock *));
    block->first_number = in->first_number;
    block->last_number = in->first_number + in->count - 1;
    blocks[series.n_blocks++] = block;
    series.blocks = blocks;
    series.next_number = block->last_number + 1;
    series_put(self, id, &series);
    return fault;
}

/* --- voiding ---------------------------------------------------------------------------------- */

static const char *void_unused(const struct numbered *self, const Ansinh__V1__ReceiptVoided *in,
                               uint64_t number)
{
    Ansinh__V1__ReceiptRecord receipt;
    ansinh__v1__receipt_record__init(&receipt);
    const char *fault = receipt_get(self, series_id(in->series), number) != NULL
                            ? "voids a used number as unused"
                            : NULL;
    receipt.state = ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VOIDED;
    receipt.reason = in->reason;
    receipt.officer = in->officer;
    receipt.voided_at_ms = self->at_ms;
    receipt_put(self, series_id(in->series), number, &receipt);
    return fault;
}

static const char *close_block(const struct numbered *self, const Ansinh__V1__ReceiptVoided *in)
{
    uint64_t id = series_id(in->series);
    Ansinh__V1__ReceiptSeriesRecord series = series_get(self, id, in->series);
    const Ansinh__V1__ReceiptBlock *closed = NULL;
    const char *fault = NULL;
    size_t n = 0;
    for (size_t i = 0; i < in->n_numbers; i++) {
        const char *wrong = void_unused(self, in, in->numbers[i]);
        if (wrong != NULL)
            fault = wrong;
    }
    Ansinh__V1__ReceiptBlock **blocks =
        keep(self, (series.n_blocks + 1) * sizeof(Ansinh__V1__ReceiptBlock *));
    for (size_t i = 0; i < series.n_blocks; i++) {
        if (series.blocks[i]->first_number == in->closed_block)
            closed = series.blocks[i];
        else
            blocks[n++] = series.blocks[i];
    }
    series.blocks = blocks;
    series.n_blocks = n;
    series_put(self, id, &series);
    if (closed == NULL)
        return "closes a block that is not open";
    for (uint64_t number = closed->first_number; number <= closed->last_number; number++) {
        if (receipt_get(self, id, number) == NULL)
            return "closes a block and leaves a number of it open";
    }
    return fault;
}

static void replace(const struct numbered *self, const Ansinh__V1__ReceiptVoided *in,
                    const Ansinh__V1__ReceiptRecord *before)
{
    Ansinh__V1__ReceiptRecord receipt;
    ansinh__v1__receipt_record__init(&receipt);
    uint64_t id = series_id(in->series);
    Ansinh__V1__ReceiptSeriesRecord series = series_get(self, id, in->series);
    series.next_number = in->replacement + 1;
    receipt.state = ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VALID;
    receipt.partition = before->partition;
    receipt.epoch = before->epoch;
    receipt.seq = before->seq;
    receipt.issued_at_ms = self->at_ms;
    receipt.replaces = in->numbers[0];
    receipt_put(self, id, in->replacement, &receipt);
    payment_put(self, id, in->replacement, &receipt);
    series_put(self, id, &series);
}

static const char *void_one(const struct numbered *self, const Ansinh__V1__ReceiptVoided *in)
{
    uint64_t id = series_id(in->series);
    const Ansinh__V1__ReceiptRecord *before = receipt_get(self, id, in->numbers[0]);
    if (before == NULL || before->epoch == 0)
        return "voids a receipt that was not issued";
    Ansinh__V1__ReceiptRecord after = *before;
    int is_valid = before->state == ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VALID;
    const char *fault = NULL;
    if (!is_valid && (in->replacement == 0 || before->replaced_by != 0 ||
                      before->state == ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_REVERSED))
        fault = "voids a receipt that is void already";
    if (in->replacement != 0 && in->replacement != series_get(self, id, in->series).next_number)
        fault = "replaces a receipt by a number that is not the next one";
    if (is_valid) {
        after.state = in->reason == ANSINH__V1__VOID_REASON__VOID_REASON_REVERSED
                          ? ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_REVERSED
                          : ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VOIDED;
        after.reason = in->reason;
        after.remark = in->remark;
        after.officer = in->officer;
        after.voided_at_ms = self->at_ms;
    }
    after.replaced_by = in->replacement;
    receipt_put(self, id, in->numbers[0], &after);
    if (in->replacement != 0)
        replace(self, in, &after);
    return fault;
}

static const char *apply_voided(const struct numbered *self, const Ansinh__V1__ReceiptVoided *in)
{
    if (in->closed_block != 0)
        return close_block(self, in);
    return in->n_numbers == 1 ? void_one(self, in) : "voids several receipts at once";
}

/* --- cash ------------------------------------------------------------------------------------- */

static const char *apply_remitted(const struct numbered *self, const Ansinh__V1__CashRemitted *in)
{
    struct receipt_place place;
    Ansinh__V1__RemittedRecord after;
    ansinh__v1__remitted_record__init(&after);
    receipt_place_cash(in->subject.data, &place);
    struct fold_numbered *record = find(self, &place);
    if (record != NULL)
        after = *(const Ansinh__V1__RemittedRecord *)message_of(self, record);
    after.remitted_vnd += in->amount_vnd;
    after.remittances++;
    after.last_at_ms = self->at_ms;
    put(self, &place, &after.base);
    if (in->amount_vnd <= 0)
        return "hands over no cash";
    return after.remitted_vnd == in->remitted_vnd && after.remittances == in->number
               ? NULL
               : "has another sum of all that was handed over";
}

/* --- banks ------------------------------------------------------------------------------------ */

static const char *apply_banked(const struct numbered *self, const Ansinh__V1__BankEntryPosted *in)
{
    struct receipt_place place;
    if (in->entry == NULL)
        return "posts no bank entry";
    receipt_place_bank(in->subject.data, &place);
    const char *fault = find(self, &place) != NULL ? "posts a bank entry a second time" : NULL;
    Ansinh__V1__BankEntryRecord after = *in->entry;
    int64_t suspense_vnd = after.organisation_code[0] == '\0' ? after.amount_vnd : 0;
    put(self, &place, &after.base);
    if (after.amount_vnd == 0 || after.suspense_vnd != suspense_vnd ||
        after.posted_at_ms != self->at_ms)
        fault = "posts a bank entry that contradicts itself";
    return fault;
}

static const char *apply_moved(const struct numbered *self, const Ansinh__V1__SuspenseMoved *in)
{
    struct receipt_place place;
    receipt_place_bank(in->subject.data, &place);
    struct fold_numbered *record = find(self, &place);
    if (record == NULL)
        return "moves money of a bank entry that was not posted";
    Ansinh__V1__BankEntryRecord after =
        *(const Ansinh__V1__BankEntryRecord *)message_of(self, record);
    int64_t before_vnd = after.suspense_vnd;
    after.suspense_vnd -= in->amount_vnd;
    put(self, &place, &after.base);
    int is_left = before_vnd > 0 ? in->amount_vnd > 0 && in->amount_vnd <= before_vnd
                                 : in->amount_vnd < 0 && in->amount_vnd >= before_vnd;
    return is_left && after.suspense_vnd == in->suspense_vnd ? NULL
                                                             : "moves more than is in suspense";
}

static const char *apply_commission(const struct numbered *self,
                                    const Ansinh__V1__CommissionPosted *in)
{
    struct receipt_place place;
    if (in->commission == NULL)
        return "posts no commission";
    receipt_place_commission(in->subject.data, &place);
    struct fold_numbered *record = find(self, &place);
    int64_t before_vnd =
        record == NULL
            ? 0
            : ((const Ansinh__V1__CommissionRecord *)message_of(self, record))->amount_vnd;
    put(self, &place, &in->commission->base);
    return in->posted_vnd == in->commission->amount_vnd - before_vnd &&
                   in->commission->posted_at_ms == self->at_ms
               ? NULL
               : "posts a commission that contradicts itself";
}

/* --- sessions --------------------------------------------------------------------------------- */

static const char *apply_session(const struct numbered *self, const Ansinh__V1__SessionRecorded *in)
{
    struct receipt_place place;
    Ansinh__V1__SessionRecord after;
    if (in->session == NULL)
        return "records no session";
    receipt_place_session(in->subject.data, &place);
    struct fold_numbered *record = find(self, &place);
    ansinh__v1__session_record__init(&after);
    after.session = in->session;
    if (record != NULL)
        after.contacts = ((const Ansinh__V1__SessionRecord *)message_of(self, record))->contacts;
    put(self, &place, &after.base);
    return NULL;
}

static const char *apply_contacts(const struct numbered *self,
                                  const Ansinh__V1__ContactsRecorded *in)
{
    struct receipt_place place;
    receipt_place_session(in->subject.data, &place);
    struct fold_numbered *record = find(self, &place);
    if (record == NULL)
        return "has contacts of a session that was not recorded";
    Ansinh__V1__SessionRecord after = *(const Ansinh__V1__SessionRecord *)message_of(self, record);
    after.contacts += (int64_t)(in->citizens.len / ID_BYTES);
    put(self, &place, &after.base);
    return in->citizens.len % ID_BYTES == 0 && after.contacts == in->contacts
               ? NULL
               : "counts contacts in another way";
}

/* --- entries ---------------------------------------------------------------------------------- */

static const ProtobufCBinaryData *subject_of(const Ansinh__V1__Event *event)
{
    if (event->kind_case == ANSINH__V1__EVENT__KIND_RECEIPTS_ISSUED)
        return &event->receipts_issued->subject;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_RECEIPT_VOIDED)
        return &event->receipt_voided->subject;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_RECEIPT_BLOCK_ALLOCATED)
        return &event->receipt_block_allocated->subject;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_CASH_REMITTED)
        return &event->cash_remitted->subject;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_BANK_ENTRY_POSTED)
        return &event->bank_entry_posted->subject;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_SUSPENSE_MOVED)
        return &event->suspense_moved->subject;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_COMMISSION_POSTED)
        return &event->commission_posted->subject;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_SESSION_RECORDED)
        return &event->session_recorded->subject;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_CONTACTS_RECORDED)
        return &event->contacts_recorded->subject;
    return NULL;
}

const char *numbered_apply(struct map *records, struct arena *arena, unsigned partition,
                           const Ansinh__V1__Event *event)
{
    const struct numbered self = {records, arena, event->at_ms};
    const ProtobufCBinaryData *subject = subject_of(event);
    if (subject == NULL)
        return NULL;
    if (subject->len != ID_BYTES || partition_of(subject->data) != partition)
        return "speaks of something that lives in another partition";
    if (event->kind_case == ANSINH__V1__EVENT__KIND_RECEIPTS_ISSUED)
        return apply_issued(&self, event->receipts_issued);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_RECEIPT_VOIDED)
        return apply_voided(&self, event->receipt_voided);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_RECEIPT_BLOCK_ALLOCATED)
        return apply_block(&self, event->receipt_block_allocated);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_BANK_ENTRY_POSTED)
        return apply_banked(&self, event->bank_entry_posted);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_SUSPENSE_MOVED)
        return apply_moved(&self, event->suspense_moved);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_COMMISSION_POSTED)
        return apply_commission(&self, event->commission_posted);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_SESSION_RECORDED)
        return apply_session(&self, event->session_recorded);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_CONTACTS_RECORDED)
        return apply_contacts(&self, event->contacts_recorded);
    return apply_remitted(&self, event->cash_remitted);
}

/* --- what leads to payments ------------------------------------------------------------------- */

/* The payment comes first, but in a partition that may have been read before it did. */
void verify_receipts(struct verify *self)
{
    hash_list_sort(&self->paid, numbered_partition);
    hash_list_sort(&self->receipted, numbered_partition);
    for (size_t i = 0, near = 0; i < self->receipted.n; i++) {
        const uint8_t *bytes = self->receipted.hashes[i];
        struct journal_position position;
        char id[POSITION_TEXT_BYTES];
        if (hash_list_meets(&self->paid, bytes, &near))
            continue;
        unsigned partition = numbered_place(bytes, &position);
        position_format(partition, position, id);
        if (partition >= PARTITIONS || position_compare(position, self->heads[partition]) <= 0)
            verify_difference(self, "%s: has a receipt, and is no payment", id);
    }
}
