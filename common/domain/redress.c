#include "common/domain/redress.h"

#include <errno.h>
#include <string.h>

#define SCHEMA 1
#define DAY_AT 19

enum place { VERSION_AT = 0, EPOCH_AT = REDRESS_STAMP_AT, SEQ_AT = 8, SCHEMA_AT = 16, STATE_AT, REASON_AT };

static void put(uint8_t *at, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

void redress_pack(const struct redress *self, uint8_t ret[REDRESS_BYTES])
{
    put(ret + VERSION_AT, self->version, 4);
    put(ret + EPOCH_AT, self->epoch, 4);
    put(ret + SEQ_AT, self->seq, 8);
    ret[SCHEMA_AT] = SCHEMA;
    ret[STATE_AT] = (uint8_t)self->state;
    ret[REASON_AT] = self->reason;
    put(ret + DAY_AT, (uint32_t)self->day, 4);
}

int redress_unpack(const void *bytes, size_t len, struct redress *ret)
{
    const uint8_t *packed = bytes;
    if (len != REDRESS_BYTES || packed[SCHEMA_AT] != SCHEMA || packed[STATE_AT] == REDRESS_NONE ||
        packed[STATE_AT] >= REDRESS_STATES)
        return -EPROTO;
    *ret = (struct redress){
        .version = (uint32_t)get(packed + VERSION_AT, 4),
        .epoch = (uint32_t)get(packed + EPOCH_AT, 4),
        .seq = get(packed + SEQ_AT, 8),
        .state = (enum redress_state)packed[STATE_AT],
        .reason = packed[REASON_AT],
        .day = (int32_t)(uint32_t)get(packed + DAY_AT, 4),
    };
    return 0;
}

void redress_field(uint32_t epoch, uint64_t seq, uint8_t ret[REDRESS_FIELD_BYTES])
{
    put(ret, epoch, 4);
    put(ret + 4, seq, 8);
}
