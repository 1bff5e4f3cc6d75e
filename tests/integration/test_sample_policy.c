/* The sample's made-up rows beside the law's: a province's budget burns down to its warning and
 * over, and an organisation's commission is worked out; what is deployed has neither. */
#include "tests/support/test.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/booked.h"

#define FOLDER "deploy/sample/policy"
#define WAIT_MS 30000
#define LINE_BYTES 1024
#define LOCAL_VND 1980000 /* 60 months of a poor person: 10 percent of 330,000 each */

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], said[PLATFORM_SAID_BYTES];
static char today[DATE_TEXT_BYTES];
static long long paid_vnd;

static int start(void **state)
{
    (void)state;
    assert_int_equal(setenv("ANSINH_POLICY", FOLDER, 1), 0); /* of services and commands */
    date_format(clock_business_day(clock_wall_ms()), today);
    platform = platform_start(&(struct platform_conf){.settlement = 1});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void call(const char *method, const char *body)
{
    if (platform_call(platform, NULL, method, answer, "%s", body) != 0)
        fail_msg("%s %s: %s", method, body, answer);
}

/* A poor person pays five years ahead at VNPOST's counter. */
static void pay(unsigned i)
{
    char body[512], id[64];
    (void)snprintf(body, sizeof(body),
                   "{\"personalId\":\"01008584%04u\",\"fullName\":\"Lò Văn Thử\",\"birthDate\":"
                   "\"1985-05-17\",\"sex\":2,\"unitCode\":\"02647\",\"supportGroup\":"
                   "\"SUPPORT_GROUP_POOR\",\"incomeVnd\":1500000,\"method\":"
                   "\"METHOD_FUTURE_YEARS\",\"months\":60}",
                   i);
    call("Enrolment/Enrol", body);
    (void)snprintf(id, sizeof(id), "%s", platform_field(answer, "participantId"));
    (void)snprintf(body, sizeof(body), "{\"participantId\":\"%s\"}", id);
    call("Payments/Inquire", body);
    json_auto_t *bill = json_loads(answer, 0, NULL);
    const char *due = json_string_value(json_object_get(bill, "dueVnd"));
    paid_vnd += atoll(due);
    (void)snprintf(body, sizeof(body),
                   "{\"billId\":\"%s\",\"billVersion\":%lld,\"amountVnd\":\"%s\",\"collectorCode\":"
                   "\"NV0001\"}",
                   json_string_value(json_object_get(bill, "billId")),
                   (long long)json_integer_value(json_object_get(bill, "billVersion")), due);
    call("Payments/Pay", body);
}

static int has_level(void *arg)
{
    return platform_call(platform, NULL, "Ledger/GetBudget", answer, "{\"provinceCode\":\"15\"}") ==
               0 &&
           strstr(answer, arg) != NULL;
}

static void expect_budget(unsigned n_payments, const char *level)
{
    char wanted[256];
    (void)snprintf(wanted, sizeof(wanted),
                   "\"account\":\"ACCOUNT_LOCAL_BUDGET\",\"usedVnd\":\"%lld\",\"budgetVnd\":"
                   "\"15000000\",\"percent\":%lld,\"level\":\"BUDGET_LEVEL_%s\"",
                   (long long)n_payments * LOCAL_VND, (long long)n_payments * LOCAL_VND / 150000,
                   level);
    if (!wait_until(platform, has_level, wanted, WAIT_MS))
        fail_msg("no %s in %s", wanted, answer);
}

static void a_budget_burns_to_its_warning_and_over(void **state)
{
    (void)state;
    static const struct {
        unsigned until;
        const char *level;
    } rows[] = {{1, "FINE"}, {6, "FINE"}, {7, "WARNING"}, {8, "OVER"}};
    unsigned n = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        while (n < rows[i].until)
            pay(n++);
        expect_budget(n, rows[i].level);
    }
}

static void its_commission_is_worked_out(void **state)
{
    (void)state;
    char path[200], line[LINE_BYTES] = "", wanted[128];
    (void)snprintf(path, sizeof(path), "%s/report.csv", platform_directory(platform));
    assert_int_equal(platform_ansinh(platform, said, "report", "commissions", "--organisation",
                                     "VNPOST", "--from", today, "--to", today, "--out", path, NULL),
                     0);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (strstr(line, "Nhiều năm về sau") == NULL)
        assert_non_null(fgets(line, sizeof(line), file));
    assert_int_equal(fclose(file), 0);
    (void)snprintf(wanted, sizeof(wanted), ",8,%lld,\"20\",%lld,\"SAMPLE, not a legal text\"",
                   paid_vnd, 8 * ((paid_vnd / 8 * 2 + 5) / 10)); /* a fifth of each, half-up */
    if (strstr(line, wanted) == NULL)
        fail_msg("%s: %s", wanted, line);
}

static int post_commission_of(const char *month, long long vnd, const char *officers)
{
    return platform_call(platform, NULL, "Ledger/PostCommission", answer,
                         "{\"organisationCode\":\"VNPOST\",\"month\":\"%s\",\"amountVnd\":"
                         "\"%lld\",%s}",
                         month, vnd, officers);
}

static int has_balance(void *arg)
{
    return platform_call(platform, NULL, "Ledger/GetAccount", answer,
                         "{\"account\":\"ACCOUNT_COMMISSIONS\",\"holder\":\"VNPOST\"}") == 0 &&
           strstr(answer, arg) != NULL;
}

static void a_commission_is_posted_by_two_officers(void **state)
{
    (void)state;
    const char *two = "\"officerCode\":\"an\",\"approverCode\":\"binh\"";
    const int bad = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    assert_int_equal(post_commission_of("2025-11", 1000, two), 0);
    assert_non_null(strstr(answer, "\"postedVnd\":\"1000\""));
    assert_int_equal(post_commission_of("2025-11", 1000, two), 0); /* nothing is left to post */
    assert_non_null(strstr(answer, "\"entryId\":\"\""));
    assert_int_equal(post_commission_of("2025-11", 700, two), 0);
    assert_non_null(strstr(answer, "\"postedVnd\":\"-300\""));
    assert_int_equal(post_commission_of("2025-10", 50, two), 0);
    if (!wait_until(platform, has_balance, (void *)(uintptr_t) "\"balanceVnd\":\"-750\"", WAIT_MS))
        fail_msg("%s", answer);
    assert_int_equal(
        post_commission_of("2025-11", 1, "\"officerCode\":\"an\",\"approverCode\":\"AN\""), bad);
    assert_non_null(strstr(answer, "approver_code"));
    char month[8];
    (void)snprintf(month, sizeof(month), "%.7s", today);
    assert_int_equal(post_commission_of(month, 1, two), bad);
    assert_non_null(strstr(answer, "month"));
    assert_int_equal(post_commission_of("2025-11", -1, two), bad);
    assert_non_null(strstr(answer, "amount_vnd"));
}

static void the_ledger_and_the_books_agree(void **state)
{
    (void)state;
    assert_true(booked_wait(platform, WAIT_MS));
    if (platform_ansinh(platform, said, "verify", NULL) != 0)
        fail_msg("%s", said);
}

/* One folder is the other's files and one more; none of its rows passes for the law. */
static void the_sample_says_that_it_is_none(void **state)
{
    (void)state;
    struct dirent **entries;
    int n = scandir("deploy/policy", &entries, NULL, NULL);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        char path[512], target[512] = "";
        (void)snprintf(path, sizeof(path), FOLDER "/%s", entries[i]->d_name);
        if (strstr(entries[i]->d_name, ".json") != NULL) {
            assert_true(readlink(path, target, sizeof(target) - 1) > 0);
            (void)snprintf(path, sizeof(path), "../../policy/%s", entries[i]->d_name);
            assert_string_equal(target, path);
        }
        free(entries[i]);
    }
    free((void *)entries);
    json_auto_t *sample = json_load_file(FOLDER "/sample.json", 0, NULL);
    const char *table;
    json_t *rows;
    assert_non_null(sample);
    json_object_foreach(sample, table, rows)
    {
        for (size_t i = 0; i < json_array_size(rows); i++) {
            const json_t *row = json_array_get(rows, i);
            assert_string_equal(json_string_value(json_object_get(row, "citation")),
                                "SAMPLE, not a legal text");
            assert_non_null(json_object_get(row, "unconfirmed"));
            int64_t points = json_integer_value(json_object_get(row, "basisPoints"));
            if (strcmp(table, "commission") == 0)
                assert_in_range(points, 1200, 2000);
        }
    }
    json_auto_t *deployed = json_load_file("deploy/policy/methods.json", 0, NULL);
    assert_null(json_object_get(deployed, "commission"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_budget_burns_to_its_warning_and_over),
        cmocka_unit_test(its_commission_is_worked_out),
        cmocka_unit_test(a_commission_is_posted_by_two_officers),
        cmocka_unit_test(the_ledger_and_the_books_agree),
        cmocka_unit_test(the_sample_says_that_it_is_none),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
