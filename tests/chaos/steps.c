#include "tests/chaos/steps.h"

#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "tests/support/people.h"

#define INCOME_MIN_VND 1500000
#define INCOME_STEP_VND 50000
#define INCOME_STEPS 40
#define BILLED_METHODS 4 /* those that are billed */
#define BILLED_GROUPS 4
#define CODED_EVERY 8
#define QUOTES 12
#define NOBODY UINT32_MAX

static const char *const communes[] = {"02647", "03046", "04465", "04681"};
static const char *const units[] = {"VN", "15", "02647", "03046"};

uint64_t chance(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t chance_of(uint64_t *state, uint32_t n)
{
    return (uint32_t)((chance(state) >> 32) * n >> 32);
}

void step_free(struct step *self)
{
    free(self->body);
    self->body = NULL;
}

void step_copy(struct step *self, const struct step *from)
{
    step_free(self);
    *self = *from;
    self->body = malloc(from->len + 1);
    ASSERT(self->body != NULL);
    if (from->len > 0)
        memcpy(self->body, from->body, from->len);
}

void step_new_id(struct step *self)
{
    request_id_make(clock_wall_ms(), &self->id);
    self->has_id = 1;
}

static void set(struct step *self, enum kind kind, uint32_t citizen,
                const ProtobufCMessage *message)
{
    step_free(self);
    self->kind = kind;
    self->citizen = citizen;
    self->len = protobuf_c_message_get_packed_size(message);
    self->body = malloc(self->len + 1);
    ASSERT(self->body != NULL);
    (void)protobuf_c_message_pack(message, self->body);
    self->has_id = 0;
    if (kind <= KIND_LAST_COMMAND)
        step_new_id(self);
}

/* A business date of a month on which anybody of ours may be billed and pay. */
static void date_of(uint32_t month, char ret[DATE_TEXT_BYTES])
{
    int32_t first = month_first_day((int32_t)month);
    date_format(month == FIRST_MONTH ? first + FIRST_DAY_OF_MONTH : first, ret);
}

void step_enrol(struct step *self, uint32_t i, uint64_t *state)
{
    struct sample_person person;
    char birth_date[DATE_TEXT_BYTES], enrolled_on[DATE_TEXT_BYTES], si_code[16] = "";
    people_make(i, 0, &person);
    date_format(person.birth_day, birth_date);
    date_format(month_first_day(FIRST_MONTH) + FIRST_DAY_OF_MONTH - 1, enrolled_on);
    if (i % CODED_EVERY == 0)
        (void)snprintf(si_code, sizeof(si_code), "%010u", i / CODED_EVERY / 2);
    Ansinh__V1__EnrolRequest in;
    ansinh__v1__enrol_request__init(&in);
    in.personal_id = person.personal_id;
    in.full_name = person.full_name;
    in.birth_date = birth_date;
    in.sex = (Ansinh__V1__Sex)person.sex;
    in.phone = person.phone;
    if (i % 2 == 0)
        in.email = person.email;
    in.unit_code = (char *)(uintptr_t)communes[chance_of(state, ARRAY_LEN(communes))];
    in.support_group = (Ansinh__V1__SupportGroup)(1 + chance_of(state, BILLED_GROUPS));
    in.income_vnd = INCOME_MIN_VND + INCOME_STEP_VND * (int64_t)chance_of(state, INCOME_STEPS);
    in.method = (Ansinh__V1__Method)(1 + chance_of(state, BILLED_METHODS));
    in.enrolled_on = enrolled_on;
    in.si_code = si_code;
    set(self, KIND_ENROL, i, &in.base);
}

void step_inquire(struct step *self, uint32_t i, uint32_t month)
{
    struct sample_person person;
    char on[DATE_TEXT_BYTES];
    people_make(i, 0, &person);
    date_of(month, on);
    Ansinh__V1__InquireRequest in;
    ansinh__v1__inquire_request__init(&in);
    in.key_case = ANSINH__V1__INQUIRE_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = person.personal_id;
    in.on = on;
    set(self, KIND_INQUIRE, i, &in.base);
}

void step_pay(struct step *self, uint32_t i, const struct bill *bill, uint64_t *state)
{
    char paid_on[DATE_TEXT_BYTES], bill_id[BILL_TEXT_BYTES];
    date_of(bill->month, paid_on);
    (void)snprintf(bill_id, sizeof(bill_id), "%s", bill->id);
    Ansinh__V1__PayRequest in;
    ansinh__v1__pay_request__init(&in);
    in.bill_id = bill_id;
    in.bill_version = bill->version;
    in.amount_vnd = bill->due_vnd;
    in.paid_on = paid_on;
    in.channel = (Ansinh__V1__PaymentChannel)(1 + chance_of(state, 2));
    switch (chance_of(state, 40)) {
    case 0:
        in.amount_vnd++;
        break;
    case 1:
        in.bill_version--;
        break;
    default:
        break;
    }
    set(self, KIND_PAY, i, &in.base);
}

void step_participant(struct step *self, uint32_t i)
{
    struct sample_person person;
    people_make(i, 0, &person);
    Ansinh__V1__GetParticipantRequest in;
    ansinh__v1__get_participant_request__init(&in);
    in.key_case = ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = person.personal_id;
    set(self, KIND_PARTICIPANT, i, &in.base);
}

void step_payment(struct step *self, const char *payment_id)
{
    char id[POSITION_BYTES];
    (void)snprintf(id, sizeof(id), "%s", payment_id);
    Ansinh__V1__GetPaymentRequest in;
    ansinh__v1__get_payment_request__init(&in);
    in.payment_id = id;
    set(self, KIND_PAYMENT, NOBODY, &in.base);
}

void step_payment_of(struct step *self, const struct step *pay)
{
    char id[UUID_TEXT_BYTES];
    request_id_format(&pay->id, id);
    uint32_t citizen = pay->citizen;
    Ansinh__V1__PayRequest *paid = ansinh__v1__pay_request__unpack(NULL, pay->len, pay->body);
    ASSERT(paid != NULL);
    Ansinh__V1__GetPaymentRequest in;
    ansinh__v1__get_payment_request__init(&in);
    in.bill_id = paid->bill_id;
    in.request_id = id;
    set(self, KIND_PAYMENT, citizen, &in.base);
    ansinh__v1__pay_request__free_unpacked(paid, NULL);
}

void step_quote(struct step *self, uint32_t which)
{
    char on[DATE_TEXT_BYTES];
    which %= QUOTES;
    date_of(FIRST_MONTH + which * 4, on);
    Ansinh__V1__QuoteRequest in;
    ansinh__v1__quote_request__init(&in);
    in.unit_code = (char *)(uintptr_t)communes[which % ARRAY_LEN(communes)];
    in.income_vnd = INCOME_MIN_VND + INCOME_STEP_VND * (int64_t)which;
    in.method = (Ansinh__V1__Method)(1 + which % BILLED_METHODS);
    in.support_group = (Ansinh__V1__SupportGroup)(1 + which / 3 % BILLED_GROUPS);
    in.on = on;
    set(self, KIND_QUOTE, NOBODY, &in.base);
}

void step_progress(struct step *self, uint32_t which)
{
    Ansinh__V1__GetProgressRequest in;
    ansinh__v1__get_progress_request__init(&in);
    in.unit_code = (char *)(uintptr_t)units[which % ARRAY_LEN(units)];
    set(self, KIND_PROGRESS, NOBODY, &in.base);
}

int step_abuse(struct step *self, const struct step *earlier)
{
    if (earlier->kind != KIND_PAY)
        return 0;
    Ansinh__V1__PayRequest *in = ansinh__v1__pay_request__unpack(NULL, earlier->len, earlier->body);
    ASSERT(in != NULL);
    in->amount_vnd++;
    set(self, KIND_PAY, earlier->citizen, &in->base);
    self->id = earlier->id;
    ansinh__v1__pay_request__free_unpacked(in, NULL);
    return 1;
}
