/* One visit of a rehearsed sprint through the services' own commands, and what was acknowledged. */
#ifndef ANSINH_CLI_SPRINT_VISIT_H
#define ANSINH_CLI_SPRINT_VISIT_H

#include "services/cli/bulk.h"
#include "services/cli/sprint_board.h"
#include "services/cli/sprint_plan.h"

#define SPRINT_TRIES_MAX 20 /* of a command without an answer */

struct sprint_tally {
    unsigned long visits, taken_back, paid_again, changed, doubled, late, cut_short;
    unsigned long accepted, returned; /* decisions, also on what was decided before */
    unsigned long sessions, contacts; /* held; lines of their lists */
    unsigned long commands;           /* acknowledged */
    unsigned long failures;           /* the first ones are said on standard error */
};

/* A set of numbers. */
static inline int sprint_bits_has(const uint8_t *bits, uint32_t i)
{
    return bits[i / 8] >> i % 8 & 1;
}

static inline void sprint_bits_add(uint8_t *bits, uint32_t i)
{
    bits[i / 8] |= (uint8_t)(1 << i % 8);
}

/* What all visits share. */
struct sprint_run {
    struct service *svc;
    const struct sample *sample;
    const struct territory *territory;
    struct sprint_board *acknowledged;
    /* Sets of what has come to its end: visits, visits whose declaration was decided on, sessions
     * that were announced. */
    uint8_t *visited, *decided, *announced;
    uint64_t seed;
    int64_t first_ms; /* midnight of the first day */
    int64_t ids_ms;   /* of request ids: not in the future, and less than two days ago */
    int64_t begin_ms; /* monotonic, when the replay's clock stood at begin_s */
    int64_t begin_s, speed;
    struct sprint_tally tally;
};

/* Seconds since midnight of the first day, on the replay's clock. */
int64_t sprint_run_now_s(const struct sprint_run *self);

/* Nobody knows yet what became of a command: ask again with the same request id. */
int sprint_is_open(Ansinh__V1__Code code);
/* Counts a failure, and says the first ones. */
void sprint_fail(struct sprint_run *run, const char *act, const char *what, const char *field,
                 const char *message);

/* Starts a visit, or what a renewal has done before the sprint, as a job of bulk. Copies what it
 * needs; run must outlive the job. A command whose outcome is not known is sent again, with the
 * same request id. A payment of an earlier business date is taken back by a refund case, one of
 * today by a reversal. */
void sprint_visit_start(struct sprint_run *run, struct bulk *bulk, const struct sprint_visit *visit,
                        int is_before);

#endif
