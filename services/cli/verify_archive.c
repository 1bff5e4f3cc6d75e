#include "services/cli/verify_archive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/events.pb-c.h"
#include "common/base/arena.h"
#include "common/base/log.h"
#include "common/store/journal.h"
#include "services/cli/progress.h"

#define EVENT_ARENA_BYTES ((size_t)16 * 1024 * 1024)

struct verify_archive {
    struct verify *verify;
    struct archive *archive;
    struct segment_info *end; /* as it was in the beginning; NULL: empty */
    struct arena *arena;      /* of one event */
    uint64_t number;          /* of the segment that is checked */
    uint64_t n_entries;
    int64_t from_ms, to_ms; /* of its events */
    struct record enrolled; /* the enrolment whose identity must follow; partition PARTITIONS_ALL:
                               none */
    uint8_t differs[PARTITIONS_ALL];
};

struct verify_archive *verify_archive_open(struct verify *verify, const char *folder,
                                           const char *keys)
{
    struct trusted_keys trusted;
    struct archive *archive = NULL;
    struct err err = {0};
    int rc = trusted_keys_read(keys, &trusted, &err);
    if (rc == 0)
        rc = archive_open(folder, &trusted, &archive, &err);
    if (rc < 0) {
        verify_difference(verify, "%s", err.text);
        return NULL;
    }
    struct verify_archive *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->verify = verify;
    self->archive = archive;
    if (archive_end(archive) != NULL)
        self->end = segment_info_copy(archive_end(archive));
    self->arena = arena_create(EVENT_ARENA_BYTES);
    return self;
}

void verify_archive_close(struct verify_archive **self)
{
    if (*self == NULL)
        return;
    archive_close(&(*self)->archive);
    segment_info_destroy(&(*self)->end);
    arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

uint64_t verify_archive_segments(const struct verify_archive *self)
{
    return archive_newest(self->archive);
}

uint64_t verify_archive_entries(const struct verify_archive *self)
{
    return self->n_entries;
}

const struct chain *verify_archive_end(const struct verify_archive *self, unsigned partition)
{
    return self->end == NULL ? NULL : &self->end->partitions[partition].chain;
}

/* --- the segments ----------------------------------------------------------------------------- */

static void wrong(const struct verify_archive *self, const struct record *record, const char *what)
{
    verify_difference(self->verify, "segment %" PRIu64 ": %s:log %" PRIu32 "-%" PRIu64 " %s",
                      self->number, partition_tag(record->partition), record->position.epoch,
                      record->position.seq, what);
}

static void expect_identity(struct verify_archive *self)
{
    if (self->enrolled.partition < PARTITIONS_ALL)
        wrong(self, &self->enrolled, "enrols somebody whose identity is not archived");
    self->enrolled.partition = PARTITIONS_ALL;
}

static void on_record(void *arg, const struct record *record)
{
    struct verify_archive *self = arg;
    if (record->kind == RECORD_IDENTITY) {
        self->enrolled.partition = PARTITIONS_ALL;
        return;
    }
    expect_identity(self);
    self->n_entries++;
    ProtobufCAllocator allocator;
    arena_reset(self->arena);
    bus_arena_allocator(self->arena, &allocator);
    const Ansinh__V1__Event *event =
        ansinh__v1__event__unpack(&allocator, record->len, record->data);
    if (event == NULL) {
        wrong(self, record, "cannot be read");
        return;
    }
    if (event->at_ms < self->from_ms || event->at_ms > self->to_ms)
        wrong(self, record, "is of another time than its segment says");
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED ||
        event->kind_case == ANSINH__V1__EVENT__KIND_HEALTH_DECLARED)
        self->enrolled = *record;
}

/* *before is the segment before, or NULL; replaced by this one. */
static int check_segment(struct verify_archive *self, uint64_t number, struct segment **before)
{
    struct err err = {0};
    struct segment *segment = NULL;
    int rc = archive_segment(self->archive, number, &segment, &err);
    if (rc == 0 && number > 1 && *before == NULL) {
        (void)err_set(&err, -EBADMSG,
                      "segment %" PRIu64 ": the one before it cannot be read, its chains cannot be "
                      "checked",
                      number);
        rc = -EBADMSG;
    } else if (rc == 0) {
        self->number = number;
        self->from_ms = segment_info(segment)->from_ms;
        self->to_ms = segment_info(segment)->to_ms;
        self->enrolled.partition = PARTITIONS_ALL;
        rc = segment_check(segment, *before == NULL ? NULL : segment_info(*before), on_record, self,
                           &err);
        expect_identity(self);
    }
    if (rc < 0)
        verify_difference(self->verify, "%s", err.text);
    segment_close(before);
    *before = segment;
    return rc;
}

int verify_archive_check(struct verify_archive *self)
{
    struct segment *before = NULL;
    struct progress progress;
    unsigned long differences = self->verify->n_differences;
    uint64_t newest = archive_newest(self->archive);
    progress_begin(&progress, "verify: segments");
    for (uint64_t number = 1; number <= newest; number++) {
        (void)check_segment(self, number, &before);
        progress_show(&progress, number, newest);
    }
    segment_close(&before);
    return self->verify->n_differences == differences;
}

/* --- reading ---------------------------------------------------------------------------------- */

int verify_archive_read(struct verify_archive *self, unsigned first, unsigned last,
                        archive_record_fn fn, void *arg)
{
    struct err err = {0};
    if (archive_refresh(self->archive, &err) < 0) {
        verify_difference(self->verify, "%s", err.text);
        return 0;
    }
    for (uint64_t number = 1; number <= archive_newest(self->archive); number++) {
        struct segment *segment = NULL;
        int rc = archive_segment(self->archive, number, &segment, &err);
        if (rc == 0)
            rc = segment_each(segment, first, last, fn, arg, &err);
        segment_close(&segment);
        if (rc > 0) /* fn has seen enough */
            return 1;
        if (rc < 0) {
            verify_difference(self->verify, "%s", err.text);
            return 0;
        }
    }
    return 1;
}

/* --- the first difference --------------------------------------------------------------------- */

void verify_archive_differs(struct verify_archive *self, unsigned partition)
{
    self->differs[partition] = 1;
}

/* The journal of one partition, beside the archive. */
struct comparison {
    struct verify_archive *archive;
    struct journal_entry entry; /* the journal's next one; event NULL: it has ended */
    uint8_t *event;
    unsigned open;
    int rc;
};

static void on_entry(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct comparison *self = arg;
    self->rc = rc;
    self->entry.event = NULL;
    if (rc == 0 && n == 1) {
        self->event = realloc(self->event, entries[0].event_len + 1);
        ASSERT(self->event != NULL);
        memcpy(self->event, entries[0].event, entries[0].event_len);
        self->entry = entries[0];
        self->entry.event = self->event;
    }
    self->open--;
}

/* The journal's entry at the record's position, or behind it. */
static int ask_entry(struct comparison *self, const struct record *record)
{
    struct verify *verify = self->archive->verify;
    struct journal_position before = {record->position.epoch, record->position.seq - 1};
    self->open = 1;
    journal_read(verify->svc.ledger, record->partition, before, 1, on_entry, self);
    verify_wait(verify, &self->open);
    return self->rc;
}

/* Ends with the first entry that the journal has, but not so; entries that were trimmed come
 * before. */
static int compare_entry(void *arg, const struct record *record)
{
    struct comparison *self = arg;
    if (record->kind != RECORD_ENTRY)
        return 0;
    int is_past =
        self->entry.event != NULL && position_compare(record->position, self->entry.position) < 0;
    if (!is_past && ask_entry(self, record) < 0)
        return self->rc;
    if (self->entry.event == NULL || position_compare(self->entry.position, record->position) != 0)
        return 0;
    if (self->entry.event_len == record->len &&
        memcmp(self->entry.event, record->data, record->len) == 0)
        return 0;
    verify_difference(
        self->archive->verify, "%s:log %" PRIu32 "-%" PRIu64 ": is not what was archived",
        partition_tag(record->partition), record->position.epoch, record->position.seq);
    return 1;
}

void verify_archive_finish(struct verify_archive *self)
{
    for (unsigned p = 0; p < PARTITIONS_ALL && !self->verify->failed; p++) {
        struct comparison comparison = {.archive = self};
        unsigned long differences = self->verify->n_differences;
        if (!self->differs[p])
            continue;
        (void)verify_archive_read(self, p, p, compare_entry, &comparison);
        free(comparison.event);
        if (self->verify->n_differences == differences)
            verify_difference(self->verify, "%s:log is not what was archived", partition_tag(p));
    }
}
