#include "services/gateway/auth_check.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "common/service/partner_secret.h"
#include "common/sign/digest.h"

static enum auth_refusal refuse(struct err *err, enum auth_refusal refusal, const char *text)
{
    (void)err_set(err, -EACCES, "%s", text);
    return refusal;
}

/* --- without a key ---------------------------------------------------------------------------- */

static enum auth_refusal check_coverage(const struct signature *signature, int has_body,
                                        struct err *err)
{
    static const char *const names[] = {"@method", "@target-uri", "content-digest"};
    for (size_t i = 0; i < ARRAY_LEN(names) - (has_body ? 0 : 1); i++) {
        if (!signature_covers(signature, names[i], 0)) {
            (void)err_set(err, -EACCES, "the signature must cover \"%s\"", names[i]);
            return AUTH_COVERAGE;
        }
    }
    if (!signature->has_created)
        return refuse(err, AUTH_COVERAGE, "the signature must say when it was created");
    if (signature->nonce.text == NULL || signature->nonce.len < AUTH_NONCE_MIN_CHARS ||
        signature->nonce.len > AUTH_NONCE_MAX_CHARS)
        return refuse(err, AUTH_COVERAGE, "the signature must have a nonce of 8 to 128 characters");
    if (signature->key_id.text == NULL)
        return refuse(err, AUTH_COVERAGE, "the signature must have a keyid");
    return AUTH_ACCEPTED;
}

static enum auth_refusal check_digest(const struct signature *signature,
                                      const struct signature_message *message, const uint8_t *body,
                                      size_t body_len, struct err *err)
{
    if (!signature_covers(signature, "content-digest", 0))
        return AUTH_ACCEPTED; /* there is no body */
    const char *digest = message->field(message->arg, "content-digest");
    if (digest == NULL)
        return refuse(err, AUTH_DIGEST, "Content-Digest is missing");
    return digest_check(digest, body, body_len, err) < 0 ? AUTH_DIGEST : AUTH_ACCEPTED;
}

static enum auth_refusal check_time(const struct signature *signature, int64_t now_s,
                                    struct err *err)
{
    if (signature->created > now_s + AUTH_WINDOW_S || signature->created < now_s - AUTH_WINDOW_S)
        return refuse(err, AUTH_TIME,
                      "created is more than 5 minutes away from the clock of this server");
    if (signature->has_expires &&
        (signature->expires <= now_s || signature->expires <= signature->created))
        return refuse(err, AUTH_TIME, "the signature has expired");
    return AUTH_ACCEPTED;
}

enum auth_refusal auth_read(const struct signature_message *message, const uint8_t *body,
                            size_t body_len, int64_t now_s, struct signature *ret, struct err *err)
{
    const char *input = message->field(message->arg, "signature-input");
    const char *value = message->field(message->arg, "signature");
    *ret = (struct signature){0};
    if (input == NULL || value == NULL)
        return refuse(err, AUTH_UNSIGNED, "want a signed request: Signature-Input and Signature");
    if (message->target_uri == NULL)
        return refuse(err, AUTH_MALFORMED, "the request's target is no path, or there is no Host");
    if (signature_read(input, value, ret, err) < 0)
        return AUTH_MALFORMED;
    enum auth_refusal refusal = check_coverage(ret, body_len > 0, err);
    if (refusal == AUTH_ACCEPTED)
        refusal = check_time(ret, now_s, err);
    if (refusal == AUTH_ACCEPTED)
        refusal = check_digest(ret, message, body, body_len, err);
    return refusal;
}

void auth_key_id(const struct signature *signature, char ret[AUTH_KEY_ID_MAX_CHARS + 1])
{
    const struct slice *id = &signature->key_id;
    ret[0] = '\0';
    if (id->text == NULL || id->len > AUTH_KEY_ID_MAX_CHARS)
        return;
    for (size_t i = 0; i < id->len; i++) {
        if (strchr(" \"\\", id->text[i]) != NULL) {
            ret[0] = '\0';
            return;
        }
        ret[i] = id->text[i];
    }
    ret[id->len] = '\0';
}

/* --- with a key ------------------------------------------------------------------------------- */

static enum auth_refusal check_key(const struct signature *signature,
                                   const struct signature_message *message,
                                   const struct signature_key *key, struct err *err)
{
    const struct slice *name = &signature->algorithm;
    if (name->text != NULL && signature_algorithm_of(name->text, name->len) == SIGNATURE_NONE)
        return refuse(err, AUTH_ALGORITHM, "alg must be ed25519 or hmac-sha256");
    if (name->text != NULL && !slice_is(name, signature_algorithm_name(key->algorithm)))
        return refuse(err, AUTH_ALGORITHM, "alg is not that of the key");
    CLEANUP(buf_fini) struct buf base;
    buf_init(&base, SIGNATURE_BASE_MAX_BYTES);
    if (signature_base(signature, message, &base, err) < 0)
        return AUTH_MALFORMED;
    if (signature_check(signature, key, &base) < 0)
        return refuse(err, AUTH_WRONG, "the signature is not that of this key over this request");
    return AUTH_ACCEPTED;
}

/* Told to nobody but the key's owner: the signature is right already. */
static enum auth_refusal check_validity(const Ansinh__V1__PartnerKey *key, int64_t now_ms,
                                        struct err *err)
{
    if (key->revoked_at_ms != 0)
        return refuse(err, AUTH_KEY_TIME, "the key is revoked");
    if (now_ms < key->valid_from_ms)
        return refuse(err, AUTH_KEY_TIME, "the key is not valid yet");
    if (key->valid_until_ms != 0 && now_ms >= key->valid_until_ms)
        return refuse(err, AUTH_KEY_TIME, "the key is not valid any more");
    return AUTH_ACCEPTED;
}

enum auth_refusal auth_verify(const struct signature *signature,
                              const struct signature_message *message, const struct keyring *ring,
                              const Ansinh__V1__PartnerKey *key, int64_t now_ms, struct err *err)
{
    struct signature_key opened;
    if (partner_key_open(ring, key, &opened) < 0)
        return refuse(err, AUTH_KEY, "the key cannot be used here");
    enum auth_refusal refusal = check_key(signature, message, &opened, err);
    sodium_memzero(&opened, sizeof(opened));
    return refusal == AUTH_ACCEPTED ? check_validity(key, now_ms, err) : refusal;
}
