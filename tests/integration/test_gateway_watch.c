/* Live progress through the gateway: snapshots, changes, slow viewers, silence of analytics. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/support/gateway_client.h"
#include "tests/support/people.h"

#define WAIT_MS 20000
#define CROWD 200
#define VIEWERS_MAX 210

static struct platform *platform;
static unsigned n_people;

static int start(void **state)
{
    (void)state;
    static const char *const environment[] = {"GATEWAY_IDLE_S=2", "GATEWAY_VIEWERS=210", NULL};
    platform = platform_start(&(struct platform_conf){.gateway = 1, .environment = environment});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void watch(struct gateway_client *client, const char *query, const char *headers)
{
    char request[256];
    int len = snprintf(request, sizeof(request), "GET /v1/watch?%s HTTP/1.1\r\nHost: t\r\n%s\r\n",
                       query, headers);
    gateway_client_open(client, NULL, (uint16_t)platform_port(platform));
    gateway_client_send(client, request, (size_t)len);
}

/* Lets n more people pay in commune 02647 of province 15. */
static void let_pay(unsigned n)
{
    assert_int_equal(people_load(platform, NULL, n_people, n, 50), n);
    n_people += n;
}

/* The text that says how many have paid in all. */
static const char *paid_text(void)
{
    static char text[64];
    (void)snprintf(text, sizeof(text), "\"participants\":\"%u\"", n_people);
    return text;
}

/* The last event that came, from its "event: ". */
static const char *last_event(const struct gateway_client *client)
{
    const char *at = (const char *)client->in.data, *found = NULL;
    while ((at = strstr(at, "event: ")) != NULL)
        found = at++;
    assert_non_null(found);
    return found;
}

static void test_shows_a_province_live(void **state)
{
    (void)state;
    struct gateway_client client;
    watch(&client, "unit=15", "Last-Event-ID: 12345\r\n");
    assert_true(gateway_client_await(&client, "event: snapshot\nid: ", WAIT_MS));
    const char *head = (const char *)client.in.data;
    assert_non_null(strstr(head, "HTTP/1.1 200"));
    assert_non_null(strstr(head, "Content-Type: text/event-stream\r\n"));
    assert_non_null(strstr(head, "Cache-Control: no-store\r\n"));
    assert_non_null(strstr(head, "X-Accel-Buffering: no\r\n"));
    assert_non_null(strstr(head, "retry: 1000\n\n"));
    assert_true(gateway_client_await(&client, "\"children\":[{", WAIT_MS));
    let_pay(3);
    assert_true(gateway_client_await(&client, "event: progress\nid: ", WAIT_MS));
    assert_true(gateway_client_await(&client, paid_text(), WAIT_MS));
    const char *event = last_event(&client);
    assert_non_null(strstr(event, "\"unitCode\":\"15\""));
    assert_non_null(strstr(event, "\"unitCode\":\"02647\""));
    assert_null(strstr(event, "\"unitCode\":\"VN\"")); /* nobody watches it */
    assert_null(strstr(event, "\"unitCode\":\"01\""));
    gateway_client_close(&client);
}

static void test_shows_several_units_without_children(void **state)
{
    (void)state;
    struct gateway_client client;
    watch(&client, "unit=VN,02647&unit=15&unit=15&children=0", "");
    assert_true(gateway_client_await(&client, "\"unitCode\":\"15\"", WAIT_MS));
    const char *text = (const char *)client.in.data;
    int n = 0;
    for (const char *at = text; (at = strstr(at, "event: snapshot")) != NULL; at++)
        n++;
    assert_int_equal(n, 3);
    assert_null(strstr(text, "\"children\":[{"));
    let_pay(1);
    assert_true(gateway_client_await(&client, "event: progress", WAIT_MS));
    assert_true(gateway_client_await(&client, paid_text(), WAIT_MS));
    assert_non_null(strstr(last_event(&client), "\"unitCode\":\"VN\""));
    gateway_client_close(&client);
}

static void test_refuses_what_it_cannot_show(void **state)
{
    (void)state;
    static const struct {
        const char *path, *text;
        int status;
    } cases[] = {
        {"/v1/watch?unit=99", "99: ", 404},
        {"/v1/watch?unit=15,99", "99: ", 404},
        {"/v1/watch?unit=", "\"invalid_argument\"", 400},
        {"/v1/watch?unit=15,", "\"invalid_argument\"", 400},
        {"/v1/watch?unit=vn", "\"invalid_argument\"", 400},
        {"/v1/watch?unit=12345678", "\"invalid_argument\"", 400},
        {"/v1/watch?children=yes", "\"field\":\"children\"", 400},
        {"/v1/watch?unit=01,02,03,04,05,06,07,08,09,10,11,12,13,14,15,16,17",
         "\"invalid_argument\"", 400},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct gateway_client client;
        gateway_client_open(&client, NULL, (uint16_t)platform_port(platform));
        assert_int_equal(gateway_client_get(&client, cases[i].path, ""), cases[i].status);
        assert_string_equal(gateway_client_header(&client, "Content-Type"), "application/json");
        assert_non_null(strstr((char *)client.body.data, cases[i].text));
        gateway_client_close(&client);
    }
}

/* All see the last number, also who reads nothing until the end: it skips, nothing is queued. */
static void test_slow_viewers_skip_to_the_newest(void **state)
{
    (void)state;
    static struct gateway_client crowd[CROWD];
    for (size_t i = 0; i < CROWD; i++)
        watch(&crowd[i], i % 2 == 0 ? "unit=VN" : "unit=15", "");
    for (size_t i = 0; i < CROWD; i++)
        assert_true(gateway_client_await(&crowd[i], "event: snapshot", WAIT_MS));
    for (int i = 0; i < 30; i++)
        let_pay(10);
    for (size_t i = 0; i < CROWD; i++) {
        assert_true(gateway_client_await(&crowd[i], paid_text(), WAIT_MS));
        gateway_client_close(&crowd[i]);
    }
}

static int viewers(void)
{
    struct gateway_client client;
    gateway_client_open(&client, NULL, (uint16_t)platform_port(platform));
    assert_int_equal(gateway_client_get(&client, "/metrics", ""), 200);
    const char *at = strstr((const char *)client.body.data, "\nansinh_sse_viewers{");
    assert_non_null(at);
    int n = atoi(strchr(at, '}') + 1);
    gateway_client_close(&client);
    return n;
}

/* Who has gone is noticed by what is sent to it. */
static void wait_for_nobody(void)
{
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    while (viewers() > 0) {
        assert_true(clock_mono_ms() < until_ms);
        let_pay(1);
    }
}

static void test_limits_the_viewers(void **state)
{
    (void)state;
    wait_for_nobody();
    static struct gateway_client crowd[VIEWERS_MAX];
    struct gateway_client more;
    for (size_t i = 0; i < VIEWERS_MAX; i++)
        watch(&crowd[i], "unit=15", "");
    int n_open = 0;
    for (size_t i = 0; i < VIEWERS_MAX; i++)
        n_open += gateway_client_await(&crowd[i], "event: snapshot", 2000);
    assert_true(n_open > 0);
    gateway_client_open(&more, NULL, (uint16_t)platform_port(platform));
    assert_int_equal(gateway_client_get(&more, "/v1/watch?unit=15", ""), 429);
    assert_string_equal(gateway_client_header(&more, "Retry-After"), "5");
    gateway_client_close(&more);
    for (size_t i = 0; i < VIEWERS_MAX; i++)
        gateway_client_close(&crowd[i]);
}

static void test_says_when_analytics_is_silent(void **state)
{
    (void)state;
    struct gateway_client client;
    watch(&client, "unit=15", "");
    assert_true(gateway_client_await(&client, "event: snapshot", WAIT_MS));
    platform_signal(platform, "analytics", 1, SIGKILL);
    int64_t begin = clock_mono_ms();
    assert_true(gateway_client_await(&client, "event: stale\ndata: {\"since_ms\":1", WAIT_MS));
    assert_in_range(clock_mono_ms() - begin, 3000, 12000);
    /* who comes now gets a stream, too */
    struct gateway_client late;
    watch(&late, "unit=02647", "");
    assert_true(gateway_client_await(&late, "event: stale", WAIT_MS));
    buf_reset(&client.in);
    platform_spawn(platform, "analytics", 1);
    assert_true(gateway_client_await(&client, "event: snapshot", WAIT_MS));
    assert_true(gateway_client_await(&late, "event: snapshot", WAIT_MS));
    let_pay(1);
    assert_true(gateway_client_await(&client, paid_text(), WAIT_MS));
    assert_true(gateway_client_await(&late, paid_text(), WAIT_MS));
    gateway_client_close(&client);
    gateway_client_close(&late);
}

/* What was counted is shown before it is written. */
static void test_does_not_wait_for_views(void **state)
{
    (void)state;
    struct gateway_client client;
    watch(&client, "unit=15", "");
    assert_true(gateway_client_await(&client, "event: snapshot", WAIT_MS));
    let_pay(1);
    assert_true(gateway_client_await(&client, paid_text(), WAIT_MS));
    redis_server_pause(platform_views(platform));
    let_pay(1);
    int is_shown = gateway_client_await(&client, paid_text(), WAIT_MS);
    redis_server_resume(platform_views(platform));
    assert_true(is_shown);
    gateway_client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shows_a_province_live),
        cmocka_unit_test(test_does_not_wait_for_views),
        cmocka_unit_test(test_shows_several_units_without_children),
        cmocka_unit_test(test_refuses_what_it_cannot_show),
        cmocka_unit_test(test_slow_viewers_skip_to_the_newest),
        cmocka_unit_test(test_says_when_analytics_is_silent),
        cmocka_unit_test(test_limits_the_viewers),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
