/* What follows from a partition's journal: records, aliases, reference rows, stored answers,
 * totals, and the entry that says that the ledger was restored. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/command.h"
#include "services/cli/progress.h"
#include "services/cli/restore.h"
#include "services/cli/verify_fold.h"
#include "services/cli/verify_transactions.h"

#define WINDOW JOURNAL_READ_MAX
#define EVENT_ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define VERSION_BYTES 4
#define TIME_BYTES 8
#define POSITION_BYTES 12
#define FINGERPRINT_BYTES 8
#define STORED_BYTES (POSITION_BYTES + FINGERPRINT_BYTES + ANSWER_LOST_BYTES)
#define ROW_MAX_BYTES (VERSION_BYTES + COMMIT_VALUE_MAX_BYTES)
#define DAY_MS (86400LL * 1000)
#define ANSWER_DAYS 4 /* that answers are kept, from the day of their id on */

#define ANSWER_BUCKETS 16

#define GROUP 32 /* partitions at once */

/* Answers of a day whose ids end alike. */
struct bucket {
    struct round *round;
    char key[KEY_MAX_BYTES];
    int32_t day;
};

/* One partition. */
struct round {
    struct records *records;
    struct restore *restore;
    unsigned partition;
    struct fold *fold;
    uint8_t *answered; /* a bit per entry: the surviving ledger had its answer */
    uint8_t expires[ANSWER_DAYS + 2][ANSWER_BUCKETS];
    struct bucket buckets[(ANSWER_DAYS + 2) * ANSWER_BUCKETS];
};

/* Partitions are read in groups, so that few answers are waited for one by one. */
struct records {
    struct restore *restore;
    struct arena *arena; /* of one event */
    int32_t first_day;   /* whose answers are kept */
    struct round rounds[GROUP];
    unsigned n;    /* of the group */
    unsigned open; /* answers to come */
    int rc;
};

static void put_number(uint8_t *to, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

/* --- the fold --------------------------------------------------------------------------------- */

static void read_on(struct round *self);

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct round *self = arg;
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->records->arena, &allocator);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        arena_reset(self->records->arena);
        fold_apply(self->fold, entries[i].position,
                   ansinh__v1__event__unpack(&allocator, entries[i].event_len, entries[i].event));
    }
    if (rc < 0)
        self->records->rc = rc;
    self->records->open--;
    if (rc == 0 && n == WINDOW)
        read_on(self);
}

static void read_on(struct round *self)
{
    self->records->open++;
    journal_read(self->restore->target.store, self->partition, self->fold->at, WINDOW, on_entries,
                 self);
}

static int fold_journals(struct records *self)
{
    for (unsigned i = 0; i < self->n; i++)
        read_on(&self->rounds[i]);
    verify_wait(&self->restore->verify, &self->open);
    if (self->rc < 0)
        return cli_fail(1, "the new ledger cannot be read: %s", strerror(-self->rc));
    for (unsigned i = 0; i < self->n; i++) {
        struct round *round = &self->rounds[i];
        round->answered = calloc(1, round->fold->n_entries / 8 + 1);
        ASSERT(round->answered != NULL);
    }
    return 0;
}

/* --- records ---------------------------------------------------------------------------------- */

static void write_citizens(struct round *self)
{
    struct restore_target *target = &self->restore->target;
    const struct fold_citizen *citizen;
    for (size_t cursor = 0; (citizen = map_next(self->fold->citizens, &cursor)) != NULL;) {
        char key[KEY_MAX_BYTES];
        uint8_t packed[CITIZEN_PACKED_MAX_BYTES];
        size_t len = citizen_pack(&citizen->state, packed);
        size_t key_len = key_citizen(self->partition, partition_bucket(citizen->hash), key);
        target_field(target, self->partition, key, key_len, partition_field(citizen->hash),
                     CITIZEN_FIELD_BYTES, packed, len);
        self->restore->n_citizens++;
        if (target_pace(target) < 0)
            return;
    }
}

static void write_aliases(struct round *self)
{
    const struct fold_alias *alias;
    for (size_t cursor = 0; (alias = map_next(self->fold->aliases, &cursor)) != NULL;) {
        char key[KEY_MAX_BYTES];
        uint8_t value[VERSION_BYTES + ID_BYTES + TIME_BYTES];
        put_number(value, alias->version, VERSION_BYTES);
        memcpy(value + VERSION_BYTES, alias->citizen, ID_BYTES);
        put_number(value + VERSION_BYTES + ID_BYTES, (uint64_t)alias->claimed_ms, TIME_BYTES);
        size_t key_len = key_alias(self->partition, partition_bucket(alias->hash), key);
        target_field(&self->restore->target, self->partition, key, key_len,
                     partition_field(alias->hash), CITIZEN_FIELD_BYTES, value, sizeof(value));
        if (target_pace(&self->restore->target) < 0)
            return;
    }
}

/* As the fold has them: they say where they come from. */
static void write_transactions(struct round *self)
{
    const struct fold_transaction *transaction;
    for (size_t cursor = 0; (transaction = map_next(self->fold->transactions, &cursor)) != NULL;) {
        char key[KEY_MAX_BYTES];
        unsigned bucket = partition_bucket(transaction->hash);
        size_t key_len = transaction->kind == CLAIM_KIND
                             ? key_claim(self->partition, bucket, key)
                             : key_outcome(self->partition, bucket, key);
        target_field(&self->restore->target, self->partition, key, key_len,
                     partition_field(transaction->hash), CITIZEN_FIELD_BYTES, transaction->value,
                     transaction->len);
        if (target_pace(&self->restore->target) < 0)
            return;
    }
}

static void write_numbered(struct round *self)
{
    const struct fold_numbered *record;
    for (size_t cursor = 0; (record = map_next(self->fold->numbered, &cursor)) != NULL;) {
        char key[KEY_MAX_BYTES];
        uint8_t value[ROW_MAX_BYTES];
        if (record->len > COMMIT_VALUE_MAX_BYTES)
            continue; /* no commit has written it: verify tells */
        put_number(value, record->version, VERSION_BYTES);
        memcpy(value + VERSION_BYTES, record->packed, record->len);
        size_t key_len = key_numbered(self->partition, record->place.bucket, key);
        target_field(&self->restore->target, self->partition, key, key_len, record->place.field,
                     record->place.len, value, VERSION_BYTES + record->len);
        if (target_pace(&self->restore->target) < 0)
            return;
    }
}

static void write_rows(struct round *self)
{
    const struct fold_row *row;
    for (size_t cursor = 0; (row = map_next(self->fold->rows, &cursor)) != NULL;) {
        char key[KEY_MAX_BYTES];
        uint8_t value[ROW_MAX_BYTES];
        if (row->len > COMMIT_VALUE_MAX_BYTES)
            continue; /* no commit has written it: verify tells */
        put_number(value, row->version, VERSION_BYTES);
        memcpy(value + VERSION_BYTES, row->packed, row->len);
        target_field(&self->restore->target, self->partition, key, key_reference(row->kind, key),
                     row->code, strlen(row->code), value, VERSION_BYTES + row->len);
        if (target_pace(&self->restore->target) < 0)
            return;
    }
}

static void write_redresses(struct round *self)
{
    const struct fold_redress *redress;
    for (size_t cursor = 0; (redress = map_next(self->fold->redresses, &cursor)) != NULL;) {
        char key[KEY_MAX_BYTES];
        uint8_t field[REDRESS_FIELD_BYTES], packed[REDRESS_MAX_BYTES];
        redress_field(redress->payment.epoch, redress->payment.seq, field);
        size_t len = redress_pack(&redress->record, packed);
        size_t key_len = key_redress(self->partition, redress->payment.seq, key);
        target_field(&self->restore->target, self->partition, key, key_len, (const char *)field,
                     sizeof(field), packed, len);
        if (target_pace(&self->restore->target) < 0)
            return;
    }
}

/* --- stored answers --------------------------------------------------------------------------- */

/* Once for each hash of answers. */
static void expire(struct round *self, const char *key, size_t key_len, int32_t day,
                   const uint8_t id[ID_BYTES])
{
    char until[24];
    int32_t nth = day - self->records->first_day;
    uint8_t *is_known = &self->expires[nth][id[ID_BYTES - 1] % ANSWER_BUCKETS];
    if (*is_known)
        return;
    *is_known = 1;
    int64_t until_s = (day + ANSWER_DAYS + 1) * DAY_MS / 1000;
    int until_len = snprintf(until, sizeof(until), "%" PRId64, until_s);
    const char *argv[] = {"EXPIREAT", key, until};
    const size_t lens[] = {8, key_len, (size_t)until_len};
    target_send(&self->restore->target, self->partition, ARRAY_LEN(argv), argv, lens);
}

/* One of the surviving ledger's answers is taken when it is that of the entry which names its id,
 * and what the entry was answered. */
static void copy_answer(struct round *self, const char *key, int32_t day, const char *field,
                        const uint8_t *value, size_t len)
{
    struct journal_position position;
    size_t key_len = strlen(key);
    if (len < POSITION_BYTES + FINGERPRINT_BYTES || answer_unpack(value, len, &position) < 0)
        return;
    const struct fold_entry *entry = fold_find(self->fold, position);
    if (entry == NULL || !entry->is_noted || memcmp(entry->id, field, ID_BYTES) != 0)
        return;
    if (entry->answer != 0 && answer_stored_checksum(value, len) != entry->answer)
        return; /* damaged, or lost before: it is marked as lost */
    size_t i = (size_t)(entry - self->fold->entries);
    self->answered[i / 8] |= (uint8_t)(1U << (i % 8));
    self->restore->n_answers++;
    target_field(&self->restore->target, self->partition, key, key_len, field, ID_BYTES, value,
                 len);
    expire(self, key, key_len, day, entry->id);
}

static void on_answers(void *arg, int rc, const struct store_reply *reply)
{
    struct bucket *bucket = arg;
    struct records *records = bucket->round->records;
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(reply); i += 2) {
        size_t id_len, len;
        const char *id = store_reply_bytes(store_reply_at(reply, i), &id_len);
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        if (id != NULL && id_len == ID_BYTES && value != NULL)
            copy_answer(bucket->round, bucket->key, bucket->day, id, (const uint8_t *)value, len);
    }
    if (rc < 0)
        records->rc = rc;
    records->open--;
}

static void ask_answers(struct round *self)
{
    size_t n = 0;
    for (int32_t day = self->records->first_day; n < ARRAY_LEN(self->buckets); day++) {
        for (unsigned i = 0; i < ANSWER_BUCKETS; i++) {
            struct bucket *bucket = &self->buckets[n++];
            struct request_id id = {{0}};
            id.bytes[ID_BYTES - 1] = (uint8_t)i; /* which decides on the key */
            *bucket = (struct bucket){.round = self, .day = day};
            (void)key_answers(self->partition, day, &id, bucket->key);
            self->records->open++;
            store_send_text(self->restore->source, self->partition, on_answers, bucket, "HGETALL",
                            bucket->key, NULL);
        }
    }
}

static int copy_answers(struct records *self)
{
    for (unsigned i = 0; self->restore->source != NULL && i < self->n; i++)
        ask_answers(&self->rounds[i]);
    verify_wait(&self->restore->verify, &self->open);
    if (self->rc < 0)
        return cli_fail(1, "the surviving ledger cannot be read: %s", strerror(-self->rc));
    return 0;
}

/* The id is known again, bound to the same request; what was answered is lost. */
static void write_answer(struct round *self, const struct fold_entry *entry)
{
    char key[KEY_MAX_BYTES];
    uint8_t stored[STORED_BYTES];
    struct request_id id;
    int32_t day = fold_entry_day(entry);
    if (day < self->records->first_day || day > self->records->first_day + ANSWER_DAYS + 1)
        return;
    memcpy(id.bytes, entry->id, ID_BYTES);
    put_number(stored, entry->position.epoch, 4);
    put_number(stored + 4, entry->position.seq, 8);
    put_number(stored + POSITION_BYTES, entry->fingerprint, FINGERPRINT_BYTES);
    memcpy(stored + POSITION_BYTES + FINGERPRINT_BYTES, ANSWER_LOST, ANSWER_LOST_BYTES);
    size_t key_len = key_answers(self->partition, day, &id, key);
    target_field(&self->restore->target, self->partition, key, key_len, id.bytes, ID_BYTES, stored,
                 sizeof(stored));
    expire(self, key, key_len, day, id.bytes);
    self->restore->n_lost_answers++;
}

static void write_answers(struct round *self)
{
    for (size_t i = 0; i < self->fold->n_entries; i++) {
        const struct fold_entry *entry = &self->fold->entries[i];
        if (entry->is_noted && !(self->answered[i / 8] & 1U << (i % 8)))
            write_answer(self, entry);
        if (target_pace(&self->restore->target) < 0)
            return;
    }
}

/* --- totals ----------------------------------------------------------------------------------- */

/* The first entry of the next epoch, and the totals up to it. */
static void write_end(struct round *self)
{
    struct restore *restore = self->restore;
    uint8_t packed[256];
    Ansinh__V1__LedgerRestored restored;
    Ansinh__V1__Event event;
    ansinh__v1__ledger_restored__init(&restored);
    ansinh__v1__event__init(&event);
    restored.previous_epoch = self->fold->at.epoch;
    restored.previous_seq = self->fold->at.seq;
    restored.segment = restore->archive == NULL ? 0 : verify_archive_segments(restore->archive);
    event.at_ms = clock_wall_ms();
    event.kind_case = ANSINH__V1__EVENT__KIND_LEDGER_RESTORED;
    event.ledger_restored = &restored;
    size_t len = ansinh__v1__event__pack(&event, packed);
    struct totals totals = {.epoch = MAX(self->fold->at.epoch, 1U) + 1, .last_seq = 1};
    memcpy(totals.values, self->fold->totals, sizeof(totals.values));
    target_entry(&restore->target, self->partition, (struct journal_position){totals.epoch, 1},
                 packed, len);
    target_totals(&restore->target, self->partition, &totals);
}

/* --- all partitions --------------------------------------------------------------------------- */

static void write_partition(struct round *self)
{
    write_citizens(self);
    write_aliases(self);
    write_transactions(self);
    write_numbered(self);
    write_rows(self);
    write_redresses(self);
    write_answers(self);
    write_end(self);
}

static void begin_group(struct records *self, unsigned first)
{
    self->n = MIN((unsigned)GROUP, PARTITIONS_ALL - first);
    self->first_day = (int32_t)(clock_wall_ms() / DAY_MS) - ANSWER_DAYS;
    for (unsigned i = 0; i < self->n; i++) {
        struct round *round = &self->rounds[i];
        memset(round, 0, sizeof(*round));
        round->records = self;
        round->restore = self->restore;
        round->partition = first + i;
        round->fold = fold_create(&self->restore->verify, first + i);
    }
}

static int restore_group(struct records *self, unsigned first)
{
    begin_group(self, first);
    int status = fold_journals(self);
    if (status == 0)
        status = copy_answers(self);
    for (unsigned i = 0; i < self->n; i++) {
        if (status == 0)
            write_partition(&self->rounds[i]);
        free(self->rounds[i].answered);
        fold_destroy(&self->rounds[i].fold);
    }
    if (status == 0 && target_pace(&self->restore->target) < 0)
        status = cli_fail(1, "%s", self->restore->target.err.text);
    return status;
}

int restore_records(struct restore *self)
{
    struct progress progress;
    int status = 0;
    struct records *records = calloc(1, sizeof(*records));
    ASSERT(records != NULL);
    records->restore = self;
    records->arena = arena_create(EVENT_ARENA_BYTES);
    progress_begin(&progress, "restore: partitions");
    for (unsigned p = 0; status == 0 && p < PARTITIONS_ALL; p += GROUP) {
        status = restore_group(records, p);
        progress_show(&progress, p, PARTITIONS_ALL);
    }
    arena_destroy(&records->arena);
    free(records);
    if (status == 0 && target_wait(&self->target) < 0)
        status = cli_fail(1, "%s", self->target.err.text);
    return status;
}
