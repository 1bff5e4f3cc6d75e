/* Ids: the request id of a command, the citizen's keyed hash, and how both are written for people.
 */
#ifndef ANSINH_BASE_ID_H
#define ANSINH_BASE_ID_H

#include <stdint.h>

#include "common/base/macros.h"

#define ID_BYTES 16
#define UUID_TEXT_BYTES 37   /* with NUL */
#define BASE32_TEXT_BYTES 27 /* 16 bytes as 26 characters, with NUL */

/* 16 bytes; a UUIDv7 (RFC 9562) or the folded form of another idempotency key (version bits 8). */
struct request_id {
    uint8_t bytes[ID_BYTES];
};

/* A fresh UUIDv7 of the given wall time; random part from libsodium. */
void request_id_make(int64_t wall_ms, struct request_id *ret);

/* Reads an idempotency key as a client sends it: a UUIDv7 text is taken as it is; any other text of
 * 1 to 128 printable ASCII characters is folded (BLAKE2b) into a version-8 UUID. -EINVAL for
 * anything else. */
int request_id_parse(const char *key, struct request_id *ret) MUST_CHECK;

/* True for a UUIDv7; *ret_ms is then its time in ms. */
int request_id_time(const struct request_id *id, int64_t *ret_ms);

/* Canonical lower-case UUID text. */
void request_id_format(const struct request_id *id, char ret_text[UUID_TEXT_BYTES]);

/* 16 bytes as 26 characters of Crockford base 32, upper case, most significant bit first. */
void base32_format(const uint8_t bytes[ID_BYTES], char ret_text[BASE32_TEXT_BYTES]);

/* The reverse; accepts lower case and reads O as 0, I and L as 1. -EINVAL on another length, letter
 * or surplus bits. */
int base32_parse(const char *text, uint8_t ret_bytes[ID_BYTES]) MUST_CHECK;

#endif
