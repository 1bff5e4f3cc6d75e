/* What a forecast is held against: a plan, its days, and a unit's target in it. */
#ifndef ANSINH_ANALYTICS_FORECAST_PLAN_H
#define ANSINH_ANALYTICS_FORECAST_PLAN_H

#include "services/analytics/board_plan.h"

struct forecast_plan {
    int is_named;           /* else it is the year's that is in force */
    struct board_plan plan; /* the one that was named */
    enum fact_metric counts;
    int is_new; /* who comes in its days; else all there are */
    Ansinh__V1__Product product;
};

/* Of one unit. */
struct forecast_window {
    int64_t plan;             /* target; 0: none */
    uint32_t year;            /* of a year's plan; 0: none */
    int32_t from, plan_until; /* the plan's days; without one the year's */
    int32_t until;            /* last day of the forecast */
    int is_expired;           /* the plan's days are over */
};

/* By its code, "" for that of the year; as of a moment, 0: now. -ENOENT: no such plan, names the
 * field. */
int forecast_plan_open(struct forecast_plan *ret, const struct directory *directory,
                       const char *code, int64_t as_of_ms, struct err *err) MUST_CHECK;
/* Also of one that is zeroed. */
void forecast_plan_close(struct forecast_plan *self);

/* Of a unit, or of the question's office. until 0: to the end of the plan; what only counts in the
 * plan's days ends with them in any case. -ENOMEM. */
int forecast_window_of(const struct forecast_plan *self, struct question *question,
                       const struct directory_unit *unit, int32_t until,
                       struct forecast_window *ret) MUST_CHECK;

#endif
