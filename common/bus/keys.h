/* CURVE key files: curve-<role>.key and curve-<role>.pub, one Z85 line each. Private to the bus. */
#ifndef ANSINH_BUS_KEYS_H
#define ANSINH_BUS_KEYS_H

#include <stdint.h>

#include "common/base/err.h"

#define KEY_BYTES 32
#define KEY_Z85_BYTES 41 /* with NUL */
#define KEYS_PATH_BYTES 512

/* A role is 1 to 47 of a-z, 0-9 and '-'. -EINVAL otherwise. */
int keys_role_check(const char *role, struct err *err) MUST_CHECK;

/* The secret key and the public key that belongs to it. -ENOENT, -EACCES (others may read it),
 * -EINVAL; err names the file. */
int keys_read_own(const char *keys, const char *role, char ret_public[KEY_Z85_BYTES],
                  char ret_secret[KEY_Z85_BYTES], struct err *err) MUST_CHECK;

/* The public key of another role; errors as above. */
int keys_read_public(const char *keys, const char *role, char ret_public[KEY_Z85_BYTES],
                     struct err *err) MUST_CHECK;

/* Runs fn for the public key of every curve-*.pub, at most KEYS_MAX of them (-E2BIG). */
#define KEYS_MAX 1024
typedef void (*keys_fn)(void *arg, const uint8_t key[KEY_BYTES]);
int keys_each_public(const char *keys, keys_fn fn, void *arg, struct err *err) MUST_CHECK;

#endif
