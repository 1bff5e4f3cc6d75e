#include "common/service/partner_secret.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* What a secret is bound to, so that it does not open as another key's. */
static void bind_to(const char *key_id, uint8_t ret[ID_BYTES])
{
    (void)crypto_generichash(ret, ID_BYTES, (const unsigned char *)key_id, strlen(key_id), NULL, 0);
}

void partner_secret_seal(const struct keyring *ring, const char *key_id, const uint8_t *secret,
                         size_t len, uint8_t *ret)
{
    uint8_t bound_to[ID_BYTES];
    bind_to(key_id, bound_to);
    keyring_seal(ring, bound_to, secret, len, ret);
}

static int open_secret(const struct keyring *ring, const Ansinh__V1__PartnerKey *key,
                       struct signature_key *ret)
{
    uint8_t bound_to[ID_BYTES];
    const ProtobufCBinaryData *sealed = &key->sealed_secret;
    if (sealed->len < SEAL_OVERHEAD_BYTES + SIGNATURE_SECRET_MIN_BYTES ||
        sealed->len > SEAL_OVERHEAD_BYTES + SIGNATURE_SECRET_MAX_BYTES)
        return -EBADMSG;
    bind_to(key->key_id, bound_to);
    ret->algorithm = SIGNATURE_HMAC_SHA256;
    ret->len = sealed->len - SEAL_OVERHEAD_BYTES;
    return keyring_unseal(ring, bound_to, sealed->data, sealed->len, ret->bytes);
}

int partner_key_open(const struct keyring *ring, const Ansinh__V1__PartnerKey *key,
                     struct signature_key *ret)
{
    *ret = (struct signature_key){0};
    if (key->algorithm == ANSINH__V1__KEY_ALGORITHM__KEY_ALGORITHM_HMAC_SHA256)
        return open_secret(ring, key, ret);
    if (key->algorithm != ANSINH__V1__KEY_ALGORITHM__KEY_ALGORITHM_ED25519 ||
        key->public_key.len != crypto_sign_PUBLICKEYBYTES)
        return -EBADMSG;
    ret->algorithm = SIGNATURE_ED25519;
    ret->len = key->public_key.len;
    memcpy(ret->bytes, key->public_key.data, ret->len);
    return 0;
}
