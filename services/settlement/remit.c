/* Remit: a holder hands cash over to its organisation. */
#include <stdio.h>
#include <string.h>

#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/postings.h"
#include "services/settlement/custody.h"
#include "services/settlement/settlement.h"
#include "common/service/subject.h"

#define AMOUNT_MAX_VND 100000000000 /* of one slip */
#define ADVANCE_MAX_VND                                                                            \
    1000000000 /* so that no sum of the books leaves what is counted exactly                       \
                */
#define REFERENCE_MAX_BYTES 64

/* Lives in the request's arena. */
struct remit {
    struct settlement *settlement;
    struct bus_request *request;
    const Ansinh__V1__RemitRequest *in;
    char organisation[CUSTODY_CODE_BYTES];
    int is_refreshed;
};

static enum subject_verdict no_memory(struct subject_state *state)
{
    return subject_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

static int make_event(struct subject_state *state, const Ansinh__V1__RemittedRecord *after)
{
    struct remit *self = state->arg;
    struct arena *arena = state->request->arena;
    struct postings postings;
    Ansinh__V1__Event *event = subject_message(arena, &ansinh__v1__event__descriptor);
    Ansinh__V1__CashRemitted *remitted =
        subject_message(arena, &ansinh__v1__cash_remitted__descriptor);
    if (event == NULL || remitted == NULL)
        return -1;
    remitted->subject = (ProtobufCBinaryData){ID_BYTES, state->subject};
    remitted->holder_code = self->in->holder_code;
    remitted->amount_vnd = self->in->amount_vnd;
    remitted->reference = self->in->reference;
    remitted->organisation_code = self->organisation;
    remitted->remitted_vnd = after->remitted_vnd;
    remitted->number = after->remittances;
    remitted->partner = (char *)(uintptr_t)self->request->partner;
    event->kind_case = ANSINH__V1__EVENT__KIND_CASH_REMITTED;
    event->cash_remitted = remitted;
    post_remittance(remitted->holder_code, remitted->organisation_code, remitted->amount_vnd,
                    &postings);
    state->event = event;
    return event_set_postings(event, &postings, arena);
}

static int make_answer(struct subject_state *state, const Ansinh__V1__RemittedRecord *after)
{
    const struct remit *self = state->arg;
    Ansinh__V1__RemitResponse *out =
        subject_message(state->request->arena, &ansinh__v1__remit_response__descriptor);
    if (out == NULL)
        return -1;
    out->holder_code = self->in->holder_code;
    out->amount_vnd = self->in->amount_vnd;
    out->reference = self->in->reference;
    out->remitted_vnd = after->remitted_vnd;
    out->remittances = after->remittances;
    state->answer = &out->base;
    return 0;
}

/* What was taken in is known by the fold, which may lag by some payments; what was handed over by
 * the record. */
static int64_t in_hand(const struct remit *self, int64_t remitted_vnd)
{
    const struct custody_holder *holder =
        custody_find(self->settlement->parts[BOOKS_CUSTODY], self->in->holder_code);
    return (holder == NULL ? 0 : holder->cash.collected_vnd) - remitted_vnd;
}

static enum subject_verdict decide(struct subject_state *state)
{
    const struct remit *self = state->arg;
    const Ansinh__V1__RemittedRecord *before =
        (const Ansinh__V1__RemittedRecord *)state->records[0].now;
    int64_t remitted_vnd = before == NULL ? 0 : before->remitted_vnd;
    int64_t cash_vnd = in_hand(self, remitted_vnd);
    if (self->in->amount_vnd > cash_vnd && !self->in->advance)
        return subject_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "amount_vnd",
                              "%lld dong are in hand; a larger amount needs advance",
                              (long long)cash_vnd);
    if (self->in->amount_vnd > cash_vnd + ADVANCE_MAX_VND)
        return subject_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "amount_vnd",
                              "%lld dong are in hand; an advance is at most %lld",
                              (long long)cash_vnd, (long long)ADVANCE_MAX_VND);
    Ansinh__V1__RemittedRecord *after =
        subject_message(state->request->arena, &ansinh__v1__remitted_record__descriptor);
    if (after == NULL)
        return no_memory(state);
    after->remitted_vnd = remitted_vnd + self->in->amount_vnd;
    after->remittances = (before == NULL ? 0 : before->remittances) + 1;
    after->last_at_ms = state->now_ms;
    state->records[0].next = &after->base;
    if (make_event(state, after) < 0 || make_answer(state, after) < 0)
        return no_memory(state);
    return SUBJECT_COMMIT;
}

static void complete(struct subject_state *state, ProtobufCMessage *answer,
                     struct journal_position position)
{
    char *id = arena_alloc(state->request->arena, POSITION_TEXT_BYTES);
    if (id == NULL)
        return;
    position_format(state->partition, position, id);
    ((Ansinh__V1__RemitResponse *)answer)->remittance_id = id;
}

/* --- the way in ------------------------------------------------------------------------------- */

static void remit_start(struct remit *self);

static void on_refreshed(void *arg, int rc)
{
    struct remit *self = arg;
    self->is_refreshed = 1;
    if (rc < 0)
        ledger_away(self->request);
    else
        remit_start(self);
}

static void remit_start(struct remit *self)
{
    static const struct subject_spec spec = {.decide = decide, .complete = complete};
    struct custody *custody = self->settlement->parts[BOOKS_CUSTODY];
    struct custody_place place;
    struct receipt_place record;
    uint8_t subject[ID_BYTES];
    custody_place(custody, self->in->holder_code, &place);
    int is_known =
        place.organisation[0] != '\0' || custody_find(custody, self->in->holder_code) != NULL;
    if (!is_known && !self->is_refreshed) {
        directory_refresh(self->settlement->svc->directory, on_refreshed, self);
        return;
    }
    if (!is_known) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "holder_code",
                 "unknown code");
        return;
    }
    if (!settlement_admits(self->request, place.organisation, "holder_code"))
        return;
    (void)snprintf(self->organisation, sizeof(self->organisation), "%s",
                   place.organisation[0] == '\0' ? HOLDER_UNKNOWN : place.organisation);
    receipt_subject(self->settlement->svc->keyring, "holder", self->in->holder_code, subject);
    struct subject_state *state =
        subject_create(self->settlement->svc, self->request, subject, self);
    if (state == NULL)
        return;
    receipt_place_cash(subject, &record);
    (void)subject_want(state, &record, &ansinh__v1__remitted_record__descriptor);
    subject_run(state, &spec);
}

static int is_reference(const char *text)
{
    size_t n = 0;
    for (; text[n] != '\0'; n++) {
        if (n == REFERENCE_MAX_BYTES || text[n] < ' ' || text[n] > '~')
            return 0;
    }
    return n > 0;
}

void on_remit(void *arg, struct bus_request *request)
{
    const Ansinh__V1__Code bad = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    const Ansinh__V1__RemitRequest *in = (const Ansinh__V1__RemitRequest *)request->input;
    struct settlement *settlement = arg;
    if (!settlement_leads(settlement, request))
        return;
    struct remit *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->settlement = settlement;
    self->request = request;
    self->in = in;
    if (in->holder_code[0] == '\0' || strlen(in->holder_code) >= CUSTODY_CODE_BYTES)
        bus_fail(request, bad, "holder_code", "unknown code");
    else if (in->amount_vnd < 1 || in->amount_vnd > AMOUNT_MAX_VND)
        bus_fail(request, bad, "amount_vnd", "want 1 to %lld dong", (long long)AMOUNT_MAX_VND);
    else if (!is_reference(in->reference))
        bus_fail(request, bad, "reference", "want 1 to %d printable ASCII characters",
                 REFERENCE_MAX_BYTES);
    else
        remit_start(self);
}
