/* The units of a forecast with what was counted in them, day by day. */
#ifndef ANSINH_ANALYTICS_FORECAST_ROWS_H
#define ANSINH_ANALYTICS_FORECAST_ROWS_H

#include "common/domain/forecast.h"
#include "services/analytics/forecast_plan.h"
#include "services/analytics/observed.h"
#include "services/analytics/question.h"

/* A plan of a campaign has 400 days, and its year before another 366. */
#define FORECAST_HISTORY_DAYS 800

struct forecast_row {
    const struct directory_unit *unit;
    struct forecast_window window;
    int64_t total;   /* of what the plan counts, ever */
    int64_t value;   /* the same, or that of the plan's days alone */
    int32_t *counts; /* of the last FORECAST_HISTORY_DAYS, today's is the last */
};

struct forecast_question {
    struct question question;
    struct forecast_plan plan;
    struct counted counted;
    struct forecast_row *rows; /* the unit, then those right below */
    size_t n_rows;
    int is_of_board;            /* what is counted is taken from the board, not from the facts */
    uint16_t *row_of;           /* place of a commune's child in rows; 0: it is in none */
    int32_t until;              /* that was asked for; 0: none */
    struct observed *observing; /* made by this question; NULL: there is one that will do */
    int is_refreshing;          /* it is the one for all that come next */
};

/* Rows, their plans and, where the board knows it, what was counted; the plan is found. -ENOMEM. */
int forecast_rows_make(struct forecast_question *self) MUST_CHECK;

/* A fact of the slice, when the board is not asked. */
void forecast_rows_take(struct forecast_question *self, const struct fact *fact);

/* The days on which anything was counted. */
size_t forecast_row_days(const struct forecast_question *self, const struct forecast_row *row,
                         struct forecast_day ret[FORECAST_HISTORY_DAYS]);

/* What was counted from a day until today; from the first day there is, when that is later. */
int64_t forecast_row_since(const struct forecast_question *self, const struct forecast_row *row,
                           int32_t day);

#endif
