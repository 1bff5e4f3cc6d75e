/* What became of a payment after it was recorded, as the ledger keeps it: a small record for each
 * that was taken back. Pure. */
#ifndef ANSINH_DOMAIN_REDRESS_H
#define ANSINH_DOMAIN_REDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"

#define REDRESS_BYTES 23
#define REDRESS_FIELD_BYTES 12
#define REDRESS_STAMP_AT 4 /* where a commit writes its position */

enum redress_state { REDRESS_NONE, REDRESS_IS_REVERSED, REDRESS_STATES };

struct redress {
    uint32_t version; /* of the record: first 4 bytes of the packed form, little-endian */
    uint32_t epoch;   /* with seq: the journal entry that says so, filled in by the commit */
    uint64_t seq;
    enum redress_state state;
    uint8_t reason; /* number of ansinh.v1.ReversalReason */
    int32_t day;    /* business day */
};

void redress_pack(const struct redress *self, uint8_t ret[REDRESS_BYTES]);
/* -EPROTO: not what redress_pack makes. */
int redress_unpack(const void *bytes, size_t len, struct redress *ret) MUST_CHECK;

/* The record's field: the payment's own place in the journal. */
void redress_field(uint32_t epoch, uint64_t seq, uint8_t ret[REDRESS_FIELD_BYTES]);

#endif
