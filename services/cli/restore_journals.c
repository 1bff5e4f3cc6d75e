/* The journals: from the archive, then from the surviving ledger what is behind it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/events.pb-c.h"
#include "common/base/arena.h"
#include "common/base/log.h"
#include "services/cli/progress.h"
#include "services/cli/restore.h"

#define EVENT_ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define GROUP 64   /* partitions of the surviving ledger at once */
#define WINDOW 100 /* entries of each, and identities that are asked for */

/* --- the archive ------------------------------------------------------------------------------ */

static int take_archived(void *arg, const struct record *record)
{
    struct restore *self = arg;
    if (record->kind == RECORD_ENTRY) {
        target_entry(&self->target, record->partition, record->position, record->data, record->len);
        self->at[record->partition] = record->position;
        self->n_archived++;
    } else {
        target_identity(&self->target, record->data, record->data + ID_BYTES,
                        record->len - ID_BYTES);
        self->n_identities++;
    }
    return target_pace(&self->target);
}

static int read_archive(struct restore *self)
{
    if (self->archive == NULL)
        return 0;
    (void)fprintf(stderr, "restore: %" PRIu64 " segments\n",
                  verify_archive_segments(self->archive));
    (void)verify_archive_read(self->archive, 0, PARTITIONS_ALL - 1, take_archived, self);
    if (target_wait(&self->target) < 0)
        return cli_fail(1, "%s", self->target.err.text);
    return self->verify.n_differences > 0; /* an archive that cannot be read to its end: told */
}

/* --- the surviving ledger --------------------------------------------------------------------- */

struct enrolled {
    struct tail *tail;
    uint8_t citizen[ID_BYTES];
};

/* One partition. */
struct tail {
    struct tails *tails;
    unsigned partition;
    int is_done;
    struct enrolled enrolled[WINDOW]; /* in the window under way */
};

/* Partitions are read in groups: a window of each, then the next of each. */
struct tails {
    struct restore *restore;
    struct arena *arena;
    struct tail group[GROUP];
    unsigned open; /* answers */
    int is_wrong;
    int rc;
};

static void on_identity(void *arg, int rc, const struct store_reply *reply)
{
    struct enrolled *enrolled = arg;
    struct tails *tails = enrolled->tail->tails;
    size_t len = 0;
    const char *sealed = store_reply_bytes(reply, &len);
    if (rc == 0 && store_reply_type(reply) == STORE_REPLY_BYTES) {
        target_identity(&tails->restore->target, enrolled->citizen, (const uint8_t *)sealed, len);
        tails->restore->n_identities++;
    } else if (rc < 0) {
        tails->rc = rc;
    } else {
        char id[BASE32_TEXT_BYTES];
        base32_format(enrolled->citizen, id);
        verify_difference(&tails->restore->verify,
                          "the surviving ledger has no identity of participant %s", id);
    }
    tails->open--;
}

static void ask_identity(struct tail *tail, struct enrolled *enrolled, const uint8_t *citizen)
{
    char key[KEY_MAX_BYTES];
    memcpy(enrolled->citizen, citizen, ID_BYTES);
    enrolled->tail = tail;
    size_t key_len = key_identity(tail->partition, partition_bucket(citizen), key);
    const char *argv[] = {"HGET", key, partition_field(citizen)};
    const size_t lens[] = {4, key_len, CITIZEN_FIELD_BYTES};
    tail->tails->open++;
    store_send(tail->tails->restore->source, tail->partition, ARRAY_LEN(argv), argv, lens,
               on_identity, enrolled);
}

static void take_entry(struct tail *tail, const struct journal_entry *entry, size_t i)
{
    struct restore *self = tail->tails->restore;
    ProtobufCAllocator allocator;
    arena_reset(tail->tails->arena);
    bus_arena_allocator(tail->tails->arena, &allocator);
    const Ansinh__V1__Event *event =
        ansinh__v1__event__unpack(&allocator, entry->event_len, entry->event);
    target_entry(&self->target, tail->partition, entry->position, entry->event, entry->event_len);
    if (event != NULL &&
        (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED ||
         event->kind_case == ANSINH__V1__EVENT__KIND_HEALTH_DECLARED) &&
        event->citizen.len == ID_BYTES)
        ask_identity(tail, &tail->enrolled[i], event->citizen.data);
    self->at[tail->partition] = entry->position;
    self->n_survived++;
}

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct tail *tail = arg;
    struct tails *tails = tail->tails;
    const struct journal_position *at = &tails->restore->at[tail->partition];
    tails->open--;
    if (rc < 0) {
        tails->rc = rc;
        return;
    }
    tail->is_done = n < WINDOW;
    for (size_t i = 0; i < n; i++) {
        if (!position_follows(*at, entries[i].position)) {
            (void)cli_fail(1,
                           "%s:log of the surviving ledger goes on with %" PRIu32 "-%" PRIu64
                           ", but the archive ends with %" PRIu32 "-%" PRIu64,
                           partition_tag(tail->partition), entries[i].position.epoch,
                           entries[i].position.seq, at->epoch, at->seq);
            tails->is_wrong = 1;
            return;
        }
        take_entry(tail, &entries[i], i);
    }
}

/* Both must be of one ledger: what was archived last is in the journal, if that reaches back so
 * far.
 */
static void on_last(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct tail *tail = arg;
    struct tails *tails = tail->tails;
    const struct chain *end = verify_archive_end(tails->restore->archive, tail->partition);
    uint8_t digest[CHAIN_BYTES];
    tails->open--;
    if (rc < 0)
        tails->rc = rc;
    if (rc < 0 || n == 0 || position_compare(entries[0].position, end->last) != 0)
        return;
    struct record record = {RECORD_ENTRY,     tail->partition,      entries[0].position,
                            entries[0].event, entries[0].event_len, 0};
    record_digest(&record, digest);
    if (memcmp(digest, end->digest, DIGEST_BYTES) == 0)
        return;
    if (!tails->is_wrong)
        (void)cli_fail(1,
                       "%s:log %" PRIu32 "-%" PRIu64
                       " of the surviving ledger is not what was archived: they are of two ledgers",
                       partition_tag(tail->partition), end->last.epoch, end->last.seq);
    tails->is_wrong = 1;
}

static int wait_tails(struct tails *self)
{
    verify_wait(&self->restore->verify, &self->open);
    if (self->rc < 0)
        return cli_fail(1, "the surviving ledger cannot be read: %s", strerror(-self->rc));
    if (!self->is_wrong && target_pace(&self->restore->target) < 0)
        return cli_fail(1, "%s", self->restore->target.err.text);
    return self->is_wrong;
}

static int compare_last(struct tails *self, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct tail *tail = &self->group[i];
        struct journal_position at = self->restore->at[tail->partition];
        if (at.seq == 0)
            continue;
        at.seq--;
        self->open++;
        journal_read(self->restore->source, tail->partition, at, 1, on_last, tail);
    }
    return wait_tails(self);
}

/* A window of each partition that has more; *ret_n: how many were asked. */
static int read_windows(struct tails *self, unsigned n, unsigned *ret_n)
{
    *ret_n = 0;
    for (unsigned i = 0; i < n; i++) {
        struct tail *tail = &self->group[i];
        if (tail->is_done)
            continue;
        ++*ret_n;
        self->open++;
        journal_read(self->restore->source, tail->partition, self->restore->at[tail->partition],
                     WINDOW, on_entries, tail);
    }
    return wait_tails(self);
}

static int read_group(struct tails *self, unsigned first)
{
    unsigned n = MIN((unsigned)GROUP, PARTITIONS_ALL - first), n_asked = 1;
    for (unsigned i = 0; i < n; i++) {
        self->group[i].tails = self;
        self->group[i].partition = first + i;
        self->group[i].is_done = 0;
    }
    int status = compare_last(self, n);
    while (status == 0 && n_asked > 0)
        status = read_windows(self, n, &n_asked);
    return status;
}

int restore_journals(struct restore *self)
{
    struct progress progress;
    struct tails *tails = calloc(1, sizeof(*tails));
    ASSERT(tails != NULL);
    tails->restore = self;
    tails->arena = arena_create(EVENT_ARENA_BYTES);
    int status = read_archive(self);
    progress_begin(&progress, "restore: surviving journals");
    for (unsigned p = 0; status == 0 && self->source != NULL && p < PARTITIONS_ALL; p += GROUP) {
        status = read_group(tails, p);
        progress_show(&progress, p, PARTITIONS_ALL);
    }
    arena_destroy(&tails->arena);
    free(tails);
    if (status == 0 && target_wait(&self->target) < 0)
        status = cli_fail(1, "%s", self->target.err.text);
    return status;
}
