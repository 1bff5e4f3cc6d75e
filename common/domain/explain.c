#include "common/domain/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

#define PER_MILLION_OF_PERCENT 10000

void explain_add(struct explain_lines *self, const char *key, int64_t amount_vnd,
                 const struct policy_row *row, const char *format, ...)
{
    ASSERT(self->n < EXPLAIN_LINES_MAX);
    struct explain_line *line = &self->rows[self->n++];
    line->key = key;
    line->amount_vnd = amount_vnd;
    memcpy(line->citation, row->citation, sizeof(line->citation));
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line->explanation, sizeof(line->explanation), format, args);
    va_end(args);
}

void vnd_format(int64_t vnd, char ret_text[VND_TEXT_BYTES])
{
    char digits[VND_TEXT_BYTES];
    int n = snprintf(digits, sizeof(digits), "%lld", (long long)vnd);
    char *at = ret_text;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-')
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
}

void percent_format(int64_t per_million, char ret_text[PERCENT_TEXT_BYTES])
{
    char digits[PERCENT_TEXT_BYTES];
    int n = snprintf(digits, sizeof(digits), "%lld.%04lld",
                     (long long)(per_million / PER_MILLION_OF_PERCENT),
                     (long long)(per_million % PER_MILLION_OF_PERCENT));
    while (digits[n - 1] == '0')
        n--;
    if (digits[n - 1] == '.')
        n--;
    (void)snprintf(ret_text, PERCENT_TEXT_BYTES, "%.*s %%", n, digits);
}

int64_t divide_half_up(int64_t value, int64_t unit)
{
    return (value + unit / 2) / unit;
}
