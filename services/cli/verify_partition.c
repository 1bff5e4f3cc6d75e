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
#include "services/cli/verify_board.h"
#include "services/cli/verify_notify.h"
#include "services/cli/verify_partition.h"

#define CHECKS_MAX 8 /* partitions at once */
#define EVENT_ARENA_BYTES ((size_t)16 * 1024 * 1024)

/* All partitions. */
struct reading {
    struct verify *verify;
    struct arena *arena; /* of one event */
    struct check *checks[CHECKS_MAX];
    unsigned next; /* partition */
    unsigned open;
};

static void read_journal(struct check *self);

/* --- the journal ------------------------------------------------------------------------------ */

static void take_entries(struct check *self, const struct journal_entry *entries, size_t n)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->reading->arena, &allocator);
    for (size_t i = 0; i < n; i++) {
        arena_reset(self->reading->arena);
        const Ansinh__V1__Event *event =
            ansinh__v1__event__unpack(&allocator, entries[i].event_len, entries[i].event);
        fold_apply(self->fold, entries[i].position, event);
        if (event != NULL && self->partition < PARTITIONS)
            verify_board_apply(self->verify->board, self->partition, entries[i].position, event);
    }
    self->verify->n_events += n;
}

static void check_end(struct check *self)
{
    struct reading *reading = self->reading;
    struct fold *fold = self->fold;
    struct fold_citizen *citizen;
    for (size_t cursor = 0; (citizen = map_next(fold->citizens, &cursor)) != NULL;)
        self->verify->n_citizens += citizen->state.version > 0;
    self->verify->heads[self->partition] = fold->at;
    self->verify->n_partitions++;
    reading->open--;
    for (size_t i = 0; i < CHECKS_MAX; i++) {
        if (reading->checks[i] == self)
            reading->checks[i] = NULL;
    }
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

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct check *self = arg;
    if (rc < 0) {
        check_again(self, rc);
        return;
    }
    take_entries(self, entries, n);
    if (n == VERIFY_WINDOW)
        read_journal(self);
    else
        check_records(self);
}

static void read_journal(struct check *self)
{
    journal_read(self->verify->svc.ledger, self->partition, self->fold->at, VERIFY_WINDOW,
                 on_entries, self);
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

/* --- all partitions --------------------------------------------------------------------------- */

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

void verify_partitions(struct verify *self)
{
    struct reading reading = {.verify = self, .arena = arena_create(EVENT_ARENA_BYTES)};
    struct progress progress;
    progress_begin(&progress, "verify: partitions");
    while (reading.open > 0 || (reading.next < PARTITIONS_ALL && !self->failed)) {
        for (size_t i = 0; i < CHECKS_MAX && reading.next < PARTITIONS_ALL && !self->failed; i++) {
            if (reading.checks[i] != NULL)
                continue;
            reading.checks[i] = check_create(&reading, reading.next++);
            reading.open++;
            read_journal(reading.checks[i]);
        }
        loop_turn(self->svc.loop, 100);
        progress_show(&progress, self->n_partitions, PARTITIONS_ALL);
    }
    arena_destroy(&reading.arena);
}

/* --- aliases ---------------------------------------------------------------------------------- */

struct tails {
    struct verify *verify;
    struct arena *arena;
    unsigned open;
    int rc;
};

static void on_late_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct tails *self = arg;
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    for (size_t i = 0; i < n; i++) {
        arena_reset(self->arena);
        const Ansinh__V1__Event *event =
            ansinh__v1__event__unpack(&allocator, entries[i].event_len, entries[i].event);
        if (event != NULL && event->kind_case == ANSINH__V1__EVENT__KIND_ALIAS_CLAIMED &&
            event->citizen.len == ID_BYTES)
            hash_list_add(&self->verify->aliased, event->citizen.data);
    }
    if (rc < 0)
        self->rc = rc;
    self->open--;
}

static unsigned long count_unreachable(struct verify *self)
{
    unsigned long n = 0;
    hash_list_sort(&self->aliased);
    for (size_t i = 0; i < self->coded.n; i++)
        n += !hash_list_has(&self->aliased, self->coded.hashes[i]);
    return n;
}

/* An alias is claimed before its citizen is enrolled, in another partition, which may have been
 * read before: what has come since is looked through, too. */
void verify_aliases(struct verify *self)
{
    if (count_unreachable(self) == 0)
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
    hash_list_sort(&self->aliased);
    for (size_t i = 0; i < self->coded.n; i++) {
        char id[BASE32_TEXT_BYTES];
        if (hash_list_has(&self->aliased, self->coded.hashes[i]))
            continue;
        base32_format(self->coded.hashes[i], id);
        verify_difference(self, "participant %s has an SI code, but no alias leads to them", id);
    }
}
