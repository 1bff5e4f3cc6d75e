#include "services/analytics/forecast_plan.h"

#include <errno.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"

#define YEAR_FIRST 1900
#define YEAR_LAST 2199

int forecast_plan_find(const struct directory *directory, const char *code,
                       struct forecast_plan *ret, struct err *err)
{
    int64_t year;
    const Ansinh__V1__Plan *row = code[0] == '\0' ? NULL : directory_plan_row(directory, code);
    *ret = (struct forecast_plan){
        .code = code,
        .row = row,
        .counts = FACT_METRIC_PAID,
        .product = ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI,
    };
    if (row == NULL) {
        int is_year = code[0] == '\0' || parse_int64(code, YEAR_FIRST, YEAR_LAST, &year) == 0;
        return is_year ? 0 : err_field(err, -ENOENT, "plan_code", "unknown plan");
    }
    ret->counts = (enum fact_metric)row->counts;
    ret->is_new = row->measure == ANSINH__V1__PLAN_MEASURE__PLAN_MEASURE_NEW;
    ret->product =
        row->product == ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED ? ret->product : row->product;
    return 0;
}

static uint32_t year_of(int32_t day)
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return (uint32_t)year;
}

static int64_t target_of(const struct forecast_plan *self, const struct directory *directory,
                         const struct directory_unit *unit)
{
    int64_t target = directory_plan_target(
        directory, self->code, ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_UNIT, unit->code);
    return target < 0 ? 0 : target;
}

static void take_year(struct forecast_window *self, int64_t year)
{
    self->from = date_make((int)year, 1, 1);
    self->plan_until = date_make((int)year, 12, 31);
}

void forecast_window_of(const struct forecast_plan *self, const struct directory *directory,
                        const struct directory_unit *unit, int32_t today, int32_t until,
                        struct forecast_window *ret)
{
    int64_t year = year_of(until == 0 ? today : until);
    *ret = (struct forecast_window){0};
    if (self->code[0] == '\0') {
        ret->plan = directory_plan(unit, (uint32_t)year, &ret->year);
        take_year(ret, ret->year == 0 ? year_of(today) : ret->year);
    } else {
        ret->plan = target_of(self, directory, unit);
        if (self->row == NULL && parse_int64(self->code, YEAR_FIRST, YEAR_LAST, &year) == 0) {
            ret->year = (uint32_t)year;
            take_year(ret, year);
        }
    }
    /* the service has checked them */
    if (self->row != NULL && (date_parse(self->row->from, &ret->from) < 0 ||
                              date_parse(self->row->until, &ret->plan_until) < 0))
        take_year(ret, year);
    ret->is_expired = ret->plan > 0 && ret->plan_until < today;
    ret->until = until == 0 ? ret->plan_until : until;
    if (self->is_new && ret->until > ret->plan_until)
        ret->until = ret->plan_until;
}
