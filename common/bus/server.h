/* The answering side of a service: one ROUTER, dispatch by protobuf service descriptors. */
#ifndef ANSINH_BUS_SERVER_H
#define ANSINH_BUS_SERVER_H

#include "common/bus/bus.h"

struct bus_server;

struct bus_server_conf {
    const char *endpoint;  /* "ipc:///run/x.sock" or "tcp://0.0.0.0:7101"; borrowed during create */
    unsigned requests_max; /* unanswered requests; from 80 % on only urgent methods are taken, at
                              100 % none */
    size_t arena_bytes;    /* memory of one request */
};

/* One request, from its arrival until bus_reply or bus_fail, exactly one of which its handler (or
 * what the handler started) must call; after that the request is gone. */
struct bus_request {
    struct arena *arena;           /* lives as long as the request */
    const ProtobufCMessage *input; /* decoded into the arena */
    const uint8_t *body;           /* the packed input */
    size_t body_len;
    int has_id;
    struct request_id id;
    uint64_t fingerprint; /* of method name and body */
    int64_t deadline_ms;  /* monotonic */
    const char *method;   /* "ansinh.v1.Payments/Pay" */
    const char *caller;
    const char *trace_id;
    const char *partner; /* organisation whose signature the gateway has verified; "" for none */
    ProtobufCBinaryData source_file; /* of the partner's file it is taken from; empty: online */
    int may_be_done; /* the handler's, 0 at first: what was asked for may be written already, so no
                        failure from here on may say that nothing was done */
};

typedef void (*bus_handler_fn)(void *arg, struct bus_request *request);

enum {
    BUS_COMMAND = 1, /* refused with INVALID_ARGUMENT when the header carries no request id */
    BUS_URGENT = 2,  /* refused last under overload: payments */
};

struct bus_method {
    const char *name; /* as in the descriptor: "Pay" */
    bus_handler_fn fn;
    unsigned flags;
};

/* Binds. -EADDRINUSE, -EINVAL, -EACCES; err names the endpoint. */
int bus_server_create(struct bus *bus, const struct bus_server_conf *conf, struct bus_server **ret,
                      struct err *err) MUST_CHECK;

/* Requests still open are dropped unanswered. */
void bus_server_destroy(struct bus_server **self);

/* Serves every method of a descriptor; methods must name each of them (a missing one is a bug:
 * asserts). Borrows methods and arg. Unknown methods are answered UNIMPLEMENTED, undecodable or
 * over-long requests INVALID_ARGUMENT, also when a text in them is not UTF-8; what has no readable
 * header is dropped, and so are answers after the request's deadline; each is counted. Whatever
 * arrives, no peer can make the process stop. */
void bus_server_add(struct bus_server *self, const ProtobufCServiceDescriptor *service,
                    const struct bus_method *methods, size_t n_methods, void *arg);

/* Answers and ends the request. */
void bus_reply(struct bus_request *request, const ProtobufCMessage *output);
void bus_reply_packed(struct bus_request *request, const uint8_t *body, size_t len);

/* Answers an error and ends the request; field is "" or the wrong field in proto spelling. */
void bus_fail(struct bus_request *request, Ansinh__V1__Code code, const char *field,
              const char *format, ...) PRINTF_LIKE(4, 5);
/* UNAVAILABLE or RESOURCE_EXHAUSTED with a delay to wait before a retry. */
void bus_fail_retry(struct bus_request *request, Ansinh__V1__Code code, unsigned retry_after_ms,
                    const char *format, ...) PRINTF_LIKE(4, 5);

/* From now on new requests are answered UNAVAILABLE (nothing was done: try another instance); open
 * ones go on. */
void bus_server_drain(struct bus_server *self);
unsigned bus_server_open(const struct bus_server *self);

/* Where it is bound, with the real port for "tcp://x:*"; valid as long as the server. */
const char *bus_server_endpoint(const struct bus_server *self);

struct bus_server_stats {
    int64_t requests, replies, failures; /* failures: error statuses sent */
    int64_t malformed, unknown_method, expired, overloaded, unroutable;
};
void bus_server_stats_get(const struct bus_server *self, struct bus_server_stats *ret);

/* Per method: calls, errors and the sum of microseconds from arrival to answer; for i from 0 until
 * it answers 0. */
struct bus_method_stats {
    const char *method;
    int64_t calls, errors, busy_us;
    int64_t buckets[24]; /* answers within 2^i * 64 us; the last one holds the rest */
};
int bus_server_method_stats(const struct bus_server *self, size_t i, struct bus_method_stats *ret);

#endif
