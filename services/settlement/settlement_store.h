/* The books' keys in the views server, and nothing else. A side is 'd' (debits) or 'c' (credits);
 * days are those of recording (+07:00), counted from 1970-01-01.
 *
 * {v:books}:totals            hash  "<account>:<side>:<holder>"        -> sum
 * {v:books}:days:<year>       hash  "<account>:<day>:<side>:<holder>"  -> sum of the day
 * {v:books}:parts             hash  "<partition>" -> balances by account, 8 bytes each
 * {v:books}:entries:<account> zset  chunks of postings (chunk.h) by holder and second
 * {v:books}:reversed          hash  payment id -> "<id of the reversal>:<ms>[:refund]"
 * {v:books}:payments          zset  batches of payments (batch.h) by business date and organisation
 */
#ifndef ANSINH_SETTLEMENT_SETTLEMENT_STORE_H
#define ANSINH_SETTLEMENT_SETTLEMENT_STORE_H

#include "common/domain/accounts.h"
#include "common/store/views.h"
#include "services/settlement/batch.h"

#define BOOKS_VIEW "books"
#define BOOKS_YEAR_FIRST 2020 /* nothing was recorded before */

/* --- writing; a failure is remembered by the flush and ends the process when it is sent --- */

void books_total_add(struct flush *flush, enum account account, char side, const char *holder,
                     int64_t vnd);
void books_day_add(struct flush *flush, enum account account, int32_t day, char side,
                   const char *holder, int64_t vnd);
void books_partition_set(struct flush *flush, unsigned partition,
                         const int64_t balances[ACCOUNTS_END]);
void books_chunk_add(struct flush *flush, enum account account, const char *holder,
                     int64_t first_ms, const uint8_t *chunk, size_t len);

void books_batch_add(struct flush *flush, const char *organisation, int32_t day,
                     const struct batch *batch);
/* is_refund: the payment was taken back by a refund case, whose approval is the reversal. */
void books_reversal_set(struct flush *flush, const char *payment_id, const char *reversal_id,
                        int64_t at_ms, int is_refund);

/* --- reading; done runs once, rc as store_reply_fn, -EPROTO for what cannot be read --- */

/* Sums of one side of one account and holder; day is 0 in totals. */
struct stored_sum {
    enum account account;
    char side;
    int32_t day;
    const char *holder;
    int64_t vnd;
};

typedef void (*books_done_fn)(void *arg, int rc);
typedef void (*books_sum_fn)(void *arg, const struct stored_sum *sum);
typedef void (*books_partition_fn)(void *arg, unsigned partition,
                                   const int64_t balances[ACCOUNTS_END]);

/* Everything in totals, or (year not 0) in the days of a year. */
void books_read_sums(struct store *views, int year, books_sum_fn take, books_done_fn done,
                     void *arg);
void books_read_partitions(struct store *views, books_partition_fn take, books_done_fn done,
                           void *arg);

/* Sums of one account and holder on days first to last, which lie in one year. */
typedef void (*books_days_fn)(void *arg, int rc, int64_t debit_vnd, int64_t credit_vnd);
void books_read_days(struct store *views, enum account account, const char *holder,
                     int32_t first_day, int32_t last_day, books_days_fn done, void *arg);

/* Up to BOOKS_CHUNKS_MAX chunks of one account and holder that begin from first_s to last_s, by
 * their seconds, after skip others. Chunks of another holder may be among them. fewer: no more are
 * there. Borrowed during the call. */
#define BOOKS_CHUNKS_MAX 64

struct stored_chunk {
    const uint8_t *bytes;
    size_t len;
    int64_t first_s;
};

typedef void (*books_chunks_fn)(void *arg, int rc, const struct stored_chunk *chunks, size_t n);
void books_read_chunks(struct store *views, enum account account, const char *holder,
                       int64_t first_s, int64_t last_s, uint64_t skip, books_chunks_fn done,
                       void *arg);

/* The same of batches of payments, in the order in which they were written. */
void books_read_batches(struct store *views, const char *organisation, int32_t day, uint64_t skip,
                        books_chunks_fn done, void *arg);

/* The reversals of payments (1 to BOOKS_REVERSALS_MAX ids): take runs for each that has one, with
 * its place among the ids, and of the reversal or refund what books_reversal_set was given. */
#define BOOKS_REVERSALS_MAX 1000

typedef void (*books_reversal_fn)(void *arg, size_t i, const char *reversal_id, int64_t at_ms,
                                  int is_refund);
void books_read_reversals(struct store *views, const char *const *payment_ids, size_t n,
                          books_reversal_fn take, books_done_fn done, void *arg);

#endif
