/* The figures of a board's row beside its plan, and the rows' ranks. Pure, whole numbers. */
#ifndef ANSINH_ANALYTICS_FIGURES_H
#define ANSINH_ANALYTICS_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#define FIGURE_NONE INT64_MIN /* there is no such number */
#define FIGURE_TEXT_BYTES 32
#define PACE_WEEK_DAYS 7
#define BEHIND_GRACE_PERCENT 10 /* of the plan's days: until these are over nobody is behind */

struct figures_in {
    int64_t value, plan;        /* plan 0: none */
    int64_t week, week_before;  /* counted in the last 7 whole days, and in the 7 before these */
    int32_t week_days;          /* of these 7, how many could count */
    int32_t today, from, until; /* the day that is running; the plan's first and last */
};

/* All but the gap are in hundredths and half up, away from zero; FIGURE_NONE without a plan where
 * they need one. */
struct figures {
    int64_t gap;            /* plan - value; 0 without a plan */
    int64_t percent;        /* of the plan */
    int64_t pace_per_day;   /* mean of the last 7 whole days; FIGURE_NONE: none could count */
    int64_t improvement;    /* percent of the plan won in these, less that of the 7 before */
    int64_t needed_per_day; /* to close the gap in the days behind today; FIGURE_NONE: no gap, or no
                               days left */
    int64_t short_per_day; /* needed on each day that is left, the last one at least, less the pace;
                              FIGURE_NONE: no gap */
    int is_behind;         /* see figures_make */
};

/* Behind is who has a plan and a gap, when more than BEHIND_GRACE_PERCENT of the plan's days are
 * over and the pace is below what is needed, or no day is left. */
void figures_make(const struct figures_in *in, struct figures *ret);

/* part * scale / whole in hundredths, half away from zero: scale 100 makes percent. FIGURE_NONE
 * without a whole (0 or less). */
int64_t figure_ratio(int64_t part, int64_t scale, int64_t whole);

/* "57.34", "-0.05"; "" for FIGURE_NONE. */
void figure_format(int64_t hundredths, char ret[FIGURE_TEXT_BYTES]);

/* Who is ranked by a key; those without one (FIGURE_NONE) by their value, behind all others. */
struct rank_row {
    int64_t key, value;
    const char *code;
    uint32_t tier;
    uint32_t rank, rank_in_tier; /* from 1; equal keys share one, and the next is left out */
    size_t place;                /* the caller's */
};

/* Sorts, the largest key first and equal ones by code, and fills the ranks. */
void ranks_assign(struct rank_row *rows, size_t n);

#define RANK_TIERS 5 /* 0: not known */

#endif
