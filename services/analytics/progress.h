/* A unit's progress: the board's sums beside the plan. */
#ifndef ANSINH_ANALYTICS_PROGRESS_H
#define ANSINH_ANALYTICS_PROGRESS_H

#include "ansinh/v1/analytics.pb-c.h"
#include "common/base/arena.h"
#include "common/service/directory.h"
#include "services/analytics/board.h"

/* Fills a message whose texts live in the arena (or as long as the directory). today is the
 * business day. -ENOMEM. */
int progress_fill(const struct board *board, const struct directory_unit *unit, int32_t today,
                  struct arena *arena, Ansinh__V1__UnitProgress *ret) MUST_CHECK;

/* The codes of a unit's communes and of those that were merged whole into it or into them, each
 * once, in the arena; a commune is its own. NULL at the limit. */
uint32_t *progress_communes(const struct directory_unit *unit, struct arena *arena, size_t *ret_n);

#endif
