#include "services/enrolment/plans_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/map.h"
#include "common/domain/apportion.h"

#define FIRST_CAPACITY 256
#define LEVELS_MAX 8
#define SHARE_WHOLE 1000000
#define ROUNDS_MAX 16 /* of units that came one after the other */

struct plan_tree {
    struct plan_node *nodes;
    size_t n, capacity;
    struct map *by_scope; /* index + 1 */
};

/* --- the tree --------------------------------------------------------------------------------- */

/* The kind in a byte, and the code: made for every node of every tree, so without printf. */
static int scope_key(int kind, const char *code, char ret[MAP_KEY_MAX_BYTES])
{
    size_t len = strlen(code);
    if (len >= MAP_KEY_MAX_BYTES)
        return -EINVAL;
    ret[0] = (char)kind;
    memcpy(ret + 1, code, len);
    return (int)len + 1;
}

static size_t node_make(struct plan_tree *self, int kind, const char *code, int64_t target)
{
    if (self->n == self->capacity) {
        self->capacity = MAX((size_t)FIRST_CAPACITY, 2 * self->capacity);
        self->nodes = realloc(self->nodes, self->capacity * sizeof(*self->nodes));
        ASSERT(self->nodes != NULL);
    }
    self->nodes[self->n] = (struct plan_node){.kind = kind,
                                              .code = code,
                                              .stored_code = code,
                                              .target = target,
                                              .parent = PLAN_NONE,
                                              .first_child = PLAN_NONE,
                                              .last_child = PLAN_NONE,
                                              .next = PLAN_NONE};
    char key[MAP_KEY_MAX_BYTES];
    int len = scope_key(kind, code, key);
    if (len > 0)
        (void)map_put(self->by_scope, key, (size_t)len, (void *)(self->n + 1));
    return self->n++;
}

struct plan_tree *plan_tree_create(int kind, const char *code, int64_t target)
{
    struct plan_tree *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->by_scope = map_create();
    (void)node_make(self, kind, code, target);
    return self;
}

void plan_tree_destroy(struct plan_tree **self)
{
    if (*self == NULL)
        return;
    map_destroy(&(*self)->by_scope);
    free((*self)->nodes);
    free(*self);
    *self = NULL;
}

struct plan_node *plan_tree_at(const struct plan_tree *self, size_t i)
{
    ASSERT(i < self->n);
    return &self->nodes[i];
}

size_t plan_tree_count(const struct plan_tree *self)
{
    return self->n;
}

size_t plan_tree_find(const struct plan_tree *self, int kind, const char *code)
{
    char key[MAP_KEY_MAX_BYTES];
    int len = scope_key(kind, code, key);
    size_t found = len < 0 ? 0 : (size_t)map_get(self->by_scope, key, (size_t)len);
    return found == 0 || self->nodes[found - 1].is_gone ? PLAN_NONE : found - 1;
}

static void node_link(struct plan_tree *self, size_t parent, size_t node)
{
    struct plan_node *above = &self->nodes[parent];
    self->nodes[node].parent = parent;
    self->nodes[node].next = PLAN_NONE;
    if (above->first_child == PLAN_NONE)
        above->first_child = node;
    else
        self->nodes[above->last_child].next = node;
    above->last_child = node;
}

static void node_unlink(struct plan_tree *self, size_t node)
{
    struct plan_node *above = &self->nodes[self->nodes[node].parent];
    size_t before = PLAN_NONE;
    for (size_t at = above->first_child; at != node; at = self->nodes[at].next)
        before = at;
    if (before == PLAN_NONE)
        above->first_child = self->nodes[node].next;
    else
        self->nodes[before].next = self->nodes[node].next;
    if (above->last_child == node)
        above->last_child = before;
    above->is_changed = 1;
}

int plan_tree_add(struct plan_tree *self, size_t parent, int kind, const char *code, int64_t target,
                  int64_t weight, int is_stored)
{
    if (plan_tree_find(self, kind, code) != PLAN_NONE)
        return -EEXIST;
    if (self->n >= PLAN_NODES_MAX)
        return -ENOSPC;
    size_t node = node_make(self, kind, code, target);
    self->nodes[node].weight = weight;
    node_link(self, parent, node);
    if (is_stored)
        self->nodes[parent].had_split = 1;
    else
        self->nodes[parent].is_changed = 1;
    return 0;
}

void plan_tree_clear(struct plan_tree *self, size_t node)
{
    size_t child = self->nodes[node].first_child;
    self->nodes[node].is_changed |= child != PLAN_NONE;
    self->nodes[node].first_child = self->nodes[node].last_child = PLAN_NONE;
    for (; child != PLAN_NONE; child = self->nodes[child].next) {
        plan_tree_clear(self, child); /* LEVELS_MAX deep */
        self->nodes[child].is_gone = 1;
    }
}

/* What has to be so for a child that is left out or gets another target. */
static int is_free(const struct plan_tree *self, size_t child)
{
    return self->nodes[child].first_child == PLAN_NONE;
}

static int part_place(struct plan_tree *self, size_t node, const struct plan_part *part,
                      struct err *err)
{
    size_t old = plan_tree_find(self, part->kind, part->code);
    if (old == PLAN_NONE) {
        int rc = plan_tree_add(self, node, part->kind, part->code, part->target, part->weight, 0);
        return rc < 0 ? err_set(err, rc, "a plan has at most %d targets", PLAN_NODES_MAX) : 0;
    }
    if (self->nodes[old].parent != PLAN_NONE || old == 0)
        return err_set(err, -EINVAL, "%s is in the plan already", part->code);
    if (!is_free(self, old) && self->nodes[old].target != part->target)
        return err_set(err, -EINVAL, "%s is divided further: its target cannot change", part->code);
    self->nodes[old].target = part->target;
    self->nodes[old].weight = part->weight;
    node_link(self, node, old);
    return 0;
}

int plan_tree_divide(struct plan_tree *self, size_t node, const struct plan_part *parts, size_t n,
                     size_t *ret_at, struct err *err)
{
    int64_t sum = 0;
    size_t before = self->nodes[node].first_child;
    for (*ret_at = 0; *ret_at < n; (*ret_at)++)
        sum += parts[*ret_at].target;
    if (n == 0) {
        plan_tree_clear(self, node);
        return 0;
    }
    if (sum != self->nodes[node].target)
        return err_set(err, -EINVAL, "the targets below %s add up to %lld, its own is %lld",
                       self->nodes[node].code, (long long)sum, (long long)self->nodes[node].target);
    for (size_t at = before; at != PLAN_NONE; at = self->nodes[at].next)
        self->nodes[at].parent = PLAN_NONE; /* free to be taken again */
    size_t *old = calloc(self->n, sizeof(*old));
    size_t n_old = 0;
    ASSERT(old != NULL);
    for (size_t at = before; at != PLAN_NONE; at = self->nodes[at].next)
        old[n_old++] = at;
    self->nodes[node].first_child = self->nodes[node].last_child = PLAN_NONE;
    self->nodes[node].is_changed = 1;
    int rc = 0;
    for (*ret_at = 0; rc == 0 && *ret_at < n; *ret_at += rc == 0)
        rc = part_place(self, node, &parts[*ret_at], err);
    for (size_t i = 0; rc == 0 && i < n_old; i++) {
        if (self->nodes[old[i]].parent != PLAN_NONE)
            continue;
        if (!is_free(self, old[i]))
            rc = err_set(err, -EINVAL, "%s is divided further: it cannot be left out",
                         self->nodes[old[i]].code);
        self->nodes[old[i]].is_gone = 1;
    }
    free(old);
    return rc;
}

int plan_tree_check(const struct plan_tree *self, struct err *err)
{
    for (size_t i = 0; i < self->n; i++) {
        const struct plan_node *node = &self->nodes[i];
        int64_t sum = 0;
        size_t n = 0;
        if (node->is_gone)
            continue;
        if (node->target < 0 || node->target > PLAN_TARGET_MAX)
            return err_set(err, -EINVAL, "%s would get %lld, want 0 to 200,000,000", node->code,
                           (long long)node->target);
        for (size_t at = node->first_child; at != PLAN_NONE; at = self->nodes[at].next, n++)
            sum += self->nodes[at].target;
        if (n > PLAN_CHILDREN_MAX)
            return err_set(err, -EINVAL, "%s would have %zu children, at most 500", node->code, n);
        if (n > 0 && sum != node->target)
            return err_set(err, -EINVAL, "the targets below %s add up to %lld, its own is %lld",
                           node->code, (long long)sum, (long long)node->target);
    }
    return 0;
}

void plan_tree_raise(struct plan_tree *self, size_t node, int64_t change)
{
    for (; node != PLAN_NONE; node = self->nodes[node].parent) {
        self->nodes[node].target += change;
        if (self->nodes[node].parent != PLAN_NONE)
            self->nodes[self->nodes[node].parent].is_changed = 1;
    }
}

int plan_tree_move(struct plan_tree *self, size_t node, size_t from, int64_t change,
                   struct err *err)
{
    if (change == 0 || change < -PLAN_TARGET_MAX || change > PLAN_TARGET_MAX || node == from)
        return err_set(err, -EINVAL, "want a change, and of another scope");
    if (self->nodes[node].first_child != PLAN_NONE)
        return err_set(err, -EINVAL, "%s is divided further: name those below it",
                       self->nodes[node].code);
    if (from != PLAN_NONE && self->nodes[from].first_child != PLAN_NONE)
        return err_set(err, -EINVAL, "%s is divided further: name those below it",
                       self->nodes[from].code);
    plan_tree_raise(self, node, change);
    if (from != PLAN_NONE)
        plan_tree_raise(self, from, -change);
    return 0;
}

/* --- territory that changed ------------------------------------------------------------------- */

static int has_units(const struct plan_tree *self, size_t node)
{
    size_t child = self->nodes[node].first_child;
    return child != PLAN_NONE && self->nodes[child].kind == PLAN_KIND_UNIT;
}

/* The node of a unit, made below its parent's when it is not there and that is divided into units;
 * else the nearest one above it that is. PLAN_NONE: it lies outside of the plan, or there is no
 * place. */
static size_t node_of_unit(struct plan_tree *self, const struct plan_territory *territory,
                           const char *code, int levels)
{
    size_t node = plan_tree_find(self, PLAN_KIND_UNIT, code);
    const char *parent = territory->parent_of(territory->arg, code);
    if (node != PLAN_NONE || parent == NULL || levels == 0)
        return node;
    size_t above = node_of_unit(self, territory, parent, levels - 1);
    /* one with nothing to divide yet is divided into units as soon as it gets its first */
    if (above == PLAN_NONE ||
        (!has_units(self, above) &&
         (self->nodes[above].first_child != PLAN_NONE || self->nodes[above].target != 0)))
        return above;
    return plan_tree_add(self, above, PLAN_KIND_UNIT, code, 0, 0, 0) < 0 ? PLAN_NONE : self->n - 1;
}

/* Gives an amount to a unit: to its units by their targets, or to itself, and then what it was
 * divided into beside units is over. */
static void give(struct plan_tree *self, size_t node, int64_t amount)
{
    if (amount == 0)
        return;
    if (!has_units(self, node)) {
        plan_tree_clear(self, node);
        plan_tree_raise(self, node, amount);
        return;
    }
    size_t children[PLAN_CHILDREN_MAX], n = 0;
    int64_t weights[PLAN_CHILDREN_MAX], parts[PLAN_CHILDREN_MAX], sum = 0;
    for (size_t at = self->nodes[node].first_child; at != PLAN_NONE && n < PLAN_CHILDREN_MAX;
         at = self->nodes[at].next) {
        weights[n] = self->nodes[at].target;
        sum += weights[n];
        children[n++] = at;
    }
    for (size_t i = 0; sum == 0 && i < n; i++)
        weights[i] = 1;
    int rc = apportion(amount, weights, n, parts);
    ASSERT(rc == 0);
    for (size_t i = 0; i < n; i++)
        give(self, children[i], parts[i]); /* three levels of units */
}

/* Takes a node with all below it to another parent. */
static void take_along(struct plan_tree *self, size_t node, size_t parent)
{
    int64_t target = self->nodes[node].target;
    plan_tree_raise(self, self->nodes[node].parent, -target);
    node_unlink(self, node);
    node_link(self, parent, node);
    plan_tree_raise(self, parent, target);
    self->nodes[parent].is_changed = 1;
}

static void drop(struct plan_tree *self, size_t node)
{
    plan_tree_clear(self, node);
    plan_tree_raise(self, node, -self->nodes[node].target);
    node_unlink(self, node);
    self->nodes[node].is_gone = 1;
}

/* What an old unit's target comes to at each of its heirs. */
static int inherit(struct plan_tree *self, const struct plan_territory *territory, size_t node,
                   const struct plan_heir *heirs, size_t n, struct err *err)
{
    int64_t weights[PLAN_CHILDREN_MAX], parts[PLAN_CHILDREN_MAX];
    if (n > PLAN_CHILDREN_MAX)
        return err_set(err, -EINVAL, "%s has more than 500 successors", heirs[0].old_code);
    for (size_t i = 0; i < n; i++)
        weights[i] = heirs[i].share_per_million;
    int rc = apportion(self->nodes[node].target, weights, n, parts);
    if (rc < 0)
        return err_set(err, rc, "the shares of %s cannot be divided by", heirs[0].old_code);
    drop(self, node);
    for (size_t i = 0; i < n; i++) {
        size_t heir = node_of_unit(self, territory, heirs[i].new_code, LEVELS_MAX);
        if (heir == PLAN_NONE)
            return err_set(err, -EINVAL, "%s, which comes after %s, lies outside of the plan",
                           heirs[i].new_code, heirs[i].old_code);
        give(self, heir, parts[i]);
    }
    return 0;
}

/* A unit that others stand below goes whole, with them: they find their own parents afterwards. */
static int follow(struct plan_tree *self, const struct plan_territory *territory, size_t node,
                  const struct plan_heir *heirs, size_t n, struct err *err)
{
    if (n != 1)
        return err_set(err, -EINVAL, "%s was divided: give its communes to others first",
                       heirs[0].old_code);
    size_t heir = node_of_unit(self, territory, heirs[0].new_code, LEVELS_MAX);
    if (heir == PLAN_NONE)
        return err_set(err, -EINVAL, "%s, which comes after %s, lies outside of the plan",
                       heirs[0].new_code, heirs[0].old_code);
    if (self->nodes[heir].first_child != PLAN_NONE && !has_units(self, heir))
        plan_tree_clear(self, heir);
    if (self->nodes[heir].first_child == PLAN_NONE && self->nodes[heir].target > 0)
        return inherit(self, territory, node, heirs, n, err); /* it is not divided into units */
    while (self->nodes[node].first_child != PLAN_NONE)
        take_along(self, self->nodes[node].first_child, heir);
    drop(self, node);
    return 0;
}

/* Units that have another parent than the plan's, which is in the plan too. */
static void move_to_parents(struct plan_tree *self, const struct plan_territory *territory,
                            size_t *ret_moved)
{
    size_t n = self->n;
    for (size_t i = 1; i < n; i++) {
        const struct plan_node *node = &self->nodes[i];
        if (node->is_gone || node->kind != PLAN_KIND_UNIT)
            continue;
        const char *parent = territory->parent_of(territory->arg, node->code);
        if (parent == NULL || strcmp(parent, self->nodes[node->parent].code) == 0 ||
            !territory->is_wanted(territory->arg, parent))
            continue;
        size_t above = node_of_unit(self, territory, parent, LEVELS_MAX);
        if (above == PLAN_NONE || strcmp(self->nodes[above].code, parent) != 0 ||
            (self->nodes[above].first_child != PLAN_NONE && !has_units(self, above)) ||
            (self->nodes[above].first_child == PLAN_NONE && self->nodes[above].target > 0))
            continue;
        take_along(self, i, above);
        (*ret_moved)++;
    }
}

/* Where nothing is left of a unit that stood above others. */
static void drop_empty(struct plan_tree *self, const struct plan_heir *heirs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t node = plan_tree_find(self, PLAN_KIND_UNIT, heirs[i].old_code);
        if (node != PLAN_NONE && node != 0 && self->nodes[node].first_child == PLAN_NONE &&
            self->nodes[node].target == 0)
            drop(self, node);
    }
}

/* Units above whose units found new parents, one after the other: first those without units. */
static int pass_on(struct plan_tree *self, const struct plan_territory *territory, int with_units,
                   size_t *ret_moved, struct err *err)
{
    const struct plan_heir *heirs = territory->heirs;
    for (size_t i = 0, n; i < territory->n_heirs; i += n) {
        n = 1;
        while (i + n < territory->n_heirs && strcmp(heirs[i].old_code, heirs[i + n].old_code) == 0)
            n++;
        size_t node = plan_tree_find(self, PLAN_KIND_UNIT, heirs[i].old_code);
        if (node == PLAN_NONE || node == 0 || has_units(self, node) != with_units)
            continue;
        int rc = with_units ? follow(self, territory, node, &heirs[i], n, err)
                            : inherit(self, territory, node, &heirs[i], n, err);
        if (rc < 0)
            return rc;
        (*ret_moved)++;
    }
    return 0;
}

/* The same plan, of who came after its root. */
static int rename_root(struct plan_tree *self, const struct plan_territory *territory,
                       size_t *ret_moved, struct err *err)
{
    const struct plan_heir *heirs = territory->heirs;
    struct plan_node *root = &self->nodes[0];
    char key[MAP_KEY_MAX_BYTES];
    for (size_t i = 0; root->kind == PLAN_KIND_UNIT && i < territory->n_heirs; i++) {
        if (strcmp(heirs[i].old_code, root->code) != 0)
            continue;
        if (heirs[i].share_per_million != SHARE_WHOLE)
            return err_set(err, -EINVAL, "%s, whose plan it is, was divided", root->code);
        root->code = heirs[i].new_code;
        root->is_changed = 1;
        (*ret_moved)++;
        int len = scope_key(root->kind, root->code, key);
        if (len > 0)
            (void)map_put(self->by_scope, key, (size_t)len, (void *)(size_t)1);
        return 0;
    }
    return 0;
}

size_t plan_tree_undivided(const struct plan_tree *self)
{
    size_t n = 0;
    for (size_t i = 1; i < self->n; i++) {
        size_t above = i;
        while (above != PLAN_NONE && !self->nodes[above].is_gone)
            above = self->nodes[above].parent;
        n += self->nodes[i].kind != PLAN_KIND_UNIT && above != PLAN_NONE;
    }
    return n;
}

int rebase_plan(struct plan_tree *self, const struct plan_territory *territory, size_t *ret_moved,
                struct err *err)
{
    *ret_moved = 0;
    int rc = rename_root(self, territory, ret_moved, err);
    for (int round = 0; rc == 0 && round < ROUNDS_MAX; round++) {
        size_t before = *ret_moved;
        rc = pass_on(self, territory, 0, ret_moved, err);
        if (*ret_moved == before)
            break;
    }
    if (rc < 0)
        return rc;
    move_to_parents(self, territory, ret_moved);
    drop_empty(self, territory->heirs, territory->n_heirs);
    rc = pass_on(self, territory, 1, ret_moved, err);
    return rc < 0 ? rc : plan_tree_check(self, err);
}
