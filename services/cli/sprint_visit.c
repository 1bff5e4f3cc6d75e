#include "services/cli/sprint_visit.h"

#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/campaigns.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "services/cli/sprint_office.h"

#define ACTS_MAX 16
#define FAILURES_SAID 10
#define WAIT_MS 20
#define BEFORE_STEP 64 /* steps of what was before the sprint have ids of their own */
#define INCOME_MORE_VND 200000
#define CODE_BYTES 40
#define PARTICIPANT_CHARS 26 /* at the head of a bill id */

#define OFFICER_ASKS "DRILL-1"
#define OFFICER_DECIDES "DRILL-2"
#define OFFICER_ACCEPTS "DRILL-3"

enum act {
    ACT_END,
    ACT_TOUCH, /* is put on a session's list */
    ACT_ENROL,
    ACT_INQUIRE,
    ACT_CHANGE,
    ACT_PAY,
    ACT_WAIT,
    ACT_TAKE_BACK, /* opens a refund case, or reverses at once and passes over the next act */
    ACT_APPROVE,
    ACT_ACCEPT,
    ACTS
};

struct job {
    struct sprint_run *run;
    struct bulk *bulk;
    struct sprint_visit visit;
    struct sample_person person;
    enum act acts[ACTS_MAX];
    unsigned act_i, tries, touch_i;
    int is_before, has_paid;
    int is_reversal; /* the act under way is one */
    uint8_t *answer; /* of a command that is sent twice: what came first */
    size_t answer_len;
    struct loop_timer *timer;
    char day[DATE_TEXT_BYTES];
    char bill_id[CODE_BYTES], payment_id[CODE_BYTES], participant[CODE_BYTES];
    char point[CODE_BYTES], collector[CODE_BYTES], unit[8];
    uint32_t bill_version;
    int64_t due_vnd;
    Ansinh__V1__Pockets pockets; /* of the bill, then of its payment */
};

int64_t sprint_run_now_s(const struct sprint_run *self)
{
    return self->begin_s + (clock_mono_ms() - self->begin_ms) * self->speed / 1000;
}

static void do_act(struct job *self);

static void end(struct job *self, int is_good)
{
    if (!self->is_before)
        sprint_bits_add(self->run->visited, self->visit.i);
    bulk_done(self->bulk, is_good);
    free(self->answer);
    free(self);
}

/* --- what is acknowledged --------------------------------------------------------------------- */

static void count_payment(struct job *self, int sign)
{
    struct sprint_board *board = self->run->acknowledged;
    const Ansinh__V1__Pockets *pockets = &self->pockets;
    size_t place = self->visit.place;
    int32_t day = self->is_before ? self->visit.before_day : self->visit.day;
    int was_there = self->visit.kind == SPRINT_RENEWAL && !self->is_before;
    if (was_there)
        sprint_board_add(board, place, NUMBER_RENEWED, sign);
    else
        sprint_board_add_on(board, place, day, NUMBER_PARTICIPANTS, sign);
    if (sign < 0)
        sprint_board_add(board, place, NUMBER_REVERSED, 1);
    sprint_board_add(board, place, NUMBER_PAYMENTS, sign);
    sprint_board_add(board, place, NUMBER_PARTICIPANT_VND, sign * pockets->participant_vnd);
    sprint_board_add(board, place, NUMBER_CENTRAL_VND, sign * pockets->central_vnd);
    sprint_board_add(board, place, NUMBER_LOCAL_VND, sign * pockets->local_vnd);
    sprint_board_add(board, place, NUMBER_DONOR_VND, sign * pockets->donor_vnd);
}

static void count_act(struct job *self, enum act act)
{
    struct sprint_tally *tally = &self->run->tally;
    int32_t day = self->is_before ? self->visit.before_day : self->visit.day;
    tally->commands++;
    switch (act) {
    case ACT_TOUCH:
        tally->contacts++;
        self->touch_i++;
        break;
    case ACT_ACCEPT:
        sprint_board_add(self->run->acknowledged, self->visit.place, NUMBER_ACCEPTED, 1);
        break;
    case ACT_ENROL:
        sprint_board_add_on(self->run->acknowledged, self->visit.place, day, NUMBER_DECLARED, 1);
        break;
    case ACT_PAY:
        count_payment(self, 1);
        tally->paid_again += self->has_paid != 0;
        self->has_paid = 1;
        break;
    case ACT_CHANGE:
        tally->changed++;
        break;
    case ACT_TAKE_BACK:
        if (!self->is_reversal)
            break;
        self->act_i++; /* nothing is left to approve */
        count_payment(self, -1);
        tally->taken_back++;
        break;
    case ACT_APPROVE:
        count_payment(self, -1);
        tally->taken_back++;
        break;
    case ACT_END:
    case ACT_INQUIRE:
    case ACT_WAIT:
    case ACTS:
        break;
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

static void take_bill(struct job *self, const struct bus_answer *answer)
{
    Ansinh__V1__InquireResponse *bill =
        ansinh__v1__inquire_response__unpack(NULL, answer->body_len, answer->body);
    ASSERT(bill != NULL && bill->pockets != NULL);
    (void)snprintf(self->bill_id, sizeof(self->bill_id), "%s", bill->bill_id);
    (void)snprintf(self->participant, sizeof(self->participant), "%.*s", PARTICIPANT_CHARS,
                   bill->bill_id);
    self->bill_version = bill->bill_version;
    self->due_vnd = bill->due_vnd;
    self->pockets.participant_vnd = bill->pockets->participant_vnd;
    self->pockets.central_vnd = bill->pockets->central_vnd;
    self->pockets.local_vnd = bill->pockets->local_vnd;
    self->pockets.donor_vnd = bill->pockets->donor_vnd;
    ansinh__v1__inquire_response__free_unpacked(bill, NULL);
}

static void take_payment(struct job *self, const struct bus_answer *answer)
{
    Ansinh__V1__PayResponse *paid =
        ansinh__v1__pay_response__unpack(NULL, answer->body_len, answer->body);
    ASSERT(paid != NULL);
    (void)snprintf(self->payment_id, sizeof(self->payment_id), "%s", paid->payment_id);
    ansinh__v1__pay_response__free_unpacked(paid, NULL);
}

void sprint_fail(struct sprint_run *run, const char *act, const char *what, const char *field,
                 const char *message)
{
    if (run->tally.failures++ < FAILURES_SAID)
        (void)cli_fail(1, "%s: %s %s %s", act, what, field, message);
}

static void fail(struct job *self, const char *what, const char *field, const char *message)
{
    static const char *const acts[ACTS] = {
        [ACT_TOUCH] = "RecordContacts",
        [ACT_ENROL] = "Enrol",
        [ACT_INQUIRE] = "Inquire",
        [ACT_CHANGE] = "ChangeContribution",
        [ACT_PAY] = "Pay",
        [ACT_TAKE_BACK] = "take back",
        [ACT_APPROVE] = "ApproveRefundCase",
        [ACT_ACCEPT] = "RecordAcceptance",
    };
    char act[64];
    (void)snprintf(act, sizeof(act), "visit %u: %s", self->visit.i, acts[self->acts[self->act_i]]);
    sprint_fail(self->run, act, what, field, message);
    end(self, 0);
}

int sprint_is_open(Ansinh__V1__Code code)
{
    return code == ANSINH__V1__CODE__CODE_UNKNOWN || code == ANSINH__V1__CODE__CODE_UNAVAILABLE ||
           code == ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED ||
           code == ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED;
}

/* 1: the command goes out a second time; 0: it need not; -1: its second answer was another one. */
static int double_check(struct job *self, enum act act, const struct bus_answer *answer)
{
    if (!self->visit.is_doubled || self->is_before || (act != ACT_ENROL && act != ACT_PAY))
        return 0;
    if (self->answer == NULL) {
        self->answer = malloc(answer->body_len + 1);
        ASSERT(self->answer != NULL);
        memcpy(self->answer, answer->body, answer->body_len);
        self->answer_len = answer->body_len;
        return 1;
    }
    int is_same = self->answer_len == answer->body_len &&
                  memcmp(self->answer, answer->body, answer->body_len) == 0;
    free(self->answer);
    self->answer = NULL;
    self->run->tally.doubled++;
    return is_same ? 0 : -1;
}

static void on_answer(void *arg, const struct bus_answer *answer)
{
    struct job *self = arg;
    enum act act = self->acts[self->act_i];
    if (sprint_is_open(answer->code) && self->tries++ < SPRINT_TRIES_MAX) {
        do_act(self);
        return;
    }
    if (answer->code == ANSINH__V1__CODE__CODE_FAILED_PRECONDITION && self->is_reversal &&
        act == ACT_TAKE_BACK) {
        self->is_reversal = 0; /* it was today's when it was decided: midnight has passed */
        self->tries++;
        do_act(self);
        return;
    }
    if (answer->code != 0) {
        fail(self, bus_code_name(answer->code), answer->field, answer->message);
        return;
    }
    int again = double_check(self, act, answer);
    if (again == 1) {
        do_act(self);
        return;
    }
    if (again < 0) {
        fail(self, "the second answer to the same request differs", "", "");
        return;
    }
    if (act == ACT_INQUIRE)
        take_bill(self, answer);
    else if (act == ACT_PAY)
        take_payment(self, answer);
    count_act(self, act);
    self->act_i++;
    self->tries = 0;
    do_act(self);
}

/* --- acts ------------------------------------------------------------------------------------- */

static void call(struct job *self, const char *method, unsigned step, const ProtobufCMessage *input)
{
    struct request_id id;
    step += self->is_before ? BEFORE_STEP : 0;
    sprint_request_id(self->run->seed, self->visit.i, step, self->run->ids_ms, &id);
    bulk_call(self->bulk, method, &id, input, on_answer, self);
}

static void touch(struct job *self)
{
    char code[SPRINT_CODE_BYTES], *ids[] = {self->person.personal_id};
    Ansinh__V1__RecordContactsRequest in;
    ansinh__v1__record_contacts_request__init(&in);
    sprint_session_code(self->run->seed, self->visit.touches[self->touch_i], code);
    in.session_code = code;
    in.personal_ids = ids;
    in.n_personal_ids = 1;
    call(self, "ansinh.v1.Campaigns/RecordContacts", self->act_i, &in.base);
}

/* What was declared before the sprint. */
static void accept(struct job *self)
{
    static char officer[] = OFFICER_ACCEPTS;
    char date[DATE_TEXT_BYTES];
    Ansinh__V1__RecordAcceptanceRequest in;
    ansinh__v1__record_acceptance_request__init(&in);
    date_format(self->visit.accepted_day, date);
    in.key_case = ANSINH__V1__RECORD_ACCEPTANCE_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = self->person.personal_id;
    in.decision = ANSINH__V1__ACCEPTANCE_DECISION__ACCEPTANCE_DECISION_ACCEPTED;
    in.decided_on = date;
    in.officer_code = officer;
    call(self, "ansinh.v1.Enrolment/RecordAcceptance", self->act_i, &in.base);
}

static void enrol(struct job *self)
{
    struct sample_person *person = &self->person;
    char birth_date[DATE_TEXT_BYTES];
    date_format(person->birth_day, birth_date);
    Ansinh__V1__EnrolRequest in;
    ansinh__v1__enrol_request__init(&in);
    in.personal_id = person->personal_id;
    in.full_name = person->full_name;
    in.birth_date = birth_date;
    in.sex = (Ansinh__V1__Sex)person->sex;
    in.phone = person->phone;
    in.email = person->email;
    in.address = person->address;
    in.unit_code = self->unit;
    in.support_group = (Ansinh__V1__SupportGroup)person->group;
    in.income_vnd = person->income_vnd;
    in.method = (Ansinh__V1__Method)self->visit.method;
    in.collector_code = self->collector;
    in.enrolled_on = self->day;
    in.language = ANSINH__V1__LANGUAGE__LANGUAGE_VI;
    call(self, "ansinh.v1.Enrolment/Enrol", self->act_i, &in.base);
}

static void inquire(struct job *self)
{
    Ansinh__V1__InquireRequest in;
    ansinh__v1__inquire_request__init(&in);
    in.key_case = ANSINH__V1__INQUIRE_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = self->person.personal_id;
    in.on = self->day;
    call(self, "ansinh.v1.Payments/Inquire", self->act_i, &in.base);
}

static void change(struct job *self)
{
    Ansinh__V1__ChangeContributionRequest in;
    ansinh__v1__change_contribution_request__init(&in);
    in.participant_id = self->participant;
    in.on = self->day;
    in.collector_code = self->collector;
    if (!self->has_paid && self->visit.is_changed == 1)
        in.income_vnd = self->person.income_vnd + INCOME_MORE_VND;
    else
        in.method = (Ansinh__V1__Method)self->visit.other_method;
    call(self, "ansinh.v1.Enrolment/ChangeContribution", self->act_i, &in.base);
}

static void pay(struct job *self)
{
    Ansinh__V1__PayRequest in;
    ansinh__v1__pay_request__init(&in);
    in.bill_id = self->bill_id;
    in.bill_version = self->bill_version;
    in.amount_vnd = self->due_vnd;
    in.paid_on = self->day;
    in.channel = self->person.is_transfer ? ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER
                                          : ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_CASH;
    in.point_code = self->point;
    in.collector_code = self->collector;
    call(self, "ansinh.v1.Payments/Pay", self->act_i, &in.base);
}

static Ansinh__V1__ReversalReason reason(const struct job *self)
{
    return self->visit.end == SPRINT_PAID_AGAIN
               ? ANSINH__V1__REVERSAL_REASON__REVERSAL_REASON_WRONG_TERMS
               : ANSINH__V1__REVERSAL_REASON__REVERSAL_REASON_PARTICIPANT_ASKED;
}

static void reverse(struct job *self)
{
    Ansinh__V1__ReverseRequest in;
    ansinh__v1__reverse_request__init(&in);
    in.payment_id = self->payment_id;
    in.reason = reason(self);
    in.collector_code = self->collector;
    call(self, "ansinh.v1.Payments/Reverse", self->act_i, &in.base);
}

static void open_case(struct job *self)
{
    static char officer[] = OFFICER_ASKS;
    Ansinh__V1__OpenRefundCaseRequest in;
    ansinh__v1__open_refund_case_request__init(&in);
    in.payment_id = self->payment_id;
    in.reason = reason(self);
    in.officer_code = officer;
    call(self, "ansinh.v1.Payments/OpenRefundCase", self->act_i + ACTS_MAX, &in.base);
}

static void approve(struct job *self)
{
    static char officer[] = OFFICER_DECIDES;
    Ansinh__V1__ApproveRefundCaseRequest in;
    ansinh__v1__approve_refund_case_request__init(&in);
    in.payment_id = self->payment_id;
    in.officer_code = officer;
    call(self, "ansinh.v1.Payments/ApproveRefundCase", self->act_i, &in.base);
}

/* A retry must be the command that was sent before, whatever the clock says by now. */
static void take_back(struct job *self)
{
    if (self->tries == 0)
        self->is_reversal = clock_business_day(clock_wall_ms()) == self->visit.day;
    if (self->is_reversal)
        reverse(self);
    else
        open_case(self);
}

static void on_wait(void *arg)
{
    struct job *self = arg;
    int is_due = sprint_run_now_s(self->run) >= self->visit.again_s;
    if (!is_due && !bulk_is_ending(self->bulk))
        return;
    loop_timer_cancel(self->run->svc->loop, &self->timer);
    self->act_i++;
    if (is_due) {
        do_act(self);
        return;
    }
    self->run->tally.cut_short++;
    end(self, 1);
}

static void wait_for_it(struct job *self)
{
    self->timer = loop_timer_add(self->run->svc->loop, 0, WAIT_MS, on_wait, self);
}

static void finish(struct job *self)
{
    self->run->tally.visits += !self->is_before;
    self->run->tally.late += !self->is_before && self->visit.late_days > 0;
    end(self, 1);
}

static void do_act(struct job *self)
{
    static void (*const acts[ACTS])(struct job *) = {
        [ACT_END] = finish,       [ACT_TOUCH] = touch,         [ACT_ENROL] = enrol,
        [ACT_INQUIRE] = inquire,  [ACT_CHANGE] = change,       [ACT_PAY] = pay,
        [ACT_WAIT] = wait_for_it, [ACT_TAKE_BACK] = take_back, [ACT_APPROVE] = approve,
        [ACT_ACCEPT] = accept,
    };
    acts[self->acts[self->act_i]](self);
}

/* --- the start -------------------------------------------------------------------------------- */

static void plan_acts(struct job *self)
{
    const struct sprint_visit *visit = &self->visit;
    enum act *act = self->acts; /* at most 12 are set; ACT_END is behind them */
    for (unsigned k = 0; k < visit->n_touches && !self->is_before; k++)
        *act++ = ACT_TOUCH;
    if (visit->kind != SPRINT_RENEWAL || self->is_before)
        *act++ = ACT_ENROL;
    if (visit->kind == SPRINT_DECLARED)
        return;
    *act++ = ACT_INQUIRE;
    if (visit->is_changed && !self->is_before) {
        *act++ = ACT_CHANGE;
        *act++ = ACT_INQUIRE;
    }
    *act++ = ACT_PAY;
    if (self->is_before)
        *act++ = ACT_ACCEPT;
    if (visit->end == SPRINT_STANDS || self->is_before)
        return;
    *act++ = ACT_WAIT;
    *act++ = ACT_TAKE_BACK;
    *act++ = ACT_APPROVE;
    if (visit->end == SPRINT_TAKEN_BACK)
        return;
    *act++ = ACT_CHANGE;
    *act++ = ACT_INQUIRE;
    *act++ = ACT_PAY;
}

void sprint_visit_start(struct sprint_run *run, struct bulk *bulk, const struct sprint_visit *visit,
                        int is_before)
{
    struct job *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->run = run;
    self->bulk = bulk;
    self->visit = *visit;
    self->is_before = is_before;
    int32_t enrolled_day = visit->kind == SPRINT_RENEWAL ? visit->before_day : visit->day;
    sample_drill_person(run->sample, run->seed, visit->i, visit->place, enrolled_day, visit->day,
                        &self->person);
    (void)snprintf(self->unit, sizeof(self->unit), "%.7s", self->person.unit_code);
    (void)snprintf(self->point, sizeof(self->point), "%s", self->person.point_code);
    (void)snprintf(self->collector, sizeof(self->collector), "%s", self->person.collector_code);
    date_format(is_before ? visit->before_day : visit->day, self->day);
    plan_acts(self);
    do_act(self);
}
