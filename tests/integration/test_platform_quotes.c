/* Sums through real processes: what Payments/Quote answers to the wire. */
#include "tests/support/test.h"

#include <string.h>

#include "tests/support/platform.h"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.payments = 1});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void expect_field(const char *name, const char *value)
{
    assert_string_equal(platform_field(answer, name), value);
}

#define LUMP(method, months)                                                                       \
    "{\"product\":\"PRODUCT_VOLUNTARY_SI\",\"unitCode\":\"15\",\"incomeVnd\":\"1500000\","         \
    "\"method\":\"" method "\",\"months\":" months ",\"supportGroup\":\"SUPPORT_GROUP_OTHER\","    \
    "\"on\":\"2026-03-01\"}"

static void future_years_are_quoted(void **state)
{
    (void)state;
    assert_int_equal(
        platform_call(platform, NULL, "Payments/Quote", answer, LUMP("METHOD_FUTURE_YEARS", "24")),
        0);
    expect_field("grossVnd", "7644801");
    expect_field("centralVnd", "1584000");
    expect_field("dueVnd", "6060801");
    assert_non_null(strstr(answer, "\"amountVnd\":\"7920000\""));
    assert_non_null(strstr(answer, "\"amountVnd\":\"-275199\""));
    assert_non_null(strstr(answer, "\"amountVnd\":\"-1584000\""));
}

static void missing_months_are_quoted(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Payments/Quote", answer,
                                   LUMP("METHOD_MISSING_MONTHS", "12")),
                     0);
    expect_field("grossVnd", "4040708");
    expect_field("centralVnd", "792000");
    expect_field("dueVnd", "3248708");
}

static void months_out_of_range_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        LUMP("METHOD_FUTURE_YEARS", "72"), LUMP("METHOD_FUTURE_YEARS", "30"),
        LUMP("METHOD_FUTURE_YEARS", "0"), LUMP("METHOD_MISSING_MONTHS", "61")};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(platform_call(platform, NULL, "Payments/Quote", answer, "%s", wrong[i]),
                         ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        assert_non_null(strstr(answer, "months: "));
        assert_non_null(strstr(answer, "Law 41/2024/QH15, article 36(2)"));
    }
}

static void a_household_is_quoted_without_a_unit(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Payments/Quote", answer,
                                   "{\"product\":\"PRODUCT_HEALTH_HOUSEHOLD\",\"memberRank\":2,"
                                   "\"months\":12,\"on\":\"2026-08-01\"}"),
                     0);
    expect_field("dueVnd", "956340");
    expect_field("grossVnd", "956340");
    assert_non_null(strstr(answer, "\"key\":\"member_reduction\""));
    assert_int_equal(platform_call(platform, NULL, "Payments/Quote", answer,
                                   "{\"product\":\"PRODUCT_HEALTH_HOUSEHOLD\",\"months\":12}"),
                     ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "member_rank: "));
    assert_int_equal(
        platform_call(platform, NULL, "Payments/Quote", answer,
                      "{\"product\":\"PRODUCT_HEALTH_HOUSEHOLD\",\"memberRank\":1,\"months\":4}"),
        ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "months: want one of 3, 6, 12"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Quote", answer, "{\"product\":7}"),
                     ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "product"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(future_years_are_quoted),
        cmocka_unit_test(missing_months_are_quoted),
        cmocka_unit_test(months_out_of_range_are_refused),
        cmocka_unit_test(a_household_is_quoted_without_a_unit),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
