/* One visit of a rehearsed sprint through the services' own commands, and what was acknowledged. */
#ifndef ANSINH_CLI_SPRINT_VISIT_H
#define ANSINH_CLI_SPRINT_VISIT_H

#include "services/cli/bulk.h"
#include "services/cli/sprint_board.h"
#include "services/cli/sprint_plan.h"

struct sprint_tally {
    unsigned long visits, taken_back, paid_again, changed, doubled, late, cut_short;
    unsigned long commands; /* acknowledged */
    unsigned long failures; /* the first ones are said on standard error */
};

/* What all visits share. */
struct sprint_run {
    struct service *svc;
    const struct sample *sample;
    struct sprint_board *acknowledged;
    uint64_t seed;
    int64_t ids_ms;   /* of request ids: not in the future, and less than two days ago */
    int64_t begin_ms; /* monotonic, when the replay's clock stood at begin_s */
    int64_t begin_s, speed;
    struct sprint_tally tally;
};

/* Seconds since midnight of the first day, on the replay's clock. */
int64_t sprint_run_now_s(const struct sprint_run *self);

/* Starts a visit, or what a renewal has done before the sprint, as a job of bulk. Copies what it
 * needs; run must outlive the job. A command whose outcome is not known is sent again, with the
 * same request id. A payment of an earlier business date is taken back by a refund case, one of
 * today by a reversal. */
void sprint_visit_start(struct sprint_run *run, struct bulk *bulk, const struct sprint_visit *visit,
                        int is_before);

#endif
