#include "tests/support/test.h"

#include <string.h>

#include "common/base/macros.h"
#include "services/analytics/board.h"

#define DAY 20422 /* 2025-11-30 */
#define DAYS_MAX 400

static struct board *board;

static int open_board(void **state)
{
    (void)state;
    board = board_create();
    return 0;
}

static int close_board(void **state)
{
    (void)state;
    board_destroy(&board);
    assert_null(board);
    board_destroy(&board);
    return 0;
}

static int64_t sum(enum board_metric metric, const uint32_t *communes, size_t n)
{
    struct board_totals totals;
    memset(&totals, 0x5a, sizeof(totals));
    board_sum(board, communes, n, &totals);
    return totals.values[metric];
}

static int64_t of(uint32_t commune, enum board_metric metric)
{
    return sum(metric, &commune, 1);
}

static void an_empty_board_sums_to_nothing(void **state)
{
    (void)state;
    static const uint32_t communes[] = {0, 2647, 99999, 100000, UINT32_MAX};
    struct board_day days[4];
    int32_t hours[BOARD_HOURS][BOARD_TIMED_METRICS];
    uint32_t changed[4];
    for (enum board_metric metric = 0; metric < BOARD_METRICS; metric++)
        assert_int_equal(sum(metric, communes, ARRAY_LEN(communes)), 0);
    assert_int_equal(sum(BOARD_PAYMENTS, NULL, 0), 0);
    assert_int_equal(board_sum_days(board, communes, ARRAY_LEN(communes), DAY, days, 4), 0);
    board_sum_hours(board, communes, ARRAY_LEN(communes), DAY, hours);
    for (size_t i = 0; i < BOARD_HOURS; i++)
        assert_int_equal(hours[i][0] + hours[i][1], 0);
    assert_int_equal(board_changed(board, changed, 4), 0);
    assert_int_equal(board_count(board), 0);
}

static void every_metric_adds_up_apart(void **state)
{
    (void)state;
    static const uint32_t both[] = {2647, 99999};
    for (enum board_metric metric = 0; metric < BOARD_METRICS; metric++) {
        board_add(board, 2647, metric, 100 + (int64_t)metric);
        board_add(board, 99999, metric, 1000);
        board_add(board, 2647, metric, 10);
    }
    for (enum board_metric metric = 0; metric < BOARD_METRICS; metric++) {
        assert_int_equal(of(2647, metric), 110 + metric);
        assert_int_equal(of(99999, metric), 1000);
        assert_int_equal(sum(metric, both, 2), 1110 + metric);
        assert_int_equal(of(2648, metric), 0);
    }
    board_add(board, 2647, BOARD_LOCAL_VND, -15);
    assert_int_equal(of(2647, BOARD_LOCAL_VND), 110 + BOARD_LOCAL_VND - 15);
    board_add(board, 0, BOARD_DONOR_VND, 4000000000000000000);
    board_add(board, 0, BOARD_DONOR_VND, 4000000000000000000);
    assert_int_equal(of(0, BOARD_DONOR_VND), 8000000000000000000);
    assert_int_equal(board_count(board), 3);
}

static void days_come_in_order_however_they_were_added(void **state)
{
    (void)state;
    static const uint32_t commune = 2647;
    struct board_day days[DAYS_MAX];
    /* all of 0..99, in steps of 37 */
    for (int i = 0; i < 100; i++)
        board_add_day(board, commune, DAY + i * 37 % 100, BOARD_PARTICIPANTS, i * 37 % 100 + 1);
    assert_int_equal(board_sum_days(board, &commune, 1, DAY, days, DAYS_MAX), 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(days[i].day, DAY + i);
        assert_int_equal(days[i].counts[BOARD_PARTICIPANTS], i + 1);
        assert_int_equal(days[i].counts[BOARD_DECLARED], 0);
    }
}

static void days_of_several_communes_add_up(void **state)
{
    (void)state;
    static const uint32_t communes[] = {1, 2, 3, 4, 100000};
    struct board_day days[DAYS_MAX];
    board_add_day(board, 1, DAY, BOARD_PARTICIPANTS, 5);
    board_add_day(board, 1, DAY, BOARD_PARTICIPANTS, 2);
    board_add_day(board, 2, DAY, BOARD_DECLARED, 3);
    board_add_day(board, 2, DAY + 2, BOARD_PARTICIPANTS, 1);
    board_add_day(board, 3, DAY + 1, BOARD_PARTICIPANTS, 0);
    board_add_day(board, 5, DAY, BOARD_PARTICIPANTS, 1000);
    assert_int_equal(board_sum_days(board, communes, ARRAY_LEN(communes), DAY, days, DAYS_MAX), 2);
    assert_int_equal(days[0].day, DAY);
    assert_int_equal(days[0].counts[BOARD_PARTICIPANTS], 7);
    assert_int_equal(days[0].counts[BOARD_DECLARED], 3);
    assert_int_equal(days[1].day, DAY + 2);
    assert_int_equal(days[1].counts[BOARD_PARTICIPANTS], 1);
    assert_int_equal(days[1].counts[BOARD_DECLARED], 0);
}

static void only_the_days_of_the_window_are_answered(void **state)
{
    (void)state;
    static const uint32_t commune = 7;
    struct board_day days[3];
    for (int32_t day = -3; day <= 3; day++)
        board_add_day(board, commune, DAY + day, BOARD_DECLARED, 10 + day);
    assert_int_equal(board_sum_days(board, &commune, 1, DAY - 1, days, 3), 3);
    for (int32_t i = 0; i < 3; i++) {
        assert_int_equal(days[i].day, DAY - 1 + i);
        assert_int_equal(days[i].counts[BOARD_DECLARED], 9 + i);
    }
    assert_int_equal(board_sum_days(board, &commune, 1, DAY + 3, days, 3), 1);
    assert_int_equal(board_sum_days(board, &commune, 1, DAY + 4, days, 3), 0);
    /* days before 1970 are days too */
    board_add_day(board, commune, -1, BOARD_DECLARED, 1);
    assert_int_equal(board_sum_days(board, &commune, 1, -2, days, 3), 1);
    assert_int_equal(days[0].day, -1);
}

static int32_t hour_of(const uint32_t *communes, size_t n, int32_t day, unsigned hour,
                       enum board_metric metric)
{
    int32_t hours[BOARD_HOURS][BOARD_TIMED_METRICS];
    memset(hours, 0x5a, sizeof(hours));
    board_sum_hours(board, communes, n, day, hours);
    return hours[hour][metric];
}

static void hours_are_those_of_the_latest_day(void **state)
{
    (void)state;
    static const uint32_t communes[] = {1, 2, 100000};
    board_add_hour(board, 1, DAY, 0, BOARD_PARTICIPANTS, 1);
    board_add_hour(board, 1, DAY, 23, BOARD_DECLARED, 2);
    board_add_hour(board, 1, DAY, 23, BOARD_DECLARED, 3);
    board_add_hour(board, 2, DAY, 23, BOARD_DECLARED, 7);
    assert_int_equal(hour_of(communes, 3, DAY, 0, BOARD_PARTICIPANTS), 1);
    assert_int_equal(hour_of(communes, 3, DAY, 0, BOARD_DECLARED), 0);
    assert_int_equal(hour_of(communes, 1, DAY, 23, BOARD_DECLARED), 5);
    assert_int_equal(hour_of(communes, 3, DAY, 23, BOARD_DECLARED), 12);
    assert_int_equal(hour_of(communes, 3, DAY + 1, 23, BOARD_DECLARED), 0);
    assert_int_equal(hour_of(communes, 3, DAY - 1, 23, BOARD_DECLARED), 0);

    board_add_hour(board, 1, DAY + 1, 8, BOARD_PARTICIPANTS, 4);
    assert_int_equal(hour_of(communes, 3, DAY + 1, 8, BOARD_PARTICIPANTS), 4);
    assert_int_equal(hour_of(communes, 3, DAY + 1, 23, BOARD_DECLARED), 0);
    /* the other commune has not rolled over yet: its hours are yesterday's */
    assert_int_equal(hour_of(communes, 3, DAY, 23, BOARD_DECLARED), 7);
    /* what comes late is not counted among the hours of another day */
    board_add_hour(board, 1, DAY, 8, BOARD_PARTICIPANTS, 100);
    assert_int_equal(hour_of(communes, 3, DAY + 1, 8, BOARD_PARTICIPANTS), 4);
    assert_int_equal(hour_of(communes, 1, DAY, 8, BOARD_PARTICIPANTS), 0);
}

static void changes_are_told_once_each_until_forgotten(void **state)
{
    (void)state;
    uint32_t changed[4] = {0};
    board_add(board, 3, BOARD_PAYMENTS, 1);
    board_add(board, 1, BOARD_PAYMENTS, 1);
    board_add(board, 3, BOARD_DECLARED, 1);
    assert_int_equal(board_changed(board, changed, 4), 2);
    assert_int_equal(changed[0], 3);
    assert_int_equal(changed[1], 1);
    changed[1] = 77;
    assert_int_equal(board_changed(board, changed, 1), 2);
    assert_int_equal(changed[1], 77);
    board_forget_changes(board);
    assert_int_equal(board_changed(board, changed, 4), 0);
    board_add(board, 1, BOARD_PAYMENTS, 1);
    board_add(board, 3, BOARD_PAYMENTS, 1);
    assert_int_equal(board_changed(board, changed, 4), 2);
    assert_int_equal(changed[0], 1);
    assert_int_equal(changed[1], 3);
    assert_int_equal(of(1, BOARD_PAYMENTS), 2);
}

static void a_cleared_board_begins_anew(void **state)
{
    (void)state;
    static const uint32_t commune = 5;
    struct board_day days[2];
    uint32_t changed[2];
    board_add(board, commune, BOARD_PAYMENTS, 9);
    board_add_day(board, commune, DAY, BOARD_DECLARED, 9);
    board_add_hour(board, commune, DAY, 5, BOARD_DECLARED, 9);
    board_clear(board);
    assert_int_equal(board_count(board), 0);
    assert_int_equal(of(commune, BOARD_PAYMENTS), 0);
    assert_int_equal(board_changed(board, changed, 2), 0);
    board_add(board, commune, BOARD_PAYMENTS, 1);
    assert_int_equal(of(commune, BOARD_PAYMENTS), 1);
    assert_int_equal(board_sum_days(board, &commune, 1, DAY, days, 2), 0);
    assert_int_equal(hour_of(&commune, 1, DAY, 5, BOARD_DECLARED), 0);
    assert_int_equal(board_changed(board, changed, 2), 1);
    assert_int_equal(board_count(board), 1);
}

static void every_code_of_five_digits_fits(void **state)
{
    (void)state;
    static uint32_t changed[100000];
    for (uint32_t code = 0; code < 100000; code++)
        board_add(board, code, BOARD_PAYMENTS, 1);
    assert_int_equal(board_count(board), 100000);
    assert_int_equal(board_changed(board, changed, ARRAY_LEN(changed)), 100000);
    assert_int_equal(sum(BOARD_PAYMENTS, changed, 100000), 100000);
}

#define WITH_BOARD(test) cmocka_unit_test_setup_teardown(test, open_board, close_board)

static const struct CMUnitTest tests[] = {
    WITH_BOARD(an_empty_board_sums_to_nothing),
    WITH_BOARD(every_metric_adds_up_apart),
    WITH_BOARD(days_come_in_order_however_they_were_added),
    WITH_BOARD(days_of_several_communes_add_up),
    WITH_BOARD(only_the_days_of_the_window_are_answered),
    WITH_BOARD(hours_are_those_of_the_latest_day),
    WITH_BOARD(changes_are_told_once_each_until_forgotten),
    WITH_BOARD(a_cleared_board_begins_anew),
    WITH_BOARD(every_code_of_five_digits_fits),
};

TEST_MAIN(tests)
