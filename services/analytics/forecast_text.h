/* A forecast in one sentence, as a campaign manager would say it. Pure. */
#ifndef ANSINH_ANALYTICS_FORECAST_TEXT_H
#define ANSINH_ANALYTICS_FORECAST_TEXT_H

#include <stddef.h>

#include "common/domain/forecast.h"

#define FORECAST_TEXT_BYTES 512
#define DECIMAL_TEXT_BYTES 32

/* Hundredths with a point: 107716 is "1077.16"; "" for FORECAST_NONE. */
void decimal_format(int64_t hundredths, char ret[DECIMAL_TEXT_BYTES]);

/* name is the unit's, until the last day as the reader writes it. Cut at FORECAST_TEXT_BYTES. */
void forecast_sentence_en(const struct forecast *forecast, const char *name, const char *until,
                          char ret[FORECAST_TEXT_BYTES]);
void forecast_sentence_vi(const struct forecast *forecast, const char *name, const char *until,
                          char ret[FORECAST_TEXT_BYTES]);

#endif
