/* What came to the sandbox: one line for each request, for people and for `ansinh certify`. Safe
 * for several threads. */
#ifndef ANSINH_CLI_SANDBOX_RECORD_H
#define ANSINH_CLI_SANDBOX_RECORD_H

#include <stdint.h>

#include "common/base/buf.h"
#include "services/cli/sandbox_rules.h"

#define RECORD_LINES_MAX 10000 /* then the oldest are forgotten */
#define RECORD_TEXT_BYTES 72

struct record_line {
    uint64_t number;                        /* from 1 */
    int64_t at_ms;                          /* wall */
    char method[RECORD_TEXT_BYTES];         /* "Collections/Pay" */
    char transaction_id[RECORD_TEXT_BYTES]; /* "" when the request has none */
    char body_digest[RECORD_TEXT_BYTES];    /* SHA-256, hexadecimal */
    char nonce[RECORD_TEXT_BYTES];          /* of the signature */
    unsigned attempt;
    enum sandbox_act act;
    unsigned status; /* that was answered; 0: none, or none yet */
};

struct sandbox_record;

struct sandbox_record *record_create(void);
void record_destroy(struct sandbox_record **self);

/* The how-manieth request of this method and id this is, counted from 1; ids beyond
 * RECORD_LINES_MAX are all first ones. */
unsigned record_attempt(struct sandbox_record *self, const char *method,
                        const char *transaction_id);

/* Numbers and keeps the line of a request that came, and answers its number. */
uint64_t record_add(struct sandbox_record *self, struct record_line *line);
/* Notes what was answered to it, if the line is still kept. */
void record_answered(struct sandbox_record *self, uint64_t number, unsigned status);

/* Appends the lines behind a number as a JSON array. -EMSGSIZE. */
int record_write(struct sandbox_record *self, uint64_t after, struct buf *out) MUST_CHECK;

#endif
