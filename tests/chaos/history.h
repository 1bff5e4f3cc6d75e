/* What clients of the chaos load did and heard, as lines of text: one when an operation is invoked,
 * one when its outcome is known. An operation without a second line never came back.
 *
 *   I <operation> <us> <kind> <request id or -> <packed request>
 *   O <operation> <us> <o|r|t|u> <code> <hash of the answer as it came> <packed answer>
 *   F <us>                      the faults have ended
 *
 * Times are CLOCK_MONOTONIC, which all processes of a machine share; bytes are hexadecimal, "-" for
 * none. A request id may come again: the same command, repeated. */
#ifndef ANSINH_TESTS_CHAOS_HISTORY_H
#define ANSINH_TESTS_CHAOS_HISTORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/arena.h"
#include "common/base/id.h"

enum kind {
    KIND_ENROL,
    KIND_INQUIRE,
    KIND_PAY,
    KIND_REVERSE,
    KIND_COLLECT,   /* a partner's payment; the request id is its transaction id, too */
    KIND_TAKE_BACK, /* a partner's reversal; the same */
    KIND_CHANGE,
    KIND_END,
    KIND_DECIDE,  /* the office accepts a declaration, or returns it */
    KIND_SESSION, /* recorded, or corrected */
    KIND_CONTACTS,
    KIND_LAST_COMMAND = KIND_CONTACTS,
    KIND_PARTICIPANT,
    KIND_PAYMENT,
    KIND_QUOTE,
    KIND_PROGRESS,
    KIND_COLLECTED, /* what became of a partner's payment */
    KINDS
};

/* The method's full name. */
const char *kind_method(enum kind kind);
/* The organisation that calls it; "": none. */
const char *kind_partner(enum kind kind);

enum outcome {
    OUTCOME_OK,          /* acknowledged */
    OUTCOME_REFUSED,     /* by the rules: never done */
    OUTCOME_TURNED_AWAY, /* this attempt did nothing: nobody there, or no time, or the key's age */
    OUTCOME_UNKNOWN,     /* may have been done, or may still be */
};

struct operation {
    unsigned client; /* number of its file, from 0 */
    unsigned long number;
    enum kind kind;
    struct request_id id;             /* of a command */
    int64_t invoked_us, completed_us; /* completed INT64_MAX: never */
    enum outcome outcome;             /* UNKNOWN when it never completed */
    unsigned code;                    /* ansinh.v1.Code */
    uint64_t raw;                     /* hash of the answer's bytes as they came */
    const uint8_t *body, *answer;     /* packed messages */
    size_t body_len, answer_len;
};

/* --- writing --- */

struct history_writer {
    FILE *file;
    unsigned long n;
};

/* Starts a file; 0 or -errno. */
int history_create(struct history_writer *self, const char *path) MUST_CHECK;
void history_close(struct history_writer *self);
/* Answers the operation's number. id is NULL for a read. */
unsigned long history_invoke(struct history_writer *self, enum kind kind,
                             const struct request_id *id, const uint8_t *body, size_t len);
void history_complete(struct history_writer *self, unsigned long operation, enum outcome outcome,
                      unsigned code, uint64_t raw, const uint8_t *answer, size_t len);
void history_faults_end(struct history_writer *self);

/* FNV-1a. */
uint64_t history_hash(const void *bytes, size_t len);

/* --- reading --- */

struct history {
    struct arena *arena; /* of the bytes */
    struct operation *operations;
    size_t n, capacity;
    unsigned n_files;
    int64_t faults_end_us; /* the earliest mark; INT64_MAX: none */
};

void history_init(struct history *self);
void history_fini(struct history *self);
/* Adds a file; 0, -errno, or -EPROTO with the line's number in *ret_line. */
int history_read(struct history *self, const char *path, unsigned long *ret_line) MUST_CHECK;

#endif
