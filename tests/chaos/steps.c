#include "tests/chaos/steps.h"

#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "ansinh/v1/collections.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/service/api.h"
#include "tests/support/people.h"

#define INCOME_MIN_VND 1500000
#define INCOME_STEP_VND 50000
#define INCOME_STEPS 40
#define BILLED_METHODS 4 /* those that are billed */
#define BILLED_GROUPS 4
#define CODED_EVERY 8
#define QUOTES 12
#define NOBODY UINT32_MAX
#define REASONS 6       /* for a reversal */
#define POINT "BD02647" /* of the partner */
#define COLLECTOR "NV0001"
#define MINUTE_MS 60000LL
#define DAY_MS (1440 * MINUTE_MS)
#define NOON_MS (720 * MINUTE_MS)
#define ZONE_MS (420 * MINUTE_MS)

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

void step_set(struct step *self, enum kind kind, uint32_t citizen, const ProtobufCMessage *message)
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

static int32_t first_day_of(uint32_t month)
{
    int32_t first = month_first_day((int32_t)month);
    return month == FIRST_MONTH ? first + FIRST_DAY_OF_MONTH : first;
}

int is_todays(uint32_t i)
{
    return i % TODAYS_EVERY == TODAYS_EVERY - 1;
}

int32_t billing_day(uint32_t i, uint32_t month)
{
    return is_todays(i) ? clock_business_day(clock_wall_ms()) : first_day_of(month);
}

const char *step_commune(uint64_t *state)
{
    return communes[chance_of(state, ARRAY_LEN(communes))];
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
    in.unit_code = (char *)(uintptr_t)step_commune(state);
    in.support_group = (Ansinh__V1__SupportGroup)(1 + chance_of(state, BILLED_GROUPS));
    in.income_vnd = INCOME_MIN_VND + INCOME_STEP_VND * (int64_t)chance_of(state, INCOME_STEPS);
    in.method = (Ansinh__V1__Method)(1 + chance_of(state, BILLED_METHODS));
    in.enrolled_on = enrolled_on;
    in.si_code = si_code;
    step_set(self, KIND_ENROL, i, &in.base);
}

void step_inquire(struct step *self, uint32_t i, int32_t day)
{
    struct sample_person person;
    char on[DATE_TEXT_BYTES];
    people_make(i, 0, &person);
    date_format(day, on);
    Ansinh__V1__InquireRequest in;
    ansinh__v1__inquire_request__init(&in);
    in.key_case = ANSINH__V1__INQUIRE_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = person.personal_id;
    in.on = on;
    step_set(self, KIND_INQUIRE, i, &in.base);
}

/* By chance a wrong amount or an outdated bill. */
static void spoil(uint64_t *state, int64_t *amount_vnd, uint32_t *bill_version)
{
    uint32_t draw = chance_of(state, 40);
    if (draw == 0)
        ++*amount_vnd;
    else if (draw == 1)
        --*bill_version;
}

void step_pay(struct step *self, uint32_t i, const struct bill *bill, uint64_t *state)
{
    char paid_on[DATE_TEXT_BYTES], bill_id[BILL_TEXT_BYTES];
    date_format(bill->day, paid_on);
    (void)snprintf(bill_id, sizeof(bill_id), "%s", bill->id);
    Ansinh__V1__PayRequest in;
    ansinh__v1__pay_request__init(&in);
    in.bill_id = bill_id;
    in.bill_version = bill->version;
    in.amount_vnd = bill->due_vnd;
    in.paid_on = paid_on;
    in.channel = (Ansinh__V1__PaymentChannel)(1 + chance_of(state, 2));
    spoil(state, &in.amount_vnd, &in.bill_version);
    step_set(self, KIND_PAY, i, &in.base);
}

void step_participant(struct step *self, uint32_t i)
{
    struct sample_person person;
    people_make(i, 0, &person);
    Ansinh__V1__GetParticipantRequest in;
    ansinh__v1__get_participant_request__init(&in);
    in.key_case = ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = person.personal_id;
    step_set(self, KIND_PARTICIPANT, i, &in.base);
}

void step_payment(struct step *self, const char *payment_id)
{
    char id[POSITION_BYTES];
    (void)snprintf(id, sizeof(id), "%s", payment_id);
    Ansinh__V1__GetPaymentRequest in;
    ansinh__v1__get_payment_request__init(&in);
    in.payment_id = id;
    step_set(self, KIND_PAYMENT, NOBODY, &in.base);
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
    step_set(self, KIND_PAYMENT, citizen, &in.base);
    ansinh__v1__pay_request__free_unpacked(paid, NULL);
}

void step_quote(struct step *self, uint32_t which)
{
    char on[DATE_TEXT_BYTES];
    which %= QUOTES;
    date_format(first_day_of(FIRST_MONTH + which * 4), on);
    Ansinh__V1__QuoteRequest in;
    ansinh__v1__quote_request__init(&in);
    in.unit_code = (char *)(uintptr_t)communes[which % ARRAY_LEN(communes)];
    in.income_vnd = INCOME_MIN_VND + INCOME_STEP_VND * (int64_t)which;
    in.method = (Ansinh__V1__Method)(1 + which % BILLED_METHODS);
    in.support_group = (Ansinh__V1__SupportGroup)(1 + which / 3 % BILLED_GROUPS);
    in.on = on;
    step_set(self, KIND_QUOTE, NOBODY, &in.base);
}

void step_progress(struct step *self, uint32_t which)
{
    Ansinh__V1__GetProgressRequest in;
    ansinh__v1__get_progress_request__init(&in);
    in.unit_code = (char *)(uintptr_t)units[which % ARRAY_LEN(units)];
    step_set(self, KIND_PROGRESS, NOBODY, &in.base);
}

/* --- taking back, and partners ---------------------------------------------------------------- */

static Ansinh__V1__ReversalReason reason_of(uint64_t *state)
{
    return (Ansinh__V1__ReversalReason)(1 + chance_of(state, REASONS));
}

void step_reverse(struct step *self, uint32_t i, const char *payment_id, uint64_t *state)
{
    char id[POSITION_BYTES];
    (void)snprintf(id, sizeof(id), "%s", payment_id);
    Ansinh__V1__ReverseRequest in;
    ansinh__v1__reverse_request__init(&in);
    in.payment_id = id;
    in.reason = reason_of(state);
    step_set(self, KIND_REVERSE, i, &in.base);
}

/* When the participant paid: now, or at noon of the bill's day. */
static int64_t paid_at_of(uint32_t i, const struct bill *bill)
{
    return is_todays(i) ? clock_wall_ms() : bill->day * DAY_MS + NOON_MS - ZONE_MS;
}

static int32_t business_day_of(int64_t paid_at_ms)
{
    int32_t day = clock_business_day(paid_at_ms);
    return day + (paid_at_ms + ZONE_MS - day * DAY_MS >= CUT_OFF_MINUTE * MINUTE_MS);
}

void step_collect(struct step *self, uint32_t i, const struct bill *bill, uint64_t *state)
{
    char id[UUID_TEXT_BYTES], bill_id[BILL_TEXT_BYTES], date[DATE_TEXT_BYTES];
    (void)snprintf(bill_id, sizeof(bill_id), "%s", bill->id);
    step_new_id(self);
    const struct request_id own = self->id;
    request_id_format(&own, id);
    Ansinh__V1__CollectionsPayRequest in;
    ansinh__v1__collections_pay_request__init(&in);
    in.partner_transaction_id = id;
    in.bill_id = bill_id;
    in.bill_version = bill->version;
    in.amount_vnd = bill->due_vnd;
    in.paid_at_ms = paid_at_of(i, bill);
    date_format(business_day_of(in.paid_at_ms), date);
    in.business_date = date;
    in.channel = (Ansinh__V1__PaymentChannel)(1 + chance_of(state, 2));
    if (in.channel == ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_CASH) {
        in.point_code = (char *)(uintptr_t)POINT;
        in.collector_code = (char *)(uintptr_t)COLLECTOR;
    }
    spoil(state, &in.amount_vnd, &in.bill_version);
    step_set(self, KIND_COLLECT, i, &in.base);
    self->id = own;
}

void step_take_back(struct step *self, uint32_t i, const struct request_id *original,
                    uint64_t *state)
{
    char id[UUID_TEXT_BYTES], original_id[UUID_TEXT_BYTES];
    request_id_format(original, original_id);
    step_new_id(self);
    const struct request_id own = self->id;
    request_id_format(&own, id);
    Ansinh__V1__CollectionsReverseRequest in;
    ansinh__v1__collections_reverse_request__init(&in);
    in.partner_transaction_id = id;
    in.original_transaction_id = original_id;
    in.reason = reason_of(state);
    step_set(self, KIND_TAKE_BACK, i, &in.base);
    self->id = own;
}

void step_collected(struct step *self, const struct request_id *transaction)
{
    char id[UUID_TEXT_BYTES];
    request_id_format(transaction, id);
    Ansinh__V1__CollectionsGetPaymentRequest in;
    ansinh__v1__collections_get_payment_request__init(&in);
    in.partner_transaction_id = id;
    step_set(self, KIND_COLLECTED, NOBODY, &in.base);
}

void step_collected_of(struct step *self, const struct step *about)
{
    struct request_id original = about->id;
    if (about->kind == KIND_TAKE_BACK) {
        Ansinh__V1__CollectionsReverseRequest *in =
            ansinh__v1__collections_reverse_request__unpack(NULL, about->len, about->body);
        ASSERT(in != NULL && request_id_parse(in->original_transaction_id, &original) == 0);
        ansinh__v1__collections_reverse_request__free_unpacked(in, NULL);
    }
    step_collected(self, &original);
}

/* --- another body under a used id ------------------------------------------------------------- */

static Ansinh__V1__ReversalReason another(Ansinh__V1__ReversalReason reason)
{
    return reason == 1 ? 2 : 1;
}

int step_abuse(struct step *self, const struct step *earlier)
{
    const struct api_method *method = api_find(kind_method(earlier->kind));
    struct request_id id = earlier->id;
    uint32_t citizen = earlier->citizen;
    enum kind kind = earlier->kind;
    if (kind != KIND_PAY && kind != KIND_REVERSE && kind != KIND_COLLECT && kind != KIND_TAKE_BACK)
        return 0;
    ProtobufCMessage *in =
        protobuf_c_message_unpack(method->input, NULL, earlier->len, earlier->body);
    ASSERT(in != NULL);
    if (kind == KIND_PAY)
        ((Ansinh__V1__PayRequest *)in)->amount_vnd++;
    else if (kind == KIND_COLLECT)
        ((Ansinh__V1__CollectionsPayRequest *)in)->amount_vnd++;
    else if (kind == KIND_REVERSE)
        ((Ansinh__V1__ReverseRequest *)in)->reason =
            another(((Ansinh__V1__ReverseRequest *)in)->reason);
    else
        ((Ansinh__V1__CollectionsReverseRequest *)in)->reason =
            another(((Ansinh__V1__CollectionsReverseRequest *)in)->reason);
    step_set(self, kind, citizen, in);
    self->id = id;
    protobuf_c_message_free_unpacked(in, NULL);
    return 1;
}
