/* A partner's payment that names the receipt number which was written offline: it gets that number
 * when it is free in an open block of the payment's point, and the next one otherwise. */
#include "tests/support/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/collecting.h"

#define OTHER_POINT "BD02671" /* of VNPOST, too */
#define WAIT_MS 30000

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], series[64];
static unsigned n_people;

static int start(void **state)
{
    int year, month, day;
    (void)state;
    platform = platform_start(&(struct platform_conf){.settlement = 1});
    platform_import(platform);
    collecting_on(platform);
    date_split(clock_business_day(collecting_now_ms()), &year, &month, &day);
    (void)snprintf(series, sizeof(series), "VNPOST/" COLLECTING_POINT "/%d", year);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* A text or number of the message that an answer holds, as text; "": it has none. Valid until the
 * next call. */
static const char *field_of(const char *said, const char *message, const char *name)
{
    static char text[128];
    json_auto_t *root = json_loads(said, 0, NULL);
    const json_t *value = json_object_get(json_object_get(root, message), name);
    (void)snprintf(text, sizeof(text), "%s", json_is_string(value) ? json_string_value(value) : "");
    return text;
}

/* The first number of a block of that many. */
static long long allocate(const char *point, unsigned count)
{
    if (platform_call(platform, NULL, "Receipts/AllocateBlock", answer,
                      "{\"pointCode\":\"%s\",\"count\":%u,\"officer\":\"CB-1\"}", point,
                      count) != 0)
        fail_msg("%s", answer);
    return atoll(platform_field(answer, "firstNumber"));
}

/* The number that is issued next. */
static long long next_number(void)
{
    assert_int_equal(
        platform_call(platform, NULL, "Receipts/ListBlocks", answer, "{\"series\":\"%s\"}", series),
        0);
    return atoll(platform_field(answer, "nextNumber"));
}

static int pay_naming(const char *transaction, const struct bill *bill, long long number)
{
    static long long at_ms; /* the same in every repetition */
    if (at_ms == 0)
        at_ms = collecting_now_ms();
    return collect("VNPOST", "Collections/Pay",
                   "{'partnerTransactionId':'%s','billId':'%s','billVersion':%s,'amountVnd':'%s',"
                   "'paidAtMs':'%lld','businessDate':'%s','channel':1,"
                   "'pointCode':'" COLLECTING_POINT "','collectorCode':'" COLLECTING_COLLECTOR "',"
                   "'receiptNumber':'%lld'}",
                   transaction, bill->id, bill->version, bill->due, at_ms,
                   collecting_date(at_ms, 0), number);
}

static int has_receipt(void *payment)
{
    return platform_call(platform, NULL, "Receipts/GetReceipt", answer, "{\"paymentId\":\"%s\"}",
                         (const char *)payment) == 0;
}

/* Somebody new pays and names a number; the receipt must have the numbers that are said. */
static void expect_receipt(long long named, long long number, long long refused)
{
    struct bill bill;
    char transaction[32], payment[64];
    collecting_bill(n_people++, "", &bill);
    (void)snprintf(transaction, sizeof(transaction), "offline-%u", n_people);
    if (pay_naming(transaction, &bill, named) != 0)
        fail_msg("%s", collected());
    (void)snprintf(payment, sizeof(payment), "%s", field_of(collected(), "payment", "paymentId"));
    assert_int_equal(atoll(field_of(collected(), "payment", "receiptNumber")), named);
    if (!wait_until(platform, has_receipt, payment, WAIT_MS))
        fail_msg("no receipt of %s: %s", payment, answer);
    assert_string_equal(field_of(answer, "receipt", "series"), series);
    assert_string_equal(field_of(answer, "receipt", "state"), "RECEIPT_STATE_VALID");
    assert_int_equal(atoll(field_of(answer, "receipt", "number")), number);
    assert_int_equal(atoll(field_of(answer, "receipt", "refusedNumber")), refused);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_number_of_an_open_block_is_on_the_receipt(void **state)
{
    (void)state;
    long long first = allocate(COLLECTING_POINT, 10);
    expect_receipt(first + 4, first + 4, 0);
    expect_receipt(first, first, 0);
    expect_receipt(first + 9, first + 9, 0);
    assert_int_equal(next_number(), first + 10); /* the block's payments took none of the others */
}

static void a_number_outside_gets_the_next_one(void **state)
{
    (void)state;
    long long first = allocate(COLLECTING_POINT, 5);
    expect_receipt(first + 5, first + 5, 0); /* behind the block, and happens to be the next */
    expect_receipt(first + 1000, first + 6, first + 1000);
}

static void a_used_number_is_not_given_twice(void **state)
{
    (void)state;
    long long first = allocate(COLLECTING_POINT, 2);
    expect_receipt(first, first, 0);
    expect_receipt(first, first + 2, first);
    expect_receipt(first + 1, first + 1, 0);
}

static void a_number_of_another_points_block_is_refused(void **state)
{
    (void)state;
    long long first = allocate(OTHER_POINT, 100), next = next_number();
    expect_receipt(first + 90, next, first + 90);
}

static void a_number_of_a_closed_block_is_refused(void **state)
{
    (void)state;
    long long first = allocate(COLLECTING_POINT, 3);
    expect_receipt(first + 1, first + 1, 0);
    assert_int_equal(platform_call(platform, NULL, "Receipts/CloseBlock", answer,
                                   "{\"series\":\"%s\",\"firstNumber\":%lld,\"officer\":\"CB-1\"}",
                                   series, first),
                     0);
    assert_string_equal(platform_field(answer, "voided"), "2");
    expect_receipt(first, first + 3, first);
}

static void a_repeated_payment_gets_no_second_number(void **state)
{
    struct bill bill;
    char paid[4096];
    (void)state;
    long long first = allocate(COLLECTING_POINT, 2);
    collecting_bill(n_people++, "", &bill);
    assert_int_equal(pay_naming("offline-again", &bill, first), 0);
    (void)snprintf(paid, sizeof(paid), "%.4000s", collected());
    assert_int_equal(pay_naming("offline-again", &bill, first), 0);
    assert_string_equal(collected(), paid);
    assert_int_equal(pay_naming("offline-again", &bill, first + 1),
                     ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
    expect_receipt(first + 1, first + 1, 0);
}

static int is_verified(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, answer, "verify", NULL) == 0;
}

static void the_ledger_says_the_same(void **state)
{
    (void)state;
    if (!wait_until(platform, is_verified, NULL, WAIT_MS))
        fail_msg("%s", answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_of_an_open_block_is_on_the_receipt),
        cmocka_unit_test(a_number_outside_gets_the_next_one),
        cmocka_unit_test(a_used_number_is_not_given_twice),
        cmocka_unit_test(a_number_of_another_points_block_is_refused),
        cmocka_unit_test(a_number_of_a_closed_block_is_refused),
        cmocka_unit_test(a_repeated_payment_gets_no_second_number),
        cmocka_unit_test(the_ledger_says_the_same),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
