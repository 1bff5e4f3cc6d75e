#include "services/settlement/settlement.h"

#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/books.pb-c.h"
#include "ansinh/v1/ledger.pb-c.h"
#include "common/base/log.h"
#include "services/settlement/bank.h"
#include "services/settlement/budget.h"
#include "services/settlement/collected.h"
#include "services/settlement/custody.h"
#include "services/settlement/receipt_queue.h"
#include "services/settlement/receipts.h"
#include "services/settlement/refunds.h"
#include "services/settlement/settlement_store.h"

#define LEASE_MS 3000
#define FLUSH_MS 100
#define RETRY_AFTER_MS 100
/* Events per flush. One event makes at most POSTINGS_MAX rows of balances, each three operations
 * and a chunk, a partition and a payment, one task for the issuer, one refund case and one holder's
 * cash of at most CASH_PACKED_MAX_BYTES: within the limits of views.h even when none of them can be
 * merged. */
#define PENDING_MAX 600

static const struct books_fold *const folds[BOOKS_PARTS] = {
    &balances_fold, &collected_fold, &receipt_queue_fold, &custody_fold, &refunds_fold};

static void apply(void *arg, const struct projector_event *event)
{
    struct settlement *self = arg;
    for (size_t i = 0; i < BOOKS_PARTS; i++)
        folds[i]->apply(self->parts[i], event);
}

static void collect(void *arg, struct flush *flush)
{
    struct settlement *self = arg;
    uint64_t version = projector_version(self->projector);
    for (size_t i = 0; i < BOOKS_PARTS; i++)
        folds[i]->collect(self->parts[i], version, flush);
}

static void flushed(void *arg)
{
    struct settlement *self = arg;
    issuer_wake(self->issuer);
}

static void load_next(struct settlement *self);

static void on_loaded(void *arg, int rc)
{
    struct settlement *self = arg;
    if (rc < 0) {
        log_error("the books cannot be loaded", "part=%s code=%d", folds[self->loading]->name, rc);
        projector_restart(self->projector);
        return;
    }
    self->loading++;
    load_next(self);
}

static void load_next(struct settlement *self)
{
    while (self->loading < BOOKS_PARTS && folds[self->loading]->load == NULL)
        self->loading++;
    if (self->loading < BOOKS_PARTS)
        folds[self->loading]->load(self->parts[self->loading], on_loaded, self);
    else
        projector_ready(self->projector);
}

static void reset(void *arg)
{
    struct settlement *self = arg;
    for (size_t i = 0; i < BOOKS_PARTS; i++)
        folds[i]->clear(self->parts[i]);
    self->loading = 0;
    load_next(self);
}

int settlement_leads(struct settlement *self, struct bus_request *request)
{
    if (projector_is_leader(self->projector))
        return 1;
    bus_fail_retry(request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                   "the books are kept by another instance, or are being loaded");
    return 0;
}

int settlement_admits(struct bus_request *request, const char *organisation, const char *field)
{
    if (request->partner[0] == '\0' || strcmp(request->partner, organisation) == 0)
        return 1;
    bus_fail(request, ANSINH__V1__CODE__CODE_PERMISSION_DENIED, field,
             "this is of another organisation");
    return 0;
}

/* --- life --- */

static void emit_till(const struct settlement *self, metrics_emit_fn emit, void *sink)
{
    struct issuer_stats issuer;
    struct custody_stats custody;
    issuer_stats_get(self->issuer, &issuer);
    custody_stats_get(self->parts[BOOKS_CUSTODY], &custody);
    emit(sink, "receipts_issued_total", "", issuer.issued, 1);
    emit(sink, "receipts_voided_total", "reason=\"reversed\"", issuer.voided, 1);
    emit(sink, "receipts_conflicts_total", "", issuer.conflicts, 1);
    emit(sink, "receipts_refused_numbers_total", "", issuer.refused_numbers, 1);
    emit(sink, "custody_alarms_total", "", custody.alarms, 1);
    if (!projector_is_leader(self->projector))
        return;
    emit(sink, "receipts_waiting", "", issuer.waiting, 0);
    emit(sink, "custody_holders", "", custody.holders, 0);
    emit(sink, "custody_over_limit", "", custody.over, 0);
    emit(sink, "custody_too_late", "", custody.late, 0);
    emit(sink, "custody_blocked", "", custody.blocked, 0);
    emit(sink, "custody_cash_vnd", "", custody.cash_vnd, 0);
}

static void emit_stats(void *arg, metrics_emit_fn emit, void *sink)
{
    struct settlement *self = arg;
    struct projector_stats stats;
    projector_stats_get(self->projector, &stats);
    emit(sink, "books_leader", "", projector_is_leader(self->projector), 0);
    emit(sink, "books_events_total", "", stats.applied, 1);
    emit(sink, "books_flushes_total", "", stats.flushes, 1);
    emit(sink, "books_refused_flushes_total", "", stats.refused_flushes, 1);
    emit(sink, "books_takeovers_total", "", stats.takeovers, 1);
    emit(sink, "books_lag_events", "", stats.lag_events, 0);
    emit(sink, "books_lag_ms", "", stats.lag_ms, 0);
    emit(sink, "books_caught_up", "", projector_is_caught_up(self->projector), 0);
    emit_till(self, emit, sink);
    if (!projector_is_leader(self->projector))
        return;
    emit(sink, "books_unbalanced", "", balances_unbalanced(self->parts[BOOKS_BALANCES]), 0);
    emit(sink, "books_budgets_warning", "", budgets_warning(self), 0);
}

static const struct bus_method ledger_methods[] = {
    {"TrialBalance", on_trial_balance, 0},
    {"GetAccount", on_get_account, 0},
    {"GetBudget", on_get_budget, 0},
    {"ListSuspense", on_list_suspense, 0},
    {"ListRefundCases", on_list_refund_cases, 0},
    {"PostBankEntry", on_post_bank_entry, BUS_COMMAND},
    {"MoveSuspense", on_move_suspense, BUS_COMMAND},
    {"PostCommission", on_post_commission, BUS_COMMAND},
};

static const struct bus_method books_methods[] = {{"ListBooked", on_list_booked, 0}};

static const struct bus_method custody_methods[] = {
    {"Remit", on_remit, BUS_COMMAND | BUS_URGENT},
    {"GetCustody", on_get_custody, 0},
    {"ListCustody", on_list_custody, 0},
    {"ListAlarms", on_list_alarms, 0},
};

static const struct bus_method receipt_methods[] = {
    {"GetReceipt", on_get_receipt, 0},
    {"VoidReceipt", on_void_receipt, BUS_COMMAND},
    {"ReplaceReceipt", on_replace_receipt, BUS_COMMAND},
    {"AllocateBlock", on_allocate_block, BUS_COMMAND},
    {"CloseBlock", on_close_block, BUS_COMMAND},
    {"ListBlocks", on_list_blocks, 0},
    {"VerifyCode", on_verify_code, 0},
};

static int may_issue(void *arg)
{
    const struct settlement *self = arg;
    return projector_is_leader(self->projector);
}

static void add_methods(struct settlement *self)
{
    struct bus_server *server = self->svc->server;
    bus_server_add(server, &ansinh__v1__ledger__descriptor, ledger_methods,
                   ARRAY_LEN(ledger_methods), self);
    bus_server_add(server, &ansinh__v1__books__descriptor, books_methods, ARRAY_LEN(books_methods),
                   self);
    bus_server_add(server, &ansinh__v1__custody__descriptor, custody_methods,
                   ARRAY_LEN(custody_methods), self);
    bus_server_add(server, &ansinh__v1__receipts__descriptor, receipt_methods,
                   ARRAY_LEN(receipt_methods), self);
}

static int create(struct service *svc, struct err *err)
{
    (void)err;
    struct settlement *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    svc->context = self;
    for (size_t i = 0; i < BOOKS_PARTS; i++)
        self->parts[i] = folds[i]->create(svc);
    struct projector_spec spec = {
        .name = BOOKS_VIEW,
        .lease_ms = LEASE_MS,
        .flush_ms = FLUSH_MS,
        .pending_max = PENDING_MAX,
        .arg = self,
        .apply = apply,
        .collect = collect,
        .flushed = flushed,
        .reset = reset,
    };
    self->projector = projector_create(svc, &spec);
    metrics_collector(svc->metrics, emit_stats, self);
    custody_attach(self->parts[BOOKS_CUSTODY], self->projector);
    self->issuer = issuer_create(svc, may_issue, self);
    add_methods(self);
    return 0;
}

static const char *problem(struct service *svc)
{
    const struct settlement *self = svc->context;
    return projector_problem(self->projector);
}

static int is_idle(struct service *svc)
{
    struct settlement *self = svc->context;
    return !issuer_is_busy(self->issuer) && projector_drained(self->projector);
}

static void destroy(struct service *svc)
{
    struct settlement *self = svc->context;
    issuer_destroy(&self->issuer);
    projector_destroy(&self->projector);
    for (size_t i = 0; i < BOOKS_PARTS; i++)
        folds[i]->destroy(self->parts[i]);
    free(self);
    svc->context = NULL;
}

const struct service_spec settlement_spec = {
    .name = "settlement",
    .prefix = "SETTLEMENT_",
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_SERVER | SERVICE_CLIENT | SERVICE_PUBLISHER |
             SERVICE_KEYRING | SERVICE_DIRECTORY | SERVICE_POLICY,
    .create = create,
    .problem = problem,
    .is_idle = is_idle,
    .destroy = destroy,
};
