/* A projection's checkpoint in the views server: a hash of partition numbers and the positions
 * "<epoch>-<seq>" up to which their events are in the view. */
#ifndef ANSINH_SERVICE_CHECKPOINT_H
#define ANSINH_SERVICE_CHECKPOINT_H

#include "common/bus/feed.h"
#include "common/store/views.h"

/* Lets the feed start after the positions of a reply to HGETALL. -EPROTO: it is no checkpoint; some
 * partitions may have been started. */
int checkpoint_read(struct feed *feed, const struct store_reply *reply) MUST_CHECK;

/* Adds the partition's position to a flush, which remembers a failure. */
void checkpoint_collect(const struct feed *feed, unsigned partition, struct flush *flush);

#endif
