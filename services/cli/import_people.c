/* Participants, acceptances and payments: a call or two per row, many rows under way at once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "services/cli/import_calls.h"

#define WINDOW 512

/* --- participants ----------------------------------------------------------------------------- */

static void on_row(void *arg, const struct bus_answer *answer)
{
    struct call_row *self = arg;
    if (answer->code == 0)
        self->calls->import->n_good++;
    else
        calls_refuse(self->calls, self->csv, answer);
    bulk_done(self->bulk, answer->code == 0);
    call_row_free(self);
}

static int start_participant(void *arg, struct bulk *bulk, unsigned long i)
{
    (void)i;
    struct calls *self = arg;
    struct csv_row csv;
    struct request_id id;
    struct err err = {0};
    if (!calls_take_row(self, &csv))
        return 0;
    arena_reset(self->arena);
    Ansinh__V1__EnrolRequest in;
    ansinh__v1__enrol_request__init(&in);
    if (import_fill(self->import, &csv, &in.base, self->arena, &err) < 0) {
        calls_refuse_value(self->import, &csv, &err);
        bulk_done(bulk, 0);
        return 1;
    }
    in.dry_run = self->import->is_dry_run;
    import_request_id(self->import, &csv, in.dry_run ? "check" : "enrol", &id);
    bulk_call(bulk, "ansinh.v1.Enrolment/Enrol", &id, &in.base, on_row,
              call_row_create(self, bulk, &csv));
    return 1;
}

static int run_participants(struct import *self)
{
    return calls_run(self, WINDOW, start_participant, NULL);
}

const struct import_kind import_participants = {
    .name = "participants",
    .required = (const char *const[]){"personal_id", "full_name", "birth_date", "sex", "unit_code",
                                      "support_group", "income_vnd", "method", NULL},
    .optional = (const char *const[]){"phone", "email", "address", "collector_code", "enrolled_on",
                                      "language", "si_code", "months", "in_compulsory_si",
                                      "draws_pension", "draws_allowance", "foreign_citizen", NULL},
    .key = (const char *const[]){"personal_id", NULL},
    .services = (const char *const[]){"enrolment", NULL},
    .run = run_participants,
};

/* --- acceptances: each person once in a file, so that no order of rows matters ---------------- */

static int read_acceptance(struct calls *self, const struct csv_row *csv,
                           Ansinh__V1__RecordAcceptanceRequest *ret, struct err *err)
{
    static const char *const keys[] = {"personal_id", "participant_id", "si_code"};
    int n_keys = 0;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        n_keys += import_value(self->import, csv, keys[i])[0] != '\0';
    if (n_keys != 1)
        return err_field(err, -EINVAL, "personal_id",
                         "want one of personal_id, participant_id, si_code");
    arena_reset(self->arena);
    ansinh__v1__record_acceptance_request__init(ret);
    ret->dry_run = self->import->is_dry_run;
    return import_fill(self->import, csv, &ret->base, self->arena, err);
}

static int start_acceptance(void *arg, struct bulk *bulk, unsigned long i)
{
    (void)i;
    struct calls *self = arg;
    struct csv_row csv;
    struct request_id id;
    struct err err = {0};
    Ansinh__V1__RecordAcceptanceRequest in;
    if (!calls_take_row(self, &csv))
        return 0;
    if (read_acceptance(self, &csv, &in, &err) < 0) {
        calls_refuse_value(self->import, &csv, &err);
        bulk_done(bulk, 0);
        return 1;
    }
    import_request_id(self->import, &csv, in.dry_run ? "check" : "decide", &id);
    bulk_call(bulk, "ansinh.v1.Enrolment/RecordAcceptance", &id, &in.base, on_row,
              call_row_create(self, bulk, &csv));
    return 1;
}

static int run_acceptances(struct import *self)
{
    return calls_run(self, WINDOW, start_acceptance, NULL);
}

const struct import_kind import_acceptances = {
    .name = "acceptances",
    .required = (const char *const[]){"decision", "officer_code", NULL},
    .optional = (const char *const[]){"personal_id", "participant_id", "si_code", "decided_on",
                                      "reason", NULL},
    .key = (const char *const[]){"personal_id", "participant_id", "si_code", NULL},
    .services = (const char *const[]){"enrolment", NULL},
    .run = run_acceptances,
};

/* --- payments: the rows of one person one after the other, in the file's order ---------------- */

static void payment_begin(struct call_row *self);

static void payment_end(struct call_row *self, int is_good)
{
    struct calls *calls = self->calls;
    calls->import->n_good += (unsigned long)is_good;
    if (self->next != NULL)
        payment_begin(self->next);
    else
        (void)map_remove(calls->last, self->person, self->person_len);
    bulk_done(self->bulk, is_good);
    call_row_free(self);
}

static void payment_fail(struct call_row *self, const struct err *err)
{
    calls_refuse_value(self->calls->import, self->csv, err);
    payment_end(self, 0);
}

static void on_paid(void *arg, const struct bus_answer *answer)
{
    struct call_row *self = arg;
    /* the id is made of the row: this very row was paid before, with a bill that was shown then */
    int is_known = answer->code == ANSINH__V1__CODE__CODE_ALREADY_EXISTS &&
                   strcmp(answer->field, "Idempotency-Key") == 0;
    if (answer->code != 0 && !is_known)
        calls_refuse(self->calls, self->csv, answer);
    payment_end(self, answer->code == 0 || is_known);
}

/* What can be told from the row alone. */
static int check_payment(const struct import *import, const struct csv_row *csv,
                         const Ansinh__V1__PayRequest *in, struct err *err)
{
    int32_t paid_day;
    int has_personal_id = import_value(import, csv, "personal_id")[0] != '\0';
    int has_participant_id = import_value(import, csv, "participant_id")[0] != '\0';
    if (has_personal_id == has_participant_id)
        return err_field(err, -EINVAL, "personal_id", "want one of personal_id, participant_id");
    if (date_parse(in->paid_on, &paid_day) < 0)
        return err_field(err, -EINVAL, "paid_on", "want a date as YYYY-MM-DD");
    if (paid_day > clock_business_day(clock_wall_ms()))
        return err_field(err, -EINVAL, "paid_on", "the date is in the future");
    if (in->channel == ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_UNSPECIFIED)
        return err_field(err, -EINVAL, "channel", "want cash or transfer");
    if (in->amount_vnd < 0)
        return err_field(err, -EINVAL, "amount_vnd", "want the amount in dong");
    return 0;
}

/* The row as a PayRequest, without the bill; in the arena. */
static int read_payment(struct calls *self, const struct csv_row *csv, Ansinh__V1__PayRequest *ret,
                        struct err *err)
{
    arena_reset(self->arena);
    ansinh__v1__pay_request__init(ret);
    int rc = import_fill(self->import, csv, &ret->base, self->arena, err);
    return rc < 0 ? rc : check_payment(self->import, csv, ret, err);
}

static void pay(struct call_row *self, const Ansinh__V1__InquireResponse *bill)
{
    struct calls *calls = self->calls;
    struct request_id id;
    struct err err = {0};
    Ansinh__V1__PayRequest in;
    int rc = read_payment(calls, self->csv, &in, &err);
    int has_amount = import_value(calls->import, self->csv, "amount_vnd")[0] != '\0';
    if (rc == 0 && has_amount && in.amount_vnd != bill->due_vnd)
        rc = err_field(&err, -EINVAL, "amount_vnd", "the bill is due with %lld dong, not %lld",
                       (long long)bill->due_vnd, (long long)in.amount_vnd);
    if (rc < 0) {
        payment_fail(self, &err);
        return;
    }
    in.bill_id = bill->bill_id;
    in.bill_version = bill->bill_version;
    in.amount_vnd = bill->due_vnd;
    import_request_id(calls->import, self->csv, "pay", &id);
    bulk_call(self->bulk, "ansinh.v1.Payments/Pay", &id, &in.base, on_paid, self);
}

static void on_bill(void *arg, const struct bus_answer *answer)
{
    struct call_row *self = arg;
    if (answer->code != 0) {
        calls_refuse(self->calls, self->csv, answer);
        payment_end(self, 0);
        return;
    }
    Ansinh__V1__InquireResponse *bill =
        ansinh__v1__inquire_response__unpack(NULL, answer->body_len, answer->body);
    ASSERT(bill != NULL);
    pay(self, bill);
    ansinh__v1__inquire_response__free_unpacked(bill, NULL);
}

static void on_participant(void *arg, const struct bus_answer *answer)
{
    struct call_row *self = arg;
    if (answer->code != 0)
        calls_refuse(self->calls, self->csv, answer);
    payment_end(self, answer->code == 0);
}

static void payment_begin(struct call_row *self)
{
    struct calls *calls = self->calls;
    struct request_id id;
    struct err err = {0};
    Ansinh__V1__InquireRequest inquire;
    ansinh__v1__inquire_request__init(&inquire);
    Ansinh__V1__GetParticipantRequest get;
    ansinh__v1__get_participant_request__init(&get);
    int is_dry_run = calls->import->is_dry_run;
    arena_reset(calls->arena);
    if (calls->is_stopped) {
        import_refused(calls->import, self->csv, ANSINH__V1__CODE__CODE_UNAVAILABLE, "",
                       "not tried, the rows before did not get an answer");
        payment_end(self, 0);
    } else if (import_fill(calls->import, self->csv, is_dry_run ? &get.base : &inquire.base,
                           calls->arena, &err) < 0) {
        payment_fail(self, &err);
    } else if (is_dry_run) {
        bulk_call(self->bulk, "ansinh.v1.Enrolment/GetParticipant", NULL, &get.base, on_participant,
                  self);
    } else {
        inquire.on =
            arena_printf(calls->arena, "%s", import_value(calls->import, self->csv, "paid_on"));
        import_request_id(calls->import, self->csv, "inquire", &id);
        bulk_call(self->bulk, "ansinh.v1.Payments/Inquire", &id, &inquire.base, on_bill, self);
    }
}

static int start_payment(void *arg, struct bulk *bulk, unsigned long i)
{
    (void)i;
    struct calls *self = arg;
    struct csv_row csv;
    struct err err = {0};
    Ansinh__V1__PayRequest in;
    if (!calls_take_row(self, &csv))
        return 0;
    int rc = read_payment(self, &csv, &in, &err);
    const char *person = import_value(self->import, &csv, "personal_id");
    if (person[0] == '\0')
        person = import_value(self->import, &csv, "participant_id");
    if (rc == 0 && strlen(person) > MAP_KEY_MAX_BYTES)
        rc = err_field(&err, -EINVAL, "personal_id", "too long");
    if (rc < 0) {
        calls_refuse_value(self->import, &csv, &err);
        bulk_done(bulk, 0);
        return 1;
    }
    struct call_row *row = call_row_create(self, bulk, &csv);
    row->person_len = strlen(person);
    row->person = import_value(self->import, row->csv, "personal_id");
    if (row->person[0] == '\0')
        row->person = import_value(self->import, row->csv, "participant_id");
    struct call_row *last = map_put(self->last, row->person, row->person_len, row);
    if (last == NULL)
        payment_begin(row);
    else
        last->next = row;
    return 1;
}

static int run_payments(struct import *self)
{
    return calls_run(self, WINDOW, start_payment, NULL);
}

const struct import_kind import_payments = {
    .name = "payments",
    .required = (const char *const[]){"paid_on", "channel", NULL},
    .optional = (const char *const[]){"personal_id", "participant_id", "amount_vnd", "point_code",
                                      "collector_code", NULL},
    .services = (const char *const[]){"enrolment", "payments", NULL},
    .run = run_payments,
};
