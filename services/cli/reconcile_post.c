/* Posting what a partner collected and the ledger does not know: each row is a Pay of the partner
 * under its own transaction id, so that a late retry of the partner finds it, and a repetition of
 * the posting finds what the first one did. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/collections.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "services/cli/bulk.h"
#include "services/cli/reconcile.h"

#define WINDOW 32
#define TIMEOUT_MS 60000

struct job {
    struct posting *posting;
    size_t line;
};

struct posting {
    struct reconcile *reconcile;
    struct bulk *bulk;
    size_t at; /* the next line to look at */
    unsigned long n_unknown;
    struct err *err;
};

/* Codes after which the same Pay may still be done: they say nothing about the row. */
static int is_final(Ansinh__V1__Code code)
{
    switch ((int)code) {
    case ANSINH__V1__CODE__CODE_INVALID_ARGUMENT:
    case ANSINH__V1__CODE__CODE_NOT_FOUND:
    case ANSINH__V1__CODE__CODE_ALREADY_EXISTS:
    case ANSINH__V1__CODE__CODE_PERMISSION_DENIED:
    case ANSINH__V1__CODE__CODE_FAILED_PRECONDITION:
    case ANSINH__V1__CODE__CODE_OUT_OF_RANGE:
        return 1;
    default:
        return 0;
    }
}

static int take_answer(const struct job *job, const struct bus_answer *answer)
{
    struct reconcile *self = job->posting->reconcile;
    Ansinh__V1__CollectionsPayResponse *paid =
        ansinh__v1__collections_pay_response__unpack(NULL, answer->body_len, answer->body);
    int rc = paid == NULL || paid->payment == NULL
                 ? -EPROTO
                 : match_posted(self->match, job->line, paid->payment->payment_id);
    if (paid != NULL)
        ansinh__v1__collections_pay_response__free_unpacked(paid, NULL);
    self->n_posted += rc == 0;
    return rc;
}

static int take_refusal(const struct job *job, const struct bus_answer *answer)
{
    struct reconcile *self = job->posting->reconcile;
    char why[ERR_FIELD_MAX_BYTES + ERR_TEXT_MAX_BYTES + 4];
    (void)snprintf(why, sizeof(why), "%s%s%s", answer->field, answer->field[0] == '\0' ? "" : ": ",
                   answer->message);
    self->n_refused++;
    return match_refused(self->match, job->line, why);
}

static void on_answer(void *arg, const struct bus_answer *answer)
{
    struct job *job = arg;
    struct posting *posting = job->posting;
    int rc = answer->code == 0        ? take_answer(job, answer)
             : is_final(answer->code) ? take_refusal(job, answer)
                                      : -EAGAIN;
    if (rc < 0 && posting->n_unknown++ == 0)
        (void)err_set(posting->err, rc, "%s",
                      answer->code == 0 ? "the answer cannot be read" : answer->message);
    bulk_done(posting->bulk, rc == 0);
    free(job);
}

static void pay(struct posting *self, const struct match_line *line, size_t i)
{
    const struct eod_row *row = &line->row;
    const struct reconcile *reconcile = self->reconcile;
    char date[DATE_TEXT_BYTES];
    struct request_id id;
    struct job *job = malloc(sizeof(*job));
    Ansinh__V1__CollectionsPayRequest request;
    ASSERT(job != NULL);
    *job = (struct job){self, i};
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
    request_id_make(clock_wall_ms(), &id);
    const struct bus_call call = {.service = "payments",
                                  .method = "ansinh.v1.Collections/Pay",
                                  .id = &id,
                                  .timeout_ms = TIMEOUT_MS,
                                  .partner = reconcile->query.partner,
                                  .source_file = reconcile->file.hash};
    bus_call(reconcile->svc.client, &call, &request.base, on_answer, job);
}

/* In the order of the file. After the first unknown answer no more are sent. */
static int start(void *arg, struct bulk *bulk, unsigned long i)
{
    struct posting *self = arg;
    struct match_line line;
    (void)i;
    self->bulk = bulk;
    for (; self->at < match_count(self->reconcile->match) && self->n_unknown == 0; self->at++) {
        match_line(self->reconcile->match, self->at, &line);
        if (line.posting != POSTING_DUE)
            continue;
        pay(self, &line, self->at++);
        return 1;
    }
    return 0;
}

static unsigned long count_due(const struct match *match)
{
    struct match_line line;
    unsigned long n = 0;
    for (size_t i = 0; i < match_count(match); i++) {
        match_line(match, i, &line);
        n += line.posting == POSTING_DUE;
    }
    return n;
}

int reconcile_post(struct reconcile *self, struct err *err)
{
    struct err why = {0};
    struct posting posting = {.reconcile = self, .err = &why};
    unsigned long n_due = count_due(self->match), n_done = 0;
    const struct bulk_conf conf = {.svc = &self->svc,
                                   .window = WINDOW,
                                   .title = "reconcile",
                                   .total = n_due,
                                   .start = start,
                                   .arg = &posting};
    (void)bulk_run(&conf, &n_done);
    if (posting.n_unknown > 0)
        return err_set(err, -EAGAIN, "posting did not end (%.80s): run it again", why.text);
    if (n_done < n_due)
        return err_set(err, -EAGAIN, "posting was ended early: run it again");
    return 0;
}
