/* ansinh plan cascade --unit: a unit's target spread over everything below it, without a platform,
 * as a file for `ansinh import plan`. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/apportion.h"
#include "services/cli/cli.h"
#include "services/cli/plan.h"

#define USAGE                                                                                      \
    "usage: ansinh plan cascade --unit CODE --year YEAR --total N --units FILE --weights FILE "    \
    ">PLAN"
#define UNITS_MAX 20000
#define CODE_BYTES 8
#define YEAR_MIN 2008
#define YEAR_MAX 2199

struct unit {
    char code[CODE_BYTES], parent_code[CODE_BYTES];
    struct unit *parent;
    struct unit *first_child, *next_sibling; /* in the file's order */
    int64_t weight;                          /* its own, then that of all below it */
    int64_t target;
};

struct cascade {
    struct unit units[UNITS_MAX];
    size_t n_units;
    struct map *by_code;
    const char *unit, *units_file, *weights_file;
    int64_t year, total;
};

/* --- files ------------------------------------------------------------------------------------ */

static int take_unit(void *arg, unsigned long line, const char *const *values)
{
    struct cascade *self = arg;
    const char *code = values[0], *parent = values[1], *path = self->units_file;
    struct unit *unit = &self->units[self->n_units];
    if (self->n_units == UNITS_MAX)
        return cli_fail(1, "%s: more than %d units", path, UNITS_MAX);
    if (code[0] == '\0' || strlen(code) >= CODE_BYTES || strlen(parent) >= CODE_BYTES)
        return cli_fail(1, "%s:%lu: no unit's code", path, line);
    if (map_put(self->by_code, code, strlen(code), unit) != NULL)
        return cli_fail(1, "%s:%lu: unit %s is there twice", path, line, code);
    (void)snprintf(unit->code, sizeof(unit->code), "%s", code);
    (void)snprintf(unit->parent_code, sizeof(unit->parent_code), "%s", parent);
    self->n_units++;
    return 0;
}

static struct unit *find(const struct cascade *self, const char *code)
{
    return code[0] == '\0' ? NULL : map_get(self->by_code, code, strlen(code));
}

static int take_weight(void *arg, unsigned long line, const char *const *values)
{
    struct cascade *self = arg;
    struct unit *unit = find(self, values[0]);
    const char *path = self->weights_file;
    if (unit == NULL)
        return cli_fail(1, "%s:%lu: unknown unit %s", path, line, values[0]);
    if (unit->first_child != NULL)
        return cli_fail(1, "%s:%lu: unit %s has units below it, which carry the weights", path,
                        line, unit->code);
    if (parse_int64(values[1], 0, APPORTION_MAX, &unit->weight) < 0)
        return cli_fail(1, "%s:%lu: weight: want a whole number, not negative", path, line);
    return 0;
}

/* --- the tree --------------------------------------------------------------------------------- */

/* A parent stands before its units in the file, so there is no ring. */
static int link_units(struct cascade *self)
{
    for (size_t i = self->n_units; i-- > 0;) {
        struct unit *unit = &self->units[i];
        unit->parent = find(self, unit->parent_code);
        if (unit->parent == NULL)
            continue;
        if (unit->parent >= unit)
            return cli_fail(1, "%s: unit %s stands before its parent %s", self->units_file,
                            unit->code, unit->parent_code);
        unit->next_sibling = unit->parent->first_child;
        unit->parent->first_child = unit;
    }
    return 0;
}

static int add_up(struct cascade *self)
{
    for (size_t i = self->n_units; i-- > 0;) {
        const struct unit *unit = &self->units[i];
        if (unit->parent == NULL)
            continue;
        if (unit->weight > APPORTION_MAX - unit->parent->weight)
            return cli_fail(1, "%s: the weights add up to more than 2^53", self->weights_file);
        unit->parent->weight += unit->weight;
    }
    return 0;
}

static int divide(const struct unit *unit)
{
    static int64_t weights[UNITS_MAX], targets[UNITS_MAX];
    size_t n = 0;
    for (const struct unit *child = unit->first_child; child != NULL; child = child->next_sibling)
        weights[n++] = child->weight;
    if (n > 0 && apportion(unit->target, weights, n, targets) < 0)
        return cli_fail(1, "no unit below %s has a weight", unit->code);
    n = 0;
    for (struct unit *child = unit->first_child; child != NULL; child = child->next_sibling)
        child->target = targets[n++];
    return 0;
}

static int is_below(const struct unit *unit, const struct unit *top)
{
    while (unit != NULL && unit != top)
        unit = unit->parent;
    return unit != NULL;
}

static int cascade(struct cascade *self)
{
    struct unit *top = find(self, self->unit);
    if (top == NULL)
        return cli_fail(1, "--unit %s: no such unit in %s", self->unit, self->units_file);
    if (add_up(self) != 0)
        return 1;
    top->target = self->total;
    (void)printf("year,unit_code,participants\n");
    for (const struct unit *unit = top; unit < self->units + self->n_units; unit++) {
        if (!is_below(unit, top))
            continue;
        if (divide(unit) != 0)
            return 1;
        (void)printf("%" PRId64 ",%s,%" PRId64 "\n", self->year, unit->code, unit->target);
    }
    return fflush(stdout) == 0 ? 0 : cli_fail(1, "the output cannot be written");
}

/* --- the command ------------------------------------------------------------------------------ */

static int read_options(struct cascade *self, int argc, char **argv)
{
    const char *year = "", *total = "";
    if (argc != 11)
        return cli_fail(2, USAGE);
    for (int i = 1; i + 1 < argc; i += 2) {
        const char **value = strcmp(argv[i], "--unit") == 0      ? &self->unit
                             : strcmp(argv[i], "--units") == 0   ? &self->units_file
                             : strcmp(argv[i], "--weights") == 0 ? &self->weights_file
                             : strcmp(argv[i], "--year") == 0    ? &year
                             : strcmp(argv[i], "--total") == 0   ? &total
                                                                 : NULL;
        if (value == NULL)
            return cli_fail(2, USAGE);
        *value = argv[i + 1];
    }
    if (self->unit == NULL || self->units_file == NULL || self->weights_file == NULL)
        return cli_fail(2, USAGE);
    if (parse_int64(year, YEAR_MIN, YEAR_MAX, &self->year) < 0)
        return cli_fail(2, "--year: want %d to %d", YEAR_MIN, YEAR_MAX);
    if (parse_int64(total, 0, APPORTION_MAX, &self->total) < 0)
        return cli_fail(2, "--total: want a whole number, not negative");
    return 0;
}

int plan_cascade_file(int argc, char **argv)
{
    static const char *const unit_columns[2] = {"code", "parent_code"};
    static const char *const weight_columns[2] = {"unit_code", "weight"};
    struct cascade *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->by_code = map_create();
    int status = read_options(self, argc, argv);
    if (status == 0)
        status = plan_read_rows(self->units_file, unit_columns, 2, 2, take_unit, self);
    if (status == 0)
        status = link_units(self);
    if (status == 0)
        status = plan_read_rows(self->weights_file, weight_columns, 2, 2, take_weight, self);
    if (status == 0)
        status = cascade(self);
    map_destroy(&self->by_code);
    free(self);
    return status;
}
