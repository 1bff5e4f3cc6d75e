/* One connection to Redis: its state machine and the queue of its commands. Private to
 * common/store.
 *
 * States: DOWN (a timer will connect) -> CONNECTING -> GREETING (AUTH and PING are unanswered) ->
 * UP. Every error from any state leads to DOWN with a new connection.
 *
 * The queue, oldest first: commands of the batch under way, then commands that wait. Their bytes
 * lie one after another in one buffer, so an error tells exactly which commands left whole (their
 * outcome is unknown) and which did not (they stay). */
#ifndef ANSINH_STORE_LINK_H
#define ANSINH_STORE_LINK_H

#include "common/store/redis.h"
#include "common/store/url.h"

#define LINK_READ_BYTES (32 * 1024)

/* What all links of a store share; owned by the store. */
struct link_shared {
    struct loop *loop;
    struct store_conf conf;
    struct url url;
    struct store_stats stats;
    int n_callbacks; /* callbacks on the stack */
    long long warned_ms;
    char input[LINK_READ_BYTES];
};

struct link;

/* Starts connecting. */
struct link *link_create(struct link_shared *shared);
/* Answers every command first. */
void link_destroy(struct link **self);

/* Queues a command; -EAGAIN when the queue or its buffer is full, fn is not called then. */
int link_send(struct link *self, int argc, const char *const *argv, const size_t *lens,
              store_reply_fn fn, void *arg) MUST_CHECK;

/* Sends what waits unless a batch is under way; called at the end of every turn. */
void link_flush(struct link *self);

/* Ends what has taken too long; called every few milliseconds. */
void link_tick(struct link *self);

int link_is_up(const struct link *self);
size_t link_open_commands(const struct link *self);

#endif
