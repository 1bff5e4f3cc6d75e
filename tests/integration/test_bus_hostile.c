/* A server against peers that do not keep to the protocol: it refuses, counts and goes on. */
#include "tests/support/test.h"
#include "tests/support/bus_world.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "ansinh/v1/payments.pb-c.h"

#define PAY "ansinh.v1.Payments/Pay"
#define READ "ansinh.v1.Payments/GetPayment"
#define HEADER_ROOM 2048

/* A raw DEALER beside one server. */
struct raw {
    struct world *world;
    struct peer peer;
    void *ctx, *socket;
};

static struct raw *raw_open(void **state)
{
    struct raw *self = calloc(1, sizeof(*self));
    assert_non_null(self);
    self->world = *state;
    peer_start(&self->peer, self->world, "payments-1", 4);
    self->ctx = zmq_ctx_new();
    self->socket = zmq_socket(self->ctx, ZMQ_DEALER);
    int linger_ms = 0;
    assert_int_equal(zmq_setsockopt(self->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms)), 0);
    assert_int_equal(zmq_connect(self->socket, self->peer.info.endpoint), 0);
    return self;
}

static struct bus_server_stats stats_of(const struct raw *self)
{
    struct bus_server_stats stats;
    bus_server_stats_get(self->peer.server, &stats);
    return stats;
}

static void raw_close(struct raw *self)
{
    assert_int_equal(bus_server_open(self->peer.server), self->peer.n_held);
    if (self->socket != NULL)
        (void)zmq_close(self->socket);
    (void)zmq_ctx_term(self->ctx);
    peer_stop(&self->peer);
    free(self);
}

static void send_frame(struct raw *self, const void *data, size_t len, int is_more)
{
    assert_int_equal(zmq_send(self->socket, data, len, is_more ? ZMQ_SNDMORE : 0), len);
}

static Ansinh__V1__Header good_header(const char *method)
{
    static uint8_t id[ID_BYTES] = {1};
    Ansinh__V1__Header header;
    ansinh__v1__header__init(&header);
    header.method = (char *)(uintptr_t)method;
    header.call_id = 77;
    header.timeout_ms = 1000;
    header.caller = (char *)(uintptr_t) "raw";
    header.request_id = (ProtobufCBinaryData){sizeof(id), id};
    return header;
}

static void send_request(struct raw *self, const Ansinh__V1__Header *header, const void *body,
                         size_t len)
{
    uint8_t packed[HEADER_ROOM];
    assert_true(ansinh__v1__header__get_packed_size(header) <= sizeof(packed));
    send_frame(self, packed, ansinh__v1__header__pack(header, packed), 1);
    send_frame(self, body, len, 0);
}

static int answer_waits(struct raw *self)
{
    zmq_pollitem_t item = {self->socket, 0, ZMQ_POLLIN, 0};
    return zmq_poll(&item, 1, 0) == 1;
}

/* The status of the next answer; the caller frees it. */
static Ansinh__V1__Status *take_answer(struct raw *self)
{
    WAIT_UNTIL(self->world, answer_waits(self));
    uint8_t head[1024], body[1024];
    int len = zmq_recv(self->socket, head, sizeof(head), 0);
    assert_true(len >= 0);
    assert_true(zmq_recv(self->socket, body, sizeof(body), 0) >= 0);
    Ansinh__V1__Status *status = ansinh__v1__status__unpack(NULL, (size_t)len, head);
    assert_non_null(status);
    return status;
}

static void expect(struct raw *self, Ansinh__V1__Code code, const char *field, const char *words)
{
    Ansinh__V1__Status *status = take_answer(self);
    assert_int_equal(status->call_id, 77);
    assert_int_equal(status->code, code);
    assert_string_equal(status->field, field);
    assert_non_null(strstr(status->message, words));
    ansinh__v1__status__free_unpacked(status, NULL);
}

static void expect_service(struct raw *self)
{
    Ansinh__V1__Header header = good_header(PAY);
    send_request(self, &header, "", 0);
    expect(self, ANSINH__V1__CODE__CODE_UNSPECIFIED, "", "");
}

static void wrong_frames_are_counted_and_dropped(void **state)
{
    struct raw *raw = raw_open(state);
    Ansinh__V1__Header header = good_header(PAY);
    uint8_t packed[HEADER_ROOM];
    size_t len = ansinh__v1__header__pack(&header, packed);
    send_frame(raw, "", 0, 0);
    send_frame(raw, packed, len, 0);
    send_frame(raw, packed, len, 1);
    send_frame(raw, "", 0, 1);
    send_frame(raw, "", 0, 0);
    for (int i = 0; i < 50; i++)
        send_frame(raw, packed, len, 1);
    send_frame(raw, "", 0, 0);
    send_frame(raw, "\xff\xff\xff", 3, 1);
    send_frame(raw, "", 0, 0);
    send_frame(raw, packed, len - 1, 1); /* cut off */
    send_frame(raw, "", 0, 0);
    WAIT_UNTIL(raw->world, stats_of(raw).malformed == 6);
    expect_service(raw);
    assert_int_equal(stats_of(raw).requests, 7);
    assert_int_equal(raw->peer.n_calls, 1);
    raw_close(raw);
}

static void wrong_headers_are_answered(void **state)
{
    struct raw *raw = raw_open(state);
    const Ansinh__V1__Code invalid = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    Ansinh__V1__Header header = good_header(PAY);
    header.request_id.len = 15;
    send_request(raw, &header, "", 0);
    expect(raw, invalid, "", "request_id");

    header = good_header(PAY);
    header.request_id.len = 0;
    send_request(raw, &header, "", 0);
    expect(raw, invalid, "", "request id");

    header = good_header(PAY);
    header.timeout_ms = 0;
    send_request(raw, &header, "", 0);
    expect(raw, invalid, "", "timeout_ms");
    header.timeout_ms = BUS_TIMEOUT_MAX_MS + 1;
    send_request(raw, &header, "", 0);
    expect(raw, invalid, "", "timeout_ms");

    header = good_header(PAY);
    header.trace_id = (char *)(uintptr_t) "a\nmsg=\"forged line\"";
    send_request(raw, &header, "", 0);
    expect(raw, invalid, "", "trace_id");
    header.trace_id =
        (char *)(uintptr_t) "12345678901234567890123456789012345678901234567890123456789012345";
    send_request(raw, &header, "", 0);
    expect(raw, invalid, "", "trace_id");

    header = good_header(PAY);
    header.caller = (char *)(uintptr_t) "two words";
    send_request(raw, &header, "", 0);
    expect(raw, invalid, "", "caller");

    static const char *const unknown[] = {
        "", "Pay", "ansinh.v1.Payments", "ansinh.v1.Payments/", "ansinh.v1.Payments/Pay ", "zzz"};
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        header = good_header(unknown[i]);
        send_request(raw, &header, "", 0);
        expect(raw, ANSINH__V1__CODE__CODE_UNIMPLEMENTED, "", "method");
    }
    assert_int_equal(stats_of(raw).unknown_method, ARRAY_LEN(unknown));
    assert_int_equal(stats_of(raw).malformed, 7);
    assert_int_equal(raw->peer.n_calls, 0);
    expect_service(raw);
    raw_close(raw);
}

static void too_long_a_header_is_dropped(void **state)
{
    struct raw *raw = raw_open(state);
    char method[BUS_HEADER_MAX_BYTES + 1];
    memset(method, 'a', sizeof(method));
    method[sizeof(method) - 1] = '\0';
    Ansinh__V1__Header header = good_header(method);
    send_request(raw, &header, "", 0);
    WAIT_UNTIL(raw->world, stats_of(raw).malformed == 1);
    expect_service(raw);
    raw_close(raw);
}

static void wrong_bodies_are_answered(void **state)
{
    struct raw *raw = raw_open(state);
    const Ansinh__V1__Code invalid = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    Ansinh__V1__Header header = good_header(PAY);
    send_request(raw, &header, "\xff", 1);
    expect(raw, invalid, "", "decoded");

    send_request(raw, &header, "\x0a\x02\xc3\x28", 4); /* field 1, bill_id, is not UTF-8 */
    expect(raw, invalid, "bill_id", "UTF-8");

    /* decodes to more than the memory of one request */
    uint8_t *body = calloc(1, BUS_FRAME_MAX_BYTES + 1);
    assert_non_null(body);
    memcpy(body, "\x0a\x80\x80\x08", 4); /* field 1 with 131,072 bytes */
    memset(body + 4, 'a', 131072);
    send_request(raw, &header, body, 4 + 131072);
    expect(raw, invalid, "", "decoded");

    send_request(raw, &header, body, BUS_FRAME_MAX_BYTES + 1);
    expect(raw, invalid, "", "too long");
    free(body);
    assert_int_equal(raw->peer.n_calls, 0);
    assert_int_equal(stats_of(raw).malformed, 4);
    expect_service(raw);
    raw_close(raw);
}

/* libzmq itself ends the connection of whoever sends such a frame; others are served on. */
static void a_huge_frame_ends_the_connection(void **state)
{
    struct raw *raw = raw_open(state);
    size_t len = 8 * BUS_FRAME_MAX_BYTES;
    char *body = calloc(1, len);
    assert_non_null(body);
    assert_int_equal(zmq_socket_monitor(raw->socket, "inproc://monitor", ZMQ_EVENT_DISCONNECTED),
                     0);
    void *monitor = zmq_socket(raw->ctx, ZMQ_PAIR);
    assert_int_equal(zmq_connect(monitor, "inproc://monitor"), 0);
    Ansinh__V1__Header header = good_header(PAY);
    send_request(raw, &header, body, len);
    free(body);
    zmq_pollitem_t item = {monitor, 0, ZMQ_POLLIN, 0};
    WAIT_UNTIL(raw->world, zmq_poll(&item, 1, 0) == 1);
    assert_int_equal(stats_of(raw).requests, 0);
    (void)zmq_socket_monitor(raw->socket, NULL, 0);
    (void)zmq_close(monitor);

    struct outcome outcome;
    world_client(raw->world, raw->world->bus, 1000, 1000);
    world_introduce(raw->world, (struct peer *[]){&raw->peer}, 1);
    world_pay(raw->world, 3000, &outcome);
    WAIT_UNTIL(raw->world, outcome.n == 1);
    assert_int_equal(outcome.code, 0);
    assert_int_equal(raw->peer.n_calls, 1);
    bus_client_destroy(&raw->world->client);
    raw_close(raw);
}

static void random_bytes_change_nothing(void **state)
{
    struct raw *raw = raw_open(state);
    uint64_t random = 42;
    uint8_t bytes[200], packed[HEADER_ROOM];
    int64_t n_sent = 0;
    for (int i = 0; i < 3000; i++) {
        for (size_t k = 0; k < sizeof(bytes); k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            bytes[k] = (uint8_t)(random >> 56);
        }
        /* every third is a good header with one byte changed, before a random body */
        Ansinh__V1__Header header = good_header(i % 2 == 0 ? PAY : READ);
        size_t len = ansinh__v1__header__pack(&header, packed);
        if (i % 3 == 0)
            packed[bytes[0] % len] = bytes[1];
        int n_frames = i % 3 == 1 ? 1 + bytes[2] % 3 : 2;
        for (int frame_i = 0; frame_i < n_frames; frame_i++) {
            int is_header = frame_i == 0 && i % 3 != 1;
            send_frame(raw, is_header ? packed : bytes, is_header ? len : bytes[3 + frame_i] % 200,
                       frame_i + 1 < n_frames);
        }
        n_sent++;
        if (i % 100 == 0) {
            WAIT_UNTIL(raw->world, stats_of(raw).requests == n_sent);
            while (answer_waits(raw))
                ansinh__v1__status__free_unpacked(take_answer(raw), NULL);
        }
    }
    WAIT_UNTIL(raw->world, stats_of(raw).requests == n_sent);
    assert_true(stats_of(raw).malformed > 1000);
    assert_int_equal(bus_server_open(raw->peer.server), 0);

    const uint64_t last_id = 0xabcdef0123;
    Ansinh__V1__Header header = good_header(PAY);
    header.call_id = last_id;
    send_request(raw, &header, "", 0);
    for (int is_last = 0; !is_last;) {
        Ansinh__V1__Status *status = take_answer(raw);
        is_last = status->call_id == last_id;
        assert_true(!is_last || status->code == ANSINH__V1__CODE__CODE_UNSPECIFIED);
        ansinh__v1__status__free_unpacked(status, NULL);
    }
    raw_close(raw);
}

static void an_answer_to_nobody_is_counted(void **state)
{
    struct raw *raw = raw_open(state);
    raw->peer.mood = HOLDS;
    Ansinh__V1__Header header = good_header(PAY);
    send_request(raw, &header, "", 0);
    WAIT_UNTIL(raw->world, raw->peer.n_held == 1);
    (void)zmq_close(raw->socket);
    raw->socket = NULL;
    /* until libzmq has noticed, answers still find a peer: hold one call after the other */
    int64_t until_ms = clock_mono_ms() + WORLD_WAIT_MS;
    peer_release(&raw->peer);
    while (stats_of(raw).unroutable == 0 && clock_mono_ms() < until_ms) {
        raw->socket = zmq_socket(raw->ctx, ZMQ_DEALER);
        int linger_ms = 100;
        (void)zmq_setsockopt(raw->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
        assert_int_equal(zmq_connect(raw->socket, raw->peer.info.endpoint), 0);
        send_request(raw, &header, "", 0);
        WAIT_UNTIL(raw->world, raw->peer.n_held == 1);
        (void)zmq_close(raw->socket);
        raw->socket = NULL;
        for (int i = 0; i < 5; i++)
            loop_turn(raw->world->loop, 5);
        peer_release(&raw->peer);
    }
    assert_true(stats_of(raw).unroutable > 0);
    raw_close(raw);
}

static void open_requests_die_with_the_server(void **state)
{
    struct raw *raw = raw_open(state);
    raw->peer.mood = HOLDS;
    Ansinh__V1__Header header = good_header(PAY);
    for (int i = 0; i < 4; i++)
        send_request(raw, &header, "", 0);
    WAIT_UNTIL(raw->world, raw->peer.n_held == 4);
    send_request(raw, &header, "", 0);
    expect(raw, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "too many");
    assert_int_equal(stats_of(raw).overloaded, 1);
    raw_close(raw);
}

static void endpoints_are_checked(void **state)
{
    struct world *world = *state;
    struct peer peer = {.mood = ANSWERS};
    peer_start(&peer, world, "payments-1", 0);
    struct bus_server *server = NULL;
    struct bus_server_conf conf = {.requests_max = 1, .arena_bytes = 1000};
    struct err err;
    conf.endpoint = peer.info.endpoint;
    assert_int_equal(bus_server_create(world->bus, &conf, &server, &err), -98); /* EADDRINUSE */
    assert_non_null(strstr(err.text, peer.info.endpoint));
    conf.endpoint = "tcp://127.0.0.1:*";
    assert_int_equal(bus_server_create(world->bus, &conf, &server, &err), -13); /* EACCES */
    assert_non_null(strstr(err.text, "keys"));
    conf.endpoint = "inproc://x";
    assert_int_equal(bus_server_create(world->bus, &conf, &server, &err), -22); /* EINVAL */
    conf.endpoint = "ipc:///nowhere/at/all/x.sock";
    assert_true(bus_server_create(world->bus, &conf, &server, &err) < 0);
    assert_null(server);
    peer_stop(&peer);

    /* what a killed process leaves behind is taken over */
    char left[BUS_ENDPOINT_BYTES];
    (void)snprintf(left, sizeof(left), "%s/payments-2.sock", world->dir);
    FILE *file = fopen(left, "w");
    assert_non_null(file);
    (void)fclose(file);
    peer_start(&peer, world, "payments-2", 0);
    peer_stop(&peer);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

const struct CMUnitTest tests[] = {
    T(wrong_frames_are_counted_and_dropped),
    T(wrong_headers_are_answered),
    T(too_long_a_header_is_dropped),
    T(wrong_bodies_are_answered),
    T(a_huge_frame_ends_the_connection),
    T(random_bytes_change_nothing),
    T(an_answer_to_nobody_is_counted),
    T(open_requests_die_with_the_server),
    T(endpoints_are_checked),
};

TEST_MAIN(tests)
