/* The records of receipts, their series and of cash handed over, byte for byte, by code of its own;
 * and what must hold of them: numbers without gaps, one live receipt a payment. */
#ifndef ANSINH_CLI_VERIFY_NUMBERED_H
#define ANSINH_CLI_VERIFY_NUMBERED_H

#include "ansinh/v1/events.pb-c.h"
#include "common/base/arena.h"
#include "common/base/map.h"
#include "common/service/receipt.h"

struct verify;

/* A record: its place and what it must hold. */
struct fold_numbered {
    struct receipt_place place;
    uint32_t version;
    const uint8_t *packed; /* in the arena */
    size_t len;
    const ProtobufCMessageDescriptor *descriptor;
    ProtobufCMessage *message; /* the same, unpacked; NULL: not yet */
    int has_record;
};

/* Takes an entry of a citizens' partition; what is wrong with it, NULL when nothing is. Entries
 * that number nothing leave nothing. */
const char *numbered_apply(struct map *self, struct arena *arena, unsigned partition,
                           const Ansinh__V1__Event *event);

/* By the record's place; NULL when no event speaks of it. */
struct fold_numbered *numbered_find(const struct map *self, unsigned bucket, const char *field,
                                    size_t len);

/* A journal position as an element of a list of hashes. */
void numbered_position(unsigned partition, uint32_t epoch, uint64_t seq, uint8_t ret[ID_BYTES]);
/* The partition of such 16 bytes, and the position in it. */
unsigned numbered_place(const uint8_t bytes[ID_BYTES], struct journal_position *ret);
unsigned numbered_partition(const uint8_t bytes[ID_BYTES]);

/* Receipts of payments that no journal has. Sorts both lists. */
void verify_receipts(struct verify *self);

#endif
