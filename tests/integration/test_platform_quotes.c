/* Sums through real processes: what Payments/Quote answers to the wire. */
#include "tests/support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/platform.h"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

#define DEPLOYED "deploy/policy"
#define PATH_BYTES 512

static char policy_path[] = "/tmp/test_quotes.XXXXXX";

/* A resolution that nobody has passed: Lào Cai adds 10 % for ethnic minorities. */
static const char resolution[] =
    "{\"localSupport\": [{\"from\": \"2018-01-01\", \"province\": \"15\", \"basisPoints\": 1000,"
    "\"group\": \"SUPPORT_GROUP_ETHNIC_MINORITY\", \"citation\": \"Resolution of a test\"}]}";

/* fn(deployed file, its name in the test's folder) */
static void policy_each(int (*fn)(const char *, const char *))
{
    DIR *directory = opendir(DEPLOYED);
    struct dirent *entry;
    char cwd[PATH_BYTES / 2], from[2 * PATH_BYTES], to[2 * PATH_BYTES];
    assert_non_null(directory);
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    while ((entry = readdir(directory)) != NULL) {
        if (strstr(entry->d_name, ".json") == NULL)
            continue;
        (void)snprintf(from, sizeof(from), "%s/" DEPLOYED "/%s", cwd, entry->d_name);
        (void)snprintf(to, sizeof(to), "%s/%s", policy_path, entry->d_name);
        assert_int_equal(fn(from, to), 0);
    }
    (void)closedir(directory);
}

static int remove_copy(const char *from, const char *to)
{
    (void)from;
    return unlink(to);
}

static int start(void **state)
{
    static char setting[PATH_BYTES];
    static const char *const environment[] = {setting, NULL};
    char path[PATH_BYTES];
    (void)state;
    assert_non_null(mkdtemp(policy_path));
    policy_each(symlink);
    (void)snprintf(path, sizeof(path), "%s/local.json", policy_path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(resolution, file) >= 0);
    assert_int_equal(fclose(file), 0);
    (void)snprintf(setting, sizeof(setting), "ANSINH_POLICY=%s", policy_path);
    platform = platform_start(&(struct platform_conf){.payments = 1, .environment = environment});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    char path[PATH_BYTES];
    (void)state;
    platform_stop(&platform);
    policy_each(remove_copy);
    (void)snprintf(path, sizeof(path), "%s/local.json", policy_path);
    (void)unlink(path);
    return rmdir(policy_path);
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

static void a_provinces_support_is_quoted_in_the_province_alone(void **state)
{
    (void)state;
    static const char *const units[] = {"15", "02647"};
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        assert_int_equal(platform_call(platform, NULL, "Payments/Quote", answer,
                                       "{\"unitCode\":\"%s\",\"incomeVnd\":\"3550000\","
                                       "\"supportGroup\":\"SUPPORT_GROUP_ETHNIC_MINORITY\","
                                       "\"on\":\"2026-03-01\"}",
                                       units[i]),
                         0);
        expect_field("centralVnd", "99000");
        expect_field("localVnd", "33000");
        expect_field("dueVnd", "649000");
        assert_non_null(strstr(answer, "Resolution of a test"));
    }
    static const char *const elsewhere[] = {"01", "VN"};
    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
        assert_int_equal(platform_call(platform, NULL, "Payments/Quote", answer,
                                       "{\"unitCode\":\"%s\",\"incomeVnd\":\"3550000\","
                                       "\"supportGroup\":\"SUPPORT_GROUP_ETHNIC_MINORITY\","
                                       "\"on\":\"2026-03-01\"}",
                                       elsewhere[i]),
                         0);
        expect_field("localVnd", "0");
        expect_field("dueVnd", "682000");
    }
}

#define OTHER(rest)                                                                                \
    "{\"unitCode\":\"15\",\"supportGroup\":\"SUPPORT_GROUP_OTHER\",\"on\":\"2026-06-01\"," rest "}"

static void an_income_between_the_steps_is_warned_of(void **state)
{
    (void)state;
    assert_int_equal(
        platform_call(platform, NULL, "Payments/Quote", answer, OTHER("\"incomeVnd\":\"1520000\"")),
        0);
    assert_non_null(
        strstr(answer, "\"warnings\":[{\"field\":\"income_vnd\",\"key\":\"income_step\""));
    assert_non_null(strstr(answer, "is not in the steps of 50,000 from 1,500,000 to 46,800,000"));
    assert_non_null(strstr(answer, "1.520.000 không theo bước 50.000"));
    assert_non_null(strstr(answer, "\"unconfirmed\":\"not found in Law 41/2024"));
    assert_int_equal(
        platform_call(platform, NULL, "Payments/Quote", answer, OTHER("\"incomeVnd\":\"1550000\"")),
        0);
    assert_non_null(strstr(answer, "\"warnings\":[]"));
}

static void months_already_supported_are_told(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Payments/Quote", answer,
                                   OTHER("\"incomeVnd\":\"1500000\",\"method\":\"METHOD_YEARLY\","
                                         "\"monthsSupported\":20,\"monthsSupportedEarlier\":95")),
                     0);
    expect_field("centralVnd", "330000");
    expect_field("months", "12");
    expect_field("monthsSupported", "5");
}

static void what_does_not_fit_the_person_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *rest, *refusal;
    } cases[] = {
        {"\"incomeVnd\":\"1500000\",\"birthDate\":\"2011-06-02\",\"sex\":\"SEX_MALE\"",
         "birth_date: 14 years old, must be at least 15 (Law 41/2024/QH15, article 2(4))"},
        {"\"incomeVnd\":\"1500000\",\"birthDate\":\"2011-06-02\"", "sex: want birth_date and sex"},
        {"\"incomeVnd\":\"1500000\",\"sex\":\"SEX_MALE\"", "birth_date: want birth_date and sex"},
        {"\"incomeVnd\":\"1500000\",\"birthDate\":\"x\",\"sex\":1", "birth_date: want a date"},
        {"\"incomeVnd\":\"1500000\",\"birthDate\":\"1990-01-01\",\"sex\":1,\"months\":60,"
         "\"method\":\"METHOD_MISSING_MONTHS\"",
         "method: missing months may be paid from 2049-12 on"},
        {"\"incomeVnd\":\"1500000\",\"months\":60,\"monthsPaid\":130,"
         "\"method\":\"METHOD_MISSING_MONTHS\"",
         "months: only 50 months are missing"},
        {"\"incomeVnd\":\"1500000\",\"months\":2,\"missedFrom\":\"2026-01\"",
         "missed_from: missed months are not paid late: POLICY_SWITCH_BACK_PAYMENT is off"},
        {"\"incomeVnd\":\"1500000\",\"months\":2,\"missedFrom\":\"2026-13\"",
         "missed_from: want a month as YYYY-MM"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(
            platform_call(platform, NULL, "Payments/Quote", answer, OTHER("%s"), cases[i].rest),
            ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        if (strstr(answer, cases[i].refusal) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", answer, cases[i].refusal);
    }
}

#define REFUND(rest)                                                                               \
    "{\"unitCode\":\"15\",\"supportGroup\":\"SUPPORT_GROUP_OTHER\",\"incomeVnd\":\"1500000\","     \
    "\"reason\":\"REFUND_REASON_DEATH\",\"on\":\"2027-02-10\"," rest "}"

static void a_refund_is_quoted(void **state)
{
    (void)state;
    assert_int_equal(
        platform_call(platform, NULL, "Payments/QuoteRefund", answer,
                      REFUND("\"paidOn\":\"2026-03-01\",\"method\":\"METHOD_FUTURE_YEARS\","
                             "\"months\":24,\"fromMonth\":\"2026-03\"")),
        0);
    expect_field("unusedMonths", "12");
    expect_field("grossVnd", "3751422");
    expect_field("centralVnd", "792000");
    expect_field("refundVnd", "2959422");
    assert_non_null(strstr(answer, "Decree 159/2025/ND-CP, article 8"));
    assert_non_null(strstr(answer, "\"titleVi\":\"Những tháng chưa dùng\""));
    static const struct {
        const char *rest, *refusal;
    } cases[] = {
        {"\"paidOn\":\"2026-03-01\",\"method\":1",
         "used_months: want one of used_months, from_month"},
        {"\"paidOn\":\"2026-03-01\",\"method\":4,\"usedMonths\":12",
         "used_months: all 12 months of the payment are used"},
        {"\"paidOn\":\"2026-03-01\",\"method\":4,\"fromMonth\":\"2026-03\"",
         "from_month: all 12 months of the payment are used"},
        {"\"paidOn\":\"2026-03-01\",\"method\":4,\"fromMonth\":\"x\"", "from_month: want a month"},
        {"\"paidOn\":\"2027-02-11\",\"method\":4,\"usedMonths\":1",
         "paid_on: the payment lies after the refund"},
        {"\"method\":4,\"usedMonths\":1", "paid_on: want a date"},
        {"\"paidOn\":\"2015-02-11\",\"method\":4,\"usedMonths\":1", "paid_on: the tables have no"},
        {"\"paidOn\":\"2026-03-01\",\"method\":6,\"months\":5,\"usedMonths\":1",
         "method: missing months lie in the past"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(platform_call(platform, NULL, "Payments/QuoteRefund", answer, REFUND("%s"),
                                       cases[i].rest),
                         ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        if (strstr(answer, cases[i].refusal) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", answer, cases[i].refusal);
    }
}

static void a_family_is_quoted_with_its_cheapest_order(void **state)
{
    (void)state;
    assert_int_equal(
        platform_call(platform, NULL, "Payments/QuoteHousehold", answer,
                      "{\"on\":\"2026-08-01\",\"members\":[{\"ref\":\"mother\",\"months\":12,"
                      "\"previousValidUntil\":\"2026-08-20\"},{\"ref\":\"son\",\"months\":3},"
                      "{\"ref\":\"father\",\"joinedOn\":\"2026-02-01\"},"
                      "{\"ref\":\"grandmother\",\"stateSupported\":true}]}"),
        0);
    expect_field("totalVnd", "1161270"); /* 12 x 79,695 + 3 x 68,310 */
    expect_field("savingVnd", "102465");
    assert_non_null(strstr(answer, "\"cheapestOrder\":[\"son\",\"mother\"]"));
    assert_non_null(strstr(answer, "\"validFrom\":\"2026-08-21\",\"validUntil\":\"2027-08-20\""));
    assert_non_null(strstr(answer, "\"key\":\"health_wait\""));
    static const struct {
        const char *members, *refusal;
    } cases[] = {
        {"", "members: want 1 to 20"},
        {"{\"months\":3}", "members[0].ref: want 1 to 64 bytes"},
        {"{\"ref\":\"a\",\"months\":3},{\"ref\":\"a\",\"months\":3}",
         "members[1].ref: is another member's, too"},
        {"{\"ref\":\"a\",\"months\":5}", "members[0].months: want one of 3, 6, 12"},
        {"{\"ref\":\"a\",\"months\":3,\"joinedOn\":\"x\"}", "members[0].joined_on: want a date"},
        {"{\"ref\":\"a\",\"months\":3,\"previousValidUntil\":\"x\"}",
         "members[0].previous_valid_until: want a date"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(platform_call(platform, NULL, "Payments/QuoteHousehold", answer,
                                       "{\"members\":[%s]}", cases[i].members),
                         ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        if (strstr(answer, cases[i].refusal) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", answer, cases[i].refusal);
    }
}

static void a_provinces_support_is_billed_and_paid(void **state)
{
    (void)state;
    char bill[64], version[16];
    assert_int_equal(
        platform_call(platform, NULL, "Enrolment/Enrol", answer,
                      "{\"personalId\":\"010085000001\",\"fullName\":\"Giàng A Páo\","
                      "\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\","
                      "\"supportGroup\":\"SUPPORT_GROUP_ETHNIC_MINORITY\","
                      "\"incomeVnd\":\"3550000\",\"method\":\"METHOD_QUARTERLY\"}"),
        0);
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"personalId\":\"010085000001\"}"),
                     0);
    expect_field("grossVnd", "2343000");
    expect_field("dueVnd", "1947000");
    assert_non_null(strstr(answer, "\"centralVnd\":\"297000\""));
    assert_non_null(strstr(answer, "\"localVnd\":\"99000\""));
    (void)strcpy(bill, platform_field(answer, "billId"));
    (void)strcpy(version, platform_field(answer, "billVersion"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Pay", answer,
                                   "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\"}",
                                   bill, version, "1947000"),
                     0);
    char payment[64];
    (void)strcpy(payment, platform_field(answer, "paymentId"));
    assert_int_equal(platform_call(platform, NULL, "Payments/GetPayment", answer,
                                   "{\"paymentId\":\"%s\"}", payment),
                     0);
    assert_non_null(strstr(answer, "\"participantVnd\":\"1947000\""));
    assert_non_null(strstr(answer, "\"localVnd\":\"99000\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(future_years_are_quoted),
        cmocka_unit_test(missing_months_are_quoted),
        cmocka_unit_test(months_out_of_range_are_refused),
        cmocka_unit_test(a_household_is_quoted_without_a_unit),
        cmocka_unit_test(a_provinces_support_is_quoted_in_the_province_alone),
        cmocka_unit_test(an_income_between_the_steps_is_warned_of),
        cmocka_unit_test(months_already_supported_are_told),
        cmocka_unit_test(what_does_not_fit_the_person_is_refused),
        cmocka_unit_test(a_refund_is_quoted),
        cmocka_unit_test(a_family_is_quoted_with_its_cheapest_order),
        cmocka_unit_test(a_provinces_support_is_billed_and_paid),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
