/* Reading the journal: the truth behind every counter. */
#ifndef ANSINH_STORE_JOURNAL_H
#define ANSINH_STORE_JOURNAL_H

#include "common/store/commit.h"

#define JOURNAL_READ_MAX 2000 /* entries per read */

/* One entry; event is borrowed during the callback. */
struct journal_entry {
    struct journal_position position;
    const uint8_t *event; /* packed ansinh.v1.Event */
    size_t event_len;
};

/* rc as with store_reply_fn, or -EPROTO for an entry that is not ours. Entries ascend; fewer than
 * asked means the journal ended there. */
typedef void (*journal_read_fn)(void *arg, int rc, const struct journal_entry *entries, size_t n);

/* Reads up to max (1..JOURNAL_READ_MAX) entries after a position ({0,0}: from the start), also of
 * later epochs. */
void journal_read(struct store *ledger, unsigned partition, struct journal_position after,
                  size_t max, journal_read_fn fn, void *arg);

/* Last positions of partitions first..first+n-1 (n <= 2000), {0,0} for an empty one, in one
 * pipeline. */
typedef void (*journal_heads_fn)(void *arg, int rc, unsigned first, size_t n,
                                 const struct journal_position *heads);
void journal_heads(struct store *ledger, unsigned first, size_t n, journal_heads_fn fn, void *arg);

#endif
