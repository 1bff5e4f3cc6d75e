#include <errno.h>

#include "common/domain/contribution.h"

/* Limits that keep every product of a quote inside int64. */
#define VND_MAX 10000000000LL
#define BASIS_POINTS_MAX 10000
#define LIMIT_MAX 1000

/* One row reduced to what is checked: rows with the same key are about the same thing. */
struct span {
    int32_t from_day, to_day;
    int key;
    int is_value_good;
    const char *citation;
};

static int row_check(const char *table, const struct span *spans, size_t n, size_t row_i,
                     struct err *err)
{
    const struct span *row = &spans[row_i];
    if (row->from_day > row->to_day)
        return err_field(err, -EINVAL, table, "%s row %zu: ends before it begins", table,
                         row_i + 1);
    if (!row->is_value_good)
        return err_field(err, -EINVAL, table, "%s row %zu: value or group out of range", table,
                         row_i + 1);
    if (row->citation[0] == '\0')
        return err_field(err, -EINVAL, table, "%s row %zu: no citation", table, row_i + 1);
    int is_last = 1, is_continued = 0;
    for (size_t i = 0; i < n; i++) {
        const struct span *other = &spans[i];
        if (i == row_i || other->key != row->key)
            continue;
        if (row->from_day <= other->to_day && other->from_day <= row->to_day)
            return err_field(err, -EINVAL, table, "%s row %zu: overlaps row %zu", table, row_i + 1,
                             i + 1);
        if (other->from_day > row->to_day)
            is_last = 0;
        if (other->from_day == (int64_t)row->to_day + 1)
            is_continued = 1;
    }
    if (!is_last && !is_continued)
        return err_field(err, -EINVAL, table, "%s row %zu: a gap follows", table, row_i + 1);
    return 0;
}

static int table_check(const char *table, const struct span *spans, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        int rc = row_check(table, spans, n, i, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int amounts_check(const char *table, const struct policy_amount *rows, size_t n,
                         struct err *err)
{
    struct span spans[POLICY_ROWS_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        spans[i] = (struct span){.from_day = rows[i].from_day,
                                 .to_day = rows[i].to_day,
                                 .is_value_good = rows[i].vnd > 0 && rows[i].vnd <= VND_MAX,
                                 .citation = rows[i].citation};
    return table_check(table, spans, n, err);
}

static int rates_check(const char *table, const struct policy_rate *rows, size_t n, struct err *err)
{
    struct span spans[POLICY_ROWS_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        spans[i] = (struct span){.from_day = rows[i].from_day,
                                 .to_day = rows[i].to_day,
                                 .is_value_good = rows[i].basis_points > 0 &&
                                                  rows[i].basis_points <= BASIS_POINTS_MAX,
                                 .citation = rows[i].citation};
    return table_check(table, spans, n, err);
}

static int limits_check(const char *table, const struct policy_limit *rows, size_t n,
                        struct err *err)
{
    struct span spans[POLICY_ROWS_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        spans[i] = (struct span){.from_day = rows[i].from_day,
                                 .to_day = rows[i].to_day,
                                 .is_value_good = rows[i].value > 0 && rows[i].value <= LIMIT_MAX,
                                 .citation = rows[i].citation};
    return table_check(table, spans, n, err);
}

static int is_support_good(const struct policy_support *row)
{
    int is_group_good = row->is_special_zone
                            ? row->group == GROUP_NONE
                            : row->group >= GROUP_POOR && row->group <= GROUP_OTHER;
    return is_group_good && row->basis_points >= 0 && row->basis_points <= BASIS_POINTS_MAX;
}

static int supports_check(const char *table, const struct policy_support *rows, size_t n,
                          struct err *err)
{
    struct span spans[POLICY_ROWS_MAX] = {0};
    unsigned groups_seen = 0;
    for (size_t i = 0; i < n; i++) {
        spans[i] = (struct span){.from_day = rows[i].from_day,
                                 .to_day = rows[i].to_day,
                                 .key = (int)rows[i].group,
                                 .is_value_good = is_support_good(&rows[i]),
                                 .citation = rows[i].citation};
        if (spans[i].is_value_good)
            groups_seen |= 1u << rows[i].group;
    }
    int rc = table_check(table, spans, n, err);
    for (int group = GROUP_POOR; rc == 0 && group <= GROUP_OTHER; group++)
        if ((groups_seen & 1u << group) == 0)
            return err_field(err, -EINVAL, table, "%s: no row for group %d", table, group);
    return rc;
}

static int counts_check(const struct policy *policy, struct err *err)
{
    const struct {
        const char *table;
        size_t n;
    } counts[] = {
        {"reference_level", policy->n_reference_level},
        {"poverty_line", policy->n_poverty_line},
        {"contribution_rate", policy->n_contribution_rate},
        {"support", policy->n_support},
        {"income_cap", policy->n_income_cap},
        {"support_months", policy->n_support_months},
        {"minimum_age", policy->n_minimum_age},
    };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (counts[i].n == 0 || counts[i].n > POLICY_ROWS_MAX)
            return err_field(err, -EINVAL, counts[i].table, "%s: %zu rows, must be 1 to %d",
                             counts[i].table, counts[i].n, POLICY_ROWS_MAX);
    return 0;
}

int policy_check(const struct policy *policy, struct err *err)
{
    int rc = counts_check(policy, err);
    if (rc == 0)
        rc = amounts_check("reference_level", policy->reference_level, policy->n_reference_level,
                           err);
    if (rc == 0)
        rc = amounts_check("poverty_line", policy->poverty_line, policy->n_poverty_line, err);
    if (rc == 0)
        rc = rates_check("contribution_rate", policy->contribution_rate,
                         policy->n_contribution_rate, err);
    if (rc == 0)
        rc = supports_check("support", policy->support, policy->n_support, err);
    if (rc == 0)
        rc = limits_check("income_cap", policy->income_cap, policy->n_income_cap, err);
    if (rc == 0)
        rc = limits_check("support_months", policy->support_months, policy->n_support_months, err);
    if (rc == 0)
        rc = limits_check("minimum_age", policy->minimum_age, policy->n_minimum_age, err);
    return rc;
}
