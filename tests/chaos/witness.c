#include "tests/chaos/witness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/archive.h"
#include "common/base/log.h"
#include "common/base/parse.h"

#define ARENA_MAX_BYTES ((size_t)8 * 1024 * 1024 * 1024)
#define WAIT_MS 20000
#define STORED_HEADER_BYTES 20 /* epoch u32, seq u64, fingerprint u64; then the answer */
#define SCAN_COUNT "2000"

/* --- the journals ----------------------------------------------------------------------------- */

struct reading {
    struct witness *witness;
    unsigned partition;
    struct journal_position at;
    size_t n; /* entries of the last answer */
    int rc, is_open;
};

static void add_entry(struct witness *self, unsigned partition, struct journal_position position,
                      const uint8_t *event, size_t len)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    if (self->n_entries == self->entries_capacity) {
        self->entries_capacity = MAX((size_t)65536, 2 * self->entries_capacity);
        self->entries = realloc(self->entries, self->entries_capacity * sizeof(*self->entries));
        ASSERT(self->entries != NULL);
    }
    self->entries[self->n_entries++] = (struct entry){
        .partition = partition,
        .position = position,
        .event = ansinh__v1__event__unpack(&allocator, len, event),
    };
}

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct reading *self = arg;
    self->rc = rc;
    self->n = n;
    self->is_open = 0;
    for (size_t i = 0; i < n; i++)
        add_entry(self->witness, self->partition, entries[i].position, entries[i].event,
                  entries[i].event_len);
    if (n > 0)
        self->at = entries[n - 1].position;
}

static int read_journal(struct witness *self, struct service *svc, unsigned partition)
{
    struct reading reading = {.witness = self, .partition = partition};
    do {
        reading.is_open = 1;
        journal_read(svc->ledger, partition, reading.at, JOURNAL_READ_MAX, on_entries, &reading);
        while (reading.is_open)
            loop_turn(svc->loop, 100);
    } while (reading.rc == 0 && reading.n == JOURNAL_READ_MAX);
    return reading.rc;
}

/* --- the archive ------------------------------------------------------------------------------ */

static int on_record(void *arg, const struct record *record)
{
    if (record->kind == RECORD_ENTRY)
        add_entry(arg, record->partition, record->position, record->data, record->len);
    return 0;
}

static int read_archive(struct witness *self, const struct service *svc, const char *folder,
                        struct err *err)
{
    char keys[2 * CONF_STRING_BYTES];
    struct trusted_keys trusted;
    struct archive *archive = NULL;
    (void)snprintf(keys, sizeof(keys), "%s/archive.pub", svc->conf.keys);
    int rc = trusted_keys_read(keys, &trusted, err);
    if (rc == 0)
        rc = archive_open(folder, &trusted, &archive, err);
    for (uint64_t n = 1; rc == 0 && n <= archive_newest(archive); n++) {
        struct segment *segment = NULL;
        rc = archive_segment(archive, n, &segment, err);
        if (rc == 0)
            rc = segment_each(segment, 0, PARTITIONS - 1, on_record, self, err);
        segment_close(&segment);
    }
    archive_close(&archive);
    return rc;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    if (left->partition != right->partition)
        return left->partition < right->partition ? -1 : 1;
    if (left->position.epoch != right->position.epoch)
        return left->position.epoch < right->position.epoch ? -1 : 1;
    return left->position.seq < right->position.seq ? -1 : left->position.seq > right->position.seq;
}

/* What is in both is kept once. */
static void put_in_order(struct witness *self)
{
    size_t n = 0;
    unsigned partition = 0;
    if (self->n_entries > 0)
        qsort(self->entries, self->n_entries, sizeof(*self->entries), compare_entries);
    for (size_t i = 0; i < self->n_entries; i++) {
        if (n == 0 || compare_entries(&self->entries[n - 1], &self->entries[i]) != 0)
            self->entries[n++] = self->entries[i];
    }
    self->n_entries = n;
    for (size_t i = 0; i < n; i++) {
        while (partition <= self->entries[i].partition)
            self->first[partition++] = i;
    }
    while (partition <= PARTITIONS)
        self->first[partition++] = n;
}

struct entry *witness_find(const struct witness *self, unsigned partition,
                           struct journal_position position)
{
    if (partition >= PARTITIONS)
        return NULL;
    size_t first = self->first[partition], end = self->first[partition + 1];
    if (position.seq - 1 < end - first &&
        self->entries[first + position.seq - 1].position.epoch == position.epoch)
        first += position.seq - 1; /* where it is in an epoch without gaps, the only one so far */
    for (size_t i = first; i < end; i++) {
        struct entry *entry = &self->entries[i];
        if (entry->position.epoch == position.epoch && entry->position.seq == position.seq)
            return entry;
    }
    return NULL;
}

/* --- the stored answers ----------------------------------------------------------------------- */

struct scan {
    struct witness *witness;
    char cursor[32];
    struct buf keys; /* one after another, each ended by NUL */
    unsigned partition;
    int is_bad;
};

static void on_scan(void *arg, int rc, const struct store_reply *reply)
{
    struct scan *self = arg;
    size_t len;
    const char *cursor = store_reply_bytes(store_reply_at(reply, 0), &len);
    const struct store_reply *list = store_reply_at(reply, 1);
    if (rc < 0 || cursor == NULL)
        return;
    (void)snprintf(self->cursor, sizeof(self->cursor), "%s", cursor);
    for (size_t i = 0; i < store_reply_count(list); i++) {
        const char *key = store_reply_bytes(store_reply_at(list, i), &len);
        (void)buf_append(&self->keys, key, len + 1);
    }
}

static void add_stored(struct scan *scan, const char *id, const uint8_t *value, size_t len)
{
    struct witness *self = scan->witness;
    if (self->n_stored == self->stored_capacity) {
        self->stored_capacity = MAX((size_t)65536, 2 * self->stored_capacity);
        self->stored = realloc(self->stored, self->stored_capacity * sizeof(*self->stored));
        ASSERT(self->stored != NULL);
    }
    struct stored *stored = &self->stored[self->n_stored++];
    *stored = (struct stored){.partition = scan->partition, .len = len - STORED_HEADER_BYTES};
    memcpy(stored->id.bytes, id, ID_BYTES);
    scan->is_bad |= answer_unpack(value, len, &stored->position) < 0;
    uint8_t *copy = arena_alloc(self->arena, stored->len + 1);
    ASSERT(copy != NULL);
    memcpy(copy, value + STORED_HEADER_BYTES, stored->len);
    stored->answer = copy;
}

static void on_answers(void *arg, int rc, const struct store_reply *reply)
{
    struct scan *self = arg;
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(reply); i += 2) {
        size_t id_len, len;
        const char *id = store_reply_bytes(store_reply_at(reply, i), &id_len);
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        if (id_len != ID_BYTES || len < STORED_HEADER_BYTES)
            self->is_bad = 1;
        else
            add_stored(self, id, (const uint8_t *)value, len);
    }
}

static int ask(struct service *svc, store_reply_fn fn, void *arg, int argc, const char *const *argv,
               struct err *err)
{
    size_t lens[8];
    for (int i = 0; i < argc; i++)
        lens[i] = strlen(argv[i]);
    return store_ask(svc->ledger, WAIT_MS, argc, argv, lens, fn, arg, err);
}

/* "{p0513xy}:q:20000:7"; the directory's are left out. */
static int read_answers(struct scan *scan, struct service *svc, const char *key, struct err *err)
{
    const char *const argv[] = {"HGETALL", key};
    if (strncmp(key, "{p", 2) != 0)
        return 0;
    scan->partition = (unsigned)strtoul(key + 2, NULL, 10);
    return ask(svc, on_answers, scan, ARRAY_LEN(argv), argv, err);
}

static int read_stored(struct witness *self, struct service *svc, struct err *err)
{
    struct scan scan = {.witness = self, .cursor = "0"};
    int rc = 0;
    buf_init(&scan.keys, ARENA_MAX_BYTES);
    do {
        const char *const argv[] = {"SCAN", scan.cursor, "MATCH", "*:q:*", "COUNT", SCAN_COUNT};
        rc = ask(svc, on_scan, &scan, ARRAY_LEN(argv), argv, err);
    } while (rc == 0 && strcmp(scan.cursor, "0") != 0);
    for (size_t i = 0; rc == 0 && i < scan.keys.len;) {
        const char *key = (const char *)scan.keys.data + i;
        i += strlen(key) + 1;
        rc = read_answers(&scan, svc, key, err);
    }
    buf_fini(&scan.keys);
    return rc == 0 && scan.is_bad ? err_set(err, -EPROTO, "a stored answer is malformed") : rc;
}

int witness_read(struct witness *self, struct service *svc, const char *archive, struct err *err)
{
    *self = (struct witness){.arena = arena_create(ARENA_MAX_BYTES)};
    for (unsigned p = 0; p < PARTITIONS; p++) {
        int rc = read_journal(self, svc, p);
        if (rc < 0)
            return err_set(err, rc, "a journal cannot be read");
    }
    size_t n_kept = self->n_entries;
    int rc = read_archive(self, svc, archive, err); /* second: what was trimmed is in it */
    if (rc < 0)
        return rc;
    put_in_order(self);
    self->n_trimmed = self->n_entries - n_kept;
    return read_stored(self, svc, err);
}

void witness_fini(struct witness *self)
{
    free(self->entries);
    free(self->stored);
    arena_destroy(&self->arena);
}
