#include "common/domain/standing.h"

#include <errno.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution.h"

/* Within how many months a period must be paid. A lump sum has no period: its own limit tells what
 * law it follows. */
static int deadline_find(const struct policy *policy, enum method method, int32_t on_day,
                         uint32_t *ret_months, const struct policy_row **ret, struct err *err)
{
    *ret = policy_on(policy, POLICY_METHOD_DEADLINE, (int32_t)method, on_day);
    *ret_months = *ret == NULL ? 1 : (uint32_t)(*ret)->value;
    if (*ret != NULL)
        return 0;
    if (method == METHOD_IS_FUTURE_YEARS)
        return policy_need(policy, POLICY_FUTURE_YEARS_MAX, 0, on_day, ret, err);
    if (method == METHOD_IS_MISSING_MONTHS)
        return policy_need(policy, POLICY_MISSING_MONTHS_MAX, 0, on_day, ret, err);
    return policy_need(policy, POLICY_METHOD_DEADLINE, (int32_t)method, on_day, ret, err);
}

/* First month of the period that may still be paid as a whole; 0: none. It follows what is paid,
 * but terms that were declared later begin with their declaration: another method does not bring
 * back what lapsed before it. */
static uint32_t period_start(const struct citizen *citizen, uint32_t until, uint32_t month,
                             uint32_t deadline_months)
{
    uint32_t declared = (uint32_t)month_of_day(citizen->declared_day);
    uint32_t enrolled = (uint32_t)month_of_day(citizen->enrolled_day);
    uint32_t start = 0;
    if (declared > until && declared <= month)
        start = declared;
    else if (until != 0 && until + 1 >= enrolled)
        start = until + 1;
    return start != 0 && month < start + deadline_months ? start : 0;
}

static void stand_uncovered(const struct citizen *citizen, uint32_t month, uint32_t deadline_months,
                            struct standing *ret)
{
    uint32_t start = period_start(citizen, ret->until, month, deadline_months);
    int has_paid = ret->until != 0 || citizen->coverage.n_older > 0 || citizen->months_missing > 0;
    if (!has_paid)
        ret->state = STANDING_DECLARED;
    else
        ret->state = start != 0 ? STANDING_DUE : STANDING_LAPSED;
    ret->from_month = start != 0 ? start : month;
    if (start != 0)
        ret->due_day = month_last_day((int32_t)(start + deadline_months - 1));
}

/* The lump of missing months was the last that was due. */
static int is_complete(const struct citizen *citizen, uint32_t month)
{
    return citizen->method == METHOD_IS_MISSING_MONTHS && citizen->lump_months == 0 &&
           citizen->months_missing > 0 && month >= (uint32_t)month_of_day(citizen->declared_day);
}

int standing_on(const struct policy *policy, const struct citizen *citizen, int32_t on_day,
                struct standing *ret, struct err *err)
{
    const struct coverage *coverage = &citizen->coverage;
    uint32_t month = (uint32_t)month_of_day(on_day), deadline_months;
    *ret = (struct standing){0};
    if (coverage->n_older > 0 && coverage->n > 0 && month < coverage->ranges[0].from)
        return err_field(err, -ERANGE, "on",
                         "of the time before %04u-%02u the months are counted only",
                         coverage->ranges[0].from / 12, coverage->ranges[0].from % 12 + 1);
    int rc = deadline_find(policy, (enum method)citizen->method, on_day, &deadline_months,
                           &ret->deadline, err);
    if (rc != 0)
        return rc;
    const struct month_range *range = coverage_find(coverage, month);
    ret->until = range != NULL ? range->to : coverage_before(coverage, month);
    if (citizen->end_reason != END_NONE && on_day >= citizen->end_day) {
        ret->state = STANDING_ENDED;
    } else if (is_complete(citizen, month)) {
        ret->state = STANDING_COMPLETE;
    } else if (range != NULL) {
        ret->state = STANDING_ACTIVE;
        ret->from_month = range->to + 1;
        ret->due_day = month_last_day((int32_t)(range->to + deadline_months));
    } else {
        stand_uncovered(citizen, month, deadline_months, ret);
    }
    return 0;
}
