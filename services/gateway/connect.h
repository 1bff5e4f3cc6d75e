/* The Connect protocol (unary): a request becomes a call over the bus, its answer the response.
 * https://connectrpc.com/docs/protocol */
#ifndef ANSINH_GATEWAY_CONNECT_H
#define ANSINH_GATEWAY_CONNECT_H

#include "common/service/service.h"
#include "services/gateway/http.h"

struct connect;

/* Borrows svc; registers its counters in svc->metrics. timeout_ms holds for requests without
 * Connect-Timeout-Ms. */
struct connect *connect_create(struct service *svc, int64_t timeout_ms);
/* No call may be under way. */
void connect_destroy(struct connect **self);

/* Answers a request, sooner or later. */
void connect_handle(struct connect *self, struct http_request *request);

#endif
