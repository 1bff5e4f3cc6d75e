#include "common/base/keyring.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/key_file.h"
#include "common/base/log.h"

#define KEY_BYTES KEY_FILE_BYTES
#define NONCE_BYTES 24
#define SEAL_KEYS_MAX 255
#define PATH_BYTES 512

_Static_assert(KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "seal key size");
_Static_assert(SEAL_OVERHEAD_BYTES == 1 + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES +
                                          crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "seal overhead");

struct keyring {
    uint8_t hash_key[KEY_BYTES];
    uint8_t seal_keys[SEAL_KEYS_MAX + 1][KEY_BYTES]; /* by key id */
    uint8_t has_key[SEAL_KEYS_MAX + 1];
    uint8_t current; /* key id that seals */
};

/* "<name>-<id>.key" */
static int read_seals(struct keyring *self, const char *directory, const char *name,
                      struct err *err)
{
    char path[PATH_BYTES];
    int rc = 0;
    for (int id = 1; rc == 0 && id <= SEAL_KEYS_MAX; id++) {
        (void)snprintf(path, sizeof(path), "%s/%s-%d.key", directory, name, id);
        rc = key_file_read(path, self->seal_keys[id], err);
        self->has_key[id] = rc == 0;
        if (rc == 0)
            self->current = (uint8_t)id;
        else if (rc == -ENOENT)
            rc = 0;
    }
    if (rc == 0 && self->current == 0)
        return err_set(err, -ENOENT, "no %s-1.key in %.100s (make it with: ansinh keys)", name,
                       directory);
    return rc;
}

static int read_hash(struct keyring *self, const char *directory, struct err *err)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/hash.key", directory);
    int rc = key_file_read(path, self->hash_key, err);
    if (rc == -ENOENT)
        return err_set(err, rc, "no %.100s (make it with: ansinh keys)", path);
    return rc;
}

static int open_ring(const char *directory, const char *name, int has_hash, struct keyring **ret,
                     struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, -EIO, "libsodium does not start");
    struct keyring *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    int rc = has_hash ? read_hash(self, directory, err) : 0;
    if (rc == 0)
        rc = read_seals(self, directory, name, err);
    if (rc < 0)
        keyring_destroy(&self);
    else
        *ret = self;
    return rc;
}

int keyring_open(const char *directory, struct keyring **ret, struct err *err)
{
    return open_ring(directory, "seal", 1, ret, err);
}

int keyring_open_partners(const char *directory, struct keyring **ret, struct err *err)
{
    return open_ring(directory, "partner", 0, ret, err);
}

void keyring_destroy(struct keyring **self)
{
    if (*self == NULL)
        return;
    sodium_memzero(*self, sizeof(**self));
    free(*self);
    *self = NULL;
}

int keyring_make(const char *directory, struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, -EIO, "libsodium does not start");
    if (mkdir(directory, 0700) < 0 && errno != EEXIST)
        return err_set(err, -errno, "cannot make the directory %.100s", directory);
    static const char *const names[] = {"hash.key", "seal-1.key", "partner-1.key"};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(names); i++)
        rc = key_file_make(directory, names[i], err);
    return rc;
}

void keyring_hash(const struct keyring *self, char kind, const char *text, uint8_t ret[ID_BYTES])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, self->hash_key, KEY_BYTES, ID_BYTES);
    (void)crypto_generichash_update(&state, (const unsigned char *)&kind, 1);
    (void)crypto_generichash_update(&state, (const unsigned char *)text, strlen(text));
    (void)crypto_generichash_final(&state, ret, ID_BYTES);
}

void keyring_seal(const struct keyring *self, const uint8_t citizen[ID_BYTES], const uint8_t *plain,
                  size_t len, uint8_t *ret)
{
    ret[0] = self->current;
    randombytes_buf(ret + 1, NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(ret + 1 + NONCE_BYTES, NULL, plain, len,
                                                     citizen, ID_BYTES, NULL, ret + 1,
                                                     self->seal_keys[self->current]);
}

int keyring_unseal(const struct keyring *self, const uint8_t citizen[ID_BYTES],
                   const uint8_t *sealed, size_t len, uint8_t *ret_plain)
{
    if (len < SEAL_OVERHEAD_BYTES || !self->has_key[sealed[0]])
        return -EBADMSG;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, sealed + 1 + NONCE_BYTES,
                                                   len - 1 - NONCE_BYTES, citizen, ID_BYTES,
                                                   sealed + 1, self->seal_keys[sealed[0]]) < 0)
        return -EBADMSG;
    return 0;
}
