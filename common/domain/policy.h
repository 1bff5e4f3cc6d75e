/* The law's numbers: tables of effective-dated rows, each with its citation. No I/O.
 *
 * Rows come from the JSON files in deploy/policy by way of common/service/policy.c. The rules in
 * this folder compute with them; nothing here or there is a legal constant. */
#ifndef ANSINH_DOMAIN_POLICY_H
#define ANSINH_DOMAIN_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define POLICY_ROWS_MAX 1024
#define POLICY_KEYS_MAX 1000 /* of one table */
#define POLICY_CITATION_BYTES 96
#define POLICY_BUDGET_MAX_VND 1000000000000000LL
#define FULL_BASIS_POINTS 10000
#define FULL_MILLION 1000000
#define PER_MILLION_OF_BASIS_POINT 100
#define POLICY_FROM_YEARS_MAX 99
#define HEALTH_RANKS 5 /* the last one stands for all that follow */
#define HEALTH_MONTHS_MAX 12

/* Named as in ansinh.v1.PolicyDocument, which says what each one means. */
enum policy_table_id {
    POLICY_REFERENCE_LEVEL,
    POLICY_POVERTY_LINE,
    POLICY_CONTRIBUTION_RATE,
    POLICY_SUPPORT,
    POLICY_INCOME_CAP,
    POLICY_SUPPORT_MONTHS,
    POLICY_MINIMUM_AGE,
    POLICY_FUND_RATE,
    POLICY_FUTURE_YEARS_MIN,
    POLICY_FUTURE_YEARS_MAX,
    POLICY_MISSING_MONTHS_MAX,
    POLICY_HEALTH_RATE,
    POLICY_HEALTH_SHARE,
    POLICY_HEALTH_MONTHS,
    POLICY_LOCAL_SUPPORT,
    POLICY_LOCAL_SHARE,
    POLICY_LOCAL_AMOUNT,
    POLICY_BAR,
    POLICY_RETIREMENT_AGE,
    POLICY_PENSION_YEARS_MIN,
    POLICY_PENSION_RATE,
    POLICY_PENSION_RATE_STEP,
    POLICY_PENSION_RATE_MAX,
    POLICY_PENSION_LUMP_YEARS,
    POLICY_PENSION_LUMP_SHARE,
    POLICY_INCOME_COEFFICIENT,
    POLICY_DONOR_AMOUNT,
    POLICY_SWITCHES,
    POLICY_INCOME_STEP,
    POLICY_METHOD_MONTHS,
    POLICY_METHOD_DEADLINE,
    POLICY_COMMISSION,
    POLICY_EARLY_JOINER_AGE,
    POLICY_EARLY_JOINER_YEARS,
    POLICY_PENSION_LATE_LUMP_SHARE,
    POLICY_MATERNITY_AMOUNT,
    POLICY_MATERNITY_MONTHS,
    POLICY_MATERNITY_WINDOW,
    POLICY_FUNERAL_TIMES,
    POLICY_FUNERAL_MONTHS,
    POLICY_SURVIVOR_SHARE,
    POLICY_SURVIVOR_MONTHS,
    POLICY_SURVIVOR_PENSION_MONTHS,
    POLICY_SURVIVOR_PENSION_FULL_MONTHS,
    POLICY_SURVIVOR_PENSION_MIN_MONTHS,
    POLICY_ONE_OFF_SHARE,
    POLICY_ONE_OFF_WAIT_MONTHS,
    POLICY_ONE_OFF_YEARS_MAX,
    POLICY_SOCIAL_PENSION_AGE,
    POLICY_SOCIAL_PENSION_AMOUNT,
    POLICY_HEALTH_GAP_DAYS,
    POLICY_HEALTH_WAIT_DAYS,
    POLICY_REFUND,
    POLICY_INCOME_FLOOR,
    POLICY_PENSIONER_HEALTH,
    POLICY_MATERNITY_FILING_DAYS,
    POLICY_MATERNITY_SETTLING_DAYS,
    POLICY_ONE_OFF_INCAPACITY,
    POLICY_ONE_OFF_SETTLING_DAYS,
    POLICY_MONTHLY_ALLOWANCE,
    POLICY_MISSING_MONTHS_LEAD,
    POLICY_TABLES
};

enum policy_unit {
    UNIT_VND,
    UNIT_BASIS_POINTS, /* 22 % = 2200 */
    UNIT_PER_MILLION,  /* 0.31 % = 3100 */
    UNIT_TIMES,
    UNIT_MONTHS,
    UNIT_YEARS,
    UNIT_AGE,         /* "60y3m" = 723 months */
    UNIT_COEFFICIENT, /* "2.29" = 229 */
    UNIT_DAYS,
    UNIT_CHOICE, /* enum policy_choice */
    UNIT_NONE    /* the row's being there says all; its value is 0 */
};

/* What tells the rows of one day apart. */
enum policy_key {
    KEY_NONE,           /* one row a day; its key is 0 */
    KEY_GROUP,          /* enum support_group, or POLICY_SPECIAL_ZONE */
    KEY_ANY_GROUP,      /* enum support_group, or 0 for everybody else */
    KEY_PROVINCE_GROUP, /* policy_province_key() */
    KEY_RANK,           /* of a household's member */
    KEY_BAR,            /* enum eligibility_bar */
    KEY_SEX,            /* enum sex */
    KEY_SEX_YEARS,      /* policy_sex_years_key() */
    KEY_YEAR,           /* of the calendar */
    KEY_METHOD,         /* enum method */
    KEY_METHOD_RENEWAL, /* policy_renewal_key() */
    KEY_SWITCH,         /* enum policy_switch */
    KEY_REASON,         /* enum refund_reason */
    KEY_VALUE           /* the value itself: the rows of a day are a set */
};

#define SUPPORT_GROUPS 5 /* numbers of ansinh.v1.SupportGroup; 0 unspecified */
#define POLICY_SPECIAL_ZONE                                                                        \
    SUPPORT_GROUPS /* residents of island communes and special zones, any group */

#define METHODS 7 /* numbers of ansinh.v1.Method; 0 unspecified */

/* Numbers of ansinh.v1.PolicySwitch, which says what each one decides. */
enum policy_switch {
    SWITCH_NONE,
    SWITCH_INCOME_STEP,
    SWITCH_BACK_PAYMENT,
    SWITCH_EARLIER_SUPPORT_COUNTS,
    SWITCH_LUMP_ROUNDING,
    SWITCH_HEALTH_WAIT,
    SWITCH_YEARS_AHEAD_AT_RETIREMENT,
    POLICY_SWITCHES_END
};

/* Numbers of ansinh.v1.PolicyChoice. */
enum policy_choice {
    CHOICE_NONE,
    CHOICE_OFF,
    CHOICE_ON,
    CHOICE_WARN,
    CHOICE_REFUSE,
    CHOICE_HALF_UP,
    CHOICE_DOWN,
    CHOICE_UP,
    POLICY_CHOICES_END
};

/* Valid on days from..to inclusive. */
struct policy_row {
    int32_t from_day, to_day;
    int32_t key;
    int64_t value;      /* in the table's unit */
    int64_t budget_vnd; /* of local and donors' rows; 0: no limit */
    char citation[POLICY_CITATION_BYTES];
    char unconfirmed[POLICY_CITATION_BYTES]; /* what is to be confirmed on the primary text */
    int is_repeal; /* for policy_lay alone: on these days there is no such row */
};

/* Rows by key, for policy_on: the place of the first row of a key in the table and that of the next
 * one, each plus 1; 0 ends. Later days come first. */
struct policy_index {
    size_t n; /* rows when it was made: with another number of rows it is not used */
    int32_t key_min, key_max;
    uint16_t first[POLICY_KEYS_MAX];
    uint16_t next[POLICY_ROWS_MAX];
};

struct policy_table {
    struct policy_row rows[POLICY_ROWS_MAX];
    size_t n;
    struct policy_index index; /* made by policy_check */
};

struct policy {
    struct policy_table tables[POLICY_TABLES];
};

/* What may stand in a table. */
struct policy_form {
    const char *name;
    int64_t value_min, value_max; /* keep every product of the rules inside int64 */
    enum policy_unit unit;
    enum policy_key key;
    int32_t key_min, key_max, key_needed; /* keys from key_min to key_needed must have rows */
    int is_optional;                      /* may be empty, and rows may leave days out */
};

const struct policy_form *policy_form(enum policy_table_id table);

/* Number of a province's code, two digits; 0 for any other text. */
uint32_t policy_province(const char *code);

/* Key of a province's rows: group is an enum support_group or POLICY_SPECIAL_ZONE. */
int32_t policy_province_key(uint32_t province, int32_t group);

/* The province of such a key. */
uint32_t policy_key_province(int32_t key);

/* Key of a sex's row that holds from so many years on, at most POLICY_FROM_YEARS_MAX. */
int32_t policy_sex_years_key(int32_t sex, int32_t from_years);

/* Key of a method's row for those who join, or who go on. */
int32_t policy_renewal_key(int32_t method, int is_renewal);

/* The row in force on a day; NULL without one. */
const struct policy_row *policy_on(const struct policy *policy, enum policy_table_id table,
                                   int32_t key, int32_t day);

/* The same for a rule that cannot do without: -ERANGE, field "on", naming table and day, and on
 * which day the table begins. */
int policy_need(const struct policy *policy, enum policy_table_id table, int32_t key, int32_t day,
                const struct policy_row **ret, struct err *err) MUST_CHECK;

/* What a switch says on a day; CHOICE_NONE on a day before the tables begin. */
enum policy_choice policy_choice_on(const struct policy *policy, enum policy_switch name,
                                    int32_t day);

/* Whether a switch knows a choice. */
int policy_has_choice(int32_t name, int64_t choice);

/* Every table that is not optional has rows, each row a citation and a value in its range; no two
 * rows for the same thing overlap, there is no gap between the first and the last, and a
 * switch has a choice that it knows. -EINVAL naming table and row (counted from 1), with err->field
 * the table. Rows that are right are indexed for policy_on: who changes their keys or days
 * afterwards, or puts others in their place, calls it again. */
int policy_check(struct policy *policy, struct err *err) MUST_CHECK;

#endif
