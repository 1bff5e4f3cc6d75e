/* GetProgress from the facts: as of a moment, or of a product, a source, a support group. */
#ifndef ANSINH_ANALYTICS_PROGRESS_QUESTION_H
#define ANSINH_ANALYTICS_PROGRESS_QUESTION_H

#include "common/bus/server.h"
#include "services/analytics/analytics.h"

/* Whether more is said than the unit: the board does not know the answer. */
int progress_is_question(const Ansinh__V1__GetProgressRequest *in);

/* Takes the request. */
void progress_ask(struct analytics *self, struct bus_request *request);

#endif
