#include "common/domain/refund.h"

#include <errno.h>
#include <stdio.h>

#include "common/domain/lump_sum.h"

static int request_check(const struct refund_request *request, struct err *err)
{
    if (request->reason <= REFUND_REASON_NONE || request->reason >= REFUND_REASONS_END)
        return err_field(err, -EINVAL, "reason", "unknown reason %d", (int)request->reason);
    if (request->method <= METHOD_NONE || request->method > METHOD_IS_MISSING_MONTHS)
        return err_field(err, -EINVAL, "method", "unknown method %d", (int)request->method);
    if (request->method == METHOD_IS_MISSING_MONTHS)
        return err_field(err, -EINVAL, "method",
                         "missing months lie in the past: none of them is unused");
    if (request->months == 0 || request->months > LUMP_MONTHS_MAX)
        return err_field(err, -EINVAL, "months", "want 1 to %d", LUMP_MONTHS_MAX);
    if (request->months_unused == 0 || request->months_unused > request->months)
        return err_field(err, -EINVAL, "months_unused", "want 1 to %u, the months of the payment",
                         request->months);
    return 0;
}

/* A row of the payment's day. */
static int paid_need(const struct policy *policy, const struct refund_request *request,
                     enum policy_table_id table, int32_t key, const struct policy_row **ret,
                     struct err *err)
{
    int rc = policy_need(policy, table, key, request->paid_day, ret, err);
    if (rc < 0 && err != NULL)
        (void)snprintf(err->field, sizeof(err->field), "paid_on");
    return rc;
}

/* What the unused months cost without interest. */
static int flat_add(const struct policy *policy, const struct refund_request *request,
                    const struct policy_row *why, struct lump_sum *sum, struct quote *ret,
                    struct err *err)
{
    const struct policy_row *rate, *rounding;
    int is_lump = method_is_lump_sum(request->method);
    int rc = paid_need(policy, request, POLICY_CONTRIBUTION_RATE, 0, &rate, err);
    if (rc == 0 && is_lump)
        rc = paid_need(policy, request, POLICY_SWITCHES, SWITCH_LUMP_ROUNDING, &rounding, err);
    if (rc != 0)
        return rc;
    int64_t share = request->income_vnd * rate->value;
    *sum = (struct lump_sum){.income_vnd = request->income_vnd, .rate_basis_points = rate->value};
    if (is_lump)
        sum->rounding = (enum policy_choice)rounding->value;
    ret->gross_vnd = is_lump ? divide_rounded(share * ret->months, FULL_BASIS_POINTS, sum->rounding)
                             : divide_half_up(share, FULL_BASIS_POINTS) * ret->months;
    explain_add(&ret->lines, TEXT_UNUSED_MONTHS, ret->gross_vnd, why,
                {OPERAND_PER_MILLION, rate->value * PER_MILLION_OF_BASIS_POINT},
                {OPERAND_VND, request->income_vnd}, {OPERAND_MONTHS, ret->months});
    return 0;
}

/* The last months of a lump sum had the highest discount. */
static int discount_add(const struct policy *policy, const struct refund_request *request,
                        struct lump_sum *sum, struct quote *ret, struct err *err)
{
    const struct policy_row *interest;
    int rc = paid_need(policy, request, POLICY_FUND_RATE, 0, &interest, err);
    if (rc != 0)
        return rc;
    int64_t flat_vnd = ret->gross_vnd;
    sum->interest_per_million = interest->value;
    ret->gross_vnd = lump_sum_future(sum, request->months - ret->months + 1, request->months);
    explain_add(&ret->lines, TEXT_UNUSED_DISCOUNT, ret->gross_vnd - flat_vnd, interest,
                {OPERAND_PER_MILLION, interest->value}, {OPERAND_MONTHS, ret->months});
    return 0;
}

/* The unused months' part of a pocket, and no more than is left of what they cost. */
static void give_back(const struct refund_request *request, const struct policy_row *why,
                      enum explain_text text, int64_t paid_vnd, int64_t *pocket_vnd,
                      struct quote *ret)
{
    if (paid_vnd == 0 || ret->months_supported == 0)
        return;
    int64_t part_vnd = divide_half_up(paid_vnd * ret->months_supported, request->months_supported);
    *pocket_vnd = MIN(part_vnd, ret->participant_vnd);
    ret->participant_vnd -= *pocket_vnd;
    explain_add(&ret->lines, text, -*pocket_vnd, why, {OPERAND_MONTHS, ret->months_supported});
}

int refund_quote(const struct policy *policy, const struct refund_request *request,
                 struct quote *ret, struct err *err)
{
    const struct policy_row *why;
    struct lump_sum sum;
    int rc = request_check(request, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_REFUND, (int32_t)request->reason, request->on_day, &why,
                         err);
    if (rc != 0)
        return rc;
    *ret = (struct quote){.months = request->months_unused};
    rc = flat_add(policy, request, why, &sum, ret, err);
    if (rc == 0 && method_is_lump_sum(request->method))
        rc = discount_add(policy, request, &sum, ret, err);
    if (rc != 0)
        return rc;
    uint32_t used = request->months - request->months_unused;
    uint32_t supported = MIN(request->months_supported, request->months);
    ret->months_supported = supported > used ? supported - used : 0;
    ret->participant_vnd = ret->gross_vnd;
    give_back(request, why, TEXT_UNUSED_CENTRAL, request->central_vnd, &ret->central_vnd, ret);
    give_back(request, why, TEXT_UNUSED_LOCAL, request->local_vnd, &ret->local_vnd, ret);
    give_back(request, why, TEXT_UNUSED_DONOR, request->donor_vnd, &ret->donor_vnd, ret);
    return 0;
}
