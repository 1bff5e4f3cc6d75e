/* What the archiver asks of the Redis servers beside the journals. */
#ifndef ANSINH_ARCHIVER_ARCHIVER_STORE_H
#define ANSINH_ARCHIVER_ARCHIVER_STORE_H

#include "common/store/journal.h"

/* Asks for a citizen's sealed identity (HGET: bytes or nil). */
void archiver_ask_identity(struct store *ledger, const uint8_t citizen[ID_BYTES], store_reply_fn fn,
                           void *arg);

/* How far every projection has come: the least checkpoint of all views, {0,0} in partitions that
 * one of them has not begun. n_views is how many there are; more than CONSUMERS_MAX_VIEWS are
 * -E2BIG. rc else as store_reply_fn, or -EPROTO for a checkpoint that cannot be read. */
#define CONSUMERS_MAX_VIEWS 64
typedef void (*consumers_fn)(void *arg, int rc, size_t n_views,
                             const struct journal_position least[PARTITIONS]);
void archiver_ask_consumers(struct store *views, consumers_fn fn, void *arg);

/* Takes away what comes before the entry at a position. fn gets an integer reply: how many. */
void archiver_trim(struct store *ledger, unsigned partition, struct journal_position first_kept,
                   store_reply_fn fn, void *arg);

/* The newest segment that was checked whole before its entries were trimmed; kept in views, and
 * found again only as long as views is. fn gets it as text, or nil. */
void archiver_ask_checked(struct store *views, store_reply_fn fn, void *arg);
void archiver_note_checked(struct store *views, uint64_t segment);

#endif
