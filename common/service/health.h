/* ansinh.v1.Health on every server: is it well, and what does it count. */
#ifndef ANSINH_SERVICE_HEALTH_H
#define ANSINH_SERVICE_HEALTH_H

#include "common/service/service.h"

/* Serves Health on svc->server and lets the process's parts count in svc->metrics. */
void health_add(struct service *svc);

/* Sentences about what is wrong now, at most max; answers how many. Texts live as long as the
 * process. */
size_t health_problems(struct service *svc, const char **ret, size_t max);

#endif
