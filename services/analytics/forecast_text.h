/* A forecast in one sentence, as a campaign manager would say it. Pure. */
#ifndef ANSINH_ANALYTICS_FORECAST_TEXT_H
#define ANSINH_ANALYTICS_FORECAST_TEXT_H

#include <stddef.h>

#include "common/domain/forecast.h"
#include "common/domain/next_session.h"

#define FORECAST_TEXT_BYTES 1024
#define DECIMAL_TEXT_BYTES 32

/* What is counted. */
enum forecast_noun { NOUN_PARTICIPANTS, NOUN_NEW_PARTICIPANTS, NOUN_DECLARATIONS, NOUN_ACCEPTED };

/* What a sentence says besides the forecast; names and days as the reader writes them. */
struct forecast_words {
    const char *name;        /* the unit's */
    const char *until;       /* the last day */
    const char *plan;        /* its year or name */
    const char *plan_until;  /* its last day */
    int is_year, is_expired; /* the plan's name is a year; its days are over */
    enum forecast_noun noun;
    int64_t contacts, joined;   /* the observed conversion */
    const char *observed_in;    /* the unit above in which it was observed; NULL: here */
    const char *observed_until; /* the last day, when that is not today; else NULL */
    int has_prospects;          /* whether it is known who is left to be won */
    int64_t prospects;
};

/* More people than are left to be won would have to be met. */
int forecast_is_beyond(const struct forecast *forecast, const struct forecast_words *words);

/* Hundredths with a point: 107716 is "1077.16"; "" for FORECAST_NONE. */
void decimal_format(int64_t hundredths, char ret[DECIMAL_TEXT_BYTES]);

/* Cut at FORECAST_TEXT_BYTES. */
void forecast_sentence_en(const struct forecast *forecast, const struct forecast_words *words,
                          char ret[FORECAST_TEXT_BYTES]);
void forecast_sentence_vi(const struct forecast *forecast, const struct forecast_words *words,
                          char ret[FORECAST_TEXT_BYTES]);

/* What was observed where: names and days as the reader writes them. */
struct observed_words {
    const char *above;         /* the unit whose average was taken */
    int32_t days;              /* how many were observed, up to today */
    const char *since, *until; /* or from when to when; NULL: up to today */
    int is_by_prospects;       /* without an expectation it was guessed by these, else by the gap */
};

/* Why a session is proposed. */
void next_session_why_en(const struct next_session *row, const struct observed_words *words,
                         char ret[FORECAST_TEXT_BYTES]);
void next_session_why_vi(const struct next_session *row, const struct observed_words *words,
                         char ret[FORECAST_TEXT_BYTES]);

#endif
