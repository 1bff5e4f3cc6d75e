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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_join_is_told),
        cmocka_unit_test(what_keeps_a_person_out_is_named),
        cmocka_unit_test(wrong_dates_name_their_field),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
