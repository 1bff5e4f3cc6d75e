/* The imported plan of a year after units were merged: boards hold the new unit against what the
 * old ones had to reach, and nothing of the plan is lost. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "ansinh/v1/plans.pb-c.h"
#include "tests/support/platform.h"

#define WAIT_MS 30000

static const int bad = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
static const int refused = ANSINH__V1__CODE__CODE_FAILED_PRECONDITION;
static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], said[PLATFORM_SAID_BYTES];

static void call(const char *method, const char *json)
{
    if (platform_call(platform, NULL, method, answer, "%s", json) != 0)
        fail_msg("%s: %s", method, answer);
}

/* Of the sample 02680 is divided between 02647 and 02686, and 02671 goes to another province. */
static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.enrolment = 2});
    platform_import(platform);
    call("Directory/ImportUnits",
         "{\"units\":[{\"code\":\"00004\",\"parentCode\":\"01\",\"level\":\"UNIT_LEVEL_COMMUNE\","
         "\"name\":\"Ba Đình\"}]}");
    call("Directory/ImportPlan",
         "{\"targets\":[{\"unitCode\":\"01\",\"year\":2025,\"participants\":\"1000\"},"
         "{\"unitCode\":\"00004\",\"year\":2025,\"participants\":\"1000\"}]}");
    call("Directory/ImportSuccessors",
         "{\"successors\":[{\"oldCode\":\"02680\",\"newCode\":\"02647\","
         "\"sharePerMillion\":400000,\"on\":\"2025-07-01\"},{\"oldCode\":\"02680\","
         "\"newCode\":\"02686\",\"sharePerMillion\":600000,\"on\":\"2025-07-01\"},"
         "{\"oldCode\":\"02671\",\"newCode\":\"00004\",\"sharePerMillion\":1000000,"
         "\"on\":\"2025-08-01\"}]}");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int rebase(const char *key, const char *on, const char *rest)
{
    return platform_call(platform, key, "Plans/RebasePlan", answer,
                         "{\"planCode\":\"2025\",\"on\":\"%s\",\"officer\":\"CB-1\"%s}", on, rest);
}

static void expect_said(const char *text)
{
    if (strstr(answer, text) == NULL)
        fail_msg("want %s in %.1000s", text, answer);
}

struct asked {
    const char *unit;
    long long plan;
};

static int is_planned(void *arg)
{
    const struct asked *asked = arg;
    char want[48];
    (void)snprintf(want, sizeof(want), "\"plan\":\"%lld\"", asked->plan);
    return platform_call(platform, NULL, "Analytics/GetProgress", answer, "{\"unitCode\":\"%s\"}",
                         asked->unit) == 0 &&
           strstr(answer, want) != NULL;
}

/* On the board, which hears of it a little later. */
static void expect_plan(const char *unit, long long plan)
{
    struct asked asked = {unit, plan};
    if (!wait_until(platform, is_planned, &asked, WAIT_MS))
        fail_msg("want %lld in %.1000s", plan, answer);
}

/* 704 * 0.4 = 281.6 and 704 * 0.6 = 422.4: the larger remainder gets what is left. */
static void targets_go_to_the_heirs(void **state)
{
    (void)state;
    expect_plan("02680", 704);
    assert_int_equal(rebase(NULL, "2025-06-30", ""), 0);
    expect_said("\"written\":0"); /* nobody ended */
    assert_int_equal(rebase(NULL, "2025-07-01", ",\"dryRun\":true"), 0);
    expect_said("\"written\":3");
    expect_plan("02680", 704);
    assert_int_equal(rebase("r-1", "2025-07-01", ""), 0);
    expect_said("\"written\":3");
    expect_plan("02647", 3252 + 282);
    expect_plan("02686", 346 + 422);
    expect_plan("02680", 0);
    expect_plan("15", 78275);
    assert_int_equal(rebase("r-1", "2025-07-01", ""), 0); /* a repetition */
    expect_said("\"written\":3");
    assert_int_equal(rebase(NULL, "2025-07-01", ""), 0);
    expect_said("\"written\":0");
    expect_plan("02647", 3252 + 282);
}

static void a_target_goes_to_another_province(void **state)
{
    (void)state;
    assert_int_equal(rebase(NULL, "2025-08-01", ",\"unitCode\":\"15\""), 0);
    expect_said("\"written\":0"); /* it goes to another one */
    assert_int_equal(rebase(NULL, "2025-08-01", ",\"unitCode\":\"01\""), 0);
    expect_said("\"written\":4");
    expect_plan("00004", 1000 + 2908);
    expect_plan("01", 1000 + 2908);
    expect_plan("15", 78275 - 2908);
    expect_plan("02671", 0);
}

static void what_is_wrong_names_its_field(void **state)
{
    (void)state;
    assert_int_equal(rebase(NULL, "2199-01-01", ""), bad);
    expect_said("on");
    assert_int_equal(rebase(NULL, "2026-01-01", ""), refused);
    expect_said("the plan was over by then");
    assert_int_equal(rebase(NULL, "2025-07-01", ",\"unitCode\":\"99999\""), bad);
    expect_said("unit_code");
    assert_int_equal(platform_call(platform, NULL, "Plans/RebasePlan", answer,
                                   "{\"planCode\":\"2024\",\"on\":\"2024-07-01\","
                                   "\"officer\":\"CB-1\"}"),
                     ANSINH__V1__CODE__CODE_NOT_FOUND);
    expect_said("plan_code");
    assert_int_equal(platform_call(platform, NULL, "Plans/RebasePlan", answer,
                                   "{\"planCode\":\"2025\",\"on\":\"2025-07-01\","
                                   "\"officer\":\"C B\"}"),
                     bad);
    expect_said("officer");
}

static void the_ledger_is_what_the_journal_says(void **state)
{
    (void)state;
    if (platform_ansinh(platform, said, "verify", NULL) != 0)
        fail_msg("%s", said);
    assert_non_null(strstr(said, " 0 differences"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_go_to_the_heirs),
        cmocka_unit_test(a_target_goes_to_another_province),
        cmocka_unit_test(what_is_wrong_names_its_field),
        cmocka_unit_test(the_ledger_is_what_the_journal_says),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
