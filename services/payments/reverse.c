/* Reverse: takes the participant's newest payment back, until the cut-off of its business date. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/domain/calendar.h"
#include "common/service/directory.h"
#include "services/payments/payments.h"
#include "services/payments/reversal.h"

/* Lives in the request's arena. */
struct reversing {
    struct service *svc;
    struct bus_request *request;
    const Ansinh__V1__ReverseRequest *in;
    unsigned partition;
    struct reversal reversal;
    int is_refreshed; /* the directory was asked anew: an unknown code is now really unknown */
};

/* Without the reversal's id, which is the journal position: complete() adds it. */
static ProtobufCMessage *make_answer(const struct command_state *state,
                                     const struct reversing *self)
{
    struct arena *arena = state->request->arena;
    const Ansinh__V1__PaymentRecorded *paid = self->reversal.event->payment_recorded;
    Ansinh__V1__ReverseResponse *out = arena_alloc(arena, sizeof(*out));
    char *bill_id = arena_alloc(arena, BILL_ID_TEXT_BYTES);
    char *date = arena_alloc(arena, DATE_TEXT_BYTES);
    char *until = arena_zalloc(arena, MONTH_TEXT_BYTES);
    if (out == NULL || bill_id == NULL || date == NULL || until == NULL)
        return NULL;
    ansinh__v1__reverse_response__init(out);
    bill_id_format(state->citizen, paid->bill_number, bill_id);
    date_format(state->today, date);
    if (state->next.coverage.n > 0)
        month_format((int32_t)coverage_until(&state->next.coverage), until);
    out->payment_id = self->in->payment_id;
    out->bill_id = bill_id;
    out->amount_vnd = paid->pockets == NULL ? 0 : paid->pockets->participant_vnd;
    out->pockets = paid->pockets;
    out->reversed_on = date;
    out->covered_until = until;
    return &out->base;
}

static void complete(struct command_state *state, ProtobufCMessage *answer,
                     struct journal_position position)
{
    char *id = arena_alloc(state->request->arena, POSITION_TEXT_BYTES);
    if (id == NULL)
        return;
    position_format(state->partition, position, id);
    ((Ansinh__V1__ReverseResponse *)answer)->reversal_id = id;
}

static void name_records(struct command_state *state)
{
    const struct reversing *self = state->arg;
    reversal_name_record(state, &self->reversal);
}

static enum command_verdict decide(struct command_state *state)
{
    const struct reversing *self = state->arg;
    const Ansinh__V1__PaymentRecorded *paid = self->reversal.event->payment_recorded;
    char date[DATE_TEXT_BYTES];
    enum command_verdict verdict = reversal_decide(state, &self->reversal);
    if (verdict != COMMAND_COMMIT)
        return verdict;
    if (state->now_ms >= reversal_deadline_ms(state->svc, paid)) {
        date_format(paid->paid_day, date);
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "payment_id",
                              "the cut-off of its business date, %s, has passed", date);
    }
    state->answer = make_answer(state, self);
    if (state->answer == NULL)
        return command_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    return COMMAND_COMMIT;
}

static const struct command_spec reverse_command = {
    .name = "reverse", .name_records = name_records, .decide = decide, .complete = complete};

/* --- before the command ----------------------------------------------------------------------- */

static void reverse_start(struct reversing *self);

static void on_refreshed(void *arg, int rc)
{
    struct reversing *self = arg;
    self->is_refreshed = 1;
    if (rc < 0)
        ledger_away(self->request);
    else
        reverse_start(self);
}

/* The collector or the partner may have been imported a moment ago. */
static int is_known(const struct reversing *self)
{
    const struct directory *directory = self->svc->directory;
    const char *partner = self->reversal.event->payment_recorded->partner;
    return (self->in->collector_code[0] == '\0' ||
            directory_collector(directory, self->in->collector_code) != NULL) &&
           (partner[0] == '\0' || directory_partner(directory, partner) != NULL);
}

static void reverse_start(struct reversing *self)
{
    if (!is_known(self) && !self->is_refreshed)
        directory_refresh(self->svc->directory, on_refreshed, self);
    else if (self->in->collector_code[0] != '\0' &&
             directory_collector(self->svc->directory, self->in->collector_code) == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "collector_code",
                 "unknown code");
    else
        command_run(self->svc, self->request, &reverse_command, self->reversal.event->citizen.data,
                    self);
}

static void on_payment(void *arg, const Ansinh__V1__Event *event)
{
    struct reversing *self = arg;
    self->reversal.event = event;
    if (partition_of(event->citizen.data) != self->partition)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "payment_id", "no such payment");
    else
        reverse_start(self);
}

/* What can be told from the request alone. */
static int check(struct reversing *self, struct err *err)
{
    const Ansinh__V1__ReverseRequest *in = self->in;
    if (position_parse(in->payment_id, &self->partition, &self->reversal.position) < 0)
        return err_field(err, -EINVAL, "payment_id", "want the payment id that Pay answered");
    if (in->reason <= ANSINH__V1__REVERSAL_REASON__REVERSAL_REASON_UNSPECIFIED ||
        in->reason > ANSINH__V1__REVERSAL_REASON__REVERSAL_REASON_TECHNICAL)
        return err_field(err, -EINVAL, "reason",
                         "want one of REVERSAL_REASON_WRONG_PERSON to REVERSAL_REASON_TECHNICAL");
    return officer_code_check(in->officer_code, "officer_code", err);
}

void on_reverse(void *arg, struct bus_request *request)
{
    struct reversing *self = arena_zalloc(request->arena, sizeof(*self));
    struct err err = {0};
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->svc = arg;
    self->request = request;
    self->in = (const Ansinh__V1__ReverseRequest *)request->input;
    self->reversal.reason = self->in->reason;
    self->reversal.collector_code = self->in->collector_code;
    self->reversal.officer_code = self->in->officer_code;
    if (check(self, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        payment_entry_find(self->svc, request, self->partition, self->reversal.position, on_payment,
                           self);
}
