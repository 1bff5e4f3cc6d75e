#include "common/domain/contribution.h"

#include <errno.h>

#include "common/domain/calendar.h"
#include "common/domain/lump_sum.h"

#define MONTHS_PER_YEAR 12
#define PERCENT(basis_points)                                                                      \
    {                                                                                              \
        OPERAND_PER_MILLION, (basis_points)*PER_MILLION_OF_BASIS_POINT                             \
    }

_Static_assert(POLICY_SPECIAL_ZONE == GROUP_OTHER + 1, "the special zones' key follows the groups");

/* The rows in force on the day of one quote. */
struct rules {
    const struct policy_row *poverty_line;
    const struct policy_row *reference_level;
    const struct policy_row *income_cap;
    const struct policy_row *rate;
    const struct policy_row *support; /* the highest that fits */
    const struct policy_row *support_months;
    const struct policy_row *fund_rate; /* lump sums only */
};

/* The highest row that fits the person: of the group, or of a special zone. province 0: central. */
static const struct policy_row *support_on(const struct policy *policy, enum policy_table_id table,
                                           const struct quote_request *request, uint32_t province)
{
    const struct policy_row *own = policy_on(
        policy, table, policy_province_key(province, (int32_t)request->group), request->on_day);
    const struct policy_row *zone =
        request->is_special_zone
            ? policy_on(policy, table, policy_province_key(province, POLICY_SPECIAL_ZONE),
                        request->on_day)
            : NULL;
    return own == NULL || (zone != NULL && zone->value > own->value) ? zone : own;
}

static int rules_find(const struct policy *policy, const struct quote_request *request,
                      struct rules *ret, struct err *err)
{
    const struct {
        enum policy_table_id table;
        const struct policy_row **row;
    } wanted[] = {
        {POLICY_POVERTY_LINE, &ret->poverty_line},
        {POLICY_REFERENCE_LEVEL, &ret->reference_level},
        {POLICY_INCOME_CAP, &ret->income_cap},
        {POLICY_CONTRIBUTION_RATE, &ret->rate},
        {POLICY_SUPPORT_MONTHS, &ret->support_months},
        {POLICY_FUND_RATE, &ret->fund_rate},
    };
    size_t n = ARRAY_LEN(wanted) - (method_is_lump_sum(request->method) ? 0 : 1);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = policy_need(policy, wanted[i].table, 0, request->on_day, wanted[i].row, err);
    if (rc < 0)
        return rc;
    ret->support = support_on(policy, POLICY_SUPPORT, request, 0);
    return ret->support != NULL ? 0
                                : policy_need(policy, POLICY_SUPPORT, (int32_t)request->group,
                                              request->on_day, &ret->support, err);
}

static int income_check(int64_t income_vnd, const struct rules *rules, struct err *err)
{
    int64_t floor_vnd = rules->poverty_line->value;
    int64_t cap_vnd = rules->reference_level->value * rules->income_cap->value;
    if (income_vnd >= floor_vnd && income_vnd <= cap_vnd)
        return 0;
    char floor_text[VND_TEXT_BYTES], cap_text[VND_TEXT_BYTES];
    vnd_format(floor_vnd, floor_text);
    vnd_format(cap_vnd, cap_text);
    int is_under = income_vnd < floor_vnd;
    return err_field(err, -ERANGE, "income_vnd", "%s: from %s to %s (%.80s)",
                     is_under ? "too low" : "too high", floor_text, cap_text,
                     is_under ? rules->poverty_line->citation : rules->income_cap->citation);
}

int method_is_lump_sum(enum method method)
{
    return method == METHOD_IS_FUTURE_YEARS || method == METHOD_IS_MISSING_MONTHS;
}

static int future_months(const struct policy *policy, const struct quote_request *request,
                         struct err *err)
{
    const struct policy_row *least, *most;
    int rc = policy_need(policy, POLICY_FUTURE_YEARS_MIN, 0, request->on_day, &least, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_FUTURE_YEARS_MAX, 0, request->on_day, &most, err);
    if (rc != 0)
        return rc;
    int64_t from = least->value * MONTHS_PER_YEAR, to = most->value * MONTHS_PER_YEAR;
    if (request->months % MONTHS_PER_YEAR != 0 || request->months < from || request->months > to)
        return err_field(err, -EINVAL, "months",
                         "future years: want %lld to %lld months in whole years (%.80s)",
                         (long long)from, (long long)to,
                         request->months > to ? most->citation : least->citation);
    return 0;
}

static int missing_months(const struct policy *policy, const struct quote_request *request,
                          struct err *err)
{
    const struct policy_row *most;
    int rc = policy_need(policy, POLICY_MISSING_MONTHS_MAX, 0, request->on_day, &most, err);
    if (rc != 0)
        return rc;
    if (request->months < 1 || request->months > most->value)
        return err_field(err, -EINVAL, "months", "missing months: want 1 to %lld (%.80s)",
                         (long long)most->value, most->citation);
    return 0;
}

/* Months of one bill of a method that has a fixed number; else 0. */
static uint32_t method_months(enum method method)
{
    switch (method) {
    case METHOD_IS_MONTHLY:
        return 1;
    case METHOD_IS_QUARTERLY:
        return 3;
    case METHOD_IS_HALF_YEARLY:
        return 6;
    case METHOD_IS_YEARLY:
        return MONTHS_PER_YEAR;
    case METHOD_IS_FUTURE_YEARS:
    case METHOD_IS_MISSING_MONTHS:
    case METHOD_NONE:
        break;
    }
    return 0;
}

static int months_find(const struct policy *policy, const struct quote_request *request,
                       uint32_t *ret, struct err *err)
{
    *ret = request->months;
    if (request->method == METHOD_IS_FUTURE_YEARS)
        return future_months(policy, request, err);
    if (request->method == METHOD_IS_MISSING_MONTHS)
        return missing_months(policy, request, err);
    *ret = method_months(request->method);
    if (*ret == 0)
        return err_field(err, -EINVAL, "method", "unknown method %d", (int)request->method);
    if (request->months != 0 && request->months != *ret)
        return err_field(err, -EINVAL, "months", "this method pays %u month%s at once", *ret,
                         *ret == 1 ? "" : "s");
    return 0;
}

/* The share of the income; a lump sum's is rounded once and not month by month. */
static void contribution_add(struct quote *quote, const struct rules *rules,
                             const struct quote_request *request)
{
    int64_t share = request->income_vnd * rules->rate->value;
    quote->gross_vnd = method_is_lump_sum(request->method)
                           ? divide_half_up(share * quote->months, FULL_BASIS_POINTS)
                           : divide_half_up(share, FULL_BASIS_POINTS) * quote->months;
    explain_add(&quote->lines, TEXT_CONTRIBUTION, quote->gross_vnd, rules->rate,
                PERCENT(rules->rate->value), {OPERAND_VND, request->income_vnd},
                {OPERAND_MONTHS, quote->months});
}

/* What the time between the months and the payment makes cheaper or dearer. */
static void interest_add(struct quote *quote, const struct rules *rules,
                         const struct quote_request *request)
{
    int is_future = request->method == METHOD_IS_FUTURE_YEARS;
    int64_t (*sum)(int64_t, int64_t, int64_t, uint32_t) =
        is_future ? lump_sum_future : lump_sum_missing;
    int64_t flat_vnd = quote->gross_vnd;
    quote->gross_vnd =
        sum(request->income_vnd, rules->rate->value, rules->fund_rate->value, quote->months);
    explain_add(&quote->lines, is_future ? TEXT_DISCOUNT : TEXT_INTEREST,
                quote->gross_vnd - flat_vnd, rules->fund_rate,
                {OPERAND_PER_MILLION, rules->fund_rate->value}, {OPERAND_MONTHS, quote->months});
}

/* The support is a share of the contribution at the poverty line, whatever the chosen income. */
static void central_support_add(struct quote *quote, const struct rules *rules,
                                uint32_t months_supported)
{
    uint32_t limit = (uint32_t)rules->support_months->value;
    uint32_t left = months_supported < limit ? limit - months_supported : 0;
    quote->months_supported = MIN(left, quote->months);
    int64_t monthly_vnd =
        divide_half_up(rules->poverty_line->value * rules->rate->value * rules->support->value,
                       (int64_t)FULL_BASIS_POINTS * FULL_BASIS_POINTS);
    quote->central_vnd = monthly_vnd * quote->months_supported;
    if (quote->months_supported == 0) {
        explain_add(&quote->lines, TEXT_CENTRAL_SUPPORT_USED, 0, rules->support_months,
                    {OPERAND_MONTHS, limit});
        return;
    }
    int is_cut = quote->months_supported < quote->months;
    explain_add(&quote->lines, is_cut ? TEXT_CENTRAL_SUPPORT_LAST : TEXT_CENTRAL_SUPPORT,
                -quote->central_vnd, is_cut ? rules->support_months : rules->support,
                PERCENT(rules->support->value), PERCENT(rules->rate->value),
                {OPERAND_VND, rules->poverty_line->value},
                {OPERAND_MONTHS, quote->months_supported});
}

/* What a province gives for the supported months, and no more than is left to pay. */
static int64_t local_take(struct quote *quote, int64_t monthly_vnd, int *ret_is_cut)
{
    int64_t wanted_vnd = monthly_vnd * quote->months_supported;
    int64_t left_vnd = quote->gross_vnd - quote->central_vnd - quote->local_vnd;
    int64_t vnd = MIN(wanted_vnd, left_vnd);
    *ret_is_cut = vnd < wanted_vnd;
    quote->local_vnd += vnd;
    return vnd;
}

static void local_share_add(struct quote *quote, const struct rules *rules,
                            const struct policy_row *row, int64_t base_vnd)
{
    int is_cut;
    int64_t contribution_vnd = divide_half_up(base_vnd * rules->rate->value, FULL_BASIS_POINTS);
    int64_t monthly_vnd = divide_half_up(contribution_vnd * row->value, FULL_BASIS_POINTS);
    int64_t vnd = local_take(quote, monthly_vnd, &is_cut);
    explain_add(&quote->lines, is_cut ? TEXT_LOCAL_SHARE_CUT : TEXT_LOCAL_SHARE, -vnd, row,
                PERCENT(row->value), PERCENT(rules->rate->value), {OPERAND_VND, base_vnd},
                {OPERAND_MONTHS, quote->months_supported});
}

static void local_amount_add(struct quote *quote, const struct policy_row *row)
{
    int is_cut;
    int64_t vnd = local_take(quote, row->value, &is_cut);
    explain_add(&quote->lines, is_cut ? TEXT_LOCAL_AMOUNT_CUT : TEXT_LOCAL_AMOUNT, -vnd, row,
                {OPERAND_VND, row->value}, {OPERAND_MONTHS, quote->months_supported});
}

static void local_support_add(struct quote *quote, const struct policy *policy,
                              const struct rules *rules, const struct quote_request *request)
{
    if (request->province == 0 || quote->months_supported == 0)
        return;
    const struct policy_row *row =
        support_on(policy, POLICY_LOCAL_SUPPORT, request, request->province);
    if (row != NULL)
        local_share_add(quote, rules, row, rules->poverty_line->value);
    row = support_on(policy, POLICY_LOCAL_SHARE, request, request->province);
    if (row != NULL)
        local_share_add(quote, rules, row, request->income_vnd);
    row = support_on(policy, POLICY_LOCAL_AMOUNT, request, request->province);
    if (row != NULL)
        local_amount_add(quote, row);
}

int contribution_quote(const struct policy *policy, const struct quote_request *request,
                       struct quote *ret, struct err *err)
{
    struct rules rules = {0};
    uint32_t months;
    if (request->group < GROUP_POOR || request->group > GROUP_OTHER)
        return err_field(err, -EINVAL, "support_group", "unknown support group %d",
                         (int)request->group);
    int rc = months_find(policy, request, &months, err);
    if (rc == 0)
        rc = rules_find(policy, request, &rules, err);
    if (rc == 0)
        rc = income_check(request->income_vnd, &rules, err);
    if (rc != 0)
        return rc;
    *ret = (struct quote){.months = months};
    contribution_add(ret, &rules, request);
    if (method_is_lump_sum(request->method))
        interest_add(ret, &rules, request);
    central_support_add(ret, &rules, request->months_supported);
    local_support_add(ret, policy, &rules, request);
    ret->participant_vnd = ret->gross_vnd - ret->central_vnd - ret->local_vnd - ret->donor_vnd;
    return 0;
}

int contribution_check_age(const struct policy *policy, int32_t birth_day, int32_t on_day,
                           struct err *err)
{
    const struct policy_row *minimum = policy_on(policy, POLICY_MINIMUM_AGE, 0, on_day);
    if (minimum == NULL)
        return err_field(err, -EINVAL, "birth_date", "no rule about the age on that day");
    int age = age_on(birth_day, on_day);
    if (age < 0)
        return err_field(err, -EINVAL, "birth_date", "lies in the future");
    if (age < minimum->value)
        return err_field(err, -EINVAL, "birth_date", "%d years old, must be at least %lld (%s)",
                         age, (long long)minimum->value, minimum->citation);
    return 0;
}
