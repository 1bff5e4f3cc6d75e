/* What a leaflet is about when nobody chooses: incomes, and the rules behind its numbers. Pure, no
 * I/O. */
#ifndef ANSINH_PAYMENTS_LEAFLET_RULES_H
#define ANSINH_PAYMENTS_LEAFLET_RULES_H

#include "common/base/err.h"
#include "common/domain/policy.h"

#define LEAFLET_INCOMES_MAX 16
#define LEAFLET_RULES_MAX 64

struct leaflet_incomes {
    int64_t min_vnd, max_vnd; /* what may be chosen on the day */
    size_t n;
    int64_t vnd[LEAFLET_INCOMES_MAX]; /* ascending, from the first to the last that may be */
};

/* The incomes of a day: its poverty line, round sums and its cap, on the law's step where it has
 * one. -ERANGE, field "on": a day that the tables do not know. */
int leaflet_incomes_on(const struct policy *policy, int32_t day, struct leaflet_incomes *ret,
                       struct err *err) MUST_CHECK;

/* Rows of the tables, those of one table that have the same text once. */
struct leaflet_rules {
    size_t n;
    struct leaflet_rule {
        enum policy_table_id table;
        const struct policy_row *row; /* lives as long as the policy */
    } rules[LEAFLET_RULES_MAX];
};

/* What is in force for a province (0: none) on a day, in the order of the tables; what is beyond
 * LEAFLET_RULES_MAX is left out. */
void leaflet_rules_on(const struct policy *policy, uint32_t province, int32_t day,
                      struct leaflet_rules *ret);

/* The first day after this one on which a rule about contributions or health insurance begins or
 * no longer holds, and what begins then. 0 when none is known, and *ret_day is left as it is. */
int leaflet_next_change(const struct policy *policy, uint32_t province, int32_t day,
                        int32_t *ret_day, struct leaflet_rules *ret);

#endif
