/* How often one address may ask: a token bucket for each, in a table of fixed size. Pure, no I/O.
 */
#ifndef ANSINH_GATEWAY_LIMITER_H
#define ANSINH_GATEWAY_LIMITER_H

#include <stdint.h>

#include "common/base/macros.h"

#define LIMITER_SETS 1024
#define LIMITER_WAYS 8 /* addresses that share a set; the one that is least limited makes room */

struct limiter;

/* per_minute tokens come in a minute, a tenth of them (at least 5) may be saved. 0: no limit. */
struct limiter *limiter_create(int64_t per_minute);
void limiter_destroy(struct limiter **self);

/* Takes a token of an address at a monotonic time: 0, or the milliseconds until there is one. */
int64_t limiter_take(struct limiter *self, const char *address, int64_t now_ms);

#endif
