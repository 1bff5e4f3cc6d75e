/* Every crash point is visited: the process that stands there dies, is started again, and the
 * repetition settles what was under way; nothing is lost, doubled or miscounted. Needs the services
 * of `make crash-binaries`. */
#include "tests/support/test.h"

#include <dirent.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "tests/support/collecting.h"
#include "tests/support/gateway_client.h"
#include "tests/support/people.h"

#define PEOPLE 60 /* of one case */
#define WINDOW 8
#define LOOK_MS 20
#define BOARD_MS 20000
#define MAIL_MS 60000 /* until what a dead sender held comes back */
#define UNIT "15"

static const char *const names[] = {
#define CRASH_POINT_NAME(point, text) text,
    CRASH_POINTS(CRASH_POINT_NAME)
#undef CRASH_POINT_NAME
};

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];
static unsigned n_people, n_mails; /* so far */
static int is_visited[CRASH_POINTS_N];

static int start(void **state)
{
    (void)state;
    static const char *const environment[] = {"ANSINH_CALL_TIMEOUT_MS=1000",
                                              "NOTIFICATIONS_SEND_TIMEOUT_MS=1000",
                                              "ARCHIVER_INTERVAL_S=1",
                                              "ARCHIVER_POLL_MS=100",
                                              "ARCHIVER_TRIM=true",
                                              "ARCHIVER_TRIM_INTERVAL_S=1",
                                              "ARCHIVER_TEST_RETENTION_MS=500",
                                              NULL};
    platform = platform_start(&(struct platform_conf){.notifications = 1,
                                                      .archiver = 1,
                                                      .gateway = 1,
                                                      .environment = environment,
                                                      .build = "crash"});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- the process that dies -------------------------------------------------------------------- */

struct victim {
    enum crash_point point;
    const char *service;
    struct loop_timer *timer;
    int is_dead;
};

static void look(void *arg)
{
    struct victim *victim = arg;
    int number = platform_ended(platform, victim->service, 1);
    if (number == 0)
        return;
    assert_int_equal(number, SIGKILL);
    victim->is_dead = is_visited[victim->point] = 1;
    platform_spawn(platform, victim->service, 1);
}

/* From now on instance 1 of the service dies at the nth visit of the point, and is started again.
 */
static void doom(struct victim *victim, enum crash_point point, const char *service, unsigned visit)
{
    char option[64];
    (void)snprintf(option, sizeof(option), "ANSINH_CRASH=%s:%u", names[point], visit);
    *victim = (struct victim){.point = point, .service = service};
    platform_signal(platform, service, 1, SIGKILL);
    platform_spawn_with(platform, service, 1, option);
    victim->timer =
        loop_timer_add(platform_service(platform)->loop, LOOK_MS, LOOK_MS, look, victim);
}

static int is_dead(void *arg)
{
    return ((struct victim *)arg)->is_dead;
}

static void expect_death(struct victim *victim)
{
    if (!wait_until(platform, is_dead, victim, BOARD_MS))
        fail_msg("%s of %s was not reached", names[victim->point], victim->service);
    loop_timer_cancel(platform_service(platform)->loop, &victim->timer);
    platform_wait_ready(platform);
}

/* --- what must hold afterwards ---------------------------------------------------------------- */

static int is_verified(void *arg)
{
    (void)arg;
    char archive[128];
    (void)snprintf(archive, sizeof(archive), "%s/archive", platform_directory(platform));
    return platform_ansinh(platform, answer, "verify", "--archive", archive, NULL) == 0 &&
           strstr(answer, " 0 differences") != NULL;
}

static void expect_exact(void)
{
    assert_true(people_wait_board(platform, UNIT, n_people, BOARD_MS));
    if (!wait_until(platform, is_verified, NULL, BOARD_MS))
        fail_msg("%s", answer);
}

/* People enrol, are billed and pay while the process dies; then all of it is repeated. */
static void load_over(enum crash_point point, const char *service, unsigned visit)
{
    char key[64];
    static struct victim victim; /* its timer outlives a test that fails */
    (void)snprintf(key, sizeof(key), "%s-%s", names[point], service);
    doom(&victim, point, service, visit);
    assert_int_equal(people_load(platform, key, n_people, PEOPLE, WINDOW), PEOPLE);
    expect_death(&victim);
    assert_int_equal(people_load(platform, key, n_people, PEOPLE, WINDOW), PEOPLE);
    n_people += PEOPLE;
    n_mails += 2 * PEOPLE;
    expect_exact();
}

/* --- cases ------------------------------------------------------------------------------------ */

static void a_command_is_done_once(void **state)
{
    (void)state;
    static const enum crash_point points[] = {CRASH_LEDGER_BATCH_SENT, CRASH_COMMAND_DECIDED,
                                              CRASH_COMMAND_COMMITTED, CRASH_COMMAND_PUBLISHED,
                                              CRASH_COMMAND_ANSWERED};
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        load_over(points[i], "enrolment", 20);
        load_over(points[i], "payments", 23 + (unsigned)i);
    }
}

static void an_alias_leads_to_who_enrolled(void **state)
{
    (void)state;
    static const char declaration[] =
        "{\"personalId\":\"%s\",\"fullName\":\"Lò Văn Thử\",\"birthDate\":\"1985-05-17\","
        "\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\",\"supportGroup\":\"SUPPORT_GROUP_OTHER\","
        "\"incomeVnd\":\"1500000\",\"method\":\"METHOD_MONTHLY\",\"siCode\":\"7912345678\"}";
    static struct victim victim; /* its timer outlives a test that fails */
    struct sample_person person;
    char id[64];
    people_make(PEOPLE_MAX - 1, 0, &person);
    doom(&victim, CRASH_ALIAS_CLAIMED, "enrolment", 1);
    assert_int_equal(platform_call(platform, "alias", "Enrolment/Enrol", answer, declaration,
                                   person.personal_id),
                     0);
    (void)snprintf(id, sizeof(id), "%s", platform_field(answer, "participantId"));
    expect_death(&victim);
    assert_int_equal(platform_call(platform, NULL, "Enrolment/GetParticipant", answer,
                                   "{\"siCode\":\"7912345678\"}"),
                     0);
    assert_string_equal(platform_field(answer, "participantId"), id);
    people_make(PEOPLE_MAX - 2, 0, &person);
    assert_int_equal(
        platform_call(platform, NULL, "Enrolment/Enrol", answer, declaration, person.personal_id),
        ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
    expect_exact();
}

static void an_import_is_done_once(void **state)
{
    (void)state;
    static const char plan[] =
        "{\"targets\":[{\"year\":2031,\"unitCode\":\"15\",\"participants\":4711}]}";
    static struct victim victim; /* its timer outlives a test that fails */
    char first[256];
    doom(&victim, CRASH_IMPORT_COMMITTED, "enrolment", 1);
    assert_int_equal(platform_call(platform, "import", "Directory/ImportPlan", answer, plan), 0);
    (void)snprintf(first, sizeof(first), "%.255s", answer);
    expect_death(&victim);
    assert_int_equal(platform_call(platform, "import", "Directory/ImportPlan", answer, plan), 0);
    assert_string_equal(answer, first);
    expect_exact();
}

static void the_board_counts_once(void **state)
{
    (void)state;
    load_over(CRASH_LEASE_TAKEN, "analytics", 1);
    load_over(CRASH_FLUSH_COLLECTED, "analytics", 1);
    load_over(CRASH_FLUSH_DONE, "analytics", 1);
    load_over(CRASH_FLUSH_DONE, "notifications", 1);
}

static void the_archive_has_it_once(void **state)
{
    (void)state;
    load_over(CRASH_SEGMENT_DRAFTED, "archiver", 1);
    load_over(CRASH_SEGMENT_LINKED, "archiver", 1);
    load_over(CRASH_JOURNAL_TRIMMED, "archiver", 3);
}

static size_t count_mails(void)
{
    char path[128];
    size_t n = 0;
    (void)snprintf(path, sizeof(path), "%s/mail/new", platform_directory(platform));
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        n += entry->d_name[0] != '.';
    (void)closedir(folder);
    return n;
}

static int is_delivered(void *arg)
{
    (void)arg;
    struct redis_server *views = platform_views(platform);
    return redis_server_integer(views, "LLEN", "{v:notify}:in", NULL) == 0 &&
           redis_server_integer(views, "ZCARD", "{v:notify}:queue", NULL) == 0;
}

static void a_message_arrives_once(void **state)
{
    (void)state;
    load_over(CRASH_MESSAGE_CLAIMED, "notifications", 5);
    load_over(CRASH_MESSAGE_HANDED_OVER, "notifications", 5);
    load_over(CRASH_MESSAGE_SETTLED, "notifications", 5);
    assert_true(wait_until(platform, is_delivered, NULL, MAIL_MS));
    assert_int_equal(count_mails(), n_mails);
}

static void http_once(enum crash_point point, unsigned person_number)
{
    static struct victim victim; /* its timer outlives a test that fails */
    struct gateway_client client;
    struct sample_person person;
    char headers[128], body[512], first[1024];
    people_make(person_number, 0, &person);
    (void)snprintf(headers, sizeof(headers),
                   "Content-Type: application/json\r\nIdempotency-Key: %s\r\n", names[point]);
    (void)snprintf(body, sizeof(body),
                   "{\"personalId\":\"%s\",\"fullName\":\"Lò Văn Thử\",\"birthDate\":"
                   "\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\","
                   "\"supportGroup\":\"SUPPORT_GROUP_OTHER\",\"incomeVnd\":\"1500000\","
                   "\"method\":\"METHOD_MONTHLY\"}",
                   person.personal_id);
    doom(&victim, point, "gateway", 1);
    platform_wait_ready(platform);
    gateway_client_open(&client, NULL, (uint16_t)platform_port(platform));
    assert_int_equal(gateway_client_post(&client, "/ansinh.v1.Enrolment/Enrol", headers, body), 0);
    gateway_client_close(&client);
    expect_death(&victim);
    for (int i = 0; i < 2; i++) {
        gateway_client_open(&client, NULL, (uint16_t)platform_port(platform));
        assert_int_equal(gateway_client_post(&client, "/ansinh.v1.Enrolment/Enrol", headers, body),
                         200);
        if (i == 0)
            (void)snprintf(first, sizeof(first), "%s", (char *)client.body.data);
        assert_string_equal((char *)client.body.data, first);
        gateway_client_close(&client);
    }
}

static void a_dead_gateway_loses_an_answer_only(void **state)
{
    (void)state;
    http_once(CRASH_GATEWAY_ASKED, PEOPLE_MAX - 3);
    http_once(CRASH_GATEWAY_ANSWERED, PEOPLE_MAX - 4);
    expect_exact();
}

/* A partner's payment has two commits: whichever process dies where, its id has one outcome, and
 * the repetition gets the same answer. */
static void a_partners_payment_is_done_once(void **state)
{
    (void)state;
    static const enum crash_point points[] = {CRASH_TRANSACTION_CLAIMED, CRASH_COMMAND_DECIDED,
                                              CRASH_COMMAND_COMMITTED, CRASH_COMMAND_ANSWERED};
    static struct victim victim; /* its timer outlives a test that fails */
    char id[32];
    static char first[PLATFORM_ANSWER_BYTES];
    collecting_on(platform);
    for (unsigned i = 0; i < ARRAY_LEN(points); i++) {
        struct bill bill;
        (void)snprintf(id, sizeof(id), "crash-%u", i);
        collecting_bill(PEOPLE_MAX - 10 - i, "", &bill);
        doom(&victim, points[i], "payments", 1);
        for (int tries = 0; collect_pay(id, &bill) != 0; tries++)
            assert_true(tries < 10); /* unknown, or unavailable, until it is there again */
        (void)snprintf(first, sizeof(first), "%s", collected());
        expect_death(&victim);
        assert_int_equal(collect_pay(id, &bill), 0);
        assert_string_equal(collected(), first);
        assert_int_equal(
            collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'%s'}", id), 0);
        collected_says("COLLECTION_STATE_PAID");
        n_people++; /* who have no address */
        expect_exact();
    }
    platform_set_partner(platform, "");
}

static void every_point_was_reached(void **state)
{
    (void)state;
    for (int i = 0; i < CRASH_POINTS_N; i++) {
        if (!is_visited[i])
            fail_msg("nothing went wrong at %s", names[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_done_once),
        cmocka_unit_test(an_alias_leads_to_who_enrolled),
        cmocka_unit_test(an_import_is_done_once),
        cmocka_unit_test(the_board_counts_once),
        cmocka_unit_test(the_archive_has_it_once),
        cmocka_unit_test(a_message_arrives_once),
        cmocka_unit_test(a_dead_gateway_loses_an_answer_only),
        cmocka_unit_test(a_partners_payment_is_done_once),
        cmocka_unit_test(every_point_was_reached),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
