#include "services/analytics/forecast_fill.h"

#include <errno.h>
#include <stdio.h>

#include "common/domain/calendar.h"
#include "services/analytics/analytics.h"
#include "services/analytics/forecast_text.h"

#define DATE_TEXT_VI_BYTES 16 /* "31/12/2025" */

const char *forecast_name_en(const struct directory_unit *unit)
{
    return unit->name_en[0] != '\0' ? unit->name_en : unit->name;
}

static int observed_count(const struct forecast_plan *plan)
{
    if (plan->counts == FACT_METRIC_DECLARED)
        return OBSERVED_DECLARED;
    return plan->counts == FACT_METRIC_ACCEPTED ? OBSERVED_ACCEPTED : OBSERVED_PAID;
}

static enum forecast_noun noun_of(const struct forecast_plan *plan)
{
    if (plan->counts == FACT_METRIC_DECLARED)
        return NOUN_DECLARATIONS;
    if (plan->counts == FACT_METRIC_ACCEPTED)
        return NOUN_ACCEPTED;
    return plan->is_new ? NOUN_NEW_PARTICIPANTS : NOUN_PARTICIPANTS;
}

/* Of a unit, or of the communes of the question's office. */
static struct observed_sum observed_in(const struct forecast_question *self,
                                       const struct observed *observed,
                                       const struct directory_unit *unit, size_t kind)
{
    struct observed_sum ret = {0};
    if (unit != self->question.slice.office)
        return *observed_of(observed, unit, kind);
    for (size_t i = 0; i < unit->n_children; i++) {
        const struct observed_sum *own = observed_of(observed, unit->children[i], kind);
        ret.sessions += own->sessions;
        ret.contacts += own->contacts;
        for (int k = 0; k < OBSERVED_COUNTS; k++)
            ret.joined[k] += own->joined[k];
    }
    return ret;
}

/* Above an office is the province of its communes. */
static const struct directory_unit *where_of(const struct forecast_question *self,
                                             const struct observed *observed,
                                             const struct directory_unit *unit, int count)
{
    if (unit == self->question.slice.office) {
        struct observed_sum sum = observed_in(self, observed, unit, 0);
        if (observed_is_enough(&sum, count))
            return unit;
        unit = unit->n_children == 0 ? NULL : directory_above(unit->children[0]);
    }
    return observed_where(observed, unit, count);
}

static const char *code_of(const struct forecast_question *self, const struct directory_unit *unit)
{
    const struct slice *slice = &self->question.slice;
    return unit == slice->office ? slice->code : unit->code;
}

/* What is known of people who were reached. */
struct conversion {
    int64_t contacts, joined;
    const struct directory_unit *where; /* NULL: the request said it, or nothing is known */
};

static struct conversion conversion_of(const struct forecast_question *self,
                                       const struct observed *observed,
                                       const struct forecast_row *row)
{
    int count = observed_count(&self->plan);
    const Ansinh__V1__GetForecastRequest *in =
        (const Ansinh__V1__GetForecastRequest *)self->question.input;
    const struct directory_unit *where =
        in->contacts != 0 ? NULL : where_of(self, observed, row->unit, count);
    if (where == NULL)
        return (struct conversion){in->contacts, in->joined, NULL};
    struct observed_sum sum = observed_in(self, observed, where, 0);
    return (struct conversion){sum.contacts, sum.joined[count], where};
}

static void forecast_row_make(const struct forecast_question *self, const struct forecast_row *row,
                              const struct conversion *conversion, struct forecast *ret)
{
    struct forecast_day days[FORECAST_HISTORY_DAYS];
    const struct forecast_request request = {
        .today = self->question.today,
        .from = row->window.from,
        .until = row->window.until,
        .is_new = self->plan.is_new,
        .participants = row->value,
        .plan = row->window.plan,
        .days = days,
        .n_days = forecast_row_days(self, row, days),
        .contacts = conversion->contacts,
        .joined = conversion->joined,
    };
    forecast_make(&request, ret);
}

/* --- texts ------------------------------------------------------------------------------------ */

static char *decimal(struct arena *arena, int64_t hundredths)
{
    char *text = arena_alloc(arena, DECIMAL_TEXT_BYTES);
    if (text != NULL)
        decimal_format(hundredths, text);
    return text;
}

static char *date_of(struct arena *arena, int32_t day)
{
    char *text = arena_alloc(arena, DATE_TEXT_BYTES);
    if (text != NULL)
        date_format(day, text);
    return text;
}

static void date_format_vi(int32_t day, char ret[DATE_TEXT_VI_BYTES])
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    (void)snprintf(ret, DATE_TEXT_VI_BYTES, "%02d/%02d/%d", day_of_month % 100, month % 100,
                   year % 10000);
}

static int fill_sentences(const struct forecast_question *self, const struct forecast_row *row,
                          const struct forecast *forecast, const struct conversion *conversion,
                          Ansinh__V1__UnitForecast *ret)
{
    struct arena *arena = self->question.arena;
    char until[DATE_TEXT_BYTES], plan_until[DATE_TEXT_BYTES], year[8], text[FORECAST_TEXT_BYTES];
    char until_vi[DATE_TEXT_VI_BYTES], plan_until_vi[DATE_TEXT_VI_BYTES];
    const struct forecast_window *window = &row->window;
    const Ansinh__V1__Plan *row_of_plan = self->plan.plan.row;
    const struct directory_unit *where = conversion->where == row->unit ? NULL : conversion->where;
    date_format(window->until, until);
    date_format(window->plan_until, plan_until);
    date_format_vi(window->until, until_vi);
    date_format_vi(window->plan_until, plan_until_vi);
    (void)snprintf(year, sizeof(year), "%u", window->year % 10000);
    struct forecast_words words = {
        .name = forecast_name_en(row->unit),
        .until = until,
        .plan = row_of_plan == NULL ? year : row_of_plan->name,
        .plan_until = plan_until,
        .is_year = row_of_plan == NULL,
        .is_expired = window->is_expired,
        .noun = noun_of(&self->plan),
        .contacts = conversion->contacts,
        .joined = conversion->joined,
        .observed_in = where == NULL ? NULL : forecast_name_en(where),
    };
    forecast_sentence_en(forecast, &words, text);
    ret->sentence = arena_printf(arena, "%s", text);
    words.name = row->unit->full_name[0] != '\0' ? row->unit->full_name : row->unit->name;
    words.until = until_vi;
    words.plan_until = plan_until_vi;
    words.observed_in = where == NULL ? NULL : where->name;
    forecast_sentence_vi(forecast, &words, text);
    ret->sentence_vi = arena_printf(arena, "%s", text);
    return ret->sentence == NULL || ret->sentence_vi == NULL ? -ENOMEM : 0;
}

static int fill_names(const struct forecast_question *self, const struct forecast_row *row,
                      Ansinh__V1__UnitForecast *ret)
{
    struct arena *arena = self->question.arena;
    ret->unit_code = arena_printf(arena, "%s", code_of(self, row->unit));
    ret->name = arena_printf(arena, "%s", row->unit->name);
    ret->name_en = arena_printf(arena, "%s", forecast_name_en(row->unit));
    return ret->unit_code == NULL || ret->name == NULL || ret->name_en == NULL ? -ENOMEM : 0;
}

static int fill_observed(const struct forecast_question *self, const struct observed *observed,
                         const struct conversion *conversion, Ansinh__V1__UnitForecast *ret)
{
    struct arena *arena = self->question.arena;
    if (conversion->where == NULL)
        return 0;
    ret->observed_contacts = conversion->contacts;
    ret->observed_joined = conversion->joined;
    ret->observed_since = date_of(arena, observed_since(observed));
    ret->observed_unit_code = arena_printf(arena, "%s", code_of(self, conversion->where));
    return ret->observed_since == NULL || ret->observed_unit_code == NULL ? -ENOMEM : 0;
}

static int fill_numbers(const struct forecast_question *self, const struct forecast *forecast,
                        Ansinh__V1__UnitForecast *ret)
{
    struct arena *arena = self->question.arena;
    ret->participants = forecast->participants;
    ret->plan = forecast->plan;
    ret->gap = forecast->gap;
    ret->days_left = (uint32_t)forecast->days_left;
    ret->projected = forecast->projected;
    ret->projected_low = forecast->projected_low;
    ret->projected_high = forecast->projected_high;
    ret->has_last_year = forecast->last_year != FORECAST_NONE;
    ret->last_year = ret->has_last_year ? forecast->last_year : 0;
    ret->so_far = forecast->so_far;
    ret->has_so_far_last_year = forecast->so_far_last_year != FORECAST_NONE;
    ret->so_far_last_year = ret->has_so_far_last_year ? forecast->so_far_last_year : 0;
    ret->contacts_needed = MAX(forecast->contacts_needed, 0);
    ret->reach = (Ansinh__V1__Reach)(forecast->reach + 1);
    ret->needed_per_day = decimal(arena, forecast->needed_per_day);
    ret->pace_per_day = decimal(arena, forecast->pace_per_day);
    ret->conversion = decimal(arena, forecast->conversion);
    return ret->needed_per_day == NULL || ret->pace_per_day == NULL || ret->conversion == NULL
               ? -ENOMEM
               : 0;
}

int forecast_fill(const struct forecast_question *self, const struct observed *observed,
                  const struct forecast_row *row, int has_sentences, Ansinh__V1__UnitForecast *ret)
{
    struct forecast forecast;
    const struct conversion conversion = conversion_of(self, observed, row);
    ansinh__v1__unit_forecast__init(ret);
    forecast_row_make(self, row, &conversion, &forecast);
    ret->plan_expired = row->window.is_expired;
    int rc = fill_names(self, row, ret);
    if (rc == 0)
        rc = fill_numbers(self, &forecast, ret);
    if (rc == 0)
        rc = fill_observed(self, observed, &conversion, ret);
    return rc == 0 && has_sentences ? fill_sentences(self, row, &forecast, &conversion, ret) : rc;
}

/* --- where the next session pays most --------------------------------------------------------- */

/* Those of the newest list of prospects who have not joined since; without one, people of working
 * age who do not take part. */
static int64_t prospects_of(const struct forecast_question *self, const struct forecast_row *row)
{
    int32_t on, today = self->question.today;
    const struct directory *directory = self->question.analytics->svc->directory;
    const Ansinh__V1__Denominator *known =
        directory_denominator(directory, row->unit->code,
                              ANSINH__V1__DENOMINATOR_KIND__DENOMINATOR_KIND_PROSPECTS, today);
    if (known != NULL && date_parse(known->on, &on) == 0)
        return MAX(known->value - forecast_row_since(self, row, on), 0);
    known =
        directory_denominator(directory, row->unit->code,
                              ANSINH__V1__DENOMINATOR_KIND__DENOMINATOR_KIND_WORKING_AGE, today);
    return known == NULL ? NEXT_SESSION_UNKNOWN : MAX(known->value - row->total, 0);
}

static struct session_sum sum_of(const struct forecast_question *self,
                                 const struct observed *observed, const struct directory_unit *unit,
                                 size_t kind)
{
    struct observed_sum sum = observed_in(self, observed, unit, kind);
    return (struct session_sum){sum.sessions, sum.joined[observed_count(&self->plan)]};
}

/* A row for each kind of each place; kind 0 stands for all of them, to guess with. */
static size_t candidates(const struct forecast_question *self, const struct observed *observed,
                         const struct directory_unit *above, int is_guess, struct next_session *ret)
{
    size_t n = 0, first = self->n_rows > 1;
    for (size_t place = first; place < self->n_rows; place++) {
        const struct forecast_row *row = &self->rows[place];
        int64_t plan = row->window.plan, prospects = prospects_of(self, row);
        for (size_t kind = is_guess ? 0 : 1; kind < (is_guess ? 1 : OBSERVED_KINDS); kind++)
            ret[n++] = (struct next_session){
                .place = place,
                .kind = kind,
                .own = sum_of(self, observed, row->unit, kind),
                .above_kind = sum_of(self, observed, above, kind),
                .above = sum_of(self, observed, above, 0),
                .gap = plan == 0 ? NEXT_SESSION_UNKNOWN : MAX(plan - row->value, 0),
                .prospects = prospects,
            };
    }
    return n;
}

/* One of the best, and what they were chosen by. */
struct chosen {
    const struct next_session *row;
    const struct directory_unit *above;
    int32_t days;
    int is_by_prospects;
};

static int fill_next_row(const struct forecast_question *self, const struct chosen *chosen,
                         Ansinh__V1__NextSession *ret)
{
    char text[FORECAST_TEXT_BYTES];
    struct arena *arena = self->question.arena;
    const struct next_session *row = chosen->row;
    const struct directory_unit *unit = self->rows[row->place].unit, *above = chosen->above;
    ansinh__v1__next_session__init(ret);
    ret->unit_code = arena_printf(arena, "%s", code_of(self, unit));
    ret->name = arena_printf(arena, "%s", unit->name);
    ret->name_en = arena_printf(arena, "%s", forecast_name_en(unit));
    ret->kind = (Ansinh__V1__SessionKind)row->kind;
    ret->sessions = row->own.sessions;
    ret->expected_new =
        decimal(arena, row->expected == NEXT_SESSION_UNOBSERVED ? FORECAST_NONE : row->expected);
    next_session_why_en(row, forecast_name_en(above), chosen->days, chosen->is_by_prospects, text);
    ret->why = arena_printf(arena, "%s", text);
    next_session_why_vi(row, above->name, chosen->days, chosen->is_by_prospects, text);
    ret->why_vi = arena_printf(arena, "%s", text);
    return ret->unit_code == NULL || ret->name == NULL || ret->name_en == NULL ||
                   ret->expected_new == NULL || ret->why == NULL || ret->why_vi == NULL
               ? -ENOMEM
               : 0;
}

int forecast_fill_next(const struct forecast_question *self, const struct observed *observed,
                       Ansinh__V1__UnitForecast *ret)
{
    struct arena *arena = self->question.arena;
    const struct directory_unit *unit = self->rows[0].unit;
    int has_children = self->n_rows > 1;
    struct chosen chosen = {.above = has_children || unit->parent == NULL ? unit
                                                                          : directory_above(unit)};
    chosen.days = self->question.today - observed_since(observed) + 1;
    struct next_session *best = arena_alloc(arena, self->n_rows * OBSERVED_KINDS * sizeof(*best));
    Ansinh__V1__NextSession *rows = arena_alloc(arena, NEXT_SESSIONS_MAX * sizeof(*rows));
    ret->next_sessions = arena_alloc(arena, NEXT_SESSIONS_MAX * sizeof(*ret->next_sessions));
    if (best == NULL || rows == NULL || ret->next_sessions == NULL)
        return -ENOMEM;
    struct session_sum above = sum_of(self, observed, chosen.above, 0);
    int is_guess = above.sessions == 0 || above.joined <= 0;
    size_t n = candidates(self, observed, chosen.above, is_guess, best);
    n = is_guess ? next_sessions_guess(best, n, &chosen.is_by_prospects)
                 : next_sessions_rank(best, n, has_children);
    for (size_t i = 0; i < n; i++) {
        chosen.row = &best[i];
        if (fill_next_row(self, &chosen, &rows[i]) < 0)
            return -ENOMEM;
        ret->next_sessions[ret->n_next_sessions++] = &rows[i];
    }
    return 0;
}
