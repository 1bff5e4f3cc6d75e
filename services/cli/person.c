#include "services/cli/person.h"

#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"

#define KEY_BYTES 64
#define FAILURES_SAID 10
#define OFFICER "office-1"

struct person {
    struct bulk *bulk;
    struct person_tally *tally;
    struct sample_person data;
    char key[KEY_BYTES]; /* "": fresh ids */
    char paid_on[DATE_TEXT_BYTES];
    int is_renewing; /* what was first is behind */
};

static void inquire(struct person *self);

static void end(struct person *self, int is_good)
{
    bulk_done(self->bulk, is_good);
    free(self);
}

static void fail(struct person *self, const char *step, const struct bus_answer *answer)
{
    if (self->tally->failures++ < FAILURES_SAID)
        (void)cli_fail(1, "%s: %s: %s %s", step, bus_code_name(answer->code), answer->field,
                       answer->message);
    end(self, 0);
}

static void make_id(const struct person *self, const char *step, struct request_id *ret)
{
    char text[KEY_BYTES + 16];
    if (self->key[0] == '\0') {
        request_id_make(clock_wall_ms(), ret);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s-%s%s", self->key, step, self->is_renewing ? "-2" : "");
    int rc = request_id_parse(text, ret);
    ASSERT(rc == 0);
}

static void go_on(struct person *self)
{
    if (self->data.renewed_day == 0 || self->is_renewing) {
        end(self, 1);
        return;
    }
    self->is_renewing = 1;
    date_format(self->data.renewed_day, self->paid_on);
    inquire(self);
}

static void on_accepted(void *arg, const struct bus_answer *answer)
{
    struct person *self = arg;
    if (answer->code != 0) {
        fail(self, "RecordAcceptance", answer);
        return;
    }
    self->tally->accepted++;
    go_on(self);
}

static void accept(struct person *self)
{
    struct request_id id;
    char officer[] = OFFICER, date[DATE_TEXT_BYTES];
    Ansinh__V1__RecordAcceptanceRequest in;
    ansinh__v1__record_acceptance_request__init(&in);
    date_format(self->data.accepted_day, date);
    in.key_case = ANSINH__V1__RECORD_ACCEPTANCE_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = self->data.personal_id;
    in.decision = ANSINH__V1__ACCEPTANCE_DECISION__ACCEPTANCE_DECISION_ACCEPTED;
    in.decided_on = date;
    in.officer_code = officer;
    make_id(self, "accept", &id);
    bulk_call(self->bulk, "ansinh.v1.Enrolment/RecordAcceptance", &id, &in.base, on_accepted, self);
}

static void on_paid(void *arg, const struct bus_answer *answer)
{
    struct person *self = arg;
    if (answer->code != 0) {
        fail(self, "Pay", answer);
        return;
    }
    if (self->is_renewing)
        self->tally->renewed++;
    else
        self->tally->paid++;
    if (self->data.accepted_day != 0 && !self->is_renewing)
        accept(self);
    else
        go_on(self);
}

static void pay(struct person *self, const Ansinh__V1__InquireResponse *bill)
{
    struct request_id id;
    char point[40], collector[40];
    (void)snprintf(point, sizeof(point), "%s", self->data.point_code);
    (void)snprintf(collector, sizeof(collector), "%s", self->data.collector_code);
    Ansinh__V1__PayRequest in;
    ansinh__v1__pay_request__init(&in);
    in.bill_id = bill->bill_id;
    in.bill_version = bill->bill_version;
    in.amount_vnd = bill->due_vnd;
    in.paid_on = self->paid_on;
    in.channel = self->data.is_transfer ? ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER
                                        : ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_CASH;
    in.point_code = point;
    in.collector_code = collector;
    make_id(self, "pay", &id);
    bulk_call(self->bulk, "ansinh.v1.Payments/Pay", &id, &in.base, on_paid, self);
}

static void on_bill(void *arg, const struct bus_answer *answer)
{
    struct person *self = arg;
    if (answer->code != 0) {
        fail(self, "Inquire", answer);
        return;
    }
    Ansinh__V1__InquireResponse *bill =
        ansinh__v1__inquire_response__unpack(NULL, answer->body_len, answer->body);
    ASSERT(bill != NULL);
    pay(self, bill);
    ansinh__v1__inquire_response__free_unpacked(bill, NULL);
}

static void inquire(struct person *self)
{
    struct request_id id;
    Ansinh__V1__InquireRequest in;
    ansinh__v1__inquire_request__init(&in);
    in.key_case = ANSINH__V1__INQUIRE_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = self->data.personal_id;
    in.on = self->paid_on;
    make_id(self, "inquire", &id);
    bulk_call(self->bulk, "ansinh.v1.Payments/Inquire", &id, &in.base, on_bill, self);
}

/* Enrolled before: by an earlier load that was cut off, or one that went through. */
static void on_state(void *arg, const struct bus_answer *answer)
{
    struct person *self = arg;
    if (answer->code != 0) {
        fail(self, "GetParticipant", answer);
        return;
    }
    Ansinh__V1__GetParticipantResponse *state =
        ansinh__v1__get_participant_response__unpack(NULL, answer->body_len, answer->body);
    ASSERT(state != NULL);
    int is_paid = state->months_paid > 0;
    ansinh__v1__get_participant_response__free_unpacked(state, NULL);
    if (!is_paid) {
        inquire(self);
        return;
    }
    self->tally->known++;
    end(self, 1);
}

static void ask_state(struct person *self)
{
    Ansinh__V1__GetParticipantRequest in;
    ansinh__v1__get_participant_request__init(&in);
    in.key_case = ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = self->data.personal_id;
    bulk_call(self->bulk, "ansinh.v1.Enrolment/GetParticipant", NULL, &in.base, on_state, self);
}

static void on_enrolled(void *arg, const struct bus_answer *answer)
{
    struct person *self = arg;
    if (answer->code == ANSINH__V1__CODE__CODE_ALREADY_EXISTS) {
        ask_state(self);
    } else if (answer->code != 0) {
        fail(self, "Enrol", answer);
    } else {
        self->tally->enrolled++;
        inquire(self);
    }
}

void person_start(struct bulk *bulk, const struct sample_person *person, const char *key,
                  struct person_tally *tally)
{
    struct person *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->bulk = bulk;
    self->tally = tally;
    self->data = *person;
    (void)snprintf(self->key, sizeof(self->key), "%s", key == NULL ? "" : key);
    date_format(person->paid_day, self->paid_on);

    struct request_id id;
    char birth_date[DATE_TEXT_BYTES], enrolled_on[DATE_TEXT_BYTES], unit[8], collector[40];
    date_format(person->birth_day, birth_date);
    date_format(person->enrolled_day, enrolled_on);
    (void)snprintf(unit, sizeof(unit), "%.7s", person->unit_code);
    (void)snprintf(collector, sizeof(collector), "%s", person->collector_code);
    Ansinh__V1__EnrolRequest in;
    ansinh__v1__enrol_request__init(&in);
    in.personal_id = self->data.personal_id;
    in.full_name = self->data.full_name;
    in.birth_date = birth_date;
    in.sex = (Ansinh__V1__Sex)person->sex;
    in.phone = self->data.phone;
    in.email = self->data.email;
    in.address = self->data.address;
    in.unit_code = unit;
    in.support_group = (Ansinh__V1__SupportGroup)person->group;
    in.income_vnd = person->income_vnd;
    in.method = (Ansinh__V1__Method)person->method;
    in.collector_code = collector;
    in.enrolled_on = enrolled_on;
    in.language = ANSINH__V1__LANGUAGE__LANGUAGE_VI;
    make_id(self, "enrol", &id);
    bulk_call(bulk, "ansinh.v1.Enrolment/Enrol", &id, &in.base, on_enrolled, self);
}
