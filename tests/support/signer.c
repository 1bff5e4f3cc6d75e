#include "tests/support/test.h"

#include "tests/support/signer.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/sign/digest.h"

#define ECHO_PATH "/ansinh.v1.Collections/Echo"
#define URI_BYTES 512

/* Lines "Name: value\r\n". */
struct lines {
    const char *text;
    char value[FIELD_MAX_BYTES];
};

static const char *line_value(void *arg, const char *name)
{
    struct lines *self = arg;
    size_t len = strlen(name);
    for (const char *at = self->text; *at != '\0'; at = strstr(at, "\r\n") + 2) {
        size_t i = 0;
        while (i < len && tolower((unsigned char)at[i]) == name[i])
            i++;
        if (i < len || at[len] != ':')
            continue;
        (void)snprintf(self->value, sizeof(self->value), "%.*s", (int)strcspn(at + len + 2, "\r"),
                       at + len + 2);
        return self->value;
    }
    return NULL;
}

static const char *or_else(const char *text, const char *other)
{
    return text == NULL ? other : text;
}

static int is_get(const struct wish *wish)
{
    return wish->verb != NULL && strcmp(wish->verb, "GET") == 0;
}

static const char *body_of(const struct wish *wish)
{
    return or_else(wish->body, is_get(wish) ? "" : "{\"text\":\"a\"}");
}

static void uri_of(const struct wish *wish, char ret[URI_BYTES])
{
    const char *path = or_else(wish->path, ECHO_PATH), *query = or_else(wish->query, "");
    if (wish->signed_path != NULL)
        (void)snprintf(ret, URI_BYTES, "%s%s", or_else(wish->base, "http://test"),
                       wish->signed_path);
    else
        (void)snprintf(ret, URI_BYTES, "%s%s%s", or_else(wish->base, "http://test"), path, query);
}

static void fresh_nonce(char ret[33])
{
    uint8_t bytes[16];
    randombytes_buf(bytes, sizeof(bytes));
    format_hex(bytes, sizeof(bytes), ret);
}

static void swap_text(const struct wish *wish, char headers[SIGNER_HEADERS_BYTES])
{
    static char copy[SIGNER_HEADERS_BYTES];
    const char *at = wish->replace == NULL ? NULL : strstr(headers, wish->replace);
    if (wish->replace == NULL)
        return;
    assert_non_null(at);
    int len = snprintf(copy, sizeof(copy), "%.*s%s%s", (int)(at - headers), headers, wish->with,
                       at + strlen(wish->replace));
    assert_true(len > 0 && (size_t)len < sizeof(copy));
    (void)strcpy(headers, copy);
}

void signer_headers(const struct wish *wish, char ret[SIGNER_HEADERS_BYTES])
{
    static const char *const with_body[] = {"@method", "@target-uri", "content-digest", NULL};
    static const char *const without[] = {"@method", "@target-uri", NULL};
    const char *body = body_of(wish), *made;
    char digest[DIGEST_TEXT_BYTES], nonce[33], uri[URI_BYTES];
    int64_t now_s = clock_wall_ms() / 1000;
    struct lines lines = {.text = ret};
    struct buf input, value;
    struct err err = {0};
    digest_write((const uint8_t *)body, strlen(body), digest);
    made = or_else(wish->digest, body[0] == '\0' ? "" : digest);
    (void)snprintf(ret, SIGNER_HEADERS_BYTES,
                   "Host: test\r\nContent-Type: application/json\r\n%s%s%s%s",
                   or_else(wish->more, ""), made[0] == '\0' ? "" : "Content-Digest: ", made,
                   made[0] == '\0' ? "" : "\r\n");
    fresh_nonce(nonce);
    uri_of(wish, uri);
    const struct signature_spec spec = {
        .label = "sig1",
        .components = wish->components != NULL ? wish->components
                      : body[0] == '\0'        ? without
                                               : with_body,
        .created = now_s + wish->created_offset_s,
        .expires = wish->expires_offset_s == 0 ? 0 : now_s + wish->expires_offset_s,
        .nonce = wish->has_no_nonce ? NULL : or_else(wish->nonce, nonce),
        .key_id = wish->key_id,
        .has_algorithm = wish->has_algorithm,
    };
    const struct signature_message message = {.method = or_else(wish->verb, "POST"),
                                              .target_uri = uri,
                                              .field = line_value,
                                              .arg = &lines};
    buf_init(&input, FIELD_MAX_BYTES);
    buf_init(&value, FIELD_MAX_BYTES);
    if (signature_make(&spec, &message, &wish->key, &input, &value, &err) < 0)
        fail_msg("%s", err.text);
    size_t len = strlen(ret);
    (void)snprintf(ret + len, SIGNER_HEADERS_BYTES - len,
                   "Signature-Input: %.*s\r\nSignature: %.*s\r\n", (int)input.len,
                   (const char *)input.data, (int)value.len, (const char *)value.data);
    buf_fini(&input);
    buf_fini(&value);
    swap_text(wish, ret);
}

static int send_with(struct gateway_client *client, const struct wish *wish, const char *headers)
{
    struct buf out;
    buf_init(&out, (size_t)1024 * 1024);
    (void)buf_printf(&out, "%s %s%s HTTP/1.1\r\n%s", or_else(wish->verb, "POST"),
                     or_else(wish->path, ECHO_PATH), or_else(wish->query, ""), headers);
    if (!is_get(wish))
        (void)buf_printf(&out, "Content-Length: %zu\r\n", strlen(body_of(wish)));
    (void)buf_printf(&out, "\r\n%s", body_of(wish));
    assert_int_equal(out.failed, 0);
    gateway_client_send(client, (const char *)out.data, out.len);
    buf_fini(&out);
    return gateway_client_read(client);
}

int signer_send(struct gateway_client *client, const struct wish *wish)
{
    char headers[SIGNER_HEADERS_BYTES];
    signer_headers(wish, headers);
    return send_with(client, wish, headers);
}

struct signature_key signer_ed25519(uint8_t ret_public[32])
{
    struct signature_key key = {.algorithm = SIGNATURE_ED25519, .len = 64};
    (void)crypto_sign_keypair(ret_public, key.bytes);
    return key;
}

struct signature_key signer_hmac(void)
{
    struct signature_key key = {.algorithm = SIGNATURE_HMAC_SHA256, .len = 32};
    randombytes_buf(key.bytes, key.len);
    return key;
}
