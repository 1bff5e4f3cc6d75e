/* A slice of the facts: a unit's communes, some sources, a product, a support group. */
#ifndef ANSINH_ANALYTICS_SLICE_H
#define ANSINH_ANALYTICS_SLICE_H

#include "ansinh/v1/analytics.pb-c.h"
#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/service/directory.h"
#include "services/analytics/facts.h"

#define SLICE_COMMUNES 100000 /* five digits */
#define SLICE_OFFICE "SI:"    /* before the code of an office of social insurance */
#define SLICE_NOBODY "-"      /* in the place of a code: nobody was named */

struct slice {
    const char *code, *name;           /* of the unit or office */
    const struct directory_unit *unit; /* NULL: an office of social insurance */
    /* Of an office: a unit of no level, with its communes as children and the sum of their targets
     * in the years in which all of them have one; its code is that of the slice. Else NULL. */
    const struct directory_unit *office;
    int is_whole;            /* nothing but a unit was said: what a unit's plan is for */
    const uint8_t *communes; /* a bit for each number; NULL: the country, all of them */
    const uint8_t *sources;  /* a byte for each number up to n_sources; NULL: all of them */
    uint32_t n_sources;
    unsigned products;           /* a bit for each ansinh.v1.Product */
    unsigned group;              /* ansinh.v1.SupportGroup; 0: all */
    int32_t first_day, last_day; /* of a campaign; otherwise every day that a fact can have */
};

/* in may be NULL: the country. Sources of facts that come later are in no slice. -EINVAL: no such
 * value; -ENOENT: a code that the directory does not know, not until it is refreshed; both name the
 * field. -ENOMEM: the arena's limit. */
int slice_resolve(const Ansinh__V1__Slice *in, const struct directory *directory,
                  const struct facts *facts, struct arena *arena, struct slice *ret,
                  struct err *err) MUST_CHECK;

/* Whether a unit's code is that of an office. */
int slice_is_office(const char *unit_code);

/* Who a source is, the gaps filled from the directory: the point of a collector, the organisation
 * of a point. "" where nobody is known. Borrowed from both. */
struct slice_source {
    const char *organisation, *point, *collector;
};
struct slice_source slice_source_of(const struct directory *directory,
                                    const struct fact_source *source);

/* ansinh.v1.Product of a fact; events of versions without products are of the first one. */
static inline unsigned slice_product(const struct fact *fact)
{
    unsigned product = fact_product(fact);
    return product == ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED
               ? ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI
               : product;
}

/* The unit or office. */
static inline const struct directory_unit *slice_above(const struct slice *self)
{
    return self->unit != NULL ? self->unit : self->office;
}

/* But for the days, which slice_has_day looks at. */
static inline int slice_has(const struct slice *self, const struct fact *fact)
{
    if (self->communes != NULL &&
        (fact->commune >= SLICE_COMMUNES ||
         (self->communes[fact->commune / 8] >> fact->commune % 8 & 1) == 0))
        return 0;
    if (self->sources != NULL &&
        (fact->source > self->n_sources || self->sources[fact->source] == 0))
        return 0;
    return (self->products >> slice_product(fact) & 1) != 0 &&
           (self->group == 0 || self->group == fact_group(fact));
}

static inline int slice_has_day(const struct slice *self, const struct fact *fact)
{
    return fact->day >= self->first_day && fact->day <= self->last_day;
}

#endif
