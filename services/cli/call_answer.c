#include "services/cli/call_answer.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/sign/digest.h"
#include "common/sign/signature.h"

#define KEYS_PATH "/.well-known/ansinh-keys"
#define KEYS_TIMEOUT_MS 30000L
#define URI_BYTES 1024
#define HTTP_OK 200
#define AGE_MAX_S 300

/* The first value of a name, NULL: none. */
static const char *field_of(const struct forward_fields *fields, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < fields->n; i++) {
        if (strncasecmp(fields->texts[i], name, len) == 0 && fields->texts[i][len] == ':')
            return fields->texts[i] + len + 2; /* "Name: value" */
    }
    return NULL;
}

static const char *answer_field(void *arg, const char *name)
{
    return field_of(arg, name);
}

static const char *request_field(void *arg, const char *name)
{
    return strcmp(name, "signature") == 0 ? arg : NULL;
}

/* --- the platform's key ----------------------------------------------------------------------- */

/* 0, or -ENOENT: the set has no such key. */
static int find_key(const json_t *set, const struct slice *key_id, struct signature_key *ret)
{
    const json_t *keys = json_object_get(set, "keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *key = json_array_get(keys, i);
        const char *kid = json_string_value(json_object_get(key, "kid"));
        const char *x = json_string_value(json_object_get(key, "x"));
        if (kid == NULL || x == NULL || !slice_is(key_id, kid))
            continue;
        ret->algorithm = SIGNATURE_ED25519;
        if (sodium_base642bin(ret->bytes, crypto_sign_PUBLICKEYBYTES, x, strlen(x), NULL, &ret->len,
                              NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
            ret->len == crypto_sign_PUBLICKEYBYTES)
            return 0;
    }
    return -ENOENT;
}

static int read_key(const char *url, const struct slice *key_id, struct signature_key *ret,
                    struct err *err)
{
    const struct forward_fields none = {0};
    struct forward_answer answer;
    CLEANUP(buf_fini) struct buf no_body;
    char uri[URI_BYTES];
    int len = snprintf(uri, sizeof(uri), "%s" KEYS_PATH, url);
    buf_init(&no_body, 1);
    forward_answer_init(&answer);
    int rc = len < 0 || (size_t)len >= sizeof(uri)
                 ? -EIO
                 : forward(uri, "GET", &none, &no_body, KEYS_TIMEOUT_MS, &answer);
    if (rc == 0 && answer.status != HTTP_OK)
        rc = -EIO;
    json_auto_t *set =
        rc < 0 ? NULL : json_loadb((const char *)answer.body.data, answer.body.len, 0, NULL);
    if (set == NULL)
        rc = err_set(err, -EIO, "the platform's keys cannot be had from %.200s", uri);
    else if (find_key(set, key_id, ret) < 0)
        rc = err_set(err, -EBADMSG, "it is signed with a key that is not the platform's: %.*s",
                     (int)MIN(key_id->len, (size_t)100), key_id->text);
    forward_answer_fini(&answer);
    return rc;
}

/* --- the signature ---------------------------------------------------------------------------- */

/* Without these an answer could be another request's, or another answer. */
static int covers_enough(const struct signature *signature)
{
    return signature_covers(signature, "@status", 0) &&
           signature_covers(signature, "content-digest", 0) &&
           signature_covers(signature, "@method", 1) &&
           signature_covers(signature, "@target-uri", 1) &&
           signature_covers(signature, "signature", 1);
}

static int check_base(const struct call_exchange *exchange, const struct signature *signature,
                      const struct signature_key *key, struct err *err)
{
    const struct signature_message request = {.method = "POST",
                                              .target_uri = exchange->uri,
                                              .field = request_field,
                                              .arg = (void *)(uintptr_t)exchange->signature};
    const struct signature_message message = {.status = (unsigned)exchange->answer.status,
                                              .field = answer_field,
                                              .arg = (void *)(uintptr_t)&exchange->answer.fields,
                                              .request = &request};
    CLEANUP(buf_fini) struct buf base;
    buf_init(&base, SIGNATURE_BASE_MAX_BYTES);
    if (signature_base(signature, &message, &base, err) < 0)
        return -EBADMSG;
    if (signature_check(signature, key, &base) < 0)
        return err_set(err, -EBADMSG, "its signature does not fit");
    return 0;
}

static int check_signature(const struct call_exchange *exchange, const struct signature *signature,
                           struct err *err)
{
    struct signature_key key;
    int64_t age_s = clock_wall_ms() / 1000 - signature->created;
    if (!covers_enough(signature))
        return err_set(err, -EBADMSG, "its signature does not cover what it must");
    if (!signature->has_created || age_s > AGE_MAX_S || age_s < -AGE_MAX_S)
        return err_set(err, -EBADMSG, "its signature is older than %d seconds", AGE_MAX_S);
    int rc = read_key(exchange->url, &signature->key_id, &key, err);
    return rc < 0 ? rc : check_base(exchange, signature, &key, err);
}

int call_answer_check(const struct call_exchange *exchange, struct err *err)
{
    const struct forward_answer *answer = &exchange->answer;
    const char *digest = field_of(&answer->fields, "Content-Digest");
    const char *input = field_of(&answer->fields, "Signature-Input");
    const char *value = field_of(&answer->fields, "Signature");
    if (digest == NULL || input == NULL || value == NULL)
        return err_set(err, -EBADMSG, "it is not signed");
    if (digest_check(digest, answer->body.data, answer->body.len, err) < 0)
        return -EBADMSG;
    struct signature signature;
    int rc = signature_read(input, value, &signature, err) < 0
                 ? -EBADMSG
                 : check_signature(exchange, &signature, err);
    signature_fini(&signature);
    return rc;
}
