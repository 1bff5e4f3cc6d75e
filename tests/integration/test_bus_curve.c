/* tcp:// with CURVE: who is on the allow-list is served, everybody and everything else is not. */
#include "tests/support/test.h"
#include "tests/support/bus_world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "common/bus/context.h"
#include "common/bus/events.h"

#define LONG_MS 3000
#define PATH_BYTES 128

static char *path_of(const struct world *world, const char *name, char ret[PATH_BYTES])
{
    (void)snprintf(ret, PATH_BYTES, "%s/%s", world->dir, name);
    return ret;
}

static struct bus *open_bus(struct world *world, const char *keys, const char *role)
{
    struct bus_conf conf = {.loop = world->loop, .keys = keys, .role = role};
    struct bus *bus = NULL;
    struct err err = {.text = ""};
    if (bus_create(&conf, &bus, &err) < 0)
        fail_msg("%s", err.text);
    return bus;
}

/* world->bus becomes the service's, world->other the caller's. */
static void open_both(struct world *world, const char *service_keys, const char *caller_keys)
{
    bus_destroy(&world->bus);
    world->bus = open_bus(world, service_keys, "payments");
    world->other = open_bus(world, caller_keys, "gateway");
}

static void make_keys(const char *keys)
{
    assert_int_equal(bus_make_keys(keys, "payments", NULL), 0);
    assert_int_equal(bus_make_keys(keys, "gateway", NULL), 0);
}

static void start_tcp(struct world *world, struct peer *peer)
{
    peer_start_at(peer, world, world->bus, "payments-1", "tcp://127.0.0.1:*", 0);
    assert_null(strstr(peer->info.endpoint, "*"));
}

static void close_tcp(struct world *world, struct peer *peer)
{
    bus_client_destroy(&world->client);
    peer_stop(peer);
}

static void copy_file(const char *from, const char *to)
{
    char text[KEY_Z85_BYTES + 1] = "";
    FILE *file = fopen(from, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    (void)fclose(file);
    file = fopen(to, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void a_listed_key_is_served(void **state)
{
    struct world *world = *state;
    char keys[PATH_BYTES];
    make_keys(path_of(world, "keys", keys));
    open_both(world, keys, keys);
    struct peer peer = {.mood = ANSWERS};
    start_tcp(world, &peer);
    world_client(world, world->other, 1000, 1000);
    world_introduce(world, (struct peer *[]){&peer}, 1);
    struct outcome outcome;
    world_pay(world, LONG_MS, &outcome);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, 0);
    assert_int_equal(bus_denied(world->bus), 0);
    close_tcp(world, &peer);
}

/* The caller knows the service's key, but the service does not know the caller's. */
static void an_unlisted_key_is_denied(void **state)
{
    struct world *world = *state;
    char keys[PATH_BYTES], others[PATH_BYTES], from[PATH_BYTES + 32], to[PATH_BYTES + 32];
    make_keys(path_of(world, "keys", keys));
    assert_int_equal(bus_make_keys(path_of(world, "others", others), "gateway", NULL), 0);
    (void)snprintf(from, sizeof(from), "%s/curve-payments.pub", keys);
    (void)snprintf(to, sizeof(to), "%s/curve-payments.pub", others);
    copy_file(from, to);
    open_both(world, keys, others);
    struct peer peer = {.mood = ANSWERS};
    start_tcp(world, &peer);
    world_client(world, world->other, 100, 1000);
    world_introduce(world, (struct peer *[]){&peer}, 1);
    struct outcome outcome;
    world_pay(world, 300, &outcome);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, ANSINH__V1__CODE__CODE_UNAVAILABLE);
    assert_true(bus_denied(world->bus) > 0);
    assert_int_equal(peer.n_calls + peer.n_pings, 0);
    close_tcp(world, &peer);
}

/* Somebody else answers at the service's address: the caller sends it nothing. */
static void an_impostor_is_not_asked(void **state)
{
    struct world *world = *state;
    char keys[PATH_BYTES], others[PATH_BYTES];
    make_keys(path_of(world, "keys", keys));
    make_keys(path_of(world, "others", others));
    open_both(world, others, keys);
    struct peer peer = {.mood = ANSWERS};
    start_tcp(world, &peer);
    world_client(world, world->other, 100, 1000);
    world_introduce(world, (struct peer *[]){&peer}, 1);
    struct outcome outcome;
    world_pay(world, 300, &outcome);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, ANSINH__V1__CODE__CODE_UNAVAILABLE);
    assert_int_equal(bus_client_count(world->client, "payments"), 0);
    assert_int_equal(peer.n_calls + peer.n_pings, 0);
    close_tcp(world, &peer);
}

/* A raw DEALER connects as told, sends one request, and must never be heard. */
static void expect_deaf(struct world *world, struct peer *peer, void *ctx, void *socket)
{
    int linger_ms = 0;
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms)), 0);
    void *monitor = zmq_socket(ctx, ZMQ_PAIR);
    assert_int_equal(zmq_socket_monitor(socket, "inproc://monitor",
                                        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                            ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                            ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                                            ZMQ_EVENT_DISCONNECTED),
                     0);
    assert_int_equal(zmq_connect(monitor, "inproc://monitor"), 0);
    assert_int_equal(zmq_connect(socket, peer->info.endpoint), 0);
    assert_int_equal(zmq_send(socket, "x", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(socket, "y", 1, 0), 1);
    zmq_pollitem_t item = {monitor, 0, ZMQ_POLLIN, 0};
    WAIT_UNTIL(world, zmq_poll(&item, 1, 0) == 1);
    struct bus_server_stats stats;
    bus_server_stats_get(peer->server, &stats);
    assert_int_equal(stats.requests, 0);
    (void)zmq_socket_monitor(socket, NULL, 0);
    (void)zmq_close(monitor);
    (void)zmq_close(socket);
    (void)zmq_ctx_term(ctx);
}

static void a_peer_without_curve_is_not_served(void **state)
{
    struct world *world = *state;
    char keys[PATH_BYTES];
    make_keys(path_of(world, "keys", keys));
    open_both(world, keys, keys);
    struct peer peer = {.mood = ANSWERS};
    start_tcp(world, &peer);
    void *ctx = zmq_ctx_new();
    expect_deaf(world, &peer, ctx, zmq_socket(ctx, ZMQ_DEALER));
    close_tcp(world, &peer);
}

/* Without the enforced domain libzmq would let everybody with any key in. */
static void without_its_handler_a_server_serves_nobody(void **state)
{
    struct world *world = *state;
    char keys[PATH_BYTES];
    make_keys(path_of(world, "keys", keys));
    open_both(world, keys, keys);
    struct peer peer = {.mood = ANSWERS};
    start_tcp(world, &peer);
    zap_destroy(&world->bus->zap);
    void *ctx = zmq_ctx_new();
    void *socket = zmq_socket(ctx, ZMQ_DEALER);
    const struct bus *me = world->other;
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, world->bus->public_key, KEY_Z85_BYTES);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, me->public_key, KEY_Z85_BYTES);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, me->secret_key, KEY_Z85_BYTES);
    expect_deaf(world, &peer, ctx, socket);
    close_tcp(world, &peer);
}

static void an_instance_without_a_known_key_is_not_connected(void **state)
{
    struct world *world = *state;
    char keys[PATH_BYTES], file[PATH_BYTES + 32];
    make_keys(path_of(world, "keys", keys));
    open_both(world, keys, keys);
    struct peer peer = {.mood = ANSWERS};
    start_tcp(world, &peer);
    world_client(world, world->other, 100, 1000);
    (void)snprintf(peer.info.service, sizeof(peer.info.service), "../keys/curve-payments");
    world_introduce(world, (struct peer *[]){&peer}, 1);
    assert_int_equal(bus_client_count(world->client, peer.info.service), 0);

    (void)snprintf(peer.info.service, sizeof(peer.info.service), "payments");
    (void)snprintf(file, sizeof(file), "%s/curve-payments.pub", keys);
    assert_int_equal(unlink(file), 0);
    world_introduce(world, (struct peer *[]){&peer}, 1);
    struct outcome outcome;
    world_pay(world, LONG_MS, &outcome);
    loop_turn(world->loop, 20);
    assert_int_equal(bus_client_count(world->client, "payments"), 0);

    /* the key arrives, the next list finds it */
    assert_int_equal(bus_make_keys(keys, "payments", NULL), 0);
    world_introduce(world, (struct peer *[]){&peer}, 1);
    WAIT_UNTIL(world, outcome.n == 1);
    assert_int_equal(outcome.code, 0);
    close_tcp(world, &peer);
}

static void on_event(void *arg, const struct bus_event *event)
{
    assert_int_equal(event->seq, 7);
    ++*(int *)arg;
}

static void events_travel_encrypted(void **state)
{
    struct world *world = *state;
    char keys[PATH_BYTES];
    make_keys(path_of(world, "keys", keys));
    open_both(world, keys, keys);
    struct bus_publisher *publisher = NULL;
    struct bus_subscriber *subscriber = NULL;
    int n = 0;
    assert_int_equal(bus_publisher_create(world->bus, "tcp://127.0.0.1:*", &publisher, NULL), 0);
    assert_int_equal(bus_subscriber_create(world->other, on_event, NULL, &n, &subscriber, NULL), 0);
    struct bus_instance info = {.id = "payments-1", .service = "payments"};
    (void)snprintf(info.events, sizeof(info.events), "%s", bus_publisher_endpoint(publisher));
    bus_subscriber_set_instances(subscriber, &info, 1);
    const uint8_t body[] = "x";
    WAIT_UNTIL(world, (bus_publish_event(publisher, 1, 1, 7, body, sizeof(body)), n > 0));
    bus_subscriber_destroy(&subscriber);
    bus_publisher_destroy(&publisher);
}

static void expect_refused(struct world *world, const char *keys, const char *role, int code,
                           const char *words)
{
    struct bus_conf conf = {.loop = world->loop, .keys = keys, .role = role};
    struct bus *bus = NULL;
    struct err err = {.text = ""};
    assert_int_equal(bus_create(&conf, &bus, &err), code);
    assert_null(bus);
    if (strstr(err.text, words) == NULL)
        fail_msg("\"%s\" says nothing of \"%s\"", err.text, words);
}

static void key_files_are_checked(void **state)
{
    struct world *world = *state;
    char keys[PATH_BYTES], secret[PATH_BYTES + 32], open_key[PATH_BYTES + 32];
    path_of(world, "keys", keys);
    expect_refused(world, keys, "payments", -ENOENT, "curve-payments.key");
    make_keys(keys);
    make_keys(keys); /* changes nothing */
    expect_refused(world, keys, "../x", -EINVAL, "name");
    expect_refused(world, keys, "cli", -ENOENT, "curve-cli.key");

    (void)snprintf(secret, sizeof(secret), "%s/curve-payments.key", keys);
    (void)snprintf(open_key, sizeof(open_key), "%s/curve-gateway.pub", keys);
    struct stat st;
    assert_int_equal(stat(secret, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(secret, 0640), 0);
    expect_refused(world, keys, "payments", -EACCES, "0600");
    assert_int_equal(chmod(secret, 0600), 0);

    assert_int_equal(truncate(open_key, 39), 0);
    expect_refused(world, keys, "payments", -EINVAL, "curve-gateway.pub");
    assert_int_equal(unlink(open_key), 0);
    assert_int_equal(truncate(secret, 0), 0);
    expect_refused(world, keys, "payments", -EINVAL, "curve-payments.key");

    /* a public key of another secret is noticed, not overwritten */
    assert_int_equal(unlink(secret), 0);
    struct err err;
    assert_int_equal(bus_make_keys(keys, "payments", &err), -EINVAL);
    assert_non_null(strstr(err.text, "belong"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

const struct CMUnitTest tests[] = {
    T(a_listed_key_is_served),
    T(an_unlisted_key_is_denied),
    T(an_impostor_is_not_asked),
    T(a_peer_without_curve_is_not_served),
    T(without_its_handler_a_server_serves_nobody),
    T(an_instance_without_a_known_key_is_not_connected),
    T(events_travel_encrypted),
    T(key_files_are_checked),
};

TEST_MAIN(tests)
