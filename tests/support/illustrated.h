/* Illustrations by the deployed law, for tests of the rules. */
#ifndef ANSINH_TESTS_ILLUSTRATED_H
#define ANSINH_TESTS_ILLUSTRATED_H

#include "common/domain/pension_illustration.h"
#include "tests/support/law.h"

/* Somebody who asks on 1 March 2026. */
struct illustration_request person(enum sex sex, const char *birth, int64_t income_vnd,
                                   const char *start, uint32_t paid_months);

/* Must be good, every line with a citation. Valid until the next call. */
const struct illustration *illustrate(const struct illustration_request *request);
/* Must be refused for the field, saying the words. */
void expect_refused(struct illustration_request request, const char *field, const char *words);

void expect_line(const struct explain_lines *lines, size_t i, const char *key, int64_t amount_vnd,
                 const char *words);
/* Pockets and lines add up. */
void expect_sum(const struct quote *sum);

#endif
