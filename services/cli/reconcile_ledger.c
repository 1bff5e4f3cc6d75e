/* The ledger's side of a reconciliation: the partner's payments and the bank entries as the
 * journals tell them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/domain/commission.h"
#include "common/service/command.h"
#include "common/service/postings.h"
#include "services/cli/reconcile.h"

#define TEXTS_MAX_BYTES ((size_t)1024 * 1024 * 1024)
#define SOURCE_FILE_BYTES 8

struct payment {
    unsigned partition;
    struct journal_position position;
    const char *text; /* transaction id; of a refund what is noted of it */
    int64_t amount_vnd, fee_vnd;
    int32_t business_day;
    uint8_t is_from_this_file, is_reversal, is_refund; /* one of the last two, or none */
};

struct reading {
    struct reconcile *reconcile;
    struct arena *texts;
    struct payment *payments; /* and reversals */
    size_t n, capacity;
    struct banked *banked; /* NULL: no statement was given */
    int32_t from_day;      /* older payments are passed over */
    struct err *err;
};

static struct payment *add(struct reading *self)
{
    if (self->n == 2 * (size_t)EOD_ROWS_MAX)
        return NULL;
    if (self->n == self->capacity) {
        size_t capacity = self->capacity == 0 ? 1024 : 2 * self->capacity;
        struct payment *payments = realloc(self->payments, capacity * sizeof(*payments));
        if (payments == NULL)
            return NULL;
        self->payments = payments;
        self->capacity = capacity;
    }
    struct payment *payment = &self->payments[self->n++];
    *payment = (struct payment){.text = ""};
    return payment;
}

/* What was agreed for such a payment; -1: nothing. */
static int64_t fee_of(const struct policy *policy, const Ansinh__V1__PaymentRecorded *paid)
{
    struct explain_lines unused = {0};
    enum method method = (enum method)paid->method;
    if (commission_on(policy, method, !paid->is_first, paid->paid_day) == NULL)
        return -1;
    return commission_of(policy, method, !paid->is_first, paid->paid_day,
                         paid->pockets->participant_vnd, &unused);
}

static int is_from_file(const struct reading *self, const ProtobufCBinaryData *source)
{
    return source->len == SOURCE_FILE_BYTES &&
           memcmp(source->data, self->reconcile->file.hash, SOURCE_FILE_BYTES) == 0;
}

static int take_payment(struct reading *self, unsigned partition, struct journal_position position,
                        const Ansinh__V1__PaymentRecorded *paid)
{
    if (strcmp(paid->partner, self->reconcile->query.partner) != 0)
        return 0;
    struct payment *payment = add(self);
    const char *id = arena_strndup(self->texts, paid->transaction_id, strlen(paid->transaction_id));
    if (payment == NULL || id == NULL)
        return err_set(self->err, -ENOSPC, "the ledger has too many payments of the partner");
    payment->partition = partition;
    payment->position = position;
    payment->text = id;
    payment->amount_vnd = paid->pockets->participant_vnd;
    payment->fee_vnd = fee_of(self->reconcile->svc.policy, paid);
    payment->business_day = paid->paid_day;
    payment->is_from_this_file = (uint8_t)is_from_file(self, &paid->source_file);
    return 0;
}

/* When the agency gave the money back, and by which entry; NULL: no memory. */
static const char *refund_note(struct reading *self, unsigned partition,
                               struct journal_position position, int32_t day)
{
    char date[DATE_TEXT_BYTES], id[POSITION_TEXT_BYTES];
    date_format(day, date);
    position_format(partition, position, id);
    return arena_printf(self->texts, "refunded on %s, %s", date, id);
}

/* Stands beside its payment, which may be older than what is read. What was refunded is still due
 * from the partner. */
static int take_taken_back(struct reading *self, unsigned partition,
                           struct journal_position position, const Ansinh__V1__Event *event,
                           const Ansinh__V1__PaymentReversed *reversed)
{
    if (strcmp(reversed->payment->partner, self->reconcile->query.partner) != 0)
        return 0;
    struct payment *payment = add(self);
    if (payment == NULL)
        return err_set(self->err, -ENOSPC, "the ledger has too many payments of the partner");
    payment->partition = partition;
    payment->position = (struct journal_position){reversed->payment_epoch, reversed->payment_seq};
    payment->is_refund = event->kind_case == ANSINH__V1__EVENT__KIND_REFUND_CASE;
    payment->is_reversal = !payment->is_refund;
    if (payment->is_refund)
        payment->text = refund_note(self, partition, position, reversed->reversed_day);
    return payment->text == NULL ? err_set(self->err, -ENOSPC, "no memory for the ledger's refunds")
                                 : 0;
}

static int take(void *arg, unsigned partition, struct journal_position position,
                Ansinh__V1__Event *event)
{
    struct reading *self = arg;
    if (self->banked != NULL) {
        int rc = banked_take(self->banked, event, self->err);
        if (rc < 0)
            return rc;
    }
    if (clock_business_day(event->at_ms) < self->from_day)
        return 0;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        return take_payment(self, partition, position, event->payment_recorded);
    const Ansinh__V1__PaymentReversed *reversed = event_reversal(event);
    return reversed == NULL ? 0 : take_taken_back(self, partition, position, event, reversed);
}

static int is_taking_back(const struct payment *payment)
{
    return payment->is_reversal || payment->is_refund;
}

static int compare(const void *a, const void *b)
{
    const struct payment *x = a, *y = b;
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    if (x->position.epoch != y->position.epoch)
        return x->position.epoch < y->position.epoch ? -1 : 1;
    if (x->position.seq != y->position.seq)
        return x->position.seq < y->position.seq ? -1 : 1;
    return is_taking_back(x) - is_taking_back(y);
}

/* The reversal or refund of payment i, which stands behind it; NULL: it stands. */
static const struct payment *taken_back_by(const struct reading *self, size_t i)
{
    const struct payment *payment = &self->payments[i], *next = payment + 1;
    int is_its = i + 1 < self->n && is_taking_back(next) && next->partition == payment->partition &&
                 next->position.epoch == payment->position.epoch &&
                 next->position.seq == payment->position.seq;
    return is_its ? next : NULL;
}

/* A reversal stands behind its payment, at the payment's own place. */
static int give(struct reading *self)
{
    int rc = 0;
    if (self->n > 0)
        qsort(self->payments, self->n, sizeof(*self->payments), compare);
    for (size_t i = 0; rc == 0 && i < self->n; i++) {
        const struct payment *payment = &self->payments[i];
        char payment_id[POSITION_TEXT_BYTES];
        if (is_taking_back(payment))
            continue;
        const struct payment *back = taken_back_by(self, i);
        position_format(payment->partition, payment->position, payment_id);
        struct match_payment ours = {.transaction_id = payment->text,
                                     .payment_id = payment_id,
                                     .amount_vnd = payment->amount_vnd,
                                     .status = back != NULL && back->is_reversal ? EOD_REVERSED
                                                                                 : EOD_PAID,
                                     .note = back != NULL && back->is_refund ? back->text : NULL,
                                     .business_day = payment->business_day,
                                     .fee_vnd = payment->fee_vnd,
                                     .is_from_this_file = payment->is_from_this_file};
        rc = match_payment(self->reconcile->match, &ours);
    }
    return rc < 0 ? err_set(self->err, rc, "no memory for the ledger's payments") : 0;
}

static int give_banked(const struct reading *self)
{
    int rc = self->banked == NULL ? 0 : banked_give(self->banked, self->reconcile->bank);
    return rc < 0 ? err_set(self->err, rc, "the ledger has too many bank entries") : 0;
}

/* Money in suspense may be of any age. */
int reconcile_read_ledger(struct reconcile *self, struct err *err)
{
    struct reading reading = {.reconcile = self,
                              .err = err,
                              .from_day = self->query.business_day - RECONCILE_DAYS_BEFORE};
    struct entries_query entries = self->query.entries;
    unsigned long n_unreadable = 0;
    entries.from_day = self->bank == NULL ? reading.from_day : INT32_MIN;
    entries.to_day = clock_business_day(clock_wall_ms()) + 1;
    reading.texts = arena_create(TEXTS_MAX_BYTES);
    if (self->bank != NULL)
        reading.banked = banked_create(bank_as_of_day(self->bank));
    int rc = entries_read(&self->svc, &entries, take, &reading, &n_unreadable, err);
    if (rc == 0 && n_unreadable > 0)
        rc = err_set(err, -EIO, "%lu entries cannot be read", n_unreadable);
    if (rc == 0)
        rc = give(&reading);
    if (rc == 0)
        rc = give_banked(&reading);
    free(reading.payments);
    banked_destroy(&reading.banked);
    arena_destroy(&reading.texts);
    return rc;
}
