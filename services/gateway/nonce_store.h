/* Nonces of signed requests that were seen, shared by all gateways. */
#ifndef ANSINH_GATEWAY_NONCE_STORE_H
#define ANSINH_GATEWAY_NONCE_STORE_H

#include "common/store/redis.h"

/* rc 0: taken for the first time; -EEXIST: seen before; -EAGAIN, -ECONNRESET, -ETIMEDOUT, -EPROTO:
 * nobody can say. */
typedef void (*nonce_fn)(void *arg, int rc);

/* Remembers a key's nonce for ttl_s seconds, in one round trip. fn runs once, never inside this
 * call. */
void nonce_take(struct store *views, const char *key_id, const char *nonce, size_t nonce_len,
                int64_t ttl_s, nonce_fn fn, void *arg);

#endif
