/* ansinh.v1.Collections: what collecting organisations call. Handlers, one file each; arg is the
 * struct service. */
#ifndef ANSINH_PAYMENTS_COLLECTIONS_H
#define ANSINH_PAYMENTS_COLLECTIONS_H

#include "common/service/service.h"

/* Serves the methods. */
void collections_add(struct service *svc);

/* False when the call is of no organisation; it is then refused. */
int collections_admit(struct bus_request *request);

#endif
