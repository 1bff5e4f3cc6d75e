/* A partner's own system hands cash over and asks for receipt numbers, signed, over real HTTP: for
 * its own points and collectors only. Officers do the same without a signature, inside. */
#include "tests/support/test.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/support/booked.h"
#include "tests/support/platform.h"
#include "tests/support/signer.h"

#define PUBLIC_URL "https://pay.example.vn"
#define WAIT_MS 20000
#define REMIT "/ansinh.v1.Custody/Remit"
#define CUSTODY "/ansinh.v1.Custody/GetCustody"
#define ALLOCATE "/ansinh.v1.Receipts/AllocateBlock"
#define CLOSE "/ansinh.v1.Receipts/CloseBlock"
#define BLOCKS "/ansinh.v1.Receipts/ListBlocks"

static struct platform *platform;
static struct gateway_client client;
static char answer[PLATFORM_ANSWER_BYTES], said[PLATFORM_SAID_BYTES];
static struct signature_key vnpost, viettel;

static void quoted(const char *json, char ret[512])
{
    size_t len = strlen(json);
    assert_true(len < 512);
    for (size_t i = 0; i <= len; i++)
        ret[i] = json[i] == '\'' ? '"' : json[i];
}

static void must(const char *method, const char *json)
{
    char text[512];
    quoted(json, text);
    if (platform_call(platform, NULL, method, answer, "%s", text) != 0)
        fail_msg("%s: %s", method, answer);
}

static void add_partner(const char *code, const uint8_t public_key[32])
{
    char json[512], text[128];
    (void)snprintf(json, sizeof(json), "{'partners':[{'organisationCode':'%s','products':[1]}]}",
                   code);
    must("Partners/ImportPartners", json);
    (void)sodium_bin2base64(text, sizeof(text), public_key, 32, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(json, sizeof(json),
                   "{'organisationCode':'%s','name':'k','algorithm':1,'publicKey':'%s'}", code,
                   text);
    must("Partners/AddKey", json);
}

/* One request of a partner, or, NULL, unsigned; key "": no Idempotency-Key. */
static int ask(const char *partner, const char *path, const char *key, const char *json)
{
    char body[512], more[192] = "";
    quoted(json, body);
    if (key[0] != '\0')
        (void)snprintf(more, sizeof(more), "Idempotency-Key: %s\r\n", key);
    if (partner == NULL)
        (void)strcat(more, "Content-Type: application/json\r\n");
    if (partner == NULL)
        return gateway_client_post(&client, path, more, body);
    const struct wish wish = {.base = PUBLIC_URL,
                              .path = path,
                              .body = body,
                              .more = more,
                              .key_id = strcmp(partner, "VNPOST") == 0 ? "VNPOST:k" : "VIETTEL:k",
                              .key = strcmp(partner, "VNPOST") == 0 ? vnpost : viettel};
    return signer_send(&client, &wish);
}

static const char *text(void)
{
    return client.body.len == 0 ? "" : (const char *)client.body.data;
}

static void expect(int got, int status, const char *words)
{
    if (got != status || strstr(text(), words) == NULL)
        fail_msg("wanted %d %s, got %d %s", status, words, got, text());
}

static int start(void **state)
{
    static const char *const environment[] = {"GATEWAY_PUBLIC_URL=" PUBLIC_URL,
                                              "GATEWAY_OPEN_PAYMENTS=false", NULL};
    uint8_t keys[2][32];
    (void)state;
    platform = platform_start(
        &(struct platform_conf){.gateway = 1, .settlement = 1, .environment = environment});
    platform_import(platform);
    vnpost = signer_ed25519(keys[0]);
    viettel = signer_ed25519(keys[1]);
    add_partner("VNPOST", keys[0]);
    add_partner("VIETTEL", keys[1]);
    gateway_client_open(&client, NULL, (uint16_t)platform_port(platform));
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    while (ask("VNPOST", BLOCKS, "", "{'series':'VNPOST/BD02647/2026'}") == 401 ||
           ask("VIETTEL", BLOCKS, "", "{'series':'VIETTEL/x/2026'}") == 401)
        assert_true(clock_mono_ms() < until_ms); /* keys reach a gateway within a second */
    return 0;
}

static int stop(void **state)
{
    (void)state;
    gateway_client_close(&client);
    platform_stop(&platform);
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

#define CASH "{'holderCode':'NV0001','amountVnd':'500000','reference':'PT 1','advance':true}"

static void cash_is_handed_over_once(void **state)
{
    (void)state;
    char first[1024];
    expect(ask("VNPOST", REMIT, "r-1", CASH), 200, "\"remittedVnd\":\"500000\"");
    (void)snprintf(first, sizeof(first), "%s", text());
    assert_non_null(strstr(client.head, "ansinh=:")); /* the answer is signed */
    expect(ask("VNPOST", REMIT, "r-1", CASH), 200, "\"remittances\":1");
    assert_string_equal(text(), first);
    expect(ask("VNPOST", REMIT, "r-1",
               "{'holderCode':'NV0001','amountVnd':'1','reference':'PT 1','advance':true}"),
           409, "already_exists");
    expect(ask("VNPOST", REMIT, "", CASH), 400, "Idempotency-Key");
}

static int has_custody(void *arg)
{
    (void)arg;
    return ask("VNPOST", CUSTODY, "", "{'holderCode':'NV0001'}") == 200 &&
           strstr(text(), "\"remittedVnd\":\"500000\"") != NULL;
}

static void a_partner_sees_its_own_cash(void **state)
{
    (void)state;
    if (!wait_until(platform, has_custody, NULL, WAIT_MS))
        fail_msg("%s", text());
    expect(ask("VIETTEL", CUSTODY, "", "{'holderCode':'NV0001'}"), 403, "another organisation");
}

static void what_is_of_others_is_refused(void **state)
{
    (void)state;
    expect(ask("VIETTEL", REMIT, "r-2", CASH), 403, "holder_code");
    expect(ask("VIETTEL", REMIT, "r-3",
               "{'holderCode':'BD02647','amountVnd':'5','reference':'PT 1','advance':true}"),
           403, "holder_code");
    expect(ask("VIETTEL", ALLOCATE, "a-1", "{'pointCode':'BD02647','count':5,'officer':'x'}"), 403,
           "point_code");
    expect(ask("VIETTEL", CLOSE, "c-1",
               "{'series':'VNPOST/BD02647/2026','firstNumber':'1','officer':'x'}"),
           403, "series");
    expect(ask("VIETTEL", BLOCKS, "", "{'series':'VNPOST/BD02647/2026'}"), 403, "series");
    expect(ask("VNPOST", REMIT, "r-4", "{'holderCode':'nobody','amountVnd':'5','reference':'x'}"),
           400, "holder_code");
    assert_true(has_custody(NULL));
}

static void numbers_are_had_and_given_back(void **state)
{
    (void)state;
    char series[64], json[256];
    expect(ask("VNPOST", ALLOCATE, "a-2", "{'pointCode':'BD02647','count':5,'officer':'NV0001'}"),
           200, "\"firstNumber\":\"1\",\"lastNumber\":\"5\"");
    (void)snprintf(series, sizeof(series), "%s", platform_field(text(), "series"));
    expect(ask("VNPOST", ALLOCATE, "a-2", "{'pointCode':'BD02647','count':5,'officer':'NV0001'}"),
           200, "\"firstNumber\":\"1\",\"lastNumber\":\"5\"");
    (void)snprintf(json, sizeof(json), "{'series':'%s'}", series);
    expect(ask("VNPOST", BLOCKS, "", json), 200, "\"nextNumber\":\"6\"");
    (void)snprintf(json, sizeof(json), "{'series':'%s','firstNumber':'1','officer':'NV0001'}",
                   series);
    expect(ask("VNPOST", CLOSE, "c-2", json), 200, "\"voided\":5");
}

static void without_a_signature_nothing_is_a_partners(void **state)
{
    (void)state;
    expect(ask(NULL, REMIT, "r-5", CASH), 403, "signed");
    expect(ask(NULL, ALLOCATE, "a-5", "{'pointCode':'BD02647','count':5,'officer':'x'}"), 403,
           "signed");
    struct wish wish = {.base = PUBLIC_URL,
                        .path = REMIT,
                        .body = "{\"holderCode\":\"NV0001\"}",
                        .key_id = "VNPOST:k",
                        .key = viettel};
    expect(signer_send(&client, &wish), 401, "unauthenticated");
    wish.path = "/ansinh.v1.Receipts/VoidReceipt"; /* stays the officers' */
    wish.key = vnpost;
    expect(signer_send(&client, &wish), 403, "signed");
    must("Custody/Remit", "{'holderCode':'NV0001','amountVnd':'1','reference':'by an officer',"
                          "'advance':true}");
}

static void the_books_agree(void **state)
{
    (void)state;
    assert_true(booked_wait(platform, WAIT_MS));
    if (platform_ansinh(platform, said, "verify", NULL) != 0)
        fail_msg("%s", said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cash_is_handed_over_once),
        cmocka_unit_test(a_partner_sees_its_own_cash),
        cmocka_unit_test(what_is_of_others_is_refused),
        cmocka_unit_test(numbers_are_had_and_given_back),
        cmocka_unit_test(without_a_signature_nothing_is_a_partners),
        cmocka_unit_test(the_books_agree),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
