/* PUB and SUB over ipc://, and the feed that makes lossy frames exact. */
#include "tests/support/test.h"
#include "tests/support/bus_world.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "common/bus/events.h"
#include "common/bus/feed.h"

#define N_EVENTS 1000

struct listener {
    int n_events, n_views;
    struct bus_event last;
    uint8_t last_body[16];
};

static void on_event(void *arg, const struct bus_event *event)
{
    struct listener *self = arg;
    self->n_events++;
    self->last = *event;
    assert_true(event->len <= sizeof(self->last_body));
    memcpy(self->last_body, event->body, event->len);
}

static void on_view(void *arg, const uint8_t *view, size_t len)
{
    struct listener *self = arg;
    self->n_views++;
    assert_int_equal(len, 4);
    assert_memory_equal(view, "view", 4);
}

static struct bus_publisher *publisher_open(struct world *world, const char *id,
                                            struct bus_instance *ret)
{
    struct bus_publisher *self = NULL;
    char endpoint[BUS_ENDPOINT_BYTES];
    (void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/%s.pub", world->dir, id);
    assert_int_equal(bus_publisher_create(world->bus, endpoint, &self, NULL), 0);
    memset(ret, 0, sizeof(*ret));
    (void)snprintf(ret->id, sizeof(ret->id), "%s", id);
    (void)snprintf(ret->service, sizeof(ret->service), "payments");
    (void)snprintf(ret->events, sizeof(ret->events), "%s", bus_publisher_endpoint(self));
    return self;
}

static const uint8_t body[] = {'b', 'o', 'd', 'y', 0};

/* Connected once a first event arrives; it has seq 0. */
static void connect_to(struct world *world, struct bus_publisher *publisher,
                       const struct listener *listener)
{
    int n = listener->n_events;
    WAIT_UNTIL(world, (bus_publish_event(publisher, 0, 0, 0, body, 1), listener->n_events > n));
}

static void events_and_views_arrive(void **state)
{
    struct world *world = *state;
    struct listener both = {0}, events_only = {0};
    struct bus_instance info;
    struct bus_publisher *publisher = publisher_open(world, "payments-1", &info);
    struct bus_subscriber *a = NULL, *b = NULL;
    assert_int_equal(bus_subscriber_create(world->bus, on_event, on_view, &both, &a, NULL), 0);
    assert_int_equal(bus_subscriber_create(world->bus, on_event, NULL, &events_only, &b, NULL), 0);
    bus_subscriber_set_instances(a, &info, 1);
    bus_subscriber_set_instances(b, &info, 1);
    connect_to(world, publisher, &both);
    connect_to(world, publisher, &events_only);
    bus_publish_view(publisher, (const uint8_t *)"view", 4);
    bus_publish_event(publisher, 1023, 0xfedcba98, 0x123456789abcdef0, body, sizeof(body));
    WAIT_UNTIL(world, both.last.partition == 1023 && events_only.last.partition == 1023);
    assert_int_equal(both.last.epoch, 0xfedcba98);
    assert_int_equal(both.last.seq, 0x123456789abcdef0);
    assert_int_equal(both.last.len, sizeof(body));
    assert_memory_equal(both.last_body, body, sizeof(body));
    assert_int_equal(both.n_views, 1);
    assert_int_equal(bus_subscriber_malformed(a), 0);
    bus_subscriber_destroy(&a);
    bus_subscriber_destroy(&b);
    bus_publisher_destroy(&publisher);
}

static void only_the_named_publishers_are_heard(void **state)
{
    struct world *world = *state;
    struct listener listener = {0};
    struct bus_instance infos[3];
    struct bus_publisher *one = publisher_open(world, "payments-1", &infos[0]);
    struct bus_publisher *two = publisher_open(world, "payments-2", &infos[1]);
    infos[2] = infos[1];
    infos[2].events[0] = '\0'; /* publishes nothing */
    struct bus_subscriber *self = NULL;
    assert_int_equal(bus_subscriber_create(world->bus, on_event, NULL, &listener, &self, NULL), 0);
    bus_subscriber_set_instances(self, infos, 3);
    connect_to(world, one, &listener);
    connect_to(world, two, &listener);
    bus_subscriber_set_instances(self, &infos[1], 1);
    /* what the second one sends after the first is heard without it */
    listener.last.epoch = 0;
    bus_publish_event(one, 1, 1, 1, body, 1);
    WAIT_UNTIL(world, (bus_publish_event(two, 2, 2, 2, body, 1), listener.last.epoch == 2));
    listener.n_events = 0;
    bus_subscriber_set_instances(self, NULL, 0);
    bus_publish_event(two, 3, 3, 3, body, 1);
    loop_turn(world->loop, 20);
    assert_int_equal(listener.n_events, 0);
    bus_subscriber_destroy(&self);
    bus_publisher_destroy(&one);
    bus_publisher_destroy(&two);
}

static void malformed_frames_are_counted(void **state)
{
    struct world *world = *state;
    struct listener listener = {0};
    struct bus_instance info = {.id = "evil-1", .service = "evil"};
    (void)snprintf(info.events, sizeof(info.events), "ipc://%s/evil.pub", world->dir);
    void *ctx = zmq_ctx_new();
    void *socket = zmq_socket(ctx, ZMQ_PUB);
    int linger_ms = 0;
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
    assert_int_equal(zmq_bind(socket, info.events), 0);
    struct bus_subscriber *self = NULL;
    assert_int_equal(bus_subscriber_create(world->bus, on_event, on_view, &listener, &self, NULL),
                     0);
    bus_subscriber_set_instances(self, &info, 1);
    WAIT_UNTIL(world, (zmq_send(socket, "v", 1, 0), bus_subscriber_malformed(self) > 0));
    static const uint8_t good[] = {'e', 9, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 'b'};
    int64_t n_before;
    do { /* the probes that are still on their way */
        n_before = bus_subscriber_malformed(self);
        loop_turn(world->loop, 50);
    } while (bus_subscriber_malformed(self) > n_before);
    assert_int_equal(zmq_send(socket, "e", 1, 0), 1);
    assert_int_equal(zmq_send(socket, good, sizeof(good) - 1, 0), sizeof(good) - 1);
    assert_int_equal(zmq_send(socket, good, sizeof(good), ZMQ_SNDMORE), sizeof(good));
    assert_int_equal(zmq_send(socket, good, sizeof(good), ZMQ_SNDMORE), sizeof(good));
    assert_int_equal(zmq_send(socket, good, sizeof(good), 0), sizeof(good));
    assert_int_equal(zmq_send(socket, good, sizeof(good), 0), sizeof(good));
    WAIT_UNTIL(world, listener.n_events == 1);
    assert_int_equal(listener.last.partition, 9);
    assert_int_equal(bus_subscriber_malformed(self), n_before + 3);
    (void)zmq_close(socket);
    (void)zmq_ctx_term(ctx);
    bus_subscriber_destroy(&self);
}

/* A consumer: frames go into the feed, questions are answered from the whole journal. */
struct consumer {
    struct feed *feed;
    uint64_t n_applied;
    int is_asked;
    uint64_t asked_after;
};

static void on_frame(void *arg, const struct bus_event *event)
{
    const struct consumer *self = arg;
    struct feed_event offered = {event->partition, event->epoch, event->seq, event->body,
                                 event->len};
    if (event->epoch > 0)
        feed_offer(self->feed, &offered);
}

static void on_apply(void *arg, const struct feed_event *event)
{
    struct consumer *self = arg;
    assert_int_equal(event->seq, ++self->n_applied);
    assert_int_equal(event->len, sizeof(body));
}

static void on_fetch(void *arg, unsigned partition, uint32_t epoch, uint64_t seq)
{
    struct consumer *self = arg;
    assert_int_equal(partition, 0);
    assert_true(epoch <= 1);
    self->is_asked = 1;
    self->asked_after = seq;
}

static void answer_question(struct consumer *self, uint64_t n_journal)
{
    struct feed_event events[16];
    size_t n = 0;
    for (uint64_t seq = self->asked_after + 1; seq <= n_journal && n < ARRAY_LEN(events); seq++)
        events[n++] = (struct feed_event){0, 1, seq, body, sizeof(body)};
    self->is_asked = 0;
    feed_fetched(self->feed, 0, events, n, n == ARRAY_LEN(events));
}

static void dropped_frames_are_healed(void **state)
{
    struct world *world = *state;
    struct consumer consumer = {0};
    struct feed_conf conf = {1, 10000, on_apply, on_fetch, &consumer};
    consumer.feed = feed_create(&conf);
    struct bus_instance info;
    struct bus_publisher *publisher = publisher_open(world, "payments-1", &info);
    struct bus_subscriber *subscriber = NULL;
    assert_int_equal(
        bus_subscriber_create(world->bus, on_frame, NULL, &consumer, &subscriber, NULL), 0);
    bus_subscriber_set_instances(subscriber, &info, 1);
    bus_publisher_drop_every(publisher, 10);
    for (uint64_t seq = 1; seq <= N_EVENTS; seq++) {
        bus_publish_event(publisher, 0, 1, seq, body, sizeof(body));
        if (seq % 50 == 0)
            loop_turn(world->loop, 2);
        if (consumer.is_asked && seq % 7 == 0)
            answer_question(&consumer, seq);
    }
    WAIT_UNTIL(world, (feed_head(consumer.feed, 0, 1, N_EVENTS),
                       consumer.is_asked ? answer_question(&consumer, N_EVENTS) : (void)0,
                       consumer.n_applied == N_EVENTS));
    if (consumer.is_asked)
        answer_question(&consumer, N_EVENTS);
    assert_int_equal(feed_behind(consumer.feed), 0);
    struct feed_stats stats;
    feed_stats_get(consumer.feed, &stats);
    assert_true(stats.holes + stats.lost_tails > 0);
    bus_subscriber_destroy(&subscriber);
    bus_publisher_destroy(&publisher);
    feed_destroy(&consumer.feed);
}

const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(events_and_views_arrive, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(only_the_named_publishers_are_heard, world_setup,
                                    world_teardown),
    cmocka_unit_test_setup_teardown(malformed_frames_are_counted, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(dropped_frames_are_healed, world_setup, world_teardown),
};

TEST_MAIN(tests)
