#include "services/cli/verify_payments.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "services/cli/verify_health.h"

#define HASH_START 0xcbf29ce484222325u /* FNV-1a, 64 bits */
#define HASH_FACTOR 0x100000001b3u

void fold_pockets(const Ansinh__V1__Pockets *pockets, struct citizen_bill *ret)
{
    if (pockets == NULL)
        return;
    ret->participant_vnd = pockets->participant_vnd;
    ret->central_vnd = pockets->central_vnd;
    ret->local_vnd = pockets->local_vnd;
    ret->donor_vnd = pockets->donor_vnd;
}

static int is_same_bill(const struct citizen_bill *a, const struct citizen_bill *b)
{
    return a->from_month == b->from_month && a->months == b->months &&
           a->months_supported == b->months_supported && a->participant_vnd == b->participant_vnd &&
           a->central_vnd == b->central_vnd && a->local_vnd == b->local_vnd &&
           a->donor_vnd == b->donor_vnd && a->member_rank == b->member_rank;
}

static struct citizen_bill bill_of(const Ansinh__V1__PaymentRecorded *in)
{
    struct citizen_bill bill = {
        .from_month = in->from_month,
        .months = in->months,
        .months_supported = in->months_supported,
        .paid_day = in->paid_day,
        .member_rank = in->card == NULL ? 0 : in->card->member_rank,
        .card = fold_card(in->card),
    };
    fold_pockets(in->pockets, &bill);
    return bill;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (uint8_t)*text) * HASH_FACTOR;
    while (*text++ != '\0');
    return hash;
}

static uint64_t hash_codes(const Ansinh__V1__PaymentRecorded *in)
{
    uint64_t hash = (HASH_START ^ (uint64_t)in->channel) * HASH_FACTOR;
    hash = hash_text(hash, in->point_code);
    hash = hash_text(hash, in->collector_code);
    hash = hash_text(hash, in->partner);
    return hash_text(hash, in->transaction_id);
}

static void add_totals(struct fold *self, const Ansinh__V1__PaymentRecorded *in,
                       const struct citizen_bill *bill, int64_t sign)
{
    self->totals[TOTAL_PAYMENTS] += sign;
    self->totals[TOTAL_PARTICIPANTS] += sign * (in->is_first != 0);
    self->totals[TOTAL_MONTHS] += sign * in->months;
    self->totals[TOTAL_PARTICIPANT_VND] += sign * bill->participant_vnd;
    self->totals[TOTAL_CENTRAL_VND] += sign * bill->central_vnd;
    self->totals[TOTAL_LOCAL_VND] += sign * bill->local_vnd;
    self->totals[TOTAL_DONOR_VND] += sign * bill->donor_vnd;
}

/* --- paid ------------------------------------------------------------------------------------- */

/* Months without a first one are none of the calendar. */
static void cover(struct fold *self, struct journal_position position, struct fold_citizen *citizen,
                  const struct citizen_bill *bill)
{
    struct citizen *state = &citizen->state;
    struct month_range months = {bill->from_month, bill->from_month + bill->months - 1};
    if (bill->from_month == 0) {
        state->months_missing += bill->months;
        return;
    }
    if (months.to < months.from)
        fold_wrong(self, position, "pays no months");
    else if (months_add(&citizen->months, self->arena, bill->from_month, bill->months) < 0)
        fold_wrong(self, position, "pays a month that is paid");
    else if (coverage_add(&state->coverage, months, NULL) < 0)
        fold_wrong(self, position, "pays months that no record can hold");
    if (bill->from_month > state->payment.from_month)
        state->payment = *bill;
}

/* What an entry says of the record before must be what the journal says of it. A record of an
 * earlier version may have known less. */
static int is_undo(const Ansinh__V1__PaymentUndo *undo, const struct citizen *before,
                   const struct fold_payment *payment)
{
    struct citizen_bill told = {.from_month = undo->from_month,
                                .months = undo->months,
                                .months_supported = undo->months_supported,
                                .paid_day = undo->paid_day};
    fold_pockets(undo->pockets, &told);
    int is_told = told.months == 0 || (is_same_bill(&told, &before->payment) &&
                                       told.paid_day == before->payment.paid_day &&
                                       payment->bill.from_month > before->payment.from_month);
    int is_number = undo->bill_number == before->paid_number ||
                    (undo->bill_number == 0 && told.months == 0); /* as in verify_records.c */
    return is_told && is_number && fold_is_same_card(fold_card(undo->card), payment->card_before) &&
           undo->folded_from == payment->folded.from && undo->folded_to == payment->folded.to;
}

static void remember(struct fold *self, struct journal_position position,
                     struct fold_citizen *citizen, const Ansinh__V1__Event *event,
                     const struct citizen *before)
{
    const Ansinh__V1__PaymentRecorded *in = event->payment_recorded;
    struct fold_payment *payment = fold_keep(self, sizeof(*payment));
    *payment = (struct fold_payment){
        .previous = citizen->payments,
        .position = position,
        .at_ms = event->at_ms,
        .codes = hash_codes(in),
        .bill_number = in->bill_number,
        .commune = in->commune,
        .is_first = in->is_first != 0,
        .is_support_earlier = in->is_support_earlier != 0,
        .bill = bill_of(in),
        .payment_before = before->payment,
        .folded = coverage_folded(&before->coverage, &citizen->state.coverage),
        .card_before = before->card,
    };
    if (!is_undo(in->undo, before, payment))
        fold_wrong(self, position, "says that it replaced something else than it did");
    citizen->payments = payment;
}

void fold_paid(struct fold *self, struct journal_position position, struct fold_citizen *citizen,
               const Ansinh__V1__Event *event)
{
    const Ansinh__V1__PaymentRecorded *in = event->payment_recorded;
    struct citizen *state = &citizen->state, before = *state;
    struct citizen_bill bill = bill_of(in);
    if (state->bill.months == 0 || in->bill_number != state->bill_number ||
        !is_same_bill(&bill, &state->bill))
        fold_wrong(self, position, "pays another bill than the open one");
    fold_health_check(self, position, state, in->product, in->card, in->from_month, in->months);
    if (in->is_first != (!state->has_paid && !state->is_health))
        fold_wrong(self, position, "is marked wrongly as the first payment, or not");
    if (in->commune != state->commune)
        fold_wrong(self, position, "counts for another commune than the participant's");
    if (state->is_health)
        fold_health_cover(self, position, citizen, in);
    else
        cover(self, position, citizen, &bill);
    state->has_paid = !state->is_health;
    state->lump_months = 0;
    state->months_supported += in->months_supported;
    if (in->is_support_earlier)
        state->months_supported_earlier += in->months_supported;
    state->bill = (struct citizen_bill){0};
    state->paid_number = in->undo == NULL ? 0 : in->bill_number; /* an earlier version's */
    citizen->payments = in->undo == NULL ? NULL : citizen->payments;
    if (in->undo != NULL)
        remember(self, position, citizen, event, &before);
    add_totals(self, in, &bill, 1);
    fold_remember(self, citizen, position, FOLD_RECEIPT);
}

/* --- taken back ------------------------------------------------------------------------------- */

static int is_payment(const struct fold_payment *payment, const Ansinh__V1__PaymentReversed *in)
{
    const Ansinh__V1__PaymentRecorded *paid = in->payment;
    struct citizen_bill bill = bill_of(paid);
    struct journal_position position = {in->payment_epoch, in->payment_seq};
    return position_compare(payment->position, position) == 0 &&
           payment->at_ms == in->recorded_at_ms && payment->bill_number == paid->bill_number &&
           payment->commune == paid->commune && payment->is_first == (paid->is_first != 0) &&
           payment->is_support_earlier == (paid->is_support_earlier != 0) &&
           is_same_bill(&payment->bill, &bill) && payment->bill.paid_day == bill.paid_day &&
           fold_is_same_card(payment->bill.card, bill.card) && payment->codes == hash_codes(paid);
}

static void uncover(struct fold *self, struct journal_position position,
                    struct fold_citizen *citizen, const struct fold_payment *payment)
{
    struct citizen *state = &citizen->state;
    const struct citizen_bill *bill = &payment->bill;
    struct month_range months = {bill->from_month, bill->from_month + bill->months - 1};
    if (state->is_health) {
        state->card = payment->card_before;
        return;
    }
    if (bill->from_month == 0) {
        state->months_missing -= MIN(bill->months, state->months_missing);
        return;
    }
    if (months_remove(&citizen->months, self->arena, bill->from_month, bill->months) < 0 ||
        coverage_take_back(&state->coverage, months, payment->folded) < 0)
        fold_wrong(self, position, "takes months back that are not covered");
    if (bill->from_month > payment->payment_before.from_month)
        state->payment = payment->payment_before;
}

static struct fold_redress *redress_get(struct fold *self, struct journal_position payment)
{
    uint8_t field[REDRESS_FIELD_BYTES];
    redress_field(payment.epoch, payment.seq, field);
    struct fold_redress *redress = fold_redress(self, field);
    if (redress == NULL) {
        redress = fold_keep(self, sizeof(*redress));
        redress->payment = payment;
        (void)map_put(self->redresses, field, sizeof(field), redress);
    }
    return redress;
}

/* The newest thing that is said of a payment. */
static void note(struct redress *record, struct journal_position position, enum redress_state state,
                 int32_t day)
{
    record->version++;
    record->epoch = position.epoch;
    record->seq = position.seq;
    record->state = state;
    record->day = day;
}

/* The state before the payment, but that its bill stays dead: one number more. */
static void restore_state(struct citizen *state, const struct fold_payment *payment,
                          int is_lump_sum)
{
    uint32_t supported = payment->bill.months_supported;
    state->months_supported -= MIN(supported, state->months_supported);
    if (payment->is_support_earlier)
        state->months_supported_earlier -= MIN(supported, state->months_supported_earlier);
    if (is_lump_sum)
        state->lump_months = payment->bill.months;
    if (!state->is_health)
        state->has_paid = !payment->is_first;
    state->paid_number = payment->previous == NULL ? 0 : payment->previous->bill_number;
    state->bill = (struct citizen_bill){0};
    state->bill_number++;
}

/* 0: it was not the newest payment, as said. */
static int take_back(struct fold *self, struct journal_position position,
                     struct fold_citizen *citizen, const Ansinh__V1__PaymentReversed *in)
{
    const struct fold_payment *payment = citizen->payments;
    if (in->payment == NULL || payment == NULL || !is_payment(payment, in)) {
        fold_wrong(self, position, "takes back something else than the newest payment");
        return 0;
    }
    uncover(self, position, citizen, payment);
    int is_lump_sum = citizen->state.method >= ANSINH__V1__METHOD__METHOD_FUTURE_YEARS;
    restore_state(&citizen->state, payment, is_lump_sum);
    add_totals(self, in->payment, &payment->bill, -1);
    citizen->payments = payment->previous;
    fold_remember(self, citizen, position, FOLD_REVERSAL);
    return 1;
}

void fold_reversed(struct fold *self, struct journal_position position,
                   struct fold_citizen *citizen, const Ansinh__V1__Event *event)
{
    const Ansinh__V1__PaymentReversed *in = event->payment_reversed;
    struct journal_position payment = {in->payment_epoch, in->payment_seq};
    if (!take_back(self, position, citizen, in))
        return;
    struct redress *record = &redress_get(self, payment)->record;
    if (record->state != REDRESS_NONE && record->state != REDRESS_IS_REJECTED)
        fold_wrong(self, position, "takes a payment back a second time");
    record->reason = (uint8_t)in->reason;
    note(record, position, REDRESS_IS_REVERSED, in->reversed_day);
    record->refund = (struct redress_case){0};
}

/* --- refund cases ----------------------------------------------------------------------------- */

static void requested(struct fold *self, struct journal_position position,
                      struct fold_citizen *citizen, const Ansinh__V1__Event *event,
                      struct redress *record)
{
    const Ansinh__V1__RefundCase *in = event->refund_case;
    if (record->state != REDRESS_NONE && record->state != REDRESS_IS_REJECTED)
        fold_wrong(self, position, "opens a refund case beside another one");
    record->reason = (uint8_t)in->reason;
    record->refund = (struct redress_case){
        .amount_vnd = in->amount_vnd, .requested_at_ms = event->at_ms, .requested_day = in->day};
    memcpy(record->refund.citizen, citizen->hash, ID_BYTES);
    (void)snprintf(record->refund.requested_by, sizeof(record->refund.requested_by), "%s",
                   in->officer_code);
    note(record, position, REDRESS_IS_REQUESTED, in->day);
}

static void decided(struct fold *self, struct journal_position position,
                    struct fold_citizen *citizen, const Ansinh__V1__RefundCase *in,
                    struct redress *record)
{
    int is_approved = in->state == ANSINH__V1__REFUND_STATE__REFUND_STATE_APPROVED;
    if (record->state != REDRESS_IS_REQUESTED)
        fold_wrong(self, position, "decides on a refund case that is not open");
    if (strcmp(record->refund.requested_by, in->officer_code) == 0)
        fold_wrong(self, position, "decides on a refund case by who asked for it");
    if (is_approved != (in->reversal != NULL))
        fold_wrong(self, position, "takes a payment back without approval, or does not with it");
    if (in->reversal != NULL && take_back(self, position, citizen, in->reversal))
        self->totals[TOTAL_REFUNDS_VND] += in->amount_vnd;
    (void)snprintf(record->refund.decided_by, sizeof(record->refund.decided_by), "%s",
                   in->officer_code);
    note(record, position, is_approved ? REDRESS_IS_APPROVED : REDRESS_IS_REJECTED, in->day);
}

static int is_filled(const char *text, size_t max_bytes)
{
    size_t len = strlen(text);
    return len > 0 && len <= max_bytes;
}

static void paid_out(struct fold *self, struct journal_position position,
                     const Ansinh__V1__RefundCase *in, struct redress *record)
{
    const Ansinh__V1__RefundPayout *payout = in->payout;
    if (record->state != REDRESS_IS_APPROVED)
        fold_wrong(self, position, "pays out a refund that is not approved, or is paid out");
    if (strcmp(record->refund.decided_by, in->officer_code) == 0)
        fold_wrong(self, position, "pays out a refund by who approved it");
    if (in->amount_vnd != record->refund.amount_vnd)
        fold_wrong(self, position, "pays out another amount than is owed");
    if (payout->paid_day < record->day || payout->paid_day > in->day)
        fold_wrong(self, position, "says that it was paid out before the approval, or later");
    if (!is_filled(payout->reference, REDRESS_REFERENCE_MAX_BYTES) ||
        !is_filled(payout->bank_account, REDRESS_ACCOUNT_MAX_BYTES))
        fold_wrong(self, position, "does not say how it was paid out");
    struct redress_payout *kept = &record->payout;
    *kept = (struct redress_payout){.approved_epoch = record->epoch,
                                    .approved_seq = record->seq,
                                    .approved_day = record->day,
                                    .paid_day = payout->paid_day};
    (void)snprintf(kept->officer, sizeof(kept->officer), "%s", in->officer_code);
    (void)snprintf(kept->reference, sizeof(kept->reference), "%s", payout->reference);
    (void)snprintf(kept->bank_account, sizeof(kept->bank_account), "%s", payout->bank_account);
    note(record, position, REDRESS_IS_PAID_OUT, in->day);
}

void fold_refunded(struct fold *self, struct journal_position position,
                   struct fold_citizen *citizen, const Ansinh__V1__Event *event)
{
    const Ansinh__V1__RefundCase *in = event->refund_case;
    struct journal_position payment = {in->payment_epoch, in->payment_seq};
    struct redress *record = &redress_get(self, payment)->record;
    const struct journal_position taken =
        in->reversal == NULL
            ? payment
            : (struct journal_position){in->reversal->payment_epoch, in->reversal->payment_seq};
    if (strlen(in->officer_code) > REDRESS_OFFICER_MAX_BYTES || in->officer_code[0] == '\0')
        fold_wrong(self, position, "names no officer");
    if (position_compare(payment, taken) != 0)
        fold_wrong(self, position, "takes back another payment than its case is about");
    if ((in->state == ANSINH__V1__REFUND_STATE__REFUND_STATE_PAID_OUT) != (in->payout != NULL))
        fold_wrong(self, position, "pays out without saying so, or says so without a payout");
    else if (in->payout != NULL)
        paid_out(self, position, in, record);
    else if (in->state == ANSINH__V1__REFUND_STATE__REFUND_STATE_REQUESTED)
        requested(self, position, citizen, event, record);
    else
        decided(self, position, citizen, in, record);
}
