/* The deployed law against facts that were written down apart from it: which number held from which
 * day on, by which text. Then every number of every row is changed by one, and every day by one,
 * and each of these laws must be found out. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "common/domain/eligibility.h"
#include "common/domain/identity.h"
#include "common/domain/refund.h"
#include "common/service/policy.h"

#define NOTHING (-1) /* as a value: there is no row */
#define OPEN_END INT32_MAX
#define LAST_DAY 21991231
#define FACTS_MAX 512

#define LAW71 "71/2006"
#define LAW58 "58/2014"
#define LAW41 "41/2024"
#define D134 "134/2015"
#define D159 "159/2025"
#define D146 "146/2018"
#define D188 "188/2025"
#define LABOUR "45/2019"
#define LETTER340 "340/BHXH"

/* From this day (YYYYMMDD) to the day before the next fact of the same table and key, or for good,
 * exactly this holds. Before the first one there is nothing. */
struct fact {
    enum policy_table_id table;
    int32_t key;
    int from;
    int64_t value; /* dong, basis points, per million, months of age, hundredths */
    const char *source;
};

static const struct fact numbers[] = {
    /* base salary, since July 2025 the reference level */
    {POLICY_REFERENCE_LEVEL, 0, 20041001, 290000, "203/2004"},
    {POLICY_REFERENCE_LEVEL, 0, 20051001, 350000, "118/2005"},
    {POLICY_REFERENCE_LEVEL, 0, 20061001, 450000, "94/2006"},
    {POLICY_REFERENCE_LEVEL, 0, 20080101, 540000, "166/2007"},
    {POLICY_REFERENCE_LEVEL, 0, 20090501, 650000, "33/2009"},
    {POLICY_REFERENCE_LEVEL, 0, 20100501, 730000, "28/2010"},
    {POLICY_REFERENCE_LEVEL, 0, 20110501, 830000, "22/2011"},
    {POLICY_REFERENCE_LEVEL, 0, 20120501, 1050000, "31/2012"},
    {POLICY_REFERENCE_LEVEL, 0, 20130701, 1150000, "66/2013"},
    {POLICY_REFERENCE_LEVEL, 0, 20160501, 1210000, "47/2016"},
    {POLICY_REFERENCE_LEVEL, 0, 20170701, 1300000, "47/2017"},
    {POLICY_REFERENCE_LEVEL, 0, 20180701, 1390000, "72/2018"},
    {POLICY_REFERENCE_LEVEL, 0, 20190701, 1490000, "38/2019"},
    {POLICY_REFERENCE_LEVEL, 0, 20230701, 1800000, "24/2023"},
    {POLICY_REFERENCE_LEVEL, 0, 20240701, 2340000, "73/2024"},
    {POLICY_REFERENCE_LEVEL, 0, 20260701, 2530000, "161/2026"},
    /* the chosen income: floor, cap, share, step */
    {POLICY_POVERTY_LINE, 0, 20160101, 700000, "59/2015"},
    {POLICY_POVERTY_LINE, 0, 20220101, 1500000, "07/2021"},
    {POLICY_POVERTY_LINE, 0, 20270101, 2200000, "351/2025"},
    {POLICY_INCOME_FLOOR, 0, 20080101, 1, LAW71},
    {POLICY_INCOME_FLOOR, 0, 20160101, NOTHING, ""},
    {POLICY_INCOME_CAP, 0, 20080101, 20, LAW71},
    {POLICY_INCOME_CAP, 0, 20160101, 20, LAW58},
    {POLICY_INCOME_CAP, 0, 20250701, 20, LAW41},
    {POLICY_CONTRIBUTION_RATE, 0, 20080101, 1600, LAW71},
    {POLICY_CONTRIBUTION_RATE, 0, 20100101, 1800, LAW71},
    {POLICY_CONTRIBUTION_RATE, 0, 20120101, 2000, LAW71},
    {POLICY_CONTRIBUTION_RATE, 0, 20140101, 2200, LAW71},
    {POLICY_CONTRIBUTION_RATE, 0, 20160101, 2200, LAW58},
    {POLICY_CONTRIBUTION_RATE, 0, 20250701, 2200, LAW41},
    {POLICY_INCOME_STEP, 0, 20160101, 50000, D134},
    {POLICY_SWITCHES, SWITCH_INCOME_STEP, 20160101, CHOICE_REFUSE, D134},
    {POLICY_SWITCHES, SWITCH_INCOME_STEP, 20250701, CHOICE_WARN, D134},
    /* central support */
    {POLICY_SUPPORT, GROUP_POOR, 20180101, 3000, D134},
    {POLICY_SUPPORT, GROUP_POOR, 20250701, 5000, D159},
    {POLICY_SUPPORT, GROUP_NEAR_POOR, 20180101, 2500, D134},
    {POLICY_SUPPORT, GROUP_NEAR_POOR, 20250701, 4000, D159},
    {POLICY_SUPPORT, GROUP_ETHNIC_MINORITY, 20180101, 1000, D134},
    {POLICY_SUPPORT, GROUP_ETHNIC_MINORITY, 20250701, 3000, D159},
    {POLICY_SUPPORT, GROUP_OTHER, 20180101, 1000, D134},
    {POLICY_SUPPORT, GROUP_OTHER, 20250701, 2000, D159},
    {POLICY_SUPPORT, POLICY_SPECIAL_ZONE, 20250701, 5000, D159},
    {POLICY_SUPPORT_MONTHS, 0, 20180101, 120, D134},
    {POLICY_SUPPORT_MONTHS, 0, 20250701, 120, D159},
    {POLICY_SWITCHES, SWITCH_EARLIER_SUPPORT_COUNTS, 20180101, CHOICE_ON, D159},
    /* who may join */
    {POLICY_MINIMUM_AGE, 0, 20160101, 15, LAW58},
    {POLICY_MINIMUM_AGE, 0, 20250701, 15, LAW41},
    {POLICY_BAR, BAR_COMPULSORY_SI, 20160101, 0, LAW58},
    {POLICY_BAR, BAR_COMPULSORY_SI, 20250701, 0, LAW41},
    {POLICY_BAR, BAR_FOREIGN_CITIZEN, 20160101, 0, LAW58},
    {POLICY_BAR, BAR_FOREIGN_CITIZEN, 20250701, 0, LAW41},
    {POLICY_BAR, BAR_PENSION, 20250701, 0, LAW41},
    {POLICY_BAR, BAR_ALLOWANCE, 20250701, 0, LAW41},
    /* how and when to pay */
    {POLICY_METHOD_MONTHS, METHOD_IS_MONTHLY, 20160101, 1, LAW58},
    {POLICY_METHOD_MONTHS, METHOD_IS_MONTHLY, 20250701, 1, LAW41},
    {POLICY_METHOD_MONTHS, METHOD_IS_QUARTERLY, 20160101, 3, LAW58},
    {POLICY_METHOD_MONTHS, METHOD_IS_QUARTERLY, 20250701, 3, LAW41},
    {POLICY_METHOD_MONTHS, METHOD_IS_HALF_YEARLY, 20160101, 6, LAW58},
    {POLICY_METHOD_MONTHS, METHOD_IS_HALF_YEARLY, 20250701, 6, LAW41},
    {POLICY_METHOD_MONTHS, METHOD_IS_YEARLY, 20160101, 12, LAW58},
    {POLICY_METHOD_MONTHS, METHOD_IS_YEARLY, 20250701, 12, LAW41},
    {POLICY_METHOD_DEADLINE, METHOD_IS_MONTHLY, 20160101, 1, D134},
    {POLICY_METHOD_DEADLINE, METHOD_IS_MONTHLY, 20250701, 1, LAW41},
    {POLICY_METHOD_DEADLINE, METHOD_IS_QUARTERLY, 20160101, 3, D134},
    {POLICY_METHOD_DEADLINE, METHOD_IS_QUARTERLY, 20250701, 3, LAW41},
    {POLICY_METHOD_DEADLINE, METHOD_IS_HALF_YEARLY, 20160101, 4, D134},
    {POLICY_METHOD_DEADLINE, METHOD_IS_HALF_YEARLY, 20250701, 4, LAW41},
    {POLICY_METHOD_DEADLINE, METHOD_IS_YEARLY, 20160101, 7, D134},
    {POLICY_METHOD_DEADLINE, METHOD_IS_YEARLY, 20250701, 7, LAW41},
    {POLICY_SWITCHES, SWITCH_BACK_PAYMENT, 20160101, CHOICE_OFF, D134},
    /* lump sums and what is paid back of them */
    {POLICY_FUND_RATE, 0, 20250101, 3100, "151/BHXH"},
    {POLICY_FUND_RATE, 0, 20260101, 3100, "59/TB-BHXH"},
    {POLICY_FUND_RATE, 0, 20270101, 3100, "59/TB-BHXH"},
    {POLICY_FUTURE_YEARS_MIN, 0, 20250701, 2, LAW41},
    {POLICY_FUTURE_YEARS_MAX, 0, 20250701, 5, LAW41},
    {POLICY_MISSING_MONTHS_MAX, 0, 20250701, 60, LAW41},
    {POLICY_MISSING_MONTHS_LEAD, 0, 20250701, 1, LAW41},
    {POLICY_SWITCHES, SWITCH_LUMP_ROUNDING, 20160101, CHOICE_HALF_UP, D159},
    {POLICY_REFUND, REFUND_REASON_IS_COMPULSORY_SI, 20250701, 0, D159},
    {POLICY_REFUND, REFUND_REASON_IS_ONE_OFF, 20250701, 0, D159},
    {POLICY_REFUND, REFUND_REASON_IS_DEATH, 20250701, 0, D159},
    {POLICY_REFUND, REFUND_REASON_IS_PENSION, 20250701, 0, D159},
    /* family health insurance */
    {POLICY_HEALTH_RATE, 0, 20181201, 450, D146},
    {POLICY_HEALTH_RATE, 0, 20250701, 450, D188},
    {POLICY_HEALTH_SHARE, 1, 20181201, 10000, D146},
    {POLICY_HEALTH_SHARE, 1, 20250701, 10000, D188},
    {POLICY_HEALTH_SHARE, 2, 20181201, 7000, D146},
    {POLICY_HEALTH_SHARE, 2, 20250701, 7000, D188},
    {POLICY_HEALTH_SHARE, 3, 20181201, 6000, D146},
    {POLICY_HEALTH_SHARE, 3, 20250701, 6000, D188},
    {POLICY_HEALTH_SHARE, 4, 20181201, 5000, D146},
    {POLICY_HEALTH_SHARE, 4, 20250701, 5000, D188},
    {POLICY_HEALTH_SHARE, 5, 20181201, 4000, D146},
    {POLICY_HEALTH_SHARE, 5, 20250701, 4000, D188},
    {POLICY_HEALTH_MONTHS, 3, 20181201, 3, D146},
    {POLICY_HEALTH_MONTHS, 3, 20250701, 3, D188},
    {POLICY_HEALTH_MONTHS, 6, 20181201, 6, D146},
    {POLICY_HEALTH_MONTHS, 6, 20250701, 6, D188},
    {POLICY_HEALTH_MONTHS, 12, 20181201, 12, D146},
    {POLICY_HEALTH_MONTHS, 12, 20250701, 12, D188},
    {POLICY_HEALTH_GAP_DAYS, 0, 20181201, 90, D146},
    {POLICY_HEALTH_WAIT_DAYS, 0, 20181201, 30, D146},
    {POLICY_SWITCHES, SWITCH_HEALTH_WAIT, 20181201, CHOICE_ON, D188},
    {POLICY_SWITCHES, SWITCH_YEARS_AHEAD_AT_RETIREMENT, 20250701, CHOICE_REFUSE, LAW41},
    /* pension */
    {POLICY_PENSION_YEARS_MIN, 0, 20160101, 20, LAW58},
    {POLICY_PENSION_YEARS_MIN, 0, 20250701, 15, LAW41},
    {POLICY_PENSION_RATE_MAX, 0, 20160101, 7500, LAW58},
    {POLICY_PENSION_RATE_MAX, 0, 20250701, 7500, LAW41},
    {POLICY_PENSION_LUMP_SHARE, 0, 20160101, 5000, LAW58},
    {POLICY_PENSION_LUMP_SHARE, 0, 20250701, 5000, LAW41},
    {POLICY_PENSION_LATE_LUMP_SHARE, 0, 20250701, 20000, LAW41},
    {POLICY_EARLY_JOINER_AGE, SEX_IS_MALE, 20080101, 60 * 12, LAW41},
    {POLICY_EARLY_JOINER_AGE, SEX_IS_MALE, 20210101, NOTHING, ""},
    {POLICY_EARLY_JOINER_AGE, SEX_IS_FEMALE, 20080101, 55 * 12, LAW41},
    {POLICY_EARLY_JOINER_AGE, SEX_IS_FEMALE, 20210101, NOTHING, ""},
    {POLICY_EARLY_JOINER_YEARS, 0, 20080101, 20, LAW41},
    {POLICY_EARLY_JOINER_YEARS, 0, 20210101, NOTHING, ""},
    {POLICY_PENSIONER_HEALTH, 0, 20250701, 0, "Health Insurance"},
    /* other benefits */
    {POLICY_MATERNITY_AMOUNT, 0, 20250701, 2000000, LAW41},
    {POLICY_MATERNITY_MONTHS, 0, 20250701, 6, LAW41},
    {POLICY_MATERNITY_WINDOW, 0, 20250701, 12, LAW41},
    {POLICY_MATERNITY_FILING_DAYS, 0, 20250701, 60, LAW41},
    {POLICY_MATERNITY_SETTLING_DAYS, 0, 20250701, 5, LAW41},
    {POLICY_FUNERAL_TIMES, 0, 20250701, 10, LAW41},
    {POLICY_FUNERAL_MONTHS, 0, 20250701, 60, LAW41},
    {POLICY_SURVIVOR_SHARE, 0, 20080101, 15000, LAW41},
    {POLICY_SURVIVOR_SHARE, 0, 20140101, 20000, LAW41},
    {POLICY_SURVIVOR_MONTHS, 0, 20250701, 60, LAW41},
    {POLICY_SURVIVOR_PENSION_MONTHS, 0, 20250701, 48, LAW41},
    {POLICY_SURVIVOR_PENSION_FULL_MONTHS, 0, 20250701, 2, LAW41},
    {POLICY_SURVIVOR_PENSION_MIN_MONTHS, 0, 20250701, 3, LAW41},
    {POLICY_ONE_OFF_SHARE, 0, 20080101, 15000, LAW41},
    {POLICY_ONE_OFF_SHARE, 0, 20140101, 20000, LAW41},
    {POLICY_ONE_OFF_WAIT_MONTHS, 0, 20250701, 12, LAW41},
    {POLICY_ONE_OFF_YEARS_MAX, 0, 20250701, 20, LAW41},
    {POLICY_ONE_OFF_INCAPACITY, 0, 20250701, 8100, LAW41},
    {POLICY_ONE_OFF_SETTLING_DAYS, 0, 20250701, 7, LAW41},
    {POLICY_MONTHLY_ALLOWANCE, 0, 20250701, 0, LAW41},
    {POLICY_SOCIAL_PENSION_AGE, GROUP_NONE, 20250701, 75 * 12, LAW41},
    {POLICY_SOCIAL_PENSION_AGE, GROUP_POOR, 20250701, 70 * 12, LAW41},
    {POLICY_SOCIAL_PENSION_AGE, GROUP_NEAR_POOR, 20250701, 70 * 12, LAW41},
    {POLICY_SOCIAL_PENSION_AMOUNT, 0, 20250701, 500000, "176/2025"},
};

/* --- facts that are series --- */

static struct fact facts[FACTS_MAX];
static size_t n_facts;

static void add(enum policy_table_id table, int32_t key, int from, int64_t value,
                const char *source)
{
    assert_true(n_facts < FACTS_MAX);
    facts[n_facts++] = (struct fact){table, key, from, value, source};
}

/* Labour Code, article 169(2): from 60 years 3 months and 55 years 4 months in 2021 every year
 * three months more for men until 62, four for women until 60. */
static void add_ages(void)
{
    add(POLICY_RETIREMENT_AGE, SEX_IS_MALE, 20160101, 60 * 12, LAW58);
    add(POLICY_RETIREMENT_AGE, SEX_IS_FEMALE, 20160101, 55 * 12, LAW58);
    for (int year = 2021; year <= 2035; year++) {
        int n = year - 2020, men = 60 * 12 + 3 * n, women = 55 * 12 + 4 * n;
        add(POLICY_RETIREMENT_AGE, SEX_IS_MALE, year * 10000 + 101, MIN(men, 62 * 12), LABOUR);
        add(POLICY_RETIREMENT_AGE, SEX_IS_FEMALE, year * 10000 + 101, MIN(women, 60 * 12), LABOUR);
    }
}

/* Women: 45 % at 15 years, then 2 % a year, until 2017 3 %. Men: 45 % at 15 years until 2017, a
 * year later every year until 20 in 2022, then 2 % a year; since July 2025 also 40 % at 15 years
 * and 1 % a year. Years beyond those of 75 % bring a lump sum. */
static void add_pensions(void)
{
    const int32_t woman = policy_sex_years_key(SEX_IS_FEMALE, 15);
    const int32_t man = policy_sex_years_key(SEX_IS_MALE, 20);
    const int32_t young_man = policy_sex_years_key(SEX_IS_MALE, 15);
    add(POLICY_PENSION_RATE, woman, 20160101, 4500, LAW58);
    add(POLICY_PENSION_RATE, woman, 20250701, 4500, LAW41);
    add(POLICY_PENSION_RATE_STEP, woman, 20160101, 300, LAW58);
    add(POLICY_PENSION_RATE_STEP, woman, 20180101, 200, LAW58);
    add(POLICY_PENSION_RATE_STEP, woman, 20250701, 200, LAW41);
    add(POLICY_PENSION_LUMP_YEARS, SEX_IS_FEMALE, 20160101, 15 + 30 / 3, LAW58);
    add(POLICY_PENSION_LUMP_YEARS, SEX_IS_FEMALE, 20180101, 15 + 30 / 2, LAW58);
    add(POLICY_PENSION_LUMP_YEARS, SEX_IS_FEMALE, 20250701, 15 + 30 / 2, LAW41);
    for (int years = 15; years <= 20; years++) {
        int from = years == 15 ? 20160101 : (2002 + years) * 10000 + 101;
        add(POLICY_PENSION_RATE, man, from, 4500 + 200 * (20 - years), LAW58);
        add(POLICY_PENSION_LUMP_YEARS, SEX_IS_MALE, from, years + 30 / 2, LAW58);
    }
    add(POLICY_PENSION_RATE, man, 20250701, 4500, LAW41);
    add(POLICY_PENSION_LUMP_YEARS, SEX_IS_MALE, 20250701, 20 + 30 / 2, LAW41);
    add(POLICY_PENSION_RATE_STEP, man, 20160101, 200, LAW58);
    add(POLICY_PENSION_RATE_STEP, man, 20250701, 200, LAW41);
    add(POLICY_PENSION_RATE, young_man, 20250701, 4000, LAW41);
    add(POLICY_PENSION_RATE_STEP, young_man, 20250701, 100, LAW41);
}

/* The letter of 2026, from 2008 on. */
static void add_coefficients(void)
{
    static const int64_t hundredths[] = {229, 214, 196, 165, 151, 142, 136, 136, 132, 128,
                                         123, 120, 116, 114, 111, 107, 103, 100, 100};
    for (size_t i = 0; i < ARRAY_LEN(hundredths); i++)
        add(POLICY_INCOME_COEFFICIENT, 2008 + (int32_t)i, 20260101, hundredths[i], LETTER340);
}

static int facts_gather(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        facts[n_facts++] = numbers[i];
    add_ages();
    add_pensions();
    add_coefficients();
    return 0;
}

/* --- holding a law against them --- */

static int32_t day_of(int date)
{
    return date_make(date / 10000, date / 100 % 100, date % 100);
}

static int holds_on(const struct policy *policy, const struct fact *fact, int32_t day)
{
    const struct policy_table *table = &policy->tables[fact->table];
    const struct policy_row *found = NULL;
    size_t n = 0;
    for (size_t i = 0; i < table->n; i++) {
        const struct policy_row *row = &table->rows[i];
        if (row->key != fact->key || day < row->from_day || row->to_day < day)
            continue;
        found = row;
        n++;
    }
    if (fact->value == NOTHING)
        return n == 0;
    return n == 1 && found->value == fact->value && strstr(found->citation, fact->source) != NULL;
}

static int32_t day_before_next(size_t i)
{
    int32_t last = day_of(LAST_DAY);
    for (size_t k = 0; k < n_facts; k++) {
        if (facts[k].table == facts[i].table && facts[k].key == facts[i].key &&
            facts[k].from > facts[i].from)
            last = MIN(last, day_of(facts[k].from) - 1);
    }
    return last;
}

static int is_first(size_t i)
{
    for (size_t k = 0; k < n_facts; k++)
        if (facts[k].table == facts[i].table && facts[k].key == facts[i].key &&
            facts[k].from < facts[i].from)
            return 0;
    return 1;
}

/* The first fact that this law contradicts; NULL for none. */
static const struct fact *contradiction(const struct policy *policy)
{
    for (size_t i = 0; i < n_facts; i++) {
        struct fact nothing = facts[i];
        nothing.value = NOTHING;
        if (!holds_on(policy, &facts[i], day_of(facts[i].from)) ||
            !holds_on(policy, &facts[i], day_before_next(i)))
            return &facts[i];
        if (is_first(i) && !holds_on(policy, &nothing, day_of(facts[i].from) - 1))
            return &facts[i];
    }
    return NULL;
}

static void the_deployed_law_agrees_with_the_facts(void **state)
{
    (void)state;
    struct policy *policy;
    assert_int_equal(policy_load("deploy/policy", &policy, NULL), 0);
    const struct fact *wrong = contradiction(policy);
    if (wrong != NULL)
        fail_msg("%s key %d: not %lld from %d on by %s", policy_form(wrong->table)->name,
                 wrong->key, (long long)wrong->value, wrong->from, wrong->source);
    policy_destroy(&policy);
}

/* --- changing it --- */

struct mutation {
    const char *what;
    int64_t value;
    int32_t key, from, to; /* what is added */
};

static const struct mutation mutations[] = {
    {"value + 1", 1, 0, 0, 0}, {"value - 1", -1, 0, 0, 0}, {"from + 1", 0, 0, 1, 0},
    {"from - 1", 0, 0, -1, 0}, {"to + 1", 0, 0, 0, 1},     {"to - 1", 0, 0, 0, -1},
    {"key + 1", 0, 1, 0, 0},   {"key - 1", 0, -1, 0, 0},
};

/* An open row gets an end instead. */
static struct policy_row mutant_of(const struct policy_row *row, const struct mutation *by)
{
    struct policy_row mutant = *row;
    mutant.value += by->value;
    mutant.key += by->key;
    mutant.from_day += by->from;
    if (by->to != 0)
        mutant.to_day = row->to_day == OPEN_END ? day_of(LAST_DAY) - 1 : row->to_day + by->to;
    return mutant;
}

static void every_changed_number_is_found(void **state)
{
    (void)state;
    struct policy *policy;
    size_t n = 0, n_refused = 0;
    assert_int_equal(policy_load("deploy/policy", &policy, NULL), 0);
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
        for (size_t i = 0; i < policy->tables[table].n; i++) {
            for (size_t k = 0; k < ARRAY_LEN(mutations); k++, n++) {
                struct policy_row *row = &policy->tables[table].rows[i], saved = *row;
                *row = mutant_of(&saved, &mutations[k]);
                int is_found = contradiction(policy) != NULL;
                n_refused += policy_check(policy, NULL) < 0;
                *row = saved;
                if (!is_found)
                    fail_msg("%s row %zu: nobody notices %s", policy_form(table)->name, i + 1,
                             mutations[k].what);
            }
        }
    }
    assert_int_equal(policy_check(policy, NULL), 0);
    policy_destroy(&policy);
    print_message("%zu changed laws, all contradict a fact of %zu; %zu of them would not load\n", n,
                  n_facts, n_refused);
}

/* A row that is missing, or there twice, is as wrong as a changed one. */
static void every_missing_row_is_found(void **state)
{
    (void)state;
    struct policy *policy;
    assert_int_equal(policy_load("deploy/policy", &policy, NULL), 0);
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
        struct policy_table *rows = &policy->tables[table];
        for (size_t i = 0; i < rows->n; i++) {
            struct policy_row saved = rows->rows[i];
            rows->rows[i] = rows->rows[rows->n - 1];
            rows->n--;
            if (contradiction(policy) == NULL)
                fail_msg("%s row %zu: nobody misses it", policy_form(table)->name, i + 1);
            rows->rows[rows->n++] = rows->rows[i];
            rows->rows[i] = saved;
        }
    }
    policy_destroy(&policy);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_deployed_law_agrees_with_the_facts),
    cmocka_unit_test(every_changed_number_is_found),
    cmocka_unit_test(every_missing_row_is_found),
};

int main(void)
{
    return !!cmocka_run_group_tests_name(__FILE__, tests, facts_gather, NULL);
}
