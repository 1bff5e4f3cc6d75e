/* The records that partners' transactions leave beside a journal, byte for byte, by code of its
 * own: claims ('x') and outcomes ('y'). */
#ifndef ANSINH_CLI_VERIFY_TRANSACTIONS_H
#define ANSINH_CLI_VERIFY_TRANSACTIONS_H

#include "ansinh/v1/events.pb-c.h"
#include "common/base/arena.h"
#include "common/base/map.h"
#include "common/store/commit.h"

#define CLAIM_KIND 'x'
#define OUTCOME_KIND 'y'
#define TRANSACTION_RECORD_MAX_BYTES 45

struct fold_transaction {
    char kind;
    uint8_t hash[ID_BYTES]; /* of the transaction */
    uint8_t value[TRANSACTION_RECORD_MAX_BYTES];
    size_t len;
    int has_record;
};

/* Takes an entry of a citizens' partition; what is wrong with it, NULL when nothing is. Entries
 * that are of no partner leave nothing. */
const char *transactions_apply(struct map *self, struct arena *arena, unsigned partition,
                               struct journal_position position, const Ansinh__V1__Event *event);

/* By the record's place; NULL when no event speaks of it. */
struct fold_transaction *transactions_find(const struct map *self, char kind, unsigned bucket,
                                           const char *field);

#endif
