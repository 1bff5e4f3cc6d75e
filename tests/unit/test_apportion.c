/* Largest remainder: parts add up, none is off by one, ties go to the earlier. */
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>

#include "common/domain/apportion.h"

#define COMMUNES 99

/* xorshift: the same numbers everywhere */
static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static int64_t sum_of(const int64_t *values, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum;
}

static void the_plan_of_lao_cai_adds_up_over_99_communes(void **state)
{
    (void)state;
    int64_t weights[COMMUNES], parts[COMMUNES];
    uint64_t random = 15;
    for (int round = 0; round < 1000; round++) {
        for (size_t i = 0; i < COMMUNES; i++)
            weights[i] = (int64_t)(next(&random) % 20000);
        assert_int_equal(apportion(78275, weights, COMMUNES, parts), 0);
        assert_int_equal(sum_of(parts, COMMUNES), 78275);
        int64_t sum = sum_of(weights, COMMUNES);
        for (size_t i = 0; i < COMMUNES; i++) { /* off by less than one */
            int64_t off = parts[i] * sum - 78275 * weights[i];
            assert_true(llabs(off) < sum);
        }
    }
}

static void what_is_left_goes_to_the_largest_fractions(void **state)
{
    (void)state;
    /* 10 by 5 : 3 : 1 is 5.56, 3.33, 1.11 */
    static const int64_t weights[] = {5, 3, 1};
    int64_t parts[3];
    assert_int_equal(apportion(10, weights, 3, parts), 0);
    assert_int_equal(parts[0], 6);
    assert_int_equal(parts[1], 3);
    assert_int_equal(parts[2], 1);
}

static void equal_fractions_go_to_the_earlier(void **state)
{
    (void)state;
    static const int64_t weights[] = {1, 1, 1, 1};
    int64_t parts[4];
    assert_int_equal(apportion(6, weights, 4, parts), 0);
    assert_int_equal(parts[0], 2);
    assert_int_equal(parts[1], 2);
    assert_int_equal(parts[2], 1);
    assert_int_equal(parts[3], 1);
}

static void nothing_for_no_weight(void **state)
{
    (void)state;
    static const int64_t weights[] = {0, 7, 0}, none[] = {0, 0};
    int64_t parts[3];
    assert_int_equal(apportion(33392, weights, 3, parts), 0);
    assert_int_equal(parts[0] + parts[2], 0);
    assert_int_equal(parts[1], 33392);
    assert_int_equal(apportion(0, none, 2, parts), 0);
    assert_int_equal(parts[0] + parts[1], 0);
    assert_int_equal(apportion(1, none, 2, parts), -EINVAL);
    assert_int_equal(apportion(1, none, 0, parts), -EINVAL);
}

static void limits(void **state)
{
    (void)state;
    static const int64_t large[] = {APPORTION_MAX - 1, 1}, over[] = {APPORTION_MAX, 1};
    static const int64_t negative[] = {5, -1};
    int64_t parts[2];
    assert_int_equal(apportion(APPORTION_MAX, large, 2, parts), 0);
    assert_true(parts[0] == APPORTION_MAX - 1);
    assert_int_equal(apportion(1, over, 2, parts), -EINVAL);
    assert_int_equal(apportion(1, negative, 2, parts), -EINVAL);
    assert_int_equal(apportion(-1, large, 2, parts), -EINVAL);
    assert_int_equal(apportion(APPORTION_MAX + 1, large, 2, parts), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_plan_of_lao_cai_adds_up_over_99_communes),
    cmocka_unit_test(what_is_left_goes_to_the_largest_fractions),
    cmocka_unit_test(equal_fractions_go_to_the_earlier),
    cmocka_unit_test(nothing_for_no_weight),
    cmocka_unit_test(limits),
};

TEST_MAIN(tests)
