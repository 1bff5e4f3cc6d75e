/* The instances a client is connected to, and the services they belong to. Private to the bus. */
#ifndef ANSINH_BUS_INSTANCE_H
#define ANSINH_BUS_INSTANCE_H

#include <zmq.h>

#include "common/bus/client.h"
#include "common/bus/list.h"

#define SERVICES_MAX 64
#define INSTANCES_MAX 256 /* per service */
#define PINGS_LOST_MAX 3

/* A service exists from its first instance until the end of the client. */
struct service {
    char name[BUS_NAME_BYTES];
    struct instance *instances[INSTANCES_MAX];
    size_t n_instances;
    size_t turn;         /* where the search for the least loaded one starts */
    struct list waiting; /* calls that any instance may take */
};

/* calls holds the n_calls calls that were sent to it last and are not answered. */
struct instance {
    struct bus_instance info;
    struct bus_client *client;
    struct service *service;
    uint64_t number; /* unlike every other instance's of the client */
    void *socket;    /* NULL: cannot be connected to, or closed */
    struct loop_source *source;
    struct list calls;
    unsigned n_calls;
    unsigned load; /* as it reported last */
    unsigned pings_lost;
    int is_down;       /* pings_lost reached the limit and nothing came since */
    int is_connected;  /* as seen last */
    int is_kept;       /* mark of the comparison with a new list */
    int64_t absent_ms; /* when it said last that it cannot answer now; 0: it answered since */
    struct instance *next_closed;
};

/* Connects; an instance whose key or endpoint is unusable stays without a socket. */
struct instance *instance_create(struct bus_client *client, struct service *service,
                                 const struct bus_instance *info);

/* True when it is what the registry says now. */
int instance_is(const struct instance *self, const struct bus_instance *info);

/* Closes the socket; the memory must stay while callbacks may still hold it. */
void instance_close(struct instance *self);
void instance_free(struct instance *self);

/* True when a call can be sent to it now; the window is not looked at. */
int instance_is_ready(struct instance *self);

/* Sends head and a copy of body; takes head in any case. -EAGAIN: not connected, or its queue is
 * full. */
int instance_send(struct instance *self, zmq_msg_t *head, zmq_msg_t *body) MUST_CHECK;

/* The least loaded ready instance with room in its window, of those that did not say within
 * ABSENCE_MS that they cannot answer when there is one (a standby says so to every call); the one
 * with the number avoid only when there is no other. NULL when none. */
#define ABSENCE_MS 1000
struct instance *service_choose(struct service *self, unsigned window, uint64_t avoid);

struct instance *service_find(const struct service *self, const char *id);

#endif
