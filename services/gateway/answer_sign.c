#include "services/gateway/answer_sign.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/key_file.h"
#include "common/base/log.h"
#include "common/sign/digest.h"

#define KEYS_MAX 8
#define PATH_BYTES 512
#define X_TEXT_BYTES 44 /* base64url of 32 bytes without padding, with NUL */
#define FIELDS_MAX_BYTES 1024

struct answer_key {
    char x[X_TEXT_BYTES];  /* the public key */
    char id[X_TEXT_BYTES]; /* its thumbprint (RFC 7638) */
};

struct answer_keys {
    struct answer_key keys[KEYS_MAX];
    size_t n;
    struct signature_key key; /* of the last one */
};

/* One signed answer; in the request's arena. */
struct signing {
    const struct answer_keys *keys;
    const struct signature_message *asked;
    const struct http_header *headers;
    size_t n_headers;
    char digest[DIGEST_TEXT_BYTES];
};

/* --- keys ------------------------------------------------------------------------------------- */

static void to_base64url(const uint8_t bytes[32], char ret[X_TEXT_BYTES])
{
    (void)sodium_bin2base64(ret, X_TEXT_BYTES, bytes, 32, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void add_key(struct answer_keys *self, uint8_t seed[crypto_sign_SEEDBYTES])
{
    struct answer_key *key = &self->keys[self->n++];
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], thumbprint[crypto_hash_sha256_BYTES];
    char text[128];
    (void)crypto_sign_seed_keypair(public_key, self->key.bytes, seed);
    sodium_memzero(seed, crypto_sign_SEEDBYTES);
    self->key.algorithm = SIGNATURE_ED25519;
    self->key.len = crypto_sign_SECRETKEYBYTES;
    to_base64url(public_key, key->x);
    int len =
        snprintf(text, sizeof(text), "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", key->x);
    (void)crypto_hash_sha256(thumbprint, (const unsigned char *)text, (unsigned long long)len);
    to_base64url(thumbprint, key->id);
}

int answer_keys_open(const char *directory, struct answer_keys **ret, struct err *err)
{
    char path[PATH_BYTES];
    uint8_t seed[KEY_FILE_BYTES];
    int rc = 0;
    struct answer_keys *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    _Static_assert(KEY_FILE_BYTES == crypto_sign_SEEDBYTES, "a key file holds a seed");
    if (sodium_init() < 0)
        rc = err_set(err, -EIO, "libsodium does not start");
    for (int i = 1; rc == 0 && i <= KEYS_MAX; i++) {
        (void)snprintf(path, sizeof(path), "%s/answer-%d.key", directory, i);
        rc = key_file_read(path, seed, err);
        if (rc == 0)
            add_key(self, seed);
        else if (rc == -ENOENT)
            rc = 0;
    }
    if (rc == 0 && self->n == 0)
        rc = err_set(err, -ENOENT, "no answer-1.key in %.100s (make it with: ansinh keys)",
                     directory);
    if (rc < 0)
        answer_keys_destroy(&self);
    else
        *ret = self;
    return rc;
}

void answer_keys_destroy(struct answer_keys **self)
{
    if (*self == NULL)
        return;
    sodium_memzero(*self, sizeof(**self));
    free(*self);
    *self = NULL;
}

void answer_keys_page(const struct answer_keys *self, struct http_request *request)
{
    static const struct http_header headers[] = {
        {"Content-Type", "application/jwk-set+json"},
        {"Cache-Control", "max-age=300"},
    };
    struct buf *out = &request->out;
    (void)buf_puts(out, "{\"keys\":[");
    for (size_t i = self->n; i-- > 0;)
        (void)buf_printf(out,
                         "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"EdDSA\",\"use\":\"sig\","
                         "\"kid\":\"%s\",\"x\":\"%s\"}%s",
                         self->keys[i].id, self->keys[i].x, i > 0 ? "," : "");
    (void)buf_puts(out, "]}\n");
    http_answer(request, 200, headers, ARRAY_LEN(headers), out->data, out->len);
}

/* --- answers ---------------------------------------------------------------------------------- */

static const char *answer_field(void *arg, const char *name)
{
    const struct signing *self = arg;
    if (strcmp(name, "content-digest") == 0)
        return self->digest;
    for (size_t i = 0; i < self->n_headers; i++) {
        if (strcasecmp(self->headers[i].name, name) == 0)
            return self->headers[i].value;
    }
    return NULL;
}

static const char *copy(struct arena *arena, const struct buf *text)
{
    return arena_strndup(arena, (const char *)text->data, text->len);
}

/* Both fields' values; 0 when they cannot be made. */
static int make(struct signing *self, unsigned status, struct arena *arena, const char **ret_input,
                const char **ret_value)
{
    const struct answer_keys *keys = self->keys;
    const char *components[8] = {"@status", "content-digest", "@method;req", "@target-uri;req",
                                 "signature;req"};
    const struct signature_message message = {
        .status = status, .field = answer_field, .arg = self, .request = self->asked};
    const struct signature_spec spec = {
        .label = "ansinh",
        .components = components,
        .created = clock_wall_ms() / 1000,
        .key_id = keys->keys[keys->n - 1].id,
        .has_algorithm = 1,
    };
    struct err err = {0};
    CLEANUP(buf_fini) struct buf input;
    CLEANUP(buf_fini) struct buf value;
    buf_init(&input, FIELDS_MAX_BYTES);
    buf_init(&value, FIELDS_MAX_BYTES);
    if (answer_field(self, "content-type") != NULL)
        components[5] = "content-type";
    if (signature_make(&spec, &message, &keys->key, &input, &value, &err) < 0) {
        log_debug("an answer is not signed", "reason=\"%s\"", err.text);
        return 0;
    }
    *ret_input = copy(arena, &input);
    *ret_value = copy(arena, &value);
    return *ret_input != NULL && *ret_value != NULL;
}

static size_t adorn(void *arg, struct http_request *request, unsigned status,
                    const struct http_header *headers, size_t n_headers, const void *body,
                    size_t len, struct http_header ret[HTTP_ADDED_MAX])
{
    struct signing *self = arg;
    const char *input, *value;
    self->headers = headers;
    self->n_headers = n_headers;
    digest_write(body, len, self->digest);
    if (!make(self, status, request->arena, &input, &value))
        return 0;
    ret[0] = (struct http_header){"Content-Digest", self->digest};
    ret[1] = (struct http_header){"Signature-Input", input};
    ret[2] = (struct http_header){"Signature", value};
    return 3;
}

void answer_sign(const struct answer_keys *self, struct http_request *request,
                 const struct signature_message *asked)
{
    struct signing *signing = arena_zalloc(request->arena, sizeof(*signing));
    if (signing == NULL)
        return;
    signing->keys = self;
    signing->asked = asked;
    request->adorn = adorn;
    request->adorn_arg = signing;
}
