#include "common/bus/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/bus/frame.h"

#define MESSAGE_BYTES 161
#define BUCKET_FIRST_US 64

static struct request *request_create(struct bus_server *server)
{
    ASSERT(server->n_requests <= server->requests_max);
    struct request *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->server = server;
    self->call.arena = arena_create(server->arena_bytes);
    server->requests[server->n_requests++] = self;
    return self;
}

struct request *request_take(struct bus_server *server)
{
    struct request *self = server->free_requests;
    if (self != NULL)
        server->free_requests = self->next;
    else
        self = request_create(server);
    self->method = NULL;
    self->is_open = 1;
    (void)zmq_msg_init(&self->peer);
    (void)zmq_msg_init(&self->body);
    server->n_open++;
    return self;
}

void request_drop(struct request *self)
{
    struct bus_server *server = self->server;
    ASSERT(self->is_open);
    self->is_open = 0;
    (void)zmq_msg_close(&self->peer);
    (void)zmq_msg_close(&self->body);
    arena_reset(self->call.arena);
    self->next = server->free_requests;
    server->free_requests = self;
    server->n_open--;
}

void request_free_all(struct bus_server *server)
{
    for (unsigned i = 0; i < server->n_requests; i++) {
        struct request *self = server->requests[i];
        if (self->is_open)
            request_drop(self);
        arena_destroy(&self->call.arena);
        free(self);
    }
    free(server->requests);
}

static void count_answer(struct request *self, int is_error)
{
    struct bus_server_stats *stats = &self->server->stats;
    stats->replies++;
    stats->failures += is_error;
    if (self->method == NULL)
        return;
    struct bus_method_stats *of_method = &self->method->stats;
    int64_t busy_us = clock_mono_us() - self->arrived_us;
    size_t bucket = 0;
    while (bucket + 1 < ARRAY_LEN(of_method->buckets) && busy_us > BUCKET_FIRST_US << bucket)
        bucket++;
    of_method->calls++;
    of_method->errors += is_error;
    of_method->busy_us += busy_us;
    of_method->buckets[bucket]++;
}

/* Takes the body. A peer that is gone or does not read loses the answer: it asks again with the
 * same request id. */
static void request_send(struct request *self, Ansinh__V1__Status *status, zmq_msg_t *body)
{
    void *socket = self->server->socket;
    zmq_msg_t head;
    status->call_id = self->call_id;
    status->load = self->server->n_open - 1;
    int is_sent = frame_pack(&status->base, &head) == 0;
    if (is_sent && zmq_msg_send(&self->peer, socket, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        is_sent = 0;
        (void)zmq_msg_close(&head);
    }
    /* once the peer is found, both frames go or are dropped together */
    if (is_sent && zmq_msg_send(&head, socket, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        (void)zmq_msg_close(&head);
    if (!is_sent || zmq_msg_send(body, socket, ZMQ_DONTWAIT) < 0)
        (void)zmq_msg_close(body);
    self->server->stats.unroutable += !is_sent;
    request_drop(self);
}

static void request_answer(struct request *self, zmq_msg_t *body)
{
    count_answer(self, 0);
    Ansinh__V1__Status status;
    ansinh__v1__status__init(&status);
    request_send(self, &status, body);
}

/* True when nobody waits any more; the request is then gone. */
static int request_is_late(struct request *self)
{
    ASSERT(self->is_open);
    if (self->method == NULL || clock_mono_ms() <= self->call.deadline_ms)
        return 0;
    self->server->stats.expired++;
    request_drop(self);
    return 1;
}

void bus_reply(struct bus_request *request, const ProtobufCMessage *output)
{
    struct request *self = CONTAINER_OF(request, struct request, call);
    ASSERT(output->descriptor == self->method->descriptor->output);
    if (request_is_late(self))
        return;
    zmq_msg_t body;
    if (protobuf_c_message_get_packed_size(output) > BUS_FRAME_MAX_BYTES ||
        frame_pack(output, &body) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INTERNAL, "", "the answer is too long");
    else
        request_answer(self, &body);
}

void bus_reply_packed(struct bus_request *request, const uint8_t *packed, size_t len)
{
    struct request *self = CONTAINER_OF(request, struct request, call);
    if (request_is_late(self))
        return;
    zmq_msg_t body;
    if (len > BUS_FRAME_MAX_BYTES || frame_copy(packed, len, &body) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INTERNAL, "", "the answer is too long");
    else
        request_answer(self, &body);
}

/* Takes a character that the limit cut in two off the end. */
static void trim_utf8(char *text)
{
    size_t len = strlen(text), tail = 0;
    while (tail < 3 && tail < len && ((uint8_t)text[len - 1 - tail] & 0xC0) == 0x80)
        tail++;
    if (tail == len)
        return;
    uint8_t lead = (uint8_t)text[len - 1 - tail];
    size_t want = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (tail < want)
        text[len - 1 - tail] = '\0';
}

static void format_message(char ret[MESSAGE_BYTES], const char *format, va_list args)
    PRINTF_LIKE(2, 0);
static void format_message(char ret[MESSAGE_BYTES], const char *format, va_list args)
{
    (void)vsnprintf(ret, MESSAGE_BYTES, format, args);
    trim_utf8(ret);
}

static void request_fail(struct request *self, Ansinh__V1__Status *status)
{
    ASSERT(status->code != ANSINH__V1__CODE__CODE_UNSPECIFIED);
    if (request_is_late(self))
        return;
    count_answer(self, 1);
    zmq_msg_t body;
    (void)zmq_msg_init(&body);
    request_send(self, status, &body);
}

void bus_fail(struct bus_request *request, Ansinh__V1__Code code, const char *field,
              const char *format, ...)
{
    char message[MESSAGE_BYTES], field_copy[ERR_FIELD_MAX_BYTES];
    va_list args;
    va_start(args, format);
    format_message(message, format, args);
    va_end(args);
    (void)snprintf(field_copy, sizeof(field_copy), "%s", field);
    Ansinh__V1__Status status;
    ansinh__v1__status__init(&status);
    status.code = code;
    status.message = message;
    status.field = field_copy;
    request_fail(CONTAINER_OF(request, struct request, call), &status);
}

void bus_fail_retry(struct bus_request *request, Ansinh__V1__Code code, unsigned retry_after_ms,
                    const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    format_message(message, format, args);
    va_end(args);
    Ansinh__V1__Status status;
    ansinh__v1__status__init(&status);
    status.code = code;
    status.message = message;
    status.retry_after_ms = retry_after_ms;
    request_fail(CONTAINER_OF(request, struct request, call), &status);
}
