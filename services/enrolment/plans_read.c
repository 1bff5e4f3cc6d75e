/* GetPlan, ListPlans. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "services/enrolment/campaigns_check.h"
#include "services/enrolment/plans.h"
#include "services/enrolment/plans_check.h"

#define HISTORY_MAX 100
#define YEARS_MAX 200
#define COUNTRY "VN"
#define UNIT ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_UNIT
#define APPROVED ANSINH__V1__AMENDMENT_STATE__AMENDMENT_STATE_APPROVED

/* Lives in the request's arena. */
struct plan_read {
    struct service *svc;
    struct bus_request *request;
};

static void *make(const struct plan_read *self, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = arena_alloc(self->request->arena, type->sizeof_message);
    if (message != NULL)
        protobuf_c_message_init(type, message);
    return message;
}

static Ansinh__V1__PlanShare *make_share(const struct plan_read *self, int kind, const char *code,
                                         int64_t target, int64_t weight)
{
    Ansinh__V1__PlanShare *share = make(self, &ansinh__v1__plan_share__descriptor);
    Ansinh__V1__PlanScope *scope = make(self, &ansinh__v1__plan_scope__descriptor);
    if (share == NULL || scope == NULL)
        return NULL;
    scope->kind = (Ansinh__V1__PlanScopeKind)kind;
    scope->code = (char *)(uintptr_t)code;
    share->scope = scope;
    share->target = target;
    share->weight = weight;
    return share;
}

static void fail_unknown(const struct plan_read *self, const char *field, const char *text)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, field, "%s", text);
}

static void fail_memory(const struct plan_read *self)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

/* --- imported plans --------------------------------------------------------------------------- */

/* The plan of a year: voluntary insurance, participants at its end. */
static Ansinh__V1__Plan *make_imported(const struct plan_read *self, const char *year)
{
    Ansinh__V1__Plan *plan = make(self, &ansinh__v1__plan__descriptor);
    if (plan == NULL)
        return NULL;
    plan->code = plan->name = (char *)(uintptr_t)year;
    plan->product = ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
    plan->period = ANSINH__V1__PLAN_PERIOD__PLAN_PERIOD_YEAR;
    plan->from = arena_printf(self->request->arena, "%.4s-01-01", year);
    plan->until = arena_printf(self->request->arena, "%.4s-12-31", year);
    plan->counts = ANSINH__V1__METRIC__METRIC_PAID;
    plan->measure = ANSINH__V1__PLAN_MEASURE__PLAN_MEASURE_STOCK;
    plan->state = ANSINH__V1__PLAN_STATE__PLAN_STATE_IMPORTED;
    int64_t target = directory_plan_target(self->svc->directory, year, UNIT, COUNTRY);
    const Ansinh__V1__PlanShare *root =
        target < 0 ? NULL : make_share(self, UNIT, COUNTRY, target, 0);
    plan->root = root == NULL ? NULL : root->scope;
    plan->target = root == NULL ? 0 : target;
    return plan->from == NULL || plan->until == NULL ? NULL : plan;
}

static void answer_imported(const struct plan_read *self, const Ansinh__V1__GetPlanRequest *in)
{
    const struct directory *directory = self->svc->directory;
    const char *code = in->scope == NULL ? COUNTRY : in->scope->code;
    const struct directory_unit *unit = directory_unit(directory, code);
    int is_unit = in->scope == NULL || in->scope->kind == UNIT;
    int64_t target =
        is_unit && unit != NULL ? directory_plan_target(directory, in->plan_code, UNIT, code) : -1;
    Ansinh__V1__GetPlanResponse out;
    ansinh__v1__get_plan_response__init(&out);
    if (target < 0) {
        fail_unknown(self, "scope.code", "it has no target in this plan");
        return;
    }
    Ansinh__V1__PlanShare *own = make_share(self, UNIT, unit->code, target, 0);
    out.plan = make_imported(self, in->plan_code);
    out.children =
        arena_alloc(self->request->arena, unit->n_children * sizeof(Ansinh__V1__PlanShare *));
    if (own == NULL || out.plan == NULL || out.children == NULL) {
        fail_memory(self);
        return;
    }
    out.scope = own->scope;
    out.target = target;
    for (size_t i = 0; i < unit->n_children; i++) {
        const char *child = unit->children[i]->code;
        int64_t share = directory_plan_target(directory, in->plan_code, UNIT, child);
        if (share >= 0 && (out.children[out.n_children] = make_share(self, UNIT, child, share, 0)))
            out.n_children++;
    }
    bus_reply(self->request, &out.base);
}

/* --- history ---------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    uint32_t x = (*(Ansinh__V1__PlanAmendment *const *)a)->number;
    uint32_t y = (*(Ansinh__V1__PlanAmendment *const *)b)->number;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* An amendment as it stood then. */
static Ansinh__V1__PlanAmendment *
amendment_then(const struct plan_read *self, const Ansinh__V1__PlanAmendment *row, int64_t as_of_ms)
{
    Ansinh__V1__PlanAmendment *copy = make(self, &ansinh__v1__plan_amendment__descriptor);
    if (copy == NULL || as_of_ms == 0 || row->decided_at_ms <= as_of_ms) {
        if (copy != NULL)
            *copy = *row;
        return copy;
    }
    copy->plan_code = row->plan_code;
    copy->number = row->number;
    copy->moves = row->moves;
    copy->n_moves = row->n_moves;
    copy->reason = row->reason;
    copy->officer = row->officer;
    copy->proposed_at_ms = row->proposed_at_ms;
    copy->state = ANSINH__V1__AMENDMENT_STATE__AMENDMENT_STATE_PROPOSED;
    return copy;
}

/* Sets the plan's root and target to what they were, and the history; 0 without memory. */
static int fill_history(const struct plan_read *self, int64_t as_of_ms, Ansinh__V1__Plan *plan,
                        Ansinh__V1__GetPlanResponse *out)
{
    const Ansinh__V1__PlanAmendment *row;
    int64_t first_after_ms = INT64_MAX;
    size_t cursor = 0;
    out->history = arena_alloc(self->request->arena, PLAN_AMENDMENTS_MAX * sizeof(*out->history));
    if (out->history == NULL)
        return 0;
    while ((row = (const Ansinh__V1__PlanAmendment *)directory_next_row(self->svc->directory, 'm',
                                                                        &cursor)) != NULL) {
        if (strcmp(row->plan_code, plan->code) != 0)
            continue;
        if (as_of_ms > 0 && row->state == APPROVED && row->decided_at_ms > as_of_ms &&
            row->decided_at_ms < first_after_ms) {
            first_after_ms = row->decided_at_ms;
            plan->root = row->root_before;
            plan->target = row->target_before;
        }
        if ((as_of_ms > 0 && row->proposed_at_ms > as_of_ms) ||
            out->n_history == PLAN_AMENDMENTS_MAX)
            continue;
        out->history[out->n_history] = amendment_then(self, row, as_of_ms);
        if (out->history[out->n_history] == NULL)
            return 0;
        out->n_history++;
    }
    if (out->n_history > 1)
        qsort(out->history, out->n_history, sizeof(*out->history), by_number);
    out->n_history = MIN(out->n_history, (size_t)HISTORY_MAX);
    return 1;
}

/* --- GetPlan ---------------------------------------------------------------------------------- */

static int fill_scope(const struct plan_read *self, const struct plan_tree *tree, size_t node,
                      Ansinh__V1__GetPlanResponse *out)
{
    const struct plan_node *at = plan_tree_at(tree, node);
    const Ansinh__V1__PlanShare *own = make_share(self, at->kind, at->code, 0, 0);
    out->children =
        arena_alloc(self->request->arena, PLAN_CHILDREN_MAX * sizeof(Ansinh__V1__PlanShare *));
    if (own == NULL || out->children == NULL)
        return 0;
    out->scope = own->scope;
    out->target = at->target;
    if (at->parent != PLAN_NONE) {
        const struct plan_node *above = plan_tree_at(tree, at->parent);
        const Ansinh__V1__PlanShare *parent = make_share(self, above->kind, above->code, 0, 0);
        if (parent == NULL)
            return 0;
        out->parent = parent->scope;
    }
    for (size_t i = at->first_child; i != PLAN_NONE && out->n_children < PLAN_CHILDREN_MAX;
         i = plan_tree_at(tree, i)->next) {
        const struct plan_node *child = plan_tree_at(tree, i);
        Ansinh__V1__PlanShare *share =
            make_share(self, child->kind, child->code, child->target, child->weight);
        if (share == NULL)
            return 0;
        out->children[out->n_children++] = share;
    }
    return 1;
}

static void answer_plan(const struct plan_read *self, const Ansinh__V1__GetPlanRequest *in,
                        const Ansinh__V1__Plan *plan)
{
    Ansinh__V1__GetPlanResponse out;
    Ansinh__V1__Plan then = *plan;
    ansinh__v1__get_plan_response__init(&out);
    out.plan = &then;
    if (!fill_history(self, in->as_of_ms, &then, &out) || then.root == NULL) {
        fail_memory(self);
        return;
    }
    struct plan_tree *tree = plans_tree(self->svc->directory, &then, in->as_of_ms);
    size_t node =
        in->scope == NULL ? 0 : plan_tree_find(tree, (int)in->scope->kind, in->scope->code);
    if (node == PLAN_NONE)
        fail_unknown(self, "scope.code", "it has no target in this plan");
    else if (!fill_scope(self, tree, node, &out))
        fail_memory(self);
    else
        bus_reply(self->request, &out.base);
    plan_tree_destroy(&tree);
}

static void on_plan_fresh(void *arg, int rc)
{
    const struct plan_read *self = arg;
    const Ansinh__V1__GetPlanRequest *in = (const Ansinh__V1__GetPlanRequest *)self->request->input;
    const Ansinh__V1__Plan *plan = directory_plan_row(self->svc->directory, in->plan_code);
    struct err err = {0};
    if (rc < 0)
        ledger_away(self->request);
    else if (in->scope != NULL && plan_scope_form(in->scope, "scope", &err) < 0)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else if (in->as_of_ms < 0 || in->as_of_ms >= CAMPAIGN_TIME_MAX_MS)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "as_of_ms",
                 "want milliseconds since 1970");
    else if (plan == NULL && !parse_is_digits(in->plan_code, 4))
        fail_unknown(self, "plan_code", "unknown plan");
    else if (in->as_of_ms > 0 &&
             (plan == NULL || plan->locked_at_ms == 0 || in->as_of_ms < plan->locked_at_ms))
        bus_fail(self->request, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "as_of_ms",
                 "the plan was not locked then: it has no history of that time");
    else if (plan == NULL)
        answer_imported(self, in);
    else
        answer_plan(self, in, plan);
}

/* Who changes a plan looks at it next, perhaps through another instance: reads are fresh. */
static void read_fresh(struct service *svc, struct bus_request *request, directory_refresh_fn fn)
{
    struct plan_read *self = arena_alloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *self = (struct plan_read){svc, request};
    directory_refresh(svc->directory, fn, self);
}

void on_get_plan(void *arg, struct bus_request *request)
{
    read_fresh(arg, request, on_plan_fresh);
}

/* --- ListPlans -------------------------------------------------------------------------------- */

static int by_start(const void *a, const void *b)
{
    const Ansinh__V1__Plan *x = *(Ansinh__V1__Plan *const *)a;
    const Ansinh__V1__Plan *y = *(Ansinh__V1__Plan *const *)b;
    int order = strcmp(y->from, x->from);
    return order != 0 ? order : strcmp(x->code, y->code);
}

static void list_add(Ansinh__V1__ListPlansResponse *out, const char *on,
                     const Ansinh__V1__Plan *plan)
{
    if (out->n_plans < PLANS_MAX + YEARS_MAX &&
        (on[0] == '\0' || (strcmp(plan->from, on) <= 0 && strcmp(on, plan->until) <= 0)))
        out->plans[out->n_plans++] = (Ansinh__V1__Plan *)(uintptr_t)plan;
}

/* The years of which there are imported targets; at most YEARS_MAX. */
static size_t imported_years(const struct directory *directory, uint32_t ret[YEARS_MAX])
{
    const Ansinh__V1__PlanTarget *row;
    size_t n = 0, cursor = 0;
    while ((row = (const Ansinh__V1__PlanTarget *)directory_next_row(directory, 't', &cursor)) !=
           NULL) {
        size_t i = 0;
        while (i < n && ret[i] != row->year)
            i++;
        if (i == n && n < YEARS_MAX)
            ret[n++] = row->year;
    }
    return n;
}

static void answer_list(const struct plan_read *self, const char *on)
{
    const Ansinh__V1__Plan *row;
    Ansinh__V1__Plan *list[PLANS_MAX + YEARS_MAX];
    Ansinh__V1__ListPlansResponse out;
    uint32_t years[YEARS_MAX];
    size_t cursor = 0;
    ansinh__v1__list_plans_response__init(&out);
    out.plans = list;
    while ((row = (const Ansinh__V1__Plan *)directory_next_row(self->svc->directory, 'n',
                                                               &cursor)) != NULL)
        list_add(&out, on, row);
    size_t n_years = imported_years(self->svc->directory, years);
    for (size_t i = 0; i < n_years; i++) {
        char *year = arena_printf(self->request->arena, "%04u", (unsigned)years[i]);
        const Ansinh__V1__Plan *plan = year == NULL ? NULL : make_imported(self, year);
        if (plan != NULL)
            list_add(&out, on, plan);
    }
    if (out.n_plans > 1)
        qsort(out.plans, out.n_plans, sizeof(Ansinh__V1__Plan *), by_start);
    bus_reply(self->request, &out.base);
}

static void on_list_fresh(void *arg, int rc)
{
    const struct plan_read *self = arg;
    const Ansinh__V1__ListPlansRequest *in =
        (const Ansinh__V1__ListPlansRequest *)self->request->input;
    int32_t day;
    if (rc < 0)
        ledger_away(self->request);
    else if (in->on[0] != '\0' && date_parse(in->on, &day) < 0)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "on", "want YYYY-MM-DD");
    else
        answer_list(self, in->on);
}

void on_list_plans(void *arg, struct bus_request *request)
{
    read_fresh(arg, request, on_list_fresh);
}
