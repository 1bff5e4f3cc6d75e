/* What happens to a participation after the enrolment, over HTTP and through real processes: other
 * terms, a move, the end with its refund, the way back; repeated, refused, while processes die. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/people.h"
#include "tests/support/someone.h"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], other[PLATFORM_ANSWER_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(
        &(struct platform_conf){.enrolment = 2, .payments = 2, .notifications = 1, .gateway = 1});
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

static void kill_one(const char *service)
{
    platform_signal(platform, service, 1, SIGKILL);
    platform_spawn(platform, service, 1);
}

/* rest is the rest of the JSON */
static void change(int status, const char *rest)
{
    expect_call(status, "Enrolment/ChangeContribution", "{'participantId':'%s',%s}", someone_id(),
                rest);
}

static void end(int status, const char *rest)
{
    expect_call(status, "Enrolment/EndParticipation", "{'participantId':'%s',%s}", someone_id(),
                rest);
}

/* --- other terms --- */

static void terms_change_when_the_paid_months_are_over(void **state)
{
    (void)state;
    enrol("010085820001", "1985-05-17", "'method':'METHOD_QUARTERLY','enrolledOn':'2025-01-10'");
    pay("2025-01-10", "2025-01", "2025-03");
    change(400, "'method':'METHOD_MONTHLY','on':'2025-03-31'");
    expect_said("\"code\":\"failed_precondition\"");
    expect_said("paid until 2025-03; may be changed from 2025-04-01 on (Law 58/2014/QH13, article "
                "87(2))");
    expect_said("\"field\":\"method\"");
    kill_one("enrolment");
    change(200, "'method':'METHOD_MONTHLY','incomeVnd':'2500000','on':'2025-04-05'");
    expect_field("method", "METHOD_MONTHLY");
    expect_field("incomeVnd", "2500000");
    expect_field("changedOn", "2025-04-05");
    expect_field("nextFromMonth", "2025-04");
    expect_said("\"warnings\":[]");
    kill_one("payments");
    inquire("2025-04-04", 400);
    expect_said("before the last change, of 2025-04-05");
    pay("2025-04-20", "2025-04", "2025-04");
    stand("2025-04-20", ACTIVE, "2025-05", "2025-05-31");
    expect_field("declaredOn", "2025-04-05");
}

static void after_a_lapse_the_same_terms_are_declared_again(void **state)
{
    (void)state;
    enrol("010085820002", "1985-05-17", "'method':'METHOD_QUARTERLY','enrolledOn':'2025-01-10'");
    pay("2025-01-10", "2025-01", "2025-03");
    stand("2025-08-20", LAPSED, "2025-08", "");
    change(200, "'method':'METHOD_QUARTERLY','on':'2025-08-20'");
    stand("2025-10-31", DUE, "2025-08", "2025-10-31");
    pay("2025-10-31", "2025-08", "2025-10");
    expect_field("months", "3");
}

static void an_open_bill_is_replaced(void **state)
{
    (void)state;
    char bill[64], version[16];
    enrol("010085820003", "1985-05-17", "'method':'METHOD_MONTHLY','enrolledOn':'2025-09-10'");
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"participantId\":\"%s\",\"on\":\"2025-09-10\"}",
                                   someone_id()),
                     0);
    (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
    (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
    change(200, "'incomeVnd':'1530000','on':'2025-09-12'");
    expect_said("income_vnd: ");
    expect_said("Decree 134/2015/ND-CP");
    expect_call(400, "Payments/Pay",
                "{'billId':'%s','billVersion':%s,'amountVnd':'264000','paidOn':'2025-09-12'}", bill,
                version);
    expect_said("this bill is paid or replaced by a later one");
    inquire("2025-09-12", 200);
    expect_field("grossVnd", "336600");
    pay("2025-09-12", "2025-09", "2025-09");
}

static void a_repeated_change_is_done_once(void **state)
{
    (void)state;
    enrol("010085820004", "1985-05-17", "'method':'METHOD_MONTHLY','enrolledOn':'2025-09-10'");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(platform_call(platform, "change-4", "Enrolment/ChangeContribution", answer,
                                       "{\"participantId\":\"%s\",\"incomeVnd\":\"2000000\","
                                       "\"on\":\"2025-09-12\"}",
                                       someone_id()),
                         0);
        if (i > 0)
            assert_string_equal(answer, other);
        (void)strcpy(other, answer);
        kill_one("enrolment");
    }
    assert_int_equal(platform_call(platform, "change-4", "Enrolment/ChangeContribution", answer,
                                   "{\"participantId\":\"%s\",\"incomeVnd\":\"2100000\","
                                   "\"on\":\"2025-09-12\"}",
                                   someone_id()),
                     ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
}

static void who_moves_pays_for_the_new_commune(void **state)
{
    (void)state;
    long long before = people_on_board(platform, "02671");
    enrol("010085820005", "1985-05-17", "'method':'METHOD_YEARLY','enrolledOn':'2025-09-10'");
    change(400, "'unitCode':'15','on':'2025-09-12'");
    expect_said("want the 5-digit code of a commune");
    change(400, "'unitCode':'99999','on':'2025-09-12'");
    expect_said("\"field\":\"unit_code\"");
    change(400, "'unitCode':'02671','collectorCode':'nobody'");
    expect_said("\"field\":\"collector_code\"");
    change(200, "'unitCode':'02671','supportGroup':'SUPPORT_GROUP_POOR','on':'2025-09-12'");
    expect_field("unitCode", "02671");
    inquire("2025-09-12", 200);
    expect_field("dueVnd", "1980000"); /* 12 x (330,000 - 165,000) */
    pay("2025-09-12", "2025-09", "2026-08");
    assert_true(people_wait_board(platform, "02671", before + 1, 10000));
    /* also while it is paid: the terms are not touched */
    change(200, "'unitCode':'02647','on':'2025-10-01'");
    change(400, "'incomeVnd':'2500000','on':'2025-10-01'");
    expect_said("2026-09-01");
}

static void a_dry_run_changes_nothing(void **state)
{
    (void)state;
    enrol("010085820006", "1985-05-17", "'method':'METHOD_MONTHLY','enrolledOn':'2025-09-10'");
    change(200, "'incomeVnd':'2500000','on':'2025-09-12','dryRun':true");
    expect_field("incomeVnd", "2500000");
    end(200, "'reason':'END_REASON_WITHDRAWN','on':'2025-09-12','dryRun':true");
    expect_field("endedOn", "2025-09-12");
    stand("2025-09-12", DECLARED, "2025-09", "2025-09-30");
    expect_field("incomeVnd", "1500000");
}

static void lump_sums_need_the_age_that_was_sealed(void **state)
{
    (void)state;
    enrol("010085820007", "1985-05-17", "'method':'METHOD_MONTHLY','enrolledOn':'2025-09-10'");
    change(400, "'method':'METHOD_MISSING_MONTHS','months':12,'on':'2025-09-12'");
    expect_said("missing months may be paid from 2047-04 on");
    enrol("010064820008", "1964-03-31", "'method':'METHOD_MONTHLY','enrolledOn':'2025-09-10'");
    pay("2025-09-10", "2025-09", "2025-09");
    change(400, "'method':'METHOD_FUTURE_YEARS','months':24,'on':'2025-10-02'");
    expect_said("retirement age in 2025-06: pay 1 to 60 missing months at once instead");
    change(200, "'method':'METHOD_MISSING_MONTHS','months':60,'on':'2025-10-02'");
    expect_field("nextFromMonth", "");
    expect_field("months", "60");
    pay("2025-10-02", "", "");
    stand("2025-10-02", COMPLETE, "", "");
    expect_field("monthsPaid", "61");
    expect_call(404, "Enrolment/ChangeContribution",
                "{'participantId':'00000000000000000000000000','method':6,'months':1}");
}

static void wrong_changes_name_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *rest, *field;
    } cases[] = {{"'on':'2025-09-12'", "method"},
                 {"'method':'METHOD_YEARLY','on':'12/09/2025'", "on"},
                 {"'method':'METHOD_YEARLY','on':'2199-01-01'", "on"},
                 {"'method':'METHOD_YEARLY','on':'2025-09-09'", "on"},
                 {"'method':'METHOD_FUTURE_YEARS','on':'2025-09-12'", "months"},
                 {"'incomeVnd':'1499999','on':'2025-09-12'", "income_vnd"}};
    enrol("010085820009", "1985-05-17", "'method':'METHOD_MONTHLY','enrolledOn':'2025-09-10'");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char named[64];
        change(400, cases[i].rest);
        (void)snprintf(named, sizeof(named), "\"field\":\"%s\"", cases[i].field);
        expect_said(named);
    }
    expect_call(400, "Enrolment/ChangeContribution", "{'participantId':'nobody','method':1}");
    expect_said("\"field\":\"participant_id\"");
    expect_call(404, "Enrolment/EndParticipation",
                "{'participantId':'00000000000000000000000000','reason':1}");
}

/* --- the end, and the way back --- */

static void an_end_owes_the_unused_months(void **state)
{
    (void)state;
    enrol("010085820011", "1985-05-17", "'method':'METHOD_HALF_YEARLY','enrolledOn':'2025-07-10'");
    pay("2025-07-10", "2025-07", "2025-12");
    end(400, "'on':'2025-09-15'");
    expect_said("\"field\":\"reason\"");
    kill_one("enrolment");
    end(200, "'reason':'END_REASON_TO_COMPULSORY','on':'2025-09-15'");
    expect_field("fromMonth", "2025-09");
    expect_field("toMonth", "2025-12");
    expect_field("months", "4");
    expect_field("refundVnd", "1056000");
    expect_said("\"centralVnd\":\"264000\"");
    expect_said("Decree 159/2025/ND-CP, article 8");
    stand("2025-09-15", ENDED, "", "");
    expect_field("endReason", "END_REASON_TO_COMPULSORY");
    expect_field("endedOn", "2025-09-15");
    expect_field("monthsPaid", "2");
    expect_field("coveredUntil", "2025-08");
    expect_field("supportMonthsLeft", "118");
    stand("2025-08-31", ACTIVE, "2025-09", "2025-12-31");
    inquire("2025-10-15", 400);
    expect_said("the participation has ended on 2025-09-15");
    end(400, "'reason':'END_REASON_DECEASED'");
    expect_said("failed_precondition");
    change(400, "'method':'METHOD_MONTHLY'");
    expect_said("the participation has ended");
}

static void who_comes_back_is_no_new_participant(void **state)
{
    (void)state;
    long long before = people_on_board(platform, "15");
    enrol_refused("010085820011", "1985-05-17",
                  "'method':'METHOD_MONTHLY','enrolledOn':'2025-09-14'", "enrolled_on",
                  "before the end of the earlier participation, 2025-09-15");
    enrol("010085820011", "1985-05-17", "'method':'METHOD_MONTHLY','enrolledOn':'2025-11-10'");
    stand("2025-11-10", DUE, "2025-11", "2025-11-30");
    expect_field("monthsPaid", "2");
    expect_field("endReason", "END_REASON_UNSPECIFIED");
    pay("2025-11-10", "2025-11", "2025-11");
    stand("2025-11-10", ACTIVE, "2025-12", "2025-12-31");
    expect_said("\"covered\":[{\"fromMonth\":\"2025-07\",\"toMonth\":\"2025-08\"},"
                "{\"fromMonth\":\"2025-11\",\"toMonth\":\"2025-11\"}]");
    enrol("010085820012", "1985-05-17", "'method':'METHOD_MONTHLY','enrolledOn':'2025-11-10'");
    pay("2025-11-10", "2025-11", "2025-11");
    assert_true(people_wait_board(platform, "15", before + 1, 10000));
}

static void who_has_drawn_a_one_off_begins_anew(void **state)
{
    (void)state;
    enrol("010085820013", "1985-05-17", "'method':'METHOD_MONTHLY','enrolledOn':'2025-09-10'");
    pay("2025-09-10", "2025-09", "2025-09");
    end(200, "'reason':'END_REASON_ONE_OFF','on':'2025-10-05'");
    expect_field("months", "0");
    expect_field("refundVnd", "0");
    stand("2025-10-05", ENDED, "", "");
    expect_field("monthsPaid", "0");
    enrol("010085820013", "1985-05-17", "'method':'METHOD_MONTHLY','siCode':'1012345670'");
    stand("2025-09-30", ACTIVE, "2025-10", "2025-10-31");
    expect_field("monthsPaid", "0");
    expect_call(200, "Enrolment/GetParticipant", "{'siCode':'1012345670'}");
    expect_field("participantId", someone_id());
}

static void some_ends_are_for_good(void **state)
{
    (void)state;
    enrol("010085820014", "1985-05-17", "'method':'METHOD_MONTHLY','enrolledOn':'2025-09-10'");
    end(200, "'reason':'END_REASON_PENSION','on':'2025-10-05'");
    enrol_refused("010085820014", "1985-05-17", "'method':'METHOD_MONTHLY'", "personal_id",
                  "ended for good on 2025-10-05");
    enrol_refused("010085820014", "1985-05-17", "'method':'METHOD_MONTHLY','dryRun':true",
                  "personal_id", "ended for good on 2025-10-05");
}

static void who_is_kept_out_is_told_by_which_law(void **state)
{
    (void)state;
    enrol_refused("010085820021", "1985-05-17", "'method':'METHOD_MONTHLY','inCompulsorySi':true",
                  "in_compulsory_si",
                  "takes part in compulsory social insurance (Law 41/2024/QH15");
    enrol_refused("010085820021", "1985-05-17", "'method':'METHOD_MONTHLY','drawsPension':true",
                  "draws_pension", "Law 41/2024/QH15, article 2(4)");
    enrol_refused("010085820021", "1985-05-17", "'method':'METHOD_MONTHLY','foreignCitizen':true",
                  "foreign_citizen", "is not a citizen of Viet Nam");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_change_when_the_paid_months_are_over),
        cmocka_unit_test(after_a_lapse_the_same_terms_are_declared_again),
        cmocka_unit_test(an_open_bill_is_replaced),
        cmocka_unit_test(a_repeated_change_is_done_once),
        cmocka_unit_test(who_moves_pays_for_the_new_commune),
        cmocka_unit_test(a_dry_run_changes_nothing),
        cmocka_unit_test(lump_sums_need_the_age_that_was_sealed),
        cmocka_unit_test(wrong_changes_name_the_field),
        cmocka_unit_test(an_end_owes_the_unused_months),
        cmocka_unit_test(who_comes_back_is_no_new_participant),
        cmocka_unit_test(who_has_drawn_a_one_off_begins_anew),
        cmocka_unit_test(some_ends_are_for_good),
        cmocka_unit_test(who_is_kept_out_is_told_by_which_law),
        cmocka_unit_test(nothing_differs),
    };
    return !!cmocka_run_group_tests_name(__FILE__, tests, start, stop);
}
