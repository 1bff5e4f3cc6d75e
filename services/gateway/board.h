/* All watches, kept in step with analytics.
 *
 * Snapshots are asked for (GetProgress), changes come as views over PUB/SUB. Values are absolute,
 * so a lost view heals by a fresh snapshot every BOARD_HEAL_MS. */
#ifndef ANSINH_GATEWAY_BOARD_H
#define ANSINH_GATEWAY_BOARD_H

#include "common/service/service.h"
#include "services/gateway/watch.h"

#define BOARD_TICK_MS 100   /* changes are told at most this often */
#define BOARD_STALE_MS 5000 /* without news from analytics: viewers are told */
#define BOARD_HEAL_MS 30000
#define BOARD_FRESH_MS 5000 /* a snapshot up to this age serves a new viewer */

struct board;

/* Subscribes to the views of the live analytics instances. fn runs for the events of every watch;
 * it may leave that watch. Errors as bus_subscriber_create. */
int board_create(struct service *svc, watch_fn fn, void *arg, struct board **ret,
                 struct err *err) MUST_CHECK;
/* All watches must have been left and no call be under way. */
void board_destroy(struct board **self);

/* The watch of these units, made when there is none, and kept until board_leave. Starts
 * loading unless its snapshot is fresh. */
struct watch *board_join(struct board *self, const struct watch_spec *spec);
/* To be called when watch->viewers is empty again: the watch goes, at the latest when its load has
 * ended. */
void board_leave(struct board *self, struct watch *watch);

/* True when the watch has a snapshot of at most BOARD_FRESH_MS. */
int board_is_fresh(const struct watch *watch);

/* All watches: start with NULL, ends with NULL. */
struct watch *board_next(const struct board *self, const struct watch *watch);

/* Wall time of the last news from analytics, or since when there is somebody to wait for them. */
int64_t board_heard_ms(const struct board *self);

#endif
