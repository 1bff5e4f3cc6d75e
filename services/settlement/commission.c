/* PostCommission: what an organisation has earned in a month, confirmed by two officers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ansinh/v1/ledger.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/postings.h"
#include "common/service/subject.h"
#include "services/settlement/bank.h"
#include "services/settlement/settlement.h"

#define TEXT_MAX_BYTES 35
#define AMOUNT_MAX_VND 100000000000000LL

/* Lives in the request's arena. */
struct commission_call {
    struct settlement *settlement;
    struct bus_request *request;
    const Ansinh__V1__PostCommissionRequest *in;
    int32_t month;
    int is_refreshed;
};

static enum subject_verdict no_memory(struct subject_state *state)
{
    return subject_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

static int make_event(struct subject_state *state, Ansinh__V1__CommissionRecord *after,
                      int64_t posted_vnd)
{
    struct arena *arena = state->request->arena;
    Ansinh__V1__Event *event = subject_message(arena, &ansinh__v1__event__descriptor);
    Ansinh__V1__CommissionPosted *posted =
        subject_message(arena, &ansinh__v1__commission_posted__descriptor);
    struct postings postings;
    if (event == NULL || posted == NULL)
        return -ENOMEM;
    posted->subject = (ProtobufCBinaryData){ID_BYTES, state->subject};
    posted->commission = after;
    posted->posted_vnd = posted_vnd;
    event->kind_case = ANSINH__V1__EVENT__KIND_COMMISSION_POSTED;
    event->commission_posted = posted;
    post_commission(after->organisation_code, posted_vnd, &postings);
    state->event = event;
    return event_set_postings(event, &postings, arena);
}

static enum subject_verdict decide(struct subject_state *state)
{
    const struct commission_call *self = state->arg;
    const Ansinh__V1__CommissionRecord *before =
        (const Ansinh__V1__CommissionRecord *)state->records[0].now;
    struct arena *arena = state->request->arena;
    Ansinh__V1__CommissionRecord *after =
        subject_message(arena, &ansinh__v1__commission_record__descriptor);
    Ansinh__V1__PostCommissionResponse *out =
        subject_message(arena, &ansinh__v1__post_commission_response__descriptor);
    if (after == NULL || out == NULL)
        return no_memory(state);
    after->organisation_code = self->in->organisation_code;
    after->month = self->month;
    after->amount_vnd = out->amount_vnd = self->in->amount_vnd;
    after->officer_code = self->in->officer_code;
    after->approver_code = self->in->approver_code;
    after->posted_at_ms = state->now_ms;
    out->posted_vnd = after->amount_vnd - (before == NULL ? 0 : before->amount_vnd);
    if (out->posted_vnd == 0) {
        bus_reply(state->request, &out->base);
        return SUBJECT_ANSWERED;
    }
    state->records[0].next = &after->base;
    state->answer = &out->base;
    return make_event(state, after, out->posted_vnd) < 0 ? no_memory(state) : SUBJECT_COMMIT;
}

static void complete(struct subject_state *state, ProtobufCMessage *answer,
                     struct journal_position position)
{
    char *id = arena_alloc(state->request->arena, POSITION_TEXT_BYTES);
    if (id == NULL)
        return;
    position_format(state->partition, position, id);
    ((Ansinh__V1__PostCommissionResponse *)answer)->entry_id = id;
}

/* --- the way in ------------------------------------------------------------------------------- */

static void run(struct commission_call *self)
{
    static const struct subject_spec spec = {.decide = decide, .complete = complete};
    struct receipt_place place;
    uint8_t subject[ID_BYTES];
    char text[96];
    (void)snprintf(text, sizeof(text), "commission\n%s\n%d", self->in->organisation_code,
                   (int)self->month);
    keyring_hash(self->settlement->svc->keyring, 'h', text, subject);
    struct subject_state *state =
        subject_create(self->settlement->svc, self->request, subject, self);
    if (state == NULL)
        return;
    receipt_place_commission(subject, &place);
    (void)subject_want(state, &place, &ansinh__v1__commission_record__descriptor);
    subject_run(state, &spec);
}

static void start(struct commission_call *self);

static void on_refreshed(void *arg, int rc)
{
    struct commission_call *self = arg;
    self->is_refreshed = 1;
    if (rc < 0)
        ledger_away(self->request);
    else
        start(self);
}

static void start(struct commission_call *self)
{
    const struct directory *directory = self->settlement->svc->directory;
    if (directory_organisation(directory, self->in->organisation_code) != NULL)
        run(self);
    else if (!self->is_refreshed)
        directory_refresh(self->settlement->svc->directory, on_refreshed, self);
    else
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "organisation_code",
                 "unknown code");
}

static int is_text(const char *text)
{
    size_t n = 0;
    for (; text[n] != '\0'; n++) {
        if (n == TEXT_MAX_BYTES || text[n] < ' ' || text[n] > '~')
            return 0;
    }
    return n > 0;
}

/* The fields alone; -EINVAL with err. */
static int check(struct commission_call *self, struct err *err)
{
    const Ansinh__V1__PostCommissionRequest *in = self->in;
    int32_t today = clock_business_day(clock_wall_ms());
    if (!is_text(in->organisation_code))
        return err_field(err, -EINVAL, "organisation_code", "unknown code");
    if (month_parse(in->month, &self->month) < 0)
        return err_field(err, -EINVAL, "month", "want YYYY-MM");
    if (self->month >= month_of_day(today))
        return err_field(err, -EINVAL, "month", "the month is not over");
    if (in->amount_vnd < 0 || in->amount_vnd > AMOUNT_MAX_VND)
        return err_field(err, -EINVAL, "amount_vnd", "want 0 to %lld dong", AMOUNT_MAX_VND);
    if (!is_text(in->officer_code))
        return err_field(err, -EINVAL, "officer_code", "want 1 to %d printable ASCII characters",
                         TEXT_MAX_BYTES);
    if (!is_text(in->approver_code))
        return err_field(err, -EINVAL, "approver_code", "want 1 to %d printable ASCII characters",
                         TEXT_MAX_BYTES);
    if (strcasecmp(in->officer_code, in->approver_code) == 0)
        return err_field(err, -EINVAL, "approver_code", "want another officer");
    return 0;
}

void on_post_commission(void *arg, struct bus_request *request)
{
    struct settlement *settlement = arg;
    struct err err;
    if (!settlement_leads(settlement, request))
        return;
    struct commission_call *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->settlement = settlement;
    self->request = request;
    self->in = (const Ansinh__V1__PostCommissionRequest *)request->input;
    if (check(self, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        start(self);
}
