#include "services/cli/call_signed.h"

#include <curl/curl.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/key_file.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/service/api.h"
#include "common/sign/digest.h"
#include "common/sign/signature.h"
#include "services/cli/call_answer.h"
#include "services/cli/cli.h"

#define TIMEOUT_MS 30000L
#define URI_BYTES 1024
#define LINE_BYTES 4096
#define NONCE_BYTES 16

static const char *digest_field(void *arg, const char *name)
{
    return strcmp(name, "content-digest") == 0 ? arg : NULL;
}

static int read_key(const struct call_signed *self, struct signature_key *ret)
{
    struct err err = {0};
    uint8_t seed[KEY_FILE_BYTES], public_key[crypto_sign_PUBLICKEYBYTES];
    int rc = sodium_init() < 0 ? -EIO : key_file_read(self->key, seed, &err);
    if (rc < 0)
        return cli_fail(1, "%s", rc == -ENOENT ? "there is no such key file" : err.text);
    *ret = (struct signature_key){.algorithm = SIGNATURE_HMAC_SHA256, .len = KEY_FILE_BYTES};
    if (self->is_hmac) {
        memcpy(ret->bytes, seed, sizeof(seed));
    } else {
        ret->algorithm = SIGNATURE_ED25519;
        ret->len = crypto_sign_SECRETKEYBYTES;
        (void)crypto_sign_seed_keypair(public_key, ret->bytes, seed);
    }
    sodium_memzero(seed, sizeof(seed));
    return 0;
}

/* The headers of a signed request. 0, or the exit status of what was said. */
static int sign(const struct call_signed *self, const char *uri, const struct buf *json,
                struct forward_fields *ret)
{
    static const char *const components[] = {"@method", "@target-uri", "content-digest", NULL};
    char digest[DIGEST_TEXT_BYTES], nonce[2 * NONCE_BYTES + 1];
    uint8_t bytes[NONCE_BYTES];
    struct signature_key key;
    struct err err = {0};
    if (read_key(self, &key) != 0)
        return 1;
    digest_write(json->data, json->len, digest);
    randombytes_buf(bytes, sizeof(bytes));
    format_hex(bytes, sizeof(bytes), nonce);
    const struct signature_message message = {
        .method = "POST", .target_uri = uri, .field = digest_field, .arg = digest};
    const struct signature_spec spec = {.label = "sig1",
                                        .components = components,
                                        .created = clock_wall_ms() / 1000,
                                        .nonce = nonce,
                                        .key_id = self->key_id,
                                        .has_algorithm = 1};
    CLEANUP(buf_fini) struct buf input;
    CLEANUP(buf_fini) struct buf value;
    buf_init(&input, LINE_BYTES / 2);
    buf_init(&value, LINE_BYTES / 2);
    int rc = signature_make(&spec, &message, &key, &input, &value, &err);
    sodium_memzero(&key, sizeof(key));
    if (rc < 0 || buf_append(&input, "", 1) < 0 || buf_append(&value, "", 1) < 0)
        return cli_fail(2, "%s", err.text);
    forward_fields_add(ret, "Content-Type", "application/json");
    forward_fields_add(ret, "Content-Digest", digest);
    forward_fields_add(ret, "Signature-Input", (const char *)input.data);
    forward_fields_add(ret, "Signature", (const char *)value.data);
    return 0;
}

/* By which a command is known when it is repeated: the caller's, or a fresh one. 0, or the exit
 * status of what was said. */
static int add_request_key(const char *method, struct forward_fields *ret)
{
    const struct api_method *named = api_find(method);
    const char *given = getenv("IDEMPOTENCY_KEY");
    char fresh[UUID_TEXT_BYTES];
    struct request_id id;
    if (named == NULL || named->is_read)
        return 0;
    request_id_make(clock_wall_ms(), &id);
    request_id_format(&id, fresh);
    if (given != NULL && request_id_parse(given, &id) < 0)
        return cli_fail(2, "IDEMPOTENCY_KEY: want a UUIDv7 or 1 to 128 printable characters");
    forward_fields_add(ret, "Idempotency-Key", given == NULL ? fresh : given);
    return 0;
}

/* The answer as it came; the signature is the last field of what was sent. 0, or the exit status of
 * what was said. */
static int post(const struct call_signed *self, const char *method, const char *uri,
                const struct buf *json, struct forward_fields *sent, struct forward_answer *ret)
{
    int rc = add_request_key(method, sent);
    if (rc == 0)
        rc = sign(self, uri, json, sent);
    if (rc != 0)
        return rc;
    return forward(uri, "POST", sent, json, TIMEOUT_MS, ret) < 0 ? 1 : 0;
}

static int uri_of(const struct call_signed *self, const char *method, char ret[URI_BYTES])
{
    size_t url_len = strlen(self->url);
    url_len -= url_len > 0 && self->url[url_len - 1] == '/'; /* with or without it at the end */
    int len = snprintf(ret, URI_BYTES, "%.*s/%s", (int)url_len, self->url, method);
    return len < 0 || len >= URI_BYTES ? cli_fail(2, "--url: too long") : 0;
}

int call_signed_ask(const struct call_signed *self, const char *method, const struct buf *json,
                    struct buf *ret, long *ret_status)
{
    char uri[URI_BYTES];
    struct forward_fields sent = {0};
    struct forward_answer answer;
    forward_answer_init(&answer);
    int rc = uri_of(self, method, uri);
    if (rc == 0)
        rc = post(self, method, uri, json, &sent, &answer);
    if (rc == 0 && buf_append(ret, answer.body.data, answer.body.len) < 0)
        rc = cli_fail(1, "%s: too long an answer", uri);
    *ret_status = answer.status;
    forward_answer_fini(&answer);
    forward_fields_fini(&sent);
    return rc;
}

/* What cannot be believed is not printed: it may be anybody's. */
static int tell(const struct call_exchange *exchange)
{
    const struct forward_answer *answer = &exchange->answer;
    struct err err = {0};
    if (call_answer_check(exchange, &err) < 0)
        return cli_fail(1, "HTTP status %ld, but the answer cannot be believed: %s", answer->status,
                        err.text);
    (void)printf("%.*s\n", (int)answer->body.len,
                 answer->body.len == 0 ? "" : (const char *)answer->body.data);
    return answer->status == 200 ? 0 : cli_fail(1, "HTTP status %ld", answer->status);
}

int call_signed(const struct call_signed *self, const char *method, const struct buf *json)
{
    char uri[URI_BYTES];
    struct forward_fields sent = {0};
    struct call_exchange exchange = {.url = self->url, .uri = uri};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return cli_fail(1, "libcurl cannot be used");
    forward_answer_init(&exchange.answer);
    int rc = uri_of(self, method, uri);
    if (rc == 0)
        rc = post(self, method, uri, json, &sent, &exchange.answer);
    if (rc == 0) {
        exchange.signature = sent.texts[sent.n - 1] + strlen("Signature: ");
        rc = tell(&exchange);
    }
    forward_answer_fini(&exchange.answer);
    forward_fields_fini(&sent);
    return rc;
}
