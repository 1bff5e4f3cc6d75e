#include "common/domain/commission.h"

const struct policy_row *commission_on(const struct policy *policy, enum method method,
                                       int is_renewal, int32_t day)
{
    return policy_on(policy, POLICY_COMMISSION, policy_renewal_key((int32_t)method, is_renewal),
                     day);
}

int64_t commission_of(const struct policy *policy, enum method method, int is_renewal, int32_t day,
                      int64_t participant_vnd, struct explain_lines *lines)
{
    const struct policy_row *row = commission_on(policy, method, is_renewal, day);
    if (row == NULL)
        return 0;
    int64_t vnd = divide_half_up(participant_vnd * row->value, FULL_BASIS_POINTS);
    explain_add(lines, is_renewal ? TEXT_COMMISSION_RENEWAL : TEXT_COMMISSION_NEW, vnd, row,
                {OPERAND_PER_MILLION, row->value * PER_MILLION_OF_BASIS_POINT},
                {OPERAND_VND, participant_vnd});
    return vnd;
}
