#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "ansinh/v1/health.pb-c.h"
#include "common/base/clock.h"
#include "tests/support/raw_peer.h"

#define WAIT_MS 20000
#define TIMEOUT_MS 10000
#define BODY_BYTES (1024 * 1024)
#define HEADER_ROOM 4096
#define LAST_CALL (1ULL << 60) /* far from every other call id, also with a byte changed */

struct raw_peer {
    struct platform *platform;
    void *ctx, *socket;
    uint64_t last_call_id;
    Ansinh__V1__Header header;
    struct request_id id;
    uint8_t body[BODY_BYTES];
};

/* Endpoint of "<service>-1". */
static void find_endpoint(struct platform *platform, const char *service,
                          char ret[BUS_ENDPOINT_BYTES])
{
    char wanted[BUS_NAME_BYTES];
    size_t n;
    const struct bus_instance *instances = service_instances(platform_service(platform), &n);
    (void)snprintf(wanted, sizeof(wanted), "%s-1", service);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(instances[i].id, wanted) == 0) {
            (void)snprintf(ret, BUS_ENDPOINT_BYTES, "%s", instances[i].endpoint);
            return;
        }
    }
    fail_msg("%s is not known", wanted);
}

struct raw_peer *raw_peer_create(struct platform *platform, const char *service)
{
    struct raw_peer *self = calloc(1, sizeof(*self));
    char endpoint[BUS_ENDPOINT_BYTES];
    int linger_ms = 0;
    assert_non_null(self);
    find_endpoint(platform, service, endpoint);
    self->platform = platform;
    self->ctx = zmq_ctx_new();
    self->socket = zmq_socket(self->ctx, ZMQ_DEALER);
    assert_int_equal(zmq_setsockopt(self->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms)), 0);
    assert_int_equal(zmq_connect(self->socket, endpoint), 0);
    return self;
}

void raw_peer_destroy(struct raw_peer **self)
{
    if (*self == NULL)
        return;
    (void)zmq_close((*self)->socket);
    (void)zmq_ctx_term((*self)->ctx);
    free(*self);
    *self = NULL;
}

void raw_peer_send(struct raw_peer *self, const void *const *frames, const size_t *lens, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(zmq_send(self->socket, frames[i], lens[i], i + 1 < n ? ZMQ_SNDMORE : 0),
                         lens[i]);
}

Ansinh__V1__Header *raw_peer_header(struct raw_peer *self, const char *method,
                                    const struct request_id *id)
{
    Ansinh__V1__Header *header = &self->header;
    ansinh__v1__header__init(header);
    header->method = (char *)(uintptr_t)method;
    header->call_id = ++self->last_call_id;
    header->timeout_ms = TIMEOUT_MS;
    header->caller = (char *)(uintptr_t) "raw";
    if (strstr(method, "Collections/") != NULL) /* which are for partners alone */
        header->partner = (char *)(uintptr_t) "VNPOST";
    if (id != NULL) {
        self->id = *id;
        header->request_id = (ProtobufCBinaryData){ID_BYTES, self->id.bytes};
    }
    return header;
}

void raw_peer_request(struct raw_peer *self, const Ansinh__V1__Header *header, const void *body,
                      size_t len)
{
    uint8_t packed[HEADER_ROOM];
    assert_true(ansinh__v1__header__get_packed_size(header) <= sizeof(packed));
    const void *frames[] = {packed, body};
    const size_t lens[] = {ansinh__v1__header__pack(header, packed), len};
    raw_peer_send(self, frames, lens, 2);
}

void raw_peer_take(struct raw_peer *self, struct raw_answer *ret)
{
    uint8_t head[1024];
    zmq_pollitem_t item = {self->socket, 0, ZMQ_POLLIN, 0};
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    /* the platform's own caller keeps its connections meanwhile */
    while (zmq_poll(&item, 1, 1) == 0) {
        if (clock_mono_ms() > until_ms)
            fail_msg("no answer to call %llu", (unsigned long long)self->last_call_id);
        loop_turn(platform_service(self->platform)->loop, 0);
    }
    int len = zmq_recv(self->socket, head, sizeof(head), 0);
    int body_len = zmq_recv(self->socket, self->body, sizeof(self->body), 0);
    assert_in_range(len, 0, sizeof(head));
    assert_in_range(body_len, 0, sizeof(self->body));
    Ansinh__V1__Status *status = ansinh__v1__status__unpack(NULL, (size_t)len, head);
    assert_non_null(status);
    ret->call_id = status->call_id;
    ret->code = (int)status->code;
    (void)snprintf(ret->field, sizeof(ret->field), "%s", status->field);
    (void)snprintf(ret->message, sizeof(ret->message), "%s", status->message);
    ret->body = self->body;
    ret->body_len = (size_t)body_len;
    ansinh__v1__status__free_unpacked(status, NULL);
}

/* The answer to a read of Health; answers to others are passed over. */
static void ask_health(struct raw_peer *self, const char *method, struct raw_answer *ret)
{
    const Ansinh__V1__Header *header = raw_peer_header(self, method, NULL);
    raw_peer_request(self, header, "", 0);
    do
        raw_peer_take(self, ret);
    while (ret->call_id != header->call_id);
    assert_int_equal(ret->code, 0);
}

size_t raw_peer_drain(struct raw_peer *self, size_t *ret_n_invalid)
{
    struct raw_answer answer;
    size_t n = 0;
    Ansinh__V1__Header *last = raw_peer_header(self, "ansinh.v1.Health/Check", NULL);
    last->call_id |= LAST_CALL;
    *ret_n_invalid = 0;
    raw_peer_request(self, last, "", 0);
    for (;; n++) {
        raw_peer_take(self, &answer);
        if (answer.call_id == last->call_id)
            return n;
        *ret_n_invalid += answer.code == ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    }
}

int64_t raw_peer_stat(struct raw_peer *self, const char *name)
{
    struct raw_answer answer;
    int64_t sum = 0;
    size_t n_found = 0;
    ask_health(self, "ansinh.v1.Health/Stats", &answer);
    Ansinh__V1__StatsResponse *stats =
        ansinh__v1__stats_response__unpack(NULL, answer.body_len, answer.body);
    assert_non_null(stats);
    for (size_t i = 0; i < stats->n_metrics; i++) {
        if (strcmp(stats->metrics[i]->name, name) == 0) {
            sum += stats->metrics[i]->value;
            n_found++;
        }
    }
    ansinh__v1__stats_response__free_unpacked(stats, NULL);
    assert_true(n_found > 0);
    return sum;
}

int64_t raw_peer_started_at_ms(struct raw_peer *self)
{
    struct raw_answer answer;
    ask_health(self, "ansinh.v1.Health/Check", &answer);
    Ansinh__V1__CheckResponse *check =
        ansinh__v1__check_response__unpack(NULL, answer.body_len, answer.body);
    assert_non_null(check);
    int64_t ms = check->started_at_ms;
    ansinh__v1__check_response__free_unpacked(check, NULL);
    return ms;
}
