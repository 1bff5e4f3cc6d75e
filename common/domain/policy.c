#include "common/domain/policy.h"

#include <errno.h>

#include "common/domain/calendar.h"

#define VND_MAX 1000000000LL
#define AGE_MAX 150

/* A table with one row a day. */
#define PLAIN(name, unit, min, max)                                                                \
    {                                                                                              \
        name, unit, min, max, KEY_NONE, 0, 0, 0                                                    \
    }

static const struct policy_form forms[POLICY_TABLES] = {
    [POLICY_REFERENCE_LEVEL] = PLAIN("reference_level", UNIT_VND, 1, VND_MAX),
    [POLICY_POVERTY_LINE] = PLAIN("poverty_line", UNIT_VND, 1, VND_MAX),
    [POLICY_CONTRIBUTION_RATE] =
        PLAIN("contribution_rate", UNIT_BASIS_POINTS, 1, FULL_BASIS_POINTS),
    [POLICY_SUPPORT] = {"support", UNIT_BASIS_POINTS, 0, FULL_BASIS_POINTS, KEY_GROUP, 1,
                        POLICY_SPECIAL_ZONE, SUPPORT_GROUPS - 1},
    [POLICY_INCOME_CAP] = PLAIN("income_cap", UNIT_TIMES, 1, 100),
    [POLICY_SUPPORT_MONTHS] = PLAIN("support_months", UNIT_MONTHS, 1, 1000),
    [POLICY_MINIMUM_AGE] = PLAIN("minimum_age", UNIT_YEARS, 1, AGE_MAX),
    [POLICY_FUND_RATE] = PLAIN("fund_rate", UNIT_PER_MILLION, 0, FULL_MILLION / 50),
    [POLICY_FUTURE_YEARS_MIN] = PLAIN("future_years_min", UNIT_YEARS, 1, 10),
    [POLICY_FUTURE_YEARS_MAX] = PLAIN("future_years_max", UNIT_YEARS, 1, 10),
    [POLICY_MISSING_MONTHS_MAX] = PLAIN("missing_months_max", UNIT_MONTHS, 1, 120),
    [POLICY_HEALTH_RATE] = PLAIN("health_rate", UNIT_BASIS_POINTS, 1, FULL_BASIS_POINTS),
    [POLICY_HEALTH_SHARE] = {"health_share", UNIT_BASIS_POINTS, 0, FULL_BASIS_POINTS, KEY_RANK, 1,
                             HEALTH_RANKS, HEALTH_RANKS},
    [POLICY_HEALTH_MONTHS] = {"health_months", UNIT_MONTHS, 1, HEALTH_MONTHS_MAX, KEY_VALUE, 1,
                              HEALTH_MONTHS_MAX, 0},
};

const struct policy_form *policy_form(enum policy_table_id table)
{
    return &forms[table];
}

const struct policy_row *policy_on(const struct policy *policy, enum policy_table_id table,
                                   int32_t key, int32_t day)
{
    const struct policy_table *self = &policy->tables[table];
    for (size_t i = 0; i < self->n; i++) {
        const struct policy_row *row = &self->rows[i];
        if (row->key == key && row->from_day <= day && day <= row->to_day)
            return row;
    }
    return NULL;
}

int policy_need(const struct policy *policy, enum policy_table_id table, int32_t key, int32_t day,
                const struct policy_row **ret, struct err *err)
{
    char date[DATE_TEXT_BYTES];
    *ret = policy_on(policy, table, key, day);
    if (*ret != NULL)
        return 0;
    date_format(day, date);
    return err_field(err, -ERANGE, "on", "the tables have no %s for %s", forms[table].name, date);
}
