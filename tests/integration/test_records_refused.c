/* Questions to analytics that cannot be answered. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/base/macros.h"
#include "tests/support/people.h"

#define PEOPLE 10
#define WAIT_MS 20000
#define JSON_BYTES 1024

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.analytics = 1});
    platform_import(platform);
    assert_int_equal(people_load(platform, NULL, 0, PEOPLE, PEOPLE), PEOPLE);
    assert_true(people_wait_board(platform, "VN", PEOPLE, WAIT_MS));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void refused(int code, const char *method, const char *json, const char *field)
{
    int got = platform_call(platform, NULL, method, answer, "%s", json);
    if (got != code || strncmp(answer, field, strlen(field)) != 0 || answer[strlen(field)] != ':')
        fail_msg("%s %s: %d, not %d of %s: %s", method, json, got, code, field, answer);
}

static const struct {
    const char *method, *json, *field;
    int code;
} wrong[] = {
    {"GetSeries", "{\"bucket\":1,\"from\":\"2025-01-01\",\"until\":\"2025-01-02\"}", "metrics", 3},
    {"GetSeries",
     "{\"bucket\":1,\"from\":\"2025-01-01\",\"until\":\"2025-01-02\",\"metrics\":[2,2]}", "metrics",
     3},
    {"GetSeries", "{\"bucket\":1,\"from\":\"2025-01-01\",\"until\":\"2025-01-02\",\"metrics\":[0]}",
     "metrics", 3},
    {"GetSeries", "{\"from\":\"2025-01-01\",\"until\":\"2025-01-02\",\"metrics\":[2]}", "bucket",
     3},
    {"GetSeries", "{\"bucket\":1,\"until\":\"2025-01-02\",\"metrics\":[2]}", "from", 3},
    {"GetSeries", "{\"bucket\":1,\"from\":\"2025-01-01\",\"metrics\":[2]}", "until", 3},
    {"GetSeries", "{\"bucket\":1,\"from\":\"2025-01-32\",\"until\":\"2025-01-02\",\"metrics\":[2]}",
     "from", 3},
    {"GetSeries", "{\"bucket\":1,\"from\":\"2025-01-03\",\"until\":\"2025-01-02\",\"metrics\":[2]}",
     "until", 3},
    {"GetSeries", "{\"bucket\":1,\"from\":\"2025-01-01\",\"until\":\"2026-02-05\",\"metrics\":[2]}",
     "until", 3},
    {"GetSeries", "{\"bucket\":2,\"from\":\"2025-01-01\",\"until\":\"2025-02-05\",\"metrics\":[2]}",
     "until", 3},
    {"GetSeries", "{\"bucket\":3,\"from\":\"2025-01-01\",\"until\":\"2025-01-03\",\"metrics\":[2]}",
     "until", 3},
    {"GetSeries",
     "{\"bucket\":1,\"from\":\"2025-01-01\",\"until\":\"2025-01-02\",\"metrics\":[2],"
     "\"asOfMs\":\"1\"}",
     "as_of_ms", 3},
    {"GetSeries",
     "{\"bucket\":1,\"from\":\"2025-01-01\",\"until\":\"2025-01-02\",\"metrics\":[2],"
     "\"asOfMs\":\"9000000000000\"}",
     "as_of_ms", 3},
    {"ListRecords", "{}", "metric", 3},
    {"ListRecords", "{\"metric\":2,\"hour\":1}", "hour", 3},
    {"ListRecords", "{\"metric\":2,\"bucket\":2,\"hour\":24}", "hour", 3},
    {"ListRecords", "{\"metric\":2,\"bucket\":2,\"minute\":1}", "minute", 3},
    {"ListRecords", "{\"metric\":2,\"bucket\":3,\"minute\":60}", "minute", 3},
    {"ListRecords", "{\"metric\":2,\"pageSize\":501}", "page_size", 3},
    {"ListRecords", "{\"metric\":2,\"pageToken\":\"x\"}", "page_token", 3},
    {"ListRecords", "{\"metric\":2,\"facts\":\"1000000000\"}", "facts", 9},
    {"ListRecords", "{\"metric\":2,\"slice\":{\"unitCode\":\"99\"}}", "slice.unit_code", 5},
    {"ListRecords", "{\"metric\":2,\"slice\":{\"unitCode\":\"SI:x\"}}", "slice.unit_code", 5},
    {"ListRecords", "{\"metric\":2,\"slice\":{\"campaignCode\":\"x\"}}", "slice.campaign_code", 5},
    {"ListRecords", "{\"metric\":2,\"slice\":{\"organisationCode\":\"x\"}}",
     "slice.organisation_code", 5},
    {"ListRecords", "{\"metric\":2,\"slice\":{\"pointCode\":\"x\"}}", "slice.point_code", 5},
    {"ListRecords", "{\"metric\":2,\"slice\":{\"collectorCode\":\"x\"}}", "slice.collector_code",
     5},
    {"GetProgress", "{\"product\":1}", "unit_code", 5},
    {"GetBoard", "{}", "by", 3},
    {"GetBoard", "{\"by\":1,\"limit\":501}", "limit", 3},
    {"GetBoard", "{\"by\":1,\"tier\":5}", "tier", 3},
    {"GetBoard", "{\"by\":1,\"planCode\":\"sprint\"}", "plan_code", 5},
    {"GetBoard", "{\"by\":1,\"planCode\":\"1999\"}", "plan_code", 5},
    {"GetBoard", "{\"by\":1,\"planCode\":\"2025\",\"counts\":1}", "counts", 3},
    {"GetBoard", "{\"by\":1,\"from\":\"2030-01-01\"}", "until", 3},
};

static void what_cannot_be_answered_names_its_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char method[64];
        (void)snprintf(method, sizeof(method), "Analytics/%s", wrong[i].method);
        refused(wrong[i].code, method, wrong[i].json, wrong[i].field);
    }
}

static const struct {
    const char *json, *field;
    int code;
} unfit[] = {
    {"\"planCode\":\"none\",\"by\":1", "plan_code", 5},
    {"\"planCode\":\"1999\",\"by\":1", "plan_code", 5},
    {"\"planCode\":\"CD\",\"by\":1,\"counts\":1", "counts", 3},
    {"\"planCode\":\"CD\",\"by\":1,\"slice\":{\"product\":2}", "slice.product", 3},
    {"\"planCode\":\"CD\",\"by\":1,\"slice\":{\"supportGroup\":1}", "slice.support_group", 3},
    {"\"planCode\":\"CD\",\"by\":1,\"slice\":{\"sessionCode\":\"-\"}", "slice.session_code", 3},
    {"\"planCode\":\"CD\",\"by\":1,\"slice\":{\"campaignCode\":\"other\"}", "slice.campaign_code",
     3},
    {"\"planCode\":\"Q\",\"by\":1,\"slice\":{\"campaignCode\":\"whole\"}", "slice.campaign_code",
     3},
    {"\"planCode\":\"CD\",\"by\":3,\"slice\":{\"organisationCode\":\"-\"}",
     "slice.organisation_code", 3},
    {"\"planCode\":\"CD\",\"by\":3,\"slice\":{\"pointCode\":\"BD02647\"}", "slice.point_code", 3},
    {"\"planCode\":\"CD\",\"by\":4,\"slice\":{\"collectorCode\":\"NV0001\"}",
     "slice.collector_code", 3},
    {"\"planCode\":\"X\",\"by\":4", "slice.unit_code", 3},
    {"\"planCode\":\"CD\",\"by\":1,\"from\":\"2020-01-01\"", "from", 3},
    {"\"planCode\":\"CD\",\"by\":1,\"until\":\"2199-01-01\"", "until", 3},
    {"\"planCode\":\"CD\",\"by\":0", "by", 3},
};

static void define(const char *code, int measure, const char *root)
{
    if (platform_call(
            platform, NULL, "Plans/DefinePlan", answer,
            "{\"plan\":{\"code\":\"%s\",\"name\":\"K\",\"product\":1,\"period\":4,"
            "\"from\":\"2025-11-01\",\"until\":\"2025-11-30\",\"counts\":2,\"measure\":%d,"
            "\"root\":{\"kind\":1,\"code\":\"%s\"},\"target\":10}}",
            code, measure, root) != 0)
        fail_msg("%s", answer);
}

static void what_does_not_fit_a_plan_names_its_field(void **state)
{
    (void)state;
    define("CD", 2, "VN");
    define("Q", 1, "VN");
    define("X", 2, "15");
    assert_int_equal(
        platform_call(
            platform, NULL, "Campaigns/ImportCampaigns", answer, "%s",
            "{\"campaigns\":[{\"code\":\"other\",\"name\":\"K\",\"nameEn\":\"O\",\"fromMs\":1,"
            "\"untilMs\":\"86400000\",\"counts\":2},{\"code\":\"whole\",\"name\":\"K\","
            "\"nameEn\":\"W\",\"fromMs\":1,\"untilMs\":\"86400000\",\"counts\":2,"
            "\"planCode\":\"Q\"}]}"),
        0);
    for (size_t i = 0; i < ARRAY_LEN(unfit); i++) {
        char json[JSON_BYTES];
        (void)snprintf(json, sizeof(json), "{%s}", unfit[i].json);
        refused(unfit[i].code, "Analytics/GetBoard", json, unfit[i].field);
    }
}

/* Days that no fact has are an empty series, beside the year before, too. */
static void a_window_without_days_is_empty(void **state)
{
    (void)state;
    static const char *const windows[] = {"\"from\":\"2199-12-01\",\"until\":\"2199-12-31\"",
                                          "\"from\":\"1901-01-01\",\"until\":\"1901-01-31\""};
    for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
        assert_int_equal(platform_call(platform, NULL, "Analytics/GetSeries", answer,
                                       "{\"bucket\":1,%s,\"metrics\":[2],\"withLastYear\":true}",
                                       windows[i]),
                         0);
        assert_non_null(strstr(answer, "\"points\":[]"));
    }
}

static int has_pages(void *arg)
{
    (void)arg;
    return platform_call(platform, NULL, "Analytics/ListRecords", answer, "%s",
                         "{\"metric\":1,\"pageSize\":3}") == 0 &&
           platform_field(answer, "nextPageToken")[0] != '\0';
}

static void a_token_belongs_to_its_request(void **state)
{
    (void)state;
    char json[JSON_BYTES], token[512];
    assert_true(wait_until(platform, has_pages, NULL, WAIT_MS)); /* facts are shown once flushed */
    (void)snprintf(token, sizeof(token), "%s", platform_field(answer, "nextPageToken"));
    assert_true(token[0] != '\0');
    (void)snprintf(json, sizeof(json), "{\"metric\":2,\"pageToken\":\"%s\"}", token);
    refused(3, "Analytics/ListRecords", json, "page_token");
    /* another last fact: the 4th number of the token */
    token[3 * 16] = token[3 * 16] == '0' ? '1' : '0';
    (void)snprintf(json, sizeof(json), "{\"metric\":1,\"pageToken\":\"%s\"}", token);
    refused(9, "Analytics/ListRecords", json, "page_token");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_answered_names_its_field),
        cmocka_unit_test(what_does_not_fit_a_plan_names_its_field),
        cmocka_unit_test(a_window_without_days_is_empty),
        cmocka_unit_test(a_token_belongs_to_its_request),
    };
    return !!cmocka_run_group_tests_name(__FILE__, tests, start, stop);
}
