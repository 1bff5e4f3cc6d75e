/* The witness of a chaos run: every journal entry, in the ledger and in the archive behind it, and
 * which request id the ledger remembers for it. */
#ifndef ANSINH_TESTS_CHAOS_WITNESS_H
#define ANSINH_TESTS_CHAOS_WITNESS_H

#include "ansinh/v1/events.pb-c.h"
#include "common/base/buf.h"
#include "common/base/map.h"
#include "common/service/service.h"
#include "common/store/journal.h"

struct entry {
    unsigned partition;
    struct journal_position position;
    const Ansinh__V1__Event *event; /* NULL: cannot be read */
    struct command *command;        /* that asked for it; NULL: nobody */
    struct line *line;              /* of its citizen; NULL: an alias */
    size_t line_i;                  /* place in it */
    const struct entry *reversal;   /* of a payment; NULL: it stands */
};

/* A stored answer. */
struct stored {
    struct request_id id;
    unsigned partition;
    struct journal_position position;
    const uint8_t *answer;
    size_t len;
};

struct witness {
    struct arena *arena;
    struct entry *entries; /* by partition and position */
    size_t n_entries, entries_capacity;
    size_t n_trimmed;             /* of them in the archive alone */
    size_t first[PARTITIONS + 1]; /* a partition's first entry; the next one's is behind its last */
    struct stored *stored;
    size_t n_stored, stored_capacity;
};

/* Reads the whole ledger and the archive in a folder; 0, or a negative errno with err. Nobody may
 * write meanwhile, but for the archiver. */
int witness_read(struct witness *self, struct service *svc, const char *archive,
                 struct err *err) MUST_CHECK;
void witness_fini(struct witness *self);

/* The entry at a position; NULL when there is none. */
struct entry *witness_find(const struct witness *self, unsigned partition,
                           struct journal_position position);

#endif
