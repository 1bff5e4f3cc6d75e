#include "common/domain/calendar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"

#define YEAR_MIN 1900
#define YEAR_MAX 2199
#define DAYS_PER_ERA 146097 /* 400 years */
#define EPOCH_SHIFT 719468  /* days from 0000-03-01 to 1970-01-01 */

static int digits(const char *text, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Years begin on 1 March here, so that the leap day is the last one of a year. */
int32_t date_make(int year, int month, int day_of_month)
{
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day_of_month - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_SHIFT;
}

void date_split(int32_t day, int *ret_year, int *ret_month, int *ret_day_of_month)
{
    int32_t shifted = day + EPOCH_SHIFT;
    int32_t era = (shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int32_t day_of_era = shifted - era * DAYS_PER_ERA;
    int32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t month_from_march = (5 * day_of_year + 2) / 153;
    *ret_day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *ret_month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

int date_parse(const char *text, int32_t *ret_day)
{
    if (strlen(text) != DATE_TEXT_BYTES - 1 || !parse_is_digits(text + 8, 2) || text[7] != '-')
        return -EINVAL;
    char month_text[MONTH_TEXT_BYTES];
    memcpy(month_text, text, MONTH_TEXT_BYTES - 1);
    month_text[MONTH_TEXT_BYTES - 1] = '\0';
    int32_t month;
    if (month_parse(month_text, &month) < 0)
        return -EINVAL;
    int day_of_month = digits(text + 8, 2);
    if (day_of_month < 1 || day_of_month > month_days(month / 12, month % 12 + 1))
        return -EINVAL;
    *ret_day = date_make(month / 12, month % 12 + 1, day_of_month);
    return 0;
}

void date_format(int32_t day, char ret_text[DATE_TEXT_BYTES])
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    (void)snprintf(ret_text, DATE_TEXT_BYTES, "%04u-%02u-%02u", (unsigned)year % 10000,
                   (unsigned)month % 100, (unsigned)day_of_month % 100);
}

int month_parse(const char *text, int32_t *ret_month)
{
    if (strlen(text) != MONTH_TEXT_BYTES - 1 || text[4] != '-' || !parse_is_digits(text + 5, 2))
        return -EINVAL;
    for (int i = 0; i < 4; i++)
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
    int year = digits(text, 4), month = digits(text + 5, 2);
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12)
        return -EINVAL;
    *ret_month = year * 12 + month - 1;
    return 0;
}

void month_format(int32_t month, char ret_text[MONTH_TEXT_BYTES])
{
    (void)snprintf(ret_text, MONTH_TEXT_BYTES, "%04u-%02u", (unsigned)(month / 12) % 10000,
                   (unsigned)(month % 12 + 1) % 100);
}

int32_t month_of_day(int32_t day)
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return year * 12 + month - 1;
}

int32_t month_first_day(int32_t month)
{
    return date_make(month / 12, month % 12 + 1, 1);
}

int32_t month_last_day(int32_t month)
{
    return month_first_day(month + 1) - 1;
}

int age_on(int32_t birth_day, int32_t day)
{
    int birth_year, birth_month, birth_dom, year, month, dom;
    date_split(birth_day, &birth_year, &birth_month, &birth_dom);
    date_split(day, &year, &month, &dom);
    int had_birthday = month > birth_month || (month == birth_month && dom >= birth_dom);
    return year - birth_year - (had_birthday ? 0 : 1);
}
