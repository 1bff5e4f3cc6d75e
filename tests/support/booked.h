/* Waiting for the books of a test's platform, whose settlement must be running. */
#ifndef ANSINH_TESTS_SUPPORT_BOOKED_H
#define ANSINH_TESTS_SUPPORT_BOOKED_H

#include "tests/support/platform.h"

/* Waits until everything in the ledger is in the books, and whatever was paid has its receipt: the
 * platform writes no more by itself. 0 when that was not so within timeout_ms. */
int booked_wait(struct platform *platform, int64_t timeout_ms);

#endif
