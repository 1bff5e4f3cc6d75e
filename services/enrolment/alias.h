/* An SI code as another way to a citizen: a record in the partition of its own hash, written before
 * the citizen's. */
#ifndef ANSINH_ENROLMENT_ALIAS_H
#define ANSINH_ENROLMENT_ALIAS_H

#include "services/enrolment/enrolment.h"

/* Makes the code, by its kind of hash, lead to the citizen, then runs fn(arg). A code that leads to
 * another enrolled participant, or a ledger that does not answer, fails the request instead and fn
 * does not run. A claim whose enrolment never happened is taken over. A dry run only checks. */
void alias_claim(struct enrolment *service, struct bus_request *request, char kind,
                 const char *si_code, const uint8_t citizen[ID_BYTES], int is_dry_run, loop_fn fn,
                 void *arg);

#endif
