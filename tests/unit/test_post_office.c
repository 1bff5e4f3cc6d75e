/* The test vectors in docs/post-office.md: what a newcomer checks a client by is what this platform
 * computes. Each text is made anew here and must stand in the document. */
#include "tests/support/test.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/sign/digest.h"
#include "common/sign/signature.h"

#define DOCUMENT "docs/post-office.md"
#define DOCUMENT_MAX_BYTES ((size_t)256 * 1024)
#define TEXT_BYTES 2048

#define URI "https://pay.example.vn/ansinh.v1.Collections/Echo"
#define BODY "{\"text\":\"xin chào\"}"
#define NONCE "k3Zt0Vb8QyW1"
#define CREATED 1795337000
#define ANSWER_BODY                                                                                \
    "{\"text\":\"xin chào\",\"partner\":\"VNPOST\",\"atMs\":\"1795337000123\","                   \
    "\"businessDate\":\"2026-11-22\"}"

static char document[DOCUMENT_MAX_BYTES];

static int load(void **state)
{
    (void)state;
    FILE *file = fopen(DOCUMENT, "r");
    assert_non_null(file);
    size_t len = fread(document, 1, sizeof(document) - 1, file);
    (void)fclose(file);
    assert_in_range(len, 1, sizeof(document) - 2);
    return sodium_init() < 0;
}

static void must_stand(const char *text)
{
    if (strstr(document, text) == NULL)
        fail_msg(DOCUMENT " does not say:\n%s", text);
}

static void must_stand_after(const char *before, const struct buf *text)
{
    char line[TEXT_BYTES];
    (void)snprintf(line, sizeof(line), "%s%.*s\n", before, (int)text->len,
                   (const char *)text->data);
    must_stand(line);
}

/* 32 bytes that follow each other, so that nobody takes them for a secret. */
static void seed_of(uint8_t first, uint8_t ret[32])
{
    for (uint8_t i = 0; i < 32; i++)
        ret[i] = (uint8_t)(first + i);
}

static struct signature_key ed25519_of(uint8_t first)
{
    uint8_t seed[32], public_key[32];
    char hex[65], base64[64], line[TEXT_BYTES];
    struct signature_key key = {.algorithm = SIGNATURE_ED25519, .len = 64};
    seed_of(first, seed);
    (void)crypto_sign_seed_keypair(public_key, key.bytes, seed);
    format_hex(seed, sizeof(seed), hex);
    (void)sodium_bin2base64(base64, sizeof(base64), public_key, 32, sodium_base64_VARIANT_ORIGINAL);
    must_stand(hex);
    (void)snprintf(line, sizeof(line), "`%s`", base64);
    must_stand(line);
    return key;
}

static struct signature_key hmac_of(uint8_t first)
{
    struct signature_key key = {.algorithm = SIGNATURE_HMAC_SHA256, .len = 32};
    seed_of(first, key.bytes);
    return key;
}

/* --- messages --------------------------------------------------------------------------------- */

struct fields {
    char digest[DIGEST_TEXT_BYTES];
    char signature[TEXT_BYTES]; /* of the request */
};

static const char *field_of(void *arg, const char *name)
{
    const struct fields *self = arg;
    if (strcmp(name, "content-digest") == 0)
        return self->digest;
    if (strcmp(name, "content-type") == 0)
        return "application/json";
    return strcmp(name, "signature") == 0 ? self->signature : NULL;
}

/* Signs, reads again what was made, and holds base and fields against the document. */
static void check(const struct signature_spec *spec, const struct signature_message *message,
                  const struct signature_key *key, char ret_value[TEXT_BYTES])
{
    struct err err = {0};
    struct signature signature;
    CLEANUP(buf_fini) struct buf input;
    CLEANUP(buf_fini) struct buf value;
    CLEANUP(buf_fini) struct buf base;
    char input_text[TEXT_BYTES];
    buf_init(&input, TEXT_BYTES);
    buf_init(&value, TEXT_BYTES);
    buf_init(&base, SIGNATURE_BASE_MAX_BYTES);
    if (signature_make(spec, message, key, &input, &value, &err) < 0)
        fail_msg("%s", err.text);
    must_stand_after("Signature-Input: ", &input);
    must_stand_after("Signature: ", &value);
    (void)snprintf(input_text, sizeof(input_text), "%.*s", (int)input.len,
                   (const char *)input.data);
    (void)snprintf(ret_value, TEXT_BYTES, "%.*s", (int)value.len, (const char *)value.data);
    assert_int_equal(signature_read(input_text, ret_value, &signature, &err), 0);
    assert_int_equal(signature_base(&signature, message, &base, &err), 0);
    must_stand_after("```\n", &base);
    signature_fini(&signature);
}

static struct signature_spec spec_of(const char *key_id)
{
    static const char *const components[] = {"@method", "@target-uri", "content-digest", NULL};
    return (struct signature_spec){.label = "sig1",
                                   .components = components,
                                   .created = CREATED,
                                   .nonce = NONCE,
                                   .key_id = key_id};
}

static struct signature_message request_of(struct fields *fields)
{
    digest_write((const uint8_t *)BODY, strlen(BODY), fields->digest);
    return (struct signature_message){
        .method = "POST", .target_uri = URI, .field = field_of, .arg = fields};
}

static void a_request_by_ed25519(void **state)
{
    (void)state;
    char digest[TEXT_BYTES], value[TEXT_BYTES];
    struct fields fields;
    const struct signature_message message = request_of(&fields);
    const struct signature_spec spec = spec_of("VNPOST:2026");
    const struct signature_key key = ed25519_of(0);
    must_stand(BODY);
    (void)snprintf(digest, sizeof(digest), "Content-Digest: %s\n", fields.digest);
    must_stand(digest);
    check(&spec, &message, &key, value);
}

static void a_request_by_hmac(void **state)
{
    (void)state;
    char value[TEXT_BYTES];
    struct fields fields;
    const struct signature_message message = request_of(&fields);
    const struct signature_spec spec = spec_of("VNPOST:mac");
    const struct signature_key key = hmac_of(0);
    check(&spec, &message, &key, value);
}

static void an_answer(void **state)
{
    (void)state;
    static const char *const components[] = {
        "@status",       "content-digest", "@method;req", "@target-uri;req",
        "signature;req", "content-type",   NULL};
    char value[TEXT_BYTES], digest[TEXT_BYTES];
    struct fields asked, fields;
    const struct signature_message request = request_of(&asked);
    const struct signature_spec request_spec = spec_of("VNPOST:2026");
    const struct signature_key request_key = ed25519_of(0), key = ed25519_of(32);
    check(&request_spec, &request, &request_key, asked.signature);
    digest_write((const uint8_t *)ANSWER_BODY, strlen(ANSWER_BODY), fields.digest);
    (void)snprintf(digest, sizeof(digest), "Content-Digest: %s\n", fields.digest);
    must_stand(digest);
    must_stand(ANSWER_BODY);
    const struct signature_message message = {
        .status = 200, .field = field_of, .arg = &fields, .request = &request};
    const struct signature_spec spec = {.label = "ansinh",
                                        .components = components,
                                        .created = CREATED,
                                        .key_id = "example",
                                        .has_algorithm = 1};
    check(&spec, &message, &key, value);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_request_by_ed25519),
    cmocka_unit_test(a_request_by_hmac),
    cmocka_unit_test(an_answer),
};

int main(void)
{
    return !!cmocka_run_group_tests(tests, load, NULL);
}
