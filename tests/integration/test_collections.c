/* What a collecting organisation sees of ansinh.v1.Collections, through real processes. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/support/collecting.h"

#define SKEW_MS 60000
#define LIST_MS 20000
#define FAKETIME "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.payments = 2, .settlement = 1});
    platform_import(platform);
    collecting_on(platform);
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

/* --- paying ----------------------------------------------------------------------------------- */

#define DENIED ANSINH__V1__CODE__CODE_PERMISSION_DENIED
#define INVALID ANSINH__V1__CODE__CODE_INVALID_ARGUMENT
#define PRECONDITION ANSINH__V1__CODE__CODE_FAILED_PRECONDITION
#define EXISTS ANSINH__V1__CODE__CODE_ALREADY_EXISTS
#define NOT_FOUND ANSINH__V1__CODE__CODE_NOT_FOUND

static char first[PLATFORM_ANSWER_BYTES];

static void keep_first(void)
{
    (void)snprintf(first, sizeof(first), "%s", collected());
}

static void expect_state(const char *transaction, const char *state)
{
    assert_int_equal(
        collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'%s'}", transaction),
        0);
    collected_says(state);
}

static int reverse(const char *own, const char *original)
{
    return collect("VNPOST", "Collections/Reverse",
                   "{'partnerTransactionId':'%s','originalTransactionId':'%s','reason':6}", own,
                   original);
}

static void inquire_masks_the_name_and_finds_by_three_keys(void **state)
{
    (void)state;
    struct bill bill;
    collecting_bill(1, "", &bill);
    collected_says("\"maskedName\":\"N***** V** A*\"");
    assert_null(strstr(collected(), "Nguy"));
    collected_says("\"product\":\"PRODUCT_VOLUNTARY_SI\"");
    collected_says("\"validUntil\":");
    keep_first();
    assert_int_equal(collect("VNPOST", "Collections/Inquire", "{'siCode':'0000000002'}"), 0);
    assert_string_equal(collected(), first);
    assert_int_equal(collect("VNPOST", "Collections/Inquire", "{'billId':'%s'}", bill.id), 0);
    assert_string_equal(collected(), first);
}

static void inquire_refuses_what_was_not_declared(void **state)
{
    (void)state;
    struct bill bill;
    collecting_bill(1, "", &bill);
    assert_int_equal(
        collect("VNPOST", "Collections/Inquire", "{'billId':'%s','method':4}", bill.id),
        PRECONDITION);
    collected_says("method: this was not declared");
    assert_int_equal(
        collect("VNPOST", "Collections/Inquire", "{'billId':'%s','months':2}", bill.id),
        PRECONDITION);
    collected_says("months: ");
    assert_int_equal(
        collect("VNPOST", "Collections/Inquire", "{'billId':'%s','product':2}", bill.id), DENIED);
    assert_int_equal(
        collect("VNPOST", "Collections/Inquire", "{'billId':'%s','product':3}", bill.id), INVALID);
    assert_int_equal(collect("VNPOST", "Collections/Inquire", "{'siCode':'9999999999'}"),
                     NOT_FOUND);
    assert_int_equal(collect("VIETTEL", "Collections/Inquire", "{'billId':'%s'}", bill.id), DENIED);
    collected_says("where this organisation does not collect");
    assert_int_equal(collect("BHXH", "Collections/Inquire", "{'billId':'%s'}", bill.id), DENIED);
}

static void move_answers(const char *pattern, const char *to)
{
    char script[256];
    (void)snprintf(script, sizeof(script),
                   "for _, key in ipairs(redis.call('KEYS', '%s')) do "
                   "local to = %s redis.call('RENAME', key, to) end",
                   pattern, to);
    freeReplyObject(redis_server_do(platform_ledger(platform), "EVAL", script, "0", NULL));
}

static void a_payment_is_answered_the_same_for_ever(void **state)
{
    (void)state;
    struct bill bill;
    collecting_bill(2, "", &bill);
    assert_int_equal(collect_pay("same-1", &bill), 0);
    collected_says("\"partnerTransactionId\":\"same-1\"");
    collected_says("\"verificationCode\":\"");
    assert_int_equal(strcspn(strstr(collected(), "verificationCode") + 19, "\""), 16);
    keep_first();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(collect_pay("same-1", &bill), 0);
        assert_string_equal(collected(), first);
    }
    /* also when the answers that are kept for some days are gone */
    move_answers("{p*:q:*", "key .. ':gone'");
    assert_int_equal(collect_pay("same-1", &bill), 0);
    assert_string_equal(collected(), first);
    move_answers("{p*:q:*:gone", "string.gsub(key, ':gone', '')");
    expect_state("same-1", "COLLECTION_STATE_PAID");
}

/* One payments instance is left, whose clock is an hour behind: to it the payment is of the future.
 */
static void a_clock_that_is_behind_changes_no_answer(void **state)
{
    (void)state;
    struct bill bill, other;
    collecting_bill(40, "", &bill);
    collecting_bill(41, "", &other);
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its runtime wants to be loaded first */
#endif
    if (access(FAKETIME, R_OK) != 0)
        skip();
    assert_int_equal(collect_pay("behind-1", &bill), 0);
    keep_first();
    platform_signal(platform, "payments", 1, SIGKILL);
    platform_signal(platform, "payments", 2, SIGKILL);
    (void)setenv("FAKETIME", "-1h", 1);
    (void)setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
    (void)setenv("DONT_FAKE_MONOTONIC", "1", 1);
    platform_spawn_with(platform, "payments", 1, "LD_PRELOAD=" FAKETIME);
    platform_wait_ready(platform);
    assert_int_equal(collect_pay("behind-1", &bill), 0);
    assert_string_equal(collected(), first);
    assert_int_equal(collect_pay("behind-2", &other), INVALID);
    collected_says("paid_at_ms: ");
    platform_signal(platform, "payments", 1, SIGKILL);
    platform_spawn_with(platform, "payments", 1, "FAKETIME=");
    platform_spawn(platform, "payments", 2);
    platform_wait_ready(platform);
    assert_int_equal(collect_pay("behind-2", &other), 0);
}

static void the_same_id_with_another_body_is_a_conflict(void **state)
{
    (void)state;
    struct bill bill, other;
    collecting_bill(3, "", &bill);
    collecting_bill(4, "", &other);
    assert_int_equal(collect_pay("body-1", &bill), 0);
    assert_int_equal(collect_pay("body-1", &other), EXISTS);
    collected_says("partner_transaction_id: ");
    (void)strcpy(bill.due, "1");
    assert_int_equal(collect_pay("body-1", &bill), EXISTS);
    assert_int_equal(reverse("body-1", "body-2"), EXISTS);
}

static void a_refused_payment_leaves_no_trace(void **state)
{
    (void)state;
    struct bill bill, wrong;
    collecting_bill(5, "", &bill);
    wrong = bill;
    (void)strcpy(wrong.due, "1");
    assert_int_equal(collect_pay("trace-1", &wrong), PRECONDITION);
    collected_says("amount_vnd: ");
    expect_state("trace-1", "COLLECTION_STATE_NOT_FOUND");
    wrong = bill;
    (void)strcpy(wrong.version, "77");
    assert_int_equal(collect_pay("trace-1", &wrong), PRECONDITION);
    collected_says("bill_version: ");
    assert_int_equal(collect_pay("trace-1", &bill), 0);
    assert_int_equal(collect_pay("trace-2", &bill), PRECONDITION);
    collected_says("bill_id: this bill is paid");
    expect_state("trace-2", "COLLECTION_STATE_NOT_FOUND");
}

/* A Pay of everything but the fields that are tried. */
static int pay_with(const char *partner, const struct bill *bill, const char *rest)
{
    return collect(partner, "Collections/Pay",
                   "{'billId':'%s','billVersion':%s,'amountVnd':'%s',%s}", bill->id, bill->version,
                   bill->due, rest);
}

static void what_is_wrong_in_a_payment_is_named(void **state)
{
    (void)state;
    char rest[512];
    struct bill bill;
    long long now = collecting_now_ms();
    collecting_bill(6, "", &bill);
    const struct {
        const char *id, *point, *collector;
        long long at_ms;
        int days, channel, code;
        const char *said;
    } cases[] = {
        {"", "BD02647", "NV0001", now, 0, 1, INVALID, "partner_transaction_id: "},
        {"a b", "BD02647", "NV0001", now, 0, 1, INVALID, "partner_transaction_id: "},
        {"w-1", "BD02647", "NV0001", now, 0, 0, INVALID, "channel: "},
        {"w-1", "", "NV0001", now, 0, 1, INVALID, "point_code: "},
        {"w-1", "BD02647", "", now, 0, 1, INVALID, "collector_code: "},
        {"w-1", "XX", "NV0001", now, 0, 1, INVALID, "point_code: unknown"},
        {"w-1", "BD02647", "XX", now, 0, 1, INVALID, "collector_code: unknown"},
        {"w-1", "VT02671", "NV0001", now, 0, 1, DENIED, "point_code: this is of another"},
        {"w-1", "BD02647", "NV0001", now + 3600000, 0, 1, INVALID, "paid_at_ms: "},
        {"w-1", "BD02647", "NV0001", now, 1, 1, INVALID, "business_date: the business date"},
        {"w-1", "BD02647", "NV0001", now, -1, 1, INVALID, "business_date: the business date"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(rest, sizeof(rest),
                       "'partnerTransactionId':'%s','pointCode':'%s','collectorCode':'%s',"
                       "'paidAtMs':'%lld','businessDate':'%s','channel':%d",
                       cases[i].id, cases[i].point, cases[i].collector, cases[i].at_ms,
                       collecting_date(now, cases[i].days), cases[i].channel);
        assert_int_equal(pay_with("VNPOST", &bill, rest), cases[i].code);
        collected_says(cases[i].said);
    }
    expect_state("w-1", "COLLECTION_STATE_NOT_FOUND");
}

static void after_the_cut_off_the_next_business_date_counts(void **state)
{
    (void)state;
    char rest[256];
    struct bill bill;
    long long now = collecting_now_ms();
    collecting_bill(7, "", &bill);
    for (int days = 0; days <= 1; days++) {
        (void)snprintf(rest, sizeof(rest),
                       "'partnerTransactionId':'cut-1','paidAtMs':'%lld','businessDate':'%s',"
                       "'channel':2",
                       now, collecting_date(now, days));
        assert_int_equal(pay_with("HPN", &bill, rest), days == 0 ? INVALID : 0);
    }
    collected_says(collecting_date(now, 1));
    /* the ids of partners have nothing to do with each other */
    expect_state("cut-1", "COLLECTION_STATE_NOT_FOUND");
}

/* --- taking back ------------------------------------------------------------------------------ */

static void a_payment_is_reversed_once(void **state)
{
    (void)state;
    struct bill bill;
    collecting_bill(8, "", &bill);
    assert_int_equal(collect_pay("rev-1", &bill), 0);
    keep_first();
    assert_int_equal(reverse("rev-1-r", "rev-1"), 0);
    collected_says("COLLECTION_STATE_REVERSED");
    char taken_back[2048];
    (void)snprintf(taken_back, sizeof(taken_back), "%s", collected());
    assert_int_equal(reverse("rev-1-r", "rev-1"), 0);
    assert_string_equal(collected(), taken_back);
    assert_int_equal(reverse("rev-1-s", "rev-1"), PRECONDITION);
    collected_says("taken back by rev-1-r");
    expect_state("rev-1", "COLLECTION_STATE_REVERSED");
    collected_says("\"partnerTransactionId\":\"rev-1-r\"");
    assert_int_equal(collect_pay("rev-1", &bill), 0);
    assert_string_equal(collected(), first);
    assert_int_equal(reverse("rev-1-r", "rev-2"), EXISTS);
    assert_int_equal(
        collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'rev-1-r'}"),
        PRECONDITION);
}

static void a_reversal_that_overtakes_its_payment_cancels_it(void **state)
{
    (void)state;
    struct bill bill;
    collecting_bill(9, "", &bill);
    assert_int_equal(reverse("over-1-r", "over-1"), 0);
    collected_says("COLLECTION_STATE_CANCELLED");
    keep_first();
    assert_int_equal(collect_pay("over-1", &bill), PRECONDITION);
    collected_says("cancelled by a reversal");
    assert_int_equal(reverse("over-1-r", "over-1"), 0);
    assert_string_equal(collected(), first);
    expect_state("over-1", "COLLECTION_STATE_CANCELLED");
    collected_says("over-1-r");
    assert_int_equal(reverse("over-1-s", "over-1"), PRECONDITION);
    assert_int_equal(collect_pay("over-2", &bill), 0);
}

/* The cancellation is written, its entry cannot be read: "nothing was done" would be a lie. */
static void a_cancellation_that_may_be_done_is_not_denied(void **state)
{
    (void)state;
    struct redis_server *ledger = platform_ledger(platform);
    freeReplyObject(redis_server_do(ledger, "ACL", "SETUSER", "default", "-xrange", NULL));
    assert_int_equal(reverse("dark-1-r", "dark-1"), ANSINH__V1__CODE__CODE_UNKNOWN);
    collected_says("send it again");
    freeReplyObject(redis_server_do(ledger, "ACL", "SETUSER", "default", "+xrange", NULL));
    expect_state("dark-1", "COLLECTION_STATE_CANCELLED");
    assert_int_equal(reverse("dark-1-r", "dark-1"), 0);
    collected_says("COLLECTION_STATE_CANCELLED");
}

static void after_its_cut_off_a_refund_case_is_the_way(void **state)
{
    (void)state;
    char rest[256], yesterday[16];
    struct bill bill;
    long long at_ms = collecting_now_ms() - 86400000LL;
    (void)snprintf(yesterday, sizeof(yesterday), "%s", collecting_date(at_ms, 0));
    collecting_bill(10, yesterday, &bill);
    (void)snprintf(rest, sizeof(rest),
                   "'partnerTransactionId':'late-1','paidAtMs':'%lld','businessDate':'%s',"
                   "'channel':2",
                   at_ms, yesterday);
    assert_int_equal(pay_with("VNPOST", &bill, rest), 0);
    assert_int_equal(reverse("late-1-r", "late-1"), PRECONDITION);
    collected_says("Payments/OpenRefundCase");
    expect_state("late-1", "COLLECTION_STATE_PAID");
}

static int is_listed(void *arg)
{
    return collect("VNPOST", "Collections/ListPayments",
                   "{'businessDate':'%s','pageSize':2,'pageToken':'%s'}",
                   collecting_date(collecting_now_ms(), 0), (const char *)arg) == 0;
}

static void payments_are_listed_in_pages(void **state)
{
    (void)state;
    char token[128] = "";
    struct bill bill;
    size_t n = 0, n_reversed = 0;
    collecting_bill(12, "", &bill);
    assert_int_equal(collect_pay("list-1", &bill), 0);
    for (int is_there = 0, turns = 0; !is_there; turns++) {
        assert_true(turns < 100000); /* the books are a little late */
        if (!wait_until(platform, is_listed, token, LIST_MS))
            fail_msg("%s", collected());
        json_auto_t *root = json_loads(collected(), 0, NULL);
        n += json_array_size(json_object_get(root, "payments"));
        assert_true(json_array_size(json_object_get(root, "payments")) <= 2);
        n_reversed += strstr(collected(), "COLLECTION_STATE_REVERSED") != NULL;
        is_there = strstr(collected(), "\"list-1\"") != NULL;
        (void)snprintf(token, sizeof(token), "%s", platform_field(collected(), "nextPageToken"));
        if (token[0] == '\0' && !is_there)
            n = n_reversed = 0;
    }
    assert_true(n >= 5 && n_reversed > 0);
    assert_int_equal(collect("HPN", "Collections/ListPayments", "{'businessDate':'2020-01-01'}"),
                     0);
    collected_says("\"payments\":[]");
    assert_int_equal(collect("VNPOST", "Collections/ListPayments", "{'businessDate':'x'}"),
                     INVALID);
    assert_int_equal(collect("VNPOST", "Collections/ListPayments",
                             "{'businessDate':'2020-01-01','pageSize':501}"),
                     INVALID);
}

static void who_is_no_partner_takes_nothing_back(void **state)
{
    (void)state;
    assert_int_equal(collect("BHXH", "Collections/Reverse",
                             "{'partnerTransactionId':'b-r','originalTransactionId':'b',"
                             "'reason':6}"),
                     DENIED);
    assert_int_equal(collect("BHXH", "Collections/GetPayment", "{'partnerTransactionId':'b'}"), 0);
    collected_says("COLLECTION_STATE_NOT_FOUND");
}

/* --- many at once ----------------------------------------------------------------------------- */

static void lines_are_answered_as_each_would_be_alone(void **state)
{
    (void)state;
    char line[512], json[2048];
    struct bill bill;
    long long now = collecting_now_ms();
    collecting_bill(11, "", &bill);
    (void)snprintf(line, sizeof(line),
                   "{'partnerTransactionId':'many-1','billId':'%s','billVersion':%s,"
                   "'amountVnd':'%s','paidAtMs':'%lld','businessDate':'%s','channel':2}",
                   bill.id, bill.version, bill.due, now, collecting_date(now, 0));
    (void)snprintf(json, sizeof(json), "{'lines':[%s,%s,{'partnerTransactionId':'many-2'}]}", line,
                   line);
    assert_int_equal(collect("VNPOST", "Collections/PayMany", "%s", json), 0);
    json_auto_t *root = json_loads(collected(), 0, NULL);
    json_t *lines = json_object_get(root, "lines");
    assert_int_equal(json_array_size(lines), 3);
    json_t *one = json_object_get(json_array_get(lines, 0), "answer");
    assert_non_null(one);
    assert_true(json_equal(one, json_object_get(json_array_get(lines, 1), "answer")));
    json_t *error = json_object_get(json_array_get(lines, 2), "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "CODE_INVALID_ARGUMENT");
    assert_string_equal(json_string_value(json_object_get(error, "field")), "bill_id");
    assert_string_equal(json_string_value(json_object_get(error, "outcome")), "OUTCOME_FINAL");
    expect_state("many-1", "COLLECTION_STATE_PAID");
    assert_int_equal(collect("VNPOST", "Collections/InquireMany",
                             "{'lines':[{'billId':'%s'},{'siCode':'9999999999'}]}", bill.id),
                     0);
    collected_says("\"code\":\"CODE_NOT_FOUND\"");
}

static void lines_are_limited(void **state)
{
    (void)state;
    static char json[16384];
    assert_int_equal(collect("VNPOST", "Collections/PayMany", "{}"), INVALID);
    collected_says("lines: want 1 to 100 lines");
    (void)strcpy(json, "{'lines':[{}");
    for (int i = 1; i < 101; i++)
        (void)strcat(json, ",{}");
    (void)strcat(json, "]}");
    assert_int_equal(collect("VNPOST", "Collections/InquireMany", "%s", json), INVALID);
    collected_says("lines: want 1 to 100 lines");
}

static void nothing_differs(void **state)
{
    (void)state;
    char said[PLATFORM_SAID_BYTES];
    if (platform_ansinh(platform, said, "verify", NULL) != 0)
        fail_msg("%s", said);
}

static void verify_sees_what_became_of_a_record(void **state)
{
    (void)state;
    static const char *const patterns[] = {"{p*:x:*", "{p*:y:*"};
    static const struct {
        const char *change, *said;
    } changes[] = {
        {"redis.call('HSET', key, field, string.rep('x', 17))", "is another than in the journal"},
        {"redis.call('HDEL', key, field)", "is missing"},
        {"redis.call('HSET', key, 'nobody!!', 'x')", "of which the journal does not know"},
    };
    for (size_t i = 0; i < 2 * sizeof(changes) / sizeof(changes[0]); i++) {
        char script[512], said[PLATFORM_SAID_BYTES];
        struct redis_server *ledger = platform_ledger(platform);
        (void)snprintf(script, sizeof(script),
                       "local key = redis.call('KEYS', '%s')[1] "
                       "local field = redis.call('HKEYS', key)[1] "
                       "redis.call('COPY', key, 'saved') %s return key",
                       patterns[i % 2], changes[i / 2].change);
        redisReply *key = redis_server_do(ledger, "EVAL", script, "0", NULL);
        assert_int_equal(key->type, REDIS_REPLY_STRING);
        assert_int_equal(platform_ansinh(platform, said, "verify", NULL), 1);
        if (strstr(said, changes[i / 2].said) == NULL)
            fail_msg("%s", said);
        freeReplyObject(redis_server_do(ledger, "RENAME", "saved", key->str, NULL));
        freeReplyObject(key);
    }
    nothing_differs(state);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(echo_tells_who_calls_and_the_clock),
    cmocka_unit_test(an_echo_is_bounded),
    cmocka_unit_test(without_a_partner_nothing_is_answered),
    cmocka_unit_test(the_command_line_calls_for_a_partner),
    cmocka_unit_test(inquire_masks_the_name_and_finds_by_three_keys),
    cmocka_unit_test(inquire_refuses_what_was_not_declared),
    cmocka_unit_test(a_payment_is_answered_the_same_for_ever),
    cmocka_unit_test(a_clock_that_is_behind_changes_no_answer),
    cmocka_unit_test(the_same_id_with_another_body_is_a_conflict),
    cmocka_unit_test(a_refused_payment_leaves_no_trace),
    cmocka_unit_test(what_is_wrong_in_a_payment_is_named),
    cmocka_unit_test(after_the_cut_off_the_next_business_date_counts),
    cmocka_unit_test(a_payment_is_reversed_once),
    cmocka_unit_test(a_reversal_that_overtakes_its_payment_cancels_it),
    cmocka_unit_test(a_cancellation_that_may_be_done_is_not_denied),
    cmocka_unit_test(after_its_cut_off_a_refund_case_is_the_way),
    cmocka_unit_test(payments_are_listed_in_pages),
    cmocka_unit_test(who_is_no_partner_takes_nothing_back),
    cmocka_unit_test(lines_are_answered_as_each_would_be_alone),
    cmocka_unit_test(lines_are_limited),
    cmocka_unit_test(nothing_differs),
    cmocka_unit_test(verify_sees_what_became_of_a_record),
};

int main(void)
{
    const char *filter = getenv("TEST_FILTER");
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests(tests, start, stop);
}
