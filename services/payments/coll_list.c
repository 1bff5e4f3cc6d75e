/* ListPayments: the partner's payments of a business date, as the books have them. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/books.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "services/payments/collections.h"
#include "services/payments/payments_rules.h"
#include "services/payments/product.h"

#define LIST_BOOKED "ansinh.v1.Books/ListBooked"
#define SETTLEMENT "settlement"
#define PAGE_USUAL 100
#define PAGE_MAX 500
#define RETRY_AFTER_MS 1000
#define MARGIN_MS 100 /* before the deadline, so that the caller still hears the answer */

static char *month_text(struct arena *arena, uint32_t month)
{
    char *text = arena_zalloc(arena, MONTH_TEXT_BYTES);
    if (text != NULL && month != 0)
        month_format((int32_t)month, text);
    return text;
}

static Ansinh__V1__CollectedPayment *listed_payment(struct arena *arena, char *business_date,
                                                    const Ansinh__V1__BookedPayment *booked)
{
    uint32_t last = booked->from_month == 0 ? 0 : booked->from_month + booked->months - 1;
    Ansinh__V1__CollectedPayment *out = arena_alloc(arena, sizeof(*out));
    char *bill_id = arena_alloc(arena, BILL_ID_TEXT_BYTES);
    if (out == NULL || bill_id == NULL || booked->participant.len != ID_BYTES)
        return NULL;
    ansinh__v1__collected_payment__init(out);
    bill_id_format(booked->participant.data, booked->bill_number, bill_id);
    out->partner_transaction_id = booked->transaction_id;
    out->payment_id = booked->payment_id;
    out->bill_id = bill_id;
    const Ansinh__V1__HealthCard *card = booked->card;
    out->card_from = card_day_text(arena, card == NULL ? 0 : card->from_day);
    out->card_to = card_day_text(arena, card == NULL ? 0 : card->to_day);
    out->member_rank = card == NULL ? 0 : card->member_rank;
    out->product = product_said(booked->product);
    out->method = booked->method;
    out->months = booked->months;
    out->from_month = month_text(arena, booked->from_month);
    out->to_month = month_text(arena, last);
    out->pockets = booked->pockets;
    out->amount_vnd = booked->pockets == NULL ? 0 : booked->pockets->participant_vnd;
    out->business_date = business_date;
    out->paid_at_ms = booked->paid_at_ms;
    out->recorded_at_ms = booked->recorded_at_ms;
    out->channel = booked->channel;
    out->point_code = booked->point_code;
    out->collector_code = booked->collector_code;
    out->receipt_number = booked->receipt_number;
    return out->from_month == NULL || out->to_month == NULL || out->card_from == NULL ||
                   out->card_to == NULL
               ? NULL
               : out;
}

static int set_reversal(struct arena *arena, Ansinh__V1__CollectedTransaction *row,
                        const Ansinh__V1__BookedPayment *booked)
{
    Ansinh__V1__CollectedReversal *reversal = arena_alloc(arena, sizeof(*reversal));
    if (reversal == NULL)
        return -ENOMEM;
    ansinh__v1__collected_reversal__init(reversal);
    reversal->original_transaction_id = booked->transaction_id;
    reversal->reversal_id = booked->reversal_id;
    reversal->payment_id = booked->payment_id;
    reversal->amount_vnd = row->payment->amount_vnd;
    reversal->recorded_at_ms = booked->reversed_at_ms;
    row->reversal = reversal;
    row->state = ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REVERSED;
    return 0;
}

static int set_refund(struct arena *arena, Ansinh__V1__CollectedTransaction *row,
                      const Ansinh__V1__BookedPayment *booked)
{
    Ansinh__V1__CollectedRefund *refund = arena_alloc(arena, sizeof(*refund));
    if (refund == NULL)
        return -ENOMEM;
    ansinh__v1__collected_refund__init(refund);
    refund->refund_id = booked->reversal_id;
    refund->payment_id = booked->payment_id;
    refund->amount_vnd = row->payment->amount_vnd;
    refund->recorded_at_ms = booked->reversed_at_ms;
    row->refund = refund;
    row->state = ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REFUNDED;
    return 0;
}

static Ansinh__V1__CollectedTransaction *row_of(struct arena *arena, char *business_date,
                                                const Ansinh__V1__BookedPayment *booked)
{
    Ansinh__V1__CollectedTransaction *row = arena_alloc(arena, sizeof(*row));
    if (row == NULL)
        return NULL;
    ansinh__v1__collected_transaction__init(row);
    row->payment = listed_payment(arena, business_date, booked);
    row->state = ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_PAID;
    if (row->payment == NULL)
        return NULL;
    if (booked->reversal_id[0] == '\0')
        return row;
    return (booked->is_refund ? set_refund : set_reversal)(arena, row, booked) < 0 ? NULL : row;
}

/* 0 when the arena is full. */
static int put_rows(struct bus_request *request, const Ansinh__V1__ListBookedResponse *booked,
                    Ansinh__V1__CollectionsListPaymentsResponse *out)
{
    const Ansinh__V1__CollectionsListPaymentsRequest *in =
        (const Ansinh__V1__CollectionsListPaymentsRequest *)request->input;
    out->payments = arena_alloc(request->arena, booked->n_payments * sizeof(*out->payments) + 1);
    if (out->payments == NULL)
        return 0;
    for (size_t i = 0; i < booked->n_payments; i++) {
        out->payments[i] = row_of(request->arena, in->business_date, booked->payments[i]);
        if (out->payments[i] == NULL)
            return 0;
        out->n_payments++;
    }
    out->next_page_token = booked->next_page_token;
    return 1;
}

static void on_booked(void *arg, const struct bus_answer *answer)
{
    struct bus_request *request = arg;
    ProtobufCAllocator allocator;
    bus_arena_allocator(request->arena, &allocator);
    if (answer->code == ANSINH__V1__CODE__CODE_INVALID_ARGUMENT) {
        bus_fail(request, answer->code, answer->field, "%s", answer->message);
        return;
    }
    if (answer->code != 0) {
        bus_fail_retry(request, ANSINH__V1__CODE__CODE_UNAVAILABLE,
                       MAX(answer->retry_after_ms, (unsigned)RETRY_AFTER_MS),
                       "the books cannot be asked now");
        return;
    }
    Ansinh__V1__CollectionsListPaymentsResponse out;
    ansinh__v1__collections_list_payments_response__init(&out);
    const Ansinh__V1__ListBookedResponse *booked =
        ansinh__v1__list_booked_response__unpack(&allocator, answer->body_len, answer->body);
    if (booked == NULL || !put_rows(request, booked, &out))
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "page_size",
                 "no memory for so long a page");
    else
        bus_reply(request, &out.base);
}

void on_coll_list_payments(void *arg, struct bus_request *request)
{
    struct service *svc = arg;
    const Ansinh__V1__CollectionsListPaymentsRequest *in =
        (const Ansinh__V1__CollectionsListPaymentsRequest *)request->input;
    int64_t left_ms = request->deadline_ms - clock_mono_ms() - MARGIN_MS;
    int32_t day;
    if (!collections_admit(request))
        return;
    if (date_parse(in->business_date, &day) < 0) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "business_date",
                 "want YYYY-MM-DD");
        return;
    }
    if (in->page_size > PAGE_MAX) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "page_size", "want at most %d",
                 PAGE_MAX);
        return;
    }
    if (left_ms < 1 || bus_client_count(svc->client, SETTLEMENT) == 0) {
        bus_fail_retry(request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                       "the books cannot be asked now");
        return;
    }
    struct bus_call call = {.service = SETTLEMENT,
                            .method = LIST_BOOKED,
                            .timeout_ms = MIN(left_ms, svc->conf.call_timeout_ms),
                            .trace_id = request->trace_id};
    Ansinh__V1__ListBookedRequest ask;
    ansinh__v1__list_booked_request__init(&ask);
    ask.organisation_code = (char *)(uintptr_t)request->partner;
    ask.business_date = in->business_date;
    ask.page_size = in->page_size == 0 ? PAGE_USUAL : in->page_size;
    ask.page_token = in->page_token;
    bus_call(svc->client, &call, &ask.base, on_booked, request);
}
