/* The one way state changes: a generic, atomic commit inside Redis, and the control totals it
 * keeps.
 *
 * Atomically, in one partition: if the request id is known, answer what was stored; if a record's
 * version is another than expected, answer CONFLICT; else write the records, add the totals, append
 * the event to the journal with the next sequence number and store the answer. All checks come
 * before the first write. Four writes (an identity is a fifth). */
#ifndef ANSINH_STORE_COMMIT_H
#define ANSINH_STORE_COMMIT_H

#include "common/base/id.h"
#include "common/store/partition.h"
#include "common/store/redis.h"

#define COMMIT_RECORDS_MAX 256
#define COMMIT_VALUE_MAX_BYTES 16384
#define COMMIT_ANSWER_MAX_BYTES 4096
#define COMMIT_EVENT_MAX_BYTES (256 * 1024)
#define COMMIT_POSITION_BYTES 12
#define COMMIT_STAMP_MAX 63
#define COMMIT_ID_MAX_AGE_MS (48LL * 3600 * 1000)
#define COMMIT_ID_MAX_AHEAD_MS (5LL * 60 * 1000)

/* Control totals of a partition: equal to the fold of its journal by construction. */
enum total {
    TOTAL_ENROLLED,     /* ParticipantEnrolled events */
    TOTAL_ALIASES,      /* AliasClaimed events */
    TOTAL_BILLS,        /* BillIssued events */
    TOTAL_PAYMENTS,     /* PaymentRecorded events */
    TOTAL_PARTICIPANTS, /* ... of them first payments */
    TOTAL_MONTHS,       /* months paid */
    TOTAL_PARTICIPANT_VND,
    TOTAL_CENTRAL_VND,
    TOTAL_LOCAL_VND,
    TOTAL_DONOR_VND,
    TOTAL_REFERENCE,   /* reference rows written */
    TOTAL_REFUNDS_VND, /* owed to participants, of ParticipationEnded events */
    TOTALS
};

/* One record: a field of a hash of this partition. Its value always starts with its version, 4
 * bytes little-endian, which the writer sets to expected_version + 1. */
struct commit_record {
    const char *key; /* of the hash, from a key builder */
    size_t key_len;
    const char *field;
    size_t field_len;
    uint32_t expected_version; /* 0: must not exist */
    const uint8_t *value;
    size_t value_len;
};

/* All pointers are borrowed during commit_send only. */
struct commit {
    unsigned partition;
    struct request_id id;
    uint64_t fingerprint; /* of method and body: binds the id to what was asked */
    int64_t now_ms;       /* wall time, ms */
    struct commit_record records[COMMIT_RECORDS_MAX];
    size_t n_records;
    /* sealed identity, written without a version beside the records; key_len 0: none */
    const char *identity_key;
    size_t identity_key_len;
    const char *identity_field;
    size_t identity_field_len;
    const uint8_t *identity;
    size_t identity_len;
    /* Where in the last record's value the commit writes the position of its own journal entry:
     * epoch u32, seq u64, little-endian; 4 to COMMIT_STAMP_MAX; 0: nowhere. */
    size_t stamp_at;
    int64_t totals[TOTALS]; /* to be added */
    const uint8_t *event;
    size_t event_len;
    const uint8_t *answer;
    size_t answer_len;
};

/* Sets everything but the record table: no record, no identity, no totals, no answer. */
void commit_init(struct commit *self);

enum commit_outcome {
    COMMIT_DONE,  /* written now */
    COMMIT_KNOWN, /* this id and fingerprint were committed before; the stored answer is given again
                   */
    COMMIT_REUSED,   /* this id was committed for another body; nothing changed */
    COMMIT_CONFLICT, /* a record has another version; nothing changed */
    COMMIT_FROZEN,   /* the partition takes no writes (restore, move); nothing changed */
};

/* Position in a partition's journal: stream id "<epoch>-<seq>"; seq is dense from 1 inside an
 * epoch. */
struct journal_position {
    uint32_t epoch;
    uint64_t seq;
};

/* answer is borrowed, valid during the callback. */
struct commit_result {
    enum commit_outcome outcome;
    struct journal_position position; /* with DONE and KNOWN */
    const uint8_t *answer;            /* with KNOWN */
    size_t answer_len;
};

/* rc 0: result valid. -EAGAIN: nothing was done. -ECONNRESET, -ETIMEDOUT: outcome unknown; send
 * again with the same id to learn it. A server that cannot write (OOM, MISCONF, READONLY, LOADING
 * ...) is -EAGAIN too. -EIO: Redis refused for another reason (store_conf.on_trouble tells why). */
typedef void (*commit_fn)(void *arg, int rc, const struct commit_result *result);

/* 0 when the id may be used now: a UUIDv7 not older than 48 h and not more than 5 minutes ahead, or
 * a folded key. -ERANGE otherwise, with a sentence in err. */
int commit_check_id(const struct request_id *id, int64_t now_ms, struct err *err) MUST_CHECK;

/* Starts the commit on the lane of its partition. fn runs once, never inside this call. -EMSGSIZE:
 * a limit above is passed, nothing sent. */
int commit_send(struct store *ledger, const struct commit *commit, commit_fn fn,
                void *arg) MUST_CHECK;

/* Looks a stored answer up without committing: COMMIT_KNOWN, COMMIT_REUSED (fingerprint given and
 * different), or COMMIT_CONFLICT when the id is not known. fingerprint NULL: any. */
int commit_lookup(struct store *ledger, unsigned partition, const struct request_id *id,
                  int64_t now_ms, const uint64_t *fingerprint, commit_fn fn, void *arg) MUST_CHECK;

/* Start-up step: loads the function libraries of this build (ledger: commit; views: flush,
 * registry) unless the version there is the same. Never called while services run on an older
 * version. Blocks up to wait_ms. */
int store_load_functions(struct store *store, int is_ledger, int64_t wait_ms,
                         struct err *err) MUST_CHECK;

/* 0 when the server has this build's function version; -ENOENT when not. Blocks up to wait_ms. */
int store_check_functions(struct store *store, int is_ledger, int64_t wait_ms,
                          struct err *err) MUST_CHECK;

/* 0 when the server's configuration makes every acknowledged write durable: appendonly yes,
 * appendfsync always, no-appendfsync-on-rewrite no, aof-load-truncated no, maxmemory-policy
 * noeviction. -EPERM with the weak setting in err. Blocks up to wait_ms. */
int store_check_durability(struct store *ledger, int64_t wait_ms, struct err *err) MUST_CHECK;

/* Packed totals as stored in {p}:t: 16 bytes header (schema u8, flags u8, 2 zero bytes, epoch u32,
 * last seq u64), then TOTALS int64, little-endian. An absent value is all zero with epoch 1.
 * -EPROTO on another length or schema, or a bit set that has no meaning. */
struct totals {
    uint32_t epoch;
    uint64_t last_seq;
    int is_frozen;
    int64_t values[TOTALS];
};
int totals_unpack(const void *bytes, size_t len, struct totals *ret) MUST_CHECK;

#define TOTALS_BYTES (16 + 8 * TOTALS)
void totals_pack(const struct totals *self, uint8_t ret[TOTALS_BYTES]);

/* Stands in the place of an answer that was lost when the ledger was restored from its journals. No
 * packed message begins so. */
#define ANSWER_LOST "\0"
#define ANSWER_LOST_BYTES 1
int answer_is_lost(const uint8_t *answer, size_t len);

/* The journal position in an answer as stored in {p}:q:*. -EPROTO: too short. */
int answer_unpack(const void *bytes, size_t len, struct journal_position *ret) MUST_CHECK;
/* The fingerprint in an answer that was unpacked. */
uint64_t answer_fingerprint(const void *bytes);
/* Of the answer itself (NULL when len is 0), never 0. Against accidents: it has no key. */
uint32_t answer_checksum(const void *answer, size_t len);
/* The same of an answer that was unpacked, as it is stored. */
uint32_t answer_stored_checksum(const void *bytes, size_t len);
/* Whether an answer that was unpacked was lost in a restore. */
int answer_stored_is_lost(const void *bytes, size_t len);

#endif
