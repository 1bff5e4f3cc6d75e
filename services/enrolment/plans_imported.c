/* RebasePlan of the plan of a year that Directory/ImportPlan set. It has no splits: targets of
 * units that ended are taken to their heirs, row by row. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/apportion.h"
#include "common/domain/calendar.h"
#include "common/service/directory.h"
#include "services/enrolment/plans.h"
#include "services/enrolment/plans_check.h"

#define YEAR_DIGITS 4
#define CHAIN_MAX 8 /* successors of successors */

struct target {
    const char *code;
    int64_t before, now;
};

struct moving {
    struct import *import;
    const Ansinh__V1__RebasePlanRequest *in;
    uint32_t year;
    struct map *targets; /* by unit */
    const struct plan_heir *heirs;
    size_t n_heirs;
};

int plans_is_imported(const char *plan_code)
{
    return strlen(plan_code) == YEAR_DIGITS && parse_is_digits(plan_code, YEAR_DIGITS);
}

/* --- targets ---------------------------------------------------------------------------------- */

static struct target *target_of(struct moving *self, const char *code)
{
    return map_get(self->targets, code, strlen(code));
}

static struct target *target_make(struct moving *self, const char *code)
{
    struct target *target = target_of(self, code);
    if (target != NULL)
        return target;
    target = arena_zalloc(self->import->request->arena, sizeof(*target));
    if (target == NULL)
        return NULL;
    target->code = code;
    (void)map_put(self->targets, code, strlen(code), target);
    return target;
}

static int read_targets(struct moving *self, struct err *err)
{
    const Ansinh__V1__PlanTarget *row;
    size_t cursor = 0;
    while ((row = (const Ansinh__V1__PlanTarget *)directory_next_row(self->import->svc->directory,
                                                                     't', &cursor)) != NULL) {
        if (row->year != self->year)
            continue;
        struct target *target = target_make(self, row->unit_code);
        if (target == NULL)
            return err_set(err, -ENOMEM, "no memory");
        target->before = target->now = row->participants;
    }
    return map_count(self->targets) == 0 ? err_field(err, -ENOENT, "plan_code", "unknown plan") : 0;
}

/* --- moving ----------------------------------------------------------------------------------- */

static int has_heirs(const struct moving *self, const char *code)
{
    for (size_t i = 0; i < self->n_heirs; i++) {
        if (strcmp(self->heirs[i].old_code, code) == 0)
            return 1;
    }
    return 0;
}

static struct target *target_above(struct moving *self, const char *code)
{
    const struct directory_unit *unit = directory_unit(self->import->svc->directory, code);
    return unit == NULL || unit->parent == NULL ? NULL : target_of(self, unit->parent->code);
}

/* What goes to another province goes from the one to the other, unless the one goes as a whole. */
static int carry_above(struct moving *self, const struct plan_heir *heir, int64_t part,
                       struct err *err)
{
    struct target *from = target_above(self, heir->old_code);
    struct target *to = target_above(self, heir->new_code);
    if (from == NULL || to == NULL || from == to || has_heirs(self, from->code))
        return 0;
    if (from->now < part)
        return err_field(err, -EINVAL, "on", "the targets below %s are more than its own",
                         from->code);
    from->now -= part;
    to->now += part;
    return 0;
}

static int inherit(struct moving *self, struct target *old, const struct plan_heir *heirs, size_t n,
                   struct err *err)
{
    int64_t weights[IMPORT_ROWS_MAX], parts[IMPORT_ROWS_MAX];
    if (n > IMPORT_ROWS_MAX)
        return err_field(err, -EINVAL, "on", "%s has more than %d successors", old->code,
                         IMPORT_ROWS_MAX);
    for (size_t i = 0; i < n; i++)
        weights[i] = heirs[i].share_per_million;
    int rc = apportion(old->now, weights, n, parts);
    if (rc < 0)
        return err_field(err, rc, "on", "the shares of %s cannot be divided by", old->code);
    old->now = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct target *heir = target_make(self, heirs[i].new_code);
        if (heir == NULL)
            return err_set(err, -ENOMEM, "no memory");
        heir->now += parts[i];
        rc = carry_above(self, &heirs[i], parts[i], err);
    }
    return rc;
}

/* All that have a target and heirs, once. */
static int pass_on(struct moving *self, int *ret_moved, struct err *err)
{
    int rc = 0;
    *ret_moved = 0;
    for (size_t i = 0, n; rc == 0 && i < self->n_heirs; i += n) {
        const struct plan_heir *heirs = &self->heirs[i];
        for (n = 1; i + n < self->n_heirs && strcmp(heirs[0].old_code, heirs[n].old_code) == 0;)
            n++;
        struct target *old = target_of(self, heirs[0].old_code);
        if (old == NULL || old->now == 0)
            continue;
        rc = inherit(self, old, heirs, n, err);
        *ret_moved = 1;
    }
    return rc;
}

static int move_all(struct moving *self, struct err *err)
{
    int rc = 0, has_moved = 1;
    for (int i = 0; rc == 0 && has_moved && i < CHAIN_MAX; i++)
        rc = pass_on(self, &has_moved, err);
    return rc == 0 && has_moved
               ? err_field(err, -EINVAL, "on", "units succeed each other in a ring")
               : rc;
}

/* --- rows ------------------------------------------------------------------------------------- */

static int put_target(struct moving *self, const struct target *target, struct err *err)
{
    Ansinh__V1__PlanTarget *row = plans_message(self->import, &ansinh__v1__plan_target__descriptor);
    if (row == NULL)
        return err_set(err, -ENOMEM, "no memory");
    row->unit_code = (char *)(uintptr_t)target->code;
    row->year = self->year;
    row->participants = target->now;
    return plans_put(self->import, 't', &row->base, err);
}

/* Of an attempt whose outcome is not known nothing may be left to write: then a row as it is lets
 * the commit tell. */
static int put_targets(struct moving *self, struct err *err)
{
    const struct target *target = NULL;
    size_t cursor = 0;
    int rc = 0;
    for (const struct target *at; rc == 0 && (at = map_next(self->targets, &cursor)) != NULL;) {
        target = at;
        if (at->now != at->before)
            rc = put_target(self, at, err);
    }
    if (rc == 0 && self->import->n_rows == 0 && self->import->tries > 0 && target != NULL)
        rc = put_target(self, target, err);
    return rc;
}

static int check(struct moving *self, struct err *err)
{
    int32_t on;
    int64_t year;
    const Ansinh__V1__RebasePlanRequest *in = self->in;
    if (date_parse(in->on, &on) < 0 || on > clock_business_day(clock_wall_ms()))
        return err_field(err, -EINVAL, "on", "want YYYY-MM-DD, today or before");
    if (in->unit_code[0] != '\0' &&
        directory_unit(self->import->svc->directory, in->unit_code) == NULL)
        return err_field(err, -EINVAL, "unit_code", "unknown unit");
    if (parse_int64(in->plan_code, 1, INT32_MAX, &year) < 0)
        return err_field(err, -ENOENT, "plan_code", "unknown plan");
    self->year = (uint32_t)year;
    if (strncmp(in->on, in->plan_code, YEAR_DIGITS) > 0)
        return err_field(err, -EPERM, "on", "the plan was over by then");
    return plan_officer_check(in->officer, err);
}

static int rebase(struct import *import, struct err *err)
{
    struct moving self = {.import = import,
                          .in = (const Ansinh__V1__RebasePlanRequest *)import->request->input};
    int rc = check(&self, err);
    if (rc < 0)
        return rc;
    struct plan_heir *heirs =
        plans_heirs(import->svc->directory, self.in->unit_code, self.in->on, &self.n_heirs);
    self.heirs = heirs;
    self.targets = map_create();
    rc = read_targets(&self, err);
    if (rc == 0)
        rc = move_all(&self, err);
    if (rc == 0)
        rc = put_targets(&self, err);
    map_destroy(&self.targets);
    free(heirs);
    return rc;
}

/* --- running ---------------------------------------------------------------------------------- */

static int take(struct import *self, struct err *err)
{
    return plans_take(self, rebase, err);
}

static Ansinh__V1__Event *make_event(struct import *self)
{
    const Ansinh__V1__RebasePlanRequest *in =
        (const Ansinh__V1__RebasePlanRequest *)self->request->input;
    Ansinh__V1__Event *event = import_plan_event(self);
    if (event != NULL) {
        event->plan_imported->rebased_on = in->on;
        event->plan_imported->officer = in->officer;
    }
    return event;
}

static int is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__RebasePlanRequest *)in)->dry_run;
}

void plans_rebase_imported(struct service *svc, struct bus_request *request)
{
    static const struct import_spec spec = {
        .take = take, .event = make_event, .is_dry_run = is_dry_run, .pack = plans_pack};
    plans_run(svc, request, &spec);
}
