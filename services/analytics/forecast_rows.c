#include "services/analytics/forecast_rows.h"

#include <errno.h>

#include "services/analytics/analytics.h"
#include "services/analytics/progress.h"

static int32_t first_day(const struct forecast_question *self)
{
    return self->question.today - FORECAST_HISTORY_DAYS + 1;
}

/* The board knows of now and of one product, and its days leave out those with acceptances alone.
 */
static int knows_board(const struct forecast_question *self, int is_now)
{
    const struct forecast_plan *plan = &self->plan;
    int is_old = plan->is_new && self->rows[0].window.from < first_day(self);
    return is_now && !is_old && plan->counts != FACT_METRIC_ACCEPTED &&
           plan->product == ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
}

static int is_in_window(const struct forecast_row *row, int32_t day)
{
    return day >= row->window.from && day <= row->window.plan_until;
}

static int take_board(struct forecast_question *self, struct forecast_row *row,
                      struct board_day *days)
{
    size_t n;
    struct board_totals totals;
    const struct board *board = self->question.analytics->board;
    enum board_metric metric = board_metric_of(self->plan.counts);
    const uint32_t *communes = progress_communes(row->unit, self->question.arena, &n);
    if (communes == NULL)
        return -ENOMEM;
    board_sum(board, communes, n, &totals);
    row->total = totals.values[metric];
    row->value = self->plan.is_new ? 0 : row->total;
    n = board_sum_days(board, communes, n, first_day(self), days, FORECAST_HISTORY_DAYS);
    for (size_t i = 0; i < n; i++) {
        row->counts[days[i].day - first_day(self)] = days[i].counts[metric];
        if (self->plan.is_new && is_in_window(row, days[i].day))
            row->value += days[i].counts[metric];
    }
    return 0;
}

static int place_children(struct forecast_question *self)
{
    struct arena *arena = self->question.arena;
    self->row_of = arena_zalloc(arena, SLICE_COMMUNES * sizeof(*self->row_of));
    if (self->row_of == NULL || self->n_rows > UINT16_MAX)
        return -ENOMEM;
    for (size_t i = 1; i < self->n_rows; i++) {
        size_t n;
        const uint32_t *communes = progress_communes(self->rows[i].unit, arena, &n);
        if (communes == NULL)
            return -ENOMEM;
        for (size_t k = 0; k < n; k++)
            self->row_of[communes[k]] = (uint16_t)i;
    }
    return 0;
}

int forecast_rows_make(struct forecast_question *self)
{
    struct question *question = &self->question;
    const struct directory_unit *unit = slice_above(&question->slice);
    struct board_day *days = arena_alloc(question->arena, FORECAST_HISTORY_DAYS * sizeof(*days));
    self->n_rows = 1 + unit->n_children;
    self->rows = arena_zalloc(question->arena, self->n_rows * sizeof(*self->rows));
    if (self->rows == NULL || days == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < self->n_rows; i++) {
        struct forecast_row *row = &self->rows[i];
        row->unit = i == 0 ? unit : unit->children[i - 1];
        row->counts = arena_zalloc(question->arena, FORECAST_HISTORY_DAYS * sizeof(*row->counts));
        if (row->counts == NULL ||
            forecast_window_of(&self->plan, question, row->unit, self->until, &row->window) < 0)
            return -ENOMEM;
    }
    const Ansinh__V1__GetForecastRequest *in =
        (const Ansinh__V1__GetForecastRequest *)question->input;
    self->is_of_board = knows_board(self, in->as_of_ms == 0);
    if (!self->is_of_board)
        return place_children(self);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < self->n_rows; i++)
        rc = take_board(self, &self->rows[i], days);
    return rc;
}

static void add(struct forecast_question *self, struct forecast_row *row, int32_t day,
                int64_t measure)
{
    row->total += measure;
    if (!self->plan.is_new || is_in_window(row, day))
        row->value += measure;
    if (day >= first_day(self) && day <= self->question.today)
        row->counts[day - first_day(self)] += (int32_t)measure;
}

void forecast_rows_take(struct forecast_question *self, const struct fact *fact)
{
    int64_t measure = counted_measure(&self->counted, fact);
    if (measure == 0)
        return;
    add(self, &self->rows[0], fact->day, measure);
    size_t place = fact->commune < SLICE_COMMUNES ? self->row_of[fact->commune] : 0;
    if (place != 0)
        add(self, &self->rows[place], fact->day, measure);
}

size_t forecast_row_days(const struct forecast_question *self, const struct forecast_row *row,
                         struct forecast_day ret[FORECAST_HISTORY_DAYS])
{
    size_t n = 0;
    for (int32_t i = 0; i < FORECAST_HISTORY_DAYS; i++) {
        if (row->counts[i] != 0)
            ret[n++] = (struct forecast_day){first_day(self) + i, row->counts[i]};
    }
    return n;
}

int64_t forecast_row_since(const struct forecast_question *self, const struct forecast_row *row,
                           int32_t day)
{
    int64_t sum = 0;
    for (int32_t i = MAX(day - first_day(self), 0); i < FORECAST_HISTORY_DAYS; i++)
        sum += row->counts[i];
    return sum;
}
