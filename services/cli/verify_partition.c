/* One partition: its journal to the end, then everything that is stored beside it, then the journal
 * once more. When nothing came in between, what was read must be what the journal adds up to. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/store/journal.h"
#include "services/cli/progress.h"
#include "services/cli/verify_archive.h"
#include "services/cli/verify_board.h"
#include "services/cli/verify_books.h"
#include "services/cli/verify_notify.h"
#include "services/cli/verify_partition.h"
#include "services/cli/verify_unpack.h"

#define GROUP 64     /* partitions whose archive is read at once */
#define CHECKS_MAX 8 /* of them, whose journals and records are read at once */
#define EVENT_ARENA_BYTES ((size_t)16 * 1024 * 1024)

/* Partitions are read in groups, so that the archive need not be read once for each. */
struct reading {
    struct verify *verify;
    struct arena *arena; /* of one event */
    struct check *group[GROUP];
    unsigned first; /* partition of the group */
    unsigned n, next;
    unsigned open;  /* of the group, under way */
    unsigned asked; /* for their first entry */
    int rc;
};

static void read_journal(struct check *self);

/* --- the journal ------------------------------------------------------------------------------ */

/* The chain ends where the archive does. */
static void take_into_chain(struct check *self, const struct record *entry)
{
    const struct chain *end = verify_archive_end(self->verify->archive, self->partition);
    if (end == NULL || position_compare(self->chain.last, end->last) >= 0)
        return;
    (void)chain_add(&self->chain, entry);
    if (position_compare(self->chain.last, end->last) >= 0 &&
        memcmp(&self->chain.value, end->value, CHAIN_BYTES) != 0)
        verify_archive_differs(self->verify->archive, self->partition);
}

/* Payments, and receipts that lead to payments of other partitions. */
static void take_links(struct verify *verify, unsigned partition, struct journal_position position,
                       const Ansinh__V1__Event *event)
{
    uint8_t at[ID_BYTES];
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED) {
        numbered_position(partition, position.epoch, position.seq, at);
        hash_list_add(&verify->paid, at);
    }
    if (event->kind_case != ANSINH__V1__EVENT__KIND_RECEIPTS_ISSUED)
        return;
    for (size_t i = 0; i < event->receipts_issued->n_receipts; i++) {
        const Ansinh__V1__IssuedReceipt *receipt = event->receipts_issued->receipts[i];
        numbered_position(receipt->partition, receipt->epoch, receipt->seq, at);
        hash_list_add(&verify->receipted, at);
    }
}

static void take_entry(struct check *self, struct journal_position position, const uint8_t *bytes,
                       size_t len)
{
    arena_reset(self->reading->arena);
    const Ansinh__V1__Event *event = verify_unpack(self->reading->arena, bytes, len);
    struct record record = {RECORD_ENTRY, self->partition, position, bytes, len, 0};
    if (self->verify->archive != NULL)
        take_into_chain(self, &record);
    fold_apply(self->fold, position, event);
    int is_restore = event != NULL && event->kind_case == ANSINH__V1__EVENT__KIND_LEDGER_RESTORED;
    const uint64_t at[] = {position.epoch, position.seq};
    if (self->verify->digests != NULL && !is_restore)
        digest_add(&self->journal, partition_tag(self->partition), at, sizeof(at), bytes, len);
    if (event != NULL && self->partition < PARTITIONS) {
        verify_board_apply(self->verify->board, self->fold, position, event);
        verify_books_apply(self->verify->books, self->partition, position, event);
    }
    if (event != NULL)
        take_links(self->verify, self->partition, position, event);
    self->verify->n_events++;
}

static void take_entries(struct check *self, const struct journal_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        take_entry(self, entries[i].position, entries[i].event, entries[i].event_len);
}

/* What should be in the journal, since it was archived. */
static void check_chain(struct check *self)
{
    const struct chain *end = self->verify->archive == NULL
                                  ? NULL
                                  : verify_archive_end(self->verify->archive, self->partition);
    if (end != NULL && position_compare(self->fold->at, end->last) < 0)
        findings_add(&self->findings,
                     "%s:log ends with %" PRIu32 "-%" PRIu64 ", the archive with %" PRIu32
                     "-%" PRIu64,
                     partition_tag(self->partition), self->fold->at.epoch, self->fold->at.seq,
                     end->last.epoch, end->last.seq);
}

static void check_end(struct check *self)
{
    struct reading *reading = self->reading;
    struct fold *fold = self->fold;
    struct fold_citizen *citizen;
    for (size_t cursor = 0; (citizen = map_next(fold->citizens, &cursor)) != NULL;)
        self->verify->n_citizens += citizen->state.version > 0;
    self->verify->heads[self->partition] = fold->at;
    if (self->partition < PARTITIONS)
        verify_board_end(self->verify->board, fold);
    if (self->verify->digests != NULL) {
        digest_join(&self->verify->digests[self->partition], &self->journal);
        digest_join(&self->verify->digests[self->partition], &self->records);
    }
    self->verify->n_partitions++;
    reading->open--;
    reading->group[self->partition - reading->first] = NULL;
    fold_destroy(&self->fold);
    findings_fini(&self->findings);
    free(self->asks);
    free(self->answered);
    free(self);
}

/* Another try, or the end of all. */
static void check_again(struct check *self, int rc)
{
    if (++self->attempts <= VERIFY_ATTEMPTS_MAX && !self->verify->failed) {
        read_journal(self);
        return;
    }
    if (rc < 0)
        verify_fail(self->verify, "the ledger", rc);
    else
        verify_difference(self->verify, "%s: changes too fast to be compared",
                          partition_tag(self->partition));
    check_end(self);
}

static int take_gap(void *arg, const struct record *record)
{
    struct check *self = arg;
    if (record->kind == RECORD_ENTRY && position_compare(record->position, self->fold->at) > 0 &&
        position_compare(record->position, self->first) < 0)
        take_entry(self, record->position, record->data, record->len);
    return 0;
}

/* Behind a hole: was the journal trimmed meanwhile, or are entries missing? */
static void on_beginning(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct check *self = arg;
    if (rc < 0) {
        check_again(self, rc);
        return;
    }
    self->is_hole = n == 0 || position_compare(entries[0].position, self->fold->at) <= 0;
    if (!self->is_hole) {
        self->first = entries[0].position;
        if (!verify_archive_read(self->verify->archive, self->partition, self->partition, take_gap,
                                 self))
            self->is_hole = 1;
    }
    read_journal(self);
}

static void stop_trimmed(struct check *self, struct journal_position first)
{
    verify_stop(self->verify,
                "%s:log begins with %" PRIu32 "-%" PRIu64
                ": what came before was trimmed, or is lost; when it is archived: ansinh verify "
                "--archive FOLDER",
                partition_tag(self->partition), first.epoch, first.seq);
    check_end(self);
}

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct check *self = arg;
    struct fold *fold = self->fold;
    if (rc < 0) {
        check_again(self, rc);
        return;
    }
    int is_gap = n > 0 && !position_follows(fold->at, entries[0].position) && !self->is_hole;
    if (is_gap && self->verify->archive != NULL) {
        journal_read(self->verify->svc.ledger, self->partition, (struct journal_position){0, 0}, 1,
                     on_beginning, self);
        return;
    }
    if (is_gap && fold->n_entries == 0) {
        stop_trimmed(self, entries[0].position);
        return;
    }
    self->is_hole = 0;
    take_entries(self, entries, n);
    if (n == VERIFY_WINDOW) {
        read_journal(self);
        return;
    }
    check_chain(self);
    check_records(self);
}

static void read_now(void *arg)
{
    struct check *self = arg;
    journal_read(self->verify->svc.ledger, self->partition, self->fold->at, VERIFY_WINDOW,
                 on_entries, self);
}

/* At once, or when so many entries may have been read. */
static void read_journal(struct check *self)
{
    const struct verify *verify = self->verify;
    int64_t wait_ms = 0;
    if (verify->rate > 0)
        wait_ms =
            verify->began_ms + (int64_t)verify->n_events * 1000 / verify->rate - clock_mono_ms();
    if (wait_ms > 0)
        (void)loop_timer_add(verify->svc.loop, wait_ms, 0, read_now, self);
    else
        read_now(self);
}

/* --- the end of a try ------------------------------------------------------------------------- */

void check_read(struct check *self, int rc)
{
    if (self->rc == 0)
        self->rc = rc;
    if (--self->open > 0)
        return;
    if (self->rc < 0 || self->is_changed) {
        findings_clear(&self->findings);
        check_again(self, self->rc);
        return;
    }
    check_unseen(self);
    verify_report(self->verify, &self->findings);
    if (self->partition == PARTITION_DIRECTORY)
        check_end(self);
    else
        verify_notify_check(self->verify->notify, self->fold, check_end, self);
}

static void on_tail(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct check *self = arg;
    /* the answers of this lane come in order: the records before were compared already */
    take_entries(self, entries, n);
    self->is_changed = n > 0;
    check_read(self, rc);
}

void check_tail(struct check *self)
{
    self->open++;
    journal_read(self->verify->svc.ledger, self->partition, self->fold->at, VERIFY_WINDOW, on_tail,
                 self);
}

/* --- a check ---------------------------------------------------------------------------------- */

static struct check *check_create(struct reading *reading, unsigned partition)
{
    struct check *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->reading = reading;
    self->verify = reading->verify;
    self->partition = partition;
    self->fold = fold_create(reading->verify, partition);
    findings_init(&self->findings);
    return self;
}

/* --- what was trimmed ------------------------------------------------------------------------- */

static void on_first_entry(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct check *self = arg;
    if (rc < 0)
        self->reading->rc = rc;
    if (rc == 0 && n == 1)
        self->first = entries[0].position;
    self->reading->asked--;
}

static int take_archived(void *arg, const struct record *record)
{
    struct reading *reading = arg;
    struct check *check = reading->group[record->partition - reading->first];
    int is_trimmed = check->first.seq == 0 || position_compare(record->position, check->first) < 0;
    if (record->kind == RECORD_ENTRY && is_trimmed)
        take_entry(check, record->position, record->data, record->len);
    return 0;
}

/* What the journals of the group no longer have is read from the archive. */
static void read_archive(struct reading *self)
{
    struct verify *verify = self->verify;
    int is_trimmed = 0;
    for (unsigned i = 0; i < self->n; i++) {
        self->asked++;
        journal_read(verify->svc.ledger, self->first + i, (struct journal_position){0, 0}, 1,
                     on_first_entry, self->group[i]);
    }
    verify_wait(verify, &self->asked);
    if (self->rc < 0)
        verify_fail(verify, "the ledger", self->rc);
    for (unsigned i = 0; i < self->n; i++)
        is_trimmed |= self->group[i]->first.seq != 1;
    if (is_trimmed && !verify->failed)
        (void)verify_archive_read(verify->archive, self->first, self->first + self->n - 1,
                                  take_archived, self);
}

/* --- all partitions --------------------------------------------------------------------------- */

static void check_forget(struct check **self)
{
    if (*self == NULL)
        return;
    fold_destroy(&(*self)->fold);
    findings_fini(&(*self)->findings);
    free(*self);
    *self = NULL;
}

static void read_group(struct reading *self, struct progress *progress)
{
    struct verify *verify = self->verify;
    self->next = 0;
    for (unsigned i = 0; i < self->n; i++)
        self->group[i] = check_create(self, self->first + i);
    if (verify->archive != NULL)
        read_archive(self);
    while (self->open > 0 || (self->next < self->n && !verify->failed)) {
        for (; self->open < CHECKS_MAX && self->next < self->n && !verify->failed; self->next++) {
            self->open++;
            read_journal(self->group[self->next]);
        }
        loop_turn(verify->svc.loop, 100);
        progress_show(progress, verify->n_partitions, PARTITIONS_ALL);
    }
    for (unsigned i = 0; i < self->n; i++)
        check_forget(&self->group[i]); /* those that were not begun */
}

void verify_partitions(struct verify *self)
{
    struct reading reading = {.verify = self, .arena = arena_create(EVENT_ARENA_BYTES)};
    struct progress progress;
    progress_begin(&progress, "verify: partitions");
    for (; reading.first < PARTITIONS_ALL && !self->failed; reading.first += GROUP) {
        reading.n = MIN((unsigned)GROUP, PARTITIONS_ALL - reading.first);
        read_group(&reading, &progress);
    }
    arena_destroy(&reading.arena);
}

/* --- what leads to other partitions ----------------------------------------------------------- */

struct tails {
    struct verify *verify;
    struct arena *arena;
    unsigned open;
    int rc;
};

static void take_late(struct verify *verify, const Ansinh__V1__Event *event)
{
    if (event->kind_case == ANSINH__V1__EVENT__KIND_ALIAS_CLAIMED && event->citizen.len == ID_BYTES)
        hash_list_add(&verify->aliased, event->citizen.data);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_TRANSACTION_CLAIMED &&
             event->transaction_claimed->transaction.len == ID_BYTES)
        hash_list_add(&verify->claimed, event->transaction_claimed->transaction.data);
}

static void on_late_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct tails *self = arg;
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    for (size_t i = 0; i < n; i++) {
        arena_reset(self->arena);
        const Ansinh__V1__Event *event =
            ansinh__v1__event__unpack(&allocator, entries[i].event_len, entries[i].event);
        if (event != NULL)
            take_late(self->verify, event);
    }
    if (rc < 0)
        self->rc = rc;
    self->open--;
}

/* Of one list, those that the other does not have; each is a difference when it is said what is
 * wrong. */
static unsigned long count_missing(struct verify *self, const struct hash_list *list,
                                   struct hash_list *others, const char *wrong)
{
    unsigned long n = 0;
    hash_list_sort(others, partition_of);
    for (size_t i = 0; i < list->n; i++) {
        char id[BASE32_TEXT_BYTES];
        if (hash_list_has(others, list->hashes[i]))
            continue;
        n++;
        base32_format(list->hashes[i], id);
        if (wrong != NULL)
            verify_difference(self, "%s: %s", id, wrong);
    }
    return n;
}

/* What is claimed is claimed before it is used, in another partition, which may have been read
 * before: what has come since is looked through, too. */
void verify_links(struct verify *self)
{
    if (count_missing(self, &self->coded, &self->aliased, NULL) == 0 &&
        count_missing(self, &self->settled, &self->claimed, NULL) == 0)
        return;
    struct tails tails = {.verify = self, .arena = arena_create(EVENT_ARENA_BYTES)};
    for (unsigned p = 0; p < PARTITIONS; p++) {
        tails.open++;
        journal_read(self->svc.ledger, p, self->heads[p], JOURNAL_READ_MAX, on_late_entries,
                     &tails);
    }
    verify_wait(self, &tails.open);
    arena_destroy(&tails.arena);
    if (tails.rc < 0) {
        verify_fail(self, "the ledger", tails.rc);
        return;
    }
    (void)count_missing(self, &self->coded, &self->aliased,
                        "the participant has an SI code, but no alias leads to them");
    (void)count_missing(self, &self->settled, &self->claimed,
                        "the transaction has an outcome, but nobody claimed it");
}
