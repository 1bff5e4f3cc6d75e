/* A forecast's sentence, in both languages. */
#include "tests/support/test.h"

#include <string.h>

#include "services/analytics/forecast_text.h"

static char text[FORECAST_TEXT_BYTES];

static struct forecast lao_cai(void)
{
    return (struct forecast){.participants = 44883,
                             .plan = 78275,
                             .gap = 33392,
                             .days_left = 31,
                             .needed_per_day = 107716,
                             .pace_per_day = 15950,
                             .projected = 49900,
                             .projected_low = 49100,
                             .projected_high = 50700,
                             .last_year = FORECAST_NONE,
                             .contacts_needed = 1205893,
                             .conversion = 277,
                             .reach = REACH_TOO_SLOW};
}

static void english(void **state)
{
    (void)state;
    struct forecast forecast = lao_cai();
    forecast_sentence_en(&forecast, "Lào Cai province", "2025-12-31", text);
    assert_string_equal(text, "Lào Cai province lacks 33,392 participants, 1,077 a day until "
                              "2025-12-31; at the pace of the last 7 days, 160 a day, it will have "
                              "49,900 (49,100 to 50,700): the plan is not reached at this pace. "
                              "At the observed conversion it takes 1,205,893 contacts.");
}

static void vietnamese(void **state)
{
    (void)state;
    struct forecast forecast = lao_cai();
    forecast.contacts_needed = FORECAST_NONE;
    forecast_sentence_vi(&forecast, "Tỉnh Lào Cai", "31/12/2025", text);
    assert_string_equal(text, "Tỉnh Lào Cai còn thiếu 33.392 người, cần 1.077 người mỗi ngày đến "
                              "31/12/2025; với tốc độ 7 ngày qua, 160 người mỗi ngày, sẽ có 49.900 "
                              "người (từ 49.100 đến 50.700): với tốc độ này không đạt kế hoạch.");
}

static void a_plan_that_is_done_and_the_last_day(void **state)
{
    (void)state;
    struct forecast forecast = lao_cai();
    forecast.gap = -3;
    forecast.reach = REACH_DONE;
    forecast_sentence_en(&forecast, "X", "2025-12-31", text);
    assert_non_null(strstr(text, "X: at the pace"));
    assert_non_null(strstr(text, "the plan is fulfilled."));
    assert_null(strstr(text, "contacts"));
    forecast.gap = 3;
    forecast.needed_per_day = FORECAST_NONE;
    forecast_sentence_vi(&forecast, "X", "31/12/2025", text);
    assert_non_null(strstr(text, "X còn thiếu 3 người; với"));
}

static void averages_have_two_decimals(void **state)
{
    (void)state;
    char decimal[DECIMAL_TEXT_BYTES];
    decimal_format(107716, decimal);
    assert_string_equal(decimal, "1077.16");
    decimal_format(5, decimal);
    assert_string_equal(decimal, "0.05");
    decimal_format(FORECAST_NONE, decimal);
    assert_string_equal(decimal, "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(english),
    cmocka_unit_test(vietnamese),
    cmocka_unit_test(a_plan_that_is_done_and_the_last_day),
    cmocka_unit_test(averages_have_two_decimals),
};

TEST_MAIN(tests)
