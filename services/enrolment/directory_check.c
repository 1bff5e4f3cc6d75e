#include "services/enrolment/directory_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/domain/identity.h"

#define NAME_MAX_CHARS 150
#define PLAN_YEAR_MIN 2008
#define PLAN_YEAR_MAX 2199
#define PLAN_MAX 200000000
#define TIER_MAX 4

#define CLEANUP_MAP CLEANUP(map_destroy) struct map *

static int fail_row(struct err *err, const char *list, size_t i, const char *field,
                    const char *text)
{
    char path[ERR_FIELD_MAX_BYTES];
    (void)snprintf(path, sizeof(path), "%s[%zu].%s", list, i, field);
    return err_field(err, -EINVAL, path, "%s", text);
}

int directory_is_name(const char *text)
{
    size_t len = strlen(text);
    return strspn(text, " ") < len && parse_is_utf8(text, len) &&
           parse_utf8_length(text) <= NAME_MAX_CHARS;
}

int directory_is_code(const char *text)
{
    size_t len = strlen(text);
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    return len > 0 && len <= 32 && strspn(text, allowed) == len;
}

/* Remembers a code of this call; -EINVAL for one that came before. */
static int take_code(struct map *seen, const char *code, void *row)
{
    size_t len = strlen(code);
    if (map_get(seen, code, len) != NULL)
        return -EINVAL;
    (void)map_put(seen, code, len, row);
    return 0;
}

/* --- units --- */

static int unit_check_rest(const Ansinh__V1__Unit *unit, size_t i, struct err *err)
{
    int32_t from = 0, until = INT32_MAX;
    if (unit->difficulty_tier > TIER_MAX)
        return fail_row(err, "units", i, "difficulty_tier", "want 0 to 4");
    if (unit->office_email[0] != '\0' && email_check(unit->office_email, NULL) < 0)
        return fail_row(err, "units", i, "office_email", "want an address like a@b.vn");
    if (unit->valid_from[0] != '\0' && date_parse(unit->valid_from, &from) < 0)
        return fail_row(err, "units", i, "valid_from", "want YYYY-MM-DD");
    if (unit->valid_until[0] != '\0' && (date_parse(unit->valid_until, &until) < 0 || until < from))
        return fail_row(err, "units", i, "valid_until", "want YYYY-MM-DD, not before valid_from");
    return 0;
}

/* The form of a code goes with the level, so that no unit can change its level. */
static int unit_check_form(const Ansinh__V1__Unit *unit, size_t i, struct err *err)
{
    int is_country = unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COUNTRY;
    int is_province = unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_PROVINCE;
    int is_commune = unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COMMUNE;
    if (!is_country && !is_province && !is_commune)
        return fail_row(err, "units", i, "level", "want country, province or commune");
    if (is_country && strcmp(unit->code, "VN") != 0)
        return fail_row(err, "units", i, "code", "the country's code is VN");
    if (is_province && !parse_is_digits(unit->code, 2))
        return fail_row(err, "units", i, "code", "a province's code has 2 digits");
    if (is_commune && !parse_is_digits(unit->code, 5))
        return fail_row(err, "units", i, "code", "a commune's code has 5 digits");
    if (!directory_is_name(unit->name))
        return fail_row(err, "units", i, "name", "want 1 to 150 characters of UTF-8");
    if (unit->name_en[0] != '\0' && !directory_is_name(unit->name_en))
        return fail_row(err, "units", i, "name_en", "want at most 150 characters of UTF-8");
    if (unit->full_name[0] != '\0' && !directory_is_name(unit->full_name))
        return fail_row(err, "units", i, "full_name", "want at most 150 characters of UTF-8");
    return unit_check_rest(unit, i, err);
}

static int unit_check_parent(const struct directory *directory, struct map *seen,
                             const Ansinh__V1__Unit *unit, size_t i, struct err *err)
{
    const char *code = unit->parent_code;
    if (unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COUNTRY)
        return code[0] == '\0'
                   ? 0
                   : fail_row(err, "units", i, "parent_code", "a country has no parent");
    if (code[0] == '\0' || strlen(code) > 5)
        return fail_row(err, "units", i, "parent_code", "missing, or not a unit's code");
    const Ansinh__V1__Unit *sibling = map_get(seen, code, strlen(code));
    const struct directory_unit *known = directory_unit(directory, code);
    if (sibling == NULL && known == NULL)
        return fail_row(err, "units", i, "parent_code", "unknown unit");
    Ansinh__V1__UnitLevel level = sibling != NULL ? sibling->level : known->level;
    if (level + 1 != unit->level)
        return fail_row(err, "units", i, "parent_code", "the parent must be one level above");
    return 0;
}

int units_check(const struct directory *directory, const Ansinh__V1__ImportUnitsRequest *in,
                struct err *err)
{
    CLEANUP_MAP seen = map_create();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < in->n_units; i++) {
        rc = unit_check_form(in->units[i], i, err);
        if (rc == 0 && take_code(seen, in->units[i]->code, in->units[i]) < 0)
            rc = fail_row(err, "units", i, "code", "the same code twice in one call");
    }
    for (size_t i = 0; rc == 0 && i < in->n_units; i++)
        rc = unit_check_parent(directory, seen, in->units[i], i, err);
    return rc;
}

/* --- organisations, points, collectors --- */

static int points_check(const struct directory *directory,
                        const Ansinh__V1__ImportOrganisationsRequest *in, struct map *organisations,
                        struct map *points, struct err *err)
{
    for (size_t i = 0; i < in->n_points; i++) {
        Ansinh__V1__Point *point = in->points[i];
        if (!directory_is_code(point->code))
            return fail_row(err, "points", i, "code", "want 1 to 32 letters, digits, - _ .");
        if (!directory_is_name(point->name))
            return fail_row(err, "points", i, "name", "want 1 to 150 characters of UTF-8");
        if (!directory_is_code(point->organisation_code) ||
            (map_get(organisations, point->organisation_code, strlen(point->organisation_code)) ==
                 NULL &&
             directory_organisation(directory, point->organisation_code) == NULL))
            return fail_row(err, "points", i, "organisation_code", "unknown organisation");
        if (directory_unit(directory, point->unit_code) == NULL)
            return fail_row(err, "points", i, "unit_code", "unknown unit");
        if (take_code(points, point->code, point) < 0)
            return fail_row(err, "points", i, "code", "the same code twice in one call");
    }
    return 0;
}

int organisations_check(const struct directory *directory,
                        const Ansinh__V1__ImportOrganisationsRequest *in, struct err *err)
{
    CLEANUP_MAP organisations = map_create();
    CLEANUP_MAP points = map_create();
    CLEANUP_MAP collectors = map_create();
    for (size_t i = 0; i < in->n_organisations; i++) {
        if (!directory_is_code(in->organisations[i]->code))
            return fail_row(err, "organisations", i, "code", "want 1 to 32 letters, digits, - _ .");
        if (!directory_is_name(in->organisations[i]->name))
            return fail_row(err, "organisations", i, "name", "want 1 to 150 characters of UTF-8");
        if (take_code(organisations, in->organisations[i]->code, in->organisations[i]) < 0)
            return fail_row(err, "organisations", i, "code", "the same code twice in one call");
    }
    int rc = points_check(directory, in, organisations, points, err);
    for (size_t i = 0; rc == 0 && i < in->n_collectors; i++) {
        Ansinh__V1__Collector *collector = in->collectors[i];
        if (!directory_is_code(collector->code))
            return fail_row(err, "collectors", i, "code", "want 1 to 32 letters, digits, - _ .");
        if (!directory_is_code(collector->point_code) ||
            (map_get(points, collector->point_code, strlen(collector->point_code)) == NULL &&
             directory_point(directory, collector->point_code) == NULL))
            return fail_row(err, "collectors", i, "point_code", "unknown point");
        if (take_code(collectors, collector->code, collector) < 0)
            return fail_row(err, "collectors", i, "code", "the same code twice in one call");
    }
    return rc;
}

/* --- plan --- */

/* Target of a unit for a year, after this call; -1: none. */
static int64_t target_after(struct map *seen, const struct directory_unit *unit, uint32_t year)
{
    char key[24];
    int len = snprintf(key, sizeof(key), "%u:%s", year, unit->code);
    const Ansinh__V1__PlanTarget *row = map_get(seen, key, (size_t)len);
    if (row != NULL)
        return row->participants;
    for (size_t i = 0; i < unit->n_plans; i++) {
        if (unit->plans[i].year == year)
            return unit->plans[i].participants;
    }
    return -1;
}

/* Where a unit and all of its children have a target, the children add up to it. */
static int sum_check(struct map *seen, const struct directory_unit *unit, uint32_t year, size_t i,
                     struct err *err)
{
    int64_t own = unit == NULL ? -1 : target_after(seen, unit, year);
    if (own < 0 || unit->n_children == 0)
        return 0;
    int64_t sum = 0;
    for (size_t child = 0; child < unit->n_children; child++) {
        int64_t target = target_after(seen, unit->children[child], year);
        if (target < 0)
            return 0;
        sum += target;
    }
    if (sum == own)
        return 0;
    char text[ERR_TEXT_MAX_BYTES];
    (void)snprintf(text, sizeof(text), "the targets below %s add up to %lld, its own is %lld",
                   unit->code, (long long)sum, (long long)own);
    return fail_row(err, "targets", i, "participants", text);
}

int plan_check(const struct directory *directory, const Ansinh__V1__ImportPlanRequest *in,
               struct err *err)
{
    CLEANUP_MAP seen = map_create();
    for (size_t i = 0; i < in->n_targets; i++) {
        Ansinh__V1__PlanTarget *target = in->targets[i];
        char key[24];
        if (directory_unit(directory, target->unit_code) == NULL)
            return fail_row(err, "targets", i, "unit_code", "unknown unit");
        if (target->year < PLAN_YEAR_MIN || target->year > PLAN_YEAR_MAX)
            return fail_row(err, "targets", i, "year", "want a year from 2008 to 2199");
        if (target->participants < 0 || target->participants > PLAN_MAX)
            return fail_row(err, "targets", i, "participants", "want 0 to 200,000,000");
        (void)snprintf(key, sizeof(key), "%u:%s", target->year, target->unit_code);
        if (take_code(seen, key, target) < 0)
            return fail_row(err, "targets", i, "unit_code",
                            "the same unit and year twice in one call");
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < in->n_targets; i++) {
        const struct directory_unit *unit = directory_unit(directory, in->targets[i]->unit_code);
        rc = sum_check(seen, unit, in->targets[i]->year, i, err);
        if (rc == 0)
            rc = sum_check(seen, unit->parent, in->targets[i]->year, i, err);
    }
    return rc;
}
