/* What is owed for voluntary social insurance: the contribution rules as pure functions over the
 * policy's rows. No I/O, no floating point. */
#ifndef ANSINH_DOMAIN_CONTRIBUTION_H
#define ANSINH_DOMAIN_CONTRIBUTION_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/domain/explain.h"
#include "common/domain/identity.h"
#include "common/domain/policy.h"

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

#define PERSON_MONTHS_MAX 1200 /* a hundred years */

struct quote_request {
    int64_t income_vnd;
    enum method method;
    uint32_t months; /* 0: the method's own number; must be given for a lump sum */
    enum support_group group;
    int is_special_zone;
    uint32_t province; /* code as a number, for the local support; 0: none */
    int32_t on_day;    /* business day whose rules apply */
    /* Months already carried by support, since July 2025 and before it: what is left of the limit
     * is what is given; a switch says whether the earlier ones count. */
    uint32_t months_supported, months_supported_earlier;
    /* What is known of the person: SEX_UNKNOWN means neither sex nor birth_day, 0 months_paid means
     * not known how many months count for the pension. */
    enum sex sex;
    int32_t birth_day;
    uint32_t months_paid;
    /* Not 0: the months are past ones that were missed, this one the first, paid late with
     * interest; a regular method. */
    int32_t missed_from_month;
};

#define QUOTE_WARNINGS_MAX 2

/* What is taken, but may be a mistake. */
struct quote_warning {
    const char *field; /* of the request */
    struct explain_line line;
};

struct quote {
    int64_t gross_vnd, participant_vnd, central_vnd, local_vnd, donor_vnd;
    uint32_t months;
    uint32_t months_supported; /* of them with support */
    struct explain_lines lines;
    size_t n_warnings;
    struct quote_warning warnings[QUOTE_WARNINGS_MAX];
};

/* The sum for one bill; lines add up to participant_vnd. The rules of the day of payment hold for
 * all its months (Decree 134/2015, article 10). On failure *ret holds nothing of use, err->field is
 * the request's field, and the text gives the allowed range and the citation: -ERANGE: "income_vnd"
 * under the poverty line, over the cap or between the steps where these bind; "on": a day that the
 * tables do not know. -EINVAL: "support_group", "method", "sex"; "months_supported",
 * "months_supported_earlier" or "months_paid" over PERSON_MONTHS_MAX; "months" that do not fit the
 * method; "birth_date" of somebody who is too young to join; "method" for missing months of
 * somebody who has not reached retirement age or lacks too many; "missed_from" where missed months
 * cannot be paid late, or were not missed. */
int contribution_quote(const struct policy *policy, const struct quote_request *request,
                       struct quote *ret, struct err *err) MUST_CHECK;

/* Whether the method is one sum for months that are chosen: future years or missing months. */
int method_is_lump_sum(enum method method);

/* Whether a person may join on a day (Law 41/2024/QH15, article 2): -EINVAL with field "birth_date"
 * and the citation; -ERANGE, field "on": a day that the tables do not know. */
int contribution_check_age(const struct policy *policy, int32_t birth_day, int32_t on_day,
                           struct err *err) MUST_CHECK;

#endif
