#include "services/payments/inquiry.h"

#include <errno.h>
#include <string.h>

#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/policy.h"
#include "services/payments/payments_rules.h"
#include "services/payments/product.h"

static enum command_verdict decide(struct command_state *state);
static const struct command_spec inquire_command = {.name = "inquire", .decide = decide};

static Ansinh__V1__Event *make_event(struct arena *arena, const struct citizen *next,
                                     int32_t on_day)
{
    Ansinh__V1__Event *event = arena_alloc(arena, sizeof(*event));
    Ansinh__V1__BillIssued *issued = arena_alloc(arena, sizeof(*issued));
    Ansinh__V1__Pockets *pockets = arena_alloc(arena, sizeof(*pockets));
    if (event == NULL || issued == NULL || pockets == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__bill_issued__init(issued);
    ansinh__v1__pockets__init(pockets);
    pockets->participant_vnd = next->bill.participant_vnd;
    pockets->central_vnd = next->bill.central_vnd;
    pockets->local_vnd = next->bill.local_vnd;
    pockets->donor_vnd = next->bill.donor_vnd;
    issued->pockets = pockets;
    issued->bill_number = next->bill_number;
    issued->from_month = next->bill.from_month;
    issued->months = next->bill.months;
    issued->months_supported = next->bill.months_supported;
    issued->issued_day = on_day;
    issued->valid_until_day = next->bill.valid_until_day;
    issued->product = event_product(next);
    if (event_card(arena, &next->bill, &issued->card) < 0)
        return NULL;
    event->kind_case = ANSINH__V1__EVENT__KIND_BILL_ISSUED;
    event->bill_issued = issued;
    return event;
}

static enum command_verdict refuse_no_memory(struct command_state *state)
{
    return command_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

static enum command_verdict show(struct command_state *state, int32_t on_day)
{
    if (!state->may_answer)
        return COMMAND_READ;
    const struct inquiry *self = state->arg;
    struct err err = {0};
    if (state->before.is_health &&
        health_bill_date(state->svc->policy, &state->before, on_day, &state->before.bill, &err) < 0)
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, self->on_field,
                              "%s", err.text);
    if (self->expect != NULL && self->expect(self, &state->before, &err) < 0)
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, err.field, "%s",
                              err.text);
    const ProtobufCMessage *answer = self->answer(self, &state->before);
    if (answer == NULL)
        return refuse_no_memory(state);
    bus_reply(state->request, answer);
    return COMMAND_ANSWERED;
}

static void on_refreshed(void *arg, int rc)
{
    struct inquiry *self = arg;
    self->is_refreshed = 1;
    if (rc < 0)
        ledger_away(self->request);
    else
        inquiry_run(self);
}

/* The commune may have been imported a moment ago: the directory's news, then once more from the
 * start. */
static enum command_verdict await_commune(struct command_state *state)
{
    struct inquiry *self = state->arg;
    if (self->is_refreshed)
        return command_refuse(state, ANSINH__V1__CODE__CODE_UNAVAILABLE, "",
                              "the participant's commune is not known here yet");
    directory_refresh(state->svc->directory, on_refreshed, self);
    return COMMAND_ANSWERED;
}

/* Before anything of the citizen is said. */
static enum command_verdict refuse_admission(struct command_state *state, const struct err *err)
{
    struct inquiry *self = state->arg;
    if (self->is_refreshed)
        return command_refuse(state, ANSINH__V1__CODE__CODE_PERMISSION_DENIED, err->field, "%s",
                              err->text);
    directory_refresh(state->svc->directory, on_refreshed, self);
    return COMMAND_ANSWERED;
}

/* That the request speaks of what the citizen has. */
static int check_product(const struct inquiry *self, const struct citizen *citizen, struct err *err)
{
    static const char only[] = "only for PRODUCT_HEALTH_HOUSEHOLD";
    int is_health = self->product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD;
    if (self->product != ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED &&
        is_health != citizen->is_health)
        return err_field(err, -EINVAL, "product", "the id is one of %s",
                         citizen->is_health ? "PRODUCT_HEALTH_HOUSEHOLD" : "PRODUCT_VOLUNTARY_SI");
    if (!citizen->is_health && self->health.member_rank != 0)
        return err_field(err, -EINVAL, "member_rank", "%s", only);
    if (!citizen->is_health && self->health.months != 0 && self->expect == NULL)
        return err_field(err, -EINVAL, "months", "%s", only);
    return 0;
}

static int is_current(const struct inquiry *self, const struct citizen *citizen, int32_t on_day)
{
    const struct policy *policy = self->svc->policy;
    return citizen->is_health ? health_bill_is_current(policy, citizen, &self->health, on_day)
                              : bill_is_current(policy, citizen, on_day);
}

/* The next bill, unless the commune, which decides the supports, is not known here yet. */
static int make_bill(const struct command_state *state, int32_t on_day, struct citizen_bill *ret,
                     int *ret_is_known, struct err *err)
{
    const struct inquiry *self = state->arg;
    const struct directory_unit *commune =
        directory_commune(state->svc->directory, state->before.commune);
    *ret_is_known = commune != NULL;
    if (commune == NULL)
        return 0;
    struct bill_place place = {.is_special_zone = commune->is_special_zone,
                               .province = directory_province(commune)};
    return state->before.is_health
               ? health_bill_make(state->svc->policy, &state->before, &self->health, on_day, ret,
                                  err)
               : bill_make(state->svc->policy, &state->before, &place, on_day, ret, err);
}

static enum command_verdict refuse(struct command_state *state, int rc, const struct err *err)
{
    const struct inquiry *self = state->arg;
    return command_refuse(state,
                          rc == -EPERM ? ANSINH__V1__CODE__CODE_FAILED_PRECONDITION
                                       : ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
                          strcmp(err->field, "on") == 0 ? self->on_field : err->field, "%s",
                          err->text);
}

static enum command_verdict decide(struct command_state *state)
{
    const struct inquiry *self = state->arg;
    struct err err = {0};
    int32_t on_day;
    int is_known = 1;
    if (!state->has_citizen)
        return command_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "",
                              self->product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD
                                  ? "nobody has declared this person for health insurance; see "
                                    "Enrolment/DeclareHealth"
                                  : "no such participant");
    if (self->admit != NULL && self->admit(self, &state->before, &err) < 0)
        return refuse_admission(state, &err);
    int rc = check_product(self, &state->before, &err);
    if (rc == 0)
        rc = business_date_parse(self->on, self->on_field, state->today, &on_day, &err);
    if (rc == 0 && is_current(self, &state->before, on_day))
        return show(state, on_day);
    if (rc == 0)
        rc = make_bill(state, on_day, &state->next.bill, &is_known, &err);
    /* a bill without the supports of a commune that is not known here yet would be too high */
    if (!is_known)
        return await_commune(state);
    if (rc == 0 && self->expect != NULL)
        rc = self->expect(self, &state->next, &err);
    if (rc < 0)
        return refuse(state, rc, &err);
    state->next.bill_number = state->before.bill_number + 1;
    state->next.version = state->before.version + 1;
    state->totals[TOTAL_BILLS] = 1;
    state->event = make_event(state->request->arena, &state->next, on_day);
    state->answer = self->answer(self, &state->next);
    if (state->event == NULL || state->answer == NULL)
        return refuse_no_memory(state);
    return COMMAND_COMMIT;
}

void inquiry_run(struct inquiry *self)
{
    command_run(self->svc, self->request, &inquire_command, self->citizen, self);
}
