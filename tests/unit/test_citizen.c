#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/citizen.h"
#include "common/domain/contribution.h"

#define ROUNDS 300000
#define SCHEMA 3

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A number of at most `bits` bits, of any length below. */
static uint64_t some(uint64_t *seed, unsigned bits)
{
    return next(seed) >> (64 - bits) >> next(seed) % bits;
}

static int32_t some_day(uint64_t *seed)
{
    return (int32_t)(next(seed) % 109573) - 25567; /* 1900-01-01 to 2199-12-31 */
}

static void some_bill(uint64_t *seed, struct citizen_bill *ret)
{
    *ret = (struct citizen_bill){
        .from_month = next(seed) % 8 == 0 ? 0 : (uint32_t)some(seed, 32),
        .months = (uint32_t)some(seed, 32) | 1,
        .participant_vnd = (int64_t)some(seed, 63),
        .central_vnd = (int64_t)some(seed, 63),
        .valid_until_day = some_day(seed),
    };
    ret->months_supported = next(seed) % 2 == 0 ? ret->months : (uint32_t)some(seed, 32);
    if (next(seed) % 2 == 0) {
        ret->local_vnd = (int64_t)some(seed, 63);
        ret->donor_vnd = (int64_t)some(seed, 63);
    }
}

static void some_coverage(uint64_t *seed, struct coverage *ret)
{
    uint32_t month = 1 + (uint32_t)some(seed, 28);
    for (ret->n = 0; ret->n < next(seed) % (COVERAGE_RANGES_MAX + 1); ret->n++) {
        uint32_t to = month + (uint32_t)some(seed, 12);
        ret->ranges[ret->n] = (struct month_range){month, to};
        month = to + 2 + (uint32_t)some(seed, 12);
    }
    ret->n_older = next(seed) % 4 == 0 ? (uint32_t)some(seed, 32) : 0;
}

/* Mostly 0. */
static uint32_t seldom(uint64_t *seed)
{
    return next(seed) % 4 == 0 ? (uint32_t)some(seed, 32) : 0;
}

static struct citizen some_citizen(uint64_t *seed)
{
    struct citizen self = {
        .version = (uint32_t)some(seed, 32),
        .commune = (uint32_t)some(seed, 32),
        .support_group = next(seed) % 8,
        .method = next(seed) % 8,
        .language = next(seed) % 4,
        .has_si_code = next(seed) % 2,
        .has_paid = next(seed) % 2,
        .income_vnd = (int64_t)some(seed, 63),
        .enrolled_day = some_day(seed),
        .lump_months = seldom(seed),
        .months_missing = seldom(seed),
        .months_settled = seldom(seed),
        .months_supported = (uint32_t)some(seed, 32),
        .months_supported_earlier = seldom(seed),
        .bill_number = (uint32_t)some(seed, 32),
        .paid_number = seldom(seed),
    };
    self.declared_day = next(seed) % 2 == 0 ? self.enrolled_day : some_day(seed);
    self.changed_day = next(seed) % 2 == 0 ? self.declared_day : some_day(seed);
    if (next(seed) % 2 == 0)
        self.income_vnd = (int64_t)(next(seed) % 1000) * 50000;
    some_coverage(seed, &self.coverage);
    if (next(seed) % 4 == 0) {
        self.end_reason = (uint8_t)(1 + next(seed) % (END_REASONS - 1));
        self.end_day = some_day(seed);
    }
    if (next(seed) % 2 == 0)
        some_bill(seed, &self.bill);
    if (next(seed) % 2 == 0)
        some_bill(seed, &self.payment);
    self.is_health = next(seed) % 2 == 0;
    if (next(seed) % 2 == 0)
        self.card = (struct health_card){some_day(seed), some_day(seed) | 1};
    if (next(seed) % 2 == 0)
        self.accepted_day = some_day(seed) | 1;
    if (self.is_health) {
        self.bill.member_rank = self.bill.months == 0 ? 0 : (uint32_t)some(seed, 32);
        self.payment.member_rank = self.payment.months == 0 ? 0 : (uint32_t)some(seed, 32);
    }
    if (next(seed) % 2 == 0) /* as usual */
        self.paid_number = self.payment.months == 0 ? 0 : self.bill_number - (self.bill.months > 0);
    return self;
}

static void assert_same_bill(const struct citizen_bill *a, const struct citizen_bill *b)
{
    assert_int_equal(a->from_month, b->from_month);
    assert_int_equal(a->months, b->months);
    assert_int_equal(a->months_supported, b->months_supported);
    assert_true(a->participant_vnd == b->participant_vnd);
    assert_true(a->central_vnd == b->central_vnd);
    assert_true(a->local_vnd == b->local_vnd);
    assert_true(a->donor_vnd == b->donor_vnd);
    assert_int_equal(a->valid_until_day, b->valid_until_day);
    assert_int_equal(a->member_rank, b->member_rank);
}

static void assert_same_coverage(const struct coverage *a, const struct coverage *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_older, b->n_older);
    for (uint32_t i = 0; i < a->n; i++) {
        assert_int_equal(a->ranges[i].from, b->ranges[i].from);
        assert_int_equal(a->ranges[i].to, b->ranges[i].to);
    }
}

static void assert_same(const struct citizen *a, const struct citizen *b)
{
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->is_health, b->is_health);
    assert_int_equal(a->card.from_day, b->card.from_day);
    assert_int_equal(a->card.to_day, b->card.to_day);
    assert_int_equal(a->commune, b->commune);
    assert_int_equal(a->support_group, b->support_group);
    assert_int_equal(a->method, b->method);
    assert_int_equal(a->language, b->language);
    assert_int_equal(a->has_si_code, b->has_si_code);
    assert_int_equal(a->has_paid, b->has_paid);
    assert_true(a->income_vnd == b->income_vnd);
    assert_int_equal(a->enrolled_day, b->enrolled_day);
    assert_int_equal(a->declared_day, b->declared_day);
    assert_int_equal(a->changed_day, b->changed_day);
    assert_int_equal(a->accepted_day, b->accepted_day);
    assert_int_equal(a->lump_months, b->lump_months);
    assert_int_equal(a->months_missing, b->months_missing);
    assert_int_equal(a->months_settled, b->months_settled);
    assert_int_equal(a->months_supported, b->months_supported);
    assert_int_equal(a->months_supported_earlier, b->months_supported_earlier);
    assert_int_equal(a->end_reason, b->end_reason);
    assert_int_equal(a->end_day, b->end_day);
    assert_int_equal(a->bill_number, b->bill_number);
    assert_int_equal(a->paid_number, b->paid_number);
    assert_same_coverage(&a->coverage, &b->coverage);
    assert_same_bill(&a->bill, &b->bill);
    assert_same_bill(&a->payment, &b->payment);
}

static void any_state_round_trips(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < ROUNDS; i++) {
        struct citizen before = some_citizen(&seed), after;
        uint8_t bytes[CITIZEN_PACKED_MAX_BYTES];
        size_t len = citizen_pack(&before, bytes);
        assert_in_range(len, 1, CITIZEN_PACKED_MAX_BYTES);
        assert_int_equal(citizen_unpack(bytes, len, &after), 0);
        assert_same(&before, &after);
        assert_int_equal(citizen_unpack(bytes, len - 1, &after), -EPROTO);
    }
}

/* Whatever is taken has one packed form: no two byte strings mean the same state. */
static void broken_bytes_are_refused_or_canonical(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < ROUNDS; i++) {
        struct citizen citizen = some_citizen(&seed);
        uint8_t bytes[CITIZEN_PACKED_MAX_BYTES], again[CITIZEN_PACKED_MAX_BYTES];
        size_t len = citizen_pack(&citizen, bytes);
        for (uint64_t flips = 1 + next(&seed) % 3; flips > 0; flips--)
            bytes[next(&seed) % len] = (uint8_t)next(&seed);
        struct citizen read;
        int rc = citizen_unpack(bytes, len, &read);
        if (rc < 0) {
            assert_int_equal(rc, -EPROTO);
            continue;
        }
        if (bytes[4] != SCHEMA)
            continue; /* rewritten in this one */
        assert_int_equal(citizen_pack(&read, again), len);
        assert_memory_equal(again, bytes, len);
    }
}

static void the_version_comes_first(void **state)
{
    (void)state;
    struct citizen citizen = {.version = 0x01020304};
    uint8_t bytes[CITIZEN_PACKED_MAX_BYTES];
    size_t len = citizen_pack(&citizen, bytes);
    const uint8_t head[] = {4, 3, 2, 1, SCHEMA};
    assert_memory_equal(bytes, head, sizeof(head));
    bytes[4] = SCHEMA + 1;
    assert_int_equal(citizen_unpack(bytes, len, &citizen), -EPROTO);
    assert_int_equal(citizen.version, 0x01020304);
    assert_int_equal(citizen_unpack(bytes, 0, &citizen), -EPROTO);
    uint8_t long_one[CITIZEN_PACKED_MAX_BYTES + 1] = {0};
    long_one[4] = SCHEMA;
    assert_int_equal(citizen_unpack(long_one, sizeof(long_one), &citizen), -EPROTO);
}

#define NOVEMBER (2025u * 12 + 10)

/* Paid every month for years, the last one by the bill of the month. */
static struct citizen typical(void)
{
    int32_t day = date_make(2021, 5, 17);
    return (struct citizen){
        .version = 100,
        .commune = 28714,
        .support_group = 4,
        .method = METHOD_IS_MONTHLY,
        .language = 1,
        .has_si_code = 1,
        .has_paid = 1,
        .income_vnd = 3550000,
        .enrolled_day = day,
        .declared_day = day,
        .changed_day = day,
        .coverage = {.n = 1, .ranges = {{2021 * 12 + 4, NOVEMBER}}},
        .months_supported = 55,
        .bill_number = 55,
        .paid_number = 55,
        .payment = {.from_month = NOVEMBER,
                    .months = 1,
                    .months_supported = 1,
                    .participant_vnd = 715000,
                    .central_vnd = 66000,
                    .paid_day = date_make(2025, 11, 30)},
    };
}

static void a_typical_state_is_small(void **state)
{
    (void)state;
    struct citizen citizen = typical();
    uint8_t bytes[CITIZEN_PACKED_MAX_BYTES];
    assert_in_range(citizen_pack(&citizen, bytes), 1, 32);
    citizen.bill = citizen.payment;
    citizen.bill.from_month++;
    citizen.accepted_day = citizen.enrolled_day + 5;
    /* what a service remembers of a citizen has 47 bytes (seen.c) */
    assert_in_range(citizen_pack(&citizen, bytes), 1, 47);
}

static void the_largest_state_fits(void **state)
{
    (void)state;
    struct citizen citizen;
    uint8_t bytes[CITIZEN_PACKED_MAX_BYTES];
    memset(&citizen, 0xff, sizeof(citizen));
    citizen.support_group = citizen.method = 7;
    citizen.language = 3;
    citizen.enrolled_day = citizen.changed_day = date_make(1900, 1, 1);
    citizen.declared_day = citizen.end_day = citizen.accepted_day = date_make(2199, 12, 31);
    citizen.bill.valid_until_day = citizen.payment.paid_day = date_make(2199, 12, 31);
    citizen.bill.months_supported = citizen.payment.months_supported = UINT32_MAX - 1;
    citizen.coverage.n = COVERAGE_RANGES_MAX;
    for (uint32_t i = 0; i < COVERAGE_RANGES_MAX; i++)
        citizen.coverage.ranges[i] =
            (struct month_range){i * 0x40000000 + 1, i * 0x40000000 + 0x20000000};
    assert_in_range(citizen_pack(&citizen, bytes), 100, CITIZEN_PACKED_MAX_BYTES);
}

static void all_months_are_counted(void **state)
{
    (void)state;
    struct citizen citizen = typical();
    assert_int_equal(citizen_months_paid(&citizen), 55);
    citizen.coverage.n_older = 10;
    citizen.months_missing = 7;
    assert_int_equal(citizen_months_paid(&citizen), 72);
    citizen.months_settled = 70;
    assert_int_equal(citizen_months_paid(&citizen), 2);
}

/* --- the schema before ------------------------------------------------------------------------ */

/* As the version before wrote it: enrolled 2025-03-15, group 4, income 1,500,000, without a bill.
 */
static size_t pack_before(uint8_t method, const uint8_t *until, uint8_t months, uint8_t *ret)
{
    const uint8_t head[] = {9,
                            0,
                            0,
                            0,
                            1,
                            /* commune 2647 */ 0xd7,
                            0x14,
                            4,
                            method,
                            1,
                            1,
                            /* income */ 0xe0,
                            0xc6,
                            0x5b,
                            /* 2025-03-15 */ 0x84,
                            0xbb,
                            0x02};
    const uint8_t tail[] = {months, months, 8, 0};
    size_t len = 0;
    memcpy(ret, head, sizeof(head));
    len += sizeof(head);
    memcpy(ret + len, until, 3);
    len += 3;
    memcpy(ret + len, tail, sizeof(tail));
    return len + sizeof(tail);
}

#define NOVEMBER_BEFORE ((const uint8_t[]){0xf6, 0xbd, 0x01}) /* 2025 * 12 + 10 */

static void the_schema_before_is_read(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct citizen citizen;
    size_t len = pack_before(METHOD_IS_MONTHLY, NOVEMBER_BEFORE, 9, bytes);
    assert_int_equal(citizen_unpack(bytes, len, &citizen), 0);
    assert_int_equal(citizen.version, 9);
    assert_int_equal(citizen.commune, 2647);
    assert_int_equal(citizen.support_group, 4);
    assert_int_equal(citizen.has_si_code, 1);
    assert_int_equal(citizen.has_paid, 1);
    assert_int_equal(citizen.income_vnd, 1500000);
    assert_int_equal(citizen.enrolled_day, date_make(2025, 3, 15));
    assert_int_equal(citizen.declared_day, citizen.enrolled_day);
    assert_int_equal(citizen.changed_day, citizen.enrolled_day);
    assert_int_equal(citizen.months_supported, 9);
    assert_int_equal(citizen.bill_number, 8);
    assert_int_equal(citizen.payment.months, 0);
    assert_int_equal(citizen_unpack(bytes, len - 1, &citizen), -EPROTO);
    for (bytes[4] = 2; bytes[4] <= SCHEMA; bytes[4]++)
        assert_int_equal(citizen_unpack(bytes, len, &citizen), -EPROTO);
    /* rewritten, it is read as the new one */
    bytes[4] = 1;
    uint8_t again[CITIZEN_PACKED_MAX_BYTES];
    struct citizen read;
    assert_int_equal(citizen_unpack(bytes, len, &citizen), 0);
    assert_int_equal(citizen_unpack(again, citizen_pack(&citizen, again), &read), 0);
    assert_same(&read, &citizen);
}

/* It did not tell which payment is the newest: none may be taken back. */
static void the_schema_without_the_newest_payment_is_read(void **state)
{
    (void)state;
    struct citizen citizen = typical(), read;
    uint8_t bytes[CITIZEN_PACKED_MAX_BYTES], again[CITIZEN_PACKED_MAX_BYTES];
    size_t len = citizen_pack(&citizen, bytes);
    bytes[4] = 2;
    assert_int_equal(citizen_unpack(bytes, len, &read), 0);
    assert_int_equal(read.paid_number, 0);
    citizen.paid_number = 0;
    assert_same(&read, &citizen);
    assert_int_equal(citizen_pack(&read, again), len + 2); /* now it is told: a flag and a 0 */
    assert_int_equal(again[4], SCHEMA);
    again[4] = 2;
    assert_int_equal(citizen_unpack(again, len + 2, &read), -EPROTO);
}

static void months_are_known_when_they_follow(void **state)
{
    (void)state;
    static const struct {
        uint8_t method, months;
        uint32_t from, n_older;
    } cases[] = {
        {METHOD_IS_MONTHLY, 9, 2025 * 12 + 2, 0},     /* all since the enrolment */
        {METHOD_IS_MONTHLY, 8, 2025 * 12 + 10, 7},    /* one is missing, nobody knows which */
        {METHOD_IS_QUARTERLY, 6, 2025 * 12 + 8, 3},   /* the last payment's three are known */
        {METHOD_IS_HALF_YEARLY, 6, 2025 * 12 + 5, 0}, /* as all of one payment are */
        {METHOD_IS_YEARLY, 12, 2024 * 12 + 11, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t bytes[64];
        struct citizen citizen;
        size_t len = pack_before(cases[i].method, NOVEMBER_BEFORE, cases[i].months, bytes);
        assert_int_equal(citizen_unpack(bytes, len, &citizen), 0);
        assert_int_equal(citizen.coverage.n, 1);
        assert_int_equal(citizen.coverage.ranges[0].from, cases[i].from);
        assert_int_equal(citizen.coverage.ranges[0].to, NOVEMBER);
        assert_int_equal(citizen.coverage.n_older, cases[i].n_older);
        assert_int_equal(citizen_months_paid(&citizen), cases[i].months);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(any_state_round_trips),
    cmocka_unit_test(broken_bytes_are_refused_or_canonical),
    cmocka_unit_test(the_version_comes_first),
    cmocka_unit_test(a_typical_state_is_small),
    cmocka_unit_test(the_largest_state_fits),
    cmocka_unit_test(all_months_are_counted),
    cmocka_unit_test(the_schema_before_is_read),
    cmocka_unit_test(the_schema_without_the_newest_payment_is_read),
    cmocka_unit_test(months_are_known_when_they_follow),
};

TEST_MAIN(tests)
