/* The unit that was asked for in the form that its children have. */
#ifndef ANSINH_GATEWAY_LIVE_OWN_H
#define ANSINH_GATEWAY_LIVE_OWN_H

#include "ansinh/v1/analytics.pb-c.h"

/* Fills ret with the fields that both messages have by name and type, whatever they are; fields of
 * a oneof are left out. Borrows from the answer. */
void live_own_progress(const Ansinh__V1__GetProgressResponse *answer,
                       Ansinh__V1__UnitProgress *ret);

#endif
