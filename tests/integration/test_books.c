/* The books over real processes: whatever is done, debits equal credits, an account opens into its
 * entries, and what was true at a time stays true. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/people.h"

#define PEOPLE 300
#define WINDOW 50
#define WAIT_MS 30000
#define PAGE 7
#define ORGANISATION "VNPOST"
#define POINT "BD02647"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

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

/* --- asking ----------------------------------------------------------------------------------- */

static int ask(const char *method, const char *json)
{
    char text[512];
    (void)snprintf(text, sizeof(text), "%s", json);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    return platform_call(platform, NULL, method, answer, "%s", text);
}

/* The first field of this name behind a place in the answer; "": none. */
static const char *text_after(const char *at, const char *name)
{
    static char text[64];
    char wanted[64];
    int len = snprintf(wanted, sizeof(wanted), "\"%s\":", name);
    at = strstr(at, wanted);
    text[0] = '\0';
    if (at != NULL)
        (void)snprintf(text, sizeof(text), "%.*s",
                       (int)strcspn(at + len + (at[len] == '"'), "\",}"),
                       at + len + (at[len] == '"'));
    return text;
}

static long long number(const char *name)
{
    return atoll(text_after(answer, name));
}

/* The trial balance; as_of_ms 0: now. Debits (or credits) of one account in it. */
static long long debits_of(const char *account, int64_t as_of_ms)
{
    char json[128], wanted[64];
    (void)snprintf(json, sizeof(json), "{'asOfMs':'%lld'}", (long long)as_of_ms);
    if (ask("Ledger/TrialBalance", json) != 0)
        return -1;
    (void)snprintf(wanted, sizeof(wanted), "\"account\":\"ACCOUNT_%s\"", account);
    const char *at = strstr(answer, wanted);
    return at == NULL ? 0 : atoll(text_after(at, "debitVnd"));
}

struct want {
    const char *account, *holder;
    long long debits;
};

static int has_debits(void *arg)
{
    const struct want *want = arg;
    return debits_of(want->account, 0) == want->debits;
}

/* What is in memory is in views a moment later: the balance of the entries there. */
static int has_entries(void *arg)
{
    const struct want *want = arg;
    char json[128];
    (void)snprintf(json, sizeof(json), "{'account':'ACCOUNT_%s','holder':'%s','pageSize':1}",
                   want->account, want->holder);
    return ask("Ledger/GetAccount", json) == 0 && number("debitVnd") == want->debits;
}

static void wait_entries(const char *account, const char *holder, long long debits)
{
    struct want want = {account, holder, debits};
    if (!wait_until(platform, has_entries, &want, WAIT_MS))
        fail_msg("%s is not %lld: %s", account, debits, answer);
}

static void wait_debits(const char *account, long long debits)
{
    struct want want = {account, "", debits};
    if (!wait_until(platform, has_debits, &want, WAIT_MS))
        fail_msg("%s is not %lld: %s", account, debits, answer);
}

static void assert_balanced(void)
{
    assert_non_null(strstr(answer, "\"isBalanced\":true"));
}

static int is_verified(void *arg)
{
    return platform_ansinh(arg, answer, "verify", NULL) == 0 &&
           strstr(answer, " 0 differences") != NULL;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void nothing_is_balanced(void **state)
{
    (void)state;
    wait_debits("COLLECTOR_CASH", 0);
    assert_balanced();
    assert_int_equal(ask("Ledger/GetAccount", "{'account':'ACCOUNT_REFUNDS'}"), 0);
    assert_int_equal(number("balanceVnd"), 0);
    assert_non_null(strstr(answer, "\"entries\":[]"));
}

/* Everybody pays 264,000 (330,000 less 66,000 of the state) in cash, to nobody in particular. */
static void what_is_paid_is_in_the_books(void **state)
{
    (void)state;
    assert_int_equal(people_load(platform, NULL, 0, PEOPLE, WINDOW), PEOPLE);
    wait_debits("CENTRAL_BUDGET", PEOPLE * 66000LL);
    assert_balanced();
    assert_int_equal(debits_of("COLLECTOR_CASH", 0), PEOPLE * 264000LL);
    assert_int_equal(debits_of("PARTICIPANT_RECEIVABLE", 0), PEOPLE * 264000LL);
    assert_int_equal(debits_of("CONTRIBUTIONS", 0), 0);
    assert_int_equal(ask("Ledger/TrialBalance", "{'withHolders':true,'pageSize':2}"), 0);
    assert_string_equal(platform_field(answer, "nextPageToken"), "2:-");
    assert_int_equal(
        ask("Ledger/TrialBalance", "{'withHolders':true,'account':'ACCOUNT_CONTRIBUTIONS'}"), 0);
    assert_non_null(strstr(answer, "\"holder\":\"VOLUNTARY_SI\""));
    assert_string_equal(platform_field(answer, "nextPageToken"), "");
}

/* Every posting once, page by page. */
static void an_account_opens_into_its_entries(void **state)
{
    (void)state;
    char json[256], token[64] = "";
    long long sum = 0;
    unsigned n = 0;
    wait_entries("COLLECTOR_CASH", "-", PEOPLE * 264000LL);
    do {
        (void)snprintf(json, sizeof(json),
                       "{'account':'ACCOUNT_COLLECTOR_CASH','holder':'-','pageSize':%d,"
                       "'pageToken':'%s'}",
                       PAGE, token);
        assert_int_equal(ask("Ledger/GetAccount", json), 0);
        for (const char *at = answer; (at = strstr(at, "\"amountVnd\":\"")) != NULL; at++, n++)
            sum += atoll(at + strlen("\"amountVnd\":\""));
        (void)snprintf(token, sizeof(token), "%s", platform_field(answer, "nextPageToken"));
    } while (token[0] != '\0' && n < 2 * PEOPLE);
    assert_int_equal(n, PEOPLE);
    assert_int_equal(sum, PEOPLE * 264000LL);
    assert_int_equal(number("balanceVnd"), sum);
    (void)snprintf(json, sizeof(json), "%s", text_after(answer, "position"));
    assert_int_equal(platform_call(platform, NULL, "Payments/GetPayment", answer,
                                   "{\"paymentId\":\"%s\"}", json),
                     0);
    assert_int_equal(number("amountVnd"), 264000);
}

/* A time that is over stays as it was, whatever comes later. */
static void as_of_a_time_is_as_it_was(void **state)
{
    (void)state;
    char json[128];
    int64_t then_ms = clock_wall_ms();
    assert_int_equal(people_load(platform, NULL, PEOPLE, PEOPLE, WINDOW), PEOPLE);
    wait_entries("CENTRAL_BUDGET", "", 2 * PEOPLE * 66000LL);
    assert_int_equal(debits_of("CENTRAL_BUDGET", then_ms), PEOPLE * 66000LL);
    assert_balanced();
    (void)snprintf(json, sizeof(json), "{'account':'ACCOUNT_CENTRAL_BUDGET','asOfMs':'%lld'}",
                   (long long)then_ms);
    assert_int_equal(ask("Ledger/GetAccount", json), 0);
    assert_int_equal(number("balanceVnd"), PEOPLE * 66000LL);
    (void)snprintf(json, sizeof(json),
                   "{'account':'ACCOUNT_CENTRAL_BUDGET','fromMs':'%lld','pageSize':1000}",
                   (long long)then_ms);
    assert_int_equal(ask("Ledger/GetAccount", json), 0);
    unsigned n = 0;
    for (const char *at = answer; (at = strstr(at, "\"position\"")) != NULL; at++)
        n++;
    assert_int_equal(n, PEOPLE);
    assert_int_equal(debits_of("CENTRAL_BUDGET", 1), 0);
}

/* At each of some moments of a load: the balance is the sum of the entries until then. */
static void any_second_is_a_fold_to_that_second(void **state)
{
    (void)state;
    static char entries[PLATFORM_ANSWER_BYTES];
    char json[128];
    assert_int_equal(
        ask("Ledger/GetAccount", "{'account':'ACCOUNT_CENTRAL_BUDGET','pageSize':1000}"), 0);
    (void)strcpy(entries, answer);
    for (int moment = 0; moment < 20; moment++) {
        long long sum = 0;
        const char *at = entries;
        for (int i = 0; i <= moment * 29; i++)
            at = strstr(at + 1, "\"atMs\":\"");
        int64_t then_ms = atoll(at + strlen("\"atMs\":\""));
        for (at = entries; (at = strstr(at, "\"atMs\":\"")) != NULL; at++)
            sum += atoll(at + strlen("\"atMs\":\"")) <= then_ms ? 66000 : 0;
        (void)snprintf(json, sizeof(json),
                       "{'account':'ACCOUNT_CENTRAL_BUDGET','asOfMs':'%lld','pageSize':1}",
                       (long long)then_ms);
        assert_int_equal(ask("Ledger/GetAccount", json), 0);
        assert_int_equal(number("balanceVnd"), sum);
        assert_int_equal(debits_of("CENTRAL_BUDGET", then_ms), sum);
        assert_balanced();
    }
}

static void a_partition_is_balanced_alone(void **state)
{
    (void)state;
    char json[64];
    unsigned n_used = 0;
    for (unsigned p = 0; p < 1024; p += 16) {
        (void)snprintf(json, sizeof(json), "{'partition':'p%04u'}", p);
        assert_int_equal(ask("Ledger/TrialBalance", json), 0);
        assert_balanced();
        n_used += number("entries") > 0;
    }
    assert_true(n_used > 10);
}

/* A participation ends with months unused: owed back, and no longer by the budget. */
static void a_refund_is_booked(void **state)
{
    (void)state;
    char participant[64];
    assert_int_equal(
        ask("Enrolment/Enrol",
            "{'personalId':'010085900001','fullName':'Nguyễn An','birthDate':'1985-05-17',"
            "'sex':'SEX_MALE','unitCode':'02647','supportGroup':'SUPPORT_GROUP_OTHER',"
            "'incomeVnd':'1500000','method':'METHOD_YEARLY'}"),
        0);
    (void)strcpy(participant, platform_field(answer, "participantId"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"participantId\":\"%s\"}", participant),
                     0);
    long long due = number("dueVnd");
    char bill[64];
    (void)strcpy(bill, platform_field(answer, "billId"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Pay", answer,
                                   "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%lld\","
                                   "\"channel\":\"PAYMENT_CHANNEL_TRANSFER\"}",
                                   bill, platform_field(answer, "billVersion"), due),
                     0);
    wait_debits("ORGANISATION_CLEARING", due);
    assert_int_equal(platform_call(platform, NULL, "Enrolment/EndParticipation", answer,
                                   "{\"participantId\":\"%s\",\"reason\":\"END_REASON_DECEASED\"}",
                                   participant),
                     0);
    long long refund = number("refundVnd"), central = number("centralVnd");
    assert_true(refund > 0);
    wait_entries("CONTRIBUTIONS", "VOLUNTARY_SI", refund + central);
    wait_debits("CONTRIBUTIONS", refund + central);
    assert_balanced();
    assert_int_equal(ask("Ledger/GetAccount", "{'account':'ACCOUNT_REFUNDS'}"), 0);
    assert_int_equal(number("balanceVnd"), -refund);
}

/* How many payments a page after page lists, each once. */
static unsigned list_booked(const char *organisation, const char *date, unsigned page_size)
{
    char json[256], token[64] = "";
    static char seen[3 * PEOPLE][32];
    unsigned n = 0;
    do {
        (void)snprintf(json, sizeof(json),
                       "{'organisationCode':'%s','businessDate':'%s','pageSize':%u,"
                       "'pageToken':'%s'}",
                       organisation, date, page_size, token);
        assert_int_equal(ask("Books/ListBooked", json), 0);
        for (const char *at = answer; (at = strstr(at, "\"paymentId\"")) != NULL; at++) {
            assert_true(n < 3 * PEOPLE);
            (void)snprintf(seen[n], sizeof(seen[n]), "%s", text_after(at, "paymentId"));
            for (unsigned i = 0; i < n; i++)
                assert_string_not_equal(seen[i], seen[n]);
            n++;
        }
        (void)snprintf(token, sizeof(token), "%s", text_after(answer, "nextPageToken"));
    } while (token[0] != '\0');
    return n;
}

static void payments_are_listed_by_organisation_and_date(void **state)
{
    (void)state;
    char today[16], bill[64];
    date_format(clock_business_day(clock_wall_ms()), today);
    assert_int_equal(list_booked("", today, 1000), 2 * PEOPLE + 1);
    assert_int_equal(list_booked("", today, 13), 2 * PEOPLE + 1);
    assert_int_equal(list_booked("", "2025-07-01", 10), 0);
    assert_int_equal(list_booked(ORGANISATION, today, 10), 0);
    assert_int_equal(
        ask("Enrolment/Enrol",
            "{'personalId':'010085900002','fullName':'Nguyễn An','birthDate':'1985-05-17',"
            "'sex':'SEX_MALE','unitCode':'02647','supportGroup':'SUPPORT_GROUP_OTHER',"
            "'incomeVnd':'1500000','method':'METHOD_MONTHLY'}"),
        0);
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"participantId\":\"%s\"}",
                                   platform_field(answer, "participantId")),
                     0);
    (void)strcpy(bill, platform_field(answer, "billId"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Pay", answer,
                                   "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"264000\","
                                   "\"pointCode\":\"%s\"}",
                                   bill, platform_field(answer, "billVersion"), POINT),
                     0);
    wait_entries("COLLECTOR_CASH", POINT, 264000);
    assert_int_equal(list_booked(ORGANISATION, today, 10), 1);
    assert_string_equal(text_after(answer, "pointCode"), POINT);
    assert_string_equal(text_after(answer, "participantVnd"), "264000");
    assert_string_equal(text_after(answer, "reversalId"), "");
    char payment[32];
    (void)strcpy(payment, text_after(answer, "paymentId"));
    long long before = debits_of("CONTRIBUTIONS", 0);
    assert_int_equal(platform_call(platform, NULL, "Payments/Reverse", answer,
                                   "{\"paymentId\":\"%s\",\"reason\":"
                                   "\"REVERSAL_REASON_WRONG_PERSON\",\"officerCode\":\"CB01\"}",
                                   payment),
                     0);
    wait_entries("CONTRIBUTIONS", "VOLUNTARY_SI", before + 330000);
    assert_int_equal(list_booked(ORGANISATION, today, 10), 1);
    assert_string_not_equal(text_after(answer, "reversalId"), "");
    assert_true(number("reversedAtMs") > 0);
    wait_entries("COLLECTOR_CASH", POINT, 264000);
    assert_int_equal(number("balanceVnd"), 0);
}

#define POST "Ledger/PostBankEntry"
#define MOVE "Ledger/MoveSuspense"
#define ENTRY(ref) "'bankAccount':'0011002233','statementId':'2026-11-22','entryRef':'" ref "'"

/* Money that the bank has: an organisation's at once, or in suspense until somebody knows. */
static void what_nobody_knows_is_in_suspense(void **state)
{
    (void)state;
    static const char posted[] = "{" ENTRY("FT1") ",'amountVnd':'500000','bookedOn':'2026-11-21',"
                                                  "'organisationCode':'VNPOST'}";
    static const char unknown[] = "{" ENTRY("FT2") ",'amountVnd':'70000','bookedOn':'2026-11-21'}";
    assert_int_equal(ask(POST, posted), 0);
    assert_int_equal(number("suspenseVnd"), 0);
    assert_string_not_equal(text_after(answer, "entryId"), "");
    assert_int_equal(ask(POST, unknown), 0);
    assert_int_equal(number("suspenseVnd"), 70000);
    assert_int_equal(ask(POST, posted), 0); /* again: nothing happens */
    assert_int_equal(ask(POST, unknown), 0);
    assert_string_equal(text_after(answer, "entryId"), "");
    assert_int_equal(ask(POST, "{" ENTRY("FT2") ",'amountVnd':'70001','bookedOn':'2026-11-21'}"),
                     ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
    wait_entries("BANK_SETTLEMENT", "0011002233", 570000);
    assert_int_equal(ask("Ledger/ListSuspense", "{}"), 0);
    assert_string_equal(text_after(answer, "reference"), "FT2");
    assert_int_equal(number("balanceVnd"), 70000);
    assert_int_equal(number("itemsOpen"), 1);
    assert_true(number("sinceMs") > 0);
    assert_int_equal(ask(MOVE, "{" ENTRY("FT2") ",'amountVnd':'70001',"
                                                "'organisationCode':'VNPOST','officerCode':'CB1'}"),
                     ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    assert_int_equal(ask(MOVE, "{" ENTRY("FT2") ",'amountVnd':'20000',"
                                                "'organisationCode':'VNPOST','officerCode':'CB1'}"),
                     0);
    assert_int_equal(number("suspenseVnd"), 50000);
    assert_int_equal(
        ask(MOVE, "{" ENTRY("FT2") ",'organisationCode':'VIETTEL','officerCode':'CB1'}"), 0);
    assert_int_equal(number("movedVnd"), 50000);
    assert_int_equal(
        ask(MOVE, "{" ENTRY("FT2") ",'organisationCode':'VIETTEL','officerCode':'CB1'}"),
        ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    assert_int_equal(
        ask(MOVE, "{" ENTRY("FT9") ",'organisationCode':'VIETTEL','officerCode':'CB1'}"),
        ANSINH__V1__CODE__CODE_NOT_FOUND);
    wait_entries("SUSPENSE", "FT2", 70000);
    assert_int_equal(number("balanceVnd"), 0);
    assert_int_equal(ask("Ledger/ListSuspense", "{}"), 0);
    assert_int_equal(number("itemsOpen"), 0);
    assert_int_equal(debits_of("BANK_SETTLEMENT", 0), 570000);
    assert_balanced();
}

static void bad_questions_name_the_field(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {
        {"Ledger/TrialBalance", "{'asOfMs':'-1'}", "as_of_ms"},
        {"Ledger/TrialBalance", "{'asOfMs':'9000000000000'}", "as_of_ms"},
        {"Ledger/TrialBalance", "{'pageSize':1001}", "page_size"},
        {"Ledger/TrialBalance", "{'pageToken':'99:x'}", "page_token"},
        {"Ledger/TrialBalance", "{'partition':'p1024'}", "partition"},
        {"Ledger/TrialBalance", "{'partition':'p0001','withHolders':true}", "partition"},
        {POST, "{'bankAccount':'1','statementId':'1'}", "entry_ref"},
        {POST, "{" ENTRY("x") "}", "amount_vnd"},
        {POST, "{" ENTRY("x") ",'amountVnd':'1','bookedOn':'x'}", "booked_on"},
        {POST, "{" ENTRY("x") ",'amountVnd':'1','bookedOn':'2026-01-01','organisationCode':'x'}",
         "organisation_code"},
        {MOVE, "{" ENTRY("x") ",'organisationCode':'VNPOST'}", "officer_code"},
        {"Ledger/ListSuspense", "{'pageSize':101}", "page_size"},
        {"Ledger/GetBudget", "{'provinceCode':'1x'}", "province_code"},
        {"Books/ListBooked", "{'businessDate':'2025-13-01'}", "business_date"},
        {"Books/ListBooked", "{'businessDate':'2025-12-01','pageToken':'7'}", "page_token"},
        {"Books/ListBooked", "{'businessDate':'2025-12-01','pageSize':1001}", "page_size"},
        {"Books/ListBooked",
         "{'businessDate':'2025-12-01','organisationCode':'123456789012345678901234567890123'}",
         "organisation_code"},
        {"Ledger/GetAccount", "{}", "account"},
        {"Ledger/GetAccount", "{'account':99}", "account"},
        {"Ledger/GetAccount", "{'account':1,'asOfMs':'9000000000000'}", "as_of_ms"},
        {"Ledger/GetAccount", "{'account':1,'fromMs':'-5'}", "from_ms"},
        {"Ledger/GetAccount", "{'account':1,'pageSize':1001}", "page_size"},
        {"Ledger/GetAccount", "{'account':1,'pageToken':'1-2'}", "page_token"},
        {"Ledger/GetAccount", "{'account':1,'pageToken':'1-2-3-4'}", "page_token"},
        {"Ledger/GetAccount", "{'account':1,'holder':'123456789012345678901234567890123456'}",
         "holder"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(ask(wrong[i][0], wrong[i][1]), ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        if (strncmp(answer, wrong[i][2], strlen(wrong[i][2])) != 0)
            fail_msg("%s %s: %s", wrong[i][0], wrong[i][1], answer);
    }
}

/* The leader dies in the midst of a load, twice; then the views server loses everything. */
static void the_books_survive(void **state)
{
    (void)state;
    long long central = debits_of("CENTRAL_BUDGET", 0), cash = debits_of("COLLECTOR_CASH", 0);
    for (unsigned n = 1; n <= 2; n++) {
        platform_signal(platform, "settlement", n, SIGKILL);
        assert_int_equal(people_load(platform, NULL, (n + 1) * PEOPLE, PEOPLE, WINDOW), PEOPLE);
        platform_spawn(platform, "settlement", n);
    }
    central += 2 * PEOPLE * 66000LL;
    cash += 2 * PEOPLE * 264000LL;
    wait_entries("CENTRAL_BUDGET", "", central);
    wait_debits("CENTRAL_BUDGET", central);
    assert_int_equal(debits_of("COLLECTOR_CASH", 0), cash);
    assert_balanced();
    freeReplyObject(redis_server_do(platform_views(platform), "FLUSHALL", NULL));
    wait_entries("CENTRAL_BUDGET", "", central);
    wait_entries("COLLECTOR_CASH", "-", cash - 264000); /* and one that the point has */
    wait_debits("COLLECTOR_CASH", cash);
    assert_int_equal(debits_of("COLLECTOR_CASH", clock_wall_ms() - 1), cash);
    assert_balanced();
    if (!wait_until(platform, is_verified, platform, WAIT_MS))
        fail_msg("%s", answer);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_is_balanced),
    cmocka_unit_test(what_is_paid_is_in_the_books),
    cmocka_unit_test(an_account_opens_into_its_entries),
    cmocka_unit_test(as_of_a_time_is_as_it_was),
    cmocka_unit_test(any_second_is_a_fold_to_that_second),
    cmocka_unit_test(a_partition_is_balanced_alone),
    cmocka_unit_test(a_refund_is_booked),
    cmocka_unit_test(payments_are_listed_by_organisation_and_date),
    cmocka_unit_test(what_nobody_knows_is_in_suspense),
    cmocka_unit_test(bad_questions_name_the_field),
    cmocka_unit_test(the_books_survive),
};

int main(void)
{
    return !!cmocka_run_group_tests(tests, start, stop);
}
