#include "services/settlement/chunk.h"

#include <errno.h>
#include <string.h>

#define VERSION_BYTES 8
#define TIME_BYTES 8
#define VARINT_MAX_BYTES 10
#define ROW_MAX_BYTES (2 + 4 * VARINT_MAX_BYTES)

static size_t put_varint(uint8_t *to, uint64_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        to[n++] = (uint8_t)(value | 0x80);
    to[n++] = (uint8_t)value;
    return n;
}

/* Bytes taken; 0: it does not end. */
static size_t get_varint(const uint8_t *from, size_t len, uint64_t *ret)
{
    *ret = 0;
    for (size_t n = 0; n < len && n < VARINT_MAX_BYTES; n++) {
        *ret |= (uint64_t)(from[n] & 0x7f) << (7 * n);
        if ((from[n] & 0x80) == 0)
            return n + 1;
    }
    return 0;
}

static int64_t first_time(const uint8_t *bytes)
{
    uint64_t ms = 0;
    const uint8_t *at = bytes + VERSION_BYTES + 1 + bytes[VERSION_BYTES];
    for (int i = 0; i < TIME_BYTES; i++)
        ms |= (uint64_t)at[i] << (8 * i);
    return (int64_t)ms;
}

size_t chunk_begin(uint64_t version, const char *holder, int64_t first_ms,
                   uint8_t bytes[CHUNK_MAX_BYTES])
{
    size_t len = 0, holder_len = strnlen(holder, CHUNK_HOLDER_BYTES - 1);
    for (int i = VERSION_BYTES - 1; i >= 0; i--)
        bytes[len++] = (uint8_t)(version >> (8 * i));
    bytes[len++] = (uint8_t)holder_len;
    memcpy(bytes + len, holder, holder_len);
    len += holder_len;
    for (int i = 0; i < TIME_BYTES; i++)
        bytes[len++] = (uint8_t)((uint64_t)first_ms >> (8 * i));
    return len;
}

size_t chunk_add(uint8_t bytes[CHUNK_MAX_BYTES], size_t len, const struct chunk_row *row)
{
    if (len + ROW_MAX_BYTES > CHUNK_MAX_BYTES)
        return 0;
    bytes[len++] = (uint8_t)row->partition;
    bytes[len++] = (uint8_t)(row->partition >> 8);
    len += put_varint(bytes + len, row->epoch);
    len += put_varint(bytes + len, row->seq);
    len += put_varint(bytes + len, (uint64_t)(row->at_ms - first_time(bytes)));
    uint64_t sign = row->amount_vnd < 0 ? UINT64_MAX : 0;
    len += put_varint(bytes + len, ((uint64_t)row->amount_vnd << 1) ^ sign);
    return len;
}

static size_t read_row(const uint8_t *from, size_t len, int64_t first_ms, struct chunk_row *ret)
{
    uint64_t numbers[4];
    size_t at = 2;
    if (len < at)
        return 0;
    for (size_t i = 0; i < 4; i++) {
        size_t n = get_varint(from + at, len - at, &numbers[i]);
        if (n == 0)
            return 0;
        at += n;
    }
    *ret = (struct chunk_row){
        .partition = (uint16_t)(from[0] | from[1] << 8),
        .epoch = (uint32_t)numbers[0],
        .seq = numbers[1],
        .at_ms = first_ms + (int64_t)numbers[2],
        .amount_vnd = (int64_t)(numbers[3] >> 1) ^ -(int64_t)(numbers[3] & 1),
    };
    return at;
}

int chunk_read(const uint8_t *bytes, size_t len, char ret_holder[CHUNK_HOLDER_BYTES],
               struct chunk_row ret[CHUNK_ROWS_MAX], size_t *ret_n)
{
    size_t at = VERSION_BYTES + 1;
    *ret_n = 0;
    if (len < at || bytes[VERSION_BYTES] >= CHUNK_HOLDER_BYTES ||
        len < at + bytes[VERSION_BYTES] + TIME_BYTES)
        return -EPROTO;
    memcpy(ret_holder, bytes + at, bytes[VERSION_BYTES]);
    ret_holder[bytes[VERSION_BYTES]] = '\0';
    int64_t first_ms = first_time(bytes);
    at += bytes[VERSION_BYTES] + TIME_BYTES;
    while (at < len) {
        size_t n =
            *ret_n == CHUNK_ROWS_MAX ? 0 : read_row(bytes + at, len - at, first_ms, &ret[*ret_n]);
        if (n == 0)
            return -EPROTO;
        at += n;
        ++*ret_n;
    }
    return 0;
}
