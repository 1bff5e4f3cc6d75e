/* Every way to pay, over HTTP and through real processes: billed, paid and billed again in the
 * months that the law gives, with the state between, while processes die. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/citizen.h"
#include "common/store/partition.h"
#include "tests/support/someone.h"

static struct platform *platform;

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.enrolment = 2, .payments = 2, .gateway = 1});
    platform_import(platform);
    someone_lives_on(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- the four regular methods --- */

static void each_regular_method_repeats_after_its_months(void **state)
{
    (void)state;
    static const struct {
        const char *id, *method, *first_due, *first_to, *second_on, *second_from, *second_to;
    } cases[] = {
        {"010085810001", "METHOD_MONTHLY", "2023-03-31", "2023-03", "2023-04-30", "2023-04",
         "2023-04"},
        {"010085810002", "METHOD_QUARTERLY", "2023-05-31", "2023-05", "2023-08-31", "2023-06",
         "2023-08"},
        {"010085810003", "METHOD_HALF_YEARLY", "2023-06-30", "2023-08", "2023-12-31", "2023-09",
         "2024-02"},
        {"010085810004", "METHOD_YEARLY", "2023-09-30", "2024-02", "2024-09-30", "2024-03",
         "2025-02"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char rest[128];
        (void)snprintf(rest, sizeof(rest), "'method':'%s','enrolledOn':'2023-03-10'",
                       cases[i].method);
        enrol(cases[i].id, "1985-05-17", rest);
        stand("2023-03-10", DECLARED, "2023-03", cases[i].first_due);
        pay("2023-03-15", "2023-03", cases[i].first_to);
        inquire("2023-03-20", 400);
        expect_said("are paid; the next bill is for");
        stand("2023-03-31", ACTIVE, cases[i].second_from, cases[i].second_on);
        stand(cases[i].second_on, DUE, cases[i].second_from, cases[i].second_on);
        platform_signal(platform, "payments", 1 + (unsigned)i % 2, SIGKILL);
        platform_spawn(platform, "payments", 1 + (unsigned)i % 2);
        pay(cases[i].second_on, cases[i].second_from, cases[i].second_to);
        expect_call(200, "Enrolment/GetParticipant", "{'participantId':'%s','on':'%s'}",
                    someone_id(), cases[i].second_on);
        expect_field("state", ACTIVE);
        expect_field("coveredUntil", cases[i].second_to);
    }
}

static void after_the_deadline_a_gap_stays(void **state)
{
    (void)state;
    enrol("010085810011", "1985-05-17", "'method':'METHOD_HALF_YEARLY','enrolledOn':'2024-01-10'");
    pay("2024-01-10", "2024-01", "2024-06");
    stand("2024-10-31", DUE, "2024-07", "2024-10-31");
    stand("2024-11-01", LAPSED, "2024-11", "");
    pay("2024-11-20", "2024-11", "2025-04");
    stand("2024-11-20", ACTIVE, "2025-05", "2025-08-31");
    expect_said("\"covered\":[{\"fromMonth\":\"2024-01\",\"toMonth\":\"2024-06\"},"
                "{\"fromMonth\":\"2024-11\",\"toMonth\":\"2025-04\"}]");
    expect_field("monthsPaid", "12");
    expect_field("monthsSupported", "12");
    expect_field("supportMonthsLeft", "108");
    expect_field("supportMonthsLimit", "120");
    expect_field("citation", "Decree 134/2015/ND-CP");
    /* four months are free, six would be paid */
    inquire("2024-09-30", 400);
    expect_said("2024-11 to 2025-04 are paid");
}

/* --- lump sums --- */

static void future_years_are_paid_once(void **state)
{
    (void)state;
    enrol("010085810021", "1985-05-17",
          "'method':'METHOD_FUTURE_YEARS','months':24,'enrolledOn':'2025-09-10'");
    stand("2025-09-10", DECLARED, "2025-09", "2025-09-30");
    expect_field("lumpMonths", "24");
    inquire("2025-09-20", 200);
    expect_field("grossVnd", "7644801");
    expect_field("months", "24");
    expect_field("method", "METHOD_FUTURE_YEARS");
    expect_field("validUntil", "2025-09-30");
    pay("2025-09-20", "2025-09", "2027-08");
    stand("2025-10-15", ACTIVE, "2027-09", "2027-09-30");
    expect_field("lumpMonths", "0");
    inquire("2025-10-15", 400);
    expect_said("no months are open to be paid in one sum");
    stand("2027-10-15", LAPSED, "2027-10", "");
}

static void missing_months_are_paid_once(void **state)
{
    (void)state;
    enrol("010064810031", "1964-03-31",
          "'method':'METHOD_MISSING_MONTHS','months':12,'enrolledOn':'2025-09-10'");
    inquire("2025-09-20", 200);
    expect_field("grossVnd", "4040708");
    expect_field("fromMonth", "");
    pay("2025-09-20", "", "");
    stand("2025-09-20", COMPLETE, "", "");
    expect_field("monthsPaid", "12");
    expect_field("monthsMissingPaid", "12");
    expect_field("coveredUntil", "");
    inquire("2025-10-20", 400);
    expect_said("no months are open");
}

static void wrong_declarations_of_lump_sums_name_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *rest, *field, *said;
    } cases[] = {
        {"'method':'METHOD_FUTURE_YEARS','months':20,'enrolledOn':'2025-09-10'", "months",
         "future years: want 24 to 60"},
        {"'method':'METHOD_MISSING_MONTHS','months':12,'enrolledOn':'2025-09-10'", "method",
         "missing months may be paid from 2047-04 on"},
        {"'method':'METHOD_MONTHLY','months':2,'enrolledOn':'2025-09-10'", "months",
         "this method pays 1 month at once"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        enrol_refused("010085810041", "1985-05-17", cases[i].rest, cases[i].field, cases[i].said);
}

/* --- records of the version before --- */

static redisReply *ask(const char *command, const char *value, size_t value_len)
{
    uint8_t hash[ID_BYTES];
    char key[KEY_MAX_BYTES];
    assert_int_equal(base32_parse(someone_id(), hash), 0);
    redisContext *redis = redisConnectUnix(redis_server_socket(platform_ledger(platform)));
    assert_non_null(redis);
    size_t len = key_citizen(partition_of(hash), partition_bucket(hash), key);
    const char *argv[] = {command, key, partition_field(hash), value};
    const size_t lens[] = {strlen(command), len, CITIZEN_FIELD_BYTES, value_len};
    redisReply *reply = redisCommandArgv(redis, value == NULL ? 3 : 4, argv, lens);
    redisFree(redis);
    assert_non_null(reply);
    return reply;
}

static size_t put(char *ret, uint64_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        ret[n++] = (char)(value | 0x80);
    ret[n++] = (char)value;
    return n;
}

/* As the version before wrote it: it knew the last month and the number of months. */
static void write_as_before(void)
{
    struct citizen citizen;
    char old[CITIZEN_PACKED_MAX_BYTES];
    redisReply *reply = ask("HGET", NULL, 0);
    assert_int_equal(citizen_unpack(reply->str, reply->len, &citizen), 0);
    memcpy(old, reply->str, 4);
    freeReplyObject(reply);
    old[4] = 1;
    size_t len = 5;
    const uint64_t numbers[] = {citizen.commune,
                                citizen.support_group,
                                citizen.method,
                                citizen.language,
                                0,
                                (uint64_t)citizen.income_vnd,
                                (uint64_t)citizen.enrolled_day * 2,
                                coverage_until(&citizen.coverage),
                                citizen_months_paid(&citizen),
                                citizen.months_supported,
                                citizen.bill_number,
                                0};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        len += put(old + len, numbers[i]);
    freeReplyObject(ask("HSET", old, len));
}

static void a_record_of_the_version_before_is_read_and_rewritten(void **state)
{
    (void)state;
    enrol("010085810061", "1985-05-17", "'method':'METHOD_MONTHLY','enrolledOn':'2025-07-10'");
    pay("2025-07-10", "2025-07", "2025-07");
    pay("2025-09-10", "2025-09", "2025-09");
    write_as_before();
    nothing_differs(NULL);
    stand("2025-09-30", ACTIVE, "2025-10", "2025-10-31");
    expect_field("monthsPaid", "2");
    expect_field("monthsCoveredBefore", "1");
    expect_call(400, "Enrolment/GetParticipant", "{'participantId':'%s','on':'2025-08-31'}",
                someone_id());
    pay("2025-10-31", "2025-10", "2025-10");
    nothing_differs(NULL);
    stand("2025-11-30", DUE, "2025-11", "2025-11-30");
    expect_field("monthsPaid", "3");
    redisReply *reply = ask("HGET", NULL, 0);
    assert_int_equal(reply->str[4], 3);
    freeReplyObject(reply);
}

/* --- what is told before it hurts --- */

static void a_raised_floor_is_told_ahead(void **state)
{
    (void)state;
    enrol("010085810051", "1985-05-17", "'method':'METHOD_MONTHLY','enrolledOn':'2025-09-10'");
    stand("2026-12-31", DECLARED, "2026-12", "");
    expect_said("\"warnings\":[]");
    stand("2027-01-01", DECLARED, "2027-01", "");
    expect_said("income_vnd: for a payment of 2027-01-01: too low: from 2,200,000 to 50,600,000 "
                "(Decree 351/2025/ND-CP)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_regular_method_repeats_after_its_months),
        cmocka_unit_test(after_the_deadline_a_gap_stays),
        cmocka_unit_test(future_years_are_paid_once),
        cmocka_unit_test(missing_months_are_paid_once),
        cmocka_unit_test(wrong_declarations_of_lump_sums_name_the_field),
        cmocka_unit_test(a_raised_floor_is_told_ahead),
        cmocka_unit_test(a_record_of_the_version_before_is_read_and_rewritten),
        cmocka_unit_test(nothing_differs),
    };
    return !!cmocka_run_group_tests_name(__FILE__, tests, start, stop);
}
