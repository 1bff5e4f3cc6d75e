/* PUB and SUB: committed events and views. Frames may be lost; whoever listens heals from the
 * journal or a later frame.
 *
 * An event frame: 'e', partition u16, epoch u32, seq u64 (little-endian), packed ansinh.v1.Event.
 * A view frame: 'v', packed ansinh.v1.ProgressView. */
#ifndef ANSINH_BUS_EVENTS_H
#define ANSINH_BUS_EVENTS_H

#include "common/bus/bus.h"

struct bus_publisher;
struct bus_subscriber;

/* Binds a PUB socket; errors as bus_server_create. */
int bus_publisher_create(struct bus *bus, const char *endpoint, struct bus_publisher **ret,
                         struct err *err) MUST_CHECK;
void bus_publisher_destroy(struct bus_publisher **self);
const char *bus_publisher_endpoint(const struct bus_publisher *self);

/* Never block; a slow subscriber loses frames. */
void bus_publish_event(struct bus_publisher *self, unsigned partition, uint32_t epoch, uint64_t seq,
                       const uint8_t *event, size_t len);
void bus_publish_view(struct bus_publisher *self, const uint8_t *view, size_t len);

/* For tests of the healing: every nth event frame is dropped instead of sent; 0 switches it off. */
void bus_publisher_drop_every(struct bus_publisher *self, unsigned n);

struct bus_event {
    unsigned partition;
    uint32_t epoch;
    uint64_t seq;
    const uint8_t *body; /* borrowed during the callback */
    size_t len;
};
typedef void (*bus_event_fn)(void *arg, const struct bus_event *event);
typedef void (*bus_view_fn)(void *arg, const uint8_t *view, size_t len);

/* Subscribes to what it has a callback for (either may be NULL). Malformed frames are dropped and
 * counted. */
int bus_subscriber_create(struct bus *bus, bus_event_fn on_event, bus_view_fn on_view, void *arg,
                          struct bus_subscriber **ret, struct err *err) MUST_CHECK;
void bus_subscriber_destroy(struct bus_subscriber **self);

/* Connects to the events endpoints of these instances (those with one) and to no others. Copies.
 * Not from a callback of the subscriber. */
void bus_subscriber_set_instances(struct bus_subscriber *self, const struct bus_instance *instances,
                                  size_t n);
int64_t bus_subscriber_malformed(const struct bus_subscriber *self);

#endif
