#include "common/base/clock.h"

#include <time.h>

#define BUSINESS_OFFSET_MS (7LL * 3600 * 1000)
#define DAY_MS (86400LL * 1000)

static int64_t clock_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
    return clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_wall_ms(void)
{
    return clock_us(CLOCK_REALTIME) / 1000;
}

int32_t clock_business_day(int64_t wall_ms)
{
    int64_t local_ms = wall_ms + BUSINESS_OFFSET_MS;
    int64_t day = local_ms / DAY_MS;
    return (int32_t)(local_ms % DAY_MS < 0 ? day - 1 : day);
}
