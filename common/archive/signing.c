#include "common/archive/signing.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/key_file.h"
#include "common/base/parse.h"

#define NAME_BYTES 64
#define PATH_BYTES 512
#define LINE_BYTES (2 * SIGNING_PUBLIC_BYTES + 1)

_Static_assert(SIGNING_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "public key size");
_Static_assert(SIGNING_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "secret key size");
_Static_assert(SIGNATURE_BYTES == crypto_sign_BYTES, "signature size");
_Static_assert(KEY_FILE_BYTES == crypto_sign_SEEDBYTES, "the file holds the seed");

int signing_open(const char *directory, const char *name, struct signing_key *ret, struct err *err)
{
    char path[PATH_BYTES];
    uint8_t seed[KEY_FILE_BYTES];
    (void)snprintf(path, sizeof(path), "%s/%s.key", directory, name);
    int rc = key_file_read(path, seed, err);
    if (rc == -ENOENT)
        return err_set(err, rc, "no %.100s (make it with: ansinh keys)", path);
    if (rc == 0)
        (void)crypto_sign_seed_keypair(ret->public_key, ret->secret, seed);
    sodium_memzero(seed, sizeof(seed));
    return rc;
}

void signing_close(struct signing_key *self)
{
    sodium_memzero(self, sizeof(*self));
}

int trusted_keys_read(const char *path, struct trusted_keys *ret, struct err *err)
{
    char line[LINE_BYTES + 2];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return err_set(err, -errno, "cannot open %.100s: %s", path, strerror(errno));
    int rc = 0;
    ret->n = 0;
    while (rc == 0 && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (ret->n == TRUSTED_KEYS_MAX ||
            parse_hex(line, ret->keys[ret->n], SIGNING_PUBLIC_BYTES) < 0)
            rc = err_set(err, -EINVAL, "%.100s: want 1 to %d keys, 64 hexadecimal digits a line",
                         path, TRUSTED_KEYS_MAX);
        else
            ret->n++;
    }
    (void)fclose(file);
    if (rc == 0 && ret->n == 0)
        rc = err_set(err, -EINVAL, "%.100s holds no key", path);
    return rc;
}

int trusted_keys_has(const struct trusted_keys *self, const uint8_t key[SIGNING_PUBLIC_BYTES])
{
    for (size_t i = 0; i < self->n; i++) {
        if (memcmp(self->keys[i], key, SIGNING_PUBLIC_BYTES) == 0)
            return 1;
    }
    return 0;
}

static int append(const char *path, const uint8_t key[SIGNING_PUBLIC_BYTES], struct err *err)
{
    char line[LINE_BYTES + 1];
    format_hex(key, SIGNING_PUBLIC_BYTES, line);
    line[LINE_BYTES - 1] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return err_set(err, -errno, "cannot make %.100s: %s", path, strerror(errno));
    int rc = write(fd, line, LINE_BYTES) == LINE_BYTES && fsync(fd) == 0 ? 0 : -EIO;
    return close(fd) < 0 || rc < 0 ? err_set(err, -EIO, "cannot write %.100s", path) : 0;
}

int signing_make(const char *directory, const char *name, struct err *err)
{
    char path[PATH_BYTES], secret[NAME_BYTES];
    struct signing_key key;
    struct trusted_keys trusted = {.n = 0};
    if (sodium_init() < 0)
        return err_set(err, -EIO, "libsodium does not start");
    (void)snprintf(path, sizeof(path), "%s/%s.pub", directory, name);
    (void)snprintf(secret, sizeof(secret), "%s.key", name);
    int rc = key_file_make(directory, secret, err);
    if (rc == 0)
        rc = signing_open(directory, name, &key, err);
    if (rc < 0)
        return rc;
    rc = access(path, F_OK) < 0 ? 0 : trusted_keys_read(path, &trusted, err);
    if (rc == 0 && !trusted_keys_has(&trusted, key.public_key))
        rc = append(path, key.public_key, err);
    signing_close(&key);
    return rc;
}
