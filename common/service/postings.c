#include "common/service/postings.h"

#include <errno.h>

const Ansinh__V1__PaymentReversed *event_reversal(const Ansinh__V1__Event *event)
{
    const Ansinh__V1__PaymentReversed *reversed = NULL;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED)
        reversed = event->payment_reversed;
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_REFUND_CASE)
        reversed = event->refund_case->reversal;
    return reversed == NULL || reversed->payment == NULL ? NULL : reversed;
}

int event_set_postings(Ansinh__V1__Event *event, const struct postings *postings,
                       struct arena *arena)
{
    Ansinh__V1__Posting *rows = arena_alloc(arena, postings->n * sizeof(*rows));
    Ansinh__V1__Posting **list = arena_alloc(arena, postings->n * sizeof(*list));
    if (rows == NULL || list == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < postings->n; i++) {
        const struct posting *posting = &postings->rows[i];
        ansinh__v1__posting__init(&rows[i]);
        rows[i].account = (Ansinh__V1__Account)posting->account;
        rows[i].holder = (char *)(uintptr_t)posting->holder;
        rows[i].amount_vnd = posting->amount_vnd;
        list[i] = &rows[i];
    }
    event->postings = list;
    event->n_postings = postings->n;
    return 0;
}

static void read_pockets(const Ansinh__V1__Pockets *pockets, struct contribution_money *ret)
{
    if (pockets == NULL)
        return;
    ret->participant_vnd = pockets->participant_vnd;
    ret->central_vnd = pockets->central_vnd;
    ret->local_vnd = pockets->local_vnd;
    ret->donor_vnd = pockets->donor_vnd;
}

const char *payment_organisation(const Ansinh__V1__PaymentRecorded *paid)
{
    return paid->partner[0] != '\0' ? paid->partner : paid->organisation_code;
}

const char *product_holder(Ansinh__V1__Product product)
{
    return product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD ? PRODUCT_HEALTH_HOUSEHOLD
                                                                    : PRODUCT_VOLUNTARY_SI;
}

static void make_payment(const Ansinh__V1__PaymentRecorded *paid, struct postings *ret)
{
    struct contribution_money money = {
        .product = product_holder(paid->product),
        .province = "",
        .is_transfer = paid->channel == ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER,
        .organisation = payment_organisation(paid),
        .point = paid->point_code,
        .collector = paid->collector_code,
    };
    read_pockets(paid->pockets, &money);
    post_payment(&money, ret);
}

static void make(const Ansinh__V1__Event *event, struct postings *ret)
{
    struct contribution_money money = {.product = PRODUCT_VOLUNTARY_SI, .province = ""};
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED) {
        make_payment(event->payment_recorded, ret);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED &&
               event->payment_reversed->payment != NULL) {
        make_payment(event->payment_reversed->payment, ret);
        post_reversal(ret, ret);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_REFUND_CASE &&
               event->refund_case->payout != NULL) {
        post_payout(event->refund_case->payout->bank_account, event->refund_case->amount_vnd, ret);
    } else if (event_reversal(event) != NULL) { /* of a refund case */
        money.product = product_holder(event_reversal(event)->payment->product);
        read_pockets(event_reversal(event)->payment->pockets, &money);
        post_refund(&money, ret);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED) {
        read_pockets(event->participation_ended->refund, &money);
        post_refund(&money, ret);
    }
}

int event_postings(const Ansinh__V1__Event *event, struct postings *ret)
{
    ret->n = 0;
    if (event->n_postings > ARRAY_LEN(ret->rows))
        return -EPROTO;
    for (size_t i = 0; i < event->n_postings; i++) {
        const Ansinh__V1__Posting *posting = event->postings[i];
        ret->rows[ret->n++] =
            (struct posting){(enum account)posting->account, posting->holder, posting->amount_vnd};
    }
    if (ret->n == 0)
        make(event, ret);
    return 0;
}
