#include "services/settlement/budget.h"

#include <string.h>

#include "ansinh/v1/ledger.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/policy.h"

#define WARNING_PERCENT 80
#define PROVINCES_MAX 200 /* accounts of provinces and their donors that are answered */

/* Whose rows carry the budget of an account. */
static const struct {
    enum account account;
    enum policy_table_id table;
} sources[] = {
    {ACCOUNT_IS_LOCAL_BUDGET, POLICY_LOCAL_SUPPORT},
    {ACCOUNT_IS_LOCAL_BUDGET, POLICY_LOCAL_SHARE},
    {ACCOUNT_IS_LOCAL_BUDGET, POLICY_LOCAL_AMOUNT},
    {ACCOUNT_IS_DONOR_FUNDS, POLICY_DONOR_AMOUNT},
};

static int64_t budget_of(const struct policy *policy, const struct balance *balance, int32_t day)
{
    uint32_t province = policy_province(balance->holder);
    int64_t vnd = 0;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        size_t n = sources[i].account == balance->account ? policy->tables[sources[i].table].n : 0;
        for (size_t k = 0; k < n; k++) {
            const struct policy_row *row = &policy->tables[sources[i].table].rows[k];
            if (row->from_day <= day && day <= row->to_day &&
                policy_key_province(row->key) == province)
                vnd += row->budget_vnd;
        }
    }
    return vnd;
}

static int is_budget(const struct balance *balance)
{
    return balance->account == ACCOUNT_IS_LOCAL_BUDGET ||
           balance->account == ACCOUNT_IS_DONOR_FUNDS;
}

static void fill(const struct policy *policy, const struct balance *balance, int32_t day,
                 Ansinh__V1__Budget *ret)
{
    ansinh__v1__budget__init(ret);
    ret->account = (Ansinh__V1__Account)balance->account;
    ret->used_vnd = balance->debit_vnd - balance->credit_vnd;
    ret->budget_vnd = budget_of(policy, balance, day);
    ret->level = ANSINH__V1__BUDGET_LEVEL__BUDGET_LEVEL_NONE;
    if (ret->budget_vnd == 0)
        return;
    int64_t percent = MAX(ret->used_vnd, 0) / MAX(ret->budget_vnd / 100, 1);
    ret->percent = (uint32_t)MIN(percent, (int64_t)UINT32_MAX);
    ret->level = ANSINH__V1__BUDGET_LEVEL__BUDGET_LEVEL_FINE;
    if (percent >= WARNING_PERCENT)
        ret->level = ANSINH__V1__BUDGET_LEVEL__BUDGET_LEVEL_WARNING;
    if (ret->used_vnd > ret->budget_vnd)
        ret->level = ANSINH__V1__BUDGET_LEVEL__BUDGET_LEVEL_OVER;
}

unsigned budgets_warning(const struct settlement *self)
{
    struct balance_table *table = balances_table(self->parts[BOOKS_BALANCES]);
    int32_t today = clock_business_day(clock_wall_ms());
    unsigned n = 0;
    for (size_t i = 0; i < balance_count(table); i++) {
        Ansinh__V1__Budget budget;
        if (!is_budget(balance_at(table, i)))
            continue;
        fill(self->svc->policy, balance_at(table, i), today, &budget);
        n += budget.level >= ANSINH__V1__BUDGET_LEVEL__BUDGET_LEVEL_WARNING;
    }
    return n;
}

void on_get_budget(void *arg, struct bus_request *request)
{
    struct settlement *self = arg;
    const Ansinh__V1__GetBudgetRequest *in = (const Ansinh__V1__GetBudgetRequest *)request->input;
    struct balance_table *table = balances_table(self->parts[BOOKS_BALANCES]);
    if (!settlement_leads(self, request))
        return;
    if (in->province_code[0] != '\0' && policy_province(in->province_code) == 0) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "province_code",
                 "want two digits");
        return;
    }
    Ansinh__V1__GetBudgetResponse out;
    ansinh__v1__get_budget_response__init(&out);
    Ansinh__V1__Budget *rows = arena_alloc(request->arena, PROVINCES_MAX * sizeof(*rows));
    out.budgets = arena_alloc(request->arena, PROVINCES_MAX * sizeof(*out.budgets));
    out.as_of_ms = clock_wall_ms();
    for (size_t i = 0; rows != NULL && out.budgets != NULL && i < balance_count(table); i++) {
        const struct balance *balance = balance_at(table, i);
        int is_wanted =
            in->province_code[0] == '\0' || strcmp(in->province_code, balance->holder) == 0;
        if (!is_budget(balance) || !is_wanted || out.n_budgets == PROVINCES_MAX)
            continue;
        Ansinh__V1__Budget *row = &rows[out.n_budgets];
        fill(self->svc->policy, balance, clock_business_day(out.as_of_ms), row);
        row->province_code =
            arena_strndup(request->arena, balance->holder, strlen(balance->holder));
        if (row->province_code != NULL)
            out.budgets[out.n_budgets++] = row;
    }
    bus_reply(request, &out.base);
}
