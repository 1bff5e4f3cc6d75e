/* What the benefits share: how one begins, and the lines of several. Used by benefits*.c alone. */
#ifndef ANSINH_DOMAIN_BENEFITS_LINES_H
#define ANSINH_DOMAIN_BENEFITS_LINES_H

#include "common/domain/benefits.h"

/* Fills in an empty benefit and the row that grants it; false, with BENEFIT_NONE, on a day without
 * that row. */
int benefit_begin(const struct policy *policy, enum policy_table_id table, int32_t on_day,
                  enum benefit_kind kind, struct benefit *ret,
                  const struct policy_row **row) MUST_CHECK;

/* From when on it is met, unless it is met now or never. */
void benefit_from_add(struct benefit *ret, const struct policy_row *row);

/* Months paid before on_day against those needed: is_met, from_month and the line. */
void benefit_months_add(struct benefit *ret, const struct paid_history *paid, int32_t on_day,
                        const struct policy_row *needed);

/* So much of the average income for each year, by the row of the table in which the years were
 * paid: amount and lines. Odd months of a period before go to the next one that was paid in.
 * -ERANGE, field "on": more periods than can be told apart. */
int benefit_shares_add(const struct policy *policy, enum policy_table_id table,
                       enum explain_text text, const struct paid_history *paid, int32_t on_day,
                       struct benefit *ret, struct err *err) MUST_CHECK;

#endif
