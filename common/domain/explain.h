/* How a computed sum explains itself: lines with a text, its operands, an amount and the text of
 * the law. Rules only note what they did; words are made when somebody reads them. */
#ifndef ANSINH_DOMAIN_EXPLAIN_H
#define ANSINH_DOMAIN_EXPLAIN_H

#include <stddef.h>
#include <stdint.h>

#include "common/domain/policy.h"

#define EXPLAIN_LINES_MAX 12
#define EXPLAIN_OPERANDS_MAX 5
#define EXPLANATION_BYTES 320
#define VND_TEXT_BYTES 27 /* 19 digits, 6 commas, sign, NUL */
#define PERCENT_TEXT_BYTES 16

enum language { LANGUAGE_IS_VI = 1, LANGUAGE_IS_EN }; /* numbers of ansinh.v1.Language */

/* The sentences of explain_texts.c. A new one is a value here and a row there. */
enum explain_text {
    TEXT_CONTRIBUTION,           /* rate, income, months */
    TEXT_DISCOUNT,               /* monthly rate, months */
    TEXT_INTEREST,               /* monthly rate, months */
    TEXT_CENTRAL_SUPPORT,        /* share, rate, poverty line, months */
    TEXT_CENTRAL_SUPPORT_LAST,   /* the same: no supported month is left after them */
    TEXT_CENTRAL_SUPPORT_USED,   /* months of the limit */
    TEXT_LOCAL_SHARE,            /* share, rate, base, months */
    TEXT_LOCAL_SHARE_CUT,        /* the same, but no more than is left to pay */
    TEXT_LOCAL_AMOUNT,           /* dong a month, months */
    TEXT_LOCAL_AMOUNT_CUT,       /* the same, but no more than is left to pay */
    TEXT_DONOR_AMOUNT,           /* dong a month, months */
    TEXT_DONOR_AMOUNT_CUT,       /* the same, but no more than is left to pay */
    TEXT_INCOME_STEP,            /* income, floor, cap, step, highest below the income */
    TEXT_PAST_RETIREMENT_AGE,    /* month in which it is reached, months, years */
    TEXT_UNUSED_MONTHS,          /* rate, income, months */
    TEXT_UNUSED_DISCOUNT,        /* monthly rate, months */
    TEXT_UNUSED_CENTRAL,         /* months of support */
    TEXT_UNUSED_LOCAL,           /* months of support */
    TEXT_UNUSED_DONOR,           /* months of support */
    TEXT_MEMBER_REDUCTION,       /* rank, share */
    TEXT_MEMBER_REDUCTION_LATER, /* rank, share */
    TEXT_HEALTH_WAIT,            /* days of waiting, days of the gap that bring it */
    TEXT_RETIREMENT_AGE,         /* age, month in which it is reached */
    TEXT_REQUIRED_YEARS,         /* years, duration paid, last month paid */
    TEXT_AVERAGE_INCOME,         /* income, months */
    TEXT_PENSION,                /* rate, average */
    TEXT_PENSION_LUMP,           /* share, average, half years above, years */
    TEXT_PENSION_LUMP_LATE,      /* the same, of those paid after the retirement age */
    TEXT_RETIREMENT_AGE_EARLY,   /* age, month, day of joining, years needed */
    TEXT_AVERAGE_INCOMES,        /* lowest income, highest, months */
    TEXT_SUM_CONTRIBUTION,       /* months, as the others of a sum */
    TEXT_SUM_DISCOUNT,
    TEXT_SUM_INTEREST,
    TEXT_SUM_CENTRAL,
    TEXT_SUM_LOCAL,
    TEXT_SUM_DONOR,
    TEXT_MISSING_MONTHS,          /* months, month of the payment, most months */
    TEXT_MATERNITY,               /* amount, children */
    TEXT_WINDOW_MET,              /* months paid, window, months needed */
    TEXT_WINDOW_NOT_MET,          /* the same */
    TEXT_MONTHS_MET,              /* months paid, months needed */
    TEXT_MONTHS_NOT_MET,          /* the same */
    TEXT_MET_FROM,                /* month */
    TEXT_MATERNITY_ONE_PARENT,    /* none */
    TEXT_MATERNITY_FILING,        /* days */
    TEXT_SETTLING,                /* working days */
    TEXT_FUNERAL,                 /* times, reference level */
    TEXT_PENSIONER_MET,           /* none */
    TEXT_SURVIVOR,                /* share, average, half years, first day of their law */
    TEXT_SURVIVOR_PAID,           /* months paid, months needed for more */
    TEXT_SURVIVOR_OF_PENSIONER,   /* pensions, pension, months drawn */
    TEXT_SURVIVOR_LESS,           /* most months, months in which they are full, least months */
    TEXT_ONE_OFF,                 /* as TEXT_SURVIVOR */
    TEXT_ONE_OFF_PAID,            /* paid, share, average */
    TEXT_ONE_OFF_SUPPORT,         /* none */
    TEXT_ONE_OFF_AGE_MET,         /* month of the age, years needed, duration paid */
    TEXT_ONE_OFF_AGE_NOT_MET,     /* the same */
    TEXT_ONE_OFF_STOPPED_MET,     /* first day of the rule, months to wait, years */
    TEXT_ONE_OFF_STOPPED_NOT_MET, /* the same */
    TEXT_ONE_OFF_EMIGRATION,      /* none */
    TEXT_ONE_OFF_DISEASE,         /* none */
    TEXT_ONE_OFF_INCAPACITY,      /* share */
    TEXT_MONTHLY_ALLOWANCE,       /* none */
    TEXT_SOCIAL_PENSION,          /* dong a month */
    TEXT_SOCIAL_PENSION_AGE,      /* age, month */
    TEXT_SOCIAL_PENSION_INSTEAD,  /* first month of the pension */
    TEXT_SOCIAL_PENSION_WITHOUT,  /* none */
    TEXT_PENSIONER_HEALTH,        /* first month of the pension */
    TEXT_COMMISSION_NEW,          /* share, participant's part */
    TEXT_COMMISSION_RENEWAL,      /* the same */
    TEXT_ASSUME_RULES,            /* day, as of those without a citation */
    TEXT_ASSUME_TODAYS_MONEY,     /* none */
    TEXT_ASSUME_NO_GUARANTEE,     /* none */
    TEXT_ASSUME_EVERY_MONTH,      /* first and last month */
    TEXT_ASSUME_SUPPORT,          /* none */
    TEXT_BAR_AGE,                 /* years of age, years needed */
    TEXT_BAR_COMPULSORY_SI,       /* none, as the others of enum eligibility_bar */
    TEXT_BAR_PENSION,
    TEXT_BAR_ALLOWANCE,
    TEXT_BAR_FOREIGN_CITIZEN,
    EXPLAIN_TEXTS
};

enum operand_unit { /* numbers of ansinh.v1.OperandUnit */
                    OPERAND_NONE,
                    OPERAND_COUNT,
                    OPERAND_VND,
                    OPERAND_PER_MILLION, /* 220000: "22 %" */
                    OPERAND_MONTHS,      /* 3: "3 months" */
                    OPERAND_YEARS,       /* 15: "15 years" */
                    OPERAND_HALF_YEARS,  /* 7: "3.5" */
                    OPERAND_AGE,         /* in months, 723: "60 years 3 months" */
                    OPERAND_DURATION,    /* in months, 181: "15 years 1 month" */
                    OPERAND_MONTH,       /* of the calendar, as calendar.h: "2047-06" */
                    OPERAND_DATE,        /* day, as calendar.h: "2047-06-30" */
                    OPERAND_COEFFICIENT, /* in hundredths, 229: "2.29" */
                    OPERAND_DAYS,        /* 30: "30 days" */
                    OPERAND_HALF_MONTHS, /* 95: "47.5 months" */
                    OPERAND_UNITS
};

struct operand {
    enum operand_unit unit;
    int64_t value;
};

struct explain_line {
    enum explain_text text;
    uint32_t n_operands;
    int64_t amount_vnd;           /* negative for what somebody else pays */
    const struct policy_row *row; /* whose citation; lives as long as the policy */
    struct operand operands[EXPLAIN_OPERANDS_MAX];
};

struct explain_lines {
    size_t n;
    struct explain_line rows[EXPLAIN_LINES_MAX]; /* the first n hold something */
};

/* Words of a text; static. The key is the same for every way to say one thing ("central_support");
 * in a form {i} stands for operand i. */
const char *explain_key(enum explain_text text);
const char *explain_title(enum explain_text text, enum language language);
const char *explain_form(enum explain_text text, enum language language);

/* Fills a line that cites the row: explain_set(line, text, vnd, row, {OPERAND_VND, 5}, ...), with 1
 * to EXPLAIN_OPERANDS_MAX operands. */
#define explain_set(self, text, amount_vnd, row, ...)                                              \
    explain_set_n(self, text, amount_vnd, row, (const struct operand[]){__VA_ARGS__},              \
                  sizeof((const struct operand[]){__VA_ARGS__}) / sizeof(struct operand))
void explain_set_n(struct explain_line *self, enum explain_text text, int64_t amount_vnd,
                   const struct policy_row *row, const struct operand *operands, size_t n);

/* Adds such a line; the caller adds at most EXPLAIN_LINES_MAX. */
#define explain_add(self, text, amount_vnd, row, ...)                                              \
    explain_set(explain_next(self), text, amount_vnd, row, __VA_ARGS__)
struct explain_line *explain_next(struct explain_lines *self);

/* The line in words, cut to size. */
void explain_format(const struct explain_line *line, enum language language, char *ret,
                    size_t size);

/* 1234567 as "1,234,567". */
void vnd_format(int64_t vnd, char ret_text[VND_TEXT_BYTES]);
/* 220000 as "22 %", 225000 as "22.5 %", 3100 as "0.31 %". */
void share_format(int64_t per_million, char ret_text[PERCENT_TEXT_BYTES]);
/* value / unit, half-up; value >= 0. The other rounds as CHOICE_DOWN or CHOICE_UP tells, and
 * half-up for every other choice. */
int64_t divide_half_up(int64_t value, int64_t unit);
int64_t divide_rounded(int64_t value, int64_t unit, enum policy_choice rounding);

#endif
