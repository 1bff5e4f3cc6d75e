/* EndParticipation: nothing more is billed, and unused months are owed back. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/explain_answer.h"
#include "common/service/policy.h"
#include "common/service/postings.h"
#include "services/enrolment/arguments.h"
#include "services/enrolment/enrolment.h"
#include "services/enrolment/terms_rules.h"

/* Lives in the request's arena. */
struct ending_call {
    struct bus_request *request;
    const Ansinh__V1__EndParticipationRequest *in;
    uint8_t citizen[ID_BYTES];
    struct end_request end;
};

static Ansinh__V1__Pockets *make_pockets(struct arena *arena, const struct quote *refund)
{
    Ansinh__V1__Pockets *pockets = arena_alloc(arena, sizeof(*pockets));
    if (pockets == NULL)
        return NULL;
    ansinh__v1__pockets__init(pockets);
    pockets->participant_vnd = refund->participant_vnd;
    pockets->central_vnd = refund->central_vnd;
    pockets->local_vnd = refund->local_vnd;
    pockets->donor_vnd = refund->donor_vnd;
    return pockets;
}

static int set_postings(const struct ending_call *self, const struct service *svc,
                        const Ansinh__V1__ParticipationEnded *ended, Ansinh__V1__Event *event)
{
    struct contribution_money money = {
        .participant_vnd = ended->refund->participant_vnd,
        .central_vnd = ended->refund->central_vnd,
        .local_vnd = ended->refund->local_vnd,
        .donor_vnd = ended->refund->donor_vnd,
        .product = PRODUCT_VOLUNTARY_SI,
        .province = directory_province_code(svc->directory, ended->commune),
    };
    struct postings postings;
    post_refund(&money, &postings);
    return event_set_postings(event, &postings, self->request->arena);
}

static Ansinh__V1__Event *make_event(const struct ending_call *self, const struct service *svc,
                                     const struct citizen *next, const struct ending *ending,
                                     Ansinh__V1__Pockets *pockets)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__Event *event = arena_alloc(arena, sizeof(*event));
    Ansinh__V1__ParticipationEnded *ended = arena_alloc(arena, sizeof(*ended));
    if (event == NULL || ended == NULL || pockets == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__participation_ended__init(ended);
    ended->ended_day = next->end_day;
    ended->reason = self->in->reason;
    ended->from_month = ending->from_month;
    ended->months = ending->months;
    ended->months_supported = ending->refund.months_supported;
    if (ending->months > 0)
        ended->refund = pockets;
    ended->commune = next->commune;
    event->kind_case = ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED;
    event->participation_ended = ended;
    if (ended->refund != NULL && set_postings(self, svc, ended, event) < 0)
        return NULL;
    return event;
}

/* "" for 0. */
static char *month_text(struct arena *arena, uint32_t month)
{
    char *text = arena_zalloc(arena, MONTH_TEXT_BYTES);
    if (text != NULL && month != 0)
        month_format((int32_t)month, text);
    return text;
}

static ProtobufCMessage *make_answer(const struct ending_call *self, const struct citizen *next,
                                     const struct ending *ending, Ansinh__V1__Pockets *pockets)
{
    struct arena *arena = self->request->arena;
    uint32_t to_month = ending->months == 0 ? 0 : ending->from_month + ending->months - 1;
    Ansinh__V1__EndParticipationResponse *out = arena_alloc(arena, sizeof(*out));
    char *date = arena_alloc(arena, DATE_TEXT_BYTES);
    if (out == NULL || date == NULL || pockets == NULL)
        return NULL;
    ansinh__v1__end_participation_response__init(out);
    date_format(next->end_day, date);
    out->participant_id = self->in->participant_id;
    out->ended_on = date;
    out->from_month = month_text(arena, ending->from_month);
    out->to_month = month_text(arena, to_month);
    out->months = ending->months;
    out->refund_vnd = ending->refund.participant_vnd;
    out->pockets = pockets;
    out->lines = explain_answer(arena, &ending->refund.lines);
    out->n_lines = ending->refund.lines.n;
    return out->from_month == NULL || out->to_month == NULL || out->lines == NULL ? NULL
                                                                                  : &out->base;
}

static enum command_verdict decide(struct command_state *state)
{
    struct ending_call *self = state->arg;
    struct ending ending = {0};
    struct err err = {0};
    if (!state->has_citizen || state->before.is_health)
        return command_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "participant_id",
                              "no such participant");
    int rc = past_day_parse(self->in->on, "on", state->today, &self->end.on_day, &err);
    if (rc == 0)
        rc =
            end_decide(state->svc->policy, &state->before, &self->end, &state->next, &ending, &err);
    if (rc < 0)
        return command_refuse(state,
                              rc == -EPERM ? ANSINH__V1__CODE__CODE_FAILED_PRECONDITION
                                           : ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
                              err.field, "%s", err.text);
    Ansinh__V1__Pockets *pockets = make_pockets(state->request->arena, &ending.refund);
    state->totals[TOTAL_REFUNDS_VND] = ending.refund.participant_vnd;
    state->event = make_event(self, state->svc, &state->next, &ending, pockets);
    state->answer = make_answer(self, &state->next, &ending, pockets);
    if (state->event == NULL || state->answer == NULL)
        return command_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    if (!self->in->dry_run)
        return COMMAND_COMMIT;
    if (!state->may_answer)
        return COMMAND_READ;
    bus_reply(state->request, state->answer);
    return COMMAND_ANSWERED;
}

static const struct command_spec end_command = {.name = "end", .decide = decide};

void on_end_participation(void *arg, struct bus_request *request)
{
    struct enrolment *service = arg;
    struct ending_call *self = arena_zalloc(request->arena, sizeof(*self));
    struct err err = {0};
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->request = request;
    self->in = (const Ansinh__V1__EndParticipationRequest *)request->input;
    self->end.reason = (int)self->in->reason;
    if (participant_parse(self->in->participant_id, self->citizen, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        command_run(service->svc, request, &end_command, self->citizen, self);
}
