/* The ledger that is being restored: commands are sent without waiting for each, a bounded number
 * at a time, and the first that fails ends the restore. */
#ifndef ANSINH_CLI_RESTORE_TARGET_H
#define ANSINH_CLI_RESTORE_TARGET_H

#include "common/store/journal.h"
#include "common/store/redis.h"

struct restore_target {
    struct loop *loop;
    struct store *store;
    size_t open, bytes; /* commands without an answer; sent since all were answered */
    int rc;             /* of the first that failed */
    struct err err;
};

/* Sends a command. A failure is remembered. */
void target_send(struct restore_target *self, unsigned partition, int argc, const char *const *argv,
                 const size_t *lens);

/* Waits for the answers when there are many to come. Between commands, not from a callback of a
 * store. What was remembered. */
int target_pace(struct restore_target *self);

/* Waits for all answers; what was remembered. */
int target_wait(struct restore_target *self) MUST_CHECK;

/* The same for what a ledger is made of. */
void target_entry(struct restore_target *self, unsigned partition, struct journal_position position,
                  const uint8_t *event, size_t len);
void target_identity(struct restore_target *self, const uint8_t citizen[ID_BYTES],
                     const uint8_t *sealed, size_t len);
void target_field(struct restore_target *self, unsigned partition, const char *key, size_t key_len,
                  const void *field, size_t field_len, const void *value, size_t value_len);
void target_totals(struct restore_target *self, unsigned partition, const struct totals *totals);

#endif
