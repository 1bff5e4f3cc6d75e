/* All watches, kept in step with analytics.
 *
 * Snapshots are asked for (GetProgress), changes come as views over PUB/SUB. Values are absolute,
 * so a lost view heals by a fresh snapshot every LIVE_HEAL_MS. */
#ifndef ANSINH_GATEWAY_LIVE_H
#define ANSINH_GATEWAY_LIVE_H

#include "common/service/service.h"
#include "services/gateway/live_watch.h"

#define LIVE_TICK_MS 100
#define LIVE_TELL_MS                                                                               \
    80 /* between two tellings of changes: less than between two views, so that                    \
          one that came late delays none of those that follow */
#define LIVE_STALE_MS 5000 /* without news from analytics: viewers are told */
#define LIVE_HEAL_MS 30000
#define LIVE_FRESH_MS 5000 /* a snapshot up to this age serves a new viewer */

struct live;

struct live_numbers {
    int64_t *frames_made, *gaps; /* counters */
};

/* Subscribes to the views of the live analytics instances. fn runs for the events of every watch;
 * it may leave that watch. Frames take frames_max bytes together. Errors as
 * bus_subscriber_create. */
int live_create(struct service *svc, size_t frames_max, const struct live_numbers *numbers,
                live_watch_fn fn, void *arg, struct live **ret, struct err *err) MUST_CHECK;
/* All watches must have been left and no call be under way. */
void live_destroy(struct live **self);

/* The watch of these units, made when there is none, and kept until live_leave and, so that those
 * whose connections broke all at once can go on where they were, LIVE_LINGER_MS longer, at most
 * LIVE_LINGERERS_MAX of them. Starts loading unless its snapshot is fresh. */
#define LIVE_LINGER_MS 60000
#define LIVE_LINGERERS_MAX 256
struct live_watch *live_join(struct live *self, const struct live_watch_spec *spec);
/* To be called when watch->viewers is empty again. */
void live_leave(struct live *self, struct live_watch *watch);
/* From now on a watch goes when it is left, at the latest when its load has ended. */
void live_end(struct live *self);

/* True when the watch has a snapshot of at most LIVE_FRESH_MS. */
int live_is_fresh(const struct live_watch *watch);

/* True when it is known what changed in the watch since a version: then *ret_seq is the number to
 * go on from. */
int live_resume(const struct live *self, const struct live_watch *watch, uint64_t version,
                uint64_t *ret_seq);

/* Has the watch loaded within LIVE_TICK_MS. */
void live_load_soon(struct live_watch *watch);

/* Bytes that all frames take. */
const struct live_memory *live_memory(const struct live *self);

/* All watches: start with NULL, ends with NULL. */
struct live_watch *live_next(const struct live *self, const struct live_watch *watch);

/* Wall time of the last news from analytics, or since when there is somebody to wait for them. */
int64_t live_heard_ms(const struct live *self);

#endif
