/* Structured fields, content digests and message signatures: the examples of RFC 9421 and RFC 9530,
 * and what must be refused. */
#include "tests/support/test.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "common/sign/digest.h"
#include "common/sign/signature.h"

struct header {
    const char *name, *value;
};

static const char body[] = "{\"hello\": \"world\"}";

/* RFC 9421, appendix B.2 */
static const struct header headers[] = {
    {"host", "example.com"},
    {"date", "Tue, 20 Apr 2021 02:07:55 GMT"},
    {"content-type", "application/json"},
    {"content-digest", "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNN"
                       "yealdVLvRwEmTHWXvJwew==:"},
    {"content-length", "18"},
    {NULL, NULL},
};

static const char *field_of(void *arg, const char *name)
{
    for (const struct header *header = arg; header->name != NULL; header++) {
        if (strcmp(header->name, name) == 0)
            return header->value;
    }
    return NULL;
}

static const struct signature_message request = {
    .method = "POST",
    .target_uri = "https://example.com/foo?param=Value&Pet=dog",
    .field = field_of,
    .arg = (void *)(uintptr_t)headers,
};

static void key_of(struct signature_key *ret, enum signature_algorithm algorithm,
                   const char *base64)
{
    memset(ret, 0, sizeof(*ret));
    ret->algorithm = algorithm;
    assert_int_equal(sodium_base642bin(ret->bytes, sizeof(ret->bytes), base64, strlen(base64), NULL,
                                       &ret->len, NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
}

static struct signature_key shared_secret(void)
{
    struct signature_key key;
    key_of(&key, SIGNATURE_HMAC_SHA256,
           "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ"
           "==");
    return key;
}

static struct signature_key public_key(void)
{
    struct signature_key key;
    key_of(&key, SIGNATURE_ED25519, "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=");
    return key;
}

/* From its seed, the last 32 bytes of the PKCS #8 text in appendix B.1.4. */
static struct signature_key secret_key(void)
{
    struct signature_key seed, key = {.algorithm = SIGNATURE_ED25519};
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    key_of(&seed, SIGNATURE_ED25519, "n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=");
    (void)crypto_sign_seed_keypair(public, key.bytes, seed.bytes);
    key.len = crypto_sign_SECRETKEYBYTES;
    return key;
}

static void base_of(const struct signature *signature, const struct signature_message *message,
                    struct buf *ret)
{
    struct err err = {0};
    buf_init(ret, SIGNATURE_BASE_MAX_BYTES);
    if (signature_base(signature, message, ret, &err) < 0)
        fail_msg("%s", err.text);
}

/* 0 or -EBADMSG; everything before that must be right. */
static int check(const char *input, const char *value, const struct signature_message *message,
                 const struct signature_key *key)
{
    struct signature signature;
    struct err err = {0};
    struct buf base;
    if (signature_read(input, value, &signature, &err) < 0)
        fail_msg("%s", err.text);
    base_of(&signature, message, &base);
    int rc = signature_check(&signature, key, &base);
    buf_fini(&base);
    signature_fini(&signature);
    return rc;
}

/* --- the examples ----------------------------------------------------------------------------- */

#define B25_INPUT                                                                                  \
    "sig-b25=(\"date\" \"@authority\" \"content-type\");created=1618884473"                        \
    ";keyid=\"test-shared-secret\""
#define B25_VALUE "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"
#define B26_INPUT                                                                                  \
    "sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")"  \
    ";created=1618884473;keyid=\"test-key-ed25519\""
#define B26_VALUE                                                                                  \
    "sig-b26=:"                                                                                    \
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKR"         \
    "Cw==:"

static void rfc9421_b_2_5_hmac_sha256(void **state)
{
    (void)state;
    struct signature_key key = shared_secret();
    struct signature signature;
    struct buf base;
    assert_int_equal(check(B25_INPUT, B25_VALUE, &request, &key), 0);
    assert_int_equal(signature_read(B25_INPUT, B25_VALUE, &signature, NULL), 0);
    base_of(&signature, &request, &base);
    static const char wanted[] =
        "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
        "\"@authority\": example.com\n"
        "\"content-type\": application/json\n"
        "\"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473"
        ";keyid=\"test-shared-secret\"";
    assert_int_equal(base.len, strlen(wanted));
    assert_memory_equal(base.data, wanted, base.len);
    buf_fini(&base);
    signature_fini(&signature);
}

static void rfc9421_b_2_6_ed25519(void **state)
{
    (void)state;
    struct signature_key key = public_key();
    assert_int_equal(check(B26_INPUT, B26_VALUE, &request, &key), 0);
}

static void what_is_made_is_what_the_examples_say(void **state)
{
    (void)state;
    static const char *const b25[] = {"date", "@authority", "content-type", NULL};
    static const char *const b26[] = {"date",         "@method",        "@path", "@authority",
                                      "content-type", "content-length", NULL};
    const struct {
        struct signature_spec spec;
        struct signature_key key;
        const char *input, *value;
    } cases[] = {
        {{"sig-b25", b25, 1618884473, 0, NULL, "test-shared-secret", 0},
         shared_secret(),
         B25_INPUT,
         B25_VALUE},
        {{"sig-b26", b26, 1618884473, 0, NULL, "test-key-ed25519", 0},
         secret_key(),
         B26_INPUT,
         B26_VALUE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf input, value;
        buf_init(&input, FIELD_MAX_BYTES);
        buf_init(&value, FIELD_MAX_BYTES);
        assert_int_equal(
            signature_make(&cases[i].spec, &request, &cases[i].key, &input, &value, NULL), 0);
        assert_int_equal(input.len, strlen(cases[i].input));
        assert_memory_equal(input.data, cases[i].input, input.len);
        assert_int_equal(value.len, strlen(cases[i].value));
        assert_memory_equal(value.data, cases[i].value, value.len);
        buf_fini(&input);
        buf_fini(&value);
    }
}

/* --- components ------------------------------------------------------------------------------- */

static void expect_component(const struct signature_message *message, const char *name,
                             const char *wanted)
{
    struct signature signature;
    struct err err = {0};
    struct buf base;
    char input[128];
    buf_init(&base, SIGNATURE_BASE_MAX_BYTES);
    (void)snprintf(input, sizeof(input), "s=(%s)", name);
    assert_int_equal(signature_read(input, "s=:AA==:", &signature, NULL), 0);
    int rc = signature_base(&signature, message, &base, &err);
    if (wanted == NULL) {
        assert_int_equal(rc, -EINVAL);
        assert_non_null(strstr(err.text, "absent or not supported"));
    } else {
        char line[256];
        (void)snprintf(line, sizeof(line), "%s: %s\n", name, wanted);
        assert_int_equal(rc, 0);
        assert_true(base.len > strlen(line));
        assert_memory_equal(base.data, line, strlen(line));
    }
    signature_fini(&signature);
    buf_fini(&base);
}

static void derived_components_come_from_method_and_uri(void **state)
{
    (void)state;
    struct signature_message message = request;
    message.target_uri = "HTTPS://WWW.Example.com:443/path?query";
    expect_component(&message, "\"@method\"", "POST");
    expect_component(&message, "\"@target-uri\"", "HTTPS://WWW.Example.com:443/path?query");
    expect_component(&message, "\"@scheme\"", "https");
    expect_component(&message, "\"@path\"", "/path");
    expect_component(&message, "\"@query\"", "?query");
    expect_component(&message, "\"@request-target\"", "/path?query");
    message.target_uri = "https://www.example.com:443";
    expect_component(&message, "\"@authority\"", "www.example.com");
    expect_component(&message, "\"@path\"", "/");
    expect_component(&message, "\"@query\"", "?");
    message.target_uri = "http://www.Example.com:8080?a";
    expect_component(&message, "\"@authority\"", "www.example.com:8080");
    expect_component(&message, "\"@query\"", "?a");
    message.target_uri = "http://h:80/";
    expect_component(&message, "\"@authority\"", "h");
}

static void components_that_a_message_has_not_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "\"@status\"",
        "\"@query-param\"",
        "\"@signature-params\"",
        "\"@\"",
        "\"\"",
        "\"missing\"",
        "\"Date\"",
        "\"da te\"",
        "\"a:b\"",
        "\"date\";req",
    };
    struct signature_message message = request;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        expect_component(&message, names[i], NULL);
    static const struct header folded[] = {{"x", "a\nb"}, {NULL, NULL}};
    message.arg = (void *)(uintptr_t)folded;
    expect_component(&message, "\"x\"", NULL);
    message.target_uri = "/relative";
    expect_component(&message, "\"@path\"", NULL);
    message.target_uri = NULL;
    expect_component(&message, "\"@path\"", NULL);
}

static void an_answer_is_bound_to_its_request(void **state)
{
    (void)state;
    static const struct header of_answer[] = {{"content-type", "text/plain"}, {NULL, NULL}};
    struct signature_message answer = {
        .status = 503, .field = field_of, .arg = (void *)(uintptr_t)of_answer, .request = &request};
    expect_component(&answer, "\"@status\"", "503");
    expect_component(&answer, "\"content-type\"", "text/plain");
    expect_component(&answer, "\"content-type\";req", "application/json");
    expect_component(&answer, "\"@method\";req", "POST");
    expect_component(&answer, "\"@method\"", NULL);
}

/* --- fields ----------------------------------------------------------------------------------- */

static const struct {
    const char *input, *value, *text;
} unreadable[] = {
    {"", "s=:AA==:", "Signature-Input: empty"},
    {"s", "s=:AA==:", "Signature-Input: s has no value"},
    {"S=()", "s=:AA==:", "Signature-Input: a key begins with a lower-case letter"},
    {"s=\"a\"", "s=:AA==:", "Signature-Input: want a list in parentheses"},
    {"s=(", "s=:AA==:", "Signature-Input: a list does not end"},
    {"s=(\"a\"", "s=:AA==:", "Signature-Input: a list does not end"},
    {"s=(\"a\"\"b\")", "s=:AA==:", "Signature-Input: want a space between the items of a list"},
    {"s=(a)", "s=:AA==:", "Signature-Input: a component's name is a string"},
    {"s=(\"a\" \"b\" \"a\")", "s=:AA==:", "Signature-Input: the component \"a\" is there twice"},
    {"s=(\"a\";req \"a\" \"a\";req)",
     "s=:AA==:", "Signature-Input: the component \"a\" is there twice"},
    {"s=(\"a\";sf)",
     "s=:AA==:", "Signature-Input: a component's parameter is not supported, or repeated"},
    {"s=(\"a\";req;req)",
     "s=:AA==:", "Signature-Input: a component's parameter is not supported, or repeated"},
    {"s=(\"a\";req=?0)",
     "s=:AA==:", "Signature-Input: a component's parameter is not supported, or repeated"},
    {"s=();created=1;created=2",
     "s=:AA==:", "Signature-Input: the parameter created is unknown, repeated or of another type"},
    {"s=();created=\"1\"",
     "s=:AA==:", "Signature-Input: the parameter created is unknown, repeated or of another type"},
    {"s=();keyid=a",
     "s=:AA==:", "Signature-Input: the parameter keyid is unknown, repeated or of another type"},
    {"s=();nonce=\"a\";nonce=\"a\"",
     "s=:AA==:", "Signature-Input: the parameter nonce is unknown, repeated or of another type"},
    {"s=();other=1",
     "s=:AA==:", "Signature-Input: the parameter other is unknown, repeated or of another type"},
    {"s=();created=1.5", "s=:AA==:", "Signature-Input: want an integer of 1 to 15 digits"},
    {"s=();created=1234567890123456",
     "s=:AA==:", "Signature-Input: want an integer of 1 to 15 digits"},
    {"s=();created=-", "s=:AA==:", "Signature-Input: want an integer of 1 to 15 digits"},
    {"s=();created=", "s=:AA==:", "Signature-Input: want a value"},
    {"s=();keyid=\"a", "s=:AA==:", "Signature-Input: a string does not end, or is not ASCII"},
    {"s=();keyid=\"a\\", "s=:AA==:", "Signature-Input: a string does not end, or is not ASCII"},
    {"s=();keyid=\"\\a\"", "s=:AA==:", "Signature-Input: a string does not end, or is not ASCII"},
    {"s=();keyid=\"\xc4\x90\"",
     "s=:AA==:", "Signature-Input: a string does not end, or is not ASCII"},
    {"s=();keyid=?2", "s=:AA==:", "Signature-Input: want ?0 or ?1"},
    {"s=() x", "s=:AA==:", "Signature-Input: want a comma between members"},
    {"s=(),", "s=:AA==:", "Signature-Input: a key begins with a lower-case letter"},
    {"s=(), s=()", "s=:AA==:", "Signature-Input: want one signature"},
    {"s=(), t=()", "s=:AA==:", "Signature-Input: want one signature"},
    {"s=()", "", "Signature: empty"},
    {"s=()", "t=:AA==:", "Signature: has another label than Signature-Input"},
    {"s=()", "s=:AA==:, s=:AA==:", "Signature: want one signature"},
    {"s=()", "s=:AA==:, t=:AA==:", "Signature: want one signature"},
    {"s=()", "s=\"AA==\"", "Signature: want base64 of at most 64 bytes"},
    {"s=()", "s=:AA:", "Signature: want base64 of at most 64 bytes"},
    {"s=()", "s=:A===:", "Signature: want base64 of at most 64 bytes"},
    {"s=()", "s=:A_A=:", "Signature: a byte sequence does not end with a colon"},
    {"s=()", "s=:AA==", "Signature: a byte sequence does not end with a colon"},
    {"s=()",
     "s=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
     "AAAAAA:",
     "Signature: want base64 of at most 64 bytes"},
};

static void signatures_that_cannot_be_read_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(unreadable); i++) {
        struct signature signature;
        struct err err = {0};
        assert_int_equal(signature_read(unreadable[i].input, unreadable[i].value, &signature, &err),
                         -EINVAL);
        assert_string_equal(err.text, unreadable[i].text);
        signature_fini(&signature);
    }
}

static void limits_are_kept(void **state)
{
    (void)state;
    char text[FIELD_MAX_BYTES + 64];
    struct signature signature;
    struct err err = {0};
    size_t len = 0;
    len += (size_t)snprintf(text, sizeof(text), "s=(");
    for (int i = 0; i <= SIGNATURE_COMPONENTS_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\"c%d\"", i == 0 ? "" : " ", i);
    (void)snprintf(text + len, sizeof(text) - len, ")");
    assert_int_equal(signature_read(text, "s=:AA==:", &signature, &err), -EINVAL);
    assert_string_equal(err.text, "Signature-Input: more than 16 components");
    signature_fini(&signature);

    memset(text, 'x', sizeof(text));
    memcpy(text, "s=();keyid=\"", 12);
    text[FIELD_MAX_BYTES - 1] = '"';
    text[FIELD_MAX_BYTES] = '\0';
    assert_int_equal(signature_read(text, "s=:AA==:", &signature, &err), 0);
    signature_fini(&signature);
    text[FIELD_MAX_BYTES] = ' ';
    text[FIELD_MAX_BYTES + 1] = '\0';
    assert_int_equal(signature_read(text, "s=:AA==:", &signature, &err), -EINVAL);
    assert_string_equal(err.text, "Signature-Input: longer than 4096 bytes");
    signature_fini(&signature);
}

/* Section 2.3: one spelling, whatever the field's was. */
static void parameters_are_written_in_one_spelling(void **state)
{
    (void)state;
    struct signature signature;
    assert_int_equal(
        signature_read("  s=(  \"a\"   \"b\"; req=?1 );created=007; keyid=\"q\\\"\\\\x\"",
                       "s=:AA==:", &signature, NULL),
        0);
    static const char wanted[] = "(\"a\" \"b\";req);created=7;keyid=\"q\\\"\\\\x\"";
    assert_int_equal(signature.params.len, strlen(wanted));
    assert_memory_equal(signature.params.data, wanted, strlen(wanted));
    assert_true(signature_covers(&signature, "a", 0));
    assert_false(signature_covers(&signature, "a", 1));
    assert_true(signature_covers(&signature, "b", 1));
    assert_false(signature_covers(&signature, "", 0));
    assert_int_equal(signature.created, 7);
    assert_false(signature.has_expires);
    assert_null(signature.nonce.text);
    signature_fini(&signature);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void another_key_message_or_signature_does_not_fit(void **state)
{
    (void)state;
    struct signature_key hmac = shared_secret(), ed25519 = public_key(), none = {0};
    struct signature_message other = request;
    other.method = "PUT";
    assert_int_equal(check(B26_INPUT, B26_VALUE, &other, &ed25519), -EBADMSG);
    other.target_uri = "https://example.org/foo";
    assert_int_equal(check(B25_INPUT, B25_VALUE, &other, &hmac), -EBADMSG);
    assert_int_equal(check(B25_INPUT, B25_VALUE, &request, &ed25519), -EBADMSG);
    assert_int_equal(check(B26_INPUT, B26_VALUE, &request, &hmac), -EBADMSG);
    assert_int_equal(check(B25_INPUT, B25_VALUE, &request, &none), -EBADMSG);
    assert_int_equal(check(B25_INPUT, "sig-b25=::", &request, &hmac), -EBADMSG);
    hmac.bytes[63] ^= 1;
    assert_int_equal(check(B25_INPUT, B25_VALUE, &request, &hmac), -EBADMSG);
    ed25519.bytes[0] ^= 1;
    assert_int_equal(check(B26_INPUT, B26_VALUE, &request, &ed25519), -EBADMSG);
    struct signature_key zero = {.algorithm = SIGNATURE_ED25519, .len = 32};
    assert_int_equal(check(B26_INPUT, B26_VALUE, &request, &zero), -EBADMSG);
}

static void what_cannot_be_written_is_not_made(void **state)
{
    (void)state;
    static const char *const missing[] = {"x-missing", NULL};
    static const char *const fine[] = {"@method", NULL};
    const struct signature_spec specs[] = {
        {"s", missing, 1, 0, NULL, "k", 0},
        {"s", fine, 1, 0, NULL, "k\"", 0},
        {"s", fine, 1, 0, "n\n", "k", 0},
        {"S", fine, 1, 0, NULL, "k", 0},
    };
    struct signature_key key = shared_secret();
    for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
        struct err err = {0};
        struct buf input, value;
        buf_init(&input, FIELD_MAX_BYTES);
        buf_init(&value, FIELD_MAX_BYTES);
        assert_int_equal(signature_make(&specs[i], &request, &key, &input, &value, &err), -EINVAL);
        assert_true(err.text[0] != '\0');
        buf_fini(&input);
        buf_fini(&value);
    }
}

static void algorithms_have_names(void **state)
{
    (void)state;
    assert_int_equal(signature_algorithm_of("ed25519", 7), SIGNATURE_ED25519);
    assert_int_equal(signature_algorithm_of("hmac-sha256", 11), SIGNATURE_HMAC_SHA256);
    assert_int_equal(signature_algorithm_of("hmac-sha25", 10), SIGNATURE_NONE);
    assert_int_equal(signature_algorithm_of("", 0), SIGNATURE_NONE);
    assert_string_equal(signature_algorithm_name(SIGNATURE_HMAC_SHA256), "hmac-sha256");
}

/* --- digests ---------------------------------------------------------------------------------- */

static void digests_are_those_of_the_body(void **state)
{
    (void)state;
    const uint8_t *bytes = (const uint8_t *)body;
    size_t len = strlen(body);
    char own[DIGEST_TEXT_BYTES], both[256], wrong[256];
    digest_write(bytes, len, own);
    /* RFC 9421, section 2.5 */
    assert_string_equal(own, "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
    assert_int_equal(digest_check(own, bytes, len, NULL), 0);
    assert_int_equal(digest_check(headers[3].value, bytes, len, NULL), 0);
    (void)snprintf(both, sizeof(both), "md5=:AA==:, %s ,\t%s", own, headers[3].value);
    assert_int_equal(digest_check(both, bytes, len, NULL), 0);
    const struct {
        const char *field;
        int rc;
        const char *text;
    } cases[] = {
        {"", -EINVAL, "Content-Digest: empty"},
        {"md5=:AA==:", -EINVAL, "Content-Digest: want sha-256 or sha-512"},
        {"sha-256=:AA==:", -EINVAL, "Content-Digest: want 32 bytes of sha-256 in base64"},
        {"sha-256=\"AA==\"", -EINVAL, "Content-Digest: want 32 bytes of sha-256 in base64"},
        {"sha-256", -EINVAL, "Content-Digest: sha-256 has no value"},
        {"sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:", -EBADMSG,
         "Content-Digest: the sha-256 is not that of the body"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};
        assert_int_equal(digest_check(cases[i].field, bytes, len, &err), cases[i].rc);
        assert_string_equal(err.text, cases[i].text);
    }
    struct err err = {0};
    (void)snprintf(wrong, sizeof(wrong), "%s, %s", own, own);
    assert_int_equal(digest_check(wrong, bytes, len, &err), -EINVAL);
    assert_string_equal(err.text, "Content-Digest has sha-256 twice");
    /* one right, one wrong */
    assert_int_equal(digest_check(both, bytes, len - 1, &err), -EBADMSG);
    assert_int_equal(digest_check("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
                                  (const uint8_t *)"", 0, NULL),
                     0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rfc9421_b_2_5_hmac_sha256),
    cmocka_unit_test(rfc9421_b_2_6_ed25519),
    cmocka_unit_test(what_is_made_is_what_the_examples_say),
    cmocka_unit_test(derived_components_come_from_method_and_uri),
    cmocka_unit_test(components_that_a_message_has_not_are_refused),
    cmocka_unit_test(an_answer_is_bound_to_its_request),
    cmocka_unit_test(signatures_that_cannot_be_read_are_refused),
    cmocka_unit_test(limits_are_kept),
    cmocka_unit_test(parameters_are_written_in_one_spelling),
    cmocka_unit_test(another_key_message_or_signature_does_not_fit),
    cmocka_unit_test(what_cannot_be_written_is_not_made),
    cmocka_unit_test(algorithms_have_names),
    cmocka_unit_test(digests_are_those_of_the_body),
};

TEST_MAIN(tests)
