/* Partners' keys between the directory, where secrets are sealed, and signatures. */
#ifndef ANSINH_SERVICE_PARTNER_SECRET_H
#define ANSINH_SERVICE_PARTNER_SECRET_H

#include "ansinh/v1/partners.pb-c.h"
#include "common/base/keyring.h"
#include "common/sign/signature.h"

/* Seals a secret for the key of this id; ret holds len + SEAL_OVERHEAD_BYTES. ring is of
 * keyring_open_partners. */
void partner_secret_seal(const struct keyring *ring, const char *key_id, const uint8_t *secret,
                         size_t len, uint8_t *ret);

/* The key that checks signatures. -EBADMSG: its secret cannot be unsealed with this ring, or it is
 * no key. The caller wipes *ret. */
int partner_key_open(const struct keyring *ring, const Ansinh__V1__PartnerKey *key,
                     struct signature_key *ret) MUST_CHECK;

#endif
