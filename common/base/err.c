#include "common/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define UTF8_BYTES_MAX 4

/* Takes away the character that a cut has left incomplete: the text may go out in a reply, which
 * must be UTF-8. */
static void err_trim(char *text)
{
    size_t len = strlen(text);
    for (size_t n = 1; n < UTF8_BYTES_MAX && n <= len; n++) {
        unsigned char c = (unsigned char)text[len - n];
        if ((c & 0xc0) == 0x80)
            continue;
        size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        if (want > n)
            text[len - n] = '\0';
        return;
    }
}

static PRINTF_LIKE(3, 0) void err_fill(struct err *err, const char *field, const char *format,
                                       va_list args)
{
    if (err == NULL)
        return;
    (void)snprintf(err->field, sizeof(err->field), "%s", field);
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
    err_trim(err->field);
    err_trim(err->text);
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
