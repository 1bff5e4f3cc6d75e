/* The merger of 1 July 2025 over real processes: Lào Cai (10) and Yên Bái (15) become 15. Who is
 * counted before is counted after, once, and the books agree. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/people.h"
#include "tests/support/platform.h"

#define WAIT_MS 60000
#define PERSON(id, commune)                                                                        \
    id ",Lò Văn Thử,1985-05-17,male," commune ",other,1500000,monthly,2025-06-01\n"
#define PAYMENT(id) id ",2025-06-10,cash\n"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];
static char said[PLATFORM_SAID_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.enrolment = 2});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int import(const char *kind, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/rows.csv", platform_directory(platform));
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return platform_ansinh(platform, said, "import", kind, path, NULL);
}

struct words {
    const char *code, *text;
    int are_absent;
};

static int does_unit_say(void *arg)
{
    const struct words *self = arg;
    assert_int_equal(
        platform_call(platform, NULL, "Directory/GetUnit", answer, "{\"code\":\"%s\"}", self->code),
        0);
    return (strstr(answer, self->text) == NULL) == self->are_absent;
}

/* The instance that is asked hears of the other's imports within half a second. */
static int unit_says(const char *code, const char *text)
{
    return wait_until(platform, does_unit_say, &(struct words){code, text, 0}, WAIT_MS);
}

static int unit_says_not(const char *code, const char *text)
{
    return wait_until(platform, does_unit_say, &(struct words){code, text, 1}, WAIT_MS);
}

static void check_board(long long country, long long heir, long long old, long long commune)
{
    assert_true(people_wait_board(platform, "VN", country, WAIT_MS));
    assert_true(people_wait_board(platform, "15", heir, WAIT_MS));
    assert_true(people_wait_board(platform, "10", old, WAIT_MS));
    assert_true(people_wait_board(platform, "02647", commune, WAIT_MS));
}

static void before_the_merger_each_has_its_own(void **state)
{
    (void)state;
    assert_int_equal(import("units", "code,parent_code,level,name,difficulty_tier,valid_until\n"
                                     "10,,province,Lào Cai cũ,,2025-06-30\n"
                                     "10001,10,commune,Xã A,2,2025-06-30\n"
                                     "10002,10,commune,Xã B,4,2025-06-30\n"
                                     "10003,10,commune,Xã C,,\n"),
                     0);
    assert_true(unit_says("10", "\"10003\""));
    assert_true(unit_says("10001", "\"difficultyTier\":2"));
    assert_true(unit_says("10001", "\"validUntil\":\"2025-06-30\""));
    assert_int_equal(import("participants",
                            "personal_id,full_name,birth_date,sex,unit_code,support_group,"
                            "income_vnd,method,enrolled_on\n" PERSON("010085700001", "02647")
                                PERSON("010085700002", "10001") PERSON("010085700003", "10001")
                                    PERSON("010085700004", "10002")),
                     0);
    assert_int_equal(import("payments", "personal_id,paid_on,channel\n" PAYMENT("010085700001")
                                            PAYMENT("010085700002") PAYMENT("010085700003")
                                                PAYMENT("010085700004")),
                     0);
    check_board(4, 1, 3, 1);
}

/* --- the plan --- */

#define SHARE(code, target) "{\"scope\":{\"kind\":1,\"code\":\"" code "\"},\"target\":" target "}"

static void plans(const char *method, const char *json)
{
    if (platform_call(platform, NULL, method, answer, "%s", json) != 0)
        fail_msg("%s: %s", json, answer);
}

static void split(const char *parent, const char *children)
{
    char json[1024];
    (void)snprintf(json, sizeof(json),
                   "{\"planCode\":\"P\",\"parent\":{\"kind\":1,\"code\":\"%s\"},\"children\":[%s]}",
                   parent, children);
    plans("Plans/SplitPlan", json);
}

static void expect_target(const char *unit, long long want)
{
    char json[256], text[64];
    (void)snprintf(json, sizeof(json),
                   "{\"planCode\":\"P\",\"scope\":{\"kind\":1,\"code\":\"%s\"}}", unit);
    (void)snprintf(text, sizeof(text), "\"code\":\"%s\"},\"target\":\"%lld\"", unit, want);
    plans("Plans/GetPlan", json);
    const char *scope = strstr(answer, "},\"scope\":");
    if (scope == NULL || strstr(scope, text) == NULL)
        fail_msg("want %s in %s", text, answer);
}

static void the_plan_of_both_adds_up(void **state)
{
    (void)state;
    plans("Plans/DefinePlan",
          "{\"plan\":{\"code\":\"P\",\"name\":\"P\",\"product\":1,\"period\":1,\"from\":"
          "\"2025-01-01\",\"until\":\"2025-12-31\",\"counts\":2,\"measure\":1,\"root\":{"
          "\"kind\":1,\"code\":\"VN\"},\"target\":100}}");
    split("VN", SHARE("10", "40") "," SHARE("15", "60"));
    split("10", SHARE("10001", "25") "," SHARE("10002", "15"));
    split("15", SHARE("02647", "50") "," SHARE("02671", "10"));
    split("02647", "{\"scope\":{\"kind\":2,\"code\":\"VNPOST@02647\"},\"target\":50}");
    plans("Plans/LockPlan", "{\"planCode\":\"P\",\"officer\":\"CB-1\"}");
    expect_target("10", 40);
}

/* Of the 15 of the divided commune 40 % are 6, and 60 % are 9. */
static void its_targets_follow_and_add_up_to_the_same(void **state)
{
    (void)state;
    plans("Plans/RebasePlan",
          "{\"planCode\":\"P\",\"on\":\"2025-07-01\",\"officer\":\"CB-1\",\"unitCode\":\"15\"}");
    assert_non_null(strstr(answer, "\"number\":1"));
    assert_non_null(strstr(answer, "\"undivided\":1")); /* the post in the commune that grew */
    expect_target("VN", 100);
    expect_target("15", 100);
    expect_target("02647", 50 + 25 + 6);
    expect_target("02671", 10 + 9);
    assert_int_equal(platform_call(platform, NULL, "Plans/GetPlan", answer,
                                   "{\"planCode\":\"P\",\"scope\":{\"kind\":1,\"code\":\"10\"}}"),
                     ANSINH__V1__CODE__CODE_NOT_FOUND);
    plans("Plans/RebasePlan", "{\"planCode\":\"P\",\"on\":\"2025-07-01\",\"officer\":\"CB-1\"}");
    assert_non_null(strstr(answer, "\"written\":0"));
}

static void after_it_nothing_is_lost_and_nothing_twice(void **state)
{
    (void)state;
    /* its row alone says when it ended */
    assert_int_equal(import("participants",
                            "personal_id,full_name,birth_date,sex,unit_code,support_group,"
                            "income_vnd,method,enrolled_on\n"
                            "010085700006,Lò Văn Thử,1985-05-17,male,10001,other,1500000,monthly,"
                            "2025-07-01\n"),
                     1);
    static const char rows[] = "old_code,new_code,share_per_million,on\n"
                               "10,15,1000000,2025-07-01\n"
                               "10001,02647,1000000,2025-07-01\n"
                               "10002,02647,400000,2025-07-01\n"
                               "10002,02671,600000,2025-07-01\n";
    assert_int_equal(import("successors", rows), 0);
    assert_non_null(strstr(said, "4 taken in"));
    /* the divided commune's one person cannot be told apart: it stays there, and counts above */
    check_board(4, 4, 1, 3);
    assert_true(people_wait_board(platform, "10001", 2, WAIT_MS));
    assert_true(people_wait_board(platform, "10002", 1, WAIT_MS));
    assert_true(unit_says("15", "\"predecessorCodes\":[\"10\"]"));
    assert_true(unit_says("10", "\"successorCode\":\"15\""));
    /* its commune has a home, although nobody told that it has another one */
    assert_true(unit_says("15", "\"10003\""));
    assert_true(unit_says_not("10", "\"10003\""));
    assert_true(unit_says_not("VN", "\"10\""));
    assert_int_equal(import("successors", rows), 0);
    assert_true(unit_says("02647", "\"predecessorCodes\":[\"10001\"]"));
    /* who is paid for where it was is counted where it is */
    assert_int_equal(
        import("payments", "personal_id,paid_on,channel\n010085700002,2025-10-10,cash\n"), 0);
    check_board(4, 4, 1, 3);
}

static void denominators_and_offices_stand_beside_them(void **state)
{
    (void)state;
    assert_int_equal(import("denominators", "unit_code,kind,on,value,source\n"
                                            "15,working_age,2025-01-01,1099012,Cục Thống kê\n"
                                            "15,population,2025-01-01,1778000,\n"
                                            "15,working_age,2199-01-01,1,\n"),
                     0);
    assert_true(unit_says("15", "\"value\":\"1099012\""));
    assert_true(unit_says_not("15", "\"value\":\"1\","));
    assert_int_equal(import("si-units", "code,name,commune_codes\nLC-1,BHXH cơ sở 1,02647;02671\n"),
                     0);
    assert_int_equal(import("si-units", "code,name,commune_codes\nLC-2,BHXH cơ sở 2,02671\n"), 1);
    /* what was merged counts in the office of its heir, and no second time in the one it was in */
    assert_int_equal(import("si-units", "code,name,commune_codes\nLC-0,BHXH cũ,10001;10002\n"), 0);
    assert_true(people_wait_board(platform, "SI:LC-1", 3, WAIT_MS));
    assert_true(people_wait_board(platform, "SI:LC-0", 1, WAIT_MS));
}

static void wrong_rows_name_their_field_and_change_nothing(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Directory/ImportSuccessors", answer,
                                   "{\"successors\":[{\"oldCode\":\"02671\",\"newCode\":\"10002\","
                                   "\"sharePerMillion\":1000000,\"on\":\"2026-01-01\"}]}"),
                     ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "successors[0].new_code"));
    assert_int_equal(import("units", "code,parent_code,level,name,difficulty_tier\n"
                                     "10001,10,commune,Xã A,5\n"),
                     1);
    assert_int_equal(import("units", "code,parent_code,level,name,office_email\n"
                                     "10001,10,commune,Xã A,nobody\n"),
                     1);
    assert_int_equal(import("units", "code,parent_code,level,name,valid_from,valid_until\n"
                                     "10001,10,commune,Xã A,2026-01-01,2025-01-01\n"),
                     1);
    assert_true(unit_says("10001", "\"difficultyTier\":2"));
    check_board(4, 4, 1, 3);
}

/* --- who comes later --- */

static int enrol(const char *personal_id, const char *commune, const char *on, const char *more)
{
    return platform_call(platform, NULL, "Enrolment/Enrol", answer,
                         "{\"personalId\":\"%s\",\"fullName\":\"Lò Văn Thử\",\"birthDate\":"
                         "\"1985-05-17\",\"sex\":2,\"unitCode\":\"%s\",\"supportGroup\":4,"
                         "\"incomeVnd\":1500000,\"method\":1,\"enrolledOn\":\"%s\"%s}",
                         personal_id, commune, on, more);
}

static void expect_ended(int code, const char *heir)
{
    assert_int_equal(code, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    if (strncmp(answer, "unit_code: ", strlen("unit_code: ")) != 0 ||
        strstr(answer, "ended on 2025-06-30; after it: ") == NULL || strstr(answer, heir) == NULL)
        fail_msg("want %s in %s", heir, answer);
}

static void nobody_joins_where_a_unit_has_ended(void **state)
{
    (void)state;
    expect_ended(enrol("010085700006", "10001", "2025-07-01", ""), "02647");
    expect_ended(enrol("010085700006", "10001", "", ""), "02647");
    expect_ended(enrol("010085700006", "10001", "", ",\"dryRun\":true"), "02647");
    expect_ended(enrol("010085700006", "10002", "2025-09-01", ""), "02647");
    expect_ended(enrol("010085700006", "10002", "2025-09-01", ""), "02671");
    expect_ended(platform_call(platform, NULL, "Enrolment/DeclareHealth", answer,
                               "{\"personalId\":\"010085700006\",\"fullName\":\"Lò Văn Thử\","
                               "\"birthDate\":\"1985-05-17\",\"sex\":2,\"unitCode\":\"10001\","
                               "\"householdCode\":\"1234567890\"}"),
                 "02647");
    assert_int_equal(platform_call(platform, NULL, "Enrolment/GetParticipant", answer,
                                   "{\"personalId\":\"010085700006\"}"),
                     ANSINH__V1__CODE__CODE_NOT_FOUND);
    assert_int_equal(enrol("010085700006", "02647", "2025-07-01", ""), 0);
}

/* A collector without a network hands in weeks later what was declared before the end. */
static void what_was_declared_before_the_end_comes_in_late(void **state)
{
    char id[64];
    (void)state;
    assert_int_equal(enrol("010085700005", "10001", "2025-06-30", ""), 0);
    assert_non_null(strstr(answer, "\"enrolledOn\":\"2025-06-30\""));
    (void)snprintf(id, sizeof(id), "%s", platform_field(answer, "participantId"));
    /* the bill comes to today, wherever the participant stands */
    assert_int_equal(
        import("payments", "personal_id,paid_on,channel\n010085700005,2025-10-11,cash\n"), 0);
    check_board(5, 5, 1, 4);
    expect_ended(platform_call(platform, NULL, "Enrolment/ChangeContribution", answer,
                               "{\"participantId\":\"%s\",\"unitCode\":\"10002\"}", id),
                 "02671");
    assert_int_equal(platform_call(platform, NULL, "Enrolment/ChangeContribution", answer,
                                   "{\"participantId\":\"%s\",\"supportGroup\":1}", id),
                     0);
    assert_int_equal(platform_call(platform, NULL, "Enrolment/ChangeContribution", answer,
                                   "{\"participantId\":\"%s\",\"unitCode\":\"02671\"}", id),
                     0);
}

static int is_verified(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, said, "verify", NULL) == 0 &&
           strstr(said, " 0 differences") != NULL;
}

static void the_ledger_is_what_the_journal_says(void **state)
{
    (void)state;
    if (!wait_until(platform, is_verified, NULL, WAIT_MS))
        fail_msg("%s", said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_merger_each_has_its_own),
        cmocka_unit_test(the_plan_of_both_adds_up),
        cmocka_unit_test(after_it_nothing_is_lost_and_nothing_twice),
        cmocka_unit_test(its_targets_follow_and_add_up_to_the_same),
        cmocka_unit_test(denominators_and_offices_stand_beside_them),
        cmocka_unit_test(wrong_rows_name_their_field_and_change_nothing),
        cmocka_unit_test(nobody_joins_where_a_unit_has_ended),
        cmocka_unit_test(what_was_declared_before_the_end_comes_in_late),
        cmocka_unit_test(the_ledger_is_what_the_journal_says),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
