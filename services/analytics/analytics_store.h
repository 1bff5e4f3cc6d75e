/* The board's keys in the views server, and nothing else: increments out, everything back in.
 *
 * {v:board}:totals      hash  "<commune>:<metric>"         -> number
 * {v:board}:days:<year> hash  "<commune>:<day>:<metric>"   -> number; day counts from 1970-01-01
 * {v:board}:hours:<day> hash  "<commune>:<hour>:<metric>"  -> number; kept for 40 days */
#ifndef ANSINH_ANALYTICS_ANALYTICS_STORE_H
#define ANSINH_ANALYTICS_ANALYTICS_STORE_H

#include "common/store/views.h"
#include "services/analytics/board.h"

#define BOARD_VIEW "board"
#define HOURS_KEPT_DAYS 40 /* older ones are not written: they also bound the keys of a flush */

/* Increments gathered since the last collect, merged per field. */
struct increments;
struct increments *increments_create(void);
void increments_destroy(struct increments **self);
void increments_clear(struct increments *self);

void increments_total(struct increments *self, uint32_t commune, enum board_metric metric,
                      int64_t delta);
void increments_day(struct increments *self, uint32_t commune, int32_t day,
                    enum board_metric metric, int64_t delta);
void increments_hour(struct increments *self, uint32_t commune, int32_t day, unsigned hour,
                     enum board_metric metric, int64_t delta);

/* Operations of a flush that they take at most, and bytes of each. */
#define INCREMENT_BYTES_MAX 40 /* 13 and "99999:20411:11" */
size_t increments_operations(const struct increments *self);
/* Moves all of them into a flush. */
void increments_collect(struct increments *self, struct flush *flush);

/* Asks views for totals and the hours of today and sets them on the board; done(arg, rc) runs once.
 * Its days are the sums of the facts. */
void board_load(struct store *views, struct board *board, int32_t today,
                void (*done)(void *arg, int rc), void *arg);

/* Deletes these keys and the checkpoint, as the next flush under this fence: what they held is
 * folded anew from the journals. done runs once; -ESTALE: somebody else writes the view now. */
void board_erase(struct store *views, uint64_t epoch, uint64_t flushes, int32_t today,
                 void (*done)(void *arg, int rc), void *arg);

#endif
