/* Postings of one account, holder and day, packed: a member of a sorted set in views. Pure.
 *
 *   version u64 big-endian | n u8, n bytes of holder | first time ms u64 LE | rows
 *   row: partition u16 LE | epoch, seq, ms after the first time, amount (zigzag): varints */
#ifndef ANSINH_SETTLEMENT_CHUNK_H
#define ANSINH_SETTLEMENT_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"

#define CHUNK_MAX_BYTES 1024
#define CHUNK_HOLDER_BYTES 36 /* with NUL; longer ones are cut */
#define CHUNK_ROWS_MAX 256    /* more do not fit */

struct chunk_row {
    uint16_t partition;
    uint32_t epoch;
    uint64_t seq;
    int64_t at_ms;
    int64_t amount_vnd;
};

/* Starts a chunk in bytes; answers its length. */
size_t chunk_begin(uint64_t version, const char *holder, int64_t first_ms,
                   uint8_t bytes[CHUNK_MAX_BYTES]);
/* Adds a row, not earlier than first_ms; answers the new length, 0: it is full. */
size_t chunk_add(uint8_t bytes[CHUNK_MAX_BYTES], size_t len, const struct chunk_row *row);

/* 0, or -EPROTO. */
int chunk_read(const uint8_t *bytes, size_t len, char ret_holder[CHUNK_HOLDER_BYTES],
               struct chunk_row ret[CHUNK_ROWS_MAX], size_t *ret_n) MUST_CHECK;

#endif
