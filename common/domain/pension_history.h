/* The months that a person paid, or is going to pay, with their incomes: what the pension and the
 * other benefits are computed from. Pure, no I/O. */
#ifndef ANSINH_DOMAIN_PENSION_HISTORY_H
#define ANSINH_DOMAIN_PENSION_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "common/domain/policy.h"

#define HISTORY_RUNS_MAX 64
#define HISTORY_MONTHS_MAX 720 /* in all runs */

/* Months one after the other on one income. */
struct paid_run {
    int32_t from_month;
    uint32_t months;
    int64_t income_vnd;
};

struct paid_history {
    size_t n;
    struct paid_run runs[HISTORY_RUNS_MAX + 1]; /* ascending; one more for what is planned */
    int is_one_income; /* given as "paid_months", so errors name that field */
    int has_plan;      /* the last run is to be paid: errors name "start_month" */
};

/* Name of a run's member in errors: "history[1].months". */
void history_field(const struct paid_history *self, size_t run_i, const char *member,
                   char ret[ERR_FIELD_MAX_BYTES]);

/* Whether the runs are in order, apart from each other, none empty, HISTORY_MONTHS_MAX months in
 * all, and lie between the minimum age of on_day and the month before_month. -EINVAL or -ERANGE
 * with the field, as "history[1].from_month", and the range. */
int history_check(const struct policy *policy, const struct paid_history *self, int32_t birth_day,
                  int32_t on_day, int32_t before_month, struct err *err) MUST_CHECK;

/* The month after the last one; the lowest month there is for an empty history. */
int32_t history_end(const struct paid_history *self);

/* Months paid from from_month up to the one before to_month. */
uint32_t history_months(const struct paid_history *self, int32_t from_month, int32_t to_month);
uint32_t history_months_in_all(const struct paid_history *self);

/* The month for which the n-th contribution is, n from 1; INT32_MAX: there are not so many. */
int32_t history_month_at(const struct paid_history *self, uint32_t n);

/* The average of all incomes, each times the coefficient of its year by the tables of on_day; 1 for
 * years after those of the tables. *row is one of the coefficients, NULL where the day has none.
 * The history is not empty. -ERANGE with the field of a run in a year without coefficient. */
int history_average(const struct policy *policy, const struct paid_history *self, int32_t on_day,
                    int64_t *ret_vnd, const struct policy_row **row, struct err *err) MUST_CHECK;

/* All that was paid, by whomever: each month's income times the rate of its day. -ERANGE, field
 * "on": a month before the tables. */
int history_paid(const struct policy *policy, const struct paid_history *self, int64_t *ret_vnd,
                 struct err *err) MUST_CHECK;

#endif
