#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "services/gateway/http.h"
#include "tests/support/gateway_client.h"

#define BODY_MAX_BYTES ((size_t)1000)
#define WAIT_MS 10000

/* A server whose handler echoes, waits for a timer, or streams. */
struct world {
    struct loop *loop;
    struct http *http;
    struct http_request *waiting; /* "/later": answered by answer_later */
    struct http_request *stream;
    const char *next; /* of the stream */
    int n_requests, n_stream_ends, is_over;
};

static void echo(struct world *world, struct http_request *request)
{
    size_t len = 0;
    const char *query = http_query(request, "q", &len);
    const char *header = http_header(request, "X-Echo");
    (void)buf_printf(&request->out, "path=%s method=%d body=%zu query=%.*s header=%s",
                     request->path, (int)request->method, request->body_len, (int)len,
                     query == NULL ? "" : query, header == NULL ? "" : header);
    const struct http_header headers[] = {{"Content-Type", "text/plain"}};
    http_answer(request, request->is_too_large ? 413 : 200, headers, 1, request->out.data,
                request->out.len);
    world->n_requests++;
}

static size_t adorn(void *arg, struct http_request *request, unsigned status,
                    const struct http_header *headers, size_t n_headers, const void *body,
                    size_t len, struct http_header ret[HTTP_ADDED_MAX])
{
    (void)arg;
    ret[0] = (struct http_header){"X-Added", arena_printf(request->arena, "%u %s %.*s", status,
                                                          n_headers == 0 ? "" : headers[0].value,
                                                          (int)len, (const char *)body)};
    return 1;
}

/* The target as it came, and a header that came in several lines. */
static void tell(struct world *world, struct http_request *request)
{
    const char *joined = http_header_joined(request, "x-echo");
    (void)buf_printf(&request->out, "%s|%s", request->target, joined == NULL ? "-" : joined);
    request->adorn = adorn;
    const struct http_header headers[] = {{"Content-Type", "text/plain"}};
    http_answer(request, 200, headers, 1, request->out.data, request->out.len);
    world->n_requests++;
}

static ssize_t on_stream(void *arg, char *out, size_t size)
{
    struct world *world = arg;
    if (world->is_over)
        return HTTP_STREAM_END;
    if (world->next == NULL)
        return 0;
    size_t len = strlen(world->next);
    assert_true(len <= size);
    memcpy(out, world->next, len);
    world->next = NULL;
    return (ssize_t)len;
}

static void on_stream_end(void *arg)
{
    struct world *world = arg;
    world->n_stream_ends++;
    world->stream = NULL;
}

static void answer_soon(void *arg)
{
    struct world *world = arg;
    echo(world, world->waiting);
}

static void on_request(void *arg, struct http_request *request)
{
    struct world *world = arg;
    if (strcmp(request->path, "/soon") == 0) {
        world->waiting = request;
        (void)loop_timer_add(world->loop, 1, 0, answer_soon, world);
    } else if (strcmp(request->path, "/later") == 0) {
        world->waiting = request;
    } else if (strcmp(request->path, "/stream") == 0) {
        world->stream = request;
        http_stream(request, NULL, 0, on_stream, on_stream_end, world);
    } else if (strcmp(request->path, "/tell me") == 0) {
        tell(world, request);
    } else {
        echo(world, request);
    }
}

static int setup(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof(world));
    world.loop = loop_create();
    struct http_conf conf = {.address = "127.0.0.1",
                             .body_max_bytes = BODY_MAX_BYTES,
                             .head_max_bytes = 8192,
                             .connections_max = 100,
                             .connections_per_ip_max = 20,
                             .idle_timeout_s = 1};
    struct err err;
    assert_int_equal(http_create(world.loop, &conf, on_request, &world, &world.http, &err), 0);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    world->is_over = 1;
    if (world->stream != NULL)
        http_stream_wake(world->stream);
    http_destroy(&world->http);
    loop_destroy(&world->loop);
    return 0;
}

static void open_client(struct world *world, struct gateway_client *client)
{
    gateway_client_open(client, world->loop, http_port(world->http));
}

static void answers_and_keeps_the_connection(void **state)
{
    struct gateway_client client;
    open_client(*state, &client);
    assert_int_equal(gateway_client_get(&client, "/a%20b?q=1%262", "X-Echo: yes\r\n"), 200);
    assert_string_equal((char *)client.body.data, "path=/a b method=0 body=0 query=1&2 header=yes");
    assert_string_equal(gateway_client_header(&client, "X-Content-Type-Options"), "nosniff");
    assert_int_equal(gateway_client_post(&client, "/p", "", "hello"), 200);
    assert_string_equal((char *)client.body.data, "path=/p method=2 body=5 query= header=");
    gateway_client_close(&client);
}

static void answers_a_pipeline_in_order(void **state)
{
    struct gateway_client client;
    open_client(*state, &client);
    for (int i = 0; i < 10; i++) {
        char text[128];
        int len = snprintf(text, sizeof(text), "GET /%d HTTP/1.1\r\nHost: t\r\n\r\n", i);
        gateway_client_send(&client, text, (size_t)len);
    }
    for (int i = 0; i < 10; i++) {
        char start[32];
        assert_int_equal(gateway_client_read(&client), 200);
        (void)snprintf(start, sizeof(start), "path=/%d ", i);
        assert_memory_equal(client.body.data, start, strlen(start));
    }
    gateway_client_close(&client);
}

static void answers_later(void **state)
{
    struct world *world = *state;
    struct gateway_client client, other;
    open_client(world, &client);
    open_client(world, &other);
    static const char text[] = "POST /later HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi";
    gateway_client_send(&client, text, strlen(text));
    while (world->waiting == NULL)
        loop_turn(world->loop, 10);
    assert_int_equal(gateway_client_get(&other, "/", ""), 200); /* nobody waits for the waiting */
    echo(world, world->waiting);
    assert_int_equal(gateway_client_read(&client), 200);
    assert_string_equal((char *)client.body.data, "path=/later method=2 body=2 query= header=");
    assert_int_equal(gateway_client_get(&client, "/", ""), 200);
    gateway_client_close(&client);
    gateway_client_close(&other);
}

static void sends_a_late_answer_at_once(void **state)
{
    struct gateway_client client;
    open_client(*state, &client);
    int64_t begin = clock_mono_ms();
    for (int i = 0; i < 20; i++)
        assert_int_equal(gateway_client_get(&client, "/soon", ""), 200);
    assert_true(clock_mono_ms() - begin < 4000); /* not one timer of 500 ms each */
    gateway_client_close(&client);
}

static void survives_a_client_that_does_not_wait(void **state)
{
    struct world *world = *state;
    struct gateway_client client;
    open_client(world, &client);
    static const char text[] = "GET /later HTTP/1.1\r\nHost: t\r\n\r\n";
    gateway_client_send(&client, text, strlen(text));
    while (world->waiting == NULL)
        loop_turn(world->loop, 10);
    gateway_client_close(&client);
    echo(world, world->waiting);
    while (http_open_requests(world->http) > 0)
        loop_turn(world->loop, 10);
}

static void refuses_an_announced_body_over_the_limit(void **state)
{
    struct gateway_client client;
    open_client(*state, &client);
    static const char text[] = "POST /big HTTP/1.1\r\nHost: t\r\nContent-Length: 1001\r\n\r\n";
    gateway_client_send(&client, text, strlen(text));
    assert_int_equal(gateway_client_read(&client), 413);
    assert_true(gateway_client_await_close(&client, WAIT_MS));
    gateway_client_close(&client);
}

static void takes_a_body_at_the_limit(void **state)
{
    struct gateway_client client;
    char body[BODY_MAX_BYTES + 1];
    memset(body, 'x', BODY_MAX_BYTES);
    body[BODY_MAX_BYTES] = '\0';
    open_client(*state, &client);
    assert_int_equal(gateway_client_post(&client, "/p", "", body), 200);
    assert_non_null(strstr((char *)client.body.data, "body=1000"));
    gateway_client_close(&client);
}

static void send_chunks(struct gateway_client *client, size_t n)
{
    static const char head[] = "POST /p HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    char chunk[1100];
    memset(chunk, 'x', sizeof(chunk));
    memcpy(chunk, "3e8\r\n", 5);
    memcpy(chunk + 1005, "\r\n", 2);
    gateway_client_send(client, head, strlen(head));
    for (size_t i = 0; i < n && !client->is_closed; i++)
        gateway_client_send(client, chunk, 1007);
    gateway_client_send(client, "0\r\n\r\n", 5);
}

static void refuses_chunks_over_the_limit(void **state)
{
    struct gateway_client client;
    open_client(*state, &client);
    send_chunks(&client, 1);
    assert_int_equal(gateway_client_read(&client), 200);
    send_chunks(&client, 2);
    assert_int_equal(gateway_client_read(&client), 413);
    assert_int_equal(gateway_client_get(&client, "/", ""), 200);
    send_chunks(&client, 10000); /* nobody reads that to its end */
    assert_int_equal(gateway_client_read(&client), 0);
    struct world *world = *state;
    struct http_stats stats;
    http_stats_get(world->http, &stats);
    assert_int_equal(stats.too_large, 2);
    assert_int_equal(stats.cut, 1);
    gateway_client_close(&client);
}

static void closes_a_connection_that_dawdles(void **state)
{
    struct gateway_client client;
    open_client(*state, &client);
    gateway_client_send(&client, "GET / HTTP/1.1\r\nHo", 18);
    assert_true(gateway_client_await_close(&client, WAIT_MS));
    gateway_client_close(&client);
}

static void refuses_what_is_not_http(void **state)
{
    static const char *const bad[] = {
        "hello\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", /* no Host */
        "GET / HTTP/9.9\r\nHost: t\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    };
    struct gateway_client client;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        open_client(*state, &client);
        gateway_client_send(&client, bad[i], strlen(bad[i]));
        int status = gateway_client_read(&client);
        assert_true(status == 0 || (status >= 400 && status < 600));
        gateway_client_close(&client);
    }
    open_client(*state, &client);
    assert_int_equal(gateway_client_get(&client, "/", ""), 200);
    gateway_client_close(&client);
}

static void refuses_headers_over_the_limit(void **state)
{
    struct gateway_client client;
    char header[9000];
    memset(header, 'x', sizeof(header));
    memcpy(header, "X-Echo: ", 8);
    memcpy(header + sizeof(header) - 3, "\r\n", 3);
    open_client(*state, &client);
    int status = gateway_client_get(&client, "/", header);
    assert_true(status == 0 || status == 431 || status == 413);
    gateway_client_close(&client);
}

static void speaks_http_1_0(void **state)
{
    struct gateway_client client;
    open_client(*state, &client);
    gateway_client_send(&client, "GET /old HTTP/1.0\r\n\r\n", 21);
    assert_int_equal(gateway_client_read(&client), 200);
    assert_true(gateway_client_await_close(&client, WAIT_MS));
    gateway_client_close(&client);
}

static void limits_connections_per_address(void **state)
{
    struct world *world = *state;
    struct gateway_client clients[25];
    int n_answered = 0;
    for (int i = 0; i < 25; i++)
        open_client(world, &clients[i]);
    for (int i = 0; i < 25; i++)
        n_answered += gateway_client_get(&clients[i], "/", "") == 200;
    assert_int_equal(n_answered, 20);
    for (int i = 0; i < 25; i++)
        gateway_client_close(&clients[i]);
}

static void streams_when_woken(void **state)
{
    struct world *world = *state;
    struct gateway_client client;
    open_client(world, &client);
    static const char text[] = "GET /stream HTTP/1.1\r\nHost: t\r\n\r\n";
    gateway_client_send(&client, text, strlen(text));
    while (world->stream == NULL)
        loop_turn(world->loop, 10);
    int64_t until = clock_mono_ms() + 1500; /* longer than the idle timeout */
    while (clock_mono_ms() < until)
        loop_turn(world->loop, 10);
    world->next = "first";
    http_stream_wake(world->stream);
    http_stream_wake(world->stream);
    assert_true(gateway_client_await(&client, "first", WAIT_MS));
    world->next = "second";
    http_stream_wake(world->stream);
    assert_true(gateway_client_await(&client, "second", WAIT_MS));
    world->is_over = 1;
    http_stream_wake(world->stream);
    assert_true(gateway_client_await(&client, "0\r\n\r\n", WAIT_MS));
    assert_int_equal(world->n_stream_ends, 1);
    gateway_client_close(&client);
}

static void ends_a_stream_whose_client_is_gone(void **state)
{
    struct world *world = *state;
    struct gateway_client client;
    open_client(world, &client);
    static const char text[] = "GET /stream HTTP/1.1\r\nHost: t\r\n\r\n";
    gateway_client_send(&client, text, strlen(text));
    while (world->stream == NULL)
        loop_turn(world->loop, 10);
    gateway_client_close(&client);
    for (int i = 0; i < 1000 && world->stream != NULL; i++) {
        world->next = "more";
        http_stream_wake(world->stream);
        loop_turn(world->loop, 10);
    }
    assert_int_equal(world->n_stream_ends, 1);
    assert_int_equal(http_open_requests(world->http), 0);
}

static void drains(void **state)
{
    struct world *world = *state;
    struct gateway_client client;
    open_client(world, &client);
    assert_int_equal(gateway_client_get(&client, "/", ""), 200);
    static const char text[] = "GET /later HTTP/1.1\r\nHost: t\r\n\r\n";
    gateway_client_send(&client, text, strlen(text));
    while (world->waiting == NULL)
        loop_turn(world->loop, 10);
    http_drain(world->http);
    assert_int_equal(http_open_requests(world->http), 1);
    echo(world, world->waiting);
    assert_int_equal(gateway_client_read(&client), 200);
    assert_string_equal(gateway_client_header(&client, "Connection"), "close");
    gateway_client_close(&client);
}

static void ends_with_everything_open(void **state)
{
    struct world *world = *state;
    struct gateway_client client, stream;
    open_client(world, &client);
    open_client(world, &stream);
    static const char later[] = "GET /later HTTP/1.1\r\nHost: t\r\n\r\n";
    static const char text[] = "GET /stream HTTP/1.1\r\nHost: t\r\n\r\n";
    gateway_client_send(&client, later, strlen(later));
    gateway_client_send(&stream, text, strlen(text));
    while (world->waiting == NULL || world->stream == NULL)
        loop_turn(world->loop, 10);
    echo(world, world->waiting); /* answered, but not sent yet: teardown must send it */
    world->is_over = 1;
    http_destroy(&world->http);
    client.loop = NULL;
    assert_int_equal(gateway_client_read(&client), 200);
    gateway_client_close(&client);
    gateway_client_close(&stream);
}

static void names_an_address_in_use(void **state)
{
    struct world *world = *state;
    struct http_conf conf = {.address = "127.0.0.1",
                             .port = http_port(world->http),
                             .body_max_bytes = 100,
                             .head_max_bytes = 8192,
                             .connections_max = 10,
                             .connections_per_ip_max = 10,
                             .idle_timeout_s = 1};
    struct http *second = NULL;
    struct err err;
    assert_true(http_create(world->loop, &conf, on_request, world, &second, &err) < 0);
    assert_non_null(strstr(err.text, "127.0.0.1"));
    conf.address = "localhost";
    assert_int_equal(http_create(world->loop, &conf, on_request, world, &second, &err), -EINVAL);
    assert_null(second);
}

static void the_target_is_seen_as_it_came(void **state)
{
    struct world *world = *state;
    struct gateway_client client;
    open_client(world, &client);
    assert_int_equal(
        gateway_client_get(&client, "/tell%20me?a=%2F&b", "X-Echo: 1 \r\nx-echo: 2\r\n"), 200);
    assert_string_equal((char *)client.body.data, "/tell%20me?a=%2F&b|1, 2");
    assert_string_equal(gateway_client_header(&client, "X-Added"),
                        "200 text/plain /tell%20me?a=%2F&b|1, 2");
    assert_int_equal(gateway_client_get(&client, "/tell%20me", ""), 200);
    assert_string_equal((char *)client.body.data, "/tell%20me|-");
    gateway_client_close(&client);
}

/* What begins with the request line ends with the connection, whether more of it came or not. */
static void half_a_head_leaves_nothing(void **state)
{
    struct world *world = *state;
    static const char *const parts[] = {"GET /a HTTP/1.1\r\n", "GET /a HTTP/1.1\r\nHost: x\r\n",
                                        "GET /a HTTP/1.1\r\nbroken\r\n\r\n", "GET /a"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct gateway_client client;
        int64_t until_ms = clock_mono_ms() + WAIT_MS;
        open_client(world, &client);
        gateway_client_send(&client, parts[i], strlen(parts[i]));
        for (int turn = 0; turn < 20; turn++)
            loop_turn(world->loop, 1);
        gateway_client_close(&client);
        while (http_open_requests(world->http) > 0) {
            assert_true(clock_mono_ms() < until_ms);
            loop_turn(world->loop, 10);
        }
    }
    assert_int_equal(world->n_requests, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
    CASE(answers_and_keeps_the_connection),
    CASE(answers_a_pipeline_in_order),
    CASE(answers_later),
    CASE(sends_a_late_answer_at_once),
    CASE(survives_a_client_that_does_not_wait),
    CASE(refuses_an_announced_body_over_the_limit),
    CASE(takes_a_body_at_the_limit),
    CASE(refuses_chunks_over_the_limit),
    CASE(closes_a_connection_that_dawdles),
    CASE(refuses_what_is_not_http),
    CASE(refuses_headers_over_the_limit),
    CASE(speaks_http_1_0),
    CASE(limits_connections_per_address),
    CASE(streams_when_woken),
    CASE(ends_a_stream_whose_client_is_gone),
    CASE(drains),
    CASE(ends_with_everything_open),
    CASE(names_an_address_in_use),
    CASE(the_target_is_seen_as_it_came),
    CASE(half_a_head_leaves_nothing),
};

TEST_MAIN(tests)
