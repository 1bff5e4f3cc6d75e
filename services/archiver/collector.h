/* Makes one segment: reads what the journals have beyond the archive, with the sealed identities of
 * who was enrolled, and writes it. */
#ifndef ANSINH_ARCHIVER_COLLECTOR_H
#define ANSINH_ARCHIVER_COLLECTOR_H

#include "common/archive/segment_writer.h"
#include "common/service/service.h"
#include "common/store/journal.h"

struct collector;

struct collector_conf {
    struct store *ledger; /* borrowed */
    const char *folder;   /* of the archive; borrowed */
    const struct signing_key *key;
    uint64_t segment_bytes; /* unpacked; a segment ends when it has so many */
    void *arg;
    /* The end of a collection. rc 0: info is the segment, the receiver's; NULL when there was
     * nothing to write. -EAGAIN: the ledger does not answer; -EEXIST: somebody else wrote this
     * number; or why it could not be written, with a sentence. Nothing was written then. */
    void (*done)(void *arg, int rc, struct segment_info *info, const char *why);
    /* A partition that cannot be archived: an entry is missing in its journal, or cannot be packed.
     * The others go on. */
    void (*held)(void *arg, unsigned partition, const char *why);
};

struct collector *collector_create(const struct collector_conf *conf);
void collector_destroy(struct collector **self);

/* Starts the segment behind before (NULL: the first) with what lies between its chains and heads,
 * partitions from first on. Not while one is under way. done may run inside this call. */
void collector_start(struct collector *self, const struct segment_info *before,
                     const struct journal_position heads[PARTITIONS_ALL], unsigned first);

int collector_is_busy(const struct collector *self);

/* Where the next segment should begin: behind the last partition that found room in this one, or at
 * 0. */
unsigned collector_next(const struct collector *self);

/* Enrolments whose identity was not there, ever. */
int64_t collector_missing(const struct collector *self);

#endif
