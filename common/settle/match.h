/* What a partner says of a business date, held against what the ledger says of it. Every row of the
 * file and every payment of the ledger gets exactly one class; nothing is left out.
 *
 * A row and a payment belong together when they have the same transaction id. In memory: about 250
 * bytes a row. */
#ifndef ANSINH_SETTLE_MATCH_H
#define ANSINH_SETTLE_MATCH_H

#include "common/settle/eod.h"

/* When several fit, the first one in this order; match_line.differs names all. */
enum match_class {
    MATCH_BAD_RECORD,          /* a row that cannot be used */
    MATCH_DUPLICATE,           /* its transaction id came before, in the file or in the ledger */
    MATCH_MISSING_AT_PARTNER,  /* a payment of the date that the file does not have */
    MATCH_OTHER_BUSINESS_DATE, /* the row's date is not the file's, or not the payment's */
    MATCH_MISSING_AT_US,       /* the ledger had no such payment, or has it from this very file */
    MATCH_AMOUNT_DIFFERS,
    MATCH_STATUS_DIFFERS,
    MATCH_FEE_DIFFERS,
    MATCH_MATCHED,
    MATCH_CLASSES,
    MATCH_OPEN = MATCH_CLASSES, /* a row before match_settle */
};

extern const char *const match_class_names[MATCH_CLASSES]; /* "missing_at_us" */

enum match_differs {
    DIFFERS_BUSINESS_DATE = 1,
    DIFFERS_AMOUNT = 2,
    DIFFERS_STATUS = 4,
    DIFFERS_FEE = 8
};

/* What becomes of a row that is missing at us. */
enum match_posting {
    POSTING_NONE, /* nothing: of every other class; or it was reversed, and there is nothing to post
                   */
    POSTING_DUE,  /* to be posted */
    POSTING_DONE, /* is in the ledger, from this file */
    POSTING_REFUSED, /* the platform does not take it, note says why */
};

/* A payment of the ledger. Texts are borrowed during the call. */
struct match_payment {
    const char *transaction_id;
    const char *payment_id;
    int64_t amount_vnd;
    enum eod_status status;
    int32_t business_day;
    int64_t fee_vnd;       /* as agreed; -1: nothing was agreed, and no fee is compared */
    int is_from_this_file; /* was posted from the file that is being matched */
    const char *note;      /* what else is to be told of it, as of a refund; NULL: nothing */
};

/* One line of the result. Texts are borrowed from the match. */
struct match_line {
    enum match_class class;
    unsigned differs; /* enum match_differs */
    enum match_posting posting;
    /* Of a bad record: what is wrong; of what is not posted: why; of a payment its note. */
    const char *note;
    int has_row; /* else row.transaction_id alone is set */
    struct eod_row row;
    int has_payment; /* else the rest is empty and 0 */
    const char *payment_id;
    int64_t our_amount_vnd, our_fee_vnd;
    enum eod_status our_status;
    int32_t our_business_day;
};

struct match_sum {
    uint32_t n, n_rows, n_payments; /* n_rows: of the file; n_payments: of the ledger */
    int64_t rows_vnd, payments_vnd;
};

struct match;

/* For the file of one business date. */
struct match *match_create(int32_t business_day);
void match_destroy(struct match **self);

/* First the rows; -ENOMEM: more than EOD_ROWS_MAX lines, or no memory. */
int match_row(struct match *self, const struct eod_row *row) MUST_CHECK;
int match_bad(struct match *self, const struct eod_bad *bad) MUST_CHECK;
/* Then the payments, of the business date and, so that other dates are seen, of days around it; one
 * of another date without a row is left out, for it belongs to that date. */
int match_payment(struct match *self, const struct match_payment *payment) MUST_CHECK;
/* Then the end: every row that no payment was found for is missing at us. */
void match_settle(struct match *self);

/* The rows as they stand in the file, then the payments without one as they were added. */
size_t match_count(const struct match *self);
void match_line(const struct match *self, size_t i, struct match_line *ret);

/* What became of a row whose posting was due. Texts are copied. */
int match_posted(struct match *self, size_t i, const char *payment_id) MUST_CHECK;
int match_refused(struct match *self, size_t i, const char *why) MUST_CHECK;

/* Counts and sums by class; they add up to what was given. */
void match_sums(const struct match *self, struct match_sum ret[MATCH_CLASSES]);

/* What the partner owes for the business date: the ledger's payments of it, without the reversed
 * ones. */
int64_t match_due_vnd(const struct match *self);

#endif
