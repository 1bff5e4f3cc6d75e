#include "services/cli/entries.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/archive.h"
#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/journal.h"

#define EVENT_ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define READERS 8

struct reading {
    struct service *svc;
    const struct entries_query *query;
    entry_fn fn;
    void *arg;
    struct archive *archive;
    struct arena *arena; /* of one event */
    unsigned long n_unreadable;
    struct journal_position at[PARTITIONS_ALL]; /* read last */
    unsigned next;                              /* journal that nobody reads yet */
    unsigned open;                              /* answers to come */
    int rc;
    struct err *err;
};

/* Reads one journal after the other. */
struct journal_reader {
    struct reading *reading;
    unsigned partition;
};

static int take(struct reading *self, unsigned partition, struct journal_position position,
                const uint8_t *bytes, size_t len)
{
    ProtobufCAllocator allocator;
    arena_reset(self->arena);
    bus_arena_allocator(self->arena, &allocator);
    Ansinh__V1__Event *event = ansinh__v1__event__unpack(&allocator, len, bytes);
    self->at[partition] = position;
    if (event == NULL) {
        self->n_unreadable++;
        return 0;
    }
    int32_t day = clock_business_day(event->at_ms);
    if (day < self->query->from_day || day > self->query->to_day)
        return 0;
    return self->fn(self->arg, partition, position, event);
}

/* --- the archive ------------------------------------------------------------------------------ */

static int take_record(void *arg, const struct record *record)
{
    return record->kind != RECORD_ENTRY
               ? 0
               : take(arg, record->partition, record->position, record->data, record->len);
}

/* Segments of other days are passed over. */
static int read_segment(struct reading *self, uint64_t number)
{
    struct segment *segment = NULL;
    int rc = archive_segment(self->archive, number, &segment, self->err);
    if (rc < 0)
        return rc;
    const struct segment_info *info = segment_info(segment);
    if (clock_business_day(info->to_ms) >= self->query->from_day &&
        clock_business_day(info->from_ms) <= self->query->to_day)
        rc = segment_each(segment, 0, PARTITIONS_ALL - 1, take_record, self, self->err);
    for (unsigned p = 0; p < PARTITIONS_ALL; p++)
        self->at[p] = info->partitions[p].chain.last;
    segment_close(&segment);
    return rc;
}

static int read_archive(struct reading *self)
{
    struct trusted_keys trusted;
    int rc = trusted_keys_read(self->query->keys, &trusted, self->err);
    if (rc == 0)
        rc = archive_open(self->query->archive, &trusted, &self->archive, self->err);
    for (uint64_t n = 1; rc == 0 && n <= archive_newest(self->archive); n++)
        rc = read_segment(self, n);
    return rc;
}

/* --- the journals ----------------------------------------------------------------------------- */

static void read_next(struct journal_reader *self);

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct journal_reader *reader = arg;
    struct reading *self = reader->reading;
    unsigned partition = reader->partition;
    self->open--;
    if (rc < 0 && self->rc == 0)
        self->rc = err_set(self->err, rc, "the ledger cannot be read: %s", strerror(-rc));
    if (self->rc < 0)
        return;
    if (n > 0 && !position_follows(self->at[partition], entries[0].position)) {
        self->rc =
            err_set(self->err, -ENOENT,
                    "%s:log has no entry behind %" PRIu32 "-%" PRIu64
                    ": it was trimmed (name the archive with --archive), or is lost",
                    partition_tag(partition), self->at[partition].epoch, self->at[partition].seq);
        return;
    }
    for (size_t i = 0; self->rc == 0 && i < n; i++)
        self->rc =
            take(self, partition, entries[i].position, entries[i].event, entries[i].event_len);
    if (n < JOURNAL_READ_MAX)
        reader->partition = self->next++;
    read_next(reader);
}

static void read_next(struct journal_reader *self)
{
    struct reading *reading = self->reading;
    if (reading->rc < 0 || self->partition >= PARTITIONS_ALL)
        return;
    reading->open++;
    journal_read(reading->svc->ledger, self->partition, reading->at[self->partition],
                 JOURNAL_READ_MAX, on_entries, self);
}

/* Several at once: the ledger answers one while another is taken in. */
static int read_journals(struct reading *self)
{
    struct journal_reader readers[READERS];
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct journal_reader){self, self->next++};
        read_next(&readers[i]);
    }
    while (self->open > 0) /* the store answers every command in bounded time */
        loop_turn(self->svc->loop, 100);
    return self->rc;
}

int entries_read(struct service *svc, const struct entries_query *query, entry_fn fn, void *arg,
                 unsigned long *ret_unreadable, struct err *err)
{
    struct reading *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->query = query;
    self->fn = fn;
    self->arg = arg;
    self->err = err;
    self->arena = arena_create(EVENT_ARENA_BYTES);
    int rc = query->archive == NULL ? 0 : read_archive(self);
    if (rc == 0)
        rc = read_journals(self);
    *ret_unreadable = self->n_unreadable;
    arena_destroy(&self->arena);
    archive_close(&self->archive);
    free(self);
    return rc;
}
