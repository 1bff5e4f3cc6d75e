/* The fields of a signed request, one a line: Signature-Input, Signature, Content-Digest; the body
 * is the rest. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sign/digest.h"
#include "common/sign/signature.h"
#include "tests/fuzz/fuzz.h"

static const char *field_of(void *arg, const char *name)
{
    return strcmp(name, "content-digest") == 0 ? arg : NULL;
}

/* The next line of the text, which is cut there. */
static char *line_of(char **at)
{
    char *line = *at;
    size_t len = strcspn(line, "\n");
    *at = line + len + (line[len] != '\0');
    line[len] = '\0';
    return line;
}

static void read_again(const struct signature *signature)
{
    char *text = malloc(signature->params.len + 3);
    struct signature again;
    ASSERT(text != NULL);
    (void)snprintf(text, signature->params.len + 3, "s=%.*s", (int)signature->params.len,
                   (const char *)signature->params.data);
    ASSERT(signature_read(text, "s=::", &again, NULL) == 0);
    ASSERT(again.params.len == signature->params.len &&
           memcmp(again.params.data, signature->params.data, again.params.len) == 0);
    ASSERT(again.n_components == signature->n_components && again.created == signature->created);
    signature_fini(&again);
    free(text);
}

static void check_base(const struct signature *signature, char *digest)
{
    const struct signature_message message = {
        .method = "POST", .target_uri = "https://h/p?q", .field = field_of, .arg = digest};
    const struct signature_key key = {.algorithm = SIGNATURE_HMAC_SHA256, .len = 32};
    struct err err = {0};
    CLEANUP(buf_fini) struct buf base;
    buf_init(&base, SIGNATURE_BASE_MAX_BYTES);
    if (signature_base(signature, &message, &base, &err) < 0)
        fuzz_check_err(&err);
    else
        ASSERT(signature_check(signature, &key, &base) <= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct signature signature;
    struct err err = {0};
    char *text = fuzz_text(data, size), *at = text;
    char *input = line_of(&at), *value = line_of(&at), *digest = line_of(&at);
    ASSERT(sodium_init() >= 0);
    if (signature_read(input, value, &signature, &err) == 0) {
        read_again(&signature);
        check_base(&signature, digest);
    } else {
        fuzz_check_err(&err);
    }
    signature_fini(&signature);
    err = (struct err){0};
    if (digest_check(digest, (const uint8_t *)at, strlen(at), &err) < 0)
        fuzz_check_err(&err);
    free(text);
    return 0;
}
