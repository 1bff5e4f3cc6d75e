/* What accounts came to at a time that is over, from views: the days before, and of its own day the
 * entries up to it. Blocks nothing: done runs once, when all has been read. */
#ifndef ANSINH_SETTLEMENT_AS_OF_H
#define ANSINH_SETTLEMENT_AS_OF_H

#include "common/store/redis.h"
#include "services/settlement/balances.h"

#define AS_OF_RETRY_MS 100

/* rc as store_reply_fn, or -EPROTO; table: borrowed during the call. */
typedef void (*as_of_fn)(void *arg, int rc, struct balance_table *table);
void as_of_read(struct store *views, int64_t as_of_ms, as_of_fn done, void *arg);

/* The same of one account and holder. */
typedef void (*as_of_account_fn)(void *arg, int rc, int64_t debit_vnd, int64_t credit_vnd);
void as_of_read_account(struct store *views, enum account account, const char *holder,
                        int64_t as_of_ms, as_of_account_fn done, void *arg);

#endif
