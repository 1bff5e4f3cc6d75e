#include "common/bus/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/bus/call.h"
#include "common/bus/context.h"
#include "common/bus/sock.h"

#define ANSWERS_PER_TURN 256
#define ANSWER_ARENA_BYTES 8192 /* a Status is decoded here, its body is not */
#define PING_METHOD "ansinh.v1.Health/Check"
#define PING_CALL_ID UINT64_MAX
#define CANCEL_ROUNDS_MAX 100 /* callbacks that call again while the client ends */

static void on_ping_timer(void *arg);
static void on_tick(void *arg);

int bus_client_create(struct bus *bus, const struct bus_client_conf *conf, struct bus_client **ret,
                      struct err *err)
{
    if (conf->window == 0 || conf->waiting_max == 0 || conf->try_ms <= 0 || conf->ping_ms <= 0)
        return err_set(err, -EINVAL, "window, waiting_max, try_ms and ping_ms must be positive");
    struct bus_client *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->bus = bus;
    (void)snprintf(self->caller, sizeof(self->caller), "%s", conf->caller);
    self->window = conf->window;
    self->waiting_max = conf->waiting_max;
    self->try_ms = conf->try_ms;
    self->ping_ms = conf->ping_ms;
    self->arena = arena_create(ANSWER_ARENA_BYTES);
    list_init(&self->free_calls);
    list_init(&self->strays);
    list_init(&self->backing_off);
    list_init(&self->failed);
    for (size_t i = 0; i < WHEEL_BUCKETS; i++)
        list_init(&self->wheel[i]);
    self->ping_timer = loop_timer_add(bus->loop, 0, conf->ping_ms, on_ping_timer, self);
    *ret = self;
    return 0;
}

static void cancel_all(struct bus_client *self)
{
    struct bus_answer answer = {
        .code = ANSINH__V1__CODE__CODE_CANCELED, .message = "the caller ends", .field = ""};
    self->is_closing = 1;
    for (int round = 0; self->n_open > 0 && round < CANCEL_ROUNDS_MAX; round++) {
        for (size_t i = 0; i < self->n_calls; i++)
            if (self->calls[i]->state != CALL_FREE)
                call_finish(self, self->calls[i], &answer);
    }
}

static void free_closed(void *arg)
{
    struct bus_client *self = arg;
    self->free_timer = NULL;
    while (self->closed != NULL) {
        struct instance *next = self->closed->next_closed;
        instance_free(self->closed);
        self->closed = next;
    }
}

void bus_client_destroy(struct bus_client **self)
{
    struct bus_client *client = *self;
    if (client == NULL)
        return;
    cancel_all(client);
    struct loop *loop = client->bus->loop;
    loop_timer_cancel(loop, &client->ping_timer);
    loop_timer_cancel(loop, &client->tick_timer);
    loop_timer_cancel(loop, &client->fail_timer);
    loop_timer_cancel(loop, &client->free_timer);
    free_closed(client);
    for (size_t i = 0; i < client->n_services; i++) {
        struct service *service = client->services[i];
        for (size_t k = 0; k < service->n_instances; k++)
            instance_free(service->instances[k]);
        free(service);
    }
    for (size_t i = 0; i < client->n_calls; i++) {
        (void)zmq_msg_close(&client->calls[i]->body); /* empty already unless the rounds ran out */
        free(client->calls[i]);
    }
    free(client->calls);
    arena_destroy(&client->arena);
    free(client);
    *self = NULL;
}

struct service *client_find_service(const struct bus_client *self, const char *name)
{
    for (size_t i = 0; i < self->n_services; i++)
        if (strcmp(self->services[i]->name, name) == 0)
            return self->services[i];
    return NULL;
}

static struct service *make_service(struct bus_client *self, const char *name)
{
    struct service *service = client_find_service(self, name);
    if (service != NULL || name[0] == '\0' || self->n_services == SERVICES_MAX)
        return service;
    service = calloc(1, sizeof(*service));
    ASSERT(service != NULL);
    (void)snprintf(service->name, sizeof(service->name), "%s", name);
    list_init(&service->waiting);
    self->services[self->n_services++] = service;
    return service;
}

static void keep_or_connect(struct bus_client *self, const struct bus_instance *info)
{
    struct service *service = make_service(self, info->service);
    if (service == NULL)
        return;
    for (size_t i = 0; i < service->n_instances; i++) {
        if (instance_is(service->instances[i], info)) {
            service->instances[i]->is_kept = 1;
            return;
        }
    }
    if (service->n_instances == INSTANCES_MAX)
        return;
    struct instance *instance = instance_create(self, service, info);
    instance->is_kept = 1;
    service->instances[service->n_instances++] = instance;
}

/* Its memory stays for this turn: the set may change while an answer of it is being delivered. */
static void retire(struct bus_client *self, struct instance *instance)
{
    instance_close(instance);
    calls_move(self, instance);
    instance->next_closed = self->closed;
    self->closed = instance;
    if (self->free_timer == NULL)
        self->free_timer = loop_timer_add(self->bus->loop, 0, 0, free_closed, self);
}

static void retire_missing(struct bus_client *self, struct service *service)
{
    struct instance *missing[INSTANCES_MAX];
    size_t n_missing = 0, n_kept = 0;
    for (size_t i = 0; i < service->n_instances; i++) {
        struct instance *instance = service->instances[i];
        if (instance->is_kept)
            service->instances[n_kept++] = instance;
        else
            missing[n_missing++] = instance;
        instance->is_kept = 0;
    }
    service->n_instances = n_kept;
    for (size_t i = 0; i < n_missing; i++)
        retire(self, missing[i]);
}

void bus_client_set_instances(struct bus_client *self, const struct bus_instance *instances,
                              size_t n)
{
    for (size_t i = 0; i < n; i++)
        keep_or_connect(self, &instances[i]);
    for (size_t i = 0; i < self->n_services; i++) {
        retire_missing(self, self->services[i]);
        calls_flush(self, self->services[i]);
    }
    calls_try_strays(self);
}

size_t bus_client_count(const struct bus_client *self, const char *service_name)
{
    const struct service *service = client_find_service(self, service_name);
    size_t n_ready = 0;
    for (size_t i = 0; service != NULL && i < service->n_instances; i++)
        n_ready += instance_is_ready(service->instances[i]) != 0;
    return n_ready;
}

static void ping(struct bus_client *self, struct instance *instance)
{
    Ansinh__V1__Header header;
    ansinh__v1__header__init(&header);
    header.method = (char *)(uintptr_t)PING_METHOD;
    header.call_id = PING_CALL_ID;
    header.timeout_ms = (uint32_t)MIN(PINGS_LOST_MAX * self->ping_ms, (int64_t)BUS_TIMEOUT_MAX_MS);
    header.caller = self->caller;
    zmq_msg_t head, body;
    (void)zmq_msg_init(&body);
    /* an instance that cannot even be sent a ping does not answer it: nothing more to do */
    if (frame_pack(&header.base, &head) == 0 && instance_send(instance, &head, &body) < 0)
        instance->is_connected = 0;
    (void)zmq_msg_close(&body);
}

static void on_ping_timer(void *arg)
{
    struct bus_client *self = arg;
    for (size_t i = 0; i < self->n_services; i++) {
        const struct service *service = self->services[i];
        for (size_t k = 0; k < service->n_instances; k++) {
            struct instance *instance = service->instances[k];
            if (instance->pings_lost == PINGS_LOST_MAX && !instance->is_down) {
                instance->is_down = 1;
                calls_move(self, instance);
            }
            instance->pings_lost = MIN(instance->pings_lost + 1, (unsigned)PINGS_LOST_MAX);
            ping(self, instance);
        }
    }
}

/* libzmq tells nobody that a peer is gone, but a socket without a peer is not writable. */
static void check_connections(struct bus_client *self, const struct service *service)
{
    for (size_t i = 0; i < service->n_instances; i++) {
        struct instance *instance = service->instances[i];
        if (instance->is_connected)
            instance->is_connected = sock_is_writable(instance->socket);
        if (!instance->is_connected && instance->n_calls > 0)
            calls_move(self, instance);
    }
}

static void on_tick(void *arg)
{
    struct bus_client *self = arg;
    calls_walk(self, clock_mono_ms());
    for (size_t i = 0; i < self->n_services; i++) {
        check_connections(self, self->services[i]);
        calls_flush(self, self->services[i]);
    }
    calls_try_strays(self);
    if (self->n_open == 0)
        loop_timer_cancel(self->bus->loop, &self->tick_timer);
}

static struct call *find_call(const struct bus_client *self, const struct instance *instance,
                              uint64_t call_id)
{
    uint32_t slot = (uint32_t)call_id;
    struct call *call = slot < self->n_calls ? self->calls[slot] : NULL;
    if (call == NULL || call->generation != call_id >> 32 || call->state == CALL_FREE ||
        call->state == CALL_FAILED || call->service != instance->service)
        return NULL;
    return call;
}

static void on_status(struct instance *instance, const Ansinh__V1__Status *status, zmq_msg_t *body)
{
    struct bus_client *self = instance->client;
    instance->pings_lost = 0;
    instance->is_down = 0;
    instance->load = status->load;
    struct call *call = find_call(self, instance, status->call_id);
    if (call == NULL)
        return; /* a ping, or the second answer to a call that was repeated */
    instance->absent_ms = status->code == ANSINH__V1__CODE__CODE_UNAVAILABLE ? clock_mono_ms() : 0;
    if (status->code == ANSINH__V1__CODE__CODE_UNAVAILABLE ||
        status->code == ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED) {
        call->n_refused++;
        call->code = status->code;
        call->retry_after_ms = status->retry_after_ms;
        if (call->state == CALL_SENT && call->instance == instance)
            call_refused(self, call);
        return;
    }
    struct bus_answer answer = {
        .code = status->code,
        .message = status->message,
        .field = status->field,
        .retry_after_ms = status->retry_after_ms,
        .body = zmq_msg_data(body),
        .body_len = zmq_msg_size(body),
    };
    /* a refusal speaks of its own try: an earlier one without an answer may still be done */
    if (status->code != 0 && call->has_id && call->n_tries > call->n_refused + 1) {
        answer.code = ANSINH__V1__CODE__CODE_UNKNOWN;
        answer.message = "one instance refused, another has not answered: ask again with the same "
                         "request id";
        answer.field = "";
    }
    call_finish(self, call, &answer);
}

/* Takes one message; 0 when there is none. */
static int receive_one(struct instance *instance)
{
    zmq_msg_t head, body;
    (void)zmq_msg_init(&head);
    (void)zmq_msg_init(&body);
    if (zmq_msg_recv(&head, instance->socket, ZMQ_DONTWAIT) < 0)
        return 0;
    int is_whole = zmq_msg_more(&head) && zmq_msg_recv(&body, instance->socket, ZMQ_DONTWAIT) >= 0;
    if (is_whole && zmq_msg_more(&body)) {
        frame_skip_rest(instance->socket);
        is_whole = 0;
    }
    if (is_whole) {
        arena_reset(instance->client->arena);
        const Ansinh__V1__Status *status = frame_unpack_status(&head, instance->client->arena);
        if (status != NULL)
            on_status(instance, status, &body);
    }
    (void)zmq_msg_close(&head);
    (void)zmq_msg_close(&body);
    return 1;
}

void client_on_answer(void *arg, int events)
{
    (void)events;
    struct instance *instance = arg;
    for (int i = 0; i < ANSWERS_PER_TURN && instance->socket != NULL; i++)
        if (!receive_one(instance))
            break;
    calls_flush(instance->client, instance->service);
}

static struct call *call_open(struct bus_client *self, const struct bus_call *of, bus_answer_fn fn,
                              void *arg)
{
    struct call *call = call_take(self);
    (void)snprintf(call->service_name, sizeof(call->service_name), "%s", of->service);
    (void)snprintf(call->instance_name, sizeof(call->instance_name), "%s",
                   of->instance == NULL ? "" : of->instance);
    (void)snprintf(call->trace_id, sizeof(call->trace_id), "%s",
                   of->trace_id == NULL ? "" : of->trace_id);
    (void)snprintf(call->partner, sizeof(call->partner), "%s",
                   of->partner == NULL ? "" : of->partner);
    call->has_source_file = of->source_file != NULL;
    if (call->has_source_file)
        memcpy(call->source_file, of->source_file, FRAME_SOURCE_FILE_BYTES);
    call->method = of->method;
    call->has_id = of->id != NULL;
    if (call->has_id)
        call->id = *of->id;
    int64_t timeout_ms = MIN(MAX(of->timeout_ms, (int64_t)1), (int64_t)BUS_TIMEOUT_MAX_MS);
    int64_t now_ms = clock_mono_ms();
    call->deadline_ms = now_ms + timeout_ms;
    call->fn = fn;
    call->arg = arg;
    self->stats.calls++;
    if (self->tick_timer == NULL) {
        self->tick = now_ms / CALL_TICK_MS;
        self->tick_timer =
            loop_timer_add(self->bus->loop, CALL_TICK_MS, CALL_TICK_MS, on_tick, self);
    }
    return call;
}

/* packed: 0 when the call has its body. */
static void call_start(struct bus_client *self, struct call *call, int packed)
{
    if (self->is_closing) {
        call_fail_later(self, call, ANSINH__V1__CODE__CODE_CANCELED, "the caller ends");
        return;
    }
    if (packed < 0 || strlen(call->method) >= FRAME_METHOD_BYTES) {
        call_fail_later(self, call, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
                        packed < 0 ? "the request is too long" : "no such method");
        return;
    }
    call->service = client_find_service(self, call->service_name);
    int must_queue = call->service != NULL && call->instance_name[0] == '\0' &&
                     !list_is_empty(&call->service->waiting);
    if (!must_queue && call_send(self, call))
        return;
    if (self->n_parked < self->waiting_max) {
        call_park(self, call);
        return;
    }
    self->stats.refused++;
    call_fail_later(self, call, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED,
                    "too many calls wait for an instance");
}

void bus_call(struct bus_client *self, const struct bus_call *of, const ProtobufCMessage *input,
              bus_answer_fn fn, void *arg)
{
    struct call *call = call_open(self, of, fn, arg);
    int is_short = protobuf_c_message_get_packed_size(input) <= BUS_FRAME_MAX_BYTES;
    call_start(self, call, is_short ? frame_pack(input, &call->body) : -EMSGSIZE);
}

void bus_call_packed(struct bus_client *self, const struct bus_call *of, const uint8_t *body,
                     size_t len, bus_answer_fn fn, void *arg)
{
    struct call *call = call_open(self, of, fn, arg);
    call_start(self, call,
               len <= BUS_FRAME_MAX_BYTES ? frame_copy(body, len, &call->body) : -EMSGSIZE);
}

size_t bus_client_open(const struct bus_client *self)
{
    return self->n_open;
}

void bus_client_stats_get(const struct bus_client *self, struct bus_client_stats *ret)
{
    *ret = self->stats;
}
