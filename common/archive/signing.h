/* A key that signs (Ed25519), and the keys whose signatures are believed.
 *
 * "<name>.key" is the secret (key_file.h); "<name>.pub" has a public key a line, 64 hexadecimal
 * digits: the present one and, when the secret was replaced, the earlier ones. */
#ifndef ANSINH_ARCHIVE_SIGNING_H
#define ANSINH_ARCHIVE_SIGNING_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define SIGNING_ARCHIVE "archive" /* name of the key of an archive's segments */
#define SIGNING_REPORT "report"   /* of the key of reconciliations' reports */
#define SIGNING_PUBLIC_BYTES 32
#define SIGNING_SECRET_BYTES 64
#define SIGNATURE_BYTES 64
#define TRUSTED_KEYS_MAX 64

struct signing_key {
    uint8_t secret[SIGNING_SECRET_BYTES];
    uint8_t public_key[SIGNING_PUBLIC_BYTES];
};

struct trusted_keys {
    uint8_t keys[TRUSTED_KEYS_MAX][SIGNING_PUBLIC_BYTES];
    size_t n;
};

/* Makes the secret where it is missing and adds its public key to the others unless it is there.
 * The directory exists. */
int signing_make(const char *directory, const char *name, struct err *err) MUST_CHECK;

/* Reads the secret. -ENOENT: there is none; -EACCES, -EINVAL as key_file_read; err names it. */
int signing_open(const char *directory, const char *name, struct signing_key *ret,
                 struct err *err) MUST_CHECK;
/* Overwrites the secret. */
void signing_close(struct signing_key *self);

/* Reads a file of public keys. -ENOENT, -EINVAL: a line that is no key, none, or too many. */
int trusted_keys_read(const char *path, struct trusted_keys *ret, struct err *err) MUST_CHECK;

int trusted_keys_has(const struct trusted_keys *self, const uint8_t key[SIGNING_PUBLIC_BYTES]);

#endif
