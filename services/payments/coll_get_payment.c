/* GetPayment: what became of a partner's transaction, told from its claim, its outcome and their
 * entries, at any time. */
#include <string.h>

#include "common/service/command.h"
#include "services/payments/collections.h"
#include "services/payments/payment_entry.h"

/* Lives in the request's arena. */
struct telling {
    struct service *svc;
    struct bus_request *request;
    struct transaction transaction;
    struct claim claim;
    struct journal_position position; /* of the entry that is read */
    Ansinh__V1__CollectionsGetPaymentResponse out;
};

static void answer(struct telling *self, Ansinh__V1__CollectionState state)
{
    self->out.state = state;
    bus_reply(self->request, &self->out.base);
}

static void fail_memory(struct telling *self)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

/* --- paid ------------------------------------------------------------------------------------- */

/* By the partner, or by an officer's reversal or refund case. */
static void on_taken_back(void *arg, const Ansinh__V1__Event *event)
{
    struct telling *self = arg;
    struct arena *arena = self->request->arena;
    unsigned partition = partition_of(self->claim.citizen);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED)
        self->out.reversal = collected_reversal(arena, partition, self->position, event);
    else
        self->out.refund = collected_refund(arena, partition, self->position, event);
    if (self->out.reversal != NULL)
        answer(self, ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REVERSED);
    else if (self->out.refund != NULL)
        answer(self, ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REFUNDED);
    else
        fail_memory(self);
}

static void on_redress(void *arg, const struct redress *redress)
{
    struct telling *self = arg;
    if (!redress_is_taken_back(redress)) {
        answer(self, ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_PAID);
        return;
    }
    struct redress_entry entry = redress_taken_back_by(redress);
    self->position = (struct journal_position){entry.epoch, entry.seq};
    entry_find(self->svc, self->request, partition_of(self->claim.citizen), self->position,
               on_taken_back, self);
}

static void on_payment(void *arg, const Ansinh__V1__Event *event)
{
    struct telling *self = arg;
    unsigned partition = partition_of(self->claim.citizen);
    self->out.payment =
        collected_payment(self->svc, self->request->arena, partition, self->position, event);
    if (self->out.payment == NULL)
        fail_memory(self);
    else
        redress_read(self->svc, self->request, partition, self->position, on_redress, self);
}

/* --- closed ----------------------------------------------------------------------------------- */

static void on_cancellation(void *arg, const Ansinh__V1__Event *event)
{
    struct telling *self = arg;
    self->out.reversal = collected_cancellation(self->request->arena, event);
    if (self->out.reversal == NULL)
        fail_memory(self);
    else
        answer(self, ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_CANCELLED);
}

static void on_outcome(void *arg, int rc, const struct store_reply *reply)
{
    struct telling *self = arg;
    struct outcome outcome;
    unsigned partition = partition_of(self->claim.citizen);
    if (rc == 0)
        rc = outcome_read(reply, &outcome);
    if (rc < 0) {
        ledger_away(self->request);
        return;
    }
    if (rc == 1) {
        answer(self, ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_PENDING);
        return;
    }
    self->position = outcome.position;
    switch (outcome.state) {
    case OUTCOME_IS_PAID:
        payment_entry_find(self->svc, self->request, partition, outcome.position, on_payment, self);
        return;
    case OUTCOME_IS_CANCELLED:
        entry_find(self->svc, self->request, partition, outcome.position, on_cancellation, self);
        return;
    case OUTCOME_IS_REFUSED:
        answer(self, ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REFUSED);
        return;
    }
}

static void on_claim(void *arg, const struct claim *claim)
{
    struct telling *self = arg;
    if (claim == NULL) {
        answer(self, ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_NOT_FOUND);
        return;
    }
    self->claim = *claim;
    switch (claim->kind) {
    case CLAIM_PAY:
        outcome_ask(self->svc->ledger, claim->citizen, self->transaction.hash, on_outcome, self);
        return;
    case CLAIM_CANCEL:
        entry_find(self->svc, self->request, partition_of(self->transaction.hash), claim->position,
                   on_cancellation, self);
        return;
    case CLAIM_REVERSE:
        bus_fail(self->request, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION,
                 "partner_transaction_id",
                 "this id is a reversal's: ask for the payment's, or send the Reverse again");
        return;
    }
}

void on_coll_get_payment(void *arg, struct bus_request *request)
{
    const Ansinh__V1__CollectionsGetPaymentRequest *in =
        (const Ansinh__V1__CollectionsGetPaymentRequest *)request->input;
    struct err err = {0};
    if (!collections_admit(request))
        return;
    struct telling *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->svc = arg;
    self->request = request;
    ansinh__v1__collections_get_payment_response__init(&self->out);
    if (transaction_of(self->svc, request->partner, in->partner_transaction_id,
                       "partner_transaction_id", &self->transaction, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        transaction_find(self->svc, request, &self->transaction, on_claim, self);
}
