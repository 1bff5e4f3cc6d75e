#include "common/bus/zap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "common/base/log.h"
#include "common/base/map.h"
#include "common/bus/keys.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define HANDSHAKES_PER_TURN 32

/* Frames of a request as a ROUTER sees it: routing id, empty, and the seven of RFC 27 for CURVE. */
enum { PEER, DELIMITER, VERSION, REQUEST_ID, DOMAIN, ADDRESS, IDENTITY, MECHANISM, KEY, N_FRAMES };

struct zap {
    void *socket;
    struct loop_source *source;
    struct map *allowed; /* by binary public key */
    int64_t denied;
};

static void allow(void *arg, const uint8_t key[KEY_BYTES])
{
    struct zap *self = arg;
    (void)map_put(self->allowed, key, KEY_BYTES, self);
}

static int frame_is(zmq_msg_t *frame, const char *text)
{
    return zmq_msg_size(frame) == strlen(text) &&
           memcmp(zmq_msg_data(frame), text, strlen(text)) == 0;
}

static int is_allowed(const struct zap *self, zmq_msg_t *frames, int n_frames)
{
    return n_frames == N_FRAMES && frame_is(&frames[VERSION], "1.0") &&
           frame_is(&frames[DOMAIN], ZAP_DOMAIN) && frame_is(&frames[MECHANISM], "CURVE") &&
           zmq_msg_size(&frames[KEY]) == KEY_BYTES &&
           map_get(self->allowed, zmq_msg_data(&frames[KEY]), KEY_BYTES) != NULL;
}

/* Takes one request; answers the number of its frames, of which at most N_FRAMES are kept. */
static int receive(void *socket, zmq_msg_t *frames)
{
    int n = 0, is_more = 1;
    while (is_more) {
        zmq_msg_t surplus;
        zmq_msg_t *frame = n < N_FRAMES ? &frames[n] : &surplus;
        (void)zmq_msg_init(frame);
        if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0)
            return n;
        is_more = zmq_msg_more(frame);
        if (n++ >= N_FRAMES)
            (void)zmq_msg_close(frame);
    }
    return n;
}

static void answer(struct zap *self, zmq_msg_t *frames, int is_admitted)
{
    static const char *const tail[] = {"", "", ""}; /* text, user id, metadata */
    const char *code = is_admitted ? "200" : "400";
    /* a lost answer fails closed: the peer's handshake times out and it comes again */
    (void)zmq_msg_send(&frames[PEER], self->socket, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(self->socket, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(self->socket, "1.0", 3, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_msg_send(&frames[REQUEST_ID], self->socket, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(self->socket, code, 3, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    for (size_t i = 0; i < ARRAY_LEN(tail); i++)
        (void)zmq_send(self->socket, tail[i], 0,
                       (i + 1 < ARRAY_LEN(tail) ? ZMQ_SNDMORE : 0) | ZMQ_DONTWAIT);
}

static void on_request(void *arg, int events)
{
    (void)events;
    struct zap *self = arg;
    for (int i = 0; i < HANDSHAKES_PER_TURN; i++) {
        zmq_msg_t frames[N_FRAMES];
        int n = receive(self->socket, frames);
        int n_kept = MIN(n, (int)N_FRAMES);
        if (n > REQUEST_ID) {
            int is_admitted = is_allowed(self, frames, n);
            self->denied += !is_admitted;
            answer(self, frames, is_admitted);
        }
        for (int frame_i = 0; frame_i < n_kept; frame_i++)
            (void)zmq_msg_close(&frames[frame_i]);
        if (n == 0)
            break;
    }
}

int zap_create(void *ctx, struct loop *loop, const char *keys, struct zap **ret, struct err *err)
{
    struct zap *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->allowed = map_create();
    int linger_ms = 0;
    int rc = keys_each_public(keys, allow, self, err);
    if (rc == 0) {
        self->socket = zmq_socket(ctx, ZMQ_ROUTER);
        if (self->socket == NULL ||
            zmq_setsockopt(self->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms)) < 0 ||
            zmq_bind(self->socket, ZAP_ENDPOINT) < 0)
            rc = err_set(err, -zmq_errno(), "cannot bind the ZAP handler: %s",
                         zmq_strerror(zmq_errno()));
    }
    if (rc < 0) {
        zap_destroy(&self);
        return rc;
    }
    self->source = loop_add_socket(loop, self->socket, on_request, self);
    *ret = self;
    return 0;
}

void zap_destroy(struct zap **self)
{
    if (*self == NULL)
        return;
    loop_source_remove(&(*self)->source);
    if ((*self)->socket != NULL)
        (void)zmq_close((*self)->socket);
    map_destroy(&(*self)->allowed);
    free(*self);
    *self = NULL;
}

int64_t zap_denied(const struct zap *self)
{
    return self->denied;
}
