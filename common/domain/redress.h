/* What became of a payment after it was recorded, as the ledger keeps it: a small record for each
 * that was taken back, or of which that is asked. Pure. */
#ifndef ANSINH_DOMAIN_REDRESS_H
#define ANSINH_DOMAIN_REDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/id.h"
#include "common/base/macros.h"

#define REDRESS_OFFICER_MAX_BYTES 32
#define REDRESS_REFERENCE_MAX_BYTES 64
#define REDRESS_ACCOUNT_MAX_BYTES 35
#define REDRESS_HEAD_BYTES 23
#define REDRESS_CASE_BYTES (ID_BYTES + 8 + 8 + 4 + 2 * (1 + REDRESS_OFFICER_MAX_BYTES))
#define REDRESS_PAYOUT_BYTES                                                                       \
    (4 + 8 + 4 + 4 + 1 + REDRESS_OFFICER_MAX_BYTES + 1 + REDRESS_REFERENCE_MAX_BYTES + 1 +         \
     REDRESS_ACCOUNT_MAX_BYTES)
#define REDRESS_MAX_BYTES (REDRESS_HEAD_BYTES + REDRESS_CASE_BYTES + REDRESS_PAYOUT_BYTES)
#define REDRESS_FIELD_BYTES 12
#define REDRESS_STAMP_AT 4 /* where a commit writes its position */

/* The last four are numbers of ansinh.v1.RefundState, plus 1. */
enum redress_state {
    REDRESS_NONE,
    REDRESS_IS_REVERSED,
    REDRESS_IS_REQUESTED,
    REDRESS_IS_APPROVED, /* and so taken back */
    REDRESS_IS_REJECTED, /* the payment stands */
    REDRESS_IS_PAID_OUT, /* approved, and the participant got the money */
    REDRESS_STATES
};

/* Of a refund case. */
struct redress_case {
    uint8_t citizen[ID_BYTES];
    int64_t amount_vnd; /* owed to the participant when it is approved */
    int64_t requested_at_ms;
    int32_t requested_day;
    char requested_by[REDRESS_OFFICER_MAX_BYTES + 1];
    char decided_by[REDRESS_OFFICER_MAX_BYTES + 1]; /* "": nobody yet */
};

/* Of a payout. */
struct redress_payout {
    uint32_t approved_epoch; /* with approved_seq: the entry of the approval */
    uint64_t approved_seq;
    int32_t approved_day, paid_day;
    char officer[REDRESS_OFFICER_MAX_BYTES + 1];
    char reference[REDRESS_REFERENCE_MAX_BYTES + 1];
    char bank_account[REDRESS_ACCOUNT_MAX_BYTES + 1];
};

struct redress {
    uint32_t version; /* of the record: first 4 bytes of the packed form, little-endian */
    uint32_t epoch;   /* with seq: the journal entry that says so, filled in by the commit */
    uint64_t seq;
    enum redress_state state;
    uint8_t reason;               /* number of ansinh.v1.ReversalReason */
    int32_t day;                  /* business day of that entry */
    struct redress_case refund;   /* unless REDRESS_IS_REVERSED */
    struct redress_payout payout; /* of REDRESS_IS_PAID_OUT */
};

/* Answers the length. */
size_t redress_pack(const struct redress *self, uint8_t ret[REDRESS_MAX_BYTES]);
/* -EPROTO: not what redress_pack makes. */
int redress_unpack(const void *bytes, size_t len, struct redress *ret) MUST_CHECK;

/* The payment no longer counts. */
int redress_is_taken_back(const struct redress *self);

/* By which entry it was taken back, and its business day; of a payment that is taken back. */
struct redress_entry {
    uint32_t epoch;
    uint64_t seq;
    int32_t day;
};
struct redress_entry redress_taken_back_by(const struct redress *self);

/* The record's field: the payment's own place in the journal. */
void redress_field(uint32_t epoch, uint64_t seq, uint8_t ret[REDRESS_FIELD_BYTES]);

#endif
