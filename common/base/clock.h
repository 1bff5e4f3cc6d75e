/* Two clocks, never mixed: monotonic for waits and deadlines, wall for what is written down. */
#ifndef ANSINH_BASE_CLOCK_H
#define ANSINH_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds and microseconds since an arbitrary start; never go back. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* Milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_ms(void);

/* Business day (days since 1970-01-01 in +07:00, no daylight saving) of a wall time in ms. */
int32_t clock_business_day(int64_t wall_ms);

#endif
