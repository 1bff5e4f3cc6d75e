/* ansinh report: lists that an organisation settles by, their sums, as CSV and as a spreadsheet. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/platform.h"

#define DAY "2026-03-05"
#define LINE_BYTES 4096

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], said[PLATFORM_SAID_BYTES];
static char path[160], line[LINE_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){0});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* A payment of 264,000 dong by somebody of the group OTHER, through a collector. */
static void pay(const char *personal_id, const char *name, const char *collector, const char *day)
{
    char id[64], bill[64], version[16];
    if (0 !=
        platform_call(platform, NULL, "Enrolment/Enrol", answer,
                      "{\"personalId\":\"%s\",\"fullName\":\"%s\",\"birthDate\":\"1985-05-17\","
                      "\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\",\"incomeVnd\":\"1500000\","
                      "\"supportGroup\":\"SUPPORT_GROUP_OTHER\",\"address\":\"Thôn 2, \\\"Xã\\\"\","
                      "\"method\":\"METHOD_MONTHLY\",\"enrolledOn\":\"%s\"}",
                      personal_id, name, day))
        fail_msg("%s", answer);
    (void)snprintf(id, sizeof(id), "%s", platform_field(answer, "participantId"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"participantId\":\"%s\",\"on\":\"%s\"}", id, day),
                     0);
    (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
    (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Pay", answer,
                                   "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"264000\","
                                   "\"paidOn\":\"%s\",\"collectorCode\":\"%s\"}",
                                   bill, version, day, collector),
                     0);
}

/* Family health insurance of a member by rank; the card before ended yesterday, or there was none.
 */
static void pay_health(const char *personal_id, const char *name, unsigned rank, const char *due,
                       const char *card_before, const char *day)
{
    char id[64], bill[64], version[16];
    if (0 != platform_call(platform, NULL, "Enrolment/DeclareHealth", answer,
                           "{\"personalId\":\"%s\",\"fullName\":\"%s\",\"birthDate\":"
                           "\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\",\"address\":"
                           "\"Thôn 2, \\\"Xã\\\"\",\"householdCode\":\"0123456789\",\"declaredOn\":"
                           "\"2026-01-01\",\"previousValidUntil\":\"%s\"}",
                           personal_id, name, card_before))
        fail_msg("%s", answer);
    (void)snprintf(id, sizeof(id), "%s", platform_field(answer, "memberId"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"participantId\":\"%s\",\"months\":12,\"memberRank\":%u,"
                                   "\"on\":\"%s\"}",
                                   id, rank, day),
                     0);
    assert_string_equal(platform_field(answer, "dueVnd"), due);
    (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
    (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Pay", answer,
                                   "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\","
                                   "\"paidOn\":\"%s\",\"collectorCode\":\"NV0001\"}",
                                   bill, version, due, day),
                     0);
}

static int report_between(const char *kind, const char *organisation, const char *from,
                          const char *to, const char *ending)
{
    (void)snprintf(path, sizeof(path), "%s/report.%s", platform_directory(platform), ending);
    return platform_ansinh(platform, said, "report", kind, "--organisation", organisation, "--from",
                           from, "--to", to, "--out", path, NULL);
}

static int report(const char *kind, const char *organisation, const char *from, const char *ending)
{
    return report_between(kind, organisation, from, "2026-03-31", ending);
}

/* The line of the CSV that holds these words; fails without one. */
static const char *line_with(const char *words)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strstr(line, words) != NULL) {
            (void)fclose(file);
            return line;
        }
    }
    fail_msg("no line with %s", words);
    return NULL;
}

static void compare_with_csv(const char *kind)
{
    char command[600];
    assert_int_equal(report(kind, "VNPOST", "2026-03-01", "csv"), 0);
    assert_int_equal(report(kind, "VNPOST", "2026-03-01", "xlsx"), 0);
    (void)snprintf(command, sizeof(command),
                   "/usr/bin/python3 tests/integration/sheet_reference.py %s/report.xlsx "
                   "%s/report.csv",
                   platform_directory(platform), platform_directory(platform));
    assert_int_equal(system(command), 0);
}

static void test_d05_lists_each_payment_with_its_shares(void **state)
{
    (void)state;
    pay("015085000011", "Nguyễn Văn A", "NV0001", DAY);
    pay("015085000012", "Trần Văn B", "NV0001", DAY);
    assert_int_equal(report("d05", "VNPOST", "2026-03-01", "csv"), 0);
    assert_non_null(
        strstr(line_with("Nguyễn Văn A"),
               "\"015085000011\",\"Thôn 2, \"\"Xã\"\"\",\"" DAY
               "\",\"\",1500000,1,\"2026-03\",330000,264000,20,66000,,0,,0,\"NV0001\""));
    assert_non_null(strstr(line_with("TỔNG CỘNG"), "\"2\",,,,,,2,,660000,528000,,132000,,0,,0"));
    compare_with_csv("d05");
}

static void test_d03_lists_health_insurance_and_nothing_else(void **state)
{
    (void)state;
    pay_health("015085000021", "Phạm Văn D", 1, "1263600", "2026-03-04", DAY);
    pay_health("015085000022", "Đỗ Văn E", 2, "884520", "", DAY);
    assert_int_equal(report("d03", "VNPOST", "2026-03-01", "csv"), 0);
    assert_non_null(strstr(line_with("Phạm Văn D"),
                           "\"\",\"1985-05-17\",\"Nam\",\"015085000021\",\"0123456789\",1,"
                           "\"Thôn 2, \"\"Xã\"\"\",\"" DAY "\",\"\",12,\"" DAY "\",\"2027-03-04\","
                           "1263600,1263600,0,0,0,\"NV0001\""));
    assert_non_null(strstr(line_with("Đỗ Văn E"), ",12,\"2026-04-04\",\"2027-04-03\",884520"));
    assert_non_null(strstr(line_with("TỔNG CỘNG"), "\"2\",,,,,,,,,24,,,2148120,2148120,0,0,0"));
    compare_with_csv("d03");
    assert_int_equal(report("d05", "VNPOST", "2026-03-01", "csv"), 0);
    assert_non_null(strstr(line_with("TỔNG CỘNG"), "\"2\",,,,,,2,,660000"));
    assert_int_equal(report("commissions", "VNPOST", "2026-03-01", "csv"), 0);
    assert_non_null(strstr(line_with("Cộng"), ",2,528000,"));
}

static void test_d03_takes_off_what_is_taken_back(void **state)
{
    (void)state;
    char today[DATE_TEXT_BYTES], id[64];
    date_format(clock_business_day(clock_wall_ms()), today);
    pay_health("015085000023", "Bùi Văn F", 5, "546480", "", today);
    (void)snprintf(id, sizeof(id), "%s", platform_field(answer, "paymentId"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Reverse", answer,
                                   "{\"paymentId\":\"%s\",\"reason\":"
                                   "\"REVERSAL_REASON_WRONG_PERSON\"}",
                                   id),
                     0);
    assert_int_equal(report_between("d03", "VNPOST", today, today, "csv"), 0);
    assert_non_null(strstr(line_with("TỔNG CỘNG"), "\"2\",,,,,,,,,0,,,0,0,0,0,0"));
}

static void test_commissions_say_when_no_rate_is_set(void **state)
{
    (void)state;
    assert_int_equal(report("commissions", "VNPOST", "2026-03-01", "csv"), 0);
    assert_non_null(strstr(line_with("Tham gia mới"), "\"Hằng tháng\",2,528000,\"\",0,\"chưa"));
    assert_non_null(strstr(line_with("Cộng"), ",2,528000,"));
    compare_with_csv("commissions");
}

static void test_other_days_and_organisations_are_not_listed(void **state)
{
    (void)state;
    assert_int_equal(report("d05", "VIETTEL", "2026-03-01", "csv"), 0);
    assert_non_null(strstr(line_with("TỔNG CỘNG"), "\"0\""));
    assert_int_equal(report("d05", "VNPOST", "2026-03-06", "csv"), 0);
    assert_non_null(strstr(line_with("TỔNG CỘNG"), "\"0\""));
}

static void test_what_is_taken_back_is_taken_off(void **state)
{
    (void)state;
    char today[DATE_TEXT_BYTES];
    date_format(clock_business_day(clock_wall_ms()), today);
    pay("015085000013", "Lê Văn C", "NV0001", today);
    char id[64];
    (void)snprintf(id, sizeof(id), "%s", platform_field(answer, "paymentId"));
    assert_int_equal(platform_call(platform, NULL, "Payments/Reverse", answer,
                                   "{\"paymentId\":\"%s\",\"reason\":"
                                   "\"REVERSAL_REASON_WRONG_PERSON\"}",
                                   id),
                     0);
    assert_int_equal(report_between("d05", "VNPOST", today, today, "csv"), 0);
    assert_non_null(strstr(line_with("TỔNG CỘNG"), "\"2\",,,,,,0,,0,0,,0,,0"));
    assert_int_equal(report_between("commissions", "VNPOST", today, today, "csv"), 0);
    assert_non_null(strstr(line_with("Cộng"), ",0,0,"));
}

static void test_wrong_usage_names_what_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(report("d05", "NOBODY", "2026-03-01", "csv"), 2);
    assert_non_null(strstr(said, "NOBODY: no such organisation"));
    assert_int_equal(report("d05", "VNPOST", "2026-04-01", "csv"), 2);
    assert_non_null(strstr(said, "--to"));
    assert_int_equal(report("d05", "VNPOST", "2026-13-01", "csv"), 2);
    assert_non_null(strstr(said, "--from 2026-13-01"));
    assert_int_equal(report("d05", "VNPOST", "2026-03-01", "pdf"), 1);
    assert_non_null(strstr(said, ".xlsx or .csv"));
    assert_int_equal(report("d06", "VNPOST", "2026-03-01", "csv"), 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_d05_lists_each_payment_with_its_shares),
    cmocka_unit_test(test_d03_lists_health_insurance_and_nothing_else),
    cmocka_unit_test(test_d03_takes_off_what_is_taken_back),
    cmocka_unit_test(test_commissions_say_when_no_rate_is_set),
    cmocka_unit_test(test_other_days_and_organisations_are_not_listed),
    cmocka_unit_test(test_what_is_taken_back_is_taken_off),
    cmocka_unit_test(test_wrong_usage_names_what_is_wrong),
};

int main(void)
{
    return cmocka_run_group_tests(tests, start, stop) == 0 ? 0 : 1;
}
