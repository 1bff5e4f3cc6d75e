/* RecordAcceptance: what the social insurance office makes of a declaration. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "common/domain/calendar.h"
#include "common/domain/identity.h"
#include "common/service/command.h"
#include "services/enrolment/arguments.h"
#include "services/enrolment/directory_check.h"
#include "services/enrolment/enrolment_store.h"
#include "services/enrolment/identity.h"
#include "services/enrolment/terms_rules.h"

#define ACCEPTED ANSINH__V1__ACCEPTANCE_DECISION__ACCEPTANCE_DECISION_ACCEPTED
#define RETURNED ANSINH__V1__ACCEPTANCE_DECISION__ACCEPTANCE_DECISION_RETURNED

/* Lives in the request's arena. */
struct accepting {
    struct enrolment *service;
    struct bus_request *request;
    const Ansinh__V1__RecordAcceptanceRequest *in;
    uint8_t citizen[ID_BYTES];
    struct acceptance acceptance;
};

static void fail_not_found(struct bus_request *request)
{
    bus_fail(request, ANSINH__V1__CODE__CODE_NOT_FOUND, "", "no such participant");
}

/* --- the command ------------------------------------------------------------------------------ */

static int fill_accepted(const struct accepting *self, const struct citizen *next,
                         Ansinh__V1__Event *event)
{
    Ansinh__V1__ParticipationAccepted *accepted =
        arena_alloc(self->request->arena, sizeof(*accepted));
    if (accepted == NULL)
        return -ENOMEM;
    ansinh__v1__participation_accepted__init(accepted);
    accepted->accepted_day = next->accepted_day;
    accepted->commune = next->commune;
    accepted->support_group = (Ansinh__V1__SupportGroup)next->support_group;
    accepted->officer_code = self->in->officer_code;
    event->kind_case = ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED;
    event->participation_accepted = accepted;
    return 0;
}

static int fill_returned(const struct accepting *self, const struct citizen *before,
                         Ansinh__V1__Event *event)
{
    Ansinh__V1__ParticipationReturned *returned =
        arena_alloc(self->request->arena, sizeof(*returned));
    if (returned == NULL)
        return -ENOMEM;
    ansinh__v1__participation_returned__init(returned);
    returned->returned_day = self->acceptance.on_day;
    returned->accepted_day = before->accepted_day;
    returned->commune = before->commune;
    returned->support_group = (Ansinh__V1__SupportGroup)before->support_group;
    returned->reason = self->in->reason;
    returned->officer_code = self->in->officer_code;
    event->kind_case = ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED;
    event->participation_returned = returned;
    return 0;
}

static Ansinh__V1__Event *make_event(const struct accepting *self,
                                     const struct command_state *state)
{
    Ansinh__V1__Event *event = arena_alloc(self->request->arena, sizeof(*event));
    if (event == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    int rc = self->acceptance.is_returned ? fill_returned(self, &state->before, event)
                                          : fill_accepted(self, &state->next, event);
    return rc < 0 ? NULL : event;
}

static ProtobufCMessage *make_answer(const struct accepting *self, const struct citizen *before)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__RecordAcceptanceResponse *out = arena_alloc(arena, sizeof(*out));
    char *id = arena_alloc(arena, BASE32_TEXT_BYTES);
    char *date = arena_alloc(arena, DATE_TEXT_BYTES);
    char *undone = arena_zalloc(arena, DATE_TEXT_BYTES);
    if (out == NULL || id == NULL || date == NULL || undone == NULL)
        return NULL;
    ansinh__v1__record_acceptance_response__init(out);
    base32_format(self->citizen, id);
    date_format(self->acceptance.on_day, date);
    if (before->accepted_day != 0)
        date_format(before->accepted_day, undone);
    out->participant_id = id;
    out->decision = self->in->decision;
    out->decided_on = date;
    out->undone_accepted_on = undone;
    return &out->base;
}

static enum command_verdict decide(struct command_state *state)
{
    struct accepting *self = state->arg;
    struct err err = {0};
    if (!state->has_citizen || state->before.is_health)
        return command_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "participant_id",
                              "no such participant");
    int rc = past_day_parse(self->in->decided_on, "decided_on", state->today,
                            &self->acceptance.on_day, &err);
    if (rc == 0)
        rc = acceptance_decide(&state->before, &self->acceptance, &state->next, &err);
    if (rc < 0)
        return command_refuse(state,
                              rc == -EPERM ? ANSINH__V1__CODE__CODE_FAILED_PRECONDITION
                                           : ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
                              err.field, "%s", err.text);
    state->event = make_event(self, state);
    state->answer = make_answer(self, &state->before);
    if (state->event == NULL || state->answer == NULL)
        return command_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    if (!self->in->dry_run)
        return COMMAND_COMMIT;
    if (!state->may_answer)
        return COMMAND_READ;
    bus_reply(state->request, state->answer);
    return COMMAND_ANSWERED;
}

static const struct command_spec accept_command = {.name = "accept", .decide = decide};

static void run(struct accepting *self)
{
    command_run(self->service->svc, self->request, &accept_command, self->citizen, self);
}

/* --- by SI code: an alias may be left behind by an enrolment that did not happen ---------------
 */

static void on_identity(void *arg, const Ansinh__V1__Identity *identity)
{
    struct accepting *self = arg;
    if (strcmp(self->in->si_code, identity->si_code) == 0)
        run(self);
    else
        fail_not_found(self->request);
}

static void on_citizen(void *arg, int rc, const struct citizen *citizen)
{
    struct accepting *self = arg;
    if (rc < 0)
        ledger_away(self->request);
    else if (citizen == NULL)
        fail_not_found(self->request);
    else
        identity_read(self->service, self->request, self->citizen, on_identity, self);
}

static void on_alias(void *arg, int rc, const struct store_reply *reply)
{
    struct accepting *self = arg;
    struct alias_record alias;
    if (rc == 0)
        rc = alias_read(reply, &alias);
    if (rc == 1)
        fail_not_found(self->request);
    else if (rc < 0)
        ledger_away(self->request);
    else {
        memcpy(self->citizen, alias.citizen, ID_BYTES);
        citizen_read(self->service->svc, self->request->arena, self->citizen, on_citizen, self);
    }
}

static void find_by_si_code(struct accepting *self)
{
    uint8_t alias[ID_BYTES];
    keyring_hash(self->service->svc->keyring, 's', self->in->si_code, alias);
    alias_ask(self->service->svc->ledger, alias, on_alias, self);
}

/* --- checks ----------------------------------------------------------------------------------- */

/* By SI code the citizen is found later. */
static int read_key(struct accepting *self, struct err *err)
{
    const Ansinh__V1__RecordAcceptanceRequest *in = self->in;
    int rc;
    switch (in->key_case) {
    case ANSINH__V1__RECORD_ACCEPTANCE_REQUEST__KEY_PARTICIPANT_ID:
        return participant_parse(in->participant_id, self->citizen, err);
    case ANSINH__V1__RECORD_ACCEPTANCE_REQUEST__KEY_PERSONAL_ID:
        rc = personal_id_check_form(in->personal_id, err);
        if (rc == 0)
            keyring_hash(self->service->svc->keyring, 'c', in->personal_id, self->citizen);
        return rc;
    case ANSINH__V1__RECORD_ACCEPTANCE_REQUEST__KEY_SI_CODE:
        return si_code_check(in->si_code, err);
    case ANSINH__V1__RECORD_ACCEPTANCE_REQUEST__KEY__NOT_SET:
    case _ANSINH__V1__RECORD_ACCEPTANCE_REQUEST__KEY__CASE_IS_INT_SIZE:
        break;
    }
    return err_field(err, -EINVAL, "participant_id",
                     "want one of participant_id, personal_id, si_code");
}

static int check(struct accepting *self, struct err *err)
{
    const Ansinh__V1__RecordAcceptanceRequest *in = self->in;
    int rc = read_key(self, err);
    if (rc < 0)
        return rc;
    if (in->decision != ACCEPTED && in->decision != RETURNED)
        return err_field(err, -EINVAL, "decision",
                         "want ACCEPTANCE_DECISION_ACCEPTED or ACCEPTANCE_DECISION_RETURNED");
    self->acceptance.is_returned = in->decision == RETURNED;
    if (!self->acceptance.is_returned && in->reason != 0)
        return err_field(err, -EINVAL, "reason", "only what is returned has a reason");
    if (self->acceptance.is_returned &&
        (in->reason <= 0 || protobuf_c_enum_descriptor_get_value(
                                &ansinh__v1__return_reason__descriptor, (int)in->reason) == NULL))
        return err_field(err, -EINVAL, "reason", "want why it is returned");
    if (!directory_is_code(in->officer_code))
        return err_field(err, -EINVAL, "officer_code",
                         "want 1 to 32 letters, digits, \"-\", \"_\", \".\"");
    return 0;
}

void on_record_acceptance(void *arg, struct bus_request *request)
{
    struct accepting *self = arena_zalloc(request->arena, sizeof(*self));
    struct err err = {0};
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->service = arg;
    self->request = request;
    self->in = (const Ansinh__V1__RecordAcceptanceRequest *)request->input;
    if (check(self, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else if (self->in->key_case == ANSINH__V1__RECORD_ACCEPTANCE_REQUEST__KEY_SI_CODE)
        find_by_si_code(self);
    else
        run(self);
}
