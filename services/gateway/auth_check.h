/* What a signed request must say, and whether it was signed with a partner's key. No I/O.
 *
 * Covered: "@method", "@target-uri", "content-digest" when there is a body, and the parameters
 * created, nonce and keyid (docs/adr/0023-signed-requests.md). */
#ifndef ANSINH_GATEWAY_AUTH_CHECK_H
#define ANSINH_GATEWAY_AUTH_CHECK_H

#include "ansinh/v1/partners.pb-c.h"
#include "common/base/keyring.h"
#include "common/sign/signature.h"

#define AUTH_WINDOW_S 300 /* between created and now, either way */
#define AUTH_NONCE_MIN_CHARS 8
#define AUTH_NONCE_MAX_CHARS 128
#define AUTH_KEY_ID_MAX_CHARS 65

/* Why a request was refused, for the counters. */
enum auth_refusal {
    AUTH_ACCEPTED,
    AUTH_UNSIGNED,
    AUTH_MALFORMED, /* fields that cannot be read, or say what is not there */
    AUTH_COVERAGE,  /* does not cover what it must */
    AUTH_DIGEST,    /* Content-Digest is not that of the body */
    AUTH_TIME,      /* too old, too new, expired */
    AUTH_KEY,       /* no such key */
    AUTH_ALGORITHM, /* unknown, or not that of the key */
    AUTH_WRONG,     /* not made with this key over this request */
    AUTH_KEY_TIME,  /* the key is revoked, not valid yet or not any more */
    AUTH_SUSPENDED, /* the partner is */
    AUTH_RATE,      /* too many requests */
    AUTH_REPLAYED,  /* nonce seen before */
    AUTH_AWAY,      /* nobody can say whether it was */
    AUTH_REFUSALS
};

/* Reads the signature and looks at everything that needs no key. *ret is freed with signature_fini
 * whatever the answer; its texts are the message's. err says what is wrong. */
enum auth_refusal auth_read(const struct signature_message *message, const uint8_t *body,
                            size_t body_len, int64_t now_s, struct signature *ret, struct err *err);

/* The key's id as text; "" when it is none that a key could have. */
void auth_key_id(const struct signature *signature, char ret[AUTH_KEY_ID_MAX_CHARS + 1]);

/* Holds a signature that auth_read has accepted against a key. ring unseals its secret. */
enum auth_refusal auth_verify(const struct signature *signature,
                              const struct signature_message *message, const struct keyring *ring,
                              const Ansinh__V1__PartnerKey *key, int64_t now_ms, struct err *err);

#endif
