/* Where a declaration puts somebody, and who brought it. */
#ifndef ANSINH_ENROLMENT_PLACE_H
#define ANSINH_ENROLMENT_PLACE_H

#include "common/base/err.h"
#include "common/service/directory.h"

struct place {
    const char *unit_code, *collector_code; /* of a request; "": none is named */
    const char *on;                         /* business date of the declaration; "": today */
    int may_stay;                           /* no unit need be named */
};

/* *ret_commune: the unit named, or NULL. -EAGAIN: something is not known here, or has ended, and
 * the directory was not asked anew (is_refreshed); nothing can be said yet. -EINVAL with err->field
 * "unit_code" or "collector_code": a code is unknown, or no commune's, or the commune had ended on
 * that day (then err->text names what came after it). A day that is none is left to others. */
int place_check(const struct directory *directory, const struct place *place, int is_refreshed,
                const struct directory_unit **ret_commune, struct err *err) MUST_CHECK;

#endif
