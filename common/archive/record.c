#include "common/archive/record.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "common/store/packed.h"

#define CHECKED_BYTES 20 /* of the header: all but the check */

int position_follows(struct journal_position last, struct journal_position next)
{
    if (next.epoch == last.epoch)
        return next.seq == last.seq + 1;
    return next.epoch > last.epoch && next.seq == 1;
}

void record_write_header(const struct record *record, uint8_t ret[RECORD_HEADER_BYTES])
{
    put_le(ret, record->kind, 2);
    put_le(ret + 2, record->partition, 2);
    put_le(ret + 4, record->position.epoch, 4);
    put_le(ret + 8, record->position.seq, 8);
    put_le(ret + 16, record->len, 4);
    put_le(ret + CHECKED_BYTES, record->check, 4);
}

int record_read(const uint8_t *bytes, size_t len, size_t *at, struct record *ret)
{
    const uint8_t *header = bytes + *at;
    if (len - *at < RECORD_HEADER_BYTES)
        return -EPROTO;
    unsigned kind = (unsigned)get_le(header, 2);
    size_t data_len = get_le(header + 16, 4);
    if ((kind != RECORD_ENTRY && kind != RECORD_IDENTITY) || data_len > RECORD_DATA_MAX_BYTES ||
        data_len > len - *at - RECORD_HEADER_BYTES)
        return -EPROTO;
    *ret = (struct record){
        .kind = (enum record_kind)kind,
        .partition = (unsigned)get_le(header + 2, 2),
        .position = {(uint32_t)get_le(header + 4, 4), get_le(header + 8, 8)},
        .data = header + RECORD_HEADER_BYTES,
        .len = data_len,
        .check = (uint32_t)get_le(header + CHECKED_BYTES, 4),
    };
    if (ret->partition >= PARTITIONS_ALL || (kind == RECORD_IDENTITY && data_len <= ID_BYTES))
        return -EPROTO;
    *at += RECORD_HEADER_BYTES + data_len;
    return 0;
}

void record_digest(const struct record *record, uint8_t ret[CHAIN_BYTES])
{
    uint8_t header[RECORD_HEADER_BYTES];
    crypto_generichash_state state;
    record_write_header(record, header);
    (void)crypto_generichash_init(&state, NULL, 0, CHAIN_BYTES);
    (void)crypto_generichash_update(&state, header, CHECKED_BYTES);
    (void)crypto_generichash_update(&state, record->data, record->len);
    (void)crypto_generichash_final(&state, ret, CHAIN_BYTES);
}

uint32_t chain_add(struct chain *self, const struct record *entry)
{
    uint8_t both[2 * CHAIN_BYTES];
    memcpy(both, self->value, CHAIN_BYTES);
    record_digest(entry, both + CHAIN_BYTES);
    (void)crypto_generichash(self->value, CHAIN_BYTES, both, sizeof(both), NULL, 0);
    memcpy(self->digest, both + CHAIN_BYTES, DIGEST_BYTES);
    self->last = entry->position;
    return (uint32_t)get_le(self->value, 4);
}

uint32_t identity_check(const struct record *identity)
{
    uint8_t digest[CHAIN_BYTES];
    record_digest(identity, digest);
    return (uint32_t)get_le(digest, 4);
}
