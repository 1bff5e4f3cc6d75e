#include "tests/chaos/walker.h"

#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/collections.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"

#define HOT_CITIZENS 6       /* everybody works on these, */
#define HOT_MS 1500          /* which change after this long */
#define HOT_PERCENT 15       /* of the choices */
#define STAY_MAX 12          /* requests for one citizen before another one's turn comes */
#define REPEATS_MAX 30       /* of an unknown command, right away */
#define SETTLE_TRIES_MAX 400 /* at the end: for ever, nearly */
#define DELAY_MS 40          /* after an outage was noticed */
#define QUOTES 12
#define ENDING_EVERY 8 /* citizens: some change of theirs is the end */
#define PROGRESS_UNITS 4

enum phase { WALKING, REPEATING, SETTLING, READING, ENDED };

struct walker {
    struct client *client;
    struct lane *lane;
    enum phase phase;
    uint64_t chance;
    uint32_t citizen;
    unsigned n_stay, n_repeats;
    struct step step;
    unsigned long operation;
    struct loop_timer *timer;
};

static void walk(void *arg);
static void on_carried(void *arg, const struct carried *carried);

/* --- choosing --------------------------------------------------------------------------------- */

static void choose_citizen(struct walker *self)
{
    const struct client *client = self->client;
    if (self->n_stay > 0) {
        self->n_stay--;
        return;
    }
    self->n_stay = 1 + chance_of(&self->chance, STAY_MAX);
    uint32_t hot = (uint32_t)((clock_mono_ms() - client->begin_ms) / HOT_MS) * HOT_CITIZENS;
    if (chance_of(&self->chance, 100) < HOT_PERCENT)
        self->citizen = (hot + chance_of(&self->chance, HOT_CITIZENS)) % client->n_citizens;
    else
        self->citizen = chance_of(&self->chance, client->n_citizens);
    if (client->known[self->citizen].month > client->this_month && !is_todays(self->citizen))
        self->n_stay = 0; /* everything is paid */
}

/* For whoever of the client's walkers is next: together with what this one sends. */
static void hold(struct client *client, const struct step *step)
{
    if (client->n_held == HELD_MAX)
        return;
    struct step *held = &client->held[client->n_held++];
    held->body = NULL;
    step_copy(held, step);
}

static int take_held(struct walker *self)
{
    struct client *client = self->client;
    if (client->n_held == 0 || chance_of(&self->chance, 4) == 0)
        return 0;
    step_free(&self->step);
    self->step = client->held[--client->n_held];
    return 1;
}

static void remember_transaction(struct client *client, const struct request_id *id)
{
    client->transactions[client->transaction_i] = *id;
    client->transaction_i = (client->transaction_i + 1) % RECENT_MAX;
    client->n_transactions = MIN(client->n_transactions + 1, (size_t)RECENT_MAX);
}

/* A partner's payment; one in six is taken back at the same moment, one in six a moment before. */
static void choose_collection(struct walker *self, const struct known *known)
{
    struct client *client = self->client;
    struct step other = {0};
    step_collect(&self->step, self->citizen, &known->bill, &self->chance);
    remember_transaction(client, &self->step.id);
    uint32_t draw = chance_of(&self->chance, 6);
    if (draw > 1)
        return;
    step_take_back(&other, self->citizen, &self->step.id, &self->chance);
    if (draw == 0) {
        hold(client, &other);
    } else {
        hold(client, &self->step);
        step_copy(&self->step, &other);
    }
    step_free(&other);
}

static void choose_payment(struct walker *self, const struct known *known)
{
    if (self->client->is_partner && chance_of(&self->chance, 3) > 0)
        choose_collection(self, known);
    else
        step_pay(&self->step, self->citizen, &known->bill, &self->chance);
}

static void choose_reversal(struct walker *self, const struct known *known)
{
    if (known->by_partner)
        step_take_back(&self->step, self->citizen, &known->transaction, &self->chance);
    else
        step_reverse(&self->step, self->citizen, known->payment, &self->chance);
}

/* A session is recorded before anybody is on its list, and now and then corrected. */
static void choose_session(struct walker *self)
{
    const struct client *client = self->client;
    uint32_t number = chance_of(&self->chance, OWN_SESSIONS);
    if (client->is_held[number] && chance_of(&self->chance, 4) > 0)
        step_contacts(&self->step, client->seed, number, client->n_citizens, &self->chance);
    else
        step_session(&self->step, client->seed, number, &self->chance);
}

/* What else becomes of a participation; 0 when it does not come to it. */
static int choose_terms(struct walker *self)
{
    const struct known *known = &self->client->known[self->citizen];
    if (!known->is_enrolled || known->has_ended)
        return 0;
    if (chance_of(&self->chance, 2) == 0)
        step_decide(&self->step, self->citizen, &self->chance);
    else if (known->participant[0] == '\0')
        return 0;
    else if (self->citizen % ENDING_EVERY == 0 && chance_of(&self->chance, 2) == 0)
        step_end(&self->step, self->citizen, known->participant, known->month);
    else
        step_change(&self->step, self->citizen, known->participant, known->month, &self->chance);
    return 1;
}

/* Something beside the way of the citizen; 0 when it does not come to it. */
static int choose_aside(struct walker *self)
{
    struct client *client = self->client;
    struct step *step = &self->step;
    size_t i = client->n_recent == 0 ? 0 : chance_of(&self->chance, (uint32_t)client->n_recent);
    switch (chance_of(&self->chance, 36)) {
    case 0:
        step_quote(step, chance_of(&self->chance, QUOTES));
        return 1;
    case 1:
        step_progress(step, chance_of(&self->chance, PROGRESS_UNITS));
        return 1;
    case 2:
    case 3:
        step_participant(step, self->citizen);
        return 1;
    case 4:
        if (client->n_payments == 0)
            return 0;
        step_payment(step,
                     client->payments[chance_of(&self->chance, (uint32_t)client->n_payments)]);
        return 1;
    case 5:
    case 6:
        if (client->n_recent == 0)
            return 0;
        step_copy(step, &client->recent[i]);
        return 1;
    case 7:
        return client->n_recent > 0 && chance_of(&self->chance, 2) == 0 &&
               step_abuse(step, &client->recent[i]);
    case 8:
        if (client->n_transactions == 0)
            return 0;
        step_collected(
            step,
            &client->transactions[chance_of(&self->chance, (uint32_t)client->n_transactions)]);
        return 1;
    case 9:
        choose_session(self);
        return 1;
    case 10:
    case 11:
    case 12:
        return choose_terms(self);
    default:
        return 0;
    }
}

static void choose(struct walker *self)
{
    choose_citizen(self);
    const struct known *known = &self->client->known[self->citizen];
    if (take_held(self) || choose_aside(self))
        return;
    if (known->is_lost || known->has_ended)
        step_participant(&self->step, self->citizen);
    else if (!known->is_enrolled)
        step_enrol(&self->step, self->citizen, &self->chance);
    else if (known->has_bill)
        choose_payment(self, known);
    else if (known->has_paid && is_todays(self->citizen))
        choose_reversal(self, known);
    else
        step_inquire(
            &self->step, self->citizen,
            billing_day(self->citizen, known->month + (chance_of(&self->chance, 30) == 0)));
}

/* --- sending ---------------------------------------------------------------------------------- */

static void send(struct walker *self)
{
    static const int64_t timeouts_ms[] = {200, 800, 2500, 2500, 6000, 10000};
    struct client *client = self->client;
    struct step *step = &self->step;
    struct request request = {
        .kind = step->kind,
        .id = step->has_id ? &step->id : NULL,
        .body = step->body,
        .len = step->len,
        .timeout_ms = timeouts_ms[chance_of(&self->chance, ARRAY_LEN(timeouts_ms))],
    };
    if (self->phase >= SETTLING)
        request.timeout_ms = 5000;
    else if (client->may_hang_up && chance_of(&self->chance, 50) == 0)
        request.hang_up_ms = 1 + chance_of(&self->chance, 30);
    self->operation =
        history_invoke(&client->history, step->kind, request.id, step->body, step->len);
    lane_send(self->lane, &request, on_carried, self);
}

static void later(struct walker *self)
{
    int64_t delay_ms = DELAY_MS + (int64_t)chance_of(&self->chance, 2 * DELAY_MS);
    self->timer = loop_timer_add(self->client->loop, delay_ms, 0, walk, self);
}

/* --- learning --------------------------------------------------------------------------------- */

static void remember(struct client *client, const struct step *step)
{
    step_copy(&client->recent[client->recent_i], step);
    client->recent_i = (client->recent_i + 1) % RECENT_MAX;
    client->n_recent = MIN(client->n_recent + 1, (size_t)RECENT_MAX);
}

static uint32_t month_after(const char *text)
{
    int32_t month;
    return month_parse(text, &month) < 0 ? FIRST_MONTH : (uint32_t)month + 1;
}

static void learn_bill(struct known *known, uint32_t citizen, const struct carried *carried)
{
    Ansinh__V1__InquireResponse *out =
        ansinh__v1__inquire_response__unpack(NULL, carried->len, carried->body);
    int32_t day;
    ASSERT(out != NULL && date_parse(out->valid_until, &day) == 0);
    known->has_bill = 1;
    known->bill = (struct bill){.version = out->bill_version,
                                .due_vnd = out->due_vnd,
                                .day = billing_day(citizen, (uint32_t)month_of_day(day))};
    (void)snprintf(known->bill.id, sizeof(known->bill.id), "%s", out->bill_id);
    ansinh__v1__inquire_response__free_unpacked(out, NULL);
}

static void learn_payment(struct client *client, struct known *known, const struct carried *carried)
{
    Ansinh__V1__PayResponse *out =
        ansinh__v1__pay_response__unpack(NULL, carried->len, carried->body);
    ASSERT(out != NULL);
    (void)snprintf(client->payments[client->payment_i], POSITION_BYTES, "%s", out->payment_id);
    client->payment_i = (client->payment_i + 1) % RECENT_MAX;
    client->n_payments = MIN(client->n_payments + 1, (size_t)RECENT_MAX);
    known->has_bill = 0;
    known->has_paid = 1;
    known->by_partner = 0;
    (void)snprintf(known->payment, sizeof(known->payment), "%s", out->payment_id);
    known->month = MAX(known->month, month_after(out->covered_until));
    ansinh__v1__pay_response__free_unpacked(out, NULL);
}

static void learn_collection(struct known *known, const struct step *step,
                             const struct carried *carried)
{
    Ansinh__V1__CollectionsPayResponse *out =
        ansinh__v1__collections_pay_response__unpack(NULL, carried->len, carried->body);
    ASSERT(out != NULL && out->payment != NULL);
    known->has_bill = 0;
    known->has_paid = known->by_partner = 1;
    known->transaction = step->id;
    known->month = MAX(known->month, month_after(out->payment->to_month));
    ansinh__v1__collections_pay_response__free_unpacked(out, NULL);
}

static void learn_reversal(struct known *known)
{
    known->has_paid = 0;
    known->is_lost = 1;
}

static void learn_state(const struct client *client, struct known *known, uint32_t citizen,
                        const struct carried *carried)
{
    Ansinh__V1__GetParticipantResponse *out =
        ansinh__v1__get_participant_response__unpack(NULL, carried->len, carried->body);
    ASSERT(out != NULL);
    known->is_enrolled = 1;
    known->is_lost = 0;
    known->has_bill = 0;
    known->has_ended = out->state == ANSINH__V1__PARTICIPANT_STATE__PARTICIPANT_STATE_ENDED;
    (void)snprintf(known->participant, sizeof(known->participant), "%s", out->participant_id);
    known->month = MAX(is_todays(citizen) ? client->this_month : known->month,
                       month_after(out->covered_until));
    ansinh__v1__get_participant_response__free_unpacked(out, NULL);
}

static void learn_success(struct walker *self, const struct carried *carried)
{
    struct client *client = self->client;
    const struct step *step = &self->step;
    struct known *known = step->citizen < client->n_citizens ? &client->known[step->citizen] : NULL;
    client->n_ok++;
    if (step->kind == KIND_ENROL)
        known->is_enrolled = 1;
    else if (step->kind == KIND_INQUIRE)
        learn_bill(known, step->citizen, carried);
    else if (step->kind == KIND_PAY)
        learn_payment(client, known, carried);
    else if (step->kind == KIND_COLLECT)
        learn_collection(known, step, carried);
    else if (step->kind == KIND_REVERSE || step->kind == KIND_TAKE_BACK)
        learn_reversal(known);
    else if (step->kind == KIND_CHANGE || step->kind == KIND_END)
        known->is_lost = 1; /* the open bill was dropped */
    else if (step->kind == KIND_SESSION)
        client->is_held[step->session] = 1;
    else if (step->kind == KIND_PARTICIPANT)
        learn_state(client, known, step->citizen, carried);
    if (step->kind <= KIND_LAST_COMMAND && self->phase == WALKING)
        remember(client, step);
}

static void learn_refusal(struct walker *self, const struct carried *carried)
{
    const struct step *step = &self->step;
    if (step->citizen >= self->client->n_citizens)
        return;
    struct known *known = &self->client->known[step->citizen];
    switch (carried->code) {
    case ANSINH__V1__CODE__CODE_NOT_FOUND:
        known->is_enrolled = known->is_lost = 0;
        break;
    case ANSINH__V1__CODE__CODE_ALREADY_EXISTS:
    case ANSINH__V1__CODE__CODE_FAILED_PRECONDITION:
    case ANSINH__V1__CODE__CODE_INVALID_ARGUMENT:
    case ANSINH__V1__CODE__CODE_OUT_OF_RANGE:
        known->is_lost = step->kind <= KIND_LAST_COMMAND;
        known->has_paid = 0;
        break;
    default:
        break;
    }
}

/* --- going on --------------------------------------------------------------------------------- */

/* Asks what became of a payment; one that may still be done is repeated by another walker. */
static void ask_what_became(struct walker *self)
{
    struct step question = {0};
    if (self->step.kind == KIND_PAY) {
        step_payment_of(&question, &self->step);
    } else {
        step_collected_of(&question, &self->step);
        if (chance_of(&self->chance, 2) == 0)
            hold(self->client, &self->step);
    }
    step_copy(&self->step, &question);
    step_free(&question);
    self->phase = REPEATING;
    self->n_repeats = REPEATS_MAX - 1;
}

/* Half of the unknown commands are settled right away, some at the end, some never; of some
 * payments it is asked what became of them. */
static void on_unknown(struct walker *self)
{
    struct client *client = self->client;
    uint32_t draw = chance_of(&self->chance, 10);
    int is_partners = kind_partner(self->step.kind)[0] != '\0';
    if (draw < 2 && is_partners) {
        ask_what_became(self);
    } else if (draw < 5) {
        self->phase = REPEATING;
        self->n_repeats = 0;
    } else if (draw < 8 && client->n_unsettled < UNSETTLED_MAX) {
        struct step *kept = &client->unsettled[client->n_unsettled++];
        kept->body = NULL;
        step_copy(kept, &self->step);
    }
    if (draw == 9 && (self->step.kind == KIND_PAY || is_partners))
        ask_what_became(self);
}

static void on_carried(void *arg, const struct carried *carried)
{
    struct walker *self = arg;
    struct client *client = self->client;
    int is_command = self->step.kind <= KIND_LAST_COMMAND;
    history_complete(&client->history, self->operation, carried->outcome, carried->code,
                     carried->raw, carried->body, carried->len);
    if (carried->outcome == OUTCOME_OK)
        learn_success(self, carried);
    else if (carried->outcome == OUTCOME_REFUSED)
        learn_refusal(self, carried);
    int is_settled = carried->outcome == OUTCOME_OK || carried->outcome == OUTCOME_REFUSED;
    if (is_settled ||
        ++self->n_repeats >= (self->phase == REPEATING ? REPEATS_MAX : SETTLE_TRIES_MAX)) {
        if (self->phase == REPEATING)
            self->phase = WALKING;
        self->n_repeats = 0;
    }
    if (is_settled && self->phase >= SETTLING)
        step_free(&self->step); /* the next one, please */
    if (carried->outcome == OUTCOME_UNKNOWN && is_command && self->phase == WALKING)
        on_unknown(self);
    if (is_settled)
        walk(self);
    else
        later(self);
}

/* The end: every unknown command is repeated until it is settled, then everybody is read. */
static int choose_settling(struct walker *self)
{
    struct client *client = self->client;
    if (self->phase < SETTLING) {
        self->phase = SETTLING;
        step_free(&self->step);
    }
    if (self->step.body != NULL)
        return 1;
    self->n_repeats = 0;
    if (client->n_unsettled > 0) {
        self->step = client->unsettled[--client->n_unsettled];
        return 1;
    }
    self->phase = READING;
    if (client->next_asked < client->n_transactions) {
        step_collected(&self->step, &client->transactions[client->next_asked++]);
        return 1;
    }
    if (client->next_read == client->n_citizens) {
        self->phase = ENDED;
        client->n_ended++;
        return 0;
    }
    step_participant(&self->step, client->next_read++);
    return 1;
}

static void walk(void *arg)
{
    struct walker *self = arg;
    self->timer = NULL;
    if (self->client->is_settling) {
        if (!choose_settling(self))
            return;
    } else if (self->phase == WALKING) {
        choose(self);
    }
    send(self);
}

struct walker *walker_create(struct client *client, struct lane *lane, unsigned number)
{
    struct walker *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->client = client;
    self->lane = lane;
    self->chance = client->seed ^ (uint64_t)number << 32;
    (void)chance(&self->chance);
    client->n_walkers++;
    self->timer = loop_timer_add(client->loop, 0, 0, walk, self);
    return self;
}

void walker_destroy(struct walker **self)
{
    if (*self == NULL)
        return;
    loop_timer_cancel((*self)->client->loop, &(*self)->timer);
    lane_destroy(&(*self)->lane);
    step_free(&(*self)->step);
    free(*self);
    *self = NULL;
}

void client_settle(struct client *self)
{
    self->is_settling = 1;
}
