#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/citizen.h"

#define ROUNDS 300000

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

static struct citizen some_citizen(uint64_t *seed)
{
    struct citizen self = {
        .version = (uint32_t)some(seed, 32),
        .commune = (uint32_t)some(seed, 32),
        .support_group = (uint8_t)some(seed, 8),
        .method = (uint8_t)some(seed, 8),
        .language = (uint8_t)some(seed, 8),
        .has_si_code = (uint8_t)some(seed, 8),
        .income_vnd = (int64_t)some(seed, 63),
        .enrolled_day = (int32_t)(uint32_t)some(seed, 32),
        .covered_until = (uint32_t)some(seed, 32),
        .months_paid = (uint32_t)some(seed, 32),
        .months_supported = (uint32_t)some(seed, 32),
        .bill_number = (uint32_t)some(seed, 32),
    };
    if (next(seed) % 2 == 0)
        return self;
    self.bill = (struct citizen_bill){
        .from_month = (uint32_t)some(seed, 32),
        .months = (uint32_t)some(seed, 32) | 1,
        .months_supported = (uint32_t)some(seed, 32),
        .participant_vnd = (int64_t)some(seed, 63),
        .central_vnd = (int64_t)some(seed, 63),
        .local_vnd = (int64_t)some(seed, 63),
        .donor_vnd = (int64_t)some(seed, 63),
        .valid_until_day = (int32_t)(uint32_t)some(seed, 32),
    };
    return self;
}

static void assert_same(const struct citizen *a, const struct citizen *b)
{
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->commune, b->commune);
    assert_int_equal(a->support_group, b->support_group);
    assert_int_equal(a->method, b->method);
    assert_int_equal(a->language, b->language);
    assert_int_equal(a->has_si_code, b->has_si_code);
    assert_true(a->income_vnd == b->income_vnd);
    assert_int_equal(a->enrolled_day, b->enrolled_day);
    assert_int_equal(a->covered_until, b->covered_until);
    assert_int_equal(a->months_paid, b->months_paid);
    assert_int_equal(a->months_supported, b->months_supported);
    assert_int_equal(a->bill_number, b->bill_number);
    assert_int_equal(a->bill.from_month, b->bill.from_month);
    assert_int_equal(a->bill.months, b->bill.months);
    assert_int_equal(a->bill.months_supported, b->bill.months_supported);
    assert_true(a->bill.participant_vnd == b->bill.participant_vnd);
    assert_true(a->bill.central_vnd == b->bill.central_vnd);
    assert_true(a->bill.local_vnd == b->bill.local_vnd);
    assert_true(a->bill.donor_vnd == b->bill.donor_vnd);
    assert_int_equal(a->bill.valid_until_day, b->bill.valid_until_day);
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
    const uint8_t head[] = {4, 3, 2, 1, 1};
    assert_memory_equal(bytes, head, sizeof(head));
    bytes[4] = 2;
    assert_int_equal(citizen_unpack(bytes, len, &citizen), -EPROTO);
    assert_int_equal(citizen.version, 0x01020304);
    assert_int_equal(citizen_unpack(bytes, 0, &citizen), -EPROTO);
    uint8_t long_one[CITIZEN_PACKED_MAX_BYTES + 1] = {0};
    long_one[4] = 1;
    assert_int_equal(citizen_unpack(long_one, sizeof(long_one), &citizen), -EPROTO);
}

static struct citizen typical(void)
{
    return (struct citizen){.version = 40,
                            .commune = 4714,
                            .support_group = 4,
                            .method = 1,
                            .language = 1,
                            .has_si_code = 1,
                            .income_vnd = 3550000,
                            .enrolled_day = date_make(2021, 5, 17),
                            .covered_until = 2025 * 12 + 10,
                            .months_paid = 54,
                            .months_supported = 54,
                            .bill_number = 54};
}

static void a_typical_state_is_small(void **state)
{
    (void)state;
    struct citizen citizen = typical();
    uint8_t bytes[CITIZEN_PACKED_MAX_BYTES];
    assert_in_range(citizen_pack(&citizen, bytes), 1, 48);
    memset(&citizen, 0xff, sizeof(citizen));
    citizen.enrolled_day = citizen.bill.valid_until_day = INT32_MIN;
    assert_in_range(citizen_pack(&citizen, bytes), 1, CITIZEN_PACKED_MAX_BYTES);
}

static void the_next_bill_follows_the_last_month_paid(void **state)
{
    (void)state;
    struct citizen citizen = {0};
    assert_int_equal(citizen_next_month(&citizen, date_make(2025, 11, 30)), 2025 * 12 + 10);
    citizen.covered_until = 2025 * 12 + 10;
    assert_int_equal(citizen_next_month(&citizen, date_make(2025, 11, 30)), 2025 * 12 + 11);
    assert_int_equal(citizen_next_month(&citizen, date_make(2025, 12, 1)), 2025 * 12 + 11);
    assert_int_equal(citizen_next_month(&citizen, date_make(2026, 3, 1)), 2026 * 12 + 2);
    citizen.covered_until = 2030 * 12;
    assert_int_equal(citizen_next_month(&citizen, date_make(2026, 3, 1)), 2030 * 12 + 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(any_state_round_trips),
    cmocka_unit_test(broken_bytes_are_refused_or_canonical),
    cmocka_unit_test(the_version_comes_first),
    cmocka_unit_test(a_typical_state_is_small),
    cmocka_unit_test(the_next_bill_follows_the_last_month_paid),
};

TEST_MAIN(tests)
