/* From which session somebody came: a pure function of the sessions, the lists of contacts, the day
 * of what is attributed and the method (ansinh.v1.AttributionMethod). Who is on no list of a
 * session of the day, or of the ATTRIBUTION_DAYS before it, came from none. */
#ifndef ANSINH_ANALYTICS_ATTRIBUTION_H
#define ANSINH_ANALYTICS_ATTRIBUTION_H

#include "ansinh/v1/analytics.pb-c.h"
#include "services/analytics/sessions.h"

#define ATTRIBUTION_DAYS 30
#define ATTRIBUTION_PEOPLE_MAX 2000000 /* lines of lists in one question */

struct attribution;

/* For what counts for the days from to until, by what was recorded until as_of_ms; sessions that
 * were not held, or not yet, do not count. sessions must stay as they are as long as this is used,
 * but may grow. -E2BIG: too many lines. */
int attribution_create(const struct sessions *sessions, int32_t from, int32_t until,
                       int64_t as_of_ms, struct attribution **ret) MUST_CHECK;
void attribution_destroy(struct attribution **self);

/* Unspecified is the last touch. */
Ansinh__V1__AttributionMethod attribution_method(Ansinh__V1__AttributionMethod method);

/* Number of the session; 0: none. Sessions of one day: the one that began last, for the first touch
 * the one that began first. */
uint32_t attribution_of(const struct attribution *self, uint64_t citizen, int32_t day,
                        Ansinh__V1__AttributionMethod method);

/* People on the lists of a session, each once. */
int64_t attribution_contacts(const struct attribution *self, uint32_t session);
/* People on the lists of the sessions for which is_wanted answers 1, each once. */
int64_t attribution_reach(const struct attribution *self,
                          int (*is_wanted)(void *arg, uint32_t session), void *arg);

#endif
