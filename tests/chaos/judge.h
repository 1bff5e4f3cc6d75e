/* Holds what clients were told against what the ledger has. */
#ifndef ANSINH_TESTS_CHAOS_JUDGE_H
#define ANSINH_TESTS_CHAOS_JUDGE_H

#include "tests/chaos/history.h"
#include "tests/chaos/model.h"
#include "tests/chaos/witness.h"

enum finding {
    FINDING_LOST,    /* acknowledged, and not there */
    FINDING_DOUBLED, /* there more often than asked for, or though refused, or asked for by nobody
                      */
    FINDING_ORDER,   /* before what had been acknowledged before it was invoked */
    FINDING_ANSWER,  /* answered what the journal does not say */
    FINDING_MODEL,   /* against the rules */
    FINDINGS
};

/* All operations with one request id. */
struct command {
    struct request_id id;
    enum kind kind;
    const struct operation **operations; /* by the time of their invocation */
    size_t n, capacity;
    size_t n_ok, n_unknown;
    int64_t invoked_us; /* the first */
    int64_t ok_us; /* the first success, of an inquiry with an entry: that told of it; INT64_MAX:
                      none */
    int is_stored;
    struct entry *entry;
};

/* The entries of one citizen, or of one session. */
struct line {
    uint8_t citizen[ID_BYTES];
    struct entry **entries;
    struct state *states; /* after each */
    size_t n, capacity;
    int has_turned; /* a payment was taken back, or terms changed: what was due may be due again */
};

/* How far a partner's payment had come. */
enum told { TOLD_NOTHING, TOLD_PENDING, TOLD_PAID, TOLD_ENDED, TOLDS };

/* A partner's payment: everything about one transaction id. */
struct dealing {
    struct request_id id;
    const struct entry *claim, *payment, *reversal; /* claim: for the payment */
    const struct entry *closing;                    /* cancelled, also by its claim, or refused */
    int64_t told_us[TOLDS]; /* when a client first heard that it had come so far; INT64_MAX: never
                             */
};

struct judge {
    const struct history *history;
    struct witness *witness;
    const struct keyring *keyring;
    struct arena *arena;
    struct map *by_id;          /* struct command */
    struct map *by_citizen;     /* struct line */
    struct map *by_transaction; /* struct dealing */
    struct map *aliases;        /* alias and citizen as asked for: the operation */
    struct command **commands;
    size_t n_commands, commands_capacity;
    unsigned long n_found[FINDINGS];
    unsigned long n_acknowledged, n_unknown;
};

void judge_init(struct judge *self, const struct history *history, struct witness *witness,
                const struct keyring *keyring);
void judge_fini(struct judge *self);

/* Everything; what is found is counted, and the first of each kind printed. */
void judge_all(struct judge *self);

/* One finding about an operation (NULL: none) or a citizen. */
void judge_find(struct judge *self, enum finding what, const struct operation *operation,
                const char *format, ...) PRINTF_LIKE(4, 5);

struct line *judge_line(const struct judge *self, const uint8_t citizen[ID_BYTES]);

/* Takes an entry about a partner's transaction, and finds who asked for it; judge_dealings.c. */
void judge_take_dealing(struct judge *self, struct entry *entry);
/* Makes an entry the one that a command was done by. */
void judge_link(struct judge *self, struct command *command, struct entry *entry);
/* Each transaction id has one outcome, and whoever asked was told the truth; judge_dealings.c. */
void judge_dealings(struct judge *self);
/* Whether a success of COLLECT or TAKE_BACK is what its entry says; judge_dealings.c. */
int judge_dealing_answer(struct judge *self, const struct command *command,
                         const struct operation *operation);
/* Whether a success of CHANGE to CONTACTS is what its entry says; judge_terms.c. */
int judge_terms_answer(struct judge *self, const struct command *command,
                       const struct operation *operation);
/* As clients see it: "p0513-1-42". */
#define ENTRY_TEXT_BYTES 64
void judge_entry_text(const struct entry *entry, char ret[ENTRY_TEXT_BYTES]);

/* When the entry of an inquiry was first told of: before, it may have shown an open bill, which
 * commits nothing; judge_answers.c. */
int64_t judge_inquiry_ok_us(struct judge *self, const struct command *command);

/* Checks all answers of successful operations; judge_answers.c. */
void judge_answers(struct judge *self);

#endif
