#include "common/domain/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/eligibility.h"
#include "common/domain/identity.h"
#include "common/domain/refund.h"

#define VND_MAX 1000000000LL
#define AGE_MAX 150
#define SEX_KEYS (POLICY_FROM_YEARS_MAX + 1) /* keys of one sex */
#define PROVINCES_MAX 100                    /* two digits */
#define PROVINCE_KEYS 10                     /* keys of one province */
#define REGULAR_METHODS 4                    /* monthly to yearly */
#define LIMIT_TEXT_BYTES 144

/* A table with one row a day. */
#define PLAIN(name, unit, min, max)                                                                \
    {                                                                                              \
        name, min, max, unit, KEY_NONE, 0, 0, 0, 0                                                 \
    }

/* A table with rows for the groups of provinces; a province need not have any. */
#define LOCAL(name, unit, min, max)                                                                \
    {                                                                                              \
        name, min, max, unit, KEY_PROVINCE_GROUP, PROVINCE_KEYS, PROVINCE_KEYS *PROVINCES_MAX - 1, \
            0, 1                                                                                   \
    }

/* A table with rows for a sex from so many years on. */
#define RATES(name)                                                                                \
    {                                                                                              \
        name, 0, FULL_BASIS_POINTS, UNIT_BASIS_POINTS, KEY_SEX_YEARS, SEX_IS_FEMALE *SEX_KEYS,     \
            SEX_IS_MALE *SEX_KEYS + POLICY_FROM_YEARS_MAX, 0, 0                                    \
    }

/* A table with rows for each method that is paid regularly. */
#define METHOD(name)                                                                               \
    {                                                                                              \
        name, 1, 12, UNIT_MONTHS, KEY_METHOD, 1, METHODS - 1, REGULAR_METHODS, 0                   \
    }

static const struct policy_form forms[POLICY_TABLES] = {
    [POLICY_REFERENCE_LEVEL] = PLAIN("reference_level", UNIT_VND, 1, VND_MAX),
    [POLICY_POVERTY_LINE] = PLAIN("poverty_line", UNIT_VND, 1, VND_MAX),
    [POLICY_CONTRIBUTION_RATE] =
        PLAIN("contribution_rate", UNIT_BASIS_POINTS, 1, FULL_BASIS_POINTS),
    [POLICY_SUPPORT] = {"support", 0, FULL_BASIS_POINTS, UNIT_BASIS_POINTS, KEY_GROUP, 1,
                        POLICY_SPECIAL_ZONE, SUPPORT_GROUPS - 1, 0},
    [POLICY_INCOME_CAP] = PLAIN("income_cap", UNIT_TIMES, 1, 100),
    [POLICY_SUPPORT_MONTHS] = PLAIN("support_months", UNIT_MONTHS, 1, 1000),
    [POLICY_MINIMUM_AGE] = PLAIN("minimum_age", UNIT_YEARS, 1, AGE_MAX),
    [POLICY_FUND_RATE] = PLAIN("fund_rate", UNIT_PER_MILLION, 0, FULL_MILLION / 50),
    [POLICY_FUTURE_YEARS_MIN] = PLAIN("future_years_min", UNIT_YEARS, 1, 10),
    [POLICY_FUTURE_YEARS_MAX] = PLAIN("future_years_max", UNIT_YEARS, 1, 10),
    [POLICY_MISSING_MONTHS_MAX] = PLAIN("missing_months_max", UNIT_MONTHS, 1, 120),
    [POLICY_HEALTH_RATE] = PLAIN("health_rate", UNIT_BASIS_POINTS, 1, FULL_BASIS_POINTS),
    [POLICY_HEALTH_SHARE] = {"health_share", 0, FULL_BASIS_POINTS, UNIT_BASIS_POINTS, KEY_RANK, 1,
                             HEALTH_RANKS, HEALTH_RANKS, 0},
    [POLICY_HEALTH_MONTHS] = {"health_months", 1, HEALTH_MONTHS_MAX, UNIT_MONTHS, KEY_VALUE, 1,
                              HEALTH_MONTHS_MAX, 0, 0},
    [POLICY_LOCAL_SUPPORT] = LOCAL("local_support", UNIT_BASIS_POINTS, 1, FULL_BASIS_POINTS),
    [POLICY_LOCAL_SHARE] = LOCAL("local_share", UNIT_BASIS_POINTS, 1, FULL_BASIS_POINTS),
    [POLICY_LOCAL_AMOUNT] = LOCAL("local_amount", UNIT_VND, 1, VND_MAX),
    [POLICY_BAR] = {"bar", 0, 0, UNIT_NONE, KEY_BAR, BAR_AGE + 1, ELIGIBILITY_BARS - 1, 0, 1},
    [POLICY_RETIREMENT_AGE] = {"retirement_age", 1, AGE_MAX * 12, UNIT_AGE, KEY_SEX, SEX_IS_FEMALE,
                               SEX_IS_MALE, SEX_IS_MALE, 0},
    [POLICY_PENSION_YEARS_MIN] = PLAIN("pension_years_min", UNIT_YEARS, 1, 50),
    [POLICY_PENSION_RATE] = RATES("pension_rate"),
    [POLICY_PENSION_RATE_STEP] = RATES("pension_rate_step"),
    [POLICY_PENSION_RATE_MAX] = PLAIN("pension_rate_max", UNIT_BASIS_POINTS, 1, FULL_BASIS_POINTS),
    [POLICY_PENSION_LUMP_YEARS] = {"pension_lump_years", 1, 50, UNIT_YEARS, KEY_SEX, SEX_IS_FEMALE,
                                   SEX_IS_MALE, SEX_IS_MALE, 0},
    [POLICY_PENSION_LUMP_SHARE] =
        PLAIN("pension_lump_share", UNIT_BASIS_POINTS, 1, 10 * FULL_BASIS_POINTS),
    [POLICY_INCOME_COEFFICIENT] = {"income_coefficient", 100, 10000, UNIT_COEFFICIENT, KEY_YEAR,
                                   1900, 2199, 0, 0},
    [POLICY_DONOR_AMOUNT] = LOCAL("donor_amount", UNIT_VND, 1, VND_MAX),
    [POLICY_SWITCHES] = {"switches", CHOICE_OFF, POLICY_CHOICES_END - 1, UNIT_CHOICE, KEY_SWITCH, 1,
                         POLICY_SWITCHES_END - 1, POLICY_SWITCHES_END - 1, 0},
    [POLICY_INCOME_STEP] = PLAIN("income_step", UNIT_VND, 1, VND_MAX),
    [POLICY_METHOD_MONTHS] = METHOD("method_months"),
    [POLICY_METHOD_DEADLINE] = METHOD("method_deadline"),
    [POLICY_COMMISSION] = {"commission", 0, FULL_BASIS_POINTS, UNIT_BASIS_POINTS,
                           KEY_METHOD_RENEWAL, 1, 2 * METHODS - 1, 0, 1},
    [POLICY_EARLY_JOINER_AGE] = {"early_joiner_age", 1, AGE_MAX * 12, UNIT_AGE, KEY_SEX,
                                 SEX_IS_FEMALE, SEX_IS_MALE, SEX_IS_MALE, 0},
    [POLICY_EARLY_JOINER_YEARS] = PLAIN("early_joiner_years", UNIT_YEARS, 1, 50),
    [POLICY_PENSION_LATE_LUMP_SHARE] =
        PLAIN("pension_late_lump_share", UNIT_BASIS_POINTS, 1, 10 * FULL_BASIS_POINTS),
    [POLICY_MATERNITY_AMOUNT] = PLAIN("maternity_amount", UNIT_VND, 1, VND_MAX),
    [POLICY_MATERNITY_MONTHS] = PLAIN("maternity_months", UNIT_MONTHS, 1, 120),
    [POLICY_MATERNITY_WINDOW] = PLAIN("maternity_window", UNIT_MONTHS, 1, 120),
    [POLICY_FUNERAL_TIMES] = PLAIN("funeral_times", UNIT_TIMES, 1, 100),
    [POLICY_FUNERAL_MONTHS] = PLAIN("funeral_months", UNIT_MONTHS, 1, 600),
    [POLICY_SURVIVOR_SHARE] = PLAIN("survivor_share", UNIT_BASIS_POINTS, 1, 10 * FULL_BASIS_POINTS),
    [POLICY_SURVIVOR_MONTHS] = PLAIN("survivor_months", UNIT_MONTHS, 1, 600),
    [POLICY_SURVIVOR_PENSION_MONTHS] = PLAIN("survivor_pension_months", UNIT_MONTHS, 1, 600),
    [POLICY_SURVIVOR_PENSION_FULL_MONTHS] =
        PLAIN("survivor_pension_full_months", UNIT_MONTHS, 0, 600),
    [POLICY_SURVIVOR_PENSION_MIN_MONTHS] =
        PLAIN("survivor_pension_min_months", UNIT_MONTHS, 1, 600),
    [POLICY_ONE_OFF_SHARE] = PLAIN("one_off_share", UNIT_BASIS_POINTS, 1, 10 * FULL_BASIS_POINTS),
    [POLICY_ONE_OFF_WAIT_MONTHS] = PLAIN("one_off_wait_months", UNIT_MONTHS, 1, 120),
    [POLICY_ONE_OFF_YEARS_MAX] = PLAIN("one_off_years_max", UNIT_YEARS, 1, 50),
    [POLICY_SOCIAL_PENSION_AGE] = {"social_pension_age", 1, AGE_MAX * 12, UNIT_AGE, KEY_ANY_GROUP,
                                   0, SUPPORT_GROUPS - 1, 0, 0},
    [POLICY_SOCIAL_PENSION_AMOUNT] = PLAIN("social_pension_amount", UNIT_VND, 1, VND_MAX),
    [POLICY_HEALTH_GAP_DAYS] = PLAIN("health_gap_days", UNIT_DAYS, 1, 3660),
    [POLICY_HEALTH_WAIT_DAYS] = PLAIN("health_wait_days", UNIT_DAYS, 1, 3660),
    [POLICY_MISSING_MONTHS_LEAD] = PLAIN("missing_months_lead", UNIT_MONTHS, 0, 120),
    [POLICY_REFUND] = {"refund", 0, 0, UNIT_NONE, KEY_REASON, 1, REFUND_REASONS_END - 1, 0, 1},
    [POLICY_INCOME_FLOOR] = PLAIN("income_floor", UNIT_TIMES, 1, 100),
    [POLICY_PENSIONER_HEALTH] = PLAIN("pensioner_health", UNIT_NONE, 0, 0),
    [POLICY_MATERNITY_FILING_DAYS] = PLAIN("maternity_filing_days", UNIT_DAYS, 1, 3660),
    [POLICY_MATERNITY_SETTLING_DAYS] = PLAIN("maternity_settling_days", UNIT_DAYS, 1, 366),
    [POLICY_ONE_OFF_INCAPACITY] =
        PLAIN("one_off_incapacity", UNIT_BASIS_POINTS, 1, FULL_BASIS_POINTS),
    [POLICY_ONE_OFF_SETTLING_DAYS] = PLAIN("one_off_settling_days", UNIT_DAYS, 1, 366),
    [POLICY_MONTHLY_ALLOWANCE] = PLAIN("monthly_allowance", UNIT_NONE, 0, 0),
};

const struct policy_form *policy_form(enum policy_table_id table)
{
    return &forms[table];
}

static uint32_t digit(char c)
{
    return c >= '0' && c <= '9' ? (uint32_t)(c - '0') : PROVINCES_MAX;
}

uint32_t policy_province(const char *code)
{
    if (strlen(code) != 2)
        return 0;
    uint32_t number = digit(code[0]) * 10 + digit(code[1]);
    return number < PROVINCES_MAX ? number : 0;
}

int32_t policy_province_key(uint32_t province, int32_t group)
{
    return (int32_t)MIN(province, PROVINCES_MAX) * PROVINCE_KEYS + group;
}

uint32_t policy_key_province(int32_t key)
{
    return (uint32_t)key / PROVINCE_KEYS;
}

int32_t policy_sex_years_key(int32_t sex, int32_t from_years)
{
    return sex * SEX_KEYS + from_years;
}

int32_t policy_renewal_key(int32_t method, int is_renewal)
{
    return method + (is_renewal ? METHODS : 0);
}

enum policy_choice policy_choice_on(const struct policy *policy, enum policy_switch name,
                                    int32_t day)
{
    const struct policy_row *row = policy_on(policy, POLICY_SWITCHES, (int32_t)name, day);
    return row == NULL ? CHOICE_NONE : (enum policy_choice)row->value;
}

static int is_on(const struct policy_row *row, int32_t key, int32_t day)
{
    return row->key == key && row->from_day <= day && day <= row->to_day;
}

const struct policy_row *policy_on(const struct policy *policy, enum policy_table_id table,
                                   int32_t key, int32_t day)
{
    const struct policy_table *self = &policy->tables[table];
    const struct policy_index *index = &self->index;
    if (index->n != self->n) { /* under construction */
        for (size_t i = 0; i < self->n; i++)
            if (is_on(&self->rows[i], key, day))
                return &self->rows[i];
        return NULL;
    }
    if (self->n == 0 || key < index->key_min || key > index->key_max)
        return NULL;
    for (size_t i = index->first[key - index->key_min]; i != 0; i = index->next[i - 1])
        if (is_on(&self->rows[i - 1], key, day))
            return &self->rows[i - 1];
    return NULL;
}

/* The row of a key that is nearest to a day without one; of any key when the key has none. */
static const struct policy_row *nearest(const struct policy_table *table, int32_t key, int32_t day)
{
    const struct policy_row *ret = NULL;
    int64_t least = INT64_MAX;
    int has_key = 0;
    for (size_t i = 0; i < table->n; i++) {
        const struct policy_row *row = &table->rows[i];
        int is_key = row->key == key;
        int64_t days =
            row->from_day > day ? (int64_t)row->from_day - day : (int64_t)day - row->to_day;
        if (is_key < has_key || (is_key == has_key && days >= least))
            continue;
        ret = row;
        least = days;
        has_key = is_key;
    }
    return ret;
}

/* ": they begin on ..." or ": they end on ...", and by what text; nothing for an empty table. */
static const char *limit_format(const struct policy_row *row, int32_t day,
                                char ret[LIMIT_TEXT_BYTES])
{
    char date[DATE_TEXT_BYTES];
    ret[0] = '\0';
    if (row == NULL || (row->from_day <= day && day <= row->to_day)) /* of another key */
        return ret;
    int is_early = row->from_day > day;
    date_format(is_early ? row->from_day : row->to_day, date);
    (void)snprintf(ret, LIMIT_TEXT_BYTES, ": they %s on %s (%s)", is_early ? "begin" : "end", date,
                   row->citation);
    return ret;
}

int policy_need(const struct policy *policy, enum policy_table_id table, int32_t key, int32_t day,
                const struct policy_row **ret, struct err *err)
{
    char date[DATE_TEXT_BYTES], limit[LIMIT_TEXT_BYTES];
    *ret = policy_on(policy, table, key, day);
    if (*ret != NULL)
        return 0;
    date_format(day, date);
    return err_field(err, -ERANGE, "on", "the tables have no %s for %s%s", forms[table].name, date,
                     limit_format(nearest(&policy->tables[table], key, day), day, limit));
}
