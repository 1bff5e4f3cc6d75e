/* Streams of live progress over breaks: viewers that do not read, that come back, and that outlive
 * the leader of analytics and their gateway. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base/clock.h"
#include "tests/support/gateway_client.h"
#include "tests/support/people.h"

#define WAIT_MS 30000
#define LOOK_MS 50
#define DESCRIPTORS 300 /* 256 of them for itself */
#define CLIENTS 44
#define SLEEPERS 40
#define SLEPT_FRAMES 200
#define RECEIVE_BYTES 16384 /* of who sleeps: what its own system takes for it */
#define GROWTH_MAX_KB 4096

static struct platform *platform;
static unsigned n_people;

/* A stream, and over its breaks. */
struct stream {
    struct gateway_client client;
    unsigned gateway;  /* 1 or 2 */
    int receive_bytes; /* 0: as usual, 1: the least */
    uint64_t last_id;
    size_t looked; /* into client.in */
};

static int start(void **state)
{
    (void)state;
    static const char *const environment[] = {"GATEWAY_IDLE_S=300", "GATEWAY_VIEWER_BYTES=4096",
                                              "GATEWAY_LIVE_BYTES=1048576",
                                              "GATEWAY_HEAD_BYTES=4096", NULL};
    platform = platform_start(
        &(struct platform_conf){.analytics = 2, .gateway = 2, .environment = environment});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* Lets n more people pay in commune 02647 of province 15. */
static void let_pay(unsigned n)
{
    assert_int_equal(people_load(platform, NULL, n_people, n, 50), n);
    n_people += n;
}

static const char *paid_text(void)
{
    static char text[64];
    (void)snprintf(text, sizeof(text), "\"participants\":\"%u\"", n_people);
    return text;
}

static void stream_open(struct stream *self, const char *query, const char *last_id)
{
    char request[256];
    int len = snprintf(
        request, sizeof(request), "GET /v1/watch?%s HTTP/1.1\r\nHost: t\r\n%s%s%s\r\n", query,
        last_id[0] != '\0' ? "Last-Event-ID: " : "", last_id, last_id[0] != '\0' ? "\r\n" : "");
    gateway_client_open_narrow(&self->client, NULL,
                               (uint16_t)(platform_port(platform) + self->gateway - 1),
                               self->receive_bytes);
    gateway_client_send(&self->client, request, (size_t)len);
    self->looked = 0;
}

/* Versions only grow, whoever sends them. An event's head is never cut by a chunk. */
static void stream_look(struct stream *self)
{
    if (self->client.in.len == 0)
        return;
    const char *text = (const char *)self->client.in.data, *at = text + self->looked;
    while ((at = strstr(at, "\nid: ")) != NULL && strchr(at + 1, '\n') != NULL) {
        uint64_t id = strtoull(at + strlen("\nid: "), NULL, 10);
        assert_true(id >= self->last_id);
        self->last_id = id;
        at++;
        self->looked = (size_t)(at - text);
    }
}

/* Waits for a text; goes to the other gateway when this one is gone. */
static void stream_await(struct stream *self, const char *text)
{
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    while (!gateway_client_await(&self->client, text, LOOK_MS)) {
        assert_true(clock_mono_ms() < until_ms);
        stream_look(self);
        if (!self->client.is_closed)
            continue;
        char id[32];
        gateway_client_close(&self->client);
        self->gateway = 3 - self->gateway;
        (void)snprintf(id, sizeof(id), "%llu", (unsigned long long)self->last_id);
        stream_open(self, "unit=15", id);
    }
    stream_look(self);
}

static size_t events(const struct stream *self, const char *name)
{
    size_t n = 0;
    const char *at = self->client.in.len == 0 ? "" : (const char *)self->client.in.data;
    while ((at = strstr(at, name)) != NULL) {
        n++;
        at++;
    }
    return n;
}

/* --- a break --- */

static void test_goes_on_where_it_broke(void **state)
{
    (void)state;
    struct stream stays = {.gateway = 1}, goes = {.gateway = 1};
    char id[32], query[64];
    stream_open(&stays, "unit=15", "");
    stream_open(&goes, "unit=15", "");
    stream_await(&stays, "event: snapshot");
    stream_await(&goes, "event: snapshot");
    let_pay(1);
    stream_await(&goes, paid_text());
    gateway_client_close(&goes.client);
    let_pay(2);
    stream_await(&stays, paid_text());
    (void)snprintf(id, sizeof(id), "%llu", (unsigned long long)goes.last_id);
    stream_open(&goes, "unit=15", id);
    stream_await(&goes, paid_text());
    assert_int_equal(events(&goes, "event: snapshot"), 0);
    assert_int_equal(events(&goes, "event: progress"), 1);
    const char *snapshot = (const char *)stays.client.in.data;
    size_t snapshot_len = (size_t)(strstr(snapshot, "event: progress") - snapshot);
    assert_true(goes.client.in.len < snapshot_len / 4);
    gateway_client_close(&goes.client);
    /* as a page says it */
    let_pay(1);
    stream_await(&stays, paid_text());
    (void)snprintf(query, sizeof(query), "unit=15&last_event_id=%llu",
                   (unsigned long long)goes.last_id);
    stream_open(&goes, query, "");
    stream_await(&goes, paid_text());
    assert_int_equal(events(&goes, "event: snapshot"), 0);
    gateway_client_close(&goes.client);
    gateway_client_close(&stays.client);
}

/* The only one who watches these units, so that nobody keeps the watch open meanwhile. */
static void test_waits_for_who_comes_back(void **state)
{
    (void)state;
    struct stream goes = {.gateway = 1};
    char id[32];
    stream_open(&goes, "unit=02647", "");
    stream_await(&goes, "event: snapshot");
    let_pay(1);
    stream_await(&goes, paid_text());
    gateway_client_close(&goes.client);
    let_pay(1);
    (void)snprintf(id, sizeof(id), "%llu", (unsigned long long)goes.last_id);
    stream_open(&goes, "unit=02647", id);
    stream_await(&goes, paid_text());
    assert_int_equal(events(&goes, "event: snapshot"), 0);
    gateway_client_close(&goes.client);
}

/* What is not known, or is no id, is answered by a snapshot. */
static void test_starts_anew_from_ids_it_does_not_know(void **state)
{
    (void)state;
    static const char *const ids[] = {"1", "9223372036854775807", "18446744073709551616", "-1",
                                      "x"};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct stream stream = {.gateway = 1};
        stream_open(&stream, "unit=VN,15", ids[i]);
        stream_await(&stream, "event: snapshot");
        stream_await(&stream, paid_text());
        assert_int_equal(events(&stream, "event: progress"), 0);
        gateway_client_close(&stream.client);
    }
}

/* --- who does not read --- */

static long gateway_kb(void)
{
    char path[64], line[128];
    long kb = -1;
    (void)snprintf(path, sizeof(path), "/proc/%d/status", platform_pid(platform, "gateway", 1));
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (kb < 0 && fgets(line, sizeof(line), file) != NULL)
        (void)sscanf(line, "VmRSS: %ld", &kb);
    (void)fclose(file);
    return kb;
}

/* They get what fits on the way, then nothing, then the newest: no frame waits for them. */
static void test_keeps_nothing_for_who_does_not_read(void **state)
{
    (void)state;
    static struct stream sleepers[SLEEPERS];
    struct stream reads = {.gateway = 1};
    for (size_t i = 0; i < SLEEPERS; i++) {
        sleepers[i] = (struct stream){.gateway = 1, .receive_bytes = RECEIVE_BYTES};
        stream_open(&sleepers[i], i % 2 == 0 ? "unit=VN" : "unit=15", "");
        stream_await(&sleepers[i], "event: snapshot");
    }
    stream_open(&reads, "unit=15", "");
    stream_await(&reads, "event: snapshot");
    long before_kb = gateway_kb();
    while (events(&reads, "event: progress") < SLEPT_FRAMES) {
        let_pay(1);
        stream_await(&reads, paid_text());
    }
    assert_in_range(gateway_kb(), 1, before_kb + GROWTH_MAX_KB);
    for (size_t i = 0; i < SLEEPERS; i++) {
        stream_await(&sleepers[i], paid_text());
        assert_in_range(events(&sleepers[i], "event: progress"), 1, SLEPT_FRAMES - 1);
        gateway_client_close(&sleepers[i].client);
    }
    gateway_client_close(&reads.client);
}

static int is_cut(void *arg)
{
    struct gateway_client client;
    (void)arg;
    gateway_client_open(&client, NULL, (uint16_t)platform_port(platform));
    int status = gateway_client_get(&client, "/metrics", "");
    const char *at = status == 200 ? (const char *)client.body.data : "";
    int n = 0;
    for (; (at = strstr(at, "\nansinh_sse_viewers_cut_total{")) != NULL; at++)
        n += atoi(strchr(at, '}') + 1);
    gateway_client_close(&client);
    return n > 0;
}

/* Each of them holds a frame of its own, together more than there is room for: they are cut, who
 * reads is served. */
static void test_cuts_who_does_not_read_when_memory_is_short(void **state)
{
    (void)state;
    static const char provinces[][3] = {"01", "04", "08", "11", "12", "14", "19", "20", "22", "24",
                                        "25", "31", "33", "37", "38", "40", "42", "44", "46", "48",
                                        "51", "52", "56", "66", "68", "75", "79", "80", "82", "86"};
    static struct stream sleepers[ARRAY_LEN(provinces)];
    struct stream reads = {.gateway = 1};
    char query[64];
    stream_open(&reads, "unit=15", "");
    stream_await(&reads, "event: snapshot");
    for (size_t i = 0; i < ARRAY_LEN(provinces); i++) {
        sleepers[i] = (struct stream){.gateway = 1, .receive_bytes = 1};
        (void)snprintf(query, sizeof(query), "unit=VN,15,%s", provinces[i]);
        stream_open(&sleepers[i], query, "");
    }
    assert_true(wait_until(platform, is_cut, NULL, WAIT_MS));
    let_pay(1);
    stream_await(&reads, paid_text());
    for (size_t i = 0; i < ARRAY_LEN(provinces); i++)
        gateway_client_close(&sleepers[i].client);
    gateway_client_close(&reads.client);
}

/* --- who dies --- */

static void test_goes_on_when_leader_and_gateway_die(void **state)
{
    (void)state;
    static const struct {
        const char *service;
        unsigned n;
    } victims[] = {
        {"analytics", 1}, {"gateway", 1}, {"analytics", 2}, {"gateway", 2}, {"analytics", 1}};
    struct stream stream = {.gateway = 1};
    stream_open(&stream, "unit=15", "");
    stream_await(&stream, "event: snapshot");
    for (size_t i = 0; i < ARRAY_LEN(victims); i++) {
        let_pay(20);
        platform_signal(platform, victims[i].service, victims[i].n, SIGKILL);
        let_pay(20);
        stream_await(&stream, paid_text());
        platform_spawn(platform, victims[i].service, victims[i].n);
        platform_wait_ready(platform);
    }
    assert_true(people_wait_board(platform, "15", n_people, WAIT_MS));
    gateway_client_close(&stream.client);
}

/* --- descriptors --- */

static int says_what_is_missing(void)
{
    char path[256], line[512];
    int found = 0;
    (void)snprintf(path, sizeof(path), "%s/log/gateway-2.log", platform_directory(platform));
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (!found && fgets(line, sizeof(line), file) != NULL)
        found = strstr(line, "raise the limit of file descriptors") != NULL &&
                strstr(line, "connections=44") != NULL;
    (void)fclose(file);
    return found;
}

/* The last one: the limit of this process goes down for good. */
static void test_takes_as_many_connections_as_it_has_descriptors(void **state)
{
    (void)state;
    static struct gateway_client clients[CLIENTS];
    const struct rlimit limit = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS};
    platform_signal(platform, "gateway", 2, SIGKILL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    platform_spawn(platform, "gateway", 2);
    platform_wait_ready(platform);
    assert_true(says_what_is_missing());
    for (size_t i = 0; i < CLIENTS; i++) {
        gateway_client_open(&clients[i], NULL, (uint16_t)(platform_port(platform) + 1));
        assert_int_equal(gateway_client_get(&clients[i], "/healthz", ""), 200);
    }
    for (size_t i = 0; i < CLIENTS; i++)
        gateway_client_close(&clients[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on_where_it_broke),
        cmocka_unit_test(test_waits_for_who_comes_back),
        cmocka_unit_test(test_starts_anew_from_ids_it_does_not_know),
        cmocka_unit_test(test_keeps_nothing_for_who_does_not_read),
        cmocka_unit_test(test_cuts_who_does_not_read_when_memory_is_short),
        cmocka_unit_test(test_goes_on_when_leader_and_gateway_die),
        cmocka_unit_test(test_takes_as_many_connections_as_it_has_descriptors),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
