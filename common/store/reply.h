/* Replies of one connection: hiredis parses, the objects live in an arena that is reset after each
 * reply. Private to common/store. */
#ifndef ANSINH_STORE_REPLY_H
#define ANSINH_STORE_REPLY_H

#include "common/base/arena.h"
#include "common/store/redis.h"

#define REPLY_MAX_BYTES ((size_t)256 * 1024 * 1024) /* memory of one reply */

struct redisReader;

/* Makes the reader build struct store_reply in this arena (borrowed as long as the reader lives).
 */
void reply_attach(struct redisReader *reader, struct arena *arena);

#endif
