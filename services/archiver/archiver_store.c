#include "services/archiver/archiver_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/store/views.h"

#define VIEW "archive"
#define CHECKPOINTS "{v:*}:" VIEW_KEY_CHECKPOINT
#define CHECKED "checked"
#define SCAN_COUNT "1000"
#define POSITION_TEXT_BYTES 48

void archiver_ask_identity(struct store *ledger, const uint8_t citizen[ID_BYTES], store_reply_fn fn,
                           void *arg)
{
    unsigned partition = partition_of(citizen);
    char key[KEY_MAX_BYTES];
    size_t key_len = key_identity(partition, partition_bucket(citizen), key);
    const char *const argv[] = {"HGET", key, partition_field(citizen)};
    const size_t lens[] = {4, key_len, CITIZEN_FIELD_BYTES};
    store_send(ledger, partition, ARRAY_LEN(argv), argv, lens, fn, arg);
}

/* --- the projections -------------------------------------------------------------------------- */

/* One question; freed with its answer. */
struct consumers {
    struct store *views;
    consumers_fn fn;
    void *arg;
    char keys[CONSUMERS_MAX_VIEWS][KEY_MAX_BYTES];
    size_t n_keys, asked;
    struct journal_position least[PARTITIONS], one[PARTITIONS];
};

static void consumers_end(struct consumers *self, int rc)
{
    self->fn(self->arg, rc, self->n_keys, self->least);
    free(self);
}

static int is_before(struct journal_position a, struct journal_position b)
{
    return a.epoch != b.epoch ? a.epoch < b.epoch : a.seq < b.seq;
}

/* "17" and "1-42" */
static int take_position(struct consumers *self, const char *field, const char *value)
{
    char copy[POSITION_TEXT_BYTES];
    int64_t partition, epoch, seq;
    (void)snprintf(copy, sizeof(copy), "%s", value);
    char *dash = strchr(copy, '-');
    if (dash == NULL)
        return -EPROTO;
    *dash = '\0';
    if (parse_int64(field, 0, PARTITIONS - 1, &partition) < 0 ||
        parse_int64(copy, 1, UINT32_MAX, &epoch) < 0 ||
        parse_int64(dash + 1, 1, INT64_MAX, &seq) < 0)
        return -EPROTO;
    self->one[partition] = (struct journal_position){(uint32_t)epoch, (uint64_t)seq};
    return 0;
}

static void ask_next(struct consumers *self);

static void on_checkpoint(void *arg, int rc, const struct store_reply *reply)
{
    struct consumers *self = arg;
    size_t len;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    memset(self->one, 0, sizeof(self->one));
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(reply); i += 2) {
        const char *field = store_reply_bytes(store_reply_at(reply, i), &len);
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        rc = field == NULL || value == NULL ? -EPROTO : take_position(self, field, value);
    }
    for (unsigned p = 0; rc == 0 && p < PARTITIONS; p++) {
        if (self->asked == 0 || is_before(self->one[p], self->least[p]))
            self->least[p] = self->one[p];
    }
    self->asked++;
    if (rc < 0)
        consumers_end(self, rc);
    else
        ask_next(self);
}

static void ask_next(struct consumers *self)
{
    if (self->asked == self->n_keys)
        consumers_end(self, 0);
    else
        store_send_text(self->views, 0, on_checkpoint, self, "HGETALL", self->keys[self->asked],
                        NULL);
}

static int take_key(struct consumers *self, const char *key)
{
    for (size_t i = 0; i < self->n_keys; i++) {
        if (strcmp(self->keys[i], key) == 0) /* a scan may tell a key twice */
            return 0;
    }
    if (self->n_keys == CONSUMERS_MAX_VIEWS || strlen(key) >= KEY_MAX_BYTES)
        return -E2BIG;
    (void)snprintf(self->keys[self->n_keys++], KEY_MAX_BYTES, "%s", key);
    return 0;
}

static void on_keys(void *arg, int rc, const struct store_reply *reply);

static void scan_on(struct consumers *self, const char *cursor)
{
    store_send_text(self->views, 0, on_keys, self, "SCAN", cursor, "MATCH", CHECKPOINTS, "COUNT",
                    SCAN_COUNT, NULL);
}

static void on_keys(void *arg, int rc, const struct store_reply *reply)
{
    struct consumers *self = arg;
    size_t len;
    const char *cursor = store_reply_bytes(store_reply_at(reply, 0), &len);
    const struct store_reply *keys = store_reply_at(reply, 1);
    if (rc == 0 && cursor == NULL)
        rc = -EPROTO;
    for (size_t i = 0; rc == 0 && i < store_reply_count(keys); i++) {
        const char *key = store_reply_bytes(store_reply_at(keys, i), &len);
        rc = key == NULL ? -EPROTO : take_key(self, key);
    }
    if (rc < 0)
        consumers_end(self, rc);
    else if (strcmp(cursor, "0") != 0)
        scan_on(self, cursor);
    else
        ask_next(self);
}

void archiver_ask_consumers(struct store *views, consumers_fn fn, void *arg)
{
    struct consumers *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->views = views;
    self->fn = fn;
    self->arg = arg;
    scan_on(self, "0");
}

/* --- trimming --------------------------------------------------------------------------------- */

void archiver_trim(struct store *ledger, unsigned partition, struct journal_position first_kept,
                   store_reply_fn fn, void *arg)
{
    char key[KEY_MAX_BYTES], least[POSITION_TEXT_BYTES];
    (void)key_journal(partition, key);
    (void)snprintf(least, sizeof(least), "%" PRIu32 "-%" PRIu64, first_kept.epoch, first_kept.seq);
    store_send_text(ledger, partition, fn, arg, "XTRIM", key, "MINID", "=", least, NULL);
}

void archiver_ask_checked(struct store *views, store_reply_fn fn, void *arg)
{
    char key[KEY_MAX_BYTES];
    (void)view_key(VIEW, CHECKED, key);
    store_send_text(views, 0, fn, arg, "GET", key, NULL);
}

void archiver_note_checked(struct store *views, uint64_t segment)
{
    char key[KEY_MAX_BYTES], number[24];
    (void)view_key(VIEW, CHECKED, key);
    (void)snprintf(number, sizeof(number), "%" PRIu64, segment);
    store_send_text(views, 0, NULL, NULL, "SET", key, number, NULL);
}
