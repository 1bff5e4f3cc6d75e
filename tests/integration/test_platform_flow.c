/* One person's way through real processes: declared, billed, paid, counted; repeats, refusals and
 * look-ups on the way. */
#include "tests/support/test.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/people.h"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], other[PLATFORM_ANSWER_BYTES];

#define ENROL(id)                                                                                    \
    "{\"personalId\":\"" id "\",\"fullName\":\"Nguyễn Thị Mận\",\"birthDate\":\"1985-05-17\"," \
    "\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\",\"supportGroup\":\"SUPPORT_GROUP_OTHER\","          \
    "\"incomeVnd\":\"1500000\",\"method\":\"METHOD_MONTHLY\"%s}"

#define PAY "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%d\"}"

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.payments = 2, .enrolment = 2});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void test_from_declaration_to_counter(void **state)
{
    (void)state;
    char participant[64], bill[64], version[16], payment[64];
    long long before = people_on_board(platform, "15");
    assert_int_equal(
        platform_call(platform, NULL, "Enrolment/Enrol", answer, ENROL("010085000001"), ""), 0);
    (void)strcpy(participant, platform_field(answer, "participantId"));
    assert_int_equal(strlen(participant), 26);

    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"participantId\":\"%s\"}", participant),
                     0);
    assert_string_equal(platform_field(answer, "dueVnd"), "264000");
    assert_string_equal(platform_field(answer, "grossVnd"), "330000");
    (void)strcpy(bill, platform_field(answer, "billId"));
    (void)strcpy(version, platform_field(answer, "billVersion"));

    assert_int_equal(
        platform_call(platform, NULL, "Payments/Pay", answer,
                      "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"264000\"}", bill,
                      version),
        0);
    (void)strcpy(payment, platform_field(answer, "paymentId"));

    assert_int_equal(platform_call(platform, NULL, "Payments/GetPayment", answer,
                                   "{\"paymentId\":\"%s\"}", payment),
                     0);
    assert_string_equal(platform_field(answer, "billId"), bill);
    assert_string_equal(platform_field(answer, "amountVnd"), "264000");
    assert_non_null(strstr(answer, "\"centralVnd\":\"66000\""));

    assert_int_equal(platform_call(platform, NULL, "Enrolment/GetParticipant", answer,
                                   "{\"personalId\":\"010085000001\"}"),
                     0);
    assert_string_equal(platform_field(answer, "state"), "PARTICIPANT_STATE_ACTIVE");
    assert_string_equal(platform_field(answer, "participantId"), participant);
    assert_null(strstr(answer, "Mận"));
    assert_true(people_wait_board(platform, "15", before + 1, 5000));
    assert_true(people_wait_board(platform, "02647", people_on_board(platform, "15"), 1000));
    assert_true(people_wait_board(platform, "VN", before + 1, 1000));
}

static void test_repeats_answer_the_same(void **state)
{
    (void)state;
    char bill[64], version[16];
    long long before = people_on_board(platform, "15");
    assert_int_equal(platform_call(platform, "key-enrol-2", "Enrolment/Enrol", answer,
                                   ENROL("010085000002"), ""),
                     0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(platform_call(platform, "key-enrol-2", "Enrolment/Enrol", other,
                                       ENROL("010085000002"), ""),
                         0);
        assert_string_equal(other, answer);
    }
    assert_int_equal(platform_call(platform, "key-bill-2", "Payments/Inquire", answer,
                                   "{\"personalId\":\"010085000002\"}"),
                     0);
    (void)strcpy(bill, platform_field(answer, "billId"));
    (void)strcpy(version, platform_field(answer, "billVersion"));
    assert_int_equal(
        platform_call(platform, "key-pay-2", "Payments/Pay", answer, PAY, bill, version, 264000),
        0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(
            platform_call(platform, "key-pay-2", "Payments/Pay", other, PAY, bill, version, 264000),
            0);
        assert_string_equal(other, answer);
    }
    /* the same id for another amount: refused; another id for the paid bill: refused */
    assert_int_equal(
        platform_call(platform, "key-pay-2", "Payments/Pay", other, PAY, bill, version, 264001),
        ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
    assert_int_equal(
        platform_call(platform, NULL, "Payments/Pay", other, PAY, bill, version, 264000),
        ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    assert_non_null(strstr(other, "bill_id"));
    /* the way out of an unknown outcome */
    assert_int_equal(platform_call(platform, NULL, "Payments/GetPayment", other,
                                   "{\"billId\":\"%s\",\"requestId\":\"key-pay-2\"}", bill),
                     0);
    assert_string_equal(platform_field(other, "billId"), bill);
    assert_int_equal(platform_call(platform, NULL, "Payments/GetPayment", other,
                                   "{\"billId\":\"%s\",\"requestId\":\"never-used\"}", bill),
                     ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    assert_non_null(strstr(other, "the bill is paid or replaced"));
    assert_true(people_wait_board(platform, "15", before + 1, 5000));
}

static void test_second_enrolment_is_refused(void **state)
{
    (void)state;
    assert_int_equal(
        platform_call(platform, NULL, "Enrolment/Enrol", answer, ENROL("010085000003"), ""), 0);
    assert_int_equal(
        platform_call(platform, NULL, "Enrolment/Enrol", answer, ENROL("010085000003"), ""),
        ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
    assert_non_null(strstr(answer, "personal_id"));
}

static void test_wrong_amount_changes_nothing(void **state)
{
    (void)state;
    char bill[64], version[16];
    assert_int_equal(
        platform_call(platform, NULL, "Enrolment/Enrol", answer, ENROL("010085000004"), ""), 0);
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"personalId\":\"010085000004\"}"),
                     0);
    (void)strcpy(bill, platform_field(answer, "billId"));
    (void)strcpy(version, platform_field(answer, "billVersion"));
    static const char *const amounts[] = {"0", "263999", "264001", "-1", "9007199254740993"};
    for (size_t i = 0; i < ARRAY_LEN(amounts); i++) {
        int code = platform_call(platform, NULL, "Payments/Pay", other,
                                 "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\"}",
                                 bill, version, amounts[i]);
        assert_true(code == ANSINH__V1__CODE__CODE_FAILED_PRECONDITION ||
                    code == ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        assert_non_null(strstr(other, "amount_vnd"));
    }
    /* the bill is still the same one */
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", other,
                                   "{\"personalId\":\"010085000004\"}"),
                     0);
    assert_string_equal(other, answer);
}

static void test_si_code_leads_to_the_participant(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Enrol", answer, ENROL("010085000005"),
                                   ",\"siCode\":\"1012345678\""),
                     0);
    char participant[64];
    (void)strcpy(participant, platform_field(answer, "participantId"));
    assert_int_equal(platform_call(platform, NULL, "Enrolment/GetParticipant", answer,
                                   "{\"siCode\":\"1012345678\"}"),
                     0);
    assert_string_equal(platform_field(answer, "participantId"), participant);
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Enrol", answer, ENROL("010085000006"),
                                   ",\"siCode\":\"1012345678\""),
                     ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
    assert_non_null(strstr(answer, "si_code"));
    assert_int_equal(platform_call(platform, NULL, "Enrolment/GetParticipant", answer,
                                   "{\"siCode\":\"1012345679\"}"),
                     ANSINH__V1__CODE__CODE_NOT_FOUND);
}

static void test_bad_declarations_name_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *field, *json;
    } cases[] = {
        {"personal_id", "{}"},
        {"personal_id",
         "{\"personalId\":\"123\",\"fullName\":\"A "
         "B\",\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\"}"},
        {"sex", "{\"personalId\":\"010085000007\",\"fullName\":\"A "
                "B\",\"birthDate\":\"1985-05-17\",\"unitCode\":\"02647\"}"},
        {"unit_code",
         "{\"personalId\":\"010085000007\",\"fullName\":\"A "
         "B\",\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"99999\"}"},
        {"unit_code", "{\"personalId\":\"010085000007\",\"fullName\":\"A "
                      "B\",\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"15\"}"},
        {"birth_date",
         "{\"personalId\":\"010085000007\",\"fullName\":\"A "
         "B\",\"birthDate\":\"17.5.1985\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\"}"},
        {"enrolled_on", "{\"personalId\":\"010085000007\",\"fullName\":\"A "
                        "B\",\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":"
                        "\"02647\",\"enrolledOn\":\"2190-01-01\"}"},
        {"income_vnd", "{\"personalId\":\"010085000007\",\"fullName\":\"A "
                       "B\",\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":"
                       "\"02647\",\"supportGroup\":\"SUPPORT_GROUP_OTHER\",\"method\":\"METHOD_"
                       "MONTHLY\",\"incomeVnd\":\"1\"}"},
        {"collector_code", "{\"personalId\":\"010085000007\",\"fullName\":\"A "
                           "B\",\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":"
                           "\"02647\",\"collectorCode\":\"nobody\"}"},
        {"phone", "{\"personalId\":\"010085000007\",\"fullName\":\"A "
                  "B\",\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\","
                  "\"phone\":\"12\"}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int code = platform_call(platform, NULL, "Enrolment/Enrol", answer, "%s", cases[i].json);
        assert_int_equal(code, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        if (i > 0 && strncmp(answer, cases[i].field, strlen(cases[i].field)) != 0)
            fail_msg("case %zu: want %s, got %s", i, cases[i].field, answer);
    }
    assert_int_equal(platform_call(platform, NULL, "Enrolment/GetParticipant", answer,
                                   "{\"personalId\":\"010085000007\"}"),
                     ANSINH__V1__CODE__CODE_NOT_FOUND);
}

/* What is wrong in a reference row is named with its place, and nothing of the call is taken. */
static void test_bad_imports_name_the_row(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Directory/ImportUnits", answer,
                                   "{\"units\":[{\"code\":\"98\",\"parentCode\":\"VN\",\"level\":"
                                   "\"UNIT_LEVEL_PROVINCE\",\"name\":\"X\"},"
                                   "{\"code\":\"98001\",\"parentCode\":\"97\",\"level\":\"UNIT_"
                                   "LEVEL_COMMUNE\",\"name\":\"Y\"}]}"),
                     ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "units[1].parent_code"));
    assert_int_equal(
        platform_call(platform, NULL, "Directory/GetUnit", answer, "{\"code\":\"98\"}"),
        ANSINH__V1__CODE__CODE_NOT_FOUND);
    assert_int_equal(
        platform_call(platform, NULL, "Directory/ImportPlan", answer,
                      "{\"targets\":[{\"unitCode\":\"15\",\"year\":2025,\"participants\":\"1\"}]}"),
        ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "targets[0].participants"));
}

/* Analytics looks for news of the directory twice a second. */
static int is_planned(void *arg)
{
    (void)arg;
    return platform_call(platform, NULL, "Analytics/GetProgress", answer,
                         "{\"unitCode\":\"15\"}") == 0 &&
           strcmp(platform_field(answer, "plan"), "78275") == 0;
}

static void test_plan_and_percent(void **state)
{
    (void)state;
    assert_true(wait_until(platform, is_planned, NULL, 5000));
    assert_int_equal(
        platform_call(platform, NULL, "Directory/GetUnit", answer, "{\"code\":\"15\"}"), 0);
    assert_string_equal(platform_field(answer, "plan"), "78275");
    assert_int_equal(platform_call(platform, NULL, "Analytics/GetProgress", answer,
                                   "{\"unitCode\":\"15\",\"withChildren\":true}"),
                     0);
    assert_string_equal(platform_field(answer, "plan"), "78275");
    long long participants = atoll(platform_field(answer, "participants"));
    assert_int_equal(atoll(platform_field(answer, "gap")), 78275 - participants);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_declaration_to_counter),
        cmocka_unit_test(test_repeats_answer_the_same),
        cmocka_unit_test(test_second_enrolment_is_refused),
        cmocka_unit_test(test_wrong_amount_changes_nothing),
        cmocka_unit_test(test_si_code_leads_to_the_participant),
        cmocka_unit_test(test_bad_declarations_name_the_field),
        cmocka_unit_test(test_bad_imports_name_the_row),
        cmocka_unit_test(test_plan_and_percent),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
