/* The benefits after a death: funeral, and what the family gets. */
#include "common/base/log.h"
#include "common/domain/benefits_lines.h"
#include "common/domain/calendar.h"

int benefit_funeral(const struct policy *policy, const struct paid_history *paid, int32_t on_day,
                    int is_pensioner, struct benefit *ret, struct err *err)
{
    const struct policy_row *times, *level, *months;
    if (!benefit_begin(policy, POLICY_FUNERAL_TIMES, on_day, BENEFIT_IS_FUNERAL, ret, &times))
        return 0;
    int rc = policy_need(policy, POLICY_REFERENCE_LEVEL, 0, on_day, &level, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_FUNERAL_MONTHS, 0, on_day, &months, err);
    if (rc != 0)
        return rc;
    ret->amount_vnd = times->value * level->value;
    explain_add(&ret->lines, TEXT_FUNERAL, ret->amount_vnd, times, {OPERAND_COUNT, times->value},
                {OPERAND_VND, level->value});
    if (is_pensioner) {
        ret->is_met = 1;
        ret->from_month = month_of_day(on_day);
        explain_set_n(explain_next(&ret->lines), TEXT_PENSIONER_MET, 0, months, NULL, 0);
    } else {
        benefit_months_add(ret, paid, on_day, months);
    }
    return 0;
}

int benefit_survivor(const struct policy *policy, const struct paid_history *paid, int32_t on_day,
                     struct benefit *ret, struct err *err)
{
    const struct policy_row *months;
    uint32_t n = history_months_in_all(paid);
    if (!benefit_begin(policy, POLICY_SURVIVOR_MONTHS, on_day, BENEFIT_IS_SURVIVOR, ret, &months))
        return 0;
    ret->is_met = history_months(paid, INT32_MIN, month_of_day(on_day)) > 0;
    ret->from_month = n > 0 ? history_month_at(paid, 1) : 0;
    if (n >= months->value)
        return benefit_shares_add(policy, POLICY_SURVIVOR_SHARE, TEXT_SURVIVOR, paid, on_day, ret,
                                  err);
    int rc = history_paid(policy, paid, &ret->amount_vnd, err);
    explain_add(&ret->lines, TEXT_SURVIVOR_PAID, ret->amount_vnd, months, {OPERAND_MONTHS, n},
                {OPERAND_MONTHS, months->value});
    return rc;
}

int benefit_survivor_of_pensioner(const struct policy *policy, int64_t pension_vnd,
                                  uint32_t months_drawn, int32_t on_day, struct benefit *ret,
                                  struct err *err)
{
    const struct policy_row *most, *full, *least;
    if (!benefit_begin(policy, POLICY_SURVIVOR_PENSION_MONTHS, on_day,
                       BENEFIT_IS_SURVIVOR_OF_PENSIONER, ret, &most))
        return 0;
    int rc = policy_need(policy, POLICY_SURVIVOR_PENSION_FULL_MONTHS, 0, on_day, &full, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_SURVIVOR_PENSION_MIN_MONTHS, 0, on_day, &least, err);
    if (rc != 0)
        return rc;
    /* in half months: every month after the first ones takes one off */
    int64_t later = MAX((int64_t)months_drawn - full->value, 0);
    int64_t halves = MAX(2 * most->value - later, 2 * least->value);
    ret->is_met = 1;
    ret->amount_vnd = divide_half_up(pension_vnd * halves, 2);
    explain_add(&ret->lines, TEXT_SURVIVOR_OF_PENSIONER, ret->amount_vnd, most,
                {OPERAND_HALF_MONTHS, halves}, {OPERAND_VND, pension_vnd},
                {OPERAND_MONTHS, months_drawn});
    explain_add(&ret->lines, TEXT_SURVIVOR_LESS, 0, full, {OPERAND_MONTHS, most->value},
                {OPERAND_MONTHS, full->value}, {OPERAND_MONTHS, least->value});
    return 0;
}
