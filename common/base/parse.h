/* Strict readers of text: the whole text must fit, or nothing is taken. Each returns 0 or -EINVAL
 * (form) or -ERANGE (value), and leaves *ret alone on failure. */
#ifndef ANSINH_BASE_PARSE_H
#define ANSINH_BASE_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"

/* Decimal, optional leading '-', no '+', no spaces, no leading zeros, min..max inclusive. */
int parse_int64(const char *text, int64_t min, int64_t max, int64_t *ret) MUST_CHECK;

/* Exactly len bytes from 2 * len hexadecimal digits of either case. */
int parse_hex(const char *text, uint8_t *ret, size_t len) MUST_CHECK;

/* "true" "false" "1" "0" "yes" "no" */
int parse_bool(const char *text, int *ret) MUST_CHECK;

/* True when text is n characters, all ASCII digits. */
int parse_is_digits(const char *text, size_t n);

/* True when len bytes are well-formed UTF-8 (no surrogates, no overlong forms, up to U+10FFFF)
 * without NUL. */
int parse_is_utf8(const void *text, size_t len);

/* Number of code points of well-formed UTF-8. */
size_t parse_utf8_length(const char *text);

/* Writes 2 * len lower-case digits and NUL. */
void format_hex(const uint8_t *bytes, size_t len, char *ret_text);

#endif
