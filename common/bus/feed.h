/* From lossy frames to an exact sequence: per partition, every event once, in order, whatever
 * PUB/SUB does.
 *
 * Pure bookkeeping without I/O: early events are put aside, repeats are dropped, holes and lost
 * tails are asked back from the journal through a callback. */
#ifndef ANSINH_BUS_FEED_H
#define ANSINH_BUS_FEED_H

#include <stddef.h>
#include <stdint.h>

struct feed;

struct feed_event {
    unsigned partition;
    uint32_t epoch;
    uint64_t seq;
    const uint8_t *body;
    size_t len;
};

struct feed_conf {
    unsigned n_partitions;
    size_t aside_max; /* early events kept over all partitions; beyond that they are dropped and
                         read back later */
    /* Delivers the next event of its partition; body is borrowed during the call. */
    void (*apply)(void *arg, const struct feed_event *event);
    /* Asks for the journal of a partition after (epoch, seq); every question must be answered,
     * once, by feed_fetched or feed_fetch_failed, at once or later. At most one per partition is
     * open. */
    void (*fetch)(void *arg, unsigned partition, uint32_t epoch, uint64_t seq);
    void *arg;
};

struct feed *feed_create(const struct feed_conf *conf);
void feed_destroy(struct feed **self);

/* The last event that was taken into account (a checkpoint): {0,0} before the first. Forgets what
 * was put aside for the partition. The answer to an open question will be ignored, but must come
 * before the partition asks again. */
void feed_start_after(struct feed *self, unsigned partition, uint32_t epoch, uint64_t seq);

/* What was delivered last: the position to checkpoint. */
void feed_position(const struct feed *self, unsigned partition, uint32_t *ret_epoch,
                   uint64_t *ret_seq);

/* A frame from PUB/SUB. */
void feed_offer(struct feed *self, const struct feed_event *event);

/* The journal's last position as a sweep saw it: asks when something is missing. */
void feed_head(struct feed *self, unsigned partition, uint32_t epoch, uint64_t seq);

/* The answer to a question: events ascending from right after the asked position, without holes
 * (what comes behind one is not taken). An empty answer ends the question. Asks on when events are
 * put aside beyond what came, or when is_full says that there was more than fitted. */
void feed_fetched(struct feed *self, unsigned partition, const struct feed_event *events, size_t n,
                  int is_full);
/* An entry from elsewhere than an answer (the archive), in the order of its partition: delivered
 * when it is the next one. 0: it is behind a hole; nothing happens. */
int feed_past(struct feed *self, const struct feed_event *event);
/* The question went unanswered; the next offer or sweep may ask again. */
void feed_fetch_failed(struct feed *self, unsigned partition);

struct feed_stats {
    int64_t applied, repeats, early, holes, lost_tails, dropped;
};
void feed_stats_get(const struct feed *self, struct feed_stats *ret);
/* Partitions with an open question or events put aside: 0 when everything known is delivered. */
size_t feed_behind(const struct feed *self);

#endif
