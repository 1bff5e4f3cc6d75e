/* From events of the journal to facts. No I/O. */
#ifndef ANSINH_ANALYTICS_FOLD_H
#define ANSINH_ANALYTICS_FOLD_H

#include "common/domain/policy.h"
#include "common/service/projector.h"
#include "services/analytics/facts.h"
#include "services/analytics/people.h"

/* A lapse before it, the event itself, what it turns. */
#define FOLD_FACTS_MAX 3

struct folded {
    struct fact fact;
    uint64_t terms;
};

/* What an event counts as, in this order; what it says of the citizen is taken into people, its
 * source into the dictionary of facts. Answers how many. -ERANGE: a number is beyond what a fact
 * holds; -EPROTO: a citizen or a payment is missing; nothing is counted then. */
int fold_event(struct facts *facts, struct people *people, const struct policy *policy,
               const struct projector_event *in, struct folded ret[FOLD_FACTS_MAX]) MUST_CHECK;

/* The lapse of a person by a moment, taken in; 0: there is none. */
int fold_lapse(struct person *person, int64_t at_ms, struct folded *ret);

#endif
