#include "common/domain/household_health.h"

#include <errno.h>
#include <stdio.h>

#define PERIODS_TEXT_BYTES 64

/* "3, 6, 12" of the day, and one of the rows for its citation; NULL when the day has none. */
static const struct policy_row *periods_on(const struct policy *policy, int32_t day,
                                           char ret_text[PERIODS_TEXT_BYTES])
{
    const struct policy_row *any = NULL;
    size_t len = 0;
    for (int32_t months = 1; months <= HEALTH_MONTHS_MAX; months++) {
        const struct policy_row *row = policy_on(policy, POLICY_HEALTH_MONTHS, months, day);
        if (row == NULL || len >= PERIODS_TEXT_BYTES)
            continue;
        len += (size_t)snprintf(ret_text + len, PERIODS_TEXT_BYTES - len, "%s%d",
                                any == NULL ? "" : ", ", months);
        any = row;
    }
    return any;
}

static int request_check(const struct policy *policy, const struct health_request *request,
                         struct err *err)
{
    char periods[PERIODS_TEXT_BYTES];
    if (request->member_rank == 0 || request->member_rank > HEALTH_RANK_MAX)
        return err_field(err, -EINVAL, "member_rank",
                         "want the member's order in the household, from 1 to %d", HEALTH_RANK_MAX);
    if (request->months >= 1 && request->months <= HEALTH_MONTHS_MAX &&
        policy_on(policy, POLICY_HEALTH_MONTHS, (int32_t)request->months, request->on_day) != NULL)
        return 0;
    const struct policy_row *row = periods_on(policy, request->on_day, periods);
    if (row != NULL)
        return err_field(err, -EINVAL, "months", "want one of %s (%.80s)", periods, row->citation);
    return policy_need(policy, POLICY_HEALTH_MONTHS, 0, request->on_day, &row, err);
}

static void explain(struct quote *quote, int64_t first_vnd, const struct health_request *request,
                    const struct policy_row *level, const struct policy_row *rate,
                    const struct policy_row *share)
{
    explain_add(&quote->lines, TEXT_CONTRIBUTION, first_vnd, rate,
                {OPERAND_PER_MILLION, rate->value * PER_MILLION_OF_BASIS_POINT},
                {OPERAND_VND, level->value}, {OPERAND_MONTHS, request->months});
    if (share->value == FULL_BASIS_POINTS)
        return;
    explain_add(&quote->lines,
                share->key == HEALTH_RANKS ? TEXT_MEMBER_REDUCTION_LATER : TEXT_MEMBER_REDUCTION,
                quote->gross_vnd - first_vnd, share, {OPERAND_COUNT, share->key},
                {OPERAND_PER_MILLION, share->value * PER_MILLION_OF_BASIS_POINT});
}

int household_health_quote(const struct policy *policy, const struct health_request *request,
                           struct quote *ret, struct err *err)
{
    const struct policy_row *level, *rate, *share;
    int32_t day = request->on_day, rank = (int32_t)MIN(request->member_rank, HEALTH_RANKS);
    int rc = request_check(policy, request, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_REFERENCE_LEVEL, 0, day, &level, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_HEALTH_RATE, 0, day, &rate, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_HEALTH_SHARE, rank, day, &share, err);
    if (rc != 0)
        return rc;
    int64_t first = level->value * rate->value * request->months;
    *ret = (struct quote){.months = request->months};
    ret->gross_vnd =
        divide_half_up(first * share->value, (int64_t)FULL_BASIS_POINTS * FULL_BASIS_POINTS);
    ret->participant_vnd = ret->gross_vnd;
    explain(ret, divide_half_up(first, FULL_BASIS_POINTS), request, level, rate, share);
    return 0;
}
