/* A unit's progress: the board's sums beside the plan. */
#ifndef ANSINH_ANALYTICS_PROGRESS_H
#define ANSINH_ANALYTICS_PROGRESS_H

#include "ansinh/v1/analytics.pb-c.h"
#include "common/base/arena.h"
#include "common/service/directory.h"
#include "services/analytics/board.h"
#include "services/analytics/fact.h"

/* Which metric of a fact is which of the board. */
enum board_metric board_metric_of(enum fact_metric metric);

struct analytics;

/* One unit's numbers. */
struct progress {
    const struct directory_unit *unit;
    int64_t reach;     /* estimate; 0: nobody, or not known */
    int64_t prospects; /* 0: not known */
    struct board_totals totals;
    struct board_day today;
};

/* All that GetProgress answers but for version and time. */
struct progress_answer {
    int32_t today; /* business day */
    const struct progress *own, *children;
    size_t n_children;
    const struct board_day *days; /* those in which something happened, ascending */
    size_t n_days;
    int32_t (*hours)[BOARD_TIMED_METRICS]; /* of today, BOARD_HOURS of them */
};

/* Of the board and the sessions, as they are now. -ENOMEM: the arena's limit. */
int progress_of(const struct analytics *analytics, const struct directory_unit *unit, int32_t today,
                struct arena *arena, struct progress *ret) MUST_CHECK;

/* Who could join in a unit, by what was known for a business day; 0: not known. */
int64_t progress_prospects(const struct directory *directory, const struct directory_unit *unit,
                           int32_t day);

/* Fill messages whose texts live in the arena (or as long as the directory). A unit's plan is the
 * one in force now. -ENOMEM. */
int progress_fill(const struct progress *progress, int32_t today, struct arena *arena,
                  Ansinh__V1__UnitProgress *ret) MUST_CHECK;
int progress_answer_fill(const struct progress_answer *answer, struct arena *arena,
                         Ansinh__V1__GetProgressResponse *ret) MUST_CHECK;

/* The codes of a unit's communes and of those that were merged whole into it or into them, each
 * once, in the arena; a commune is its own. NULL at the limit. */
uint32_t *progress_communes(const struct directory_unit *unit, struct arena *arena, size_t *ret_n);

#endif
