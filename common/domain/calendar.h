/* Business dates and months: pure arithmetic on the proleptic Gregorian calendar, +07:00 is applied
 * elsewhere. */
#ifndef ANSINH_DOMAIN_CALENDAR_H
#define ANSINH_DOMAIN_CALENDAR_H

#include <stdint.h>

#include "common/base/macros.h"

#define DATE_TEXT_BYTES 11 /* "YYYY-MM-DD" and NUL */
#define MONTH_TEXT_BYTES 8 /* "YYYY-MM" and NUL */

/* A day is days since 1970-01-01, a month is year * 12 + month - 1, both int32_t. Years 1900 to
 * 2199. */

/* -EINVAL: not "YYYY-MM-DD" of a day that exists in 1900..2199. */
int date_parse(const char *text, int32_t *ret_day) MUST_CHECK;
void date_format(int32_t day, char ret_text[DATE_TEXT_BYTES]);

/* -EINVAL: not "YYYY-MM". */
int month_parse(const char *text, int32_t *ret_month) MUST_CHECK;
void month_format(int32_t month, char ret_text[MONTH_TEXT_BYTES]);

int32_t month_of_day(int32_t day);
int32_t month_first_day(int32_t month);
int32_t month_last_day(int32_t month);
void date_split(int32_t day, int *ret_year, int *ret_month, int *ret_day_of_month);
int32_t date_make(int year, int month, int day_of_month);

/* Whole years of age on a day. */
int age_on(int32_t birth_day, int32_t day);

#endif
