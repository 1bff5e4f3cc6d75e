/* People who enrol, ask for their bill and pay it, one call after the other, on a test's platform.
 */
#ifndef ANSINH_TESTS_SUPPORT_PAYER_H
#define ANSINH_TESTS_SUPPORT_PAYER_H

#include "tests/support/platform.h"

#define PAYER_DUE_VND 264000 /* 330,000 less 66,000 of the state */

struct payer {
    char participant[32], bill[64], version[16], due[16];
    char payment[48], code[24]; /* after payer_pay */
};

/* The i-th of them (as people.h has them) enrols and asks for the bill; aborts when that fails. */
void payer_enrol(struct platform *platform, unsigned i, struct payer *ret);

/* Pays the bill; rest is further JSON ("\"collectorCode\":\"x\"") or "". Answers the code; answer
 * (PLATFORM_ANSWER_BYTES) is what platform_call gives. */
int payer_pay(struct platform *platform, struct payer *self, const char *rest, char *answer);

#endif
