/* Moments as they stand in files: "2026-11-22T08:15:30+07:00". */
#ifndef ANSINH_SETTLE_INSTANT_H
#define ANSINH_SETTLE_INSTANT_H

#include <stdint.h>

#include "common/base/macros.h"

#define INSTANT_TEXT_BYTES 33 /* with milliseconds and NUL, and some room */

/* Milliseconds since 1970-01-01T00:00:00Z of a date and time with an offset (RFC 3339): seconds,
 * then nothing or 1 to 3 digits of a fraction, then "Z" or +hh:mm or -hh:mm. Years 1900 to 2199.
 * -EINVAL. */
int instant_parse(const char *text, int64_t *ret_ms) MUST_CHECK;

/* In +07:00; milliseconds only where there are any. */
void instant_format(int64_t ms, char ret_text[INSTANT_TEXT_BYTES]);

#endif
