#include "services/analytics/progress.h"

#include <errno.h>

#include "common/domain/calendar.h"
#include "services/analytics/analytics_rules.h"

/* A unit's numbers are those of its communes and of what was merged into it: a tree, in which every
 * unit hangs once. */
static size_t communes_count(const struct directory_unit *unit)
{
    size_t n = unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COMMUNE;
    for (size_t i = 0; i < unit->n_children; i++)
        n += communes_count(unit->children[i]); /* three levels */
    for (size_t i = 0; i < unit->n_predecessors; i++)
        n += communes_count(unit->predecessors[i]); /* DIRECTORY_SUCCESSIONS_MAX deep */
    return n;
}

static uint32_t commune_number(const char *code)
{
    uint32_t number = 0;
    for (; *code != '\0'; code++)
        number = number * 10 + (uint32_t)(*code - '0');
    return number;
}

static size_t communes_list(const struct directory_unit *unit, uint32_t *ret)
{
    size_t n = 0;
    if (unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COMMUNE)
        ret[n++] = commune_number(unit->code);
    for (size_t i = 0; i < unit->n_children; i++)
        n += communes_list(unit->children[i], ret + n);
    for (size_t i = 0; i < unit->n_predecessors; i++)
        n += communes_list(unit->predecessors[i], ret + n);
    return n;
}

uint32_t *progress_communes(const struct directory_unit *unit, struct arena *arena, size_t *ret_n)
{
    uint32_t *communes = arena_alloc(arena, communes_count(unit) * sizeof(*communes));
    *ret_n = communes == NULL ? 0 : communes_list(unit, communes);
    return communes;
}

int progress_fill(const struct board *board, const struct directory_unit *unit, int32_t today,
                  struct arena *arena, Ansinh__V1__UnitProgress *ret)
{
    size_t n;
    struct board_totals totals;
    struct board_day day = {0};
    int year, month, day_of_month;
    uint32_t plan_year;
    uint32_t *communes = progress_communes(unit, arena, &n);
    char *date = arena_alloc(arena, DATE_TEXT_BYTES);
    char *percent = arena_alloc(arena, PERCENT_TEXT_BYTES);
    char *code = arena_strndup(arena, unit->code, sizeof(unit->code) - 1);
    char *name = arena_printf(arena, "%s", unit->name);
    Ansinh__V1__Pockets *paid = arena_alloc(arena, sizeof(*paid));
    if (communes == NULL || date == NULL || percent == NULL || paid == NULL || code == NULL ||
        name == NULL)
        return -ENOMEM;
    board_sum(board, communes, n, &totals);
    (void)board_sum_days(board, communes, n, today, &day, 1);
    date_split(today, &year, &month, &day_of_month);
    date_format(today, date);

    ansinh__v1__unit_progress__init(ret);
    ansinh__v1__pockets__init(paid);
    ret->unit_code = code;
    ret->name = name;
    ret->participants = totals.values[BOARD_PARTICIPANTS];
    ret->declared = totals.values[BOARD_DECLARED];
    ret->plan = directory_plan(unit, (uint32_t)year, &plan_year);
    ret->gap = ret->plan - ret->participants;
    percent_format(ret->participants, ret->plan, percent);
    ret->percent = percent;
    ret->payments = totals.values[BOARD_PAYMENTS];
    paid->participant_vnd = totals.values[BOARD_PARTICIPANT_VND];
    paid->central_vnd = totals.values[BOARD_CENTRAL_VND];
    paid->local_vnd = totals.values[BOARD_LOCAL_VND];
    paid->donor_vnd = totals.values[BOARD_DONOR_VND];
    ret->paid = paid;
    ret->today = date;
    ret->participants_today = day.counts[BOARD_PARTICIPANTS];
    ret->declared_today = day.counts[BOARD_DECLARED];
    if (ret->plan == 0)
        ret->gap = 0;
    return 0;
}
