#include "services/enrolment/plans.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/map.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/directory_kinds.h"
#include "common/store/commit.h"

#define SPLIT_MAX_BYTES                                                                            \
    (COMMIT_VALUE_MAX_BYTES - 64) /* past ones have a little more around them                      \
                                   */

/* --- a plan's rows as a tree ------------------------------------------------------------------ */

/* Of two past splits: the one that was replaced first. Amendments are numbered when they are
 * proposed and decided in any order. */
static int ended_before(const Ansinh__V1__PlanPast *a, const Ansinh__V1__PlanPast *b)
{
    return a->until_ms < b->until_ms || (a->until_ms == b->until_ms && a->amendment < b->amendment);
}

/* The splits of a plan as they were until the first amendment after a moment. */
static struct map *past_splits(const struct directory *directory, const char *plan_code,
                               int64_t as_of_ms)
{
    struct map *found = map_create();
    const Ansinh__V1__PlanPast *row;
    size_t cursor = 0;
    while ((row = (const Ansinh__V1__PlanPast *)directory_next_row(directory, 'y', &cursor)) !=
           NULL) {
        char code[DIRECTORY_CODE_MAX_BYTES];
        if (as_of_ms == 0 || row->until_ms <= as_of_ms || row->split == NULL ||
            strcmp(row->split->plan_code, plan_code) != 0 ||
            directory_rows_code('h', &row->split->base, code) < 0)
            continue;
        const Ansinh__V1__PlanPast *other = map_get(found, code, strlen(code));
        if (other == NULL || ended_before(row, other))
            (void)map_put(found, code, strlen(code), (void *)(uintptr_t)row);
    }
    return found;
}

static const Ansinh__V1__PlanSplit *split_of(const struct directory *directory,
                                             const struct map *past, const char *plan_code,
                                             int kind, const char *code)
{
    char key[DIRECTORY_CODE_MAX_BYTES];
    Ansinh__V1__PlanScope scope;
    ansinh__v1__plan_scope__init(&scope);
    scope.kind = (Ansinh__V1__PlanScopeKind)kind;
    scope.code = (char *)(uintptr_t)code;
    if (directory_scope_code(plan_code, &scope, key) < 0)
        return NULL;
    const Ansinh__V1__PlanPast *row = past == NULL ? NULL : map_get(past, key, strlen(key));
    return row != NULL ? row->split
                       : (const Ansinh__V1__PlanSplit *)directory_row(directory, 'h', key);
}

/* Rows of another ledger may say anything: what does not fit a tree is left out. */
static void read_split(struct plan_tree *tree, size_t node, const Ansinh__V1__PlanSplit *split)
{
    for (size_t i = 0; split != NULL && i < split->n_shares; i++) {
        const Ansinh__V1__PlanShare *share = split->shares[i];
        if (share->scope != NULL)
            (void)!plan_tree_add(tree, node, (int)share->scope->kind, share->scope->code,
                                 share->target, share->weight, 1);
    }
}

struct plan_tree *plans_tree(const struct directory *directory, const Ansinh__V1__Plan *plan,
                             int64_t as_of_ms)
{
    struct map *past = past_splits(directory, plan->code, as_of_ms);
    struct plan_tree *tree =
        plan_tree_create((int)plan->root->kind, plan->root->code, plan->target);
    for (size_t i = 0; i < plan_tree_count(tree); i++) {
        const struct plan_node *node = plan_tree_at(tree, i);
        read_split(tree, i, split_of(directory, past, plan->code, node->kind, node->code));
    }
    map_destroy(&past);
    return tree;
}

int plans_open(struct import *self, const char *plan_code, Ansinh__V1__PlanState state,
               struct err *err)
{
    struct plan_change *change = self->arg;
    const Ansinh__V1__Plan *plan = directory_plan_row(self->svc->directory, plan_code);
    if (plan == NULL || plan->root == NULL)
        return err_field(err, -ENOENT, "plan_code", "unknown plan");
    if (state != ANSINH__V1__PLAN_STATE__PLAN_STATE_UNSPECIFIED && plan->state != state)
        return err_field(err, -EPERM, "plan_code",
                         plan->state == ANSINH__V1__PLAN_STATE__PLAN_STATE_LOCKED
                             ? "the plan is locked: amend it"
                             : "the plan is a draft, which is changed without amendments");
    change->plan = *plan;
    plan_tree_destroy(&change->tree);
    change->tree = plans_tree(self->svc->directory, plan, 0);
    return 0;
}

/* --- a tree as rows --------------------------------------------------------------------------- */

void *plans_message(struct import *self, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = arena_alloc(self->request->arena, type->sizeof_message);
    if (message != NULL)
        protobuf_c_message_init(type, message);
    return message;
}

Ansinh__V1__PlanScope *plans_scope(struct import *self, int kind, const char *code)
{
    Ansinh__V1__PlanScope *scope = plans_message(self, &ansinh__v1__plan_scope__descriptor);
    if (scope == NULL)
        return NULL;
    scope->kind = (Ansinh__V1__PlanScopeKind)kind;
    scope->code = (char *)(uintptr_t)code;
    return scope;
}

int plans_put(struct import *self, char kind, const ProtobufCMessage *row, struct err *err)
{
    if (row == NULL)
        return err_set(err, -ENOMEM, "no memory");
    if (self->n_rows == IMPORT_ROWS_MAX)
        return err_set(err, -EINVAL, "it would write more than %d rows: do it in parts",
                       IMPORT_ROWS_MAX);
    self->kinds[self->n_rows] = kind;
    self->rows[self->n_rows++] = row;
    return 0;
}

static Ansinh__V1__PlanSplit *make_split(struct import *self, const struct plan_node *node,
                                         const char *code)
{
    const struct plan_change *change = self->arg;
    Ansinh__V1__PlanSplit *split = plans_message(self, &ansinh__v1__plan_split__descriptor);
    if (split == NULL)
        return NULL;
    split->plan_code = change->plan.code;
    split->parent = plans_scope(self, node->kind, code);
    size_t n = 0;
    for (size_t at = node->first_child; at != PLAN_NONE; n++)
        at = plan_tree_at(change->tree, at)->next;
    split->shares = arena_alloc(self->request->arena, n * sizeof(Ansinh__V1__PlanShare *));
    if (split->parent == NULL || split->shares == NULL)
        return NULL;
    if (code != node->code || node->is_gone)
        return split; /* nobody stands below it any more */
    for (size_t at = node->first_child; at != PLAN_NONE;) {
        const struct plan_node *child = plan_tree_at(change->tree, at);
        Ansinh__V1__PlanShare *share = plans_message(self, &ansinh__v1__plan_share__descriptor);
        if (share == NULL)
            return NULL;
        share->scope = plans_scope(self, child->kind, child->code);
        share->target = child->target;
        share->weight = child->weight;
        if (share->scope == NULL)
            return NULL;
        split->shares[split->n_shares++] = share;
        at = child->next;
    }
    return split;
}

static int put_past(struct import *self, const Ansinh__V1__PlanSplit *before, struct err *err)
{
    const struct plan_change *change = self->arg;
    Ansinh__V1__PlanPast *past = plans_message(self, &ansinh__v1__plan_past__descriptor);
    if (past == NULL)
        return err_set(err, -ENOMEM, "no memory");
    past->split = (Ansinh__V1__PlanSplit *)(uintptr_t)before;
    past->until_ms = change->now_ms;
    past->amendment = change->number;
    return plans_put(self, 'y', &past->base, err);
}

static int put_split(struct import *self, const struct plan_node *node, const char *code,
                     struct err *err)
{
    const struct plan_change *change = self->arg;
    Ansinh__V1__PlanSplit *split = make_split(self, node, code);
    if (split == NULL)
        return err_set(err, -ENOMEM, "no memory");
    const Ansinh__V1__PlanSplit *before =
        split_of(self->svc->directory, NULL, change->plan.code, node->kind, code);
    if (before == NULL ? split->n_shares == 0 : import_is_same(self, &before->base, &split->base))
        return 0;
    if (protobuf_c_message_get_packed_size(&split->base) > SPLIT_MAX_BYTES)
        return err_set(err, -EINVAL, "the codes below %s are too long for one split", code);
    int rc = plans_put(self, 'h', &split->base, err);
    if (rc == 0 && change->number > 0 && before != NULL)
        rc = put_past(self, before, err);
    return rc;
}

/* A gone node's row is emptied, unless the same scope is divided elsewhere in the tree by now. */
static int is_replaced(const struct plan_tree *tree, const struct plan_node *node)
{
    size_t other = plan_tree_find(tree, node->kind, node->stored_code);
    return other != PLAN_NONE && plan_tree_at(tree, other) != node &&
           plan_tree_at(tree, other)->first_child != PLAN_NONE;
}

static int put_node(struct import *self, const struct plan_node *node, struct err *err)
{
    const struct plan_change *change = self->arg;
    int is_renamed = strcmp(node->code, node->stored_code) != 0;
    int rc = 0;
    if (node->had_split && (node->is_gone || is_renamed) && !is_replaced(change->tree, node))
        rc = put_split(self, node, node->stored_code, err);
    if (rc == 0 && !node->is_gone && node->is_changed)
        rc = put_split(self, node, node->code, err);
    return rc;
}

static size_t count_rows(const struct directory *directory, const char *kinds)
{
    size_t n = 0;
    for (; *kinds != '\0'; kinds++) {
        size_t cursor = 0;
        while (directory_next_row(directory, *kinds, &cursor) != NULL)
            n++;
    }
    return n;
}

static int write_splits(struct import *self, struct err *err)
{
    const struct plan_change *change = self->arg;
    int rc = plan_tree_check(change->tree, err);
    for (size_t i = 0; rc == 0 && i < plan_tree_count(change->tree); i++)
        rc = put_node(self, plan_tree_at(change->tree, i), err);
    if (rc == 0 && self->n_rows > 0 &&
        count_rows(self->svc->directory, "hy") + self->n_rows > PLAN_ROWS_MAX)
        rc = err_set(err, -EINVAL, "there is no place for more splits");
    return rc;
}

int plans_put_plan(struct import *self, struct err *err)
{
    struct plan_change *change = self->arg;
    change->plan.revision++;
    Ansinh__V1__Plan *row = plans_message(self, &ansinh__v1__plan__descriptor);
    if (row != NULL)
        *row = change->plan;
    return plans_put(self, 'n', row == NULL ? NULL : &row->base, err);
}

int plans_write(struct import *self, int is_changed, const char *field, struct err *err)
{
    struct err why = {0};
    int rc = write_splits(self, &why);
    if (rc < 0)
        return err_field(err, rc, field, "%s", why.text);
    /* of an attempt whose outcome is not known nothing may be left: the commit has to tell */
    if (self->n_rows == 0 && !is_changed && self->tries == 0)
        return 0;
    return plans_put_plan(self, err);
}

/* --- running ---------------------------------------------------------------------------------- */

size_t plans_pack(const struct import *self, uint8_t ret[IMPORT_ANSWER_MAX_BYTES])
{
    const struct plan_change *change = self->arg;
    Ansinh__V1__RebasePlanResponse out;
    ansinh__v1__rebase_plan_response__init(&out);
    out.revision = change->plan.revision;
    out.written = (uint32_t)self->n_rows;
    out.number = self->n_rows > 0 ? change->number : 0;
    out.undivided = change->n_undivided;
    return protobuf_c_message_pack(&out.base, ret);
}

int plans_take(struct import *self, plans_change_fn fn, struct err *err)
{
    struct plan_change *change = self->arg;
    self->n_rows = 0;
    *change = (struct plan_change){.now_ms = clock_wall_ms()};
    int rc = fn(self, err);
    plan_tree_destroy(&change->tree); /* the rows borrow from the directory and the request */
    return rc;
}

void plans_run(struct service *svc, struct bus_request *request, const struct import_spec *spec)
{
    struct plan_change *change = arena_zalloc(request->arena, sizeof(*change));
    if (change == NULL)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else
        import_run(svc, request, spec, 1, change);
}

static const struct bus_method methods[] = {
    {"DefinePlan", on_define_plan, BUS_COMMAND},
    {"SplitPlan", on_split_plan, BUS_COMMAND},
    {"CascadePlan", on_cascade_plan, BUS_COMMAND},
    {"LockPlan", on_lock_plan, BUS_COMMAND},
    {"AmendPlan", on_amend_plan, BUS_COMMAND},
    {"DecideAmendment", on_decide_amendment, BUS_COMMAND},
    {"RebasePlan", on_rebase_plan, BUS_COMMAND},
    {"GetPlan", on_get_plan, 0},
    {"ListPlans", on_list_plans, 0},
};

void plans_add(struct service *svc)
{
    bus_server_add(svc->server, &ansinh__v1__plans__descriptor, methods, ARRAY_LEN(methods), svc);
}
