/* Pay: first the partner's transaction id is claimed for the request, then the payment is committed
 * with the transaction's outcome. What is refused before the claim leaves no trace. */
#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/mutant.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "services/payments/coll_rules.h"
#include "services/payments/collections.h"
#include "services/payments/payment_entry.h"
#include "services/payments/custody_guard.h"
#include "services/payments/payment_make.h"

#define PAID_AT_WANTED "want the moment of the payment in ms since 1970, not in the future"

/* Lives in the request's arena. */
struct collecting {
    struct service *svc;
    struct bus_request *request;
    const Ansinh__V1__CollectionsPayRequest *in;
    struct transaction transaction;
    uint64_t fingerprint;
    uint8_t citizen[ID_BYTES];
    struct payment_terms terms;
    struct journal_position position; /* of the payment, once it is known */
    struct err refusal;               /* of a request whose id nobody had claimed */
    Ansinh__V1__Code refusal_code;
    int is_refreshed; /* the directory was asked anew: an unknown code is now really unknown */
};

static void fail(struct collecting *self, Ansinh__V1__Code code, const struct err *err)
{
    bus_fail(self->request, code, err->field, "%s", err->text);
}

/* --- the answer ------------------------------------------------------------------------------- */

static void on_entry(void *arg, const Ansinh__V1__Event *event)
{
    struct collecting *self = arg;
    Ansinh__V1__CollectionsPayResponse out;
    ansinh__v1__collections_pay_response__init(&out);
    out.payment = collected_payment(self->svc, self->request->arena, partition_of(self->citizen),
                                    self->position, event);
    if (out.payment == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_UNKNOWN, "",
                 "the answer needs too much memory; ask GetPayment");
    else
        bus_reply(self->request, &out.base);
}

static void finish(struct command_state *state, struct journal_position position,
                   const Ansinh__V1__Event *event)
{
    struct collecting *self = state->arg;
    self->position = position;
    if (event != NULL)
        on_entry(self, event);
    else
        payment_entry_find(self->svc, self->request, state->partition, position, on_entry, self);
}

static enum command_verdict answer_outcome(struct collecting *self,
                                           const struct command_record *record)
{
    struct outcome outcome;
    if (outcome_unpack(record->before, record->before_len, &outcome) < 0) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_DATA_LOSS, "partner_transaction_id",
                 "what became of this transaction cannot be read");
        return COMMAND_ANSWERED;
    }
    self->position = outcome.position;
    if (outcome.state == OUTCOME_IS_PAID)
        payment_entry_find(self->svc, self->request, partition_of(self->citizen), outcome.position,
                           on_entry, self);
    else
        bus_fail(
            self->request, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "partner_transaction_id",
            "%s",
            outcome.state == OUTCOME_IS_CANCELLED
                ? "this payment was cancelled by a reversal that came before it"
                : "this payment was refused: its bill was paid, replaced or changed in between");
    return COMMAND_ANSWERED;
}

/* --- the payment ------------------------------------------------------------------------------ */

static void run(void *arg);

static void name_records(struct command_state *state)
{
    const struct collecting *self = state->arg;
    struct command_record *record = &state->records[state->n_records++];
    coll_request(self->transaction.hash, COLL_PAY, &state->id);
    state->fingerprint = self->fingerprint;
    record->key_len =
        key_outcome(state->partition, partition_bucket(self->transaction.hash), record->key);
    memcpy(record->field, partition_field(self->transaction.hash), CITIZEN_FIELD_BYTES);
    record->field_len = CITIZEN_FIELD_BYTES;
    record->stamp_at = COLL_STAMP_AT;
}

/* What was claimed cannot be paid any more, and never will be: that is an outcome, too. It, or the
 * one that came before it, is what is answered. */
static enum command_verdict refuse_for_ever(struct command_state *state)
{
    static const struct transaction_note note = {.other_id = ""};
    struct collecting *self = state->arg;
    if (!state->may_answer)
        return COMMAND_READ;
    transaction_close(self->svc, self->request, &self->transaction, self->citizen,
                      OUTCOME_IS_REFUSED, &note, run, self);
    return COMMAND_ANSWERED;
}

static void note_partner(const struct collecting *self, Ansinh__V1__PaymentRecorded *paid)
{
    paid->partner = (char *)(uintptr_t)self->transaction.partner;
    paid->transaction_id = (char *)(uintptr_t)self->transaction.id;
    paid->transaction =
        (ProtobufCBinaryData){ID_BYTES, (uint8_t *)(uintptr_t)self->transaction.hash};
    paid->paid_at_ms = self->in->paid_at_ms;
    paid->receipt_number = self->in->receipt_number;
    paid->source_file = self->request->source_file;
}

static enum command_verdict decide(struct command_state *state)
{
    struct collecting *self = state->arg;
    struct command_record *record = &state->records[0];
    struct err err = {0};
    uint8_t *packed = arena_alloc(state->request->arena, OUTCOME_BYTES);
    if (record->before != NULL)
        return answer_outcome(self, record);
    if (!state->has_citizen)
        return command_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "bill_id", "no such bill");
    int rc = packed == NULL ? -ENOMEM : payment_make(state, &self->terms, &err);
    if (rc == -ENOMEM)
        return command_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    if (rc < 0)
        return refuse_for_ever(state);
    note_partner(self, state->event->payment_recorded);
    outcome_pack(OUTCOME_IS_PAID, packed);
    record->next = packed;
    record->next_len = OUTCOME_BYTES;
    return COMMAND_COMMIT;
}

static const struct command_spec pay_command = {.name = "collect",
                                                .name_records = name_records,
                                                .are_records_new = 1,
                                                .settle_with = "ask GetPayment",
                                                .decide = decide,
                                                .finish = finish};

static void run(void *arg)
{
    struct collecting *self = arg;
    command_run(self->svc, self->request, &pay_command, self->citizen, self);
}

/* --- the claim -------------------------------------------------------------------------------- */

static void on_claim(void *arg, const struct claim *claim);
static void check_counter(struct collecting *self);
static void on_refreshed(void *arg, int rc);

/* Another request under the same id. */
static int is_ours(const struct collecting *self, const struct claim *claim)
{
    return claim->kind == CLAIM_PAY && claim->fingerprint == self->fingerprint &&
           memcmp(claim->citizen, self->citizen, ID_BYTES) == 0;
}

/* The same request may have been done elsewhere since the id was looked up: then it is told that,
 * and not what the payment has left behind. */
static void on_claim_again(void *arg, const struct claim *claim)
{
    struct collecting *self = arg;
    if (claim != NULL)
        on_claim(self, claim);
    else
        fail(self, self->refusal_code, &self->refusal);
}

static void refuse(struct collecting *self, Ansinh__V1__Code code, const struct err *err)
{
    self->refusal_code = code;
    self->refusal = *err;
    transaction_find(self->svc, self->request, &self->transaction, on_claim_again, self);
}

/* Why the participant's bill cannot be paid; 0 when it can. */
static Ansinh__V1__Code judge(const struct collecting *self, const struct citizen *citizen,
                              struct err *err)
{
    if (citizen == NULL) {
        (void)err_field(err, -ENOENT, "bill_id", "no such bill");
        return ANSINH__V1__CODE__CODE_NOT_FOUND;
    }
    if (coll_check_product(self->svc->directory, self->transaction.partner, citizen->is_health,
                           err) < 0)
        return ANSINH__V1__CODE__CODE_PERMISSION_DENIED;
    if (!coll_is_in_scope(self->svc->directory, self->transaction.partner, citizen->commune)) {
        (void)err_field(err, -EACCES, "bill_id",
                        "the participant lives where this organisation does not collect");
        return ANSINH__V1__CODE__CODE_PERMISSION_DENIED;
    }
    int rc = payment_judge(self->svc->policy, citizen, &self->terms, err);
    /* Before the claim: a refusal leaves no trace. What an end-of-day file tells was taken already.
     */
    if (rc == 0 && self->request->source_file.len == 0)
        rc = custody_guard_check(self->svc->context, self->terms.channel,
                                 self->terms.collector_code, self->terms.point_code, err);
    return rc < 0 ? payment_code(rc) : ANSINH__V1__CODE__CODE_UNSPECIFIED;
}

static void on_citizen(void *arg, int rc, const struct citizen *citizen)
{
    static const struct transaction_note note = {.other_id = ""};
    struct collecting *self = arg;
    struct err err = {0};
    if (rc < 0) {
        ledger_away(self->request);
        return;
    }
    Ansinh__V1__Code code = judge(self, citizen, &err);
    if (code == ANSINH__V1__CODE__CODE_PERMISSION_DENIED && !self->is_refreshed) {
        directory_refresh(self->svc->directory, on_refreshed, self);
        return;
    }
    if (code != ANSINH__V1__CODE__CODE_UNSPECIFIED) {
        refuse(self, code, &err);
        return;
    }
    struct claim wanted = {.kind = CLAIM_PAY,
                           .bill_number = self->terms.bill_number,
                           .fingerprint = self->fingerprint};
    memcpy(wanted.citizen, self->citizen, ID_BYTES);
    command_remember(self->svc, self->citizen, citizen);
    transaction_claim(self->svc, self->request, &self->transaction, &wanted, &note, on_claim, self);
}

/* --- what the clock and the directory say ------------------------------------------------------
 */

/* Asked of a request that is not claimed: what was done once stays done by any clock. */
static int check_clock(const Ansinh__V1__CollectionsPayRequest *in, struct err *err)
{
    return in->paid_at_ms <= clock_wall_ms() + COLL_AHEAD_MS
               ? 0
               : err_field(err, -EINVAL, "paid_at_ms", PAID_AT_WANTED);
}

static void on_refreshed(void *arg, int rc)
{
    struct collecting *self = arg;
    self->is_refreshed = 1;
    if (rc < 0)
        ledger_away(self->request);
    else
        check_counter(self);
}

static void check_counter(struct collecting *self)
{
    const Ansinh__V1__CollectionsPayRequest *in = self->in;
    const struct directory *directory = self->svc->directory;
    struct err err = {0};
    int rc = check_clock(in, &err);
    if (rc == 0)
        rc = coll_check_partner(directory, self->transaction.partner, &err);
    if (rc == 0)
        rc = coll_check_counter(directory, self->transaction.partner, in->point_code,
                                in->collector_code, &err);
    if (rc == 0)
        rc = coll_check_day(directory, self->transaction.partner, in->paid_at_ms,
                            self->terms.paid_day, &err);
    if (rc == 0)
        citizen_read(self->svc, self->request->arena, self->citizen, on_citizen, self);
    else if (!self->is_refreshed)
        directory_refresh(self->svc->directory, on_refreshed, self);
    else
        fail(self,
             rc == -EACCES ? ANSINH__V1__CODE__CODE_PERMISSION_DENIED
                           : ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
             &err);
}

static void on_claim(void *arg, const struct claim *claim)
{
    struct collecting *self = arg;
    if (claim == NULL)
        check_counter(self);
    else if (claim->kind == CLAIM_CANCEL && MUTANT(NO_TOMBSTONE))
        run(self);
    else if (claim->kind == CLAIM_CANCEL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION,
                 "partner_transaction_id",
                 "this payment was cancelled by a reversal that came before it");
    else if (!is_ours(self, claim))
        bus_fail(self->request, ANSINH__V1__CODE__CODE_ALREADY_EXISTS, "partner_transaction_id",
                 "this id was used for another request; nothing changed");
    else
        run(self);
}

/* --- the request ------------------------------------------------------------------------------ */

static int check_channel(const Ansinh__V1__CollectionsPayRequest *in, struct err *err)
{
    if (in->channel != ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_CASH &&
        in->channel != ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER)
        return err_field(err, -EINVAL, "channel",
                         "want PAYMENT_CHANNEL_CASH or PAYMENT_CHANNEL_TRANSFER");
    if (in->channel == ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_CASH &&
        in->point_code[0] == '\0')
        return err_field(err, -EINVAL, "point_code", "cash is taken at a point");
    if (in->channel == ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_CASH &&
        in->collector_code[0] == '\0')
        return err_field(err, -EINVAL, "collector_code", "cash is taken by a collector");
    return 0;
}

/* What can be told from the request alone. */
static int check(struct collecting *self, struct err *err)
{
    const Ansinh__V1__CollectionsPayRequest *in = self->in;
    int rc = transaction_of(self->svc, self->request->partner, in->partner_transaction_id,
                            "partner_transaction_id", &self->transaction, err);
    if (rc == 0)
        rc = bill_id_parse(in->bill_id, self->citizen, &self->terms.bill_number, err);
    if (rc == 0)
        rc = check_channel(in, err);
    if (rc < 0)
        return rc;
    if (in->amount_vnd < 0 || in->amount_vnd > AMOUNT_MAX_VND)
        return err_field(err, -EINVAL, "amount_vnd", "want 0 to 2^53 dong");
    if (in->paid_at_ms < PAID_AT_MIN_MS || in->paid_at_ms > PAID_AT_MAX_MS)
        return err_field(err, -EINVAL, "paid_at_ms", PAID_AT_WANTED);
    if (in->receipt_number > COLL_RECEIPT_NUMBER_MAX)
        return err_field(err, -EINVAL, "receipt_number", "want at most %llu",
                         (unsigned long long)COLL_RECEIPT_NUMBER_MAX);
    if (date_parse(in->business_date, &self->terms.paid_day) < 0)
        return err_field(err, -EINVAL, "business_date", "want YYYY-MM-DD");
    self->terms.bill_version = in->bill_version;
    self->terms.amount_vnd = in->amount_vnd;
    self->terms.made_day = clock_business_day(in->paid_at_ms);
    self->terms.day_field = "paid_at_ms";
    self->terms.channel = in->channel;
    self->terms.point_code = in->point_code;
    self->terms.collector_code = in->collector_code;
    self->terms.organisation = self->transaction.partner;
    return 0;
}

void on_coll_pay(void *arg, struct bus_request *request)
{
    struct err err = {0};
    if (!collections_admit(request))
        return;
    struct collecting *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->svc = arg;
    self->request = request;
    self->in = (const Ansinh__V1__CollectionsPayRequest *)request->input;
    self->fingerprint = transaction_fingerprint(request->arena, request->input);
    if (self->fingerprint == 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else if (check(self, &err) < 0)
        fail(self, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, &err);
    else
        transaction_find(self->svc, request, &self->transaction, on_claim, self);
}
