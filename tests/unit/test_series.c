#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "services/analytics/series.h"

#define ARENA_BYTES (16 * 1024 * 1024)
#define HOUR_MS 3600000LL

struct world {
    struct arena *arena;
    struct series series;
};

static int setup(void **state)
{
    static struct world world;
    world = (struct world){.arena = arena_create(ARENA_BYTES)};
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    arena_destroy(&world->arena);
    return 0;
}

/* Of participants and what they paid. */
static struct series *series_of(struct world *world, enum bucket_size size, int32_t from,
                                int32_t until, int with_last_year)
{
    struct err err;
    struct series *series = &world->series;
    series->buckets = (struct buckets){size, from, until};
    series->n_metrics = 2;
    assert_int_equal(
        counted_of(ANSINH__V1__METRIC__METRIC_PAID, "metrics", &series->metrics[0], &err), 0);
    assert_int_equal(counted_of(ANSINH__V1__METRIC__METRIC_PARTICIPANT_VND, "metrics",
                                &series->metrics[1], &err),
                     0);
    assert_int_equal(series_make(series, world->arena, with_last_year), 0);
    return series;
}

static void count(struct series *series, enum fact_kind kind, int32_t day, int64_t at_ms)
{
    const struct fact fact = {
        .kind = (uint8_t)kind,
        .day = (uint16_t)day,
        .at_ms = at_ms,
        .pockets = {kind == FACT_FIRST_PAYMENT    ? 1000
                    : kind == FACT_REVERSED_FIRST ? -1000
                                                  : 0},
    };
    series_count(series, &fact);
}

static void a_closed_day_keeps_what_it_had(void **state)
{
    const int32_t day = 20400;
    int64_t noon_ms = business_day_start_ms(day) + 12 * HOUR_MS;
    struct series *series = series_of(*state, BUCKET_OF_DAY, day, day + 1, 0);
    assert_true(series_is_empty(series, 0) && series_is_empty(series, 1));
    count(series, FACT_FIRST_PAYMENT, day, noon_ms);
    count(series, FACT_FIRST_PAYMENT, day, business_day_start_ms(day + 1) - 1);
    count(series, FACT_FIRST_PAYMENT, day, business_day_start_ms(day + 1));
    count(series, FACT_REVERSED_FIRST, day, noon_ms + 48 * HOUR_MS);
    count(series, FACT_REVERSED_FIRST, day, noon_ms + 49 * HOUR_MS);
    count(series, FACT_DECLARED, day, noon_ms + 50 * HOUR_MS); /* of no metric asked for */
    assert_int_equal(series->values[0], 1);
    assert_int_equal(series->values[1], 1000);
    assert_int_equal(series->late[0], -1); /* so it was closed with 2 */
    assert_int_equal(series->late[1], -1000);
    assert_int_equal(series->corrections[0], 3);
    assert_true(series_is_empty(series, 1));
}

static void corrections_that_cancel_each_other_are_shown(void **state)
{
    const int32_t day = 20400;
    int64_t late_ms = business_day_start_ms(day + 2);
    struct series *series = series_of(*state, BUCKET_OF_DAY, day, day, 0);
    count(series, FACT_FIRST_PAYMENT, day, late_ms);
    count(series, FACT_REVERSED_FIRST, day, late_ms + 1);
    assert_int_equal(series->values[0], 0);
    assert_int_equal(series->corrections[0], 2);
    assert_false(series_is_empty(series, 0));
}

static void hours_hold_what_was_recorded_on_its_day(void **state)
{
    const int32_t day = 20400;
    int64_t start_ms = business_day_start_ms(day);
    struct series *series = series_of(*state, BUCKET_OF_HOUR, day, day, 0);
    assert_null(series->late);
    count(series, FACT_FIRST_PAYMENT, day, start_ms + 9 * HOUR_MS);
    count(series, FACT_FIRST_PAYMENT, day, start_ms + 10 * HOUR_MS - 1);
    count(series, FACT_FIRST_PAYMENT, day, start_ms + 30 * HOUR_MS);
    assert_int_equal(series->values[(size_t)9 * 2], 2);
    int64_t totals[SERIES_METRICS_MAX] = {0};
    series_total(series, series->values, totals);
    assert_int_equal(totals[0], 2);
    assert_int_equal(totals[1], 2000);
}

/* Every day of the year before once, but those that have no bucket. */
static void the_year_before_is_counted_once(void **state)
{
    struct world *world = *state;
    static const char *const windows[][2] = {{"2024-01-01", "2024-12-31"},
                                             {"2025-01-01", "2025-12-31"},
                                             {"2025-02-28", "2025-03-01"},
                                             {"2024-02-29", "2024-02-29"},
                                             {"2023-06-15", "2024-07-18"}};
    static const int64_t days_before[] = {365, 366, 3, 0, 399};
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        int32_t from, until;
        int64_t totals[SERIES_METRICS_MAX] = {0}, own[SERIES_METRICS_MAX] = {0};
        assert_int_equal(date_parse(windows[i][0], &from), 0);
        assert_int_equal(date_parse(windows[i][1], &until), 0);
        struct series *series = series_of(world, BUCKET_OF_DAY, from, until, 1);
        for (int32_t day = series->from; day <= series->until; day++)
            count(series, FACT_FIRST_PAYMENT, day, business_day_start_ms(day) + HOUR_MS);
        series_total(series, series->last_year, totals);
        series_total(series, series->values, own);
        assert_int_equal(totals[0], days_before[i]);
        assert_int_equal(own[0], until - from + 1);
    }
}

/* Facts have days from 1970 to 2149: beyond there is nothing, and no room is asked for. */
static void days_that_no_fact_has_are_empty(void **state)
{
    static const int32_t windows[][2] = {{84000, 65535}, {0, -4000}, {65535, 65535}, {0, 0}};
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        int64_t totals[SERIES_METRICS_MAX] = {0};
        struct series *series = series_of(*state, BUCKET_OF_DAY, windows[i][0], windows[i][1], 1);
        series_total(series, series->values, totals);
        series_total(series, series->last_year, totals);
        assert_int_equal(totals[0], 0);
    }
}

static void the_leap_day_counts_with_the_28th(void **state)
{
    struct world *world = *state;
    int32_t from = date_make(2025, 2, 28), leap_day = date_make(2024, 2, 29);
    struct series *series = series_of(world, BUCKET_OF_HOUR, from, from + 1, 1);
    count(series, FACT_FIRST_PAYMENT, leap_day, business_day_start_ms(leap_day) + 5 * HOUR_MS);
    count(series, FACT_FIRST_PAYMENT, leap_day - 1,
          business_day_start_ms(leap_day - 1) + 5 * HOUR_MS);
    assert_int_equal(series->last_year[(size_t)5 * 2], 2);
    assert_false(series_is_empty(series, 5));
}

static void only_metrics_that_exist_count(void **state)
{
    (void)state;
    struct counted counted;
    struct err err = {0};
    assert_int_equal(counted_of(ANSINH__V1__METRIC__METRIC_UNSPECIFIED, "metric", &counted, &err),
                     -EINVAL);
    assert_string_equal(err.field, "metric");
    assert_int_equal(counted_of((Ansinh__V1__Metric)13, "metric", &counted, &err), -EINVAL);
    for (int metric = 1; metric < FACT_METRICS; metric++) {
        assert_int_equal(counted_of((Ansinh__V1__Metric)metric, "metric", &counted, &err), 0);
        for (uint8_t kind = 0; kind < FACT_KINDS + 2; kind++) {
            const struct fact fact = {.kind = kind, .pockets = {5, 6, 7, 8}};
            assert_int_equal(counted_measure(&counted, &fact),
                             fact_measure(&fact, (enum fact_metric)metric));
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_closed_day_keeps_what_it_had, setup, teardown),
    cmocka_unit_test_setup_teardown(corrections_that_cancel_each_other_are_shown, setup, teardown),
    cmocka_unit_test_setup_teardown(hours_hold_what_was_recorded_on_its_day, setup, teardown),
    cmocka_unit_test_setup_teardown(the_year_before_is_counted_once, setup, teardown),
    cmocka_unit_test_setup_teardown(days_that_no_fact_has_are_empty, setup, teardown),
    cmocka_unit_test_setup_teardown(the_leap_day_counts_with_the_28th, setup, teardown),
    cmocka_unit_test(only_metrics_that_exist_count),
};

TEST_MAIN(tests)
