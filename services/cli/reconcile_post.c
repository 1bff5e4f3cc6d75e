/* Posting what the ledger does not know. What a partner collected: each row is a Pay of the partner
 * under its own transaction id, so that a late retry of the partner finds it. What the bank says:
 * each entry under a name made of what it is. A repetition finds what the first posting did. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/collections.pb-c.h"
#include "ansinh/v1/ledger.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "services/cli/bulk.h"
#include "services/cli/reconcile.h"

#define WINDOW 256 /* commits of a batch share one fsync */
#define TIMEOUT_MS 60000

struct job {
    struct posting *posting;
    size_t line;
};

/* Rows of the file, or entries of the bank. */
struct posting_kind {
    int (*is_due)(const struct reconcile *self, size_t i);
    void (*send)(struct job *job);
    int (*take_answer)(const struct job *job, const struct bus_answer *answer);
    int (*take_refusal)(const struct job *job, const char *why);
    int is_conflict_final; /* already_exists is an answer about the line */
};

struct posting {
    struct reconcile *reconcile;
    const struct posting_kind *kind;
    struct reconcile_sum *sum;
    size_t n; /* lines */
    struct bulk *bulk;
    size_t at; /* the next line to look at */
    unsigned long n_unknown;
    struct err *err;
};

/* --- answers ---------------------------------------------------------------------------------- */

/* Codes after which the same call may still be done: they say nothing about the line. */
static int is_final(const struct posting_kind *kind, Ansinh__V1__Code code)
{
    switch ((int)code) {
    case ANSINH__V1__CODE__CODE_ALREADY_EXISTS:
        return kind->is_conflict_final;
    case ANSINH__V1__CODE__CODE_INVALID_ARGUMENT:
    case ANSINH__V1__CODE__CODE_NOT_FOUND:
    case ANSINH__V1__CODE__CODE_PERMISSION_DENIED:
    case ANSINH__V1__CODE__CODE_FAILED_PRECONDITION:
    case ANSINH__V1__CODE__CODE_OUT_OF_RANGE:
        return 1;
    default:
        return 0;
    }
}

static int refuse(const struct job *job, const struct bus_answer *answer)
{
    char why[ERR_FIELD_MAX_BYTES + ERR_TEXT_MAX_BYTES + 4];
    (void)snprintf(why, sizeof(why), "%s%s%s", answer->field, answer->field[0] == '\0' ? "" : ": ",
                   answer->message);
    job->posting->sum->n_refused++;
    return job->posting->kind->take_refusal(job, why);
}

static void on_answer(void *arg, const struct bus_answer *answer)
{
    struct job *job = arg;
    struct posting *posting = job->posting;
    int rc = -EAGAIN;
    if (answer->code == 0) {
        rc = posting->kind->take_answer(job, answer);
        posting->sum->n_posted += rc == 0;
    } else if (is_final(posting->kind, answer->code)) {
        rc = refuse(job, answer);
    }
    if (rc < 0 && posting->n_unknown++ == 0)
        (void)err_set(posting->err, rc, "%s",
                      answer->code == 0 ? "the answer cannot be read" : answer->message);
    bulk_done(posting->bulk, rc == 0);
    free(job);
}

static void call(struct job *job, struct bus_call *how, const ProtobufCMessage *request)
{
    struct request_id id;
    request_id_make(clock_wall_ms(), &id);
    how->id = &id;
    how->timeout_ms = TIMEOUT_MS;
    bus_call(job->posting->reconcile->svc.client, how, request, on_answer, job);
}

/* --- rows of the file ------------------------------------------------------------------------- */

static int is_row_due(const struct reconcile *self, size_t i)
{
    struct match_line line;
    match_line(self->match, i, &line);
    return line.posting == POSTING_DUE;
}

static int take_payment(const struct job *job, const struct bus_answer *answer)
{
    struct reconcile *self = job->posting->reconcile;
    Ansinh__V1__CollectionsPayResponse *paid =
        ansinh__v1__collections_pay_response__unpack(NULL, answer->body_len, answer->body);
    int rc = paid == NULL || paid->payment == NULL
                 ? -EPROTO
                 : match_posted(self->match, job->line, paid->payment->payment_id);
    if (paid != NULL)
        ansinh__v1__collections_pay_response__free_unpacked(paid, NULL);
    return rc;
}

static int refuse_row(const struct job *job, const char *why)
{
    return match_refused(job->posting->reconcile->match, job->line, why);
}

static void pay(struct job *job)
{
    const struct reconcile *self = job->posting->reconcile;
    char date[DATE_TEXT_BYTES];
    struct match_line line;
    Ansinh__V1__CollectionsPayRequest request;
    match_line(self->match, job->line, &line);
    const struct eod_row *row = &line.row;
    date_format(row->business_day, date);
    ansinh__v1__collections_pay_request__init(&request);
    request.partner_transaction_id = (char *)(uintptr_t)row->transaction_id;
    request.bill_id = (char *)(uintptr_t)row->bill_id;
    request.bill_version = row->bill_version;
    request.amount_vnd = row->amount_vnd;
    request.paid_at_ms = row->paid_at_ms;
    request.business_date = date;
    request.channel = row->channel == EOD_CASH
                          ? ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_CASH
                          : ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER;
    request.point_code = (char *)(uintptr_t)row->point;
    request.collector_code = (char *)(uintptr_t)row->collector;
    struct bus_call how = {.service = "payments",
                           .method = "ansinh.v1.Collections/Pay",
                           .partner = self->query.partner,
                           .source_file = self->file.hash};
    call(job, &how, &request.base);
}

static const struct posting_kind row_kind = {is_row_due, pay, take_payment, refuse_row, 1};

/* --- entries of the bank ---------------------------------------------------------------------- */

static int is_entry_due(const struct reconcile *self, size_t i)
{
    struct bank_line line;
    bank_line(self->bank, i, &line);
    return line.posting == POSTING_DUE;
}

static int take_posted(const struct job *job, const struct bus_answer *answer)
{
    (void)answer; /* nothing in it is needed */
    bank_line_posted(job->posting->reconcile->bank, job->line);
    return 0;
}

static int refuse_entry(const struct job *job, const char *why)
{
    return bank_line_refused(job->posting->reconcile->bank, job->line, why);
}

static void post_entry(struct job *job)
{
    char date[DATE_TEXT_BYTES];
    struct bank_line line;
    Ansinh__V1__PostBankEntryRequest request;
    bank_line(job->posting->reconcile->bank, job->line, &line);
    date_format(line.booked_day, date);
    ansinh__v1__post_bank_entry_request__init(&request);
    request.bank_account = (char *)(uintptr_t)line.account;
    request.statement_id = (char *)(uintptr_t)line.statement_id;
    request.entry_ref = line.entry_ref;
    request.amount_vnd = line.amount_vnd;
    request.booked_on = date;
    request.organisation_code = (char *)(uintptr_t)line.organisation;
    request.reference = (char *)(uintptr_t)line.books_reference;
    struct bus_call how = {.service = "settlement", .method = "ansinh.v1.Ledger/PostBankEntry"};
    call(job, &how, &request.base);
}

/* A conflict: somebody else has posted the entry since the ledger was read, from a statement that
 * says more, or less, of it. The next run finds it there. */
static const struct posting_kind entry_kind = {is_entry_due, post_entry, take_posted, refuse_entry,
                                               0};

/* --- both ------------------------------------------------------------------------------------- */

/* In the order of the file. After the first unknown answer no more are sent. */
static int start(void *arg, struct bulk *bulk, unsigned long i)
{
    struct posting *self = arg;
    (void)i;
    self->bulk = bulk;
    while (self->at < self->n && self->n_unknown == 0) {
        size_t line = self->at++;
        if (!self->kind->is_due(self->reconcile, line))
            continue;
        struct job *job = malloc(sizeof(*job));
        ASSERT(job != NULL);
        *job = (struct job){self, line};
        self->kind->send(job);
        return 1;
    }
    return 0;
}

static int post(struct posting *self, struct err *err)
{
    struct err why = {0};
    unsigned long n_due = 0, n_done = 0;
    for (size_t i = 0; i < self->n; i++)
        n_due += self->kind->is_due(self->reconcile, i) != 0;
    const struct bulk_conf conf = {.svc = &self->reconcile->svc,
                                   .window = WINDOW,
                                   .title = "reconcile",
                                   .total = n_due,
                                   .start = start,
                                   .arg = self};
    self->err = &why;
    (void)bulk_run(&conf, &n_done);
    if (self->n_unknown > 0)
        return err_set(err, -EAGAIN, "posting did not end (%.80s): run it again", why.text);
    if (n_done < n_due)
        return err_set(err, -EAGAIN, "posting was ended early: run it again");
    return 0;
}

int reconcile_post(struct reconcile *self, struct err *err)
{
    struct posting rows = {.reconcile = self,
                           .kind = &row_kind,
                           .sum = &self->payments,
                           .n = match_count(self->match)};
    int rc = post(&rows, err);
    if (rc < 0 || self->bank == NULL)
        return rc;
    struct posting entries = {
        .reconcile = self, .kind = &entry_kind, .sum = &self->entries, .n = bank_count(self->bank)};
    return post(&entries, err);
}
