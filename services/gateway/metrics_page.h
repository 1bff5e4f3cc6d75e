/* /metrics: the numbers of every instance of every service in the Prometheus text format 0.0.4.
 *
 * One collection at a time asks all instances (Health/Stats); requests that come meanwhile wait for
 * its end. It ends when all have answered, at the latest after SCRAPE_TIMEOUT_MS. */
#ifndef ANSINH_GATEWAY_METRICS_PAGE_H
#define ANSINH_GATEWAY_METRICS_PAGE_H

#include "common/service/service.h"
#include "services/gateway/http.h"

#define SCRAPE_TIMEOUT_MS 1000

struct metrics_page;

struct metrics_page *metrics_page_create(struct service *svc);
/* No collection may be under way. */
void metrics_page_destroy(struct metrics_page **self);

/* Answers a GET or HEAD, sooner or later. */
void metrics_page_handle(struct metrics_page *self, struct http_request *request);

#endif
