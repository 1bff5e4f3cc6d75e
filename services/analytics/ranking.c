#include "services/analytics/ranking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "services/analytics/analytics.h"
#include "services/analytics/progress.h"

/* A source by the code that it is listed under, or a target. */
struct listed {
    const char *code;
    uint32_t number; /* NUMBER_NONE: a target */
    int64_t target;
};

#define NUMBER_NONE UINT32_MAX

/* n rows and the rest; all of n_keys belong to the rest at first. */
static int rows_make(struct ranking *self, struct question *question, size_t n, size_t n_keys)
{
    self->rows = arena_zalloc(question->arena, (n + 1) * sizeof(*self->rows));
    self->row_of = arena_alloc(question->arena, n_keys * sizeof(*self->row_of));
    if (self->rows == NULL || self->row_of == NULL)
        return -ENOMEM;
    self->n_rows = n + 1;
    self->rows[n].code = "";
    for (size_t i = 0; i < n_keys; i++)
        self->row_of[i] = (uint32_t)n;
    return 0;
}

static int take_unit(struct ranking *self, struct question *question, size_t row,
                     const struct directory_unit *unit)
{
    size_t n;
    const uint32_t *communes = progress_communes(unit, question->arena, &n);
    if (communes == NULL)
        return -ENOMEM;
    self->rows[row].unit = unit;
    self->rows[row].code = unit->code;
    for (size_t i = 0; i < n; i++)
        self->row_of[communes[i]] = (uint32_t)row;
    return 0;
}

int ranking_by_units(struct ranking *self, struct question *question)
{
    const struct directory_unit *above = question->slice.unit;
    if (above == NULL || above->n_children == 0)
        return ranking_by_communes(self, question);
    int rc = rows_make(self, question, above->n_children, SLICE_COMMUNES);
    for (size_t i = 0; rc == 0 && i < above->n_children; i++)
        rc = take_unit(self, question, i, above->children[i]);
    return rc;
}

/* Communes in force; what was merged into one belongs to its row. Fills ret unless it is NULL. */
static size_t communes_in_force(const struct directory_unit *unit,
                                const struct directory_unit **ret)
{
    size_t n = 0;
    if (unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COMMUNE) {
        if (ret != NULL)
            ret[0] = unit;
        return 1;
    }
    for (size_t i = 0; i < unit->n_children; i++) /* three levels */
        n += communes_in_force(unit->children[i], ret == NULL ? NULL : ret + n);
    return n;
}

int ranking_by_communes(struct ranking *self, struct question *question)
{
    const struct directory_unit *above = slice_above(&question->slice);
    size_t n = communes_in_force(above, NULL);
    const struct directory_unit **communes = arena_alloc(question->arena, n * sizeof(*communes));
    if (communes == NULL)
        return -ENOMEM;
    (void)communes_in_force(above, communes);
    int rc = rows_make(self, question, n, SLICE_COMMUNES);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = take_unit(self, question, i, communes[i]);
    return rc;
}

static int compare_listed(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    return strcmp(x->code, y->code);
}

static const char *code_by(const struct slice_source *who, Ansinh__V1__BoardBy by)
{
    if (by == ANSINH__V1__BOARD_BY__BOARD_BY_ORGANISATIONS)
        return who->organisation;
    return by == ANSINH__V1__BOARD_BY__BOARD_BY_POINTS ? who->point : who->collector;
}

/* Sources and targets by code. NULL: the arena's limit. */
static struct listed *list_codes(struct question *question, Ansinh__V1__BoardBy by, size_t n_keys,
                                 const struct ranking_named *named, size_t n_named)
{
    const struct facts *facts = question->analytics->facts;
    struct listed *list = arena_alloc(question->arena, (n_keys + n_named) * sizeof(*list));
    for (uint32_t i = 0; list != NULL && i < n_keys; i++) {
        struct slice_source who =
            slice_source_of(question->analytics->svc->directory, facts_source(facts, i));
        list[i] = (struct listed){.code = code_by(&who, by), .number = i};
    }
    for (size_t i = 0; list != NULL && i < n_named; i++)
        list[n_keys + i] = (struct listed){named[i].code, NUMBER_NONE, named[i].target};
    if (list != NULL)
        qsort(list, n_keys + n_named, sizeof(*list), compare_listed);
    return list;
}

int ranking_by_sources(struct ranking *self, struct question *question, Ansinh__V1__BoardBy by,
                       const struct ranking_named *named, size_t n_named)
{
    size_t n_keys = (size_t)facts_sources(question->analytics->facts) + 1, n = 0;
    size_t n_listed = n_keys + n_named;
    const struct listed *list = list_codes(question, by, n_keys, named, n_named);
    if (list == NULL || rows_make(self, question, n_listed, n_keys) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < n_listed; i++) {
        if (list[i].code[0] == '\0')
            continue; /* nobody: the rest */
        if (n == 0 || strcmp(self->rows[n - 1].code, list[i].code) != 0)
            self->rows[n++].code = list[i].code;
        self->rows[n - 1].plan += list[i].target;
        if (list[i].number != NUMBER_NONE)
            self->row_of[list[i].number] = (uint32_t)n - 1;
    }
    for (size_t i = 0; i < n_keys; i++) /* the rest moves behind the last row that is used */
        self->row_of[i] = MIN(self->row_of[i], (uint32_t)n);
    self->rows[n].code = "";
    self->n_rows = n + 1;
    self->is_by_source = 1;
    return 0;
}

static size_t row_find(const struct ranking *self, const struct fact *fact)
{
    if (self->is_by_source)
        return self->row_of[fact->source];
    return fact->commune < SLICE_COMMUNES ? self->row_of[fact->commune] : self->n_rows - 1;
}

void ranking_count(struct ranking *self, const struct fact *fact)
{
    struct ranking_row *row = &self->rows[row_find(self, fact)];
    int64_t measure = counted_measure(&self->counts, fact);
    int is_in = fact->day >= self->from && fact->day <= self->until;
    int32_t before_end = fact->day < self->week_from ? 0 : self->week_end - fact->day;
    if (fact->day >= self->value_from && fact->day <= self->until)
        row->value += measure;
    if (before_end > 0 && before_end <= PACE_WEEK_DAYS)
        row->week += measure;
    else if (before_end > PACE_WEEK_DAYS && before_end <= 2 * PACE_WEEK_DAYS)
        row->week_before += measure;
    for (size_t i = 0; is_in && i < RANKING_METRICS; i++)
        row->window[i] += counted_measure(&self->window_metrics[i], fact);
}

int ranking_is_any(const struct ranking_row *row)
{
    int64_t any = row->plan | row->value | row->week | row->week_before;
    for (size_t i = 0; i < RANKING_METRICS; i++)
        any |= row->window[i];
    return any != 0;
}
