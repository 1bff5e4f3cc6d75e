/* ansinh reconcile: a partner's end-of-day file, the ledger and the bank's statements, held against
 * each other (common/settle). */
#ifndef ANSINH_CLI_RECONCILE_H
#define ANSINH_CLI_RECONCILE_H

#include "common/service/service.h"
#include "common/settle/report.h"
#include "services/cli/entries.h"
#include "services/cli/reconcile_banked.h"

#define RECONCILE_STATEMENTS_MAX 64
#define RECONCILE_DAYS_BEFORE 7 /* recorded so much earlier a payment may be and is still found */

struct reconcile_query {
    const char *partner, *file, *out;
    const char *statements[RECONCILE_STATEMENTS_MAX];
    size_t n_statements;
    int32_t business_day;
    int is_posting;
    struct entries_query entries;
};

struct reconcile {
    struct reconcile_query query;
    struct service svc;
    struct eod_file file;
    struct match *match;
    struct bank *bank; /* NULL: no statement was given */
    struct bank_result result;
    struct reconcile_sum {
        uint32_t n_posted, n_refused;
    } payments, entries; /* of the file, of the bank; in this run */
};

/* Adds the ledger's payments of the partner to the match, and its bank entries to the bank; blocks.
 * As entries_read. */
int reconcile_read_ledger(struct reconcile *self, struct err *err) MUST_CHECK;

/* Pays what is missing at us under the partner's own transaction ids, and posts the bank's entries;
 * blocks. -EAGAIN: some answers are not known; what was done is done, and another run goes on with
 * the rest. */
int reconcile_post(struct reconcile *self, struct err *err) MUST_CHECK;

/* Writes the reports, their checksums and the signature over these into the folder, which is made
 * when it is missing; each file is synced and then takes its name. Negative errno. */
int reconcile_write(const struct reconcile *self, struct err *err) MUST_CHECK;

#endif
