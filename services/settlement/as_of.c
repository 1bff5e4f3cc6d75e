#include "services/settlement/as_of.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "services/settlement/settlement_store.h"

#define DAY_S 86400
#define OFFSET_S (7 * 3600)
#define READS_MAX 16 /* of accounts, under way at once */

/* Second at which a business day begins. */
static int64_t day_begin_s(int32_t day)
{
    return (int64_t)day * DAY_S - OFFSET_S;
}

static int year_of(int32_t day)
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return year;
}

/* --- the entries of one account on the day itself --------------------------------------------- */

struct day_read {
    struct store *views;
    enum account account;
    char holder[CHUNK_HOLDER_BYTES];
    int64_t as_of_ms;
    uint64_t skip;
    int64_t debit_vnd, credit_vnd;
    as_of_account_fn done;
    void *arg;
};

static void day_end(struct day_read *self, int rc)
{
    self->done(self->arg, rc, self->debit_vnd, self->credit_vnd);
    free(self);
}

static int day_take(struct day_read *self, const struct stored_chunk *chunk)
{
    char holder[CHUNK_HOLDER_BYTES];
    struct chunk_row rows[CHUNK_ROWS_MAX];
    size_t n;
    int rc = chunk_read(chunk->bytes, chunk->len, holder, rows, &n);
    if (rc < 0 || strcmp(holder, self->holder) != 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].at_ms > self->as_of_ms)
            continue;
        self->debit_vnd += MAX(rows[i].amount_vnd, 0);
        self->credit_vnd += MAX(-rows[i].amount_vnd, 0);
    }
    return 0;
}

static void day_on(struct day_read *self);

static void on_day_chunks(void *arg, int rc, const struct stored_chunk *chunks, size_t n)
{
    struct day_read *self = arg;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = day_take(self, &chunks[i]);
    self->skip += n;
    if (rc == 0 && n == BOOKS_CHUNKS_MAX)
        day_on(self);
    else
        day_end(self, rc);
}

static void day_on(struct day_read *self)
{
    books_read_chunks(self->views, self->account, self->holder,
                      day_begin_s(clock_business_day(self->as_of_ms)), self->as_of_ms / 1000,
                      self->skip, on_day_chunks, self);
}

/* Adds to the sums given, then answers them. */
static void day_start(struct day_read like)
{
    struct day_read *self = malloc(sizeof(*self));
    ASSERT(self != NULL);
    *self = like;
    day_on(self);
}

/* --- one account ------------------------------------------------------------------------------ */

struct account_read {
    struct day_read day;
    int year;
};

static void years_on(struct account_read *self);

static void on_year(void *arg, int rc, int64_t debit_vnd, int64_t credit_vnd)
{
    struct account_read *self = arg;
    self->day.debit_vnd += debit_vnd;
    self->day.credit_vnd += credit_vnd;
    self->year++;
    if (rc == 0) {
        years_on(self);
        return;
    }
    self->day.done(self->day.arg, rc, 0, 0);
    free(self);
}

static void years_on(struct account_read *self)
{
    int32_t last = clock_business_day(self->day.as_of_ms) - 1;
    int32_t first = date_make(self->year, 1, 1);
    if (first > last) {
        day_start(self->day);
        free(self);
        return;
    }
    books_read_days(self->day.views, self->day.account, self->day.holder, first,
                    MIN(last, date_make(self->year, 12, 31)), on_year, self);
}

void as_of_read_account(struct store *views, enum account account, const char *holder,
                        int64_t as_of_ms, as_of_account_fn done, void *arg)
{
    struct account_read *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->day = (struct day_read){
        .views = views, .account = account, .as_of_ms = as_of_ms, .done = done, .arg = arg};
    (void)strncpy(self->day.holder, holder, sizeof(self->day.holder) - 1);
    self->year = BOOKS_YEAR_FIRST;
    years_on(self);
}

/* --- all accounts ----------------------------------------------------------------------------- */

struct as_of {
    struct store *views;
    struct balance_table *table;
    struct balance_table *active; /* accounts with entries on the day itself */
    int64_t as_of_ms;
    int32_t day;
    int year;
    size_t next;   /* of active */
    unsigned open; /* reads of accounts */
    int rc;
    as_of_fn done;
    void *arg;
};

/* Where an account's sums of the day go. */
struct active_read {
    struct as_of *as_of;
    size_t row; /* of active */
};

static void as_of_end(struct as_of *self)
{
    self->done(self->arg, self->rc, self->table);
    balance_table_destroy(&self->table);
    balance_table_destroy(&self->active);
    free(self);
}

static void actives_on(struct as_of *self);

static void on_active(void *arg, int rc, int64_t debit_vnd, int64_t credit_vnd)
{
    struct active_read *read = arg;
    struct as_of *self = read->as_of;
    const struct balance *active = balance_at(self->active, read->row);
    struct balance *row =
        balance_at(self->table, balance_row(self->table, active->account, active->holder));
    row->debit_vnd += debit_vnd;
    row->credit_vnd += credit_vnd;
    self->rc = self->rc < 0 ? self->rc : rc;
    self->open--;
    free(read);
    actives_on(self);
}

static void actives_on(struct as_of *self)
{
    for (; self->open < READS_MAX && self->next < balance_count(self->active) && self->rc == 0;
         self->next++) {
        const struct balance *active = balance_at(self->active, self->next);
        struct active_read *read = malloc(sizeof(*read));
        ASSERT(read != NULL);
        *read = (struct active_read){self, self->next};
        struct day_read day = {.views = self->views,
                               .account = active->account,
                               .as_of_ms = self->as_of_ms,
                               .done = on_active,
                               .arg = read};
        memcpy(day.holder, active->holder, sizeof(day.holder));
        self->open++;
        day_start(day);
    }
    if (self->open == 0)
        as_of_end(self);
}

static void take_day(void *arg, const struct stored_sum *sum)
{
    struct as_of *self = arg;
    if (sum->day == self->day)
        (void)balance_row(self->active, sum->account, sum->holder);
    if (sum->day >= self->day)
        return;
    struct balance *row =
        balance_at(self->table, balance_row(self->table, sum->account, sum->holder));
    if (sum->side == 'd')
        row->debit_vnd += sum->vnd;
    else
        row->credit_vnd += sum->vnd;
}

static void on_year_read(void *arg, int rc)
{
    struct as_of *self = arg;
    self->rc = rc;
    if (rc == 0 && self->year < year_of(self->day))
        books_read_sums(self->views, ++self->year, take_day, on_year_read, self);
    else
        actives_on(self);
}

void as_of_read(struct store *views, int64_t as_of_ms, as_of_fn done, void *arg)
{
    struct as_of *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->views = views;
    self->table = balance_table_create();
    self->active = balance_table_create();
    self->as_of_ms = as_of_ms;
    self->day = clock_business_day(as_of_ms);
    self->year = BOOKS_YEAR_FIRST;
    self->done = done;
    self->arg = arg;
    books_read_sums(views, self->year, take_day, on_year_read, self);
}
