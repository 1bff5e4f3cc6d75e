#include "services/analytics/progress.h"

#include <errno.h>

#include "common/domain/calendar.h"
#include "services/analytics/analytics.h"
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

enum board_metric board_metric_of(enum fact_metric metric)
{
    static const uint8_t metrics[FACT_METRICS] = {
        [FACT_METRIC_NONE] = BOARD_METRICS,
        [FACT_METRIC_DECLARED] = BOARD_DECLARED,
        [FACT_METRIC_PAID] = BOARD_PARTICIPANTS,
        [FACT_METRIC_ACCEPTED] = BOARD_ACCEPTED,
        [FACT_METRIC_RENEWED] = BOARD_RENEWED,
        [FACT_METRIC_LAPSED] = BOARD_LAPSED,
        [FACT_METRIC_REVERSED] = BOARD_REVERSED,
        [FACT_METRIC_PAYMENTS] = BOARD_PAYMENTS,
        [FACT_METRIC_ENDED] = BOARD_ENDED,
        [FACT_METRIC_PARTICIPANT_VND] = BOARD_PARTICIPANT_VND,
        [FACT_METRIC_CENTRAL_VND] = BOARD_CENTRAL_VND,
        [FACT_METRIC_LOCAL_VND] = BOARD_LOCAL_VND,
        [FACT_METRIC_DONOR_VND] = BOARD_DONOR_VND,
    };
    return (enum board_metric)metrics[metric];
}

int64_t progress_prospects(const struct directory *directory, const struct directory_unit *unit,
                           int32_t day)
{
    static const Ansinh__V1__DenominatorKind kinds[] = {
        ANSINH__V1__DENOMINATOR_KIND__DENOMINATOR_KIND_PROSPECTS,
        ANSINH__V1__DENOMINATOR_KIND__DENOMINATOR_KIND_WORKING_AGE,
    };
    const Ansinh__V1__Denominator *found = NULL;
    for (size_t i = 0; found == NULL && i < ARRAY_LEN(kinds); i++)
        found = directory_denominator(directory, unit->code, kinds[i], day);
    return found == NULL ? 0 : found->value;
}

int progress_of(const struct analytics *analytics, const struct directory_unit *unit, int32_t today,
                struct arena *arena, struct progress *ret)
{
    size_t n;
    const uint32_t *communes = progress_communes(unit, arena, &n);
    if (communes == NULL)
        return -ENOMEM;
    *ret = (struct progress){
        .unit = unit,
        .reach = reach_of(analytics->reach, unit),
        .prospects = progress_prospects(analytics->svc->directory, unit, today),
    };
    board_sum(analytics->board, communes, n, &ret->totals);
    (void)board_sum_days(analytics->board, communes, n, today, &ret->today, 1);
    return 0;
}

static void fill_numbers(const struct progress *progress, Ansinh__V1__UnitProgress *ret)
{
    const int64_t *values = progress->totals.values;
    const int32_t *day = progress->today.counts;
    ret->participants = values[BOARD_PARTICIPANTS];
    ret->declared = values[BOARD_DECLARED];
    ret->accepted = values[BOARD_ACCEPTED];
    ret->payments = values[BOARD_PAYMENTS];
    ret->renewed = values[BOARD_RENEWED];
    ret->lapsed = values[BOARD_LAPSED];
    ret->reversed = values[BOARD_REVERSED];
    ret->ended = values[BOARD_ENDED];
    ret->participants_today = day[BOARD_PARTICIPANTS];
    ret->declared_today = day[BOARD_DECLARED];
    ret->accepted_today = day[BOARD_ACCEPTED];
    ret->paid->participant_vnd = values[BOARD_PARTICIPANT_VND];
    ret->paid->central_vnd = values[BOARD_CENTRAL_VND];
    ret->paid->local_vnd = values[BOARD_LOCAL_VND];
    ret->paid->donor_vnd = values[BOARD_DONOR_VND];
    ret->reach_estimate = progress->reach;
    ret->prospects = progress->prospects;
}

int progress_fill(const struct progress *progress, int32_t today, struct arena *arena,
                  Ansinh__V1__UnitProgress *ret)
{
    const struct directory_unit *unit = progress->unit;
    int year, month, day_of_month;
    uint32_t plan_year;
    char *date = arena_alloc(arena, DATE_TEXT_BYTES);
    char *percent = arena_alloc(arena, PERCENT_TEXT_BYTES);
    char *code = arena_strndup(arena, unit->code, sizeof(unit->code) - 1);
    char *name = arena_printf(arena, "%s", unit->name);
    char *name_en = arena_printf(arena, "%s", directory_name_en(unit));
    Ansinh__V1__Pockets *paid = arena_alloc(arena, sizeof(*paid));
    if (date == NULL || percent == NULL || paid == NULL || code == NULL || name == NULL ||
        name_en == NULL)
        return -ENOMEM;
    date_split(today, &year, &month, &day_of_month);
    date_format(today, date);
    ansinh__v1__unit_progress__init(ret);
    ansinh__v1__pockets__init(paid);
    ret->paid = paid;
    fill_numbers(progress, ret);
    ret->unit_code = code;
    ret->name = name;
    ret->name_en = name_en;
    ret->plan = directory_plan(unit, (uint32_t)year, &plan_year);
    ret->gap = ret->plan == 0 ? 0 : ret->plan - ret->participants;
    percent_format(ret->participants, ret->plan, percent);
    ret->percent = percent;
    ret->today = date;
    return 0;
}

/* --- the answer of GetProgress ---------------------------------------------------------------- */

static int fill_days(const struct progress_answer *answer, struct arena *arena,
                     Ansinh__V1__GetProgressResponse *out)
{
    Ansinh__V1__DayCount *rows = arena_alloc(arena, answer->n_days * sizeof(*rows));
    out->days = arena_alloc(arena, answer->n_days * sizeof(*out->days));
    if (rows == NULL || out->days == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < answer->n_days; i++) {
        char *date = arena_alloc(arena, DATE_TEXT_BYTES);
        if (date == NULL)
            return -ENOMEM;
        date_format(answer->days[i].day, date);
        ansinh__v1__day_count__init(&rows[i]);
        rows[i].day = date;
        rows[i].participants = answer->days[i].counts[BOARD_PARTICIPANTS];
        rows[i].declared = answer->days[i].counts[BOARD_DECLARED];
        out->days[out->n_days++] = &rows[i];
    }
    return 0;
}

static int fill_hours(const struct progress_answer *answer, struct arena *arena,
                      Ansinh__V1__GetProgressResponse *out)
{
    Ansinh__V1__HourCount *rows = arena_alloc(arena, BOARD_HOURS * sizeof(*rows));
    out->hours = arena_alloc(arena, BOARD_HOURS * sizeof(*out->hours));
    if (rows == NULL || out->hours == NULL)
        return -ENOMEM;
    for (unsigned hour = 0; hour < BOARD_HOURS; hour++) {
        const int32_t *counts = answer->hours[hour];
        if (counts[BOARD_PARTICIPANTS] == 0 && counts[BOARD_DECLARED] == 0)
            continue;
        ansinh__v1__hour_count__init(&rows[hour]);
        rows[hour].hour = hour;
        rows[hour].participants = counts[BOARD_PARTICIPANTS];
        rows[hour].declared = counts[BOARD_DECLARED];
        out->hours[out->n_hours++] = &rows[hour];
    }
    return 0;
}

static int fill_children(const struct progress_answer *answer, struct arena *arena,
                         Ansinh__V1__GetProgressResponse *out)
{
    Ansinh__V1__UnitProgress *rows = arena_alloc(arena, answer->n_children * sizeof(*rows));
    out->children = arena_alloc(arena, answer->n_children * sizeof(*out->children));
    if (rows == NULL || out->children == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < answer->n_children; i++) {
        if (progress_fill(&answer->children[i], answer->today, arena, &rows[i]) < 0)
            return -ENOMEM;
        out->children[out->n_children++] = &rows[i];
    }
    return 0;
}

int progress_answer_fill(const struct progress_answer *answer, struct arena *arena,
                         Ansinh__V1__GetProgressResponse *ret)
{
    int year, month, day_of_month;
    Ansinh__V1__UnitProgress own;
    if (progress_fill(answer->own, answer->today, arena, &own) < 0)
        return -ENOMEM;
    date_split(answer->today, &year, &month, &day_of_month);
    ret->unit_code = own.unit_code;
    ret->name = own.name;
    ret->name_en = own.name_en;
    ret->reach_estimate = own.reach_estimate;
    ret->prospects = own.prospects;
    ret->participants = own.participants;
    ret->declared = own.declared;
    ret->accepted = own.accepted;
    ret->plan = directory_plan(answer->own->unit, (uint32_t)year, &ret->plan_year);
    ret->gap = own.gap;
    ret->percent = own.percent;
    ret->payments = own.payments;
    ret->renewed = own.renewed;
    ret->lapsed = own.lapsed;
    ret->reversed = own.reversed;
    ret->ended = own.ended;
    ret->paid = own.paid;
    ret->today = own.today;
    ret->participants_today = own.participants_today;
    ret->declared_today = own.declared_today;
    ret->accepted_today = own.accepted_today;
    int rc = fill_children(answer, arena, ret);
    if (rc == 0)
        rc = fill_days(answer, arena, ret);
    return rc == 0 ? fill_hours(answer, arena, ret) : rc;
}
