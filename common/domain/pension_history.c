#include "common/domain/pension_history.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/domain/explain.h"

#define MONTHS_PER_YEAR 12
#define FULL_COEFFICIENT 100
#define MONTH_MIN INT32_MIN

void history_field(const struct paid_history *self, size_t run_i, const char *member,
                   char ret[ERR_FIELD_MAX_BYTES])
{
    if (self->has_plan && run_i + 1 == self->n)
        (void)snprintf(ret, ERR_FIELD_MAX_BYTES, "start_month");
    else if (self->is_one_income)
        (void)snprintf(ret, ERR_FIELD_MAX_BYTES, "paid_months");
    else
        (void)snprintf(ret, ERR_FIELD_MAX_BYTES, "history[%zu].%s", run_i, member);
}

static int32_t run_end(const struct paid_run *run)
{
    return run->from_month + (int32_t)run->months;
}

int32_t history_end(const struct paid_history *self)
{
    return self->n == 0 ? MONTH_MIN : run_end(&self->runs[self->n - 1]);
}

uint32_t history_months(const struct paid_history *self, int32_t from_month, int32_t to_month)
{
    uint32_t n = 0;
    for (size_t i = 0; i < self->n; i++) {
        int32_t from = MAX(self->runs[i].from_month, from_month);
        int32_t to = MIN(run_end(&self->runs[i]), to_month);
        n += to > from ? (uint32_t)(to - from) : 0;
    }
    return n;
}

uint32_t history_months_in_all(const struct paid_history *self)
{
    return history_months(self, MONTH_MIN, INT32_MAX);
}

int32_t history_month_at(const struct paid_history *self, uint32_t n)
{
    for (size_t i = 0; i < self->n; i++) {
        if (n <= self->runs[i].months)
            return self->runs[i].from_month + (int32_t)n - 1;
        n -= self->runs[i].months;
    }
    return INT32_MAX;
}

/* --- what may stand in a history --- */

static int from_check(const struct paid_history *self, size_t i, int32_t from, int32_t before,
                      const char *citation, struct err *err)
{
    char field[ERR_FIELD_MAX_BYTES], first[MONTH_TEXT_BYTES], last[MONTH_TEXT_BYTES];
    const struct paid_run *run = &self->runs[i];
    if (run->from_month >= from && run->from_month < before)
        return 0;
    history_field(self, i, "from_month", field);
    if (from >= before)
        return err_field(err, -EINVAL, field, "no month is left before the next one (%s)",
                         citation);
    month_format(from, first);
    month_format(before - 1, last);
    return err_field(err, -EINVAL, field, "want a month from %s to %s (%s)", first, last, citation);
}

static int months_check(const struct paid_history *self, size_t i, int32_t most, struct err *err)
{
    char field[ERR_FIELD_MAX_BYTES];
    if (self->runs[i].months >= 1 && self->runs[i].months <= (uint32_t)most)
        return 0;
    history_field(self, i, "months", field);
    if (most < 1)
        return err_field(err, -EINVAL, field, "more than %d months in all", HISTORY_MONTHS_MAX);
    return err_field(err, -EINVAL, field, "want 1 to %d months", (int)most);
}

/* One number says how many months end where the plan begins. */
static int one_income_check(const struct paid_history *self, int32_t first, int32_t before,
                            const char *citation, struct err *err)
{
    int32_t most = MIN(MAX(before - first, 0), HISTORY_MONTHS_MAX);
    if (self->runs[0].months <= (uint32_t)most)
        return 0;
    return err_field(err, -EINVAL, "paid_months", "want at most %d (%s)", (int)most, citation);
}

int history_check(const struct policy *policy, const struct paid_history *self, int32_t birth_day,
                  int32_t on_day, int32_t before_month, struct err *err)
{
    const struct policy_row *minimum;
    int rc = policy_need(policy, POLICY_MINIMUM_AGE, 0, on_day, &minimum, err);
    if (rc != 0)
        return rc;
    int32_t from = month_of_day(birth_day) + (int32_t)minimum->value * MONTHS_PER_YEAR;
    const char *citation = minimum->citation;
    if (self->is_one_income)
        return one_income_check(self, from, before_month, citation, err);
    int32_t left = HISTORY_MONTHS_MAX;
    for (size_t i = 0; i < self->n; i++) {
        rc = from_check(self, i, from, before_month, i == 0 ? citation : "after those before it",
                        err);
        if (rc == 0)
            rc = months_check(self, i, MIN(left, before_month - self->runs[i].from_month), err);
        if (rc != 0)
            return rc;
        from = run_end(&self->runs[i]);
        left -= (int32_t)self->runs[i].months;
    }
    return 0;
}

/* --- the average --- */

/* The coefficients of a day: of the years from first to last, each a row. */
struct coefficients {
    const struct policy *policy;
    int32_t on_day, last_year;
    const struct policy_row *any; /* NULL: the day has none */
};

static void coefficients_find(struct coefficients *self)
{
    const struct policy_table *table = &self->policy->tables[POLICY_INCOME_COEFFICIENT];
    self->last_year = month_of_day(self->on_day) / MONTHS_PER_YEAR - 1;
    self->any = NULL;
    for (size_t i = 0; i < table->n; i++) {
        const struct policy_row *row = &table->rows[i];
        if (row->from_day > self->on_day || row->to_day < self->on_day)
            continue;
        if (self->any == NULL || row->key > self->last_year)
            self->last_year = row->key;
        self->any = row;
    }
}

/* In hundredths; 0: the tables should have one and do not. */
static int64_t coefficient_of(const struct coefficients *self, int32_t year)
{
    if (year > self->last_year)
        return FULL_COEFFICIENT;
    const struct policy_row *row =
        policy_on(self->policy, POLICY_INCOME_COEFFICIENT, year, self->on_day);
    return row == NULL ? 0 : row->value;
}

static int run_sum(const struct coefficients *coefficients, const struct paid_history *self,
                   size_t i, int64_t *sum, struct err *err)
{
    const struct paid_run *run = &self->runs[i];
    int32_t end = run_end(run);
    for (int32_t month = run->from_month; month < end;) {
        int32_t year = month / MONTHS_PER_YEAR;
        int32_t next = MIN((year + 1) * MONTHS_PER_YEAR, end);
        int64_t coefficient = coefficient_of(coefficients, year);
        char field[ERR_FIELD_MAX_BYTES], date[DATE_TEXT_BYTES];
        if (coefficient == 0) {
            history_field(self, i, "from_month", field);
            date_format(coefficients->on_day, date);
            return err_field(err, -ERANGE, field, "the tables of %s have no coefficient for %d",
                             date, (int)year);
        }
        *sum += run->income_vnd * coefficient * (next - month);
        month = next;
    }
    return 0;
}

int history_average(const struct policy *policy, const struct paid_history *self, int32_t on_day,
                    int64_t *ret_vnd, const struct policy_row **row, struct err *err)
{
    struct coefficients coefficients = {.policy = policy, .on_day = on_day};
    int64_t sum = 0, months = history_months_in_all(self);
    ASSERT(months > 0);
    coefficients_find(&coefficients);
    for (size_t i = 0; i < self->n; i++) {
        int rc = run_sum(&coefficients, self, i, &sum, err);
        if (rc != 0)
            return rc;
    }
    *row = coefficients.any;
    *ret_vnd = divide_half_up(sum, FULL_COEFFICIENT * months);
    return 0;
}

int history_paid(const struct policy *policy, const struct paid_history *self, int64_t *ret_vnd,
                 struct err *err)
{
    *ret_vnd = 0;
    for (size_t i = 0; i < self->n; i++) {
        const struct paid_run *run = &self->runs[i];
        for (int32_t month = run->from_month; month < run_end(run); month++) {
            const struct policy_row *rate;
            int rc = policy_need(policy, POLICY_CONTRIBUTION_RATE, 0, month_first_day(month), &rate,
                                 err);
            if (rc != 0)
                return rc;
            *ret_vnd += divide_half_up(run->income_vnd * rate->value, FULL_BASIS_POINTS);
        }
    }
    return 0;
}
