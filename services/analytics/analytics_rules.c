#include "services/analytics/analytics_rules.h"

#include <stdio.h>

#define HOUR_MS (3600LL * 1000)
#define BUSINESS_OFFSET_HOURS 7

__extension__ typedef __int128 wide;

void percent_format(int64_t part, int64_t whole, char ret[PERCENT_TEXT_BYTES])
{
    ret[0] = '\0';
    if (whole <= 0)
        return;
    /* hundredths of a percent: 128 bits hold the product of any two counts */
    wide scaled = (wide)part * 10000 * 2 + whole;
    int64_t hundredths = (int64_t)(scaled / ((wide)whole * 2));
    (void)snprintf(ret, PERCENT_TEXT_BYTES, "%lld.%02d", (long long)(hundredths / 100),
                   (int)(hundredths % 100));
}

unsigned business_hour(int64_t wall_ms)
{
    return (unsigned)((wall_ms / HOUR_MS + BUSINESS_OFFSET_HOURS) % 24);
}
