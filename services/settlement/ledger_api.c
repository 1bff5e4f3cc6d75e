/* TrialBalance: what all accounts come to, now or as of any time. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/ledger.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/service/command.h"
#include "services/settlement/as_of.h"
#include "services/settlement/settlement.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX 1000

/* Lives in the request's arena. */
struct trial {
    struct settlement *self;
    struct bus_request *request;
    const Ansinh__V1__TrialBalanceRequest *in;
    int64_t as_of_ms;
};

static Ansinh__V1__AccountBalance *make_balance(struct arena *arena, enum account account,
                                                const char *holder, int64_t debit_vnd,
                                                int64_t credit_vnd)
{
    Ansinh__V1__AccountBalance *out = arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    ansinh__v1__account_balance__init(out);
    out->account = (Ansinh__V1__Account)account;
    out->holder = arena_strndup(arena, holder, strlen(holder));
    out->debit_vnd = debit_vnd;
    out->credit_vnd = credit_vnd;
    out->balance_vnd = debit_vnd - credit_vnd;
    return out->holder == NULL ? NULL : out;
}

static int compare_rows(const void *a, const void *b)
{
    const struct balance *x = *(const struct balance *const *)a;
    const struct balance *y = *(const struct balance *const *)b;
    if (x->account != y->account)
        return x->account < y->account ? -1 : 1;
    return strcmp(x->holder, y->holder);
}

/* Where the page before ended, "<account>:<holder>"; the first one: account 0. -EINVAL. */
static int token_read(const char *token, struct balance *ret)
{
    char text[2 * CHUNK_HOLDER_BYTES];
    int64_t account;
    *ret = (struct balance){.account = ACCOUNT_NONE};
    if (token[0] == '\0')
        return 0;
    const char *colon = strchr(token, ':');
    if (colon == NULL || strlen(colon + 1) >= sizeof(ret->holder))
        return -EINVAL;
    (void)snprintf(text, sizeof(text), "%.*s", (int)MIN(colon - token, 8), token);
    if (parse_int64(text, 1, ACCOUNTS_END - 1, &account) < 0)
        return -EINVAL;
    ret->account = (enum account)account;
    (void)snprintf(ret->holder, sizeof(ret->holder), "%s", colon + 1);
    return 0;
}

/* -ENOMEM */
static int fill_holders(const struct trial *trial, struct balance_table *table,
                        Ansinh__V1__TrialBalanceResponse *out)
{
    struct arena *arena = trial->request->arena;
    const struct balance **rows = malloc((balance_count(table) + 1) * sizeof(*rows));
    size_t page = trial->in->page_size == 0 ? PAGE_DEFAULT : trial->in->page_size, n = 0;
    struct balance after;
    int rc = rows == NULL ? -ENOMEM : token_read(trial->in->page_token, &after);
    const struct balance *const last = &after;
    for (size_t i = 0; rc == 0 && i < balance_count(table); i++) {
        rows[n] = balance_at(table, i);
        int is_wanted = trial->in->account == ANSINH__V1__ACCOUNT__ACCOUNT_UNSPECIFIED ||
                        (int)trial->in->account == (int)rows[n]->account;
        n += is_wanted && compare_rows(&rows[n], &last) > 0;
    }
    if (rc == 0)
        qsort(rows, n, sizeof(*rows), compare_rows);
    if (rc == 0 &&
        (out->holders = arena_alloc(arena, MIN(n, page) * sizeof(*out->holders))) == NULL)
        rc = -ENOMEM;
    for (size_t i = 0; rc == 0 && i < MIN(n, page); i++) {
        out->holders[i] = make_balance(arena, rows[i]->account, rows[i]->holder, rows[i]->debit_vnd,
                                       rows[i]->credit_vnd);
        rc = out->holders[i] == NULL ? -ENOMEM : 0;
        out->n_holders++;
    }
    if (rc == 0 && n > page)
        out->next_page_token =
            arena_printf(arena, "%d:%s", (int)rows[page - 1]->account, rows[page - 1]->holder);
    free(rows);
    return out->next_page_token == NULL ? -ENOMEM : rc;
}

/* Sums by account; accounts that were never posted to are left out. -ENOMEM. */
static int fill_accounts(struct arena *arena, const int64_t debits[ACCOUNTS_END],
                         const int64_t credits[ACCOUNTS_END], Ansinh__V1__TrialBalanceResponse *out)
{
    out->accounts = arena_alloc(arena, ACCOUNTS_END * sizeof(*out->accounts));
    if (out->accounts == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < ACCOUNTS_END; i++) {
        if (debits[i] == 0 && credits[i] == 0)
            continue;
        out->accounts[out->n_accounts] =
            make_balance(arena, (enum account)i, "", debits[i], credits[i]);
        if (out->accounts[out->n_accounts++] == NULL)
            return -ENOMEM;
        out->debit_vnd += debits[i];
        out->credit_vnd += credits[i];
    }
    return 0;
}

static void answer(const struct trial *trial, int rc, Ansinh__V1__TrialBalanceResponse *out)
{
    if (rc < 0) {
        bus_fail(trial->request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "",
                 "the answer is too large");
        return;
    }
    out->as_of_ms = trial->as_of_ms;
    out->version = projector_version(trial->self->projector);
    bus_reply(trial->request, &out->base);
}

static void answer_table(const struct trial *trial, struct balance_table *table,
                         Ansinh__V1__TrialBalanceResponse *out)
{
    int64_t debits[ACCOUNTS_END] = {0}, credits[ACCOUNTS_END] = {0};
    for (size_t i = 0; i < balance_count(table); i++) {
        const struct balance *row = balance_at(table, i);
        debits[row->account] += row->debit_vnd;
        credits[row->account] += row->credit_vnd;
    }
    int rc = fill_accounts(trial->request->arena, debits, credits, out);
    if (rc == 0 && trial->in->with_holders)
        rc = fill_holders(trial, table, out);
    out->is_balanced &= out->debit_vnd == out->credit_vnd;
    answer(trial, rc, out);
}

static void answer_now(const struct trial *trial)
{
    struct balances *balances = trial->self->parts[BOOKS_BALANCES];
    Ansinh__V1__TrialBalanceResponse out;
    ansinh__v1__trial_balance_response__init(&out);
    for (unsigned p = 0; p < PARTITIONS; p++)
        out.entries += projector_position(trial->self->projector, p).seq;
    out.is_balanced = balances_unbalanced(balances) == 0;
    answer_table(trial, balances_table(balances), &out);
}

/* Of a partition only what the accounts come to is kept. */
static void answer_partition(const struct trial *trial, unsigned partition)
{
    const int64_t *balances = balances_of_partition(trial->self->parts[BOOKS_BALANCES], partition);
    int64_t debits[ACCOUNTS_END] = {0}, credits[ACCOUNTS_END] = {0};
    struct journal_position last = projector_position(trial->self->projector, partition);
    char text[POSITION_TEXT_BYTES];
    Ansinh__V1__TrialBalanceResponse out;
    ansinh__v1__trial_balance_response__init(&out);
    for (size_t i = 0; i < ACCOUNTS_END; i++) {
        debits[i] = MAX(balances[i], 0);
        credits[i] = MAX(-balances[i], 0);
    }
    if (last.seq > 0) {
        position_format(partition, last, text);
        out.last_entry = text;
    }
    out.entries = last.seq;
    int rc = fill_accounts(trial->request->arena, debits, credits, &out);
    out.is_balanced = out.debit_vnd == out.credit_vnd;
    answer(trial, rc, &out);
}

static void on_as_of(void *arg, int rc, struct balance_table *table)
{
    const struct trial *trial = arg;
    Ansinh__V1__TrialBalanceResponse out;
    ansinh__v1__trial_balance_response__init(&out);
    out.is_balanced = 1;
    if (rc < 0)
        bus_fail_retry(trial->request, ANSINH__V1__CODE__CODE_UNAVAILABLE, AS_OF_RETRY_MS,
                       "the views server does not answer");
    else
        answer_table(trial, table, &out);
}

/* "p0513" */
static int partition_read(const char *text, unsigned *ret)
{
    char position[POSITION_TEXT_BYTES];
    struct journal_position first;
    (void)snprintf(position, sizeof(position), "%s-1-1", text);
    int rc = strlen(text) == strlen("p0513") ? position_parse(position, ret, &first) : -EINVAL;
    return rc == 0 && *ret >= PARTITIONS ? -EINVAL : rc;
}

void on_trial_balance(void *arg, struct bus_request *request)
{
    struct settlement *self = arg;
    const Ansinh__V1__TrialBalanceRequest *in =
        (const Ansinh__V1__TrialBalanceRequest *)request->input;
    const Ansinh__V1__Code wrong = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    struct trial *trial = arena_zalloc(request->arena, sizeof(*trial));
    struct balance after;
    unsigned partition = 0;
    if (!settlement_leads(self, request))
        return;
    int64_t now_ms = clock_wall_ms();
    if (trial == NULL)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else if (in->as_of_ms < 0 || in->as_of_ms > now_ms)
        bus_fail(request, wrong, "as_of_ms", "want a time that is over");
    else if ((int)in->account < 0 || (int)in->account >= ACCOUNTS_END)
        bus_fail(request, wrong, "account", "want one of the chart, or none");
    else if (in->page_size > PAGE_MAX)
        bus_fail(request, wrong, "page_size", "want at most %d", PAGE_MAX);
    else if (token_read(in->page_token, &after) < 0)
        bus_fail(request, wrong, "page_token", "not one of a page before");
    else if (in->partition[0] != '\0' && partition_read(in->partition, &partition) < 0)
        bus_fail(request, wrong, "partition", "want p0000 to p%04d", PARTITIONS - 1);
    else if (in->partition[0] != '\0' && (in->as_of_ms != 0 || in->with_holders))
        bus_fail(request, wrong, "partition", "is known now only, and without holders");
    else {
        *trial = (struct trial){.self = self, .request = request, .in = in, .as_of_ms = now_ms};
        if (in->partition[0] != '\0')
            answer_partition(trial, partition);
        else if (in->as_of_ms == 0)
            answer_now(trial);
        else {
            trial->as_of_ms = in->as_of_ms;
            as_of_read(self->svc->views, in->as_of_ms, on_as_of, trial);
        }
    }
}
