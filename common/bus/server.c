#include "common/bus/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/bus/context.h"
#include "common/bus/frame.h"
#include "common/bus/request.h"
#include "common/bus/sock.h"

#define MESSAGES_PER_TURN 256
#define SEND_MAX 4096 /* answers that wait for one slow peer */
#define RECEIVE_MAX 1024
#define LINGER_MS 100 /* for the last answers of a process that ends */
#define URGENT_ONLY_PERCENT 80
#define OVERLOAD_RETRY_MS 50
#define DRAIN_RETRY_MS 1 /* another instance can be asked at once */

static void on_readable(void *arg, int events);

int bus_server_create(struct bus *bus, const struct bus_server_conf *conf, struct bus_server **ret,
                      struct err *err)
{
    ASSERT(conf->requests_max > 0);
    struct bus_server *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->bus = bus;
    self->requests_max = conf->requests_max;
    self->arena_bytes = conf->arena_bytes;
    self->requests = calloc((size_t)conf->requests_max + 1, sizeof(struct request *));
    ASSERT(self->requests != NULL);
    struct sock_conf sock = {
        .type = ZMQ_ROUTER,
        .endpoint = conf->endpoint,
        .send_max = SEND_MAX,
        .receive_max = RECEIVE_MAX,
        .linger_ms = LINGER_MS,
    };
    int rc = sock_open(bus, &sock, &self->socket, err);
    if (rc < 0) {
        bus_server_destroy(&self);
        return rc;
    }
    sock_endpoint(self->socket, self->endpoint);
    self->source = loop_add_socket(bus->loop, self->socket, on_readable, self);
    *ret = self;
    return 0;
}

void bus_server_destroy(struct bus_server **self)
{
    struct bus_server *server = *self;
    if (server == NULL)
        return;
    loop_source_remove(&server->source);
    request_free_all(server);
    sock_close(&server->socket);
    for (size_t i = 0; i < server->n_methods; i++)
        free(server->methods[i]);
    free(server->methods);
    free(server);
    *self = NULL;
}

static int compare_methods(const void *left, const void *right)
{
    const struct method *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static struct method *method_create(const ProtobufCServiceDescriptor *service,
                                    const ProtobufCMethodDescriptor *descriptor,
                                    const struct bus_method *of, void *arg)
{
    struct method *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    int len = snprintf(self->name, sizeof(self->name), "%s/%s", service->name, descriptor->name);
    ASSERT(len > 0 && len < FRAME_METHOD_BYTES);
    self->descriptor = descriptor;
    self->fn = of->fn;
    self->arg = arg;
    self->flags = of->flags;
    self->stats.method = self->name;
    (void)crypto_generichash(self->hash_key, sizeof(self->hash_key),
                             (const unsigned char *)self->name, (unsigned)len, NULL, 0);
    return self;
}

void bus_server_add(struct bus_server *self, const ProtobufCServiceDescriptor *service,
                    const struct bus_method *methods, size_t n_methods, void *arg)
{
    size_t total = self->n_methods + service->n_methods;
    self->methods = realloc(self->methods, total * sizeof(struct method *));
    ASSERT(self->methods != NULL || total == 0);
    ASSERT(n_methods == service->n_methods);
    for (size_t i = 0; i < n_methods; i++) {
        const ProtobufCMethodDescriptor *descriptor =
            protobuf_c_service_descriptor_get_method_by_name(service, methods[i].name);
        ASSERT(descriptor != NULL && methods[i].fn != NULL);
        self->methods[self->n_methods++] = method_create(service, descriptor, &methods[i], arg);
    }
    if (self->n_methods > 0)
        qsort(self->methods, self->n_methods, sizeof(struct method *), compare_methods);
    for (size_t i = 1; i < self->n_methods; i++)
        ASSERT(strcmp(self->methods[i - 1]->name, self->methods[i]->name) != 0);
}

static struct method *find_method(const struct bus_server *self, const char *name)
{
    size_t low = 0, high = self->n_methods;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, self->methods[middle]->name);
        if (order == 0)
            return self->methods[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* Room for one more? The request itself is already counted. */
static int is_overloaded(const struct bus_server *self, const struct method *method)
{
    unsigned limit = self->requests_max;
    if ((method->flags & BUS_URGENT) == 0)
        limit = (unsigned)((uint64_t)limit * URGENT_ONLY_PERCENT / 100);
    return self->n_open > MAX(limit, 1U);
}

static void refuse(struct request *request, Ansinh__V1__Code code, const char *field,
                   const char *text)
{
    request->server->stats.malformed += code == ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    bus_fail(&request->call, code, field, "%s", text);
}

/* Everything that needs no look into the body; true when the request goes on. */
static int admit(struct bus_server *self, struct request *request, const Ansinh__V1__Header *header)
{
    const char *fault = frame_header_fault(header);
    struct method *method = find_method(self, header->method);
    if (fault == NULL && method == NULL) {
        self->stats.unknown_method++;
        refuse(request, ANSINH__V1__CODE__CODE_UNIMPLEMENTED, "", "no such method here");
        return 0;
    }
    if (fault == NULL && (method->flags & BUS_COMMAND) != 0 && !request->call.has_id)
        fault = "a command needs a request id";
    if (fault == NULL && request->call.body_len > BUS_FRAME_MAX_BYTES)
        fault = "the request is too long";
    if (fault != NULL) {
        refuse(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "", fault);
        return 0;
    }
    request->method = method;
    request->call.method = method->name;
    if (self->is_draining) {
        bus_fail_retry(&request->call, ANSINH__V1__CODE__CODE_UNAVAILABLE, DRAIN_RETRY_MS,
                       "this instance is shutting down");
        return 0;
    }
    if (is_overloaded(self, method)) {
        self->stats.overloaded++;
        bus_fail_retry(&request->call, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, OVERLOAD_RETRY_MS,
                       "too many requests under way");
        return 0;
    }
    return 1;
}

static void dispatch(struct request *request)
{
    struct bus_request *call = &request->call;
    const struct method *method = request->method;
    ProtobufCMessage *input =
        frame_unpack(method->descriptor->input, call->arena, call->body, call->body_len);
    const char *field = frame_bad_text(method->descriptor->input, call->body, call->body_len);
    if (input == NULL) {
        refuse(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "",
               "the request cannot be decoded");
    } else if (arena_used(call->arena) > request->server->arena_bytes / 2) {
        refuse(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "",
               "the request has too many fields");
    } else if (field != NULL) {
        refuse(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, field,
               "not UTF-8, or with a NUL in it");
    } else {
        uint64_t fingerprint;
        (void)crypto_shorthash((unsigned char *)&fingerprint, call->body, call->body_len,
                               method->hash_key);
        call->fingerprint = fingerprint;
        call->input = input;
        method->fn(method->arg, call);
    }
}

static void take(struct bus_server *self, struct request *request, const Ansinh__V1__Header *header)
{
    struct bus_request *call = &request->call;
    request->arrived_us = clock_mono_us();
    request->call_id = header->call_id;
    call->body = zmq_msg_data(&request->body);
    call->body_len = zmq_msg_size(&request->body);
    call->has_id = header->request_id.len == ID_BYTES;
    memset(&call->id, 0, sizeof(call->id));
    if (call->has_id)
        memcpy(call->id.bytes, header->request_id.data, ID_BYTES);
    call->deadline_ms = request->arrived_us / 1000 + header->timeout_ms;
    call->caller = header->caller;
    call->trace_id = header->trace_id;
    call->partner = header->partner;
    call->source_file = header->source_file;
    call->may_be_done = 0;
    call->method = header->method;
    if (admit(self, request, header))
        dispatch(request);
}

/* Receives into the request: 0 when nothing waits, else the number of frames, of which three are
 * wanted: peer, header, body. */
static int receive(void *socket, struct request *request, zmq_msg_t *head)
{
    if (zmq_msg_recv(&request->peer, socket, ZMQ_DONTWAIT) < 0)
        return 0;
    if (!zmq_msg_more(&request->peer) || zmq_msg_recv(head, socket, ZMQ_DONTWAIT) < 0)
        return 1;
    if (!zmq_msg_more(head) || zmq_msg_recv(&request->body, socket, ZMQ_DONTWAIT) < 0)
        return 2;
    if (!zmq_msg_more(&request->body))
        return 3;
    frame_skip_rest(socket);
    return 4;
}

static int serve_one(struct bus_server *self)
{
    struct request *request = request_take(self);
    zmq_msg_t head;
    (void)zmq_msg_init(&head);
    int n_frames = receive(self->socket, request, &head);
    const Ansinh__V1__Header *header = NULL;
    if (n_frames == 3)
        header = frame_unpack_header(&head, request->call.arena);
    (void)zmq_msg_close(&head);
    self->stats.requests += n_frames > 0;
    if (header != NULL) {
        take(self, request, header);
    } else {
        self->stats.malformed += n_frames > 0; /* no call id to answer to */
        request_drop(request);
    }
    return n_frames > 0;
}

static void on_readable(void *arg, int events)
{
    (void)events;
    struct bus_server *self = arg;
    for (int i = 0; i < MESSAGES_PER_TURN && serve_one(self); i++)
        ;
}

void bus_server_drain(struct bus_server *self)
{
    self->is_draining = 1;
}

unsigned bus_server_open(const struct bus_server *self)
{
    return self->n_open;
}

const char *bus_server_endpoint(const struct bus_server *self)
{
    return self->endpoint;
}

void bus_server_stats_get(const struct bus_server *self, struct bus_server_stats *ret)
{
    *ret = self->stats;
}

int bus_server_method_stats(const struct bus_server *self, size_t i, struct bus_method_stats *ret)
{
    if (i >= self->n_methods)
        return 0;
    *ret = self->methods[i]->stats;
    return 1;
}
