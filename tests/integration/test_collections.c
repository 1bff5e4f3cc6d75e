/* What a collecting organisation sees of ansinh.v1.Collections, through real processes. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/support/platform.h"

#define SKEW_MS 60000

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.payments = 2});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void echo_tells_who_calls_and_the_clock(void **state)
{
    (void)state;
    platform_set_partner(platform, "VNPOST");
    assert_int_equal(
        platform_call(platform, NULL, "Collections/Echo", answer, "{\"text\":\"xin chào\"}"), 0);
    assert_string_equal(platform_field(answer, "text"), "xin chào");
    assert_string_equal(platform_field(answer, "partner"), "VNPOST");
    assert_int_equal(strlen(platform_field(answer, "businessDate")), strlen("2026-01-01"));
    long long apart = clock_wall_ms() - atoll(platform_field(answer, "atMs"));
    assert_true(apart > -SKEW_MS && apart < SKEW_MS);
}

static void an_echo_is_bounded(void **state)
{
    (void)state;
    char text[258];
    memset(text, 'x', sizeof(text));
    text[257] = '\0';
    platform_set_partner(platform, "VNPOST");
    assert_int_equal(
        platform_call(platform, NULL, "Collections/Echo", answer, "{\"text\":\"%s\"}", text),
        ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "text: want at most 256 bytes"));
    text[256] = '\0';
    assert_int_equal(
        platform_call(platform, NULL, "Collections/Echo", answer, "{\"text\":\"%s\"}", text), 0);
}

static void without_a_partner_nothing_is_answered(void **state)
{
    (void)state;
    platform_set_partner(platform, "");
    assert_int_equal(platform_call(platform, NULL, "Collections/Echo", answer, "{}"),
                     ANSINH__V1__CODE__CODE_PERMISSION_DENIED);
}

static void the_command_line_calls_for_a_partner(void **state)
{
    (void)state;
    char said[PLATFORM_SAID_BYTES];
    assert_int_equal(platform_ansinh(platform, said, "call", "--partner", "VIETTEL",
                                     "Collections/Echo", "{\"text\":\"a\"}", NULL),
                     0);
    assert_non_null(strstr(said, "\"partner\": \"VIETTEL\""));
    assert_int_equal(platform_ansinh(platform, said, "call", "Collections/Echo", "{}", NULL), 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(echo_tells_who_calls_and_the_clock),
    cmocka_unit_test(an_echo_is_bounded),
    cmocka_unit_test(without_a_partner_nothing_is_answered),
    cmocka_unit_test(the_command_line_calls_for_a_partner),
};

int main(void)
{
    const char *filter = getenv("TEST_FILTER");
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests(tests, start, stop);
}
