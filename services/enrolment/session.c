/* RecordSession, RecordContacts: commands on the record of a session. */
#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/subject.h"
#include "services/enrolment/campaigns.h"
#include "services/enrolment/campaigns_check.h"

#define SESSION_CONTACTS_MAX 1000000

static enum subject_verdict no_memory(struct subject_state *state)
{
    return subject_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

/* Event, answer and the record's next are made. */
static enum subject_verdict commit_or_show(struct subject_state *state, int is_dry_run)
{
    if (!is_dry_run)
        return SUBJECT_COMMIT;
    bus_reply(state->request, state->answer);
    return SUBJECT_ANSWERED;
}

/* A command on the session of a code. */
static void run(struct service *svc, struct bus_request *request, const char *code,
                const struct subject_spec *spec)
{
    uint8_t subject[ID_BYTES];
    struct receipt_place place;
    receipt_subject(svc->keyring, "session", code, subject);
    struct subject_state *state = subject_create(svc, request, subject, NULL);
    if (state == NULL)
        return;
    receipt_place_session(subject, &place);
    (void)subject_want(state, &place, &ansinh__v1__session_record__descriptor);
    subject_run(state, spec);
}

/* --- sessions --------------------------------------------------------------------------------- */

static enum subject_verdict decide_session(struct subject_state *state)
{
    const Ansinh__V1__RecordSessionRequest *in =
        (const Ansinh__V1__RecordSessionRequest *)state->request->input;
    const Ansinh__V1__SessionRecord *before =
        (const Ansinh__V1__SessionRecord *)state->records[0].now;
    struct arena *arena = state->request->arena;
    Ansinh__V1__SessionRecord *after =
        subject_message(arena, &ansinh__v1__session_record__descriptor);
    Ansinh__V1__Event *event = subject_message(arena, &ansinh__v1__event__descriptor);
    Ansinh__V1__SessionRecorded *recorded =
        subject_message(arena, &ansinh__v1__session_recorded__descriptor);
    Ansinh__V1__RecordSessionResponse *out =
        subject_message(arena, &ansinh__v1__record_session_response__descriptor);
    if (after == NULL || event == NULL || recorded == NULL || out == NULL)
        return no_memory(state);
    after->session = in->session;
    after->contacts = before == NULL ? 0 : before->contacts;
    recorded->subject = (ProtobufCBinaryData){ID_BYTES, state->subject};
    recorded->session = in->session;
    event->kind_case = ANSINH__V1__EVENT__KIND_SESSION_RECORDED;
    event->session_recorded = recorded;
    out->code = in->session->code;
    out->version = state->records[0].version + 1;
    state->records[0].next = &after->base;
    state->event = event;
    state->answer = &out->base;
    return commit_or_show(state, in->dry_run);
}

/* Lives in the request's arena. */
struct session_check {
    struct service *svc;
    struct bus_request *request;
};

static void session_start(struct session_check *self, int is_refreshed);

static void on_refreshed(void *arg, int rc)
{
    struct session_check *self = arg;
    if (rc < 0)
        ledger_away(self->request);
    else
        session_start(self, 1);
}

static void session_start(struct session_check *self, int is_refreshed)
{
    static const struct subject_spec spec = {.decide = decide_session};
    const Ansinh__V1__RecordSessionRequest *in =
        (const Ansinh__V1__RecordSessionRequest *)self->request->input;
    struct err err;
    int rc = session_check_codes(self->svc->directory, in->session, &err);
    if (rc == 0)
        run(self->svc, self->request, in->session->code, &spec);
    else if (!is_refreshed)
        directory_refresh(self->svc->directory, on_refreshed, self);
    else
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
}

void on_record_session(void *arg, struct bus_request *request)
{
    const Ansinh__V1__RecordSessionRequest *in =
        (const Ansinh__V1__RecordSessionRequest *)request->input;
    struct session_check *self = arena_alloc(request->arena, sizeof(*self));
    struct err err;
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *self = (struct session_check){arg, request};
    if (session_check_form(in->session, clock_wall_ms(), &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        session_start(self, 0);
}

/* --- contacts --------------------------------------------------------------------------------- */

static Ansinh__V1__Event *contacts_event(struct subject_state *state, int64_t contacts)
{
    const Ansinh__V1__RecordContactsRequest *in =
        (const Ansinh__V1__RecordContactsRequest *)state->request->input;
    struct arena *arena = state->request->arena;
    size_t n = in->n_personal_ids;
    Ansinh__V1__Event *event = subject_message(arena, &ansinh__v1__event__descriptor);
    Ansinh__V1__ContactsRecorded *recorded =
        subject_message(arena, &ansinh__v1__contacts_recorded__descriptor);
    uint8_t *citizens = arena_alloc(arena, n * ID_BYTES);
    if (event == NULL || recorded == NULL || citizens == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        keyring_hash(state->svc->keyring, 'c', in->personal_ids[i], citizens + i * ID_BYTES);
    recorded->subject = (ProtobufCBinaryData){ID_BYTES, state->subject};
    recorded->session_code = in->session_code;
    recorded->citizens = (ProtobufCBinaryData){n * ID_BYTES, citizens};
    recorded->contacts = contacts;
    event->kind_case = ANSINH__V1__EVENT__KIND_CONTACTS_RECORDED;
    event->contacts_recorded = recorded;
    return event;
}

static enum subject_verdict decide_contacts(struct subject_state *state)
{
    const Ansinh__V1__RecordContactsRequest *in =
        (const Ansinh__V1__RecordContactsRequest *)state->request->input;
    const Ansinh__V1__SessionRecord *before =
        (const Ansinh__V1__SessionRecord *)state->records[0].now;
    struct arena *arena = state->request->arena;
    if (before == NULL)
        return subject_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "session_code",
                              "no such session is recorded");
    if (before->session->cancelled)
        return subject_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "session_code",
                              "the session was not held");
    if (session_is_of_later_day(before->session, clock_wall_ms()))
        return subject_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "session_code",
                              "the session is of a later day");
    Ansinh__V1__SessionRecord *after =
        subject_message(arena, &ansinh__v1__session_record__descriptor);
    Ansinh__V1__RecordContactsResponse *out =
        subject_message(arena, &ansinh__v1__record_contacts_response__descriptor);
    if (after == NULL || out == NULL)
        return no_memory(state);
    *after = *before;
    after->contacts += (int64_t)in->n_personal_ids;
    if (after->contacts > SESSION_CONTACTS_MAX)
        return subject_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "personal_ids",
                              "a session has at most %d contacts", SESSION_CONTACTS_MAX);
    out->session_code = in->session_code;
    out->contacts = after->contacts;
    state->event = contacts_event(state, after->contacts);
    state->records[0].next = &after->base;
    state->answer = &out->base;
    return state->event == NULL ? no_memory(state) : commit_or_show(state, in->dry_run);
}

void on_record_contacts(void *arg, struct bus_request *request)
{
    static const struct subject_spec spec = {.decide = decide_contacts};
    const Ansinh__V1__RecordContactsRequest *in =
        (const Ansinh__V1__RecordContactsRequest *)request->input;
    struct err err;
    if (contacts_check(in, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        run(arg, request, in->session_code, &spec);
}
