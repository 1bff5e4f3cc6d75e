/* The deployed law and illustrations by it, for tests of the rules. */
#ifndef ANSINH_TESTS_LAW_H
#define ANSINH_TESTS_LAW_H

#include "common/domain/pension_illustration.h"

/* deploy/policy, between law_open and law_close. */
extern struct policy *law;
int law_open(void **state);
int law_close(void **state);
#define WITH_LAW(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

/* "2026-03-01" and "2026-03" as calendar.h counts them. */
int32_t day_of(const char *date);
int32_t month_of(const char *text);

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
