/* GetBoard: units, organisations, points or collectors side by side. */
#include <errno.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "services/analytics/analytics.h"
#include "services/analytics/ranking.h"

#define ROWS_MAX 500
#define YEAR_FIRST 1900
#define YEAR_LAST 2199

struct board_question {
    struct question question;
    struct ranking ranking;
    Ansinh__V1__BoardBy by;
    Ansinh__V1__BoardOrder order;
    uint32_t tier;
    size_t limit;
    int is_held;        /* what counts can be held against a plan */
    int is_named;       /* against that of this year alone */
    uint32_t year;      /* whose plan is in force */
    uint32_t plan_year; /* the newest one that was found; 0: none */
    int32_t plan_from, plan_until;
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

/* The window; the 7 whole days end before today, or with a window that is over. */
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
    if (rc < 0)
        return rc;
    ranking->from = from;
    ranking->until = until;
    ranking->week_end = until < today ? until + 1 : today;
    self->running = MIN(until, today);
    return 0;
}

static int64_t plan_of(const struct board_question *self, const struct ranking_row *row,
                       uint32_t *ret_year)
{
    *ret_year = 0;
    if (!self->is_held || row->unit == NULL)
        return 0;
    int64_t plan = directory_plan(row->unit, self->year, ret_year);
    return self->is_named && *ret_year != self->year ? 0 : plan;
}

/* Only what counts like a plan is held against it: participants of a unit, all of them. */
static int take_plan(struct board_question *self, const Ansinh__V1__GetBoardRequest *in,
                     struct err *err)
{
    int64_t year = year_of(self->ranking.until);
    const struct ranking *ranking = &self->ranking;
    if (in->plan_code[0] != '\0' && parse_int64(in->plan_code, YEAR_FIRST, YEAR_LAST, &year) < 0)
        return err_field(err, -EINVAL, "plan_code", "want the year of a plan");
    self->is_named = in->plan_code[0] != '\0';
    self->is_held = !ranking->is_by_source && self->question.slice.is_whole &&
                    (in->counts == ANSINH__V1__METRIC__METRIC_UNSPECIFIED ||
                     in->counts == ANSINH__V1__METRIC__METRIC_PAID);
    if (self->is_named && !self->is_held)
        return err_field(err, -EINVAL, "plan_code",
                         "only participants of units can be held against a plan");
    self->year = (uint32_t)year;
    self->plan_from = date_make((int)year, 1, 1);
    self->plan_until = date_make((int)year, 12, 31);
    self->plan_year = 0;
    for (size_t i = 0; i < ranking->n_rows; i++) {
        uint32_t row_year;
        if (plan_of(self, &ranking->rows[i], &row_year) > 0)
            self->plan_year = MAX(self->plan_year, row_year);
    }
    self->ranking.is_stock = self->plan_year != 0;
    return self->is_named && self->plan_year == 0
               ? err_field(err, -ENOENT, "plan_code", "unknown plan")
               : 0;
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
    int rc = counted_of(in->counts == ANSINH__V1__METRIC__METRIC_UNSPECIFIED
                            ? ANSINH__V1__METRIC__METRIC_PAID
                            : in->counts,
                        "counts", &self->ranking.counts, err);
    for (size_t i = 0; rc == 0 && i < RANKING_METRICS; i++)
        rc = counted_of(metrics[i], "counts", &self->ranking.window_metrics[i], err);
    return rc;
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
        return ranking_by_sources(ranking, &self->question, self->by);
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
        rc = take_metrics(self, in, err);
    if (rc == 0)
        rc = take_days(self, in, err);
    if (rc == 0)
        rc = take_rows(self, err);
    if (rc == 0)
        rc = take_plan(self, in, err);
    if (rc < 0)
        return rc;
    question->from = MIN(ranking->from, ranking->week_end - 2 * PACE_WEEK_DAYS);
    if (ranking->is_stock)
        question->from = 0;
    question->until = MAX(ranking->until, ranking->week_end - 1);
    return 0;
}

/* --- answering -------------------------------------------------------------------------------- */

static void figures_of(const struct board_question *self, const struct ranking_row *row,
                       struct figures *ret)
{
    uint32_t year;
    const struct figures_in in = {
        .value = row->value,
        .plan = plan_of(self, row, &year),
        .week = row->week,
        .week_before = row->week_before,
        .today = self->running,
        .from = self->plan_from,
        .until = self->plan_until,
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
    uint32_t year;
    struct figures figures;
    struct arena *arena = self->question.arena;
    figures_of(self, row, &figures);
    ansinh__v1__board_row__init(ret);
    ret->code = arena_printf(arena, "%s", row->code);
    ret->name = arena_printf(arena, "%s", name_of(self, row));
    ret->value = row->value;
    ret->declared = row->window[RANKING_DECLARED];
    ret->paid = row->window[RANKING_PAID];
    ret->accepted = row->window[RANKING_ACCEPTED];
    ret->reversed = row->window[RANKING_REVERSED];
    ret->plan = plan_of(self, row, &year);
    ret->gap = figures.gap;
    ret->percent = figure(arena, figures.percent);
    ret->pace_per_day = figure(arena, figures.pace_per_day);
    ret->improvement = figure(arena, figures.improvement);
    ret->needed_per_day = figure(arena, figures.needed_per_day);
    ret->is_behind = figures.is_behind;
    return ret->code == NULL || ret->name == NULL || ret->percent == NULL ||
                   ret->pace_per_day == NULL || ret->improvement == NULL ||
                   ret->needed_per_day == NULL
               ? -ENOMEM
               : 0;
}

/* Units are listed with nothing, too; of the others those alone that have something. */
static struct rank_row *rank(struct board_question *self, size_t *ret_n)
{
    const struct ranking *ranking = &self->ranking;
    struct rank_row *ranks = arena_alloc(self->question.arena, ranking->n_rows * sizeof(*ranks));
    *ret_n = 0;
    for (size_t i = 0; ranks != NULL && i + 1 < ranking->n_rows; i++) {
        const struct ranking_row *row = &ranking->rows[i];
        uint32_t tier = row->unit == NULL ? 0 : row->unit->difficulty_tier;
        if ((self->tier != 0 && tier != self->tier) || (row->unit == NULL && !ranking_is_any(row)))
            continue;
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

static int fill_rows(struct board_question *self, Ansinh__V1__GetBoardResponse *out)
{
    size_t n;
    struct arena *arena = self->question.arena;
    const struct rank_row *ranks = rank(self, &n);
    size_t n_shown = MIN(n, self->limit);
    Ansinh__V1__BoardRow *rows = arena_alloc(arena, (n_shown + 1) * sizeof(*rows));
    out->rows = arena_alloc(arena, n_shown * sizeof(*out->rows));
    if (ranks == NULL || rows == NULL || out->rows == NULL)
        return -ENOMEM;
    out->rows_in_all = (uint32_t)n;
    for (size_t i = 0; i < n_shown; i++) {
        if (fill_row(self, &self->ranking.rows[ranks[i].place], &rows[i]) < 0)
            return -ENOMEM;
        rows[i].rank = ranks[i].rank;
        rows[i].rank_in_tier = ranks[i].rank_in_tier;
        rows[i].tier = ranks[i].tier;
        out->rows[out->n_rows++] = &rows[i];
    }
    const struct ranking_row *rest = &self->ranking.rows[self->ranking.n_rows - 1];
    if (!ranking_is_any(rest))
        return 0;
    out->rest = &rows[n_shown];
    return fill_row(self, rest, out->rest);
}

static void answer(struct question *question)
{
    struct board_question *self = (struct board_question *)question;
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES], beginning[1] = "";
    struct err err = {0};
    Ansinh__V1__GetBoardResponse out;
    ansinh__v1__get_board_response__init(&out);
    date_format(self->ranking.from, from);
    date_format(self->ranking.until, until);
    out.from = from;
    out.until = until;
    out.value_from = self->ranking.is_stock ? beginning : from;
    out.plan_year = self->plan_year;
    out.version = analytics_version(question->analytics);
    out.as_of_ms = question->as_of_ms;
    out.facts = question->facts;
    if (question_name(question, &out.unit_code, &out.name) < 0 || fill_rows(self, &out) < 0)
        question_fail(question, -ENOMEM, &err);
    else
        question_reply(question, &out.base);
}

static const struct question_kind board_kind = {
    .size = sizeof(struct board_question), .prepare = prepare, .visit = visit, .answer = answer};

void on_get_board(void *arg, struct bus_request *request)
{
    const Ansinh__V1__GetBoardRequest *in = (const Ansinh__V1__GetBoardRequest *)request->input;
    question_ask(arg, request, &board_kind, in->as_of_ms, in->slice);
}
