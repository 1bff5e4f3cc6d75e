#include "services/payments/leaflet_rules.h"

#include <string.h>

#include "common/domain/calendar.h"

/* What people choose most often between the poverty line and the cap. */
static const int64_t round_sums_vnd[] = {2000000, 2500000, 3000000,  4000000,
                                         5000000, 7000000, 10000000, 20000000};

_Static_assert(ARRAY_LEN(round_sums_vnd) + 2 <= LEAFLET_INCOMES_MAX, "with floor and cap");

/* The tables whose rows a leaflet applies; a pension's figures are of the day alone. */
static const struct {
    enum policy_table_id table;
    int is_watched; /* its next row changes what is paid */
} sources[] = {
    {POLICY_CONTRIBUTION_RATE, 1},  {POLICY_POVERTY_LINE, 1},      {POLICY_REFERENCE_LEVEL, 1},
    {POLICY_INCOME_CAP, 1},         {POLICY_SUPPORT, 1},           {POLICY_SUPPORT_MONTHS, 1},
    {POLICY_LOCAL_SUPPORT, 1},      {POLICY_LOCAL_SHARE, 1},       {POLICY_LOCAL_AMOUNT, 1},
    {POLICY_DONOR_AMOUNT, 1},       {POLICY_METHOD_MONTHS, 1},     {POLICY_METHOD_DEADLINE, 0},
    {POLICY_HEALTH_RATE, 1},        {POLICY_HEALTH_SHARE, 1},      {POLICY_HEALTH_MONTHS, 1},
    {POLICY_RETIREMENT_AGE, 0},     {POLICY_PENSION_YEARS_MIN, 0}, {POLICY_PENSION_RATE, 0},
    {POLICY_PENSION_LUMP_YEARS, 0}, {POLICY_MATERNITY_AMOUNT, 0},  {POLICY_FUNERAL_TIMES, 0},
    {POLICY_MINIMUM_AGE, 0}};

int leaflet_incomes_on(const struct policy *policy, int32_t day, struct leaflet_incomes *ret,
                       struct err *err)
{
    const struct policy_row *line, *level, *cap;
    int rc = policy_need(policy, POLICY_POVERTY_LINE, 0, day, &line, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_REFERENCE_LEVEL, 0, day, &level, err);
    if (rc == 0)
        rc = policy_need(policy, POLICY_INCOME_CAP, 0, day, &cap, err);
    if (rc != 0)
        return rc;
    *ret = (struct leaflet_incomes){.min_vnd = line->value, .max_vnd = level->value * cap->value};
    const struct policy_row *row = policy_on(policy, POLICY_INCOME_STEP, 0, day);
    int64_t step = row != NULL ? row->value : 1;
    ret->vnd[ret->n++] = ret->min_vnd;
    for (size_t i = 0; i <= ARRAY_LEN(round_sums_vnd); i++) {
        int64_t sum =
            i < ARRAY_LEN(round_sums_vnd) ? MIN(round_sums_vnd[i], ret->max_vnd) : ret->max_vnd;
        sum -= (sum - ret->min_vnd) % step;
        if (sum > ret->vnd[ret->n - 1])
            ret->vnd[ret->n++] = sum;
    }
    return 0;
}

/* A row that may matter to a province (0: none); NULL for those of others. */
static const struct policy_row *row_of(const struct policy *policy, enum policy_table_id table,
                                       size_t i, uint32_t province)
{
    const struct policy_row *row = &policy->tables[table].rows[i];
    int is_mine = policy_form(table)->key != KEY_PROVINCE_GROUP ||
                  (province != 0 && row->key >= policy_province_key(province, 1) &&
                   row->key <= policy_province_key(province, POLICY_SPECIAL_ZONE));
    return is_mine ? row : NULL;
}

static void add(struct leaflet_rules *self, enum policy_table_id table,
                const struct policy_row *row)
{
    for (size_t i = 0; i < self->n; i++) {
        const struct leaflet_rule *known = &self->rules[i];
        if (known->table == table && known->row->from_day == row->from_day &&
            strcmp(known->row->citation, row->citation) == 0 &&
            strcmp(known->row->unconfirmed, row->unconfirmed) == 0)
            return;
    }
    if (self->n < LEAFLET_RULES_MAX)
        self->rules[self->n++] = (struct leaflet_rule){table, row};
}

void leaflet_rules_on(const struct policy *policy, uint32_t province, int32_t day,
                      struct leaflet_rules *ret)
{
    ret->n = 0;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        enum policy_table_id table = sources[i].table;
        for (size_t k = 0; k < policy->tables[table].n; k++) {
            const struct policy_row *row = row_of(policy, table, k, province);
            if (row != NULL && row->from_day <= day && day <= row->to_day)
                add(ret, table, row);
        }
    }
}

/* The first day beyond this one on which the row begins or no longer holds. */
static int32_t change_of(const struct policy_row *row, int32_t day)
{
    if (row->from_day > day)
        return row->from_day;
    return row->to_day >= day && row->to_day < INT32_MAX ? row->to_day + 1 : INT32_MAX;
}

int leaflet_next_change(const struct policy *policy, uint32_t province, int32_t day,
                        int32_t *ret_day, struct leaflet_rules *ret)
{
    int32_t next = INT32_MAX;
    ret->n = 0;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        enum policy_table_id table = sources[i].table;
        for (size_t k = 0; sources[i].is_watched && k < policy->tables[table].n; k++) {
            const struct policy_row *row = row_of(policy, table, k, province);
            int32_t change = row == NULL ? INT32_MAX : change_of(row, day);
            if (change < next)
                ret->n = 0; /* those found so far begin later */
            next = MIN(next, change);
            if (row != NULL && row->from_day == next)
                add(ret, table, row);
        }
    }
    if (next == INT32_MAX)
        return 0;
    *ret_day = next;
    return 1;
}
