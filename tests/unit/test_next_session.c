/* Where the next session pays most: the numbers of 18 November 2025 in Lào Cai, and the caps. */
#include "tests/support/test.h"

#include "common/domain/next_session.h"

#define MEAN_OF_LAO_CAI 913793 /* 159 / 174, in millionths */

/* 174 sessions, 159 new; the places differ by what they had. */
static struct next_session lao_cai(size_t place, int64_t sessions, int64_t joined)
{
    return (struct next_session){.place = place,
                                 .kind = 2,
                                 .own = {sessions, joined},
                                 .above_kind = {174, 159},
                                 .above = {174, 159},
                                 .gap = 33392,
                                 .prospects = NEXT_SESSION_UNKNOWN};
}

static void the_day_of_18_november_brought_0_91_a_session(void **state)
{
    (void)state;
    struct next_session row = lao_cai(0, 174, 159);
    assert_int_equal(next_session_expected(&row), 91);
    /* where none was held, the average is expected */
    row.own = (struct session_sum){0, 0};
    assert_int_equal(next_session_expected(&row), 91);
}

static void a_place_s_own_sessions_are_mixed_with_ten_average_ones(void **state)
{
    (void)state;
    const struct session_sum eight_with_twenty = {8, 20}, eight_with_none = {8, 0};
    /* (20 + 10 x 0.913793) / 18, and 10 x 0.913793 / 18 */
    assert_int_equal(session_yield(&eight_with_twenty, MEAN_OF_LAO_CAI), 1618774);
    assert_int_equal(session_yield(&eight_with_none, MEAN_OF_LAO_CAI), 507663);
    struct next_session row = lao_cai(0, 8, 20);
    assert_int_equal(next_session_expected(&row), 162);
    /* one lucky session is no rule: 12, not 159 times as much */
    row.own = (struct session_sum){1, 12};
    assert_int_equal(next_session_expected(&row), 192);
    /* what was taken back later cannot make it less than nothing */
    row.own = (struct session_sum){1, -1};
    assert_int_equal(next_session_expected(&row), 83);
}

static void a_kind_that_was_tried_once_is_mixed_with_all_kinds(void **state)
{
    (void)state;
    struct next_session row = lao_cai(0, 0, 0);
    row.above_kind = (struct session_sum){1, 5};
    /* (5 + 10 x 0.913793) / 11 */
    assert_int_equal(next_session_expected(&row), 129);
}

static void nothing_is_expected_of_what_was_never_observed(void **state)
{
    (void)state;
    struct next_session row = lao_cai(0, 0, 0);
    row.above_kind = (struct session_sum){0, 0};
    assert_true(next_session_expected(&row) == NEXT_SESSION_UNOBSERVED);
    row = lao_cai(0, 3, 0);
    row.above = row.above_kind = (struct session_sum){3, 0};
    assert_true(next_session_expected(&row) == NEXT_SESSION_UNOBSERVED);
    assert_int_equal(next_sessions_rank(&row, 1, 1), 0);
}

static void an_expectation_ends_at_the_gap_and_at_the_prospects(void **state)
{
    (void)state;
    struct next_session row = lao_cai(0, 8, 20); /* 1.62 */
    row.gap = 1;
    assert_int_equal(next_session_expected(&row), 100);
    row.gap = 2;
    assert_int_equal(next_session_expected(&row), 162);
    row.prospects = 1;
    assert_int_equal(next_session_expected(&row), 100);
    row.prospects = 0;
    assert_int_equal(next_session_expected(&row), 0);
    row = lao_cai(0, 8, 20);
    row.gap = -5;
    assert_int_equal(next_session_expected(&row), 0);
}

static void the_best_kinds_of_three_places_are_told(void **state)
{
    (void)state;
    struct next_session rows[6] = {lao_cai(0, 8, 20), lao_cai(0, 8, 19), lao_cai(1, 4, 0),
                                   lao_cai(2, 0, 0),  lao_cai(3, 5, 12), lao_cai(4, 9, 90)};
    rows[1].kind = 4;
    rows[5].gap = 0; /* its plan is fulfilled */
    assert_int_equal(next_sessions_rank(rows, 6, 1), NEXT_SESSIONS_MAX);
    assert_int_equal(rows[0].place, 0);
    assert_int_equal(rows[0].kind, 2);
    assert_int_equal(rows[1].place, 3);
    assert_int_equal(rows[2].place, 2); /* none yet: the average, above one of four that failed */
}

static void a_commune_s_kinds_compete(void **state)
{
    (void)state;
    struct next_session rows[2] = {lao_cai(0, 8, 1), lao_cai(0, 8, 20)};
    rows[0].kind = 1;
    assert_int_equal(next_sessions_rank(rows, 2, 0), 2);
    assert_int_equal(rows[0].kind, 2);
    assert_int_equal(rows[1].kind, 1);
}

static void equal_ones_go_by_gap_then_prospects_then_fewer_sessions(void **state)
{
    (void)state;
    struct next_session rows[4] = {lao_cai(0, 0, 0), lao_cai(1, 0, 0), lao_cai(2, 0, 0),
                                   lao_cai(3, 0, 0)};
    rows[0].gap = NEXT_SESSION_UNKNOWN;
    rows[1].gap = 5;
    rows[2].gap = 7;
    rows[3].gap = 7;
    rows[3].prospects = 40;
    assert_int_equal(next_sessions_rank(rows, 4, 1), 3);
    assert_int_equal(rows[0].place, 3);
    assert_int_equal(rows[1].place, 2);
    assert_int_equal(rows[2].place, 1);
}

static void without_results_fewest_sessions_for_the_prospects_come_first(void **state)
{
    (void)state;
    int by_prospects;
    struct next_session rows[4] = {lao_cai(0, 9, 0), lao_cai(1, 1, 0), lao_cai(2, 0, 0),
                                   lao_cai(3, 0, 0)};
    rows[0].prospects = 1000; /* 100 for each */
    rows[1].prospects = 300;  /* 150 */
    rows[2].prospects = 120;  /* 120 */
    rows[3].prospects = 0;    /* nobody is left */
    assert_int_equal(next_sessions_guess(rows, 4, &by_prospects), 3);
    assert_true(by_prospects);
    assert_int_equal(rows[0].place, 1);
    assert_int_equal(rows[1].place, 2);
    assert_int_equal(rows[2].place, 0);
    assert_true(rows[0].expected == NEXT_SESSION_UNOBSERVED);
}

static void without_prospects_the_biggest_gap_comes_first(void **state)
{
    (void)state;
    int by_prospects;
    struct next_session rows[3] = {lao_cai(0, 0, 0), lao_cai(1, 0, 0), lao_cai(2, 0, 0)};
    rows[0].gap = NEXT_SESSION_UNKNOWN; /* nothing is known of it */
    rows[1].gap = 704;
    rows[2].gap = 3252;
    assert_int_equal(next_sessions_guess(rows, 3, &by_prospects), 2);
    assert_false(by_prospects);
    assert_int_equal(rows[0].place, 2);
    assert_int_equal(rows[1].place, 1);
    assert_int_equal(next_sessions_guess(rows, 0, &by_prospects), 0);
    assert_false(by_prospects);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_day_of_18_november_brought_0_91_a_session),
    cmocka_unit_test(a_place_s_own_sessions_are_mixed_with_ten_average_ones),
    cmocka_unit_test(a_kind_that_was_tried_once_is_mixed_with_all_kinds),
    cmocka_unit_test(nothing_is_expected_of_what_was_never_observed),
    cmocka_unit_test(an_expectation_ends_at_the_gap_and_at_the_prospects),
    cmocka_unit_test(the_best_kinds_of_three_places_are_told),
    cmocka_unit_test(a_commune_s_kinds_compete),
    cmocka_unit_test(equal_ones_go_by_gap_then_prospects_then_fewer_sessions),
    cmocka_unit_test(without_results_fewest_sessions_for_the_prospects_come_first),
    cmocka_unit_test(without_prospects_the_biggest_gap_comes_first),
};

TEST_MAIN(tests)
