/* What facts add to one metric, ready for the inside of a walk. */
#ifndef ANSINH_ANALYTICS_COUNTED_H
#define ANSINH_ANALYTICS_COUNTED_H

#include "common/base/err.h"
#include "services/analytics/fact.h"

struct counted {
    int8_t by_kind[FACT_KINDS];
    int8_t pocket; /* place in pockets; -1: it counts */
};

/* -EINVAL: no such metric; names the field. */
int counted_of(Ansinh__V1__Metric metric, const char *field, struct counted *ret,
               struct err *err) MUST_CHECK;

static inline int64_t counted_measure(const struct counted *self, const struct fact *fact)
{
    return self->pocket >= 0 ? fact->pockets[self->pocket]
                             : self->by_kind[fact->kind < FACT_KINDS ? fact->kind : 0];
}

#endif
