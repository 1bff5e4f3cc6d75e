#include "tests/support/test.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "tests/power/orders.h"

#define BUCKETS 4U
#define EVENT_MAX_BYTES 1500
#define AMOUNT_VND(i) (1000 + (int64_t)(i))

enum { IN_JOURNAL = 1, IN_RECORDS = 2, IN_ALIASES = 4, IN_IDENTITIES = 8, IN_ANSWERS = 16 };

struct order {
    struct orders *all;
    struct request_id id;
    int is_acknowledged, is_waiting; /* waiting: to be sent (again) */
    struct journal_position position;
    unsigned seen; /* by the check */
    uint64_t seen_seq, answer_seq;
};

struct orders {
    struct store_fixture *f;
    struct order list[ORDERS_MAX];
    unsigned n_started, n_acknowledged, n_waiting, n_unknown, n_turned_away;
};

struct orders *orders_create(struct store_fixture *f)
{
    struct orders *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->f = f;
    return self;
}

void orders_destroy(struct orders **self)
{
    free(*self);
    *self = NULL;
}

static int has_identity(unsigned i)
{
    return i % 5 == 0;
}

static void on_commit(void *arg, int rc, const struct commit_result *result)
{
    struct order *order = arg;
    struct orders *self = order->all;
    if (rc != 0) {
        assert_true(rc == -ECONNRESET || rc == -ETIMEDOUT || rc == -EAGAIN);
        self->n_unknown += rc != -EAGAIN;
        self->n_turned_away += rc == -EAGAIN;
        order->is_waiting = 1;
        self->n_waiting++;
        return;
    }
    assert_true(result->outcome == COMMIT_DONE || result->outcome == COMMIT_KNOWN);
    assert_false(order->is_acknowledged);
    order->is_acknowledged = 1;
    order->position = result->position;
    self->n_acknowledged++;
}

static void order_send(struct orders *self, unsigned i)
{
    static struct commit commit;
    static const uint8_t filler[EVENT_MAX_BYTES] = {0};
    char record_key[KEY_MAX_BYTES], alias_key[KEY_MAX_BYTES], identity_key[KEY_MAX_BYTES];
    uint8_t value[40] = {1}, event[EVENT_MAX_BYTES];
    struct order *order = &self->list[i];
    memcpy(value + 4, &i, sizeof(i));
    memcpy(event, filler, sizeof(event));
    memcpy(event, &i, sizeof(i));
    commit_init(&commit);
    commit.partition = i % ORDERS_PARTITIONS;
    commit.id = order->id;
    commit.fingerprint = i;
    commit.now_ms = clock_wall_ms();
    unsigned bucket = i / ORDERS_PARTITIONS % BUCKETS;
    commit.records[0] = (struct commit_record){record_key,
                                               key_citizen(commit.partition, bucket, record_key),
                                               (const char *)&i,
                                               sizeof(i),
                                               0,
                                               value,
                                               sizeof(value)};
    commit.records[1] = (struct commit_record){alias_key,
                                               key_alias(commit.partition, bucket, alias_key),
                                               (const char *)&i,
                                               sizeof(i),
                                               0,
                                               value,
                                               8};
    commit.n_records = 2;
    if (has_identity(i)) {
        commit.identity_key = identity_key;
        commit.identity_key_len = key_identity(commit.partition, bucket, identity_key);
        commit.identity_field = (const char *)&i;
        commit.identity_field_len = sizeof(i);
        commit.identity = value;
        commit.identity_len = sizeof(value);
    }
    commit.totals[TOTAL_PAYMENTS] = 1;
    commit.totals[TOTAL_PARTICIPANT_VND] = AMOUNT_VND(i);
    commit.event = event;
    commit.event_len = sizeof(i) + i * 37 % (EVENT_MAX_BYTES - sizeof(i));
    commit.answer = (const uint8_t *)&i;
    commit.answer_len = sizeof(i);
    assert_int_equal(commit_send(self->f->store, &commit, on_commit, order), 0);
}

void orders_turn(struct orders *self, unsigned window)
{
    /* nothing is sent while no connection is up: it would come back at once */
    if (store_links_up(self->f->store) > 0) {
        for (unsigned i = 0; self->n_waiting > 0 && i < self->n_started; i++) {
            if (!self->list[i].is_waiting)
                continue;
            self->list[i].is_waiting = 0;
            self->n_waiting--;
            order_send(self, i);
        }
        while (self->n_started < ORDERS_MAX && orders_open(self) < window) {
            struct order *order = &self->list[self->n_started];
            order->all = self;
            request_id_make(clock_wall_ms(), &order->id);
            order_send(self, self->n_started++);
        }
    }
    loop_turn(self->f->loop, 10);
}

unsigned orders_acknowledged(const struct orders *self)
{
    return self->n_acknowledged;
}

unsigned orders_open(const struct orders *self)
{
    return self->n_started - self->n_acknowledged;
}

unsigned orders_unknown(const struct orders *self)
{
    return self->n_unknown;
}

unsigned orders_turned_away(const struct orders *self)
{
    return self->n_turned_away;
}

/* --- the check --- */

struct partition_check {
    struct orders *orders;
    unsigned partition;
    uint64_t last_seq;
    int64_t sum_vnd;
};

/* The number of an order that stands at the start of a field or value. */
static struct order *order_at(struct partition_check *self, const redisReply *reply, size_t at)
{
    unsigned i;
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    assert_true(reply->len >= at + sizeof(i));
    memcpy(&i, reply->str + at, sizeof(i));
    assert_true(i < self->orders->n_started);
    assert_int_equal(i % ORDERS_PARTITIONS, self->partition);
    return &self->orders->list[i];
}

static void saw(struct order *order, unsigned where)
{
    assert_int_equal(order->seen & where, 0);
    order->seen |= where;
}

static void check_journal(struct partition_check *self, const redisReply *entries)
{
    assert_int_equal(entries->type, REDIS_REPLY_ARRAY);
    for (size_t e = 0; e < entries->elements; e++) {
        const redisReply *entry = entries->element[e];
        struct order *order = order_at(self, entry->element[1]->element[1], 0);
        char want[32];
        (void)snprintf(want, sizeof(want), "1-%zu", e + 1);
        assert_string_equal(entry->element[0]->str, want);
        saw(order, IN_JOURNAL);
        order->seen_seq = e + 1;
        self->sum_vnd += AMOUNT_VND(order - self->orders->list);
    }
    self->last_seq = entries->elements;
}

static void check_totals(struct partition_check *self, const redisReply *reply)
{
    struct totals totals;
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    assert_int_equal(totals_unpack(reply->str, reply->len, &totals), 0);
    assert_int_equal(totals.last_seq, self->last_seq);
    assert_int_equal(totals.values[TOTAL_PAYMENTS], self->last_seq);
    assert_int_equal(totals.values[TOTAL_PARTICIPANT_VND], self->sum_vnd);
}

static void check_hash(struct partition_check *self, const redisReply *pairs, unsigned where)
{
    assert_int_equal(pairs->type, REDIS_REPLY_ARRAY);
    for (size_t i = 0; i < pairs->elements; i += 2) {
        const redisReply *value = pairs->element[i + 1];
        if (where == IN_ANSWERS) {
            struct journal_position position;
            struct order *order = order_at(self, value, 20);
            assert_memory_equal(pairs->element[i]->str, order->id.bytes, ID_BYTES);
            assert_int_equal(answer_unpack(value->str, value->len, &position), 0);
            assert_int_equal(answer_fingerprint(value->str), order - self->orders->list);
            order->answer_seq = position.seq;
            saw(order, where);
        } else {
            struct order *order = order_at(self, pairs->element[i], 0);
            assert_ptr_equal(order_at(self, value, 4), order);
            saw(order, where);
        }
    }
}

static void check_key(struct partition_check *self, const char *key, const char *letter)
{
    struct redis_server *server = self->orders->f->server;
    static const struct {
        char letter;
        unsigned where;
    } kinds[] = {{'c', IN_RECORDS}, {'a', IN_ALIASES}, {'i', IN_IDENTITIES}, {'q', IN_ANSWERS}};
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        if (kinds[k].letter != *letter)
            continue;
        redisReply *pairs = redis_server_do(server, "HGETALL", key, NULL);
        check_hash(self, pairs, kinds[k].where);
        freeReplyObject(pairs);
        return;
    }
    assert_true(strcmp(letter, "t") == 0 || strcmp(letter, "log") == 0);
}

static void check_partition(struct orders *orders, unsigned partition)
{
    struct partition_check self = {.orders = orders, .partition = partition};
    struct redis_server *server = orders->f->server;
    char key[KEY_MAX_BYTES], pattern[KEY_MAX_BYTES];
    (void)key_journal(partition, key);
    redisReply *entries = redis_server_do(server, "XRANGE", key, "-", "+", NULL);
    check_journal(&self, entries);
    freeReplyObject(entries);
    (void)key_totals(partition, key);
    redisReply *totals = redis_server_do(server, "GET", key, NULL);
    if (self.last_seq > 0 || totals->type != REDIS_REPLY_NIL)
        check_totals(&self, totals);
    freeReplyObject(totals);
    size_t tag_len = strlen(partition_tag(partition));
    (void)snprintf(pattern, sizeof(pattern), "%s:*", partition_tag(partition));
    redisReply *keys = redis_server_do(server, "KEYS", pattern, NULL);
    for (size_t i = 0; i < keys->elements; i++)
        check_key(&self, keys->element[i]->str, keys->element[i]->str + tag_len + 1);
    freeReplyObject(keys);
}

unsigned orders_check(struct orders *self, unsigned *ret_found)
{
    unsigned n_found = 0, n_lost = 0;
    for (unsigned i = 0; i < self->n_started; i++)
        self->list[i].seen = 0;
    for (unsigned p = 0; p < ORDERS_PARTITIONS; p++)
        check_partition(self, p);
    for (unsigned i = 0; i < self->n_started; i++) {
        const struct order *order = &self->list[i];
        unsigned whole = IN_JOURNAL | IN_RECORDS | IN_ALIASES | IN_ANSWERS;
        whole |= has_identity(i) ? IN_IDENTITIES : 0U;
        if (order->seen != 0) {
            assert_int_equal(order->seen, whole);
            assert_int_equal(order->answer_seq, order->seen_seq);
            n_found++;
        }
        if (order->is_acknowledged && (order->seen == 0 || order->seen_seq != order->position.seq))
            n_lost++;
    }
    if (ret_found != NULL)
        *ret_found = n_found;
    return n_lost;
}
