/* The optional last parameter of functions that can fail: one sentence for humans beside the
 * negative errno. */
#ifndef ANSINH_BASE_ERR_H
#define ANSINH_BASE_ERR_H

#include "common/base/macros.h"

#define ERR_TEXT_MAX_BYTES 161
#define ERR_FIELD_MAX_BYTES 96

struct err {
    char text[ERR_TEXT_MAX_BYTES];
    char field[ERR_FIELD_MAX_BYTES]; /* path of the wrong input ("units[3].code"), empty when none
                                        is to blame */
};

/* Fills err (which may be NULL) with a formatted text, cut at 160 bytes, in which '?' stands for
 * what is no UTF-8, and returns code unchanged, so that a failing function ends with `return
 * err_set(err, -EINVAL, "...")`. Leaves err->field empty. */
int err_set(struct err *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same, naming the input field that is wrong. */
int err_field(struct err *err, int code, const char *field, const char *format, ...)
    PRINTF_LIKE(4, 5);

#endif
