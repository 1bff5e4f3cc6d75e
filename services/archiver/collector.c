#include "services/archiver/collector.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/events.pb-c.h"
#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "services/archiver/archiver_store.h"

#define PULLS_MAX 16 /* partitions that are read at once */
#define PULL_ENTRIES 1000
#define PULL_BYTES ((size_t)20 * 1024 * 1024)
#define EVENT_ARENA_BYTES ((size_t)16 * 1024 * 1024)

_Static_assert(PULL_BYTES > COMMIT_EVENT_MAX_BYTES + COMMIT_VALUE_MAX_BYTES, "one entry fits");

/* An entry that was read; its bytes, and those of the identity beside it, are in the pull's buffer.
 */
struct pulled {
    struct pull *pull;
    struct journal_position position;
    int64_t at_ms;
    size_t event_at, event_len;
    size_t identity_at, identity_len; /* 0: none */
    uint8_t citizen[ID_BYTES];        /* who was enrolled */
};

enum pull_state { PULL_FREE, PULL_READING, PULL_READY };

/* One partition's next entries. */
struct pull {
    struct collector *self;
    enum pull_state state;
    unsigned partition;
    struct buf bytes;
    struct pulled entries[PULL_ENTRIES];
    size_t n;
    unsigned open; /* identities to come */
    int is_cut;    /* there may be more behind what was read */
    int rc;
};

/* todo lists the partitions with news; those before started are being read or were, those before
 * written are in the segment. */
struct collector {
    struct collector_conf conf;
    struct arena *arena; /* of one event */
    struct segment_writer *writer;
    uint16_t todo[PARTITIONS_ALL];
    size_t n_todo, started, written;
    size_t stop; /* of todo: the first one that found no room; n_todo: none */
    struct pull pulls[PULLS_MAX];
    unsigned next;
    int64_t n_missing;
    int is_busy, rc;
    struct err err;
};

static void go_on(struct collector *self);

struct collector *collector_create(const struct collector_conf *conf)
{
    struct collector *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->conf = *conf;
    self->arena = arena_create(EVENT_ARENA_BYTES);
    for (size_t i = 0; i < PULLS_MAX; i++) {
        self->pulls[i].self = self;
        buf_init(&self->pulls[i].bytes, PULL_BYTES);
    }
    return self;
}

void collector_destroy(struct collector **self)
{
    struct collector *collector = *self;
    if (collector == NULL)
        return;
    for (size_t i = 0; i < PULLS_MAX; i++)
        buf_fini(&collector->pulls[i].bytes);
    segment_writer_destroy(&collector->writer);
    arena_destroy(&collector->arena);
    free(collector);
    *self = NULL;
}

int collector_is_busy(const struct collector *self)
{
    return self->is_busy;
}

unsigned collector_next(const struct collector *self)
{
    return self->next;
}

int64_t collector_missing(const struct collector *self)
{
    return self->n_missing;
}

static void hold(struct collector *self, unsigned partition, struct journal_position position,
                 const char *what)
{
    char why[128];
    (void)snprintf(why, sizeof(why), "%s:log %" PRIu32 "-%" PRIu64 " %s", partition_tag(partition),
                   position.epoch, position.seq, what);
    self->conf.held(self->conf.arg, partition, why);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void pull_ready(struct pull *pull)
{
    pull->state = PULL_READY;
    go_on(pull->self);
}

static void on_identity(void *arg, int rc, const struct store_reply *reply)
{
    struct pulled *entry = arg;
    struct pull *pull = entry->pull;
    size_t len = 0;
    const char *bytes = store_reply_bytes(reply, &len);
    if (rc == 0 && store_reply_type(reply) == STORE_REPLY_ERROR)
        rc = -EPROTO;
    if (rc < 0) {
        pull->rc = rc;
    } else if (bytes == NULL || len > COMMIT_VALUE_MAX_BYTES) {
        pull->self->n_missing++;
    } else {
        entry->identity_at = pull->bytes.len;
        entry->identity_len = len;
        rc = buf_append(&pull->bytes, bytes, len);
        ASSERT(rc == 0); /* room was left */
    }
    if (--pull->open == 0)
        pull_ready(pull);
}

/* Whose sealed identity was written together with the event. A new kind of event that writes one
 * belongs here. */
static int writes_identity(const Ansinh__V1__Event *event)
{
    return (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED ||
            event->kind_case == ANSINH__V1__EVENT__KIND_HEALTH_DECLARED) &&
           event->citizen.len == ID_BYTES;
}

/* 1: it was taken; 0: it no longer fits, and comes with the next segment. */
static int take_entry(struct pull *pull, const struct journal_entry *entry)
{
    struct collector *self = pull->self;
    struct pulled *to = &pull->entries[pull->n];
    size_t identities = (pull->open + 1) * (size_t)COMMIT_VALUE_MAX_BYTES;
    if (pull->n > 0 && pull->bytes.len + entry->event_len + identities > PULL_BYTES)
        return 0;
    *to = (struct pulled){.pull = pull,
                          .position = entry->position,
                          .event_at = pull->bytes.len,
                          .event_len = entry->event_len};
    int rc = buf_append(&pull->bytes, entry->event, entry->event_len);
    ASSERT(rc == 0);
    pull->n++;
    ProtobufCAllocator allocator;
    arena_reset(self->arena);
    bus_arena_allocator(self->arena, &allocator);
    const Ansinh__V1__Event *event =
        ansinh__v1__event__unpack(&allocator, entry->event_len, entry->event);
    if (event == NULL)
        return 1; /* archived as it is; who folds it complains */
    to->at_ms = event->at_ms;
    if (writes_identity(event)) {
        memcpy(to->citizen, event->citizen.data, ID_BYTES);
        pull->open++;
        archiver_ask_identity(self->conf.ledger, to->citizen, on_identity, to);
    }
    return 1;
}

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct pull *pull = arg;
    pull->rc = rc;
    pull->is_cut = n == PULL_ENTRIES;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (!take_entry(pull, &entries[i])) {
            pull->is_cut = 1;
            break;
        }
    }
    if (pull->open == 0)
        pull_ready(pull);
}

static void pull_start(struct collector *self, struct pull *pull, unsigned partition)
{
    pull->state = PULL_READING;
    pull->partition = partition;
    pull->n = 0;
    pull->open = 0;
    pull->rc = 0;
    buf_reset(&pull->bytes);
    journal_read(self->conf.ledger, partition, segment_writer_chain(self->writer, partition)->last,
                 PULL_ENTRIES, on_entries, pull);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Entries of a journal that has a hole are not archived beyond it. */
static int pull_write(struct collector *self, struct pull *pull)
{
    const uint8_t *bytes = pull->bytes.data;
    int rc = pull->rc;
    for (size_t i = 0; rc == 0 && i < pull->n; i++) {
        const struct pulled *entry = &pull->entries[i];
        struct journal_position last = segment_writer_chain(self->writer, pull->partition)->last;
        if (!position_follows(last, entry->position)) {
            hold(self, pull->partition, entry->position,
                 "does not follow the entry before: entries are missing in the journal");
            pull->is_cut = 0;
            return 0;
        }
        rc = segment_writer_entry(self->writer, pull->partition, entry->position,
                                  bytes + entry->event_at, entry->event_len, entry->at_ms);
        if (rc == 0 && entry->identity_len > 0)
            rc = segment_writer_identity(self->writer, entry->citizen, bytes + entry->identity_at,
                                         entry->identity_len);
    }
    return rc;
}

static void end(struct collector *self)
{
    struct segment_info *info = NULL;
    int rc = self->rc;
    if (rc < 0 && self->err.text[0] == '\0')
        (void)err_set(&self->err, rc, "entries cannot be read or written: %s", strerror(-rc));
    if (rc == 0 && segment_writer_bytes(self->writer) > 0)
        rc =
            segment_writer_finish(self->writer, self->conf.key, clock_wall_ms(), &info, &self->err);
    segment_writer_destroy(&self->writer);
    self->stop = MIN(self->stop, self->written);
    self->next = rc == 0 && self->stop < self->n_todo ? self->todo[self->stop] : 0;
    self->is_busy = 0;
    self->conf.done(self->conf.arg, rc, info, self->err.text);
}

static int is_full(const struct collector *self)
{
    return self->rc < 0 || segment_writer_bytes(self->writer) >= self->conf.segment_bytes;
}

/* Writes what is read, in the partitions' order, reads on, and ends when nothing is under way. */
static void go_on(struct collector *self)
{
    struct pull *pull = &self->pulls[self->written % PULLS_MAX];
    while (self->written < self->started && pull->state == PULL_READY) {
        if (self->stop == self->n_todo && is_full(self))
            self->stop = self->written;
        if (self->stop == self->n_todo)
            self->rc = pull_write(self, pull);
        if (self->stop == self->n_todo && pull->is_cut && !is_full(self)) {
            pull_start(self, pull, pull->partition);
            return;
        }
        if (self->stop == self->n_todo && pull->is_cut)
            self->stop = self->written;
        pull->state = PULL_FREE;
        self->written++;
        pull = &self->pulls[self->written % PULLS_MAX];
    }
    while (!is_full(self) && self->started < self->n_todo &&
           self->started - self->written < PULLS_MAX) {
        pull_start(self, &self->pulls[self->started % PULLS_MAX], self->todo[self->started]);
        self->started++;
    }
    if (self->written == self->started)
        end(self);
}

static int is_ahead(struct journal_position head, struct journal_position last)
{
    return head.epoch != last.epoch ? head.epoch > last.epoch : head.seq > last.seq;
}

void collector_start(struct collector *self, const struct segment_info *before,
                     const struct journal_position heads[PARTITIONS_ALL], unsigned first)
{
    ASSERT(!self->is_busy);
    self->is_busy = 1;
    self->n_todo = self->started = self->written = 0;
    memset(&self->err, 0, sizeof(self->err));
    self->rc = segment_writer_create(self->conf.folder, before, &self->writer, &self->err);
    if (self->rc < 0) {
        self->is_busy = 0;
        self->conf.done(self->conf.arg, self->rc, NULL, self->err.text);
        return;
    }
    for (unsigned p = first; p < PARTITIONS_ALL; p++) {
        if (is_ahead(heads[p], segment_writer_chain(self->writer, p)->last))
            self->todo[self->n_todo++] = (uint16_t)p;
    }
    self->stop = self->n_todo;
    go_on(self);
}
