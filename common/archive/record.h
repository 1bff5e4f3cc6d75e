/* What a segment's blocks hold, one record behind the other: entries of a partition's journal in
 * their order, and behind an enrolment's entry the sealed identity that was written with it.
 *
 * A record is a header of 24 bytes, little-endian (kind u8, 0, partition u16, epoch u32, seq u64,
 * length u32, check u32), and the data. The entries of a partition form a chain of hashes over all
 * segments; an entry's check is the beginning of the chain's value behind it, so that the first
 * entry that is not what was archived can be named. An identity's check is that of its own hash. */
#ifndef ANSINH_ARCHIVE_RECORD_H
#define ANSINH_ARCHIVE_RECORD_H

#include "common/store/commit.h"

#define RECORD_HEADER_BYTES 24
#define RECORD_DATA_MAX_BYTES COMMIT_EVENT_MAX_BYTES
#define CHAIN_BYTES 32
#define DIGEST_BYTES 8

enum record_kind {
    RECORD_ENTRY = 1,    /* data: the packed event */
    RECORD_IDENTITY = 2, /* position: of the enrolment; data: the citizen's hash, the sealed text */
};

struct record {
    enum record_kind kind;
    unsigned partition;
    struct journal_position position;
    const uint8_t *data;
    size_t len;
    uint32_t check;
};

/* How far the archive of a partition goes. */
struct chain {
    struct journal_position last; /* {0,0}: no entry yet */
    uint8_t value[CHAIN_BYTES];   /* zeros before the first */
    uint8_t digest[DIGEST_BYTES]; /* of the last entry alone */
};

/* True when an entry may follow another: the next number, or the first of a later epoch. */
int position_follows(struct journal_position last, struct journal_position next);

/* Hash of a record without what came before it. */
void record_digest(const struct record *record, uint8_t ret[CHAIN_BYTES]);

/* Takes an entry into the chain; answers its check. The entry follows. */
uint32_t chain_add(struct chain *self, const struct record *entry);

/* The check of an identity. */
uint32_t identity_check(const struct record *identity);

void record_write_header(const struct record *record, uint8_t ret[RECORD_HEADER_BYTES]);

/* Reads the record at *at and moves on behind it; data is borrowed. -EPROTO: there is none; *at
 * stays. */
int record_read(const uint8_t *bytes, size_t len, size_t *at, struct record *ret) MUST_CHECK;

#endif
