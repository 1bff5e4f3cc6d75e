/* All that was paid, back at once. */
#include <string.h>

#include "common/domain/benefits_lines.h"
#include "common/domain/calendar.h"

#define MONTHS_PER_YEAR 12

struct rules {
    const struct policy_row *share, *wait, *years_max, *incapacity, *settling;
};

static int rules_find(const struct policy *policy, int32_t on_day, struct rules *ret,
                      struct err *err)
{
    const struct {
        enum policy_table_id table;
        const struct policy_row **row;
    } wanted[] = {
        {POLICY_ONE_OFF_SHARE, &ret->share},
        {POLICY_ONE_OFF_WAIT_MONTHS, &ret->wait},
        {POLICY_ONE_OFF_YEARS_MAX, &ret->years_max},
        {POLICY_ONE_OFF_INCAPACITY, &ret->incapacity},
        {POLICY_ONE_OFF_SETTLING_DAYS, &ret->settling},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(wanted); i++)
        rc = policy_need(policy, wanted[i].table, 0, on_day, wanted[i].row, err);
    return rc;
}

static void reasons_find(const struct one_off_request *request, const struct rules *rules,
                         int is_reason[ONE_OFF_REASONS])
{
    const struct pension_terms *terms = request->terms;
    int32_t this_month = month_of_day(request->on_day);
    int32_t last_year = this_month - (int32_t)rules->wait->value;
    int32_t rule_month = month_of_day(rules->wait->from_day);
    uint32_t paid = history_months(request->paid, INT32_MIN, this_month);
    is_reason[ONE_OFF_AGE] = terms->age_month <= this_month && paid < terms->months;
    is_reason[ONE_OFF_STOPPED] = history_months(request->paid, INT32_MIN, rule_month) > 0 &&
                                 history_months(request->paid, last_year, this_month) == 0 &&
                                 paid < rules->years_max->value * MONTHS_PER_YEAR;
    is_reason[ONE_OFF_EMIGRATION] = request->emigrates;
    is_reason[ONE_OFF_DISEASE] = request->is_ill;
    is_reason[ONE_OFF_INCAPACITY] = request->incapacity_basis_points >= rules->incapacity->value;
}

static void reasons_add(const struct one_off_request *request, const struct rules *rules,
                        const int is_reason[ONE_OFF_REASONS], struct benefit *ret)
{
    const struct pension_terms *terms = request->terms;
    uint32_t paid = history_months(request->paid, INT32_MIN, month_of_day(request->on_day));
    explain_add(&ret->lines,
                is_reason[ONE_OFF_AGE] ? TEXT_ONE_OFF_AGE_MET : TEXT_ONE_OFF_AGE_NOT_MET, 0,
                rules->share, {OPERAND_MONTH, terms->age_month},
                {OPERAND_YEARS, terms->months / MONTHS_PER_YEAR}, {OPERAND_DURATION, paid});
    explain_add(&ret->lines,
                is_reason[ONE_OFF_STOPPED] ? TEXT_ONE_OFF_STOPPED_MET
                                           : TEXT_ONE_OFF_STOPPED_NOT_MET,
                0, rules->wait, {OPERAND_DATE, rules->wait->from_day},
                {OPERAND_MONTHS, rules->wait->value}, {OPERAND_YEARS, rules->years_max->value});
    explain_set_n(explain_next(&ret->lines), TEXT_ONE_OFF_EMIGRATION, 0, rules->share, NULL, 0);
    explain_set_n(explain_next(&ret->lines), TEXT_ONE_OFF_DISEASE, 0, rules->share, NULL, 0);
    explain_add(&ret->lines, TEXT_ONE_OFF_INCAPACITY, 0, rules->incapacity,
                {OPERAND_PER_MILLION, rules->incapacity->value * PER_MILLION_OF_BASIS_POINT});
}

/* Less than a year: what was paid, and no more than a year would bring. */
static int short_add(const struct policy *policy, const struct one_off_request *request,
                     const struct policy_row *share, struct benefit *ret, struct err *err)
{
    const struct policy_row *coefficient;
    int64_t average_vnd, paid_vnd;
    int rc =
        history_average(policy, request->paid, request->on_day, &average_vnd, &coefficient, err);
    if (rc == 0)
        rc = history_paid(policy, request->paid, &paid_vnd, err);
    if (rc != 0)
        return rc;
    int64_t most_vnd = divide_half_up(average_vnd * share->value, FULL_BASIS_POINTS);
    ret->amount_vnd = MIN(paid_vnd, most_vnd);
    explain_add(&ret->lines, TEXT_ONE_OFF_PAID, ret->amount_vnd, share, {OPERAND_VND, paid_vnd},
                {OPERAND_COEFFICIENT, share->value / PER_MILLION_OF_BASIS_POINT},
                {OPERAND_VND, average_vnd});
    return 0;
}

static void support_take(const struct one_off_request *request,
                         const int is_reason[ONE_OFF_REASONS], const struct policy_row *share,
                         struct benefit *ret)
{
    if (is_reason[ONE_OFF_DISEASE] || is_reason[ONE_OFF_INCAPACITY])
        return;
    int64_t vnd = MIN(request->support_vnd, ret->amount_vnd);
    if (vnd == 0)
        return;
    ret->amount_vnd -= vnd;
    explain_set_n(explain_next(&ret->lines), TEXT_ONE_OFF_SUPPORT, -vnd, share, NULL, 0);
}

static int amount_add(const struct policy *policy, const struct one_off_request *request,
                      const struct policy_row *share, struct benefit *ret, struct err *err)
{
    uint32_t n = history_months_in_all(request->paid);
    if (n == 0)
        return 0;
    if (n < MONTHS_PER_YEAR)
        return short_add(policy, request, share, ret, err);
    return benefit_shares_add(policy, POLICY_ONE_OFF_SHARE, TEXT_ONE_OFF, request->paid,
                              request->on_day, ret, err);
}

int benefit_one_off(const struct policy *policy, const struct one_off_request *request,
                    int is_reason[ONE_OFF_REASONS], struct benefit *ret, struct err *err)
{
    struct rules rules;
    const struct policy_row *begin, *allowance;
    int32_t on_day = request->on_day;
    memset(is_reason, 0, ONE_OFF_REASONS * sizeof(*is_reason));
    if (!benefit_begin(policy, POLICY_ONE_OFF_WAIT_MONTHS, on_day, BENEFIT_IS_ONE_OFF, ret, &begin))
        return 0;
    int rc = rules_find(policy, on_day, &rules, err);
    if (rc == 0)
        rc = amount_add(policy, request, rules.share, ret, err);
    if (rc != 0)
        return rc;
    reasons_find(request, &rules, is_reason);
    for (size_t i = 0; i < ONE_OFF_REASONS; i++)
        ret->is_met |= is_reason[i];
    support_take(request, is_reason, rules.share, ret);
    reasons_add(request, &rules, is_reason, ret);
    explain_add(&ret->lines, TEXT_SETTLING, 0, rules.settling,
                {OPERAND_COUNT, rules.settling->value});
    allowance = policy_on(policy, POLICY_MONTHLY_ALLOWANCE, 0, on_day);
    if (allowance != NULL)
        explain_set_n(explain_next(&ret->lines), TEXT_MONTHLY_ALLOWANCE, 0, allowance, NULL, 0);
    return 0;
}
