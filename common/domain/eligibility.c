#include "common/domain/eligibility.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"

static const char *const explanations[ELIGIBILITY_BARS] = {
    [BAR_COMPULSORY_SI] = "takes part in compulsory social insurance",
    [BAR_PENSION] = "draws a pension",
    [BAR_ALLOWANCE] = "draws a monthly social insurance allowance",
    [BAR_FOREIGN_CITIZEN] = "is not a citizen of Viet Nam",
};

PRINTF_LIKE(4, 5)
static void reason_add(struct eligibility *self, enum eligibility_bar bar,
                       const struct policy_row *row, const char *format, ...)
{
    struct eligibility_reason *reason = &self->reasons[self->n++];
    reason->bar = bar;
    memcpy(reason->citation, row->citation, sizeof(reason->citation));
    va_list args;
    va_start(args, format);
    (void)vsnprintf(reason->explanation, sizeof(reason->explanation), format, args);
    va_end(args);
}

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
    ret->n = 0;
    if (age < minimum->value)
        reason_add(ret, BAR_AGE, minimum, "%d years old, must be at least %lld", age,
                   (long long)minimum->value);
    for (enum eligibility_bar bar = BAR_AGE + 1; bar < ELIGIBILITY_BARS; bar++) {
        const struct policy_row *row =
            request->has[bar] ? policy_on(policy, POLICY_BAR, (int32_t)bar, request->on_day) : NULL;
        if (row != NULL)
            reason_add(ret, bar, row, "%s", explanations[bar]);
    }
    return 0;
}
