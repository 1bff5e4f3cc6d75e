#include "common/sign/digest.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/sign/fields.h"

struct algorithm {
    const char *name;
    size_t len;
    int (*hash)(unsigned char *out, const unsigned char *in, unsigned long long in_len);
};

static const struct algorithm algorithms[] = {
    {"sha-256", crypto_hash_sha256_BYTES, crypto_hash_sha256},
    {"sha-512", crypto_hash_sha512_BYTES, crypto_hash_sha512},
};

/* One digest of the field; sets a bit for a known algorithm. */
static int check_one(const struct slice *name, const struct field_item *item, const uint8_t *body,
                     size_t len, unsigned *seen, struct err *err)
{
    for (unsigned i = 0; i < ARRAY_LEN(algorithms); i++) {
        uint8_t digest[crypto_hash_sha512_BYTES], given[crypto_hash_sha512_BYTES];
        if (!slice_is(name, algorithms[i].name))
            continue;
        if ((*seen & 1U << i) != 0)
            return err_set(err, -EINVAL, "Content-Digest has %s twice", algorithms[i].name);
        *seen |= 1U << i;
        if (field_bytes(item, given, sizeof(given)) != (int)algorithms[i].len)
            return err_set(err, -EINVAL, "Content-Digest: want %zu bytes of %s in base64",
                           algorithms[i].len, algorithms[i].name);
        (void)algorithms[i].hash(digest, body, len);
        if (memcmp(digest, given, algorithms[i].len) != 0)
            return err_set(err, -EBADMSG, "Content-Digest: the %s is not that of the body",
                           algorithms[i].name);
    }
    return 0;
}

int digest_check(const char *field, const uint8_t *body, size_t len, struct err *err)
{
    struct field_reader reader;
    struct err why = {0};
    struct slice name;
    struct field_item item;
    unsigned seen = 0;
    int rc = field_open(&reader, field, &why);
    while (rc == 0 && (rc = field_member(&reader, &name, &why)) == 1) {
        rc = field_item(&reader, &item, &why);
        struct slice key;
        struct field_item value;
        while (rc == 0 && (rc = field_parameter(&reader, &key, &value, &why)) == 1)
            rc = 0;
        if (rc == 0) {
            rc = check_one(&name, &item, body, len, &seen, err);
            if (rc < 0)
                return rc;
        }
    }
    if (rc < 0)
        return err_set(err, -EINVAL, "Content-Digest: %.100s", why.text);
    return seen != 0 ? 0 : err_set(err, -EINVAL, "Content-Digest: want sha-256 or sha-512");
}

void digest_write(const uint8_t *body, size_t len, char ret[DIGEST_TEXT_BYTES])
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof(digest), sodium_base64_VARIANT_ORIGINAL)];
    (void)crypto_hash_sha256(digest, body, len);
    (void)sodium_bin2base64(text, sizeof(text), digest, sizeof(digest),
                            sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(ret, DIGEST_TEXT_BYTES, "sha-256=:%s:", text);
}
