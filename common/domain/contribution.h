/* What is owed: the contribution rules as pure functions over effective-dated rows. No I/O, no
 * floating point.
 *
 * Rows come from the JSON files in deploy/policy by way of common/service/policy.c; every row
 * carries its citation. Nothing in this file is a legal constant. */
#ifndef ANSINH_DOMAIN_CONTRIBUTION_H
#define ANSINH_DOMAIN_CONTRIBUTION_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define POLICY_ROWS_MAX 256
#define POLICY_CITATION_BYTES 96
#define QUOTE_LINES_MAX 8
#define SUPPORT_GROUPS 5 /* numbers of ansinh.v1.SupportGroup; 0 unspecified */

/* Numbers of ansinh.v1.SupportGroup and ansinh.v1.Method. */
enum support_group { GROUP_NONE, GROUP_POOR, GROUP_NEAR_POOR, GROUP_ETHNIC_MINORITY, GROUP_OTHER };
enum method {
    METHOD_NONE,
    METHOD_IS_MONTHLY,
    METHOD_IS_QUARTERLY,
    METHOD_IS_HALF_YEARLY,
    METHOD_IS_YEARLY,
    METHOD_IS_FUTURE_YEARS,
    METHOD_IS_MISSING_MONTHS
};

/* Valid on days from..to inclusive. */
struct policy_amount {
    int32_t from_day, to_day;
    int64_t vnd;
    char citation[POLICY_CITATION_BYTES];
};
struct policy_rate {
    int32_t from_day, to_day;
    int32_t basis_points; /* 22 % = 2200 */
    char citation[POLICY_CITATION_BYTES];
};
struct policy_support {
    int32_t from_day, to_day;
    enum support_group group;
    int is_special_zone;  /* row for residents of island communes and special zones, whatever their
                             group */
    int32_t basis_points; /* of the contribution at the poverty line */
    char citation[POLICY_CITATION_BYTES];
};
struct policy_limit {
    int32_t from_day, to_day;
    int32_t
        value; /* months of support: 120; cap in reference levels: 20; minimum age in years: 15 */
    char citation[POLICY_CITATION_BYTES];
};

struct policy {
    struct policy_amount reference_level[POLICY_ROWS_MAX];
    size_t n_reference_level;
    struct policy_amount poverty_line[POLICY_ROWS_MAX];
    size_t n_poverty_line;
    struct policy_rate contribution_rate[POLICY_ROWS_MAX];
    size_t n_contribution_rate;
    struct policy_support support[POLICY_ROWS_MAX];
    size_t n_support;
    struct policy_limit income_cap[POLICY_ROWS_MAX];
    size_t n_income_cap;
    struct policy_limit support_months[POLICY_ROWS_MAX];
    size_t n_support_months;
    struct policy_limit minimum_age[POLICY_ROWS_MAX];
    size_t n_minimum_age;
};

/* Every table has rows, each row a citation; no two rows for the same thing overlap, and there is
 * no gap between the first and the last; every support group has a row. -EINVAL naming table and
 * row (counted from 1), with err->field the table. */
int policy_check(const struct policy *policy, struct err *err) MUST_CHECK;

struct quote_request {
    int64_t income_vnd;
    enum method method;
    uint32_t months; /* 0: the method's own number */
    enum support_group group;
    int is_special_zone;
    int32_t on_day;            /* business day whose rules apply */
    uint32_t months_supported; /* already carried by support: what is left of the limit is what is
                                  given */
};

struct quote_line {
    const char *key;       /* "contribution", "central_support" */
    char explanation[120]; /* "22 % x 1,500,000 x 1 month" */
    int64_t amount_vnd;    /* negative for a support */
    char citation[POLICY_CITATION_BYTES];
};

struct quote {
    int64_t gross_vnd, participant_vnd, central_vnd, local_vnd, donor_vnd;
    uint32_t months;
    uint32_t months_supported; /* of them with support */
    struct quote_line lines[QUOTE_LINES_MAX];
    size_t n_lines;
};

/* The sum for one bill; lines add up to participant_vnd. -ERANGE: income under the poverty line or
 * over the cap, or a day before the tables begin (err->field "income_vnd" or "on", the text gives
 * the allowed range and the citation); -EINVAL: unknown group or months that do not fit the method;
 * -ENOTSUP: a method whose rules are not here yet. */
int contribution_quote(const struct policy *policy, const struct quote_request *request,
                       struct quote *ret, struct err *err) MUST_CHECK;

/* Whether a person may join on a day (Law 41/2024/QH15, article 2): -EINVAL with field "birth_date"
 * and the citation. */
int contribution_check_age(const struct policy *policy, int32_t birth_day, int32_t on_day,
                           struct err *err) MUST_CHECK;

#endif
