/* The counters in memory: per commune, in total, by business day and by hour of today. Provinces
 * and the country are sums of their communes, so an event needs no territory to be counted. */
#ifndef ANSINH_ANALYTICS_BOARD_H
#define ANSINH_ANALYTICS_BOARD_H

#include <stddef.h>
#include <stdint.h>

#define BOARD_HOURS 24
#define BOARD_DAYS_SHOWN 400 /* days back that anybody can ask for */

enum board_metric {
    BOARD_PARTICIPANTS, /* first payments */
    BOARD_DECLARED,     /* enrolments */
    BOARD_ACCEPTED,     /* of them, by the social insurance office */
    BOARD_PAYMENTS,
    BOARD_PARTICIPANT_VND,
    BOARD_CENTRAL_VND,
    BOARD_LOCAL_VND,
    BOARD_DONOR_VND,
    BOARD_RENEWED,
    BOARD_LAPSED,
    BOARD_REVERSED,
    BOARD_ENDED,
    BOARD_METRICS
};
/* The first three are also counted by day and hour. */
#define BOARD_TIMED_METRICS 3

struct board_day {
    int32_t day;
    int32_t counts[BOARD_TIMED_METRICS];
};

/* One commune's counters, or sums of several. */
struct board_totals {
    int64_t values[BOARD_METRICS];
};

struct board;

struct board *board_create(void);
void board_destroy(struct board **self);
void board_clear(struct board *self);

/* Adds to a commune's counters. */
void board_add(struct board *self, uint32_t commune, enum board_metric metric, int64_t delta);
void board_add_day(struct board *self, uint32_t commune, int32_t day, enum board_metric metric,
                   int32_t delta);
void board_add_hour(struct board *self, uint32_t commune, int32_t day, unsigned hour,
                    enum board_metric metric, int32_t delta);

/* Set instead of add: what is loaded may come twice. */
void board_set(struct board *self, uint32_t commune, enum board_metric metric, int64_t value);
void board_set_hour(struct board *self, uint32_t commune, int32_t day, unsigned hour,
                    enum board_metric metric, int32_t value);

/* Sums of the communes listed (codes as numbers). */
void board_sum(const struct board *self, const uint32_t *communes, size_t n,
               struct board_totals *ret);

/* The same by day from first_day on, ascending: fills at most max, answers how many. */
size_t board_sum_days(const struct board *self, const uint32_t *communes, size_t n,
                      int32_t first_day, struct board_day *ret, size_t max);
/* The same by hour of one day; all zero when that day is not the one whose hours are kept (the
 * latest). */
void board_sum_hours(const struct board *self, const uint32_t *communes, size_t n, int32_t day,
                     int32_t ret[BOARD_HOURS][BOARD_TIMED_METRICS]);

/* Communes that changed since board_forget_changes: fills at most max, answers how many there are.
 */
size_t board_changed(const struct board *self, uint32_t *ret, size_t max);
void board_forget_changes(struct board *self);

/* Communes known. */
size_t board_count(const struct board *self);

#endif
