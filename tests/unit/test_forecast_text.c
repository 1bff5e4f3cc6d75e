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

static struct forecast_words words_of(const char *name, const char *until)
{
    return (struct forecast_words){.name = name,
                                   .until = until,
                                   .plan = "2025",
                                   .plan_until = until,
                                   .is_year = 1,
                                   .noun = NOUN_PARTICIPANTS,
                                   .contacts = 5742,
                                   .joined = 159};
}

static void english(void **state)
{
    (void)state;
    struct forecast forecast = lao_cai();
    struct forecast_words words = words_of("Lao Cai", "2025-12-31");
    forecast_sentence_en(&forecast, &words, text);
    assert_string_equal(text, "Lao Cai lacks 33,392 participants, 1,077 a day until "
                              "2025-12-31; at the pace of the last 7 days, 160 a day, it will have "
                              "49,900 (49,100 to 50,700): the plan is not reached at this pace. "
                              "At the observed conversion (159 of 5,742) it takes 1,205,893 "
                              "contacts.");
    words.observed_in = "Viet Nam";
    forecast_sentence_en(&forecast, &words, text);
    assert_non_null(strstr(text, " At the conversion observed in Viet Nam (159 of 5,742) it"));
    words.observed_until = "2025-11-18";
    forecast_sentence_en(&forecast, &words, text);
    assert_non_null(strstr(text, " At the conversion observed until 2025-11-18 in Viet Nam (159"));
    /* of working age are 1,099,012 */
    words.has_prospects = 1;
    words.prospects = 1099012;
    forecast_sentence_en(&forecast, &words, text);
    assert_non_null(strstr(text, "it takes 1,205,893 contacts, more than the 1,099,012 people left "
                                 "to be won: it is not reached by this conversion."));
    forecast_sentence_vi(&forecast, &words, text);
    assert_non_null(strstr(text, "nhiều hơn 1.099.012 người còn có thể vận động: không đạt được"));
    words.prospects = 1205893;
    forecast_sentence_en(&forecast, &words, text);
    assert_non_null(strstr(text, "it takes 1,205,893 contacts."));
}

static void vietnamese(void **state)
{
    (void)state;
    struct forecast forecast = lao_cai();
    struct forecast_words words = words_of("Tỉnh Lào Cai", "31/12/2025");
    forecast_sentence_vi(&forecast, &words, text);
    assert_string_equal(text, "Tỉnh Lào Cai còn thiếu 33.392 người, cần 1.077 người mỗi ngày đến "
                              "31/12/2025; với tốc độ 7 ngày qua, 160 người mỗi ngày, sẽ có 49.900 "
                              "người (từ 49.100 đến 50.700): với tốc độ này không đạt kế hoạch. "
                              "Theo tỷ lệ tham gia đã ghi nhận (159 trên 5.742) cần tiếp cận "
                              "1.205.893 lượt người.");
    words.observed_in = "Việt Nam";
    forecast_sentence_vi(&forecast, &words, text);
    assert_non_null(strstr(text, " đã ghi nhận ở Việt Nam (159 trên 5.742) cần"));
    forecast.contacts_needed = FORECAST_NONE;
    forecast_sentence_vi(&forecast, &words, text);
    assert_null(strstr(text, "tỷ lệ"));
}

static void a_plan_that_is_done_and_the_last_day(void **state)
{
    (void)state;
    struct forecast forecast = lao_cai();
    struct forecast_words words = words_of("X", "2025-12-31");
    forecast.gap = -3;
    forecast.reach = REACH_DONE;
    forecast_sentence_en(&forecast, &words, text);
    assert_non_null(strstr(text, "X: at the pace"));
    assert_non_null(strstr(text, "the plan is fulfilled."));
    assert_null(strstr(text, "contacts"));
    forecast.gap = 3;
    forecast.needed_per_day = FORECAST_NONE;
    forecast_sentence_vi(&forecast, &words, text);
    assert_non_null(strstr(text, "X còn thiếu 3 người; với"));
}

static void a_plan_whose_year_is_over(void **state)
{
    (void)state;
    struct forecast forecast = lao_cai();
    struct forecast_words words = words_of("Lao Cai", "2025-12-31");
    words.is_expired = 1;
    forecast.days_left = 0;
    forecast.needed_per_day = FORECAST_NONE;
    forecast.contacts_needed = FORECAST_NONE;
    forecast_sentence_en(&forecast, &words, text);
    assert_string_equal(text, "Lao Cai: the plan of 2025 ended on 2025-12-31; it has 44,883 of "
                              "78,275 participants and lacks 33,392.");
    words = words_of("Tỉnh Lào Cai", "31/12/2025");
    words.is_expired = 1;
    forecast_sentence_vi(&forecast, &words, text);
    assert_string_equal(text, "Tỉnh Lào Cai: kế hoạch 2025 đã hết hạn ngày 31/12/2025; hiện có "
                              "44.883 trên 78.275 người, còn thiếu 33.392 người.");
    /* a day that was asked for goes on from there */
    forecast.days_left = 9;
    words.until = "31/12/2026";
    forecast_sentence_vi(&forecast, &words, text);
    assert_non_null(strstr(text, "người. Đến 31/12/2026, với tốc độ 7 ngày qua, 160 người"));
    forecast.days_left = 0;
    forecast.participants = 78300;
    forecast.gap = -25;
    words.plan = "Quý IV";
    words.is_year = 0;
    words.noun = NOUN_DECLARATIONS;
    forecast_sentence_vi(&forecast, &words, text);
    assert_string_equal(text, "Tỉnh Lào Cai: kế hoạch \"Quý IV\" đã hết hạn ngày 31/12/2025 và đã "
                              "hoàn thành: 78.300 trên 78.275 tờ khai.");
    forecast_sentence_en(&forecast, &words, text);
    assert_non_null(strstr(text, ": the plan \"Quý IV\" ended on 31/12/2025 and is fulfilled: "
                                 "78,300 of 78,275 declarations."));
}

static void what_is_counted_is_named(void **state)
{
    (void)state;
    struct forecast forecast = lao_cai();
    struct forecast_words words = words_of("X", "2025-12-31");
    words.noun = NOUN_ACCEPTED;
    forecast_sentence_en(&forecast, &words, text);
    assert_non_null(strstr(text, "X lacks 33,392 accepted declarations,"));
    words.noun = NOUN_NEW_PARTICIPANTS;
    forecast_sentence_vi(&forecast, &words, text);
    assert_non_null(strstr(text, "X còn thiếu 33.392 người mới, cần 1.077 người mới mỗi ngày"));
}

/* --- the next session ------------------------------------------------------------------------- */

static struct next_session proposal(void)
{
    return (struct next_session){.own = {8, 20},
                                 .above_kind = {174, 159},
                                 .gap = 1234,
                                 .prospects = NEXT_SESSION_UNKNOWN,
                                 .expected = 162};
}

static void why_a_session_is_proposed(void **state)
{
    (void)state;
    struct next_session row = proposal();
    struct observed_words words = {.above = "Lao Cai", .days = 60};
    next_session_why_en(&row, &words, text);
    assert_string_equal(text, "In the last 60 days, 8 of this kind brought 20 here; in Lao Cai 174 "
                              "brought 159. It lacks 1,234.");
    words.above = "Lào Cai";
    next_session_why_vi(&row, &words, text);
    assert_string_equal(text, "60 ngày qua, ở đây 8 buổi loại này mang lại 20; ở Lào Cai 174 buổi "
                              "mang lại 159. Còn thiếu 1.234.");
    row.own.sessions = 0;
    row.prospects = 300;
    row.gap = NEXT_SESSION_UNKNOWN;
    next_session_why_en(&row, &words, text);
    assert_string_equal(text, "In the last 60 days, none of this kind was held here; in Lào Cai "
                              "174 brought 159. 300 prospects are left.");
    words.since = "20/09/2025";
    words.until = "18/11/2025";
    next_session_why_vi(&row, &words, text);
    assert_string_equal(text, "Từ 20/09/2025 đến 18/11/2025, ở đây chưa có buổi loại này; ở Lào "
                              "Cai 174 buổi mang lại 159. Còn 300 người có thể vận động.");
    next_session_why_en(&row, &words, text);
    assert_non_null(strstr(text, "From 20/09/2025 to 18/11/2025, none of this kind"));
}

static void where_nothing_was_observed_it_says_so(void **state)
{
    (void)state;
    struct next_session row = proposal();
    struct observed_words words = {.above = "Lao Cai", .days = 60};
    row.expected = NEXT_SESSION_UNOBSERVED;
    next_session_why_en(&row, &words, text);
    assert_string_equal(text, "In the last 60 days, no session with a result was observed. It "
                              "lacks 1,234.");
    row.prospects = 300;
    row.own.sessions = 2;
    words.is_by_prospects = 1;
    next_session_why_en(&row, &words, text);
    assert_string_equal(text, "In the last 60 days, no session with a result was observed. Few "
                              "were held here for its prospects: 2. It lacks 1,234. 300 prospects "
                              "are left.");
    next_session_why_vi(&row, &words, text);
    assert_string_equal(text, "60 ngày qua, chưa ghi nhận buổi nào có kết quả. Số buổi còn ít so "
                              "với số người có thể vận động: 2. Còn thiếu 1.234. Còn 300 người có "
                              "thể vận động.");
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
    cmocka_unit_test(a_plan_whose_year_is_over),
    cmocka_unit_test(what_is_counted_is_named),
    cmocka_unit_test(why_a_session_is_proposed),
    cmocka_unit_test(where_nothing_was_observed_it_says_so),
    cmocka_unit_test(averages_have_two_decimals),
};

TEST_MAIN(tests)
