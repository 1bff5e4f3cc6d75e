/* Where drills take place: the communes with a plan and the collectors of the running platform,
 * and, for one that has none, made-up ones. */
#ifndef ANSINH_CLI_TERRITORY_H
#define ANSINH_CLI_TERRITORY_H

#include "common/base/arena.h"
#include "services/cli/cli.h"
#include "services/cli/sample.h"

struct territory {
    struct sample_commune *communes; /* in force, with a plan, ascending by code */
    size_t n_communes;
    struct sample_collector *collectors;
    size_t n_collectors;
};

/* Imports a file of units (as `ansinh import units`; NULL: none). Then communes without a collector
 * get two points of four made-up organisations with a collector each, and a country without a plan
 * gets one of so many participants for this year, with people of working age and prospects. 0, or
 * 1: what is wrong was said. */
int territory_complete(struct service *svc, const char *units_path, int64_t plan) MUST_CHECK;

/* Reads it from the directory into the arena, which owns all of it. Needs SERVICE_DIRECTORY. 0, or
 * 1: what is wrong was said. */
int territory_read(struct service *svc, struct arena *arena, struct territory *ret) MUST_CHECK;

#endif
