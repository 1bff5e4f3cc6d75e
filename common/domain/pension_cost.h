/* What contributions cost in all, and who pays them: sums over many payments. Pure, no I/O. */
#ifndef ANSINH_DOMAIN_PENSION_COST_H
#define ANSINH_DOMAIN_PENSION_COST_H

#include "common/domain/contribution.h"
#include "common/domain/pension_history.h"

/* Adds a payment so many times: amounts, months, and a line for each kind of its lines. */
void cost_add(struct quote *sum, const struct quote *payment, uint32_t times);

/* Sums up a history, every month at the rules of its own time, for the group and the place of
 * *wanted; support begins to count with the first month. Notes in *wanted how many months were
 * supported, by the rules of its on_day and before them. -EINVAL or -ERANGE: a month before the
 * tables, or an income outside of the limits of its time; with the run's field and the range. */
int cost_of_history(const struct policy *policy, const struct paid_history *history,
                    struct quote_request *wanted, struct quote *ret, struct err *err) MUST_CHECK;

/* Sums up payments of so many months by the rules of one day: as many as can be by the method, what
 * is left monthly. Errors as contribution_quote, and -EINVAL, field "method": it pays more months
 * at once than there are. */
int cost_of_plan(const struct policy *policy, const struct quote_request *wanted, uint32_t months,
                 struct quote *ret, struct err *err) MUST_CHECK;

/* The first payment of such a plan; months > 0. Errors as above. */
int cost_of_payment(const struct policy *policy, const struct quote_request *wanted,
                    uint32_t months, struct quote *ret, struct err *err) MUST_CHECK;

#endif
