/* A repetition is answered with what was done, whatever the clock and the tables say by then. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/store/commit.h"
#include "tests/support/people.h"

#define YOUNG_MS 4000 /* until a key is too old */

static char answer[PLATFORM_ANSWER_BYTES], again[PLATFORM_ANSWER_BYTES];
static char policy[64], policy_option[96];
static struct platform *platform;

static int start(void **state)
{
    (void)state;
    static const char *environment[] = {policy_option, NULL};
    char command[160];
    (void)snprintf(policy, sizeof(policy), "/tmp/ansinh-test-policy-XXXXXX");
    if (mkdtemp(policy) == NULL)
        return -1;
    (void)snprintf(command, sizeof(command), "cp deploy/policy/*.json %s", policy);
    (void)snprintf(policy_option, sizeof(policy_option), "ANSINH_POLICY=%s", policy);
    if (system(command) != 0)
        return -1;
    platform = platform_start(&(struct platform_conf){.environment = environment});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    char command[160];
    platform_stop(&platform);
    (void)snprintf(command, sizeof(command), "rm -r %s", policy);
    return system(command);
}

/* A key that is YOUNG_MS from being too old. */
static void make_key(char ret[UUID_TEXT_BYTES])
{
    struct request_id id;
    request_id_make(clock_wall_ms() - COMMIT_ID_MAX_AGE_MS + YOUNG_MS, &id);
    request_id_format(&id, ret);
}

static int is_too_old(void *arg)
{
    struct err err;
    struct request_id id;
    int rc = request_id_parse(arg, &id);
    assert_int_equal(rc, 0);
    return commit_check_id(&id, clock_wall_ms(), &err) < 0;
}

static int enrol(const char *key, unsigned i, char *ret)
{
    struct sample_person person;
    people_make(i, 0, &person);
    return platform_call(platform, key, "Enrolment/Enrol", ret,
                         "{\"personalId\":\"%s\",\"fullName\":\"Lò Văn Thử\",\"birthDate\":"
                         "\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\","
                         "\"supportGroup\":\"SUPPORT_GROUP_OTHER\",\"incomeVnd\":\"1500000\","
                         "\"method\":\"METHOD_MONTHLY\",\"siCode\":\"%010u\"}",
                         person.personal_id, i);
}

static int inquire(const char *key, const char *id, char *ret)
{
    return platform_call(platform, key, "Payments/Inquire", ret, "{\"participantId\":\"%s\"}", id);
}

static int pay(const char *key, const char *bill, const char *version, const char *due, char *ret)
{
    return platform_call(platform, key, "Payments/Pay", ret,
                         "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\","
                         "\"channel\":\"PAYMENT_CHANNEL_CASH\"}",
                         bill, version, due);
}

static int import(const char *key, char *ret)
{
    return platform_call(platform, key, "Directory/ImportPlan", ret,
                         "{\"targets\":[{\"year\":2030,\"unitCode\":\"15\",\"participants\":77}]}");
}

static void an_old_key_is_answered_again_and_not_taken_anew(void **state)
{
    (void)state;
    char keys[4][UUID_TEXT_BYTES], id[64], bill[64], version[16], due[32];
    char *first[4];
    for (int i = 0; i < 4; i++)
        make_key(keys[i]);
    assert_int_equal(enrol(keys[0], 1, answer), 0);
    first[0] = strdup(answer);
    (void)snprintf(id, sizeof(id), "%s", platform_field(answer, "participantId"));
    assert_int_equal(inquire(keys[1], id, answer), 0);
    first[1] = strdup(answer);
    (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
    (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
    (void)snprintf(due, sizeof(due), "%s", platform_field(answer, "dueVnd"));
    assert_int_equal(pay(keys[2], bill, version, due, answer), 0);
    first[2] = strdup(answer);
    assert_int_equal(import(keys[3], answer), 0);
    first[3] = strdup(answer);

    assert_true(wait_until(platform, is_too_old, keys[3], 2L * YOUNG_MS));
    assert_int_equal(enrol(keys[0], 1, again), 0);
    assert_string_equal(again, first[0]);
    assert_int_equal(inquire(keys[1], id, again), 0);
    assert_string_equal(again, first[1]);
    assert_int_equal(pay(keys[2], bill, version, due, again), 0);
    assert_string_equal(again, first[2]);
    assert_int_equal(import(keys[3], again), 0);
    assert_string_equal(again, first[3]);
    for (int i = 0; i < 4; i++)
        free(first[i]);

    /* what was never done under it is not done any more */
    make_key(keys[0]);
    assert_true(wait_until(platform, is_too_old, keys[0], 2L * YOUNG_MS));
    assert_int_equal(enrol(keys[0], 2, answer), ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "Idempotency-Key"));
    assert_int_equal(inquire(keys[0], id, answer), ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_int_equal(import(keys[0], answer), ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    /* and what was done is not done for another body */
    assert_int_equal(enrol(keys[1], 2, answer), ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_int_equal(inquire(keys[1], bill, answer), ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_int_equal(enrol(NULL, 2, answer), 0);
}

/* The poverty line rises over night: who enrolled before it did is told so again. */
static void new_rules_do_not_refuse_what_was_done(void **state)
{
    (void)state;
    char key[UUID_TEXT_BYTES], command[256];
    struct request_id id;
    request_id_make(clock_wall_ms(), &id);
    request_id_format(&id, key);
    assert_int_equal(enrol(key, 3, answer), 0);
    (void)snprintf(command, sizeof(command),
                   "sed -i 's/\"1500000\"/\"1600000\"/' %s/poverty-line.json", policy);
    assert_int_equal(system(command), 0);
    platform_signal(platform, "enrolment", 1, SIGKILL);
    platform_spawn(platform, "enrolment", 1);
    platform_wait_ready(platform);
    assert_int_equal(enrol(key, 3, again), 0);
    assert_string_equal(again, answer);
    assert_int_equal(enrol(NULL, 4, answer), ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "income_vnd"));
    assert_int_equal(enrol(NULL, 3, answer), ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_key_is_answered_again_and_not_taken_anew),
        cmocka_unit_test(new_rules_do_not_refuse_what_was_done),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
