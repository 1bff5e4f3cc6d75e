/* DefinePlan, SplitPlan, LockPlan, AmendPlan, DecideAmendment. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/service/directory.h"
#include "services/enrolment/directory_check.h"
#include "services/enrolment/plans.h"
#include "services/enrolment/plans_check.h"

#define MOVES_MAX 100
#define DRAFT ANSINH__V1__PLAN_STATE__PLAN_STATE_DRAFT
#define LOCKED ANSINH__V1__PLAN_STATE__PLAN_STATE_LOCKED

static int never_dry(const ProtobufCMessage *in)
{
    (void)in;
    return 0;
}

/* --- DefinePlan ------------------------------------------------------------------------------- */

static size_t count_plans(const struct directory *directory)
{
    size_t n = 0, cursor = 0;
    while (directory_next_row(directory, 'n', &cursor) != NULL)
        n++;
    return n;
}

static int is_same_scope(const Ansinh__V1__PlanScope *a, const Ansinh__V1__PlanScope *b)
{
    return a->kind == b->kind && strcmp(a->code, b->code) == 0;
}

/* A plan that is there: what its splits stand on does not change under them. */
static int redefine(struct import *self, const Ansinh__V1__Plan *wanted, struct err *err)
{
    struct plan_change *change = self->arg;
    int rc = plans_open(self, wanted->code, DRAFT, err);
    if (rc < 0)
        return rc == -EPERM ? err_field(err, rc, "plan.code", "the plan is locked: amend it") : rc;
    if (plan_tree_at(change->tree, 0)->first_child == PLAN_NONE)
        return 0;
    if (!is_same_scope(change->plan.root, wanted->root))
        return err_field(err, -EINVAL, "plan.root", "the plan is divided: split it into nothing");
    if (change->plan.target != wanted->target)
        return err_field(err, -EINVAL, "plan.target", "the plan is divided: split it into nothing");
    return 0;
}

static int define(struct import *self, struct err *err)
{
    const Ansinh__V1__DefinePlanRequest *in =
        (const Ansinh__V1__DefinePlanRequest *)self->request->input;
    const struct directory *directory = self->svc->directory;
    struct plan_change *change = self->arg;
    int rc = plan_define_check(directory, in->plan, err);
    if (rc < 0)
        return rc;
    Ansinh__V1__Plan before;
    ansinh__v1__plan__init(&before);
    before.state = DRAFT;
    if (directory_plan_row(directory, in->plan->code) != NULL) {
        rc = redefine(self, in->plan, err);
        if (rc < 0)
            return rc;
        before = change->plan;
    } else if (count_plans(directory) >= PLANS_MAX) {
        return err_field(err, -EINVAL, "plan.code", "there are %d plans, and no place for more",
                         PLANS_MAX);
    }
    change->plan = *in->plan;
    change->plan.state = before.state;
    change->plan.revision = before.revision;
    change->plan.amendments = before.amendments;
    change->plan.locked_at_ms = 0;
    change->plan.locked_by = before.locked_by;
    if (before.revision > 0 && self->tries == 0 &&
        import_is_same(self, &before.base, &change->plan.base))
        return 0;
    return plans_put_plan(self, err);
}

static int take_define(struct import *self, struct err *err)
{
    return plans_take(self, define, err);
}

static int define_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__DefinePlanRequest *)in)->dry_run;
}

void on_define_plan(void *arg, struct bus_request *request)
{
    static const struct import_spec spec = {.take = take_define,
                                            .event = import_reference_event,
                                            .is_dry_run = define_is_dry_run,
                                            .pack = plans_pack};
    plans_run(arg, request, &spec);
}

/* --- SplitPlan -------------------------------------------------------------------------------- */

static int check_child(struct import *self, const Ansinh__V1__SplitPlanRequest *in, size_t i,
                       struct err *err)
{
    const Ansinh__V1__PlanShare *child = in->children[i];
    char field[ERR_FIELD_MAX_BYTES];
    (void)snprintf(field, sizeof(field), "children[%zu].scope", i);
    if (plan_scope_check(self->svc->directory, in->plan_code, child->scope, field, err) < 0)
        return -EINVAL;
    if (child->scope->kind != in->children[0]->scope->kind)
        return err_field(err, -EINVAL, field, "children of one kind only");
    if (!plan_scope_is_below(self->svc->directory, in->parent, child->scope))
        return err_field(err, -EINVAL, field, "it does not stand right below the parent");
    (void)snprintf(field, sizeof(field), "children[%zu].target", i);
    if (child->target < 0 || child->target > PLAN_TARGET_MAX)
        return err_field(err, -EINVAL, field, "want 0 to 200,000,000");
    (void)snprintf(field, sizeof(field), "children[%zu].weight", i);
    return child->weight >= 0 && child->weight <= PLAN_TARGET_MAX
               ? 0
               : err_field(err, -EINVAL, field, "want 0 to 200,000,000");
}

static int split_parts_of(struct import *self, const Ansinh__V1__SplitPlanRequest *in,
                          struct plan_part *parts, struct err *err)
{
    if (in->n_children > PLAN_CHILDREN_MAX || (in->n_children == 0) != in->undivide)
        return err_field(err, -EINVAL, "children", "want 1 to %d, or undivide", PLAN_CHILDREN_MAX);
    for (size_t i = 0; i < in->n_children; i++) {
        const Ansinh__V1__PlanShare *child = in->children[i];
        if (check_child(self, in, i, err) < 0)
            return -EINVAL;
        parts[i] = (struct plan_part){(int)child->scope->kind, child->scope->code, child->target,
                                      child->weight};
    }
    return 0;
}

static int split(struct import *self, struct err *err)
{
    const Ansinh__V1__SplitPlanRequest *in =
        (const Ansinh__V1__SplitPlanRequest *)self->request->input;
    struct plan_change *change = self->arg;
    struct plan_part parts[PLAN_CHILDREN_MAX];
    struct err why = {0};
    size_t at;
    int rc = plans_open(self, in->plan_code, DRAFT, err);
    if (rc == 0)
        rc = plan_scope_check(self->svc->directory, in->plan_code, in->parent, "parent", err);
    if (rc == 0)
        rc = split_parts_of(self, in, parts, err);
    if (rc < 0)
        return rc;
    size_t node = plan_tree_find(change->tree, (int)in->parent->kind, in->parent->code);
    if (node == PLAN_NONE)
        return err_field(err, -EINVAL, "parent.code", "it has no target in this plan");
    if (plan_tree_divide(change->tree, node, parts, in->n_children, &at, &why) < 0) {
        char field[ERR_FIELD_MAX_BYTES] = "children";
        if (at < in->n_children)
            (void)snprintf(field, sizeof(field), "children[%zu].scope", at);
        return err_field(err, -EINVAL, field, "%s", why.text);
    }
    return plans_write(self, 0, "children", err);
}

static int take_split(struct import *self, struct err *err)
{
    return plans_take(self, split, err);
}

static int split_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__SplitPlanRequest *)in)->dry_run;
}

void on_split_plan(void *arg, struct bus_request *request)
{
    static const struct import_spec spec = {.take = take_split,
                                            .event = import_reference_event,
                                            .is_dry_run = split_is_dry_run,
                                            .pack = plans_pack};
    plans_run(arg, request, &spec);
}

/* --- LockPlan --------------------------------------------------------------------------------- */

static int lock(struct import *self, struct err *err)
{
    const Ansinh__V1__LockPlanRequest *in =
        (const Ansinh__V1__LockPlanRequest *)self->request->input;
    struct plan_change *change = self->arg;
    int rc = plan_officer_check(in->officer, err);
    if (rc == 0)
        rc = plans_open(self, in->plan_code, ANSINH__V1__PLAN_STATE__PLAN_STATE_UNSPECIFIED, err);
    if (rc < 0)
        return rc;
    if (change->plan.state == LOCKED)
        return err_field(err, -EPERM, "plan_code", "the plan is locked already");
    change->plan.state = LOCKED;
    change->plan.locked_at_ms = change->now_ms;
    change->plan.locked_by = in->officer;
    return plans_put_plan(self, err);
}

static int take_lock(struct import *self, struct err *err)
{
    return plans_take(self, lock, err);
}

void on_lock_plan(void *arg, struct bus_request *request)
{
    static const struct import_spec spec = {.take = take_lock,
                                            .event = import_reference_event,
                                            .is_dry_run = never_dry,
                                            .pack = plans_pack};
    plans_run(arg, request, &spec);
}

/* --- AmendPlan -------------------------------------------------------------------------------- */

static int find_scope(const struct plan_change *change, const Ansinh__V1__PlanScope *scope,
                      size_t i, const char *name, size_t *ret, struct err *err)
{
    char field[ERR_FIELD_MAX_BYTES];
    (void)snprintf(field, sizeof(field), "moves[%zu].%s", i, name);
    if (plan_scope_form(scope, field, err) < 0)
        return -EINVAL;
    (void)snprintf(field, sizeof(field), "moves[%zu].%s.code", i, name);
    *ret = plan_tree_find(change->tree, (int)scope->kind, scope->code);
    return *ret == PLAN_NONE ? err_field(err, -EINVAL, field, "it has no target in this plan") : 0;
}

static int make_moves(struct plan_change *change, Ansinh__V1__PlanMove *const *moves, size_t n,
                      struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        size_t node, from = PLAN_NONE;
        struct err why = {0};
        char field[ERR_FIELD_MAX_BYTES];
        if (find_scope(change, moves[i]->scope, i, "scope", &node, err) < 0 ||
            (moves[i]->from != NULL &&
             find_scope(change, moves[i]->from, i, "from", &from, err) < 0))
            return -EINVAL;
        (void)snprintf(field, sizeof(field), "moves[%zu].change", i);
        if (plan_tree_move(change->tree, node, from, moves[i]->change, &why) < 0)
            return err_field(err, -EINVAL, field, "%s", why.text);
    }
    struct err why = {0};
    return plan_tree_check(change->tree, &why) < 0
               ? err_field(err, -EINVAL, "moves", "%s", why.text)
               : 0;
}

static int amend(struct import *self, struct err *err)
{
    const Ansinh__V1__AmendPlanRequest *in =
        (const Ansinh__V1__AmendPlanRequest *)self->request->input;
    struct plan_change *change = self->arg;
    int rc = plan_officer_check(in->officer, err);
    if (rc == 0 && !directory_is_name(in->reason))
        rc = err_field(err, -EINVAL, "reason", "want 1 to 150 characters of UTF-8");
    if (rc == 0 && (in->n_moves == 0 || in->n_moves > MOVES_MAX))
        rc = err_field(err, -EINVAL, "moves", "want 1 to %d", MOVES_MAX);
    if (rc == 0)
        rc = plans_open(self, in->plan_code, LOCKED, err);
    if (rc == 0)
        rc = make_moves(change, in->moves, in->n_moves, err);
    if (rc == 0 && change->plan.amendments >= PLAN_AMENDMENTS_MAX)
        rc = err_field(err, -EINVAL, "plan_code", "a plan has at most %d amendments",
                       PLAN_AMENDMENTS_MAX);
    if (rc < 0)
        return rc;
    Ansinh__V1__PlanAmendment *row = plans_message(self, &ansinh__v1__plan_amendment__descriptor);
    if (row == NULL)
        return err_set(err, -ENOMEM, "no memory");
    change->number = ++change->plan.amendments;
    row->plan_code = change->plan.code;
    row->number = change->number;
    row->moves = in->moves;
    row->n_moves = in->n_moves;
    row->reason = in->reason;
    row->officer = in->officer;
    row->proposed_at_ms = change->now_ms;
    row->state = ANSINH__V1__AMENDMENT_STATE__AMENDMENT_STATE_PROPOSED;
    rc = plans_put(self, 'm', &row->base, err);
    return rc < 0 ? rc : plans_put_plan(self, err);
}

static int take_amend(struct import *self, struct err *err)
{
    return plans_take(self, amend, err);
}

static int amend_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__AmendPlanRequest *)in)->dry_run;
}

void on_amend_plan(void *arg, struct bus_request *request)
{
    static const struct import_spec spec = {.take = take_amend,
                                            .event = import_reference_event,
                                            .is_dry_run = amend_is_dry_run,
                                            .pack = plans_pack};
    plans_run(arg, request, &spec);
}

/* --- DecideAmendment -------------------------------------------------------------------------- */

static const Ansinh__V1__PlanAmendment *find_amendment(const struct directory *directory,
                                                       const char *plan_code, uint32_t number)
{
    char code[64];
    int len = snprintf(code, sizeof(code), "%s/%06u", plan_code, number);
    return len < (int)sizeof(code)
               ? (const Ansinh__V1__PlanAmendment *)directory_row(directory, 'm', code)
               : NULL;
}

static int approve(struct import *self, Ansinh__V1__PlanAmendment *row, struct err *err)
{
    struct plan_change *change = self->arg;
    change->number = row->number;
    row->state = ANSINH__V1__AMENDMENT_STATE__AMENDMENT_STATE_APPROVED;
    row->root_before = change->plan.root;
    row->target_before = change->plan.target;
    int rc = make_moves(change, row->moves, row->n_moves, err);
    if (rc == 0)
        rc = plans_put(self, 'm', &row->base, err);
    change->plan.target = plan_tree_at(change->tree, 0)->target;
    return rc < 0 ? rc : plans_write(self, 1, "number", err);
}

static int decide(struct import *self, struct err *err)
{
    const Ansinh__V1__DecideAmendmentRequest *in =
        (const Ansinh__V1__DecideAmendmentRequest *)self->request->input;
    struct plan_change *change = self->arg;
    int rc = plan_officer_check(in->officer, err);
    if (rc == 0)
        rc = plans_open(self, in->plan_code, LOCKED, err);
    if (rc < 0)
        return rc;
    const Ansinh__V1__PlanAmendment *known =
        find_amendment(self->svc->directory, in->plan_code, in->number);
    Ansinh__V1__PlanAmendment *row = plans_message(self, &ansinh__v1__plan_amendment__descriptor);
    if (known == NULL)
        return err_field(err, -ENOENT, "number", "unknown amendment");
    if (known->state != ANSINH__V1__AMENDMENT_STATE__AMENDMENT_STATE_PROPOSED)
        return err_field(err, -EPERM, "number", "it is decided");
    if (strcmp(known->officer, in->officer) == 0)
        return err_field(err, -EPERM, "officer",
                         "another officer decides than the one who proposed");
    if (row == NULL)
        return err_set(err, -ENOMEM, "no memory");
    *row = *known;
    row->decided_by = in->officer;
    row->decided_at_ms = change->now_ms;
    if (!in->reject)
        return approve(self, row, err);
    row->state = ANSINH__V1__AMENDMENT_STATE__AMENDMENT_STATE_REJECTED;
    change->number = row->number;
    rc = plans_put(self, 'm', &row->base, err);
    return rc < 0 ? rc : plans_put_plan(self, err);
}

static int take_decide(struct import *self, struct err *err)
{
    return plans_take(self, decide, err);
}

void on_decide_amendment(void *arg, struct bus_request *request)
{
    static const struct import_spec spec = {.take = take_decide,
                                            .event = import_reference_event,
                                            .is_dry_run = never_dry,
                                            .pack = plans_pack};
    plans_run(arg, request, &spec);
}
