/* A Redis server of our own on a copy of a ledger's or views' files; it dies with us. It is started
 * by deploy/redis/serve, beside the folder of ANSINH_POLICY, which cuts a torn end off. */
#ifndef ANSINH_CLI_PRIVATE_REDIS_H
#define ANSINH_CLI_PRIVATE_REDIS_H

#include "common/base/err.h"

struct private_redis;

/* Starts a server of the role ("ledger", "views") on the files in folder (NULL: on none, in a
 * folder of its own), loads this version's functions into it, and waits until it answers, however
 * long it loads. -errno with a sentence. */
int private_redis_start(const char *role, const char *folder, struct private_redis **ret,
                        struct err *err) MUST_CHECK;
/* Ends it and removes its socket; the files stay. */
void private_redis_stop(struct private_redis **self);

/* "unix:/tmp/ansinh-copy-.../redis.sock"; valid until the stop. */
const char *private_redis_url(const struct private_redis *self);

#endif
