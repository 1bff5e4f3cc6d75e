#include "common/domain/pension_illustration.h"

#include <errno.h>

#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/domain/pension_cost.h"

#define MONTHS_PER_YEAR 12
#define YEAR_LAST 2199

/* What is being worked out. */
struct plan {
    const struct policy *policy;
    const struct illustration_request *request;
    int32_t joins;               /* the month from which on the person may join */
    int32_t start;               /* first month that is to be paid */
    int32_t last;                /* last one; the month before the start when there is none */
    uint32_t paid;               /* months before the start */
    struct paid_history history; /* these months, then also those to be paid */
    struct pension_terms usual, terms;
    struct quote_request wanted;
    struct illustration *ret;
};

/* --- what makes sense --- */

static int person_check(const struct illustration_request *request, struct err *err)
{
    if (request->sex != SEX_IS_FEMALE && request->sex != SEX_IS_MALE)
        return err_field(err, -EINVAL, "sex", "want SEX_FEMALE or SEX_MALE");
    int age = age_on(request->birth_day, request->on_day);
    if (age < 0)
        return err_field(err, -EINVAL, "birth_date", "lies after the day asked about");
    if (age > ILLUSTRATION_AGE_MAX)
        return err_field(err, -EINVAL, "birth_date", "%d years old, want at most %d", age,
                         ILLUSTRATION_AGE_MAX);
    if (request->group < GROUP_NONE || request->group > GROUP_OTHER)
        return err_field(err, -EINVAL, "support_group", "unknown support group %d",
                         (int)request->group);
    return 0;
}

/* From the month on in which the person may join. */
static int start_find(struct plan *self, struct err *err)
{
    const struct illustration_request *request = self->request;
    const struct policy_row *minimum;
    char first[MONTH_TEXT_BYTES], last[MONTH_TEXT_BYTES];
    int32_t this_month = month_of_day(request->on_day);
    int rc = policy_need(self->policy, POLICY_MINIMUM_AGE, 0, request->on_day, &minimum, err);
    if (rc != 0)
        return rc;
    self->joins = month_of_day(request->birth_day) + (int32_t)minimum->value * MONTHS_PER_YEAR;
    self->start = request->start_month == 0 ? this_month : request->start_month;
    if (request->start_month == 0 && this_month < self->joins)
        return err_field(err, -EINVAL, "birth_date", "%d years old, must be at least %lld (%s)",
                         age_on(request->birth_day, request->on_day), (long long)minimum->value,
                         minimum->citation);
    int32_t from = MAX(self->joins, this_month - ILLUSTRATION_START_MONTHS_MAX);
    int32_t to = MAX(from, this_month + ILLUSTRATION_START_MONTHS_MAX);
    month_format(from, first);
    month_format(MIN(to, YEAR_LAST * MONTHS_PER_YEAR + 11), last);
    if (self->start < from || self->start > to)
        return err_field(err, -EINVAL, "start_month", "want a month from %s to %s (%s)", first,
                         last, minimum->citation);
    return 0;
}

static int history_find(struct plan *self, struct err *err)
{
    const struct illustration_request *request = self->request;
    self->history = request->history;
    if (request->paid_months > 0 && request->history.n > 0)
        return err_field(err, -EINVAL, "paid_months", "the history says it: want 0 beside it");
    if (request->paid_months > HISTORY_MONTHS_MAX)
        return err_field(err, -EINVAL, "paid_months", "want at most %d", HISTORY_MONTHS_MAX);
    if (request->paid_months > 0) {
        self->history.n = 1;
        self->history.is_one_income = 1;
        self->history.runs[0] = (struct paid_run){self->start - (int32_t)request->paid_months,
                                                  request->paid_months, request->income_vnd};
    }
    int rc = history_check(self->policy, &self->history, request->birth_day, request->on_day,
                           self->start, err);
    if (rc == 0)
        self->paid = history_months_in_all(&self->history);
    return rc;
}

/* The day of joining: in a month with the age for it, and not after the first month paid. */
static int joined_find(const struct plan *self, int32_t *ret, struct err *err)
{
    int32_t first = self->history.n > 0 ? self->history.runs[0].from_month : self->start;
    char from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];
    *ret = self->request->joined_day == 0 ? month_first_day(first) : self->request->joined_day;
    if (*ret >= month_first_day(self->joins) && *ret <= month_last_day(first))
        return 0;
    date_format(month_first_day(self->joins), from);
    date_format(month_last_day(first), to);
    return err_field(err, -EINVAL, "joined_on",
                     "want a day from %s to %s, the end of the first month paid", from, to);
}

/* --- until when is paid --- */

/* The month in which age and months are both reached, the start's eve at least. */
static int32_t last_month(const struct plan *self, const struct pension_terms *terms)
{
    int32_t eve = self->start - 1, missing = (int32_t)terms->months - (int32_t)self->paid;
    return MAX(terms->age_month, eve + MAX(missing, 0));
}

/* All at once at the start, which is allowed to who lacks few months at the retirement age. */
static int missing_find(struct plan *self, uint32_t *ret_months, struct err *err)
{
    const struct policy_row *most;
    char month[MONTH_TEXT_BYTES];
    int rc =
        policy_need(self->policy, POLICY_MISSING_MONTHS_MAX, 0, self->request->on_day, &most, err);
    if (rc != 0)
        return rc;
    *ret_months = self->usual.months > self->paid ? self->usual.months - self->paid : 0;
    if (*ret_months < 1 || *ret_months > most->value)
        return err_field(err, -EINVAL, "method", "missing months: want 1 to %lld, not %u (%.80s)",
                         (long long)most->value, *ret_months, most->citation);
    month_format(self->usual.age_month - 1, month);
    if (self->start < self->usual.age_month - 1)
        return err_field(err, -EINVAL, "method", "missing months: may be paid from %s on (%.80s)",
                         month, most->citation);
    self->last = MAX(self->usual.age_month, self->start);
    return 0;
}

static int months_find(struct plan *self, struct err *err)
{
    const struct illustration_request *request = self->request;
    struct pension_terms early;
    uint32_t months;
    int32_t joined;
    int rc = joined_find(self, &joined, err);
    if (rc == 0)
        rc = pension_terms(self->policy, request->sex, request->birth_day, request->on_day,
                           &self->usual, err);
    if (rc != 0)
        return rc;
    self->terms = self->usual;
    if (request->method == METHOD_IS_MISSING_MONTHS) {
        rc = missing_find(self, &months, err);
        if (rc != 0)
            return rc;
    } else {
        if (pension_terms_early(self->policy, request->sex, request->birth_day, joined,
                                &self->usual, &early) &&
            last_month(self, &early) < last_month(self, &self->usual))
            self->terms = early;
        self->last = MAX(last_month(self, &self->terms), self->start - 1);
        months = (uint32_t)(self->last - self->start + 1);
    }
    if (self->last / MONTHS_PER_YEAR >= YEAR_LAST)
        return err_field(err, -ERANGE, "start_month", "the pension would begin after %d",
                         YEAR_LAST);
    self->ret->months_to_go = months;
    self->ret->months = self->paid + months;
    return 0;
}

static void months_add(struct plan *self)
{
    struct illustration *ret = self->ret;
    const struct pension_terms *terms = &self->terms;
    ret->age_month = terms->age_month;
    ret->pension_month = self->last + 1;
    ret->required_years = terms->months / MONTHS_PER_YEAR;
    if (terms->joined_day == 0)
        explain_add(&ret->lines, TEXT_RETIREMENT_AGE, 0, terms->age,
                    {OPERAND_AGE, terms->age->value}, {OPERAND_MONTH, terms->age_month});
    else
        explain_add(&ret->lines, TEXT_RETIREMENT_AGE_EARLY, 0, terms->age,
                    {OPERAND_AGE, terms->age->value}, {OPERAND_MONTH, terms->age_month},
                    {OPERAND_DATE, terms->joined_day}, {OPERAND_YEARS, terms->years->value});
    explain_add(&ret->lines, TEXT_REQUIRED_YEARS, 0, terms->years,
                {OPERAND_YEARS, ret->required_years}, {OPERAND_DURATION, ret->months},
                {OPERAND_MONTH, self->last});
    if (ret->months_to_go == 0)
        return;
    self->history.has_plan = 1;
    self->history.runs[self->history.n++] =
        (struct paid_run){self->start, ret->months_to_go, self->request->income_vnd};
}

/* --- what is paid --- */

/* The income as such, before what was paid on it in the past: today's limits are easier to mend. */
static int wanted_find(struct plan *self, struct err *err)
{
    const struct illustration_request *request = self->request;
    struct quote quote;
    self->wanted = (struct quote_request){
        .income_vnd = request->income_vnd,
        .method = METHOD_IS_MONTHLY,
        .group = request->group == GROUP_NONE ? GROUP_OTHER : request->group,
        .is_special_zone = request->is_special_zone,
        .province = request->province,
        .on_day = request->on_day,
    };
    int rc = contribution_quote(self->policy, &self->wanted, &quote, err);
    if (request->method != METHOD_NONE)
        self->wanted.method = request->method;
    return rc;
}

static int costs_find(struct plan *self, struct err *err)
{
    struct illustration *ret = self->ret;
    int rc = wanted_find(self, err);
    if (rc == 0)
        rc = cost_of_history(self->policy, &self->history, &self->wanted, &ret->before, err);
    if (rc == 0)
        rc = cost_of_plan(self->policy, &self->wanted, ret->months_to_go, &ret->to_pay, err);
    if (rc != 0 || ret->months_to_go == 0)
        return rc;
    rc = cost_of_payment(self->policy, &self->wanted, ret->months_to_go, &ret->payment, err);
    if (rc != 0 || ret->to_pay.months_supported == 0 ||
        ret->to_pay.months_supported == ret->to_pay.months)
        return rc;
    struct quote_request later = self->wanted;
    later.months_supported = PERSON_MONTHS_MAX;
    return cost_of_payment(self->policy, &later, ret->months_to_go, &ret->payment_later, err);
}

/* Who would still wait for the years at the retirement age may pay them at once. */
static int missing_add(struct plan *self, struct err *err)
{
    struct illustration_missing *ret = &self->ret->missing;
    const struct policy_row *most =
        policy_on(self->policy, POLICY_MISSING_MONTHS_MAX, 0, self->request->on_day);
    int32_t pay_month = MAX(self->usual.age_month, self->start);
    uint32_t until = (uint32_t)MAX(self->usual.age_month - self->start + 1, 0);
    if (most == NULL || self->request->method == METHOD_IS_MISSING_MONTHS ||
        self->paid + until >= self->usual.months ||
        self->usual.months - self->paid - until > most->value)
        return 0;
    ret->months = self->usual.months - self->paid - until;
    ret->from_month = pay_month + 1;
    explain_add(&ret->lines, TEXT_MISSING_MONTHS, 0, most, {OPERAND_MONTHS, ret->months},
                {OPERAND_MONTH, pay_month}, {OPERAND_MONTHS, most->value});
    struct quote before;
    struct quote_request wanted = self->wanted;
    wanted.method = METHOD_IS_MONTHLY;
    int rc = cost_of_plan(self->policy, &wanted, until, &before, err);
    if (rc != 0)
        return rc;
    wanted.months_supported += before.months_supported;
    wanted.method = METHOD_IS_MISSING_MONTHS;
    wanted.months = ret->months;
    return contribution_quote(self->policy, &wanted, &ret->cost, err);
}

/* --- what it brings --- */

static void average_add(struct plan *self, const struct policy_row *row)
{
    struct illustration *ret = self->ret;
    int64_t least = INT64_MAX, most = 0;
    for (size_t i = 0; i < self->history.n; i++) {
        least = MIN(least, self->history.runs[i].income_vnd);
        most = MAX(most, self->history.runs[i].income_vnd);
    }
    if (least == most)
        explain_add(&ret->lines, TEXT_AVERAGE_INCOME, ret->average_vnd, row, {OPERAND_VND, most},
                    {OPERAND_MONTHS, ret->months});
    else
        explain_add(&ret->lines, TEXT_AVERAGE_INCOMES, ret->average_vnd, row, {OPERAND_VND, least},
                    {OPERAND_VND, most}, {OPERAND_MONTHS, ret->months});
}

static int pension_add(struct plan *self, struct err *err)
{
    struct illustration *ret = self->ret;
    enum sex sex = self->request->sex;
    int32_t on_day = self->request->on_day;
    const struct policy_row *coefficient, *rate;
    int rc =
        history_average(self->policy, &self->history, on_day, &ret->average_vnd, &coefficient, err);
    if (rc == 0)
        rc = pension_rate(self->policy, sex, ret->months, on_day, &ret->rate_basis_points, &rate,
                          err);
    if (rc != 0)
        return rc;
    average_add(self, coefficient == NULL ? rate : coefficient);
    ret->monthly_vnd = divide_half_up(ret->average_vnd * ret->rate_basis_points, FULL_BASIS_POINTS);
    explain_add(&ret->lines, TEXT_PENSION, ret->monthly_vnd, rate,
                {OPERAND_PER_MILLION, ret->rate_basis_points * PER_MILLION_OF_BASIS_POINT},
                {OPERAND_VND, ret->average_vnd});
    int64_t net_vnd = ret->before.participant_vnd + ret->to_pay.participant_vnd;
    if (ret->monthly_vnd > 0)
        ret->break_even_months = (uint32_t)((net_vnd + ret->monthly_vnd - 1) / ret->monthly_vnd);
    struct pension_lump_request lump = {
        .sex = sex,
        .months = ret->months,
        .months_late = history_months(&self->history, self->terms.age_month + 1, INT32_MAX),
        .on_day = on_day,
        .average_vnd = ret->average_vnd,
    };
    return pension_lump(self->policy, &lump, &ret->lines, &ret->lump_vnd, err);
}

static void benefit_keep(struct illustration *ret)
{
    if (ret->benefits[ret->n_benefits].kind != BENEFIT_NONE)
        ret->n_benefits++;
}

static int one_off_add(const struct plan *self, struct benefit *ret, struct err *err)
{
    const struct quote *before = &self->ret->before, *to_pay = &self->ret->to_pay;
    int is_reason[ONE_OFF_REASONS];
    struct one_off_request request = {
        .paid = &self->history,
        .terms = &self->usual,
        .on_day = self->request->on_day,
        .support_vnd =
            before->central_vnd + before->local_vnd + to_pay->central_vnd + to_pay->local_vnd,
    };
    return benefit_one_off(self->policy, &request, is_reason, ret, err);
}

/* Of who pays on until the pension; amounts are those of the end. */
static int benefit_find(const struct plan *self, enum benefit_kind kind, struct benefit *ret,
                        struct err *err)
{
    const struct policy *policy = self->policy;
    const struct paid_history *history = &self->history;
    int32_t on_day = self->request->on_day, pension_month = self->ret->pension_month;
    int rc = 0;
    switch (kind) {
    case BENEFIT_IS_MATERNITY:
        return benefit_maternity(policy, history, on_day, 1, ret, err);
    case BENEFIT_IS_FUNERAL:
        return benefit_funeral(policy, history, on_day, 0, ret, err);
    case BENEFIT_IS_SURVIVOR:
        return benefit_survivor(policy, history, on_day, ret, err);
    case BENEFIT_IS_SURVIVOR_OF_PENSIONER:
        rc = benefit_survivor_of_pensioner(policy, self->ret->monthly_vnd, 0, on_day, ret, err);
        ret->is_met = 0;
        ret->from_month = pension_month;
        return rc;
    case BENEFIT_IS_ONE_OFF:
        return one_off_add(self, ret, err);
    case BENEFIT_IS_SOCIAL_PENSION:
        return benefit_social_pension(policy, self->request->birth_day, self->wanted.group,
                                      pension_month, on_day, ret, err);
    case BENEFIT_IS_HEALTH_INSURANCE:
        return benefit_health_insurance(policy, pension_month, on_day, ret, err);
    case BENEFIT_NONE:
    case BENEFIT_KINDS:
        break;
    }
    return 0;
}

static int benefits_add(struct plan *self, struct err *err)
{
    struct illustration *ret = self->ret;
    int rc = 0;
    for (enum benefit_kind kind = BENEFIT_NONE + 1; rc == 0 && kind < BENEFIT_KINDS; kind++) {
        rc = benefit_find(self, kind, &ret->benefits[ret->n_benefits], err);
        benefit_keep(ret);
    }
    return rc;
}

static void assumptions_add(struct plan *self)
{
    struct explain_lines *lines = &self->ret->assumptions;
    explain_add(lines, TEXT_ASSUME_RULES, 0, NULL, {OPERAND_DATE, self->request->on_day});
    explain_set_n(explain_next(lines), TEXT_ASSUME_TODAYS_MONEY, 0, NULL, NULL, 0);
    if (self->ret->months_to_go > 0)
        explain_add(lines, TEXT_ASSUME_EVERY_MONTH, 0, NULL, {OPERAND_MONTH, self->start},
                    {OPERAND_MONTH, self->last});
    if (self->ret->to_pay.months_supported > 0)
        explain_set_n(explain_next(lines), TEXT_ASSUME_SUPPORT, 0, NULL, NULL, 0);
    explain_set_n(explain_next(lines), TEXT_ASSUME_NO_GUARANTEE, 0, NULL, NULL, 0);
}

int pension_illustrate(const struct policy *policy, const struct illustration_request *request,
                       struct illustration *ret, struct err *err)
{
    struct plan plan = {.policy = policy, .request = request, .ret = ret};
    *ret = (struct illustration){0};
    ASSERT(request->history.n <= HISTORY_RUNS_MAX);
    int rc = person_check(request, err);
    if (rc == 0)
        rc = start_find(&plan, err);
    if (rc == 0)
        rc = history_find(&plan, err);
    if (rc == 0)
        rc = months_find(&plan, err);
    if (rc == 0)
        rc = costs_find(&plan, err);
    if (rc != 0)
        return rc;
    months_add(&plan);
    rc = pension_add(&plan, err);
    if (rc == 0)
        rc = missing_add(&plan, err);
    if (rc == 0)
        rc = benefits_add(&plan, err);
    assumptions_add(&plan);
    return rc;
}
