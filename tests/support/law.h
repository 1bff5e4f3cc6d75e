/* The deployed law, for tests of the rules. */
#ifndef ANSINH_TESTS_LAW_H
#define ANSINH_TESTS_LAW_H

#include <stdint.h>

struct policy;

/* deploy/policy, between law_open and law_close. */
extern struct policy *law;
int law_open(void **state);
int law_close(void **state);
#define WITH_LAW(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

/* "2026-03-01" and "2026-03" as calendar.h counts them. */
int32_t day_of(const char *date);
int32_t month_of(const char *text);

#endif
