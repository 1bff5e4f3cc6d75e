/* What a person is told before joining, through real processes. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/gateway_client.h"
#include "tests/support/platform.h"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.enrolment = 1, .gateway = 1});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void who_may_join_is_told(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Enrolment/CheckEligibility", answer,
                                   "{\"birthDate\":\"1985-05-17\"}"),
                     0);
    assert_non_null(strstr(answer, "\"eligible\":true"));
    assert_non_null(strstr(answer, "\"reasons\":[]"));
}

static void what_keeps_a_person_out_is_named(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Enrolment/CheckEligibility", answer,
                                   "{\"birthDate\":\"2015-05-17\",\"on\":\"2026-03-01\","
                                   "\"inCompulsorySi\":true,\"drawsPension\":true}"),
                     0);
    assert_non_null(strstr(answer, "\"eligible\":false"));
    assert_non_null(strstr(answer, "ELIGIBILITY_BAR_AGE"));
    assert_non_null(strstr(answer, "10 years old, must be at least 15"));
    assert_non_null(strstr(answer, "ELIGIBILITY_BAR_COMPULSORY_SI"));
    assert_non_null(strstr(answer, "ELIGIBILITY_BAR_PENSION"));
    assert_non_null(strstr(answer, "Law 41/2024/QH15, article 2(4)"));
}

static void wrong_dates_name_their_field(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Enrolment/CheckEligibility", answer, "{}"),
                     ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "birth_date: "));
    assert_int_equal(platform_call(platform, NULL, "Enrolment/CheckEligibility", answer,
                                   "{\"birthDate\":\"1985-05-17\",\"on\":\"tomorrow\"}"),
                     ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "on: "));
}

static void a_pension_is_illustrated(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Illustrate", answer,
                                   "{\"sex\":\"SEX_FEMALE\",\"birthDate\":\"1990-05-17\","
                                   "\"incomeVnd\":\"5000000\",\"startMonth\":\"2026-03\","
                                   "\"paidMonths\":0,\"on\":\"2026-03-01\"}"),
                     0);
    assert_string_equal(platform_field(answer, "pensionFrom"), "2050-06");
    assert_string_equal(platform_field(answer, "reachesAgeIn"), "2050-05");
    assert_string_equal(platform_field(answer, "requiredYears"), "15");
    assert_string_equal(platform_field(answer, "monthsPaid"), "291");
    assert_string_equal(platform_field(answer, "ratePercent"), "64");
    assert_string_equal(platform_field(answer, "monthlyPensionVnd"), "3200000");
    assert_non_null(strstr(answer, "Labour Code 45/2019/QH14, article 169(2)"));
    assert_non_null(strstr(answer, "\"key\":\"pension\""));
}

static void half_percents_are_written(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Illustrate", answer,
                                   "{\"sex\":\"SEX_MALE\",\"birthDate\":\"1971-03-01\","
                                   "\"incomeVnd\":\"5000000\",\"startMonth\":\"2026-03\","
                                   "\"paidMonths\":149,\"on\":\"2026-03-01\"}"),
                     0);
    assert_string_equal(platform_field(answer, "monthsPaid"), "234");
    assert_string_equal(platform_field(answer, "ratePercent"), "44.5");
}

static void wrong_illustrations_name_their_field(void **state)
{
    (void)state;
    static const struct {
        const char *body, *field;
    } cases[] = {
        {"{\"sex\":\"SEX_MALE\",\"incomeVnd\":\"5000000\"}", "birth_date: "},
        {"{\"birthDate\":\"1990-05-17\",\"incomeVnd\":\"5000000\"}", "sex: "},
        {"{\"sex\":\"SEX_MALE\",\"birthDate\":\"1990-05-17\",\"incomeVnd\":\"5000000\","
         "\"startMonth\":\"2026-13\"}",
         "start_month: "},
        {"{\"sex\":\"SEX_MALE\",\"birthDate\":\"1990-05-17\",\"on\":\"2026-03-01\"}",
         "income_vnd: "},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(
            platform_call(platform, NULL, "Enrolment/Illustrate", answer, "%s", cases[i].body),
            ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        assert_non_null(strstr(answer, cases[i].field));
    }
}

/* --- all that contributions bring --- */

#define SHE                                                                                        \
    "\"sex\":\"SEX_FEMALE\",\"birthDate\":\"1990-05-17\",\"incomeVnd\":\"5000000\","               \
    "\"on\":\"2026-03-01\""

static void contains(const char *text)
{
    if (strstr(answer, text) == NULL)
        fail_msg("%s is not in %s", text, answer);
}

static void payments_benefits_and_assumptions_are_told(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Illustrate", answer, "{" SHE "}"), 0);
    assert_string_equal(platform_field(answer, "monthsToGo"), "291");
    assert_string_equal(platform_field(answer, "breakEvenMonths"), "98");
    contains("\"toPay\":{\"months\":291,\"monthsSupported\":120,\"contributionVnd\":\"320100000\","
             "\"supportVnd\":\"7920000\",\"netVnd\":\"312180000\",\"netMonthlyVnd\":\"1072784\"");
    contains("\"payment\":{\"months\":1,\"monthsSupported\":1,\"contributionVnd\":\"1100000\","
             "\"supportVnd\":\"66000\",\"netVnd\":\"1034000\"");
    contains("\"paymentLater\":{\"months\":1,\"monthsSupported\":0");
    contains("{\"kind\":\"BENEFIT_KIND_MATERNITY\",\"met\":false,\"eligibleFrom\":\"2026-09\","
             "\"amountVnd\":\"2000000\"");
    contains("{\"kind\":\"BENEFIT_KIND_FUNERAL\",\"met\":false,\"eligibleFrom\":\"2031-02\","
             "\"amountVnd\":\"23400000\"");
    contains("BENEFIT_KIND_SURVIVOR\"");
    contains("BENEFIT_KIND_SURVIVOR_OF_PENSIONER\"");
    contains("BENEFIT_KIND_ONE_OFF\"");
    contains("BENEFIT_KIND_SOCIAL_PENSION\"");
    contains("BENEFIT_KIND_HEALTH_INSURANCE\"");
    contains("chưa đủ: đã đóng 0 tháng, cần ít nhất 60 tháng");
    contains("Law 41/2024/QH15, article 109");
    contains(
        "\"text\":\"by the rules of 2026-03-01\",\"textVi\":\"theo quy định ngày 01/03/2026\"");
    contains("\"text\":\"an illustration, no promise\"");
    assert_null(strstr(answer, "paidBefore"));
    assert_null(strstr(answer, "missingMonths"));
}

static void a_group_and_a_place_bring_their_support(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Illustrate", answer,
                                   "{" SHE ",\"supportGroup\":\"SUPPORT_GROUP_POOR\","
                                   "\"unitCode\":\"02647\",\"method\":\"METHOD_YEARLY\"}"),
                     0);
    contains("\"payment\":{\"months\":12,\"monthsSupported\":12,\"contributionVnd\":\"13200000\","
             "\"supportVnd\":\"1980000\"");
}

static void a_history_and_early_joining_are_taken_in(void **state)
{
    (void)state;
    assert_int_equal(
        platform_call(platform, NULL, "Enrolment/Illustrate", answer,
                      "{\"sex\":\"SEX_FEMALE\",\"birthDate\":\"1975-05-17\",\"incomeVnd\":"
                      "\"5000000\",\"on\":\"2026-03-01\",\"joinedOn\":\"2008-12-20\",\"history\":"
                      "[{\"fromMonth\":\"2009-01\",\"months\":206,\"incomeVnd\":\"5000000\"}]}"),
        0);
    assert_string_equal(platform_field(answer, "pensionFrom"), "2030-06");
    assert_string_equal(platform_field(answer, "requiredYears"), "20");
    assert_string_equal(platform_field(answer, "averageIncomeVnd"), "6386770");
    contains("\"paidBefore\":{\"months\":206");
    contains("Law 41/2024/QH15, article 141(9)");
    contains("do tham gia từ ngày 20/12/2008 và đóng đủ 20 năm");
}

static void missing_months_are_told_with_their_sum(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Illustrate", answer,
                                   "{\"sex\":\"SEX_MALE\",\"birthDate\":\"1965-01-01\","
                                   "\"incomeVnd\":\"1500000\",\"paidMonths\":115,"
                                   "\"on\":\"2026-03-01\"}"),
                     0);
    assert_string_equal(platform_field(answer, "pensionFrom"), "2031-08");
    contains("\"missingMonths\":{\"months\":60,\"pensionFrom\":\"2026-08\",\"cost\":{\"months\":60,"
             "\"monthsSupported\":17,\"contributionVnd\":\"21791542\"");
    contains("60 tháng, được đóng một lần trong tháng 07/2026; nhiều nhất 60 tháng");
}

static void what_cannot_be_is_refused_by_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *body, *said;
    } cases[] = {
        {"{" SHE ",\"method\":\"METHOD_MISSING_MONTHS\"}", "method: "},
        {"{" SHE ",\"unitCode\":\"99999\"}", "unit_code: unknown unit"},
        {"{" SHE ",\"joinedOn\":\"yesterday\"}", "joined_on: want a date"},
        {"{" SHE ",\"joinedOn\":\"2026-04-01\"}", "joined_on: want a day from 2005-05-01 to"},
        {"{" SHE ",\"history\":[{\"fromMonth\":\"2020\",\"months\":1}]}",
         "history[0].from_month: want a month"},
        {"{" SHE ",\"history\":[{\"fromMonth\":\"2020-01\",\"months\":1,\"incomeVnd\":\"1\"}]}",
         "history[0].income_vnd: 2020-01: too low: from 700,000 to 29,800,000"},
        {"{" SHE ",\"paidMonths\":1,\"history\":[{\"fromMonth\":\"2020-01\",\"months\":1,"
         "\"incomeVnd\":\"1000000\"}]}",
         "paid_months: "},
        {"{\"sex\":\"SEX_MALE\",\"birthDate\":\"2011-05-17\",\"incomeVnd\":\"5000000\","
         "\"on\":\"2026-03-01\"}",
         "birth_date: 14 years old, must be at least 15 (Law 41/2024/QH15, article 2(4))"},
        {"{\"sex\":\"SEX_MALE\",\"birthDate\":\"1985-05-17\",\"incomeVnd\":\"5000000\","
         "\"on\":\"2015-12-31\"}",
         "on: the tables have no minimum_age for 2015-12-31"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(
            platform_call(platform, NULL, "Enrolment/Illustrate", answer, "%s", cases[i].body),
            ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        contains(cases[i].said);
    }
}

static void too_long_a_history_is_refused(void **state)
{
    (void)state;
    static char body[8192];
    size_t len = (size_t)snprintf(body, sizeof(body), "{" SHE ",\"history\":[");
    for (int i = 0; i < 65; i++)
        len += (size_t)snprintf(body + len, sizeof(body) - len,
                                "%s{\"fromMonth\":\"%d-%02d\",\"months\":1,\"incomeVnd\":"
                                "\"1000000\"}",
                                i == 0 ? "" : ",", 2016 + i / 12, 1 + i % 12);
    (void)snprintf(body + len, sizeof(body) - len, "]}");
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Illustrate", answer, "%s", body),
                     ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    contains("history: 65 elements, want at most 64");
}

static void it_is_answered_over_http_and_the_command_line(void **state)
{
    (void)state;
    struct gateway_client client;
    static char said[PLATFORM_SAID_BYTES];
    gateway_client_open(&client, NULL, (uint16_t)platform_port(platform));
    assert_int_equal(gateway_client_post(&client, "/ansinh.v1.Enrolment/Illustrate",
                                         "Content-Type: application/json\r\n", "{" SHE "}"),
                     200);
    assert_non_null(strstr((const char *)client.body.data, "\"pensionFrom\":\"2050-06\""));
    assert_non_null(strstr((const char *)client.body.data, "BENEFIT_KIND_FUNERAL"));
    assert_int_equal(gateway_client_post(&client, "/ansinh.v1.Enrolment/Illustrate",
                                         "Content-Type: application/json\r\n",
                                         "{" SHE ",\"method\":\"METHOD_MISSING_MONTHS\"}"),
                     400);
    assert_non_null(strstr((const char *)client.body.data, "\"field\":\"method\""));
    gateway_client_close(&client);
    assert_int_equal(
        platform_ansinh(platform, said, "call", "Enrolment/Illustrate", "{" SHE "}", NULL), 0);
    assert_non_null(strstr(said, "2050-06"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_join_is_told),
        cmocka_unit_test(what_keeps_a_person_out_is_named),
        cmocka_unit_test(wrong_dates_name_their_field),
        cmocka_unit_test(a_pension_is_illustrated),
        cmocka_unit_test(half_percents_are_written),
        cmocka_unit_test(wrong_illustrations_name_their_field),
        cmocka_unit_test(payments_benefits_and_assumptions_are_told),
        cmocka_unit_test(a_group_and_a_place_bring_their_support),
        cmocka_unit_test(a_history_and_early_joining_are_taken_in),
        cmocka_unit_test(missing_months_are_told_with_their_sum),
        cmocka_unit_test(what_cannot_be_is_refused_by_its_field),
        cmocka_unit_test(too_long_a_history_is_refused),
        cmocka_unit_test(it_is_answered_over_http_and_the_command_line),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
