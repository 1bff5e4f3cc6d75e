/* A partner's payment that the agency refunded after its cut-off: what the partner, the reports and
 * the reconciliation say of it, and its payout. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/settle/eod.h"
#include "tests/support/booked.h"
#include "tests/support/collecting.h"

#define WAIT_MS 30000
#define LINE_BYTES 4096
#define INVALID ANSINH__V1__CODE__CODE_INVALID_ARGUMENT
#define PRECONDITION ANSINH__V1__CODE__CODE_FAILED_PRECONDITION

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], said[PLATFORM_SAID_BYTES], line[LINE_BYTES];
static char today[DATE_TEXT_BYTES], yesterday[DATE_TEXT_BYTES];
static char payment_id[64], refund_id[64], path[200];
static struct bill bill;
static long long paid_at_ms;

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.payments = 1, .settlement = 1});
    platform_import(platform);
    collecting_on(platform);
    paid_at_ms = collecting_now_ms() - 86400000LL;
    (void)snprintf(yesterday, sizeof(yesterday), "%s", collecting_date(paid_at_ms, 0));
    (void)snprintf(today, sizeof(today), "%s", collecting_date(paid_at_ms, 1));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int officer(const char *method, const char *officer_code, const char *rest)
{
    return platform_call(platform, NULL, method, answer,
                         "{\"paymentId\":\"%s\",\"officerCode\":\"%s\"%s}", payment_id,
                         officer_code, rest);
}

/* --- the partner ------------------------------------------------------------------------------ */

static void expect_state(const char *wanted)
{
    assert_int_equal(
        collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'ref-1'}"), 0);
    collected_says(wanted);
}

static void an_approved_refund_is_told_to_the_partner(void **state)
{
    (void)state;
    collecting_bill(0, yesterday, &bill);
    assert_int_equal(
        collect("VNPOST", "Collections/Pay",
                "{'partnerTransactionId':'ref-1','billId':'%s','billVersion':%s,'amountVnd':'%s',"
                "'paidAtMs':'%lld','businessDate':'%s','channel':1,"
                "'pointCode':'" COLLECTING_POINT "','collectorCode':'" COLLECTING_COLLECTOR "'}",
                bill.id, bill.version, bill.due, paid_at_ms, yesterday),
        0);
    json_auto_t *paid = json_loads(collected(), 0, NULL);
    (void)snprintf(
        payment_id, sizeof(payment_id), "%s",
        json_string_value(json_object_get(json_object_get(paid, "payment"), "paymentId")));
    if (officer("Payments/OpenRefundCase", "nv-1",
                ",\"reason\":\"REVERSAL_REASON_PARTICIPANT_ASKED\"") != 0)
        fail_msg("%s", answer);
    expect_state("COLLECTION_STATE_PAID"); /* it may be rejected */
    int64_t before_ms = clock_wall_ms();
    assert_int_equal(officer("Payments/ApproveRefundCase", "nv-2", ""), 0);
    expect_state("COLLECTION_STATE_REFUNDED");
    json_auto_t *root = json_loads(collected(), 0, NULL);
    const json_t *refund = json_object_get(root, "refund");
    (void)snprintf(refund_id, sizeof(refund_id), "%s",
                   json_string_value(json_object_get(refund, "refundId")));
    assert_memory_equal(refund_id, payment_id, strcspn(payment_id, "-"));
    assert_string_not_equal(refund_id, payment_id);
    assert_string_equal(json_string_value(json_object_get(refund, "paymentId")), payment_id);
    assert_string_equal(json_string_value(json_object_get(refund, "amountVnd")), bill.due);
    assert_string_equal(json_string_value(json_object_get(refund, "reason")),
                        "REVERSAL_REASON_PARTICIPANT_ASKED");
    int64_t at_ms = atoll(json_string_value(json_object_get(refund, "recordedAtMs")));
    assert_in_range(at_ms, before_ms, clock_wall_ms());
    assert_null(json_object_get(root, "reversal"));
    assert_non_null(json_object_get(root, "payment"));
}

static void it_cannot_be_reversed_any_more(void **state)
{
    (void)state;
    assert_int_equal(
        collect("VNPOST", "Collections/Reverse",
                "{'partnerTransactionId':'ref-1-r','originalTransactionId':'ref-1','reason':1}"),
        PRECONDITION);
    collected_says("refunded by the agency");
    expect_state("COLLECTION_STATE_REFUNDED");
}

static int is_listed(void *arg)
{
    (void)arg;
    return collect("VNPOST", "Collections/ListPayments", "{'businessDate':'%s'}", yesterday) == 0 &&
           strstr(collected(), "COLLECTION_STATE_REFUNDED") != NULL;
}

static void the_list_tells_the_same(void **state)
{
    (void)state;
    if (!wait_until(platform, is_listed, NULL, WAIT_MS))
        fail_msg("%s", collected());
    collected_says(refund_id);
    collected_says("\"amountVnd\":\"264000\",\"recordedAtMs\"");
    assert_null(strstr(collected(), "reversalId"));
}

/* --- reports ---------------------------------------------------------------------------------- */

/* The line of a report on one day that holds these words. */
static const char *reported(const char *kind, const char *day, const char *words)
{
    (void)snprintf(path, sizeof(path), "%s/report.csv", platform_directory(platform));
    assert_int_equal(platform_ansinh(platform, said, "report", kind, "--organisation", "VNPOST",
                                     "--from", day, "--to", day, "--out", path, NULL),
                     0);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    line[0] = '\0';
    while (strstr(line, words) == NULL)
        assert_non_null(fgets(line, sizeof(line), file));
    assert_int_equal(fclose(file), 0);
    return line;
}

static void d05_takes_it_off_on_the_day_it_was_decided(void **state)
{
    (void)state;
    char note[64];
    (void)snprintf(note, sizeof(note), "Hoàn trả %s", today);
    const char *row = reported("d05", today, note);
    assert_non_null(strstr(row, yesterday)); /* the receipt's day */
    assert_non_null(strstr(row, ",330000,264000,20,66000,"));
    assert_non_null(strstr(reported("d05", today, "II.2."), "Hoàn trả (602A)"));
    assert_non_null(
        strstr(reported("d05", today, "TỔNG CỘNG"), ",,-1,,-330000,-264000,,-66000,,0,,0"));
    assert_non_null(strstr(reported("d05", yesterday, "TỔNG CỘNG"), ",1,,330000,264000,,66000,"));
}

static void its_commission_is_taken_off(void **state)
{
    (void)state;
    assert_non_null(strstr(reported("commissions", yesterday, "Cộng"), ",1,264000,"));
    assert_non_null(strstr(reported("commissions", today, "Cộng"), ",-1,-264000,"));
}

/* --- reconciliation --------------------------------------------------------------------------- */

static void reconcile(enum eod_status status, const char *class, const char *differs)
{
    struct eod_writer *writer = NULL;
    int64_t due_vnd = 0, version = 0;
    int32_t day = 0;
    char words[160];
    assert_int_equal(parse_int64(bill.due, 0, INT64_MAX, &due_vnd), 0);
    assert_int_equal(parse_int64(bill.version, 1, UINT32_MAX, &version), 0);
    assert_int_equal(date_parse(yesterday, &day), 0);
    const struct eod_row row = {.transaction_id = "ref-1",
                                .payment_id = payment_id,
                                .bill_id = bill.id,
                                .bill_version = (uint32_t)version,
                                .amount_vnd = due_vnd,
                                .status = status,
                                .paid_at_ms = paid_at_ms,
                                .business_day = day,
                                .point = COLLECTING_POINT,
                                .collector = COLLECTING_COLLECTOR,
                                .channel = EOD_CASH};
    (void)snprintf(path, sizeof(path), "%s/day.csv", platform_directory(platform));
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    assert_int_equal(eod_writer_create("VNPOST", day, &writer), 0);
    assert_int_equal(eod_writer_row(writer, &row), 0);
    assert_int_equal(eod_writer_finish(writer, out, NULL), 0);
    assert_int_equal(fclose(out), 0);
    eod_writer_destroy(&writer);
    (void)platform_ansinh(platform, said, "reconcile", "--partner", "VNPOST", "--date", yesterday,
                          "--file", path, "--out", platform_directory(platform), NULL);
    (void)snprintf(words, sizeof(words), "%s/VNPOST-%s.csv", platform_directory(platform),
                   yesterday);
    FILE *report = fopen(words, "re");
    assert_non_null(report);
    line[0] = '\0';
    while (strstr(line, "ref-1") == NULL)
        assert_non_null(fgets(line, sizeof(line), report));
    assert_int_equal(fclose(report), 0);
    (void)snprintf(words, sizeof(words), "%s,\"refunded on %s, %s\"", differs, today, refund_id);
    if (strncmp(line, class, strlen(class)) != 0 || strstr(line, words) == NULL)
        fail_msg("not %s with %s: %s", class, words, line);
}

static void the_file_says_paid_and_the_money_stays_due(void **state)
{
    (void)state;
    reconcile(EOD_PAID, "matched", ",");
    reconcile(EOD_REVERSED, "status_differs", ",status,");
    assert_int_equal(platform_ansinh(platform, said, "remittance", "--partner", "VNPOST", "--date",
                                     yesterday, "--from", "VNPOST,9876543210,BFTVVNVX", "--to",
                                     "BHXH,0123456789,ICBVVNVX", NULL),
                     0);
    assert_non_null(strstr(said, ">264000</InstdAmt>"));
}

/* --- the payout ------------------------------------------------------------------------------- */

static int pay_out(const char *officer_code, const char *reference, const char *account,
                   const char *paid_on)
{
    char rest[256];
    (void)snprintf(rest, sizeof(rest),
                   ",\"reference\":\"%s\",\"bankAccount\":\"%s\",\"paidOn\":\"%s\"", reference,
                   account, paid_on);
    return officer("Payments/PayOutRefundCase", officer_code, rest);
}

static void is_refused(int code, int wanted, const char *words)
{
    assert_int_equal(code, wanted);
    if (strstr(answer, words) == NULL)
        fail_msg("%s is not in %s", words, answer);
}

/* A state has this case alone, or none. */
struct listed {
    const char *state;
    const char *words; /* NULL: none is listed */
};

static int is_case_listed(void *arg)
{
    const struct listed *wanted = arg;
    if (platform_call(platform, NULL, "Ledger/ListRefundCases", answer, "{\"state\":\"%s\"}",
                      wanted->state) != 0)
        return 0;
    if (wanted->words == NULL)
        return strstr(answer, "\"casesOpen\":\"0\"") != NULL;
    return strstr(answer, "\"casesOpen\":\"1\"") != NULL && strstr(answer, payment_id) != NULL &&
           strstr(answer, wanted->words) != NULL;
}

static void expect_listed(const char *state, const char *words)
{
    struct listed wanted = {state, words};
    if (!wait_until(platform, is_case_listed, &wanted, WAIT_MS))
        fail_msg("%s without %s: %s", state, words == NULL ? "none" : words, answer);
}

static void only_what_is_approved_waits_for_its_payout(void **state)
{
    (void)state;
    expect_listed("REFUND_STATE_UNSPECIFIED", NULL);
    expect_listed("REFUND_STATE_APPROVED", refund_id);
    expect_listed("REFUND_STATE_APPROVED", "\"decidedBy\":\"nv-2\"");
    expect_listed("REFUND_STATE_PAID_OUT", NULL);
    assert_int_equal(platform_call(platform, NULL, "Ledger/ListRefundCases", answer,
                                   "{\"state\":\"REFUND_STATE_REJECTED\"}"),
                     INVALID);
    assert_non_null(strstr(answer, "state: "));
}

static void a_payout_that_is_wrong_changes_nothing(void **state)
{
    (void)state;
    char long_reference[66] = "", long_account[37] = "";
    memset(long_reference, 'r', sizeof(long_reference) - 1);
    memset(long_account, '1', sizeof(long_account) - 1);
    is_refused(pay_out("nv-2", "UNC 7", "0011", ""), PRECONDITION,
               "officer_code: another officer than the one who approved");
    is_refused(pay_out("NV-2", "UNC 7", "0011", ""), PRECONDITION,
               "officer_code: another officer than the one who approved");
    is_refused(pay_out("", "UNC 7", "0011", ""), INVALID, "officer_code: ");
    is_refused(pay_out("nv-3", "", "0011", ""), INVALID, "reference: ");
    is_refused(pay_out("nv-3", long_reference, "0011", ""), INVALID, "reference: ");
    is_refused(pay_out("nv-3", "UNC é", "0011", ""), INVALID, "reference: ");
    is_refused(pay_out("nv-3", "UNC 7", "", ""), INVALID, "bank_account: ");
    is_refused(pay_out("nv-3", "UNC 7", long_account, ""), INVALID, "bank_account: ");
    is_refused(pay_out("nv-3", "UNC 7", "0011", "x"), INVALID, "paid_on: ");
    is_refused(pay_out("nv-3", "UNC 7", "0011", yesterday), INVALID, "paid_on: ");
    is_refused(pay_out("nv-3", "UNC 7", "0011", "2099-01-01"), INVALID, "paid_on: ");
    assert_int_equal(platform_call(platform, NULL, "Payments/GetRefundCase", answer,
                                   "{\"paymentId\":\"%s\"}", payment_id),
                     0);
    assert_non_null(strstr(answer, "REFUND_STATE_APPROVED"));
}

static void a_refund_is_paid_out_once(void **state)
{
    (void)state;
    char words[64];
    if (pay_out("nv-1", "UNC 7", "0011", "") != 0) /* who asked may */
        fail_msg("%s", answer);
    assert_non_null(strstr(answer, "REFUND_STATE_PAID_OUT"));
    is_refused(pay_out("nv-3", "UNC 8", "0011", ""), PRECONDITION, "was paid out on ");
    assert_non_null(strstr(answer, "reference UNC 7"));
    is_refused(officer("Payments/ApproveRefundCase", "nv-3", ""), PRECONDITION, "payment_id: ");
    is_refused(officer("Payments/OpenRefundCase", "nv-3", ",\"reason\":1"), PRECONDITION,
               "was taken back on ");
    assert_int_equal(platform_call(platform, NULL, "Payments/GetRefundCase", answer,
                                   "{\"paymentId\":\"%s\"}", payment_id),
                     0);
    static const char *const wanted[] = {"\"decidedBy\":\"nv-2\"", "\"paidOutBy\":\"nv-1\"",
                                         "\"reference\":\"UNC 7\"", "\"bankAccount\":\"0011\""};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        assert_non_null(strstr(answer, wanted[i]));
    (void)snprintf(words, sizeof(words), "\"paidOutOn\":\"%s\"", today);
    assert_non_null(strstr(answer, words));
    assert_int_equal(platform_call(platform, NULL, "Payments/GetPayment", answer,
                                   "{\"paymentId\":\"%s\"}", payment_id),
                     0);
    assert_string_equal(platform_field(answer, "reversalId"), refund_id); /* the approval's */
    expect_state("COLLECTION_STATE_REFUNDED");
    collected_says(refund_id);
}

static void what_was_paid_out_is_owed_no_more(void **state)
{
    (void)state;
    expect_listed("REFUND_STATE_PAID_OUT", "\"reference\":\"UNC 7\"");
    expect_listed("REFUND_STATE_APPROVED", NULL);
    assert_true(booked_wait(platform, WAIT_MS));
    platform_signal(platform, "settlement", 1, SIGKILL);
    platform_spawn(platform, "settlement", 1);
    platform_wait_ready(platform);
    expect_listed("REFUND_STATE_PAID_OUT", "\"paidOutBy\":\"nv-1\"");
    assert_int_equal(platform_call(platform, NULL, "Ledger/TrialBalance", answer, "{}"), 0);
    assert_non_null(strstr(answer, "\"isBalanced\":true"));
    assert_non_null(strstr(answer, "{\"account\":\"ACCOUNT_REFUNDS\",\"holder\":\"\",\"debitVnd\":"
                                   "\"264000\",\"creditVnd\":\"264000\",\"balanceVnd\":\"0\"}"));
    assert_int_equal(platform_call(platform, NULL, "Ledger/GetAccount", answer,
                                   "{\"account\":\"ACCOUNT_BANK_SETTLEMENT\",\"holder\":\"0011\"}"),
                     0);
    assert_non_null(strstr(answer, "\"balanceVnd\":\"-264000\""));
}

/* --- the whole -------------------------------------------------------------------------------- */

static void the_ledger_the_books_and_the_board_agree(void **state)
{
    (void)state;
    assert_true(booked_wait(platform, WAIT_MS));
    if (platform_ansinh(platform, said, "verify", NULL) != 0)
        fail_msg("%s", said);
    freeReplyObject(
        redis_server_do(platform_views(platform), "HDEL", "{v:books}:refunds", payment_id, NULL));
    assert_int_equal(platform_ansinh(platform, said, "verify", NULL), 1);
    assert_non_null(strstr(said, "refunds 4: is 0, the journals say 264000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_approved_refund_is_told_to_the_partner),
        cmocka_unit_test(it_cannot_be_reversed_any_more),
        cmocka_unit_test(the_list_tells_the_same),
        cmocka_unit_test(d05_takes_it_off_on_the_day_it_was_decided),
        cmocka_unit_test(its_commission_is_taken_off),
        cmocka_unit_test(the_file_says_paid_and_the_money_stays_due),
        cmocka_unit_test(only_what_is_approved_waits_for_its_payout),
        cmocka_unit_test(a_payout_that_is_wrong_changes_nothing),
        cmocka_unit_test(a_refund_is_paid_out_once),
        cmocka_unit_test(what_was_paid_out_is_owed_no_more),
        cmocka_unit_test(the_ledger_the_books_and_the_board_agree),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
