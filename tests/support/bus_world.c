#include "tests/support/test.h"
#include "tests/support/bus_world.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/health.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"

#define METHODS_MAX 32 /* of the Payments service */
#define ARENA_BYTES 65536
#define WINDOW 8
#define WAITING_MAX 16
#define REQUESTS_MAX 64

int world_setup(void **state)
{
    struct world *self = calloc(1, sizeof(*self));
    assert_non_null(self);
    (void)snprintf(self->dir, sizeof(self->dir), "/tmp/ansinh-bus-XXXXXX");
    assert_non_null(mkdtemp(self->dir));
    self->loop = loop_create();
    struct bus_conf conf = {.loop = self->loop, .keys = "", .role = "test"};
    assert_int_equal(bus_create(&conf, &self->bus, NULL), 0);
    *state = self;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

int world_teardown(void **state)
{
    struct world *self = *state;
    bus_client_destroy(&self->client);
    bus_client_destroy(&self->other_client);
    for (size_t i = 0; i < WORLD_SERVERS_MAX; i++)
        bus_server_destroy(&self->servers[i]);
    bus_destroy(&self->other);
    bus_destroy(&self->bus);
    loop_destroy(&self->loop);
    int rc = nftw(self->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(self);
    return rc;
}

static void peer_answer(struct peer *self, struct bus_request *request)
{
    Ansinh__V1__PayResponse paid;
    Ansinh__V1__GetPaymentResponse payment;
    if (strcmp(request->method, "ansinh.v1.Payments/Pay") == 0) {
        ansinh__v1__pay_response__init(&paid);
        paid.payment_id = self->info.id;
        bus_reply(request, &paid.base);
    } else if (strcmp(request->method, "ansinh.v1.Payments/GetPayment") == 0) {
        ansinh__v1__get_payment_response__init(&payment);
        payment.payment_id = self->info.id;
        bus_reply(request, &payment.base);
    } else {
        bus_reply_packed(request, request->body, request->body_len);
    }
}

static void on_call(void *arg, struct bus_request *request)
{
    struct peer *self = arg;
    self->n_calls++;
    self->last_id = request->id;
    self->last_fingerprint = request->fingerprint;
    (void)snprintf(self->last_caller, sizeof(self->last_caller), "%s", request->caller);
    (void)snprintf(self->last_trace_id, sizeof(self->last_trace_id), "%s", request->trace_id);
    (void)snprintf(self->last_partner, sizeof(self->last_partner), "%s", request->partner);
    switch (self->mood) {
    case ANSWERS:
        peer_answer(self, request);
        break;
    case HOLDS:
        assert_true(self->n_held < PEER_HELD_MAX);
        self->held[self->n_held++] = request;
        break;
    case REFUSES:
        bus_fail_retry(request, ANSINH__V1__CODE__CODE_UNAVAILABLE, self->retry_after_ms, "no");
        break;
    case EXHAUSTED:
        bus_fail_retry(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, self->retry_after_ms,
                       "full");
        break;
    case REJECTS:
        bus_fail(request, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "amount_vnd",
                 "the bill says %d", 42);
        break;
    }
}

static void on_check(void *arg, struct bus_request *request)
{
    struct peer *self = arg;
    self->n_pings++;
    Ansinh__V1__CheckResponse response;
    ansinh__v1__check_response__init(&response);
    if (self->is_mute)
        request->deadline_ms = 0; /* expired: the answer is dropped */
    bus_reply(request, &response.base);
}

static void on_stats(void *arg, struct bus_request *request)
{
    (void)arg;
    bus_fail(request, ANSINH__V1__CODE__CODE_UNIMPLEMENTED, "", "not in this test");
}

static struct bus_server **find_server(struct world *world, const struct bus_server *server)
{
    for (size_t i = 0; i < WORLD_SERVERS_MAX; i++)
        if (world->servers[i] == server)
            return &world->servers[i];
    fail_msg("no place for a server");
    return NULL;
}

void peer_start_at(struct peer *self, struct world *world, struct bus *bus, const char *id,
                   const char *endpoint, unsigned requests_max)
{
    const ProtobufCServiceDescriptor *payments = &ansinh__v1__payments__descriptor;
    struct bus_method methods[METHODS_MAX];
    static const struct bus_method health[] = {
        {"Check", on_check, BUS_URGENT},
        {"Stats", on_stats, 0},
    };
    struct bus_server_conf conf = {
        .endpoint = endpoint,
        .requests_max = requests_max == 0 ? REQUESTS_MAX : requests_max,
        .arena_bytes = ARENA_BYTES,
    };
    struct err err = {.text = ""};
    /* libzmq closes the socket of a peer that was just stopped in its own time */
    int64_t until_ms = clock_mono_ms() + WORLD_WAIT_MS;
    int rc;
    while ((rc = bus_server_create(bus, &conf, &self->server, &err)) == -EADDRINUSE &&
           clock_mono_ms() < until_ms)
        loop_turn(world->loop, 5);
    if (rc < 0)
        fail_msg("%s", err.text);
    self->world = world;
    *find_server(world, NULL) = self->server;
    assert_true(payments->n_methods <= METHODS_MAX);
    for (unsigned i = 0; i < payments->n_methods; i++) {
        const char *name = payments->methods[i].name;
        int is_pay = strcmp(name, "Pay") == 0;
        methods[i] = (struct bus_method){name, on_call, is_pay ? BUS_COMMAND | BUS_URGENT : 0};
    }
    bus_server_add(self->server, payments, methods, payments->n_methods, self);
    bus_server_add(self->server, &ansinh__v1__health__descriptor, health, ARRAY_LEN(health), self);
    (void)snprintf(self->info.id, sizeof(self->info.id), "%s", id);
    (void)snprintf(self->info.service, sizeof(self->info.service), "payments");
    (void)snprintf(self->info.endpoint, sizeof(self->info.endpoint), "%s",
                   bus_server_endpoint(self->server));
}

void peer_start(struct peer *self, struct world *world, const char *id, unsigned requests_max)
{
    char endpoint[BUS_ENDPOINT_BYTES];
    (void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/%s.sock", world->dir, id);
    peer_start_at(self, world, world->bus, id, endpoint, requests_max);
}

void peer_stop(struct peer *self)
{
    if (self->server != NULL)
        *find_server(self->world, self->server) = NULL;
    bus_server_destroy(&self->server);
    self->n_held = 0;
}

void peer_release(struct peer *self)
{
    for (unsigned i = 0; i < self->n_held; i++)
        peer_answer(self, self->held[i]);
    self->n_held = 0;
}

struct bus_client *world_client(struct world *self, struct bus *bus, int64_t try_ms,
                                int64_t ping_ms)
{
    struct bus_client_conf conf = {
        .caller = "test-1",
        .window = WINDOW,
        .waiting_max = WAITING_MAX,
        .try_ms = try_ms,
        .ping_ms = ping_ms,
    };
    assert_int_equal(bus_client_create(bus, &conf, &self->client, NULL), 0);
    return self->client;
}

void world_introduce(struct world *self, struct peer *const *peers, size_t n)
{
    struct bus_instance infos[8];
    assert_true(n <= ARRAY_LEN(infos));
    for (size_t i = 0; i < n; i++)
        infos[i] = peers[i]->info;
    bus_client_set_instances(self->client, infos, n);
}

void world_open_one(struct world *self, struct peer *peer, int64_t try_ms, int64_t ping_ms)
{
    peer_start(peer, self, "payments-1", 0);
    world_client(self, self->bus, try_ms, ping_ms);
    world_introduce(self, (struct peer *[]){peer}, 1);
    WAIT_UNTIL(self, bus_client_count(self->client, "payments") == 1);
}

void world_close_one(struct world *self, struct peer *peer)
{
    bus_client_destroy(&self->client);
    peer_stop(peer);
}

void pair_open(struct world *world, struct pair *self, int64_t try_ms, int64_t ping_ms)
{
    memset(self, 0, sizeof(*self));
    peer_start(&self->one, world, "payments-1", 0);
    peer_start(&self->two, world, "payments-2", 0);
    world_client(world, world->bus, try_ms, ping_ms);
    world_introduce(world, (struct peer *[]){&self->one, &self->two}, 2);
    WAIT_UNTIL(world, bus_client_count(world->client, "payments") == 2);
}

void pair_close(struct world *world, struct pair *self)
{
    bus_client_destroy(&world->client);
    peer_stop(&self->one);
    peer_stop(&self->two);
}

struct bus_client_stats world_stats(const struct world *self)
{
    struct bus_client_stats stats;
    bus_client_stats_get(self->client, &stats);
    return stats;
}

void on_outcome(void *arg, const struct bus_answer *answer)
{
    struct outcome *self = arg;
    self->n++;
    self->code = answer->code;
    self->retry_after_ms = answer->retry_after_ms;
    (void)snprintf(self->message, sizeof(self->message), "%s", answer->message);
    (void)snprintf(self->field, sizeof(self->field), "%s", answer->field);
    if (answer->code != ANSINH__V1__CODE__CODE_UNSPECIFIED)
        return;
    /* the payment id is field 1 of both responses */
    Ansinh__V1__PayResponse *paid =
        ansinh__v1__pay_response__unpack(NULL, answer->body_len, answer->body);
    assert_non_null(paid);
    (void)snprintf(self->payment_id, sizeof(self->payment_id), "%s", paid->payment_id);
    ansinh__v1__pay_response__free_unpacked(paid, NULL);
}

void world_pay(struct world *self, int64_t timeout_ms, struct outcome *ret)
{
    struct request_id id;
    request_id_make(clock_wall_ms(), &id);
    struct bus_call call = {
        .service = "payments",
        .method = "ansinh.v1.Payments/Pay",
        .id = &id,
        .timeout_ms = timeout_ms,
        .trace_id = "trace-1",
        .partner = "VNPOST",
    };
    Ansinh__V1__PayRequest request;
    ansinh__v1__pay_request__init(&request);
    request.amount_vnd = 297000;
    memset(ret, 0, sizeof(*ret));
    bus_call(self->client, &call, &request.base, on_outcome, ret);
    assert_int_equal(ret->n, 0);
}

void world_read_at(struct world *self, const char *instance, int64_t timeout_ms,
                   struct outcome *ret)
{
    struct bus_call call = {
        .service = "payments",
        .instance = instance,
        .method = "ansinh.v1.Payments/GetPayment",
        .timeout_ms = timeout_ms,
    };
    memset(ret, 0, sizeof(*ret));
    bus_call_packed(self->client, &call, NULL, 0, on_outcome, ret);
    assert_int_equal(ret->n, 0);
}

void world_read(struct world *self, int64_t timeout_ms, struct outcome *ret)
{
    world_read_at(self, NULL, timeout_ms, ret);
}
