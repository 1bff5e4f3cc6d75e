/* Which number a receipt gets, and what happens to it: pure, on the records that the ledger keeps.
 */
#ifndef ANSINH_SETTLEMENT_RECEIPT_RULES_H
#define ANSINH_SETTLEMENT_RECEIPT_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"

/* Numbers handed to an offline point: first to first + count - 1. */
struct series_block {
    uint64_t first;
    uint32_t count;
};

/* A series: its next number, and its open blocks in ascending order. */
struct series {
    uint64_t next; /* from 1 */
    struct series_block *blocks;
    size_t n_blocks;
};

/* The open block in which a number is; NULL: in none. */
const struct series_block *series_block_of(const struct series *self, uint64_t number);

/* The number of the next receipt: the one that the payment names (0: none) when it is in an open
 * block and free, else the series' next one, which is then used. */
uint64_t series_number(struct series *self, uint64_t named, int is_free);

/* True for 1 to 32 letters, digits, - _ . */
int is_officer_code(const char *text);

#endif
