/* The gateway in front of real services: a payment over HTTP, refusals, deadlines, health, metrics
 * and the drain. */
#include "tests/support/test.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "tests/support/gateway_client.h"
#include "tests/support/platform.h"

#define WAIT_MS 15000
#define JSON "Content-Type: application/json\r\n"
#define SCRAPERS 8

static struct platform *platform;
static struct gateway_client client;

static void connect_client(struct gateway_client *self)
{
    gateway_client_open(self, NULL, (uint16_t)platform_port(platform));
}

static int start(void **state)
{
    (void)state;
    static const char *const environment[] = {"ANSINH_DRAIN_MS=4000", NULL};
    platform = platform_start(
        &(struct platform_conf){.payments = 2, .gateway = 1, .environment = environment});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int open_client(void **state)
{
    (void)state;
    connect_client(&client);
    return 0;
}

static int close_client(void **state)
{
    (void)state;
    gateway_client_close(&client);
    return 0;
}

/* Calls a method and gives the answer's JSON; the caller decrefs it. */
static json_t *call(const char *method, const char *headers, const char *body)
{
    char path[128], all[512];
    (void)snprintf(path, sizeof(path), "/ansinh.v1.%s", method);
    (void)snprintf(all, sizeof(all), JSON "%s", headers);
    assert_true(gateway_client_post(&client, path, all, body) > 0);
    json_t *json = json_loads((const char *)client.body.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

static const char *text(const json_t *json, const char *name)
{
    const char *value = json_string_value(json_object_get(json, name));
    return value == NULL ? "" : value;
}

static const json_t *debug_of(const json_t *error)
{
    return json_object_get(json_array_get(json_object_get(error, "details"), 0), "debug");
}

/* Enrols the i-th person and opens a bill; writes the body of Pay. */
static void bill(unsigned i, char *pay, size_t size)
{
    char body[512];
    (void)snprintf(body, sizeof(body),
                   "{\"personalId\":\"010085%06u\",\"fullName\":\"Thử\",\"birthDate\":"
                   "\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\","
                   "\"supportGroup\":\"SUPPORT_GROUP_OTHER\",\"incomeVnd\":\"1500000\","
                   "\"method\":\"METHOD_MONTHLY\"}",
                   i);
    json_t *enrolled = call("Enrolment/Enrol", "", body);
    assert_int_equal(client.status, 200);
    (void)snprintf(body, sizeof(body), "{\"participantId\":\"%s\"}",
                   text(enrolled, "participantId"));
    json_t *billed = call("Payments/Inquire", "", body);
    assert_int_equal(client.status, 200);
    (void)snprintf(pay, size, "{\"billId\":\"%s\",\"billVersion\":%lld,\"amountVnd\":\"%s\"}",
                   text(billed, "billId"),
                   (long long)json_integer_value(json_object_get(billed, "billVersion")),
                   text(billed, "dueVnd"));
    json_decref(enrolled);
    json_decref(billed);
}

static void test_a_person_pays_once(void **state)
{
    (void)state;
    char pay[256], first[64], query[256];
    bill(1, pay, sizeof(pay));
    json_t *paid = call("Payments/Pay", "Idempotency-Key: till 7, receipt 1\r\n", pay);
    assert_int_equal(client.status, 200);
    assert_string_equal(gateway_client_header(&client, "Idempotency-Key"), "till 7, receipt 1");
    assert_string_equal(gateway_client_header(&client, "Cache-Control"), "no-store");
    (void)snprintf(first, sizeof(first), "%s", text(paid, "paymentId"));
    json_decref(paid);

    paid = call("Payments/Pay", "Idempotency-Key: till 7, receipt 1\r\n", pay);
    assert_int_equal(client.status, 200);
    assert_string_equal(text(paid, "paymentId"), first);
    json_decref(paid);

    paid = call("Payments/Pay", "", pay); /* a fresh id: this bill is paid */
    assert_int_equal(client.status, 400);
    assert_string_equal(text(paid, "code"), "failed_precondition");
    assert_string_equal(text(debug_of(paid), "field"), "bill_id");
    json_decref(paid);

    (void)snprintf(
        query, sizeof(query),
        "/ansinh.v1.Payments/"
        "GetPayment?connect=v1&encoding=json&message=%%7B%%22paymentId%%22:%%22%s%%22%%7D",
        first);
    assert_int_equal(gateway_client_get(&client, query, ""), 200);
    assert_non_null(strstr((char *)client.body.data, "\"amountVnd\":\"264000\""));
}

static void test_the_same_key_for_something_else_is_refused(void **state)
{
    (void)state;
    char pay[256];
    bill(2, pay, sizeof(pay));
    json_decref(call("Payments/Pay", "Idempotency-Key: twice\r\n", pay));
    assert_int_equal(client.status, 200);
    char *amount = strstr(pay, "264000");
    assert_non_null(amount);
    memcpy(amount, "264001", 6);
    json_t *paid = call("Payments/Pay", "Idempotency-Key: twice\r\n", pay);
    assert_int_equal(client.status, 409);
    assert_string_equal(text(paid, "code"), "already_exists");
    json_decref(paid);
}

static void test_speaks_protobuf(void **state)
{
    (void)state;
    Ansinh__V1__QuoteRequest quote;
    ansinh__v1__quote_request__init(&quote);
    char unit[] = "15", head[256];
    quote.unit_code = unit;
    quote.income_vnd = 1500000;
    quote.support_group = ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_OTHER;
    uint8_t packed[128];
    size_t len = ansinh__v1__quote_request__pack(&quote, packed);
    int n = snprintf(head, sizeof(head),
                     "POST /ansinh.v1.Payments/Quote HTTP/1.1\r\nHost: t\r\n"
                     "Content-Type: application/proto\r\nContent-Length: %zu\r\n\r\n",
                     len);
    gateway_client_send(&client, head, (size_t)n);
    gateway_client_send(&client, (const char *)packed, len);
    assert_int_equal(gateway_client_read(&client), 200);
    assert_string_equal(gateway_client_header(&client, "Content-Type"), "application/proto");
    Ansinh__V1__QuoteResponse *answer =
        ansinh__v1__quote_response__unpack(NULL, client.body.len, client.body.data);
    assert_non_null(answer);
    assert_int_equal(answer->due_vnd, 264000);
    ansinh__v1__quote_response__free_unpacked(answer, NULL);
    /* an error is JSON also then */
    assert_int_equal(gateway_client_post(&client, "/ansinh.v1.Payments/Quote",
                                         "Content-Type: application/proto\r\n", "\xff\xff\xff"),
                     400);
    assert_non_null(strstr((char *)client.body.data, "\"invalid_argument\""));
}

static void test_names_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *method, *body, *field;
    } cases[] = {
        {"Payments/Quote",
         "{\"unitCode\":\"15\",\"incomeVnd\":1,\"supportGroup\":\"SUPPORT_GROUP_OTHER\"}",
         "income_vnd"},
        {"Payments/Quote", "{\"incomeVnd\":\"many\"}", "incomeVnd"},
        {"Payments/Quote", "{\"method\":\"METHOD_NEVER\"}", "method"},
        {"Payments/Quote", "{\"nothing\":1}", "nothing"},
        {"Payments/Pay", "{\"billId\":\"x\"}", "bill_id"},
        {"Directory/ImportUnits", "{\"units\":[{},{\"level\":7.5}]}", "units[1].level"},
        {"Payments/Quote", "not json", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *error = call(cases[i].method, "", cases[i].body);
        assert_int_equal(client.status, 400);
        assert_string_equal(text(error, "code"), "invalid_argument");
        if (cases[i].field != NULL)
            assert_string_equal(text(debug_of(error), "field"), cases[i].field);
        json_decref(error);
    }
    json_t *error = call("Contacts/ResolveContact", "", "{}");
    assert_int_equal(client.status, 404);
    assert_string_equal(text(error, "code"), "unimplemented");
    json_decref(error);
}

static void test_a_large_body_is_refused(void **state)
{
    (void)state;
    static char body[300000];
    memset(body, ' ', sizeof(body) - 1);
    memcpy(body, "{}", 2);
    json_t *error = call("Payments/Quote", "", body);
    assert_int_equal(client.status, 413);
    assert_string_equal(text(error, "code"), "invalid_argument");
    json_decref(error);
    gateway_client_close(&client);
    connect_client(&client);
    /* a page that answers late must refuse it at once, too */
    assert_int_equal(gateway_client_get(&client, "/metrics", "Content-Length: 9999999\r\n"), 413);
}

static void test_tells_the_health_of_services(void **state)
{
    (void)state;
    json_t *own = call("Health/Check", "", "{}");
    assert_string_equal(text(own, "instance"), "gateway-1");
    assert_true(json_is_true(json_object_get(own, "ok")));
    json_decref(own);
    json_t *other = call("Health/Check", "", "{\"service\":\"payments\"}");
    assert_string_equal(text(other, "service"), "payments");
    json_decref(other);
    json_t *none = call("Health/Check", "", "{\"service\":\"nobody\"}");
    assert_int_equal(client.status, 404);
    assert_string_equal(text(debug_of(none), "field"), "service");
    json_decref(none);
}

/* Turns until GET path answers a status. */
static void await_status(const char *path, int status)
{
    int64_t until = clock_mono_ms() + WAIT_MS;
    while (gateway_client_get(&client, path, "") != status) {
        if (clock_mono_ms() > until)
            fail_msg("%s answers %d: %s", path, client.status, (char *)client.body.data);
        loop_turn(platform_service(platform)->loop, 20);
    }
}

static void test_healthz_says_what_is_missing(void **state)
{
    (void)state;
    await_status("/healthz", 200);
    assert_string_equal((char *)client.body.data, "ok\n");
    platform_signal(platform, "payments", 1, SIGKILL);
    platform_signal(platform, "payments", 2, SIGKILL);
    await_status("/healthz", 503);
    assert_non_null(strstr((char *)client.body.data, "payments"));
    json_t *error = call("Payments/Quote", "Connect-Timeout-Ms: 200\r\n", "{\"unitCode\":\"15\"}");
    assert_true(client.status == 503 || client.status == 504);
    json_decref(error);
    platform_spawn(platform, "payments", 1);
    platform_spawn(platform, "payments", 2);
    platform_wait_ready(platform);
    await_status("/healthz", 200);
}

static void test_an_unknown_outcome_can_be_asked_for(void **state)
{
    (void)state;
    char pay[256], body[512];
    bill(4, pay, sizeof(pay));
    platform_signal(platform, "payments", 1, SIGSTOP);
    platform_signal(platform, "payments", 2, SIGSTOP);
    json_t *read =
        call("Payments/GetPayment", "Connect-Timeout-Ms: 300\r\n", "{\"paymentId\":\"p0001-1-1\"}");
    assert_int_equal(client.status, 504);
    assert_string_equal(text(read, "code"), "deadline_exceeded");
    json_decref(read);
    json_t *paid = call("Payments/Pay", "Connect-Timeout-Ms: 300\r\n", pay);
    assert_int_equal(client.status, 500);
    assert_string_equal(text(paid, "code"), "unknown");
    const char *key = text(debug_of(paid), "requestId");
    assert_string_equal(gateway_client_header(&client, "Idempotency-Key"), key);
    platform_signal(platform, "payments", 1, SIGCONT);
    platform_signal(platform, "payments", 2, SIGCONT);
    platform_wait_ready(platform);
    (void)snprintf(body, sizeof(body), "Idempotency-Key: %s\r\n", key);
    json_t *again = call("Payments/Pay", body, pay); /* settles it, done before or not */
    assert_int_equal(client.status, 200);
    (void)snprintf(body, sizeof(body), "{\"billId\":\"%s\",\"requestId\":\"%s\"}",
                   text(again, "billId"), key);
    json_t *found = call("Payments/GetPayment", "", body);
    assert_string_equal(text(found, "paymentId"), text(again, "paymentId"));
    json_decref(found);
    json_decref(again);
    json_decref(paid);
}

/* Every line is a type or a sample, each name's samples follow its one type. */
static size_t check_metrics(const char *page)
{
    char name[128] = "";
    size_t n = 0;
    while (*page != '\0') {
        size_t len = strcspn(page, "\n");
        assert_int_equal(page[len], '\n');
        if (strncmp(page, "# TYPE ", 7) == 0) {
            size_t name_len = strcspn(page + 7, " ");
            assert_true(strncmp(page + 7, name, name_len) > 0); /* ascending: no name twice */
            (void)snprintf(name, sizeof(name), "%.*s", (int)name_len, page + 7);
        } else {
            assert_memory_equal(page, name, strlen(name));
            assert_int_equal(page[strlen(name)], '{');
            assert_non_null(memchr(page, '}', len));
            n++;
        }
        page += len + 1;
    }
    return n;
}

static void test_gathers_the_metrics_of_all(void **state)
{
    (void)state;
    struct gateway_client scrapers[SCRAPERS];
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n";
    for (size_t i = 0; i < SCRAPERS; i++) {
        connect_client(&scrapers[i]);
        gateway_client_send(&scrapers[i], request, strlen(request));
    }
    for (size_t i = 0; i < SCRAPERS; i++) {
        assert_int_equal(gateway_client_read(&scrapers[i]), 200);
        const char *page = (const char *)scrapers[i].body.data;
        assert_true(check_metrics(page) > 100);
        assert_non_null(
            strstr(page, "\nansinh_up{service=\"payments\",instance=\"payments-2\"} 1"));
        assert_non_null(strstr(page, "\nansinh_up{service=\"gateway\",instance=\"gateway-1\"} 1"));
        assert_non_null(strstr(page, "code=\"200\"}"));
        gateway_client_close(&scrapers[i]);
    }
}

static void test_a_hanging_service_does_not_stop_a_scrape(void **state)
{
    (void)state;
    platform_signal(platform, "payments", 2, SIGSTOP);
    int64_t begin = clock_mono_ms();
    assert_int_equal(gateway_client_get(&client, "/metrics", ""), 200);
    assert_true(clock_mono_ms() - begin < 5000);
    const char *page = (const char *)client.body.data;
    assert_non_null(strstr(page, "\nansinh_up{service=\"payments\",instance=\"payments-2\"} 0"));
    assert_non_null(strstr(page, "\nansinh_up{service=\"payments\",instance=\"payments-1\"} 1"));
    platform_signal(platform, "payments", 2, SIGCONT);
    platform_wait_ready(platform);
}

static void test_serves_the_dashboard(void **state)
{
    (void)state;
    assert_int_equal(gateway_client_get(&client, "/", ""), 200);
    assert_string_equal(gateway_client_header(&client, "Content-Type"), "text/html; charset=utf-8");
    assert_non_null(strstr((char *)client.body.data, "<html"));
    static const char post[] = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n";
    gateway_client_send(&client, post, strlen(post));
    assert_int_equal(gateway_client_read(&client), 405);
    assert_int_equal(gateway_client_get(&client, "/../../etc/passwd", ""), 404);
}

/* Waits for the gateway's own end: status 0, and nothing left for a leak check to find. */
static void await_end(void)
{
    siginfo_t info;
    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(info.si_code, CLD_EXITED);
    assert_int_equal(info.si_status, 0);
    platform_signal(platform, "gateway", 1, SIGKILL); /* takes the ended process away */
}

static void test_drains(void **state)
{
    (void)state;
    struct gateway_client stream;
    connect_client(&stream);
    static const char watch[] = "GET /v1/watch?unit=15 HTTP/1.1\r\nHost: t\r\n\r\n";
    gateway_client_send(&stream, watch, strlen(watch));
    assert_true(gateway_client_await(&stream, "event: snapshot", WAIT_MS));
    platform_signal(platform, "payments", 1, SIGSTOP);
    platform_signal(platform, "payments", 2, SIGSTOP);
    static const char body[] = "{\"unitCode\":\"15\",\"incomeVnd\":\"1500000\","
                               "\"supportGroup\":\"SUPPORT_GROUP_OTHER\"}";
    char quote[512];
    (void)snprintf(quote, sizeof(quote),
                   "POST /ansinh.v1.Payments/Quote HTTP/1.1\r\nHost: t\r\n" JSON
                   "Content-Length: %zu\r\n\r\n%s",
                   strlen(body), body);
    gateway_client_send(&client, quote, strlen(quote));
    /* its bytes are in the gateway when a later request has gone through */
    struct gateway_client other;
    connect_client(&other);
    assert_int_equal(gateway_client_get(&other, "/healthz", ""), 200);
    platform_signal(platform, "gateway", 1, SIGTERM);
    assert_true(gateway_client_await(&stream, "0\r\n\r\n", WAIT_MS)); /* streams end */
    platform_signal(platform, "payments", 1, SIGCONT);
    platform_signal(platform, "payments", 2, SIGCONT);
    assert_int_equal(gateway_client_read(&client), 200); /* open requests are answered */
    assert_string_equal(gateway_client_header(&client, "Connection"), "close");
    assert_true(gateway_client_await_close(&other, WAIT_MS));
    await_end();
    gateway_client_close(&stream);
    gateway_client_close(&other);
}

static int start_again(void **state)
{
    platform_spawn(platform, "gateway", 1);
    platform_wait_ready(platform);
    (void)open_client(state);
    await_status("/healthz", 200);
    return 0;
}

/* A command whose answer the gateway's end cuts off. */
static void test_a_cut_off_command_is_unknown(void **state)
{
    (void)state;
    char pay[256], request[512];
    bill(5, pay, sizeof(pay));
    platform_signal(platform, "payments", 1, SIGSTOP);
    platform_signal(platform, "payments", 2, SIGSTOP);
    int len = snprintf(request, sizeof(request),
                       "POST /ansinh.v1.Payments/Pay HTTP/1.1\r\nHost: t\r\n" JSON
                       "Idempotency-Key: cut\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen(pay), pay);
    gateway_client_send(&client, request, (size_t)len);
    struct gateway_client other;
    connect_client(&other);
    assert_int_equal(gateway_client_get(&other, "/healthz", ""), 200);
    platform_signal(platform, "gateway", 1, SIGTERM);
    assert_int_equal(gateway_client_read(&client), 500);
    assert_non_null(strstr((char *)client.body.data, "\"code\":\"unknown\""));
    assert_non_null(strstr((char *)client.body.data, "\"requestId\":\"cut\""));
    await_end();
    platform_signal(platform, "payments", 1, SIGCONT);
    platform_signal(platform, "payments", 2, SIGCONT);
    gateway_client_close(&other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_client, close_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_person_pays_once),
        CASE(test_the_same_key_for_something_else_is_refused),
        CASE(test_speaks_protobuf),
        CASE(test_names_what_is_wrong),
        CASE(test_a_large_body_is_refused),
        CASE(test_tells_the_health_of_services),
        CASE(test_healthz_says_what_is_missing),
        CASE(test_an_unknown_outcome_can_be_asked_for),
        CASE(test_gathers_the_metrics_of_all),
        CASE(test_a_hanging_service_does_not_stop_a_scrape),
        CASE(test_serves_the_dashboard),
        CASE(test_drains),
        cmocka_unit_test_setup_teardown(test_a_cut_off_command_is_unknown, start_again,
                                        close_client),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
