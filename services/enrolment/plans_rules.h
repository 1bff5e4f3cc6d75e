/* A plan as a tree of targets in which every divided one is the sum of its children, and what may
 * be done to it: all of it keeps the sums exact. Pure. Codes are borrowed and outlive the tree. */
#ifndef ANSINH_ENROLMENT_PLANS_RULES_H
#define ANSINH_ENROLMENT_PLANS_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define PLAN_TARGET_MAX 200000000
#define PLAN_NODES_MAX 50000
#define PLAN_CHILDREN_MAX 500 /* of one split */
#define PLAN_NONE SIZE_MAX
#define PLAN_KIND_UNIT 1 /* as in the API */

struct plan_node {
    int kind;
    const char *code;
    const char
        *stored_code; /* under which its split stands: another one when the root is renamed */
    int64_t target, weight;
    size_t parent; /* PLAN_NONE: the root */
    size_t first_child, last_child, next;
    int had_split;  /* its children were read from a row */
    int is_changed; /* its children are others than before, or their targets are */
    int is_gone;    /* no part of the tree any more, nor are those below it */
};

struct plan_tree;

/* With a root, node 0. */
struct plan_tree *plan_tree_create(int kind, const char *code, int64_t target);
void plan_tree_destroy(struct plan_tree **self);

/* Valid until the next node is added. */
struct plan_node *plan_tree_at(const struct plan_tree *self, size_t i);
size_t plan_tree_count(const struct plan_tree *self);
/* PLAN_NONE: it is not there. */
size_t plan_tree_find(const struct plan_tree *self, int kind, const char *code);

/* Adds a child behind the others without changing a target; is_stored: it stands in a row. -EEXIST:
 * it is in the plan already; -ENOSPC: PLAN_NODES_MAX. */
int plan_tree_add(struct plan_tree *self, size_t parent, int kind, const char *code, int64_t target,
                  int64_t weight, int is_stored) MUST_CHECK;
/* Takes all children away, and theirs. */
void plan_tree_clear(struct plan_tree *self, size_t node);

struct plan_part {
    int kind;
    const char *code;
    int64_t target, weight;
};

/* Divides a node anew; children that stay keep what they are divided into. None: takes all away.
 * -EINVAL: the parts do not add up (*ret_at is n), one is in the plan elsewhere or twice, or a
 * child that is divided further would get another target (*ret_at: which); -ENOSPC:
 * PLAN_NODES_MAX. After a failure the tree is of no use. */
int plan_tree_divide(struct plan_tree *self, size_t node, const struct plan_part *parts, size_t n,
                     size_t *ret_at, struct err *err) MUST_CHECK;

/* 0 when every divided target is the sum of its children and all are 0 to PLAN_TARGET_MAX and have
 * at most PLAN_CHILDREN_MAX of them; -EINVAL with the code of the one that is not. */
int plan_tree_check(const struct plan_tree *self, struct err *err) MUST_CHECK;

/* More (or less) for a node and everything above it. */
void plan_tree_raise(struct plan_tree *self, size_t node, int64_t change);

/* One move of an amendment: change more for a leaf, taken from another leaf, or from nowhere
 * (PLAN_NONE). -EINVAL: change is 0 or out of range, or a node is divided. Whether a target became
 * negative is for plan_tree_check, when all moves are made. */
int plan_tree_move(struct plan_tree *self, size_t node, size_t from, int64_t change,
                   struct err *err) MUST_CHECK;

/* The shares that came for one old unit add up to a million. */
struct plan_heir {
    const char *old_code, *new_code;
    uint32_t share_per_million;
};

/* How many organisations, points, collectors and officials have lost their targets. */
size_t plan_tree_undivided(const struct plan_tree *self);

/* What the territory looks like now. The code of a unit's parent; NULL: it has none. */
struct plan_territory {
    const struct plan_heir *heirs; /* of one old unit side by side */
    size_t n_heirs;
    const char *(*parent_of)(void *arg, const char *code);
    /* Whether units go to this new parent in this step. */
    int (*is_wanted)(void *arg, const char *parent_code);
    void *arg;
};

/* Targets of units that ended go to their heirs by share (largest remainder), and units that have
 * another parent now are taken there with theirs; the root's target stays. An heir that was not
 * divided into units takes its part itself; one that was hands it on to its units by their targets.
 * What a unit below which others came was divided into beside units is dropped. *ret_moved counts
 * the units that went. -EINVAL: an heir lies outside of the plan, or a unit with units left below
 * it was divided. -ENOSPC: PLAN_NODES_MAX. */
int rebase_plan(struct plan_tree *self, const struct plan_territory *territory, size_t *ret_moved,
                struct err *err) MUST_CHECK;

#endif
