/* What once stopped a process or a board: it must not do so again. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "ansinh/v1/events.pb-c.h"
#include "common/base/clock.h"
#include "common/bus/events.h"
#include "common/store/commit.h"
#include "common/store/views.h"
#include "tests/support/people.h"

#define DAY_MS (86400LL * 1000)
#define COMMUNE "02647"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

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

static int never(void *arg)
{
    (void)arg;
    return 0;
}

/* --- memory --- */

static void on_code(void *arg, const struct bus_answer *got)
{
    *(int *)arg = (int)got->code;
}

/* A look-up of nobody with so many unknown fields of two bytes behind it: each takes memory to
 * decode. */
static int ask_with_fields(unsigned n_fields)
{
    static uint8_t body[400000];
    size_t len = 28;
    int code = -1;
    body[0] = 0x0a;
    body[1] = 26;
    memset(body + 2, '0', 26);
    for (unsigned i = 0; i < n_fields; i++) {
        body[len++] = 0xa0;
        body[len++] = 0x06;
        body[len++] = 0;
    }
    struct bus_call call = {
        .service = "enrolment", .method = "ansinh.v1.Enrolment/GetParticipant", .timeout_ms = 5000};
    bus_call_packed(platform_service(platform)->client, &call, body, len, on_code, &code);
    while (code == -1)
        loop_turn(platform_service(platform)->loop, 50);
    return code;
}

static void test_a_request_cannot_use_up_a_handlers_memory(void **state)
{
    (void)state;
    int n_refused = 0;
    assert_int_equal(ask_with_fields(10), ANSINH__V1__CODE__CODE_NOT_FOUND);
    for (unsigned n = 1000; n <= 120000; n += 1700) {
        int code = ask_with_fields(n);
        if (code != ANSINH__V1__CODE__CODE_NOT_FOUND)
            assert_int_equal(code, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        n_refused += code == ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    }
    assert_true(n_refused > 0);
    platform_wait_ready(platform); /* both instances live */
}

/* --- a year in one flush --- */

static size_t pack_enrolment(unsigned partition, int64_t at_ms, uint8_t ret[256])
{
    uint8_t citizen[ID_BYTES] = {(uint8_t)(partition >> 2), (uint8_t)(partition << 6)};
    Ansinh__V1__ParticipantEnrolled enrolled;
    Ansinh__V1__Event event;
    ansinh__v1__participant_enrolled__init(&enrolled);
    ansinh__v1__event__init(&event);
    event.at_ms = at_ms;
    event.citizen = (ProtobufCBinaryData){ID_BYTES, citizen};
    event.kind_case = ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED;
    event.participant_enrolled = &enrolled;
    enrolled.commune = 2647;
    enrolled.income_vnd = 1500000;
    enrolled.enrolled_day = clock_business_day(at_ms);
    return ansinh__v1__event__pack(&event, ret);
}

/* Writes a partition's journal as it would stand after n days with one enrolment each. */
static void write_journal(unsigned partition, unsigned n)
{
    char key[KEY_MAX_BYTES];
    uint8_t totals[16 + 8 * TOTALS] = {1, 0, 0, 0, 1};
    redisContext *redis = redisConnectUnix(redis_server_socket(platform_ledger(platform)));
    assert_non_null(redis);
    size_t len = key_journal(partition, key);
    for (unsigned i = 1; i <= n; i++) {
        uint8_t event[256];
        char id[32];
        int64_t at_ms = clock_wall_ms() - (int64_t)(n - i) * DAY_MS;
        size_t event_len = pack_enrolment(partition, at_ms, event);
        (void)snprintf(id, sizeof(id), "1-%u", i);
        const char *argv[] = {"XADD", key, id, "e", (const char *)event};
        size_t lens[] = {4, len, strlen(id), 1, event_len};
        redisReply *reply = redisCommandArgv(redis, 5, argv, lens);
        assert_non_null(reply);
        assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
        freeReplyObject(reply);
    }
    totals[8] = totals[16] = (uint8_t)n;
    totals[9] = totals[17] = (uint8_t)(n >> 8);
    const char *argv[] = {"SET", key, (const char *)totals};
    size_t lens[] = {3, key_totals(partition, key), sizeof(totals)};
    freeReplyObject(redisCommandArgv(redis, 3, argv, lens));
    redisFree(redis);
}

struct declared {
    int want;
};

static int is_declared(void *arg)
{
    const struct declared *declared = arg;
    return platform_call(platform, NULL, "Analytics/GetProgress", answer,
                         "{\"unitCode\":\"" COMMUNE "\"}") == 0 &&
           atoi(platform_field(answer, "declared")) == declared->want;
}

static void test_many_days_fit_one_flush(void **state)
{
    (void)state;
    struct declared declared = {400};
    write_journal(77, 400);
    if (!wait_until(platform, is_declared, &declared, 10000))
        fail_msg("%s", answer);
}

/* --- rubbish from a publisher --- */

static void test_an_unreadable_frame_is_passed_over(void **state)
{
    (void)state;
    char endpoint[BUS_ENDPOINT_BYTES], info[512];
    struct service *svc = platform_service(platform);
    struct bus_publisher *publisher;
    struct err err;
    (void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/run/other.pub",
                   platform_directory(platform));
    assert_int_equal(bus_publisher_create(svc->bus, endpoint, &publisher, &err), 0);
    (void)snprintf(info, sizeof(info), "payments\n%s.none\n%s", endpoint, endpoint);
    assert_int_equal(registry_beat(svc->views, "payments-9", info, strlen(info), 8000, NULL, NULL),
                     0);
    /* the frame goes out again and again: one of them is after the subscription */
    for (int i = 0; i < 30; i++) {
        bus_publish_event(publisher, 5, 1, 1, (const uint8_t *)"\xff\xff\xff", 3);
        (void)wait_until(platform, never, NULL, 100);
    }
    bus_publisher_destroy(&publisher);
    assert_int_equal(people_load(platform, NULL, 700, 50, 16), 50);
    struct declared declared = {450};
    if (!wait_until(platform, is_declared, &declared, 10000))
        fail_msg("%s", answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_cannot_use_up_a_handlers_memory),
        cmocka_unit_test(test_many_days_fit_one_flush),
        cmocka_unit_test(test_an_unreadable_frame_is_passed_over),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
