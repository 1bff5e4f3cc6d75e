/* What all of the bus shares: the ZeroMQ context with its keys, limits, statuses.
 *
 * Only DEALER to ROUTER for calls and PUB to SUB for events. Never ZMTP heartbeats (libzmq 4.3.4
 * aborts on them under back-pressure): callers ping in the application. On tcp:// every socket uses
 * CURVE with a ZAP allow-list that fails closed; ipc:// sockets live in a directory that only this
 * user can enter. */
#ifndef ANSINH_BUS_BUS_H
#define ANSINH_BUS_BUS_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "ansinh/v1/bus.pb-c.h"
#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/id.h"
#include "common/loop/loop.h"

#define BUS_FRAME_MAX_BYTES (1024 * 1024) /* one frame of a request or reply */
#define BUS_HEADER_MAX_BYTES 512
#define BUS_TIMEOUT_MAX_MS 300000
#define BUS_ENDPOINT_BYTES 128
#define BUS_NAME_BYTES 48

struct bus;

struct bus_conf {
    struct loop *loop; /* borrowed */
    const char
        *keys; /* directory with curve-<role>.key/.pub; "" when only ipc:// is used; borrowed */
    const char
        *role; /* whose secret key this process uses: "payments", "gateway", "cli"; borrowed */
};

/* Makes the ZeroMQ context and, when keys are given, binds the ZAP handler in the loop before any
 * other socket can bind. The handler admits the public keys of keys/curve-*.pub, read now. Call
 * after loop_watch_signals. -ENOENT, -EACCES (secret readable by others), -EINVAL for the key
 * files; err names the file. */
int bus_create(const struct bus_conf *conf, struct bus **ret, struct err *err) MUST_CHECK;

/* All sockets made from it must be closed before. Waits at most 0.1 s for answers and events that
 * are on their way out. */
void bus_destroy(struct bus **self);

/* Writes keys/curve-<role>.key (0600, secret, Z85) and .pub where they are missing. */
int bus_make_keys(const char *keys, const char *role, struct err *err) MUST_CHECK;

/* Handshakes refused by the allow-list since the start. */
int64_t bus_denied(const struct bus *self);

/* An instance as the registry knows it. */
struct bus_instance {
    char id[BUS_NAME_BYTES];           /* "payments-1" */
    char service[BUS_NAME_BYTES];      /* "payments" */
    char endpoint[BUS_ENDPOINT_BYTES]; /* of its ROUTER */
    char events[BUS_ENDPOINT_BYTES];   /* of its PUB; "" when it publishes nothing */
};

/* A ProtobufCAllocator over an arena: decoding a message then costs at most the arena's limit. *ret
 * is filled and borrows the arena. */
void bus_arena_allocator(struct arena *arena, ProtobufCAllocator *ret);

/* Code's Connect name: "invalid_argument"; "ok" for 0. */
const char *bus_code_name(Ansinh__V1__Code code);

/* What an error of this code says about the call that it answers; a call that is no command did
 * nothing. */
Ansinh__V1__Outcome bus_code_outcome(Ansinh__V1__Code code, int is_command);

#endif
