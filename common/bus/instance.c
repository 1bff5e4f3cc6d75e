#include "common/base/clock.h"
#include "common/bus/instance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/bus/call.h"
#include "common/bus/context.h"
#include "common/bus/sock.h"

#define QUEUE_MIN 256 /* room for pings and repeated tries beside the window */

struct instance *instance_create(struct bus_client *client, struct service *service,
                                 const struct bus_instance *info)
{
    struct instance *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->info = *info;
    self->client = client;
    self->service = service;
    self->number = ++client->n_instances_made;
    list_init(&self->calls);
    int queue_max = (int)(2 * client->window + QUEUE_MIN);
    struct sock_conf sock = {
        .type = ZMQ_DEALER,
        .service = info->service,
        .endpoint = info->endpoint,
        .send_max = queue_max,
        .receive_max = queue_max,
    };
    struct err err = {.text = ""};
    if (sock_open(client->bus, &sock, &self->socket, &err) == 0)
        self->source = loop_add_socket(client->bus->loop, self->socket, client_on_answer, self);
    else
        log_debug("instance cannot be asked", "instance=%s reason=\"%s\"", info->id, err.text);
    return self;
}

int instance_is(const struct instance *self, const struct bus_instance *info)
{
    return self->socket != NULL && strcmp(self->info.id, info->id) == 0 &&
           strcmp(self->info.endpoint, info->endpoint) == 0;
}

void instance_close(struct instance *self)
{
    loop_source_remove(&self->source);
    sock_close(&self->socket);
    self->is_connected = 0;
}

void instance_free(struct instance *self)
{
    instance_close(self);
    free(self);
}

int instance_is_ready(struct instance *self)
{
    if (self->is_down || self->socket == NULL)
        return 0;
    if (!self->is_connected)
        self->is_connected = sock_is_writable(self->socket);
    return self->is_connected;
}

int instance_send(struct instance *self, zmq_msg_t *head, zmq_msg_t *body)
{
    if (self->socket == NULL || zmq_msg_send(head, self->socket, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        (void)zmq_msg_close(head);
        self->is_connected = 0;
        return -EAGAIN;
    }
    zmq_msg_t copy; /* shares the bytes */
    (void)zmq_msg_init(&copy);
    (void)zmq_msg_copy(&copy, body);
    /* a peer that vanished between the frames drops both; the next try repeats them */
    if (zmq_msg_send(&copy, self->socket, ZMQ_DONTWAIT) < 0)
        (void)zmq_msg_close(&copy);
    return 0;
}

struct instance *service_choose(struct service *self, unsigned window, uint64_t avoid)
{
    struct instance *best = NULL, *last = NULL;
    int64_t absent_ms = clock_mono_ms() - ABSENCE_MS;
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < self->n_instances; i++) {
        struct instance *instance = self->instances[(self->turn + i) % self->n_instances];
        if (instance->n_calls >= window || !instance_is_ready(instance))
            continue;
        uint64_t load = instance->n_calls + (uint64_t)instance->load;
        if (instance->absent_ms != 0 && instance->absent_ms > absent_ms)
            load |= 1ULL << 63; /* behind all others */
        if (instance->number == avoid) {
            last = instance;
        } else if (load < least) {
            best = instance;
            least = load;
        }
    }
    self->turn++;
    return best != NULL ? best : last;
}

struct instance *service_find(const struct service *self, const char *id)
{
    for (size_t i = 0; i < self->n_instances; i++)
        if (strcmp(self->instances[i]->info.id, id) == 0)
            return self->instances[i];
    return NULL;
}
