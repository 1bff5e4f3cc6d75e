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
#include "common/sign/digest.h"
#include "common/sign/signature.h"
#include "services/cli/cli.h"

#define TIMEOUT_MS 30000L
#define ANSWER_MAX_BYTES ((size_t)16 * 1024 * 1024)
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

static struct curl_slist *add_line(struct curl_slist *list, const char *name, const char *value,
                                   size_t len)
{
    char line[LINE_BYTES];
    (void)snprintf(line, sizeof(line), "%s: %.*s", name, (int)len, value);
    list = curl_slist_append(list, line);
    ASSERT(list != NULL);
    return list;
}

/* The headers of a signed request; NULL: said why not. */
static struct curl_slist *sign(const struct call_signed *self, const char *uri,
                               const struct buf *json)
{
    static const char *const components[] = {"@method", "@target-uri", "content-digest", NULL};
    char digest[DIGEST_TEXT_BYTES], nonce[2 * NONCE_BYTES + 1];
    uint8_t bytes[NONCE_BYTES];
    struct signature_key key;
    struct err err = {0};
    if (read_key(self, &key) != 0)
        return NULL;
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
    if (rc < 0) {
        (void)cli_fail(2, "%s", err.text);
        return NULL;
    }
    struct curl_slist *list = add_line(NULL, "Content-Type", "application/json", 16);
    list = add_line(list, "Content-Digest", digest, strlen(digest));
    list = add_line(list, "Signature-Input", (const char *)input.data, input.len);
    return add_line(list, "Signature", (const char *)value.data, value.len);
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    return buf_append(arg, data, size * n) == 0 ? n : 0;
}

static int post(const char *uri, struct curl_slist *headers, const struct buf *json,
                struct buf *ret, long *ret_status)
{
    CURL *curl = curl_easy_init();
    ASSERT(curl != NULL);
    (void)curl_easy_setopt(curl, CURLOPT_URL, uri);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)json->data);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)json->len);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret);
    CURLcode rc = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    curl_easy_cleanup(curl);
    return rc == CURLE_OK ? 0 : cli_fail(1, "%s: %s", uri, curl_easy_strerror(rc));
}

int call_signed_ask(const struct call_signed *self, const char *method, const struct buf *json,
                    struct buf *ret, long *ret_status)
{
    char uri[URI_BYTES];
    int len = snprintf(uri, sizeof(uri), "%s/%s", self->url, method);
    if (len < 0 || (size_t)len >= sizeof(uri))
        return cli_fail(2, "--url: too long");
    struct curl_slist *headers = sign(self, uri, json);
    if (headers == NULL)
        return 1;
    int rc = post(uri, headers, json, ret, ret_status);
    curl_slist_free_all(headers);
    return rc;
}

int call_signed(const struct call_signed *self, const char *method, const struct buf *json)
{
    long status = 0;
    CLEANUP(buf_fini) struct buf answer;
    buf_init(&answer, ANSWER_MAX_BYTES);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return cli_fail(1, "libcurl cannot be used");
    int rc = call_signed_ask(self, method, json, &answer, &status);
    if (rc != 0)
        return rc;
    (void)printf("%.*s\n", (int)answer.len, answer.len == 0 ? "" : (const char *)answer.data);
    return status == 200 ? 0 : cli_fail(1, "HTTP status %ld", status);
}
