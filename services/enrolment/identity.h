/* A citizen's identity: the only place where it is sealed and unsealed. */
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

/* Seals an identity for a citizen, in the arena; NULL: no memory. */
const uint8_t *identity_seal(const struct enrolment *service, struct arena *arena,
                             const uint8_t citizen[ID_BYTES], const Ansinh__V1__Identity *identity,
                             size_t *ret_len);

#endif
