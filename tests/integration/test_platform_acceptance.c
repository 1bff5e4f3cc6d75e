/* What the social insurance office makes of declarations, over HTTP and through real processes:
 * accepted, returned, undone; counted apart from what is declared and paid. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/support/people.h"
#include "tests/support/someone.h"

#define WAIT_MS 20000
#define ACCEPTED "'decision':'ACCEPTANCE_DECISION_ACCEPTED','officerCode':'nv-01'"
#define RETURNED                                                                                   \
    "'decision':'ACCEPTANCE_DECISION_RETURNED','officerCode':'nv-01',"                             \
    "'reason':'RETURN_REASON_INCOMPLETE'"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], other[PLATFORM_ANSWER_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(
        &(struct platform_conf){.enrolment = 2, .payments = 1, .analytics = 1, .gateway = 1});
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

static void kill_enrolment(void)
{
    platform_signal(platform, "enrolment", 1, SIGKILL);
    platform_spawn(platform, "enrolment", 1);
}

static void enrol_one(const char *personal_id)
{
    enrol(personal_id, "1985-05-17", "'method':'METHOD_YEARLY','enrolledOn':'2025-09-10'");
}

/* rest is the rest of the JSON */
static void decide(int status, const char *rest)
{
    expect_call(status, "Enrolment/RecordAcceptance", "{'participantId':'%s',%s}", someone_id(),
                rest);
}

static void expect_accepted_on(const char *date)
{
    expect_call(200, "Enrolment/GetParticipant", "{'participantId':'%s'}", someone_id());
    expect_field("acceptedOn", date);
}

/* --- the decision ----------------------------------------------------------------------------- */

static void a_declaration_is_accepted(void **state)
{
    (void)state;
    enrol_one("010085830001");
    expect_accepted_on("");
    decide(200, ACCEPTED ",'decidedOn':'2025-09-15'");
    expect_field("participantId", someone_id());
    expect_field("decision", "ACCEPTANCE_DECISION_ACCEPTED");
    expect_field("decidedOn", "2025-09-15");
    expect_field("undoneAcceptedOn", "");
    expect_accepted_on("2025-09-15");
    decide(400, ACCEPTED ",'decidedOn':'2025-09-16'");
    expect_said("failed_precondition");
    expect_said("accepted already, on 2025-09-15");
    kill_enrolment();
    decide(400, ACCEPTED);
    expect_said("accepted already, on 2025-09-15");
    pay("2025-09-20", "2025-09", "2026-08");
    expect_accepted_on("2025-09-15");
}

static void what_was_accepted_is_returned_and_accepted_again(void **state)
{
    (void)state;
    enrol_one("010085830002");
    decide(200, RETURNED ",'decidedOn':'2025-09-11'");
    expect_field("undoneAcceptedOn", "");
    decide(200, ACCEPTED ",'decidedOn':'2025-09-15'");
    decide(400, RETURNED ",'decidedOn':'2025-09-14'");
    expect_said("before the acceptance, 2025-09-15");
    decide(200, RETURNED ",'decidedOn':'2025-09-17'");
    expect_field("undoneAcceptedOn", "2025-09-15");
    expect_accepted_on("");
    decide(200, ACCEPTED);
    decide(200, RETURNED);
}

static void a_repeated_decision_is_recorded_once(void **state)
{
    (void)state;
    enrol_one("010085830003");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(platform_call(platform, "accept-3", "Enrolment/RecordAcceptance", answer,
                                       "{\"participantId\":\"%s\",\"decision\":1,"
                                       "\"decidedOn\":\"2025-09-15\",\"officerCode\":\"nv-01\"}",
                                       someone_id()),
                         0);
        if (i > 0)
            assert_string_equal(answer, other);
        (void)strcpy(other, answer);
        kill_enrolment();
    }
    assert_int_equal(platform_call(platform, "accept-3", "Enrolment/RecordAcceptance", answer,
                                   "{\"participantId\":\"%s\",\"decision\":1,"
                                   "\"decidedOn\":\"2025-09-16\",\"officerCode\":\"nv-01\"}",
                                   someone_id()),
                     ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
}

static void a_dry_run_records_nothing(void **state)
{
    (void)state;
    enrol_one("010085830004");
    decide(200, ACCEPTED ",'dryRun':true");
    expect_field("decision", "ACCEPTANCE_DECISION_ACCEPTED");
    expect_accepted_on("");
}

static void wrong_decisions_name_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *rest, *field;
    } cases[] = {
        {"'officerCode':'nv-01'", "decision"},
        {"'decision':3,'officerCode':'nv-01'", "decision"},
        {"'decision':2,'officerCode':'nv-01'", "reason"},
        {"'decision':2,'reason':99,'officerCode':'nv-01'", "reason"},
        {"'decision':1,'reason':1,'officerCode':'nv-01'", "reason"},
        {"'decision':1", "officer_code"},
        {"'decision':1,'officerCode':'nv 01'", "officer_code"},
        {ACCEPTED ",'decidedOn':'15/09/2025'", "decided_on"},
        {ACCEPTED ",'decidedOn':'2199-01-01'", "decided_on"},
        {ACCEPTED ",'decidedOn':'2025-09-09'", "decided_on"},
    };
    enrol_one("010085830005");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char named[64];
        decide(400, cases[i].rest);
        (void)snprintf(named, sizeof(named), "\"field\":\"%s\"", cases[i].field);
        expect_said(named);
    }
    expect_call(400, "Enrolment/RecordAcceptance", "{" ACCEPTED "}");
    expect_said("\"field\":\"participant_id\"");
    expect_accepted_on("");
}

static void who_decides_may_name_the_person_otherwise(void **state)
{
    (void)state;
    enrol("010085830006", "1985-05-17",
          "'method':'METHOD_YEARLY','enrolledOn':'2025-09-10','siCode':'1012345671'");
    expect_call(200, "Enrolment/RecordAcceptance",
                "{'siCode':'1012345671'," ACCEPTED ",'decidedOn':'2025-09-15'}");
    expect_field("participantId", someone_id());
    expect_accepted_on("2025-09-15");
    expect_call(200, "Enrolment/RecordAcceptance",
                "{'personalId':'010085830006'," RETURNED ",'decidedOn':'2025-09-16'}");
    expect_field("participantId", someone_id());
    expect_accepted_on("");
    expect_call(404, "Enrolment/RecordAcceptance", "{'siCode':'1012345672'," ACCEPTED "}");
    expect_call(404, "Enrolment/RecordAcceptance", "{'personalId':'010085839999'," ACCEPTED "}");
    expect_call(404, "Enrolment/RecordAcceptance",
                "{'participantId':'00000000000000000000000000'," ACCEPTED "}");
}

static void who_comes_back_is_accepted_anew(void **state)
{
    (void)state;
    enrol_one("010085830007");
    decide(200, ACCEPTED ",'decidedOn':'2025-09-15'");
    expect_call(200, "Enrolment/EndParticipation",
                "{'participantId':'%s','reason':'END_REASON_WITHDRAWN','on':'2025-10-01'}",
                someone_id());
    decide(400, RETURNED);
    expect_said("the participation has ended on 2025-10-01");
    enrol("010085830007", "1985-05-17", "'method':'METHOD_YEARLY','enrolledOn':'2025-10-05'");
    expect_accepted_on("");
    decide(200, ACCEPTED ",'decidedOn':'2025-10-07'");
}

/* --- what is counted -------------------------------------------------------------------------- */

/* The sum of a metric in a commune, as its records say; -1: not to be had. */
static long long total(const char *unit, const char *metric)
{
    int code = platform_call(platform, NULL, "Analytics/ListRecords", answer,
                             "{\"slice\":{\"unitCode\":\"%s\"},\"metric\":\"%s\"}", unit, metric);
    return code == 0 ? atoll(platform_field(answer, "total")) : -1;
}

static void expect_on_board(const char *unit, const char *number, long long value)
{
    assert_int_equal(platform_call(platform, NULL, "Analytics/GetProgress", answer,
                                   "{\"unitCode\":\"%s\"}", unit),
                     0);
    assert_int_equal(atoll(platform_field(answer, number)), value);
}

struct wanted {
    const char *unit;
    long long accepted;
};

static int shows(void *arg)
{
    const struct wanted *wanted = arg;
    return total(wanted->unit, "METRIC_ACCEPTED") == wanted->accepted;
}

static void wait_total(const char *unit, long long accepted)
{
    struct wanted wanted = {unit, accepted};
    assert_true(wait_until(platform, shows, &wanted, WAIT_MS));
}

static void accepted_is_a_number_of_its_own(void **state)
{
    (void)state;
    wait_total("02647", 0);
    enrol_one("010085830008");
    decide(200, RETURNED ",'decidedOn':'2025-09-11'");
    decide(200, ACCEPTED ",'decidedOn':'2025-09-15'");
    wait_total("02647", 1);
    expect_on_board("02647", "accepted", 1);
    expect_on_board("02647", "acceptedToday", 0);
    expect_on_board("02647", "declared", 1);
    expect_on_board("15", "accepted", 1);
    int64_t then_ms = clock_wall_ms();
    expect_call(200, "Analytics/GetSeries",
                "{'slice':{'unitCode':'02647'},'bucket':'BUCKET_DAY','from':'2025-09-11',"
                "'until':'2025-09-15','metrics':['METRIC_ACCEPTED','METRIC_DECLARED']}");
    expect_said("{\"day\":\"2025-09-15\"");
    expect_said("\"values\":[\"1\",\"0\"]");
    expect_call(200, "Enrolment/ChangeContribution", "{'participantId':'%s','unitCode':'02671'}",
                someone_id());
    decide(200, RETURNED);
    wait_total("02647", 0); /* where it had counted */
    assert_int_equal(total("02671", "METRIC_ACCEPTED"), 0);
    expect_on_board("02647", "accepted", 0);
    expect_on_board("02647", "declared", 1);
    assert_int_equal(platform_call(platform, NULL, "Analytics/ListRecords", answer,
                                   "{\"slice\":{\"unitCode\":\"02647\"},\"metric\":"
                                   "\"METRIC_ACCEPTED\",\"asOfMs\":%lld}",
                                   (long long)then_ms),
                     0);
    assert_int_equal(atoll(platform_field(answer, "total")), 1);
}

/* --- lists of the office ---------------------------------------------------------------------- */

static void an_office_brings_its_decisions_as_a_file(void **state)
{
    (void)state;
    char path[512], said[PLATFORM_SAID_BYTES];
    enrol_one("010085830011");
    enrol_one("010085830012");
    (void)snprintf(path, sizeof(path), "%s/decided.csv", platform_directory(platform));
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs("personal_id,decision,decided_on,reason,officer_code\n"
                      "010085830011,accepted,2025-09-15,,nv-01\n"
                      "010085830012,returned,2025-09-15,support_group,nv-01\n"
                      "010085830012,accepted,2025-09-16,,nv-01\n"
                      "010085839998,accepted,2025-09-15,,nv-01\n"
                      ",accepted,2025-09-15,,nv-01\n",
                      file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(
        platform_ansinh(platform, said, "import", "--dry-run", "acceptances", path, NULL), 1);
    assert_non_null(strstr(said, "5 rows, 2 would be taken in, 3 bad"));
    expect_call(200, "Enrolment/GetParticipant", "{'personalId':'010085830011'}");
    expect_field("acceptedOn", "");
    for (int i = 0; i < 2; i++) { /* again: answered, not done twice */
        assert_int_equal(platform_ansinh(platform, said, "import", "acceptances", path, NULL), 1);
        assert_non_null(strstr(said, "5 rows, 2 taken in, 3 bad"));
    }
    expect_call(200, "Enrolment/GetParticipant", "{'personalId':'010085830011'}");
    expect_field("acceptedOn", "2025-09-15");
    expect_accepted_on("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_is_a_number_of_its_own), /* on a board that is empty */
        cmocka_unit_test(a_declaration_is_accepted),
        cmocka_unit_test(what_was_accepted_is_returned_and_accepted_again),
        cmocka_unit_test(a_repeated_decision_is_recorded_once),
        cmocka_unit_test(a_dry_run_records_nothing),
        cmocka_unit_test(wrong_decisions_name_the_field),
        cmocka_unit_test(who_decides_may_name_the_person_otherwise),
        cmocka_unit_test(who_comes_back_is_accepted_anew),
        cmocka_unit_test(an_office_brings_its_decisions_as_a_file),
        cmocka_unit_test(nothing_differs),
    };
    return !!cmocka_run_group_tests_name(__FILE__, tests, start, stop);
}
