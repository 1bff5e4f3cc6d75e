#include "services/settlement/custody_rules.h"

#include <errno.h>
#include <string.h>

#define MINUTE_MS 60000
#define FORMAT 1
#define HEAD_BYTES (1 + 1 + 8 + 8 + 8 + 4 + 1)
#define LOT_BYTES (4 + 8)

_Static_assert(HEAD_BYTES + CASH_LOTS_MAX * LOT_BYTES == CASH_PACKED_MAX_BYTES, "packed cash");

static uint32_t span_of(uint32_t minute)
{
    return minute / CASH_SPAN_MINUTES;
}

static void take_earlier(struct cash *self, uint32_t minute, int64_t amount_vnd)
{
    self->earlier_vnd += amount_vnd;
    self->earlier_minute = MAX(self->earlier_minute, minute);
}

static void lots_cut_first(struct cash *self)
{
    take_earlier(self, self->lots[0].minute, self->lots[0].amount_vnd);
    self->n_lots--;
    memmove(self->lots, self->lots + 1, self->n_lots * sizeof(self->lots[0]));
}

void cash_take(struct cash *self, int64_t at_ms, int64_t amount_vnd)
{
    uint32_t minute = (uint32_t)(at_ms / MINUTE_MS);
    size_t i = self->n_lots;
    self->collected_vnd += amount_vnd;
    if (self->earlier_minute != 0 && span_of(minute) <= span_of(self->earlier_minute)) {
        self->earlier_vnd += amount_vnd;
        return;
    }
    while (i > 0 && span_of(self->lots[i - 1].minute) > span_of(minute))
        i--;
    if (i > 0 && span_of(self->lots[i - 1].minute) == span_of(minute)) {
        self->lots[i - 1].amount_vnd += amount_vnd;
        self->lots[i - 1].minute = MIN(self->lots[i - 1].minute, minute);
        return;
    }
    if (self->n_lots == CASH_LOTS_MAX && i == 0) {
        take_earlier(self, minute, amount_vnd);
        return;
    }
    if (self->n_lots == CASH_LOTS_MAX) {
        lots_cut_first(self);
        i--;
    }
    memmove(&self->lots[i + 1], &self->lots[i], (self->n_lots - i) * sizeof(self->lots[0]));
    self->lots[i] = (struct cash_lot){minute, amount_vnd};
    self->n_lots++;
}

int64_t cash_in_hand(const struct cash *self)
{
    return self->collected_vnd - self->remitted_vnd;
}

int64_t cash_oldest_ms(const struct cash *self)
{
    int64_t sum = self->earlier_vnd;
    if (cash_in_hand(self) <= 0)
        return 0;
    if (sum > self->remitted_vnd)
        return (int64_t)self->earlier_minute * MINUTE_MS;
    for (size_t i = 0; i < self->n_lots; i++) {
        sum += self->lots[i].amount_vnd;
        if (sum > self->remitted_vnd)
            return (int64_t)self->lots[i].minute * MINUTE_MS;
    }
    return 0; /* not reached: the lots make up what was collected */
}

void cash_settle(struct cash *self, int64_t before_ms)
{
    uint32_t before = span_of((uint32_t)(before_ms / MINUTE_MS));
    while (self->n_lots > 0 && span_of(self->lots[0].minute) < before &&
           self->earlier_vnd + self->lots[0].amount_vnd <= self->remitted_vnd)
        lots_cut_first(self);
}

int cash_is_over(const struct cash *self, const struct cash_limits *limits)
{
    return limits->cash_vnd > 0 && cash_in_hand(self) > limits->cash_vnd;
}

int cash_is_late(const struct cash *self, const struct cash_limits *limits, int64_t now_ms)
{
    int64_t oldest_ms = cash_oldest_ms(self);
    return limits->age_ms > 0 && oldest_ms > 0 && now_ms - oldest_ms > limits->age_ms;
}

/* --- packed ----------------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *at, uint64_t value, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
    return at + n_bytes;
}

static uint64_t get(const uint8_t **at, size_t n_bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n_bytes; i++)
        value |= (uint64_t)(*at)[i] << (8 * i);
    *at += n_bytes;
    return value;
}

size_t cash_pack(const struct cash *self, uint8_t ret[CASH_PACKED_MAX_BYTES])
{
    uint8_t *at = put(ret, FORMAT, 1);
    at = put(at, (uint64_t)(self->is_over | self->is_late << 1 | self->is_blocked << 2), 1);
    at = put(at, (uint64_t)self->collected_vnd, 8);
    at = put(at, (uint64_t)self->remitted_vnd, 8);
    at = put(at, (uint64_t)self->earlier_vnd, 8);
    at = put(at, self->earlier_minute, 4);
    at = put(at, self->n_lots, 1);
    for (size_t i = 0; i < self->n_lots; i++) {
        at = put(at, self->lots[i].minute, 4);
        at = put(at, (uint64_t)self->lots[i].amount_vnd, 8);
    }
    return (size_t)(at - ret);
}

int cash_unpack(const void *bytes, size_t len, struct cash *ret)
{
    const uint8_t *at = bytes;
    if (len < HEAD_BYTES || get(&at, 1) != FORMAT)
        return -EPROTO;
    *ret = (struct cash){0};
    uint64_t flags = get(&at, 1);
    ret->is_over = flags & 1;
    ret->is_late = flags >> 1 & 1;
    ret->is_blocked = flags >> 2 & 1;
    ret->collected_vnd = (int64_t)get(&at, 8);
    ret->remitted_vnd = (int64_t)get(&at, 8);
    ret->earlier_vnd = (int64_t)get(&at, 8);
    ret->earlier_minute = (uint32_t)get(&at, 4);
    ret->n_lots = (size_t)get(&at, 1);
    if (flags > 7 || ret->n_lots > CASH_LOTS_MAX || len != HEAD_BYTES + ret->n_lots * LOT_BYTES)
        return -EPROTO;
    for (size_t i = 0; i < ret->n_lots; i++) {
        ret->lots[i].minute = (uint32_t)get(&at, 4);
        ret->lots[i].amount_vnd = (int64_t)get(&at, 8);
        if (i > 0 && span_of(ret->lots[i].minute) <= span_of(ret->lots[i - 1].minute))
            return -EPROTO;
    }
    return 0;
}
