#include "common/domain/contribution.h"

#include <errno.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution_limits.h"
#include "common/domain/lump_sum.h"

#define PERCENT(basis_points)                                                                      \
    {                                                                                              \
        OPERAND_PER_MILLION, (basis_points)*PER_MILLION_OF_BASIS_POINT                             \
    }

int method_is_lump_sum(enum method method)
{
    return method == METHOD_IS_FUTURE_YEARS || method == METHOD_IS_MISSING_MONTHS;
}

/* One sum, rounded once and with interest, and not so many months. */
static int is_one_sum(const struct quote_request *request)
{
    return method_is_lump_sum(request->method) || request->missed_from_month != 0;
}

static void contribution_add(struct quote *quote, const struct contribution_rules *rules,
                             const struct quote_request *request)
{
    int64_t share = request->income_vnd * rules->rate->value;
    quote->gross_vnd = is_one_sum(request)
                           ? divide_rounded(share * quote->months, FULL_BASIS_POINTS,
                                            (enum policy_choice)rules->rounding->value)
                           : divide_half_up(share, FULL_BASIS_POINTS) * quote->months;
    explain_add(&quote->lines, TEXT_CONTRIBUTION, quote->gross_vnd, rules->rate,
                PERCENT(rules->rate->value), {OPERAND_VND, request->income_vnd},
                {OPERAND_MONTHS, quote->months});
}

/* What the time between the months and the payment makes cheaper or dearer. */
static void interest_add(struct quote *quote, const struct contribution_rules *rules,
                         const struct quote_request *request)
{
    int is_future = request->method == METHOD_IS_FUTURE_YEARS;
    struct lump_sum sum = {.income_vnd = request->income_vnd,
                           .rate_basis_points = rules->rate->value,
                           .interest_per_million = rules->fund_rate->value,
                           .rounding = (enum policy_choice)rules->rounding->value};
    /* how many months late the first and the last one are */
    uint32_t late = request->missed_from_month == 0
                        ? quote->months
                        : (uint32_t)(month_of_day(request->on_day) - request->missed_from_month);
    int64_t flat_vnd = quote->gross_vnd;
    quote->gross_vnd = is_future ? lump_sum_future(&sum, 1, quote->months)
                                 : lump_sum_missing(&sum, late - quote->months + 1, late);
    explain_add(&quote->lines, is_future ? TEXT_DISCOUNT : TEXT_INTEREST,
                quote->gross_vnd - flat_vnd, rules->fund_rate,
                {OPERAND_PER_MILLION, rules->fund_rate->value}, {OPERAND_MONTHS, quote->months});
}

/* The support is a share of the contribution at the poverty line, whatever the chosen income. */
static void central_support_add(struct quote *quote, const struct contribution_rules *rules,
                                const struct quote_request *request)
{
    if (rules->support == NULL)
        return;
    quote->months_supported = MIN(contribution_months_left(rules, request), quote->months);
    int64_t monthly_vnd =
        divide_half_up(rules->poverty_line->value * rules->rate->value * rules->support->value,
                       (int64_t)FULL_BASIS_POINTS * FULL_BASIS_POINTS);
    quote->central_vnd = monthly_vnd * quote->months_supported;
    if (quote->months_supported == 0) {
        explain_add(&quote->lines, TEXT_CENTRAL_SUPPORT_USED, 0, rules->support_months,
                    {OPERAND_MONTHS, rules->support_months->value});
        return;
    }
    int is_cut = quote->months_supported < quote->months;
    explain_add(&quote->lines, is_cut ? TEXT_CENTRAL_SUPPORT_LAST : TEXT_CENTRAL_SUPPORT,
                -quote->central_vnd, is_cut ? rules->support_months : rules->support,
                PERCENT(rules->support->value), PERCENT(rules->rate->value),
                {OPERAND_VND, rules->poverty_line->value},
                {OPERAND_MONTHS, quote->months_supported});
}

/* What somebody gives for the supported months, and no more than is left to pay. */
static int64_t take(struct quote *quote, int64_t monthly_vnd, int64_t *pocket_vnd, int *ret_is_cut)
{
    int64_t wanted_vnd = monthly_vnd * quote->months_supported;
    int64_t left_vnd = quote->gross_vnd - quote->central_vnd - quote->local_vnd - quote->donor_vnd;
    int64_t vnd = MIN(wanted_vnd, left_vnd);
    *ret_is_cut = vnd < wanted_vnd;
    *pocket_vnd += vnd;
    return vnd;
}

static void local_share_add(struct quote *quote, const struct contribution_rules *rules,
                            const struct policy_row *row, int64_t base_vnd)
{
    int is_cut;
    int64_t contribution_vnd = divide_half_up(base_vnd * rules->rate->value, FULL_BASIS_POINTS);
    int64_t monthly_vnd = divide_half_up(contribution_vnd * row->value, FULL_BASIS_POINTS);
    int64_t vnd = take(quote, monthly_vnd, &quote->local_vnd, &is_cut);
    explain_add(&quote->lines, is_cut ? TEXT_LOCAL_SHARE_CUT : TEXT_LOCAL_SHARE, -vnd, row,
                PERCENT(row->value), PERCENT(rules->rate->value), {OPERAND_VND, base_vnd},
                {OPERAND_MONTHS, quote->months_supported});
}

static void amount_add(struct quote *quote, const struct policy_row *row, int is_local)
{
    int is_cut;
    int64_t vnd =
        take(quote, row->value, is_local ? &quote->local_vnd : &quote->donor_vnd, &is_cut);
    enum explain_text text = is_local ? (is_cut ? TEXT_LOCAL_AMOUNT_CUT : TEXT_LOCAL_AMOUNT)
                                      : (is_cut ? TEXT_DONOR_AMOUNT_CUT : TEXT_DONOR_AMOUNT);
    explain_add(&quote->lines, text, -vnd, row, {OPERAND_VND, row->value},
                {OPERAND_MONTHS, quote->months_supported});
}

/* The province's tables, then the donors'. */
static void other_support_add(struct quote *quote, const struct policy *policy,
                              const struct contribution_rules *rules,
                              const struct quote_request *request)
{
    uint32_t province = request->province;
    if (province == 0 || quote->months_supported == 0)
        return;
    const struct policy_row *row =
        contribution_support_on(policy, POLICY_LOCAL_SUPPORT, request, province);
    if (row != NULL)
        local_share_add(quote, rules, row, rules->poverty_line->value);
    row = contribution_support_on(policy, POLICY_LOCAL_SHARE, request, province);
    if (row != NULL)
        local_share_add(quote, rules, row, request->income_vnd);
    row = contribution_support_on(policy, POLICY_LOCAL_AMOUNT, request, province);
    if (row != NULL)
        amount_add(quote, row, 1);
    row = contribution_support_on(policy, POLICY_DONOR_AMOUNT, request, province);
    if (row != NULL)
        amount_add(quote, row, 0);
}

int contribution_quote(const struct policy *policy, const struct quote_request *request,
                       struct quote *ret, struct err *err)
{
    struct contribution_rules rules;
    uint32_t months;
    if (request->group < GROUP_POOR || request->group > GROUP_OTHER)
        return err_field(err, -EINVAL, "support_group", "unknown support group %d",
                         (int)request->group);
    int rc = contribution_months(policy, request, &months, err);
    if (rc != 0)
        return rc;
    *ret = (struct quote){.months = months};
    rc = contribution_rules_find(policy, request, &rules, err);
    if (rc == 0)
        rc = contribution_income_check(policy, request, &rules, ret, err);
    if (rc == 0)
        rc = contribution_person_check(policy, request, ret, err);
    if (rc != 0)
        return rc;
    contribution_add(ret, &rules, request);
    if (is_one_sum(request))
        interest_add(ret, &rules, request);
    central_support_add(ret, &rules, request);
    other_support_add(ret, policy, &rules, request);
    ret->participant_vnd = ret->gross_vnd - ret->central_vnd - ret->local_vnd - ret->donor_vnd;
    return 0;
}
