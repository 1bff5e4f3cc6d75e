/* Payments that are taken back, through real processes: every rule, repeated, while processes
 * die. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/people.h"
#include "tests/support/someone.h"

#define WAIT_MS 10000
#define NOT_FOUND ANSINH__V1__CODE__CODE_NOT_FOUND
#define REFUSED ANSINH__V1__CODE__CODE_FAILED_PRECONDITION
#define INVALID ANSINH__V1__CODE__CODE_INVALID_ARGUMENT
#define REUSED ANSINH__V1__CODE__CODE_ALREADY_EXISTS

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], other[PLATFORM_ANSWER_BYTES];
static char today[DATE_TEXT_BYTES], yesterday[DATE_TEXT_BYTES];
static char participant[64], bill[64], payment[64], reversal[64];

static int start(void **state)
{
    (void)state;
    int32_t day = clock_business_day(clock_wall_ms());
    date_format(day, today);
    date_format(day - 1, yesterday);
    platform = platform_start(
        &(struct platform_conf){.enrolment = 1, .payments = 2, .notifications = 1, .gateway = 1});
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

static void kill_payments(void)
{
    for (unsigned n = 1; n <= 2; n++) {
        platform_signal(platform, "payments", n, SIGKILL);
        platform_spawn(platform, "payments", n);
    }
}

static void keep(const char *name, char ret[64])
{
    (void)snprintf(ret, 64, "%s", platform_field(answer, name));
}

static void expect(const char *name, const char *value)
{
    if (strcmp(platform_field(answer, name), value) != 0)
        fail_msg("%s is \"%s\", not \"%s\": %s", name, platform_field(answer, name), value, answer);
}

static void said(const char *words)
{
    if (strstr(answer, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, answer);
}

#define CALL(code, method, ...)                                                                    \
    do {                                                                                           \
        int got = platform_call(platform, NULL, method, answer, __VA_ARGS__);                      \
        if (got != (code))                                                                         \
            fail_msg("%s: %d, not %d: %s", method, got, code, answer);                             \
    } while (0)

static void someone_in(const char *unit, const char *personal_id, const char *enrolled_on,
                       int method)
{
    CALL(0, "Enrolment/Enrol",
         "{\"personalId\":\"%s\",\"fullName\":\"Lò Văn Thử\",\"birthDate\":\"1985-05-17\","
         "\"sex\":\"SEX_MALE\",\"unitCode\":\"%s\",\"supportGroup\":4,\"incomeVnd\":1500000,"
         "\"method\":%d,\"enrolledOn\":\"%s\",\"email\":\"an@example.vn\",\"language\":2}",
         personal_id, unit, method, enrolled_on);
    keep("participantId", participant);
}

static void someone(const char *personal_id, const char *enrolled_on, int method)
{
    someone_in("02647", personal_id, enrolled_on, method);
}

static void inquires(const char *on)
{
    CALL(0, "Payments/Inquire", "{\"participantId\":\"%s\",\"on\":\"%s\"}", participant, on);
    keep("billId", bill);
}

static void pays(const char *on)
{
    char version[64], due[64];
    inquires(on);
    keep("billVersion", version);
    keep("dueVnd", due);
    CALL(0, "Payments/Pay",
         "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\",\"paidOn\":\"%s\"}", bill,
         version, due, on);
    keep("paymentId", payment);
}

static void takes_back(int code, const char *payment_id)
{
    CALL(code, "Payments/Reverse",
         "{\"paymentId\":\"%s\",\"reason\":\"REVERSAL_REASON_WRONG_TERMS\"}", payment_id);
    if (code == 0)
        keep("reversalId", reversal);
}

/* --- what it does ----------------------------------------------------------------------------- */

static void a_payment_is_taken_back(void **state)
{
    (void)state;
    char month[8], first_bill[64], paid[64];
    (void)snprintf(month, sizeof(month), "%.7s", today);
    someone("010085830001", today, 1);
    pays(today);
    (void)strcpy(first_bill, bill);
    (void)strcpy(paid, payment);
    CALL(0, "Payments/GetPayment", "{\"paymentId\":\"%s\"}", paid);
    expect("reversedOn", "");
    expect("reversalId", "");
    expect("reversalReason", "REVERSAL_REASON_UNSPECIFIED");
    CALL(
        0, "Payments/Reverse",
        "{\"paymentId\":\"%s\",\"reason\":\"REVERSAL_REASON_PAID_TWICE\",\"officerCode\":\"nv-7\"}",
        paid);
    expect("paymentId", paid);
    expect("billId", first_bill);
    expect("amountVnd", "264000");
    said("\"centralVnd\":\"66000\"");
    expect("reversedOn", today);
    expect("coveredUntil", "");
    keep("reversalId", reversal);
    assert_string_not_equal(reversal, paid);
    CALL(0, "Payments/GetPayment", "{\"paymentId\":\"%s\"}", paid);
    expect("reversedOn", today);
    expect("reversalReason", "REVERSAL_REASON_PAID_TWICE");
    expect("reversalId", reversal);
    expect("amountVnd", "264000");
    CALL(0, "Enrolment/GetParticipant", "{\"participantId\":\"%s\"}", participant);
    expect("state", "PARTICIPANT_STATE_DECLARED");
    expect("monthsPaid", "0");
    inquires(today);
    expect("fromMonth", month);
    assert_string_not_equal(bill, first_bill);
    CALL(REFUSED, "Payments/Pay", "{\"billId\":\"%s\",\"billVersion\":2,\"amountVnd\":264000}",
         first_bill);
    said("paid or replaced");
    pays(today);
    CALL(0, "Enrolment/GetParticipant", "{\"participantId\":\"%s\"}", participant);
    expect("monthsPaid", "1");
}

static void the_board_goes_back(void **state)
{
    (void)state;
    long long before = people_on_board(platform, "02671");
    someone("010085830002", today, 1);
    CALL(0, "Enrolment/ChangeContribution", "{\"participantId\":\"%s\",\"unitCode\":\"02671\"}",
         participant);
    pays(today);
    assert_true(people_wait_board(platform, "02671", before + 1, WAIT_MS));
    /* counted where it was paid, wherever the participant moves */
    CALL(0, "Enrolment/ChangeContribution", "{\"participantId\":\"%s\",\"unitCode\":\"02647\"}",
         participant);
    takes_back(0, payment);
    assert_true(people_wait_board(platform, "02671", before, WAIT_MS));
}

static int is_told(void *arg)
{
    const char *event_id = arg;
    return platform_call(platform, NULL, "Notifications/ListDeliveries", answer,
                         "{\"participantId\":\"%s\"}", participant) == 0 &&
           strstr(answer, event_id) != NULL && strstr(answer, "DELIVERY_STATE_SENT") != NULL;
}

static void the_participant_is_told(void **state)
{
    (void)state;
    someone("010085830003", today, 1);
    pays(today);
    takes_back(0, payment);
    assert_true(wait_until(platform, is_told, reversal, WAIT_MS));
    said("DELIVERY_KIND_REVERSAL");
}

static void payments_are_taken_back_newest_first(void **state)
{
    (void)state;
    char first[64];
    someone("010085830004", "2026-01-10", 1);
    pays("2026-01-10");
    (void)strcpy(first, payment);
    pays(today);
    takes_back(REFUSED, first);
    said("take that one back first");
    takes_back(0, payment);
    expect("coveredUntil", "2026-01");
    takes_back(REFUSED, first);
    said("the cut-off of its business date, 2026-01-10, has passed");
}

/* --- what is refused -------------------------------------------------------------------------- */

static void a_payment_is_taken_back_once(void **state)
{
    (void)state;
    someone("010085830005", today, 1);
    pays(today);
    takes_back(0, payment);
    takes_back(REFUSED, payment);
    said("this payment was taken back on ");
    said(today);
    kill_payments();
    platform_wait_ready(platform);
    takes_back(REFUSED, payment);
    takes_back(NOT_FOUND, reversal); /* which is no payment */
}

static void a_repetition_is_answered_the_same(void **state)
{
    (void)state;
    someone("010085830006", today, 1);
    pays(today);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(platform_call(platform, "reverse-6", "Payments/Reverse", answer,
                                       "{\"paymentId\":\"%s\",\"reason\":1}", payment),
                         0);
        if (i > 0)
            assert_string_equal(answer, other);
        (void)strcpy(other, answer);
        kill_payments();
    }
    assert_int_equal(platform_call(platform, "reverse-6", "Payments/Reverse", answer,
                                   "{\"paymentId\":\"%s\",\"reason\":2}", payment),
                     REUSED);
}

static void a_business_date_that_is_over_stays(void **state)
{
    (void)state;
    someone("010085830007", yesterday, 1);
    pays(yesterday);
    takes_back(REFUSED, payment);
    said("the cut-off of its business date");
    said(yesterday);
}

static void nothing_is_taken_back_after_the_end(void **state)
{
    (void)state;
    someone("010085830008", today, 1);
    pays(today);
    CALL(0, "Enrolment/EndParticipation", "{\"participantId\":\"%s\",\"reason\":5}", participant);
    takes_back(REFUSED, payment);
    said("the participation has ended on ");
}

static void nothing_is_taken_back_before_a_declaration(void **state)
{
    (void)state;
    someone("010085830009", "2026-01-10", 1);
    pays("2026-01-10");
    CALL(0, "Enrolment/ChangeContribution", "{\"participantId\":\"%s\",\"method\":2}", participant);
    takes_back(REFUSED, payment);
    said("Law 41/2024/QH15, article 36(2)");
}

static void wrong_requests_name_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *rest, *field;
    } cases[] = {
        {"\"paymentId\":\"p1\",\"reason\":1", "payment_id"},
        {"\"paymentId\":\"p0001-1-1\"", "reason"},
        {"\"paymentId\":\"p0001-1-1\",\"reason\":7", "reason"},
        {"\"paymentId\":\"p0001-1-1\",\"reason\":1,\"officerCode\":\"a b\"", "officer_code"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CALL(INVALID, "Payments/Reverse", "{%s}", cases[i].rest);
        assert_memory_equal(answer, cases[i].field, strlen(cases[i].field));
    }
    CALL(NOT_FOUND, "Payments/Reverse", "{\"paymentId\":\"p0001-1-999\",\"reason\":1}");
    someone("010085830010", today, 1);
    pays(today);
    CALL(INVALID, "Payments/Reverse",
         "{\"paymentId\":\"%s\",\"reason\":1,\"collectorCode\":\"nobody\"}", payment);
    said("collector_code");
    takes_back(0, payment);
}

static void an_open_bill_is_dropped(void **state)
{
    (void)state;
    char open[64], version[64], due[64];
    someone("010085830011", "2026-01-10", 1);
    pays(today);
    char paid[64];
    (void)strcpy(paid, payment);
    inquires("2026-01-31");
    (void)strcpy(open, bill);
    keep("billVersion", version);
    keep("dueVnd", due);
    takes_back(0, paid);
    CALL(REFUSED, "Payments/Pay",
         "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\",\"paidOn\":\"2026-01-31\"}",
         open, version, due);
    said("paid or replaced");
}

/* --- refund cases ----------------------------------------------------------------------------- */

static void case_says(const char *name, const char *value)
{
    char want[128];
    (void)snprintf(want, sizeof(want), "\"%s\":\"%s\"", name, value);
    said(want);
}

static void opens(int code, const char *officer)
{
    CALL(
        code, "Payments/OpenRefundCase",
        "{\"paymentId\":\"%s\",\"reason\":\"REVERSAL_REASON_WRONG_PERSON\",\"officerCode\":\"%s\"}",
        payment, officer);
}

static void decides(int code, const char *method, const char *officer)
{
    CALL(code, method, "{\"paymentId\":\"%s\",\"officerCode\":\"%s\"}", payment, officer);
}

static void a_refund_needs_two_officers(void **state)
{
    (void)state;
    someone_in("02683", "010085830021", yesterday, 1); /* nobody else is there */
    pays(yesterday);
    assert_true(people_wait_board(platform, "02683", 1, WAIT_MS));
    CALL(NOT_FOUND, "Payments/GetRefundCase", "{\"paymentId\":\"%s\"}", payment);
    decides(REFUSED, "Payments/ApproveRefundCase", "nv-2");
    said("no refund case of this payment is open");
    opens(0, "nv-1");
    case_says("state", "REFUND_STATE_REQUESTED");
    case_says("participantId", participant);
    case_says("amountVnd", "264000");
    case_says("requestedBy", "nv-1");
    case_says("requestedOn", today);
    case_says("decidedBy", "");
    opens(REFUSED, "nv-3");
    said("a refund case of this payment has been open since");
    CALL(0, "Payments/GetPayment", "{\"paymentId\":\"%s\"}", payment);
    expect("reversedOn", ""); /* it stands until somebody has decided */
    decides(REFUSED, "Payments/ApproveRefundCase", "nv-1");
    said("another officer than the one who asked must decide");
    decides(REFUSED, "Payments/RejectRefundCase", "nv-1");
    decides(REFUSED, "Payments/ApproveRefundCase", "NV-1");
    kill_payments();
    platform_wait_ready(platform);
    decides(0, "Payments/ApproveRefundCase", "nv-2");
    case_says("state", "REFUND_STATE_APPROVED");
    case_says("decidedBy", "nv-2");
    case_says("decidedOn", today);
    CALL(0, "Payments/GetRefundCase", "{\"paymentId\":\"%s\"}", payment);
    case_says("state", "REFUND_STATE_APPROVED");
    case_says("requestedBy", "nv-1");
    CALL(0, "Payments/GetPayment", "{\"paymentId\":\"%s\"}", payment);
    expect("reversedOn", today);
    expect("reversalReason", "REVERSAL_REASON_WRONG_PERSON");
    keep("reversalId", reversal);
    decides(REFUSED, "Payments/RejectRefundCase", "nv-2");
    opens(REFUSED, "nv-1");
    said("this payment was taken back on ");
    assert_true(people_wait_board(platform, "02683", 0, WAIT_MS));
    assert_true(wait_until(platform, is_told, reversal, WAIT_MS));
}

static void a_rejected_case_leaves_the_payment_and_may_be_opened_again(void **state)
{
    (void)state;
    someone("010085830022", yesterday, 1);
    pays(yesterday);
    opens(0, "nv-1");
    decides(0, "Payments/RejectRefundCase", "nv-2");
    case_says("state", "REFUND_STATE_REJECTED");
    CALL(0, "Enrolment/GetParticipant", "{\"participantId\":\"%s\"}", participant);
    expect("monthsPaid", "1");
    opens(0, "nv-2");
    case_says("decidedBy", "");
    decides(0, "Payments/ApproveRefundCase", "nv-1");
    CALL(0, "Enrolment/GetParticipant", "{\"participantId\":\"%s\"}", participant);
    expect("monthsPaid", "0");
}

static void a_case_is_opened_after_the_cut_off_alone(void **state)
{
    (void)state;
    someone("010085830023", today, 1);
    pays(today);
    opens(REFUSED, "nv-1");
    said("see Payments/Reverse");
    opens(INVALID, "");
    opens(INVALID, "a b");
    CALL(INVALID, "Payments/OpenRefundCase", "{\"paymentId\":\"%s\",\"officerCode\":\"x\"}",
         payment);
    said("reason");
    CALL(INVALID, "Payments/GetRefundCase", "{\"paymentId\":\"x\"}");
    takes_back(0, payment);
    CALL(NOT_FOUND, "Payments/GetRefundCase", "{\"paymentId\":\"%s\"}", payment);
}

static void what_follows_from_a_payment_stands_against_its_refund(void **state)
{
    (void)state;
    char first[64], newest[64];
    someone("010085830024", "2026-01-10", 1);
    pays("2026-01-10");
    (void)strcpy(first, payment);
    opens(0, "nv-1");
    pays(today);
    (void)strcpy(newest, payment);
    (void)strcpy(payment, first);
    decides(REFUSED, "Payments/ApproveRefundCase", "nv-2");
    said("take that one back first");
    takes_back(0, newest);
    decides(0, "Payments/ApproveRefundCase", "nv-2");
    CALL(0, "Enrolment/EndParticipation", "{\"participantId\":\"%s\",\"reason\":5}", participant);
}

static void a_case_outlives_the_participation_and_is_rejected(void **state)
{
    (void)state;
    someone("010085830025", yesterday, 1);
    pays(yesterday);
    opens(0, "nv-1");
    CALL(0, "Enrolment/EndParticipation", "{\"participantId\":\"%s\",\"reason\":5}", participant);
    decides(REFUSED, "Payments/ApproveRefundCase", "nv-2");
    said("the participation has ended on ");
    decides(0, "Payments/RejectRefundCase", "nv-2");
}

static void a_repeated_step_of_a_case_is_done_once(void **state)
{
    (void)state;
    static const char *const steps[] = {"OpenRefundCase", "ApproveRefundCase"};
    someone("010085830026", yesterday, 1);
    pays(yesterday);
    for (int step = 0; step < 2; step++) {
        char method[64];
        (void)snprintf(method, sizeof(method), "Payments/%s", steps[step]);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(platform_call(platform, steps[step], method, answer,
                                           "{\"paymentId\":\"%s\",%s\"officerCode\":\"nv-%d\"}",
                                           payment, step == 0 ? "\"reason\":1," : "", step),
                             0);
            if (i > 0)
                assert_string_equal(answer, other);
            (void)strcpy(other, answer);
            kill_payments();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payment_is_taken_back),
        cmocka_unit_test(the_board_goes_back),
        cmocka_unit_test(the_participant_is_told),
        cmocka_unit_test(payments_are_taken_back_newest_first),
        cmocka_unit_test(a_payment_is_taken_back_once),
        cmocka_unit_test(a_repetition_is_answered_the_same),
        cmocka_unit_test(a_business_date_that_is_over_stays),
        cmocka_unit_test(nothing_is_taken_back_after_the_end),
        cmocka_unit_test(nothing_is_taken_back_before_a_declaration),
        cmocka_unit_test(wrong_requests_name_the_field),
        cmocka_unit_test(an_open_bill_is_dropped),
        cmocka_unit_test(a_refund_needs_two_officers),
        cmocka_unit_test(a_rejected_case_leaves_the_payment_and_may_be_opened_again),
        cmocka_unit_test(a_case_is_opened_after_the_cut_off_alone),
        cmocka_unit_test(what_follows_from_a_payment_stands_against_its_refund),
        cmocka_unit_test(a_case_outlives_the_participation_and_is_rejected),
        cmocka_unit_test(a_repeated_step_of_a_case_is_done_once),
        cmocka_unit_test(nothing_differs),
    };
    return !!cmocka_run_group_tests_name(__FILE__, tests, start, stop);
}
