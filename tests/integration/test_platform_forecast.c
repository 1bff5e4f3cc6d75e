/* Forecasts over real processes: plans of all kinds, what sessions brought, where the next one pays
 * most, as of any moment. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/payer.h"
#include "tests/support/people.h"

#define HOUR_MS 3600000LL
#define WAIT_MS 30000

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];
static int64_t before_ms; /* before anything was recorded */

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.enrolment = 2});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int forecast(const char *unit, const char *rest)
{
    return platform_call(platform, NULL, "Analytics/GetForecast", answer, "{\"unitCode\":\"%s\"%s}",
                         unit, rest);
}

static int says(const char *text)
{
    if (strstr(answer, text) == NULL)
        print_message("want %s in %.3000s\n", text, answer);
    return strstr(answer, text) != NULL;
}

/* What a forecast says in the end: all words, in this order, ended by '|'. */
struct wanted {
    const char *unit, *rest, *words;
};

static int is_said(void *arg)
{
    const struct wanted *wanted = arg;
    char words[512];
    const char *at = answer;
    if (forecast(wanted->unit, wanted->rest) != 0)
        return 0;
    (void)snprintf(words, sizeof(words), "%s", wanted->words);
    for (char *rest = words, *word; (word = strsep(&rest, "|")) != NULL;) {
        at = strstr(at, word);
        if (at == NULL)
            return 0;
    }
    return 1;
}

static void wait_forecast(const char *unit, const char *rest, const char *words)
{
    struct wanted wanted = {unit, rest, words};
    if (!wait_until(platform, is_said, &wanted, WAIT_MS))
        fail_msg("want %s: %.3000s", words, answer);
}

static char *day_text(int32_t after, char ret[DATE_TEXT_BYTES])
{
    date_format(clock_business_day(clock_wall_ms()) + after, ret);
    return ret;
}

/* --- plans ------------------------------------------------------------------------------------ */

static void a_plan_whose_year_is_over_says_so(void **state)
{
    char tomorrow[DATE_TEXT_BYTES], rest[128];
    (void)state;
    wait_forecast("15", ",\"withChildren\":true", "\"participants\":\"0\"|\"plan\":\"78275\"");
    assert_true(says("\"planExpired\":true"));
    assert_true(says("\"neededPerDay\":\"\"") && says("\"reach\":\"REACH_TOO_SLOW\""));
    assert_true(says("\"Lao Cai: the plan of 2025 ended on 2025-12-31; it has 0 of 78,275 "
                     "participants and lacks 78,275.\""));
    assert_true(says("\"Tỉnh Lào Cai: kế hoạch 2025 đã hết hạn ngày 31/12/2025; hiện có 0 trên "
                     "78.275 người, còn thiếu 78.275 người.\""));
    assert_true(says("\"nameEn\":\"Lao Cai\""));
    assert_true(says("\"until\":\"2025-12-31\"") && says("\"planCode\":\"2025\""));
    assert_true(says("\"planUntil\":\"2025-12-31\"") && says("\"counts\":\"METRIC_PAID\""));
    /* until another day, against the same plan */
    (void)snprintf(rest, sizeof(rest), ",\"until\":\"%s\"", day_text(1, tomorrow));
    assert_int_equal(forecast("15", rest), 0);
    assert_true(says("\"planExpired\":true") && says("\"neededPerDay\":\"78275.00\""));
    assert_true(says("and lacks 78,275. Until "));
}

static int define(const char *code, const char *measure, const char *counts, int32_t from,
                  int32_t until)
{
    char first[DATE_TEXT_BYTES], last[DATE_TEXT_BYTES];
    return platform_call(platform, NULL, "Plans/DefinePlan", answer,
                         "{\"plan\":{\"code\":\"%s\",\"name\":\"15 ngày\",\"product\":1,"
                         "\"period\":\"PLAN_PERIOD_CAMPAIGN\",\"from\":\"%s\",\"until\":\"%s\","
                         "\"counts\":\"METRIC_%s\",\"measure\":\"PLAN_MEASURE_%s\","
                         "\"root\":{\"kind\":1,\"code\":\"15\"},\"target\":\"99\"}}",
                         code, day_text(from, first), day_text(until, last), counts, measure);
}

static void a_plan_of_any_kind_is_held_against_its_own_days(void **state)
{
    char last[DATE_TEXT_BYTES], words[256];
    (void)state;
    assert_int_equal(define("runs", "NEW", "DECLARED", -4, 10), 0);
    assert_int_equal(platform_call(platform, NULL, "Plans/CascadePlan", answer,
                                   "{\"planCode\":\"runs\",\"downTo\":\"UNIT_LEVEL_COMMUNE\","
                                   "\"weights\":\"PLAN_WEIGHTS_EQUAL\"}"),
                     0);
    assert_int_equal(define("comes", "NEW", "ACCEPTED", 5, 14), 0);
    assert_int_equal(define("over", "NEW", "PAID", -20, -6), 0);
    (void)snprintf(words, sizeof(words),
                   "\"plan\":\"99\"|\"gap\":\"99\"|\"daysLeft\":10|\"neededPerDay\":\"9.90\"|"
                   "\"plan\":\"1\"|\"until\":\"%s\"|\"planName\":\"15 ngày\"|\"counts\":\""
                   "METRIC_DECLARED\",\"measure\":\"PLAN_MEASURE_NEW\"",
                   day_text(10, last));
    wait_forecast("15", ",\"planCode\":\"runs\",\"withChildren\":true", words);
    assert_true(says("\"Lao Cai lacks 99 declarations, 10 a day until"));
    wait_forecast("15", ",\"planCode\":\"comes\"", "\"daysLeft\":10|\"METRIC_ACCEPTED\"");
    wait_forecast("15", ",\"planCode\":\"over\"", "\"daysLeft\":0|\"planExpired\":true");
    assert_true(says("kế hoạch \\\"15 ngày\\\" đã hết hạn ngày"));
    /* who is not in it has no plan */
    wait_forecast("VN", ",\"planCode\":\"runs\"", "\"reach\":\"REACH_NO_PLAN\"");
}

static void what_is_wrong_names_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *unit, *rest, *field;
        int code;
    } wrong[] = {
        {"98", "", "unit_code", ANSINH__V1__CODE__CODE_NOT_FOUND},
        {"", "", "unit_code", ANSINH__V1__CODE__CODE_NOT_FOUND},
        {"SI:x", "", "unit_code", ANSINH__V1__CODE__CODE_NOT_FOUND},
        {"15", ",\"planCode\":\"none\"", "plan_code", ANSINH__V1__CODE__CODE_NOT_FOUND},
        {"15", ",\"planCode\":\"1999\"", "plan_code", ANSINH__V1__CODE__CODE_NOT_FOUND},
        {"15", ",\"until\":\"2025-12-31\"", "until", ANSINH__V1__CODE__CODE_INVALID_ARGUMENT},
        {"15", ",\"until\":\"2199-12-31\"", "until", ANSINH__V1__CODE__CODE_INVALID_ARGUMENT},
        {"15", ",\"until\":\"soon\"", "until", ANSINH__V1__CODE__CODE_INVALID_ARGUMENT},
        {"15", ",\"contacts\":\"-1\"", "contacts", ANSINH__V1__CODE__CODE_INVALID_ARGUMENT},
        {"15", ",\"joined\":\"1\"", "joined", ANSINH__V1__CODE__CODE_INVALID_ARGUMENT},
        {"15", ",\"asOfMs\":\"1\"", "as_of_ms", ANSINH__V1__CODE__CODE_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(forecast(wrong[i].unit, wrong[i].rest), wrong[i].code);
        assert_true(says(wrong[i].field));
    }
}

/* --- sessions --------------------------------------------------------------------------------- */

static void where_nothing_was_observed_the_biggest_gap_is_told(void **state)
{
    (void)state;
    before_ms = clock_wall_ms();
    wait_forecast("15", "",
                  "\"nextSessions\":[{\"unitCode\":\"04252\"|\"kind\":\"SESSION_KIND_"
                  "UNSPECIFIED\",\"expectedNew\":\"\"|\"unitCode\":\"02647\"");
    assert_true(says("no session with a result was observed. It lacks 3,334."));
    assert_true(says("chưa ghi nhận buổi nào có kết quả. Còn thiếu 3.334."));
    assert_true(says("\"conversion\":\"\""));
    assert_true(says("\"observedSince\":\"\""));
}

static void record(const char *code, const char *kind, const char *unit, int attendance)
{
    int64_t start_ms = clock_wall_ms() - HOUR_MS;
    assert_int_equal(platform_call(platform, NULL, "Campaigns/RecordSession", answer,
                                   "{\"session\":{\"code\":\"%s\",\"kind\":\"SESSION_KIND_%s\","
                                   "\"unitCode\":\"%s\",\"startMs\":%lld,\"endMs\":%lld,"
                                   "\"attendance\":\"%d\"}}",
                                   code, kind, unit, (long long)start_ms,
                                   (long long)start_ms + 60000, attendance),
                     0);
}

static void contact(const char *session, unsigned person)
{
    struct sample_person who;
    people_make(person, 20000, &who);
    assert_int_equal(platform_call(platform, NULL, "Campaigns/RecordContacts", answer,
                                   "{\"sessionCode\":\"%s\",\"personalIds\":[\"%s\"]}", session,
                                   who.personal_id),
                     0);
}

/* A market visit in one commune brings two who pay and one who only declares; a small group in
 * another brings nobody. */
static void a_forecast_tells_the_right_next_session(void **state)
{
    (void)state;
    record("CHO-1", "MARKET_VISIT", "02647", 120);
    record("NHOM-1", "SMALL_GROUP", "02671", 30);
    for (unsigned i = 700; i < 703; i++) {
        struct payer payer;
        payer_enrol(platform, i, &payer);
        contact("CHO-1", i);
        if (i < 702)
            assert_int_equal(payer_pay(platform, &payer, "", answer), 0);
    }
    /* 2 of 150: (2 + 10 x (2 + 10 x 1) / 11) / 11 = 1.17 */
    wait_forecast("15", ",\"withChildren\":true",
                  "\"participants\":\"2\"|\"contactsNeeded\":\"5870475\",\"conversion\":\"1.33\"|"
                  "\"observedContacts\":\"150\",\"observedJoined\":\"2\"|\"observedUnitCode\":"
                  "\"15\"|\"nextSessions\":[{\"unitCode\":\"02647\"|\"kind\":\""
                  "SESSION_KIND_MARKET_VISIT\",\"expectedNew\":\"1.17\",\"sessions\":\"1\"|"
                  "\"unitCode\":\"04252\"|\"SESSION_KIND_MARKET_VISIT\",\"expectedNew\":\"1.09\"");
    assert_true(says("In the last 60 days, 1 of this kind brought 2 here; in Lao Cai 1 brought 2. "
                     "It lacks 3,250."));
    assert_true(says("60 ngày qua, ở đây chưa có buổi loại này; ở Lào Cai 1 buổi mang lại 2."));
    assert_true(says("At the observed conversion (2 of 150) it takes 5,870,475 contacts."));
}

static void a_commune_falls_back_to_what_its_province_observed(void **state)
{
    (void)state;
    wait_forecast("02647", "",
                  "\"observedContacts\":\"120\",\"observedJoined\":\"2\"|"
                  "\"observedUnitCode\":\"02647\"|\"nextSessions\":[{\"unitCode\":"
                  "\"02647\"|\"SESSION_KIND_MARKET_VISIT\"|\"1.17\"|"
                  "\"SESSION_KIND_SMALL_GROUP\"|\"0.91\"");
    wait_forecast("02671", "",
                  "\"observedContacts\":\"150\",\"observedJoined\":\"2\"|"
                  "\"observedUnitCode\":\"15\"");
    assert_true(says("At the conversion observed in Lao Cai (2 of 150) it takes"));
    /* what the request says goes before what was observed */
    wait_forecast("15", ",\"contacts\":\"5742\",\"joined\":\"159\"",
                  "\"conversion\":\"2.77\"|\"observedContacts\":\"0\"|\"observedSince\":\"\"");
    /* another province knows the country's alone */
    wait_forecast("14", "", "\"observedUnitCode\":\"VN\"");
}

/* An office is the sum of its communes, and borrows from their province what it has not seen. */
static void an_office_is_the_sum_of_its_communes(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Directory/ImportSiUnits", answer,
                                   "{\"siUnits\":[{\"code\":\"LC\",\"name\":\"BHXH cơ sở LC\","
                                   "\"communeCodes\":[\"02647\",\"02671\"],\"validFrom\":"
                                   "\"2025-07-01\"},{\"code\":\"SP\",\"name\":\"BHXH cơ sở "
                                   "SP\",\"communeCodes\":[\"02680\"],\"validFrom\":"
                                   "\"2025-07-01\"}]}"),
                     0);
    wait_forecast("SI:LC", ",\"withChildren\":true",
                  "\"unitCode\":\"SI:LC\"|\"participants\":\"2\",\"plan\":\"6160\"|"
                  "\"observedContacts\":\"150\",\"observedJoined\":\"2\"|"
                  "\"observedUnitCode\":\"SI:LC\"|\"nextSessions\":[{\"unitCode\":\"02647\"|"
                  "\"1.17\"|\"children\":[{\"unitCode\":\"02647\"|\"unitCode\":\"02671\"|"
                  "\"childrenInAll\":2");
    assert_true(says("BHXH cơ sở LC: kế hoạch 2025 đã hết hạn"));
    wait_forecast("SI:SP", "", "\"plan\":\"704\"|\"observedUnitCode\":\"15\"");
    wait_forecast("SI:LC", ",\"planCode\":\"runs\"", "\"participants\":\"3\",\"plan\":\"2\"");
}

static void another_plan_observes_what_it_counts(void **state)
{
    (void)state;
    wait_forecast("15", ",\"planCode\":\"runs\"",
                  "\"participants\":\"3\"|\"plan\":\"99\"|\"observedJoined\":\"3\"|"
                  "\"soFar\":\"3\"");
}

/* The same from the facts, as of now and as of a moment before anything was there. */
static void as_of_a_moment_only_what_was_recorded_counts(void **state)
{
    char rest[128];
    (void)state;
    (void)snprintf(rest, sizeof(rest), ",\"withChildren\":true,\"asOfMs\":\"%lld\"",
                   (long long)clock_wall_ms());
    wait_forecast("15", rest,
                  "\"participants\":\"2\"|\"observedContacts\":\"150\",\"observedJoined\":\"2\"|"
                  "\"expectedNew\":\"1.17\"|\"unitCode\":\"02647\"|\"participants\":\"2\"");
    (void)snprintf(rest, sizeof(rest), ",\"asOfMs\":\"%lld\",\"planCode\":\"runs\"",
                   (long long)clock_wall_ms());
    wait_forecast("15", rest, "\"participants\":\"3\"|\"gap\":\"96\"|\"soFar\":\"3\"");
    (void)snprintf(rest, sizeof(rest), ",\"asOfMs\":\"%lld\"", (long long)before_ms);
    wait_forecast("15", rest,
                  "\"participants\":\"0\"|\"observedContacts\":\"0\"|\"nextSessions\":[{"
                  "\"unitCode\":\"04252\"|\"expectedNew\":\"\"");
}

static void prospects_that_are_won_leave_nothing_to_win(void **state)
{
    char today[DATE_TEXT_BYTES];
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Directory/ImportDenominators", answer,
                                   "{\"denominators\":[{\"unitCode\":\"02647\",\"kind\":\""
                                   "DENOMINATOR_KIND_PROSPECTS\",\"on\":\"%s\",\"value\":\"2\","
                                   "\"source\":\"x\"}]}",
                                   day_text(0, today)),
                     0);
    wait_forecast("15", "", "\"nextSessions\":[{\"unitCode\":\"04252\"");
    assert_null(strstr(strstr(answer, "nextSessions"), "02647"));
    wait_forecast("02647", "", "\"nextSessions\":[]");
}

static void the_children_s_sentences_can_be_left_out(void **state)
{
    (void)state;
    assert_int_equal(forecast("15", ",\"withChildren\":true"), 0);
    size_t whole = strlen(answer);
    assert_int_equal(forecast("15", ",\"withChildren\":true,\"withoutSentences\":true"), 0);
    print_message("99 communes: %zu bytes, without sentences %zu\n", whole, strlen(answer));
    assert_true(strlen(answer) < whole);
    assert_true(says("\"sentence\":\"Lao Cai: the plan of 2025 ended"));
    assert_non_null(
        strstr(strstr(answer, "\"children\""), "\"sentence\":\"\",\"sentenceVi\":\"\""));
    assert_null(strstr(strstr(answer, "\"children\""), "the plan of"));
    assert_true(says("\"childrenInAll\":99,\"childrenLate\":99,\"childrenWithoutPlan\":0"));
    assert_int_equal(forecast("15", ",\"withChildren\":true,\"childrenLimit\":1"), 0);
    assert_true(says("\"children\":[{\"unitCode\":\"04252\"") && says("\"childrenInAll\":99"));
    assert_null(strstr(strstr(answer, "\"children\""), "02671"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_whose_year_is_over_says_so),
        cmocka_unit_test(a_plan_of_any_kind_is_held_against_its_own_days),
        cmocka_unit_test(what_is_wrong_names_its_field),
        cmocka_unit_test(where_nothing_was_observed_the_biggest_gap_is_told),
        cmocka_unit_test(a_forecast_tells_the_right_next_session),
        cmocka_unit_test(a_commune_falls_back_to_what_its_province_observed),
        cmocka_unit_test(an_office_is_the_sum_of_its_communes),
        cmocka_unit_test(another_plan_observes_what_it_counts),
        cmocka_unit_test(as_of_a_moment_only_what_was_recorded_counts),
        cmocka_unit_test(prospects_that_are_won_leave_nothing_to_win),
        cmocka_unit_test(the_children_s_sentences_can_be_left_out),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
