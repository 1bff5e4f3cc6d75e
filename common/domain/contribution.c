#include "common/domain/contribution.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"

#define FULL_BASIS_POINTS 10000
#define VND_TEXT_BYTES 27 /* 19 digits, 6 commas, sign, NUL */
#define PERCENT_TEXT_BYTES 16

/* The rows in force on the day of one quote. */
struct rules {
    const struct policy_amount *poverty_line;
    const struct policy_amount *reference_level;
    const struct policy_limit *income_cap;
    const struct policy_rate *rate;
    const struct policy_support *support; /* the highest that fits */
    const struct policy_limit *support_months;
};

static int is_on(int32_t from_day, int32_t to_day, int32_t day)
{
    return from_day <= day && day <= to_day;
}

static const struct policy_amount *amount_on(const struct policy_amount *rows, size_t n,
                                             int32_t day)
{
    for (size_t i = 0; i < n; i++)
        if (is_on(rows[i].from_day, rows[i].to_day, day))
            return &rows[i];
    return NULL;
}

static const struct policy_limit *limit_on(const struct policy_limit *rows, size_t n, int32_t day)
{
    for (size_t i = 0; i < n; i++)
        if (is_on(rows[i].from_day, rows[i].to_day, day))
            return &rows[i];
    return NULL;
}

static const struct policy_rate *rate_on(const struct policy_rate *rows, size_t n, int32_t day)
{
    for (size_t i = 0; i < n; i++)
        if (is_on(rows[i].from_day, rows[i].to_day, day))
            return &rows[i];
    return NULL;
}

static const struct policy_support *support_on(const struct policy *policy,
                                               const struct quote_request *request)
{
    const struct policy_support *best = NULL;
    for (size_t i = 0; i < policy->n_support; i++) {
        const struct policy_support *row = &policy->support[i];
        int fits = row->is_special_zone ? request->is_special_zone : row->group == request->group;
        if (fits && is_on(row->from_day, row->to_day, request->on_day) &&
            (best == NULL || row->basis_points > best->basis_points))
            best = row;
    }
    return best;
}

static int rules_find(const struct policy *policy, const struct quote_request *request,
                      struct rules *ret, struct err *err)
{
    int32_t day = request->on_day;
    ret->poverty_line = amount_on(policy->poverty_line, policy->n_poverty_line, day);
    ret->reference_level = amount_on(policy->reference_level, policy->n_reference_level, day);
    ret->income_cap = limit_on(policy->income_cap, policy->n_income_cap, day);
    ret->rate = rate_on(policy->contribution_rate, policy->n_contribution_rate, day);
    ret->support_months = limit_on(policy->support_months, policy->n_support_months, day);
    ret->support = support_on(policy, request);
    if (ret->poverty_line != NULL && ret->reference_level != NULL && ret->income_cap != NULL &&
        ret->rate != NULL && ret->support_months != NULL && ret->support != NULL)
        return 0;
    char date[DATE_TEXT_BYTES];
    date_format(day, date);
    (void)err_field(err, -ERANGE, "on", "the rules for %s are not in the tables", date);
    return -ERANGE;
}

/* 1234567 as "1,234,567". */
static void vnd_format(int64_t vnd, char ret_text[VND_TEXT_BYTES])
{
    char digits[VND_TEXT_BYTES];
    int n = snprintf(digits, sizeof(digits), "%lld", (long long)vnd);
    char *at = ret_text;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-')
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
}

/* 2200 as "22 %", 2250 as "22.5 %". */
static void percent_format(int32_t basis_points, char ret_text[PERCENT_TEXT_BYTES])
{
    int32_t whole = basis_points / 100, rest = basis_points % 100;
    if (rest == 0)
        (void)snprintf(ret_text, PERCENT_TEXT_BYTES, "%d %%", whole);
    else if (rest % 10 == 0)
        (void)snprintf(ret_text, PERCENT_TEXT_BYTES, "%d.%d %%", whole, rest / 10);
    else
        (void)snprintf(ret_text, PERCENT_TEXT_BYTES, "%d.%02d %%", whole, rest);
}

static int income_check(int64_t income_vnd, const struct rules *rules, struct err *err)
{
    int64_t floor_vnd = rules->poverty_line->vnd;
    int64_t cap_vnd = rules->reference_level->vnd * rules->income_cap->value;
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

/* Months of one bill of the method; 0 where there is no fixed number. */
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
        return 12;
    case METHOD_IS_FUTURE_YEARS:
    case METHOD_IS_MISSING_MONTHS:
    case METHOD_NONE:
        break;
    }
    return 0;
}

static int request_check(const struct quote_request *request, struct err *err)
{
    if (request->group < GROUP_POOR || request->group > GROUP_OTHER)
        return err_field(err, -EINVAL, "support_group", "unknown support group %d",
                         (int)request->group);
    if (request->method == METHOD_IS_FUTURE_YEARS || request->method == METHOD_IS_MISSING_MONTHS)
        return err_field(err, -ENOTSUP, "method",
                         "lump sums for future years or missing months cannot be quoted yet");
    uint32_t months = method_months(request->method);
    if (months == 0)
        return err_field(err, -EINVAL, "method", "unknown method %d", (int)request->method);
    if (request->months != 0 && request->months != months)
        return err_field(err, -EINVAL, "months", "this method pays %u month%s at once", months,
                         months == 1 ? "" : "s");
    return 0;
}

static struct quote_line *line_add(struct quote *quote, const char *key, int64_t amount_vnd,
                                   const char *citation)
{
    struct quote_line *line = &quote->lines[quote->n_lines++];
    line->key = key;
    line->amount_vnd = amount_vnd;
    memcpy(line->citation, citation, sizeof(line->citation));
    return line;
}

static void contribution_add(struct quote *quote, const struct rules *rules, int64_t income_vnd)
{
    int64_t monthly_vnd =
        (income_vnd * rules->rate->basis_points + FULL_BASIS_POINTS / 2) / FULL_BASIS_POINTS;
    quote->gross_vnd = monthly_vnd * quote->months;
    struct quote_line *line =
        line_add(quote, "contribution", quote->gross_vnd, rules->rate->citation);
    char rate[PERCENT_TEXT_BYTES], income[VND_TEXT_BYTES];
    percent_format(rules->rate->basis_points, rate);
    vnd_format(income_vnd, income);
    (void)snprintf(line->explanation, sizeof(line->explanation), "%s x %s x %u month%s", rate,
                   income, quote->months, quote->months == 1 ? "" : "s");
}

/* The support is a share of the contribution at the poverty line, whatever the chosen income. */
static void central_support_add(struct quote *quote, const struct rules *rules,
                                uint32_t months_supported)
{
    const int64_t unit = (int64_t)FULL_BASIS_POINTS * FULL_BASIS_POINTS;
    uint32_t limit = (uint32_t)rules->support_months->value;
    uint32_t left = months_supported < limit ? limit - months_supported : 0;
    quote->months_supported = MIN(left, quote->months);
    int64_t monthly_vnd =
        (rules->poverty_line->vnd * rules->rate->basis_points * rules->support->basis_points +
         unit / 2) /
        unit;
    quote->central_vnd = monthly_vnd * quote->months_supported;
    int is_cut = quote->months_supported < quote->months;
    struct quote_line *line =
        line_add(quote, "central_support", -quote->central_vnd,
                 is_cut ? rules->support_months->citation : rules->support->citation);
    if (quote->months_supported == 0) {
        (void)snprintf(line->explanation, sizeof(line->explanation),
                       "none left: all %u months of support are used", limit);
        return;
    }
    char share[PERCENT_TEXT_BYTES], rate[PERCENT_TEXT_BYTES], base[VND_TEXT_BYTES];
    percent_format(rules->support->basis_points, share);
    percent_format(rules->rate->basis_points, rate);
    vnd_format(rules->poverty_line->vnd, base);
    (void)snprintf(line->explanation, sizeof(line->explanation), "%s x %s x %s x %u month%s%s",
                   share, rate, base, quote->months_supported,
                   quote->months_supported == 1 ? "" : "s",
                   is_cut ? ", the last with support" : "");
}

int contribution_quote(const struct policy *policy, const struct quote_request *request,
                       struct quote *ret, struct err *err)
{
    struct rules rules = {0};
    int rc = request_check(request, err);
    if (rc == 0)
        rc = rules_find(policy, request, &rules, err);
    if (rc == 0)
        rc = income_check(request->income_vnd, &rules, err);
    if (rc != 0)
        return rc;
    *ret = (struct quote){.months = method_months(request->method)};
    contribution_add(ret, &rules, request->income_vnd);
    central_support_add(ret, &rules, request->months_supported);
    ret->participant_vnd = ret->gross_vnd - ret->central_vnd - ret->local_vnd - ret->donor_vnd;
    return 0;
}

int contribution_check_age(const struct policy *policy, int32_t birth_day, int32_t on_day,
                           struct err *err)
{
    const struct policy_limit *minimum =
        limit_on(policy->minimum_age, policy->n_minimum_age, on_day);
    if (minimum == NULL)
        return err_field(err, -EINVAL, "birth_date", "no rule about the age on that day");
    int age = age_on(birth_day, on_day);
    if (age < 0)
        return err_field(err, -EINVAL, "birth_date", "lies in the future");
    if (age < minimum->value)
        return err_field(err, -EINVAL, "birth_date", "%d years old, must be at least %d (%s)", age,
                         minimum->value, minimum->citation);
    return 0;
}
