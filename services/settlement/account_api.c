/* GetAccount: a balance, and the entries behind it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/ledger.pb-c.h"
#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/service/command.h"
#include "services/settlement/as_of.h"
#include "services/settlement/settlement.h"
#include "services/settlement/settlement_store.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX 1000
#define DAY_MS (86400LL * 1000)
#define OFFSET_MS (7LL * 3600 * 1000)

/* Where a page begins: a row of a chunk, which is the skip-th of those that begin in a second. */
struct place {
    int64_t s;
    int64_t skip, row;
};

/* Lives in the request's arena. */
struct statement {
    struct settlement *self;
    struct bus_request *request;
    const Ansinh__V1__GetAccountRequest *in;
    int64_t as_of_ms;
    size_t page;
    int is_full;     /* and there is at least one entry more */
    struct place at; /* the next chunk, and the first row of it that counts */
    Ansinh__V1__GetAccountResponse out;
    Ansinh__V1__AccountBalance balance;
};

static void no_memory(const struct statement *self)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "",
             "the answer is too large");
}

static void away(const struct statement *self)
{
    bus_fail_retry(self->request, ANSINH__V1__CODE__CODE_UNAVAILABLE, AS_OF_RETRY_MS,
                   "the views server does not answer");
}

static int add_entry(struct statement *self, const struct chunk_row *row)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__AccountEntry *entry = arena_alloc(arena, sizeof(*entry));
    char *position = arena_alloc(arena, POSITION_TEXT_BYTES);
    if (entry == NULL || position == NULL)
        return -ENOMEM;
    ansinh__v1__account_entry__init(entry);
    position_format(row->partition, (struct journal_position){row->epoch, row->seq}, position);
    entry->position = position;
    entry->at_ms = row->at_ms;
    entry->amount_vnd = row->amount_vnd;
    self->out.entries[self->out.n_entries++] = entry;
    return 0;
}

/* Rows of a chunk until the page is full; self->at is then the first row of the next one. */
static int take_chunk(struct statement *self, const struct stored_chunk *chunk)
{
    char holder[CHUNK_HOLDER_BYTES];
    struct chunk_row rows[CHUNK_ROWS_MAX];
    size_t n;
    int rc = chunk_read(chunk->bytes, chunk->len, holder, rows, &n);
    if (chunk->first_s != self->at.s)
        self->at = (struct place){.s = chunk->first_s};
    if (rc == 0 && strcmp(holder, self->in->holder) != 0)
        n = 0;
    for (size_t i = (size_t)self->at.row; rc == 0 && i < n; i++) {
        if (rows[i].at_ms < self->in->from_ms || rows[i].at_ms > self->as_of_ms)
            continue;
        self->is_full = self->out.n_entries == self->page;
        if (self->is_full) {
            self->at.row = (int64_t)i;
            return 0;
        }
        rc = add_entry(self, &rows[i]);
    }
    self->at.row = 0;
    self->at.skip++;
    return rc;
}

static void answer(struct statement *self)
{
    if (self->is_full)
        self->out.next_page_token =
            arena_printf(self->request->arena, "%" PRId64 "-%" PRId64 "-%" PRId64, self->at.s,
                         self->at.skip, self->at.row);
    if (self->out.next_page_token == NULL)
        no_memory(self);
    else
        bus_reply(self->request, &self->out.base);
}

static void read_on(struct statement *self);

static void on_chunks(void *arg, int rc, const struct stored_chunk *chunks, size_t n)
{
    struct statement *self = arg;
    for (size_t i = 0; rc == 0 && i < n && !self->is_full; i++)
        rc = take_chunk(self, &chunks[i]);
    if (rc == -ENOMEM)
        no_memory(self);
    else if (rc < 0)
        away(self);
    else if (n == BOOKS_CHUNKS_MAX && !self->is_full)
        read_on(self);
    else
        answer(self);
}

static void read_on(struct statement *self)
{
    books_read_chunks(self->self->svc->views, (enum account)self->in->account, self->in->holder,
                      self->at.s, self->as_of_ms / 1000, (uint64_t)self->at.skip, on_chunks, self);
}

static void on_balance(void *arg, int rc, int64_t debit_vnd, int64_t credit_vnd)
{
    struct statement *self = arg;
    if (rc < 0) {
        away(self);
        return;
    }
    self->balance.debit_vnd = debit_vnd;
    self->balance.credit_vnd = credit_vnd;
    self->balance.balance_vnd = debit_vnd - credit_vnd;
    read_on(self);
}

/* "<second>-<chunks>-<row>"; none: the first chunk of the day of from_ms. -EINVAL. */
static int place_read(const char *token, int64_t from_ms, struct place *ret)
{
    char text[64];
    int64_t *const numbers[] = {&ret->s, &ret->skip, &ret->row};
    *ret = (struct place){.s = ((from_ms + OFFSET_MS) / DAY_MS * DAY_MS - OFFSET_MS) / 1000};
    ret->s = MAX(ret->s, 0);
    if (token[0] == '\0')
        return 0;
    int len = snprintf(text, sizeof(text), "%s", token);
    char *rest = text;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        const char *part = strsep(&rest, "-");
        if (part == NULL || parse_int64(part, 0, UINT32_MAX, numbers[i]) < 0)
            return -EINVAL;
    }
    return rest == NULL && len < (int)sizeof(text) ? 0 : -EINVAL;
}

/* The field that is wrong, and why; NULL: none. */
static const char *check(const Ansinh__V1__GetAccountRequest *in, int64_t now_ms,
                         const char **ret_why)
{
    struct place place;
    *ret_why = "want a time that is over";
    if (in->as_of_ms < 0 || in->as_of_ms > now_ms)
        return "as_of_ms";
    if (in->from_ms < 0 || in->from_ms > now_ms)
        return "from_ms";
    *ret_why = "want an account of the chart";
    if ((int)in->account <= ACCOUNT_NONE || (int)in->account >= ACCOUNTS_END)
        return "account";
    *ret_why = "too long";
    if (strlen(in->holder) >= CHUNK_HOLDER_BYTES)
        return "holder";
    *ret_why = "want at most 1,000";
    if (in->page_size > PAGE_MAX)
        return "page_size";
    *ret_why = "not one of a page before";
    return place_read(in->page_token, in->from_ms, &place) < 0 ? "page_token" : NULL;
}

static void start(struct statement *self)
{
    const Ansinh__V1__GetAccountRequest *in = self->in;
    ansinh__v1__get_account_response__init(&self->out);
    ansinh__v1__account_balance__init(&self->balance);
    self->balance.account = in->account;
    self->balance.holder = in->holder;
    self->out.balance = &self->balance;
    self->out.as_of_ms = self->as_of_ms;
    self->page = in->page_size == 0 ? PAGE_DEFAULT : in->page_size;
    self->out.entries = arena_alloc(self->request->arena, self->page * sizeof(*self->out.entries));
    if (place_read(in->page_token, in->from_ms, &self->at) < 0 || self->out.entries == NULL)
        no_memory(self);
    else
        as_of_read_account(self->self->svc->views, (enum account)in->account, in->holder,
                           self->as_of_ms, on_balance, self);
}

void on_get_account(void *arg, struct bus_request *request)
{
    struct settlement *self = arg;
    const Ansinh__V1__GetAccountRequest *in = (const Ansinh__V1__GetAccountRequest *)request->input;
    const char *why;
    if (!settlement_leads(self, request))
        return;
    int64_t now_ms = clock_wall_ms();
    const char *field = check(in, now_ms, &why);
    if (field != NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, field, "%s", why);
        return;
    }
    struct statement *statement = arena_zalloc(request->arena, sizeof(*statement));
    if (statement == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    statement->self = self;
    statement->request = request;
    statement->in = in;
    statement->as_of_ms = in->as_of_ms == 0 ? now_ms : in->as_of_ms;
    start(statement);
}
