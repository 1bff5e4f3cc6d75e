/* Signed requests over real HTTP: who may call, every refusal by its name, and answers that are
 * signed themselves. The independent client is tests/interop/signed_client.py. */
#include "tests/support/test.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/support/platform.h"
#include "tests/support/signer.h"

#define PUBLIC_URL "https://pay.example.vn"
#define DAY_MS (86400LL * 1000)
#define WAIT_MS 15000
#define WINDOW_S 300

static struct platform *platform;
static struct gateway_client client, second; /* of two gateways */
static char answer[PLATFORM_ANSWER_BYTES];
static struct signature_key ed25519, hmac;

/* --- partners --------------------------------------------------------------------------------- */

static void must(const char *method, const char *json)
{
    char text[2048];
    size_t len = strlen(json);
    assert_true(len < sizeof(text));
    for (size_t i = 0; i <= len; i++)
        text[i] = json[i] == '\'' ? '"' : json[i];
    if (platform_call(platform, NULL, method, answer, "%s", text) != 0)
        fail_msg("%s: %s", method, answer);
}

static void put_partner(const char *code, const char *rest)
{
    char json[512];
    (void)snprintf(json, sizeof(json), "{'partners':[{'organisationCode':'%s','products':[1]%s}]}",
                   code, rest);
    must("Partners/ImportPartners", json);
}

static void add_key(const char *code, const char *name, const struct signature_key *key,
                    const char *rest)
{
    char json[512], text[128];
    int is_hmac = key->algorithm == SIGNATURE_HMAC_SHA256;
    (void)sodium_bin2base64(text, sizeof(text), is_hmac ? key->bytes : key->bytes + 32, 32,
                            sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(json, sizeof(json),
                   "{'organisationCode':'%s','name':'%s','algorithm':%d,'%s':'%s'%s}", code, name,
                   is_hmac ? 2 : 1, is_hmac ? "secret" : "publicKey", text, rest);
    must("Partners/AddKey", json);
}

static struct wish good(void)
{
    return (struct wish){.base = PUBLIC_URL, .key_id = "VNPOST:ed", .key = ed25519};
}

static struct wish good_hmac(void)
{
    return (struct wish){.base = PUBLIC_URL, .key_id = "VNPOST:mac", .key = hmac};
}

/* Keys reach a gateway within a second. */
static void wait_for_key(struct wish wish)
{
    struct gateway_client *const clients[] = {&client, &second};
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        while (signer_send(clients[i], &wish) == 401 &&
               strstr((const char *)clients[i]->body.data, "no such keyid") != NULL)
            assert_true(clock_mono_ms() < until_ms);
    }
}

static int start(void **state)
{
    static const char *const environment[] = {"GATEWAY_PUBLIC_URL=" PUBLIC_URL, NULL};
    uint8_t public_key[32];
    (void)state;
    platform = platform_start(&(struct platform_conf){.gateway = 2, .environment = environment});
    platform_import(platform);
    ed25519 = signer_ed25519(public_key);
    hmac = signer_hmac();
    put_partner("VNPOST", ",'ratePerS':100000,'burst':100000");
    add_key("VNPOST", "ed", &ed25519, "");
    add_key("VNPOST", "mac", &hmac, "");
    gateway_client_open(&client, NULL, (uint16_t)platform_port(platform));
    gateway_client_open(&second, NULL, (uint16_t)(platform_port(platform) + 1));
    wait_for_key(good_hmac());
    return 0;
}

static int stop(void **state)
{
    (void)state;
    gateway_client_close(&client);
    gateway_client_close(&second);
    platform_stop(&platform);
    return 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

static const char *said(void)
{
    return client.body.len == 0 ? "" : (const char *)client.body.data;
}

static void expect(const struct wish *wish, int status, const char *text)
{
    int got = signer_send(&client, wish);
    if (got != status || strstr(said(), text) == NULL)
        fail_msg("wanted %d %s, got %d %s", status, text, got, said());
}

static int64_t counted(const char *result)
{
    char wanted[96];
    struct gateway_client own;
    gateway_client_open(&own, NULL, (uint16_t)platform_port(platform));
    assert_int_equal(gateway_client_get(&own, "/metrics", ""), 200);
    (void)snprintf(wanted, sizeof(wanted), "result=\"%s\"", result);
    int64_t value = -1;
    char *rest = (char *)own.body.data;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (strstr(line, "signatures_total") != NULL && strstr(line, wanted) != NULL &&
            strstr(line, "gateway-1") != NULL)
            value = strtoll(strrchr(line, ' ') + 1, NULL, 10);
    }
    gateway_client_close(&own);
    assert_true(value >= 0);
    return value;
}

/* The refusal, its code and its counter. */
static void expect_refused(const struct wish *wish, const char *text, const char *result)
{
    int64_t before = counted(result);
    expect(wish, 401, text);
    assert_non_null(strstr(said(), "\"code\":\"unauthenticated\""));
    assert_int_equal(counted(result), before + 1);
}

/* --- who may call ----------------------------------------------------------------------------- */

static void signed_requests_are_of_the_partner(void **state)
{
    (void)state;
    struct wish wish = good();
    expect(&wish, 200, "\"partner\":\"VNPOST\"");
    wish.has_algorithm = 1;
    expect(&wish, 200, "\"partner\":\"VNPOST\"");
    wish = good_hmac();
    expect(&wish, 200, "\"partner\":\"VNPOST\"");
    wish.has_algorithm = 1;
    wish.expires_offset_s = 60;
    expect(&wish, 200, "\"partner\":\"VNPOST\"");
}

static void a_get_needs_no_digest(void **state)
{
    (void)state;
    struct wish wish = good();
    wish.verb = "GET";
    wish.query = "?connect=v1&encoding=json&message=%7B%22text%22%3A%22b%22%7D";
    expect(&wish, 200, "\"text\":\"b\"");
    wish.signed_path = "/ansinh.v1.Collections/Echo";
    expect_refused(&wish, "the signature is not that of this key over this request",
                   "wrong_signature");
}

static void more_may_be_covered(void **state)
{
    (void)state;
    static const char *const all[] = {"@method",     "@target-uri",     "@authority",     "@scheme",
                                      "@path",       "@query",          "content-type",   "host",
                                      "x-two-lines", "@request-target", "content-digest", NULL};
    struct wish wish = good();
    wish.components = all;
    wish.more = "X-Two-Lines: a, b\r\n";
    expect(&wish, 200, "VNPOST");
    /* on its way it may become two lines, but not another value */
    wish.replace = "X-Two-Lines: a, b\r\n";
    wish.with = "X-Two-Lines: a\r\nx-two-lines: b\r\n";
    expect(&wish, 200, "VNPOST");
    wish.with = "X-Two-Lines: a\r\nx-two-lines: c\r\n";
    expect_refused(&wish, "is not that of this key", "wrong_signature");
    wish.with = "";
    expect_refused(&wish, "the covered component \\\"x-two-lines\\\" is absent or not supported",
                   "malformed");
}

static void unsigned_requests_are_refused(void **state)
{
    (void)state;
    struct wish wish = good();
    wish.replace = "Signature-Input:";
    wish.with = "Other:";
    expect_refused(&wish, "want a signed request: Signature-Input and Signature", "unsigned");
    wish.replace = "Signature:";
    expect_refused(&wish, "want a signed request: Signature-Input and Signature", "unsigned");
    assert_int_equal(gateway_client_post(&client, "/ansinh.v1.Collections/Echo",
                                         "Content-Type: application/json\r\n", "{}"),
                     401);
    assert_null(gateway_client_header(&client, "Signature"));
}

static void other_callers_stay_as_they_are(void **state)
{
    (void)state;
    assert_int_equal(gateway_client_post(&client, "/ansinh.v1.Directory/GetUnit",
                                         "Content-Type: application/json\r\n", "{\"code\":\"15\"}"),
                     200);
    assert_null(gateway_client_header(&client, "Signature"));
}

static void partners_are_not_asked_from_outside(void **state)
{
    (void)state;
    assert_int_equal(gateway_client_post(&client, "/ansinh.v1.Partners/GetPartner",
                                         "Content-Type: application/json\r\n",
                                         "{\"organisationCode\":\"VNPOST\"}"),
                     404);
}

/* --- what must be covered --------------------------------------------------------------------- */

static void what_must_be_covered(void **state)
{
    (void)state;
    static const char *const no_method[] = {"@target-uri", "content-digest", NULL};
    static const char *const no_uri[] = {"@method", "content-digest", NULL};
    static const char *const no_digest[] = {"@method", "@target-uri", NULL};
    const struct {
        const char *const *components;
        const char *text;
    } cases[] = {
        {no_method, "the signature must cover \\\"@method\\\""},
        {no_uri, "the signature must cover \\\"@target-uri\\\""},
        {no_digest, "the signature must cover \\\"content-digest\\\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct wish wish = good();
        wish.components = cases[i].components;
        expect_refused(&wish, cases[i].text, "coverage");
    }
    struct wish wish = good();
    wish.has_no_nonce = 1;
    expect_refused(&wish, "the signature must have a nonce of 8 to 128 characters", "coverage");
    wish = good();
    wish.nonce = "1234567";
    expect_refused(&wish, "the signature must have a nonce of 8 to 128 characters", "coverage");
    wish = good();
    wish.replace = ";keyid=\"VNPOST:ed\"";
    wish.with = "";
    expect_refused(&wish, "the signature must have a keyid", "coverage");
    wish = good();
    wish.replace = ";created=";
    wish.with = ";expires=";
    expect_refused(&wish, "the signature must say when it was created", "coverage");
}

static void what_cannot_be_read(void **state)
{
    (void)state;
    const struct {
        const char *replace, *with, *text;
    } cases[] = {
        {"sig1=(", "sig2=(", "Signature: has another label than Signature-Input"},
        {"sig1=(", "sig1=(), sig1=(", "Signature-Input: want one signature"},
        {"\"@method\"", "\"@method\" \"@method\"",
         "Signature-Input: the component \\\"@method\\\" is there twice"},
        {"\"@method\"", "\"@method\";sf",
         "Signature-Input: a component's parameter is not supported, or repeated"},
        {";nonce=", ";extra=1;nonce=", "the parameter extra is unknown"},
        {"Signature: sig1=:", "Signature: sig1=:=", "Signature: want base64 of at most 64 bytes"},
        {"\"@method\"", "\"@method\" \"@status\"",
         "the covered component \\\"@status\\\" is absent or not supported"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct wish wish = good();
        wish.replace = cases[i].replace;
        wish.with = cases[i].with;
        expect_refused(&wish, cases[i].text, "malformed");
    }
}

static void digests_must_be_of_the_body(void **state)
{
    (void)state;
    struct wish wish = good();
    wish.digest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    expect_refused(&wish, "Content-Digest: the sha-256 is not that of the body", "digest");
    wish.digest = "md5=:AA==:";
    expect_refused(&wish, "Content-Digest: want sha-256 or sha-512", "digest");
    wish.digest = "sha-256=:AAAA:";
    expect_refused(&wish, "Content-Digest: want 32 bytes of sha-256 in base64", "digest");
    wish = good();
    wish.replace = "Content-Digest: ";
    wish.with = "Other-Digest: ";
    expect_refused(&wish, "Content-Digest is missing", "digest");
}

/* --- time and nonces -------------------------------------------------------------------------- */

static void requests_are_fresh(void **state)
{
    (void)state;
    static const char far[] = "created is more than 5 minutes away from the clock of this server";
    struct wish wish = good();
    wish.created_offset_s = -WINDOW_S + 5;
    expect(&wish, 200, "VNPOST");
    wish.created_offset_s = WINDOW_S - 5;
    expect(&wish, 200, "VNPOST");
    wish.created_offset_s = -WINDOW_S - 2;
    expect_refused(&wish, far, "time");
    wish.created_offset_s = WINDOW_S + 5;
    expect_refused(&wish, far, "time");
    wish.created_offset_s = -20;
    wish.expires_offset_s = -1;
    expect_refused(&wish, "the signature has expired", "time");
    wish.expires_offset_s = -30; /* before it was created */
    expect_refused(&wish, "the signature has expired", "time");
}

static void a_nonce_is_used_once_in_all_gateways(void **state)
{
    (void)state;
    struct wish wish = good();
    wish.nonce = "once and for all";
    expect(&wish, 200, "VNPOST");
    expect_refused(&wish, "the nonce was used before", "replayed");
    assert_int_equal(signer_send(&second, &wish), 401);
    assert_non_null(strstr((const char *)second.body.data, "the nonce was used before"));
    assert_non_null(strstr((const char *)second.body.data, "OUTCOME_UNKNOWN"));
    /* another key's */
    struct wish other = good_hmac();
    other.nonce = wish.nonce;
    expect(&other, 200, "VNPOST");
    /* it is kept for as long as the request could pass for fresh */
    wish.nonce = "from the future";
    wish.created_offset_s = WINDOW_S - 5;
    expect(&wish, 200, "VNPOST");
    static const char longest[] =
        "local most = 0 for _, key in ipairs(redis.call('KEYS', 'gateway:nonce:*')) do "
        "most = math.max(most, redis.call('TTL', key)) end return most";
    long long ttl_s = redis_server_integer(platform_views(platform), "EVAL", longest, "0", NULL);
    assert_true(ttl_s > 2 * WINDOW_S - 20 && ttl_s <= 2 * WINDOW_S + 61);
}

static void a_wrong_signature_uses_no_nonce(void **state)
{
    (void)state;
    struct wish wish = good();
    wish.nonce = "not burnt by others";
    wish.replace = "sig1=:";
    wish.with = "sig1=:AAAA";
    expect(&wish, 401, "want base64 of at most 64 bytes");
    wish.key = hmac;
    wish.replace = NULL;
    expect(&wish, 401, "is not that of this key");
    wish = good();
    wish.nonce = "not burnt by others";
    expect(&wish, 200, "VNPOST");
}

static void without_nonces_nothing_is_taken(void **state)
{
    (void)state;
    struct wish wish = good();
    redis_server_kill(platform_views(platform));
    expect(&wish, 503, "nobody can say now whether the nonce was used before");
    assert_non_null(strstr(said(), "\"code\":\"unavailable\""));
    assert_non_null(gateway_client_header(&client, "Retry-After"));
    redis_server_restart(platform_views(platform));
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    while (signer_send(&client, &wish) != 200)
        assert_true(clock_mono_ms() < until_ms);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void keys_and_algorithms_belong_together(void **state)
{
    (void)state;
    struct wish wish = good();
    wish.key_id = "VNPOST:none";
    expect_refused(&wish, "no such keyid", "unknown_key");
    wish.key_id = "NOBODY:ed";
    expect_refused(&wish, "no such keyid", "unknown_key");
    wish = good();
    wish.has_algorithm = 1;
    wish.replace = ";alg=\"ed25519\"";
    wish.with = ";alg=\"rsa-pss-sha512\"";
    expect_refused(&wish, "alg must be ed25519 or hmac-sha256", "algorithm");
    wish.with = ";alg=\"hmac-sha256\"";
    expect_refused(&wish, "alg is not that of the key", "algorithm");
    /* the public key as a secret: the algorithm is the key's, whatever the caller says */
    wish = good();
    memmove(wish.key.bytes, ed25519.bytes + 32, 32);
    wish.key.algorithm = SIGNATURE_HMAC_SHA256;
    wish.key.len = 32;
    expect_refused(&wish, "is not that of this key", "wrong_signature");
    uint8_t public_key[32];
    wish = good();
    wish.key = signer_ed25519(public_key);
    expect_refused(&wish, "is not that of this key", "wrong_signature");
}

static void changed_requests_are_refused(void **state)
{
    (void)state;
    struct wish wish = good();
    wish.signed_path = "/ansinh.v1.Collections/Other";
    expect_refused(&wish, "is not that of this key", "wrong_signature");
    wish = good();
    wish.base = "http://test"; /* not the url by which partners call */
    expect_refused(&wish, "is not that of this key", "wrong_signature");
    wish = good();
    wish.replace = ";nonce=\"";
    wish.with = ";nonce=\"0";
    expect_refused(&wish, "is not that of this key", "wrong_signature");
}

static void keys_are_valid_for_a_time(void **state)
{
    (void)state;
    char rest[128];
    struct signature_key early = signer_hmac(), late = signer_hmac(), gone = signer_hmac();
    (void)snprintf(rest, sizeof(rest), ",'validFromMs':'%lld'",
                   (long long)clock_wall_ms() + DAY_MS);
    add_key("VNPOST", "early", &early, rest);
    (void)snprintf(rest, sizeof(rest), ",'validUntilMs':'%lld'", (long long)clock_wall_ms() + 1500);
    add_key("VNPOST", "late", &late, rest);
    add_key("VNPOST", "gone", &gone, "");
    struct wish wish = {.base = PUBLIC_URL, .key_id = "VNPOST:early", .key = early};
    wait_for_key(wish);
    expect_refused(&wish, "the key is not valid yet", "key_not_valid");
    wish.key_id = "VNPOST:late";
    wish.key = late;
    wait_for_key(wish);
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    while (signer_send(&client, &wish) == 200)
        assert_true(clock_mono_ms() < until_ms);
    expect_refused(&wish, "the key is not valid any more", "key_not_valid");
    wish.key_id = "VNPOST:gone";
    wish.key = gone;
    wait_for_key(wish);
    expect(&wish, 200, "VNPOST");
    must("Partners/RevokeKey", "{'keyId':'VNPOST:gone'}");
    while (signer_send(&client, &wish) == 200)
        assert_true(clock_mono_ms() < until_ms);
    expect_refused(&wish, "the key is revoked", "key_not_valid");
    /* who does not have it is not told */
    wish.key = early;
    expect_refused(&wish, "is not that of this key", "wrong_signature");
}

/* --- partners that may not -------------------------------------------------------------------- */

static void suspended_partners_are_refused(void **state)
{
    (void)state;
    struct signature_key key = signer_hmac();
    put_partner("VIETTEL", ",'suspended':true");
    add_key("VIETTEL", "1", &key, "");
    struct wish wish = {.base = PUBLIC_URL, .key_id = "VIETTEL:1", .key = key};
    wait_for_key(wish);
    int64_t before = counted("suspended");
    expect(&wish, 403, "the partner is suspended");
    assert_non_null(strstr(said(), "\"code\":\"permission_denied\""));
    assert_int_equal(counted("suspended"), before + 1);
}

static void partners_keep_to_their_rate(void **state)
{
    (void)state;
    struct signature_key key = signer_hmac();
    put_partner("HPN", ",'ratePerS':1,'burst':3");
    add_key("HPN", "1", &key, "");
    struct wish wish = {.base = PUBLIC_URL, .key_id = "HPN:1", .key = key};
    wait_for_key(wish);
    int status = 200;
    for (int i = 0; i < 10 && status == 200; i++)
        status = signer_send(&client, &wish);
    assert_int_equal(status, 429);
    assert_non_null(strstr(said(), "\"code\":\"resource_exhausted\""));
    assert_non_null(strstr(said(), "retryAfterMs"));
    assert_string_equal(gateway_client_header(&client, "Retry-After"), "1");
    wish = good(); /* not the others, and not for ever */
    expect(&wish, 200, "VNPOST");
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    wish = (struct wish){.base = PUBLIC_URL, .key_id = "HPN:1", .key = key};
    while (signer_send(&client, &wish) == 429)
        assert_true(clock_mono_ms() < until_ms);
    assert_int_equal(client.status, 200);
}

/* --- settings --------------------------------------------------------------------------------- */

static void reopen_second(const char *option)
{
    gateway_client_close(&second);
    platform_signal(platform, "gateway", 2, SIGKILL);
    platform_spawn_with(platform, "gateway", 2, option);
    platform_wait_ready(platform);
    gateway_client_open(&second, NULL, (uint16_t)(platform_port(platform) + 1));
}

static void without_a_public_url_the_host_counts(void **state)
{
    (void)state;
    struct wish wish = good();
    reopen_second("GATEWAY_PUBLIC_URL=");
    assert_int_equal(signer_send(&second, &wish), 401);
    wish.base = "http://test";
    assert_int_equal(signer_send(&second, &wish), 200);
}

static void payments_may_be_closed(void **state)
{
    (void)state;
    static const char json[] = "Content-Type: application/json\r\n";
    reopen_second("GATEWAY_OPEN_PAYMENTS=false");
    assert_int_equal(gateway_client_post(&second, "/ansinh.v1.Payments/Pay", json, "{}"), 403);
    assert_non_null(
        strstr((const char *)second.body.data, "payments are taken by Collections, signed"));
    assert_int_equal(gateway_client_post(&second, "/ansinh.v1.Payments/Inquire", json, "{}"), 400);
    assert_int_equal(gateway_client_post(&second, "/ansinh.v1.Payments/GetPayment", json, "{}"),
                     400);
    assert_int_equal(gateway_client_post(&client, "/ansinh.v1.Payments/Pay", json, "{}"), 400);
}

/* --- an independent client -------------------------------------------------------------------- */

/* Runs it with the key's id, algorithm and secret half; it checks the answers' signatures, too. */
static void run_client(const struct wish *wish)
{
    char text[128], url[64];
    int is_hmac = wish->key.algorithm == SIGNATURE_HMAC_SHA256;
    (void)sodium_bin2base64(text, sizeof(text), wish->key.bytes, 32,
                            sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", platform_port(platform));
    pid_t pid = fork();
    if (pid == 0) {
        (void)execl("/usr/bin/python3", "python3", "tests/interop/signed_client.py", url,
                    PUBLIC_URL, wish->key_id, is_hmac ? "hmac-sha256" : "ed25519", text,
                    (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void an_independent_client_is_understood(void **state)
{
    (void)state;
    struct wish wish = good();
    run_client(&wish);
    wish = good_hmac();
    run_client(&wish);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(signed_requests_are_of_the_partner),
    cmocka_unit_test(a_get_needs_no_digest),
    cmocka_unit_test(more_may_be_covered),
    cmocka_unit_test(unsigned_requests_are_refused),
    cmocka_unit_test(other_callers_stay_as_they_are),
    cmocka_unit_test(partners_are_not_asked_from_outside),
    cmocka_unit_test(what_must_be_covered),
    cmocka_unit_test(what_cannot_be_read),
    cmocka_unit_test(digests_must_be_of_the_body),
    cmocka_unit_test(requests_are_fresh),
    cmocka_unit_test(a_nonce_is_used_once_in_all_gateways),
    cmocka_unit_test(a_wrong_signature_uses_no_nonce),
    cmocka_unit_test(keys_and_algorithms_belong_together),
    cmocka_unit_test(changed_requests_are_refused),
    cmocka_unit_test(keys_are_valid_for_a_time),
    cmocka_unit_test(suspended_partners_are_refused),
    cmocka_unit_test(partners_keep_to_their_rate),
    cmocka_unit_test(without_a_public_url_the_host_counts),
    cmocka_unit_test(payments_may_be_closed),
    cmocka_unit_test(an_independent_client_is_understood),
    cmocka_unit_test(without_nonces_nothing_is_taken),
};

int main(void)
{
    return cmocka_run_group_tests(tests, start, stop);
}
