/* Arithmetic of a board and what an event counts as. Pure. */
#ifndef ANSINH_ANALYTICS_ANALYTICS_RULES_H
#define ANSINH_ANALYTICS_ANALYTICS_RULES_H

#include <stdint.h>

#define PERCENT_TEXT_BYTES 32

/* "57.34": 100 * part / whole with two decimals, half up; "" when whole is 0. Both are not
 * negative. */
void percent_format(int64_t part, int64_t whole, char ret[PERCENT_TEXT_BYTES]);

/* Business hour (0..23 in +07:00) of a wall time in ms. */
unsigned business_hour(int64_t wall_ms);

#endif
