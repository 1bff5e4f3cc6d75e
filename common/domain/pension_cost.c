#include "common/domain/pension_cost.h"

#include <errno.h>
#include <stdio.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution_limits.h"

#define MONTHS_PER_YEAR 12

/* --- adding up --- */

/* How a payment's line is told in a sum; EXPLAIN_TEXTS for a line that says nothing there. */
static enum explain_text sum_text(enum explain_text text)
{
    static const struct {
        enum explain_text one, sum;
    } texts[] = {
        {TEXT_CONTRIBUTION, TEXT_SUM_CONTRIBUTION},
        {TEXT_DISCOUNT, TEXT_SUM_DISCOUNT},
        {TEXT_INTEREST, TEXT_SUM_INTEREST},
        {TEXT_CENTRAL_SUPPORT, TEXT_SUM_CENTRAL},
        {TEXT_CENTRAL_SUPPORT_LAST, TEXT_SUM_CENTRAL},
        {TEXT_LOCAL_SHARE, TEXT_SUM_LOCAL},
        {TEXT_LOCAL_SHARE_CUT, TEXT_SUM_LOCAL},
        {TEXT_LOCAL_AMOUNT, TEXT_SUM_LOCAL},
        {TEXT_LOCAL_AMOUNT_CUT, TEXT_SUM_LOCAL},
        {TEXT_DONOR_AMOUNT, TEXT_SUM_DONOR},
        {TEXT_DONOR_AMOUNT_CUT, TEXT_SUM_DONOR},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].one == text)
            return texts[i].sum;
    return EXPLAIN_TEXTS;
}

/* The sum's line of a text, at first empty. Its operand is the months, which are the last operand
 * of every payment's line. */
static struct explain_line *sum_line(struct explain_lines *lines, enum explain_text text,
                                     const struct policy_row *row)
{
    for (size_t i = 0; i < lines->n; i++)
        if (lines->rows[i].text == text)
            return &lines->rows[i];
    explain_add(lines, text, 0, row, {OPERAND_MONTHS, 0});
    return &lines->rows[lines->n - 1];
}

void cost_add(struct quote *sum, const struct quote *payment, uint32_t times)
{
    sum->gross_vnd += payment->gross_vnd * times;
    sum->participant_vnd += payment->participant_vnd * times;
    sum->central_vnd += payment->central_vnd * times;
    sum->local_vnd += payment->local_vnd * times;
    sum->donor_vnd += payment->donor_vnd * times;
    sum->months += payment->months * times;
    sum->months_supported += payment->months_supported * times;
    for (size_t i = 0; i < payment->lines.n; i++) {
        const struct explain_line *line = &payment->lines.rows[i];
        enum explain_text text = sum_text(line->text);
        if (text == EXPLAIN_TEXTS)
            continue;
        struct explain_line *into = sum_line(&sum->lines, text, line->row);
        into->amount_vnd += line->amount_vnd * times;
        into->operands[0].value += line->operands[line->n_operands - 1].value * times;
        if (line->row->from_day > into->row->from_day) /* a later law */
            into->row = line->row;
    }
}

/* --- what was paid --- */

/* Before there was a poverty line: no support, and other limits of the income. */
static int early_quote(const struct policy *policy, const struct quote_request *wanted,
                       struct quote *ret, struct err *err)
{
    const struct policy_row *level, *floor, *cap, *rate;
    int rc = policy_need(policy, POLICY_REFERENCE_LEVEL, 0, wanted->on_day, &level, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_INCOME_FLOOR, 0, wanted->on_day, &floor, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_INCOME_CAP, 0, wanted->on_day, &cap, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_CONTRIBUTION_RATE, 0, wanted->on_day, &rate, err);
    if (rc != 0)
        return rc;
    int64_t least = level->value * floor->value, most = level->value * cap->value;
    char least_text[VND_TEXT_BYTES], most_text[VND_TEXT_BYTES];
    vnd_format(least, least_text);
    vnd_format(most, most_text);
    if (wanted->income_vnd < least || wanted->income_vnd > most)
        return err_field(err, -ERANGE, "income_vnd", "too %s: from %s to %s (%.60s)",
                         wanted->income_vnd < least ? "low" : "high", least_text, most_text,
                         floor->citation);
    int64_t vnd = divide_half_up(wanted->income_vnd * rate->value, FULL_BASIS_POINTS);
    *ret = (struct quote){.months = 1, .gross_vnd = vnd, .participant_vnd = vnd};
    explain_add(&ret->lines, TEXT_CONTRIBUTION, vnd, rate,
                {OPERAND_PER_MILLION, rate->value * PER_MILLION_OF_BASIS_POINT},
                {OPERAND_VND, wanted->income_vnd}, {OPERAND_MONTHS, 1});
    return 0;
}

/* From which day on a supported month counts by the rules of on_day. */
static int32_t support_begin(const struct policy *policy, const struct quote_request *wanted)
{
    const struct policy_row *row = policy_on(policy, POLICY_SUPPORT_MONTHS, 0, wanted->on_day);
    return row == NULL ? INT32_MAX : row->from_day;
}

static int month_add(const struct policy *policy, const struct paid_run *run, int32_t month,
                     struct quote_request *wanted, struct quote *sum, struct err *err)
{
    struct quote one = {0};
    struct quote_request request = *wanted;
    request.income_vnd = run->income_vnd;
    request.method = METHOD_IS_MONTHLY;
    request.on_day = month_first_day(month);
    int is_early = policy_on(policy, POLICY_POVERTY_LINE, 0, request.on_day) == NULL;
    int rc = is_early ? early_quote(policy, &request, &one, err)
                      : contribution_quote(policy, &request, &one, err);
    if (rc != 0)
        return rc;
    cost_add(sum, &one, 1);
    if (request.on_day < support_begin(policy, wanted))
        wanted->months_supported_earlier += one.months_supported;
    else
        wanted->months_supported += one.months_supported;
    return 0;
}

/* The month's error as one of the run. */
static int run_refuse(const struct paid_history *history, size_t run_i, int32_t month, int rc,
                      const struct err *cause, struct err *err)
{
    char field[ERR_FIELD_MAX_BYTES], text[MONTH_TEXT_BYTES];
    int is_income = cause->field[0] == 'i';
    history_field(history, run_i, is_income ? "income_vnd" : "from_month", field);
    month_format(month, text);
    return err_field(err, rc, field, "%s: %.140s", text, cause->text);
}

int cost_of_history(const struct policy *policy, const struct paid_history *history,
                    struct quote_request *wanted, struct quote *ret, struct err *err)
{
    *ret = (struct quote){0};
    wanted->months_supported = wanted->months_supported_earlier = 0;
    for (size_t i = 0; i < history->n; i++) {
        const struct paid_run *run = &history->runs[i];
        for (uint32_t k = 0; k < run->months; k++) {
            struct err cause = {0};
            int32_t month = run->from_month + (int32_t)k;
            int rc = month_add(policy, run, month, wanted, ret, &cause);
            if (rc != 0)
                return run_refuse(history, i, month, rc, &cause, err);
        }
    }
    return 0;
}

/* --- what is to be paid --- */

/* Longest payment ahead for what is left; 0: too little is left for one. */
static int future_months(const struct policy *policy, uint32_t left, int32_t on_day, uint32_t *ret,
                         const struct policy_row **least, struct err *err)
{
    const struct policy_row *most;
    int rc = policy_need(policy, POLICY_FUTURE_YEARS_MIN, 0, on_day, least, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_FUTURE_YEARS_MAX, 0, on_day, &most, err);
    if (rc != 0)
        return rc;
    uint32_t years = MIN(left / MONTHS_PER_YEAR, (uint32_t)most->value);
    *ret = years < (uint32_t)(*least)->value ? 0 : years * MONTHS_PER_YEAR;
    return 0;
}

/* Fills in method and months of the next payment: monthly where too little is left for a payment
 * by the method. *limit is the row that says how much that is; NULL: anything. */
static int payment_find(const struct policy *policy, uint32_t left, struct quote_request *request,
                        const struct policy_row **limit, struct err *err)
{
    int rc = 0;
    *limit = NULL;
    request->months = left;
    if (request->method == METHOD_IS_MISSING_MONTHS)
        return 0;
    if (request->method == METHOD_IS_FUTURE_YEARS) {
        rc = future_months(policy, left, request->on_day, &request->months, limit, err);
    } else {
        request->months = 0;
        rc = contribution_months(policy, request, &request->months, err);
        *limit = policy_on(policy, POLICY_METHOD_MONTHS, (int32_t)request->method, request->on_day);
    }
    if (rc == 0 && (request->months == 0 || request->months > left)) {
        request->method = METHOD_IS_MONTHLY;
        request->months = 1;
    }
    return rc;
}

/* Whether the method pays anything of it. */
static int method_check(const struct policy *policy, const struct quote_request *wanted,
                        uint32_t months, struct err *err)
{
    const struct policy_row *limit;
    struct quote_request request = *wanted;
    int rc = payment_find(policy, months, &request, &limit, err);
    if (rc != 0 || request.method == wanted->method || limit == NULL)
        return rc;
    if (months == 0 && !method_is_lump_sum(wanted->method))
        return 0;
    int64_t least = limit->value * (method_is_lump_sum(wanted->method) ? MONTHS_PER_YEAR : 1);
    return err_field(err, -EINVAL, "method", "pays at least %lld months at once, %u %s (%.80s)",
                     (long long)least, months, months == 1 ? "is to be paid" : "are to be paid",
                     limit->citation);
}

int cost_of_payment(const struct policy *policy, const struct quote_request *wanted,
                    uint32_t months, struct quote *ret, struct err *err)
{
    const struct policy_row *limit;
    struct quote_request request = *wanted;
    int rc = payment_find(policy, months, &request, &limit, err);
    return rc == 0 ? contribution_quote(policy, &request, ret, err) : rc;
}

/* How often the same payment comes, one after the other. */
static uint32_t repeats(uint32_t left, uint32_t supported_left, const struct quote *payment)
{
    uint32_t n = left / payment->months;
    if (payment->months_supported == 0)
        return n;
    return MIN(n, MAX(supported_left / payment->months, 1));
}

int cost_of_plan(const struct policy *policy, const struct quote_request *wanted, uint32_t months,
                 struct quote *ret, struct err *err)
{
    struct contribution_rules rules;
    struct quote_request request = *wanted;
    *ret = (struct quote){0};
    int rc = contribution_rules_find(policy, wanted, &rules, err);
    if (rc == 0)
        rc = method_check(policy, wanted, months, err);
    for (uint32_t left = months; rc == 0 && left > 0;) {
        struct quote payment;
        rc = cost_of_payment(policy, &request, left, &payment, err);
        if (rc != 0)
            return rc;
        uint32_t times = repeats(left, contribution_months_left(&rules, &request), &payment);
        cost_add(ret, &payment, times);
        request.months_supported += payment.months_supported * times;
        left -= payment.months * times;
    }
    return rc;
}
