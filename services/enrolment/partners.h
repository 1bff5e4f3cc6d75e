/* ansinh.v1.Partners: who may call from outside, and with which keys. Never routed by the gateway:
 * secrets come in, and none goes out. */
#ifndef ANSINH_ENROLMENT_PARTNERS_H
#define ANSINH_ENROLMENT_PARTNERS_H

#include "services/enrolment/enrolment.h"

/* Serves Partners on the service's server. */
void partners_add(struct enrolment *self);

#endif
