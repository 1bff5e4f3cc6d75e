#include "services/enrolment/territory_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/directory_rows.h"
#include "services/enrolment/directory_check.h"

#define SHARE_WHOLE 1000000
#define SUCCESSORS_MAX 50000
#define DENOMINATOR_DAYS_MAX 32 /* of one unit and kind */
#define DENOMINATORS_MAX 500000
#define VALUE_MAX 200000000
#define SI_UNITS_MAX 2000
#define COMMUNES_MAX 400 /* of one office */

#define CLEANUP_MAP CLEANUP(map_destroy) struct map *

static int fail_row(struct err *err, const char *list, size_t i, const char *field,
                    const char *text)
{
    char path[ERR_FIELD_MAX_BYTES];
    (void)snprintf(path, sizeof(path), "%s[%zu].%s", list, i, field);
    return err_field(err, -EINVAL, path, "%s", text);
}

static int is_day(const char *text)
{
    int32_t day;
    return date_parse(text, &day) == 0;
}

static int take_row(struct map *seen, char kind, const ProtobufCMessage *row)
{
    char code[DIRECTORY_CODE_MAX_BYTES];
    if (directory_rows_code(kind, row, code) < 0)
        return -EINVAL;
    return map_put(seen, code, strlen(code), (void *)(uintptr_t)row) == NULL ? 0 : -EEXIST;
}

/* The rows of a kind as they are after the call: those of the call, and of the others what is
 * there. next is for the caller's chains. */
struct after {
    const ProtobufCMessage *row;
    struct after *next;
};

static struct after *rows_after(const struct directory *directory, char kind, struct map *seen,
                                size_t *ret_n)
{
    const ProtobufCMessage *row;
    size_t n = map_count(seen), cursor = 0;
    while (directory_next_row(directory, kind, &cursor) != NULL)
        n++;
    struct after *list = calloc(n + 1, sizeof(*list));
    ASSERT(list != NULL);
    *ret_n = cursor = 0;
    while ((row = map_next(seen, &cursor)) != NULL)
        list[(*ret_n)++].row = row;
    cursor = 0;
    while ((row = directory_next_row(directory, kind, &cursor)) != NULL) {
        char code[DIRECTORY_CODE_MAX_BYTES];
        if (directory_rows_code(kind, row, code) == 0 && map_get(seen, code, strlen(code)) == NULL)
            list[(*ret_n)++].row = row;
    }
    return list;
}

/* --- successors ------------------------------------------------------------------------------- */

static int successor_check(const struct directory *directory, const Ansinh__V1__Successor *row,
                           size_t i, struct err *err)
{
    const struct directory_unit *old = directory_unit(directory, row->old_code);
    const struct directory_unit *heir = directory_unit(directory, row->new_code);
    if (old == NULL)
        return fail_row(err, "successors", i, "old_code", "unknown unit");
    if (old->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COUNTRY)
        return fail_row(err, "successors", i, "old_code", "a country has no successor");
    if (heir == NULL)
        return fail_row(err, "successors", i, "new_code", "unknown unit");
    if (heir->level != old->level)
        return fail_row(err, "successors", i, "new_code", "want a unit of the same level");
    if (heir == old)
        return fail_row(err, "successors", i, "new_code", "a unit does not follow itself");
    if (row->share_per_million > SHARE_WHOLE)
        return fail_row(err, "successors", i, "share_per_million", "want 0 to 1,000,000");
    if (!is_day(row->on))
        return fail_row(err, "successors", i, "on", "want YYYY-MM-DD");
    return 0;
}

/* Chains of the rows by their old unit; those with share 0 count no more. */
static void chain_by_old(struct after *list, size_t n, struct map *heirs)
{
    for (size_t i = 0; i < n; i++) {
        const Ansinh__V1__Successor *row = (const Ansinh__V1__Successor *)list[i].row;
        if (row->share_per_million > 0)
            list[i].next = map_put(heirs, row->old_code, strlen(row->old_code), &list[i]);
    }
}

static int check_shares(const struct map *heirs, const Ansinh__V1__Successor *row, size_t i,
                        struct err *err)
{
    const struct after *first = map_get(heirs, row->old_code, strlen(row->old_code));
    uint64_t sum = 0;
    for (const struct after *at = first; at != NULL; at = at->next) {
        const Ansinh__V1__Successor *other = (const Ansinh__V1__Successor *)at->row;
        if (strcmp(other->on, ((const Ansinh__V1__Successor *)first->row)->on) != 0)
            return fail_row(err, "successors", i, "on", "a unit ends on one day");
        sum += other->share_per_million;
    }
    if (sum == 0 || sum == SHARE_WHOLE)
        return 0;
    char text[ERR_TEXT_MAX_BYTES];
    (void)snprintf(text, sizeof(text), "the shares of %s add up to %llu, want 1,000,000",
                   row->old_code, (unsigned long long)sum);
    return fail_row(err, "successors", i, "share_per_million", text);
}

/* Whether a unit comes after itself, or too many after one another, from code on. */
static int is_ring(const struct map *heirs, const char *code, const char *start, int depth)
{
    if (depth > DIRECTORY_SUCCESSIONS_MAX || strcmp(code, start) == 0)
        return 1;
    for (const struct after *at = map_get(heirs, code, strlen(code)); at != NULL; at = at->next) {
        if (is_ring(heirs, ((const Ansinh__V1__Successor *)at->row)->new_code, start, depth + 1))
            return 1;
    }
    return 0;
}

int successors_check(const struct directory *directory,
                     const Ansinh__V1__ImportSuccessorsRequest *in, struct err *err)
{
    CLEANUP_MAP seen = map_create();
    CLEANUP_MAP heirs = map_create();
    for (size_t i = 0; i < in->n_successors; i++) {
        if (successor_check(directory, in->successors[i], i, err) < 0)
            return -EINVAL;
        if (take_row(seen, 'g', &in->successors[i]->base) < 0)
            return fail_row(err, "successors", i, "new_code", "the same pair twice in one call");
    }
    size_t n;
    struct after *list = rows_after(directory, 'g', seen, &n);
    int rc = n <= SUCCESSORS_MAX
                 ? 0
                 : fail_row(err, "successors", 0, "old_code", "there is no place for more rows");
    if (rc == 0)
        chain_by_old(list, n, heirs);
    for (size_t i = 0; rc == 0 && i < in->n_successors; i++) {
        const Ansinh__V1__Successor *row = in->successors[i];
        rc = check_shares(heirs, row, i, err);
        if (rc == 0 && row->share_per_million > 0 &&
            is_ring(heirs, row->new_code, row->old_code, 1))
            rc = fail_row(err, "successors", i, "new_code",
                          "it comes after itself, or more than 16 after one another");
    }
    free(list);
    return rc;
}

/* --- denominators ----------------------------------------------------------------------------- */

static int denominator_check(const struct directory *directory, const Ansinh__V1__Denominator *row,
                             size_t i, struct err *err)
{
    if (directory_unit(directory, row->unit_code) == NULL)
        return fail_row(err, "denominators", i, "unit_code", "unknown unit");
    if (row->kind < ANSINH__V1__DENOMINATOR_KIND__DENOMINATOR_KIND_POPULATION ||
        row->kind > ANSINH__V1__DENOMINATOR_KIND__DENOMINATOR_KIND_PROSPECTS)
        return fail_row(err, "denominators", i, "kind",
                        "want population, working_age, households or prospects");
    if (!is_day(row->on))
        return fail_row(err, "denominators", i, "on", "want YYYY-MM-DD");
    if (row->value < 0 || row->value > VALUE_MAX)
        return fail_row(err, "denominators", i, "value", "want 0 to 200,000,000");
    if (row->source[0] != '\0' && !directory_is_name(row->source))
        return fail_row(err, "denominators", i, "source", "want at most 150 characters of UTF-8");
    return 0;
}

/* How many days of its unit and kind there are after the call. */
static size_t count_days(const struct map *days, const Ansinh__V1__Denominator *row)
{
    char key[MAP_KEY_MAX_BYTES];
    int len = snprintf(key, sizeof(key), "%s:%d", row->unit_code, (int)row->kind);
    size_t n = 0;
    for (const struct after *at = map_get(days, key, (size_t)len); at != NULL; at = at->next)
        n++;
    return n;
}

static void chain_by_unit(struct after *list, size_t n, struct map *days)
{
    for (size_t i = 0; i < n; i++) {
        const Ansinh__V1__Denominator *row = (const Ansinh__V1__Denominator *)list[i].row;
        char key[MAP_KEY_MAX_BYTES];
        int len = snprintf(key, sizeof(key), "%s:%d", row->unit_code, (int)row->kind);
        if (len < (int)sizeof(key))
            list[i].next = map_put(days, key, (size_t)len, &list[i]);
    }
}

int denominators_check(const struct directory *directory,
                       const Ansinh__V1__ImportDenominatorsRequest *in, struct err *err)
{
    CLEANUP_MAP seen = map_create();
    CLEANUP_MAP days = map_create();
    for (size_t i = 0; i < in->n_denominators; i++) {
        if (denominator_check(directory, in->denominators[i], i, err) < 0)
            return -EINVAL;
        if (take_row(seen, 'd', &in->denominators[i]->base) < 0)
            return fail_row(err, "denominators", i, "on",
                            "the same unit, kind and day twice in one call");
    }
    size_t n;
    struct after *list = rows_after(directory, 'd', seen, &n);
    int rc = n <= DENOMINATORS_MAX
                 ? 0
                 : fail_row(err, "denominators", 0, "unit_code", "there is no place for more rows");
    if (rc == 0)
        chain_by_unit(list, n, days);
    for (size_t i = 0; rc == 0 && i < in->n_denominators; i++) {
        if (count_days(days, in->denominators[i]) > DENOMINATOR_DAYS_MAX)
            rc = fail_row(err, "denominators", i, "on", "a unit has at most 32 days of a kind");
    }
    free(list);
    return rc;
}

/* --- offices ---------------------------------------------------------------------------------- */

static int si_unit_check(const struct directory *directory, const Ansinh__V1__SiUnit *row, size_t i,
                         struct err *err)
{
    if (!directory_is_code(row->code))
        return fail_row(err, "si_units", i, "code", "want 1 to 32 letters, digits, - _ .");
    if (!directory_is_name(row->name))
        return fail_row(err, "si_units", i, "name", "want 1 to 150 characters of UTF-8");
    if (row->valid_from[0] != '\0' && !is_day(row->valid_from))
        return fail_row(err, "si_units", i, "valid_from", "want YYYY-MM-DD");
    if (row->n_commune_codes == 0 || row->n_commune_codes > COMMUNES_MAX)
        return fail_row(err, "si_units", i, "commune_codes", "want 1 to 400 communes");
    for (size_t k = 0; k < row->n_commune_codes; k++) {
        const struct directory_unit *unit = directory_unit(directory, row->commune_codes[k]);
        if (unit == NULL || unit->level != ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COMMUNE)
            return fail_row(err, "si_units", i, "commune_codes", "unknown commune");
    }
    return 0;
}

/* The office that has a commune of row already, or row itself when it names one twice; NULL. */
static const Ansinh__V1__SiUnit *find_owner(struct map *owners, const Ansinh__V1__SiUnit *row,
                                            const char **ret_commune)
{
    for (size_t k = 0; k < row->n_commune_codes; k++) {
        const char *code = row->commune_codes[k];
        const Ansinh__V1__SiUnit *owner =
            map_put(owners, code, strlen(code), (void *)(uintptr_t)row);
        *ret_commune = code;
        if (owner != NULL)
            return owner;
    }
    return NULL;
}

static size_t place_of(const Ansinh__V1__ImportSiUnitsRequest *in, const Ansinh__V1__SiUnit *row)
{
    size_t i = 0;
    while (i < in->n_si_units && in->si_units[i] != row)
        i++;
    return i;
}

/* No commune has two offices after the call. */
static int check_owners(const Ansinh__V1__ImportSiUnitsRequest *in, const struct after *list,
                        size_t n, struct err *err)
{
    CLEANUP_MAP owners = map_create();
    for (size_t k = 0; k < n; k++) {
        const Ansinh__V1__SiUnit *row = (const Ansinh__V1__SiUnit *)list[k].row;
        const char *commune;
        const Ansinh__V1__SiUnit *owner = find_owner(owners, row, &commune);
        char text[ERR_TEXT_MAX_BYTES];
        if (owner == NULL)
            continue;
        size_t i = place_of(in, row);
        int is_of_call = i < in->n_si_units;
        (void)snprintf(text, sizeof(text), "commune %s has the office %s", commune,
                       is_of_call ? owner->code : row->code);
        return fail_row(err, "si_units", is_of_call ? i : place_of(in, owner), "commune_codes",
                        text);
    }
    return 0;
}

int si_units_check(const struct directory *directory, const Ansinh__V1__ImportSiUnitsRequest *in,
                   struct err *err)
{
    CLEANUP_MAP seen = map_create();
    for (size_t i = 0; i < in->n_si_units; i++) {
        if (si_unit_check(directory, in->si_units[i], i, err) < 0)
            return -EINVAL;
        if (take_row(seen, 's', &in->si_units[i]->base) < 0)
            return fail_row(err, "si_units", i, "code", "the same code twice in one call");
    }
    size_t n;
    struct after *list = rows_after(directory, 's', seen, &n);
    int rc = n <= SI_UNITS_MAX
                 ? check_owners(in, list, n, err)
                 : fail_row(err, "si_units", 0, "code", "there is no place for more offices");
    free(list);
    return rc;
}
