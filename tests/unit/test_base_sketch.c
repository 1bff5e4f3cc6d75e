/* How many people there are, estimated: the error that is promised, and that a sketch is a function
 * of the set of people alone. */
#include "tests/support/test.h"

#include <stdlib.h>

#include "common/base/sketch.h"
#include "services/cli/sample_draw.h"

#define SIGMAS 3

static struct sketch *of(uint64_t seed, uint64_t first, uint64_t n)
{
    struct sketch *sketch = sketch_create();
    for (uint64_t i = first; i < first + n; i++)
        (void)sketch_add(sketch, draw_mix(draw_mix(seed) ^ i));
    return sketch;
}

static void expect_about(const struct sketch *sketch, uint64_t n)
{
    int64_t off = llabs(sketch_estimate(sketch) - (int64_t)n);
    int64_t allowed = (int64_t)(n * SIGMAS * SKETCH_ERROR_PER_MILLION / 1000000);
    if (off > allowed)
        fail_msg("%lld people are estimated as %lld, off by more than %lld", (long long)n,
                 (long long)sketch_estimate(sketch), (long long)allowed);
}

static void the_error_is_within_three_sigma_from_10_to_10_million(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        for (uint64_t n = 10; n <= 10000000; n *= 10) {
            CLEANUP(sketch_destroy) struct sketch *sketch = of(seed, 0, n);
            expect_about(sketch, n);
        }
    }
}

/* No step where one way of counting takes over from another, as in the paper of 2007. */
static void the_mean_error_is_small_in_between_too(void **state)
{
    static const uint64_t numbers[] = {1100, 2000, 5742, 18735, 40000, 44883, 78275, 120000};
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
        int64_t sum = 0;
        for (uint64_t seed = 1; seed <= 16; seed++) {
            CLEANUP(sketch_destroy) struct sketch *sketch = of(seed, 0, numbers[k]);
            expect_about(sketch, numbers[k]);
            sum += sketch_estimate(sketch) - (int64_t)numbers[k];
        }
        /* of 16 sketches: a quarter of the error of one */
        assert_true(llabs(sum / 16) * 1000000 <=
                    (int64_t)numbers[k] * SIGMAS * SKETCH_ERROR_PER_MILLION / 4);
    }
}

static void few_people_are_counted_exactly(void **state)
{
    (void)state;
    CLEANUP(sketch_destroy) struct sketch *sketch = sketch_create();
    assert_int_equal(sketch_estimate(sketch), 0);
    for (uint64_t i = 1; i <= SKETCH_EXACT_MAX; i++) {
        assert_int_equal(sketch_add(sketch, draw_mix(i)), 1);
        assert_int_equal(sketch_estimate(sketch), i);
    }
    assert_true(sketch_bytes(sketch) <= 64 + 8 * SKETCH_EXACT_MAX);
    (void)sketch_add(sketch, draw_mix(SKETCH_EXACT_MAX + 1));
    expect_about(sketch, SKETCH_EXACT_MAX + 1);
    assert_true(sketch_bytes(sketch) <= 17 * 1024);
    sketch_destroy(&sketch);
    assert_null(sketch);
    sketch_destroy(&sketch);
}

static void repetitions_change_nothing(void **state)
{
    static const uint64_t numbers[] = {1, 700, SKETCH_EXACT_MAX, 50000};
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
        CLEANUP(sketch_destroy) struct sketch *sketch = of(9, 0, numbers[k]);
        int64_t before = sketch_estimate(sketch);
        for (uint64_t i = numbers[k]; i > 0; i--)
            assert_int_equal(sketch_add(sketch, draw_mix(draw_mix(9) ^ (i - 1))), 0);
        assert_int_equal(sketch_estimate(sketch), before);
        CLEANUP(sketch_destroy) struct sketch *same = of(9, 0, numbers[k]);
        sketch_merge(sketch, same);
        assert_int_equal(sketch_estimate(sketch), before);
    }
}

/* Two parts that share a third of their people, small and large in both orders. */
static void a_merger_is_the_sketch_of_the_union(void **state)
{
    static const uint64_t numbers[][2] = {
        {0, 0},   {0, 5},     {5, 0},       {300, 600},     {900, 900},
        {3, 900}, {3, 40000}, {40000, 900}, {30000, 60000}, {400000, 300000},
    };
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
        uint64_t first = numbers[k][0], second = numbers[k][1], shared = first / 3;
        uint64_t end = MAX(first, first - shared + second);
        CLEANUP(sketch_destroy) struct sketch *one = of(4, 0, first);
        CLEANUP(sketch_destroy) struct sketch *other = of(4, first - shared, second);
        CLEANUP(sketch_destroy) struct sketch *both = of(4, 0, end);
        sketch_merge(one, other);
        assert_int_equal(sketch_estimate(one), sketch_estimate(both));
        expect_about(one, end);
        sketch_merge(other, both);
        assert_int_equal(sketch_estimate(other), sketch_estimate(both));
    }
}

/* Whom a hash of nothing but zeros, or ones, stands for is a person, too. */
static void the_ends_of_the_range_are_people(void **state)
{
    (void)state;
    CLEANUP(sketch_destroy) struct sketch *sketch = sketch_create();
    assert_int_equal(sketch_add(sketch, 0), 1);
    assert_int_equal(sketch_add(sketch, UINT64_MAX), 1);
    assert_int_equal(sketch_add(sketch, 0), 0);
    assert_int_equal(sketch_estimate(sketch), 2);
    CLEANUP(sketch_destroy) struct sketch *many = of(5, 0, 100000);
    (void)sketch_add(many, 0);
    (void)sketch_add(many, UINT64_MAX);
    assert_int_equal(sketch_add(many, 0), 0);
    expect_about(many, 100002);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_error_is_within_three_sigma_from_10_to_10_million),
    cmocka_unit_test(the_mean_error_is_small_in_between_too),
    cmocka_unit_test(few_people_are_counted_exactly),
    cmocka_unit_test(repetitions_change_nothing),
    cmocka_unit_test(a_merger_is_the_sketch_of_the_union),
    cmocka_unit_test(the_ends_of_the_range_are_people),
};

TEST_MAIN(tests)
