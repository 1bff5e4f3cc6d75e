/* Requests of a server: the slab they live in, and how they end. Private to the bus. */
#ifndef ANSINH_BUS_REQUEST_H
#define ANSINH_BUS_REQUEST_H

#include <sodium.h>
#include <zmq.h>

#include "common/bus/frame.h"
#include "common/bus/server.h"

/* A row of the dispatch table. */
struct method {
    char name[FRAME_METHOD_BYTES];
    const ProtobufCMethodDescriptor *descriptor;
    bus_handler_fn fn;
    void *arg;
    unsigned flags;
    unsigned char hash_key[crypto_shorthash_KEYBYTES]; /* from the name */
    struct bus_method_stats stats;
};

/* is_open: taken from the slab and not ended. */
struct request {
    struct bus_request call; /* what the handler sees */
    struct bus_server *server;
    struct method *method; /* NULL until it is known */
    struct request *next;  /* in the free list */
    zmq_msg_t peer;        /* the caller's routing id */
    zmq_msg_t body;
    uint64_t call_id;
    int64_t arrived_us;
    int is_open;
};

struct bus_server {
    struct bus *bus;
    void *socket;
    struct loop_source *source;
    char endpoint[BUS_ENDPOINT_BYTES];
    struct method **methods; /* sorted by name */
    size_t n_methods;
    struct request **requests; /* all that were ever needed, at most requests_max + 1 */
    unsigned n_requests, n_open, requests_max;
    struct request *free_requests;
    size_t arena_bytes;
    int is_draining;
    struct bus_server_stats stats;
};

/* An open request with a reset arena and empty frames; never NULL: a refusal needs one, too. */
struct request *request_take(struct bus_server *self);

/* Ends a request without an answer. */
void request_drop(struct request *self);

/* Frees the slab and whatever is open. */
void request_free_all(struct bus_server *self);

#endif
