#include "services/enrolment/arguments.h"

#include <errno.h>

#include "common/domain/calendar.h"

int participant_parse(const char *text, uint8_t ret_citizen[ID_BYTES], struct err *err)
{
    if (base32_parse(text, ret_citizen) < 0)
        return err_field(err, -EINVAL, "participant_id",
                         "want the 26 characters that Enrol answered");
    return 0;
}

int past_day_parse(const char *text, const char *field, int32_t today, int32_t *ret_day,
                   struct err *err)
{
    *ret_day = today;
    if (text[0] == '\0')
        return 0;
    if (date_parse(text, ret_day) < 0)
        return err_field(err, -EINVAL, field, "want a date as YYYY-MM-DD");
    return *ret_day <= today ? 0 : err_field(err, -EINVAL, field, "the date is in the future");
}

uint32_t commune_number(const char *code)
{
    uint32_t number = 0;
    for (; *code != '\0'; code++)
        number = number * 10 + (uint32_t)(*code - '0');
    return number;
}
