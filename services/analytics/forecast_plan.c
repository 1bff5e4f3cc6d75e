#include "services/analytics/forecast_plan.h"

#include "common/domain/calendar.h"
#include "services/analytics/analytics.h"

int forecast_plan_open(struct forecast_plan *ret, const struct directory *directory,
                       const char *code, int64_t as_of_ms, struct err *err)
{
    *ret = (struct forecast_plan){
        .is_named = code[0] != '\0',
        .counts = FACT_METRIC_PAID,
        .product = ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI,
    };
    if (!ret->is_named)
        return 0;
    int rc = board_plan_open(&ret->plan, directory, code, as_of_ms, err);
    if (rc < 0)
        return rc;
    ret->counts = (enum fact_metric)ret->plan.counts;
    ret->is_new = !ret->plan.is_stock;
    if (ret->plan.product != ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED)
        ret->product = ret->plan.product;
    return 0;
}

void forecast_plan_close(struct forecast_plan *self)
{
    board_plan_close(&self->plan);
}

static uint32_t year_of(int32_t day)
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return (uint32_t)year;
}

/* An office's is the sum of its communes'. */
static int target_of(const struct board_plan *plan, struct question *question,
                     const struct directory_unit *unit, int64_t *ret)
{
    *ret = 0;
    if (unit != question->slice.office)
        return board_plan_of_unit(plan, question, unit, ret);
    for (size_t i = 0; i < unit->n_children; i++) {
        int64_t own;
        int rc = board_plan_of_unit(plan, question, unit->children[i], &own);
        if (rc < 0)
            return rc;
        *ret += own;
    }
    return 0;
}

static void take_year(struct forecast_window *self, const struct directory_unit *unit,
                      int32_t today, int32_t until)
{
    self->plan = directory_plan(unit, year_of(until == 0 ? today : until), &self->year);
    int year = (int)(self->year == 0 ? year_of(today) : self->year);
    self->from = date_make(year, 1, 1);
    self->plan_until = date_make(year, 12, 31);
}

int forecast_window_of(const struct forecast_plan *self, struct question *question,
                       const struct directory_unit *unit, int32_t until,
                       struct forecast_window *ret)
{
    int rc = 0;
    const struct board_plan *plan = &self->plan;
    *ret = (struct forecast_window){0};
    if (self->is_named) {
        rc = target_of(plan, question, unit, &ret->plan);
        ret->year = plan->row == NULL ? year_of(plan->from) : 0;
        ret->from = plan->from;
        ret->plan_until = plan->until;
    } else {
        take_year(ret, unit, question->today, until);
    }
    ret->is_expired = ret->plan > 0 && ret->plan_until < question->today;
    ret->until = until == 0 ? ret->plan_until : until;
    if (self->is_new && ret->until > ret->plan_until)
        ret->until = ret->plan_until;
    return rc;
}
