/* The platform's door: Connect over HTTP, live progress, metrics, the dashboard. */
#ifndef ANSINH_GATEWAY_GATEWAY_H
#define ANSINH_GATEWAY_GATEWAY_H

#include "common/service/service.h"

extern const struct service_spec gateway_spec;

#endif
