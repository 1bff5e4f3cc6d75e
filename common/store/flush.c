#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/store/functions.h"
#include "common/store/link.h"
#include "common/store/packed.h"
#include "common/store/views.h"

#define NUMBER_MAX_BYTES 24
#define SCORE_MAX (1LL << 53) /* Redis keeps scores as doubles */
#define ARGS_FIXED 9          /* FCALL, name, number of keys, lease, checkpoint, four arguments */
#define ARGS_MAX (ARGS_FIXED + FLUSH_KEYS_MAX)

/* Operations and answers of views.lua. */
enum operation {
    OPERATION_INCR = 1,
    OPERATION_SET,
    OPERATION_PUSH,
    OPERATION_SCHEDULE,
    OPERATION_EXPIRE,
};
enum { ANSWER_DONE = 0, ANSWER_FENCED = 1, ANSWER_STALE = 2 };

struct flush_key {
    char text[KEY_MAX_BYTES];
    size_t len;
};

struct flush {
    struct store *views;
    char name[VIEW_NAME_MAX_BYTES + 1];
    uint64_t epoch, flushes;
    struct buf checkpoint, operations; /* as views.lua reads them */
    struct map *numbers;               /* key -> its element of keys */
    struct flush_key keys[FLUSH_KEYS_MAX];
    size_t n_keys, n_operations;
    int failed;
    int is_under_way, is_destroyed;
    int may_be_done; /* an attempt at this content ended unknown */
    flush_fn fn;
    void *arg;
};

static void flush_free(struct flush *self)
{
    buf_fini(&self->checkpoint);
    buf_fini(&self->operations);
    map_destroy(&self->numbers);
    free(self);
}

int flush_create(struct store *views, const char *name, struct flush **ret)
{
    size_t len = strnlen(name, VIEW_NAME_MAX_BYTES + 1);
    if (len == 0 || len > VIEW_NAME_MAX_BYTES)
        return -EMSGSIZE;
    struct flush *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->views = views;
    memcpy(self->name, name, len + 1);
    buf_init(&self->checkpoint, FLUSH_MAX_BYTES);
    buf_init(&self->operations, FLUSH_MAX_BYTES);
    self->numbers = map_create();
    *ret = self;
    return 0;
}

void flush_destroy(struct flush **self)
{
    if (*self == NULL)
        return;
    if ((*self)->is_under_way)
        (*self)->is_destroyed = 1;
    else
        flush_free(*self);
    *self = NULL;
}

void flush_begin(struct flush *self, uint64_t epoch, uint64_t flushes)
{
    ASSERT(!self->is_under_way);
    self->epoch = epoch;
    self->flushes = flushes;
    buf_reset(&self->checkpoint);
    buf_reset(&self->operations);
    map_destroy(&self->numbers);
    self->numbers = map_create();
    self->n_keys = self->n_operations = 0;
    self->failed = 0;
    self->may_be_done = 0;
}

size_t flush_bytes(const struct flush *self)
{
    return self->checkpoint.len + self->operations.len;
}

static void put_number(struct buf *to, uint64_t value, int bytes)
{
    uint8_t packed[8];
    put_le(packed, value, bytes);
    (void)buf_append(to, packed, (size_t)bytes);
}

static void put_bytes(struct buf *to, const void *bytes, size_t len, int length_bytes)
{
    put_number(to, len, length_bytes);
    (void)buf_append(to, bytes, len);
}

/* Number of a data key, from 1; 0 when it does not fit any more. */
static size_t key_number(struct flush *self, const char *key)
{
    size_t len = strnlen(key, VIEW_KEY_MAX_BYTES + 1);
    if (len == 0 || len > VIEW_KEY_MAX_BYTES)
        return 0;
    struct flush_key *known = map_get(self->numbers, key, len);
    if (known != NULL)
        return (size_t)(known - self->keys) + 1;
    if (self->n_keys == FLUSH_KEYS_MAX)
        return 0;
    struct flush_key *fresh = &self->keys[self->n_keys++];
    fresh->len = view_key(self->name, key, fresh->text);
    (void)map_put(self->numbers, key, len, fresh);
    return self->n_keys;
}

/* Starts an operation that will take about so many bytes. */
static int start(struct flush *self, enum operation what, const char *key, size_t field_len,
                 size_t value_len)
{
    ASSERT(!self->is_under_way);
    size_t number = field_len > FLUSH_FIELD_MAX_BYTES ? 0 : key_number(self, key);
    size_t bytes = flush_bytes(self);
    if (number == 0 || self->n_operations == FLUSH_OPERATIONS_MAX ||
        value_len > FLUSH_MAX_BYTES - MIN(bytes, (size_t)FLUSH_MAX_BYTES))
        self->failed = -EMSGSIZE;
    if (self->failed != 0)
        return self->failed;
    self->n_operations++;
    put_number(&self->operations, what, 1);
    put_number(&self->operations, number, 2);
    return 0;
}

static int finish(struct flush *self)
{
    if (self->operations.failed != 0 || self->checkpoint.failed != 0 ||
        flush_bytes(self) > FLUSH_MAX_BYTES)
        self->failed = -EMSGSIZE;
    return self->failed;
}

int flush_checkpoint(struct flush *self, const void *field, size_t field_len, const void *value,
                     size_t value_len)
{
    ASSERT(!self->is_under_way);
    if (field_len > FLUSH_FIELD_MAX_BYTES || value_len > FLUSH_MAX_BYTES)
        self->failed = -EMSGSIZE;
    if (self->failed != 0)
        return self->failed;
    put_bytes(&self->checkpoint, field, field_len, 2);
    put_bytes(&self->checkpoint, value, value_len, 4);
    return finish(self);
}

int flush_incr(struct flush *self, const char *key, const void *field, size_t field_len,
               int64_t delta)
{
    if (start(self, OPERATION_INCR, key, field_len, 0) < 0)
        return self->failed;
    put_bytes(&self->operations, field, field_len, 2);
    put_number(&self->operations, (uint64_t)delta, 8);
    return finish(self);
}

int flush_set(struct flush *self, const char *key, const void *field, size_t field_len,
              const void *value, size_t value_len)
{
    if (start(self, OPERATION_SET, key, field_len, value_len) < 0)
        return self->failed;
    put_bytes(&self->operations, field, field_len, 2);
    put_bytes(&self->operations, value, value_len, 4);
    return finish(self);
}

int flush_push(struct flush *self, const char *key, const void *value, size_t value_len)
{
    if (start(self, OPERATION_PUSH, key, 0, value_len) < 0)
        return self->failed;
    put_bytes(&self->operations, value, value_len, 4);
    return finish(self);
}

int flush_schedule(struct flush *self, const char *key, const void *member, size_t member_len,
                   int64_t score)
{
    ASSERT(score < SCORE_MAX && score > -SCORE_MAX);
    if (start(self, OPERATION_SCHEDULE, key, member_len, 0) < 0)
        return self->failed;
    put_bytes(&self->operations, member, member_len, 2);
    put_number(&self->operations, (uint64_t)score, 8);
    return finish(self);
}

int flush_expire(struct flush *self, const char *key, int64_t seconds)
{
    ASSERT(seconds >= 0);
    if (start(self, OPERATION_EXPIRE, key, 0, 0) < 0)
        return self->failed;
    put_number(&self->operations, (uint64_t)seconds, 8);
    return finish(self);
}

static int outcome_read(const struct flush *self, const struct store_reply *reply,
                        enum flush_outcome *ret, uint64_t *ret_flushes)
{
    if (store_reply_count(reply) != 2)
        return -EPROTO;
    *ret_flushes = (uint64_t)store_reply_integer(store_reply_at(reply, 1));
    switch (store_reply_integer(store_reply_at(reply, 0))) {
    case ANSWER_DONE:
        *ret = FLUSH_DONE;
        return 0;
    case ANSWER_FENCED:
        *ret = FLUSH_FENCED;
        return 0;
    case ANSWER_STALE:
        /* under this epoch nobody else flushes: the one more is the attempt without an answer */
        *ret = self->may_be_done && *ret_flushes == self->flushes + 1 ? FLUSH_DONE : FLUSH_STALE;
        return 0;
    default:
        return -EPROTO;
    }
}

static void on_flushed(void *arg, int rc, const struct store_reply *reply)
{
    struct flush *self = arg;
    self->is_under_way = 0;
    if (self->is_destroyed) {
        flush_free(self);
        return;
    }
    enum flush_outcome outcome = FLUSH_STALE;
    uint64_t flushes = 0;
    if (rc == 0)
        rc = store_is_refusal(self->views, reply) ? -EPROTO
                                                  : outcome_read(self, reply, &outcome, &flushes);
    if (rc == -ECONNRESET || rc == -ETIMEDOUT)
        self->may_be_done = 1;
    self->fn(self->arg, rc, outcome, flushes);
}

int flush_send(struct flush *self, flush_fn fn, void *arg)
{
    if (self->is_under_way)
        return -EBUSY;
    if (self->failed != 0)
        return self->failed;
    self->is_under_way = 1;
    self->fn = fn;
    self->arg = arg;
    char lease[KEY_MAX_BYTES], checkpoint[KEY_MAX_BYTES];
    char n_keys[NUMBER_MAX_BYTES], epoch[NUMBER_MAX_BYTES], flushes[NUMBER_MAX_BYTES];
    size_t lens[ARGS_MAX], name_len;
    const char *name = function_name(FUNCTION_FLUSH, &name_len);
    const char *argv[ARGS_MAX] = {"FCALL", name, n_keys, lease, checkpoint};
    lens[0] = strlen("FCALL");
    lens[1] = name_len;
    lens[2] = (size_t)snprintf(n_keys, sizeof(n_keys), "%zu", self->n_keys + 2);
    lens[3] = view_key(self->name, VIEW_KEY_LEASE, lease);
    lens[4] = view_key(self->name, VIEW_KEY_CHECKPOINT, checkpoint);
    int argc = 5;
    for (size_t i = 0; i < self->n_keys; i++) {
        argv[argc] = self->keys[i].text;
        lens[argc++] = self->keys[i].len;
    }
    argv[argc] = epoch;
    lens[argc++] = (size_t)snprintf(epoch, sizeof(epoch), "%" PRIu64, self->epoch);
    argv[argc] = flushes;
    lens[argc++] = (size_t)snprintf(flushes, sizeof(flushes), "%" PRIu64, self->flushes);
    argv[argc] = (const char *)self->checkpoint.data;
    lens[argc++] = self->checkpoint.len;
    argv[argc] = (const char *)self->operations.data;
    lens[argc++] = self->operations.len;
    store_send(self->views, partition_slot(self->name, strlen(self->name)), argc, argv, lens,
               on_flushed, self);
    return 0;
}
