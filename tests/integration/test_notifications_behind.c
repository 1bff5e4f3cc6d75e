/* Letters to units that are behind their plan, through every process and a real relay, on days of
 * the test's own choice: whatever is killed, one letter per unit and day. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ansinh/v1/health.pb-c.h"
#include "common/base/clock.h"
#include "common/base/macros.h"
#include "common/domain/calendar.h"
#include "tests/support/platform.h"
#include "tests/support/smtp_server.h"

#define FAKETIME "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
#define WAIT_MS 60000 /* until what a killed sender held has come back and gone out */
#define UNITS_BEHIND 3
#define TELLING 3 /* analytics and both notifications */
#define ALL 5
#define DAY_S 86400
#define HEAD "code,parent_code,level,name,full_name,office_email\n"

static struct platform *platform;
static struct smtp_server *relay;
static char answer[PLATFORM_SAID_BYTES];
static int64_t started_ms;
static int is_faked;

/* --- time ------------------------------------------------------------------------------------- */

/* Processes that are started from now on live at an hour (+07:00) of the day-th day from Monday
 * 2026-06-15 on, which is when the platform was started. */
static void set_clock(int day, int hour)
{
    char text[24];
    int64_t s = ((int64_t)date_make(2026, 6, 15) + day) * DAY_S + (hour - 7) * 3600;
    (void)snprintf(text, sizeof(text), "%+lld", (long long)(s - started_ms / 1000));
    (void)setenv("FAKETIME", text, 1);
}

/* The first n of the services. The Redis servers keep their own time. */
static void restart_at(size_t n, int day, int hour)
{
    static const char *const services[] = {"analytics", "notifications", "notifications",
                                           "enrolment", "payments"};
    static const unsigned numbers[] = {1, 1, 2, 1, 1};
    set_clock(day, hour);
    for (size_t i = 0; i < n; i++) {
        if (platform_pid(platform, services[i], numbers[i]) != 0)
            platform_signal(platform, services[i], numbers[i], SIGKILL);
        platform_spawn(platform, services[i], numbers[i]);
    }
}

/* --- what is there ---------------------------------------------------------------------------- */

static void import(const char *kind, const char *text)
{
    char path[256], said[PLATFORM_SAID_BYTES];
    (void)snprintf(path, sizeof(path), "%s/rows.csv", platform_directory(platform));
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    if (platform_ansinh(platform, said, "import", kind, path, NULL) != 0)
        fail_msg("%s", said);
}

/* By a process that lives on the services' day. */
static void call(const char *method, const char *json)
{
    if (platform_ansinh(platform, answer, "call", method, json, NULL) != 0)
        fail_msg("%s %s: %s", method, json, answer);
}

static void somebody_pays(const char *unit, int person)
{
    char json[512], bill[64], version[16], due[32];
    (void)snprintf(json, sizeof(json),
                   "{\"personalId\":\"010085%06d\",\"fullName\":\"Lò Văn Thử\",\"birthDate\":"
                   "\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"%s\",\"supportGroup\":"
                   "\"SUPPORT_GROUP_OTHER\",\"incomeVnd\":1500000,\"method\":1}",
                   person, unit);
    call("Enrolment/Enrol", json);
    (void)snprintf(json, sizeof(json), "{\"participantId\":\"%s\"}",
                   platform_field(answer, "participantId"));
    call("Payments/Inquire", json);
    (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
    (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
    (void)snprintf(due, sizeof(due), "%s", platform_field(answer, "dueVnd"));
    (void)snprintf(json, sizeof(json),
                   "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\"}", bill, version,
                   due);
    call("Payments/Pay", json);
}

static int start(void **state)
{
    (void)state;
    static char url[80];
    static const char *const environment[] = {url,
                                              "NOTIFICATIONS_ALERT_HOUR=9",
                                              "NOTIFICATIONS_PUBLIC_URL=https://an.sinh.test",
                                              "NOTIFICATIONS_SEND_TIMEOUT_MS=500",
                                              "ANSINH_CALL_TIMEOUT_MS=1000",
                                              "NOTIFICATIONS_RETRY_MS=50",
                                              "NOTIFICATIONS_FROM=no-reply@ansinh.test",
                                              NULL};
#ifndef __SANITIZE_ADDRESS__ /* its runtime wants to be loaded first */
    is_faked = access(FAKETIME, R_OK) == 0;
#endif
    if (!is_faked)
        return 0;
    relay = smtp_server_start(NULL);
    (void)snprintf(url, sizeof(url), "NOTIFICATIONS_SMTP_URL=smtp://127.0.0.1:%u",
                   smtp_server_port(relay));
    started_ms = clock_wall_ms();
    platform =
        platform_start(&(struct platform_conf){.notifications = 2, .environment = environment});
    (void)setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
    (void)setenv("DONT_FAKE_MONOTONIC", "1", 1);
    (void)setenv("LD_PRELOAD", FAKETIME, 1);
    restart_at(ALL, 0, 8);
    platform_wait_ready(platform);
    import("units", HEAD "15,VN,province,Lào Cai,Tỉnh Lào Cai,tinh@mail.test\n"
                         "02647,15,commune,Lào Cai,Phường Lào Cai,lao-cai@mail.test\n"
                         "02671,15,commune,Cam Đường,Phường Cam Đường,cam-duong@mail.test\n"
                         "02680,15,commune,Hợp Thành,Xã Hợp Thành,hop-thanh@mail.test\n"
                         "02683,15,commune,Bát Xát,Xã Bát Xát,\n"
                         "02701,15,commune,Y Tý,Xã Y Tý,y-ty@mail.test\n");
    import("plan", "year,unit_code,participants\n"
                   "2026,02671,400\n2026,02680,3000\n2026,02683,50\n2026,02701,1\n");
    somebody_pays("02671", 1);
    somebody_pays("02701", 2);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    smtp_server_stop(&relay);
    return 0;
}

/* --- what is told ----------------------------------------------------------------------------- */

static int has_taken(void *arg)
{
    const size_t *n = arg;
    return smtp_server_taken(relay, "") >= *n;
}

static int are_queued(void *arg)
{
    (void)arg;
    return redis_server_integer(platform_views(platform), "ZCARD", "{v:notify}:queue", NULL) >= 2;
}

static int is_nothing_left(void)
{
    struct redis_server *views = platform_views(platform);
    return redis_server_integer(views, "LLEN", "{v:notify}:in", NULL) == 0 &&
           redis_server_integer(views, "ZCARD", "{v:notify}:queue", NULL) == 0;
}

static void on_stats(void *arg, const struct bus_answer *reply)
{
    int64_t *found = arg;
    *found = 0;
    if (reply->code != 0)
        return;
    Ansinh__V1__StatsResponse *stats =
        ansinh__v1__stats_response__unpack(NULL, reply->body_len, reply->body);
    for (size_t i = 0; stats != NULL && i < stats->n_metrics; i++) {
        if (strstr(stats->metrics[i]->name, "units_behind_total") != NULL)
            *found = stats->metrics[i]->value;
    }
    if (stats != NULL)
        ansinh__v1__stats_response__free_unpacked(stats, NULL);
}

/* One of the instances has found all that are behind since it was started, and all is sent. */
static int is_round_over(void *arg)
{
    (void)arg;
    int64_t sum = 0;
    struct service *svc = platform_service(platform);
    static const char *const instances[] = {"notifications-1", "notifications-2"};
    for (size_t i = 0; i < ARRAY_LEN(instances); i++) {
        int64_t found = -1;
        struct bus_call question = {.service = "notifications",
                                    .instance = instances[i],
                                    .method = "ansinh.v1.Health/Stats",
                                    .timeout_ms = 1000};
        bus_call_packed(svc->client, &question, NULL, 0, on_stats, &found);
        while (found < 0)
            loop_turn(svc->loop, 20);
        sum += found;
    }
    return sum == UNITS_BEHIND && is_nothing_left();
}

static void wait_round(size_t n_letters)
{
    if (!wait_until(platform, has_taken, &n_letters, WAIT_MS))
        fail_msg("%zu letters instead of %zu", smtp_server_taken(relay, ""), n_letters);
    assert_true(wait_until(platform, is_round_over, NULL, WAIT_MS));
    assert_int_equal(smtp_server_taken(relay, ""), n_letters);
}

/* The letter with that id says all of this. */
static void check_letter(const char *id, const char *const *words)
{
    for (size_t n = 1; n <= smtp_server_taken(relay, ""); n++) {
        char name[24];
        (void)snprintf(name, sizeof(name), "%zu.eml", n);
        char *raw = smtp_server_read(relay, name);
        int is_it = raw != NULL && strstr(raw, id) != NULL;
        free(raw);
        if (!is_it)
            continue;
        (void)snprintf(name, sizeof(name), "%zu.txt", n);
        char *text = smtp_server_read(relay, name);
        for (; *words != NULL; words++) {
            if (strstr(text, *words) == NULL)
                fail_msg("no \"%s\" in\n%s", *words, text);
        }
        free(text);
        return;
    }
    fail_msg("no letter %s", id);
}

static void a_unit_that_is_behind_gets_one_letter_a_day(void **state)
{
    (void)state;
    if (!is_faked)
        skip();
    size_t before = smtp_server_taken(relay, "");
    assert_int_equal(before, 0);
    smtp_server_pause(relay);
    restart_at(TELLING, 0, 10);
    assert_true(wait_until(platform, are_queued, NULL, WAIT_MS));
    platform_signal(platform, "notifications", 1, SIGKILL);
    platform_signal(platform, "notifications", 2, SIGKILL);
    smtp_server_resume(relay);
    restart_at(TELLING, 0, 11);
    wait_round(2);
    static const char *const cam_duong[] = {"cam-duong@mail.test",
                                            "Phường Cam Đường còn thiếu 399 người",
                                            "15/06/2026",
                                            "1 / 400 người",
                                            "2,01 người\n",
                                            "0,00 người mỗi ngày",
                                            "\n\nPhường Cam Đường",
                                            "https://an.sinh.test",
                                            NULL};
    static const char *const hop_thanh[] = {"hop-thanh@mail.test", "0 / 3.000 người", "3.000 người",
                                            "15,08 người", NULL};
    check_letter("<behind-02671-2026-06-15@ansinh.test>", cam_duong);
    check_letter("<behind-02680-2026-06-15@ansinh.test>", hop_thanh);
}

static void the_same_day_is_not_told_twice(void **state)
{
    (void)state;
    char said[PLATFORM_SAID_BYTES];
    if (!is_faked)
        skip();
    restart_at(TELLING, 0, 20);
    wait_round(2);
    if (platform_ansinh(platform, said, "verify", NULL) != 0)
        fail_msg("%s", said);
}

static void the_next_day_is_told_with_its_numbers(void **state)
{
    (void)state;
    if (!is_faked)
        skip();
    restart_at(TELLING, 1, 9);
    assert_int_equal(smtp_server_taken(relay, ""), 2);
    restart_at(TELLING, 1, 10);
    wait_round(4);
    static const char *const cam_duong[] = {"16/06/2026", "còn thiếu 399 người", "2,02 người",
                                            "0,14 người mỗi ngày", NULL};
    static const char *const hop_thanh[] = {"16/06/2026", "3.000 người", "15,15 người", NULL};
    check_letter("<behind-02671-2026-06-16@ansinh.test>", cam_duong);
    check_letter("<behind-02680-2026-06-16@ansinh.test>", hop_thanh);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(a_unit_that_is_behind_gets_one_letter_a_day, start),
    cmocka_unit_test(the_same_day_is_not_told_twice),
    cmocka_unit_test_teardown(the_next_day_is_told_with_its_numbers, stop),
};

TEST_MAIN(tests)
