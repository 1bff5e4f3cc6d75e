/* Pay: settles the open bill, exactly once, with the exact amount. */
#include <errno.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/receipt.h"
#include "services/payments/custody_guard.h"
#include "services/payments/payment_make.h"
#include "services/payments/payments.h"
#include "services/payments/payments_rules.h"
#include "services/payments/product.h"

/* Lives in the request's arena. */
struct pay {
    struct service *svc;
    struct bus_request *request;
    const Ansinh__V1__PayRequest *in;
    uint8_t citizen[ID_BYTES];
    uint32_t bill_number;
    int is_refreshed; /* the directory was asked anew: an unknown code is now really unknown */
};

/* Without the payment's id, which is the journal position: complete() adds it. */
static ProtobufCMessage *make_answer(const struct pay *self, const struct citizen *next,
                                     int32_t paid_day)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__PayResponse *out = arena_alloc(arena, sizeof(*out));
    char *date = arena_alloc(arena, DATE_TEXT_BYTES);
    char *until = arena_zalloc(arena, MONTH_TEXT_BYTES);
    if (out == NULL || date == NULL || until == NULL)
        return NULL;
    ansinh__v1__pay_response__init(out);
    date_format(paid_day, date);
    if (next->coverage.n > 0)
        month_format((int32_t)coverage_until(&next->coverage), until);
    out->bill_id = self->in->bill_id;
    out->amount_vnd = self->in->amount_vnd;
    out->paid_on = date;
    out->covered_until = until;
    out->card_from = card_day_text(arena, next->card.from_day);
    out->card_to = card_day_text(arena, next->card.to_day);
    return out->card_from == NULL || out->card_to == NULL ? NULL : &out->base;
}

static void complete(struct command_state *state, ProtobufCMessage *answer,
                     struct journal_position position)
{
    char *id = arena_alloc(state->request->arena, POSITION_TEXT_BYTES);
    char *code = arena_alloc(state->request->arena, RECEIPT_CODE_BYTES);
    if (id == NULL || code == NULL)
        return;
    position_format(state->partition, position, id);
    receipt_code_format(state->svc->keyring, state->partition, position, code);
    ((Ansinh__V1__PayResponse *)answer)->payment_id = id;
    ((Ansinh__V1__PayResponse *)answer)->verification_code = code;
}

static enum command_verdict decide(struct command_state *state)
{
    const struct pay *self = state->arg;
    const Ansinh__V1__PayRequest *in = self->in;
    struct err err = {0};
    int32_t paid_day;
    if (!state->has_citizen)
        return command_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "bill_id", "no such bill");
    if (business_date_parse(in->paid_on, "paid_on", state->today, &paid_day, &err) < 0)
        return command_refuse(state, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s",
                              err.text);
    const struct payment_terms terms = {.bill_number = self->bill_number,
                                        .bill_version = in->bill_version,
                                        .amount_vnd = in->amount_vnd,
                                        .made_day = paid_day,
                                        .paid_day = paid_day,
                                        .day_field = "paid_on",
                                        .channel = in->channel,
                                        .point_code = in->point_code,
                                        .collector_code = in->collector_code,
                                        .organisation = ""};
    int rc = payment_make(state, &terms, &err);
    if (rc == 0)
        rc = custody_guard_check(state->svc->context, in->channel, in->collector_code,
                                 in->point_code, &err);
    if (rc < 0)
        return command_refuse(state, payment_code(rc), err.field, "%s", err.text);
    state->answer = make_answer(self, &state->next, paid_day);
    if (state->answer == NULL)
        return command_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    return COMMAND_COMMIT;
}

static const struct command_spec pay_command = {
    .name = "pay", .decide = decide, .complete = complete};

/* "" when the codes are known, else the field of the one that is not. */
static const char *unknown_code(const struct pay *self)
{
    const struct directory *directory = self->svc->directory;
    if (self->in->point_code[0] != '\0' && directory_point(directory, self->in->point_code) == NULL)
        return "point_code";
    if (self->in->collector_code[0] != '\0' &&
        directory_collector(directory, self->in->collector_code) == NULL)
        return "collector_code";
    return "";
}

static void pay_start(void *arg);

static void on_refreshed(void *arg, int rc)
{
    struct pay *self = arg;
    if (rc < 0) {
        ledger_away(self->request);
        return;
    }
    self->is_refreshed = 1;
    pay_start(self);
}

static void pay_start(void *arg)
{
    struct pay *self = arg;
    const char *field = unknown_code(self);
    if (field[0] == '\0')
        command_run(self->svc, self->request, &pay_command, self->citizen, self);
    else if (!self->is_refreshed)
        directory_refresh(self->svc->directory, on_refreshed, self);
    else
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, field, "unknown code");
}

/* What can be told from the request alone. */
static int check(struct pay *self, struct err *err)
{
    const Ansinh__V1__PayRequest *in = self->in;
    int rc = bill_id_parse(in->bill_id, self->citizen, &self->bill_number, err);
    if (rc < 0)
        return rc;
    if (in->amount_vnd < 0 || in->amount_vnd > AMOUNT_MAX_VND)
        return err_field(err, -EINVAL, "amount_vnd", "want 0 to 2^53 dong");
    if (in->channel < ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_UNSPECIFIED ||
        in->channel > ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER)
        return err_field(err, -EINVAL, "channel",
                         "want PAYMENT_CHANNEL_CASH or PAYMENT_CHANNEL_TRANSFER");
    return 0;
}

void on_pay(void *arg, struct bus_request *request)
{
    struct pay *self = arena_zalloc(request->arena, sizeof(*self));
    struct err err = {0};
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->svc = arg;
    self->request = request;
    self->in = (const Ansinh__V1__PayRequest *)request->input;
    if (check(self, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        pay_start(self);
}
