/* A change of the law laid over the tables that hold so far. No I/O.
 *
 * From its first day to its last the new row stands alone for its table and key: a row that covers
 * the first day ends the day before, what began later is replaced, and what reached further than
 * the new row goes on after it. A repeal does the same and leaves nothing in its place. Days before
 * are as they were. */
#ifndef ANSINH_DOMAIN_POLICY_LAY_H
#define ANSINH_DOMAIN_POLICY_LAY_H

#include "common/domain/policy.h"

/* Numbers of ansinh.v1.PolicyEffect. */
enum policy_effect {
    EFFECT_NONE,
    EFFECT_ADDED,     /* the new row */
    EFFECT_CUT,       /* a row now ends earlier */
    EFFECT_CONTINUED, /* a row, or the rest of a cut one, now begins after the new row */
    EFFECT_REPLACED   /* a row is gone */
};

/* Lays a row that is right in itself (a repeal: of an optional table) over a table; policy_check
 * indexes the result. 0, or 1 for a
 * row that stands there already just so: nothing changes. -EINVAL: days between the rows before and
 * this one would have none; -EFBIG: a table over POLICY_ROWS_MAX; both with the table as field, and
 * the table is then spoiled. */
int policy_lay(struct policy *policy, enum policy_table_id table, const struct policy_row *row,
               struct err *err) MUST_CHECK;

/* before is NULL when the row was added, after when it was replaced; both live during the call. */
typedef void (*policy_effect_fn)(void *arg, enum policy_table_id table, enum policy_effect effect,
                                 const struct policy_row *before, const struct policy_row *after);

/* Tells what became of the rows of before, and which of after are new. */
void policy_compare(const struct policy *before, const struct policy *after, policy_effect_fn fn,
                    void *arg);

#endif
