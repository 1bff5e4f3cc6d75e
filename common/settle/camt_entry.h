/* What a camt file says, value by value, and the rules that hold between the values. Private to
 * the reader. */
#ifndef ANSINH_SETTLE_CAMT_ENTRY_H
#define ANSINH_SETTLE_CAMT_ENTRY_H

#include "common/settle/camt_paths.h"

struct camt_transaction {
    unsigned line, i;
    int64_t amount_vnd; /* 0: none was said */
    int is_details;     /* the amount stands in AmtDtls, which gives way to TxDtls/Amt */
    int sign;           /* 1 credit, -1 debit, 0: none was said */
    char bank_reference[CAMT_REFERENCE_BYTES], end_to_end_id[CAMT_REFERENCE_BYTES];
    char reference[CAMT_REFERENCE_BYTES], text[CAMT_TEXT_MAX_BYTES + 1];
};

struct camt_entry_state {
    unsigned line;
    int has_amount, has_status, is_reversal;
    int64_t amount_vnd;
    int sign;
    enum camt_status status;
    int32_t booked_day;
    char reference[CAMT_REFERENCE_BYTES], bank_reference[CAMT_REFERENCE_BYTES];
    unsigned n_transactions;
    int64_t sum_vnd; /* of the transactions, signed */
    struct camt_transaction current, waiting;
};

struct camt_balance {
    int64_t amount_vnd;
    int has_amount, sign;
    char code[8];
};

struct camt_statement {
    unsigned line;
    char id[CAMT_REFERENCE_BYTES], account[CAMT_REFERENCE_BYTES];
    struct camt_balance balance; /* under construction */
    int has_opening, has_closing;
    int64_t opening_vnd, closing_vnd, sum_vnd; /* signed */
};

struct camt_state {
    struct camt_summary *summary;
    camt_entry_fn fn;
    void *arg;
    struct camt_statement statement;
    struct camt_entry_state entry;
};

/* Each answers 0, or a negative errno with what is wrong in err (without line and element), or what
 * fn answered. */
int camt_begin(struct camt_state *self, enum camt_node node, unsigned line,
               struct err *err) MUST_CHECK;
/* currency NULL: the element has none. */
int camt_value(struct camt_state *self, enum camt_node node, const char *value,
               const char *currency, struct err *err) MUST_CHECK;
int camt_end(struct camt_state *self, enum camt_node node, struct err *err) MUST_CHECK;

/* Whole dong of an amount as ISO 20022 writes them: up to 18 digits, and a fraction of zeros only.
 * -EINVAL. */
int camt_amount_parse(const char *text, int64_t *ret_vnd) MUST_CHECK;

#endif
