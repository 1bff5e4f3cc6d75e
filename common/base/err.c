#include "common/base/err.h"

#include <stdarg.h>
#include <stdio.h>

static void err_fill(struct err *err, const char *field, const char *format, va_list args)
{
    if (err == NULL)
        return;
    (void)snprintf(err->field, sizeof(err->field), "%s", field);
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
}

int err_set(struct err *err, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err_fill(err, "", format, args);
    va_end(args);
    return code;
}

int err_field(struct err *err, int code, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err_fill(err, field, format, args);
    va_end(args);
    return code;
}
