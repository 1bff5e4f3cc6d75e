#include "services/enrolment/plans_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "services/enrolment/directory_check.h"
#include "services/enrolment/plans_rules.h"

#define CODE_MAX_CHARS 16
#define CODES_MAX_CHARS 30 /* a plan's and a scope's together: they are one key */
#define CAMPAIGN_DAYS_MAX 400

#define UNIT ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_UNIT
#define ORGANISATION ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_ORGANISATION
#define POINT ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_POINT
#define COLLECTOR ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_COLLECTOR
#define OFFICIAL ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_OFFICIAL

/* --- scopes ----------------------------------------------------------------------------------- */

/* "VNPOST@15": the organisation, and the unit's code behind it, "" without one. */
static const Ansinh__V1__Organisation *organisation_of(const struct directory *directory,
                                                       const char *code, const char **ret_unit)
{
    char name[40];
    size_t len = strcspn(code, "@");
    *ret_unit = code[len] == '@' ? code + len + 1 : "";
    if (len >= sizeof(name))
        return NULL;
    (void)snprintf(name, sizeof(name), "%.*s", (int)len, code);
    return directory_organisation(directory, name);
}

static int is_known(const struct directory *directory, const Ansinh__V1__PlanScope *scope)
{
    const char *unit;
    if (scope->kind == UNIT)
        return directory_unit(directory, scope->code) != NULL;
    if (scope->kind == ORGANISATION)
        return organisation_of(directory, scope->code, &unit) != NULL &&
               (strchr(scope->code, '@') == NULL || directory_unit(directory, unit) != NULL);
    if (scope->kind == POINT)
        return directory_point(directory, scope->code) != NULL;
    if (scope->kind == COLLECTOR)
        return directory_collector(directory, scope->code) != NULL;
    return directory_is_code(scope->code);
}

int plan_scope_form(const Ansinh__V1__PlanScope *scope, const char *field, struct err *err)
{
    char path[ERR_FIELD_MAX_BYTES];
    if (scope == NULL)
        return err_field(err, -EINVAL, field, "missing");
    (void)snprintf(path, sizeof(path), "%s.kind", field);
    return scope->kind >= UNIT && scope->kind <= OFFICIAL
               ? 0
               : err_field(err, -EINVAL, path,
                           "want a unit, organisation, point, collector or official");
}

int plan_scope_check(const struct directory *directory, const char *plan_code,
                     const Ansinh__V1__PlanScope *scope, const char *field, struct err *err)
{
    char path[ERR_FIELD_MAX_BYTES];
    if (plan_scope_form(scope, field, err) < 0)
        return -EINVAL;
    (void)snprintf(path, sizeof(path), "%s.code", field);
    if (strlen(plan_code) + strlen(scope->code) > CODES_MAX_CHARS)
        return err_field(err, -EINVAL, path,
                         "the plan's code and this one have more than %d characters",
                         CODES_MAX_CHARS);
    return is_known(directory, scope) ? 0 : err_field(err, -EINVAL, path, "unknown code");
}

static int is_point_in(const struct directory *directory, const Ansinh__V1__Point *point,
                       const char *unit_code)
{
    const struct directory_unit *unit = directory_unit(directory, point->unit_code);
    while (unit != NULL && strcmp(unit->code, unit_code) != 0)
        unit = directory_above(unit);
    return unit != NULL;
}

static int is_below_unit(const struct directory *directory, const char *unit_code,
                         const Ansinh__V1__PlanScope *child)
{
    const char *unit;
    if (child->kind == UNIT) {
        const struct directory_unit *below = directory_unit(directory, child->code);
        return below->successor == NULL && below->parent != NULL &&
               strcmp(below->parent->code, unit_code) == 0;
    }
    if (child->kind == ORGANISATION)
        return organisation_of(directory, child->code, &unit) != NULL &&
               strcmp(unit, unit_code) == 0;
    if (child->kind == POINT)
        return is_point_in(directory, directory_point(directory, child->code), unit_code);
    return child->kind == OFFICIAL;
}

int plan_scope_is_below(const struct directory *directory, const Ansinh__V1__PlanScope *parent,
                        const Ansinh__V1__PlanScope *child)
{
    const char *unit;
    if (parent->kind == UNIT)
        return is_below_unit(directory, parent->code, child);
    if (parent->kind == POINT)
        return child->kind == COLLECTOR &&
               strcmp(directory_collector(directory, child->code)->point_code, parent->code) == 0;
    if (parent->kind != ORGANISATION)
        return 0;
    const Ansinh__V1__Organisation *organisation = organisation_of(directory, parent->code, &unit);
    if (child->kind != POINT || organisation == NULL)
        return child->kind == OFFICIAL;
    const Ansinh__V1__Point *point = directory_point(directory, child->code);
    return strcmp(point->organisation_code, organisation->code) == 0 &&
           (unit[0] == '\0' || is_point_in(directory, point, unit));
}

int plan_officer_check(const char *officer, struct err *err)
{
    return directory_is_code(officer)
               ? 0
               : err_field(err, -EINVAL, "officer", "want 1 to 32 letters, digits, - _ .");
}

/* --- definitions ------------------------------------------------------------------------------ */

static int check_names(const Ansinh__V1__Plan *plan, struct err *err)
{
    if (!directory_is_code(plan->code) || strlen(plan->code) > CODE_MAX_CHARS)
        return err_field(err, -EINVAL, "plan.code", "want 1 to 16 letters, digits, - _ .");
    if (parse_is_digits(plan->code, 4))
        return err_field(err, -EINVAL, "plan.code",
                         "four digits are the plan of a year, which Directory/ImportPlan sets");
    if (!directory_is_name(plan->name))
        return err_field(err, -EINVAL, "plan.name", "want 1 to 150 characters of UTF-8");
    if (plan->product != ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI &&
        plan->product != ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD)
        return err_field(err, -EINVAL, "plan.product", "missing or unknown");
    if (plan->counts != ANSINH__V1__METRIC__METRIC_DECLARED &&
        plan->counts != ANSINH__V1__METRIC__METRIC_PAID &&
        plan->counts != ANSINH__V1__METRIC__METRIC_ACCEPTED)
        return err_field(err, -EINVAL, "plan.counts", "want what is declared, paid or accepted");
    if (plan->measure != ANSINH__V1__PLAN_MEASURE__PLAN_MEASURE_STOCK &&
        plan->measure != ANSINH__V1__PLAN_MEASURE__PLAN_MEASURE_NEW)
        return err_field(err, -EINVAL, "plan.measure", "want stock or new");
    return 0;
}

/* Months of a period that is made of whole ones; 0: a campaign. */
static int months_of(Ansinh__V1__PlanPeriod period)
{
    return period == ANSINH__V1__PLAN_PERIOD__PLAN_PERIOD_YEAR      ? 12
           : period == ANSINH__V1__PLAN_PERIOD__PLAN_PERIOD_QUARTER ? 3
           : period == ANSINH__V1__PLAN_PERIOD__PLAN_PERIOD_MONTH   ? 1
                                                                    : 0;
}

static int check_period(const Ansinh__V1__Plan *plan, struct err *err)
{
    int32_t from, until;
    if (plan->period < ANSINH__V1__PLAN_PERIOD__PLAN_PERIOD_YEAR ||
        plan->period > ANSINH__V1__PLAN_PERIOD__PLAN_PERIOD_CAMPAIGN)
        return err_field(err, -EINVAL, "plan.period", "want year, quarter, month or campaign");
    if (date_parse(plan->from, &from) < 0)
        return err_field(err, -EINVAL, "plan.from", "want YYYY-MM-DD");
    if (date_parse(plan->until, &until) < 0 || until < from)
        return err_field(err, -EINVAL, "plan.until", "want YYYY-MM-DD, not before from");
    int months = months_of(plan->period);
    if (months == 0)
        return until - from < CAMPAIGN_DAYS_MAX
                   ? 0
                   : err_field(err, -EINVAL, "plan.until", "a campaign has at most 400 days");
    int32_t first = month_of_day(from); /* year * 12 + month - 1 */
    if (first % months != 0 || from != month_first_day(first))
        return err_field(err, -EINVAL, "plan.from", "want the first day of the period");
    if (until != month_last_day(first + months - 1))
        return err_field(err, -EINVAL, "plan.until", "want the last day of the period");
    return 0;
}

int plan_define_check(const struct directory *directory, const Ansinh__V1__Plan *plan,
                      struct err *err)
{
    if (plan == NULL)
        return err_field(err, -EINVAL, "plan", "missing");
    int rc = check_names(plan, err);
    if (rc == 0)
        rc = check_period(plan, err);
    if (rc == 0)
        rc = plan_scope_check(directory, plan->code, plan->root, "plan.root", err);
    if (rc == 0 && (plan->target < 0 || plan->target > PLAN_TARGET_MAX))
        rc = err_field(err, -EINVAL, "plan.target", "want 0 to 200,000,000");
    return rc;
}
