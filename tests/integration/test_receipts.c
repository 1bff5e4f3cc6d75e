/* Receipts over real processes: a number for each payment, none left out, none given twice, whoever
 * dies; and what may be done with one. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/payer.h"
#include "tests/support/people.h"

#define PEOPLE 300
#define WINDOW 50
#define WAIT_MS 60000
#define KILL_EVERY_MS 400

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];
static unsigned long n_paid; /* by nobody in particular, at no point */

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.settlement = 2, .payments = 2});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int ask(const char *method, const char *format, ...) PRINTF_LIKE(2, 3);
static int ask(const char *method, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    return platform_call(platform, NULL, method, answer, "%s", text);
}

/* The first field of this name in the answer, however deep; "": none. */
static const char *said(const char *name)
{
    static char text[128];
    char wanted[64];
    int len = snprintf(wanted, sizeof(wanted), "\"%s\":", name);
    const char *at = strstr(answer, wanted);
    text[0] = '\0';
    if (at == NULL)
        return text;
    at += len + (at[len] == '"');
    (void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(at, "\",}"), at);
    return text;
}

static long long number(const char *name)
{
    return atoll(said(name));
}

static int year_now(void)
{
    int year, month, day;
    date_split(clock_business_day(clock_wall_ms()), &year, &month, &day);
    return year;
}

static int is_verified(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, answer, "verify", NULL) == 0 &&
           strstr(answer, " 0 differences") != NULL;
}

static int is_all_numbered(void *arg)
{
    const unsigned long *want = arg;
    return ask("Receipts/ListBlocks", "{'series':'-/-/%d'}", year_now()) == 0 &&
           number("nextNumber") == (long long)*want + 1;
}

/* Numbers are dense by verify's own fold, and there are as many as payments. */
static void wait_numbered(void)
{
    if (!wait_until(platform, is_all_numbered, &n_paid, WAIT_MS))
        fail_msg("%lu were paid: %s", n_paid, answer);
    if (!wait_until(platform, is_verified, NULL, WAIT_MS))
        fail_msg("%s", answer);
}

struct asked {
    const char *payment;
};

static int has_receipt(void *arg)
{
    const struct asked *asked = arg;
    return ask("Receipts/GetReceipt", "{'paymentId':'%s'}", asked->payment) == 0;
}

static void wait_receipt(const char *payment)
{
    struct asked asked = {payment};
    if (!wait_until(platform, has_receipt, &asked, WAIT_MS))
        fail_msg("no receipt of %s: %s", payment, answer);
}

static void pay_at_point(unsigned i, struct payer *ret)
{
    payer_enrol(platform, i, ret);
    assert_int_equal(payer_pay(platform, ret, "\"pointCode\":\"BD02647\"", answer), 0);
    assert_int_equal(strlen(ret->code), 16);
    wait_receipt(ret->payment);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void each_payment_gets_the_next_number(void **state)
{
    (void)state;
    n_paid += people_load(platform, "receipts", 0, PEOPLE, WINDOW);
    assert_int_equal(n_paid, PEOPLE);
    wait_numbered();
    assert_int_equal(
        ask("Receipts/GetReceipt", "{'series':'-/-/%d','number':%d}", year_now(), PEOPLE), 0);
    assert_string_equal(said("state"), "RECEIPT_STATE_VALID");
    assert_int_equal(
        ask("Receipts/GetReceipt", "{'series':'-/-/%d','number':%d}", year_now(), PEOPLE + 1),
        ANSINH__V1__CODE__CODE_NOT_FOUND);
}

struct killer {
    unsigned n, turns;
};

/* One instance dies without a word, the one that died before comes back. */
static void kill_one(void *arg)
{
    struct killer *self = arg;
    platform_signal(platform, "settlement", self->n, SIGKILL);
    platform_spawn(platform, "settlement", self->n);
    self->n = 3 - self->n;
    self->turns++;
}

static void a_killed_issuer_leaves_no_gap_and_no_double(void **state)
{
    struct killer killer = {1, 0};
    struct loop *loop = platform_service(platform)->loop;
    struct loop_timer *timer =
        loop_timer_add(loop, KILL_EVERY_MS, KILL_EVERY_MS, kill_one, &killer);
    (void)state;
    for (unsigned run = 0; run < 4 || killer.turns < 6; run++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "kill%u", run);
        n_paid += people_load(platform, key, (unsigned)n_paid, PEOPLE, WINDOW);
    }
    loop_timer_cancel(loop, &timer);
    platform_wait_ready(platform);
    wait_numbered();
}

/* Each in turn sleeps for longer than the lease in the midst of its work, and wakes up as somebody
 * who believes to lead. */
static void two_issuers_in_dispute_number_each_payment_once(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 2; n++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "sleep%u", n);
        unsigned long before = n_paid;
        n_paid += people_load(platform, key, (unsigned)n_paid, PEOPLE, WINDOW);
        assert_int_equal(n_paid, before + PEOPLE);
        platform_signal(platform, "settlement", n, SIGSTOP);
        n_paid += people_load(platform, "more", (unsigned)n_paid, PEOPLE, WINDOW);
        if (!wait_until(platform, is_all_numbered, &n_paid, WAIT_MS))
            fail_msg("the other one does not take over: %s", answer);
        platform_signal(platform, "settlement", n, SIGCONT);
        n_paid += people_load(platform, "again", (unsigned)n_paid, PEOPLE, WINDOW);
        wait_numbered();
    }
}

/* --- what becomes of a receipt ---------------------------------------------------------------- */

static void a_receipt_says_its_point_and_its_code(void **state)
{
    struct payer payer;
    char series[64];
    (void)state;
    pay_at_point(800001, &payer);
    (void)snprintf(series, sizeof(series), "VNPOST/BD02647/%d", year_now());
    assert_string_equal(said("series"), series);
    assert_string_equal(said("number"), "1");
    assert_string_equal(said("verificationCode"), payer.code);
    assert_string_equal(said("paymentId"), payer.payment);
    assert_int_equal(ask("Payments/GetPayment", "{'paymentId':'%s'}", payer.payment), 0);
    assert_string_equal(said("verificationCode"), payer.code);
}

static void anybody_can_check_a_code(void **state)
{
    struct payer payer;
    (void)state;
    pay_at_point(800002, &payer);
    assert_int_equal(ask("Receipts/VerifyCode", "{'code':'%.4s-%s'}", payer.code, payer.code + 4),
                     0);
    assert_string_equal(said("state"), "RECEIPT_STATE_VALID");
    assert_string_equal(said("amountVnd"), "264000");
    assert_string_equal(said("organisationName"), "Bưu điện Việt Nam");
    assert_null(strstr(answer, "articipant"));
    assert_null(strstr(answer, payer.payment));
}

static void wrong_codes_are_like_unknown_ones(void **state)
{
    static const char *const wrong[] = {"",
                                        "x",
                                        "0000000000000000",
                                        "ZZZZ-ZZZZ-ZZZZ-ZZZZ",
                                        "!!!!",
                                        "00000000000000000000000000000000000"};
    char first[256] = "";
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(ask("Receipts/VerifyCode", "{'code':'%s'}", wrong[i]),
                         ANSINH__V1__CODE__CODE_NOT_FOUND);
        if (i == 0)
            (void)snprintf(first, sizeof(first), "%.200s", answer);
        assert_string_equal(answer, first);
    }
}

static void a_void_receipt_keeps_its_number_and_its_trace(void **state)
{
    struct payer payer;
    char series[64];
    (void)state;
    pay_at_point(800003, &payer);
    long long void_number = number("number");
    (void)snprintf(series, sizeof(series), "%s", said("series"));
    assert_int_equal(
        ask("Receipts/VoidReceipt",
            "{'series':'%s','number':%lld,'reason':1,'officer':'CB-1','remark':'rách'}", series,
            void_number),
        0);
    assert_int_equal(ask("Receipts/GetReceipt", "{'paymentId':'%s'}", payer.payment), 0);
    assert_string_equal(said("state"), "RECEIPT_STATE_VOIDED");
    assert_string_equal(said("remark"), "rách");
    assert_string_equal(said("officer"), "CB-1");
    assert_int_equal(ask("Receipts/VoidReceipt",
                         "{'series':'%s','number':%lld,'reason':1,'officer':'CB-1'}", series,
                         void_number),
                     ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    assert_int_equal(ask("Receipts/VerifyCode", "{'code':'%s'}", payer.code), 0);
    assert_string_equal(said("state"), "RECEIPT_STATE_VOIDED");
}

static void a_replacement_is_linked_both_ways(void **state)
{
    struct payer payer;
    char series[64];
    (void)state;
    pay_at_point(800004, &payer);
    long long old = number("number");
    (void)snprintf(series, sizeof(series), "%s", said("series"));
    assert_int_equal(ask("Receipts/ReplaceReceipt",
                         "{'series':'%s','number':%lld,'reason':2,'officer':'CB-1'}", series, old),
                     0);
    long long replacement = number("replacement");
    assert_int_equal(replacement, old + 1);
    assert_int_equal(ask("Receipts/GetReceipt", "{'series':'%s','number':%lld}", series, old), 0);
    assert_int_equal(number("replacedBy"), replacement);
    assert_string_equal(said("state"), "RECEIPT_STATE_VOIDED");
    assert_int_equal(ask("Receipts/GetReceipt", "{'paymentId':'%s'}", payer.payment), 0);
    assert_int_equal(number("number"), replacement);
    assert_int_equal(number("replaces"), old);
    assert_string_equal(said("state"), "RECEIPT_STATE_VALID");
    assert_int_equal(ask("Receipts/ReplaceReceipt",
                         "{'series':'%s','number':%lld,'reason':2,'officer':'CB-1'}", series, old),
                     ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    assert_string_equal(said("state"), "");
}

static int is_reversed(void *arg)
{
    return has_receipt(arg) && strcmp(said("state"), "RECEIPT_STATE_REVERSED") == 0;
}

static void the_receipt_of_a_reversed_payment_is_void(void **state)
{
    struct payer payer;
    (void)state;
    pay_at_point(800006, &payer);
    assert_int_equal(ask("Payments/Reverse", "{'paymentId':'%s','reason':1}", payer.payment), 0);
    assert_int_equal(ask("Receipts/VerifyCode", "{'code':'%s'}", payer.code), 0);
    assert_string_equal(said("state"), "RECEIPT_STATE_REVERSED");
    struct asked asked = {payer.payment};
    if (!wait_until(platform, is_reversed, &asked, WAIT_MS))
        fail_msg("still valid: %s", answer);
    assert_string_equal(said("reason"), "VOID_REASON_REVERSED");
    assert_int_equal(ask("Receipts/ReplaceReceipt",
                         "{'series':'VNPOST/BD02647/%d','number':%lld,'reason':2,'officer':'o'}",
                         year_now(), number("number")),
                     ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
}

/* --- blocks ----------------------------------------------------------------------------------- */

static void a_block_takes_the_next_numbers_out(void **state)
{
    struct payer payer;
    char series[64];
    (void)state;
    assert_int_equal(
        ask("Receipts/AllocateBlock", "{'pointCode':'BD02647','count':20,'officer':'CB-1'}"), 0);
    long long first = number("firstNumber"), last = number("lastNumber");
    (void)snprintf(series, sizeof(series), "%s", said("series"));
    assert_int_equal(last, first + 19);
    pay_at_point(800005, &payer);
    assert_int_equal(number("number"), last + 1);
    assert_int_equal(ask("Receipts/ListBlocks", "{'series':'%s'}", series), 0);
    assert_int_equal(number("firstNumber"), first);
    assert_int_equal(ask("Receipts/CloseBlock",
                         "{'series':'%s','firstNumber':%lld,'officer':'CB-1'}", series, first),
                     0);
    assert_int_equal(number("voided"), 20);
    assert_int_equal(ask("Receipts/GetReceipt", "{'series':'%s','number':%lld}", series, first), 0);
    assert_string_equal(said("reason"), "VOID_REASON_UNUSED");
    assert_int_equal(ask("Receipts/CloseBlock",
                         "{'series':'%s','firstNumber':%lld,'officer':'CB-1'}", series, first),
                     ANSINH__V1__CODE__CODE_NOT_FOUND);
}

static void bad_input_names_its_field(void **state)
{
    static const struct {
        const char *method, *json, *field;
    } bad[] = {
        {"Receipts/AllocateBlock", "{'pointCode':'BD02647','count':0,'officer':'o'}", "count"},
        {"Receipts/AllocateBlock", "{'pointCode':'BD02647','count':201,'officer':'o'}", "count"},
        {"Receipts/AllocateBlock", "{'pointCode':'nowhere','count':1,'officer':'o'}", "point_code"},
        {"Receipts/AllocateBlock", "{'pointCode':'BD02647','count':1}", "officer"},
        {"Receipts/VoidReceipt", "{'series':'x','number':1,'reason':1,'officer':'o'}", "series"},
        {"Receipts/VoidReceipt", "{'series':'a/b/2025','number':1,'reason':3,'officer':'o'}",
         "reason"},
        {"Receipts/VoidReceipt", "{'series':'a/b/2025','number':1,'reason':1,'officer':'o o'}",
         "officer"},
        {"Receipts/ReplaceReceipt", "{'series':'a/b/2025','number':1,'reason':1,'officer':'o'}",
         "number"},
        {"Receipts/CloseBlock", "{'series':'a/b/2025','firstNumber':1,'officer':'o'}",
         "first_number"},
        {"Receipts/GetReceipt", "{'paymentId':'x'}", "payment_id"},
        {"Receipts/GetReceipt", "{'paymentId':'p0001-1-999999'}", "payment_id"},
        {"Receipts/GetReceipt", "{'series':'a/b'}", "series"},
        {"Receipts/ListBlocks", "{}", "series"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (ask(bad[i].method, "%s", bad[i].json) == 0 ||
            strncmp(answer, bad[i].field, strlen(bad[i].field)) != 0)
            fail_msg("%s %s: %s", bad[i].method, bad[i].json, answer);
    }
}

static void a_repeated_command_is_answered_as_before(void **state)
{
    char first[512];
    (void)state;
    const char *json = "{\"pointCode\":\"BD02647\",\"count\":5,\"officer\":\"o\"}";
    assert_int_equal(
        platform_call(platform, "block-1", "Receipts/AllocateBlock", answer, "%s", json), 0);
    (void)snprintf(first, sizeof(first), "%.200s", answer);
    assert_int_equal(
        platform_call(platform, "block-1", "Receipts/AllocateBlock", answer, "%s", json), 0);
    assert_string_equal(answer, first);
    assert_int_equal(platform_call(platform, "block-1", "Receipts/AllocateBlock", answer, "%s",
                                   "{\"pointCode\":\"BD02647\",\"count\":6,\"officer\":\"o\"}"),
                     ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
}

static void the_ledger_says_the_same(void **state)
{
    (void)state;
    wait_numbered();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_payment_gets_the_next_number),
    cmocka_unit_test(a_receipt_says_its_point_and_its_code),
    cmocka_unit_test(anybody_can_check_a_code),
    cmocka_unit_test(wrong_codes_are_like_unknown_ones),
    cmocka_unit_test(a_void_receipt_keeps_its_number_and_its_trace),
    cmocka_unit_test(a_replacement_is_linked_both_ways),
    cmocka_unit_test(the_receipt_of_a_reversed_payment_is_void),
    cmocka_unit_test(a_block_takes_the_next_numbers_out),
    cmocka_unit_test(bad_input_names_its_field),
    cmocka_unit_test(a_repeated_command_is_answered_as_before),
    cmocka_unit_test(a_killed_issuer_leaves_no_gap_and_no_double),
    cmocka_unit_test(two_issuers_in_dispute_number_each_payment_once),
    cmocka_unit_test(the_ledger_says_the_same),
};

int main(void)
{
    const char *filter = getenv("TEST_FILTER");
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests(tests, start, stop);
}
