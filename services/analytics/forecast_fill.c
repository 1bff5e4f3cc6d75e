#include "services/analytics/forecast_fill.h"

#include <errno.h>
#include <stdio.h>

#include "common/domain/calendar.h"
#include "services/analytics/analytics.h"
#include "services/analytics/forecast_text.h"

#define DAY_TEXT_BYTES 16 /* "31/12/2025" */

const char *forecast_name_en(const struct directory_unit *unit)
{
    return unit->name_en[0] != '\0' ? unit->name_en : unit->name;
}

static const char *name_of(const struct directory_unit *unit, int is_vi)
{
    return is_vi ? unit->name : forecast_name_en(unit);
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
    int32_t until;                      /* last day of the sessions */
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
        return (struct conversion){in->contacts, in->joined, NULL, self->question.today};
    struct observed_sum sum = observed_in(self, observed, where, 0);
    return (struct conversion){sum.contacts, sum.joined[count], where, observed_until(observed)};
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

/* As a reader of the language writes it. */
static void day_text(int32_t day, int is_vi, char ret[DAY_TEXT_BYTES])
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    if (is_vi)
        (void)snprintf(ret, DAY_TEXT_BYTES, "%02d/%02d/%d", day_of_month % 100, month % 100, year);
    else
        date_format(day, ret);
}

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

static void take_prospects(const struct forecast_question *self, const struct forecast_row *row,
                           struct forecast_words *ret)
{
    ret->prospects = prospects_of(self, row);
    ret->has_prospects = ret->prospects != NEXT_SESSION_UNKNOWN;
}

static char *sentence_of(const struct forecast_question *self, const struct forecast_row *row,
                         const struct forecast *forecast, const struct conversion *conversion,
                         int is_vi)
{
    char text[FORECAST_TEXT_BYTES], year[8];
    char until[DAY_TEXT_BYTES], plan_until[DAY_TEXT_BYTES], observed_until[DAY_TEXT_BYTES];
    const struct directory_unit *unit = row->unit, *where = conversion->where;
    const Ansinh__V1__Plan *plan = self->plan.plan.row;
    day_text(row->window.until, is_vi, until);
    day_text(row->window.plan_until, is_vi, plan_until);
    day_text(conversion->until, is_vi, observed_until);
    (void)snprintf(year, sizeof(year), "%u", row->window.year % 10000);
    struct forecast_words words = {
        .name = !is_vi                       ? forecast_name_en(unit)
                : unit->full_name[0] != '\0' ? unit->full_name
                                             : unit->name,
        .until = until,
        .plan = plan == NULL ? year : plan->name,
        .plan_until = plan_until,
        .is_year = plan == NULL,
        .is_expired = row->window.is_expired,
        .noun = noun_of(&self->plan),
        .contacts = conversion->contacts,
        .joined = conversion->joined,
        .observed_in = where == NULL || where == unit ? NULL : name_of(where, is_vi),
        .observed_until =
            where == NULL || conversion->until == self->question.today ? NULL : observed_until,
    };
    take_prospects(self, row, &words);
    (is_vi ? forecast_sentence_vi : forecast_sentence_en)(forecast, &words, text);
    return arena_printf(self->question.arena, "%s", text);
}

static int fill_sentences(const struct forecast_question *self, const struct forecast_row *row,
                          const struct forecast *forecast, const struct conversion *conversion,
                          Ansinh__V1__UnitForecast *ret)
{
    ret->sentence = sentence_of(self, row, forecast, conversion, 0);
    ret->sentence_vi = sentence_of(self, row, forecast, conversion, 1);
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
    ret->observed_until = date_of(arena, observed_until(observed));
    ret->observed_unit_code = arena_printf(arena, "%s", code_of(self, conversion->where));
    return ret->observed_since == NULL || ret->observed_until == NULL ||
                   ret->observed_unit_code == NULL
               ? -ENOMEM
               : 0;
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
    struct forecast_words words = {0};
    const struct conversion conversion = conversion_of(self, observed, row);
    ansinh__v1__unit_forecast__init(ret);
    forecast_row_make(self, row, &conversion, &forecast);
    ret->plan_expired = row->window.is_expired;
    take_prospects(self, row, &words);
    ret->contacts_beyond_prospects = forecast_is_beyond(&forecast, &words);
    int rc = fill_names(self, row, ret);
    if (rc == 0)
        rc = fill_numbers(self, &forecast, ret);
    if (rc == 0)
        rc = fill_observed(self, observed, &conversion, ret);
    return rc == 0 && has_sentences ? fill_sentences(self, row, &forecast, &conversion, ret) : rc;
}

/* --- where the next session pays most --------------------------------------------------------- */

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

/* What the best were chosen by. */
struct chosen {
    const struct observed *observed;
    const struct directory_unit *above;
    int is_by_prospects;
};

static char *why(const struct forecast_question *self, const struct chosen *chosen,
                 const struct next_session *row, int is_vi)
{
    char text[FORECAST_TEXT_BYTES], first[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES];
    int32_t since = observed_since(chosen->observed), until = observed_until(chosen->observed);
    int is_past = until != self->question.today;
    day_text(since, is_vi, first);
    day_text(until, is_vi, last);
    const struct observed_words words = {
        .above = name_of(chosen->above, is_vi),
        .days = until - since + 1,
        .since = is_past ? first : NULL,
        .until = is_past ? last : NULL,
        .is_by_prospects = chosen->is_by_prospects,
    };
    (is_vi ? next_session_why_vi : next_session_why_en)(row, &words, text);
    return arena_printf(self->question.arena, "%s", text);
}

static int fill_next_row(const struct forecast_question *self, const struct chosen *chosen,
                         const struct next_session *row, Ansinh__V1__NextSession *ret)
{
    struct arena *arena = self->question.arena;
    const struct directory_unit *unit = self->rows[row->place].unit;
    ansinh__v1__next_session__init(ret);
    ret->unit_code = arena_printf(arena, "%s", code_of(self, unit));
    ret->name = arena_printf(arena, "%s", unit->name);
    ret->name_en = arena_printf(arena, "%s", forecast_name_en(unit));
    ret->kind = (Ansinh__V1__SessionKind)row->kind;
    ret->sessions = row->own.sessions;
    ret->expected_new =
        decimal(arena, row->expected == NEXT_SESSION_UNOBSERVED ? FORECAST_NONE : row->expected);
    ret->why = why(self, chosen, row, 0);
    ret->why_vi = why(self, chosen, row, 1);
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
    struct chosen chosen = {observed, unit, 0};
    if (!has_children && unit->parent != NULL)
        chosen.above = directory_above(unit);
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
        if (fill_next_row(self, &chosen, &best[i], &rows[i]) < 0)
            return -ENOMEM;
        ret->next_sessions[ret->n_next_sessions++] = &rows[i];
    }
    return 0;
}
