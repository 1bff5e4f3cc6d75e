/* GET /v1/watch: live progress as server-sent events.
 *
 * Events: snapshot (GetProgressResponse, one per unit asked for), progress (ProgressView of the
 * watched units), stale ({"since_ms"}: analytics is silent), and a comment as heartbeat. A viewer
 * holds at most one frame; what it misses while it is slow is skipped, not queued. One who comes
 * back with Last-Event-ID is sent what changed since, or a snapshot that is not older. */
#ifndef ANSINH_GATEWAY_SSE_H
#define ANSINH_GATEWAY_SSE_H

#include "common/service/service.h"
#include "services/gateway/http.h"

#define SSE_HEARTBEAT_MS 15000

struct sse;

#define SSE_SLOW_MS 1000 /* who takes longer for a frame is cut when memory is short */

/* Borrows svc; counts in svc->metrics. All frames together take frames_max bytes: from half of that
 * on slow viewers are cut, beyond it nothing is sent. Errors as live_create. */
int sse_create(struct service *svc, size_t viewers_max, size_t frames_max, struct sse **ret,
               struct err *err) MUST_CHECK;
/* All its requests must be gone. */
void sse_destroy(struct sse **self);

/* Answers a GET with a stream; 400, 404 (unknown unit), 429 (viewers_max) or 503 (draining) as a
 * Connect error. */
void sse_handle(struct sse *self, struct http_request *request);

/* Ends all streams. */
void sse_drain(struct sse *self);

#endif
