/* Answers of Collections from the journal's entries. Nothing else may go into them, but what the
 * platform's own key makes of them: a repetition is answered from the entry, years later, byte for
 * byte. */
#include <string.h>

#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/postings.h"
#include "common/service/receipt.h"
#include "services/payments/collections.h"
#include "services/payments/payments_rules.h"
#include "services/payments/product.h"

static char *position_text(struct arena *arena, unsigned partition,
                           struct journal_position position)
{
    char text[POSITION_TEXT_BYTES];
    position_format(partition, position, text);
    return arena_strndup(arena, text, strlen(text));
}

/* "" for 0. */
static char *month_text(struct arena *arena, uint32_t month)
{
    char *text = arena_zalloc(arena, MONTH_TEXT_BYTES);
    if (text != NULL && month != 0)
        month_format((int32_t)month, text);
    return text;
}

static int set_texts(struct arena *arena, const Ansinh__V1__Event *event,
                     Ansinh__V1__CollectedPayment *out)
{
    const Ansinh__V1__PaymentRecorded *paid = event->payment_recorded;
    uint32_t last = paid->from_month == 0 ? 0 : paid->from_month + paid->months - 1;
    const Ansinh__V1__HealthCard *card = paid->card;
    out->card_from = card_day_text(arena, card == NULL ? 0 : card->from_day);
    out->card_to = card_day_text(arena, card == NULL ? 0 : card->to_day);
    out->member_rank = card == NULL ? 0 : card->member_rank;
    out->bill_id = arena_alloc(arena, BILL_ID_TEXT_BYTES);
    out->business_date = arena_alloc(arena, DATE_TEXT_BYTES);
    out->from_month = month_text(arena, paid->from_month);
    out->to_month = month_text(arena, last);
    if (out->payment_id == NULL || out->bill_id == NULL || out->business_date == NULL ||
        out->from_month == NULL || out->to_month == NULL || out->card_from == NULL ||
        out->card_to == NULL)
        return 0;
    bill_id_format(event->citizen.data, paid->bill_number, out->bill_id);
    date_format(paid->paid_day, out->business_date);
    return 1;
}

static char *code_text(const struct service *svc, struct arena *arena, unsigned partition,
                       struct journal_position position)
{
    char *code = arena_alloc(arena, RECEIPT_CODE_BYTES);
    if (code != NULL)
        receipt_code_format(svc->keyring, partition, position, code);
    return code;
}

Ansinh__V1__CollectedPayment *collected_payment(const struct service *svc, struct arena *arena,
                                                unsigned partition,
                                                struct journal_position position,
                                                const Ansinh__V1__Event *event)
{
    const Ansinh__V1__PaymentRecorded *paid = event->payment_recorded;
    Ansinh__V1__CollectedPayment *out = arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    ansinh__v1__collected_payment__init(out);
    out->partner_transaction_id = paid->transaction_id;
    out->payment_id = position_text(arena, partition, position);
    out->verification_code = code_text(svc, arena, partition, position);
    if (!set_texts(arena, event, out) || out->verification_code == NULL)
        return NULL;
    out->product = product_said(paid->product);
    out->method = paid->method;
    out->months = paid->months;
    out->pockets = paid->pockets;
    out->amount_vnd = paid->pockets == NULL ? 0 : paid->pockets->participant_vnd;
    out->paid_at_ms = paid->paid_at_ms;
    out->recorded_at_ms = event->at_ms;
    out->channel = paid->channel;
    out->point_code = paid->point_code;
    out->collector_code = paid->collector_code;
    out->receipt_number = paid->receipt_number;
    return out;
}

Ansinh__V1__CollectedReversal *collected_reversal(struct arena *arena, unsigned partition,
                                                  struct journal_position position,
                                                  const Ansinh__V1__Event *event)
{
    const Ansinh__V1__PaymentReversed *reversed = event->payment_reversed;
    const Ansinh__V1__PaymentRecorded *paid = reversed->payment;
    Ansinh__V1__CollectedReversal *out = arena_alloc(arena, sizeof(*out));
    if (out == NULL || paid == NULL)
        return NULL;
    ansinh__v1__collected_reversal__init(out);
    out->partner_transaction_id = reversed->transaction_id;
    out->original_transaction_id = paid->transaction_id;
    out->reversal_id = position_text(arena, partition, position);
    out->payment_id =
        position_text(arena, partition,
                      (struct journal_position){reversed->payment_epoch, reversed->payment_seq});
    out->amount_vnd = paid->pockets == NULL ? 0 : paid->pockets->participant_vnd;
    out->recorded_at_ms = event->at_ms;
    out->reason = reversed->reason;
    return out->reversal_id == NULL || out->payment_id == NULL ? NULL : out;
}

Ansinh__V1__CollectedRefund *collected_refund(struct arena *arena, unsigned partition,
                                              struct journal_position position,
                                              const Ansinh__V1__Event *event)
{
    const Ansinh__V1__PaymentReversed *reversed = event_reversal(event);
    Ansinh__V1__CollectedRefund *out = arena_alloc(arena, sizeof(*out));
    if (out == NULL || reversed == NULL || event->kind_case != ANSINH__V1__EVENT__KIND_REFUND_CASE)
        return NULL;
    ansinh__v1__collected_refund__init(out);
    out->refund_id = position_text(arena, partition, position);
    out->payment_id =
        position_text(arena, partition,
                      (struct journal_position){reversed->payment_epoch, reversed->payment_seq});
    out->amount_vnd = event->refund_case->amount_vnd;
    out->recorded_at_ms = event->at_ms;
    out->reason = event->refund_case->reason;
    return out->refund_id == NULL || out->payment_id == NULL ? NULL : out;
}

Ansinh__V1__CollectedReversal *collected_cancellation(struct arena *arena,
                                                      const Ansinh__V1__Event *event)
{
    Ansinh__V1__CollectedReversal *out = arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    ansinh__v1__collected_reversal__init(out);
    out->recorded_at_ms = event->at_ms;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_TRANSACTION_CLOSED) {
        out->partner_transaction_id = event->transaction_closed->reversal_id;
        out->original_transaction_id = event->transaction_closed->transaction_id;
        out->reason = event->transaction_closed->reason;
    } else {
        out->partner_transaction_id = event->transaction_claimed->other_id;
        out->original_transaction_id = event->transaction_claimed->transaction_id;
        out->reason = event->transaction_claimed->reason;
    }
    return out;
}
