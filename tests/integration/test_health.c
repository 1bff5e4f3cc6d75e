/* Family health insurance of real processes: declared, billed, paid, taken back, in the books, and
 * beside the voluntary insurance of the same person. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/booked.h"
#include "tests/support/collecting.h"
#include "tests/support/people.h"

#define WAIT_MS 30000
#define YEAR_AGO (-365)

#define INVALID ANSINH__V1__CODE__CODE_INVALID_ARGUMENT
#define PRECONDITION ANSINH__V1__CODE__CODE_FAILED_PRECONDITION
#define EXISTS ANSINH__V1__CODE__CODE_ALREADY_EXISTS
#define NOT_FOUND ANSINH__V1__CODE__CODE_NOT_FOUND
#define DENIED ANSINH__V1__CODE__CODE_PERMISSION_DENIED

static struct platform *platform;
static char first[PLATFORM_ANSWER_BYTES], said[PLATFORM_SAID_BYTES];

static int start(void **state)
{
    (void)state;
    platform =
        platform_start(&(struct platform_conf){.payments = 2, .settlement = 1, .notifications = 1});
    platform_import(platform);
    collecting_on(platform);
    assert_int_equal(
        collect(
            "", "Partners/ImportPartners",
            "{'partners':[{'organisationCode':'VNPOST','products':[1,2],'cutOffMinute':1439}]}"),
        0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

static const char *day(int after)
{
    return collecting_date(collecting_now_ms(), after);
}

static const char *personal_id(unsigned i)
{
    static struct sample_person person;
    people_make(i, 0, &person);
    return person.personal_id;
}

/* In time to be renewed today: the card before ends yesterday. */
static void declare(unsigned i)
{
    char declared[DATE_TEXT_BYTES];
    (void)snprintf(declared, sizeof(declared), "%s", day(YEAR_AGO));
    if (collect("", "Enrolment/DeclareHealth",
                "{'personalId':'%s','fullName':'Nguyễn Văn An','birthDate':'1985-05-17','sex':2,"
                "'unitCode':'02647','householdCode':'1234567890','address':'Thôn 2',"
                "'siCode':'%010u','declaredOn':'%s','previousValidUntil':'%s',"
                "'email':'an%u@example.vn'}",
                personal_id(i), i + 1, declared, day(-1), i) != 0)
        fail_msg("%s", collected());
}

/* A text of the last answer, however deep; "": none. */
static const char *text_of(const char *field)
{
    static char text[64];
    char name[64];
    int len = snprintf(name, sizeof(name), "\"%s\":\"", field);
    const char *at = strstr(collected(), name);
    text[0] = '\0';
    if (at != NULL)
        (void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(at + len, "\""), at + len);
    return text;
}

static void keep(char *to, size_t size, const char *field)
{
    const char *text =
        text_of(field)[0] == '\0' ? platform_field(collected(), field) : text_of(field);
    (void)snprintf(to, size, "%s", text);
    assert_string_not_equal(to, "");
}

static void keep_bill(struct bill *ret)
{
    keep(ret->id, sizeof(ret->id), "billId");
    keep(ret->version, sizeof(ret->version), "billVersion");
    keep(ret->due, sizeof(ret->due), "dueVnd");
}

static void inquire(unsigned i, unsigned months, unsigned rank, struct bill *ret)
{
    if (collect("VNPOST", "Collections/Inquire",
                "{'personalId':'%s','product':2,'months':%u,'memberRank':%u}", personal_id(i),
                months, rank) != 0)
        fail_msg("%s", collected());
    keep_bill(ret);
}

static long long number(const char *field)
{
    return atoll(text_of(field));
}

static int is_verified(void *arg)
{
    return platform_ansinh(arg, said, "verify", NULL) == 0 &&
           strstr(said, " 0 differences") != NULL;
}

static void verify(void)
{
    if (!booked_wait(platform, WAIT_MS) || !wait_until(platform, is_verified, platform, WAIT_MS))
        fail_msg("%s", said);
}

/* --- billing ---------------------------------------------------------------------------------- */

static void who_is_not_declared_has_no_bill(void **state)
{
    (void)state;
    struct bill bill;
    collecting_bill(100, "", &bill); /* a participant is no member of a household by that */
    assert_int_equal(collect("VNPOST", "Collections/Inquire",
                             "{'personalId':'%s','product':2,'months':12,'memberRank':1}",
                             personal_id(100)),
                     NOT_FOUND);
    assert_int_equal(collect("", "Payments/Inquire",
                             "{'personalId':'%s','product':2,'months':12,'memberRank':1}",
                             personal_id(100)),
                     NOT_FOUND);
    collected_says("Enrolment/DeclareHealth");
    assert_int_equal(collect("VNPOST", "Collections/Inquire",
                             "{'siCode':'%010u','product':2,'months':12,'memberRank':1}", 101),
                     NOT_FOUND);
}

static void a_declaration_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *change, *says;
    } cases[] = {
        {"'householdCode':'12345'", "household_code: "},
        {"'unitCode':'15'", "unit_code: "},
        {"'unitCode':'99999'", "unit_code: unknown"},
        {"'birthDate':'1985-13-01'", "birth_date: "},
        {"'sex':1", "personal_id: "},
        {"'declaredOn':'2999-01-01'", "declared_on: "},
        {"'declaredOn':'1969-12-31'", "declared_on: the tables have no "},
        {"'previousValidUntil':'soon'", "previous_valid_until: "},
        {"'previousValidUntil':'2199-01-01'", "previous_valid_until: "},
        {"'language':7", "language: "},
        {"'collectorCode':'NOBODY'", "collector_code: "},
        {"'siCode':'1'", "si_code: "},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char json[1024] = "";
        static const char *const usual[] = {
            "'personalId':'%s'",         "'fullName':'Nguyễn Văn An'",
            "'birthDate':'1985-05-17'",  "'sex':2",
            "'unitCode':'02647'",        "'householdCode':'1234567890'",
            "'declaredOn':'2026-01-01'",
        };
        for (size_t k = 0; k < ARRAY_LEN(usual); k++) {
            size_t name = strcspn(usual[k], ":");
            const char *text =
                strncmp(usual[k], cases[i].change, name) == 0 ? cases[i].change : usual[k];
            size_t len = strlen(json);
            (void)snprintf(json + len, sizeof(json) - len, "%s", k == 0 ? "" : ",");
            len = strlen(json);
            if (k == 0)
                (void)snprintf(json + len, sizeof(json) - len, "'personalId':'%s'",
                               personal_id(101));
            else
                (void)snprintf(json + len, sizeof(json) - len, "%s", text);
        }
        size_t len = strlen(json);
        if (strstr(json, cases[i].change) == NULL)
            (void)snprintf(json + len, sizeof(json) - len, ",%s", cases[i].change);
        assert_int_equal(collect("", "Enrolment/DeclareHealth", "{%s}", json), INVALID);
        collected_says(cases[i].says);
    }
    assert_int_equal(collect("", "Payments/Inquire",
                             "{'personalId':'%s','product':2,'months':12,'memberRank':1}",
                             personal_id(101)),
                     NOT_FOUND);
}

static void a_member_is_billed_by_rank_and_months(void **state)
{
    (void)state;
    struct bill bill, same;
    declare(1);
    assert_int_equal(collect("", "Payments/Quote", "{'product':2,'months':12,'memberRank':2}"), 0);
    long long quoted = number("dueVnd");
    inquire(1, 12, 2, &bill);
    assert_int_equal(atoll(bill.due), quoted);
    collected_says("\"maskedName\":\"N***** V** A*\"");
    collected_says("\"product\":\"PRODUCT_HEALTH_HOUSEHOLD\"");
    collected_says("\"memberRank\":2");
    assert_string_equal(text_of("cardFrom"), day(0));
    assert_int_equal(number("grossVnd"), quoted);
    (void)snprintf(first, sizeof(first), "%s", collected());
    assert_int_equal(collect("VNPOST", "Collections/Inquire", "{'billId':'%s'}", bill.id), 0);
    assert_string_equal(collected(), first);
    assert_int_equal(collect("VNPOST", "Collections/Inquire",
                             "{'siCode':'0000000002','product':2,'months':12,'memberRank':2}"),
                     0);
    assert_string_equal(collected(), first);
    inquire(1, 12, 2, &same);
    assert_string_equal(same.id, bill.id);
    inquire(1, 6, 0, &same); /* the rank of the open bill */
    assert_string_not_equal(same.id, bill.id);
    assert_int_equal(atoll(same.due) * 2, quoted);
    inquire(1, 12, 1, &same);
    assert_true(atoll(same.due) > quoted);
}

static void what_is_asked_wrongly_is_named(void **state)
{
    (void)state;
    struct bill bill, voluntary;
    declare(2);
    collecting_bill(2, "", &voluntary);
    static const struct {
        const char *change, *says;
    } cases[] = {{"'months':4,'memberRank':1", "months: want one of 3, 6, 12"},
                 {"'months':12", "member_rank: "},
                 {"'memberRank':1", "months: "},
                 {"'months':12,'memberRank':100", "member_rank: "}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(collect("VNPOST", "Collections/Inquire",
                                 "{'personalId':'%s','product':2,%s}", personal_id(2),
                                 cases[i].change),
                         INVALID);
        collected_says(cases[i].says);
    }
    inquire(2, 3, 1, &bill);
    assert_int_equal(
        collect("VNPOST", "Collections/Inquire", "{'billId':'%s','method':1}", bill.id),
        PRECONDITION);
    collected_says("method: ");
    assert_int_equal(
        collect("VNPOST", "Collections/Inquire", "{'billId':'%s','product':1}", bill.id), INVALID);
    collected_says("product: the id is one of PRODUCT_HEALTH_HOUSEHOLD");
    assert_int_equal(
        collect("VNPOST", "Collections/Inquire", "{'billId':'%s','memberRank':1}", voluntary.id),
        INVALID);
    collected_says("member_rank: only for PRODUCT_HEALTH_HOUSEHOLD");
    assert_int_equal(
        collect("", "Payments/Inquire", "{'personalId':'%s','months':1}", personal_id(2)), INVALID);
    assert_int_equal(
        collect("", "Payments/Inquire", "{'personalId':'%s','product':3}", personal_id(2)),
        INVALID);
}

static void who_does_not_collect_it_is_refused(void **state)
{
    (void)state;
    struct bill bill;
    declare(3);
    inquire(3, 3, 1, &bill);
    assert_int_equal(collect("HPN", "Collections/Inquire",
                             "{'personalId':'%s','product':2,'months':3,'memberRank':1}",
                             personal_id(3)),
                     DENIED);
    collected_says("does not collect family health insurance");
    assert_int_equal(collect("HPN", "Collections/Inquire", "{'billId':'%s'}", bill.id), DENIED);
    collected_says("does not collect family health insurance");
    assert_int_equal(
        collect("HPN", "Collections/Pay",
                "{'partnerTransactionId':'h-3','billId':'%s','billVersion':%s,'amountVnd':'%s',"
                "'paidAtMs':'%lld','businessDate':'%s','channel':2}",
                bill.id, bill.version, bill.due, collecting_now_ms(), day(1)),
        DENIED);
    assert_int_equal(collect("HPN", "Collections/GetPayment", "{'partnerTransactionId':'h-3'}"), 0);
    collected_says("COLLECTION_STATE_NOT_FOUND");
}

static void what_is_a_participants_is_not_done_to_a_member(void **state)
{
    (void)state;
    struct bill bill;
    char id[BASE32_TEXT_BYTES];
    declare(4);
    keep(id, sizeof(id), "memberId");
    assert_int_equal(collect("", "Enrolment/GetParticipant", "{'participantId':'%s'}", id),
                     NOT_FOUND);
    assert_int_equal(
        collect("", "Enrolment/EndParticipation", "{'participantId':'%s','reason':5}", id),
        NOT_FOUND);
    assert_int_equal(
        collect("", "Enrolment/ChangeContribution", "{'participantId':'%s','supportGroup':1}", id),
        NOT_FOUND);
    assert_int_equal(
        collect("", "Payments/Inquire", "{'participantId':'%s','months':6,'memberRank':3}", id), 0);
    collected_says("PRODUCT_HEALTH_HOUSEHOLD");
    keep_bill(&bill);
}

/* --- paying ----------------------------------------------------------------------------------- */

static void a_payment_is_told_the_same_for_ever(void **state)
{
    (void)state;
    struct bill bill;
    declare(5);
    inquire(5, 12, 1, &bill);
    assert_int_equal(collect_pay("h-5", &bill), 0);
    collected_says("\"product\":\"PRODUCT_HEALTH_HOUSEHOLD\"");
    collected_says("\"memberRank\":1");
    assert_string_equal(text_of("cardFrom"), day(0));
    (void)snprintf(first, sizeof(first), "%s", collected());
    assert_int_equal(collect_pay("h-5", &bill), 0);
    assert_string_equal(collected(), first);
    struct bill other = bill;
    (void)snprintf(other.due, sizeof(other.due), "1");
    assert_int_equal(collect_pay("h-5", &other), EXISTS);
    assert_int_equal(collect_pay("h-5b", &bill), PRECONDITION);
    assert_int_equal(collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'h-5'}"),
                     0);
    collected_says("COLLECTION_STATE_PAID");
    collected_says("PRODUCT_HEALTH_HOUSEHOLD");
}

static void the_next_card_follows_and_no_further_one(void **state)
{
    (void)state;
    struct bill bill;
    declare(6);
    inquire(6, 3, 1, &bill);
    assert_int_equal(collect_pay("h-6", &bill), 0);
    char to[DATE_TEXT_BYTES], from[DATE_TEXT_BYTES];
    int32_t last;
    keep(to, sizeof(to), "cardTo");
    assert_int_equal(date_parse(to, &last), 0);
    date_format(last + 1, from);
    inquire(6, 3, 1, &bill);
    assert_string_equal(text_of("cardFrom"), from);
    assert_int_equal(collect_pay("h-6b", &bill), 0);
    assert_int_equal(collect("VNPOST", "Collections/Inquire",
                             "{'personalId':'%s','product':2,'months':3,'memberRank':1}",
                             personal_id(6)),
                     PRECONDITION);
    collected_says("as_of: the card of ");
}

static void both_products_of_a_person_go_side_by_side(void **state)
{
    (void)state;
    struct bill health, voluntary;
    collecting_bill(7, "", &voluntary);
    declare(7);
    inquire(7, 12, 2, &health);
    assert_int_equal(collect_pay("v-7", &voluntary), 0);
    collected_says("\"product\":\"PRODUCT_VOLUNTARY_SI\"");
    assert_int_equal(collect_pay("h-7", &health), 0);
    collected_says("\"product\":\"PRODUCT_HEALTH_HOUSEHOLD\"");
    assert_int_equal(collect("", "Enrolment/GetParticipant", "{'personalId':'%s'}", personal_id(7)),
                     0);
    collected_says("\"monthsPaid\":1");
}

static void a_reversal_leaves_the_card_before(void **state)
{
    (void)state;
    struct bill bill, again;
    declare(8);
    inquire(8, 12, 1, &bill);
    assert_int_equal(collect_pay("h-8", &bill), 0);
    assert_int_equal(collect("VNPOST", "Collections/Reverse",
                             "{'partnerTransactionId':'hr-8','originalTransactionId':'h-8',"
                             "'reason':1}"),
                     0);
    collected_says("COLLECTION_STATE_REVERSED");
    (void)snprintf(first, sizeof(first), "%s", collected());
    assert_int_equal(collect("VNPOST", "Collections/Reverse",
                             "{'partnerTransactionId':'hr-8','originalTransactionId':'h-8',"
                             "'reason':1}"),
                     0);
    assert_string_equal(collected(), first);
    inquire(8, 12, 1, &again);
    assert_string_not_equal(again.id, bill.id);
    assert_string_equal(text_of("cardFrom"), day(0));
}

static void a_reversal_before_its_payment_cancels_it(void **state)
{
    (void)state;
    struct bill bill;
    declare(9);
    inquire(9, 12, 1, &bill);
    assert_int_equal(collect("VNPOST", "Collections/Reverse",
                             "{'partnerTransactionId':'hr-9','originalTransactionId':'h-9',"
                             "'reason':1}"),
                     0);
    assert_int_equal(collect_pay("h-9", &bill), PRECONDITION);
}

/* The agency's own way, and a refund case of a day whose cut-off is over. */
static void a_refund_case_gives_it_back(void **state)
{
    (void)state;
    struct bill bill;
    char payment[64];
    declare(10);
    assert_int_equal(collect("", "Payments/Inquire",
                             "{'personalId':'%s','product':2,'months':6,'memberRank':1,'on':'%s'}",
                             personal_id(10), day(-3)),
                     0);
    keep_bill(&bill);
    if (collect("", "Payments/Pay",
                "{'billId':'%s','billVersion':%s,'amountVnd':'%s','paidOn':'%s','channel':1,"
                "'pointCode':'" COLLECTING_POINT "','collectorCode':'" COLLECTING_COLLECTOR "'}",
                bill.id, bill.version, bill.due, day(-3)) != 0)
        fail_msg("%s", collected());
    assert_string_equal(text_of("cardFrom"), day(0));
    keep(payment, sizeof(payment), "paymentId");
    assert_int_equal(collect("", "Payments/GetPayment", "{'paymentId':'%s'}", payment), 0);
    collected_says("PRODUCT_HEALTH_HOUSEHOLD");
    assert_int_equal(collect("", "Payments/Reverse", "{'paymentId':'%s','reason':1}", payment),
                     PRECONDITION);
    assert_int_equal(collect("", "Payments/OpenRefundCase",
                             "{'paymentId':'%s','reason':1,'officerCode':'cb-1'}", payment),
                     0);
    assert_int_equal(collect("", "Payments/ApproveRefundCase",
                             "{'paymentId':'%s','officerCode':'cb-2'}", payment),
                     0);
    assert_int_equal(collect("", "Payments/Inquire",
                             "{'personalId':'%s','product':2,'months':6,'memberRank':1}",
                             personal_id(10)),
                     0);
    assert_string_equal(text_of("cardFrom"), day(0));
}

static void killing_payments_loses_nothing(void **state)
{
    (void)state;
    struct bill bill;
    declare(11);
    inquire(11, 12, 4, &bill);
    platform_signal(platform, "payments", 1, SIGKILL);
    assert_int_equal(collect_pay("h-11", &bill), 0);
    (void)snprintf(first, sizeof(first), "%s", collected());
    platform_signal(platform, "payments", 2, SIGKILL);
    platform_spawn(platform, "payments", 1);
    platform_spawn(platform, "payments", 2);
    platform_wait_ready(platform);
    assert_int_equal(collect_pay("h-11", &bill), 0);
    assert_string_equal(collected(), first);
}

/* --- what is told of it ----------------------------------------------------------------------- */

static int is_booked(void *arg)
{
    (void)arg;
    return collect("", "Ledger/GetAccount",
                   "{'account':'ACCOUNT_CONTRIBUTIONS','holder':'HEALTH_HOUSEHOLD'}") == 0 &&
           number("creditVnd") > 0;
}

static void the_books_and_lists_tell_the_product(void **state)
{
    (void)state;
    assert_true(wait_until(platform, is_booked, NULL, WAIT_MS));
    assert_true(booked_wait(platform, WAIT_MS));
    assert_int_equal(collect("VNPOST", "Collections/ListPayments", "{'businessDate':'%s'}", day(0)),
                     0);
    const char *row = strstr(collected(), "\"h-5\"");
    assert_non_null(row);
    row = strstr(row, "\"product\":");
    assert_non_null(row);
    assert_true(strncmp(row, "\"product\":\"PRODUCT_HEALTH_HOUSEHOLD\"", 36) == 0);
    collected_says("\"cardFrom\":");
}

static void the_code_on_the_receipt_tells_the_card(void **state)
{
    (void)state;
    char code[32], to[DATE_TEXT_BYTES];
    assert_int_equal(collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'h-5'}"),
                     0);
    keep(code, sizeof(code), "verificationCode");
    keep(to, sizeof(to), "cardTo");
    assert_int_equal(collect("", "Receipts/VerifyCode", "{'code':'%s'}", code), 0);
    collected_says("RECEIPT_STATE_VALID");
    collected_says("\"product\":\"PRODUCT_HEALTH_HOUSEHOLD\"");
    assert_string_equal(text_of("cardTo"), to);
}

static int is_told(void *arg)
{
    return collect("", "Notifications/ListDeliveries", "{'participantId':'%s'}",
                   (const char *)arg) == 0 &&
           strstr(collected(), "\"DELIVERY_KIND_RECEIPT\"") != NULL &&
           strstr(collected(), "\"DELIVERY_KIND_REVERSAL\"") != NULL &&
           strstr(collected(), "QUEUED") == NULL;
}

static void the_member_is_written_to(void **state)
{
    (void)state;
    struct bill bill;
    char member[BASE32_TEXT_BYTES];
    declare(8);
    keep(member, sizeof(member), "memberId");
    assert_true(wait_until(platform, is_told, member, WAIT_MS));
    collected_says("DELIVERY_STATE_SENT");
    assert_null(strstr(collected(), "DELIVERY_KIND_WELCOME"));
    inquire(8, 12, 1, &bill);
}

/* One payment here is of a participant: v-7. */
static void no_health_payment_is_on_the_board(void **state)
{
    (void)state;
    verify();
    assert_int_equal(collect("", "Analytics/GetProgress", "{'unitCode':'02647'}"), 0);
    assert_int_equal(number("participants"), 1);
    assert_int_equal(number("payments"), 1);
}

static void a_declaration_is_corrected_by_another(void **state)
{
    (void)state;
    struct bill bill;
    declare(12);
    declare(12);
    inquire(12, 3, 1, &bill);
    assert_int_equal(collect_pay("h-12", &bill), 0);
    assert_int_equal(
        collect("", "Enrolment/DeclareHealth",
                "{'personalId':'%s','fullName':'Nguyễn Văn An','birthDate':'1985-05-17','sex':2,"
                "'unitCode':'02671','householdCode':'1234567890','previousValidUntil':'%s'}",
                personal_id(12), day(90)),
        PRECONDITION);
    collected_says("previous_valid_until: ");
    assert_int_equal(
        collect("", "Enrolment/DeclareHealth",
                "{'personalId':'%s','fullName':'Nguyễn Văn An','birthDate':'1985-05-17','sex':2,"
                "'unitCode':'02671','householdCode':'1234567890'}",
                personal_id(12)),
        0);
    inquire(12, 3, 1, &bill);
    verify();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(who_is_not_declared_has_no_bill),
    cmocka_unit_test(a_declaration_is_checked),
    cmocka_unit_test(a_member_is_billed_by_rank_and_months),
    cmocka_unit_test(what_is_asked_wrongly_is_named),
    cmocka_unit_test(who_does_not_collect_it_is_refused),
    cmocka_unit_test(what_is_a_participants_is_not_done_to_a_member),
    cmocka_unit_test(a_payment_is_told_the_same_for_ever),
    cmocka_unit_test(the_next_card_follows_and_no_further_one),
    cmocka_unit_test(both_products_of_a_person_go_side_by_side),
    cmocka_unit_test(a_reversal_leaves_the_card_before),
    cmocka_unit_test(a_reversal_before_its_payment_cancels_it),
    cmocka_unit_test(a_refund_case_gives_it_back),
    cmocka_unit_test(killing_payments_loses_nothing),
    cmocka_unit_test(the_books_and_lists_tell_the_product),
    cmocka_unit_test(the_code_on_the_receipt_tells_the_card),
    cmocka_unit_test(the_member_is_written_to),
    cmocka_unit_test(no_health_payment_is_on_the_board),
    cmocka_unit_test(a_declaration_is_corrected_by_another),
};

int main(void)
{
    return cmocka_run_group_tests(tests, start, stop) == 0 ? 0 : 1;
}
