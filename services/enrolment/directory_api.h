/* ansinh.v1.Directory: importing and reading reference data. */
#ifndef ANSINH_ENROLMENT_DIRECTORY_API_H
#define ANSINH_ENROLMENT_DIRECTORY_API_H

#include "common/service/service.h"

/* Serves Directory on svc->server. */
void directory_api_add(struct service *svc);

/* Handlers with files of their own (territory.c, import_policy.c, get_policy.c); arg is the
 * service. */
void on_import_successors(void *arg, struct bus_request *request);
void on_import_denominators(void *arg, struct bus_request *request);
void on_import_si_units(void *arg, struct bus_request *request);
void on_import_policy(void *arg, struct bus_request *request);
void on_get_policy(void *arg, struct bus_request *request);

#endif
