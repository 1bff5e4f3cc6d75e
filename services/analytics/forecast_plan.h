/* What a forecast is held against: a plan, its days, and a unit's target in it. */
#ifndef ANSINH_ANALYTICS_FORECAST_PLAN_H
#define ANSINH_ANALYTICS_FORECAST_PLAN_H

#include "common/base/err.h"
#include "common/service/directory.h"
#include "services/analytics/fact.h"

struct forecast_plan {
    const char *code;            /* "": of the year, whichever is in force */
    const Ansinh__V1__Plan *row; /* NULL: of a year */
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

/* code "" and years need no plan of that name. -ENOENT: no such plan, names the field. The code
 * must live as long as the plan. */
int forecast_plan_find(const struct directory *directory, const char *code,
                       struct forecast_plan *ret, struct err *err) MUST_CHECK;

/* until 0: to the end of the plan. What only counts in its days ends with them in any case. */
void forecast_window_of(const struct forecast_plan *self, const struct directory *directory,
                        const struct directory_unit *unit, int32_t today, int32_t until,
                        struct forecast_window *ret);

#endif
