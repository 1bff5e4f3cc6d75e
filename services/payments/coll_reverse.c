/* Reverse: takes a payment back under an id of its own, or makes sure that one which has not come
 * yet is never done. The reversal's id is claimed once it is known that the payment may be
 * reversed. */
#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "services/payments/collections.h"
#include "services/payments/reversal.h"

#define TURNS_MAX 8 /* that another request on the same payment was faster */

/* Lives in the request's arena. */
struct reversing {
    struct service *svc;
    struct bus_request *request;
    const Ansinh__V1__CollectionsReverseRequest *in;
    struct transaction own, original;
    uint64_t fingerprint;
    int is_claimed;                   /* the own id is claimed for this request */
    struct claim claim;               /* of the original */
    struct journal_position position; /* of the entry that is read */
    struct reversal reversal;
    loop_fn claimed_fn;
    int is_refreshed; /* the directory was asked anew: who is no partner is really none */
    int turns;
};

static void original_find(void *arg);

static void refuse(struct reversing *self, Ansinh__V1__Code code, const char *field,
                   const char *text)
{
    bus_fail(self->request, code, field, "%s", text);
}

static unsigned partition_now(const struct reversing *self)
{
    return partition_of(self->claim.citizen);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void answer(struct reversing *self, Ansinh__V1__CollectionState state,
                   Ansinh__V1__CollectedReversal *reversal)
{
    Ansinh__V1__CollectionsReverseResponse out;
    ansinh__v1__collections_reverse_response__init(&out);
    out.state = state;
    out.reversal = reversal;
    if (reversal == NULL)
        refuse(self, ANSINH__V1__CODE__CODE_UNKNOWN, "", "no memory for the answer; ask again");
    else if (strcmp(reversal->partner_transaction_id, self->own.id) != 0)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION,
                 "original_transaction_id", "this payment was taken back by %s already",
                 reversal->partner_transaction_id[0] == '\0' ? "the agency"
                                                             : reversal->partner_transaction_id);
    else
        bus_reply(self->request, &out.base);
}

static void on_reversal(void *arg, const Ansinh__V1__Event *event)
{
    struct reversing *self = arg;
    answer(
        self, ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_REVERSED,
        event->kind_case != ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED
            ? NULL
            : collected_reversal(self->request->arena, partition_now(self), self->position, event));
}

static void on_cancellation(void *arg, const Ansinh__V1__Event *event)
{
    struct reversing *self = arg;
    answer(self, ANSINH__V1__COLLECTION_STATE__COLLECTION_STATE_CANCELLED,
           collected_cancellation(self->request->arena, event));
}

/* --- the own id ------------------------------------------------------------------------------- */

static void on_own(void *arg, const struct claim *claim)
{
    struct reversing *self = arg;
    if (claim != NULL &&
        (claim->kind != CLAIM_REVERSE || claim->fingerprint != self->fingerprint)) {
        refuse(self, ANSINH__V1__CODE__CODE_ALREADY_EXISTS, "partner_transaction_id",
               "this id was used for another request; nothing changed");
        return;
    }
    self->is_claimed = claim != NULL;
    self->claimed_fn(self);
}

static void own_claim(struct reversing *self, loop_fn fn);

static void on_refreshed(void *arg, int rc)
{
    struct reversing *self = arg;
    self->is_refreshed = 1;
    if (rc < 0)
        ledger_away(self->request);
    else
        own_claim(self, self->claimed_fn);
}

/* Goes on with fn once the own id is claimed, which only a partner can do. */
static void own_claim(struct reversing *self, loop_fn fn)
{
    struct err err = {0};
    struct claim wanted = {.kind = CLAIM_REVERSE, .fingerprint = self->fingerprint};
    struct transaction_note note = {.other_id = self->original.id, .reason = self->in->reason};
    self->claimed_fn = fn;
    if (self->is_claimed)
        fn(self);
    else if (coll_check_partner(self->svc->directory, self->own.partner, &err) < 0 &&
             !self->is_refreshed)
        directory_refresh(self->svc->directory, on_refreshed, self);
    else if (err.text[0] != '\0')
        refuse(self, ANSINH__V1__CODE__CODE_PERMISSION_DENIED, "", err.text);
    else
        transaction_claim(self->svc, self->request, &self->own, &wanted, &note, on_own, self);
}

/* --- the payment ------------------------------------------------------------------------------ */

static void name_records(struct command_state *state)
{
    const struct reversing *self = state->arg;
    coll_request(self->own.hash, COLL_REVERSE, &state->id);
    state->fingerprint = self->fingerprint;
    reversal_name_record(state, &self->reversal);
}

static enum command_verdict decide(struct command_state *state)
{
    struct reversing *self = state->arg;
    if (state->records[0].before != NULL && self->turns++ < TURNS_MAX) {
        original_find(self); /* taken back in between: by whom, its entry tells */
        return COMMAND_ANSWERED;
    }
    enum command_verdict verdict = reversal_decide(state, &self->reversal);
    if (verdict == COMMAND_COMMIT)
        state->event->payment_reversed->transaction_id = (char *)(uintptr_t)self->own.id;
    return verdict;
}

static void finish(struct command_state *state, struct journal_position position,
                   const Ansinh__V1__Event *event)
{
    struct reversing *self = state->arg;
    self->position = position;
    if (event != NULL)
        on_reversal(self, event);
    else
        entry_find(self->svc, self->request, state->partition, position, on_reversal, self);
}

static const struct command_spec reverse_command = {.name = "collections reverse",
                                                    .name_records = name_records,
                                                    .settle_with = "send the Reverse again",
                                                    .decide = decide,
                                                    .finish = finish};

static void reverse_run(void *arg)
{
    struct reversing *self = arg;
    command_run(self->svc, self->request, &reverse_command, self->claim.citizen, self);
}

/* On the payment's business date, before its cut-off. */
static void on_redress(void *arg, const struct redress *redress)
{
    struct reversing *self = arg;
    const Ansinh__V1__PaymentRecorded *paid = self->reversal.event->payment_recorded;
    char date[DATE_TEXT_BYTES];
    if (redress->state == REDRESS_IS_REVERSED) {
        self->position = (struct journal_position){redress->epoch, redress->seq};
        entry_find(self->svc, self->request, partition_now(self), self->position, on_reversal,
                   self);
        return;
    }
    if (clock_wall_ms() < reversal_deadline_ms(self->svc, paid)) {
        own_claim(self, reverse_run);
        return;
    }
    if (redress_is_taken_back(redress)) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION,
                 "original_transaction_id",
                 "this payment was refunded by the agency: GetPayment tells when");
        return;
    }
    date_format(paid->paid_day, date);
    bus_fail(self->request, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "original_transaction_id",
             "the cut-off of its business date, %s, has passed: ask for a refund case "
             "(Payments/OpenRefundCase)",
             date);
}

static void on_payment(void *arg, const Ansinh__V1__Event *event)
{
    struct reversing *self = arg;
    self->reversal.position = self->position;
    self->reversal.event = event;
    self->reversal.reason = self->in->reason;
    self->reversal.collector_code = self->reversal.officer_code =
        (char *)(uintptr_t)protobuf_c_empty_string;
    redress_read(self->svc, self->request, partition_now(self), self->position, on_redress, self);
}

/* --- no payment yet --------------------------------------------------------------------------- */

static void cancel_pending(void *arg)
{
    struct reversing *self = arg;
    struct transaction_note note = {.other_id = self->own.id, .reason = self->in->reason};
    transaction_close(self->svc, self->request, &self->original, self->claim.citizen,
                      OUTCOME_IS_CANCELLED, &note, original_find, self);
}

static void on_tombstone(void *arg, const struct claim *claim)
{
    (void)claim; /* ours, or one that was faster */
    original_find(arg);
}

static void cancel_unknown(void *arg)
{
    struct reversing *self = arg;
    struct claim wanted = {.kind = CLAIM_CANCEL};
    struct transaction_note note = {.other_id = self->own.id, .reason = self->in->reason};
    transaction_claim(self->svc, self->request, &self->original, &wanted, &note, on_tombstone,
                      self);
}

/* --- what became of the original -------------------------------------------------------------- */

static void on_outcome(void *arg, int rc, const struct store_reply *reply)
{
    struct reversing *self = arg;
    struct outcome outcome;
    if (rc == 0)
        rc = outcome_read(reply, &outcome);
    if (rc < 0) {
        ledger_away(self->request);
        return;
    }
    if (rc == 1) {
        own_claim(self, cancel_pending);
        return;
    }
    self->position = outcome.position;
    switch (outcome.state) {
    case OUTCOME_IS_PAID:
        payment_entry_find(self->svc, self->request, partition_now(self), outcome.position,
                           on_payment, self);
        return;
    case OUTCOME_IS_CANCELLED:
        entry_find(self->svc, self->request, partition_now(self), outcome.position, on_cancellation,
                   self);
        return;
    case OUTCOME_IS_REFUSED:
        refuse(self, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "original_transaction_id",
               "this payment was refused: there is nothing to take back");
        return;
    }
}

static void on_original(void *arg, const struct claim *claim)
{
    struct reversing *self = arg;
    if (claim == NULL) {
        own_claim(self, cancel_unknown);
        return;
    }
    self->claim = *claim;
    switch (claim->kind) {
    case CLAIM_PAY:
        outcome_ask(self->svc->ledger, claim->citizen, self->original.hash, on_outcome, self);
        return;
    case CLAIM_CANCEL:
        entry_find(self->svc, self->request, partition_of(self->original.hash), claim->position,
                   on_cancellation, self);
        return;
    case CLAIM_REVERSE:
        refuse(self, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "original_transaction_id",
               "this id is a reversal's");
        return;
    }
}

static void original_find(void *arg)
{
    struct reversing *self = arg;
    transaction_find(self->svc, self->request, &self->original, on_original, self);
}

/* --- the request ------------------------------------------------------------------------------ */

static int check(struct reversing *self, struct err *err)
{
    const Ansinh__V1__CollectionsReverseRequest *in = self->in;
    const char *partner = self->request->partner;
    int rc = transaction_of(self->svc, partner, in->partner_transaction_id,
                            "partner_transaction_id", &self->own, err);
    if (rc == 0)
        rc = transaction_of(self->svc, partner, in->original_transaction_id,
                            "original_transaction_id", &self->original, err);
    if (rc < 0)
        return rc;
    if (strcmp(self->own.id, self->original.id) == 0)
        return err_field(err, -EINVAL, "partner_transaction_id",
                         "want another id than the payment's");
    if (in->reason <= ANSINH__V1__REVERSAL_REASON__REVERSAL_REASON_UNSPECIFIED ||
        in->reason > ANSINH__V1__REVERSAL_REASON__REVERSAL_REASON_TECHNICAL)
        return err_field(err, -EINVAL, "reason",
                         "want one of REVERSAL_REASON_WRONG_PERSON to REVERSAL_REASON_TECHNICAL");
    self->fingerprint = transaction_fingerprint(self->request->arena, self->request->input);
    return 0;
}

void on_coll_reverse(void *arg, struct bus_request *request)
{
    struct err err = {0};
    if (!collections_admit(request))
        return;
    struct reversing *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->svc = arg;
    self->request = request;
    self->in = (const Ansinh__V1__CollectionsReverseRequest *)request->input;
    if (check(self, &err) < 0) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
        return;
    }
    self->claimed_fn = original_find;
    transaction_find(self->svc, request, &self->own, on_own, self);
}
