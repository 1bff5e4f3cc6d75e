#include "common/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"

/* Bytes of the character that begins here, as its first byte says. */
static size_t character_bytes(unsigned char first)
{
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

/* The text may go out in a reply, which must be UTF-8, and what it quotes may be anything, or cut
 * within a character: what is none becomes '?', at the end nothing. */
static void err_mend(char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0, n; i < len; i += n) {
        n = character_bytes((unsigned char)text[i]);
        if (i + n <= len && parse_is_utf8(text + i, n))
            continue;
        text[i] = i + n > len ? '\0' : '?';
        if (text[i] == '\0')
            return;
        n = 1;
    }
}

static PRINTF_LIKE(3, 0) void err_fill(struct err *err, const char *field, const char *format,
                                       va_list args)
{
    if (err == NULL)
        return;
    (void)snprintf(err->field, sizeof(err->field), "%s", field);
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
    err_mend(err->field);
    err_mend(err->text);
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
