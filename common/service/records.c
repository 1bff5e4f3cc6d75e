#include "common/service/records.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "common/bus/bus.h"
#include "common/service/command.h"

#define VERSION_BYTES 4

struct records_reading {
    struct arena *arena;
    size_t open;
    int rc;
    records_fn fn;
    void *arg;
};

/* --- reading ---------------------------------------------------------------------------------- */

static int take(struct till_record *self, const struct store_reply *reply)
{
    size_t len;
    const uint8_t *bytes = (const uint8_t *)store_reply_bytes(reply, &len);
    ProtobufCAllocator allocator;
    self->version = 0;
    self->now = NULL;
    if (store_reply_type(reply) == STORE_REPLY_NIL)
        return 0;
    if (store_reply_type(reply) != STORE_REPLY_BYTES || len < VERSION_BYTES)
        return -EPROTO;
    for (unsigned i = 0; i < VERSION_BYTES; i++)
        self->version |= (uint32_t)bytes[i] << (8 * i);
    bus_arena_allocator(self->reading->arena, &allocator);
    self->now = protobuf_c_message_unpack(self->type, &allocator, len - VERSION_BYTES,
                                          bytes + VERSION_BYTES);
    return self->now == NULL || self->version == 0 ? -EPROTO : 0;
}

static void on_record(void *arg, int rc, const struct store_reply *reply)
{
    struct till_record *self = arg;
    struct records_reading *reading = self->reading;
    if (rc == 0)
        rc = take(self, reply);
    if (rc < 0)
        reading->rc = rc;
    if (--reading->open == 0)
        reading->fn(reading->arg, reading->rc);
}

void records_read(struct store *ledger, unsigned partition, struct arena *arena,
                  struct till_record *records, size_t n, records_fn fn, void *arg)
{
    struct records_reading *reading = arena_alloc(arena, sizeof(*reading));
    ASSERT(n > 0);
    if (reading == NULL) {
        fn(arg, -ENOMEM);
        return;
    }
    *reading = (struct records_reading){arena, n, 0, fn, arg};
    for (size_t i = 0; i < n; i++) {
        struct till_record *record = &records[i];
        char key[KEY_MAX_BYTES];
        record->reading = reading;
        record->next = NULL;
        record->packed = NULL;
        size_t key_len = key_numbered(partition, record->place.bucket, key);
        const char *const argv[] = {"HGET", key, (const char *)record->place.field};
        const size_t lens[] = {4, key_len, record->place.len};
        store_send(ledger, partition, 3, argv, lens, on_record, record);
    }
}

/* --- committing ------------------------------------------------------------------------------- */

static int pack_record(struct arena *arena, struct till_record *self)
{
    if (self->packed != NULL)
        return 0;
    self->packed_len = VERSION_BYTES + protobuf_c_message_get_packed_size(self->next);
    self->packed = arena_alloc(arena, self->packed_len);
    if (self->packed == NULL)
        return -ENOMEM;
    for (unsigned i = 0; i < VERSION_BYTES; i++)
        self->packed[i] = (uint8_t)((self->version + 1) >> (8 * i));
    (void)protobuf_c_message_pack(self->next, self->packed + VERSION_BYTES);
    return 0;
}

static int add_records(struct arena *arena, const struct records_commit *in, struct commit *ret)
{
    for (size_t i = 0; i < in->n_records; i++) {
        struct till_record *record = &in->records[i];
        if (record->next == NULL)
            continue;
        if (ret->n_records == COMMIT_RECORDS_MAX || pack_record(arena, record) < 0)
            return -ENOMEM;
        ret->records[ret->n_records++] = (struct commit_record){
            .key = record->key,
            .key_len = key_numbered(in->partition, record->place.bucket, record->key),
            .field = (const char *)record->place.field,
            .field_len = record->place.len,
            .expected_version = record->version,
            .value = record->packed,
            .value_len = record->packed_len,
        };
    }
    return 0;
}

static int pack_event(struct arena *arena, struct records_commit *self, const struct commit *commit)
{
    uint8_t request[EVENT_REQUEST_BYTES];
    if (self->event_bytes != NULL)
        return 0;
    self->event->at_ms = self->now_ms;
    event_set_request(self->event, &self->id, self->fingerprint, commit->answer, commit->answer_len,
                      request);
    self->event_len = protobuf_c_message_get_packed_size(&self->event->base);
    self->event_bytes = arena_alloc(arena, self->event_len);
    if (self->event_bytes != NULL)
        (void)protobuf_c_message_pack(&self->event->base, self->event_bytes);
    return self->event_bytes == NULL ? -ENOMEM : 0;
}

int records_commit(struct store *ledger, struct arena *arena, struct records_commit *self,
                   commit_fn fn, void *arg)
{
    struct commit commit;
    uint8_t answer[COMMIT_ANSWER_MAX_BYTES];
    commit_init(&commit);
    commit.partition = self->partition;
    commit.id = self->id;
    commit.fingerprint = self->fingerprint;
    commit.now_ms = self->now_ms;
    commit.answer = answer;
    if (self->answer != NULL) {
        commit.answer_len = protobuf_c_message_get_packed_size(self->answer);
        if (commit.answer_len > sizeof(answer))
            return -EMSGSIZE;
        (void)protobuf_c_message_pack(self->answer, answer);
    }
    if (pack_event(arena, self, &commit) < 0 || add_records(arena, self, &commit) < 0)
        return -ENOMEM;
    commit.event = self->event_bytes;
    commit.event_len = self->event_len;
    return commit_send(ledger, &commit, fn, arg);
}
