/* GET /v1/watch: live progress as server-sent events.
 *
 * Events: snapshot (GetProgressResponse, one per unit asked for), progress (ProgressView of the
 * watched units), stale ({"since_ms"}: analytics is silent), and a comment as heartbeat. A viewer
 * holds at most one frame; what it misses while it is slow is skipped, not queued. */
#ifndef ANSINH_GATEWAY_SSE_H
#define ANSINH_GATEWAY_SSE_H

#include "common/service/service.h"
#include "services/gateway/http.h"

#define SSE_HEARTBEAT_MS 15000

struct sse;

/* Borrows svc; counts in svc->metrics. Errors as live_create. */
int sse_create(struct service *svc, size_t viewers_max, struct sse **ret,
               struct err *err) MUST_CHECK;
/* All its requests must be gone. */
void sse_destroy(struct sse **self);

/* Answers a GET with a stream; 400, 404 (unknown unit), 429 (viewers_max) or 503 (draining) as a
 * Connect error. */
void sse_handle(struct sse *self, struct http_request *request);

/* Ends all streams. */
void sse_drain(struct sse *self);

#endif
