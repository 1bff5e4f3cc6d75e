/* What came in at the bank, held against what a partner owes for a business date, and against the
 * bank entries of the ledger. Every transaction of the statements gets exactly one class. */
#ifndef ANSINH_SETTLE_BANK_H
#define ANSINH_SETTLE_BANK_H

#include "common/settle/camt.h"
#include "common/settle/match.h"

#define BANK_LINES_MAX 1000000
#define BANK_CODE_MAX_BYTES 35 /* of what names an entry in the ledger: printable ASCII */

enum bank_class {
    BANK_REMITTANCE, /* of this partner and business date; or takes one back */
    BANK_OTHER,      /* a remittance of another partner or business date */
    BANK_UNKNOWN,    /* nobody can say what it is for: suspense */
    BANK_DEBIT,      /* goes out, and takes nothing back */
    BANK_NOT_BOOKED,
    BANK_DUPLICATE, /* the same transaction stood in a statement before */
    BANK_EARLIER,   /* in no statement given: an earlier one left it in suspense */
    BANK_CLASSES
};

extern const char *const bank_class_names[BANK_CLASSES];

enum remittance_state {
    REMITTANCE_MATCHED,
    REMITTANCE_PARTIAL, /* less came in than is due */
    REMITTANCE_MISSING, /* nothing came in */
    REMITTANCE_OVER,    /* more came in than is due */
};

extern const char *const remittance_state_names[];

/* Texts are borrowed from the bank. */
struct bank_line {
    enum bank_class class;
    int64_t amount_vnd;   /* in is positive */
    int32_t booked_day;   /* 0: not said */
    int64_t suspense_vnd; /* what of it nobody has claimed by as_of_day */
    int age_days;         /* of what is in suspense, at as_of_day */
    int is_reversal;
    const char *account, *bank_reference;
    const char *reference; /* by which it was recognised, else what the bank says */
    char key[65]; /* the same for the same transaction, in whatever statement; of an earlier one ""
                   */
    const char *organisation; /* whose money it is; "": nobody knows */
    /* Its names in the ledger, beside the account, and under what it is in suspense there. */
    const char *statement_id, *books_reference;
    char entry_ref[BANK_CODE_MAX_BYTES + 1];
    enum match_posting posting; /* POSTING_NONE: no money moved, or it counts elsewhere */
    const char *note;           /* why it is refused, else "" */
};

/* A bank entry of the ledger. Texts are borrowed during the call. */
struct bank_posted {
    const char *account, *statement_id, *entry_ref, *reference, *organisation;
    int64_t suspense_vnd; /* left by the end of as_of_day */
    int32_t booked_day;
};

/* Bounds of the ages in bank_result.ages: 1, 3, 7, 30 days, more. */
#define BANK_AGES 5
extern const int bank_age_days[BANK_AGES - 1];

struct bank_sum {
    uint32_t n;
    int64_t vnd;
};

struct bank_result {
    enum remittance_state state;
    int64_t due_vnd, received_vnd;
    int32_t as_of_day; /* of the newest entry, or the business date */
    struct bank_sum sums[BANK_CLASSES];
    struct bank_sum suspense;        /* of the statements, and what earlier ones left */
    struct bank_sum ages[BANK_AGES]; /* of the same */
};

/* True when the platform has a partner of this code. */
typedef int (*bank_is_partner_fn)(void *arg, const char *code);

struct bank;

struct bank *bank_create(const char *partner, int32_t business_day, bank_is_partner_fn is_partner,
                         void *arg);
void bank_destroy(struct bank **self);

/* A camt_entry_fn with the bank as its arg. -ENOSPC: more than BANK_LINES_MAX, or
 * more money than can be counted. */
int bank_entry(void *bank, const struct camt_entry *entry) MUST_CHECK;

/* Of the newest entry, or the business date; known after the last statement. */
int32_t bank_as_of_day(const struct bank *self);

/* After the last statement: a bank entry that the ledger has. One of the statements is no longer
 * due to be posted; another one of an account of theirs, booked up to as_of_day, is added when
 * something of it is in suspense. -ENOSPC: as bank_entry. */
int bank_posted(struct bank *self, const struct bank_posted *posted) MUST_CHECK;

/* What became of a line whose posting was due. why is copied; -ENOSPC: as bank_entry. */
void bank_line_posted(struct bank *self, size_t i);
int bank_line_refused(struct bank *self, size_t i, const char *why) MUST_CHECK;

/* At the end. due_vnd as match_due_vnd. */
void bank_settle(struct bank *self, int64_t due_vnd, struct bank_result *ret);

/* The transactions as they stand in the statements, then earlier ones by day and name. */
size_t bank_count(const struct bank *self);
void bank_line(const struct bank *self, size_t i, struct bank_line *ret);

#endif
