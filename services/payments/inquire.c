/* Inquire: the participant's open bill, or the next one, committed so that Pay finds exactly what
 * was shown. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/domain/calendar.h"
#include "common/domain/identity.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/policy.h"
#include "services/payments/payments.h"
#include "services/payments/payments_rules.h"

/* Lives in the request's arena. */
struct inquiry {
    struct service *svc;
    struct bus_request *request;
    uint8_t citizen[ID_BYTES];
    int is_refreshed; /* the directory was asked anew: an unknown commune is now really unknown */
};

static enum command_verdict decide(struct command_state *state);
static const struct command_spec inquire_command = {.name = "inquire", .decide = decide};

/* "" for 0: missing months are none of the calendar. */
static char *month_text(struct arena *arena, uint32_t month)
{
    char *text = arena_zalloc(arena, MONTH_TEXT_BYTES);
    if (text != NULL && month != 0)
        month_format((int32_t)month, text);
    return text;
}

static ProtobufCMessage *make_answer(struct command_state *state, const struct citizen *citizen)
{
    struct arena *arena = state->request->arena;
    const struct citizen_bill *bill = &citizen->bill;
    Ansinh__V1__InquireResponse *out = arena_alloc(arena, sizeof(*out));
    Ansinh__V1__Pockets *pockets = arena_alloc(arena, sizeof(*pockets));
    char *id = arena_alloc(arena, BILL_ID_TEXT_BYTES);
    char *until = arena_alloc(arena, DATE_TEXT_BYTES);
    if (out == NULL || pockets == NULL || id == NULL || until == NULL)
        return NULL;
    ansinh__v1__inquire_response__init(out);
    ansinh__v1__pockets__init(pockets);
    bill_id_format(state->citizen, citizen->bill_number, id);
    date_format(bill->valid_until_day, until);
    pockets->participant_vnd = bill->participant_vnd;
    pockets->central_vnd = bill->central_vnd;
    pockets->local_vnd = bill->local_vnd;
    pockets->donor_vnd = bill->donor_vnd;
    out->bill_id = id;
    out->bill_version = citizen->version;
    out->from_month = month_text(arena, bill->from_month);
    out->to_month =
        month_text(arena, bill->from_month == 0 ? 0 : bill->from_month + bill->months - 1);
    out->method = (Ansinh__V1__Method)citizen->method;
    out->months = bill->months;
    out->months_supported = bill->months_supported;
    out->pockets = pockets;
    out->gross_vnd = bill->participant_vnd + bill->central_vnd + bill->local_vnd + bill->donor_vnd;
    out->due_vnd = bill->participant_vnd;
    out->valid_until = until;
    return out->from_month == NULL || out->to_month == NULL ? NULL : &out->base;
}

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
    event->kind_case = ANSINH__V1__EVENT__KIND_BILL_ISSUED;
    event->bill_issued = issued;
    return event;
}

static enum command_verdict refuse_no_memory(struct command_state *state)
{
    return command_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

static enum command_verdict show(struct command_state *state)
{
    if (!state->may_answer)
        return COMMAND_READ;
    const ProtobufCMessage *answer = make_answer(state, &state->before);
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
        command_run(self->svc, self->request, &inquire_command, self->citizen, self);
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

static enum command_verdict decide(struct command_state *state)
{
    const Ansinh__V1__InquireRequest *in =
        (const Ansinh__V1__InquireRequest *)state->request->input;
    struct err err = {0};
    int32_t on_day;
    if (!state->has_citizen)
        return command_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "", "no such participant");
    int rc = business_date_parse(in->on, "on", state->today, &on_day, &err);
    if (rc == 0 && bill_is_current(state->svc->policy, &state->before, on_day))
        return show(state);
    const struct directory_unit *commune =
        directory_commune(state->svc->directory, state->before.commune);
    /* a bill without the supports of a commune that is not known here yet would be too high */
    if (rc == 0 && commune == NULL)
        return await_commune(state);
    if (rc == 0) {
        struct bill_place place = {.is_special_zone = commune->is_special_zone,
                                   .province = directory_province(commune)};
        rc = bill_make(state->svc->policy, &state->before, &place, on_day, &state->next.bill, &err);
    }
    if (rc < 0)
        return command_refuse(state,
                              rc == -EPERM ? ANSINH__V1__CODE__CODE_FAILED_PRECONDITION
                                           : ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
                              err.field, "%s", err.text);
    state->next.bill_number = state->before.bill_number + 1;
    state->next.version = state->before.version + 1;
    state->totals[TOTAL_BILLS] = 1;
    state->event = make_event(state->request->arena, &state->next, on_day);
    state->answer = make_answer(state, &state->next);
    if (state->event == NULL || state->answer == NULL)
        return refuse_no_memory(state);
    return COMMAND_COMMIT;
}

/* The citizen that the request names; -EINVAL with err. */
static int citizen_of(struct service *svc, const Ansinh__V1__InquireRequest *in,
                      uint8_t ret[ID_BYTES], struct err *err)
{
    switch (in->key_case) {
    case ANSINH__V1__INQUIRE_REQUEST__KEY_PARTICIPANT_ID:
        if (base32_parse(in->participant_id, ret) < 0)
            return err_field(err, -EINVAL, "participant_id",
                             "want the 26 characters that Enrol answered");
        return 0;
    case ANSINH__V1__INQUIRE_REQUEST__KEY_PERSONAL_ID:
        if (personal_id_check_form(in->personal_id, err) < 0)
            return -EINVAL;
        keyring_hash(svc->keyring, 'c', in->personal_id, ret);
        return 0;
    case ANSINH__V1__INQUIRE_REQUEST__KEY__NOT_SET:
    case _ANSINH__V1__INQUIRE_REQUEST__KEY__CASE_IS_INT_SIZE:
        break;
    }
    return err_field(err, -EINVAL, "participant_id", "want one of participant_id, personal_id");
}

void on_inquire(void *arg, struct bus_request *request)
{
    struct err err = {0};
    struct inquiry *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->svc = arg;
    self->request = request;
    if (citizen_of(self->svc, (const Ansinh__V1__InquireRequest *)request->input, self->citizen,
                   &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        command_run(self->svc, request, &inquire_command, self->citizen, self);
}
