/* DeclareHealth: who is to be insured for health as a member of a household, with a record of their
 * own: bills and payments of a participant are not touched by it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/domain/identity.h"
#include "common/domain/policy.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "services/enrolment/alias.h"
#include "services/enrolment/arguments.h"
#include "services/enrolment/enrolment_rules.h"
#include "services/enrolment/identity.h"
#include "services/enrolment/place.h"
#include "services/enrolment/warnings.h"

#define CARD_DAYS_MAX 3660 /* a card that holds longer is a mistake */

/* Lives in the request's arena. */
struct declaring {
    struct enrolment *service;
    struct bus_request *request;
    const Ansinh__V1__DeclareHealthRequest *in;
    struct declaration_facts facts;
    const struct directory_unit *commune;
    int32_t card_last_day; /* 0: none */
    uint8_t citizen[ID_BYTES];
    int is_refreshed; /* the directory was asked anew: an unknown code is now really unknown */
    int is_wrong;     /* something is, as said in: */
    struct err wrong;
};

static void fail_no_memory(struct bus_request *request)
{
    bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "the request is too large");
}

static Ansinh__V1__Event *make_event(const struct declaring *self, const struct citizen *next)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__Event *event = arena_alloc(arena, sizeof(*event));
    Ansinh__V1__HealthDeclared *declared = arena_alloc(arena, sizeof(*declared));
    if (event == NULL || declared == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__health_declared__init(declared);
    declared->commune = next->commune;
    declared->collector_code = self->in->collector_code;
    declared->declared_day = next->enrolled_day;
    declared->language = (Ansinh__V1__Language)next->language;
    declared->has_si_code = next->has_si_code;
    declared->card_last_day = self->card_last_day;
    event->kind_case = ANSINH__V1__EVENT__KIND_HEALTH_DECLARED;
    event->health_declared = declared;
    return event;
}

static ProtobufCMessage *make_answer(const struct declaring *self, const struct citizen *next)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__DeclareHealthResponse *out = arena_alloc(arena, sizeof(*out));
    char *id = arena_alloc(arena, BASE32_TEXT_BYTES);
    char *date = arena_alloc(arena, DATE_TEXT_BYTES);
    char **warnings = warnings_answer(arena, &self->facts.warnings);
    if (out == NULL || id == NULL || date == NULL || warnings == NULL)
        return NULL;
    ansinh__v1__declare_health_response__init(out);
    base32_format(self->citizen, id);
    date_format(next->enrolled_day, date);
    out->member_id = id;
    out->declared_on = date;
    out->warnings = warnings;
    out->n_warnings = self->facts.warnings.n;
    return &out->base;
}

static const uint8_t *seal(struct declaring *self, int language, size_t *ret_len)
{
    const Ansinh__V1__DeclareHealthRequest *in = self->in;
    Ansinh__V1__Identity identity;
    ansinh__v1__identity__init(&identity);
    identity.personal_id = in->personal_id;
    identity.full_name = in->full_name;
    identity.birth_date = in->birth_date;
    identity.sex = in->sex;
    identity.phone = self->facts.phone;
    identity.email = in->email;
    identity.address = in->address;
    identity.language = (Ansinh__V1__Language)language;
    identity.si_code = in->si_code;
    identity.household_code = in->household_code;
    return identity_seal(self->service, self->request->arena, self->citizen, &identity, ret_len);
}

/* The day of the first declaration stays: bills of the days since then may be on their way. */
static void fill(const struct declaring *self, int is_known, const struct citizen *before,
                 struct citizen *ret)
{
    *ret = is_known ? *before : (struct citizen){.is_health = 1};
    ret->commune = commune_number(self->commune->code);
    ret->language = self->in->language == ANSINH__V1__LANGUAGE__LANGUAGE_EN
                        ? ANSINH__V1__LANGUAGE__LANGUAGE_EN
                        : ANSINH__V1__LANGUAGE__LANGUAGE_VI;
    ret->has_si_code = self->in->si_code[0] != '\0';
    if (!is_known)
        ret->enrolled_day = ret->declared_day = ret->changed_day = self->facts.enrolled_day;
    if (ret->paid_number == 0)
        ret->card = (struct health_card){self->card_last_day, self->card_last_day};
}

/* Almost everybody is declared for the first time: tried without reading first. */
static enum command_verdict decide(struct command_state *state)
{
    struct declaring *self = state->arg;
    int is_known = state->is_read && state->has_citizen;
    if (self->is_wrong)
        return command_refuse(state, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, self->wrong.field,
                              "%s", self->wrong.text);
    if (is_known && state->before.paid_number != 0 && self->card_last_day != 0)
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION,
                              "previous_valid_until", "a card of this member is paid here");
    fill(self, is_known, &state->before, &state->next);
    state->event = make_event(self, &state->next);
    state->answer = make_answer(self, &state->next);
    state->identity = seal(self, state->next.language, &state->identity_len);
    if (state->event == NULL || state->answer == NULL || state->identity == NULL) {
        fail_no_memory(self->request);
        return COMMAND_ANSWERED;
    }
    return COMMAND_COMMIT;
}

static const struct command_spec declare_command = {
    .name = "declare health", .is_optimistic = 1, .decide = decide};

static void run(void *arg)
{
    struct declaring *self = arg;
    command_run(self->service->svc, self->request, &declare_command, self->citizen, self);
}

/* --- checks ----------------------------------------------------------------------------------- */

/* As place_check. */
static int check_codes(struct declaring *self, struct err *err)
{
    const struct place place = {.unit_code = self->in->unit_code,
                                .collector_code = self->in->collector_code,
                                .on = self->in->declared_on};
    return place_check(self->service->svc->directory, &place, self->is_refreshed, &self->commune,
                       err);
}

static int check_card(struct declaring *self, int32_t today, struct err *err)
{
    const char *text = self->in->previous_valid_until;
    if (text[0] == '\0')
        return 0;
    if (date_parse(text, &self->card_last_day) < 0 || self->card_last_day == 0)
        return err_field(err, -EINVAL, "previous_valid_until", "want a date as YYYY-MM-DD");
    if (self->card_last_day > today + CARD_DAYS_MAX)
        return err_field(err, -EINVAL, "previous_valid_until", "lies too far ahead");
    return 0;
}

static int check_declaration(struct declaring *self, struct err *err)
{
    const Ansinh__V1__DeclareHealthRequest *in = self->in;
    int32_t today = clock_business_day(clock_wall_ms());
    struct declaration declaration = {.personal_id = in->personal_id,
                                      .full_name = in->full_name,
                                      .birth_date = in->birth_date,
                                      .phone = in->phone,
                                      .email = in->email,
                                      .address = in->address,
                                      .si_code = in->si_code,
                                      .enrolled_on = in->declared_on,
                                      .sex = (int)in->sex,
                                      .language = (int)in->language};
    const struct policy_row *rate;
    int rc = person_check(&declaration, today, &self->facts, err);
    if (rc == 0) /* bills are for this day or later ones: the law must know it */
        rc = policy_need(self->service->svc->policy, POLICY_HEALTH_RATE, 0,
                         self->facts.enrolled_day, &rate, err);
    if (rc < 0 && (strcmp(err->field, "enrolled_on") == 0 || strcmp(err->field, "on") == 0))
        (void)snprintf(err->field, sizeof(err->field), "declared_on");
    if (rc == 0)
        rc = household_code_check(in->household_code, err);
    return rc == 0 ? check_card(self, today, err) : rc;
}

static void start(struct declaring *self);

static void on_refreshed(void *arg, int rc)
{
    struct declaring *self = arg;
    self->is_refreshed = 1;
    if (rc < 0)
        ledger_away(self->request);
    else
        start(self);
}

/* Refused by the command, which first looks whether it was done before, by yesterday's clock. */
static void start(struct declaring *self)
{
    int rc = check_codes(self, &self->wrong);
    if (rc == -EAGAIN) {
        directory_refresh(self->service->svc->directory, on_refreshed, self);
        return;
    }
    if (rc == 0)
        rc = check_declaration(self, &self->wrong);
    self->is_wrong = rc < 0;
    keyring_hash(self->service->svc->keyring, HASH_HEALTH_MEMBER, self->in->personal_id,
                 self->citizen);
    if (rc < 0 || self->in->si_code[0] == '\0')
        run(self);
    else
        alias_claim(self->service, self->request, HASH_HEALTH_SI_CODE, self->in->si_code,
                    self->citizen, 0, run, self);
}

void on_declare_health(void *arg, struct bus_request *request)
{
    struct declaring *self = arena_zalloc(request->arena, sizeof(*self));
    struct err err = {0};
    if (self == NULL) {
        fail_no_memory(request);
        return;
    }
    self->service = arg;
    self->request = request;
    self->in = (const Ansinh__V1__DeclareHealthRequest *)request->input;
    if (commit_check_id(&request->id, clock_wall_ms(), &err) == 0) {
        start(self);
        return;
    }
    /* refused, or answered again, before a code's claim is committed, which is not undone */
    self->is_wrong = 1;
    keyring_hash(self->service->svc->keyring, HASH_HEALTH_MEMBER, self->in->personal_id,
                 self->citizen);
    run(self);
}
