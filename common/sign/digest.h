/* Content-Digest (RFC 9530): the digest of a message's body. */
#ifndef ANSINH_SIGN_DIGEST_H
#define ANSINH_SIGN_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define DIGEST_TEXT_BYTES 64 /* sha-256=:...: with NUL */

/* Holds a field against the body: every sha-256 and sha-512 in it must be right, and one of them be
 * there; digests of other algorithms are passed over. -EINVAL: the field cannot be read, or names
 * an algorithm twice, or none that is known; -EBADMSG: not this body's. */
int digest_check(const char *field, const uint8_t *body, size_t len, struct err *err) MUST_CHECK;

/* The field's value for a body, with sha-256. */
void digest_write(const uint8_t *body, size_t len, char ret[DIGEST_TEXT_BYTES]);

#endif
