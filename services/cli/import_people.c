/* Participants and payments: a call or two per row, many rows under way at once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "services/cli/bulk.h"
#include "services/cli/import_rows.h"

#define WINDOW 512
#define CALL_ARENA_BYTES (4 * CSV_LINE_MAX_BYTES)

/* All rows under way. */
struct people {
    struct import *import;
    struct arena *arena; /* of the message that is being sent */
    struct map *last;    /* payments: the newest row under way of each person */
    int is_stopped;      /* a service does not answer: no more rows are read */
};

/* One row on its way. */
struct person_row {
    struct people *people;
    struct bulk *bulk;
    struct csv_row *csv;
    struct person_row *next; /* of the same person: waits until this one has ended */
    const char *person;
    size_t person_len;
};

static struct person_row *row_create(struct people *people, struct bulk *bulk,
                                     const struct csv_row *csv)
{
    struct person_row *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->people = people;
    self->bulk = bulk;
    self->csv = import_keep(csv);
    return self;
}

static void row_free(struct person_row *self)
{
    free(self->csv);
    free(self);
}

/* True when a row may well be good but nobody is there to take it. */
static int is_outage(Ansinh__V1__Code code)
{
    return code == ANSINH__V1__CODE__CODE_UNAVAILABLE || code == ANSINH__V1__CODE__CODE_UNKNOWN ||
           code == ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED ||
           code == ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED;
}

static void refuse(struct person_row *self, const struct bus_answer *answer)
{
    struct people *people = self->people;
    if (is_outage(answer->code) && !people->is_stopped) {
        people->is_stopped = 1;
        (void)cli_fail(1, "%s: %s", bus_code_name(answer->code), answer->message);
    }
    import_refused(people->import, self->csv, answer->code, answer->field, answer->message);
}

static void refuse_value(struct import *import, const struct csv_row *csv, const struct err *err)
{
    import_refused(import, csv, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err->field, err->text);
}

/* The next row to start. 1; 0: no more. */
static int take_row(struct people *self, struct csv_row *ret)
{
    if (self->is_stopped)
        return 0;
    int rc = import_next(self->import, ret);
    self->is_stopped = rc < 0;
    return rc == 1;
}

/* Rows of the file, judged by how far it is read. */
static unsigned long estimate_rows(void *arg)
{
    const struct people *self = arg;
    long long read, size;
    csv_progress(self->import->file, &read, &size);
    if (self->import->is_at_end || read == 0)
        return self->import->n_rows;
    return (unsigned long)((double)self->import->n_rows * (double)size / (double)read);
}

static int run(struct import *import, int (*start)(void *arg, struct bulk *bulk, unsigned long i))
{
    struct people self = {
        .import = import, .arena = arena_create(CALL_ARENA_BYTES), .last = map_create()};
    struct bulk_conf conf = {.svc = import->svc,
                             .window = WINDOW,
                             .title = import->kind->name,
                             .estimate = estimate_rows,
                             .start = start,
                             .arg = &self};
    (void)bulk_run(&conf, NULL); /* rows are counted where they end */
    map_destroy(&self.last);
    arena_destroy(&self.arena);
    return self.is_stopped;
}

/* --- participants ----------------------------------------------------------------------------- */

static void on_enrolled(void *arg, const struct bus_answer *answer)
{
    struct person_row *self = arg;
    if (answer->code == 0)
        self->people->import->n_good++;
    else
        refuse(self, answer);
    bulk_done(self->bulk, answer->code == 0);
    row_free(self);
}

static int start_participant(void *arg, struct bulk *bulk, unsigned long i)
{
    (void)i;
    struct people *self = arg;
    struct csv_row csv;
    struct request_id id;
    struct err err = {0};
    if (!take_row(self, &csv))
        return 0;
    arena_reset(self->arena);
    Ansinh__V1__EnrolRequest in;
    ansinh__v1__enrol_request__init(&in);
    if (import_fill(self->import, &csv, &in.base, self->arena, &err) < 0) {
        refuse_value(self->import, &csv, &err);
        bulk_done(bulk, 0);
        return 1;
    }
    in.dry_run = self->import->is_dry_run;
    import_request_id(self->import, &csv, in.dry_run ? "check" : "enrol", &id);
    bulk_call(bulk, "ansinh.v1.Enrolment/Enrol", &id, &in.base, on_enrolled,
              row_create(self, bulk, &csv));
    return 1;
}

static int run_participants(struct import *self)
{
    return run(self, start_participant);
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

/* --- payments: the rows of one person one after the other, in the file's order ---------------- */

static void payment_begin(struct person_row *self);

static void payment_end(struct person_row *self, int is_good)
{
    struct people *people = self->people;
    people->import->n_good += (unsigned long)is_good;
    if (self->next != NULL)
        payment_begin(self->next);
    else
        (void)map_remove(people->last, self->person, self->person_len);
    bulk_done(self->bulk, is_good);
    row_free(self);
}

static void payment_fail(struct person_row *self, const struct err *err)
{
    refuse_value(self->people->import, self->csv, err);
    payment_end(self, 0);
}

static void on_paid(void *arg, const struct bus_answer *answer)
{
    struct person_row *self = arg;
    /* the id is made of the row: this very row was paid before, with a bill that was shown then */
    int is_known = answer->code == ANSINH__V1__CODE__CODE_ALREADY_EXISTS &&
                   strcmp(answer->field, "Idempotency-Key") == 0;
    if (answer->code != 0 && !is_known)
        refuse(self, answer);
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
static int read_payment(struct people *self, const struct csv_row *csv, Ansinh__V1__PayRequest *ret,
                        struct err *err)
{
    arena_reset(self->arena);
    ansinh__v1__pay_request__init(ret);
    int rc = import_fill(self->import, csv, &ret->base, self->arena, err);
    return rc < 0 ? rc : check_payment(self->import, csv, ret, err);
}

static void pay(struct person_row *self, const Ansinh__V1__InquireResponse *bill)
{
    struct people *people = self->people;
    struct request_id id;
    struct err err = {0};
    Ansinh__V1__PayRequest in;
    int rc = read_payment(people, self->csv, &in, &err);
    int has_amount = import_value(people->import, self->csv, "amount_vnd")[0] != '\0';
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
    import_request_id(people->import, self->csv, "pay", &id);
    bulk_call(self->bulk, "ansinh.v1.Payments/Pay", &id, &in.base, on_paid, self);
}

static void on_bill(void *arg, const struct bus_answer *answer)
{
    struct person_row *self = arg;
    if (answer->code != 0) {
        refuse(self, answer);
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
    struct person_row *self = arg;
    if (answer->code != 0)
        refuse(self, answer);
    payment_end(self, answer->code == 0);
}

static void payment_begin(struct person_row *self)
{
    struct people *people = self->people;
    struct request_id id;
    struct err err = {0};
    Ansinh__V1__InquireRequest inquire;
    ansinh__v1__inquire_request__init(&inquire);
    Ansinh__V1__GetParticipantRequest get;
    ansinh__v1__get_participant_request__init(&get);
    int is_dry_run = people->import->is_dry_run;
    arena_reset(people->arena);
    if (people->is_stopped) {
        import_refused(people->import, self->csv, ANSINH__V1__CODE__CODE_UNAVAILABLE, "",
                       "not tried, the rows before did not get an answer");
        payment_end(self, 0);
    } else if (import_fill(people->import, self->csv, is_dry_run ? &get.base : &inquire.base,
                           people->arena, &err) < 0) {
        payment_fail(self, &err);
    } else if (is_dry_run) {
        bulk_call(self->bulk, "ansinh.v1.Enrolment/GetParticipant", NULL, &get.base, on_participant,
                  self);
    } else {
        inquire.on =
            arena_printf(people->arena, "%s", import_value(people->import, self->csv, "paid_on"));
        import_request_id(people->import, self->csv, "inquire", &id);
        bulk_call(self->bulk, "ansinh.v1.Payments/Inquire", &id, &inquire.base, on_bill, self);
    }
}

static int start_payment(void *arg, struct bulk *bulk, unsigned long i)
{
    (void)i;
    struct people *self = arg;
    struct csv_row csv;
    struct err err = {0};
    Ansinh__V1__PayRequest in;
    if (!take_row(self, &csv))
        return 0;
    int rc = read_payment(self, &csv, &in, &err);
    const char *person = import_value(self->import, &csv, "personal_id");
    if (person[0] == '\0')
        person = import_value(self->import, &csv, "participant_id");
    if (rc == 0 && strlen(person) > MAP_KEY_MAX_BYTES)
        rc = err_field(&err, -EINVAL, "personal_id", "too long");
    if (rc < 0) {
        refuse_value(self->import, &csv, &err);
        bulk_done(bulk, 0);
        return 1;
    }
    struct person_row *row = row_create(self, bulk, &csv);
    row->person_len = strlen(person);
    row->person = import_value(self->import, row->csv, "personal_id");
    if (row->person[0] == '\0')
        row->person = import_value(self->import, row->csv, "participant_id");
    struct person_row *last = map_put(self->last, row->person, row->person_len, row);
    if (last == NULL)
        payment_begin(row);
    else
        last->next = row;
    return 1;
}

static int run_payments(struct import *self)
{
    return run(self, start_payment);
}

const struct import_kind import_payments = {
    .name = "payments",
    .required = (const char *const[]){"paid_on", "channel", NULL},
    .optional = (const char *const[]){"personal_id", "participant_id", "amount_vnd", "point_code",
                                      "collector_code", NULL},
    .services = (const char *const[]){"enrolment", "payments", NULL},
    .run = run_payments,
};
