/* A file with one secret key: 32 bytes as 64 hexadecimal digits, mode 0600. */
#ifndef ANSINH_BASE_KEY_FILE_H
#define ANSINH_BASE_KEY_FILE_H

#include <stdint.h>

#include "common/base/err.h"

#define KEY_FILE_BYTES 32

/* -ENOENT: no such file, nothing said in err. -EACCES: others may read or write it, -EINVAL: it
 * holds no key, or another negative errno, with the file's name in err. */
int key_file_read(const char *path, uint8_t key[KEY_FILE_BYTES], struct err *err) MUST_CHECK;

/* Makes a random key where there is none; never overwrites. The directory exists and libsodium has
 * been started. */
int key_file_make(const char *directory, const char *name, struct err *err) MUST_CHECK;

#endif
