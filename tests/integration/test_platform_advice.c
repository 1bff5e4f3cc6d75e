/* What a person is told before joining, through real processes. */
#include "tests/support/test.h"

#include <string.h>

#include "tests/support/platform.h"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.enrolment = 1});
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_join_is_told),
        cmocka_unit_test(what_keeps_a_person_out_is_named),
        cmocka_unit_test(wrong_dates_name_their_field),
        cmocka_unit_test(a_pension_is_illustrated),
        cmocka_unit_test(half_percents_are_written),
        cmocka_unit_test(wrong_illustrations_name_their_field),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
