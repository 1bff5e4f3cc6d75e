/* One keep-alive connection to a gateway, one request under way on it. A connection that breaks
 * leaves a command's outcome open, unless not one byte of it was sent. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/json/json.h"
#include "tests/chaos/carrier.h"

#define REQUEST_MAX_BYTES (64 * 1024)
#define MESSAGE_ARENA_BYTES (8 * 1024 * 1024)
#define READ_BYTES 16384
#define ANSWER_MARGIN_MS 1000 /* beyond the request's own deadline */

struct http_lane {
    struct lane lane;
    struct loop *loop;
    const char *const *addresses;
    size_t n_addresses, address_i;
    int is_json;
    int fd; /* -1: none */
    struct loop_source *source;
    struct loop_timer *timer;
    int is_busy, is_connecting;
    size_t n_sent;
    struct buf out, in;
    struct arena *arena;
};

static void finish(struct http_lane *self, enum outcome outcome, unsigned code, uint64_t raw,
                   const uint8_t *body, size_t len)
{
    struct carried carried = {outcome, code, raw, body, len};
    loop_timer_cancel(self->loop, &self->timer);
    self->is_busy = 0;
    self->lane.fn(self->lane.arg, &carried);
}

static void hang_up(struct http_lane *self)
{
    loop_source_remove(&self->source);
    if (self->fd >= 0)
        (void)close(self->fd);
    self->fd = -1;
    self->is_connecting = 0;
    buf_reset(&self->in);
}

/* The connection is gone, for whatever reason. */
static void broken(struct http_lane *self)
{
    size_t n_sent = self->n_sent;
    hang_up(self);
    self->address_i = (self->address_i + 1) % self->n_addresses;
    if (!self->is_busy)
        return;
    if (n_sent == 0)
        finish(self, OUTCOME_TURNED_AWAY, ANSINH__V1__CODE__CODE_UNAVAILABLE, 0, NULL, 0);
    else
        finish(self, OUTCOME_UNKNOWN, ANSINH__V1__CODE__CODE_UNKNOWN, 0, NULL, 0);
}

static void on_timeout(void *arg)
{
    struct http_lane *self = arg;
    self->timer = NULL;
    broken(self);
}

/* --- the answer ------------------------------------------------------------------------------- */

static unsigned code_of(const char *name)
{
    for (unsigned code = 1; code <= ANSINH__V1__CODE__CODE_UNAUTHENTICATED; code++) {
        if (strcmp(bus_code_name((Ansinh__V1__Code)code), name) == 0)
            return code;
    }
    return ANSINH__V1__CODE__CODE_UNKNOWN;
}

static void fail(struct http_lane *self, const uint8_t *body, size_t len)
{
    json_auto_t *root = json_loadb((const char *)body, len, 0, NULL);
    const char *name = json_string_value(json_object_get(root, "code"));
    const json_t *detail = json_array_get(json_object_get(root, "details"), 0);
    const char *field =
        json_string_value(json_object_get(json_object_get(detail, "debug"), "field"));
    unsigned code = name == NULL ? ANSINH__V1__CODE__CODE_INTERNAL : code_of(name);
    finish(self, carrier_outcome(code, field == NULL ? "" : field), code, 0, NULL, 0);
}

/* A success; the message packed anew when it came as JSON. */
static void succeed(struct http_lane *self, const uint8_t *body, size_t len)
{
    uint64_t raw = history_hash(body, len);
    if (!self->is_json) {
        finish(self, OUTCOME_OK, 0, raw, body, len);
        return;
    }
    const struct api_method *method = api_find(kind_method(self->lane.request.kind));
    ProtobufCMessage *message;
    struct err err = {0};
    arena_reset(self->arena);
    if (json_to_message((const char *)body, len, method->output, self->arena, &message, &err) < 0) {
        (void)fprintf(stderr, "an answer that is no %s: %s: %.*s\n", method->output->name, err.text,
                      (int)len, (const char *)body);
        abort();
    }
    size_t packed_len = protobuf_c_message_get_packed_size(message);
    uint8_t *packed = arena_alloc(self->arena, packed_len);
    ASSERT(packed != NULL);
    (void)protobuf_c_message_pack(message, packed);
    finish(self, OUTCOME_OK, 0, raw, packed, packed_len);
}

/* Value of a header between head and end, as a number; -1: absent. */
static long header_number(const char *head, const char *end, const char *name)
{
    const char *found = strcasestr(head, name);
    return found == NULL || found > end ? -1 : strtol(found + strlen(name), NULL, 10);
}

/* Takes the answer when it is whole. */
static void take_answer(struct http_lane *self)
{
    if (buf_putc(&self->in, '\0') < 0) {
        broken(self);
        return;
    }
    self->in.len--;
    const char *head = (const char *)self->in.data;
    const char *end = strstr(head, "\r\n\r\n");
    if (end == NULL)
        return;
    long length = header_number(head, end, "\r\nContent-Length: ");
    size_t head_len = (size_t)(end + 4 - head);
    if (strncmp(head, "HTTP/1.1 ", 9) != 0 || length < 0) {
        (void)fprintf(stderr, "an answer that is no HTTP: %.*s\n", (int)head_len, head);
        abort();
    }
    if (self->in.len < head_len + (size_t)length || !self->is_busy)
        return;
    uint8_t *body = malloc((size_t)length + 1);
    ASSERT(body != NULL);
    memcpy(body, self->in.data + head_len, (size_t)length);
    int is_good = strtol(head + 9, NULL, 10) == 200;
    int is_last = strcasestr(head, "\r\nConnection: close") != NULL;
    buf_reset(&self->in);
    if (is_last)
        hang_up(self);
    if (is_good)
        succeed(self, body, (size_t)length);
    else
        fail(self, body, (size_t)length);
    free(body);
}

/* --- the connection --------------------------------------------------------------------------- */

static void send_rest(struct http_lane *self)
{
    ssize_t n = send(self->fd, self->out.data + self->n_sent, self->out.len - self->n_sent,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        broken(self);
        return;
    }
    self->n_sent += n < 0 ? 0 : (size_t)n;
    int is_all = self->n_sent == self->out.len;
    loop_source_events(self->source, is_all ? LOOP_READ : LOOP_READ | LOOP_WRITE);
}

static void receive(struct http_lane *self)
{
    uint8_t *room = buf_reserve(&self->in, READ_BYTES);
    ssize_t n = room == NULL ? 0 : recv(self->fd, room, READ_BYTES, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        broken(self);
        return;
    }
    self->in.len += (size_t)n;
    take_answer(self);
}

static void on_ready(void *arg, int events)
{
    struct http_lane *self = arg;
    if (self->is_connecting) {
        int error = 0;
        socklen_t len = sizeof(error);
        self->is_connecting = 0;
        if (getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error != 0) {
            broken(self);
            return;
        }
    }
    if (self->is_busy && (events & LOOP_WRITE) && self->n_sent < self->out.len)
        send_rest(self);
    else if (events & LOOP_READ)
        receive(self);
    else
        loop_source_events(self->source, LOOP_READ);
}

static int connect_to(struct http_lane *self, const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char host[INET_ADDRSTRLEN];
    size_t len = strcspn(text, ":");
    int yes = 1;
    (void)snprintf(host, sizeof(host), "%.*s", (int)len, text);
    address.sin_port = htons((uint16_t)strtoul(text + len + 1, NULL, 10));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return -EINVAL;
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ASSERT(self->fd >= 0);
    (void)setsockopt(self->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (connect(self->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 &&
        errno != EINPROGRESS)
        return -errno;
    self->is_connecting = 1;
    self->source = loop_add_fd(self->loop, self->fd, LOOP_READ | LOOP_WRITE, on_ready, self);
    return 0;
}

static void write_request(struct http_lane *self)
{
    const struct request *request = &self->lane.request;
    const struct api_method *method = api_find(kind_method(request->kind));
    char key[UUID_TEXT_BYTES] = "";
    CLEANUP(buf_fini) struct buf json;
    buf_init(&json, REQUEST_MAX_BYTES);
    const uint8_t *body = request->body;
    size_t len = request->len;
    if (self->is_json) {
        ProtobufCMessage *message =
            protobuf_c_message_unpack(method->input, NULL, request->len, request->body);
        ASSERT(message != NULL && json_from_message(message, 0, &json) == 0);
        protobuf_c_message_free_unpacked(message, NULL);
        body = json.data;
        len = json.len;
    }
    if (request->id != NULL)
        request_id_format(request->id, key);
    buf_reset(&self->out);
    int rc = buf_printf(
        &self->out,
        "POST /%s HTTP/1.1\r\nHost: ansinh\r\nContent-Type: application/%s\r\n"
        "Connect-Timeout-Ms: %lld\r\nContent-Length: %zu\r\n%s%s%s\r\n",
        method->name, self->is_json ? "json" : "proto", (long long)request->timeout_ms, len,
        key[0] == '\0' ? "" : "Idempotency-Key: ", key, key[0] == '\0' ? "" : "\r\n");
    if (rc == 0 && len > 0)
        rc = buf_append(&self->out, body, len);
    ASSERT(rc == 0);
}

static void http_send(struct lane *lane)
{
    struct http_lane *self = CONTAINER_OF(lane, struct http_lane, lane);
    int64_t wait_ms = lane->request.timeout_ms + ANSWER_MARGIN_MS;
    if (lane->request.hang_up_ms > 0)
        wait_ms = lane->request.hang_up_ms;
    self->is_busy = 1;
    self->n_sent = 0;
    write_request(self);
    if (self->fd >= 0)
        loop_source_events(self->source, LOOP_READ | LOOP_WRITE);
    else if (connect_to(self, self->addresses[self->address_i]) < 0)
        wait_ms = 1;
    self->timer = loop_timer_add(self->loop, wait_ms, 0, on_timeout, self);
}

static void http_lane_destroy(struct lane *lane)
{
    struct http_lane *self = CONTAINER_OF(lane, struct http_lane, lane);
    loop_timer_cancel(self->loop, &self->timer);
    hang_up(self);
    buf_fini(&self->in);
    buf_fini(&self->out);
    arena_destroy(&self->arena);
    free(self);
}

struct lane *lane_create_http(struct loop *loop, const char *const *addresses, size_t n,
                              size_t first, int is_json)
{
    struct http_lane *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->lane.send = http_send;
    self->lane.destroy = http_lane_destroy;
    self->loop = loop;
    self->addresses = addresses;
    self->n_addresses = n;
    self->address_i = first % n;
    self->is_json = is_json;
    self->fd = -1;
    buf_init(&self->in, CARRIER_ANSWER_MAX_BYTES);
    buf_init(&self->out, REQUEST_MAX_BYTES);
    self->arena = arena_create(MESSAGE_ARENA_BYTES);
    return &self->lane;
}
