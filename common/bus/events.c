#include "common/bus/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/bus/context.h"
#include "common/bus/frame.h"
#include "common/bus/sock.h"

#define QUEUE_MAX 65536 /* frames per peer; what comes beyond is lost and healed */
#define FRAMES_PER_TURN 512
#define LINGER_MS 100
#define PUBLISHERS_MAX 256

struct bus_publisher {
    struct bus *bus;
    void *socket;
    char endpoint[BUS_ENDPOINT_BYTES];
    unsigned drop_every, n_events;
};

/* One SUB socket per publisher: each has a key of its own on tcp://, and closing is exact. */
struct source {
    struct bus_subscriber *subscriber;
    struct bus_instance info;
    void *socket;
    struct loop_source *watch;
    int is_kept;
    struct source *next;
};

struct bus_subscriber {
    struct bus *bus;
    bus_event_fn on_event;
    bus_view_fn on_view;
    void *arg;
    struct source *sources;
    size_t n_sources;
    int is_delivering;
    int64_t malformed;
};

int bus_publisher_create(struct bus *bus, const char *endpoint, struct bus_publisher **ret,
                         struct err *err)
{
    struct bus_publisher *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    struct sock_conf sock = {
        .type = ZMQ_PUB,
        .endpoint = endpoint,
        .send_max = QUEUE_MAX,
        .receive_max = QUEUE_MAX,
        .linger_ms = LINGER_MS,
    };
    int rc = sock_open(bus, &sock, &self->socket, err);
    if (rc < 0) {
        bus_publisher_destroy(&self);
        return rc;
    }
    sock_endpoint(self->socket, self->endpoint);
    *ret = self;
    return 0;
}

void bus_publisher_destroy(struct bus_publisher **self)
{
    if (*self == NULL)
        return;
    sock_close(&(*self)->socket);
    free(*self);
    *self = NULL;
}

const char *bus_publisher_endpoint(const struct bus_publisher *self)
{
    return self->endpoint;
}

static void publish(struct bus_publisher *self, const void *head, size_t head_len, const void *body,
                    size_t len)
{
    zmq_msg_t frame;
    if (zmq_msg_init_size(&frame, head_len + len) < 0)
        return; /* lost like any other frame */
    uint8_t *data = zmq_msg_data(&frame);
    memcpy(data, head, head_len);
    memcpy(data + head_len, body, len);
    if (zmq_msg_send(&frame, self->socket, ZMQ_DONTWAIT) < 0)
        (void)zmq_msg_close(&frame);
}

void bus_publish_event(struct bus_publisher *self, unsigned partition, uint32_t epoch, uint64_t seq,
                       const uint8_t *event, size_t len)
{
    self->n_events++;
    if (self->drop_every != 0 && self->n_events % self->drop_every == 0)
        return;
    uint8_t head[FRAME_EVENT_HEAD_BYTES];
    frame_write_event_head(head, partition, epoch, seq);
    publish(self, head, sizeof(head), event, len);
}

void bus_publish_view(struct bus_publisher *self, const uint8_t *view, size_t len)
{
    publish(self, "v", 1, view, len);
}

void bus_publisher_drop_every(struct bus_publisher *self, unsigned n)
{
    self->drop_every = n;
}

static void deliver(struct bus_subscriber *self, zmq_msg_t *frame)
{
    const uint8_t *data = zmq_msg_data(frame);
    size_t len = zmq_msg_size(frame);
    struct bus_event event;
    if (self->on_event != NULL && frame_read_event(data, len, &event) == 0)
        self->on_event(self->arg, &event);
    else if (self->on_view != NULL && len > 1 && data[0] == 'v')
        self->on_view(self->arg, data + 1, len - 1);
    else
        self->malformed++;
}

static void on_frames(void *arg, int events)
{
    (void)events;
    struct source *source = arg;
    struct bus_subscriber *self = source->subscriber;
    self->is_delivering = 1;
    for (int i = 0; i < FRAMES_PER_TURN; i++) {
        zmq_msg_t frame;
        (void)zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, source->socket, ZMQ_DONTWAIT) < 0)
            break;
        if (zmq_msg_more(&frame)) {
            frame_skip_rest(source->socket);
            self->malformed++;
        } else {
            deliver(self, &frame);
        }
        (void)zmq_msg_close(&frame);
    }
    self->is_delivering = 0;
}

int bus_subscriber_create(struct bus *bus, bus_event_fn on_event, bus_view_fn on_view, void *arg,
                          struct bus_subscriber **ret, struct err *err)
{
    if (on_event == NULL && on_view == NULL)
        return err_set(err, -EINVAL, "a subscriber wants events or views");
    struct bus_subscriber *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->bus = bus;
    self->on_event = on_event;
    self->on_view = on_view;
    self->arg = arg;
    *ret = self;
    return 0;
}

static void source_free(struct source *source)
{
    loop_source_remove(&source->watch);
    sock_close(&source->socket);
    free(source);
}

void bus_subscriber_destroy(struct bus_subscriber **self)
{
    if (*self == NULL)
        return;
    while ((*self)->sources != NULL) {
        struct source *next = (*self)->sources->next;
        source_free((*self)->sources);
        (*self)->sources = next;
    }
    free(*self);
    *self = NULL;
}

static int source_open(struct source *source, struct err *err)
{
    struct bus_subscriber *self = source->subscriber;
    struct sock_conf sock = {
        .type = ZMQ_SUB,
        .service = source->info.service,
        .endpoint = source->info.events,
        .send_max = QUEUE_MAX,
        .receive_max = QUEUE_MAX,
    };
    int rc = sock_open(self->bus, &sock, &source->socket, err);
    if (rc == 0 && self->on_event != NULL)
        rc = zmq_setsockopt(source->socket, ZMQ_SUBSCRIBE, "e", 1);
    if (rc == 0 && self->on_view != NULL)
        rc = zmq_setsockopt(source->socket, ZMQ_SUBSCRIBE, "v", 1);
    return rc;
}

static struct source *find_source(const struct bus_subscriber *self,
                                  const struct bus_instance *info)
{
    struct source *source = self->sources;
    while (source != NULL && (strcmp(source->info.id, info->id) != 0 ||
                              strcmp(source->info.events, info->events) != 0))
        source = source->next;
    return source;
}

static void keep_or_connect(struct bus_subscriber *self, const struct bus_instance *info)
{
    struct source *source = find_source(self, info);
    if (source != NULL) {
        source->is_kept = 1;
        return;
    }
    if (self->n_sources == PUBLISHERS_MAX)
        return;
    source = calloc(1, sizeof(*source));
    ASSERT(source != NULL);
    source->subscriber = self;
    source->info = *info;
    struct err err = {.text = ""};
    if (source_open(source, &err) < 0) { /* tried again with the next list */
        log_debug("publisher cannot be heard", "instance=%s reason=\"%s\"", info->id, err.text);
        source_free(source);
        return;
    }
    source->watch = loop_add_socket(self->bus->loop, source->socket, on_frames, source);
    source->is_kept = 1;
    source->next = self->sources;
    self->sources = source;
    self->n_sources++;
}

void bus_subscriber_set_instances(struct bus_subscriber *self, const struct bus_instance *instances,
                                  size_t n)
{
    ASSERT(!self->is_delivering); /* sources would vanish under their own callback */
    for (struct source *source = self->sources; source != NULL; source = source->next)
        source->is_kept = 0;
    for (size_t i = 0; i < n; i++)
        if (instances[i].events[0] != '\0')
            keep_or_connect(self, &instances[i]);
    struct source **link = &self->sources;
    while (*link != NULL) {
        struct source *source = *link;
        if (source->is_kept) {
            link = &source->next;
            continue;
        }
        *link = source->next;
        source_free(source);
        self->n_sources--;
    }
}

int64_t bus_subscriber_malformed(const struct bus_subscriber *self)
{
    return self->malformed;
}
