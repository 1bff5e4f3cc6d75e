/* Forecast: the articles' own numbers, the pattern of the week, the band. */
#include "tests/support/test.h"

#include "common/domain/calendar.h"
#include "common/domain/forecast.h"

#define DAYS 400

static struct forecast_day days[DAYS];

/* A day's count by its weekday, 0 being Monday, for n days up to the day before today. */
static void fill(int32_t today, size_t n, const int32_t weekly[7])
{
    for (size_t i = 0; i < n; i++) {
        int32_t day = today - (int32_t)(n - i);
        days[i] = (struct forecast_day){day, weekly[(day + 3) % 7]};
    }
}

static struct forecast_request lao_cai(void)
{
    return (struct forecast_request){.today = date_make(2025, 11, 30),
                                     .from = date_make(2025, 1, 1),
                                     .until = date_make(2025, 12, 31),
                                     .participants = 44883,
                                     .plan = 78275,
                                     .contacts = 5742,
                                     .joined = 159};
}

static void lao_cai_needs_1077_a_day_over_31_days(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_request request = lao_cai();
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.gap, 33392);
    assert_int_equal(forecast.days_left, 31);
    assert_int_equal(forecast.needed_per_day, 107716);
    assert_int_equal(forecast.reach, REACH_TOO_SLOW);
}

static void lao_cai_needs_2226_a_day_over_15_days(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_request request = lao_cai();
    request.today = date_make(2025, 12, 16);
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.days_left, 15);
    assert_int_equal(forecast.needed_per_day, 222613);
}

static void the_day_of_18_november_converts_2_77_percent(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_request request = lao_cai();
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.conversion, 277);
    assert_int_equal(forecast.contacts_needed, 1205893); /* about 1.21 million */
}

static void a_pace_goes_on_with_the_pattern_of_the_week(void **state)
{
    (void)state;
    static const int32_t weekly[7] = {10, 20, 30, 40, 50, 0, 4};
    struct forecast forecast;
    struct forecast_request request = {.today = date_make(2025, 11, 10), /* a Monday */
                                       .until = date_make(2025, 11, 16),
                                       .participants = 1000,
                                       .plan = 1200,
                                       .days = days,
                                       .n_days = 70};
    fill(request.today, 70, weekly);
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.pace_per_day, 2200);
    /* the whole Monday, and Tuesday to Sunday */
    assert_int_equal(forecast.projected, 1154);
    /* nothing ever deviated */
    assert_int_equal(forecast.projected_low, forecast.projected);
    assert_int_equal(forecast.projected_high, forecast.projected);
    /* what today has brought is not expected again */
    days[70] = (struct forecast_day){request.today, 25};
    request.n_days = 71;
    request.participants = 1025;
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.projected, 1025 + 144);
}

static void without_two_weeks_all_days_are_alike(void **state)
{
    (void)state;
    static const int32_t weekly[7] = {7, 14, 0, 0, 0, 0, 0};
    struct forecast forecast;
    struct forecast_request request = {.today = date_make(2025, 11, 10),
                                       .until = date_make(2025, 11, 11),
                                       .plan = 6,
                                       .days = days,
                                       .n_days = 13};
    fill(request.today, 13, weekly);
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.projected, 6);
    assert_int_equal(forecast.reach, REACH_ON_COURSE);
}

static void days_that_vary_make_a_band(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_request request = {.today = date_make(2025, 11, 10),
                                       .until = date_make(2025, 11, 26),
                                       .participants = 500,
                                       .days = days,
                                       .n_days = 56};
    for (int i = 0; i < 56; i++) /* 0 and 20 by turns: every weekday has both */
        days[i] = (struct forecast_day){request.today - 56 + i, i % 2 * 20};
    forecast_make(&request, &forecast);
    assert_true(forecast.projected_low < forecast.projected);
    assert_true(forecast.projected_high > forecast.projected);
    /* 1.282 x 10.2 x sqrt(16 + 16 x 16 / 7) = 94 */
    assert_in_range(forecast.projected_high - forecast.projected, 90, 98);
    request.plan = forecast.projected_high;
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.reach, REACH_POSSIBLE);
    request.plan = forecast.projected_high + 1;
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.reach, REACH_TOO_SLOW);
}

static void the_same_days_a_year_ago_are_told_when_they_are_known(void **state)
{
    (void)state;
    static const int32_t weekly[7] = {1, 1, 1, 1, 1, 1, 1};
    struct forecast forecast;
    struct forecast_request request = {.today = date_make(2025, 11, 30),
                                       .until = date_make(2025, 12, 31),
                                       .plan = 1,
                                       .days = days,
                                       .n_days = DAYS};
    fill(request.today, DAYS, weekly);
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.last_year, 31);
    request.days = days + 40;
    request.n_days = DAYS - 40;
    forecast_make(&request, &forecast);
    assert_true(forecast.last_year == FORECAST_NONE);
}

/* 39,248 a year ago and 44,883 now: 5,635 more, as 5,635 came in one day of this year. */
static void lao_cai_grew_by_5635_on_the_same_period(void **state)
{
    (void)state;
    static struct forecast_day history[3];
    struct forecast forecast;
    struct forecast_request request = lao_cai();
    history[0] = (struct forecast_day){date_make(2024, 1, 1), 100};
    history[1] = (struct forecast_day){date_make(2024, 12, 1), 7}; /* behind the same day */
    history[2] = (struct forecast_day){date_make(2025, 11, 18), 5735};
    request.days = history;
    request.n_days = 3;
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.so_far, 5735);
    assert_int_equal(forecast.so_far_last_year, 100);
    assert_int_equal(forecast.so_far - forecast.so_far_last_year, 5635);
    assert_int_equal(forecast.last_year, 7);
}

/* The last quarter of 2025: what came in it so far, in the same days of 2024, and what is to come.
 */
static void a_quarter_is_compared_with_the_same_days_a_year_ago(void **state)
{
    (void)state;
    static struct forecast_day history[2 * DAYS];
    struct forecast forecast;
    struct forecast_request request = {.today = date_make(2025, 11, 10),
                                       .from = date_make(2025, 10, 1),
                                       .until = date_make(2025, 12, 31),
                                       .is_new = 1,
                                       .participants = 41 * 2,
                                       .plan = 200,
                                       .days = history};
    for (int32_t day = request.today - 460; day <= request.today; day++)
        history[request.n_days++] = (struct forecast_day){day, day > request.today - 100 ? 2 : 1};
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.so_far, 41 * 2);
    assert_int_equal(forecast.so_far_last_year, 41);
    assert_int_equal(forecast.last_year, 51);
    assert_int_equal(forecast.projected, 82 + 51 * 2);
    request.days += 60; /* the board's memory ends in the quarter before */
    request.n_days -= 60;
    forecast_make(&request, &forecast);
    assert_true(forecast.so_far_last_year == FORECAST_NONE);
    assert_int_equal(forecast.last_year, 51);
}

/* 15 days of acceleration that begin in 5 days: the days until then bring them nothing. */
static void a_campaign_that_has_not_begun_counts_its_own_days(void **state)
{
    (void)state;
    static const int32_t weekly[7] = {3, 3, 3, 3, 3, 3, 3};
    struct forecast forecast;
    struct forecast_request request = {.today = date_make(2025, 11, 10),
                                       .from = date_make(2025, 11, 15),
                                       .until = date_make(2025, 11, 29),
                                       .is_new = 1,
                                       .plan = 45,
                                       .days = days,
                                       .n_days = 56};
    fill(request.today, 56, weekly);
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.days_left, 15);
    assert_int_equal(forecast.needed_per_day, 300);
    assert_int_equal(forecast.projected, 45);
    assert_int_equal(forecast.reach, REACH_ON_COURSE);
    assert_int_equal(forecast.so_far, 0);
    /* all there are at the end: those days count, too, and what is left of today */
    request.is_new = 0;
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.days_left, 19);
    assert_int_equal(forecast.projected, 60);
}

/* The plan of 2025, looked at in 2026. */
static void a_plan_that_is_over_expects_nothing_any_more(void **state)
{
    (void)state;
    static const int32_t weekly[7] = {3, 3, 3, 3, 3, 3, 3};
    struct forecast forecast;
    struct forecast_request request = lao_cai();
    request.today = date_make(2026, 11, 22);
    request.days = days;
    request.n_days = 56;
    fill(request.today, 56, weekly);
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.days_left, 0);
    assert_int_equal(forecast.projected, 44883);
    assert_int_equal(forecast.projected_high, 44883);
    assert_true(forecast.needed_per_day == FORECAST_NONE);
    assert_true(forecast.last_year == FORECAST_NONE);
    assert_int_equal(forecast.reach, REACH_TOO_SLOW);
    request.participants = 78275;
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.reach, REACH_DONE);
}

/* An import, say: a deviation of 616,000 a day, over 400 days 152 times that, and 8 of 10 ends. */
static void a_nation_that_joins_in_a_day_makes_a_wide_band(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_request request = lao_cai();
    const struct forecast_day one = {request.today - 20, 3200000};
    request.until = request.today + FORECAST_HORIZON_MAX_DAYS;
    request.days = &one;
    request.n_days = 1;
    forecast_make(&request, &forecast);
    assert_in_range(forecast.projected_high - forecast.projected, 100000000, 140000000);
    assert_int_equal(forecast.projected_low, request.participants);
}

static void no_plan_a_plan_that_is_done_and_no_days_left(void **state)
{
    (void)state;
    struct forecast forecast;
    struct forecast_request request = {.today = 20000, .until = 20000, .participants = 5};
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.reach, REACH_NO_PLAN);
    assert_true(forecast.needed_per_day == FORECAST_NONE);
    request.plan = 5;
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.reach, REACH_DONE);
    request.plan = 6;
    forecast_make(&request, &forecast);
    assert_int_equal(forecast.reach, REACH_TOO_SLOW);
    assert_int_equal(forecast.days_left, 0);
    assert_true(forecast.needed_per_day == FORECAST_NONE);
    assert_int_equal(forecast.projected, 5);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lao_cai_needs_1077_a_day_over_31_days),
    cmocka_unit_test(lao_cai_needs_2226_a_day_over_15_days),
    cmocka_unit_test(the_day_of_18_november_converts_2_77_percent),
    cmocka_unit_test(a_pace_goes_on_with_the_pattern_of_the_week),
    cmocka_unit_test(without_two_weeks_all_days_are_alike),
    cmocka_unit_test(days_that_vary_make_a_band),
    cmocka_unit_test(a_nation_that_joins_in_a_day_makes_a_wide_band),
    cmocka_unit_test(the_same_days_a_year_ago_are_told_when_they_are_known),
    cmocka_unit_test(lao_cai_grew_by_5635_on_the_same_period),
    cmocka_unit_test(a_quarter_is_compared_with_the_same_days_a_year_ago),
    cmocka_unit_test(a_campaign_that_has_not_begun_counts_its_own_days),
    cmocka_unit_test(a_plan_that_is_over_expects_nothing_any_more),
    cmocka_unit_test(no_plan_a_plan_that_is_done_and_no_days_left),
};

TEST_MAIN(tests)
