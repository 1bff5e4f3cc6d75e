#include "common/domain/benefits_lines.h"

#include <errno.h>

#include "common/domain/calendar.h"

#define MONTHS_PER_YEAR 12
#define PERIODS_MAX 4 /* each is a line */

int benefit_begin(const struct policy *policy, enum policy_table_id table, int32_t on_day,
                  enum benefit_kind kind, struct benefit *ret, const struct policy_row **row)
{
    *row = policy_on(policy, table, 0, on_day);
    *ret = (struct benefit){.kind = *row == NULL ? BENEFIT_NONE : kind};
    return *row != NULL;
}

void benefit_from_add(struct benefit *ret, const struct policy_row *row)
{
    if (!ret->is_met && ret->from_month != 0)
        explain_add(&ret->lines, TEXT_MET_FROM, 0, row, {OPERAND_MONTH, ret->from_month});
}

void benefit_months_add(struct benefit *ret, const struct paid_history *paid, int32_t on_day,
                        const struct policy_row *needed)
{
    uint32_t n = history_months(paid, INT32_MIN, month_of_day(on_day));
    int32_t month = history_month_at(paid, (uint32_t)needed->value);
    ret->is_met = n >= needed->value;
    ret->from_month = month == INT32_MAX ? 0 : month;
    explain_add(&ret->lines, ret->is_met ? TEXT_MONTHS_MET : TEXT_MONTHS_NOT_MET, 0, needed,
                {OPERAND_MONTHS, n}, {OPERAND_MONTHS, needed->value});
    benefit_from_add(ret, needed);
}

/* The table's next row after a day; NULL: none. */
static const struct policy_row *row_after(const struct policy_table *table, int64_t day)
{
    const struct policy_row *next = NULL;
    for (size_t i = 0; i < table->n; i++) {
        const struct policy_row *row = &table->rows[i];
        if (row->from_day > day && (next == NULL || row->from_day < next->from_day))
            next = row;
    }
    return next;
}

int benefit_shares_add(const struct policy *policy, enum policy_table_id table,
                       enum explain_text text, const struct paid_history *paid, int32_t on_day,
                       struct benefit *ret, struct err *err)
{
    const struct policy_row *row, *coefficient;
    int64_t average_vnd;
    int rc = history_average(policy, paid, on_day, &average_vnd, &coefficient, err);
    if (rc != 0)
        return rc;
    uint32_t odd = 0;
    int64_t day = INT64_MIN;
    size_t n = 0;
    while ((row = row_after(&policy->tables[table], day)) != NULL) {
        day = row->from_day;
        int32_t end = row->to_day == INT32_MAX ? INT32_MAX : month_of_day(row->to_day) + 1;
        uint32_t months = odd + history_months(paid, month_of_day(row->from_day), end);
        odd = history_months(paid, end, INT32_MAX) > 0 ? months % MONTHS_PER_YEAR : 0;
        int64_t halves = pension_half_years(months - odd);
        if (halves == 0)
            continue;
        if (++n > PERIODS_MAX)
            return err_field(err, -ERANGE, "on", "%s: paid under more than %d rows",
                             policy_form(table)->name, PERIODS_MAX);
        int64_t vnd =
            divide_half_up(average_vnd * row->value * halves, 2 * (int64_t)FULL_BASIS_POINTS);
        ret->amount_vnd += vnd;
        explain_add(&ret->lines, text, vnd, row,
                    {OPERAND_COEFFICIENT, row->value / PER_MILLION_OF_BASIS_POINT},
                    {OPERAND_VND, average_vnd}, {OPERAND_HALF_YEARS, halves},
                    {OPERAND_DATE, row->from_day});
    }
    return 0;
}
