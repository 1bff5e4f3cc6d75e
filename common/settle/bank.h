/* What came in at the bank, held against what a partner owes for a business date. Every transaction
 * of the statements gets exactly one class. */
#ifndef ANSINH_SETTLE_BANK_H
#define ANSINH_SETTLE_BANK_H

#include "common/settle/camt.h"

#define BANK_LINES_MAX 1000000

enum bank_class {
    BANK_REMITTANCE, /* of this partner and business date; or takes one back */
    BANK_OTHER,      /* a remittance of another partner or business date */
    BANK_UNKNOWN,    /* nobody can say what it is for: suspense */
    BANK_DEBIT,      /* goes out, and takes nothing back */
    BANK_NOT_BOOKED,
    BANK_DUPLICATE, /* the same transaction stood in a statement before */
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
    int64_t amount_vnd; /* in is positive */
    int32_t booked_day; /* 0: not said */
    int age_days;       /* of BANK_UNKNOWN, at as_of_day */
    int is_reversal;
    const char *account, *bank_reference;
    const char *reference; /* by which it was recognised, else what the bank says */
    char key[65];          /* the same for the same transaction, in whatever statement */
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
    struct bank_sum ages[BANK_AGES]; /* of BANK_UNKNOWN */
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

/* After the last statement. due_vnd as match_due_vnd. */
void bank_settle(const struct bank *self, int64_t due_vnd, struct bank_result *ret);

size_t bank_count(const struct bank *self);
void bank_line(const struct bank *self, size_t i, struct bank_line *ret);

#endif
