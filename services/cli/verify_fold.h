/* What a partition's journal adds up to. Written apart from the services' code on purpose: the two
 * must agree. */
#ifndef ANSINH_CLI_VERIFY_FOLD_H
#define ANSINH_CLI_VERIFY_FOLD_H

#include "ansinh/v1/events.pb-c.h"
#include "common/base/arena.h"
#include "common/base/map.h"
#include "common/domain/citizen.h"
#include "common/domain/redress.h"
#include "services/cli/verify.h"
#include "services/cli/verify_doubles.h"
#include "services/cli/verify_months.h"
#include "services/cli/verify_numbered.h"

/* What a participant is told about. */
enum fold_message { FOLD_WELCOME = 1, FOLD_RECEIPT = 2, FOLD_REVERSAL = 3 };

/* A payment that may be taken back, as long as it is the newest. */
struct fold_payment {
    struct fold_payment *previous; /* of the same citizen; NULL: none that may be */
    struct journal_position position;
    int64_t at_ms;
    uint64_t codes; /* a hash of what else the entry names */
    uint32_t bill_number, commune;
    int is_first, is_support_earlier;
    struct citizen_bill bill;
    struct citizen_bill payment_before;
    struct month_range folded;
    struct health_card card_before;
};

/* What became of a payment. */
struct fold_redress {
    struct journal_position payment;
    struct redress record;
    int has_record;
};

/* Where a fact of the board counted (verify_facts.c). */
struct fold_board {
    uint64_t position;
    uint32_t commune, source;
    uint8_t product_group;
};

struct fold_citizen {
    uint8_t hash[ID_BYTES];
    struct citizen state; /* its coverage is made by the services' code, for a restore alone */
    struct months months; /* covered: what the record's coverage is held against */
    struct fold_payment *payments; /* the newest */
    int has_record, has_identity;
    uint32_t last_message; /* place in messages, from 1; 0: none */
    uint32_t n_messages;
    struct fold_board last, lapsed; /* the newest fact of voluntary insurance; the lapse */
    struct fold_board declared;     /* the declaration that holds */
    int32_t lapse_day;              /* first day behind the deadline; 0: none runs */
    int is_lapsed;
    uint32_t other_payments; /* that stand, of other products */
};

struct fold_alias {
    uint8_t hash[ID_BYTES];
    uint8_t citizen[ID_BYTES];
    int64_t claimed_ms;
    uint32_t version;
    int has_record;
};

/* An enrolment or payment. */
struct fold_event {
    struct journal_position position;
    enum fold_message kind;
    uint32_t previous; /* of the same citizen, as last_message */
};

/* An entry, and what it was committed under, which older versions did not note. */
struct fold_entry {
    struct journal_position position;
    int64_t at_ms;
    uint8_t id[ID_BYTES];
    uint64_t fingerprint;
    uint32_t answer; /* checksum; 0: not known */
    int is_noted;
};

/* Day since 1970-01-01 UTC under which the answer of a noted entry is stored. */
int32_t fold_entry_day(const struct fold_entry *self);

/* A row of reference data: version, then the packed message. */
struct fold_row {
    char kind;
    char code[64];
    uint32_t version;
    const uint8_t *packed;
    size_t len;
    int has_record;
};

struct fold {
    struct verify *verify;
    unsigned partition;
    struct arena *arena; /* of citizens, aliases and rows */
    struct map *citizens, *aliases, *rows, *redresses;
    struct map *numbered;     /* receipts, series, cash handed over */
    struct map *transactions; /* of verify_transactions.h */
    struct fold_event *events;
    size_t n_events, events_capacity;
    struct doubles *doubles;
    struct fold_entry *entries; /* ascending */
    size_t n_entries, entries_capacity;
    struct journal_position at;   /* the last entry */
    struct fold_citizen *citizen; /* of whom it speaks; NULL: of none in this partition */
    int64_t totals[TOTALS];
};

struct fold *fold_create(struct verify *verify, unsigned partition);
void fold_destroy(struct fold **self);

/* The next entry of the journal; what is wrong with it is reported at once. event NULL: it cannot
 * be read. */
void fold_apply(struct fold *self, struct journal_position position,
                const Ansinh__V1__Event *event);

/* By the record's place; NULL when no event speaks of it. */
struct fold_citizen *fold_citizen(const struct fold *self, unsigned bucket, const char *field);
struct fold_alias *fold_alias(const struct fold *self, unsigned bucket, const char *field);
struct fold_redress *fold_redress(const struct fold *self,
                                  const uint8_t field[REDRESS_FIELD_BYTES]);
struct fold_row *fold_row(const struct fold *self, char kind, const char *code, size_t len);

/* For the parts of the fold: says what is wrong with an entry, notes an event of which the citizen
 * is told, and takes zeroed memory that lives as long as the fold. */
void fold_wrong(struct fold *self, struct journal_position position, const char *what);
void fold_remember(struct fold *self, struct fold_citizen *citizen,
                   struct journal_position position, enum fold_message kind);
void *fold_keep(struct fold *self, size_t size);

/* NULL when the journal has no such entry. */
const struct fold_entry *fold_find(const struct fold *self, struct journal_position position);

#endif
