#include "common/domain/policy_lay.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "common/domain/calendar.h"

/* The same rule, whenever it holds. */
static int is_same_rule(const struct policy_row *a, const struct policy_row *b)
{
    return a->key == b->key && a->value == b->value && a->budget_vnd == b->budget_vnd &&
           strcmp(a->citation, b->citation) == 0 && strcmp(a->unconfirmed, b->unconfirmed) == 0;
}

static int is_there(const struct policy_table *rows, const struct policy_row *row)
{
    for (size_t i = 0; i < rows->n; i++)
        if (is_same_rule(&rows->rows[i], row) && rows->rows[i].from_day == row->from_day &&
            rows->rows[i].to_day == row->to_day)
            return 1;
    return 0;
}

/* --- laying --- */

static int covers_nothing(const struct policy_table *rows, const struct policy_row *row)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->rows[i].key == row->key && rows->rows[i].from_day <= row->to_day &&
            row->from_day <= rows->rows[i].to_day)
            return 0;
    return 1;
}

/* Rows of the key hold up to a day before the new one, and none on the day before it. */
static int leaves_gap(const struct policy_table *rows, const struct policy_row *row,
                      int32_t *ret_last_day)
{
    int has_earlier = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const struct policy_row *other = &rows->rows[i];
        if (other->key != row->key || other->from_day >= row->from_day)
            continue;
        if (other->to_day >= row->from_day - 1)
            return 0;
        *ret_last_day = has_earlier ? MAX(*ret_last_day, other->to_day) : other->to_day;
        has_earlier = 1;
    }
    return has_earlier;
}

/* What is left of an older row before and after the new one; answers how many rows, at most 2. */
static size_t remains(const struct policy_row *old, const struct policy_row *row,
                      struct policy_row ret[2])
{
    size_t n = 0;
    if (old->key != row->key || old->to_day < row->from_day || old->from_day > row->to_day) {
        ret[n++] = *old;
        return n;
    }
    if (old->from_day < row->from_day) {
        ret[n] = *old;
        ret[n++].to_day = row->from_day - 1;
    }
    if (old->to_day > row->to_day) {
        ret[n] = *old;
        ret[n++].from_day = row->to_day + 1;
    }
    return n;
}

static int lay(struct policy_table *rows, const struct policy_row *row, const char *name,
               struct err *err)
{
    struct policy_row rest[2];
    struct policy_row late = {.from_day = 0}; /* rows do not overlap: one at most falls in two */
    size_t n = 0, n_late = 0, n_new = row->is_repeal ? 0 : 1;
    for (size_t i = 0; i < rows->n; i++) {
        size_t n_rest = remains(&rows->rows[i], row, rest);
        if (n_rest > 0)
            rows->rows[n++] = rest[0];
        if (n_rest > 1) {
            late = rest[1];
            n_late = 1;
        }
    }
    rows->n = n;
    rows->index.n = SIZE_MAX; /* of no use until policy_check makes it anew */
    if (n + n_new + n_late > POLICY_ROWS_MAX)
        return err_field(err, -EFBIG, name, "%s would have more than %d rows", name,
                         POLICY_ROWS_MAX);
    if (n_new > 0)
        rows->rows[rows->n++] = *row;
    if (n_late > 0)
        rows->rows[rows->n++] = late;
    return 0;
}

int policy_lay(struct policy *policy, enum policy_table_id table, const struct policy_row *row,
               struct err *err)
{
    const struct policy_form *form = policy_form(table);
    struct policy_table *rows = &policy->tables[table];
    int32_t last_day;
    if (row->is_repeal ? covers_nothing(rows, row) : is_there(rows, row))
        return 1;
    ASSERT(form->is_optional || !row->is_repeal);
    if (!form->is_optional && leaves_gap(rows, row, &last_day)) {
        char from[DATE_TEXT_BYTES], last[DATE_TEXT_BYTES];
        date_format(row->from_day, from);
        date_format(last_day, last);
        return err_field(err, -EINVAL, form->name, "%s: a gap before %s: the rows so far end on %s",
                         form->name, from, last);
    }
    return lay(rows, row, form->name, err);
}

/* --- comparing --- */

struct comparison {
    enum policy_table_id table;
    policy_effect_fn fn;
    void *arg;
};

/* Whether a row is what an older one holds, or held, on these days. */
static int is_part(const struct policy_row *row, const struct policy_row *old)
{
    return is_same_rule(row, old) && old->from_day <= row->from_day && row->to_day <= old->to_day;
}

static void tell_remains(const struct comparison *self, const struct policy_row *old,
                         const struct policy_table *after)
{
    int is_gone = 1;
    for (size_t i = 0; i < after->n; i++) {
        const struct policy_row *row = &after->rows[i];
        if (!is_part(row, old))
            continue;
        is_gone = 0;
        self->fn(self->arg, self->table,
                 row->from_day == old->from_day ? EFFECT_CUT : EFFECT_CONTINUED, old, row);
    }
    if (is_gone)
        self->fn(self->arg, self->table, EFFECT_REPLACED, old, NULL);
}

static int is_new(const struct policy_row *row, const struct policy_table *before)
{
    for (size_t i = 0; i < before->n; i++)
        if (is_part(row, &before->rows[i]))
            return 0;
    return 1;
}

void policy_compare(const struct policy *before, const struct policy *after, policy_effect_fn fn,
                    void *arg)
{
    struct comparison self = {.fn = fn, .arg = arg};
    for (self.table = 0; self.table < POLICY_TABLES; self.table++) {
        const struct policy_table *old = &before->tables[self.table];
        const struct policy_table *new = &after->tables[self.table];
        for (size_t i = 0; i < old->n; i++)
            if (!is_there(new, &old->rows[i]))
                tell_remains(&self, &old->rows[i], new);
        for (size_t i = 0; i < new->n; i++)
            if (is_new(&new->rows[i], old))
                fn(arg, self.table, EFFECT_ADDED, NULL, &new->rows[i]);
    }
}
