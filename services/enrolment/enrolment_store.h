/* The keys that enrolment owns: sealed identities and aliases. Citizen records are written by
 * commands (common/service). */
#ifndef ANSINH_ENROLMENT_ENROLMENT_STORE_H
#define ANSINH_ENROLMENT_ENROLMENT_STORE_H

#include "common/store/commit.h"

/* Asks for a citizen's sealed identity (HGET: bytes or nil). */
void identity_ask(struct store *ledger, const uint8_t citizen[ID_BYTES], store_reply_fn fn,
                  void *arg);

/* Asks for the record of an alias's hash (HGET: bytes or nil). */
void alias_ask(struct store *ledger, const uint8_t alias[ID_BYTES], store_reply_fn fn, void *arg);

/* What an alias's record says. */
struct alias_record {
    uint32_t version; /* 0: there is none */
    uint8_t citizen[ID_BYTES];
    int64_t claimed_ms; /* wall time of the claim */
};

/* Reads an alias's record: version u32, citizen, time of the claim i64. -EPROTO when it is not one;
 * 1 when there is none. */
int alias_read(const struct store_reply *reply, struct alias_record *ret) MUST_CHECK;

struct alias_claim {
    uint8_t alias[ID_BYTES];
    uint8_t citizen[ID_BYTES];
    uint32_t version_before;
    struct request_id id; /* of the enrolment; the claim's own id is derived from it */
    int64_t now_ms;
};

/* Under which id, and for what, a claim is committed. */
void alias_request(const struct alias_claim *claim, struct request_id *ret_id,
                   uint64_t *ret_fingerprint);

/* Commits an alias's record with its packed AliasClaimed event. Errors as commit_send. */
int alias_commit(struct store *ledger, const struct alias_claim *claim, const uint8_t *event,
                 size_t event_len, commit_fn fn, void *arg) MUST_CHECK;

#endif
