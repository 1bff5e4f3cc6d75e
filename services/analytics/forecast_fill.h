/* A forecast's rows as messages. */
#ifndef ANSINH_ANALYTICS_FORECAST_FILL_H
#define ANSINH_ANALYTICS_FORECAST_FILL_H

#include "services/analytics/forecast_rows.h"

/* Forecasts a row; texts live in the question's arena, or as long as the directory. -ENOMEM. */
int forecast_fill(const struct forecast_question *self, const struct observed *observed,
                  const struct forecast_row *row, int has_sentences,
                  Ansinh__V1__UnitForecast *ret) MUST_CHECK;

/* Where the next session pays most, for the unit that was asked about. -ENOMEM. */
int forecast_fill_next(const struct forecast_question *self, const struct observed *observed,
                       Ansinh__V1__UnitForecast *ret) MUST_CHECK;

/* A unit's name in English; the other one where it has none. */
const char *forecast_name_en(const struct directory_unit *unit);

#endif
