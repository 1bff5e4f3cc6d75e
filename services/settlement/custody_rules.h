/* Cash in a holder's hands, and how old it is: what is handed over is the oldest first. Pure.
 *
 * Cash is kept by spans of four hours in which it was taken in. The state follows from which
 * amounts came when, and not from the order in which they are heard of: partitions are folded side
 * by side, and a remittance may come before what it hands over. */
#ifndef ANSINH_SETTLEMENT_CUSTODY_RULES_H
#define ANSINH_SETTLEMENT_CUSTODY_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"

#define CASH_SPAN_MINUTES 240
#define CASH_LOTS_MAX 60 /* spans kept apart: some four weeks of cash that is never handed over */

/* What came in one span. */
struct cash_lot {
    uint32_t minute; /* of the first amount, since 1970 */
    int64_t amount_vnd;
};

struct cash {
    int64_t collected_vnd; /* all taken in, reversed payments taken off */
    int64_t remitted_vnd;
    int64_t earlier_vnd;      /* of collected_vnd, what came before the first lot */
    uint32_t earlier_minute;  /* of the last span of these; 0: none */
    uint8_t is_over, is_late; /* the alarm was told */
    uint8_t is_blocked;       /* it was said that no cash may be taken */
    size_t n_lots;
    struct cash_lot lots[CASH_LOTS_MAX]; /* ascending */
};

/* Takes an amount in at a time; negative: one of that time was reversed. */
void cash_take(struct cash *self, int64_t at_ms, int64_t amount_vnd);

int64_t cash_in_hand(const struct cash *self);

/* When the oldest dong in hand came, up to a span too early; 0: nothing is in hand. Of more than
 * CASH_LOTS_MAX spans it may be later than that. */
int64_t cash_oldest_ms(const struct cash *self);

/* Forgets the times of what was handed over and came before a time: nothing of then may be unheard
 * of any more. */
void cash_settle(struct cash *self, int64_t before_ms);

/* What an organisation allows; 0: anything. */
struct cash_limits {
    int64_t cash_vnd;
    int64_t age_ms;
};

/* More in hand than allowed; older than allowed. */
int cash_is_over(const struct cash *self, const struct cash_limits *limits);
int cash_is_late(const struct cash *self, const struct cash_limits *limits, int64_t now_ms);

#define CASH_PACKED_MAX_BYTES (31 + CASH_LOTS_MAX * 12)
size_t cash_pack(const struct cash *self, uint8_t ret[CASH_PACKED_MAX_BYTES]);
/* -EPROTO: nothing that cash_pack made. */
int cash_unpack(const void *bytes, size_t len, struct cash *ret) MUST_CHECK;

#endif
