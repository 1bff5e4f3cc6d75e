/* The keys that Collections owns: what a partner's transaction id was claimed for, and what became
 * of it. Both are written once and kept for ever. */
#ifndef ANSINH_PAYMENTS_COLL_STORE_H
#define ANSINH_PAYMENTS_COLL_STORE_H

#include "common/store/commit.h"

#define CLAIM_BYTES 45
#define OUTCOME_BYTES 17

enum claim_kind { CLAIM_PAY = 1, CLAIM_REVERSE = 2, CLAIM_CANCEL = 3 };

/* {p}:x: version u32, position of its own entry, kind u8, citizen, bill number u32, fingerprint
 * u64.
 */
struct claim {
    struct journal_position position; /* of TransactionClaimed; written by the commit */
    enum claim_kind kind;
    uint8_t citizen[ID_BYTES]; /* of the bill; 0 of all but CLAIM_PAY */
    uint32_t bill_number;
    uint64_t fingerprint; /* of the request; 0 of CLAIM_CANCEL */
};

enum outcome_state { OUTCOME_IS_PAID = 1, OUTCOME_IS_CANCELLED = 2, OUTCOME_IS_REFUSED = 3 };

/* {p}:y: version u32, position of its own entry, state u8. */
struct outcome {
    struct journal_position position; /* of PaymentRecorded or TransactionClosed; as above */
    enum outcome_state state;
};

/* Version 1; the position is left to the commit, at COLL_STAMP_AT. */
#define COLL_STAMP_AT 4
void claim_pack(const struct claim *self, uint8_t ret[CLAIM_BYTES]);
void outcome_pack(enum outcome_state state, uint8_t ret[OUTCOME_BYTES]);

/* -EPROTO: of another form. */
int claim_unpack(const void *bytes, size_t len, struct claim *ret) MUST_CHECK;
int outcome_unpack(const void *bytes, size_t len, struct outcome *ret) MUST_CHECK;

/* Asks for a record by the transaction's hash (HGET: bytes or nil). */
void claim_ask(struct store *ledger, const uint8_t transaction[ID_BYTES], store_reply_fn fn,
               void *arg);
void outcome_ask(struct store *ledger, const uint8_t citizen[ID_BYTES],
                 const uint8_t transaction[ID_BYTES], store_reply_fn fn, void *arg);

/* From such an answer: 0; 1 when there is none; -EPROTO. */
int claim_read(const struct store_reply *reply, struct claim *ret) MUST_CHECK;
int outcome_read(const struct store_reply *reply, struct outcome *ret) MUST_CHECK;

/* Under which ids a transaction is claimed, closed and paid: folded, and never those of a caller.
 */
enum coll_step { COLL_CLAIM, COLL_CLOSE, COLL_PAY, COLL_REVERSE };
void coll_request(const uint8_t transaction[ID_BYTES], enum coll_step step, struct request_id *ret);

/* What is committed beside the one record. */
struct coll_entry {
    uint8_t transaction[ID_BYTES];
    struct request_id id;
    uint64_t fingerprint;
    int64_t now_ms;
    const uint8_t *event; /* packed */
    size_t event_len;
};

/* Commits a record that must not be there yet. Errors as commit_send. */
int claim_commit(struct store *ledger, const struct coll_entry *entry, const struct claim *claim,
                 commit_fn fn, void *arg) MUST_CHECK;
int outcome_commit(struct store *ledger, const struct coll_entry *entry,
                   const uint8_t citizen[ID_BYTES], enum outcome_state state, commit_fn fn,
                   void *arg) MUST_CHECK;

#endif
