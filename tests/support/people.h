/* Simple valid people for tests: the i-th of them is always the same. */
#ifndef ANSINH_TESTS_SUPPORT_PEOPLE_H
#define ANSINH_TESTS_SUPPORT_PEOPLE_H

#include "services/cli/person.h"
#include "tests/support/platform.h"

#define PEOPLE_MAX 900000

/* A man born 1985-05-17 in commune 02647 (Lào Cai) with income 1,500,000, group OTHER, enrolled and
 * paid on a day. */
void people_make(unsigned i, int32_t day, struct sample_person *ret);

/* Enrols, bills and pays people first .. first + n - 1 of today through the bus, window at a time;
 * answers how many got through. key names the run in request ids; NULL: fresh ids. */
unsigned long people_load(struct platform *platform, const char *key, unsigned first, unsigned n,
                          unsigned window);

/* Participants of a unit on the board; -1 when analytics does not answer. */
long long people_on_board(struct platform *platform, const char *unit);

/* Waits until the board shows exactly n participants in a unit; 0 when it does not within
 * timeout_ms. */
int people_wait_board(struct platform *platform, const char *unit, long long n, int64_t timeout_ms);

#endif
