/* Campaigns, sessions and contacts over real processes: what is recorded, corrected, refused. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/support/payer.h"
#include "tests/support/people.h"

#define HOUR_MS 3600000LL
#define DAY_MS (24 * HOUR_MS)
#define WAIT_MS 20000

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];
static int64_t now_ms;

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.enrolment = 2});
    platform_import(platform);
    now_ms = clock_wall_ms();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int import_campaign(const char *code, int64_t from_ms, int64_t until_ms, const char *rest)
{
    return platform_call(platform, NULL, "Campaigns/ImportCampaigns", answer,
                         "{\"campaigns\":[{\"code\":\"%s\",\"name\":\"15 ngày tăng tốc\","
                         "\"fromMs\":%lld,\"untilMs\":%lld,\"counts\":\"METRIC_PAID\"%s}]}",
                         code, (long long)from_ms, (long long)until_ms, rest);
}

static int record(const char *key, const char *code, int64_t start_ms, int64_t end_ms,
                  const char *rest)
{
    return platform_call(platform, key, "Campaigns/RecordSession", answer,
                         "{\"session\":{\"code\":\"%s\",\"kind\":\"SESSION_KIND_SMALL_GROUP\","
                         "\"unitCode\":\"02647\",\"startMs\":%lld,\"endMs\":%lld%s}}",
                         code, (long long)start_ms, (long long)end_ms, rest);
}

static int contact(const char *key, const char *code, const char *ids)
{
    return platform_call(platform, key, "Campaigns/RecordContacts", answer,
                         "{\"sessionCode\":\"%s\",\"personalIds\":[%s]}", code, ids);
}

static int says(const char *text)
{
    return strstr(answer, text) != NULL;
}

static void campaigns_are_reference_data(void **state)
{
    (void)state;
    assert_int_equal(import_campaign("thang-5", now_ms - 30 * DAY_MS, now_ms - DAY_MS, ""), 0);
    assert_int_equal(import_campaign("tang-toc", now_ms - DAY_MS, now_ms + 14 * DAY_MS,
                                     ",\"unitCodes\":[\"15\"],\"sprint\":true"),
                     0);
    assert_true(says("\"written\":1"));
    assert_int_equal(import_campaign("tang-toc", now_ms - DAY_MS, now_ms + 14 * DAY_MS,
                                     ",\"unitCodes\":[\"15\"],\"sprint\":true"),
                     0);
    assert_true(says("\"unchanged\":1"));
    assert_int_equal(platform_call(platform, NULL, "Campaigns/ListCampaigns", answer, "{}"), 0);
    assert_true(strstr(answer, "tang-toc") < strstr(answer, "thang-5"));
    assert_int_equal(platform_call(platform, NULL, "Campaigns/ListCampaigns", answer,
                                   "{\"unitCode\":\"02647\",\"atMs\":%lld}", (long long)now_ms),
                     0);
    assert_true(says("tang-toc") && !says("thang-5"));
    assert_int_equal(platform_call(platform, NULL, "Campaigns/ListCampaigns", answer,
                                   "{\"unitCode\":\"VN\",\"atMs\":%lld}", (long long)now_ms),
                     0);
    assert_false(says("tang-toc"));
    assert_int_equal(
        platform_call(platform, NULL, "Campaigns/GetCampaign", answer, "{\"code\":\"tang-toc\"}"),
        0);
    assert_true(says("\"sprint\":true"));
}

static void wrong_campaigns_are_refused_by_field(void **state)
{
    (void)state;
    const int bad = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    assert_int_equal(import_campaign("x y", now_ms, now_ms + 1, ""), bad);
    assert_true(says("campaigns[0].code"));
    assert_int_equal(import_campaign("x", now_ms, now_ms, ""), bad);
    assert_true(says("campaigns[0].until_ms"));
    assert_int_equal(import_campaign("x", 0, now_ms, ""), bad);
    assert_true(says("campaigns[0].from_ms"));
    assert_int_equal(import_campaign("x", now_ms, now_ms + 1, ",\"unitCodes\":[\"98\"]"), bad);
    assert_true(says("campaigns[0].unit_codes"));
    assert_int_equal(
        platform_call(platform, NULL, "Campaigns/GetCampaign", answer, "{\"code\":\"x\"}"),
        ANSINH__V1__CODE__CODE_NOT_FOUND);
    assert_int_equal(
        platform_call(platform, NULL, "Campaigns/ListCampaigns", answer, "{\"unitCode\":\"98\"}"),
        ANSINH__V1__CODE__CODE_NOT_FOUND);
}

static void a_session_recorded_again_is_corrected(void **state)
{
    char first[256];
    (void)state;
    assert_int_equal(record("s-1", "LC-1", now_ms, now_ms + HOUR_MS,
                            ",\"campaignCode\":\"tang-toc\",\"attendance\":\"33\""),
                     0);
    assert_true(says("\"version\":1"));
    (void)snprintf(first, sizeof(first), "%.250s", answer);
    assert_int_equal(record("s-1", "LC-1", now_ms, now_ms + HOUR_MS,
                            ",\"campaignCode\":\"tang-toc\",\"attendance\":\"33\""),
                     0);
    assert_string_equal(answer, first);
    assert_int_equal(record("s-1", "LC-1", now_ms, now_ms + HOUR_MS, ""),
                     ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
    assert_int_equal(record("s-2", "LC-1", now_ms, now_ms + HOUR_MS, ",\"attendance\":\"34\""), 0);
    assert_true(says("\"version\":2"));
}

static void wrong_sessions_are_refused_by_field(void **state)
{
    (void)state;
    const int bad = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    assert_int_equal(record(NULL, "", now_ms, now_ms + 1, ""), bad);
    assert_true(says("session.code"));
    assert_int_equal(record(NULL, "X", now_ms, now_ms, ""), bad);
    assert_true(says("session.end_ms"));
    assert_int_equal(record(NULL, "X", now_ms - 1901 * DAY_MS, now_ms, ""), bad);
    assert_true(says("session.start_ms"));
    assert_int_equal(record(NULL, "X", now_ms + 401 * DAY_MS, now_ms + 402 * DAY_MS, ""), bad);
    assert_true(says("session.start_ms"));
    assert_int_equal(record(NULL, "X", now_ms, now_ms + 1, ",\"attendance\":\"-1\""), bad);
    assert_true(says("session.attendance"));
    assert_int_equal(
        record(NULL, "X", now_ms, now_ms + 1, ",\"attendance\":\"1\",\"cancelled\":true"), bad);
    assert_true(says("session.attendance"));
    int64_t tomorrow_ms = now_ms + DAY_MS;
    assert_int_equal(record(NULL, "X", tomorrow_ms, tomorrow_ms + HOUR_MS, ",\"attendance\":\"1\""),
                     bad);
    assert_true(says("session.attendance"));
    assert_int_equal(record(NULL, "X", now_ms, now_ms + 1, ",\"campaignCode\":\"none\""), bad);
    assert_true(says("session.campaign_code"));
    assert_int_equal(record(NULL, "X", now_ms, now_ms + 1, ",\"organisationCode\":\"none\""), bad);
    assert_true(says("session.organisation_code"));
}

static void contacts_are_counted_with_their_session(void **state)
{
    (void)state;
    const int bad = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    assert_int_equal(contact("c-1", "LC-1", "\"010090000001\",\"010190000002\""), 0);
    assert_true(says("\"contacts\":\"2\""));
    assert_int_equal(contact("c-1", "LC-1", "\"010090000001\",\"010190000002\""), 0);
    assert_true(says("\"contacts\":\"2\""));
    assert_int_equal(contact("c-2", "LC-1", "\"010090000003\""), 0);
    assert_true(says("\"contacts\":\"3\""));
    assert_int_equal(contact(NULL, "LC-1", "\"010090000003\",\"010090000003\""), bad);
    assert_true(says("personal_ids: number 2"));
    assert_int_equal(contact(NULL, "LC-1", "\"01009000000x\""), bad);
    assert_true(says("personal_ids: number 1"));
    assert_int_equal(contact(NULL, "LC-1", ""), bad);
    assert_true(says("personal_ids"));
    assert_int_equal(contact(NULL, "LC-none", "\"010090000003\""),
                     ANSINH__V1__CODE__CODE_NOT_FOUND);
    assert_int_equal(record(NULL, "LC-2", now_ms, now_ms + 1, ",\"cancelled\":true"), 0);
    assert_int_equal(contact(NULL, "LC-2", "\"010090000003\""),
                     ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    assert_int_equal(record(NULL, "LC-3", now_ms + DAY_MS, now_ms + DAY_MS + 1, ""), 0);
    assert_int_equal(contact(NULL, "LC-3", "\"010090000003\""),
                     ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    /* a correction keeps them */
    assert_int_equal(record(NULL, "LC-1", now_ms, now_ms + HOUR_MS, ""), 0);
    assert_int_equal(contact(NULL, "LC-1", "\"010090000004\""), 0);
    assert_true(says("\"contacts\":\"4\""));
}

/* --- what came of it -------------------------------------------------------------------------- */

static unsigned next_person = 500;
static int64_t start_ms; /* of Y-1 */

/* Of the day; answers the personal id. */
static char *enrol(char id[16], int is_paid)
{
    struct payer payer;
    struct sample_person person;
    people_make(next_person, 20000, &person);
    payer_enrol(platform, next_person++, &payer);
    (void)snprintf(id, 16, "%s", person.personal_id);
    if (is_paid)
        assert_int_equal(payer_pay(platform, &payer, "", answer), 0);
    return id;
}

struct list {
    const char *slice;
    const char *method;
    const char *wanted; /* all of them, in this order, ended by '|' */
};

static int lists(void *arg)
{
    const struct list *list = arg;
    char wanted[512];
    const char *at = answer;
    if (platform_call(platform, NULL, "Analytics/ListSessions", answer,
                      "{\"slice\":{%s},\"attribution\":\"ATTRIBUTION_METHOD_%s\"}", list->slice,
                      list->method) != 0)
        return 0;
    (void)snprintf(wanted, sizeof(wanted), "%s", list->wanted);
    for (char *rest = wanted, *word; (word = strsep(&rest, "|")) != NULL;) {
        at = strstr(at, word);
        if (at == NULL)
            return 0;
    }
    return 1;
}

static void wait_list(const char *slice, const char *method, const char *wanted)
{
    struct list list = {slice, method, wanted};
    if (!wait_until(platform, lists, &list, WAIT_MS))
        fail_msg("want %s: %s", wanted, answer);
}

static void an_enrolment_is_counted_for_its_session(void **state)
{
    char ids[128];
    (void)state;
    start_ms = clock_wall_ms() - HOUR_MS;
    assert_int_equal(record(NULL, "Y-1", start_ms, start_ms + 1, ",\"attendance\":\"30\""), 0);
    assert_int_equal(
        record(NULL, "Y-2", start_ms + 60000, start_ms + 60001, ",\"attendance\":\"70\""), 0);
    char first[16], second[16], third[16];
    (void)snprintf(ids, sizeof(ids), "\"%s\",\"%s\"", enrol(first, 1), enrol(second, 0));
    assert_int_equal(contact(NULL, "Y-1", ids), 0); /* the list comes in later */
    assert_int_equal(contact(NULL, "Y-2", ids), 0);
    (void)enrol(third, 1); /* came from nowhere */
    wait_list("", "LAST_TOUCH",
              "\"code\":\"Y-2\"|\"declared\":\"2\",\"paid\":\"1\"|\"conversion\":\"2.86\"|"
              "\"code\":\"Y-1\"|\"contacts\":\"2\"|\"total\":|\"declared\":\"2\"|\"kinds\":|"
              "\"declared\":\"3\",\"paid\":\"2\",\"declaredUnattributed\":\"1\","
              "\"paidUnattributed\":\"1\"");
    wait_list("\"unitCode\":\"02647\"", "FIRST_TOUCH",
              "\"code\":\"Y-2\"|\"code\":\"Y-1\"|\"declared\":\"2\",\"paid\":\"1\"");
    wait_list("", "SAME_DAY", "\"code\":\"Y-2\"|\"declared\":\"2\"");
    /* in another province no session, and nobody who declared */
    wait_list("\"unitCode\":\"14\"", "SAME_DAY", "\"rows\":[]|\"total\":{\"sessions\":\"0\"");
    assert_int_equal(platform_call(platform, NULL, "Analytics/ListSessions", answer,
                                   "{\"from\":\"2024-01-01\"}"),
                     ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_true(says("until"));
    assert_int_equal(
        platform_call(platform, NULL, "Analytics/ListSessions", answer, "{\"pageSize\":501}"),
        ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_true(says("page_size"));
}

static int records_of(const char *session, const char *method)
{
    return platform_call(platform, NULL, "Analytics/ListRecords", answer,
                         "{\"slice\":{\"sessionCode\":\"%s\",\"attribution\":"
                         "\"ATTRIBUTION_METHOD_%s\"},\"metric\":\"METRIC_DECLARED\"}",
                         session, method);
}

static void a_session_s_number_opens_into_its_records(void **state)
{
    (void)state;
    assert_int_equal(records_of("Y-2", "LAST_TOUCH"), 0);
    assert_true(says("\"total\":\"2\""));
    assert_int_equal(records_of("Y-1", "LAST_TOUCH"), 0);
    assert_true(says("\"total\":\"0\""));
    assert_int_equal(records_of("Y-1", "FIRST_TOUCH"), 0);
    assert_true(says("\"total\":\"2\""));
    assert_int_equal(records_of("-", "SAME_DAY"), 0);
    assert_true(says("\"total\":\"1\""));
    assert_int_equal(records_of("none", "SAME_DAY"), ANSINH__V1__CODE__CODE_NOT_FOUND);
    assert_true(says("slice.session_code"));
}

/* --- reach ------------------------------------------------------------------------------------ */

static int is_said(void *arg)
{
    const char *const *question_and_text = arg;
    return platform_call(platform, NULL, "Analytics/GetProgress", answer, "%s",
                         question_and_text[0]) == 0 &&
           says(question_and_text[1]);
}

static void wait_says(const char *question, const char *text)
{
    const char *question_and_text[] = {question, text};
    if (!wait_until(platform, is_said, question_and_text, WAIT_MS))
        fail_msg("want %s of %s: %s", text, question, answer);
}

static void wait_reached(const char *unit, const char *rest, int n)
{
    char question[128], text[64];
    (void)snprintf(question, sizeof(question), "{\"unitCode\":\"%s\"%s}", unit, rest);
    (void)snprintf(text, sizeof(text), "\"reachEstimate\":\"%d\"", n);
    wait_says(question, text);
}

/* Four people of LC-1 and the two who declared at Y-1, each once in the commune and above it. */
static void people_who_were_reached_are_counted_once(void **state)
{
    char as_of[64];
    (void)state;
    wait_reached("02647", "", 6);
    wait_reached("VN", "", 6);
    int64_t as_of_ms = clock_wall_ms();
    while (clock_wall_ms() == as_of_ms) /* what follows takes less than a millisecond */
        loop_turn(platform_service(platform)->loop, 1);
    (void)snprintf(as_of, sizeof(as_of), ",\"asOfMs\":%lld", (long long)as_of_ms);
    assert_int_equal(platform_call(platform, NULL, "Campaigns/RecordSession", answer,
                                   "{\"session\":{\"code\":\"P-1\",\"kind\":"
                                   "\"SESSION_KIND_LAUNCH_CEREMONY\",\"unitCode\":\"15\","
                                   "\"organisationCode\":\"VNPOST\",\"startMs\":%lld,"
                                   "\"endMs\":%lld}}",
                                   (long long)start_ms, (long long)start_ms + HOUR_MS),
                     0);
    assert_int_equal(contact(NULL, "P-1", "\"010090000001\",\"010090000099\""), 0);
    wait_reached("15", "", 7); /* one of the two was at LC-1 */
    wait_reached("02647", "", 6);
    wait_reached("14", "", 0);
    wait_reached("15", as_of, 6);
    wait_reached("VN", ",\"organisationCode\":\"VNPOST\"", 2);
    wait_reached("VN", ",\"organisationCode\":\"-\"", 6);
    wait_reached("15", ",\"product\":\"PRODUCT_HEALTH_HOUSEHOLD\"", 7);
    wait_reached("15", ",\"supportGroup\":\"SUPPORT_GROUP_POOR\"", 0); /* lists do not say */
    assert_int_equal(record(NULL, "Y-1", start_ms, start_ms + 1, ",\"cancelled\":true"), 0);
    assert_int_equal(record(NULL, "LC-1", start_ms, start_ms + 1, ",\"cancelled\":true"), 0);
    wait_reached("02647", "", 2); /* who was at Y-2 */
    wait_reached("15", "", 4);
    wait_reached("15", as_of, 6);
    assert_int_equal(record(NULL, "LC-1", start_ms, start_ms + 1, ""), 0);
    assert_int_equal(record(NULL, "Y-1", start_ms, start_ms + 1, ",\"attendance\":\"30\""), 0);
    wait_reached("15", "", 7);
}

static void an_office_has_reached_whom_its_communes_have(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Directory/ImportSiUnits", answer,
                                   "{\"siUnits\":[{\"code\":\"SAPA\",\"name\":\"BHXH Sa Pa\","
                                   "\"communeCodes\":[\"03006\"]},{\"code\":\"LC\",\"name\":"
                                   "\"BHXH Lào Cai\",\"communeCodes\":[\"02647\",\"02671\"]}]}"),
                     0);
    wait_reached("SI:LC", "", 6);
    wait_reached("SI:LC", ",\"withChildren\":true,\"product\":\"PRODUCT_VOLUNTARY_SI\"", 6);
    wait_reached("SI:SAPA", "", 0);
}

static void expect_list(const char *unit, const char *wanted)
{
    char slice[64];
    (void)snprintf(slice, sizeof(slice), "\"unitCode\":\"%s\"", unit);
    wait_list(slice, "SAME_DAY", wanted);
}

/* Somebody of 02647 came to a session in 02671: what the rows have, what others have and what
 * nobody has is all there is. */
static void what_came_from_elsewhere_is_told(void **state)
{
    char id[16], ids[32];
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Campaigns/RecordSession", answer,
                                   "{\"session\":{\"code\":\"Z-1\",\"kind\":"
                                   "\"SESSION_KIND_MARKET_VISIT\",\"unitCode\":\"02671\","
                                   "\"startMs\":%lld,\"endMs\":%lld}}",
                                   (long long)start_ms, (long long)start_ms + 1),
                     0);
    (void)snprintf(ids, sizeof(ids), "\"%s\"", enrol(id, 0));
    assert_int_equal(contact(NULL, "Z-1", ids), 0);
    expect_list("02647",
                "\"total\":|\"declared\":\"2\"|\"kinds\":|\"declared\":\"4\",\"paid\":\"2\","
                "\"declaredUnattributed\":\"1\"|\"declaredElsewhere\":\"1\","
                "\"paidElsewhere\":\"0\"");
    expect_list("02671", "\"code\":\"Z-1\"|\"total\":|\"declared\":\"1\"|\"kinds\":|"
                         "\"declared\":\"0\"|\"declaredElsewhere\":\"0\"");
    wait_list("\"unitCode\":\"15\",\"organisationCode\":\"VNPOST\"", "SAME_DAY",
              "\"code\":\"P-1\"|\"total\":{\"sessions\":\"1\"");
    wait_list("\"unitCode\":\"02671\",\"organisationCode\":\"-\"", "SAME_DAY",
              "\"code\":\"Z-1\"|\"total\":{\"sessions\":\"1\"");
    expect_list("15", "\"total\":|\"declared\":\"3\"|\"kinds\":|\"declared\":\"4\"|"
                      "\"declaredUnattributed\":\"1\"|\"declaredElsewhere\":\"0\"");
}

static void sessions_of_a_merged_unit_are_its_successor_s(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Directory/ImportSuccessors", answer,
                                   "{\"successors\":[{\"oldCode\":\"02671\",\"newCode\":\"02647\","
                                   "\"sharePerMillion\":1000000,\"on\":\"2025-07-01\"}]}"),
                     0);
    expect_list("02647", "\"code\":\"Z-1\"|\"total\":|\"declared\":\"3\"|\"kinds\":|"
                         "\"declared\":\"4\"|\"declaredElsewhere\":\"0\"");
    wait_reached("02647", "", 7);
    wait_reached("15", "", 8);
}

static void what_is_known_of_a_unit_comes_along(void **state)
{
    (void)state;
    assert_int_equal(
        platform_call(platform, NULL, "Directory/ImportDenominators", answer,
                      "{\"denominators\":[{\"unitCode\":\"02647\",\"kind\":"
                      "\"DENOMINATOR_KIND_WORKING_AGE\",\"on\":\"2025-01-01\",\"value\":\"9000\"},"
                      "{\"unitCode\":\"15\",\"kind\":\"DENOMINATOR_KIND_WORKING_AGE\",\"on\":"
                      "\"2025-01-01\",\"value\":\"8000\"},{\"unitCode\":\"15\",\"kind\":"
                      "\"DENOMINATOR_KIND_PROSPECTS\",\"on\":\"2025-01-01\",\"value\":\"7000\"},"
                      "{\"unitCode\":\"15\",\"kind\":\"DENOMINATOR_KIND_PROSPECTS\",\"on\":"
                      "\"2100-01-01\",\"value\":\"6000\"}]}"),
        0);
    wait_says("{\"unitCode\":\"02647\"}", "\"prospects\":\"9000\"");
    wait_says("{\"unitCode\":\"15\"}", "\"prospects\":\"7000\"");
    wait_says("{\"unitCode\":\"15\",\"product\":\"PRODUCT_VOLUNTARY_SI\"}",
              "\"prospects\":\"7000\"");
    wait_says("{\"unitCode\":\"VN\"}", "\"prospects\":\"0\"");
    assert_int_equal(platform_call(platform, NULL, "Analytics/GetProgress", answer,
                                   "{\"unitCode\":\"VN\",\"withChildren\":true}"),
                     0);
    assert_true(says("\"nameEn\":\"Viet Nam\"") && says("\"nameEn\":\"Lao Cai\""));
}

static void sessions_outlive_the_process(void **state)
{
    (void)state;
    platform_signal(platform, "analytics", 1, SIGKILL);
    platform_spawn(platform, "analytics", 1);
    wait_reached("02647", "", 7);
    wait_reached("15", "", 8);
    wait_list("", "LAST_TOUCH",
              "\"code\":\"Y-2\"|\"declared\":\"2\",\"paid\":\"1\"|\"declaredUnattributed\":\"1\"");
}

static int is_verified(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, answer, "verify", NULL) == 0 && says(" 0 differences");
}

static void the_ledger_is_what_the_journal_says(void **state)
{
    (void)state;
    if (!wait_until(platform, is_verified, NULL, WAIT_MS))
        fail_msg("%s", answer);
}

static void a_list_that_views_have_lost_is_missed(void **state)
{
    (void)state;
    assert_int_equal(
        redis_server_integer(platform_views(platform), "DEL", "{v:board}:contacts", NULL), 1);
    assert_int_equal(platform_ansinh(platform, answer, "verify", NULL), 1);
    assert_true(says("{v:board}:contacts of LC-1: 0 are stored, the journals tell of 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(campaigns_are_reference_data),
        cmocka_unit_test(wrong_campaigns_are_refused_by_field),
        cmocka_unit_test(a_session_recorded_again_is_corrected),
        cmocka_unit_test(wrong_sessions_are_refused_by_field),
        cmocka_unit_test(contacts_are_counted_with_their_session),
        cmocka_unit_test(an_enrolment_is_counted_for_its_session),
        cmocka_unit_test(a_session_s_number_opens_into_its_records),
        cmocka_unit_test(people_who_were_reached_are_counted_once),
        cmocka_unit_test(an_office_has_reached_whom_its_communes_have),
        cmocka_unit_test(what_came_from_elsewhere_is_told),
        cmocka_unit_test(sessions_of_a_merged_unit_are_its_successor_s),
        cmocka_unit_test(what_is_known_of_a_unit_comes_along),
        cmocka_unit_test(sessions_outlive_the_process),
        cmocka_unit_test(the_ledger_is_what_the_journal_says),
        cmocka_unit_test(a_list_that_views_have_lost_is_missed),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
