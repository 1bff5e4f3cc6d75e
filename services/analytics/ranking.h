/* The rows of a board: which fact belongs to which, and what each of them comes to. */
#ifndef ANSINH_ANALYTICS_RANKING_H
#define ANSINH_ANALYTICS_RANKING_H

#include "services/analytics/figures.h"
#include "services/analytics/question.h"

enum { RANKING_DECLARED, RANKING_PAID, RANKING_ACCEPTED, RANKING_REVERSED, RANKING_METRICS };

struct ranking_row {
    const char *code;                  /* "": what belongs to none of the others */
    const struct directory_unit *unit; /* NULL: it is none */
    int64_t plan;                      /* target; 0: none */
    int64_t value, week, week_before;  /* of the metric that counts */
    int64_t window[RANKING_METRICS];
};

/* The last row is the rest. Of the facts' communes, or of their sources, row_of has the row. */
struct ranking {
    struct ranking_row *rows;
    size_t n_rows; /* with the rest */
    uint32_t *row_of;
    int is_by_source;
    struct counted counts, window_metrics[RANKING_METRICS];
    int32_t from, until; /* window */
    int32_t value_from;  /* the value is that of the days from here on, until the last one */
    int32_t week_end;    /* behind the last 7 whole days */
    int32_t week_from;   /* days before are in no week */
};

/* Who has a target; may be there several times. */
struct ranking_named {
    const char *code;
    int64_t target;
};

/* Fill rows and row_of in the question's arena. -ENOMEM. */
int ranking_by_communes(struct ranking *self, struct question *question) MUST_CHECK;
/* A row for each unit below the slice's. */
int ranking_by_units(struct ranking *self, struct question *question) MUST_CHECK;
/* A row for each code that a source has, or that is named, with the sum of its targets. */
int ranking_by_sources(struct ranking *self, struct question *question, Ansinh__V1__BoardBy by,
                       const struct ranking_named *named, size_t n_named) MUST_CHECK;

/* A fact of the slice. */
void ranking_count(struct ranking *self, const struct fact *fact);

/* Whether there is anything in a row, or shall be. */
int ranking_is_any(const struct ranking_row *row);

#endif
