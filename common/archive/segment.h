/* One file of the archive: what was added to all partitions' journals since the segment before.
 *
 * A segment is written once and never changed. From its first byte to its last:
 *
 *   magic                8 bytes
 *   blocks               each a zstd frame; unpacked, records (record.h), partitions ascending
 *   meta                 number, times, counts, id of the segment before, a row per block (place,
 *                        lengths, BLAKE2b-256 of its bytes), a row per partition (its run in this
 *                        segment, and how far its chain goes)
 *   trailer, 144 bytes   length of meta, the segment's id (BLAKE2b-256 of meta), public key,
 * Ed25519 signature of the id, magic
 *
 * So every byte is under a hash, the hashes under the signature, and a segment's id stands for all
 * that was archived until then. */
#ifndef ANSINH_ARCHIVE_SEGMENT_H
#define ANSINH_ARCHIVE_SEGMENT_H

#include "common/archive/record.h"
#include "common/archive/signing.h"
#include "common/base/buf.h"

#define SEGMENT_ID_BYTES 32
#define SEGMENT_NAME_BYTES 24      /* "0000000001.seg" with NUL, and some room */
#define SEGMENT_BLOCK_BYTES 262144 /* a block ends with the record that brings it to so many */
#define SEGMENT_BLOCK_MAX_BYTES (2 * SEGMENT_BLOCK_BYTES + RECORD_HEADER_BYTES)
#define SEGMENT_BLOCKS_MAX 65536

/* A partition's entries in one segment, one behind the other from a record on. */
struct segment_run {
    struct journal_position first;
    uint32_t n_entries;     /* 0: none */
    uint32_t block, offset; /* where the first record begins, in the unpacked block */
};

struct segment_partition {
    struct chain chain; /* at the segment's end */
    struct segment_run run;
};

struct segment_block {
    uint64_t offset;
    uint32_t packed_len, raw_len;
    uint8_t hash[CHAIN_BYTES];
};

struct segment_info {
    uint64_t number; /* from 1 */
    uint8_t id[SEGMENT_ID_BYTES], previous[SEGMENT_ID_BYTES];
    int64_t created_ms;     /* wall time, never before that of the segment before */
    int64_t from_ms, to_ms; /* of the events */
    uint64_t n_entries, n_identities;
    uint64_t file_bytes;
    uint32_t n_blocks;
    struct segment_block *blocks;
    struct segment_partition partitions[PARTITIONS_ALL];
};

struct segment_info *segment_info_copy(const struct segment_info *self);
void segment_info_destroy(struct segment_info **self);

struct segment;

void segment_name(uint64_t number, char ret[SEGMENT_NAME_BYTES]);

/* Opens a segment and checks all of it but the blocks: form, number, hashes, signature by a key
 * that is trusted. -ENOENT; -EBADMSG: it is not what was written, or not signed by such a key; or
 * another negative errno. err names the segment. */
int segment_open(const char *folder, uint64_t number, const struct trusted_keys *trusted,
                 struct segment **ret, struct err *err) MUST_CHECK;
void segment_close(struct segment **self);

/* Valid until the close. */
const struct segment_info *segment_info(const struct segment *self);

/* Reads a block, checks its hash and unpacks it; *ret is borrowed until the next read or the close.
 * -EBADMSG: it is not what was written; err names the segment, the block and what it held. */
int segment_read_block(struct segment *self, uint32_t block, const uint8_t **ret, size_t *ret_len,
                       struct err *err) MUST_CHECK;

/* What segment_check tells of; the record is borrowed. */
typedef void (*segment_record_fn)(void *arg, const struct record *record);

/* Reads all blocks and holds everything against everything: hashes, order, runs, counts, checks,
 * and the chains, which must go on from those of the segment before (NULL: this is the first).
 * -EBADMSG: err names the segment and the record or block. fn may be NULL. */
int segment_check(struct segment *self, const struct segment_info *before, segment_record_fn fn,
                  void *arg, struct err *err) MUST_CHECK;

#endif
