#include "common/settle/instant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"

#define DAY_MS 86400000
#define BUSINESS_OFFSET_MS (7 * 3600 * 1000)
#define SECOND_AT 17 /* in "YYYY-MM-DDThh:mm:ss" */
#define OFFSET_AT 19 /* behind it; first comes the fraction */

/* Two digits below a limit, or -1. */
static int two(const char *text, int limit)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return -1;
    int value = (text[0] - '0') * 10 + text[1] - '0';
    return value < limit ? value : -1;
}

/* "Z", "+07:00": in ms, to be taken off. */
static int offset_parse(const char *text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (strcmp(text, "Z") == 0)
        return 0;
    if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return -EINVAL;
    int hours = two(text + 1, 24), minutes = two(text + 4, 60);
    if (hours < 0 || minutes < 0)
        return -EINVAL;
    *ret_ms = (int64_t)(hours * 60 + minutes) * 60000 * (text[0] == '-' ? -1 : 1);
    return 0;
}

/* ".5" is 500 ms; moves on behind it. */
static int fraction_parse(const char **text, int64_t *ret_ms)
{
    int64_t unit_ms = 100;
    const char *at = *text;
    *ret_ms = 0;
    if (*at != '.')
        return 0;
    for (at++; *at >= '0' && *at <= '9'; at++, unit_ms /= 10) {
        if (unit_ms == 0)
            return -EINVAL;
        *ret_ms += (*at - '0') * unit_ms;
    }
    int is_empty = at == *text + 1;
    *text = at;
    return is_empty ? -EINVAL : 0;
}

int instant_parse(const char *text, int64_t *ret_ms)
{
    char date[DATE_TEXT_BYTES];
    int32_t day;
    if (strlen(text) <= OFFSET_AT || text[10] != 'T' || text[13] != ':' || text[16] != ':')
        return -EINVAL;
    memcpy(date, text, sizeof(date) - 1);
    date[sizeof(date) - 1] = '\0';
    int hours = two(text + 11, 24), minutes = two(text + 14, 60);
    int seconds = two(text + SECOND_AT, 60);
    if (date_parse(date, &day) < 0 || hours < 0 || minutes < 0 || seconds < 0)
        return -EINVAL;
    int64_t fraction_ms, offset_ms;
    const char *rest = text + OFFSET_AT;
    if (fraction_parse(&rest, &fraction_ms) < 0 || offset_parse(rest, &offset_ms) < 0)
        return -EINVAL;
    *ret_ms = (int64_t)day * DAY_MS + (int64_t)(hours * 3600 + minutes * 60 + seconds) * 1000 +
              fraction_ms - offset_ms;
    return 0;
}

void instant_format(int64_t ms, char ret_text[INSTANT_TEXT_BYTES])
{
    int64_t local_ms = ms + BUSINESS_OFFSET_MS;
    int64_t day = local_ms / DAY_MS - (local_ms % DAY_MS < 0);
    int in_day = (int)(local_ms - day * DAY_MS);
    char date[DATE_TEXT_BYTES], fraction[8] = "";
    date_format((int32_t)day, date);
    if (in_day % 1000 != 0)
        (void)snprintf(fraction, sizeof(fraction), ".%03d", in_day % 1000);
    (void)snprintf(ret_text, INSTANT_TEXT_BYTES, "%sT%02d:%02d:%02d%s+07:00", date,
                   in_day / 3600000, in_day / 60000 % 60, in_day / 1000 % 60, fraction);
}
