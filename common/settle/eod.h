/* A partner's end-of-day file: what it says it collected on one business date. docs/files.md is its
 * description for who writes it.
 *
 * CSV in UTF-8, a record a line: a header (version, partner, business date, number and sum of the
 * rows, SHA-256 of their bytes), the rows, a trailer that says number and sum again. */
#ifndef ANSINH_SETTLE_EOD_H
#define ANSINH_SETTLE_EOD_H

#include <stdint.h>
#include <stdio.h>

#include "common/base/err.h"
#include "common/settle/source.h"

#define EOD_VERSION 1
#define EOD_LINE_MAX_BYTES 1024
#define EOD_ROWS_MAX 5000000
#define EOD_HASH_BYTES 32
#define EOD_CODE_MAX_BYTES 32              /* of a partner, point, collector */
#define EOD_TRANSACTION_MAX_BYTES 64       /* of an id of the partner */
#define EOD_ID_MAX_BYTES 64                /* of an id of ours */
#define EOD_AMOUNT_MAX_VND 1000000000000LL /* so that no sum of rows overflows */

enum eod_status { EOD_PAID = 1, EOD_REVERSED };
enum eod_channel { EOD_CASH = 1, EOD_TRANSFER };

struct eod_head {
    char partner[EOD_CODE_MAX_BYTES + 1];
    int32_t business_day;
    uint32_t n_rows;
    int64_t sum_vnd; /* of all rows' amounts, those of reversed ones too */
    uint8_t rows_hash[EOD_HASH_BYTES];
};

/* Texts are borrowed during the call. */
struct eod_row {
    uint32_t line; /* in the file, from 1; a writer ignores it */
    const char *transaction_id;
    const char *payment_id; /* empty: the partner knows none */
    const char *bill_id;
    uint32_t bill_version;
    int64_t amount_vnd;
    enum eod_status status;
    int64_t paid_at_ms;
    int32_t business_day;
    const char *point, *collector; /* may be empty */
    enum eod_channel channel;
    int64_t fee_vnd;
};

/* A row that cannot be used. */
struct eod_bad {
    uint32_t line;
    const char *transaction_id; /* empty: it cannot be read */
    int64_t amount_vnd;
    int has_amount; /* 0: it cannot be read */
    const char *why;
};

/* What is told of a file as it is read, each with the reader's arg. Each may end the reading with a
 * negative errno, head with err besides. Nothing of it may be believed before eod_read has answered
 * 0: the file may still turn out to be cut off or changed. */
struct eod_visitor {
    int (*head)(void *arg, const struct eod_head *head, struct err *err);
    int (*row)(void *arg, const struct eod_row *row);
    int (*bad)(void *arg, const struct eod_bad *bad);
};

struct eod_file {
    struct eod_head head;
    uint8_t hash[EOD_HASH_BYTES]; /* SHA-256 of the whole file */
    uint32_t n_bad;
    /* What the header's sum has beyond the amounts that could be read; 0 when all could. */
    int64_t unreadable_vnd;
};

/* Reads a file to its end, in memory of a few lines. A single bad row is told to the visitor; the
 * file is refused, with its line in err, for a wrong header, version, number, sum or hash, for a
 * missing trailer and for anything behind it (-EINVAL), and when it
 * cannot be read (-EIO); or what the visitor answered. */
int eod_read(settle_read_fn read, void *read_arg, const struct eod_visitor *visitor, void *arg,
             struct eod_file *ret, struct err *err) MUST_CHECK;

struct eod_writer;

/* Begins a file; its rows wait in a temporary file until their hash is known. -EINVAL: the code is
 * none; or a negative errno. */
int eod_writer_create(const char *partner, int32_t business_day,
                      struct eod_writer **ret) MUST_CHECK;
void eod_writer_destroy(struct eod_writer **self);

/* -EINVAL: a text that no reader would take; -EMSGSIZE: too many rows; -EIO. Nothing is added
 * then. */
int eod_writer_row(struct eod_writer *self, const struct eod_row *row) MUST_CHECK;

/* Writes header, rows and trailer; does not flush. -EIO. ret_head may be NULL. */
int eod_writer_finish(struct eod_writer *self, FILE *out, struct eod_head *ret_head) MUST_CHECK;

#endif
