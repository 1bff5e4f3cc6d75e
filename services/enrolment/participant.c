/* GetParticipant: a citizen's record and masked identity, found by one of three keys. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "common/domain/calendar.h"
#include "common/domain/identity.h"
#include "common/domain/standing.h"
#include "common/service/command.h"
#include "common/service/policy.h"
#include "services/enrolment/advice.h"
#include "services/enrolment/arguments.h"
#include "services/enrolment/enrolment_rules.h"
#include "services/enrolment/enrolment_store.h"
#include "services/enrolment/identity.h"

#define MASK_BYTES 200

/* Lives in the request's arena. */
struct lookup {
    struct enrolment *service;
    struct bus_request *request;
    uint8_t citizen[ID_BYTES];
    const char *si_code; /* asked by it: must be the identity's own */
    int32_t on_day;
    struct citizen state;
    struct standing standing; /* of the answer's turn: rows of the law live no longer */
};

static void fail_not_found(struct lookup *self)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "", "no such participant");
}

static void fail_argument(struct bus_request *request, const struct err *err)
{
    bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err->field, "%s", err->text);
}

/* --- the answer: what does not fit into the arena is left out --------------------------------- */

/* "" for 0. */
static char *month_text(struct arena *arena, uint32_t month)
{
    char text[MONTH_TEXT_BYTES] = "";
    if (month != 0)
        month_format((int32_t)month, text);
    return arena_strndup(arena, text, strlen(text));
}

static char *day_text(struct arena *arena, int32_t day)
{
    char text[DATE_TEXT_BYTES];
    date_format(day, text);
    return arena_strndup(arena, text, strlen(text));
}

static char *masked(struct arena *arena, const char *text,
                    void (*mask)(const char *, char *, size_t))
{
    char out[MASK_BYTES] = "";
    if (text[0] != '\0')
        mask(text, out, sizeof(out));
    return arena_strndup(arena, out, strlen(out));
}

static void put_person(struct lookup *self, const Ansinh__V1__Identity *identity,
                       Ansinh__V1__GetParticipantResponse *out)
{
    struct arena *arena = self->request->arena;
    const struct citizen *state = &self->state;
    out->masked_name = masked(arena, identity->full_name, name_mask);
    out->masked_personal_id = masked(arena, identity->personal_id, id_mask);
    out->masked_phone = masked(arena, identity->phone, id_mask);
    out->unit_code = arena_printf(arena, "%05u", (unsigned)state->commune);
    out->support_group = (Ansinh__V1__SupportGroup)state->support_group;
    out->income_vnd = state->income_vnd;
    out->method = (Ansinh__V1__Method)state->method;
    out->lump_months = state->lump_months;
    out->enrolled_on = day_text(arena, state->enrolled_day);
    out->declared_on = day_text(arena, state->declared_day);
    if (state->accepted_day != 0)
        out->accepted_on = day_text(arena, state->accepted_day);
    out->end_reason = (Ansinh__V1__EndReason)state->end_reason;
    if (state->end_reason != END_NONE)
        out->ended_on = day_text(arena, state->end_day);
}

static void put_coverage(struct arena *arena, const struct citizen *state,
                         Ansinh__V1__GetParticipantResponse *out)
{
    const struct coverage *coverage = &state->coverage;
    Ansinh__V1__CoveredMonths *rows = arena_alloc(arena, coverage->n * sizeof(*rows) + 1);
    out->covered = arena_alloc(arena, coverage->n * sizeof(*out->covered) + 1);
    out->covered_until = month_text(arena, coverage_until(coverage));
    out->months_paid = citizen_months_paid(state);
    out->months_missing_paid = state->months_missing;
    out->months_covered_before = coverage->n_older;
    for (uint32_t i = 0; rows != NULL && out->covered != NULL && i < coverage->n; i++) {
        ansinh__v1__covered_months__init(&rows[i]);
        rows[i].from_month = month_text(arena, coverage->ranges[i].from);
        rows[i].to_month = month_text(arena, coverage->ranges[i].to);
        out->covered[out->n_covered++] = &rows[i];
    }
}

static void put_support(const struct lookup *self, Ansinh__V1__GetParticipantResponse *out)
{
    const struct citizen *state = &self->state;
    const struct policy *policy = self->service->svc->policy;
    const struct policy_row *limit = policy_on(policy, POLICY_SUPPORT_MONTHS, 0, self->on_day);
    uint32_t used = state->months_supported;
    if (policy_choice_on(policy, SWITCH_EARLIER_SUPPORT_COUNTS, self->on_day) == CHOICE_OFF)
        used -= state->months_supported_earlier;
    out->months_supported = state->months_supported;
    if (limit == NULL)
        return;
    out->support_months_limit = (uint32_t)limit->value;
    out->support_months_left = used < limit->value ? (uint32_t)limit->value - used : 0;
}

static void put_standing(const struct lookup *self, Ansinh__V1__GetParticipantResponse *out)
{
    static const Ansinh__V1__ParticipantState states[] = {
        [STANDING_DECLARED] = ANSINH__V1__PARTICIPANT_STATE__PARTICIPANT_STATE_DECLARED,
        [STANDING_LAPSED] = ANSINH__V1__PARTICIPANT_STATE__PARTICIPANT_STATE_LAPSED,
        [STANDING_DUE] = ANSINH__V1__PARTICIPANT_STATE__PARTICIPANT_STATE_DUE,
        [STANDING_ACTIVE] = ANSINH__V1__PARTICIPANT_STATE__PARTICIPANT_STATE_ACTIVE,
        [STANDING_COMPLETE] = ANSINH__V1__PARTICIPANT_STATE__PARTICIPANT_STATE_COMPLETE,
        [STANDING_ENDED] = ANSINH__V1__PARTICIPANT_STATE__PARTICIPANT_STATE_ENDED,
    };
    struct arena *arena = self->request->arena;
    const struct standing *standing = &self->standing;
    const char *citation = standing->deadline->citation;
    out->state = states[standing->state];
    out->next_from_month = month_text(arena, standing->from_month);
    if (standing->due_day != 0)
        out->next_due_on = day_text(arena, standing->due_day);
    out->citation = arena_strndup(arena, citation, strlen(citation));
}

/* That the next payment would be refused, on the day or when it is due. */
static void put_warning(const struct lookup *self, Ansinh__V1__GetParticipantResponse *out)
{
    struct arena *arena = self->request->arena;
    struct err err = {0};
    int32_t day = self->on_day;
    int rc = terms_check(self->service->svc->policy, &self->state, day, &err);
    if (rc == 0 && self->standing.from_month > (uint32_t)month_of_day(day)) {
        day = month_first_day((int32_t)self->standing.from_month);
        rc = terms_check(self->service->svc->policy, &self->state, day, &err);
    }
    out->warnings = arena_alloc(arena, sizeof(*out->warnings));
    if (rc == 0 || out->warnings == NULL)
        return;
    char date[DATE_TEXT_BYTES];
    date_format(day, date);
    out->warnings[0] =
        arena_printf(arena, "%s: for a payment of %s: %s", err.field, date, err.text);
    out->n_warnings = out->warnings[0] != NULL;
}

static void answer(void *arg, const Ansinh__V1__Identity *identity)
{
    struct lookup *self = arg;
    char id[BASE32_TEXT_BYTES];
    struct err err = {0};
    if (self->si_code != NULL && strcmp(self->si_code, identity->si_code) != 0) {
        fail_not_found(self); /* an alias left behind by an enrolment that did not happen */
        return;
    }
    if (standing_on(self->service->svc->policy, &self->state, self->on_day, &self->standing, &err) <
        0) {
        fail_argument(self->request, &err);
        return;
    }
    base32_format(self->citizen, id);
    Ansinh__V1__GetParticipantResponse out;
    ansinh__v1__get_participant_response__init(&out);
    out.participant_id = id;
    put_person(self, identity, &out);
    put_coverage(self->request->arena, &self->state, &out);
    put_support(self, &out);
    put_standing(self, &out);
    put_warning(self, &out);
    bus_reply(self->request, &out.base);
}

/* --- finding ---------------------------------------------------------------------------------- */

static void on_state(void *arg, int rc, const struct citizen *citizen)
{
    struct lookup *self = arg;
    if (rc < 0) {
        ledger_away(self->request);
    } else if (citizen == NULL || citizen->is_health) {
        fail_not_found(self);
    } else {
        self->state = *citizen;
        identity_read(self->service, self->request, self->citizen, answer, self);
    }
}

static void look_up(struct lookup *self)
{
    citizen_read(self->service->svc, self->request->arena, self->citizen, on_state, self);
}

static void on_alias(void *arg, int rc, const struct store_reply *reply)
{
    struct lookup *self = arg;
    struct alias_record alias;
    if (rc == 0)
        rc = alias_read(reply, &alias);
    if (rc < 0)
        ledger_away(self->request);
    else if (rc == 1)
        fail_not_found(self);
    else {
        memcpy(self->citizen, alias.citizen, ID_BYTES);
        look_up(self);
    }
}

static int read_key(struct lookup *self, const Ansinh__V1__GetParticipantRequest *in,
                    struct err *err)
{
    struct keyring *keyring = self->service->svc->keyring;
    int rc;
    switch (in->key_case) {
    case ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_PARTICIPANT_ID:
        return participant_parse(in->participant_id, self->citizen, err);
    case ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_PERSONAL_ID:
        rc = personal_id_check_form(in->personal_id, err);
        if (rc == 0)
            keyring_hash(keyring, 'c', in->personal_id, self->citizen);
        return rc;
    case ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_SI_CODE:
        self->si_code = in->si_code;
        return si_code_check(in->si_code, err);
    case ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY__NOT_SET:
    case _ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY__CASE_IS_INT_SIZE:
        break;
    }
    return err_field(err, -EINVAL, "participant_id",
                     "want one of participant_id, personal_id, si_code");
}

void on_get_participant(void *arg, struct bus_request *request)
{
    const Ansinh__V1__GetParticipantRequest *in =
        (const Ansinh__V1__GetParticipantRequest *)request->input;
    struct lookup *self = arena_zalloc(request->arena, sizeof(*self));
    struct err err = {0};
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->service = arg;
    self->request = request;
    int rc = read_key(self, in, &err);
    if (rc == 0)
        rc = advice_day(in->on, &self->on_day, &err);
    if (rc < 0) {
        fail_argument(request, &err);
    } else if (self->si_code != NULL) {
        uint8_t alias[ID_BYTES];
        keyring_hash(self->service->svc->keyring, 's', self->si_code, alias);
        alias_ask(self->service->svc->ledger, alias, on_alias, self);
    } else {
        look_up(self);
    }
}
