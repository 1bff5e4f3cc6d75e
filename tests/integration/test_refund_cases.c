/* The list of refund cases that wait for an officer, through real processes. */
#include "tests/support/test.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/booked.h"

#define CASES 5
#define WAIT_MS 30000
#define INVALID ANSINH__V1__CODE__CODE_INVALID_ARGUMENT

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], yesterday[DATE_TEXT_BYTES];
static char payments[CASES][64], participants[CASES][64];

static void call(const char *method, const char *body)
{
    if (platform_call(platform, NULL, method, answer, "%s", body) != 0)
        fail_msg("%s %s: %s", method, body, answer);
}

static void keep(const char *name, char ret[64])
{
    (void)snprintf(ret, 64, "%s", platform_field(answer, name));
}

/* Somebody has paid yesterday. */
static void pay(unsigned i)
{
    char body[512], bill[64], version[64], due[64];
    (void)snprintf(body, sizeof(body),
                   "{\"personalId\":\"01008584%04u\",\"fullName\":\"Lò Văn Thử\",\"birthDate\":"
                   "\"1985-05-17\",\"sex\":2,\"unitCode\":\"02647\",\"supportGroup\":4,"
                   "\"incomeVnd\":1500000,\"method\":1,\"enrolledOn\":\"%s\"}",
                   i, yesterday);
    call("Enrolment/Enrol", body);
    keep("participantId", participants[i]);
    (void)snprintf(body, sizeof(body), "{\"participantId\":\"%s\",\"on\":\"%s\"}", participants[i],
                   yesterday);
    call("Payments/Inquire", body);
    keep("billId", bill);
    keep("billVersion", version);
    keep("dueVnd", due);
    (void)snprintf(body, sizeof(body),
                   "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\",\"paidOn\":\"%s\"}",
                   bill, version, due, yesterday);
    call("Payments/Pay", body);
    keep("paymentId", payments[i]);
}

static int is_later(void *arg)
{
    return clock_wall_ms() > *(const int64_t *)arg;
}

/* Each is younger than the one before. */
static void open_case(unsigned i)
{
    char body[256];
    int64_t now_ms = clock_wall_ms();
    assert_true(wait_until(platform, is_later, &now_ms, WAIT_MS));
    (void)snprintf(body, sizeof(body),
                   "{\"paymentId\":\"%s\",\"reason\":\"REVERSAL_REASON_WRONG_PERSON\","
                   "\"officerCode\":\"nv-1\"}",
                   payments[i]);
    call("Payments/OpenRefundCase", body);
}

static void decide(unsigned i, const char *method)
{
    char body[256];
    (void)snprintf(body, sizeof(body), "{\"paymentId\":\"%s\",\"officerCode\":\"nv-2\"}",
                   payments[i]);
    call(method, body);
}

static int start(void **state)
{
    (void)state;
    date_format(clock_business_day(clock_wall_ms()) - 1, yesterday);
    platform = platform_start(&(struct platform_conf){.settlement = 1});
    platform_import(platform);
    for (unsigned i = 0; i < CASES; i++)
        pay(i);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- the list --------------------------------------------------------------------------------- */

static int is_open(void *arg)
{
    char wanted[64];
    (void)snprintf(wanted, sizeof(wanted), "\"casesOpen\":\"%u\"", *(const unsigned *)arg);
    return platform_call(platform, NULL, "Ledger/ListRefundCases", answer, "{}") == 0 &&
           strstr(answer, wanted) != NULL;
}

/* These cases, in this order, and nothing else. */
static void expect_cases(const unsigned *wanted, unsigned n)
{
    if (!wait_until(platform, is_open, &n, WAIT_MS))
        fail_msg("want %u: %s", n, answer);
    json_auto_t *root = json_loads(answer, 0, NULL);
    const json_t *cases = json_object_get(root, "cases");
    assert_int_equal(json_array_size(cases), n);
    assert_int_equal(atoll(platform_field(answer, "amountVnd")), 264000LL * n);
    for (unsigned i = 0; i < n; i++) {
        const json_t *row = json_array_get(cases, i);
        assert_string_equal(json_string_value(json_object_get(row, "paymentId")),
                            payments[wanted[i]]);
        assert_string_equal(json_string_value(json_object_get(row, "participantId")),
                            participants[wanted[i]]);
        assert_string_equal(json_string_value(json_object_get(row, "requestedBy")), "nv-1");
        assert_string_equal(json_string_value(json_object_get(row, "reason")),
                            "REVERSAL_REASON_WRONG_PERSON");
        assert_string_equal(json_string_value(json_object_get(row, "amountVnd")), "264000");
        assert_int_equal(json_integer_value(json_object_get(row, "days")), 0);
    }
}

static void open_cases_are_listed_oldest_first(void **state)
{
    (void)state;
    expect_cases(NULL, 0);
    for (unsigned i = 0; i < CASES; i++)
        open_case(CASES - 1 - i);
    expect_cases((const unsigned[]){4, 3, 2, 1, 0}, CASES);
}

static void pages_follow_each_other(void **state)
{
    (void)state;
    char token[80] = "";
    unsigned n = 0, pages = 0;
    do {
        if (platform_call(platform, NULL, "Ledger/ListRefundCases", answer,
                          "{\"pageSize\":2,\"pageToken\":\"%s\"}", token) != 0)
            fail_msg("%s", answer);
        json_auto_t *root = json_loads(answer, 0, NULL);
        const json_t *cases = json_object_get(root, "cases");
        for (size_t i = 0; i < json_array_size(cases); i++, n++)
            assert_string_equal(
                json_string_value(json_object_get(json_array_get(cases, i), "paymentId")),
                payments[CASES - 1 - n]);
        assert_string_equal(platform_field(answer, "casesOpen"), "5"); /* of all pages */
        (void)snprintf(token, sizeof(token), "%s", platform_field(answer, "nextPageToken"));
        pages++;
    } while (token[0] != '\0' && pages < CASES);
    assert_int_equal(n, CASES);
    assert_int_equal(pages, 3);
}

static void a_decided_case_leaves_the_list(void **state)
{
    (void)state;
    decide(3, "Payments/ApproveRefundCase");
    decide(1, "Payments/RejectRefundCase");
    expect_cases((const unsigned[]){4, 2, 0}, 3);
    open_case(1); /* again: the youngest now */
    expect_cases((const unsigned[]){4, 2, 0, 1}, 4);
}

static void the_list_survives_kill_9(void **state)
{
    (void)state;
    assert_true(booked_wait(platform, WAIT_MS)); /* so that the next one has to load it */
    platform_signal(platform, "settlement", 1, SIGKILL);
    decide(4, "Payments/RejectRefundCase");
    platform_spawn(platform, "settlement", 1);
    platform_wait_ready(platform);
    expect_cases((const unsigned[]){2, 0, 1}, 3);
}

static void bad_input_names_its_field(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "x", ":", "5", "-1:p0001-1-1", "1x:p", "99999999999999999999:p0001-1-1"};
    assert_int_equal(
        platform_call(platform, NULL, "Ledger/ListRefundCases", answer, "{\"pageSize\":101}"),
        INVALID);
    assert_non_null(strstr(answer, "page_size: "));
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        assert_int_equal(platform_call(platform, NULL, "Ledger/ListRefundCases", answer,
                                       "{\"pageToken\":\"%s\"}", tokens[i]),
                         INVALID);
        assert_non_null(strstr(answer, "page_token: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_cases_are_listed_oldest_first),
        cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(a_decided_case_leaves_the_list),
        cmocka_unit_test(the_list_survives_kill_9),
        cmocka_unit_test(bad_input_names_its_field),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
