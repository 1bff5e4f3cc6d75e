#include "tests/support/quote_oracle.h"

#include <gmp.h>
#include <string.h>

#include "common/base/macros.h"

#define NO_SUPPORT_YET 20180101
#define NEW_LAW 20250701
#define MONTHS_MAX 128

/* --- numbers of the law --- */

struct since {
    int date;
    int64_t value;
};

static const struct since poverty_lines[] = {
    {20160101, 700000}, {20220101, 1500000}, {20270101, 2200000}};
static const struct since base_salaries[] = {
    {20130701, 1150000}, {20160501, 1210000}, {20170701, 1300000}, {20180701, 1390000},
    {20190701, 1490000}, {20230701, 1800000}, {20240701, 2340000}, {20260701, 2530000}};
static const int percent_2018[] = {0, 30, 25, 10, 10}, percent_2025[] = {0, 50, 40, 30, 20};
static const unsigned method_months[] = {0, 1, 3, 6, 12}, deadlines[] = {0, 1, 3, 4, 7};

const struct oracle_resolution oracle_resolutions[] = {
    {GIFT_OF_LINE, 15, 4, 1000, 20260101, 20270630},
    {GIFT_OF_LINE, 15, 5, 3000, 20260301, 20291231},
    {GIFT_OF_LINE, 1, 1, 4500, 20200101, 20301231},
    {GIFT_OF_INCOME, 20, 3, 725, 20250701, 20351231},
    {GIFT_OF_INCOME, 15, 4, 500, 20260601, 20280229},
    {GIFT_AMOUNT, 20, 5, 30000, 20250701, 20351231},
    {GIFT_AMOUNT, 1, 1, 50000, 20180101, 20351231},
    {GIFT_AMOUNT, 15, 4, 33333, 20260601, 20270301},
    {GIFT_DONOR, 15, 4, 40000, 20260101, 20301231},
    {GIFT_DONOR, 15, 5, 10000, 20260101, 20301231},
    {GIFT_DONOR, 1, 1, 123457, 20180101, 20351231},
};
const size_t oracle_resolutions_n = ARRAY_LEN(oracle_resolutions);

static int64_t at(const struct since *rows, size_t n, int date)
{
    int64_t value = 0;
    for (size_t i = 0; i < n; i++)
        if (date >= rows[i].date)
            value = rows[i].value;
    return value;
}

static int64_t line_at(int date)
{
    return at(poverty_lines, ARRAY_LEN(poverty_lines), date);
}

static int64_t salary_at(int date)
{
    return at(base_salaries, ARRAY_LEN(base_salaries), date);
}

/* Months since the year 0 of a date as 20260131. */
static int month_number(int date)
{
    return date / 10000 * 12 + date / 100 % 100 - 1;
}

/* Labour Code 45/2019, article 169(2), in months of age. */
static int retirement_age(int sex, int year)
{
    int is_man = sex == 2, first = is_man ? 720 : 660;
    int steps = year - 2020, step = is_man ? 3 : 4, last = is_man ? 744 : 720;
    int age = steps <= 0 ? first : first + steps * step;
    return age > last ? last : age;
}

static int retirement_month(int sex, int birth)
{
    for (int year = 2016;; year++) {
        int month = month_number(birth) + retirement_age(sex, year);
        if (month / 12 <= year)
            return month;
    }
}

/* --- sums --- */

/* num / den in whole dong */
static int64_t rounded(mpz_t num, mpz_t den, enum oracle_rounding rounding)
{
    mpz_t whole, rest;
    mpz_inits(whole, rest, NULL);
    mpz_tdiv_qr(whole, rest, num, den);
    mpz_mul_ui(rest, rest, 2);
    int has_rest = mpz_sgn(rest) > 0, is_half = mpz_cmp(rest, den) >= 0;
    int64_t vnd = mpz_get_si(whole);
    if ((rounding == ROUND_UP && has_rest) || (rounding == ROUND_HALF_UP && is_half))
        vnd++;
    mpz_clears(whole, rest, NULL);
    return vnd;
}

/* 22 % of income for each i of first..last, at 0.31 % a month for i months: a divisor when they lie
 * ahead. */
static int64_t with_interest(int64_t income, int first, int last, int is_ahead,
                             enum oracle_rounding rounding)
{
    /* all over the same power of what divides */
    unsigned long above = is_ahead ? 10000 : 10031, below = is_ahead ? 10031 : 10000;
    mpz_t sum, term, den, factor;
    mpz_inits(sum, term, den, factor, NULL);
    for (int i = first; i <= last; i++) {
        mpz_ui_pow_ui(term, above, (unsigned long)i);
        mpz_ui_pow_ui(factor, below, (unsigned long)(last - i));
        mpz_mul(term, term, factor);
        mpz_add(sum, sum, term);
    }
    mpz_mul_si(sum, sum, income * 22);
    mpz_ui_pow_ui(den, below, (unsigned long)last);
    mpz_mul_ui(den, den, 100);
    int64_t vnd = rounded(sum, den, rounding);
    mpz_clears(sum, term, den, factor, NULL);
    return vnd;
}

static int64_t half_up(int64_t num, int64_t den)
{
    return num / den + (num % den * 2 >= den);
}

static int64_t gross_of(const struct oracle_choices *choices, const struct oracle_case *asked,
                        unsigned months)
{
    int n = (int)months;
    if (asked->missed_from != 0) {
        int late = month_number(asked->on) - month_number(asked->missed_from * 100 + 1);
        return with_interest(asked->income, late - n + 1, late, 0, choices->rounding);
    }
    if (asked->method == 5)
        return with_interest(asked->income, 0, n - 1, 1, choices->rounding);
    if (asked->method == 6)
        return with_interest(asked->income, 1, n, 0, choices->rounding);
    int64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += half_up(asked->income * 22, 100);
    return sum;
}

/* --- support --- */

static int64_t central_of(const struct oracle_case *asked)
{
    if (asked->on < NO_SUPPORT_YET)
        return 0;
    int percent = asked->on < NEW_LAW ? percent_2018[asked->group] : percent_2025[asked->group];
    if (asked->on >= NEW_LAW && asked->is_zone)
        percent = 50;
    return half_up(line_at(asked->on) * 22 * percent, 10000);
}

/* A month of the best resolution of a kind. */
static int64_t gift_of(enum oracle_gift gift, const struct oracle_case *asked)
{
    int64_t best = 0;
    for (size_t i = 0; i < oracle_resolutions_n; i++) {
        const struct oracle_resolution *row = &oracle_resolutions[i];
        int fits = row->group == asked->group || (row->group == 5 && asked->is_zone);
        if (row->gift == gift && row->province == asked->province && fits &&
            asked->on >= row->from && asked->on <= row->to && row->value > best)
            best = row->value;
    }
    if (gift == GIFT_OF_LINE)
        return half_up(half_up(line_at(asked->on) * 22, 100) * best, 10000);
    if (gift == GIFT_OF_INCOME)
        return half_up(half_up(asked->income * 22, 100) * best, 10000);
    return best;
}

static void support(const struct oracle_choices *choices, const struct oracle_case *asked,
                    struct oracle_answer *ret)
{
    unsigned used = asked->supported + (choices->earlier_counts ? asked->earlier : 0);
    int64_t wanted[4] = {0};
    for (unsigned month = 0; month < ret->months; month++, used++) {
        if (used >= 120 || asked->on < NO_SUPPORT_YET)
            break;
        ret->supported++;
        ret->central += central_of(asked);
        for (int gift = 0; gift < 4; gift++)
            wanted[gift] += gift_of((enum oracle_gift)gift, asked);
    }
    int64_t left = ret->gross - ret->central;
    for (int gift = 0; gift < 4; gift++) {
        int64_t given = wanted[gift] < left ? wanted[gift] : left;
        left -= given;
        *(gift == GIFT_DONOR ? &ret->donor : &ret->local) += given;
    }
}

/* --- limits --- */

static void refuse(struct oracle_answer *ret, const char *field)
{
    ret->refused[ret->n_refused++] = field;
}

static void limit_income(const struct oracle_choices *choices, const struct oracle_case *asked,
                         struct oracle_answer *ret)
{
    int64_t line = line_at(asked->on);
    int is_old = asked->on < NEW_LAW;
    enum oracle_step step =
        choices->step == STEP_AS_DECREED ? (is_old ? STEP_BINDS : STEP_WARNS) : choices->step;
    int is_between = asked->income >= line && (asked->income - line) % 50000 != 0;
    if (asked->income < line || asked->income > 20 * salary_at(asked->on) ||
        (is_between && step == STEP_BINDS))
        refuse(ret, "income_vnd");
    else if (is_between && step == STEP_WARNS)
        ret->warnings++;
}

/* Months that were missed, paid late. */
static void limit_missed(const struct oracle_choices *choices, const struct oracle_case *asked,
                         struct oracle_answer *ret)
{
    int first = month_number(asked->missed_from * 100 + 1), now = month_number(asked->on);
    int late = now - first;
    if (!choices->back_payment || now < first + (int)deadlines[asked->method] || late > 120)
        refuse(ret, "missed_from");
    else if (asked->months < 1 || asked->months > (unsigned)late)
        refuse(ret, "months");
    if (asked->on < 20250101)
        refuse(ret, "on"); /* no interest was published */
    ret->months = asked->months;
}

static void limit_months(const struct oracle_choices *choices, const struct oracle_case *asked,
                         struct oracle_answer *ret)
{
    if (asked->missed_from != 0) {
        limit_missed(choices, asked, ret);
    } else if (asked->method <= 4) {
        ret->months = method_months[asked->method];
        if (asked->months != 0 && asked->months != ret->months)
            refuse(ret, "months");
    } else {
        int is_good = asked->method == 5 ? asked->months == 24 || asked->months == 36 ||
                                               asked->months == 48 || asked->months == 60
                                         : asked->months >= 1 && asked->months <= 60;
        ret->months = asked->months;
        if (asked->on < NEW_LAW)
            refuse(ret, "on");
        if (!is_good)
            refuse(ret, "months");
    }
}

static void limit_person(const struct oracle_case *asked, struct oracle_answer *ret)
{
    int missing = 180 - (int)asked->paid, is_open = asked->sex == 0, is_near = 0;
    if (asked->sex != 0) {
        if (asked->on - asked->birth < 150000) /* 15 years, as the digits of two dates count */
            refuse(ret, "birth_date");
        is_open = month_number(asked->on) >= retirement_month(asked->sex, asked->birth) - 1;
        is_near = is_open;
    }
    if (asked->paid > 0 && (missing <= 0 || missing > 60))
        is_open = is_near = 0;
    if (asked->method == 6 && !is_open)
        refuse(ret, "method");
    if (asked->method == 6 && asked->paid > 0 && (int)asked->months > missing)
        refuse(ret, "months");
    if (asked->method == 5 && is_near)
        refuse(ret, "method");
}

struct oracle_answer oracle_quote(const struct oracle_choices *choices,
                                  const struct oracle_case *asked)
{
    struct oracle_answer ret = {0};
    if (asked->group < 1 || asked->group > 4)
        refuse(&ret, "support_group");
    if (asked->method < 1 || asked->method > (asked->missed_from != 0 ? 4 : 6))
        refuse(&ret, "method");
    if (asked->on < 20160101)
        refuse(&ret, "on");
    if (ret.n_refused > 0)
        return ret;
    limit_months(choices, asked, &ret);
    limit_income(choices, asked, &ret);
    limit_person(asked, &ret);
    if (ret.n_refused > 0)
        return ret;
    ret.gross = gross_of(choices, asked, ret.months);
    support(choices, asked, &ret);
    return ret;
}

struct oracle_answer oracle_refund(const struct oracle_choices *choices,
                                   const struct oracle_case *asked,
                                   const struct oracle_answer *paid, unsigned unused)
{
    struct oracle_answer ret = {.months = unused};
    int n = (int)paid->months;
    ret.gross = asked->method == 5
                    ? with_interest(asked->income, n - (int)unused, n - 1, 1, choices->rounding)
                    : half_up(asked->income * 22, 100) * unused;
    for (unsigned month = 0; month < paid->supported; month++)
        ret.supported += month >= paid->months - unused;
    int64_t left = ret.gross;
    const int64_t gave[] = {paid->central, paid->local, paid->donor};
    int64_t *const back[] = {&ret.central, &ret.local, &ret.donor};
    for (int i = 0; i < 3 && ret.supported > 0; i++) {
        *back[i] = half_up(gave[i] * ret.supported, paid->supported);
        if (*back[i] > left)
            *back[i] = left;
        left -= *back[i];
    }
    return ret;
}

int64_t oracle_health(int on, unsigned rank, unsigned months)
{
    static const int percent[] = {0, 100, 70, 60, 50, 40};
    return half_up(salary_at(on) * 45 * months * percent[rank > 5 ? 5 : rank], 100000);
}
