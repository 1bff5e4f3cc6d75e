/* The plan that a board is held against: what it wants of the board, and what it wants of each row.
 * Targets that were not rebased yet count for the unit into which theirs was merged whole. */
#ifndef ANSINH_ANALYTICS_BOARD_PLAN_H
#define ANSINH_ANALYTICS_BOARD_PLAN_H

#include "services/analytics/ranking.h"

#define BOARD_PLAN_CODE_BYTES 20

struct board_plan {
    const Ansinh__V1__Plan *row; /* NULL: the imported plan of a year */
    char code[BOARD_PLAN_CODE_BYTES];
    const char *name;
    const Ansinh__V1__PlanScope *root; /* and its target; NULL: imported */
    int64_t target;
    struct map *past;  /* splits that were amended since, by code; NULL: none */
    struct map *units; /* targets then by unit, one more each; NULL: as they are now */
    const struct directory_unit *unit; /* whose plan it is, or where its root is; NULL: unknown */
    int32_t from, until;
    Ansinh__V1__Metric counts;
    Ansinh__V1__Product product;
    int is_stock; /* how many there are at the end, not how many come */
};

/* A plan by its code, or an imported one by its year; as of a moment (0: now) when it was locked by
 * then: others keep no history. -ENOENT with the field plan_code. */
int board_plan_open(struct board_plan *ret, const struct directory *directory, const char *code,
                    int64_t as_of_ms, struct err *err) MUST_CHECK;
/* Also of one that is zeroed, or was not opened. */
void board_plan_close(struct board_plan *self);

/* What the request says beside the plan must fit it; days are not looked at. Leaves the plan's
 * product alone in the question's slice. -EINVAL with the field. */
int board_plan_check(const struct board_plan *self, const Ansinh__V1__GetBoardRequest *in,
                     struct question *question, struct err *err) MUST_CHECK;

/* Target of a unit or, when the slice names one, of an organisation, point or collector in it; 0:
 * none. -ENOMEM. */
int board_plan_of_unit(const struct board_plan *self, struct question *question,
                       const struct directory_unit *unit, int64_t *ret) MUST_CHECK;

/* Organisations, points or collectors that have a target in the slice; in the arena. -ENOMEM. */
int board_plan_named(const struct board_plan *self, struct question *question,
                     Ansinh__V1__BoardBy by, struct ranking_named **ret, size_t *ret_n) MUST_CHECK;

#endif
