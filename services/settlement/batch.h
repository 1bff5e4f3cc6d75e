/* Payments of one organisation and business date, packed: a member of a sorted set in views. Pure.
 *
 *   version u64 big-endian | n u8, n bytes of the organisation's code | rows: u16 LE length, bytes
 */
#ifndef ANSINH_SETTLEMENT_BATCH_H
#define ANSINH_SETTLEMENT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"

#define BATCH_MAX_BYTES 1024
#define BATCH_CODE_BYTES 33 /* with NUL; longer ones are cut */
#define BATCH_ROWS_MAX 64   /* more do not fit, or are not taken */

struct batch {
    uint8_t bytes[BATCH_MAX_BYTES];
    size_t len, n_rows;
};

struct batch_row {
    const uint8_t *bytes; /* in the batch */
    size_t len;
};

void batch_begin(struct batch *self, uint64_t version, const char *organisation);
/* -EMSGSIZE: it is full. */
int batch_add(struct batch *self, const uint8_t *row, size_t len) MUST_CHECK;

/* 0, or -EPROTO. */
int batch_read(const uint8_t *bytes, size_t len, char ret_organisation[BATCH_CODE_BYTES],
               struct batch_row ret[BATCH_ROWS_MAX], size_t *ret_n) MUST_CHECK;

#endif
