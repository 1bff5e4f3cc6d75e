/* Reading a citizen's identity: the only place where it is unsealed. */
#ifndef ANSINH_ENROLMENT_IDENTITY_H
#define ANSINH_ENROLMENT_IDENTITY_H

#include "ansinh/v1/identity.pb-c.h"
#include "services/enrolment/enrolment.h"

/* The identity lives in the request's arena. */
typedef void (*identity_fn)(void *arg, const Ansinh__V1__Identity *identity);

/* Reads and unseals the identity of an enrolled citizen, then runs fn(arg, identity). A ledger that
 * does not answer, or an identity that no key opens, fails the request instead and fn does not run.
 */
void identity_read(struct enrolment *service, struct bus_request *request,
                   const uint8_t citizen[ID_BYTES], identity_fn fn, void *arg);

#endif
