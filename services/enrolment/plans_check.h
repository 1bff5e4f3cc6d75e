/* What plans, scopes and their places must look like. Checks against the directory in memory. */
#ifndef ANSINH_ENROLMENT_PLANS_CHECK_H
#define ANSINH_ENROLMENT_PLANS_CHECK_H

#include "common/service/directory.h"

/* Each answers 0, or -EINVAL with err->field. */

/* The fields of a definition; the service's own are not looked at. */
int plan_define_check(const struct directory *directory, const Ansinh__V1__Plan *plan,
                      struct err *err) MUST_CHECK;
/* A scope of one of the kinds; field is its path in the request. */
int plan_scope_form(const Ansinh__V1__PlanScope *scope, const char *field,
                    struct err *err) MUST_CHECK;
/* A scope that is known; field is its path in the request. */
int plan_scope_check(const struct directory *directory, const char *plan_code,
                     const Ansinh__V1__PlanScope *scope, const char *field,
                     struct err *err) MUST_CHECK;
/* Whether a known scope may stand right below another one. */
int plan_scope_is_below(const struct directory *directory, const Ansinh__V1__PlanScope *parent,
                        const Ansinh__V1__PlanScope *child);
/* A code that stands for a person without a name. */
int plan_officer_check(const char *officer, struct err *err) MUST_CHECK;

#endif
