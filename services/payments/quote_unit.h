/* The unit that a quote names. */
#ifndef ANSINH_PAYMENTS_QUOTE_UNIT_H
#define ANSINH_PAYMENTS_QUOTE_UNIT_H

#include "common/service/directory.h"
#include "common/service/service.h"

typedef void (*quote_unit_fn)(struct service *svc, struct bus_request *request,
                              const struct directory_unit *unit);

/* Calls fn with the unit of code, which lives as long as the request; fn answers. A unit that is
 * not known may be a new one: the directory's news are read, without blocking, before the request
 * is refused for "unit_code". */
void quote_unit(struct service *svc, struct bus_request *request, const char *code,
                quote_unit_fn fn);

#endif
