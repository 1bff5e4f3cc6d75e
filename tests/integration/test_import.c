/* ansinh import against real services: what goes in, what is put down as bad, what a repeat does.
 */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/settle/instant.h"
#include "tests/support/people.h"

#define SAID_BYTES PLATFORM_SAID_BYTES

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], said[SAID_BYTES], errors[4096];
static char path[128], errors_path[160];

#define PERSON_COLUMNS                                                                             \
    "personal_id,full_name,birth_date,sex,unit_code,support_group,income_vnd,method,enrolled_on"
#define PERSON "Lò Văn Thử,1985-05-17,male,02647,other,1500000,monthly,2025-07-01\n"

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.payments = 1});
    (void)snprintf(path, sizeof(path), "%s/rows.csv", platform_directory(platform));
    (void)snprintf(errors_path, sizeof(errors_path), "%s.errors.csv", path);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void read_errors(void)
{
    FILE *file = fopen(errors_path, "re");
    errors[0] = '\0';
    if (file == NULL)
        return;
    errors[fread(errors, 1, sizeof(errors) - 1, file)] = '\0';
    (void)fclose(file);
}

static int import_as(const char *option, const char *kind, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    int status = option == NULL
                     ? platform_ansinh(platform, said, "import", kind, path, NULL)
                     : platform_ansinh(platform, said, "import", option, kind, path, NULL);
    read_errors();
    return status;
}

static int import(const char *kind, const char *text)
{
    return import_as(NULL, kind, text);
}

static void assert_said(const char *words)
{
    if (strstr(said, words) == NULL)
        print_message("want \"%s\" in:\n%s\n%s\n", words, said, errors);
    assert_non_null(strstr(said, words));
}

static void assert_error(const char *words)
{
    if (strstr(errors, words) == NULL)
        print_message("want \"%s\" in:\n%s\n", words, errors);
    assert_non_null(strstr(errors, words));
}

static int has_unit(const char *code)
{
    return platform_call(platform, NULL, "Directory/GetUnit", answer, "{\"code\":\"%s\"}", code) ==
           0;
}

/* --- the file itself --- */

static void test_wrong_usage(void **state)
{
    (void)state;
    assert_int_equal(platform_ansinh(platform, said, "import", NULL), 2);
    assert_int_equal(platform_ansinh(platform, said, "import", "units", NULL), 2);
    assert_int_equal(platform_ansinh(platform, said, "import", "people", "x.csv", NULL), 2);
    assert_int_equal(platform_ansinh(platform, said, "import", "--wet", "units", "x.csv", NULL), 2);
    assert_int_equal(platform_ansinh(platform, said, "import", "units", "/nowhere.csv", NULL), 1);
    assert_said("/nowhere.csv: it cannot be opened");
}

static void test_columns_are_checked_before_anything_is_sent(void **state)
{
    (void)state;
    assert_int_equal(import("units", "code,level,nome\n01,province,x\n"), 1);
    assert_said("column parent_code is missing");
    assert_said("column name is missing");
    assert_said("column nome is unknown");
    assert_int_equal(import("participants", PERSON_COLUMNS ",dry_run\n"), 1);
    assert_said("column dry_run is unknown");
    assert_int_equal(import("payments", "paid_on\n"), 1);
    assert_said("column channel is missing");
    assert_int_equal(import("units", ""), 1);
    assert_said("the file is empty");
}

/* --- reference data --- */

static void test_units_add_the_country_and_come_in_any_order(void **state)
{
    (void)state;
    static const char text[] = "code,parent_code,level,name,name_en,full_name\r\n"
                               "99001,99,commune,Một,One,Xã Một\r\n"
                               "99002,99,commune,Hai,Two,Đặc khu Hai\r\n"
                               "99,,province,Chín,Nine,Tỉnh Chín\r\n";
    assert_int_equal(import_as("--dry-run", "units", text), 0);
    assert_said("units: 3 rows, 3 would be taken in, 0 bad");
    assert_false(has_unit("99"));
    assert_int_equal(import("units", text), 0);
    assert_said("units: 3 rows, 3 taken in, 0 bad");
    assert_true(has_unit("VN"));
    assert_true(has_unit("99002"));
    assert_non_null(strstr(answer, "\"specialZone\":true"));
    assert_true(has_unit("99001"));
    assert_null(strstr(answer, "\"specialZone\":true"));
    assert_true(has_unit("99"));
    assert_non_null(strstr(answer, "\"parentCode\":\"VN\""));
    assert_int_equal(import("units", text), 0); /* again: changes nothing */
}

static void test_a_column_decides_on_special_zones(void **state)
{
    (void)state;
    assert_int_equal(import("units", "code,parent_code,level,name,full_name,special_zone\n"
                                     "98,,province,Tám,Tỉnh Tám,\n"
                                     "98001,98,commune,A,Đặc khu A,no\n"
                                     "98002,98,commune,B,Xã B,yes\n"),
                     0);
    assert_true(has_unit("98001"));
    assert_null(strstr(answer, "\"specialZone\":true"));
    assert_true(has_unit("98002"));
    assert_non_null(strstr(answer, "\"specialZone\":true"));
}

static void test_bad_units_stay_out_and_good_ones_go_in(void **state)
{
    (void)state;
    static const char text[] = "code,parent_code,level,name\n"
                               "97,,province,Bảy\n"
                               "97001,97,commune,A\n"
                               "97001,97,commune,B\n"
                               "97002,96,commune,C\n"
                               "9700x,97,commune,D\n"
                               "97003,97,village,E\n"
                               "97004,97,commune\n"
                               "97005,97,commune,\"F\n"
                               "97006,97,commune,\n"
                               "97007,97,commune,\"G \"\"1\"\", H\"\n";
    for (int i = 0; i < 2; i++) {
        assert_int_equal(import_as(i == 0 ? "--dry-run" : NULL, "units", text), 1);
        assert_said("units: 10 rows, 3 ");
        assert_said("7 bad; see ");
        assert_error("\"4\",\"the same code as in line 3\",\"97001\",\"97\",\"commune\",\"B\"");
        assert_error("\"5\",\"invalid_argument: parent_code: unknown unit\",\"97002\"");
        assert_error("\"6\",\"invalid_argument: code: a commune's code has 5 digits\",\"9700x\"");
        assert_error("\"7\",\"invalid_argument: level: ");
        assert_error("\"8\",\"the row has 3 values, the header has 4 columns\",\"97004\"");
        assert_error("\"9\",\"the quotes do not match");
        assert_error("\"10\",\"invalid_argument: name: ");
        assert_int_equal(has_unit("97007"), i == 1);
    }
    assert_non_null(strstr(answer, "G \\\"1\\\", H"));
    assert_true(has_unit("97001"));
    assert_non_null(strstr(answer, "\"name\":\"A\""));
}

/* The file of bad rows, put right, is a file like any other. */
static void test_an_errors_file_can_be_imported(void **state)
{
    (void)state;
    assert_int_equal(import("units", "line,reason,code,parent_code,level,name\n"
                                     "5,unknown unit,96,,province,Sáu\n"
                                     "7,whatever,96001,96,commune,A\n"
                                     "8,whatever,96001,96,commune,B\n"),
                     1);
    assert_said("units: 3 rows, 2 taken in, 1 bad");
    assert_error("\"line\",\"reason\",\"code\",\"parent_code\",\"level\",\"name\"\n"
                 "\"4\",\"the same code as in line 3\",\"96001\",\"96\",\"commune\",\"B\"\n");
    assert_true(has_unit("96001"));
}

/* More rows than one call takes, children before their parents, a dry run that knows no parents. */
static void test_many_units(void **state)
{
    (void)state;
    enum { COMMUNES = 990 };
    char *text = malloc(64 * (COMMUNES + 8));
    assert_non_null(text);
    size_t len = (size_t)sprintf(text, "code,parent_code,level,name\n");
    for (int i = 0; i < COMMUNES; i++)
        len += (size_t)sprintf(text + len, "95%03d,%d,commune,Xã %d\n", i, i % 2 == 0 ? 95 : 94, i);
    len +=
        (size_t)sprintf(text + len, "95,VN,province,Năm\n94,VN,province,Bốn\n95999,93,commune,x\n");
    assert_int_equal(import_as("--dry-run", "units", text), 1);
    assert_said("units: 993 rows, 992 would be taken in, 1 bad");
    assert_error("\"994\",\"invalid_argument: parent_code: unknown unit\",\"95999\"");
    assert_int_equal(import("units", text), 1);
    assert_said("units: 993 rows, 992 taken in, 1 bad");
    assert_true(has_unit("95989"));
    free(text);
}

static void test_organisations(void **state)
{
    (void)state;
    static const char text[] = "kind,code,parent_code,unit_code,name\n"
                               "collector,K1,P1,,\n"
                               "point,P1,O1,99001,Điểm 1\n"
                               "organisation,O1,,,Bưu điện\n"
                               "point,O1,O1,99001,Cùng mã khác loại\n"
                               "organisation,O2,O1,,Có cha\n"
                               "collector,K2,P9,,\n"
                               "collector,K3,P1,,Tên người\n"
                               "point,P2,O1,77777,Nơi lạ\n"
                               "branch,B1,O1,99001,Chi nhánh\n"
                               "point,P1,O1,99001,Lần nữa\n";
    for (int i = 0; i < 2; i++) {
        assert_int_equal(import_as(i == 0 ? "--dry-run" : NULL, "organisations", text), 1);
        assert_said("organisations: 10 rows, 4 ");
        assert_error(
            "\"6\",\"invalid_argument: parent_code: a row of kind organisation has none\"");
        assert_error("\"7\",\"invalid_argument: point_code: unknown point\",\"collector\",\"K2\"");
        assert_error("\"8\",\"invalid_argument: name: a row of kind collector has none\"");
        assert_error("\"9\",\"invalid_argument: unit_code: unknown unit\",\"point\",\"P2\"");
        assert_error("\"10\",\"invalid_argument: kind: want organisation, point or collector\"");
        assert_error("\"11\",\"the same kind code as in line 3\"");
    }
}

static void test_plan(void **state)
{
    (void)state;
    assert_int_equal(import("plan", "year,unit_code,participants\n"
                                    "2026,99001,40\n"
                                    "2026,99002,60\n"
                                    "2026,99,100\n"
                                    "2026,98,7\n"
                                    "2026,98001,5\n"
                                    "2026,98002,5\n"
                                    "2026,99999,1\n"
                                    "1900,VN,1\n"
                                    "2026,99001,41\n"
                                    "2026,97,-1\n"),
                     1);
    assert_said("plan: 10 rows, 5 taken in, 5 bad");
    assert_error(
        "\"5\",\"invalid_argument: participants: the targets below 98 add up to 10, its own "
        "is 7\",\"2026\",\"98\",\"7\"");
    assert_error("\"8\",\"invalid_argument: unit_code: unknown unit\",\"2026\",\"99999\"");
    assert_error("\"9\",\"invalid_argument: year: ");
    assert_error("\"10\",\"the same year unit_code as in line 2\"");
    assert_error("\"11\",\"invalid_argument: participants: ");
    assert_true(has_unit("99"));
    assert_non_null(strstr(answer, "\"plan\":\"100\""));
    assert_true(has_unit("98001"));
    assert_non_null(strstr(answer, "\"plan\":\"5\""));
}

static void test_the_sample_and_a_repeat(void **state)
{
    (void)state;
    platform_import(platform);
    platform_import(platform);
    assert_true(has_unit("02647"));
}

/* --- participants and payments --- */

static int count_enrolled(void)
{
    redisReply *reply =
        redis_server_do(platform_ledger(platform), "EVAL",
                        "local n = 0 for _, key in ipairs(redis.call('KEYS', '{p*}:t')) do"
                        "  n = n + struct.unpack('<i8', redis.call('GET', key), 17) end return n",
                        "0", NULL);
    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    int n = (int)reply->integer;
    freeReplyObject(reply);
    return n;
}

static void test_participants(void **state)
{
    (void)state;
    static const char text[] =
        PERSON_COLUMNS ",si_code\n"
                       "010085700001,Lò Thị Một,1985-05-17,male,02647,other,1500000,monthly,,\n"
                       "010085700002,Lò Thị "
                       "Hai,1985-05-17,male,02647,other,1500000,monthly,2025-07-01,1234567890\n"
                       "010085700001,Lò Thị Một,1985-05-17,male,02647,other,1500000,monthly,,\n"
                       "010085700003,Lò Thị Ba,1985-05-18,female,02647,other,1500000,monthly,,\n"
                       "010085700004,Lò Thị Bốn,1985-05-17,male,02647,other,năm triệu,monthly,,\n"
                       "010085700005,Lò Thị Năm,1985-05-17,male,15,other,1500000,monthly,,\n";
    int before = count_enrolled();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(import_as(i == 0 ? "--dry-run" : NULL, "participants", text), 1);
        assert_said("participants: 6 rows, 2 ");
        assert_error("\"4\",\"the same personal_id as in line 2\",\"010085700001\"");
        assert_error("\"5\",\"invalid_argument: ");
        assert_error(
            "\"6\",\"invalid_argument: income_vnd: \"\"năm triệu\"\" is no whole number\"");
        assert_error("\"7\",\"invalid_argument: unit_code: ");
        assert_int_equal(count_enrolled(), i == 0 ? before : before + 2);
    }
}

static long long months_paid(const char *personal_id)
{
    assert_int_equal(platform_call(platform, NULL, "Enrolment/GetParticipant", answer,
                                   "{\"personalId\":\"%s\"}", personal_id),
                     0);
    return atoll(platform_field(answer, "monthsPaid"));
}

static void test_lump_sums_have_their_months(void **state)
{
    (void)state;
    static const char text[] =
        PERSON_COLUMNS ",months\n"
                       "010085705001,Lò Thị Một,1985-05-17,male,02647,other,1500000,"
                       "future_years,2025-09-01,36\n"
                       "010085705002,Lò Thị Hai,1985-05-17,male,02647,other,1500000,"
                       "future_years,2025-09-01,\n"
                       "010085705003,Lò Thị Ba,1985-05-17,male,02647,other,1500000,monthly,"
                       "2025-09-01,\n";
    assert_int_equal(import("participants", text), 1);
    assert_said("participants: 3 rows, 2 taken in, 1 bad");
    assert_error("\"3\",\"invalid_argument: months: future years: want 24 to 60 months");
    assert_int_equal(import("payments", "personal_id,paid_on,channel\n"
                                        "010085705001,2025-09-10,cash\n"),
                     0);
    assert_int_equal(months_paid("010085705001"), 36);
    assert_string_equal(platform_field(answer, "coveredUntil"), "2028-08");
}

static void test_bars_may_be_columns(void **state)
{
    (void)state;
    static const char text[] =
        PERSON_COLUMNS ",in_compulsory_si,draws_pension\n"
                       "010085706001,Lò Thị Một,1985-05-17,male,02647,other,1500000,monthly,"
                       "2025-09-01,no,no\n"
                       "010085706002,Lò Thị Hai,1985-05-17,male,02647,other,1500000,monthly,"
                       "2025-09-01,yes,\n";
    assert_int_equal(import("participants", text), 1);
    assert_said("participants: 2 rows, 1 taken in, 1 bad");
    assert_error("\"3\",\"invalid_argument: in_compulsory_si: takes part in compulsory");
}

static void test_people_who_are_there(void **state)
{
    (void)state;
    static const char one[] = PERSON_COLUMNS "\n010085710001," PERSON;
    static const char changed[] =
        PERSON_COLUMNS ",phone\n010085710001,"
                       "Lò Văn Thử,1985-05-17,male,02647,other,1500000,monthly,"
                       "2025-07-01,0912345678\n";
    static const char reordered[] =
        "method,personal_id,full_name,birth_date,sex,unit_code,support_group,income_vnd,"
        "enrolled_on\nmonthly,010085710001,Lò Văn Thử,1985-05-17,male,02647,other,1500000,"
        "2025-07-01\n";
    assert_int_equal(import("participants", one), 0);
    assert_int_equal(import("participants", reordered), 0); /* the same row: the same answer */
    assert_int_equal(import("participants", changed), 1);
    assert_error("\"2\",\"already_exists: personal_id: this person has been enrolled since "
                 "2025-07-01\",\"010085710001\"");
    assert_int_equal(import_as("--dry-run", "participants", one), 1);
    assert_error("already_exists");
    assert_int_equal(import_as("--dry-run", "participants",
                               PERSON_COLUMNS
                               ",si_code\n010085710002,"
                               "Lò Văn Thử,1985-05-17,male,02647,other,1500000,monthly,"
                               "2025-07-01,1234567890\n"),
                     1);
    assert_error("already_exists: si_code: this SI code belongs to another person");
}

/* One person's payments go in one after the other, in the order of the file. */
static void test_payments(void **state)
{
    (void)state;
    static const char text[] = "personal_id,paid_on,channel,amount_vnd,collector_code\n"
                               "010085720001,2025-08-10,cash,264000,K1\n"
                               "010085720001,2025-09-10,cash,264000,\n"
                               "010085720001,2025-10-10,PAYMENT_CHANNEL_TRANSFER,,\n"
                               "010085720001,2025-09-10,cash,264000,\n"
                               "010085720002,2025-08-10,cash,263999,\n"
                               "010085720002,2025-08-11,cash,264000,NOBODY\n"
                               "010085720003,2025-08-10,cash,264000,\n"
                               ",2025-08-10,cash,264000,\n"
                               "010085720002,10/08/2025,cash,264000,\n"
                               "010085720002,2199-08-10,cash,264000,\n"
                               "010085720002,2025-08-10,,264000,\n"
                               "010085720002,2025-08-10,gold,264000,\n";
    assert_int_equal(
        import("participants", PERSON_COLUMNS "\n010085720001," PERSON "010085720002," PERSON), 0);
    assert_int_equal(import_as("--dry-run", "payments", text), 1);
    assert_said("payments: 12 rows, 5 would be taken in, 7 bad");
    assert_int_equal(months_paid("010085720001"), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(import("payments", text), 1);
        assert_said("payments: 12 rows, 3 taken in, 9 bad");
        assert_error("\"5\",\"the same row as in line 3\"");
        assert_error("\"6\",\"invalid_argument: amount_vnd: the bill is due with 264000 dong, not "
                     "263999\"");
        assert_error("\"7\",\"invalid_argument: collector_code: ");
        assert_error("\"8\",\"not_found: no such participant\"");
        assert_error(
            "\"9\",\"invalid_argument: personal_id: want one of personal_id, participant_id\"");
        assert_error("\"10\",\"invalid_argument: paid_on: want a date as YYYY-MM-DD\"");
        assert_error("\"11\",\"invalid_argument: paid_on: ");
        assert_error("\"12\",\"invalid_argument: channel: want cash or transfer\"");
        assert_error("\"13\",\"invalid_argument: channel: ");
        assert_int_equal(months_paid("010085720001"), 3);
        assert_string_equal(platform_field(answer, "coveredUntil"), "2025-10");
        assert_int_equal(months_paid("010085720002"), 0);
    }
}

static void test_payments_by_participant_id(void **state)
{
    (void)state;
    char text[256];
    assert_int_equal(import("participants", PERSON_COLUMNS "\n010085730001," PERSON), 0);
    (void)months_paid("010085730001");
    (void)snprintf(text, sizeof(text),
                   "participant_id,paid_on,channel\n%s,2025-08-10,cash\nNOBODY,2025-08-10,cash\n",
                   platform_field(answer, "participantId"));
    assert_int_equal(import("payments", text), 1);
    assert_said("payments: 2 rows, 1 taken in, 1 bad");
    assert_error("\"3\",\"invalid_argument: participant_id: ");
    assert_int_equal(months_paid("010085730001"), 1);
}

static int are_enrolled(void *n)
{
    return count_enrolled() >= *(const int *)n;
}

/* Many rows in the window at once, while a service dies under them: all go in, once. */
static void test_a_service_dies_under_an_import(void **state)
{
    (void)state;
    enum { ROWS = 3000 };
    char command[512];
    const char *folder = getenv("O");
    int before = count_enrolled();
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(PERSON_COLUMNS "\n", file) >= 0);
    for (int i = 0; i < ROWS; i++)
        (void)fprintf(file, "01008574%04d," PERSON, i);
    assert_int_equal(fclose(file), 0);
    (void)snprintf(command, sizeof(command), "%s/bin/ansinh import participants %s 2>&1",
                   folder == NULL ? "build" : folder, path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    int some = before + 100;
    assert_true(wait_until(platform, are_enrolled, &some, 20000));
    platform_signal(platform, "enrolment", 1, SIGKILL);
    platform_spawn(platform, "enrolment", 1);
    size_t len = fread(said, 1, sizeof(said) - 1, pipe);
    said[len] = '\0';
    int status = pclose(pipe);
    assert_said("participants: 3000 rows, 3000 taken in, 0 bad");
    assert_int_equal(status, 0);
    assert_int_equal(count_enrolled(), before + ROWS);
    assert_int_equal(platform_ansinh(platform, said, "verify", NULL), 0);
}

/* --- campaigns -------------------------------------------------------------------------------- */

/* A session now: the day must be near. */
static void session_file(char *ret, size_t size, const char *columns, const char *row)
{
    char start[INSTANT_TEXT_BYTES], end[INSTANT_TEXT_BYTES];
    int64_t now_ms = clock_wall_ms();
    instant_format(now_ms, start);
    instant_format(now_ms + 3600000, end);
    (void)snprintf(ret, size, "code,kind,unit_code,start_ms,end_ms%s\nL1,small_group,15,%s,%s%s\n",
                   columns, start, end, row);
}

static void test_campaigns_sessions_and_contacts(void **state)
{
    char text[65536];
    (void)state;
    assert_int_equal(import("campaigns", "code,name,from_ms,until_ms,counts,unit_codes,sprint\n"
                                         "tt,Tăng tốc,2025-12-01T00:00:00+07:00,"
                                         "2025-12-16T00:00:00+07:00,paid,15;14,yes\n"
                                         "x,X,1,1,paid,,\n"),
                     1);
    assert_error("until_ms");
    assert_int_equal(
        platform_call(platform, NULL, "Campaigns/GetCampaign", answer, "{\"code\":\"tt\"}"), 0);
    assert_non_null(strstr(answer, "\"unitCodes\":[\"15\",\"14\"]"));
    assert_non_null(strstr(answer, "\"fromMs\":\"1764522000000\""));
    session_file(text, sizeof(text), ",campaign_code,attendance", ",tt,33");
    assert_int_equal(import_as("--dry-run", "sessions", text), 0);
    assert_int_equal(import("contacts", "session_code,personal_id\nL1,001090000001\n"), 1);
    assert_error("no such session");
    assert_int_equal(import("sessions", text), 0);
    assert_int_equal(import("contacts", "session_code,personal_id\nL1,001090000001\nL1,1\n"
                                        "L2,001090000001\nL1,001190000002\n"),
                     1);
    assert_error("12 digits");
    assert_error("no such session");
    size_t len = (size_t)snprintf(text, sizeof(text), "session_code,personal_id\n");
    for (int i = 0; i < 450; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "L1,0010900%05d\n", 100 + i);
    assert_int_equal(import("contacts", text), 0);
    assert_said("450 taken in");
    assert_int_equal(import("contacts", text), 0); /* the same calls: not counted again */
    assert_int_equal(platform_call(platform, NULL, "Campaigns/RecordContacts", answer,
                                   "{\"sessionCode\":\"L1\",\"personalIds\":[\"001090009999\"]}"),
                     0);
    assert_non_null(strstr(answer, "\"contacts\":\"453\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_usage),
        cmocka_unit_test(test_columns_are_checked_before_anything_is_sent),
        cmocka_unit_test(test_units_add_the_country_and_come_in_any_order),
        cmocka_unit_test(test_a_column_decides_on_special_zones),
        cmocka_unit_test(test_bad_units_stay_out_and_good_ones_go_in),
        cmocka_unit_test(test_an_errors_file_can_be_imported),
        cmocka_unit_test(test_many_units),
        cmocka_unit_test(test_organisations),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_the_sample_and_a_repeat),
        cmocka_unit_test(test_participants),
        cmocka_unit_test(test_lump_sums_have_their_months),
        cmocka_unit_test(test_bars_may_be_columns),
        cmocka_unit_test(test_people_who_are_there),
        cmocka_unit_test(test_payments),
        cmocka_unit_test(test_payments_by_participant_id),
        cmocka_unit_test(test_campaigns_sessions_and_contacts),
        cmocka_unit_test(test_a_service_dies_under_an_import),
    };
    const char *filter = getenv("TEST_FILTER");
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests_name(__FILE__, tests, start, stop);
}
