#include <errno.h>

#include "common/base/log.h"
#include "common/domain/policy.h"

/* The choices of each switch, a bit each. */
#define BIT(choice) (1u << (choice))
static const unsigned choices[POLICY_SWITCHES_END] = {
    [SWITCH_INCOME_STEP] = BIT(CHOICE_OFF) | BIT(CHOICE_WARN) | BIT(CHOICE_REFUSE),
    [SWITCH_BACK_PAYMENT] = BIT(CHOICE_OFF) | BIT(CHOICE_ON),
    [SWITCH_EARLIER_SUPPORT_COUNTS] = BIT(CHOICE_OFF) | BIT(CHOICE_ON),
    [SWITCH_LUMP_ROUNDING] = BIT(CHOICE_HALF_UP) | BIT(CHOICE_DOWN) | BIT(CHOICE_UP),
    [SWITCH_HEALTH_WAIT] = BIT(CHOICE_OFF) | BIT(CHOICE_ON),
    [SWITCH_YEARS_AHEAD_AT_RETIREMENT] = BIT(CHOICE_OFF) | BIT(CHOICE_WARN) | BIT(CHOICE_REFUSE),
};

int policy_has_choice(int32_t name, int64_t choice)
{
    return name > SWITCH_NONE && name < POLICY_SWITCHES_END && choice > CHOICE_NONE &&
           choice < POLICY_CHOICES_END && (choices[name] & BIT(choice)) != 0;
}

static int row_check(const struct policy_form *form, const struct policy_row *row, size_t row_n,
                     struct err *err)
{
    const char *table = form->name;
    if (row->from_day > row->to_day)
        return err_field(err, -EINVAL, table, "%s row %zu: ends before it begins", table, row_n);
    if (row->value < form->value_min || row->value > form->value_max || row->key < form->key_min ||
        row->key > form->key_max)
        return err_field(err, -EINVAL, table, "%s row %zu: value or group out of range", table,
                         row_n);
    if (form->unit == UNIT_CHOICE && !policy_has_choice(row->key, row->value))
        return err_field(err, -EINVAL, table, "%s row %zu: this switch has no such choice", table,
                         row_n);
    if (row->is_repeal)
        return err_field(err, -EINVAL, table, "%s row %zu: a repeal is no row of a table", table,
                         row_n);
    if (row->citation[0] == '\0')
        return err_field(err, -EINVAL, table, "%s row %zu: no citation", table, row_n);
    return 0;
}

/* Rows with the same key follow each other: no overlap, and no gap in what everybody needs. */
static int neighbours_check(const struct policy_form *form, const struct policy_table *rows,
                            size_t row_i, struct err *err)
{
    const char *table = form->name;
    const struct policy_row *row = &rows->rows[row_i];
    int is_last = 1, is_continued = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const struct policy_row *other = &rows->rows[i];
        if (i == row_i || other->key != row->key)
            continue;
        if (row->from_day <= other->to_day && other->from_day <= row->to_day)
            return err_field(err, -EINVAL, table, "%s row %zu: overlaps row %zu", table, row_i + 1,
                             i + 1);
        if (other->from_day > row->to_day)
            is_last = 0;
        if (other->from_day == (int64_t)row->to_day + 1)
            is_continued = 1;
    }
    if (!is_last && !is_continued && !form->is_optional)
        return err_field(err, -EINVAL, table, "%s row %zu: a gap follows", table, row_i + 1);
    return 0;
}

static int has_key(const struct policy_table *rows, int32_t key)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->rows[i].key == key)
            return 1;
    return 0;
}

static int table_check(const struct policy_form *form, const struct policy_table *rows,
                       struct err *err)
{
    if ((rows->n == 0 && !form->is_optional) || rows->n > POLICY_ROWS_MAX)
        return err_field(err, -EINVAL, form->name, "%s: %zu rows, must be 1 to %d", form->name,
                         rows->n, POLICY_ROWS_MAX);
    for (size_t i = 0; i < rows->n; i++) {
        int rc = row_check(form, &rows->rows[i], i + 1, err);
        if (rc == 0)
            rc = neighbours_check(form, rows, i, err);
        if (rc < 0)
            return rc;
    }
    for (int32_t key = form->key_min; key <= form->key_needed; key++)
        if (!has_key(rows, key))
            return err_field(err, -EINVAL, form->name, "%s: no row for group %d", form->name, key);
    return 0;
}

/* Behind the rows of its key that begin later. */
static void index_add(struct policy_table *table, size_t row_i)
{
    struct policy_index *index = &table->index;
    uint16_t *link = &index->first[table->rows[row_i].key - index->key_min];
    while (*link != 0 && table->rows[*link - 1].from_day > table->rows[row_i].from_day)
        link = &index->next[*link - 1];
    index->next[row_i] = *link;
    *link = (uint16_t)(row_i + 1);
}

static void index_make(const struct policy_form *form, struct policy_table *table)
{
    ASSERT(form->key_max - form->key_min < POLICY_KEYS_MAX);
    table->index =
        (struct policy_index){.n = table->n, .key_min = form->key_min, .key_max = form->key_max};
    for (size_t i = 0; i < table->n; i++)
        index_add(table, i);
}

/* No day's lowest income is above its highest: nobody could pay. What it is on a day changes only
 * where a row of one of these tables begins. */
static int limits_check(const struct policy *policy, struct err *err)
{
    static const enum policy_table_id tables[] = {POLICY_POVERTY_LINE, POLICY_REFERENCE_LEVEL,
                                                  POLICY_INCOME_CAP};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        const struct policy_table *table = &policy->tables[tables[i]];
        for (size_t row_i = 0; row_i < table->n; row_i++) {
            int32_t day = table->rows[row_i].from_day;
            const struct policy_row *line = policy_on(policy, POLICY_POVERTY_LINE, 0, day);
            const struct policy_row *level = policy_on(policy, POLICY_REFERENCE_LEVEL, 0, day);
            const struct policy_row *cap = policy_on(policy, POLICY_INCOME_CAP, 0, day);
            if (line == NULL || level == NULL || cap == NULL ||
                line->value <= level->value * cap->value)
                continue;
            const char *name = policy_form(tables[i])->name;
            return err_field(
                err, -EINVAL, name, "%s row %zu: the poverty line of %lld is above the cap of %lld",
                name, row_i + 1, (long long)line->value, (long long)(level->value * cap->value));
        }
    }
    return 0;
}

int policy_check(struct policy *policy, struct err *err)
{
    int rc = 0;
    for (enum policy_table_id table = 0; rc == 0 && table < POLICY_TABLES; table++) {
        rc = table_check(policy_form(table), &policy->tables[table], err);
        if (rc == 0)
            index_make(policy_form(table), &policy->tables[table]);
    }
    return rc == 0 ? limits_check(policy, err) : rc;
}
