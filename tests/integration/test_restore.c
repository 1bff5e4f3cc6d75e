/* Drills: a ledger is lost and made anew from its archive, with and without what survived of it.
 * What it held before it holds again, digest by digest, and the platform works on. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/archived.h"
#include "tests/support/booked.h"
#include "tests/support/collecting.h"
#include "tests/support/people.h"

#define PEOPLE 300
#define LOST 40
#define WAIT_MS 30000
#define OUTPUT_BYTES (1 << 20)
#define BOOKS_BYTES 65536
#define ENROL                                                                                        \
    "{\"personalId\":\"010085900001\",\"fullName\":\"Giàng A Thử\",\"birthDate\":\"1985-05-17\"," \
    "\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\",\"supportGroup\":\"SUPPORT_GROUP_OTHER\","          \
    "\"incomeVnd\":\"1500000\",\"method\":\"METHOD_MONTHLY\",\"siCode\":\"0123456789\"}"
#define KEY "restore-drill-1"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], first_answer[4096], said[1024], folder[128];
static char partner_answer[4096];
static struct bill partner_bill;
static char payment[64];
static char series[32]; /* of payments at no point, this year */
static char books[BOOKS_BYTES];

#define PAYER(personal_id_)                                                                        \
    "{\"personalId\":\"" personal_id_ "\",\"fullName\":\"Lò Văn Trả\",\"birthDate\":"          \
    "\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\",\"supportGroup\":"                 \
    "\"SUPPORT_GROUP_OTHER\",\"incomeVnd\":\"1500000\",\"method\":\"METHOD_MONTHLY\"}"

/* Somebody new is enrolled and pays; the payment's id is kept. */
static void pay_once(const char *enrol)
{
    char bill[64], version[16], due[24];
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Enrol", answer, "%s", enrol), 0);
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"participantId\":\"%s\"}",
                                   platform_field(answer, "participantId")),
                     0);
    (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
    (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
    (void)snprintf(due, sizeof(due), "%s", platform_field(answer, "dueVnd"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Pay", answer,
                                   "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\"}",
                                   bill, version, due),
                     0);
    (void)snprintf(payment, sizeof(payment), "%s", platform_field(answer, "paymentId"));
}

/* Somebody pays ahead, moves, leaves, comes back and declares another income over an open bill. */
static void come_and_go(void)
{
    static const char *const enrol =
        "{\"personalId\":\"010085800009\",\"fullName\":\"Lò Văn Về\",\"birthDate\":"
        "\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\",\"supportGroup\":"
        "\"SUPPORT_GROUP_OTHER\",\"incomeVnd\":\"1500000\",\"method\":\"METHOD_HALF_YEARLY\","
        "\"enrolledOn\":\"%s\"}";
    char person[64], bill[64], version[16], due[24];
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Enrol", answer, enrol, "2025-07-10"),
                     0);
    (void)snprintf(person, sizeof(person), "%s", platform_field(answer, "participantId"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"participantId\":\"%s\",\"on\":\"2025-07-10\"}", person),
                     0);
    (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
    (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
    (void)snprintf(due, sizeof(due), "%s", platform_field(answer, "dueVnd"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Pay", answer,
                                   "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\","
                                   "\"paidOn\":\"2025-07-10\"}",
                                   bill, version, due),
                     0);
    assert_int_equal(platform_call(platform, NULL, "Enrolment/ChangeContribution", answer,
                                   "{\"participantId\":\"%s\",\"on\":\"2025-08-01\","
                                   "\"supportGroup\":\"SUPPORT_GROUP_POOR\"}",
                                   person),
                     0);
    assert_int_equal(platform_call(platform, NULL, "Enrolment/EndParticipation", answer,
                                   "{\"participantId\":\"%s\",\"on\":\"2025-09-15\","
                                   "\"reason\":\"END_REASON_ONE_OFF\"}",
                                   person),
                     0);
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Enrol", answer, enrol, "2025-11-10"),
                     0);
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"participantId\":\"%s\",\"on\":\"2025-11-10\"}", person),
                     0);
    assert_int_equal(platform_call(platform, NULL, "Enrolment/ChangeContribution", answer,
                                   "{\"participantId\":\"%s\",\"on\":\"2025-11-11\","
                                   "\"incomeVnd\":\"2000000\"}",
                                   person),
                     0);
}

static void call(const char *method, const char *body)
{
    if (platform_call(platform, NULL, method, answer, "%s", body) != 0)
        fail_msg("%s %s: %s", method, body, answer);
}

/* A member of a household buys a card, takes it back and buys another one, and is declared again.
 */
static void insure(void)
{
    static const char declaration[] =
        "{\"personalId\":\"010085800009\",\"fullName\":\"Lò Văn Về\",\"birthDate\":"
        "\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\",\"householdCode\":"
        "\"0123456789\",\"siCode\":\"0123456700\"}";
    static const char inquiry[] = "{\"personalId\":\"010085800009\",\"product\":2,\"months\":3,"
                                  "\"memberRank\":1}";
    char body[600], bill[64], version[16], due[24];
    call("Enrolment/DeclareHealth", declaration);
    for (int i = 0; i < 2; i++) {
        call("Payments/Inquire", inquiry);
        (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
        (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
        (void)snprintf(due, sizeof(due), "%s", platform_field(answer, "dueVnd"));
        (void)snprintf(body, sizeof(body),
                       "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":%s}", bill, version,
                       due);
        call("Payments/Pay", body);
        (void)snprintf(body, sizeof(body), "{\"paymentId\":\"%s\",\"reason\":1}",
                       platform_field(answer, "paymentId"));
        if (i == 0)
            call("Payments/Reverse", body);
    }
    call("Enrolment/DeclareHealth", declaration);
}

/* Pays on a day (empty: today) and takes it back: reversed, or refunded by two officers. */
static void take_back(const char *personal_id, const char *day, int is_refund)
{
    char body[600], bill[64], version[16], due[24], paid[64];
    (void)snprintf(
        body, sizeof(body),
        "{\"personalId\":\"%s\",\"fullName\":\"A\",\"birthDate\":\"1985-05-17\",\"sex\":2,"
        "\"unitCode\":\"02647\",\"supportGroup\":4,\"incomeVnd\":1500000,\"method\":1,"
        "\"enrolledOn\":\"%s\"}",
        personal_id, day);
    call("Enrolment/Enrol", body);
    (void)snprintf(body, sizeof(body), "{\"personalId\":\"%s\",\"on\":\"%s\"}", personal_id, day);
    call("Payments/Inquire", body);
    (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
    (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
    (void)snprintf(due, sizeof(due), "%s", platform_field(answer, "dueVnd"));
    (void)snprintf(body, sizeof(body),
                   "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":%s,\"paidOn\":\"%s\"}",
                   bill, version, due, day);
    call("Payments/Pay", body);
    (void)snprintf(paid, sizeof(paid), "%s", platform_field(answer, "paymentId"));
    (void)snprintf(body, sizeof(body),
                   "{\"paymentId\":\"%s\",\"reason\":1,\"officerCode\":\"nv-1\"}", paid);
    call(is_refund ? "Payments/OpenRefundCase" : "Payments/Reverse", body);
    (void)snprintf(body, sizeof(body), "{\"paymentId\":\"%s\",\"officerCode\":\"nv-2\"}", paid);
    if (is_refund)
        call("Payments/ApproveRefundCase", body);
}

/* A partner's payment and a cancelled one, which are known for ever. */
static void partner_pays(void)
{
    collecting_on(platform);
    collecting_bill(PEOPLE_MAX - 20, "", &partner_bill);
    assert_int_equal(collect_pay("kept-1", &partner_bill), 0);
    (void)snprintf(partner_answer, sizeof(partner_answer), "%.4000s", collected());
    assert_int_equal(collect("VNPOST", "Collections/Reverse",
                             "{'partnerTransactionId':'kept-2-r',"
                             "'originalTransactionId':'kept-2','reason':6}"),
                     0);
    platform_set_partner(platform, "");
}

static void expect_partner(void)
{
    assert_int_equal(collect_pay("kept-1", &partner_bill), 0);
    assert_string_equal(collected(), partner_answer);
    assert_int_equal(
        collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'kept-2'}"), 0);
    collected_says("COLLECTION_STATE_CANCELLED");
    platform_set_partner(platform, "");
}

/* --- the books -------------------------------------------------------------------------------- */

/* Cash is handed over, and the bank has money: an organisation's, somebody's, and of that a part
 * which turns out to be an organisation's. */
static void move_money(void)
{
#define ENTRY(ref) "\"bankAccount\":\"0011002233\",\"statementId\":\"s-1\",\"entryRef\":\"" ref "\""
    call("Custody/Remit", "{\"holderCode\":\"" COLLECTING_COLLECTOR
                          "\",\"amountVnd\":\"100000\",\"reference\":\"slip-1\"}");
    call("Ledger/PostBankEntry",
         "{" ENTRY("e-1") ",\"amountVnd\":\"60000\","
                          "\"bookedOn\":\"2025-11-20\",\"organisationCode\":\"VNPOST\"}");
    call("Ledger/PostBankEntry",
         "{" ENTRY("e-2") ",\"amountVnd\":\"9000\",\"bookedOn\":\"2025-11-20\"}");
    call("Ledger/MoveSuspense",
         "{" ENTRY("e-2") ",\"amountVnd\":\"4000\","
                          "\"organisationCode\":\"VNPOST\",\"officerCode\":\"nv-1\"}");
    call("Receipts/AllocateBlock",
         "{\"pointCode\":\"" COLLECTING_POINT "\",\"count\":5,\"officer\":\"nv-1\"}");
}

/* The number that is issued next at no point. */
static long long next_number(void)
{
    char body[64];
    (void)snprintf(body, sizeof(body), "{\"series\":\"%s\"}", series);
    call("Receipts/ListBlocks", body);
    return atoll(platform_field(answer, "nextNumber"));
}

/* What settlement says of the money, but not as of when, which comes last. */
static void take_books(char ret[BOOKS_BYTES])
{
    static const struct {
        const char *method, *body;
    } asked[] = {
        {"Ledger/TrialBalance", "{}"},
        {"Ledger/ListSuspense", "{}"},
        {"Ledger/GetAccount", "{\"account\":\"ACCOUNT_BANK_SETTLEMENT\"}"},
        {"Custody/GetCustody", "{\"holderCode\":\"" COLLECTING_COLLECTOR "\"}"},
        {"Receipts/GetReceipt", "{\"series\":\"%s\",\"number\":\"7\"}"},
        {"Receipts/ListBlocks", "{\"series\":\"%s\"}"},
        {"Receipts/ListBlocks", "{\"series\":\"VNPOST/" COLLECTING_POINT "/%s\"}"},
    };
    char body[128];
    size_t len = 0;
    if (!booked_wait(platform, WAIT_MS))
        fail_msg("the books do not come to an end");
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        const char *of = strstr(asked[i].body, "VNPOST") == NULL ? series : series + strlen("-/-/");
        const char *hole = strstr(asked[i].body, "%s");
        int before = hole == NULL ? (int)strlen(asked[i].body) : (int)(hole - asked[i].body);
        (void)snprintf(body, sizeof(body), "%.*s%s%s", before, asked[i].body,
                       hole == NULL ? "" : of, hole == NULL ? "" : hole + 2);
        call(asked[i].method, body);
        char *as_of = strstr(answer, "\"asOfMs\":");
        if (as_of != NULL)
            *as_of = '\0';
        len += (size_t)snprintf(ret + len, BOOKS_BYTES - len, "%s\n", answer);
        assert_true(len < BOOKS_BYTES);
    }
}

/* The money is where it was, and every receipt has the number that it had. */
static void expect_books(void)
{
    static char now[BOOKS_BYTES];
    const char *a = now, *b = books;
    take_books(now);
    while (*a != '\0' && *a == *b)
        a++, b++;
    if (*a != *b)
        fail_msg("%.*s: ...%.200s\nbut it was: ...%.200s", (int)MIN(a - now, 40), now, a, b);
}

static int start(void **state)
{
    (void)state;
    int year, month, day;
    date_split(clock_business_day(clock_wall_ms()), &year, &month, &day);
    (void)snprintf(series, sizeof(series), "-/-/%d", year);
    static const char *const environment[] = {ARCHIVED_AT_ONCE, NULL};
    platform = platform_start(&(struct platform_conf){
        .archiver = 1, .notifications = 1, .settlement = 1, .environment = environment});
    (void)snprintf(folder, sizeof(folder), "%s/archive", platform_directory(platform));
    platform_import(platform);
    assert_int_equal(people_load(platform, "before", 0, PEOPLE, 64), PEOPLE);
    assert_int_equal(platform_call(platform, KEY, "Enrolment/Enrol", answer, ENROL), 0);
    (void)snprintf(first_answer, sizeof(first_answer), "%.4000s", answer);
    pay_once(PAYER("010085800001"));
    come_and_go();
    insure();
    take_back("010085810071", "", 0);
    take_back("010085810072", "2025-11-10", 1);
    partner_pays();
    move_money();
    /* an open bill */
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"personalId\":\"010085900001\"}"),
                     0);
    take_books(books);
    assert_true(archived_wait(platform, WAIT_MS));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- steps of a drill ------------------------------------------------------------------------- */

/* The line "digest all ...". */
static void take_digest(char ret[80])
{
    char command[200], output[200] = "";
    const char *build = getenv("O");
    (void)snprintf(command, sizeof(command), "%s/bin/ansinh verify --digest | tail -2",
                   build == NULL ? "build" : build);
    FILE *pipe = popen(command, "r");
    size_t n = fread(output, 1, sizeof(output) - 1, pipe);
    output[n] = '\0';
    (void)pclose(pipe);
    if (strstr(output, " 0 differences") == NULL || strncmp(output, "digest all ", 11) != 0)
        fail_msg("%s", output);
    (void)snprintf(ret, 80, "%.75s", output);
}

static const char *const services[] = {"enrolment",     "payments", "analytics",
                                       "notifications", "archiver", "settlement"};

static void kill_services(void)
{
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        platform_signal(platform, services[i], 1, SIGKILL);
}

static void empty(struct redis_server *server)
{
    freeReplyObject(redis_server_do(server, "FLUSHALL", NULL));
    freeReplyObject(redis_server_do(server, "FUNCTION", "FLUSH", NULL));
}

/* Both servers are as on their first day. */
static void lose_everything(void)
{
    empty(platform_ledger(platform));
    empty(platform_views(platform));
}

static void start_services(void)
{
    if (platform_ansinh(platform, said, "init", NULL) != 0)
        fail_msg("%s", said);
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        platform_spawn(platform, services[i], 1);
    platform_wait_ready(platform);
}

static void expect_participant(void)
{
    assert_int_equal(platform_call(platform, NULL, "Enrolment/GetParticipant", answer,
                                   "{\"siCode\":\"0123456789\"}"),
                     0);
    assert_non_null(strstr(answer, "\"maskedName\":\""));
    assert_string_not_equal(platform_field(answer, "maskedName"), "");
}

static void expect_payment(void)
{
    assert_int_equal(platform_call(platform, NULL, "Payments/GetPayment", answer,
                                   "{\"paymentId\":\"%s\"}", payment),
                     0);
    expect_partner();
}

/* One more payment gets the next number, and nothing differs. */
static void expect_next_number(long long next)
{
    pay_once(PAYER("010085800003"));
    assert_true(booked_wait(platform, WAIT_MS));
    assert_int_equal(next_number(), next + 1);
    if (platform_ansinh(platform, said, "verify", "--archive", folder, NULL) != 0)
        fail_msg("%s", said);
}

/* --- from the archive alone ------------------------------------------------------------------- */

static void test_from_the_archive_alone(void **state)
{
    (void)state;
    char before[80], after[80];
    take_digest(before);
    platform_signal(platform, "archiver", 1, SIGKILL);
    platform_spawn(platform, "archiver", 1); /* it holds nothing that matters */
    platform_signal(platform, "archiver", 1, SIGSTOP);
    assert_int_equal(people_load(platform, "lost", PEOPLE, LOST, 8), LOST);
    platform_signal(platform, "archiver", 1, SIGCONT);
    kill_services();
    lose_everything();
    if (platform_ansinh(platform, said, "restore", "--archive", folder, NULL) != 0)
        fail_msg("%s", said);
    assert_non_null(strstr(said, "empty the views server"));
    assert_int_equal(platform_ansinh(platform, said, "init", NULL), 0);
    take_digest(after);
    assert_string_equal(after, before);
    start_services();
    expect_books();
    long long next = next_number();
    expect_participant();
    expect_payment();
    /* it was done, and is not done again; but what was answered is lost */
    assert_int_equal(platform_call(platform, KEY, "Enrolment/Enrol", answer, ENROL),
                     ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
    assert_non_null(strstr(answer, "its answer was lost when the ledger was restored"));
    /* who was lost comes again, and gets ids that were never given */
    assert_true(people_wait_board(platform, "15", PEOPLE + 3, WAIT_MS));
    assert_int_equal(people_load(platform, NULL, PEOPLE, LOST, 8), LOST);
    pay_once(PAYER("010085800002"));
    assert_non_null(strstr(payment, "-2-"));
    assert_true(people_wait_board(platform, "15", PEOPLE + LOST + 4, WAIT_MS));
    assert_true(booked_wait(platform, WAIT_MS));
    assert_int_equal(next_number(), next + LOST + 1);
    assert_true(archived_wait(platform, WAIT_MS));
    if (platform_ansinh(platform, said, "verify", "--archive", folder, NULL) != 0)
        fail_msg("%s", said);
}

/* --- with what survived ----------------------------------------------------------------------- */

static void copy_ledger(char ret[160])
{
    char command[600];
    (void)snprintf(ret, 160, "%s/copy", platform_directory(platform));
    (void)snprintf(command, sizeof(command), "mkdir -p %s && cp -a %s/ledger %s/", ret,
                   platform_directory(platform), ret);
    redis_server_kill(platform_ledger(platform));
    assert_int_equal(system(command), 0);
    redis_server_restart(platform_ledger(platform));
}

static void test_with_the_surviving_file(void **state)
{
    (void)state;
    char before[80], after[80], copy[160];
    platform_signal(platform, "archiver", 1, SIGKILL);
    assert_int_equal(people_load(platform, "late", PEOPLE, LOST, 8), LOST);
    pay_once(PAYER("010085800002"));
    take_books(books);
    take_digest(before);
    platform_spawn(platform, "archiver", 1);
    kill_services();
    copy_ledger(copy);
    assert_int_equal(platform_ansinh(platform, said, "verify", "--copy", copy, NULL), 0);
    lose_everything();
    if (platform_ansinh(platform, said, "restore", "--archive", folder, "--copy", copy, NULL) != 0)
        fail_msg("%s", said);
    assert_int_equal(platform_ansinh(platform, said, "init", NULL), 0);
    take_digest(after);
    assert_string_equal(after, before);
    start_services();
    expect_books();
    long long next = next_number();
    expect_participant();
    expect_payment();
    /* the survivor had the answer, too */
    assert_int_equal(platform_call(platform, KEY, "Enrolment/Enrol", answer, ENROL), 0);
    assert_string_equal(answer, first_answer);
    assert_true(people_wait_board(platform, "15", PEOPLE + LOST + 4, WAIT_MS));
    expect_next_number(next);
}

/* The journals alone, when the records beside them are damaged. */
static void test_from_the_surviving_file_alone(void **state)
{
    (void)state;
    char before[80], after[80], copy[160], key[KEY_MAX_BYTES];
    take_digest(before);
    kill_services();
    for (unsigned p = 0; p < PARTITIONS; p++) {
        (void)key_totals(p, key);
        freeReplyObject(redis_server_do(platform_ledger(platform), "DEL", key, NULL));
    }
    copy_ledger(copy);
    lose_everything();
    if (platform_ansinh(platform, said, "restore", "--copy", copy, NULL) != 0)
        fail_msg("%s", said);
    assert_int_equal(platform_ansinh(platform, said, "init", NULL), 0);
    take_digest(after);
    assert_string_equal(after, before);
    start_services();
    expect_books();
    expect_next_number(next_number());
}

/* --- refusals --------------------------------------------------------------------------------- */

static void expect_refusal(int status, const char *words, const char *option, const char *value)
{
    int got = platform_ansinh(platform, said, "restore", option, value, NULL);
    if (got != status || strstr(said, words) == NULL)
        fail_msg("%d, want \"%s\" in: %s", got, words, said);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    char path[160], name[SEGMENT_NAME_BYTES], copy[160];
    expect_refusal(1, "the new ledger is not empty", "--archive", folder);
    assert_int_equal(platform_ansinh(platform, said, "restore", NULL), 2);
    kill_services();
    copy_ledger(copy);
    lose_everything();
    expect_refusal(2, "usage: ", "--speed", "9");
    expect_refusal(1, "there is no segment", "--archive", "/nowhere");
    expect_refusal(1, "/nowhere/ledger is no folder", "--copy", "/nowhere");
    segment_name(1, name);
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(truncate(path, 1000), 0);
    expect_refusal(1, "the archive is damaged: nothing was restored", "--archive", folder);
    assert_int_equal(redis_server_integer(platform_ledger(platform), "DBSIZE", NULL), 0);
    /* one that was cut off is not taken for a ledger */
    freeReplyObject(
        redis_server_do(platform_ledger(platform), "SET", "ansinh:restoring", "1", NULL));
    assert_int_equal(platform_ansinh(platform, said, "init", NULL), 1);
    assert_non_null(strstr(said, "the ledger is half restored"));
}

/* The archive of one ledger and the file of another. */
static void test_two_ledgers_are_not_mixed(void **state)
{
    (void)state;
    char copy[160], key[KEY_MAX_BYTES];
    kill_services();
    /* every entry becomes another one */
    for (unsigned p = 0; p < PARTITIONS; p++) {
        (void)key_journal(p, key);
        redisReply *reply = redis_server_do(
            platform_ledger(platform), "EVAL",
            "local all = redis.call('XRANGE', KEYS[1], '-', '+') redis.call('DEL', KEYS[1]) "
            "for _, e in ipairs(all) do redis.call('XADD', KEYS[1], e[1], 'e', e[2][2] .. 'x') end",
            "1", key, NULL);
        freeReplyObject(reply);
    }
    copy_ledger(copy);
    lose_everything();
    assert_int_equal(
        platform_ansinh(platform, said, "restore", "--archive", folder, "--copy", copy, NULL), 1);
    assert_non_null(strstr(said, "they are of two ledgers"));
    assert_non_null(strstr(said, "half restored: empty it"));
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, start, stop, NULL                                                             \
    }

static const struct CMUnitTest tests[] = {
    TEST(test_from_the_archive_alone),        TEST(test_with_the_surviving_file),
    TEST(test_from_the_surviving_file_alone), TEST(test_what_is_refused),
    TEST(test_two_ledgers_are_not_mixed),
};

TEST_MAIN(tests)
