/* The parts of `ansinh drill`, one file each. */
#ifndef ANSINH_CLI_DRILL_H
#define ANSINH_CLI_DRILL_H

#include "common/base/arena.h"
#include "services/cli/cli.h"
#include "services/cli/sample.h"
#include "services/cli/sprint_plan.h"
#include "services/cli/territory.h"

/* Of the communes' strength: who is weak stays so from one drill to the next, whatever its own
 * seed.
 */
#define DRILL_STRENGTH_SEED 2025

/* What the command line says; 0 and NULL: nothing. */
struct drill_options {
    int64_t seed, people, plan, rate, seconds, days, speed;
    const char *units;
};

/* The running platform, its territory and people to be made up in it. */
struct drill_ground {
    struct service svc;
    struct arena *arena;
    struct territory territory;
    struct sample *sample;
    int has_provinces; /* communes of more than one have a plan */
};

/* Opens the platform and completes its territory as the options say. The exit status; what is wrong
 * was said. drill_ground_close undoes it, also after a failure. */
int drill_ground_open(struct drill_ground *self, const struct drill_options *options) MUST_CHECK;
void drill_ground_close(struct drill_ground *self);

/* How many persons a commune, by its index in the territory, wants in all, in percent of its plan:
 * weak and strong ones, in weak and strong provinces. */
uint32_t drill_target_percent(const struct drill_ground *self, size_t commune) MUST_CHECK;

/* People who enrolled and paid in the months before today, as fast as they go. */
int drill_people(const struct drill_options *options);

/* A sprint of some days, replayed so that it ends today. */
int drill_rehearse(const struct drill_options *options);

#endif
