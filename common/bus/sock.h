/* The only place where sockets are made, with every option that matters set by name. Private to
 * the bus. */
#ifndef ANSINH_BUS_SOCK_H
#define ANSINH_BUS_SOCK_H

#include "common/bus/bus.h"

struct sock_conf {
    int type;            /* ZMQ_ROUTER, ZMQ_DEALER, ZMQ_PUB, ZMQ_SUB */
    const char *service; /* NULL binds; else connects to a peer that must hold this service's key */
    const char *endpoint;
    int send_max, receive_max; /* messages queued per peer */
    int linger_ms;
};

/* -EINVAL: neither ipc:// nor tcp://, or malformed; -ENOENT, -EACCES: tcp:// without keys or
 * without the service's public key; -EADDRINUSE, -EACCES of the bind. Close with sock_close. */
int sock_open(struct bus *bus, const struct sock_conf *conf, void **ret,
              struct err *err) MUST_CHECK;

/* NULL is allowed. */
void sock_close(void **socket);

/* Where it is bound, with the real port. */
void sock_endpoint(void *socket, char ret[BUS_ENDPOINT_BYTES]);

/* True when a message would find a connected peer with room in its queue. */
int sock_is_writable(void *socket);

#endif
