#include "common/domain/citizen.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/domain/contribution.h"

#define SCHEMA_FIRST 1
#define SCHEMA_BEFORE 2 /* as this one, without paid_number */
#define SCHEMA 3
#define HEAD_BYTES 5 /* version and schema */

#define DAY_MIN (-25567) /* 1900-01-01 */
#define DAY_MAX 84005    /* 2199-12-31 */
#define DAY_USUAL 18262  /* 2020-01-01: enrolments around it take two bytes */
#define VND_USUAL 50000  /* incomes are mostly multiples of it */

/* What follows in the record; those that almost everybody has share the first byte. */
enum flag {
    HAS_SI_CODE = 1 << 0,
    HAS_PAID = 1 << 1,
    HAS_RANGES = 1 << 2,
    HAS_BILL = 1 << 3,
    HAS_PAYMENT = 1 << 4,
    HAS_DECLARED = 1 << 5,
    HAS_CHANGED = 1 << 6,
    HAS_OLDER = 1 << 7,
    HAS_EARLIER = 1 << 8,
    HAS_MISSING = 1 << 9,
    HAS_LUMP = 1 << 10,
    HAS_SETTLED = 1 << 11,
    HAS_ENDED = 1 << 12,
    HAS_PAID_NUMBER = 1 << 13, /* another than the usual */
    IS_HEALTH = 1 << 14,
    HAS_CARD = 1 << 15,
    HAS_ACCEPTED = 1 << 16,
    FLAGS_END = 1 << 17
};

enum bill_flag { IS_MISSING = 1, IS_PART_SUPPORTED = 2, HAS_OTHERS = 4, BILL_FLAGS = 8 };

struct reader {
    const uint8_t *at, *end;
    int failed;
};

/* --- numbers ---------------------------------------------------------------------------------- */

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
static uint8_t *put_signed(uint8_t *at, int64_t value)
{
    return put(at, value < 0 ? ~(uint64_t)value << 1 | 1 : (uint64_t)value << 1);
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

/* base and what is read, min to max. */
static int64_t get_from(struct reader *reader, int64_t base, int64_t min, int64_t max)
{
    uint64_t value = get(reader, 2 * (uint64_t)UINT32_MAX + 1);
    int64_t sum = base + (value & 1 ? -(int64_t)(value >> 1) - 1 : (int64_t)(value >> 1));
    if (sum >= min && sum <= max)
        return sum;
    reader->failed = 1;
    return min;
}

static int32_t get_day(struct reader *reader, int32_t base)
{
    return (int32_t)get_from(reader, base, DAY_MIN, DAY_MAX);
}

static uint32_t get_month(struct reader *reader, uint32_t base)
{
    return (uint32_t)get_from(reader, base, 1, UINT32_MAX);
}

/* --- parts ------------------------------------------------------------------------------------ */

static uint8_t *put_income(uint8_t *at, int64_t vnd)
{
    uint64_t value = (uint64_t)vnd;
    return put(at, value % VND_USUAL == 0 ? value / VND_USUAL << 1 : value << 1 | 1);
}

static int64_t get_income(struct reader *reader)
{
    uint64_t value = get(reader, UINT64_MAX);
    if (value & 1)
        return (int64_t)(value >> 1);
    if (value >> 1 > INT64_MAX / VND_USUAL)
        reader->failed = 1;
    return reader->failed ? 0 : (int64_t)(value >> 1) * VND_USUAL;
}

static uint32_t enrolled_month(const struct citizen *self)
{
    return (uint32_t)month_of_day(self->enrolled_day);
}

static uint8_t *put_bill(uint8_t *at, const struct citizen *self, const struct citizen_bill *bill)
{
    int flags = (bill->from_month == 0 ? IS_MISSING : 0) |
                (bill->months_supported != bill->months ? IS_PART_SUPPORTED : 0) |
                (bill->local_vnd != 0 || bill->donor_vnd != 0 ? HAS_OTHERS : 0);
    at = put(at, (uint64_t)bill->months * BILL_FLAGS + (uint64_t)flags);
    if (!(flags & IS_MISSING))
        at = put_signed(at, (int64_t)bill->from_month - enrolled_month(self));
    if (flags & IS_PART_SUPPORTED)
        at = put(at, bill->months_supported);
    at = put(at, (uint64_t)bill->participant_vnd);
    at = put(at, (uint64_t)bill->central_vnd);
    if (flags & HAS_OTHERS) {
        at = put(at, (uint64_t)bill->local_vnd);
        at = put(at, (uint64_t)bill->donor_vnd);
    }
    if (self->is_health)
        at = put(at, bill->member_rank);
    return put_signed(at, (int64_t)bill->valid_until_day - self->enrolled_day);
}

static void get_bill(struct reader *reader, const struct citizen *self, struct citizen_bill *ret)
{
    uint64_t head = get(reader, (uint64_t)UINT32_MAX * BILL_FLAGS + BILL_FLAGS - 1);
    ret->months = (uint32_t)(head / BILL_FLAGS);
    if (!(head & IS_MISSING))
        ret->from_month = get_month(reader, enrolled_month(self));
    ret->months_supported = head & IS_PART_SUPPORTED ? get_u32(reader) : ret->months;
    ret->participant_vnd = get_vnd(reader);
    ret->central_vnd = get_vnd(reader);
    if (head & HAS_OTHERS) {
        ret->local_vnd = get_vnd(reader);
        ret->donor_vnd = get_vnd(reader);
    }
    if (self->is_health)
        ret->member_rank = get_u32(reader);
    ret->valid_until_day = get_day(reader, self->enrolled_day);
    if (ret->months == 0)
        reader->failed = 1;
}

/* From the newest range on: its last month, then of each its months less one and whether another
 * follows, and the gap before that less one. */
static uint8_t *put_ranges(uint8_t *at, const struct citizen *self)
{
    const struct coverage *coverage = &self->coverage;
    at = put_signed(at, (int64_t)coverage_until(coverage) - enrolled_month(self));
    for (uint32_t i = coverage->n; i-- > 0;) {
        const struct month_range *range = &coverage->ranges[i];
        at = put(at, (uint64_t)(range->to - range->from) * 2 + (i > 0));
        if (i > 0)
            at = put(at, range->from - coverage->ranges[i - 1].to - 2);
    }
    return at;
}

static void get_ranges(struct reader *reader, const struct citizen *self, struct coverage *ret)
{
    struct month_range ranges[COVERAGE_RANGES_MAX];
    uint32_t n = 0, to = get_month(reader, enrolled_month(self));
    for (int has_more = 1; has_more && !reader->failed;) {
        uint64_t head = get(reader, (uint64_t)UINT32_MAX * 2 + 1);
        uint32_t further = (uint32_t)(head / 2);
        has_more = head % 2 != 0;
        uint64_t gap = has_more ? (uint64_t)get_u32(reader) + 2 : 0;
        if (n == COVERAGE_RANGES_MAX || further + gap >= to) {
            reader->failed = 1;
            return;
        }
        ranges[n++] = (struct month_range){to - further, to};
        to -= further + (uint32_t)gap;
    }
    ret->n = n;
    for (uint32_t i = 0; i < n; i++)
        ret->ranges[i] = ranges[n - 1 - i];
}

/* --- the record ------------------------------------------------------------------------------- */

/* Nothing but a bill came after the payment. */
static uint32_t usual_paid_number(const struct citizen *self)
{
    return self->payment.months == 0 ? 0 : self->bill_number - (self->bill.months > 0);
}

static unsigned flags_of(const struct citizen *self)
{
    const struct {
        int is_set;
        enum flag flag;
    } flags[] = {
        {self->has_si_code, HAS_SI_CODE},
        {self->has_paid, HAS_PAID},
        {self->coverage.n > 0, HAS_RANGES},
        {self->bill.months > 0, HAS_BILL},
        {self->payment.months > 0, HAS_PAYMENT},
        {self->declared_day != self->enrolled_day, HAS_DECLARED},
        {self->changed_day != self->declared_day, HAS_CHANGED},
        {self->coverage.n_older > 0, HAS_OLDER},
        {self->months_supported_earlier > 0, HAS_EARLIER},
        {self->months_missing > 0, HAS_MISSING},
        {self->lump_months > 0, HAS_LUMP},
        {self->months_settled > 0, HAS_SETTLED},
        {self->end_reason != END_NONE, HAS_ENDED},
        {self->paid_number != usual_paid_number(self), HAS_PAID_NUMBER},
        {self->is_health, IS_HEALTH},
        {self->card.to_day != 0, HAS_CARD},
        {self->accepted_day != 0, HAS_ACCEPTED},
    };
    unsigned ret = 0;
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        ret |= flags[i].is_set ? (unsigned)flags[i].flag : 0;
    return ret;
}

static uint8_t *put_months(uint8_t *at, const struct citizen *self, unsigned flags)
{
    const struct {
        enum flag flag;
        uint32_t value;
    } counts[] = {
        {HAS_OLDER, self->coverage.n_older}, {HAS_EARLIER, self->months_supported_earlier},
        {HAS_MISSING, self->months_missing}, {HAS_LUMP, self->lump_months},
        {HAS_SETTLED, self->months_settled},
    };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (flags & counts[i].flag)
            at = put(at, counts[i].value);
    return at;
}

static void get_months(struct reader *reader, struct citizen *self, unsigned flags)
{
    const struct {
        enum flag flag;
        uint32_t *value;
    } counts[] = {
        {HAS_OLDER, &self->coverage.n_older}, {HAS_EARLIER, &self->months_supported_earlier},
        {HAS_MISSING, &self->months_missing}, {HAS_LUMP, &self->lump_months},
        {HAS_SETTLED, &self->months_settled},
    };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (flags & counts[i].flag)
            *counts[i].value = get_u32(reader);
}

size_t citizen_pack(const struct citizen *self, uint8_t ret[CITIZEN_PACKED_MAX_BYTES])
{
    unsigned flags = flags_of(self);
    ASSERT(self->support_group < 8 && self->method < 8 && self->language < 4);
    for (int i = 0; i < 4; i++)
        ret[i] = (uint8_t)(self->version >> (8 * i));
    ret[4] = SCHEMA;
    uint8_t *at = ret + HEAD_BYTES;
    at = put(at, self->commune);
    at = put(at, flags);
    *at++ = (uint8_t)(self->support_group | self->method << 3 | self->language << 6);
    at = put_income(at, self->income_vnd);
    at = put_signed(at, (int64_t)self->enrolled_day - DAY_USUAL);
    if (flags & HAS_DECLARED)
        at = put_signed(at, (int64_t)self->declared_day - self->enrolled_day);
    if (flags & HAS_CHANGED)
        at = put_signed(at, (int64_t)self->changed_day - self->declared_day);
    if (flags & HAS_RANGES)
        at = put_ranges(at, self);
    at = put(at, self->months_supported);
    at = put_months(at, self, flags);
    if (flags & HAS_ENDED) {
        *at++ = self->end_reason;
        at = put_signed(at, (int64_t)self->end_day - self->enrolled_day);
    }
    at = put(at, self->bill_number);
    if (flags & HAS_PAYMENT)
        at = put_bill(at, self, &self->payment);
    if (flags & HAS_BILL)
        at = put_bill(at, self, &self->bill);
    if (flags & HAS_PAID_NUMBER)
        at = put(at, self->paid_number);
    if (flags & HAS_CARD) {
        at = put_signed(at, (int64_t)self->card.to_day - self->enrolled_day);
        at = put_signed(at, (int64_t)self->card.from_day - self->card.to_day);
    }
    if (flags & HAS_ACCEPTED)
        at = put_signed(at, (int64_t)self->accepted_day - self->enrolled_day);
    return (size_t)(at - ret);
}

static void get_record(struct reader *reader, struct citizen *ret)
{
    ret->commune = get_u32(reader);
    unsigned flags = (unsigned)get(reader, FLAGS_END - 1);
    uint8_t choices = reader->at < reader->end ? *reader->at++ : 0;
    ret->support_group = choices & 7;
    ret->method = choices >> 3 & 7;
    ret->language = choices >> 6;
    ret->has_si_code = (flags & HAS_SI_CODE) != 0;
    ret->has_paid = (flags & HAS_PAID) != 0;
    ret->is_health = (flags & IS_HEALTH) != 0;
    ret->income_vnd = get_income(reader);
    ret->enrolled_day = get_day(reader, DAY_USUAL);
    ret->declared_day =
        flags & HAS_DECLARED ? get_day(reader, ret->enrolled_day) : ret->enrolled_day;
    ret->changed_day = flags & HAS_CHANGED ? get_day(reader, ret->declared_day) : ret->declared_day;
    if (flags & HAS_RANGES)
        get_ranges(reader, ret, &ret->coverage);
    ret->months_supported = get_u32(reader);
    get_months(reader, ret, flags);
    if (flags & HAS_ENDED) {
        ret->end_reason = (uint8_t)get(reader, END_REASONS - 1);
        ret->end_day = get_day(reader, ret->enrolled_day);
    }
    ret->bill_number = get_u32(reader);
    if (flags & HAS_PAYMENT)
        get_bill(reader, ret, &ret->payment);
    if (flags & HAS_BILL)
        get_bill(reader, ret, &ret->bill);
    ret->paid_number = flags & HAS_PAID_NUMBER ? get_u32(reader) : usual_paid_number(ret);
    if (flags & HAS_CARD) {
        ret->card.to_day = get_day(reader, ret->enrolled_day);
        ret->card.from_day = get_day(reader, ret->card.to_day);
    }
    if (flags & HAS_ACCEPTED)
        ret->accepted_day = get_day(reader, ret->enrolled_day);
}

/* --- the first schema ------------------------------------------------------------------------- */

static int32_t get_day_first(struct reader *reader)
{
    return get_day(reader, 0);
}

static void get_bill_first(struct reader *reader, struct citizen_bill *ret)
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
    ret->valid_until_day = get_day_first(reader);
}

/* No month was paid twice and none before the enrolment's: when there are as many as could be, all
 * were. Else those of the last payment are known, whose method nobody could change, and of the
 * others the number. */
static void coverage_find_first(struct citizen *self, uint32_t until, uint32_t months)
{
    static const uint32_t method_months[8] = {
        [METHOD_IS_QUARTERLY] = 3, [METHOD_IS_HALF_YEARLY] = 6, [METHOD_IS_YEARLY] = 12};
    if (months == 0 || until < months)
        return;
    uint32_t known = months;
    if (until - months + 1 > enrolled_month(self))
        known = MIN(months, MAX(1, method_months[self->method]));
    self->coverage.n_older = months - known;
    self->coverage.n = 1;
    self->coverage.ranges[0] = (struct month_range){until - known + 1, until};
}

static void get_record_first(struct reader *reader, struct citizen *ret)
{
    ret->commune = get_u32(reader);
    ret->support_group = (uint8_t)get(reader, 7);
    ret->method = (uint8_t)get(reader, 7);
    ret->language = (uint8_t)get(reader, 3);
    ret->has_si_code = (uint8_t)get(reader, 1);
    ret->income_vnd = get_vnd(reader);
    ret->enrolled_day = ret->declared_day = ret->changed_day = get_day_first(reader);
    uint32_t until = get_u32(reader), months = get_u32(reader);
    coverage_find_first(ret, until, months);
    ret->has_paid = months > 0;
    ret->months_supported = get_u32(reader);
    ret->bill_number = get_u32(reader);
    get_bill_first(reader, &ret->bill);
}

/* Whether the bytes behind the head are those that citizen_pack makes: not when a flag has no
 * value, or something is said in another way. */
static int is_canonical(const struct citizen *self, const uint8_t *bytes, size_t len)
{
    uint8_t again[CITIZEN_PACKED_MAX_BYTES];
    return citizen_pack(self, again) == len &&
           memcmp(again + HEAD_BYTES, bytes + HEAD_BYTES, len - HEAD_BYTES) == 0;
}

int citizen_unpack(const void *bytes, size_t len, struct citizen *ret)
{
    const uint8_t *head = bytes;
    if (len < HEAD_BYTES || len > CITIZEN_PACKED_MAX_BYTES || head[4] < SCHEMA_FIRST ||
        head[4] > SCHEMA)
        return -EPROTO;
    struct citizen citizen = {0};
    for (int i = 0; i < 4; i++)
        citizen.version |= (uint32_t)head[i] << (8 * i);
    struct reader reader = {.at = head + HEAD_BYTES, .end = head + len};
    if (head[4] == SCHEMA_FIRST)
        get_record_first(&reader, &citizen);
    else
        get_record(&reader, &citizen);
    if (reader.failed || reader.at != reader.end)
        return -EPROTO;
    if (head[4] != SCHEMA_FIRST && !is_canonical(&citizen, bytes, len))
        return -EPROTO;
    if (head[4] == SCHEMA_BEFORE && citizen.paid_number != usual_paid_number(&citizen))
        return -EPROTO; /* which it did not have */
    if (head[4] != SCHEMA)
        citizen.paid_number = 0;
    *ret = citizen;
    return 0;
}

uint32_t citizen_months_paid(const struct citizen *self)
{
    return coverage_months(&self->coverage) + self->months_missing - self->months_settled;
}
