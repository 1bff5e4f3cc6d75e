/* What a campaign can still reach: pace, pattern of the week, projection with a band. Pure, whole
 * numbers throughout. */
#ifndef ANSINH_DOMAIN_FORECAST_H
#define ANSINH_DOMAIN_FORECAST_H

#include <stddef.h>
#include <stdint.h>

#define FORECAST_HORIZON_MAX_DAYS 400
#define FORECAST_NONE INT64_MIN /* there is no such number */

/* New participants of a business day. */
struct forecast_day {
    int32_t day;
    int32_t count;
};

struct forecast_request {
    int32_t today;       /* business day that is running */
    int32_t from, until; /* first and last day of the plan */
    int is_new;          /* it counts who comes in these days; else all there are at the end */
    int64_t participants, plan; /* of that, now and at the end; plan 0: none */
    /* Ascending, up to today; days without anybody may be left out. */
    const struct forecast_day *days;
    size_t n_days;
    /* Observed: people who were reached, and how many of them joined; 0, 0: not known. */
    int64_t contacts, joined;
};

enum forecast_reach {
    REACH_NO_PLAN,
    REACH_DONE,      /* the plan is fulfilled */
    REACH_ON_COURSE, /* the projection fulfils it */
    REACH_POSSIBLE,  /* the upper end of the band does */
    REACH_TOO_SLOW,  /* not at this pace */
};

/* Averages are in hundredths of a person. */
struct forecast {
    int64_t participants, plan; /* of the request */
    int64_t gap;                /* plan - participants */
    int32_t days_left;          /* whole days behind today that count, the last one included */
    int64_t needed_per_day;     /* of these days; FORECAST_NONE: no plan, or no days left */
    int64_t pace_per_day;       /* mean of the last 7 whole days */
    int64_t last_year;          /* who joined in these days a year ago; FORECAST_NONE: not known */
    int64_t so_far;             /* who joined from the plan's first day until today */
    int64_t so_far_last_year;   /* in the same days a year ago; FORECAST_NONE: not known */
    int64_t projected;          /* participants at the end, at this pace */
    int64_t projected_low, projected_high; /* 8 of 10 ends lie between, if days vary as they did */
    int64_t contacts_needed; /* for the gap, at the observed conversion; FORECAST_NONE: not known */
    int64_t conversion;      /* joined per contact, in hundredths of a percent; or FORECAST_NONE */
    enum forecast_reach reach;
};

/* The pace of the last 7 whole days goes on, each weekday with its share as in the last 8 weeks
 * (all alike with less than 2 weeks); what is missing from today is expected, too. The band is that
 * of the last 28 days' deviations from this pattern. With until before today nothing is expected
 * any more; more than FORECAST_HORIZON_MAX_DAYS behind it counts as that. */
void forecast_make(const struct forecast_request *request, struct forecast *ret);

#endif
