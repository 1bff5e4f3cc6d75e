/* The Connect protocol (unary): a request becomes a call over the bus, its answer the response.
 * https://connectrpc.com/docs/protocol */
#ifndef ANSINH_GATEWAY_CONNECT_H
#define ANSINH_GATEWAY_CONNECT_H

#include "common/service/service.h"
#include "services/gateway/http.h"

struct connect;

struct auth;

struct connect_conf {
    struct auth *auth;     /* borrowed */
    int64_t timeout_ms;    /* of requests without Connect-Timeout-Ms */
    int has_open_payments; /* commands of Payments, Custody and of Receipts, and reads of Custody,
                              are taken from callers that do not sign */
    int64_t codes_per_minute;  /* receipts that one address may check; 0: as many as it wants */
    const char *client_header; /* whose last element is the client's address, told by a proxy; "" or
                                  NULL: the connection's own; borrowed */
};

/* Borrows svc; registers its counters in svc->metrics. */
struct connect *connect_create(struct service *svc, const struct connect_conf *conf);
/* No call may be under way. */
void connect_destroy(struct connect **self);

/* Answers a request, sooner or later. */
void connect_handle(struct connect *self, struct http_request *request);

#endif
