#include "common/domain/redress.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"

#define SCHEMA 1

struct reader {
    const uint8_t *at, *end;
    int failed;
};

static uint8_t *put(uint8_t *at, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)(value >> (8 * i));
    return at + n;
}

static uint64_t get(struct reader *reader, size_t n)
{
    uint64_t value = 0;
    if ((size_t)(reader->end - reader->at) < n) {
        reader->failed = 1;
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)reader->at[i] << (8 * i);
    reader->at += n;
    return value;
}

static uint8_t *put_text(uint8_t *at, const char *text, size_t max)
{
    size_t len = strlen(text);
    ASSERT(len <= max);
    *at = (uint8_t)len;
    memcpy(at + 1, text, len);
    return at + 1 + len;
}

/* ret has room for max bytes and a NUL. */
static void get_text(struct reader *reader, char *ret, size_t max)
{
    size_t len = get(reader, 1);
    if (len > max || (size_t)(reader->end - reader->at) < len ||
        memchr(reader->at, '\0', len) != NULL) {
        reader->failed = 1;
        return;
    }
    memcpy(ret, reader->at, len);
    ret[len] = '\0';
    reader->at += len;
}

static uint8_t *put_payout(uint8_t *at, const struct redress_payout *payout)
{
    at = put(at, payout->approved_epoch, 4);
    at = put(at, payout->approved_seq, 8);
    at = put(at, (uint32_t)payout->approved_day, 4);
    at = put(at, (uint32_t)payout->paid_day, 4);
    at = put_text(at, payout->officer, REDRESS_OFFICER_MAX_BYTES);
    at = put_text(at, payout->reference, REDRESS_REFERENCE_MAX_BYTES);
    return put_text(at, payout->bank_account, REDRESS_ACCOUNT_MAX_BYTES);
}

static void get_payout(struct reader *reader, struct redress_payout *ret)
{
    ret->approved_epoch = (uint32_t)get(reader, 4);
    ret->approved_seq = get(reader, 8);
    ret->approved_day = (int32_t)(uint32_t)get(reader, 4);
    ret->paid_day = (int32_t)(uint32_t)get(reader, 4);
    get_text(reader, ret->officer, REDRESS_OFFICER_MAX_BYTES);
    get_text(reader, ret->reference, REDRESS_REFERENCE_MAX_BYTES);
    get_text(reader, ret->bank_account, REDRESS_ACCOUNT_MAX_BYTES);
}

size_t redress_pack(const struct redress *self, uint8_t ret[REDRESS_MAX_BYTES])
{
    const struct redress_case *refund = &self->refund;
    uint8_t *at = put(ret, self->version, 4);
    at = put(at, self->epoch, 4); /* REDRESS_STAMP_AT */
    at = put(at, self->seq, 8);
    at = put(at, SCHEMA, 1);
    at = put(at, (uint64_t)self->state, 1);
    at = put(at, self->reason, 1);
    at = put(at, (uint32_t)self->day, 4);
    if (self->state == REDRESS_IS_REVERSED)
        return (size_t)(at - ret);
    memcpy(at, refund->citizen, ID_BYTES);
    at = put(at + ID_BYTES, (uint64_t)refund->amount_vnd, 8);
    at = put(at, (uint64_t)refund->requested_at_ms, 8);
    at = put(at, (uint32_t)refund->requested_day, 4);
    at = put_text(at, refund->requested_by, REDRESS_OFFICER_MAX_BYTES);
    at = put_text(at, refund->decided_by, REDRESS_OFFICER_MAX_BYTES);
    if (self->state == REDRESS_IS_PAID_OUT)
        at = put_payout(at, &self->payout);
    return (size_t)(at - ret);
}

static void get_case(struct reader *reader, struct redress_case *ret)
{
    if ((size_t)(reader->end - reader->at) < ID_BYTES) {
        reader->failed = 1;
        return;
    }
    memcpy(ret->citizen, reader->at, ID_BYTES);
    reader->at += ID_BYTES;
    ret->amount_vnd = (int64_t)get(reader, 8);
    ret->requested_at_ms = (int64_t)get(reader, 8);
    ret->requested_day = (int32_t)(uint32_t)get(reader, 4);
    get_text(reader, ret->requested_by, REDRESS_OFFICER_MAX_BYTES);
    get_text(reader, ret->decided_by, REDRESS_OFFICER_MAX_BYTES);
}

int redress_unpack(const void *bytes, size_t len, struct redress *ret)
{
    const uint8_t *packed = bytes;
    struct reader reader = {.at = packed, .end = packed + len};
    struct redress redress = {0};
    redress.version = (uint32_t)get(&reader, 4);
    redress.epoch = (uint32_t)get(&reader, 4);
    redress.seq = get(&reader, 8);
    uint64_t schema = get(&reader, 1), state = get(&reader, 1);
    redress.reason = (uint8_t)get(&reader, 1);
    redress.day = (int32_t)(uint32_t)get(&reader, 4);
    if (schema != SCHEMA || state == REDRESS_NONE || state >= REDRESS_STATES)
        return -EPROTO;
    redress.state = (enum redress_state)state;
    if (redress.state != REDRESS_IS_REVERSED)
        get_case(&reader, &redress.refund);
    if (redress.state == REDRESS_IS_PAID_OUT)
        get_payout(&reader, &redress.payout);
    if (reader.failed || reader.at != reader.end)
        return -EPROTO;
    *ret = redress;
    return 0;
}

int redress_is_taken_back(const struct redress *self)
{
    return self->state == REDRESS_IS_REVERSED || self->state == REDRESS_IS_APPROVED ||
           self->state == REDRESS_IS_PAID_OUT;
}

struct redress_entry redress_taken_back_by(const struct redress *self)
{
    const struct redress_payout *payout = &self->payout;
    ASSERT(redress_is_taken_back(self));
    return self->state == REDRESS_IS_PAID_OUT
               ? (struct redress_entry){payout->approved_epoch, payout->approved_seq,
                                        payout->approved_day}
               : (struct redress_entry){self->epoch, self->seq, self->day};
}

void redress_field(uint32_t epoch, uint64_t seq, uint8_t ret[REDRESS_FIELD_BYTES])
{
    (void)put(put(ret, epoch, 4), seq, 8);
}
