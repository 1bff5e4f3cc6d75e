/* What successors, denominators and offices must look like. Checks against the directory in memory
 * and the other rows of the same call. */
#ifndef ANSINH_ENROLMENT_TERRITORY_CHECK_H
#define ANSINH_ENROLMENT_TERRITORY_CHECK_H

#include "common/service/directory.h"

/* Each answers 0, or -EINVAL with err->field like "successors[3].old_code". */
int successors_check(const struct directory *directory,
                     const Ansinh__V1__ImportSuccessorsRequest *in, struct err *err) MUST_CHECK;
int denominators_check(const struct directory *directory,
                       const Ansinh__V1__ImportDenominatorsRequest *in, struct err *err) MUST_CHECK;
int si_units_check(const struct directory *directory, const Ansinh__V1__ImportSiUnitsRequest *in,
                   struct err *err) MUST_CHECK;

#endif
