/* GetBoard: units, organisations, points or collectors side by side. */
#include <errno.h>

#include <stdio.h>

#include "common/domain/calendar.h"
#include "services/analytics/analytics.h"
#include "services/analytics/board_plan.h"

#define ROWS_MAX 500
#define BEGINNING INT32_MIN /* of all days */

struct board_question {
    struct question question;
    struct ranking ranking;
    Ansinh__V1__BoardBy by;
    Ansinh__V1__BoardOrder order;
    uint32_t tier;
    size_t limit;
    int is_named;           /* against a plan that the request names */
    struct board_plan plan; /* that one, or what is alike of the yearly ones in force */
    uint32_t plan_year;     /* the newest imported one that was found; 0: none */
    int64_t whole_plan;     /* the slice's own target; 0: none */
    Ansinh__V1__Metric counts;
    uint32_t n_behind;
    int32_t running; /* the day that is running within the window, else its last one */
};

static int visit(void *arg, const struct fact *facts, size_t n, uint64_t first)
{
    struct board_question *self = arg;
    const struct question *question = &self->question;
    (void)first;
    for (size_t i = 0; i < n; i++) {
        if (facts[i].day <= question->until && facts[i].day >= question->from &&
            question_takes(question, &facts[i]) && slice_has_day(&question->slice, &facts[i]))
            ranking_count(&self->ranking, &facts[i]);
    }
    return 1;
}

/* --- asking ----------------------------------------------------------------------------------- */

static int year_of(int32_t day)
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return year;
}

/* The window; a board without a plan of its own has the year's, or the campaign's. */
static int take_days(struct board_question *self, const Ansinh__V1__GetBoardRequest *in,
                     struct err *err)
{
    int32_t from, until, today = self->question.today;
    struct ranking *ranking = &self->ranking;
    const struct slice *slice = &self->question.slice;
    int rc =
        question_days("", in->until, INT32_MIN, MIN(today, slice->last_day), &from, &until, err);
    int32_t beginning = rc < 0 ? 0 : date_make(year_of(until), 1, 1);
    if (slice->first_day > 0)
        beginning = MIN(slice->first_day, until);
    if (rc == 0)
        rc = question_days(in->from, "", beginning, until, &from, &until, err);
    ranking->from = ranking->value_from = from;
    ranking->until = until;
    ranking->week_from = 0;
    self->running = MIN(until, today);
    return rc;
}

/* The window within the plan's days: until today, and of one that has not begun its first. */
static int take_plan_days(struct board_question *self, const Ansinh__V1__GetBoardRequest *in,
                          struct err *err)
{
    char day[DATE_TEXT_BYTES];
    const struct board_plan *plan = &self->plan;
    struct ranking *ranking = &self->ranking;
    int32_t today = self->question.today;
    int rc =
        question_days(in->from, in->until, plan->from, MAX(plan->from, MIN(plan->until, today)),
                      &ranking->from, &ranking->until, err);
    if (rc < 0)
        return rc;
    date_format(plan->from, day);
    if (ranking->from < plan->from)
        return err_field(err, -EINVAL, "from", "the plan begins on %s", day);
    date_format(plan->until, day);
    if (ranking->until > plan->until)
        return err_field(err, -EINVAL, "until", "the plan ends on %s", day);
    ranking->value_from = plan->is_stock ? BEGINNING : plan->from;
    ranking->week_from = plan->is_stock ? 0 : plan->from;
    self->running = MAX(MIN(ranking->until, today), plan->from - 1);
    return 0;
}

/* Of all that the units have this year's imported plan is in force, or the newest older one. Only
 * what counts like it is held against it: participants of a unit, all of them. */
static void take_yearly(struct board_question *self)
{
    struct ranking *ranking = &self->ranking;
    uint32_t year = (uint32_t)year_of(ranking->until), row_year;
    self->plan.from = date_make((int)year, 1, 1);
    self->plan.until = date_make((int)year, 12, 31);
    self->plan_year = 0;
    if (ranking->is_by_source || !self->question.slice.is_whole ||
        self->counts != ANSINH__V1__METRIC__METRIC_PAID)
        return;
    for (size_t i = 0; i + 1 < ranking->n_rows; i++) {
        struct ranking_row *row = &ranking->rows[i];
        row->plan = directory_plan(row->unit, year, &row_year);
        if (row->plan > 0)
            self->plan_year = MAX(self->plan_year, row_year);
    }
    if (self->plan_year == 0)
        return;
    self->whole_plan = directory_plan(slice_above(&self->question.slice), year, &row_year);
    ranking->value_from = BEGINNING;
    self->plan.name = self->plan.code;
    (void)snprintf(self->plan.code, sizeof(self->plan.code), "%04u", (unsigned)self->plan_year);
}

static int take_plan(struct board_question *self, const Ansinh__V1__GetBoardRequest *in,
                     struct err *err)
{
    const struct directory *directory = self->question.analytics->svc->directory;
    board_plan_close(&self->plan);
    self->plan = (struct board_plan){.name = ""};
    self->plan_year = 0;
    self->is_named = in->plan_code[0] != '\0';
    if (!self->is_named)
        return take_days(self, in, err);
    int rc = board_plan_open(&self->plan, directory, in->plan_code, in->as_of_ms, err);
    if (rc == 0)
        rc = board_plan_check(&self->plan, in, &self->question, err);
    if (rc == 0 && self->plan.row == NULL)
        self->plan_year = (uint32_t)year_of(self->plan.from);
    return rc < 0 ? rc : take_plan_days(self, in, err);
}

/* The slice's own target: a unit's, or those of an office's communes. */
static int take_whole(struct board_question *self)
{
    struct question *question = &self->question;
    const struct directory_unit *above = slice_above(&question->slice);
    if (question->slice.unit != NULL)
        return board_plan_of_unit(&self->plan, question, above, &self->whole_plan);
    for (size_t i = 0; i < above->n_children; i++) {
        int64_t own;
        int rc = board_plan_of_unit(&self->plan, question, above->children[i], &own);
        if (rc < 0)
            return rc;
        self->whole_plan += own;
    }
    return 0;
}

static int take_targets(struct board_question *self)
{
    struct ranking *ranking = &self->ranking;
    self->whole_plan = 0;
    if (!self->is_named) {
        take_yearly(self);
        return 0;
    }
    int rc = take_whole(self);
    for (size_t i = 0; rc == 0 && !ranking->is_by_source && i + 1 < ranking->n_rows; i++)
        rc = board_plan_of_unit(&self->plan, &self->question, ranking->rows[i].unit,
                                &ranking->rows[i].plan);
    return rc;
}

static int take_metrics(struct board_question *self, const Ansinh__V1__GetBoardRequest *in,
                        struct err *err)
{
    static const Ansinh__V1__Metric metrics[RANKING_METRICS] = {
        [RANKING_DECLARED] = ANSINH__V1__METRIC__METRIC_DECLARED,
        [RANKING_PAID] = ANSINH__V1__METRIC__METRIC_PAID,
        [RANKING_ACCEPTED] = ANSINH__V1__METRIC__METRIC_ACCEPTED,
        [RANKING_REVERSED] = ANSINH__V1__METRIC__METRIC_REVERSED,
    };
    self->counts = self->is_named ? self->plan.counts
                   : in->counts == ANSINH__V1__METRIC__METRIC_UNSPECIFIED
                       ? ANSINH__V1__METRIC__METRIC_PAID
                       : in->counts;
    int rc = counted_of(self->counts, "counts", &self->ranking.counts, err);
    for (size_t i = 0; rc == 0 && i < RANKING_METRICS; i++)
        rc = counted_of(metrics[i], "counts", &self->ranking.window_metrics[i], err);
    return rc;
}

static int take_sources(struct board_question *self)
{
    struct ranking_named *named = NULL;
    size_t n_named = 0;
    int rc = self->is_named
                 ? board_plan_named(&self->plan, &self->question, self->by, &named, &n_named)
                 : 0;
    return rc < 0 ? rc
                  : ranking_by_sources(&self->ranking, &self->question, self->by, named, n_named);
}

static int take_rows(struct board_question *self, struct err *err)
{
    struct ranking *ranking = &self->ranking;
    switch (self->by) {
    case ANSINH__V1__BOARD_BY__BOARD_BY_UNITS:
        return ranking_by_units(ranking, &self->question);
    case ANSINH__V1__BOARD_BY__BOARD_BY_COMMUNES:
        return ranking_by_communes(ranking, &self->question);
    case ANSINH__V1__BOARD_BY__BOARD_BY_ORGANISATIONS:
    case ANSINH__V1__BOARD_BY__BOARD_BY_POINTS:
    case ANSINH__V1__BOARD_BY__BOARD_BY_COLLECTORS:
        return take_sources(self);
    case ANSINH__V1__BOARD_BY__BOARD_BY_UNSPECIFIED:
    case _ANSINH__V1__BOARD_BY_IS_INT_SIZE:
    default:
        return err_field(err, -EINVAL, "by", "no such board");
    }
}

static int take_shape(struct board_question *self, const Ansinh__V1__GetBoardRequest *in,
                      struct err *err)
{
    if (protobuf_c_enum_descriptor_get_value(&ansinh__v1__board_order__descriptor,
                                             (int)in->order) == NULL)
        return err_field(err, -EINVAL, "order", "no such order");
    if (in->limit > ROWS_MAX)
        return err_field(err, -EINVAL, "limit", "want 1 to %d, or 0", ROWS_MAX);
    if (in->tier >= RANK_TIERS)
        return err_field(err, -EINVAL, "tier", "want 1 to %d, or 0", RANK_TIERS - 1);
    self->by = in->by;
    self->order = in->order;
    self->tier = in->tier;
    self->limit = in->limit == 0 ? ROWS_MAX : in->limit;
    return 0;
}

static int prepare(struct question *question, struct err *err)
{
    struct board_question *self = (struct board_question *)question;
    const Ansinh__V1__GetBoardRequest *in = (const Ansinh__V1__GetBoardRequest *)question->input;
    struct ranking *ranking = &self->ranking;
    int rc = take_shape(self, in, err);
    if (rc == 0)
        rc = take_plan(self, in, err);
    if (rc == 0)
        rc = take_metrics(self, in, err);
    if (rc == 0)
        rc = take_rows(self, err);
    if (rc == 0)
        rc = take_targets(self);
    if (rc < 0)
        return rc;
    ranking->week_end = ranking->until < question->today ? ranking->until + 1 : question->today;
    int32_t from =
        MIN(MIN(ranking->from, ranking->value_from), ranking->week_end - 2 * PACE_WEEK_DAYS);
    question->from = MAX(from, 0); /* no fact is of a day before */
    question->until = MAX(ranking->until, ranking->week_end - 1);
    return 0;
}

/* --- answering -------------------------------------------------------------------------------- */

static void figures_of(const struct board_question *self, const struct ranking_row *row,
                       struct figures *ret)
{
    const struct ranking *ranking = &self->ranking;
    const struct figures_in in = {
        .value = row->value,
        .plan = row->plan,
        .week = row->week,
        .week_before = row->week_before,
        .week_days = MAX(MIN(ranking->week_end - ranking->week_from, PACE_WEEK_DAYS), 0),
        .today = self->running,
        .from = self->plan.from,
        .until = self->plan.until,
    };
    figures_make(&in, ret);
}

static int64_t key_of(const struct board_question *self, const struct ranking_row *row)
{
    struct figures figures;
    figures_of(self, row, &figures);
    switch (self->order) {
    case ANSINH__V1__BOARD_ORDER__BOARD_ORDER_PACE:
        return figures.pace_per_day;
    case ANSINH__V1__BOARD_ORDER__BOARD_ORDER_IMPROVEMENT:
        return figures.improvement;
    case ANSINH__V1__BOARD_ORDER__BOARD_ORDER_GAP:
        return figures.percent == FIGURE_NONE ? FIGURE_NONE : figures.gap;
    case ANSINH__V1__BOARD_ORDER__BOARD_ORDER_NEED:
        return figures.needed_per_day;
    case ANSINH__V1__BOARD_ORDER__BOARD_ORDER_SHORT:
        return figures.short_per_day;
    case ANSINH__V1__BOARD_ORDER__BOARD_ORDER_PERCENT:
    case ANSINH__V1__BOARD_ORDER__BOARD_ORDER_UNSPECIFIED:
    case _ANSINH__V1__BOARD_ORDER_IS_INT_SIZE:
    default:
        return figures.percent;
    }
}

/* "" where the directory has none. */
static const char *name_of(const struct board_question *self, const struct ranking_row *row)
{
    const struct directory *directory = self->question.analytics->svc->directory;
    const Ansinh__V1__Organisation *organisation;
    const Ansinh__V1__Point *point;
    if (row->unit != NULL)
        return row->unit->name;
    if (self->by == ANSINH__V1__BOARD_BY__BOARD_BY_ORGANISATIONS) {
        organisation = directory_organisation(directory, row->code);
        return organisation == NULL ? "" : organisation->name;
    }
    point = self->by == ANSINH__V1__BOARD_BY__BOARD_BY_POINTS
                ? directory_point(directory, row->code)
                : NULL;
    return point == NULL ? "" : point->name;
}

static char *figure(struct arena *arena, int64_t hundredths)
{
    char *text = arena_alloc(arena, FIGURE_TEXT_BYTES);
    if (text != NULL)
        figure_format(hundredths, text);
    return text;
}

static int fill_row(struct board_question *self, const struct ranking_row *row,
                    Ansinh__V1__BoardRow *ret)
{
    struct figures figures;
    struct arena *arena = self->question.arena;
    figures_of(self, row, &figures);
    ansinh__v1__board_row__init(ret);
    ret->code = arena_printf(arena, "%s", row->code);
    ret->name = arena_printf(arena, "%s", name_of(self, row));
    ret->name_en =
        row->unit == NULL ? ret->name : arena_printf(arena, "%s", directory_name_en(row->unit));
    ret->value = row->value;
    ret->declared = row->window[RANKING_DECLARED];
    ret->paid = row->window[RANKING_PAID];
    ret->accepted = row->window[RANKING_ACCEPTED];
    ret->reversed = row->window[RANKING_REVERSED];
    ret->plan = row->plan;
    ret->gap = figures.gap;
    ret->percent = figure(arena, figures.percent);
    ret->pace_per_day = figure(arena, figures.pace_per_day);
    ret->improvement = figure(arena, figures.improvement);
    ret->needed_per_day = figure(arena, figures.needed_per_day);
    ret->short_per_day = figure(arena, figures.short_per_day);
    ret->is_behind = figures.is_behind;
    if (row->unit != NULL && row->unit->parent != NULL)
        ret->parent_code = row->unit->parent->code;
    return ret->code == NULL || ret->name == NULL || ret->name_en == NULL || ret->percent == NULL ||
                   ret->pace_per_day == NULL || ret->improvement == NULL ||
                   ret->needed_per_day == NULL || ret->short_per_day == NULL
               ? -ENOMEM
               : 0;
}

/* Units are listed with nothing, too; of the others those alone that have something, or a target.
 */
static struct rank_row *rank(struct board_question *self, size_t *ret_n)
{
    struct figures figures;
    const struct ranking *ranking = &self->ranking;
    struct rank_row *ranks = arena_alloc(self->question.arena, ranking->n_rows * sizeof(*ranks));
    *ret_n = 0;
    for (size_t i = 0; ranks != NULL && i + 1 < ranking->n_rows; i++) {
        const struct ranking_row *row = &ranking->rows[i];
        uint32_t tier = row->unit == NULL ? 0 : row->unit->difficulty_tier;
        if ((self->tier != 0 && tier != self->tier) || (row->unit == NULL && !ranking_is_any(row)))
            continue;
        figures_of(self, row, &figures);
        self->n_behind += figures.is_behind ? 1 : 0;
        ranks[(*ret_n)++] = (struct rank_row){.key = key_of(self, row),
                                              .value = row->value,
                                              .code = row->code,
                                              .tier = tier,
                                              .place = i};
    }
    if (ranks != NULL)
        ranks_assign(ranks, *ret_n);
    return ranks;
}

/* The sum of all rows, whoever is shown. */
static int fill_whole(struct board_question *self, Ansinh__V1__BoardRow *ret)
{
    const struct ranking *ranking = &self->ranking;
    const struct slice *slice = &self->question.slice;
    struct ranking_row whole = {
        .code = slice->code, .unit = slice_above(slice), .plan = self->whole_plan};
    for (size_t i = 0; i < ranking->n_rows; i++) {
        whole.value += ranking->rows[i].value;
        whole.week += ranking->rows[i].week;
        whole.week_before += ranking->rows[i].week_before;
        for (size_t k = 0; k < RANKING_METRICS; k++)
            whole.window[k] += ranking->rows[i].window[k];
    }
    int rc = fill_row(self, &whole, ret);
    ret->tier = whole.unit->difficulty_tier;
    return rc;
}

static int fill_rows(struct board_question *self, Ansinh__V1__GetBoardResponse *out)
{
    size_t n;
    struct arena *arena = self->question.arena;
    const struct rank_row *ranks = rank(self, &n);
    size_t n_shown = MIN(n, self->limit);
    Ansinh__V1__BoardRow *rows = arena_alloc(arena, (n_shown + 2) * sizeof(*rows));
    out->rows = arena_alloc(arena, n_shown * sizeof(*out->rows));
    if (ranks == NULL || rows == NULL || out->rows == NULL)
        return -ENOMEM;
    out->rows_in_all = (uint32_t)n;
    out->behind_in_all = self->n_behind;
    for (size_t i = 0; i < n_shown; i++) {
        if (fill_row(self, &self->ranking.rows[ranks[i].place], &rows[i]) < 0)
            return -ENOMEM;
        rows[i].rank = ranks[i].rank;
        rows[i].rank_in_tier = ranks[i].rank_in_tier;
        rows[i].tier = ranks[i].tier;
        out->rows[out->n_rows++] = &rows[i];
    }
    out->whole = &rows[n_shown + 1];
    if (fill_whole(self, out->whole) < 0)
        return -ENOMEM;
    const struct ranking_row *rest = &self->ranking.rows[self->ranking.n_rows - 1];
    if (!ranking_is_any(rest))
        return 0;
    out->rest = &rows[n_shown];
    return fill_row(self, rest, out->rest);
}

/* "" for BEGINNING. -ENOMEM. */
static int fill_day(struct arena *arena, int32_t day, char **ret)
{
    *ret = arena_zalloc(arena, DATE_TEXT_BYTES);
    if (*ret != NULL && day != BEGINNING)
        date_format(day, *ret);
    return *ret == NULL ? -ENOMEM : 0;
}

static int fill_days(struct board_question *self, Ansinh__V1__GetBoardResponse *out)
{
    const struct ranking *ranking = &self->ranking;
    struct arena *arena = self->question.arena;
    struct board_plan *plan = &self->plan;
    if (fill_day(arena, ranking->from, &out->from) < 0 ||
        fill_day(arena, ranking->until, &out->until) < 0 ||
        fill_day(arena, ranking->value_from, &out->value_from) < 0)
        return -ENOMEM;
    if (plan->code[0] == '\0')
        return 0;
    out->plan_code = plan->code;
    out->plan_name = (char *)(uintptr_t)plan->name; /* of the directory, or the code */
    return fill_day(arena, plan->from, &out->plan_from) < 0
               ? -ENOMEM
               : fill_day(arena, plan->until, &out->plan_until);
}

static void answer(struct question *question)
{
    struct board_question *self = (struct board_question *)question;
    struct err err = {0};
    Ansinh__V1__GetBoardResponse out;
    ansinh__v1__get_board_response__init(&out);
    out.plan_year = self->plan_year;
    out.counts = self->counts;
    out.version = analytics_version(question->analytics);
    out.as_of_ms = question->as_of_ms;
    out.facts = question->facts;
    if (question_name(question, &out.unit_code, &out.name, &out.name_en) < 0 ||
        fill_days(self, &out) < 0 || fill_rows(self, &out) < 0)
        question_fail(question, -ENOMEM, &err);
    else
        question_reply(question, &out.base);
}

static void end(struct question *question)
{
    board_plan_close(&((struct board_question *)question)->plan);
}

static const struct question_kind board_kind = {.size = sizeof(struct board_question),
                                                .prepare = prepare,
                                                .visit = visit,
                                                .answer = answer,
                                                .end = end};

void on_get_board(void *arg, struct bus_request *request)
{
    const Ansinh__V1__GetBoardRequest *in = (const Ansinh__V1__GetBoardRequest *)request->input;
    question_ask(arg, request, &board_kind, in->as_of_ms, in->slice);
}
