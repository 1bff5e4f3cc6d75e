#include "services/settlement/balances.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/service/postings.h"
#include "services/settlement/books.h"
#include "services/settlement/settlement_store.h"

/* --- sums by account and holder --------------------------------------------------------------- */

/* The map holds row numbers from 1, as pointers: the rows move when they grow. */
struct balance_table {
    struct map *by_holder;
    struct balance *rows;
    size_t n, capacity;
};

struct balance_table *balance_table_create(void)
{
    struct balance_table *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->by_holder = map_create();
    return self;
}

void balance_table_destroy(struct balance_table **self)
{
    if (*self == NULL)
        return;
    map_destroy(&(*self)->by_holder);
    free((*self)->rows);
    free(*self);
    *self = NULL;
}

size_t balance_row(struct balance_table *self, enum account account, const char *holder)
{
    char key[1 + CHUNK_HOLDER_BYTES];
    size_t len = strnlen(holder, CHUNK_HOLDER_BYTES - 1);
    key[0] = (char)account;
    memcpy(key + 1, holder, len);
    uintptr_t place = (uintptr_t)map_get(self->by_holder, key, 1 + len);
    if (place != 0)
        return place - 1;
    if (self->n == self->capacity) {
        self->capacity = MAX((size_t)1024, 2 * self->capacity);
        self->rows = realloc(self->rows, self->capacity * sizeof(*self->rows));
        ASSERT(self->rows != NULL);
    }
    struct balance *row = &self->rows[self->n++];
    *row = (struct balance){.account = account};
    memcpy(row->holder, holder, len);
    (void)map_put(self->by_holder, key, 1 + len, (void *)(uintptr_t)self->n);
    return self->n - 1;
}

size_t balance_count(const struct balance_table *self)
{
    return self->n;
}

struct balance *balance_at(struct balance_table *self, size_t i)
{
    return &self->rows[i];
}

/* --- the fold --------------------------------------------------------------------------------- */

/* A posting that is not in views yet. */
struct entry {
    uint32_t row, order; /* order: of being gathered */
    struct chunk_row posting;
};

struct balances {
    struct service *svc;
    struct balance_table *table;
    int64_t partitions[PARTITIONS][ACCOUNTS_END];
    uint8_t is_touched[PARTITIONS];
    uint16_t touched[PARTITIONS];
    size_t n_touched;
    struct entry *entries;
    size_t n_entries, capacity;
    books_loaded_fn done; /* of a load under way */
    void *done_arg;
};

static void clear(void *arg)
{
    struct balances *self = arg;
    balance_table_destroy(&self->table);
    self->table = balance_table_create();
    memset(self->partitions, 0, sizeof(self->partitions));
    memset(self->is_touched, 0, sizeof(self->is_touched));
    self->n_touched = self->n_entries = 0;
}

static void *create(struct service *svc)
{
    struct balances *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->table = balance_table_create();
    return self;
}

static void destroy(void *arg)
{
    struct balances *self = arg;
    balance_table_destroy(&self->table);
    free(self->entries);
    free(self);
}

static void gather(struct balances *self, const struct entry *entry)
{
    if (self->n_entries == self->capacity) {
        self->capacity = MAX((size_t)1024, 2 * self->capacity);
        self->entries = realloc(self->entries, self->capacity * sizeof(*self->entries));
        ASSERT(self->entries != NULL);
    }
    self->entries[self->n_entries] = *entry;
    self->entries[self->n_entries].order = (uint32_t)self->n_entries;
    self->n_entries++;
}

static void touch(struct balances *self, unsigned partition)
{
    if (self->is_touched[partition])
        return;
    self->is_touched[partition] = 1;
    self->touched[self->n_touched++] = (uint16_t)partition;
}

static void apply(void *arg, const struct projector_event *in)
{
    struct balances *self = arg;
    struct postings postings;
    int rc = event_postings(in->event, &postings);
    for (size_t i = 0; rc == 0 && i < postings.n; i++) {
        const struct posting *posting = &postings.rows[i];
        if (posting->account <= ACCOUNT_NONE || posting->account >= ACCOUNTS_END) {
            rc = -EPROTO;
            break;
        }
        size_t row = balance_row(self->table, posting->account, posting->holder);
        struct balance *balance = balance_at(self->table, row);
        if (posting->amount_vnd > 0)
            balance->debit_vnd += posting->amount_vnd;
        else
            balance->credit_vnd -= posting->amount_vnd;
        self->partitions[in->partition][posting->account] += posting->amount_vnd;
        touch(self, in->partition);
        gather(self, &(struct entry){.row = (uint32_t)row,
                                     .posting = {(uint16_t)in->partition, in->position.epoch,
                                                 in->position.seq, in->event->at_ms,
                                                 posting->amount_vnd}});
    }
    if (rc == 0)
        return;
    /* leaving them out would be books that only seem to balance; a person must look */
    log_error("postings that this version does not know", "partition=%u seq=%" PRIu64,
              in->partition, in->position.seq);
    abort();
}

/* --- into views ------------------------------------------------------------------------------- */

static int compare(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* By account and holder, then by time. */
static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = compare(x->row, y->row);
    if (order == 0)
        order = compare(x->posting.at_ms, y->posting.at_ms);
    return order != 0 ? order : compare(x->order, y->order);
}

struct sums {
    int64_t debit_vnd, credit_vnd;
};

static void sums_add(struct sums *self, int64_t vnd)
{
    self->debit_vnd += MAX(vnd, 0);
    self->credit_vnd += MAX(-vnd, 0);
}

/* Entries of one account, holder and day: their sums, and as few chunks as they fit in. */
static void collect_day(const struct balance *balance, const struct entry *entries, size_t n,
                        uint64_t version, struct flush *flush)
{
    int32_t day = clock_business_day(entries[0].posting.at_ms);
    struct sums sums = {0, 0};
    uint8_t chunk[CHUNK_MAX_BYTES];
    size_t len = 0;
    int64_t first_ms = 0;
    for (size_t i = 0; i < n; i++) {
        const struct chunk_row *posting = &entries[i].posting;
        size_t longer = len == 0 ? 0 : chunk_add(chunk, len, posting);
        if (longer == 0) {
            if (len > 0)
                books_chunk_add(flush, balance->account, balance->holder, first_ms, chunk, len);
            first_ms = posting->at_ms;
            len = chunk_begin(version, balance->holder, first_ms, chunk);
            longer = chunk_add(chunk, len, posting);
        }
        len = longer;
        sums_add(&sums, posting->amount_vnd);
    }
    books_chunk_add(flush, balance->account, balance->holder, first_ms, chunk, len);
    if (sums.debit_vnd != 0)
        books_day_add(flush, balance->account, day, 'd', balance->holder, sums.debit_vnd);
    if (sums.credit_vnd != 0)
        books_day_add(flush, balance->account, day, 'c', balance->holder, sums.credit_vnd);
}

static void collect_row(const struct balance *balance, const struct entry *entries, size_t n,
                        uint64_t version, struct flush *flush)
{
    struct sums sums = {0, 0};
    size_t first = 0;
    for (size_t i = 0; i < n; i++) {
        sums_add(&sums, entries[i].posting.amount_vnd);
        if (i + 1 < n && clock_business_day(entries[i + 1].posting.at_ms) ==
                             clock_business_day(entries[i].posting.at_ms))
            continue;
        collect_day(balance, entries + first, i + 1 - first, version, flush);
        first = i + 1;
    }
    if (sums.debit_vnd != 0)
        books_total_add(flush, balance->account, 'd', balance->holder, sums.debit_vnd);
    if (sums.credit_vnd != 0)
        books_total_add(flush, balance->account, 'c', balance->holder, sums.credit_vnd);
}

static void collect(void *arg, uint64_t version, struct flush *flush)
{
    struct balances *self = arg;
    const struct entry *entries = self->entries;
    if (self->n_entries > 0)
        qsort(self->entries, self->n_entries, sizeof(*self->entries), compare_entries);
    for (size_t first = 0, i = 0; i < self->n_entries; i++) {
        if (i + 1 < self->n_entries && entries[i + 1].row == entries[i].row)
            continue;
        collect_row(balance_at(self->table, entries[i].row), entries + first, i + 1 - first,
                    version, flush);
        first = i + 1;
    }
    for (size_t i = 0; i < self->n_touched; i++) {
        unsigned partition = self->touched[i];
        books_partition_set(flush, partition, self->partitions[partition]);
        self->is_touched[partition] = 0;
    }
    self->n_touched = self->n_entries = 0;
}

/* --- and back --------------------------------------------------------------------------------- */

static void take_sum(void *arg, const struct stored_sum *sum)
{
    struct balances *self = arg;
    struct balance *balance =
        balance_at(self->table, balance_row(self->table, sum->account, sum->holder));
    if (sum->side == 'd')
        balance->debit_vnd = sum->vnd;
    else
        balance->credit_vnd = sum->vnd;
}

static void take_partition(void *arg, unsigned partition, const int64_t balances[ACCOUNTS_END])
{
    struct balances *self = arg;
    memcpy(self->partitions[partition], balances, sizeof(self->partitions[partition]));
}

static void on_partitions(void *arg, int rc)
{
    struct balances *self = arg;
    self->done(self->done_arg, rc);
}

static void on_totals(void *arg, int rc)
{
    struct balances *self = arg;
    if (rc < 0)
        self->done(self->done_arg, rc);
    else
        books_read_partitions(self->svc->views, take_partition, on_partitions, self);
}

static void load(void *arg, books_loaded_fn done, void *done_arg)
{
    struct balances *self = arg;
    self->done = done;
    self->done_arg = done_arg;
    books_read_sums(self->svc->views, 0, take_sum, on_totals, self);
}

const struct books_fold balances_fold = {
    .name = "balances",
    .create = create,
    .destroy = destroy,
    .apply = apply,
    .collect = collect,
    .load = load,
    .clear = clear,
};

/* --- answers ---------------------------------------------------------------------------------- */

struct balance_table *balances_table(struct balances *self)
{
    return self->table;
}

const int64_t *balances_of_partition(const struct balances *self, unsigned partition)
{
    return self->partitions[partition];
}

unsigned balances_unbalanced(const struct balances *self)
{
    unsigned n = 0;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        int64_t sum = 0;
        for (size_t i = 0; i < ACCOUNTS_END; i++)
            sum += self->partitions[p][i];
        n += sum != 0;
    }
    return n;
}
