/* The platform's secrets: the key that turns a personal id into a citizen's hash, and the keys that
 * seal identities.
 *
 * Files in one directory, mode 0600: "hash.key" (32 bytes, hexadecimal) never changes;
 * "seal-<id>.key" are numbered 1..255, the highest one seals, all of them unseal. */
#ifndef ANSINH_BASE_KEYRING_H
#define ANSINH_BASE_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/id.h"

/* A sealed text is this much longer: key id, nonce, authentication tag. */
#define SEAL_OVERHEAD_BYTES (1 + 24 + 16)

struct keyring;

/* Reads the directory. -ENOENT: no hash.key or no seal key; -EACCES: a file that others may read or
 * write; -EINVAL: a malformed file. err names the file. */
int keyring_open(const char *directory, struct keyring **ret, struct err *err) MUST_CHECK;
void keyring_destroy(struct keyring **self);

/* The ring that seals what the platform keeps of its partners: "partner-<id>.key", as above, and no
 * hash key; keyring_hash must not be asked. */
int keyring_open_partners(const char *directory, struct keyring **ret, struct err *err) MUST_CHECK;

/* Makes the directory (0700), hash.key, seal-1.key and partner-1.key where they are missing; never
 * overwrites. */
int keyring_make(const char *directory, struct err *err) MUST_CHECK;

/* Keyed BLAKE2b of the kind and the text: the citizen's hash (kind 'c') or an alias's (kind 's' for
 * an SI code); as a member of a household who is insured for health the same person has others. */
#define HASH_HEALTH_MEMBER 'b'
#define HASH_HEALTH_SI_CODE 't'
void keyring_hash(const struct keyring *self, char kind, const char *text, uint8_t ret[ID_BYTES]);

/* Seals len bytes with XChaCha20-Poly1305, bound to the citizen's hash, so that a sealed text moved
 * to another citizen does not open. ret holds len + SEAL_OVERHEAD_BYTES. */
void keyring_seal(const struct keyring *self, const uint8_t citizen[ID_BYTES], const uint8_t *plain,
                  size_t len, uint8_t *ret);

/* The reverse; ret_plain holds len - SEAL_OVERHEAD_BYTES. -EBADMSG: too short, altered, another
 * citizen's or sealed with a key that is not in the ring. */
int keyring_unseal(const struct keyring *self, const uint8_t citizen[ID_BYTES],
                   const uint8_t *sealed, size_t len, uint8_t *ret_plain) MUST_CHECK;

#endif
