/* The sessions of a rehearsed sprint: conferences, visits, ceremonies, the radio, more where more
 * people come. Each follows from the plan and its number alone. No I/O, no clock. */
#ifndef ANSINH_CLI_SPRINT_SESSION_H
#define ANSINH_CLI_SPRINT_SESSION_H

#include "services/cli/sprint_plan.h"

#define SPRINT_SESSIONS_MAX 2    /* of a commune on a day */
#define SPRINT_LISTED_MAX 40     /* people who were reached and do not join, on a session's list */
#define SPRINT_REACHED_POOL 400  /* of a commune, from whom these come */
#define SPRINT_TOUCH_LAG_MAX 6   /* days from a session to whom it brings */
#define SPRINT_TOUCH_MIN_S 1200  /* on the same day; from its beginning */
#define SPRINT_PERSONAL_BYTES 13 /* with NUL */

struct sprint_session {
    uint32_t number;
    uint32_t place;
    int32_t day;
    int kind;               /* ansinh.v1.SessionKind */
    int64_t start_s, end_s; /* since midnight of the sprint's first day */
    uint32_t attendance;
    uint32_t n_listed;
    uint32_t wins_percent; /* of those whom it might have brought */
    int is_cancelled;      /* announced, and not held: nobody attends or is listed */
};

/* Numbers of sessions are below this; of a day, those from day * the same of one day on. */
uint32_t sprint_session_numbers(const struct sprint_plan *plan);

/* 0: there is none of that number. */
int sprint_session_get(const struct sprint_plan *plan, uint32_t number, struct sprint_session *ret);

/* Looks for sessions of a commune that were held before a moment of a day (from 0) and brought
 * somebody, the last one first. */
struct sprint_search {
    uint32_t place, day;
    uint32_t visit;
    uint32_t lag;     /* days before that day to begin with; moves on */
    uint32_t passed;  /* sessions of that lag already looked at */
    int64_t before_s; /* second of the day */
};

/* 0: there are no more. */
int sprint_session_before(const struct sprint_plan *plan, struct sprint_search *search,
                          uint32_t *ret_number);

/* The k-th who was reached and does not join, k < n_listed: a made-up id that no drill enrols. */
void sprint_session_listed(const struct sprint_session *self, uint32_t k,
                           char ret[SPRINT_PERSONAL_BYTES]);

#endif
