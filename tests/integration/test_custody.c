/* Cash in hand over real processes: limits that hold, remittances, alarms told once. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/support/payer.h"

#define WAIT_MS 30000
#define COLLECTOR "NV0001"
#define BY_COLLECTOR "\"pointCode\":\"BD02647\",\"collectorCode\":\"" COLLECTOR "\""

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];
static unsigned next_person = 700000;

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

static int ask_as(const char *key, const char *method, const char *json)
{
    char text[512];
    (void)snprintf(text, sizeof(text), "%s", json);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    return platform_call(platform, key, method, answer, "%s", text);
}

static int ask(const char *method, const char *json)
{
    return ask_as(NULL, method, json);
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

static void limit(const char *rest)
{
    char json[256];
    (void)snprintf(json, sizeof(json),
                   "{'partners':[{'organisationCode':'VNPOST','products':[1]%s}]}", rest);
    if (ask("Partners/ImportPartners", json) != 0)
        fail_msg("%s", answer);
}

static int pay(const char *rest)
{
    struct payer payer;
    payer_enrol(platform, next_person++, &payer);
    return payer_pay(platform, &payer, rest, answer);
}

struct want {
    const char *field;
    long long value;
};

static int has(void *arg)
{
    const struct want *want = arg;
    return ask("Custody/GetCustody", "{'holderCode':'" COLLECTOR "'}") == 0 &&
           number(want->field) == want->value;
}

static void wait_custody(const char *field, long long value)
{
    struct want want = {field, value};
    if (!wait_until(platform, has, &want, WAIT_MS))
        fail_msg("%s is not %lld: %s", field, value, answer);
}

static int is_blocked(void *arg)
{
    (void)arg;
    struct payer payer;
    payer_enrol(platform, next_person++, &payer);
    int code = payer_pay(platform, &payer, BY_COLLECTOR, answer);
    return code == ANSINH__V1__CODE__CODE_FAILED_PRECONDITION &&
           strncmp(answer, "collector_code", strlen("collector_code")) == 0;
}

static int is_free(void *arg)
{
    (void)arg;
    return pay(BY_COLLECTOR) == 0;
}

static int is_verified(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, answer, "verify", NULL) == 0 &&
           strstr(answer, " 0 differences") != NULL;
}

/* Its directory hears of the import a little later. */
static int is_of_vnpost(void *arg)
{
    (void)arg;
    return ask("Custody/GetCustody", "{'holderCode':'" COLLECTOR "'}") == 0 &&
           strcmp(said("organisationCode"), "VNPOST") == 0;
}

static int is_over(void *arg)
{
    (void)arg;
    return ask("Custody/GetCustody", "{'holderCode':'" COLLECTOR "'}") == 0 &&
           strcmp(said("overLimit"), "true") == 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void what_a_collector_takes_is_in_hand(void **state)
{
    (void)state;
    assert_int_equal(ask("Custody/GetCustody", "{'holderCode':'" COLLECTOR "'}"),
                     ANSINH__V1__CODE__CODE_NOT_FOUND);
    int64_t before_ms = clock_wall_ms();
    assert_int_equal(pay(BY_COLLECTOR), 0);
    wait_custody("cashInHandVnd", PAYER_DUE_VND);
    if (!wait_until(platform, is_of_vnpost, NULL, WAIT_MS))
        fail_msg("%s", answer);
    assert_true(number("oldestAtMs") > before_ms - 60000);
    assert_int_equal(pay("\"pointCode\":\"BD02647\""), 0); /* the point's own cash */
    assert_int_equal(pay(BY_COLLECTOR), 0);
    wait_custody("cashInHandVnd", 2 * PAYER_DUE_VND);
}

static void what_is_handed_over_is_no_longer_in_hand(void **state)
{
    char first[256];
    (void)state;
    const char *json = "{'holderCode':'" COLLECTOR "','amountVnd':264000,'reference':'PT 1'}";
    assert_int_equal(ask_as("remit-1", "Custody/Remit", json), 0);
    (void)snprintf(first, sizeof(first), "%.250s", answer);
    assert_int_equal(number("remittances"), 1);
    assert_int_equal(ask_as("remit-1", "Custody/Remit", json), 0);
    assert_string_equal(answer, first);
    assert_int_equal(ask_as("remit-1", "Custody/Remit",
                            "{'holderCode':'" COLLECTOR "','amountVnd':1000,'reference':'PT 1'}"),
                     ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
    wait_custody("cashInHandVnd", PAYER_DUE_VND);
    assert_int_equal(
        ask("Custody/Remit", "{'holderCode':'" COLLECTOR "','amountVnd':64000,'reference':'PT 2'}"),
        0);
    assert_int_equal(number("remittances"), 2);
    wait_custody("cashInHandVnd", 200000);
}

static void more_than_is_in_hand_is_an_advance(void **state)
{
    (void)state;
    assert_int_equal(ask("Custody/Remit",
                         "{'holderCode':'" COLLECTOR "','amountVnd':2000000,'reference':'PT 3'}"),
                     ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    assert_non_null(strstr(answer, "amount_vnd: 200000 dong are in hand"));
    assert_int_equal(ask("Custody/Remit",
                         "{'holderCode':'" COLLECTOR
                         "','amountVnd':300000,'reference':'PT 3','advance':true}"),
                     0);
    wait_custody("cashInHandVnd", -100000);
    assert_int_equal(pay(BY_COLLECTOR), 0);
    wait_custody("cashInHandVnd", 164000);
}

static void who_is_over_the_limit_takes_no_more_cash(void **state)
{
    (void)state;
    limit(",'cashLimitVnd':'200000'");
    assert_int_equal(pay(BY_COLLECTOR), 0); /* only reported */
    wait_custody("cashInHandVnd", 428000);
    if (!wait_until(platform, is_over, NULL, WAIT_MS))
        fail_msg("%s", answer);
    assert_string_equal(said("blocked"), "false");
    assert_int_equal(pay(BY_COLLECTOR), 0);
    limit(",'cashLimitVnd':'200000','cashEnforced':true");
    if (!wait_until(platform, is_blocked, NULL, WAIT_MS))
        fail_msg("nothing is blocked: %s", answer);
    assert_non_null(strstr(answer, "200000"));
    assert_int_equal(pay("\"collectorCode\":\"NV0002\""), 0); /* another one */
}

static void who_hands_over_may_take_cash_again(void **state)
{
    char json[160];
    (void)state;
    assert_int_equal(ask("Custody/GetCustody", "{'holderCode':'" COLLECTOR "'}"), 0);
    (void)snprintf(json, sizeof(json),
                   "{'holderCode':'" COLLECTOR "','amountVnd':%lld,'reference':'PT 4'}",
                   number("cashInHandVnd"));
    assert_int_equal(ask("Custody/Remit", json), 0);
    if (!wait_until(platform, is_free, NULL, WAIT_MS))
        fail_msg("still blocked: %s", answer);
}

static int has_one_alarm(void *arg)
{
    size_t n = 0;
    (void)arg;
    if (ask("Custody/ListAlarms", "{}") != 0)
        return 0;
    for (const char *at = answer; (at = strstr(at, "\"" COLLECTOR "\"")) != NULL; at++)
        n++;
    if (n > 2)
        fail_msg("told twice: %s", answer);
    return n >= 1;
}

static void a_crossing_is_told_once_whoever_dies(void **state)
{
    (void)state;
    assert_true(wait_until(platform, has_one_alarm, NULL, WAIT_MS));
    for (unsigned n = 1; n <= 2; n++) {
        platform_signal(platform, "settlement", n, SIGKILL);
        platform_spawn(platform, "settlement", n);
        platform_wait_ready(platform);
        assert_true(wait_until(platform, has_one_alarm, NULL, WAIT_MS));
    }
    assert_string_equal(said("kind"), "CUSTODY_ALARM_KIND_OVER_LIMIT");
}

static int is_second_over(void *arg)
{
    (void)arg;
    (void)pay("\"collectorCode\":\"NV0002\"");
    return ask("Custody/GetCustody", "{'holderCode':'NV0002'}") == 0 &&
           number("cashInHandVnd") > 1000000 && strcmp(said("overLimit"), "true") == 0;
}

static void an_organisation_sees_who_is_over_first(void **state)
{
    (void)state;
    limit(",'cashLimitVnd':'1000000'");
    if (!wait_until(platform, is_second_over, NULL, WAIT_MS))
        fail_msg("%s", answer);
    assert_int_equal(ask("Custody/ListCustody", "{'organisationCode':'VNPOST','pageSize':1}"), 0);
    assert_string_equal(said("holderCode"), "NV0002");
    assert_string_equal(said("nextPageToken"), "1");
    assert_int_equal(
        ask("Custody/ListCustody", "{'organisationCode':'VNPOST','pageSize':9,'pageToken':'1'}"),
        0);
    assert_null(strstr(answer, "\"NV0002\""));
    assert_int_equal(ask("Custody/ListCustody", "{'organisationCode':'BHXH'}"), 0);
    assert_int_equal(number("holders"), 0);
}

static void bad_input_names_its_field(void **state)
{
    static const struct {
        const char *method, *json, *field;
    } bad[] = {
        {"Custody/Remit", "{'amountVnd':1,'reference':'x'}", "holder_code"},
        {"Custody/Remit", "{'holderCode':'nobody','amountVnd':1,'reference':'x'}", "holder_code"},
        {"Custody/Remit", "{'holderCode':'NV0001','amountVnd':0,'reference':'x'}", "amount_vnd"},
        {"Custody/Remit", "{'holderCode':'NV0001','amountVnd':-5,'reference':'x'}", "amount_vnd"},
        {"Custody/Remit", "{'holderCode':'NV0001','amountVnd':'100000000001','reference':'x'}",
         "amount_vnd"},
        {"Custody/Remit",
         "{'holderCode':'NV0001','amountVnd':'2000000000','reference':'x','advance':true}",
         "amount_vnd"},
        {"Custody/Remit", "{'holderCode':'NV0001','amountVnd':1}", "reference"},
        {"Custody/Remit", "{'holderCode':'NV0001','amountVnd':1,'reference':'ă'}", "reference"},
        {"Custody/GetCustody", "{}", "holder_code"},
        {"Custody/ListCustody", "{'pageSize':201}", "page_size"},
        {"Custody/ListCustody", "{'pageToken':'x'}", "page_token"},
        {"Custody/ListAlarms", "{'pageSize':201}", "page_size"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (ask(bad[i].method, bad[i].json) == 0 ||
            strncmp(answer, bad[i].field, strlen(bad[i].field)) != 0)
            fail_msg("%s %s: %s", bad[i].method, bad[i].json, answer);
    }
}

static void cash_in_hand_is_what_the_books_say(void **state)
{
    (void)state;
    assert_int_equal(ask("Custody/GetCustody", "{'holderCode':'" COLLECTOR "'}"), 0);
    long long cash = number("cashInHandVnd");
    assert_int_equal(
        ask("Ledger/GetAccount", "{'account':'ACCOUNT_COLLECTOR_CASH','holder':'" COLLECTOR "'}"),
        0);
    assert_int_equal(number("balanceVnd"), cash);
    if (!wait_until(platform, is_verified, NULL, WAIT_MS))
        fail_msg("%s", answer);
}

/* A limit must not close the counters when nobody keeps the books any more. */
static void without_settlement_payments_go_on(void **state)
{
    (void)state;
    limit(",'cashLimitVnd':'1','cashEnforced':true");
    if (!wait_until(platform, is_blocked, NULL, WAIT_MS))
        fail_msg("nothing is blocked: %s", answer);
    platform_signal(platform, "settlement", 1, SIGKILL);
    platform_signal(platform, "settlement", 2, SIGKILL);
    if (!wait_until(platform, is_free, NULL, WAIT_MS))
        fail_msg("still blocked: %s", answer);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_a_collector_takes_is_in_hand),
    cmocka_unit_test(what_is_handed_over_is_no_longer_in_hand),
    cmocka_unit_test(more_than_is_in_hand_is_an_advance),
    cmocka_unit_test(who_is_over_the_limit_takes_no_more_cash),
    cmocka_unit_test(who_hands_over_may_take_cash_again),
    cmocka_unit_test(a_crossing_is_told_once_whoever_dies),
    cmocka_unit_test(an_organisation_sees_who_is_over_first),
    cmocka_unit_test(bad_input_names_its_field),
    cmocka_unit_test(cash_in_hand_is_what_the_books_say),
    cmocka_unit_test(without_settlement_payments_go_on),
};

int main(void)
{
    return !!cmocka_run_group_tests(tests, start, stop);
}
