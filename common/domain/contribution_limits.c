#include "common/domain/contribution_limits.h"

#include <errno.h>

#include "common/base/log.h"
#include "common/domain/calendar.h"

#define MONTHS_PER_YEAR 12

_Static_assert(POLICY_SPECIAL_ZONE == GROUP_OTHER + 1, "the special zones' key follows the groups");
_Static_assert(METHODS == METHOD_IS_MISSING_MONTHS + 1, "the tables know every method");

const struct policy_row *contribution_support_on(const struct policy *policy,
                                                 enum policy_table_id table,
                                                 const struct quote_request *request,
                                                 uint32_t province)
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

struct wanted {
    enum policy_table_id table;
    int32_t key;
    const struct policy_row **row;
};

static int rows_need(const struct policy *policy, int32_t day, const struct wanted *wanted,
                     size_t n, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = policy_need(policy, wanted[i].table, wanted[i].key, day, wanted[i].row, err);
    return rc;
}

/* Every group has rows from the first day on that there is support at all. */
static int support_find(const struct policy *policy, const struct quote_request *request,
                        struct contribution_rules *ret, struct err *err)
{
    const struct wanted wanted[] = {
        {POLICY_SUPPORT_MONTHS, 0, &ret->support_months},
        {POLICY_SWITCHES, SWITCH_EARLIER_SUPPORT_COUNTS, &ret->earlier_counts},
    };
    ret->support = contribution_support_on(policy, POLICY_SUPPORT, request, 0);
    return ret->support == NULL
               ? 0
               : rows_need(policy, request->on_day, wanted, ARRAY_LEN(wanted), err);
}

int contribution_rules_find(const struct policy *policy, const struct quote_request *request,
                            struct contribution_rules *ret, struct err *err)
{
    const struct wanted every[] = {{POLICY_POVERTY_LINE, 0, &ret->poverty_line},
                                   {POLICY_REFERENCE_LEVEL, 0, &ret->reference_level},
                                   {POLICY_INCOME_CAP, 0, &ret->income_cap},
                                   {POLICY_CONTRIBUTION_RATE, 0, &ret->rate}};
    const struct wanted lump[] = {{POLICY_FUND_RATE, 0, &ret->fund_rate},
                                  {POLICY_SWITCHES, SWITCH_LUMP_ROUNDING, &ret->rounding}};
    *ret = (struct contribution_rules){0};
    int rc = rows_need(policy, request->on_day, every, ARRAY_LEN(every), err);
    if (rc == 0 && (method_is_lump_sum(request->method) || request->missed_from_month != 0))
        rc = rows_need(policy, request->on_day, lump, ARRAY_LEN(lump), err);
    return rc == 0 ? support_find(policy, request, ret, err) : rc;
}

uint32_t contribution_months_left(const struct contribution_rules *rules,
                                  const struct quote_request *request)
{
    if (rules->support == NULL)
        return 0;
    uint64_t limit = (uint64_t)rules->support_months->value, used = request->months_supported;
    if (rules->earlier_counts->value == CHOICE_ON)
        used += request->months_supported_earlier;
    return used < limit ? (uint32_t)(limit - used) : 0;
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

static int regular_months(const struct policy *policy, const struct quote_request *request,
                          uint32_t *ret, struct err *err)
{
    const struct policy_row *row;
    int rc = policy_need(policy, POLICY_METHOD_MONTHS, (int32_t)request->method, request->on_day,
                         &row, err);
    if (rc != 0)
        return rc;
    *ret = (uint32_t)row->value;
    if (request->months != 0 && request->months != *ret)
        return err_field(err, -EINVAL, "months", "this method pays %u month%s at once (%.80s)",
                         *ret, *ret == 1 ? "" : "s", row->citation);
    return 0;
}

int contribution_months(const struct policy *policy, const struct quote_request *request,
                        uint32_t *ret, struct err *err)
{
    *ret = request->months;
    if (request->missed_from_month != 0)
        return contribution_missed_check(policy, request, err);
    switch (request->method) {
    case METHOD_IS_MONTHLY:
    case METHOD_IS_QUARTERLY:
    case METHOD_IS_HALF_YEARLY:
    case METHOD_IS_YEARLY:
        return regular_months(policy, request, ret, err);
    case METHOD_IS_FUTURE_YEARS:
        return future_months(policy, request, err);
    case METHOD_IS_MISSING_MONTHS:
        return missing_months(policy, request, err);
    case METHOD_NONE:
        break;
    }
    return err_field(err, -EINVAL, "method", "unknown method %d", (int)request->method);
}

struct quote_warning *quote_warn(struct quote *self, const char *field)
{
    ASSERT(self->n_warnings < QUOTE_WARNINGS_MAX);
    self->warnings[self->n_warnings].field = field;
    return &self->warnings[self->n_warnings++];
}

/* The income is the floor and so many steps, where that is a rule. */
static int step_check(const struct policy *policy, const struct quote_request *request,
                      int64_t floor_vnd, int64_t cap_vnd, struct quote *quote, struct err *err)
{
    enum policy_choice choice = policy_choice_on(policy, SWITCH_INCOME_STEP, request->on_day);
    if (choice != CHOICE_WARN && choice != CHOICE_REFUSE)
        return 0;
    const struct policy_row *step;
    int rc = policy_need(policy, POLICY_INCOME_STEP, 0, request->on_day, &step, err);
    int64_t above_vnd = rc == 0 ? (request->income_vnd - floor_vnd) % step->value : 0;
    if (above_vnd == 0)
        return rc;
    struct explain_line line;
    explain_set(&line, TEXT_INCOME_STEP, 0, step, {OPERAND_VND, request->income_vnd},
                {OPERAND_VND, floor_vnd}, {OPERAND_VND, cap_vnd}, {OPERAND_VND, step->value},
                {OPERAND_VND, request->income_vnd - above_vnd});
    if (choice == CHOICE_WARN) {
        quote_warn(quote, "income_vnd")->line = line;
        return 0;
    }
    char text[EXPLANATION_BYTES];
    explain_format(&line, LANGUAGE_IS_EN, text, sizeof(text));
    return err_field(err, -ERANGE, "income_vnd", "%.120s (%.36s)", text, step->citation);
}

int contribution_income_check(const struct policy *policy, const struct quote_request *request,
                              const struct contribution_rules *rules, struct quote *quote,
                              struct err *err)
{
    int64_t floor_vnd = rules->poverty_line->value, income_vnd = request->income_vnd;
    int64_t cap_vnd = rules->reference_level->value * rules->income_cap->value;
    if (income_vnd >= floor_vnd && income_vnd <= cap_vnd)
        return step_check(policy, request, floor_vnd, cap_vnd, quote, err);
    char floor_text[VND_TEXT_BYTES], cap_text[VND_TEXT_BYTES];
    vnd_format(floor_vnd, floor_text);
    vnd_format(cap_vnd, cap_text);
    int is_under = income_vnd < floor_vnd;
    return err_field(err, -ERANGE, "income_vnd", "%s: from %s to %s (%.80s)",
                     is_under ? "too low" : "too high", floor_text, cap_text,
                     is_under ? rules->poverty_line->citation : rules->income_cap->citation);
}
