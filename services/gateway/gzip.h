/* Packed forms of what a browser loads (RFC 1952), made once, and who takes them. */
#ifndef ANSINH_GATEWAY_GZIP_H
#define ANSINH_GATEWAY_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"

/* Packs as small as it goes. -EMSGSIZE when less than an eighth would be saved, as with pictures,
 * -ENOMEM; then ret is NULL. The caller frees it. */
int gzip_pack(const uint8_t *data, size_t len, uint8_t **ret, size_t *ret_len) MUST_CHECK;

/* True when the value of an Accept-Encoding (RFC 9110, 12.5.3) names gzip with a weight above 0;
 * NULL names nothing. */
int gzip_accepted(const char *encodings);

#endif
