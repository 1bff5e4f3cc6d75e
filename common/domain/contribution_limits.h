/* What a contribution may be: the rows in force on its day, and the limits of income, months and
 * person that they set. Used by contribution.c and pension_cost.c alone. */
#ifndef ANSINH_DOMAIN_CONTRIBUTION_LIMITS_H
#define ANSINH_DOMAIN_CONTRIBUTION_LIMITS_H

#include "common/domain/contribution.h"

/* The rows in force on one day. */
struct contribution_rules {
    const struct policy_row *poverty_line;
    const struct policy_row *reference_level;
    const struct policy_row *income_cap;
    const struct policy_row *rate;
    const struct policy_row *fund_rate; /* of lump sums only, as is rounding */
    const struct policy_row *rounding;
    const struct policy_row *support; /* the highest that fits; NULL before there was any, and then
                                         the next two */
    const struct policy_row *support_months;
    const struct policy_row *earlier_counts;
};

/* -ERANGE, field "on", naming the table that does not know the day. */
int contribution_rules_find(const struct policy *policy, const struct quote_request *request,
                            struct contribution_rules *ret, struct err *err) MUST_CHECK;

/* The highest row that fits the person: of the group, or of a special zone; NULL without one.
 * province 0: central. */
const struct policy_row *contribution_support_on(const struct policy *policy,
                                                 enum policy_table_id table,
                                                 const struct quote_request *request,
                                                 uint32_t province);

/* How many more months one person may be supported; 0 where there is no support. */
uint32_t contribution_months_left(const struct contribution_rules *rules,
                                  const struct quote_request *request);

/* How many months the request pays for: errors as contribution_quote. */
int contribution_months(const struct policy *policy, const struct quote_request *request,
                        uint32_t *ret, struct err *err) MUST_CHECK;

/* One more warning about a field, whose line is to be filled. */
struct quote_warning *quote_warn(struct quote *self, const char *field);

/* Floor, cap and step of the chosen income: errors as contribution_quote; a step that only warns
 * is added to the quote's warnings. */
int contribution_income_check(const struct policy *policy, const struct quote_request *request,
                              const struct contribution_rules *rules, struct quote *quote,
                              struct err *err) MUST_CHECK;

/* Months that were missed before the day, for contribution_months. */
int contribution_missed_check(const struct policy *policy, const struct quote_request *request,
                              struct err *err) MUST_CHECK;

/* Age and months already paid, as far as the request knows them: errors as contribution_quote; what
 * is allowed but hardly meant is added to the quote's warnings. */
int contribution_person_check(const struct policy *policy, const struct quote_request *request,
                              struct quote *quote, struct err *err) MUST_CHECK;

#endif
