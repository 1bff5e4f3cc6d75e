#include "common/bus/sock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "common/base/log.h"
#include "common/bus/context.h"

/* Stable in 4.3.4, but the header names it only for draft builds. Without it CURVE fails open
 * when no ZAP handler is bound. */
#define SOCK_ZAP_ENFORCE_DOMAIN 93

/* CURVE adds to a frame; and a frame slightly too long shall be answered, not cut off. */
#define WIRE_MAX_BYTES (BUS_FRAME_MAX_BYTES + 4096)

struct option {
    int name, value;
};

/* No ZMTP heartbeats: libzmq 4.3.4 aborts on them under back-pressure. */
static const struct option options[] = {
    {ZMQ_IMMEDIATE, 1}, /* queue nothing for a peer that is not there */
    {ZMQ_RECONNECT_IVL, 50},
    {ZMQ_RECONNECT_IVL_MAX, 1000},
    {ZMQ_CONNECT_TIMEOUT, 3000},
    {ZMQ_HANDSHAKE_IVL, 5000},
    {ZMQ_TCP_KEEPALIVE, 1},
    {ZMQ_TCP_KEEPALIVE_IDLE, 30},
    {ZMQ_TCP_KEEPALIVE_INTVL, 5},
    {ZMQ_TCP_KEEPALIVE_CNT, 3},
    {ZMQ_SNDTIMEO, 0},
    {ZMQ_RCVTIMEO, 0},
};

static int set_int(void *socket, int name, int value)
{
    return zmq_setsockopt(socket, name, &value, sizeof(value));
}

static int set_options(void *socket, const struct sock_conf *conf)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(options); i++)
        rc = set_int(socket, options[i].name, options[i].value);
    int64_t size_max_bytes = WIRE_MAX_BYTES;
    if (rc == 0)
        rc = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &size_max_bytes, sizeof(size_max_bytes));
    if (rc == 0)
        rc = set_int(socket, ZMQ_LINGER, conf->linger_ms);
    if (rc == 0)
        rc = set_int(socket, ZMQ_SNDHWM, conf->send_max);
    if (rc == 0)
        rc = set_int(socket, ZMQ_RCVHWM, conf->receive_max);
    if (rc == 0 && conf->type == ZMQ_ROUTER)
        rc = set_int(socket, ZMQ_ROUTER_MANDATORY, 1);
    return rc;
}

static int set_curve(const struct bus *bus, void *socket, const struct sock_conf *conf,
                     struct err *err)
{
    if (bus->zap == NULL)
        return err_set(err, -EACCES, "%s needs keys: name a keys directory or use ipc://",
                       conf->endpoint);
    char server_key[KEY_Z85_BYTES];
    int rc = 0;
    if (conf->service == NULL) {
        rc = set_int(socket, ZMQ_CURVE_SERVER, 1);
        if (rc == 0)
            rc = zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN));
        if (rc == 0)
            rc = set_int(socket, SOCK_ZAP_ENFORCE_DOMAIN, 1);
    } else {
        rc = keys_read_public(bus->keys, conf->service, server_key, err);
        if (rc < 0)
            return rc;
        rc = zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, KEY_Z85_BYTES);
    }
    if (rc == 0)
        rc = zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, bus->public_key, KEY_Z85_BYTES);
    if (rc == 0)
        rc = zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, bus->secret_key, KEY_Z85_BYTES);
    return rc == 0 ? 0 : err_set(err, -zmq_errno(), "cannot set up CURVE for %s", conf->endpoint);
}

/* libzmq replaces a socket file even when another process listens on it. */
static int ipc_is_taken(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return 0;
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return 0;
    int is_taken =
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN;
    close(fd);
    return is_taken;
}

static int attach(void *socket, const struct sock_conf *conf, struct err *err)
{
    int is_bind = conf->service == NULL;
    int rc = is_bind ? zmq_bind(socket, conf->endpoint) : zmq_connect(socket, conf->endpoint);
    if (rc == 0)
        return 0;
    return err_set(err, -zmq_errno(), "cannot %s %.100s: %s", is_bind ? "bind" : "connect to",
                   conf->endpoint, zmq_strerror(zmq_errno()));
}

int sock_open(struct bus *bus, const struct sock_conf *conf, void **ret, struct err *err)
{
    int is_tcp = strncmp(conf->endpoint, "tcp://", 6) == 0;
    if (strlen(conf->endpoint) >= BUS_ENDPOINT_BYTES ||
        (!is_tcp && strncmp(conf->endpoint, "ipc://", 6) != 0))
        return err_set(err, -EINVAL, "%.100s: want ipc:// or tcp://, at most %d bytes",
                       conf->endpoint, BUS_ENDPOINT_BYTES - 1);
    if (!is_tcp && conf->service == NULL && ipc_is_taken(conf->endpoint + 6))
        return err_set(err, -EADDRINUSE, "cannot bind %.100s: in use", conf->endpoint);
    void *socket = zmq_socket(bus->ctx, conf->type);
    if (socket == NULL)
        return err_set(err, -zmq_errno(), "no socket for %.100s: %s", conf->endpoint,
                       zmq_strerror(zmq_errno()));
    int rc = set_options(socket, conf);
    if (rc < 0)
        rc = err_set(err, -zmq_errno(), "cannot set the options for %.100s", conf->endpoint);
    if (rc == 0 && is_tcp)
        rc = set_curve(bus, socket, conf, err);
    if (rc == 0)
        rc = attach(socket, conf, err);
    if (rc < 0)
        sock_close(&socket);
    else
        *ret = socket;
    return rc;
}

void sock_close(void **socket)
{
    if (*socket != NULL)
        (void)zmq_close(*socket); /* fails only for what is no socket */
    *socket = NULL;
}

void sock_endpoint(void *socket, char ret[BUS_ENDPOINT_BYTES])
{
    size_t size = BUS_ENDPOINT_BYTES;
    int rc = zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, ret, &size);
    ASSERT(rc == 0); /* it is no longer than what was bound, and that was checked */
}

int sock_is_writable(void *socket)
{
    int events = 0;
    size_t size = sizeof(events);
    return zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLOUT) != 0;
}
