/* ListSuspense: what nobody has claimed yet, and how old it is. */
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/ledger.pb-c.h"
#include "common/base/clock.h"
#include "services/settlement/as_of.h"
#include "services/settlement/bank.h"
#include "services/settlement/settlement.h"
#include "services/settlement/settlement_store.h"

#define PAGE_MAX 100
#define DAY_MS (86400LL * 1000)

/* Lives in the request's arena. */
struct suspense {
    struct settlement *self;
    struct bus_request *request;
    int64_t now_ms;
    unsigned open; /* ages that are asked for */
    int rc;
    Ansinh__V1__ListSuspenseResponse out;
};

struct age_ask {
    struct suspense *list;
    Ansinh__V1__SuspenseItem *item;
};

static void end(struct suspense *list)
{
    if (list->rc < 0)
        bus_fail_retry(list->request, ANSINH__V1__CODE__CODE_UNAVAILABLE, AS_OF_RETRY_MS,
                       "the views server does not answer");
    else
        bus_reply(list->request, &list->out.base);
}

/* The first entry under the reference; none yet: it is not a flush old. */
static void on_first(void *arg, int rc, const struct stored_chunk *chunks, size_t n)
{
    const struct age_ask *ask = arg;
    struct suspense *list = ask->list;
    char holder[CHUNK_HOLDER_BYTES];
    struct chunk_row rows[CHUNK_ROWS_MAX];
    size_t n_rows;
    ask->item->since_ms = list->now_ms;
    for (size_t i = 0; rc == 0 && i < n && ask->item->since_ms == list->now_ms; i++) {
        rc = chunk_read(chunks[i].bytes, chunks[i].len, holder, rows, &n_rows);
        if (rc == 0 && n_rows > 0 && strcmp(holder, ask->item->reference) == 0)
            ask->item->since_ms = rows[0].at_ms;
    }
    ask->item->days = (uint32_t)((list->now_ms - ask->item->since_ms) / DAY_MS);
    list->rc = rc < 0 ? rc : list->rc;
    if (--list->open == 0)
        end(list);
}

static int compare_rows(const void *a, const void *b)
{
    const struct balance *x = *(const struct balance *const *)a;
    const struct balance *y = *(const struct balance *const *)b;
    return strcmp(x->holder, y->holder);
}

/* References with a balance, after one, ascending; sums of all of them go to the answer. */
static size_t select_rows(struct suspense *list, const char *after, const struct balance **rows)
{
    struct balance_table *table = balances_table(list->self->parts[BOOKS_BALANCES]);
    size_t n = 0;
    for (size_t i = 0; i < balance_count(table); i++) {
        const struct balance *row = balance_at(table, i);
        if (row->account != ACCOUNT_IS_SUSPENSE || row->debit_vnd == row->credit_vnd)
            continue;
        list->out.items_open++;
        list->out.balance_vnd += row->credit_vnd - row->debit_vnd;
        if (strcmp(row->holder, after) > 0)
            rows[n++] = row;
    }
    if (n > 0)
        qsort(rows, n, sizeof(*rows), compare_rows);
    return n;
}

static int fill(struct suspense *list, const struct balance *const *rows, size_t n)
{
    struct arena *arena = list->request->arena;
    Ansinh__V1__SuspenseItem *items = arena_alloc(arena, n * sizeof(*items));
    list->out.items = arena_alloc(arena, n * sizeof(*list->out.items));
    if (items == NULL || list->out.items == NULL)
        return -1;
    for (size_t i = 0; i < n; i++) {
        ansinh__v1__suspense_item__init(&items[i]);
        items[i].reference = arena_strndup(arena, rows[i]->holder, strlen(rows[i]->holder));
        items[i].balance_vnd = rows[i]->credit_vnd - rows[i]->debit_vnd;
        if (items[i].reference == NULL)
            return -1;
        list->out.items[list->out.n_items++] = &items[i];
    }
    return 0;
}

static void ask_ages(struct suspense *list, struct age_ask *asks, size_t n)
{
    list->open = (unsigned)n;
    for (size_t i = 0; i < n; i++) {
        asks[i] = (struct age_ask){list, list->out.items[i]};
        books_read_chunks(list->self->svc->views, ACCOUNT_IS_SUSPENSE,
                          list->out.items[i]->reference, 0, list->now_ms / 1000, 0, on_first,
                          &asks[i]);
    }
    if (n == 0)
        end(list);
}

void on_list_suspense(void *arg, struct bus_request *request)
{
    struct settlement *self = arg;
    const Ansinh__V1__ListSuspenseRequest *in =
        (const Ansinh__V1__ListSuspenseRequest *)request->input;
    const Ansinh__V1__Code wrong = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    if (!settlement_leads(self, request))
        return;
    if (in->page_size > PAGE_MAX || strlen(in->page_token) >= CHUNK_HOLDER_BYTES) {
        bus_fail(request, wrong, in->page_size > PAGE_MAX ? "page_size" : "page_token",
                 "want at most %d, and the token of a page before", PAGE_MAX);
        return;
    }
    struct suspense *list = arena_zalloc(request->arena, sizeof(*list));
    struct age_ask *asks = arena_alloc(request->arena, PAGE_MAX * sizeof(*asks));
    size_t n_rows = balance_count(balances_table(self->parts[BOOKS_BALANCES]));
    const struct balance **rows = malloc((n_rows + 1) * sizeof(*rows));
    int rc = list == NULL || asks == NULL || rows == NULL ? -1 : 0;
    size_t n = 0, page = in->page_size == 0 ? PAGE_MAX : in->page_size;
    if (rc == 0) {
        *list = (struct suspense){.self = self, .request = request, .now_ms = clock_wall_ms()};
        ansinh__v1__list_suspense_response__init(&list->out);
        n = select_rows(list, in->page_token, rows);
        rc = fill(list, rows, MIN(n, page));
    }
    if (rc == 0 && n > page)
        list->out.next_page_token = list->out.items[page - 1]->reference;
    free(rows);
    if (rc < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else
        ask_ages(list, asks, MIN(n, page));
}
