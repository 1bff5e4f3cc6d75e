#include "services/cli/restore_target.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OPEN_MAX 20000
#define BYTES_MAX ((size_t)16 * 1024 * 1024)

static void on_done(void *arg, int rc, const struct store_reply *reply)
{
    struct restore_target *self = arg;
    size_t len = 0;
    const char *why = store_reply_bytes(reply, &len);
    if (rc == 0 && store_reply_type(reply) == STORE_REPLY_ERROR)
        rc = -EPROTO;
    if (rc < 0 && self->rc == 0)
        self->rc = err_set(&self->err, rc, "the new ledger cannot be written: %.100s",
                           why == NULL ? strerror(-rc) : why);
    self->open--;
}

int target_wait(struct restore_target *self)
{
    while (self->open > 0) /* the store answers every command in bounded time */
        loop_turn(self->loop, 100);
    self->bytes = 0;
    return self->rc;
}

void target_send(struct restore_target *self, unsigned partition, int argc, const char *const *argv,
                 const size_t *lens)
{
    if (self->rc < 0)
        return;
    for (int i = 0; i < argc; i++)
        self->bytes += lens[i];
    self->open++;
    store_send(self->store, partition, argc, argv, lens, on_done, self);
}

int target_pace(struct restore_target *self)
{
    return self->open >= OPEN_MAX || self->bytes >= BYTES_MAX ? target_wait(self) : self->rc;
}

void target_entry(struct restore_target *self, unsigned partition, struct journal_position position,
                  const uint8_t *event, size_t len)
{
    char key[KEY_MAX_BYTES], id[48];
    size_t key_len = key_journal(partition, key);
    int id_len = snprintf(id, sizeof(id), "%" PRIu32 "-%" PRIu64, position.epoch, position.seq);
    const char *argv[] = {"XADD", key, id, "e", (const char *)event};
    const size_t lens[] = {4, key_len, (size_t)id_len, 1, len};
    target_send(self, partition, ARRAY_LEN(argv), argv, lens);
}

void target_field(struct restore_target *self, unsigned partition, const char *key, size_t key_len,
                  const void *field, size_t field_len, const void *value, size_t value_len)
{
    const char *argv[] = {"HSET", key, field, value};
    const size_t lens[] = {4, key_len, field_len, value_len};
    target_send(self, partition, ARRAY_LEN(argv), argv, lens);
}

void target_identity(struct restore_target *self, const uint8_t citizen[ID_BYTES],
                     const uint8_t *sealed, size_t len)
{
    char key[KEY_MAX_BYTES];
    unsigned partition = partition_of(citizen);
    size_t key_len = key_identity(partition, partition_bucket(citizen), key);
    target_field(self, partition, key, key_len, partition_field(citizen), CITIZEN_FIELD_BYTES,
                 sealed, len);
}

void target_totals(struct restore_target *self, unsigned partition, const struct totals *totals)
{
    char key[KEY_MAX_BYTES];
    uint8_t packed[TOTALS_BYTES];
    totals_pack(totals, packed);
    size_t key_len = key_totals(partition, key);
    const char *argv[] = {"SET", key, (const char *)packed};
    const size_t lens[] = {3, key_len, sizeof(packed)};
    target_send(self, partition, ARRAY_LEN(argv), argv, lens);
}
