/* What an instance remembers of citizens is a hint: outdated, it costs a second reading and changes
 * no answer. */
#include "tests/support/test.h"

#include <string.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/domain/calendar.h"
#include "common/service/seen.h"
#include "tests/support/people.h"
#include "tests/support/store_fixture.h"

#define ONE "payments-1"
#define TWO "payments-2"

/* --- the memory alone --- */

static int open_store(void **state)
{
    static struct store_fixture fixture;
    store_fixture_open(&fixture, "ledger");
    *state = &fixture;
    return 0;
}

static int close_store(void **state)
{
    store_fixture_close(*state);
    return 0;
}

static const struct citizen paid = {.version = 3, .commune = 2647, .months_supported = 1};

static void test_last_state_is_found(void **state)
{
    const struct store_fixture *f = *state;
    uint8_t citizen[ID_BYTES] = "0123456789abcde", neighbour[ID_BYTES] = "0123456789abcdX";
    struct citizen found;
    struct seen *seen = seen_create(f->store);
    assert_false(seen_find(seen, citizen, &found));
    seen_keep(seen, citizen, &paid);
    assert_true(seen_find(seen, citizen, &found));
    assert_int_equal(found.version, paid.version);
    assert_int_equal(found.commune, paid.commune);
    assert_int_equal(found.months_supported, paid.months_supported);
    assert_false(seen_find(seen, neighbour, &found));
    seen_forget(seen, neighbour);
    assert_true(seen_find(seen, citizen, &found));
    seen_keep(seen, neighbour, &paid); /* the same place: the later one stays */
    assert_true(seen_find(seen, neighbour, &found));
    assert_false(seen_find(seen, citizen, &found));
    seen_forget(seen, neighbour);
    assert_false(seen_find(seen, neighbour, &found));
    seen_destroy(&seen);
    assert_null(seen);
    seen_destroy(&seen);
}

static void test_unusually_large_state_is_not_kept(void **state)
{
    const struct store_fixture *f = *state;
    uint8_t citizen[ID_BYTES] = {1};
    struct citizen found, large = paid;
    large.income_vnd = large.bill.participant_vnd = large.bill.central_vnd = INT64_MAX;
    large.bill.local_vnd = large.bill.donor_vnd = INT64_MAX;
    large.bill.months = 12;
    struct seen *seen = seen_create(f->store);
    seen_keep(seen, citizen, &paid);
    seen_keep(seen, citizen, &large);
    assert_false(seen_find(seen, citizen, &found)); /* nor the one before */
    seen_destroy(&seen);
}

static int has_reconnected(const struct store_fixture *f)
{
    struct store_stats stats;
    store_stats_get(f->store, &stats);
    return stats.reconnects > 0;
}

static void test_lost_connection_forgets_everybody(void **state)
{
    struct store_fixture *f = *state;
    uint8_t citizen[ID_BYTES] = {1};
    struct citizen found;
    struct seen *seen = seen_create(f->store);
    seen_keep(seen, citizen, &paid);
    redis_server_kill(f->server);
    TURN_UNTIL(f->loop, has_reconnected(f));
    assert_false(seen_find(seen, citizen, &found));
    seen_destroy(&seen);
}

/* --- two instances, of which one has missed something --- */

static struct platform *platform;
static char last_month[DATE_TEXT_BYTES], today[DATE_TEXT_BYTES];

static int start(void **state)
{
    (void)state;
    int32_t day = clock_business_day(clock_wall_ms());
    date_format(day, today);
    date_format(month_first_day(month_of_day(day) - 1), last_month);
    platform = platform_start(&(struct platform_conf){.payments = 2});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

struct asking {
    int code; /* -1: not answered */
    Ansinh__V1__InquireResponse *bill;
};

static void on_answer(void *arg, const struct bus_answer *answer)
{
    struct asking *asking = arg;
    asking->code = (int)answer->code;
    if (answer->code != 0)
        print_message("%s: %s\n", answer->field, answer->message);
    if (answer->code == 0 && asking->bill == NULL)
        asking->bill = ansinh__v1__inquire_response__unpack(NULL, answer->body_len, answer->body);
}

static int call_at(const char *instance, const char *method, const ProtobufCMessage *in,
                   struct asking *asking)
{
    struct service *svc = platform_service(platform);
    struct request_id id;
    request_id_make(clock_wall_ms(), &id);
    struct bus_call call = {.service = "payments",
                            .instance = instance,
                            .method = method,
                            .id = &id,
                            .timeout_ms = FIXTURE_WAIT_MS};
    asking->code = -1;
    bus_call(svc->client, &call, in, on_answer, asking);
    TURN_UNTIL(svc->loop, asking->code != -1);
    return asking->code;
}

static Ansinh__V1__InquireResponse *inquire_at(const char *instance, char *personal_id, char *on)
{
    Ansinh__V1__InquireRequest in;
    struct asking asking = {0};
    ansinh__v1__inquire_request__init(&in);
    in.key_case = ANSINH__V1__INQUIRE_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = personal_id;
    in.on = on;
    assert_int_equal(call_at(instance, "ansinh.v1.Payments/Inquire", &in.base, &asking), 0);
    assert_non_null(asking.bill);
    return asking.bill;
}

static int pay_at(const char *instance, Ansinh__V1__InquireResponse *bill, char *on)
{
    Ansinh__V1__PayRequest in;
    struct asking asking = {.bill = bill};
    ansinh__v1__pay_request__init(&in);
    in.bill_id = bill->bill_id;
    in.bill_version = bill->bill_version;
    in.amount_vnd = bill->due_vnd;
    in.paid_on = on;
    return call_at(instance, "ansinh.v1.Payments/Pay", &in.base, &asking);
}

static void enrol(unsigned i, char *ret_personal_id)
{
    static char answer[PLATFORM_ANSWER_BYTES];
    (void)snprintf(ret_personal_id, 16, "010085%06u", i);
    assert_int_equal(platform_call(platform, NULL, "Enrolment/Enrol", answer,
                                   "{\"personalId\":\"%s\",\"fullName\":\"Lò Văn Nhớ\","
                                   "\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\","
                                   "\"unitCode\":\"02647\",\"incomeVnd\":\"1500000\","
                                   "\"supportGroup\":\"SUPPORT_GROUP_OTHER\","
                                   "\"method\":\"METHOD_MONTHLY\",\"enrolledOn\":\"%s\"}",
                                   ret_personal_id, last_month),
                     0);
}

static void test_outdated_memory_pays_nothing_twice(void **state)
{
    (void)state;
    char person[16];
    enrol(1, person);
    Ansinh__V1__InquireResponse *bill = inquire_at(ONE, person, last_month);
    assert_int_equal(pay_at(TWO, bill, last_month), 0);
    /* the first instance still remembers an open bill */
    assert_int_equal(pay_at(ONE, bill, last_month), ANSINH__V1__CODE__CODE_FAILED_PRECONDITION);
    ansinh__v1__inquire_response__free_unpacked(bill, NULL);
}

static void test_outdated_memory_refuses_nothing(void **state)
{
    (void)state;
    char person[16];
    enrol(2, person);
    Ansinh__V1__InquireResponse *first = inquire_at(ONE, person, last_month);
    assert_int_equal(pay_at(ONE, first, last_month), 0);
    Ansinh__V1__InquireResponse *second = inquire_at(TWO, person, today);
    assert_string_not_equal(second->bill_id, first->bill_id);
    /* the first instance remembers no bill after its own */
    assert_int_equal(pay_at(ONE, second, today), 0);
    ansinh__v1__inquire_response__free_unpacked(first, NULL);
    ansinh__v1__inquire_response__free_unpacked(second, NULL);
}

static void test_outdated_memory_bills_what_is_due(void **state)
{
    (void)state;
    char person[16];
    enrol(3, person);
    Ansinh__V1__InquireResponse *first = inquire_at(ONE, person, last_month);
    assert_int_equal(pay_at(TWO, first, last_month), 0);
    /* the first instance remembers the paid bill as open */
    Ansinh__V1__InquireResponse *second = inquire_at(ONE, person, today);
    assert_string_not_equal(second->bill_id, first->bill_id);
    assert_string_not_equal(second->from_month, first->from_month);
    ansinh__v1__inquire_response__free_unpacked(first, NULL);
    ansinh__v1__inquire_response__free_unpacked(second, NULL);
}

static const struct CMUnitTest memory_tests[] = {
    cmocka_unit_test_setup_teardown(test_last_state_is_found, open_store, close_store),
    cmocka_unit_test_setup_teardown(test_unusually_large_state_is_not_kept, open_store,
                                    close_store),
    cmocka_unit_test_setup_teardown(test_lost_connection_forgets_everybody, open_store,
                                    close_store),
};

static const struct CMUnitTest platform_tests[] = {
    cmocka_unit_test(test_outdated_memory_pays_nothing_twice),
    cmocka_unit_test(test_outdated_memory_refuses_nothing),
    cmocka_unit_test(test_outdated_memory_bills_what_is_due),
};

int main(void)
{
    int failed = cmocka_run_group_tests(memory_tests, NULL, NULL);
    failed += cmocka_run_group_tests(platform_tests, start, stop);
    return !!failed;
}
