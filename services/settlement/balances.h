/* The fold of postings: what each account of each holder comes to, in all, by day and by partition,
 * and the entries behind it. The sums are kept in memory, too. */
#ifndef ANSINH_SETTLEMENT_BALANCES_H
#define ANSINH_SETTLEMENT_BALANCES_H

#include "common/domain/accounts.h"
#include "common/store/partition.h"
#include "services/settlement/chunk.h"

struct balance {
    enum account account;
    char holder[CHUNK_HOLDER_BYTES];
    int64_t debit_vnd, credit_vnd;
};

/* Sums by account and holder. */
struct balance_table;
struct balance_table *balance_table_create(void);
void balance_table_destroy(struct balance_table **self);
/* The number of a row, from 0, which is made when it is not there and keeps its number. */
size_t balance_row(struct balance_table *self, enum account account, const char *holder);
size_t balance_count(const struct balance_table *self);
/* Valid until the next row is made. */
struct balance *balance_at(struct balance_table *self, size_t i);

/* self of balances_fold (books.h). */
struct balances;
struct balance_table *balances_table(struct balances *self);
/* Balances of a partition by account. */
const int64_t *balances_of_partition(const struct balances *self, unsigned partition);
/* Partitions whose balances do not add up to 0: none, unless an entry's postings do not. */
unsigned balances_unbalanced(const struct balances *self);

#endif
