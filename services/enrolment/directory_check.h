/* What reference rows must look like. Checks against the directory in memory and the other rows of
 * the same call. */
#ifndef ANSINH_ENROLMENT_DIRECTORY_CHECK_H
#define ANSINH_ENROLMENT_DIRECTORY_CHECK_H

#include "common/service/directory.h"

/* 1 to 32 letters, digits, '-', '_' and '.'. */
int directory_is_code(const char *text);
/* 1 to 150 characters of UTF-8. */
int directory_is_name(const char *text);

/* Each answers 0, or -EINVAL with err->field like "units[3].parent_code". */
int units_check(const struct directory *directory, const Ansinh__V1__ImportUnitsRequest *in,
                struct err *err) MUST_CHECK;
int organisations_check(const struct directory *directory,
                        const Ansinh__V1__ImportOrganisationsRequest *in,
                        struct err *err) MUST_CHECK;
int plan_check(const struct directory *directory, const Ansinh__V1__ImportPlanRequest *in,
               struct err *err) MUST_CHECK;

#endif
