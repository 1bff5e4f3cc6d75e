#include "common/archive/segment_format.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/store/packed.h"

#define HEAD_BYTES (6 * 8 + 2 * 4 + SEGMENT_ID_BYTES)
#define BLOCK_BYTES (8 + 2 * 4 + CHAIN_BYTES)
#define PARTITION_BYTES (4 + 8 + DIGEST_BYTES + CHAIN_BYTES + 4 + 8 + 3 * 4)
#define SIGNED_PREFIX "ansinh segment\n" /* so that the key's signature means nothing else */

/* Bytes appended or taken one value after the other. */
struct cursor {
    uint8_t *to;
    const uint8_t *from;
};

static void put(struct cursor *self, uint64_t value, int bytes)
{
    put_le(self->to, value, bytes);
    self->to += bytes;
}

static void put_bytes(struct cursor *self, const uint8_t *value, size_t len)
{
    memcpy(self->to, value, len);
    self->to += len;
}

static uint64_t get(struct cursor *self, int bytes)
{
    self->from += bytes;
    return get_le(self->from - bytes, bytes);
}

static void get_bytes(struct cursor *self, uint8_t *ret, size_t len)
{
    memcpy(ret, self->from, len);
    self->from += len;
}

static size_t meta_bytes(uint32_t n_blocks)
{
    return HEAD_BYTES + (size_t)n_blocks * BLOCK_BYTES + (size_t)PARTITIONS_ALL * PARTITION_BYTES;
}

/* --- meta ------------------------------------------------------------------------------------- */

static void put_partition(struct cursor *to, const struct segment_partition *partition)
{
    put(to, partition->chain.last.epoch, 4);
    put(to, partition->chain.last.seq, 8);
    put_bytes(to, partition->chain.digest, DIGEST_BYTES);
    put_bytes(to, partition->chain.value, CHAIN_BYTES);
    put(to, partition->run.first.epoch, 4);
    put(to, partition->run.first.seq, 8);
    put(to, partition->run.n_entries, 4);
    put(to, partition->run.block, 4);
    put(to, partition->run.offset, 4);
}

static void get_partition(struct cursor *from, struct segment_partition *ret)
{
    ret->chain.last.epoch = (uint32_t)get(from, 4);
    ret->chain.last.seq = get(from, 8);
    get_bytes(from, ret->chain.digest, DIGEST_BYTES);
    get_bytes(from, ret->chain.value, CHAIN_BYTES);
    ret->run.first.epoch = (uint32_t)get(from, 4);
    ret->run.first.seq = get(from, 8);
    ret->run.n_entries = (uint32_t)get(from, 4);
    ret->run.block = (uint32_t)get(from, 4);
    ret->run.offset = (uint32_t)get(from, 4);
}

void segment_meta_write(const struct segment_info *info, struct buf *ret)
{
    size_t len = meta_bytes(info->n_blocks);
    struct cursor to = {.to = buf_reserve(ret, len)};
    ASSERT(to.to != NULL);
    put(&to, info->number, 8);
    put(&to, (uint64_t)info->created_ms, 8);
    put(&to, (uint64_t)info->from_ms, 8);
    put(&to, (uint64_t)info->to_ms, 8);
    put(&to, info->n_entries, 8);
    put(&to, info->n_identities, 8);
    put(&to, info->n_blocks, 4);
    put(&to, PARTITIONS_ALL, 4);
    put_bytes(&to, info->previous, SEGMENT_ID_BYTES);
    for (uint32_t i = 0; i < info->n_blocks; i++) {
        put(&to, info->blocks[i].offset, 8);
        put(&to, info->blocks[i].packed_len, 4);
        put(&to, info->blocks[i].raw_len, 4);
        put_bytes(&to, info->blocks[i].hash, CHAIN_BYTES);
    }
    for (unsigned p = 0; p < PARTITIONS_ALL; p++)
        put_partition(&to, &info->partitions[p]);
    ret->len += len;
}

int segment_meta_read(const uint8_t *bytes, size_t len, struct segment_info *ret)
{
    struct cursor from = {.from = bytes};
    if (len < HEAD_BYTES)
        return -EPROTO;
    ret->number = get(&from, 8);
    ret->created_ms = (int64_t)get(&from, 8);
    ret->from_ms = (int64_t)get(&from, 8);
    ret->to_ms = (int64_t)get(&from, 8);
    ret->n_entries = get(&from, 8);
    ret->n_identities = get(&from, 8);
    ret->n_blocks = (uint32_t)get(&from, 4);
    uint32_t n_partitions = (uint32_t)get(&from, 4);
    get_bytes(&from, ret->previous, SEGMENT_ID_BYTES);
    if (n_partitions != PARTITIONS_ALL || ret->n_blocks > SEGMENT_BLOCKS_MAX ||
        len != meta_bytes(ret->n_blocks))
        return -EPROTO;
    ret->blocks = calloc((size_t)ret->n_blocks + 1, sizeof(*ret->blocks));
    ASSERT(ret->blocks != NULL);
    for (uint32_t i = 0; i < ret->n_blocks; i++) {
        ret->blocks[i].offset = get(&from, 8);
        ret->blocks[i].packed_len = (uint32_t)get(&from, 4);
        ret->blocks[i].raw_len = (uint32_t)get(&from, 4);
        get_bytes(&from, ret->blocks[i].hash, CHAIN_BYTES);
    }
    for (unsigned p = 0; p < PARTITIONS_ALL; p++)
        get_partition(&from, &ret->partitions[p]);
    return 0;
}

void segment_id_of(const uint8_t *meta, size_t len, uint8_t ret[SEGMENT_ID_BYTES])
{
    (void)crypto_generichash(ret, SEGMENT_ID_BYTES, meta, len, NULL, 0);
}

/* --- trailer ---------------------------------------------------------------------------------- */

static void what_is_signed(const struct segment_trailer *self,
                           uint8_t ret[sizeof(SIGNED_PREFIX) + SEGMENT_ID_BYTES])
{
    memcpy(ret, SIGNED_PREFIX, sizeof(SIGNED_PREFIX));
    memcpy(ret + sizeof(SIGNED_PREFIX), self->id, SEGMENT_ID_BYTES);
}

void segment_trailer_sign(struct segment_trailer *self, const struct signing_key *key)
{
    uint8_t text[sizeof(SIGNED_PREFIX) + SEGMENT_ID_BYTES];
    what_is_signed(self, text);
    memcpy(self->public_key, key->public_key, SIGNING_PUBLIC_BYTES);
    (void)crypto_sign_detached(self->signature, NULL, text, sizeof(text), key->secret);
}

int segment_trailer_is_signed(const struct segment_trailer *self)
{
    uint8_t text[sizeof(SIGNED_PREFIX) + SEGMENT_ID_BYTES];
    what_is_signed(self, text);
    return crypto_sign_verify_detached(self->signature, text, sizeof(text), self->public_key) == 0;
}

void segment_trailer_write(const struct segment_trailer *self, uint8_t ret[SEGMENT_TRAILER_BYTES])
{
    struct cursor to = {.to = ret};
    put(&to, self->meta_len, 8);
    put_bytes(&to, self->id, SEGMENT_ID_BYTES);
    put_bytes(&to, self->public_key, SIGNING_PUBLIC_BYTES);
    put_bytes(&to, self->signature, SIGNATURE_BYTES);
    put_bytes(&to, (const uint8_t *)SEGMENT_MAGIC, SEGMENT_MAGIC_BYTES);
}

int segment_trailer_read(const uint8_t bytes[SEGMENT_TRAILER_BYTES], struct segment_trailer *ret)
{
    struct cursor from = {.from = bytes};
    ret->meta_len = get(&from, 8);
    get_bytes(&from, ret->id, SEGMENT_ID_BYTES);
    get_bytes(&from, ret->public_key, SIGNING_PUBLIC_BYTES);
    get_bytes(&from, ret->signature, SIGNATURE_BYTES);
    return memcmp(from.from, SEGMENT_MAGIC, SEGMENT_MAGIC_BYTES) == 0 ? 0 : -EPROTO;
}
