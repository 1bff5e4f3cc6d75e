/* How a computed sum explains itself: lines with a text, an amount and the text of the law. */
#ifndef ANSINH_DOMAIN_EXPLAIN_H
#define ANSINH_DOMAIN_EXPLAIN_H

#include <stddef.h>
#include <stdint.h>

#include "common/domain/policy.h"

#define EXPLAIN_LINES_MAX 8
#define EXPLANATION_BYTES 120
#define VND_TEXT_BYTES 27 /* 19 digits, 6 commas, sign, NUL */
#define PERCENT_TEXT_BYTES 16

struct explain_line {
    const char *key;                     /* "contribution", "central_support" */
    char explanation[EXPLANATION_BYTES]; /* "22 % x 1,500,000 x 1 month" */
    int64_t amount_vnd;                  /* negative for a support */
    char citation[POLICY_CITATION_BYTES];
};

struct explain_lines {
    struct explain_line rows[EXPLAIN_LINES_MAX];
    size_t n;
};

/* Adds a line that cites the row; key is a constant. The caller adds at most EXPLAIN_LINES_MAX. */
void explain_add(struct explain_lines *self, const char *key, int64_t amount_vnd,
                 const struct policy_row *row, const char *format, ...) PRINTF_LIKE(5, 6);

/* 1234567 as "1,234,567". */
void vnd_format(int64_t vnd, char ret_text[VND_TEXT_BYTES]);
/* 220000 as "22 %", 225000 as "22.5 %", 3100 as "0.31 %". */
void percent_format(int64_t per_million, char ret_text[PERCENT_TEXT_BYTES]);
/* value / unit, half-up; value >= 0. */
int64_t divide_half_up(int64_t value, int64_t unit);

#endif
