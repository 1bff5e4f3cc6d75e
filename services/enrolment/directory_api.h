/* ansinh.v1.Directory: importing and reading reference data. */
#ifndef ANSINH_ENROLMENT_DIRECTORY_API_H
#define ANSINH_ENROLMENT_DIRECTORY_API_H

#include "common/service/service.h"

/* Serves Directory on svc->server. */
void directory_api_add(struct service *svc);

#endif
