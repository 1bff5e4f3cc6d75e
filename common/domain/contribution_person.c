/* Limits of a contribution that depend on who pays, and when. */
#include <errno.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution_limits.h"
#include "common/domain/lump_sum.h"
#include "common/domain/pension.h"

#define MONTHS_PER_YEAR 12

int contribution_check_age(const struct policy *policy, int32_t birth_day, int32_t on_day,
                           struct err *err)
{
    const struct policy_row *minimum;
    int rc = policy_need(policy, POLICY_MINIMUM_AGE, 0, on_day, &minimum, err);
    if (rc != 0)
        return rc;
    int age = age_on(birth_day, on_day);
    if (age < 0)
        return err_field(err, -EINVAL, "birth_date", "lies in the future");
    if (age < minimum->value)
        return err_field(err, -EINVAL, "birth_date", "%d years old, must be at least %lld (%s)",
                         age, (long long)minimum->value, minimum->citation);
    return 0;
}

/* The rows about making up for missing months. */
struct making_up {
    const struct policy_row *most, *lead, *years;
    int32_t age_month, from_month; /* when the retirement age is reached, and from when it is open
                                      to the person; 0: not known */
    int64_t missing;               /* for a pension; 0: not known, negative: none */
};

static int making_up_find(const struct policy *policy, const struct quote_request *request,
                          struct making_up *ret, struct err *err)
{
    const struct policy_row *age;
    int32_t day = request->on_day;
    *ret = (struct making_up){0};
    int rc = policy_need(policy, POLICY_MISSING_MONTHS_MAX, 0, day, &ret->most, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_MISSING_MONTHS_LEAD, 0, day, &ret->lead, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_PENSION_YEARS_MIN, 0, day, &ret->years, err);
    if (rc == 0 && request->sex != SEX_UNKNOWN)
        rc =
            pension_age_month(policy, request->sex, request->birth_day, &ret->age_month, &age, err);
    if (rc != 0)
        return rc;
    if (request->sex != SEX_UNKNOWN)
        ret->from_month = ret->age_month - (int32_t)ret->lead->value;
    if (request->months_paid != 0) {
        ret->missing = ret->years->value * MONTHS_PER_YEAR - (int64_t)request->months_paid;
        ret->missing = ret->missing == 0 ? -1 : ret->missing;
    }
    return 0;
}

static int missing_check(const struct quote_request *request, const struct making_up *rules,
                         struct err *err)
{
    if (month_of_day(request->on_day) < rules->from_month) {
        char from[MONTH_TEXT_BYTES];
        month_format(rules->from_month, from);
        return err_field(err, -EINVAL, "method",
                         "missing months may be paid from %s on: %lld month before retirement age "
                         "(%.70s)",
                         from, (long long)rules->lead->value, rules->lead->citation);
    }
    if (rules->missing < 0)
        return err_field(err, -EINVAL, "method", "no month is missing: %lld years are paid (%.80s)",
                         (long long)rules->years->value, rules->years->citation);
    if (rules->missing > rules->most->value)
        return err_field(err, -EINVAL, "method", "%lld months are missing, at most %lld (%.80s)",
                         (long long)rules->missing, (long long)rules->most->value,
                         rules->most->citation);
    if (rules->missing > 0 && request->months > rules->missing)
        return err_field(err, -EINVAL, "months", "only %lld months are missing (%.80s)",
                         (long long)rules->missing, rules->years->citation);
    return 0;
}

/* Who can make up for what is missing hardly means to pay years ahead. */
static int future_check(const struct policy *policy, const struct quote_request *request,
                        const struct making_up *rules, struct quote *quote, struct err *err)
{
    const struct policy_row *choice;
    if (rules->from_month == 0 || month_of_day(request->on_day) < rules->from_month ||
        rules->missing < 0 || rules->missing > rules->most->value)
        return 0;
    int rc = policy_need(policy, POLICY_SWITCHES, SWITCH_YEARS_AHEAD_AT_RETIREMENT, request->on_day,
                         &choice, err);
    if (rc != 0 || choice->value == CHOICE_OFF)
        return rc;
    if (choice->value == CHOICE_REFUSE) {
        char reached[MONTH_TEXT_BYTES];
        month_format(rules->age_month, reached);
        return err_field(err, -EINVAL, "method",
                         "retirement age in %s: pay 1 to %lld missing months at once instead "
                         "(%.80s)",
                         reached, (long long)rules->most->value, choice->citation);
    }
    struct quote_warning *warning = quote_warn(quote, "method");
    explain_set(&warning->line, TEXT_PAST_RETIREMENT_AGE, 0, rules->most,
                {OPERAND_MONTH, rules->age_month}, {OPERAND_MONTHS, rules->most->value},
                {OPERAND_YEARS, rules->years->value});
    return 0;
}

static int counters_check(const struct quote_request *request, struct err *err)
{
    const struct {
        const char *field;
        uint32_t months;
    } counters[] = {{"months_supported", request->months_supported},
                    {"months_supported_earlier", request->months_supported_earlier},
                    {"months_paid", request->months_paid}};
    for (size_t i = 0; i < ARRAY_LEN(counters); i++)
        if (counters[i].months > PERSON_MONTHS_MAX)
            return err_field(err, -EINVAL, counters[i].field, "want at most %d months",
                             PERSON_MONTHS_MAX);
    return 0;
}

int contribution_person_check(const struct policy *policy, const struct quote_request *request,
                              struct quote *quote, struct err *err)
{
    struct making_up rules;
    int rc = counters_check(request, err);
    if (rc != 0)
        return rc;
    if (request->sex < SEX_UNKNOWN || request->sex > SEX_IS_MALE)
        return err_field(err, -EINVAL, "sex", "want SEX_FEMALE or SEX_MALE");
    if (request->sex != SEX_UNKNOWN)
        rc = contribution_check_age(policy, request->birth_day, request->on_day, err);
    if (rc != 0 || !method_is_lump_sum(request->method))
        return rc;
    rc = making_up_find(policy, request, &rules, err);
    if (rc != 0)
        return rc;
    if (request->method == METHOD_IS_MISSING_MONTHS)
        return missing_check(request, &rules, err);
    return future_check(policy, request, &rules, quote, err);
}

/* A period may be paid until its deadline, as if in time: missed are the months after it. */
static int deadline_check(const struct policy *policy, const struct quote_request *request,
                          struct err *err)
{
    const struct policy_row *deadline;
    int rc = policy_need(policy, POLICY_METHOD_DEADLINE, (int32_t)request->method, request->on_day,
                         &deadline, err);
    if (rc != 0)
        return rc;
    int32_t due = request->missed_from_month + (int32_t)deadline->value - 1;
    if (month_of_day(request->on_day) > due)
        return 0;
    char until[MONTH_TEXT_BYTES];
    month_format(due, until);
    return err_field(err, -EINVAL, "missed_from", "not missed: due until the end of %s (%.80s)",
                     until, deadline->citation);
}

int contribution_missed_check(const struct policy *policy, const struct quote_request *request,
                              struct err *err)
{
    const struct policy_row *allowed;
    int32_t late = month_of_day(request->on_day) - request->missed_from_month;
    if (request->method < METHOD_IS_MONTHLY || request->method > METHOD_IS_YEARLY)
        return err_field(err, -EINVAL, "method", "missed months are those of a regular method");
    int rc =
        policy_need(policy, POLICY_SWITCHES, SWITCH_BACK_PAYMENT, request->on_day, &allowed, err);
    if (rc != 0)
        return rc;
    if (allowed->value != CHOICE_ON)
        return err_field(err, -EINVAL, "missed_from",
                         "missed months are not paid late: POLICY_SWITCH_BACK_PAYMENT is off "
                         "(%.80s)",
                         allowed->citation);
    rc = deadline_check(policy, request, err);
    if (rc != 0)
        return rc;
    if (late > LUMP_MONTHS_MAX)
        return err_field(err, -EINVAL, "missed_from", "want at most %d months ago",
                         LUMP_MONTHS_MAX);
    if (request->months < 1 || request->months > (uint32_t)late)
        return err_field(err, -EINVAL, "months", "missed months: want 1 to %d (%.80s)", late,
                         allowed->citation);
    return 0;
}
