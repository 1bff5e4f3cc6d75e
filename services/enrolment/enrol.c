/* Enrol: check, claim the SI code's alias when there is one, then commit the citizen's record,
 * identity and event. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/policy.h"
#include "services/enrolment/alias.h"
#include "services/enrolment/arguments.h"
#include "services/enrolment/enrolment.h"
#include "services/enrolment/identity.h"
#include "services/enrolment/place.h"
#include "services/enrolment/terms_rules.h"
#include "services/enrolment/warnings.h"

/* Lives in the request's arena. */
struct enrol {
    struct enrolment *service;
    struct bus_request *request;
    const Ansinh__V1__EnrolRequest *in;
    struct declaration_facts facts;
    const struct directory_unit *commune;
    uint8_t citizen[ID_BYTES];
    int is_refreshed;  /* the directory was asked anew: an unknown code is now really unknown */
    struct err *wrong; /* what is, in the declaration or the codes; NULL: nothing */
};

static Ansinh__V1__Event *make_event(const struct enrol *self, struct arena *arena,
                                     const struct citizen *next)
{
    Ansinh__V1__Event *event = arena_alloc(arena, sizeof(*event));
    Ansinh__V1__ParticipantEnrolled *enrolled = arena_alloc(arena, sizeof(*enrolled));
    if (event == NULL || enrolled == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__participant_enrolled__init(enrolled);
    enrolled->commune = next->commune;
    enrolled->support_group = self->in->support_group;
    enrolled->income_vnd = self->in->income_vnd;
    enrolled->method = self->in->method;
    enrolled->collector_code = self->in->collector_code;
    enrolled->enrolled_day = self->facts.enrolled_day;
    enrolled->language = (Ansinh__V1__Language)next->language;
    enrolled->has_si_code = next->has_si_code;
    enrolled->months = next->lump_months;
    event->kind_case = ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED;
    event->participant_enrolled = enrolled;
    return event;
}

static ProtobufCMessage *make_answer(const struct enrol *self, struct arena *arena)
{
    Ansinh__V1__EnrolResponse *out = arena_alloc(arena, sizeof(*out));
    char *id = arena_alloc(arena, BASE32_TEXT_BYTES);
    char *date = arena_alloc(arena, DATE_TEXT_BYTES);
    char **warnings = warnings_answer(arena, &self->facts.warnings);
    if (out == NULL || id == NULL || date == NULL || warnings == NULL)
        return NULL;
    ansinh__v1__enrol_response__init(out);
    base32_format(self->citizen, id);
    date_format(self->facts.enrolled_day, date);
    out->participant_id = id;
    out->enrolled_on = date;
    out->warnings = warnings;
    out->n_warnings = self->facts.warnings.n;
    return &out->base;
}

static const uint8_t *seal_identity(struct enrol *self, struct arena *arena, int language,
                                    size_t *ret_len)
{
    Ansinh__V1__Identity identity;
    ansinh__v1__identity__init(&identity);
    identity.personal_id = self->in->personal_id;
    identity.full_name = self->in->full_name;
    identity.birth_date = self->in->birth_date;
    identity.sex = self->in->sex;
    identity.phone = self->facts.phone;
    identity.email = self->in->email;
    identity.address = self->in->address;
    identity.language = (Ansinh__V1__Language)language;
    identity.si_code = self->in->si_code;
    return identity_seal(self->service, arena, self->citizen, &identity, ret_len);
}

/* 1: the person took part before, and may again. 0: the request is refused. */
static int may_return(const struct enrol *self, const struct citizen *before)
{
    struct err err = {0};
    int rc = return_check(before, self->facts.enrolled_day, &err);
    if (rc == 0)
        return 1;
    bus_fail(self->request,
             rc == -EEXIST  ? ANSINH__V1__CODE__CODE_ALREADY_EXISTS
             : rc == -EPERM ? ANSINH__V1__CODE__CODE_FAILED_PRECONDITION
                            : ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
             err.field, "%s", err.text);
    return 0;
}

static void fail_no_memory(struct bus_request *request)
{
    bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "the request is too large");
}

static void fill_citizen(const struct enrol *self, int language, struct citizen *ret)
{
    ret->commune = commune_number(self->commune->code);
    ret->support_group = (uint8_t)self->in->support_group;
    ret->method = (uint8_t)self->in->method;
    ret->language = (uint8_t)language;
    ret->has_si_code = self->in->si_code[0] != '\0';
    ret->income_vnd = self->in->income_vnd;
    ret->lump_months = self->facts.lump_months;
    ret->enrolled_day = ret->declared_day = ret->changed_day = self->facts.enrolled_day;
}

/* Almost everybody who enrols is new: tried without reading first. */
static enum command_verdict decide(struct command_state *state)
{
    struct enrol *self = state->arg;
    struct bus_request *request = self->request;
    int is_known = state->is_read && state->has_citizen;
    if (self->wrong != NULL)
        return command_refuse(state, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, self->wrong->field,
                              "%s", self->wrong->text);
    if (is_known && !may_return(self, &state->before))
        return COMMAND_ANSWERED;
    int language = self->in->language == ANSINH__V1__LANGUAGE__LANGUAGE_EN
                       ? ANSINH__V1__LANGUAGE__LANGUAGE_EN
                       : ANSINH__V1__LANGUAGE__LANGUAGE_VI;
    memset(&state->next, 0, sizeof(state->next));
    if (is_known)
        return_keep(&state->before, &state->next);
    fill_citizen(self, language, &state->next);
    state->totals[TOTAL_ENROLLED] = 1;
    state->event = make_event(self, request->arena, &state->next);
    state->answer = make_answer(self, request->arena);
    state->identity = seal_identity(self, request->arena, language, &state->identity_len);
    if (state->event == NULL || state->answer == NULL || state->identity == NULL) {
        fail_no_memory(request);
        return COMMAND_ANSWERED;
    }
    return COMMAND_COMMIT;
}

static const struct command_spec enrol_command = {
    .name = "enrol",
    .is_optimistic = 1,
    .decide = decide,
};

static void on_alias_claimed(void *arg)
{
    struct enrol *self = arg;
    command_run(self->service->svc, self->request, &enrol_command, self->citizen, self);
}

/* A participant who is there already needs no claim: the command answers the repeat, or refuses. */
static void on_citizen(void *arg, int rc, const struct citizen *citizen)
{
    struct enrol *self = arg;
    if (rc < 0) /* without the claim nobody may be enrolled with a code */
        ledger_away(self->request);
    else if (citizen != NULL && citizen->end_reason == END_NONE)
        on_alias_claimed(self);
    else
        alias_claim(self->service, self->request, 's', self->in->si_code, self->citizen, 0,
                    on_alias_claimed, self);
}

/* --- the dry run: every check and the answer, no commit --- */

static void on_dry_run_checked(void *arg)
{
    struct enrol *self = arg;
    const ProtobufCMessage *answer = make_answer(self, self->request->arena);
    if (answer == NULL)
        fail_no_memory(self->request);
    else
        bus_reply(self->request, answer);
}

static void on_dry_run_citizen(void *arg, int rc, const struct citizen *citizen)
{
    struct enrol *self = arg;
    if (rc < 0)
        ledger_away(self->request);
    else if (citizen != NULL && !may_return(self, citizen))
        return;
    else if (self->in->si_code[0] != '\0')
        alias_claim(self->service, self->request, 's', self->in->si_code, self->citizen, 1,
                    on_dry_run_checked, self);
    else
        on_dry_run_checked(self);
}

/* --- checks --- */

/* As place_check. */
static int check_codes(struct enrol *self, struct err *err)
{
    const struct place place = {.unit_code = self->in->unit_code,
                                .collector_code = self->in->collector_code,
                                .on = self->in->enrolled_on};
    return place_check(self->service->svc->directory, &place, self->is_refreshed, &self->commune,
                       err);
}

static int check_declaration(struct enrol *self, struct err *err)
{
    const Ansinh__V1__EnrolRequest *in = self->in;
    struct declaration declaration = {
        .personal_id = in->personal_id,
        .full_name = in->full_name,
        .birth_date = in->birth_date,
        .phone = in->phone,
        .email = in->email,
        .address = in->address,
        .si_code = in->si_code,
        .enrolled_on = in->enrolled_on,
        .sex = (int)in->sex,
        .language = (int)in->language,
        .support_group = (int)in->support_group,
        .method = (int)in->method,
        .income_vnd = in->income_vnd,
        .months = in->months,
        .is_special_zone = self->commune->is_special_zone,
        .province = directory_province(self->commune),
        .has = {[BAR_COMPULSORY_SI] = in->in_compulsory_si,
                [BAR_PENSION] = in->draws_pension,
                [BAR_ALLOWANCE] = in->draws_allowance,
                [BAR_FOREIGN_CITIZEN] = in->foreign_citizen},
    };
    return declaration_check(self->service->svc->policy, &declaration,
                             clock_business_day(clock_wall_ms()), &self->facts, err);
}

/* By today's clock and tables; what was done under this id by yesterday's is answered again. */
static void enrol_refuse(struct enrol *self, const struct err *err)
{
    self->wrong = arena_alloc(self->request->arena, sizeof(*self->wrong));
    if (self->in->dry_run || self->wrong == NULL) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err->field, "%s",
                 err->text);
        return;
    }
    *self->wrong = *err;
    on_alias_claimed(self);
}

static void enrol_start(void *arg);

static void on_refreshed(void *arg, int rc)
{
    struct enrol *self = arg;
    if (rc < 0) {
        ledger_away(self->request);
        return;
    }
    self->is_refreshed = 1;
    enrol_start(self);
}

static void enrol_start(void *arg)
{
    struct enrol *self = arg;
    struct service *svc = self->service->svc;
    struct err err = {0};
    int rc = check_codes(self, &err);
    if (rc == -EAGAIN) {
        directory_refresh(svc->directory, on_refreshed, self);
        return;
    }
    if (rc == 0)
        rc = check_declaration(self, &err);
    keyring_hash(svc->keyring, 'c', self->in->personal_id, self->citizen);
    if (rc < 0)
        enrol_refuse(self, &err);
    else if (self->in->dry_run)
        citizen_read(svc, self->request->arena, self->citizen, on_dry_run_citizen, self);
    else if (self->in->si_code[0] == '\0')
        on_alias_claimed(self);
    else
        citizen_read(svc, self->request->arena, self->citizen, on_citizen, self);
}

void on_enrol(void *arg, struct bus_request *request)
{
    struct enrol *self = arena_zalloc(request->arena, sizeof(*self));
    struct err err = {0};
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->service = arg;
    self->request = request;
    self->in = (const Ansinh__V1__EnrolRequest *)request->input;
    if (commit_check_id(&request->id, clock_wall_ms(), &err) == 0) {
        enrol_start(self);
        return;
    }
    /* refused, or answered again, before a code's claim is committed, which is not undone */
    keyring_hash(self->service->svc->keyring, 'c', self->in->personal_id, self->citizen);
    on_alias_claimed(self);
}
