/* CascadePlan and RebasePlan: targets over a whole territory at once. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/domain/apportion.h"
#include "common/domain/calendar.h"
#include "common/service/directory.h"
#include "services/enrolment/plans.h"
#include "services/enrolment/plans_check.h"

#define HAND_MAX 5000
#define UNIT ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_UNIT
#define DRAFT ANSINH__V1__PLAN_STATE__PLAN_STATE_DRAFT

/* --- CascadePlan: weights --------------------------------------------------------------------- */

struct cascade {
    struct import *import;
    const Ansinh__V1__CascadePlanRequest *in;
    struct map *hand; /* PlanWeight by unit's code */
    int64_t *weights; /* by a unit's index */
    int32_t today;
    const char *missing; /* a unit without a weight */
};

/* A lowest unit's own; -1: it has none. */
static int64_t own_weight(const struct cascade *self, const struct directory_unit *unit)
{
    const struct directory *directory = self->import->svc->directory;
    if (self->in->weights == ANSINH__V1__PLAN_WEIGHTS__PLAN_WEIGHTS_EQUAL)
        return 1;
    if (self->in->weights == ANSINH__V1__PLAN_WEIGHTS__PLAN_WEIGHTS_HAND) {
        const Ansinh__V1__PlanWeight *share = map_get(self->hand, unit->code, strlen(unit->code));
        return share == NULL ? 0 : share->weight;
    }
    if (self->in->weights == ANSINH__V1__PLAN_WEIGHTS__PLAN_WEIGHTS_PLAN)
        return directory_plan_target(directory, self->in->weight_plan_code, UNIT, unit->code);
    const Ansinh__V1__Denominator *row = directory_denominator(
        directory, unit->code,
        (Ansinh__V1__DenominatorKind)(self->in->weights -
                                      ANSINH__V1__PLAN_WEIGHTS__PLAN_WEIGHTS_POPULATION +
                                      ANSINH__V1__DENOMINATOR_KIND__DENOMINATOR_KIND_POPULATION),
        self->today);
    return row == NULL ? -1 : row->value;
}

/* The lowest units' own weights, and above them their sums. */
static int64_t weigh(struct cascade *self, const struct directory_unit *unit)
{
    int64_t sum = 0;
    if (unit->level >= self->in->down_to) {
        sum = own_weight(self, unit);
        if (sum < 0)
            self->missing = unit->code;
    }
    for (size_t i = 0; unit->level < self->in->down_to && i < unit->n_children; i++)
        sum += weigh(self, unit->children[i]); /* three levels */
    self->weights[unit->index] = sum;
    return sum;
}

static int take_hand(struct cascade *self, struct err *err)
{
    char field[ERR_FIELD_MAX_BYTES];
    if (self->in->n_hand > HAND_MAX)
        return err_field(err, -EINVAL, "hand", "want at most 5,000 weights");
    for (size_t i = 0; i < self->in->n_hand; i++) {
        Ansinh__V1__PlanWeight *share = self->in->hand[i];
        (void)snprintf(field, sizeof(field), "hand[%zu].unit_code", i);
        const struct directory_unit *unit =
            directory_unit(self->import->svc->directory, share->unit_code);
        if (unit == NULL || unit->level != self->in->down_to)
            return err_field(err, -EINVAL, field, "want a unit of the lowest level");
        if (map_put(self->hand, unit->code, strlen(unit->code), share) != NULL)
            return err_field(err, -EINVAL, field, "the same unit twice");
        (void)snprintf(field, sizeof(field), "hand[%zu].weight", i);
        if (share->weight < 0 || share->weight > PLAN_TARGET_MAX)
            return err_field(err, -EINVAL, field, "want 0 to 200,000,000");
    }
    return 0;
}

/* --- CascadePlan: targets --------------------------------------------------------------------- */

static int divide(struct cascade *self, size_t node, const struct directory_unit *unit,
                  struct err *err)
{
    struct plan_tree *tree = ((struct plan_change *)self->import->arg)->tree;
    int64_t weights[PLAN_CHILDREN_MAX], parts[PLAN_CHILDREN_MAX];
    if (unit->level >= self->in->down_to || unit->n_children == 0)
        return 0;
    if (unit->n_children > PLAN_CHILDREN_MAX)
        return err_field(err, -EINVAL, "unit_code", "%s has more than %d units", unit->code,
                         PLAN_CHILDREN_MAX);
    for (size_t i = 0; i < unit->n_children; i++)
        weights[i] = self->weights[unit->children[i]->index];
    if (apportion(plan_tree_at(tree, node)->target, weights, unit->n_children, parts) < 0)
        return err_field(err, -EINVAL, "weights", "no unit below %s has a weight", unit->code);
    int rc = 0;
    size_t first = plan_tree_count(tree);
    for (size_t i = 0; rc == 0 && i < unit->n_children; i++)
        rc = plan_tree_add(tree, node, (int)UNIT, unit->children[i]->code, parts[i], weights[i], 0);
    if (rc < 0)
        return err_field(err, -EINVAL, "unit_code", "a unit of %s is in the plan elsewhere",
                         unit->code);
    for (size_t i = 0; rc == 0 && i < unit->n_children; i++)
        rc = divide(self, first + i, unit->children[i], err); /* three levels */
    return rc;
}

/* Below a node stand only units down to the level: whatever else there is would be lost. */
static int check_below(const struct cascade *self, const struct plan_tree *tree, size_t node,
                       struct err *err)
{
    for (size_t at = plan_tree_at(tree, node)->first_child; at != PLAN_NONE;
         at = plan_tree_at(tree, at)->next) {
        const struct plan_node *child = plan_tree_at(tree, at);
        const struct directory_unit *unit =
            child->kind == PLAN_KIND_UNIT
                ? directory_unit(self->import->svc->directory, child->code)
                : NULL;
        if (unit == NULL || unit->level > self->in->down_to)
            return err_field(err, -EINVAL, "down_to",
                             "%s is divided further: split it into nothing",
                             plan_tree_at(tree, node)->code);
        if (check_below(self, tree, at, err) < 0)
            return -EINVAL;
    }
    return 0;
}

static int cascade_tree(struct cascade *self, size_t node, const struct directory_unit *unit,
                        struct err *err)
{
    struct plan_tree *tree = ((struct plan_change *)self->import->arg)->tree;
    int rc = check_below(self, tree, node, err);
    if (rc == 0 && self->in->weights == ANSINH__V1__PLAN_WEIGHTS__PLAN_WEIGHTS_HAND)
        rc = take_hand(self, err);
    if (rc < 0)
        return rc;
    (void)weigh(self, unit);
    if (self->missing != NULL)
        return err_field(err, -EINVAL, "weights", "unit %s has no such number", self->missing);
    plan_tree_clear(tree, node);
    return divide(self, node, unit, err);
}

static int check_question(const Ansinh__V1__CascadePlanRequest *in, struct err *err)
{
    if (in->down_to != ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_PROVINCE &&
        in->down_to != ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COMMUNE)
        return err_field(err, -EINVAL, "down_to", "want province or commune");
    if (in->weights < ANSINH__V1__PLAN_WEIGHTS__PLAN_WEIGHTS_HAND ||
        in->weights > ANSINH__V1__PLAN_WEIGHTS__PLAN_WEIGHTS_PLAN)
        return err_field(err, -EINVAL, "weights", "missing or unknown");
    if ((in->weights == ANSINH__V1__PLAN_WEIGHTS__PLAN_WEIGHTS_PLAN) !=
        (in->weight_plan_code[0] != '\0'))
        return err_field(err, -EINVAL, "weight_plan_code", "belongs to the weights of a plan");
    if (in->weights != ANSINH__V1__PLAN_WEIGHTS__PLAN_WEIGHTS_HAND && in->n_hand > 0)
        return err_field(err, -EINVAL, "hand", "belongs to weights by hand");
    return 0;
}

static int cascade(struct import *self, struct err *err)
{
    const Ansinh__V1__CascadePlanRequest *in =
        (const Ansinh__V1__CascadePlanRequest *)self->request->input;
    const struct directory *directory = self->svc->directory;
    struct plan_change *change = self->arg;
    int rc = check_question(in, err);
    if (rc == 0)
        rc = plans_open(self, in->plan_code, DRAFT, err);
    if (rc < 0)
        return rc;
    const char *code = in->unit_code[0] != '\0' ? in->unit_code : change->plan.root->code;
    const struct directory_unit *unit = directory_unit(directory, code);
    size_t node = plan_tree_find(change->tree, PLAN_KIND_UNIT, code);
    if (unit == NULL || node == PLAN_NONE)
        return err_field(err, -EINVAL, "unit_code", "it has no target in this plan");
    struct cascade job = {.import = self,
                          .in = in,
                          .hand = map_create(),
                          .weights = calloc(directory_unit_count(directory), sizeof(int64_t)),
                          .today = clock_business_day(change->now_ms)};
    ASSERT(job.weights != NULL);
    rc = cascade_tree(&job, node, unit, err);
    map_destroy(&job.hand);
    free(job.weights);
    return rc < 0 ? rc : plans_write(self, 0, "plan_code", err);
}

static int take_cascade(struct import *self, struct err *err)
{
    return plans_take(self, cascade, err);
}

static int cascade_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__CascadePlanRequest *)in)->dry_run;
}

void on_cascade_plan(void *arg, struct bus_request *request)
{
    static const struct import_spec spec = {.take = take_cascade,
                                            .event = import_reference_event,
                                            .is_dry_run = cascade_is_dry_run,
                                            .pack = plans_pack};
    plans_run(arg, request, &spec);
}

/* --- RebasePlan ------------------------------------------------------------------------------- */

struct rebase {
    const struct directory *directory;
    const char *unit_code; /* "": everything */
};

static const char *parent_of(void *arg, const char *code)
{
    const struct rebase *self = arg;
    const struct directory_unit *unit = directory_unit(self->directory, code);
    return unit == NULL || unit->parent == NULL ? NULL : unit->parent->code;
}

static int is_wanted(void *arg, const char *code)
{
    const struct rebase *self = arg;
    const struct directory_unit *unit = directory_unit(self->directory, code);
    while (unit != NULL && self->unit_code[0] != '\0' && strcmp(unit->code, self->unit_code) != 0)
        unit = unit->parent;
    return unit != NULL;
}

static int by_old_and_new(const void *a, const void *b)
{
    const struct plan_heir *x = a, *y = b;
    int order = strcmp(x->old_code, y->old_code);
    return order != 0 ? order : strcmp(x->new_code, y->new_code);
}

/* Leaves the old units of which a part is wanted, with all their shares. */
static size_t keep_wanted(struct rebase *self, struct plan_heir *heirs, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0, group; i < n; i += group) {
        int wanted = 0;
        for (group = 0; i + group < n && strcmp(heirs[i].old_code, heirs[i + group].old_code) == 0;
             group++)
            wanted |= is_wanted(self, heirs[i + group].new_code);
        for (size_t k = 0; wanted && k < group; k++)
            heirs[kept++] = heirs[i + k];
    }
    return kept;
}

struct plan_heir *plans_heirs(const struct directory *directory, const char *unit_code,
                              const char *on, size_t *ret_n)
{
    struct rebase self = {directory, unit_code};
    const Ansinh__V1__Successor *row;
    size_t n = 0, cursor = 0;
    while (directory_next_row(directory, 'g', &cursor) != NULL)
        n++;
    struct plan_heir *heirs = calloc(n + 1, sizeof(*heirs));
    ASSERT(heirs != NULL);
    n = cursor = 0;
    while ((row = (const Ansinh__V1__Successor *)directory_next_row(directory, 'g', &cursor)) !=
           NULL) {
        if (row->share_per_million > 0 && strcmp(row->on, on) <= 0)
            heirs[n++] = (struct plan_heir){row->old_code, row->new_code, row->share_per_million};
    }
    if (n > 1)
        qsort(heirs, n, sizeof(*heirs), by_old_and_new);
    *ret_n = keep_wanted(&self, heirs, n);
    return heirs;
}

static int put_rebased(struct import *self, const Ansinh__V1__RebasePlanRequest *in,
                       struct err *err)
{
    struct plan_change *change = self->arg;
    static char reason[] = "successors of units";
    Ansinh__V1__PlanAmendment *row = plans_message(self, &ansinh__v1__plan_amendment__descriptor);
    const struct plan_node *root = plan_tree_at(change->tree, 0);
    if (row == NULL)
        return err_set(err, -ENOMEM, "no memory");
    change->number = ++change->plan.amendments;
    row->plan_code = change->plan.code;
    row->number = change->number;
    row->reason = reason;
    row->officer = row->decided_by = in->officer;
    row->proposed_at_ms = row->decided_at_ms = change->now_ms;
    row->state = ANSINH__V1__AMENDMENT_STATE__AMENDMENT_STATE_APPROVED;
    row->rebased_on = in->on;
    row->root_before = change->plan.root;
    row->target_before = change->plan.target;
    if (strcmp(root->code, change->plan.root->code) != 0)
        change->plan.root = plans_scope(self, root->kind, root->code);
    int rc = change->plan.root == NULL ? err_set(err, -ENOMEM, "no memory")
                                       : plans_put(self, 'm', &row->base, err);
    return rc < 0 ? rc : plans_write(self, 1, "plan_code", err);
}

static int check_rebase(const struct import *self, const Ansinh__V1__RebasePlanRequest *in,
                        struct err *err)
{
    const struct plan_change *change = self->arg;
    int32_t on;
    if (date_parse(in->on, &on) < 0 || on > clock_business_day(change->now_ms))
        return err_field(err, -EINVAL, "on", "want YYYY-MM-DD, today or before");
    if (in->unit_code[0] != '\0' && directory_unit(self->svc->directory, in->unit_code) == NULL)
        return err_field(err, -EINVAL, "unit_code", "unknown unit");
    return plan_officer_check(in->officer, err);
}

static int rebase(struct import *self, struct err *err)
{
    const Ansinh__V1__RebasePlanRequest *in =
        (const Ansinh__V1__RebasePlanRequest *)self->request->input;
    struct plan_change *change = self->arg;
    struct rebase job = {self->svc->directory, in->unit_code};
    struct err why = {0};
    size_t n_heirs, n_moved;
    int rc = check_rebase(self, in, err);
    if (rc == 0)
        rc = plans_open(self, in->plan_code, ANSINH__V1__PLAN_STATE__PLAN_STATE_UNSPECIFIED, err);
    if (rc == 0 && strcmp(change->plan.until, in->on) < 0)
        rc = err_field(err, -EPERM, "on", "the plan was over by then");
    if (rc == 0 && change->plan.amendments >= PLAN_AMENDMENTS_MAX)
        rc = err_field(err, -EINVAL, "plan_code", "a plan has at most %d amendments",
                       PLAN_AMENDMENTS_MAX);
    if (rc < 0)
        return rc;
    struct plan_heir *heirs = plans_heirs(job.directory, in->unit_code, in->on, &n_heirs);
    const struct plan_territory territory = {heirs, n_heirs, parent_of, is_wanted, &job};
    rc = rebase_plan(change->tree, &territory, &n_moved, &why);
    change->n_undivided = (uint32_t)plan_tree_undivided(change->tree);
    free(heirs);
    if (rc < 0)
        return err_field(err, rc, "on", "%s", why.text);
    return n_moved == 0 && self->tries == 0 ? 0 : put_rebased(self, in, err);
}

static int take_rebase(struct import *self, struct err *err)
{
    return plans_take(self, rebase, err);
}

static int rebase_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__RebasePlanRequest *)in)->dry_run;
}

void on_rebase_plan(void *arg, struct bus_request *request)
{
    static const struct import_spec spec = {.take = take_rebase,
                                            .event = import_reference_event,
                                            .is_dry_run = rebase_is_dry_run,
                                            .pack = plans_pack};
    const Ansinh__V1__RebasePlanRequest *in = (const Ansinh__V1__RebasePlanRequest *)request->input;
    if (plans_is_imported(in->plan_code))
        plans_rebase_imported(arg, request);
    else
        plans_run(arg, request, &spec);
}
