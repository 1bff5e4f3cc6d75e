#include "services/payments/coll_rules.h"

#include "common/base/clock.h"

#define DAY_MS (86400LL * 1000)
#define MINUTE_MS 60000LL
#define ZONE_MS (7LL * 3600 * 1000)

int32_t coll_business_day(int64_t paid_at_ms, uint32_t cut_off_minute)
{
    int32_t day = clock_business_day(paid_at_ms);
    int64_t minute = (paid_at_ms + ZONE_MS - day * DAY_MS) / MINUTE_MS;
    return day + (minute >= (cut_off_minute == 0 ? CUT_OFF_USUAL_MINUTE : cut_off_minute));
}
