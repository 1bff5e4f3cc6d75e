#include "common/domain/identity.h"

#include <errno.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"

#define PERSONAL_ID_DIGITS 12
#define SI_CODE_DIGITS 10
#define HOUSEHOLD_CODE_DIGITS 10
#define PHONE_LOCAL_DIGITS 9 /* after 0 or +84 */
#define EMAIL_MAX_BYTES 120
#define NAME_MAX_CHARS 100
#define MASK_MIN_BYTES 5 /* shorter texts would stay readable */

/* The 63 provinces of before July 2025: ids keep the code of the province where the birth was
 * registered. */
static const uint8_t birth_provinces[BIRTH_PROVINCES] = {
    1,  2,  4,  6,  8,  10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33,
    34, 35, 36, 37, 38, 40, 42, 44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66,
    67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93, 94, 95, 96,
};

int birth_province_at(size_t i)
{
    return birth_provinces[i];
}

static int is_known_province(const char *id)
{
    int code = (id[0] - '0') * 100 + (id[1] - '0') * 10 + (id[2] - '0');
    for (size_t i = 0; i < ARRAY_LEN(birth_provinces); i++)
        if (birth_provinces[i] == code)
            return 1;
    return 0;
}

int personal_id_check_form(const char *id, struct err *err)
{
    if (!parse_is_digits(id, PERSONAL_ID_DIGITS))
        return err_field(err, -EINVAL, "personal_id", "a personal id has 12 digits");
    return 0;
}

int personal_id_check(const char *id, int32_t birth_day, enum sex sex, struct err *err)
{
    int rc = personal_id_check_form(id, err);
    if (rc < 0)
        return rc;
    int year, month, day_of_month;
    date_split(birth_day, &year, &month, &day_of_month);
    int mark = id[3] - '0';
    if (sex != SEX_UNKNOWN && mark % 2 != (sex == SEX_IS_FEMALE))
        return err_field(err, -EINVAL, "personal_id", "digit 4 is %d, of the other sex", mark);
    int id_year = 1900 + mark / 2 * 100 + (id[4] - '0') * 10 + (id[5] - '0');
    if (id_year != year)
        return err_field(err, -EINVAL, "personal_id",
                         "digits 4 to 6 say born in %d, the birth date %d", id_year, year);
    return is_known_province(id) ? 0 : 1;
}

int si_code_check(const char *code, struct err *err)
{
    if (!parse_is_digits(code, SI_CODE_DIGITS))
        return err_field(err, -EINVAL, "si_code", "a social-insurance code has 10 digits");
    return 0;
}

int household_code_check(const char *code, struct err *err)
{
    if (!parse_is_digits(code, HOUSEHOLD_CODE_DIGITS))
        return err_field(err, -EINVAL, "household_code", "a household's code has 10 digits");
    return 0;
}

int phone_normalise(const char *text, char ret[13], struct err *err)
{
    const char *rest = NULL;
    if (strncmp(text, "+84", 3) == 0)
        rest = text + 3;
    else if (text[0] == '0')
        rest = text + 1;
    if (rest == NULL || !parse_is_digits(rest, PHONE_LOCAL_DIGITS) ||
        strchr("35789", rest[0]) == NULL)
        return err_field(err, -EINVAL, "phone",
                         "a mobile number is 0 or +84, then 3, 5, 7, 8 or 9 and eight digits");
    memcpy(ret, "+84", 3);
    memcpy(ret + 3, rest, PHONE_LOCAL_DIGITS);
    ret[3 + PHONE_LOCAL_DIGITS] = '\0';
    return 0;
}

/* Letters that end or nest an address in a mail header or an SMTP command are kept out. */
static int is_email_letter(char c)
{
    return c > ' ' && c < 0x7f && strchr("<>()[]\\,;:\"", c) == NULL;
}

int email_check(const char *text, struct err *err)
{
    size_t len = strnlen(text, EMAIL_MAX_BYTES + 1);
    if (len > EMAIL_MAX_BYTES)
        return err_field(err, -EINVAL, "email", "longer than %d bytes", EMAIL_MAX_BYTES);
    for (size_t i = 0; i < len; i++)
        if (!is_email_letter(text[i]))
            return err_field(err, -EINVAL, "email", "character %zu cannot stand in an address",
                             i + 1);
    const char *at = strchr(text, '@');
    const char *domain = at == NULL ? "" : at + 1;
    size_t domain_len = strlen(domain);
    if (at == NULL || at == text || strchr(domain, '@') != NULL || strchr(domain, '.') == NULL ||
        domain[0] == '.' || domain[domain_len - 1] == '.' || strstr(domain, "..") != NULL)
        return err_field(err, -EINVAL, "email", "an address is name@domain.tld");
    return 0;
}

/* Controls, line separators and marks that turn the writing direction: none belongs in a name. */
static int is_control(const unsigned char *p)
{
    if (p[0] < 0x20 || p[0] == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0))
        return 1;
    if (p[0] != 0xe2)
        return 0;
    return (p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
           (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

static int is_only_spaces(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strncmp(text, "\xc2\xa0", 2) == 0)
            text++;
        else if (*text != ' ')
            return 0;
    }
    return 1;
}

int full_name_check(const char *text, struct err *err)
{
    size_t len = strlen(text);
    if (!parse_is_utf8(text, len))
        return err_field(err, -EINVAL, "full_name", "not UTF-8");
    if (is_only_spaces(text))
        return err_field(err, -EINVAL, "full_name", "empty");
    if (parse_utf8_length(text) > NAME_MAX_CHARS)
        return err_field(err, -EINVAL, "full_name", "longer than %d characters", NAME_MAX_CHARS);
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
        if (is_control(p))
            return err_field(err, -EINVAL, "full_name", "contains a control character");
    return 0;
}

static size_t character_bytes(const char *text)
{
    size_t n = 1;
    while (((unsigned char)text[n] & 0xc0) == 0x80)
        n++;
    return n;
}

void name_mask(const char *name, char *ret, size_t size)
{
    size_t used = 0;
    int is_first = 1;
    while (*name != '\0') {
        size_t n = character_bytes(name);
        int is_kept = is_first || *name == ' ';
        size_t needed = is_kept ? n : 1;
        if (used + needed >= size)
            break;
        memcpy(ret + used, is_kept ? name : "*", needed);
        used += needed;
        is_first = *name == ' ';
        name += n;
    }
    if (size > 0)
        ret[used] = '\0';
}

void id_mask(const char *id, char *ret, size_t size)
{
    size_t len = strlen(id);
    if (size == 0)
        return;
    size_t n = MIN(len, size - 1);
    for (size_t i = 0; i < n; i++)
        ret[i] = '*';
    for (size_t i = 0; len >= MASK_MIN_BYTES && i < n; i++)
        if (i < 2 || i + 2 >= len)
            ret[i] = id[i];
    ret[n] = '\0';
}
