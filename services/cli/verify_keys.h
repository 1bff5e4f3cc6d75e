/* Keys of the ledger that no version of the platform writes. */
#ifndef ANSINH_CLI_VERIFY_KEYS_H
#define ANSINH_CLI_VERIFY_KEYS_H

#include "services/cli/verify.h"

#define REFERENCE_KINDS "uopktlacgdsnhym"
#define ANSWER_DAYS_BACK 4 /* answers are forgotten after four days */

#define ANSWER_DAYS (ANSWER_DAYS_BACK + 2)
#define ANSWER_BUCKETS 16
#define REDRESS_BUCKETS 16
#define BUCKETS 128
#define BUCKET_KINDS "ciaxyn"

/* A citizens' partition has so many keys beside its journal and totals. */
#define KEY_SLOTS                                                                                  \
    ((sizeof(BUCKET_KINDS) - 1) * BUCKETS + REDRESS_BUCKETS + (size_t)ANSWER_DAYS * ANSWER_BUCKETS)

/* A set of them. */
struct key_slots {
    uint8_t bits[(KEY_SLOTS + 7) / 8];
};

/* The place of a key in a set; kind: of BUCKET_KINDS or 'r'. */
unsigned key_slot(char kind, uint64_t bucket);
/* nth: of the days from verify->answers_day on. */
unsigned key_slot_answers(unsigned nth, unsigned bucket);

void key_slots_add(struct key_slots *self, unsigned slot);
int key_slots_has(const struct key_slots *self, unsigned slot);

/* Looks at the names of all keys: says which nobody writes, and sets verify->stored and
 * verify->answers_day. Before any partition is read. */
void verify_keys(struct verify *self);

#endif
