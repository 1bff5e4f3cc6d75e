/* The ZAP handler (RFC 27): decides in the loop which CURVE keys may shake hands. Private to the
 * bus. */
#ifndef ANSINH_BUS_ZAP_H
#define ANSINH_BUS_ZAP_H

#include "common/base/err.h"
#include "common/loop/loop.h"

#define ZAP_DOMAIN "ansinh"

struct zap;

/* Binds inproc://zeromq.zap.01 of the ZeroMQ context and admits the keys of keys/curve-*.pub. */
int zap_create(void *ctx, struct loop *loop, const char *keys, struct zap **ret,
               struct err *err) MUST_CHECK;
void zap_destroy(struct zap **self);

/* Handshakes refused so far. */
int64_t zap_denied(const struct zap *self);

#endif
