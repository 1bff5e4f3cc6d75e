/* A participant's bills by the deployed law, as the payments service issues and settles them, for
 * tests of the rules. What is not as it should be fails the test. */
#ifndef ANSINH_TESTS_BILLED_H
#define ANSINH_TESTS_BILLED_H

#include "services/payments/payments_rules.h"

/* No special zone and no province. */
extern const struct bill_place nowhere;

/* Group OTHER, monthly, 1,500,000 dong, enrolled on 15 October 2025; nothing paid. */
struct citizen somebody(void);
/* Paid for these months, "2025-10". */
void cover(struct citizen *citizen, const char *from, const char *to);
/* Issues the bill of a day. */
void bill(struct citizen *citizen, const char *date);
void settle(struct citizen *citizen, const char *date);

enum bill_verdict judge(const struct citizen *citizen, uint32_t number, const char *date);
int is_current(const struct citizen *citizen, const char *date);

#endif
