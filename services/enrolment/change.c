/* ChangeContribution: another income, method, group or commune, and registering again after a
 * lapse. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "common/domain/standing.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/policy.h"
#include "services/enrolment/arguments.h"
#include "services/enrolment/identity.h"
#include "services/enrolment/place.h"
#include "services/enrolment/terms_rules.h"
#include "services/enrolment/warnings.h"

/* Lives in the request's arena. */
struct changing {
    struct enrolment *service;
    struct bus_request *request;
    const Ansinh__V1__ChangeContributionRequest *in;
    uint8_t citizen[ID_BYTES];
    struct change_request change;
    int is_refreshed; /* the directory was asked anew: an unknown code is now really unknown */
    int is_wrong;     /* a code is, as said in: */
    struct err wrong;
};

static Ansinh__V1__Event *make_event(const struct changing *self, const struct citizen *next)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__Event *event = arena_alloc(arena, sizeof(*event));
    Ansinh__V1__ContributionChanged *changed = arena_alloc(arena, sizeof(*changed));
    if (event == NULL || changed == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__contribution_changed__init(changed);
    changed->changed_day = next->changed_day;
    changed->is_declared = change_is_declaration(&self->change);
    changed->income_vnd = next->income_vnd;
    changed->method = (Ansinh__V1__Method)next->method;
    changed->months = next->lump_months;
    changed->support_group = (Ansinh__V1__SupportGroup)next->support_group;
    changed->commune = next->commune;
    changed->collector_code = self->in->collector_code;
    event->kind_case = ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED;
    event->contribution_changed = changed;
    return event;
}

/* "" where nothing of the calendar is next. */
static char *next_month(const struct changing *self, const struct citizen *next)
{
    struct standing standing;
    char *text = arena_zalloc(self->request->arena, MONTH_TEXT_BYTES);
    if (text != NULL && next->method != METHOD_IS_MISSING_MONTHS &&
        standing_on(self->service->svc->policy, next, next->changed_day, &standing, NULL) == 0 &&
        standing.from_month != 0)
        month_format((int32_t)standing.from_month, text);
    return text;
}

static ProtobufCMessage *make_answer(const struct changing *self, const struct citizen *next,
                                     const struct quote *quote)
{
    struct arena *arena = self->request->arena;
    struct warnings warnings = {0};
    Ansinh__V1__ChangeContributionResponse *out = arena_alloc(arena, sizeof(*out));
    char *date = arena_alloc(arena, DATE_TEXT_BYTES);
    char *from = next_month(self, next);
    warnings_add(&warnings, quote);
    char **texts = warnings_answer(arena, &warnings);
    if (out == NULL || date == NULL || from == NULL || texts == NULL)
        return NULL;
    ansinh__v1__change_contribution_response__init(out);
    date_format(next->changed_day, date);
    out->participant_id = self->in->participant_id;
    out->income_vnd = next->income_vnd;
    out->method = (Ansinh__V1__Method)next->method;
    out->months = next->lump_months;
    out->support_group = (Ansinh__V1__SupportGroup)next->support_group;
    out->unit_code = arena_printf(arena, "%05u", (unsigned)next->commune);
    out->changed_on = date;
    out->next_from_month = from;
    out->warnings = texts;
    out->n_warnings = warnings.n;
    return out->unit_code == NULL ? NULL : &out->base;
}

static enum command_verdict decide(struct command_state *state)
{
    struct changing *self = state->arg;
    struct quote quote;
    struct err err = {0};
    if (!state->has_citizen || state->before.is_health)
        return command_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "participant_id",
                              "no such participant");
    if (self->is_wrong)
        return command_refuse(state, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, self->wrong.field,
                              "%s", self->wrong.text);
    int rc = past_day_parse(self->in->on, "on", state->today, &self->change.on_day, &err);
    if (rc == 0)
        rc = change_decide(state->svc->policy, &state->before, &self->change, &state->next, &quote,
                           &err);
    if (rc < 0)
        return command_refuse(state,
                              rc == -EPERM ? ANSINH__V1__CODE__CODE_FAILED_PRECONDITION
                                           : ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
                              err.field, "%s", err.text);
    state->event = make_event(self, &state->next);
    state->answer = make_answer(self, &state->next, &quote);
    if (state->event == NULL || state->answer == NULL)
        return command_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    if (!self->in->dry_run)
        return COMMAND_COMMIT;
    if (!state->may_answer)
        return COMMAND_READ;
    bus_reply(state->request, state->answer);
    return COMMAND_ANSWERED;
}

static const struct command_spec change_command = {.name = "change", .decide = decide};

static void run(struct changing *self)
{
    command_run(self->service->svc, self->request, &change_command, self->citizen, self);
}

/* --- who wants to pay in one sum: of which age? ----------------------------------------------- */

static void on_identity(void *arg, const Ansinh__V1__Identity *identity)
{
    struct changing *self = arg;
    self->change.sex = (enum sex)identity->sex;
    if (date_parse(identity->birth_date, &self->change.birth_day) < 0)
        self->change.sex = SEX_UNKNOWN;
    run(self);
}

static void on_citizen(void *arg, int rc, const struct citizen *citizen)
{
    struct changing *self = arg;
    if (rc < 0)
        ledger_away(self->request);
    else if (citizen == NULL)
        run(self); /* which refuses it */
    else
        identity_read(self->service, self->request, self->citizen, on_identity, self);
}

/* --- checks ----------------------------------------------------------------------------------- */

/* As place_check. */
static int check_codes(struct changing *self, struct err *err)
{
    const struct directory_unit *unit;
    const struct place place = {.unit_code = self->in->unit_code,
                                .collector_code = self->in->collector_code,
                                .on = self->in->on,
                                .may_stay = 1};
    int rc = place_check(self->service->svc->directory, &place, self->is_refreshed, &unit, err);
    self->change.commune = unit == NULL ? 0 : commune_number(unit->code);
    return rc;
}

static void change_start(struct changing *self);

static void on_refreshed(void *arg, int rc)
{
    struct changing *self = arg;
    self->is_refreshed = 1;
    if (rc < 0)
        ledger_away(self->request);
    else
        change_start(self);
}

static void change_start(struct changing *self)
{
    int rc = check_codes(self, &self->wrong);
    self->is_wrong = rc < 0;
    if (rc == -EAGAIN)
        directory_refresh(self->service->svc->directory, on_refreshed, self);
    else if (rc == 0 && (method_is_lump_sum((enum method)self->change.method) ||
                         (self->change.method == 0 && self->change.months != 0)))
        citizen_read(self->service->svc, self->request->arena, self->citizen, on_citizen, self);
    else
        run(self); /* which refuses a wrong code, unless the change was done before */
}

void on_change_contribution(void *arg, struct bus_request *request)
{
    struct changing *self = arena_zalloc(request->arena, sizeof(*self));
    struct err err = {0};
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->service = arg;
    self->request = request;
    self->in = (const Ansinh__V1__ChangeContributionRequest *)request->input;
    self->change.income_vnd = self->in->income_vnd;
    self->change.method = (int)self->in->method;
    self->change.months = self->in->months;
    self->change.support_group = (int)self->in->support_group;
    if (participant_parse(self->in->participant_id, self->citizen, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        change_start(self);
}
