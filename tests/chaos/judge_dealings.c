/* Partners' transactions. Each id is claimed once and has one outcome; every entry about it was
 * asked for by somebody, and whoever asked what became of it was told what was true then. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/collections.pb-c.h"
#include "common/base/log.h"
#include "tests/chaos/judge.h"

void judge_entry_text(const struct entry *entry, char ret[ENTRY_TEXT_BYTES])
{
    (void)snprintf(ret, ENTRY_TEXT_BYTES, "p%04u-%" PRIu32 "-%" PRIu64, entry->partition,
                   entry->position.epoch, entry->position.seq);
}

/* --- the journal ------------------------------------------------------------------------------ */

static struct dealing *dealing_get(struct judge *self, const char *id)
{
    struct request_id key;
    if (request_id_parse(id, &key) < 0)
        memset(&key, 0, sizeof(key)); /* no client made it */
    struct dealing *dealing = map_get(self->by_transaction, key.bytes, ID_BYTES);
    if (dealing != NULL)
        return dealing;
    dealing = arena_zalloc(self->arena, sizeof(*dealing));
    ASSERT(dealing != NULL);
    dealing->id = key;
    for (int i = 0; i < TOLDS; i++)
        dealing->told_us[i] = INT64_MAX;
    (void)map_put(self->by_transaction, key.bytes, ID_BYTES, dealing);
    return dealing;
}

/* The command with a transaction id; NULL: none of this kind. */
static struct command *command_of(const struct judge *self, const char *id, enum kind kind)
{
    struct request_id key;
    if (request_id_parse(id, &key) < 0)
        return NULL;
    struct command *command = map_get(self->by_id, key.bytes, ID_BYTES);
    return command != NULL && command->kind == kind ? command : NULL;
}

static void set_once(struct judge *self, const struct entry **slot, const struct entry *entry,
                     const char *what)
{
    if (*slot != NULL)
        judge_find(self, FINDING_DOUBLED, NULL, "p%04u %" PRIu64 ": a transaction is %s twice",
                   entry->partition, entry->position.seq, what);
    *slot = entry;
}

/* An entry that is the outcome of its command, or only led there. */
static void ask_for(struct judge *self, struct entry *entry, struct command *command,
                    int is_outcome)
{
    if (command == NULL)
        judge_find(self, FINDING_DOUBLED, NULL,
                   "p%04u %" PRIu64 ": about a transaction that nobody asked for", entry->partition,
                   entry->position.seq);
    else if (is_outcome)
        judge_link(self, command, entry);
    else
        entry->command = command;
}

static void take_claim(struct judge *self, struct entry *entry)
{
    const Ansinh__V1__TransactionClaimed *in = entry->event->transaction_claimed;
    struct dealing *dealing = dealing_get(self, in->transaction_id);
    switch (in->kind) {
    case ANSINH__V1__TRANSACTION_KIND__TRANSACTION_KIND_PAY:
        set_once(self, &dealing->claim, entry, "claimed");
        ask_for(self, entry, command_of(self, in->transaction_id, KIND_COLLECT), 0);
        return;
    case ANSINH__V1__TRANSACTION_KIND__TRANSACTION_KIND_CANCEL:
        set_once(self, &dealing->claim, entry, "claimed");
        set_once(self, &dealing->closing, entry, "closed");
        ask_for(self, entry, command_of(self, in->other_id, KIND_TAKE_BACK), 1);
        return;
    case ANSINH__V1__TRANSACTION_KIND__TRANSACTION_KIND_REVERSE:
        set_once(self, &dealing->claim, entry, "claimed");
        ask_for(self, entry, command_of(self, in->transaction_id, KIND_TAKE_BACK), 0);
        return;
    case ANSINH__V1__TRANSACTION_KIND__TRANSACTION_KIND_UNSPECIFIED:
    default:
        judge_find(self, FINDING_MODEL, NULL, "p%04u %" PRIu64 ": claims nothing", entry->partition,
                   entry->position.seq);
    }
}

void judge_take_dealing(struct judge *self, struct entry *entry)
{
    const Ansinh__V1__Event *event = entry->event;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_TRANSACTION_CLAIMED) {
        take_claim(self, entry);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_TRANSACTION_CLOSED) {
        const Ansinh__V1__TransactionClosed *in = event->transaction_closed;
        set_once(self, &dealing_get(self, in->transaction_id)->closing, entry, "closed");
        if (in->is_cancelled)
            ask_for(self, entry, command_of(self, in->reversal_id, KIND_TAKE_BACK), 1);
        else
            ask_for(self, entry, command_of(self, in->transaction_id, KIND_COLLECT), 0);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED &&
               event->payment_recorded->partner[0] != '\0') {
        const Ansinh__V1__PaymentRecorded *in = event->payment_recorded;
        set_once(self, &dealing_get(self, in->transaction_id)->payment, entry, "paid");
        ask_for(self, entry, command_of(self, in->transaction_id, KIND_COLLECT), 1);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED &&
               event->payment_reversed->payment->partner[0] != '\0') {
        const Ansinh__V1__PaymentReversed *in = event->payment_reversed;
        set_once(self, &dealing_get(self, in->payment->transaction_id)->reversal, entry,
                 "taken back");
        if (in->transaction_id[0] != '\0')
            ask_for(self, entry, command_of(self, in->transaction_id, KIND_TAKE_BACK), 1);
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

static int is_collected(const struct entry *entry, const Ansinh__V1__CollectedPayment *out)
{
    char id[ENTRY_TEXT_BYTES];
    const Ansinh__V1__PaymentRecorded *paid = entry->event->payment_recorded;
    judge_entry_text(entry, id);
    int is_id = out != NULL && strcmp(out->payment_id, id) == 0;
    base32_format(entry->line->citizen, id);
    (void)snprintf(id + strlen(id), 16, "-%" PRIu32, paid->bill_number);
    return is_id && strcmp(out->bill_id, id) == 0 &&
           strcmp(out->partner_transaction_id, paid->transaction_id) == 0 &&
           out->amount_vnd == paid->pockets->participant_vnd && out->months == paid->months &&
           out->paid_at_ms == paid->paid_at_ms && out->channel == paid->channel &&
           strcmp(out->collector_code, paid->collector_code) == 0 &&
           out->recorded_at_ms == entry->event->at_ms;
}

static int is_taken_back(const struct entry *entry, const Ansinh__V1__CollectedReversal *out)
{
    char id[ENTRY_TEXT_BYTES];
    const Ansinh__V1__PaymentReversed *in = entry->event->payment_reversed;
    judge_entry_text(entry, id);
    return out != NULL && strcmp(out->reversal_id, id) == 0 &&
           strcmp(out->partner_transaction_id, in->transaction_id) == 0 &&
           strcmp(out->original_transaction_id, in->payment->transaction_id) == 0 &&
           out->amount_vnd == in->payment->pockets->participant_vnd && out->reason == in->reason &&
           out->recorded_at_ms == entry->event->at_ms;
}

/* An entry that says "cancelled", and by which reversal; NULL: it does not. */
static const char *cancelled_by(const struct entry *entry)
{
    const Ansinh__V1__Event *event = entry->event;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_TRANSACTION_CLAIMED)
        return event->transaction_claimed->other_id;
    return event->kind_case == ANSINH__V1__EVENT__KIND_TRANSACTION_CLOSED &&
                   event->transaction_closed->is_cancelled
               ? event->transaction_closed->reversal_id
               : NULL;
}

static int is_cancelled(const struct entry *entry, const Ansinh__V1__CollectedReversal *out)
{
    const char *by = cancelled_by(entry);
    return by != NULL && out != NULL && strcmp(out->partner_transaction_id, by) == 0 &&
           out->reversal_id[0] == '\0' && out->recorded_at_ms == entry->event->at_ms;
}

/* What was asked for is what was written, and what was answered is that. */
static int is_collect_answer(struct judge *self, const struct command *command,
                             const struct operation *operation)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    const Ansinh__V1__CollectionsPayRequest *in = ansinh__v1__collections_pay_request__unpack(
        &allocator, operation->body_len, operation->body);
    const Ansinh__V1__CollectionsPayResponse *out = ansinh__v1__collections_pay_response__unpack(
        &allocator, operation->answer_len, operation->answer);
    return in != NULL && out != NULL && is_collected(command->entry, out->payment) &&
           strcmp(out->payment->bill_id, in->bill_id) == 0 &&
           out->payment->amount_vnd == in->amount_vnd &&
           out->payment->paid_at_ms == in->paid_at_ms &&
           strcmp(out->payment->business_date, in->business_date) == 0;
}

static int is_take_back_answer(struct judge *self, const struct command *command,
                               const struct operation *operation)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    const Ansinh__V1__CollectionsReverseRequest *in =
        ansinh__v1__collections_reverse_request__unpack(&allocator, operation->body_len,
                                                        operation->body);
    const Ansinh__V1__CollectionsReverseResponse *out =
        ansinh__v1__collections_reverse_response__unpack(&allocator, operation->answer_len,
                                                         operation->answer);
    const struct entry *entry = command->entry;
    if (in == NULL || out == NULL || out->reversal == NULL ||
        strcmp(out->reversal->original_transaction_id, in->original_transaction_id) != 0)
        return 0;
    if (entry->event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED)
        return out->state == ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REVERSED &&
               is_taken_back(entry, out->reversal);
    return out->state == ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_CANCELLED &&
           is_cancelled(entry, out->reversal);
}

int judge_dealing_answer(struct judge *self, const struct command *command,
                         const struct operation *operation)
{
    return command->kind == KIND_COLLECT ? is_collect_answer(self, command, operation)
                                         : is_take_back_answer(self, command, operation);
}

/* --- one outcome ------------------------------------------------------------------------------ */

static void check_outcome(struct judge *self, const struct dealing *dealing)
{
    const struct entry *paid = dealing->payment;
    if (paid != NULL && dealing->closing != NULL)
        judge_find(self, FINDING_DOUBLED, NULL,
                   "p%04u %" PRIu64 ": a transaction was paid, and %s at p%04u %" PRIu64,
                   paid->partition, paid->position.seq,
                   cancelled_by(dealing->closing) != NULL ? "cancelled" : "refused",
                   dealing->closing->partition, dealing->closing->position.seq);
    if ((paid != NULL || dealing->closing != NULL) && dealing->claim == NULL)
        judge_find(self, FINDING_MODEL, NULL, "a transaction has an outcome, and no claim");
}

/* --- questions -------------------------------------------------------------------------------- */

static enum told told_of(Ansinh__V1__CollectionState state)
{
    switch (state) {
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_PENDING:
        return TOLD_PENDING;
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_PAID:
        return TOLD_PAID;
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REVERSED:
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_CANCELLED:
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REFUSED:
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REFUNDED:
        return TOLD_ENDED;
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_UNSPECIFIED:
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_NOT_FOUND:
    default:
        return TOLD_NOTHING;
    }
}

static void tell(struct dealing *dealing, enum told told, int64_t us)
{
    for (int i = 0; i <= (int)told; i++)
        dealing->told_us[i] = MIN(dealing->told_us[i], us);
}

/* Asked for before the answer came, by whoever it was. */
static int was_asked_for(const struct entry *entry, const struct operation *operation)
{
    return entry != NULL &&
           (entry->command == NULL || entry->command->invoked_us < operation->completed_us);
}

static int is_true(const struct dealing *dealing, const struct operation *operation,
                   const Ansinh__V1__CollectionsGetPaymentResponse *out)
{
    const struct entry *closing = dealing->closing;
    switch (out->state) {
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_NOT_FOUND:
        return 1;
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_PENDING:
        return was_asked_for(dealing->claim, operation);
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_PAID:
        return was_asked_for(dealing->payment, operation) &&
               is_collected(dealing->payment, out->payment);
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REVERSED:
        return was_asked_for(dealing->payment, operation) &&
               is_collected(dealing->payment, out->payment) &&
               was_asked_for(dealing->reversal, operation) &&
               is_taken_back(dealing->reversal, out->reversal);
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_CANCELLED:
        return was_asked_for(closing, operation) && is_cancelled(closing, out->reversal);
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REFUSED:
        return was_asked_for(closing, operation) && cancelled_by(closing) == NULL;
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REFUNDED: /* nobody opens cases here */
    case ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_UNSPECIFIED:
    default:
        return 0;
    }
}

static const Ansinh__V1__CollectionsGetPaymentResponse *
read_answer(struct judge *self, const struct operation *operation)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    return ansinh__v1__collections_get_payment_response__unpack(&allocator, operation->answer_len,
                                                                operation->answer);
}

static struct dealing *asked_about(struct judge *self, const struct operation *operation)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    const Ansinh__V1__CollectionsGetPaymentRequest *in =
        ansinh__v1__collections_get_payment_request__unpack(&allocator, operation->body_len,
                                                            operation->body);
    ASSERT(in != NULL);
    return dealing_get(self, in->partner_transaction_id);
}

/* What was true at some moment between question and answer: not what had been told to be over
 * before. */
static void check_question(struct judge *self, const struct operation *operation)
{
    if (operation->outcome == OUTCOME_REFUSED)
        judge_find(self, FINDING_ANSWER, operation, "a question was refused with code %u",
                   operation->code);
    if (operation->outcome != OUTCOME_OK)
        return;
    const struct dealing *dealing = asked_about(self, operation);
    const Ansinh__V1__CollectionsGetPaymentResponse *out = read_answer(self, operation);
    if (out == NULL || !is_true(dealing, operation, out)) {
        judge_find(self, FINDING_ANSWER, operation, "the journal does not say state %d",
                   out == NULL ? -1 : (int)out->state);
        return;
    }
    for (int i = (int)told_of(out->state) + 1; i < TOLDS; i++) {
        if (dealing->told_us[i] < operation->invoked_us) {
            judge_find(self, FINDING_ANSWER, operation,
                       "state %d, when more had been told of the transaction before",
                       (int)out->state);
            return;
        }
    }
}

static void gather_told(struct judge *self, const struct operation *operation)
{
    struct command *command;
    if (operation->outcome != OUTCOME_OK)
        return;
    if (operation->kind == KIND_COLLECTED) {
        const Ansinh__V1__CollectionsGetPaymentResponse *out = read_answer(self, operation);
        if (out != NULL)
            tell(asked_about(self, operation), told_of(out->state), operation->completed_us);
        return;
    }
    command = map_get(self->by_id, operation->id.bytes, ID_BYTES);
    if (command == NULL || command->entry == NULL)
        return;
    const Ansinh__V1__Event *event = command->entry->event;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        tell(dealing_get(self, event->payment_recorded->transaction_id), TOLD_PAID,
             operation->completed_us);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED)
        tell(dealing_get(self, event->payment_reversed->payment->transaction_id), TOLD_ENDED,
             operation->completed_us);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_TRANSACTION_CLAIMED)
        tell(dealing_get(self, event->transaction_claimed->transaction_id), TOLD_ENDED,
             operation->completed_us);
    else
        tell(dealing_get(self, event->transaction_closed->transaction_id), TOLD_ENDED,
             operation->completed_us);
}

void judge_dealings(struct judge *self)
{
    const struct history *history = self->history;
    struct dealing *dealing;
    for (size_t cursor = 0; (dealing = map_next(self->by_transaction, &cursor)) != NULL;)
        check_outcome(self, dealing);
    for (size_t i = 0; i < history->n; i++) {
        const enum kind kind = history->operations[i].kind;
        if (kind == KIND_COLLECT || kind == KIND_TAKE_BACK || kind == KIND_COLLECTED)
            gather_told(self, &history->operations[i]);
    }
    for (size_t i = 0; i < history->n; i++) {
        if (history->operations[i].kind == KIND_COLLECTED)
            check_question(self, &history->operations[i]);
    }
}
