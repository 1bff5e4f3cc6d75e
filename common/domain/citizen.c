#include "common/domain/citizen.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"

#define SCHEMA 1
#define HEAD_BYTES 5 /* version and schema */

struct reader {
    const uint8_t *at, *end;
    int failed;
};

static uint8_t *put(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* Small numbers of either sign become small varints. */
static uint64_t zigzag(int32_t value)
{
    return value < 0 ? ~(uint64_t)value << 1 | 1 : (uint64_t)value << 1;
}

static int32_t unzigzag(uint64_t value)
{
    return (int32_t)(value & 1 ? -(int64_t)(value >> 1) - 1 : (int64_t)(value >> 1));
}

/* Only the shortest form of a number at most max is taken, so that a state has one packed form. */
static uint64_t get(struct reader *reader, uint64_t max)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        uint8_t byte = *reader->at++;
        uint64_t bits = byte & 0x7f;
        value |= bits << shift;
        if (byte & 0x80)
            continue;
        int is_shortest = byte != 0 || shift == 0;
        int fits = bits << shift >> shift == bits && value <= max;
        if (is_shortest && fits)
            return value;
        break;
    }
    reader->failed = 1;
    return 0;
}

static int64_t get_vnd(struct reader *reader)
{
    return (int64_t)get(reader, INT64_MAX);
}

static uint32_t get_u32(struct reader *reader)
{
    return (uint32_t)get(reader, UINT32_MAX);
}

static uint8_t *put_bill(uint8_t *at, const struct citizen_bill *bill)
{
    at = put(at, bill->months);
    if (bill->months == 0)
        return at;
    at = put(at, bill->from_month);
    at = put(at, bill->months_supported);
    at = put(at, (uint64_t)bill->participant_vnd);
    at = put(at, (uint64_t)bill->central_vnd);
    at = put(at, (uint64_t)bill->local_vnd);
    at = put(at, (uint64_t)bill->donor_vnd);
    return put(at, zigzag(bill->valid_until_day));
}

static void get_bill(struct reader *reader, struct citizen_bill *ret)
{
    ret->months = get_u32(reader);
    if (ret->months == 0)
        return;
    ret->from_month = get_u32(reader);
    ret->months_supported = get_u32(reader);
    ret->participant_vnd = get_vnd(reader);
    ret->central_vnd = get_vnd(reader);
    ret->local_vnd = get_vnd(reader);
    ret->donor_vnd = get_vnd(reader);
    ret->valid_until_day = unzigzag(get(reader, UINT32_MAX));
}

size_t citizen_pack(const struct citizen *self, uint8_t ret[CITIZEN_PACKED_MAX_BYTES])
{
    for (int i = 0; i < 4; i++)
        ret[i] = (uint8_t)(self->version >> (8 * i));
    ret[4] = SCHEMA;
    uint8_t *at = ret + HEAD_BYTES;
    at = put(at, self->commune);
    at = put(at, self->support_group);
    at = put(at, self->method);
    at = put(at, self->language);
    at = put(at, self->has_si_code);
    at = put(at, (uint64_t)self->income_vnd);
    at = put(at, zigzag(self->enrolled_day));
    at = put(at, self->covered_until);
    at = put(at, self->months_paid);
    at = put(at, self->months_supported);
    at = put(at, self->bill_number);
    at = put_bill(at, &self->bill);
    return (size_t)(at - ret);
}

int citizen_unpack(const void *bytes, size_t len, struct citizen *ret)
{
    const uint8_t *head = bytes;
    if (len < HEAD_BYTES || len > CITIZEN_PACKED_MAX_BYTES || head[4] != SCHEMA)
        return -EPROTO;
    struct citizen citizen = {0};
    for (int i = 0; i < 4; i++)
        citizen.version |= (uint32_t)head[i] << (8 * i);
    struct reader reader = {.at = head + HEAD_BYTES, .end = head + len};
    citizen.commune = get_u32(&reader);
    citizen.support_group = (uint8_t)get(&reader, UINT8_MAX);
    citizen.method = (uint8_t)get(&reader, UINT8_MAX);
    citizen.language = (uint8_t)get(&reader, UINT8_MAX);
    citizen.has_si_code = (uint8_t)get(&reader, UINT8_MAX);
    citizen.income_vnd = get_vnd(&reader);
    citizen.enrolled_day = unzigzag(get(&reader, UINT32_MAX));
    citizen.covered_until = get_u32(&reader);
    citizen.months_paid = get_u32(&reader);
    citizen.months_supported = get_u32(&reader);
    citizen.bill_number = get_u32(&reader);
    get_bill(&reader, &citizen.bill);
    if (reader.failed || reader.at != reader.end)
        return -EPROTO;
    *ret = citizen;
    return 0;
}

uint32_t citizen_next_month(const struct citizen *self, int32_t on_day)
{
    uint32_t own = (uint32_t)month_of_day(on_day);
    return self->covered_until >= own ? self->covered_until + 1 : own;
}
