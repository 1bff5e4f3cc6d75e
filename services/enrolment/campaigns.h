/* ansinh.v1.Campaigns: campaigns are reference data, sessions and contacts live with the keyed hash
 * of the session's code. */
#ifndef ANSINH_ENROLMENT_CAMPAIGNS_H
#define ANSINH_ENROLMENT_CAMPAIGNS_H

#include "common/service/service.h"

#define CAMPAIGNS_MAX 1000

/* Serves Campaigns on svc->server. */
void campaigns_add(struct service *svc);

/* Handlers with a file of their own (session.c); arg is the service. */
void on_record_session(void *arg, struct bus_request *request);
void on_record_contacts(void *arg, struct bus_request *request);

#endif
