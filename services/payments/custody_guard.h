/* Collectors who may take no cash until they hand over what they have, as settlement tells them
 * through views (common/service/custody_keys.h), read every CUSTODY_BEAT_MS.
 *
 * The limit is held on a projection: what a collector takes within about a second of passing it
 * goes through, and when settlement or views is away for longer than CUSTODY_STALE_MS nobody is
 * blocked. A counter that cannot collect costs more than a limit passed. */
#ifndef ANSINH_PAYMENTS_CUSTODY_GUARD_H
#define ANSINH_PAYMENTS_CUSTODY_GUARD_H

#include "ansinh/v1/types.pb-c.h"
#include "common/service/service.h"

struct custody_guard;

struct custody_guard *custody_guard_create(struct service *svc);
void custody_guard_destroy(struct custody_guard **self);

/* -EPERM, with field and sums in err: cash of its collector (of the point, when it names none) may
 * not be taken. 0 for a transfer. */
int custody_guard_check(const struct custody_guard *self, Ansinh__V1__PaymentChannel channel,
                        const char *collector_code, const char *point_code,
                        struct err *err) MUST_CHECK;

#endif
