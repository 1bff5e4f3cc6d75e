#include "common/domain/eligibility.h"

#include <errno.h>

#include "common/domain/calendar.h"

static const enum explain_text texts[ELIGIBILITY_BARS] = {
    [BAR_COMPULSORY_SI] = TEXT_BAR_COMPULSORY_SI,
    [BAR_PENSION] = TEXT_BAR_PENSION,
    [BAR_ALLOWANCE] = TEXT_BAR_ALLOWANCE,
    [BAR_FOREIGN_CITIZEN] = TEXT_BAR_FOREIGN_CITIZEN,
};

int eligibility_check(const struct policy *policy, const struct eligibility_request *request,
                      struct eligibility *ret, struct err *err)
{
    const struct policy_row *minimum;
    int age = age_on(request->birth_day, request->on_day);
    if (age < 0)
        return err_field(err, -EINVAL, "birth_date", "the date is after the day asked about");
    int rc = policy_need(policy, POLICY_MINIMUM_AGE, 0, request->on_day, &minimum, err);
    if (rc != 0)
        return rc;
    ret->lines.n = 0;
    if (age < minimum->value) {
        ret->bars[ret->lines.n] = BAR_AGE;
        explain_add(&ret->lines, TEXT_BAR_AGE, 0, minimum, {OPERAND_COUNT, age},
                    {OPERAND_COUNT, minimum->value});
    }
    for (enum eligibility_bar bar = BAR_AGE + 1; bar < ELIGIBILITY_BARS; bar++) {
        const struct policy_row *row =
            request->has[bar] ? policy_on(policy, POLICY_BAR, (int32_t)bar, request->on_day) : NULL;
        if (row == NULL)
            continue;
        ret->bars[ret->lines.n] = bar;
        explain_set_n(explain_next(&ret->lines), texts[bar], 0, row, NULL, 0);
    }
    return 0;
}
