#include "common/domain/explain.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/domain/calendar.h"

#define PER_MILLION_OF_PERCENT 10000
#define MONTHS_PER_YEAR 12
#define OPERAND_TEXT_BYTES 64

void explain_set_n(struct explain_line *self, enum explain_text text, int64_t amount_vnd,
                   const struct policy_row *row, const struct operand *operands, size_t n)
{
    ASSERT(n <= EXPLAIN_OPERANDS_MAX);
    self->text = text;
    self->n_operands = (uint32_t)n;
    self->amount_vnd = amount_vnd;
    self->row = row;
    if (n > 0)
        memcpy(self->operands, operands, n * sizeof(*operands));
}

struct explain_line *explain_next(struct explain_lines *self)
{
    ASSERT(self->n < EXPLAIN_LINES_MAX);
    return &self->rows[self->n++];
}

void vnd_format(int64_t vnd, char ret_text[VND_TEXT_BYTES])
{
    char digits[VND_TEXT_BYTES];
    int n = snprintf(digits, sizeof(digits), "%lld", (long long)vnd);
    char *at = ret_text;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-')
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
}

void share_format(int64_t per_million, char ret_text[PERCENT_TEXT_BYTES])
{
    char digits[PERCENT_TEXT_BYTES];
    int n = snprintf(digits, sizeof(digits), "%lld.%04lld",
                     (long long)(per_million / PER_MILLION_OF_PERCENT),
                     (long long)(per_million % PER_MILLION_OF_PERCENT));
    while (digits[n - 1] == '0')
        n--;
    if (digits[n - 1] == '.')
        n--;
    (void)snprintf(ret_text, PERCENT_TEXT_BYTES, "%.*s %%", n, digits);
}

int64_t divide_half_up(int64_t value, int64_t unit)
{
    return (value + unit / 2) / unit;
}

int64_t divide_rounded(int64_t value, int64_t unit, enum policy_choice rounding)
{
    int64_t up = rounding == CHOICE_DOWN ? 0 : rounding == CHOICE_UP ? unit - 1 : unit / 2;
    return (value + up) / unit;
}

/* "1 month", "3 months". Vietnamese has one form. */
static void number_format(int64_t n, const char *one, char *ret, int is_plural_marked)
{
    (void)snprintf(ret, OPERAND_TEXT_BYTES, "%lld %s%s", (long long)n, one,
                   is_plural_marked && n != 1 ? "s" : "");
}

/* "60 years 3 months" */
static void span_format(int64_t months, const char *year, const char *month, char *ret,
                        int is_plural_marked)
{
    char rest[OPERAND_TEXT_BYTES];
    number_format(months / MONTHS_PER_YEAR, year, ret, is_plural_marked);
    number_format(months % MONTHS_PER_YEAR, month, rest, is_plural_marked);
    size_t len = strlen(ret);
    (void)snprintf(ret + len, OPERAND_TEXT_BYTES - len, " %s", rest);
}

/* "2047-06" is "06/2047" in Vietnamese. */
static void month_text(int32_t month, int is_vi, char ret[OPERAND_TEXT_BYTES])
{
    if (is_vi)
        (void)snprintf(ret, OPERAND_TEXT_BYTES, "%02d/%d", month % MONTHS_PER_YEAR + 1,
                       month / MONTHS_PER_YEAR);
    else
        month_format(month, ret);
}

/* "2025-07-01" is "01/07/2025" in Vietnamese. */
static void date_text(int32_t day, int is_vi, char ret[OPERAND_TEXT_BYTES])
{
    char month[OPERAND_TEXT_BYTES];
    if (is_vi) {
        int32_t first = month_first_day(month_of_day(day));
        month_text(month_of_day(day), is_vi, month);
        (void)snprintf(ret, OPERAND_TEXT_BYTES, "%02d/%.40s", day - first + 1, month);
    } else {
        date_format(day, ret);
    }
}

/* "1,234.5" is "1.234,5" in Vietnamese. */
static void marks_swap(char *text)
{
    for (; *text != '\0'; text++)
        if (*text == ',' || *text == '.')
            *text = *text == ',' ? '.' : ',';
}

static void operand_format(const struct operand *operand, enum language language,
                           char ret[OPERAND_TEXT_BYTES])
{
    int is_vi = language == LANGUAGE_IS_VI;
    int64_t value = operand->value;
    switch (operand->unit) {
    case OPERAND_VND:
        vnd_format(value, ret);
        break;
    case OPERAND_PER_MILLION:
        share_format(value, ret);
        break;
    case OPERAND_HALF_YEARS:
        (void)snprintf(ret, OPERAND_TEXT_BYTES, "%lld%s", (long long)value / 2,
                       value % 2 == 0 ? "" : ".5");
        break;
    case OPERAND_COEFFICIENT:
        (void)snprintf(ret, OPERAND_TEXT_BYTES, "%lld.%02lld", (long long)value / 100,
                       (long long)value % 100);
        break;
    case OPERAND_HALF_MONTHS:
        (void)snprintf(ret, OPERAND_TEXT_BYTES, "%lld%s %s%s", (long long)value / 2,
                       value % 2 == 0 ? "" : ".5", is_vi ? "tháng" : "month",
                       is_vi || value == 2 ? "" : "s");
        break;
    case OPERAND_MONTHS:
        number_format(value, is_vi ? "tháng" : "month", ret, !is_vi);
        return;
    case OPERAND_YEARS:
        number_format(value, is_vi ? "năm" : "year", ret, !is_vi);
        return;
    case OPERAND_DAYS:
        number_format(value, is_vi ? "ngày" : "day", ret, !is_vi);
        return;
    case OPERAND_AGE:
        span_format(value, is_vi ? "tuổi" : "year", is_vi ? "tháng" : "month", ret, !is_vi);
        return;
    case OPERAND_DURATION:
        span_format(value, is_vi ? "năm" : "year", is_vi ? "tháng" : "month", ret, !is_vi);
        return;
    case OPERAND_MONTH:
        month_text((int32_t)value, is_vi, ret);
        return;
    case OPERAND_DATE:
        date_text((int32_t)value, is_vi, ret);
        return;
    case OPERAND_NONE:
    case OPERAND_COUNT:
    case OPERAND_UNITS:
        (void)snprintf(ret, OPERAND_TEXT_BYTES, "%lld", (long long)value);
        return;
    }
    if (is_vi)
        marks_swap(ret);
}

void explain_format(const struct explain_line *line, enum language language, char *ret, size_t size)
{
    char operand[OPERAND_TEXT_BYTES];
    size_t len = 0;
    for (const char *at = explain_form(line->text, language); *at != '\0' && len + 1 < size;) {
        if (*at != '{') {
            ret[len++] = *at++;
            continue;
        }
        size_t i = (size_t)(at[1] - '0');
        ASSERT(i < line->n_operands && at[2] == '}');
        operand_format(&line->operands[i], language, operand);
        int n = snprintf(ret + len, size - len, "%s", operand);
        len = MIN(len + (size_t)n, size - 1);
        at += 3;
    }
    ret[len] = '\0';
}
