/* What happens in a rehearsed sprint: who comes to which commune, when, what goes wrong, and what
 * the social insurance office makes of it. A pure function of its spec, told one visit after the
 * other, so that a country's sprint needs no more memory than a commune's. No I/O, no clock. */
#ifndef ANSINH_CLI_SPRINT_PLAN_H
#define ANSINH_CLI_SPRINT_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/id.h"
#include "common/domain/contribution.h"

#define SPRINT_DAYS_MAX 62
#define SPRINT_PEOPLE_MAX 5000000
#define SPRINT_DAY_S 86400
#define SPRINT_LATE_DAYS_MAX 4

enum sprint_kind {
    SPRINT_NEW,      /* enrols and pays */
    SPRINT_DECLARED, /* enrols; the money does not come */
    SPRINT_RENEWAL,  /* has paid before the sprint and pays again */
    SPRINT_KINDS
};

enum sprint_end {
    SPRINT_STANDS,
    SPRINT_TAKEN_BACK, /* the payment is taken back some minutes later */
    SPRINT_PAID_AGAIN  /* and another one made on other terms */
};

/* A declaration is decided on once, or returned and mended, or accepted and found wrong. */
#define SPRINT_DECISIONS_MAX 2
#define SPRINT_DECISION_LAG_MAX 18 /* days behind the visit's business date */

struct sprint_decision {
    int64_t at_s; /* as below, at least a day behind the visit's recording */
    int32_t day;  /* business date */
    int is_returned;
};

/* Sessions in which somebody was reached before the visit. */
#define SPRINT_TOUCHES_MAX 2

/* Everything that one person does, and what becomes of it. */
struct sprint_visit {
    uint32_t i;      /* 0 .. people - 1, ascending by business date and hour */
    uint32_t place;  /* index of the commune */
    int32_t day;     /* business date */
    int64_t at_s;    /* recorded so many seconds after midnight of the first day */
    int64_t again_s; /* when it is taken back; 0: it stands */
    enum sprint_kind kind;
    enum sprint_end end;
    enum method method;
    enum method other_method; /* of who pays again, and of who changes */
    int32_t before_day;       /* of a renewal: when the person enrolled and paid last; else 0 */
    int32_t accepted_day;     /* of a renewal: when the office took that; else 0 */
    int is_changed;           /* another income (is_changed 1) or method (2) before the payment */
    int is_doubled;           /* every command is sent twice */
    int late_days;            /* recorded so many mornings later; 0: at once */
    unsigned n_touches, n_decisions;
    uint32_t touches[SPRINT_TOUCHES_MAX]; /* numbers of sessions, the last one first */
    struct sprint_decision decisions[SPRINT_DECISIONS_MAX];
};

struct sprint_spec {
    uint64_t seed;
    uint32_t days;           /* 1 to SPRINT_DAYS_MAX */
    int32_t last_day;        /* business date */
    uint32_t people;         /* 1 to SPRINT_PEOPLE_MAX */
    const uint64_t *weights; /* of each commune, in proportion to its people; not all 0 */
    size_t n_places;         /* 1 to DRAW_SHARES_MAX */
};

/* How many persons a commune wants in all by the end of the sprint, in percent of its plan, decided
 * by the seed and the commune's number: a few stay near 30, some exceed 100. */
uint32_t sprint_target_percent(uint64_t seed, uint32_t commune);

struct sprint_plan;

/* -EINVAL: a number is out of its range. -ENOMEM. */
int sprint_plan_create(const struct sprint_spec *spec, struct sprint_plan **ret,
                       struct err *err) MUST_CHECK;
void sprint_plan_destroy(struct sprint_plan **self);

/* The i-th visit, i < people. */
void sprint_plan_visit(const struct sprint_plan *self, uint32_t i, struct sprint_visit *ret);

/* What is there after these visits, and what has happened on the way. */
struct sprint_counts {
    uint32_t declared, participants, payments, accepted; /* with what was before the sprint */
    uint32_t taken_back, changed, doubled, late, touched, decisions, returned;
};

/* Counts all visits by commune and by day (0 .. days - 1) of business; adds to what is there.
 * Either may be NULL. A renewal's first payment is counted on the day of the visit. */
void sprint_plan_count(const struct sprint_plan *self, struct sprint_counts *by_place,
                       struct sprint_counts *by_day);

/* Without its weights. */
const struct sprint_spec *sprint_plan_spec(const struct sprint_plan *self);
int32_t sprint_plan_first_day(const struct sprint_plan *self);
/* Number of a day's first visit; of the day behind the last one: how many there are. */
uint32_t sprint_plan_day_begin(const struct sprint_plan *self, uint32_t day);
/* Days from the visit's business date to each decision; answers how many there are. Cheaper than
 * the visit. */
unsigned sprint_plan_lags(const struct sprint_plan *self, uint32_t i, uint32_t day,
                          int32_t ret[SPRINT_DECISIONS_MAX]);

/* Visits of a commune, and of a day (0 .. days - 1). */
uint32_t sprint_plan_place_people(const struct sprint_plan *self, size_t place);
uint32_t sprint_plan_day_people(const struct sprint_plan *self, uint32_t day);

/* The request id of a step of a visit: a UUIDv7 of wall_ms whose other bits follow from the seed,
 * i and step (below 256). The same again is the same command. */
void sprint_request_id(uint64_t seed, uint32_t i, unsigned step, int64_t wall_ms,
                       struct request_id *ret);

#endif
