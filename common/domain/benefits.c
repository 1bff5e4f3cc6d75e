/* The benefits around a birth and in old age; those after a death and the one-off have files of
 * their own. */
#include "common/domain/benefits.h"

#include "common/domain/benefits_lines.h"
#include "common/domain/calendar.h"

/* --- maternity --- */

/* The first month before which enough months were paid in the window; 0: none. */
static int32_t window_month(const struct paid_history *paid, int32_t from_month, int32_t window,
                            uint32_t needed)
{
    for (int32_t month = from_month; month <= history_end(paid) + window; month++)
        if (history_months(paid, month - window, month) >= needed)
            return month;
    return 0;
}

static int maternity_conditions(const struct policy *policy, const struct paid_history *paid,
                                int32_t on_day, struct benefit *ret, struct err *err)
{
    const struct policy_row *months, *window;
    int rc = policy_need(policy, POLICY_MATERNITY_MONTHS, 0, on_day, &months, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_MATERNITY_WINDOW, 0, on_day, &window, err);
    if (rc != 0)
        return rc;
    int32_t this_month = month_of_day(on_day), length = (int32_t)window->value;
    uint32_t paid_months = history_months(paid, this_month - length, this_month);
    ret->from_month = window_month(paid, this_month, length, (uint32_t)months->value);
    ret->is_met = ret->from_month == this_month;
    explain_add(&ret->lines, ret->is_met ? TEXT_WINDOW_MET : TEXT_WINDOW_NOT_MET, 0, months,
                {OPERAND_MONTHS, paid_months}, {OPERAND_MONTHS, window->value},
                {OPERAND_MONTHS, months->value});
    benefit_from_add(ret, months);
    return 0;
}

int benefit_maternity(const struct policy *policy, const struct paid_history *paid, int32_t on_day,
                      uint32_t children, struct benefit *ret, struct err *err)
{
    const struct policy_row *amount, *filing, *settling;
    if (!benefit_begin(policy, POLICY_MATERNITY_AMOUNT, on_day, BENEFIT_IS_MATERNITY, ret, &amount))
        return 0;
    ret->amount_vnd = amount->value * children;
    explain_add(&ret->lines, TEXT_MATERNITY, ret->amount_vnd, amount, {OPERAND_VND, amount->value},
                {OPERAND_COUNT, children});
    int rc = maternity_conditions(policy, paid, on_day, ret, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_MATERNITY_FILING_DAYS, 0, on_day, &filing, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_MATERNITY_SETTLING_DAYS, 0, on_day, &settling, err);
    if (rc != 0)
        return rc;
    explain_set_n(explain_next(&ret->lines), TEXT_MATERNITY_ONE_PARENT, 0, amount, NULL, 0);
    explain_add(&ret->lines, TEXT_MATERNITY_FILING, 0, filing, {OPERAND_DAYS, filing->value});
    explain_add(&ret->lines, TEXT_SETTLING, 0, settling, {OPERAND_COUNT, settling->value});
    return 0;
}

/* --- old age --- */

int benefit_social_pension(const struct policy *policy, int32_t birth_day, enum support_group group,
                           int32_t pension_month, int32_t on_day, struct benefit *ret,
                           struct err *err)
{
    const struct policy_row *amount, *age, *earlier;
    if (!benefit_begin(policy, POLICY_SOCIAL_PENSION_AMOUNT, on_day, BENEFIT_IS_SOCIAL_PENSION, ret,
                       &amount))
        return 0;
    int rc = policy_need(policy, POLICY_SOCIAL_PENSION_AGE, 0, on_day, &age, err);
    if (rc != 0)
        return rc;
    earlier = policy_on(policy, POLICY_SOCIAL_PENSION_AGE, (int32_t)group, on_day);
    if (earlier != NULL)
        age = earlier;
    ret->amount_vnd = amount->value;
    ret->from_month = month_of_day(birth_day) + (int32_t)age->value;
    ret->is_met = pension_month == 0 && ret->from_month <= month_of_day(on_day);
    explain_add(&ret->lines, TEXT_SOCIAL_PENSION, ret->amount_vnd, amount,
                {OPERAND_VND, amount->value});
    explain_add(&ret->lines, TEXT_SOCIAL_PENSION_AGE, 0, age, {OPERAND_AGE, age->value},
                {OPERAND_MONTH, ret->from_month});
    if (pension_month != 0)
        explain_add(&ret->lines, TEXT_SOCIAL_PENSION_INSTEAD, 0, age,
                    {OPERAND_MONTH, pension_month});
    else
        explain_set_n(explain_next(&ret->lines), TEXT_SOCIAL_PENSION_WITHOUT, 0, age, NULL, 0);
    return 0;
}

int benefit_health_insurance(const struct policy *policy, int32_t pension_month, int32_t on_day,
                             struct benefit *ret, struct err *err)
{
    const struct policy_row *row;
    (void)err; /* like the others */
    if (!benefit_begin(policy, POLICY_PENSIONER_HEALTH, on_day, BENEFIT_IS_HEALTH_INSURANCE, ret,
                       &row))
        return 0;
    ret->from_month = pension_month;
    ret->is_met = pension_month <= month_of_day(on_day);
    explain_add(&ret->lines, TEXT_PENSIONER_HEALTH, 0, row, {OPERAND_MONTH, pension_month});
    return 0;
}
