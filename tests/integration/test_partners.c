/* Partners and their keys: what is taken, what is refused, and that no secret comes out again. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/support/platform.h"

#define INVALID ANSINH__V1__CODE__CODE_INVALID_ARGUMENT
#define SECRET "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA=="
#define OTHER_SECRET "b3RoZXIgIHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA=="
#define PUBLIC_KEY "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=" /* RFC 9421, B.1.4 */
#define SOON_MS 60000
#define WAIT_MS 10000

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], said[PLATFORM_SAID_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.enrolment = 2});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* One call; ' stands for ". */
static int ask(const char *key, const char *method, const char *json)
{
    char text[2048];
    size_t len = strlen(json);
    assert_true(len < sizeof(text));
    for (size_t i = 0; i <= len; i++)
        text[i] = json[i] == '\'' ? '"' : json[i];
    return platform_call(platform, key, method, answer, "%s", text);
}

static void must(const char *method, const char *json)
{
    if (ask(NULL, method, json) != 0)
        fail_msg("%s: %s", method, answer);
}

static void expect(int code, const char *method, const char *json, const char *text)
{
    assert_int_equal(ask(NULL, method, json), code);
    assert_string_equal(answer, text);
}

/* Whether the answer, which has no spaces between its parts, says so; ' stands for ". */
static void expect_says(const char *wanted)
{
    char text[128];
    size_t len = strlen(wanted);
    assert_true(len < sizeof(text));
    for (size_t i = 0; i <= len; i++)
        text[i] = wanted[i] == '\'' ? '"' : wanted[i];
    if (strstr(answer, text) == NULL)
        fail_msg("%s is not in %s", text, answer);
}

static void expect_no_secret(void)
{
    static const char begin[] = "\"sealedSecret\":\"";
    for (const char *at = answer; (at = strstr(at, begin)) != NULL; at += strlen(begin))
        assert_int_equal(at[strlen(begin)], '"');
    assert_null(strstr(answer, SECRET));
}

static void add_partner(const char *code)
{
    char json[256];
    (void)snprintf(json, sizeof(json), "{'partners':[{'organisationCode':'%s','products':[1]}]}",
                   code);
    must("Partners/ImportPartners", json);
}

static void what_is_left_open_is_said(void **state)
{
    (void)state;
    add_partner("VNPOST");
    assert_string_equal(platform_field(answer, "written"), "1");
    must("Partners/GetPartner", "{'organisationCode':'VNPOST'}");
    expect_says("'ratePerS':50");
    expect_says("'burst':100");
    expect_says("'cutOffMinute':1080");
    expect_says("'suspended':false");
    add_partner("VNPOST");
    assert_string_equal(platform_field(answer, "written"), "0");
    assert_string_equal(platform_field(answer, "unchanged"), "1");
    must("Partners/ImportPartners",
         "{'dryRun':true,'partners':[{'organisationCode':'VNPOST','products':[2],'burst':7}]}");
    must("Partners/GetPartner", "{'organisationCode':'VNPOST'}");
    expect_says("'burst':100");
}

static void partners_that_cannot_be(void **state)
{
    (void)state;
#define PARTNER(rest) "{'partners':[{'organisationCode':'VNPOST'" rest "}]}"
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"{'partners':[]}", ": want 1 to 250 rows in a call"},
        {"{'partners':[{'organisationCode':'NOBODY','products':[1]}]}",
         "partners[0].organisation_code: unknown organisation"},
        {"{'partners':[{'products':[1]}]}", "partners[0].organisation_code: unknown organisation"},
        {"{'partners':[{'organisationCode':'HPN','products':[1]},"
         "{'organisationCode':'HPN','products':[2]}]}",
         "partners[1].organisation_code: the same organisation twice in one call"},
        {PARTNER(",'products':[1],'keys':[{'keyId':'VNPOST:1'}]"),
         "partners[0].keys: keys are added with AddKey"},
        {PARTNER(""), "partners[0].products: want at least one product, and none twice"},
        {PARTNER(",'products':[1,1]"),
         "partners[0].products: want at least one product, and none twice"},
        {PARTNER(",'products':[0]"), "partners[0].products: unknown product"},
        {PARTNER(",'products':[3]"), "partners[0].products: unknown product"},
        {PARTNER(",'products':[1],'unitCodes':['15','99']"),
         "partners[0].unit_codes: unknown unit"},
        {PARTNER(",'products':[1],'ratePerS':100001"),
         "partners[0].rate_per_s: want at most 100,000"},
        {PARTNER(",'products':[1],'burst':1000001"), "partners[0].burst: want at most 1,000,000"},
        {PARTNER(",'products':[1],'cutOffMinute':1440"),
         "partners[0].cut_off_minute: want less than 1,440 minutes"},
        {PARTNER(",'products':[1],'cashLimitVnd':'-1'"),
         "partners[0].cash_limit_vnd: want at least 0 and less than 2^53"},
        {PARTNER(",'products':[1],'cashMaxAgeHours':8785"),
         "partners[0].cash_max_age_hours: want at most 8,784 hours"},
        {PARTNER(",'products':[1],'contacts':[{'email':'a@example.vn'}]"),
         "partners[0].contacts[0].role: want 1 to 50 characters"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect(INVALID, "Partners/ImportPartners", cases[i].json, cases[i].text);
    expect(ANSINH__V1__CODE__CODE_NOT_FOUND, "Partners/GetPartner", "{'organisationCode':'HPN'}",
           "organisation_code: no such partner");
#undef PARTNER
}

#define HMAC(name, rest)                                                                           \
    "{'organisationCode':'VIETTEL','name':'" name "','algorithm':2,'secret':'" SECRET "'" rest "}"
#define ED25519(name, rest)                                                                        \
    "{'organisationCode':'VIETTEL','name':'" name "','algorithm':1,'publicKey':'" PUBLIC_KEY       \
    "'" rest "}"

static void keys_are_added_shown_without_secrets_and_revoked(void **state)
{
    (void)state;
    char first[64];
    add_partner("VIETTEL");
    must("Partners/AddKey", HMAC("a", ""));
    assert_string_equal(platform_field(answer, "keyId"), "VIETTEL:a");
    must("Partners/AddKey", HMAC("a", "")); /* the same again */
    must("Partners/AddKey", ED25519("b", ",'validUntilMs':'4102444800000'"));
    must("Partners/GetPartner", "{'organisationCode':'VIETTEL'}");
    assert_non_null(strstr(answer, PUBLIC_KEY));
    assert_non_null(strstr(answer, "4102444800000"));
    expect_no_secret();

    must("Partners/RevokeKey", "{'keyId':'VIETTEL:a'}");
    (void)snprintf(first, sizeof(first), "%s", platform_field(answer, "revokedAtMs"));
    assert_true(first[0] != '\0' && strcmp(first, "0") != 0);
    must("Partners/RevokeKey", "{'keyId':'VIETTEL:a'}");
    assert_string_equal(platform_field(answer, "revokedAtMs"), first);
    expect(ANSINH__V1__CODE__CODE_ALREADY_EXISTS, "Partners/AddKey", HMAC("a", ""),
           "name: another key has this name, or had it");
    expect(ANSINH__V1__CODE__CODE_NOT_FOUND, "Partners/RevokeKey", "{'keyId':'VIETTEL:c'}",
           "key_id: no such key");

    /* other fields of the partner leave the keys alone */
    must("Partners/ImportPartners",
         "{'partners':[{'organisationCode':'VIETTEL','products':[1],'ratePerS':9}]}");
    must("Partners/GetPartner", "{'organisationCode':'VIETTEL'}");
    assert_non_null(strstr(answer, first));
    assert_non_null(strstr(answer, PUBLIC_KEY));
    expect_says("'burst':18");
}

static void a_repeated_command_is_done_once(void **state)
{
    (void)state;
    add_partner("HPN");
    static const char json[] =
        "{'organisationCode':'HPN','name':'a','algorithm':2,'secret':'" SECRET "'}";
    assert_int_equal(ask("key-of-hpn", "Partners/AddKey", json), 0);
    must("Partners/RevokeKey", "{'keyId':'HPN:a'}");
    assert_int_equal(ask("key-of-hpn", "Partners/AddKey", json), 0); /* the stored answer */
    assert_string_equal(platform_field(answer, "keyId"), "HPN:a");
    must("Partners/GetPartner", "{'organisationCode':'HPN'}");
    assert_null(strstr(answer, "\"revokedAtMs\":\"0\""));
    assert_int_equal(
        ask("key-of-hpn", "Partners/AddKey",
            "{'organisationCode':'HPN','name':'a','algorithm':2,'secret':'" OTHER_SECRET "'}"),
        ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
}

static void keys_that_cannot_be(void **state)
{
    (void)state;
    add_partner("VIETTEL");
    char past[256];
    (void)snprintf(past, sizeof(past), HMAC("x", ",'validUntilMs':'%lld'"),
                   (long long)clock_wall_ms() - SOON_MS);
    const struct {
        const char *json, *text;
    } cases[] = {
        {HMAC("", ""), "name: want 1 to 32 letters, digits, - _ ."},
        {HMAC("a:b", ""), "name: want 1 to 32 letters, digits, - _ ."},
        {HMAC("123456789012345678901234567890123", ""),
         "name: want 1 to 32 letters, digits, - _ ."},
        {past, "valid_until_ms: want a time to come, behind valid_from_ms, or 0 for no end"},
        {HMAC("x", ",'validFromMs':'4102444800000','validUntilMs':'4102444800000'"),
         "valid_until_ms: want a time to come, behind valid_from_ms, or 0 for no end"},
        {HMAC("x", ",'validFromMs':'-1'"), "valid_from_ms: want a time before 2200, or 0 for now"},
        {HMAC("x", ",'publicKey':'AA=='"), "public_key: hmac-sha256 has none"},
        {ED25519("x", ",'secret':'AA=='"), "secret: the secret half of a key pair stays at home"},
        {"{'organisationCode':'VIETTEL','name':'x','algorithm':2,'secret':'AA=='}",
         "secret: want 32 to 64 bytes"},
        {"{'organisationCode':'VIETTEL','name':'x','algorithm':1,'publicKey':'AA=='}",
         "public_key: want the 32 bytes of a public key"},
        {"{'organisationCode':'VIETTEL','name':'x','algorithm':1,"
         "'publicKey':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='}",
         "public_key: want the 32 bytes of a public key"},
        {"{'organisationCode':'VIETTEL','name':'x','publicKey':'" PUBLIC_KEY "'}",
         "algorithm: want ed25519 or hmac-sha256"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect(INVALID, "Partners/AddKey", cases[i].json, cases[i].text);
    expect(ANSINH__V1__CODE__CODE_NOT_FOUND, "Partners/AddKey",
           "{'organisationCode':'BHXH','name':'x','algorithm':2,'secret':'" SECRET "'}",
           "organisation_code: no such partner");
}

static void a_partner_has_a_bounded_number_of_keys(void **state)
{
    (void)state;
    char json[256];
    add_partner("BHXH");
    for (int i = 0; i <= 16; i++) {
        (void)snprintf(
            json, sizeof(json),
            "{'organisationCode':'BHXH','name':'k%d','algorithm':2,'secret':'" SECRET "'}", i);
        if (i < 16)
            must("Partners/AddKey", json);
    }
    expect(INVALID, "Partners/AddKey", json, "organisation_code: the partner has 16 keys already");
}

static void partners_are_verified_with_the_rest(void **state)
{
    (void)state;
    char text[64];
    assert_int_equal(platform_ansinh(platform, said, "verify", NULL), 0);
    assert_true(redis_server_integer(platform_ledger(platform), "HLEN", "{dir}:r:a", NULL) >= 4);
    assert_int_equal(
        redis_server_integer(platform_ledger(platform), "HDEL", "{dir}:r:a", "VNPOST", NULL), 1);
    assert_int_equal(platform_ansinh(platform, said, "verify", NULL), 1);
    (void)snprintf(text, sizeof(text), "{dir}:r:a VNPOST");
    if (strstr(said, text) == NULL)
        fail_msg("%s", said);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_left_open_is_said),
    cmocka_unit_test(partners_that_cannot_be),
    cmocka_unit_test(keys_are_added_shown_without_secrets_and_revoked),
    cmocka_unit_test(a_repeated_command_is_done_once),
    cmocka_unit_test(keys_that_cannot_be),
    cmocka_unit_test(a_partner_has_a_bounded_number_of_keys),
    cmocka_unit_test(partners_are_verified_with_the_rest),
};

int main(void)
{
    return cmocka_run_group_tests(tests, start, stop);
}
