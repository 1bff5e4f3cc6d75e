#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/macros.h"
#include "services/analytics/figures.h"

/* A plan of a year of 365 days from day 0, seen on a day. */
static struct figures seen(int64_t value, int64_t plan, int64_t week, int64_t week_before,
                           int32_t today)
{
    struct figures figures;
    const struct figures_in in = {value, plan, week, week_before, 7, today, 0, 364};
    figures_make(&in, &figures);
    return figures;
}

static void expect_text(int64_t hundredths, const char *wanted)
{
    char text[FIGURE_TEXT_BYTES];
    figure_format(hundredths, text);
    assert_string_equal(text, wanted);
}

static void figures_stand_beside_the_plan(void **state)
{
    (void)state;
    struct figures figures = seen(50, 200, 14, 7, 100);
    assert_int_equal(figures.gap, 150);
    assert_int_equal(figures.percent, 2500);
    assert_int_equal(figures.pace_per_day, 200);
    assert_int_equal(figures.improvement, 350);   /* 7 of 200 more than in the week before */
    assert_int_equal(figures.needed_per_day, 57); /* 150 in 264 days: 0.568 */
    assert_int_equal(figures.short_per_day, -143);
    assert_false(figures.is_behind);
    figures = seen(250, 200, 1, 3, 100);
    assert_int_equal(figures.gap, -50);
    assert_int_equal(figures.percent, 12500);
    assert_int_equal(figures.pace_per_day, 14);
    assert_int_equal(figures.improvement, -100);
    assert_true(figures.needed_per_day == FIGURE_NONE);
    assert_true(figures.short_per_day == FIGURE_NONE);
    assert_false(figures.is_behind);
}

static void short_is_what_each_day_lacks_that_is_left(void **state)
{
    (void)state;
    assert_int_equal(seen(0, 528, 7, 0, 100).short_per_day, 100); /* 2 a day, 1 comes */
    assert_int_equal(seen(0, 528, 7, 0, 363).short_per_day, 52700);
    /* on the last day, and behind it, all that is missing */
    assert_int_equal(seen(0, 528, 7, 0, 364).short_per_day, 52700);
    assert_int_equal(seen(0, 528, 7, 0, 400).short_per_day, 52700);
}

static void without_a_plan_there_is_only_a_pace(void **state)
{
    (void)state;
    struct figures figures = seen(50, 0, 10, 7, 100);
    assert_int_equal(figures.gap, 0);
    assert_int_equal(figures.pace_per_day, 143);
    assert_true(figures.percent == FIGURE_NONE && figures.improvement == FIGURE_NONE &&
                figures.needed_per_day == FIGURE_NONE);
    assert_false(figures.is_behind);
}

/* A sprint's first days: its pace is that of the whole days that it has had. */
static void a_young_plan_has_the_pace_of_its_days(void **state)
{
    (void)state;
    struct figures figures;
    struct figures_in in = {
        .value = 6, .plan = 60, .week = 6, .week_days = 2, .today = 2, .from = 0, .until = 14};
    figures_make(&in, &figures);
    assert_int_equal(figures.pace_per_day, 300);
    assert_int_equal(figures.needed_per_day, 450);
    assert_true(figures.is_behind);
    in.plan = 42; /* 3 a day are just enough */
    figures_make(&in, &figures);
    assert_false(figures.is_behind);
    in.week_days = 0;
    in.week = 0;
    in.today = 0;
    figures_make(&in, &figures);
    assert_true(figures.pace_per_day == FIGURE_NONE);
    assert_false(figures.is_behind);
}

static void behind_is_who_is_too_slow_after_the_grace(void **state)
{
    (void)state;
    /* 10 % of 365 days are 36.5: over on day 37 */
    assert_false(seen(0, 1000, 0, 0, 36).is_behind);
    assert_true(seen(0, 1000, 0, 0, 37).is_behind);
    /* 264 left in 264 days: 7 a week are just enough */
    assert_false(seen(0, 264, 7, 0, 100).is_behind);
    assert_true(seen(0, 265, 7, 0, 100).is_behind);
    assert_true(seen(0, 264, 6, 0, 100).is_behind);
    /* on the last day, and behind it, a gap is a gap */
    assert_true(seen(99, 100, 700, 0, 364).is_behind);
    assert_true(seen(99, 100, 700, 0, 400).is_behind);
    assert_true(seen(99, 100, 700, 0, 364).needed_per_day == FIGURE_NONE);
    assert_false(seen(100, 100, 0, 0, 364).is_behind);
}

static void what_was_taken_back_may_leave_less_than_nothing(void **state)
{
    (void)state;
    struct figures figures = seen(-1, 3, -1, 0, 100);
    assert_int_equal(figures.percent, -3333);
    assert_int_equal(figures.pace_per_day, -14);
    assert_int_equal(figures.gap, 4);
    assert_int_equal(seen(-1, 8, 0, 0, 100).percent, -1250);
    assert_int_equal(seen(-1, 32, 0, 0, 100).percent, -313); /* half away from zero */
    assert_int_equal(seen(INT64_MAX, 1, INT64_MIN / 4, 0, 100).percent, INT64_MAX);
}

static void figures_have_two_decimals(void **state)
{
    (void)state;
    expect_text(0, "0.00");
    expect_text(5, "0.05");
    expect_text(-5, "-0.05");
    expect_text(-105, "-1.05");
    expect_text(123456, "1234.56");
    expect_text(FIGURE_NONE, "");
}

static void equal_ones_share_a_rank(void **state)
{
    (void)state;
    struct rank_row rows[] = {
        {.key = 10, .code = "d", .tier = 1}, {.key = 30, .code = "a", .tier = 2},
        {.key = 20, .code = "c", .tier = 1}, {.key = 20, .code = "b", .tier = 2},
        {.key = 10, .code = "e", .tier = 2},
    };
    static const char order[] = "abcde";
    static const uint32_t ranks[] = {1, 2, 2, 4, 4}, in_tier[] = {1, 2, 1, 2, 3};
    ranks_assign(rows, ARRAY_LEN(rows));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(rows[i].code[0], order[i]);
        assert_int_equal(rows[i].rank, ranks[i]);
        assert_int_equal(rows[i].rank_in_tier, in_tier[i]);
    }
}

static void those_without_a_key_come_behind(void **state)
{
    (void)state;
    struct rank_row rows[] = {
        {.key = FIGURE_NONE, .value = 7, .code = "a"},
        {.key = -5, .value = 0, .code = "b"},
        {.key = FIGURE_NONE, .value = 9, .code = "c"},
        {.key = FIGURE_NONE, .value = 7, .code = "d"},
        {.key = 7, .value = 7, .code = "e"},
    };
    static const char order[] = "ebcad";
    static const uint32_t ranks[] = {1, 2, 3, 4, 4};
    ranks_assign(rows, ARRAY_LEN(rows));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(rows[i].code[0], order[i]);
        assert_int_equal(rows[i].rank, ranks[i]);
        assert_int_equal(rows[i].rank_in_tier, ranks[i]);
    }
    ranks_assign(rows, 0);
}

/* The rank is one more than those who are better. */
static void ranks_agree_with_counting(void **state)
{
    (void)state;
    struct rank_row rows[60];
    srandom(7);
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            rows[i] = (struct rank_row){
                .key = random() % 9, .code = "x", .tier = (uint32_t)random() % RANK_TIERS};
        ranks_assign(rows, ARRAY_LEN(rows));
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            uint32_t better = 0, better_in_tier = 0;
            for (size_t j = 0; j < ARRAY_LEN(rows); j++) {
                better += rows[j].key > rows[i].key;
                better_in_tier += rows[j].key > rows[i].key && rows[j].tier == rows[i].tier;
            }
            assert_int_equal(rows[i].rank, better + 1);
            assert_int_equal(rows[i].rank_in_tier, better_in_tier + 1);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(figures_stand_beside_the_plan),
    cmocka_unit_test(short_is_what_each_day_lacks_that_is_left),
    cmocka_unit_test(without_a_plan_there_is_only_a_pace),
    cmocka_unit_test(a_young_plan_has_the_pace_of_its_days),
    cmocka_unit_test(behind_is_who_is_too_slow_after_the_grace),
    cmocka_unit_test(what_was_taken_back_may_leave_less_than_nothing),
    cmocka_unit_test(figures_have_two_decimals),
    cmocka_unit_test(equal_ones_share_a_rank),
    cmocka_unit_test(those_without_a_key_come_behind),
    cmocka_unit_test(ranks_agree_with_counting),
};

TEST_MAIN(tests)
