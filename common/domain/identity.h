/* Structure of the ids and names of persons: what is wrong (error) apart from what is merely
 * unusual (warning). */
#ifndef ANSINH_DOMAIN_IDENTITY_H
#define ANSINH_DOMAIN_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

enum sex { SEX_UNKNOWN = 0, SEX_IS_FEMALE = 1, SEX_IS_MALE = 2 }; /* numbers of ansinh.v1.Sex */

/* Personal id (CCCD): 12 digits AAA B CC DDDDDD; B and CC must agree with birth day and sex. 0; 1
 * when the birth province AAA is not a known one (a person born abroad: a warning); -EINVAL with
 * err->field "personal_id". */
int personal_id_check(const char *id, int32_t birth_day, enum sex sex, struct err *err) MUST_CHECK;
/* Structure alone, for look-ups: 12 digits. */
int personal_id_check_form(const char *id, struct err *err) MUST_CHECK;

/* The i-th of the known birth provinces (codes of the 63 provinces before July 2025), ascending. */
#define BIRTH_PROVINCES 63
int birth_province_at(size_t i);

/* SI code: 10 digits. -EINVAL with err->field "si_code". */
int si_code_check(const char *code, struct err *err) MUST_CHECK;

/* Household code: 10 digits. -EINVAL with err->field "household_code". */
int household_code_check(const char *code, struct err *err) MUST_CHECK;

/* 0[35789]xxxxxxxx or +84[35789]xxxxxxxx to "+84xxxxxxxxx" (13 bytes with NUL). -EINVAL, field
 * "phone". */
int phone_normalise(const char *text, char ret[13], struct err *err) MUST_CHECK;

/* something@something.something, at most 120 bytes of printable ASCII without spaces and the
 * letters that are special to SMTP. -EINVAL, field "email". */
int email_check(const char *text, struct err *err) MUST_CHECK;

/* 1 to 100 characters of UTF-8 without controls, line separators and marks of writing direction,
 * not only spaces. -EINVAL, field "full_name". */
int full_name_check(const char *text, struct err *err) MUST_CHECK;

/* Masks for answers and logs: "Nguyễn Văn An" -> "N***** V** A*" (first letter of each word,
 * one star per further letter); every text is cut to what fits. */
void name_mask(const char *name, char *ret, size_t size);
/* First two and last two characters stay, each other becomes '*'; of texts under 5 nothing stays.
 */
void id_mask(const char *id, char *ret, size_t size);

#endif
