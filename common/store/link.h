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

/* Whom to tell about a command: translate (may be NULL: fn is a store_reply_fn) gets fn and turns
 * the reply into what fn wants, so that typed callbacks need no memory of their own. */
typedef void (*link_any_fn)(void);
typedef void (*link_translate_fn)(struct store *store, link_any_fn fn, void *arg, int rc,
                                  const struct store_reply *reply);
struct link_answer {
    link_translate_fn translate;
    link_any_fn fn; /* NULL: nobody */
    void *arg;
};

/* What all links of a store share; owned by the store. */
struct link_shared {
    struct store *store;
    struct loop *loop;
    struct store_conf conf;
    struct url url;
    struct store_stats stats;
    int n_callbacks;   /* callbacks on the stack */
    long long told_ms; /* when on_trouble was called last */
    char input[LINK_READ_BYTES];
};

struct link;

/* Starts connecting. */
struct link *link_create(struct link_shared *shared);
/* Answers every command first. */
void link_destroy(struct link **self);

/* Queues a command; -EAGAIN when the queue or its buffer is full, fn is not called then. */
int link_send(struct link *self, int argc, const char *const *argv, const size_t *lens,
              const struct link_answer *answer) MUST_CHECK;

/* Sends what waits unless a batch is under way; called at the end of every turn. */
void link_flush(struct link *self);

/* Ends what has taken too long; called every few milliseconds. */
void link_tick(struct link *self);

/* Runs the callback. */
void link_answer(struct link_shared *shared, const struct link_answer *answer, int rc,
                 const struct store_reply *reply);

int link_is_up(const struct link *self);
size_t link_open_commands(const struct link *self);

/* Calls on_trouble, unless it was called a moment ago. */
void link_trouble(struct link_shared *shared, const char *what, const char *why);

/* store_send for typed callbacks. */
void store_send_typed(struct store *self, unsigned lane, int argc, const char *const *argv,
                      const size_t *lens, link_translate_fn translate, link_any_fn fn, void *arg);

/* True for an error reply, of which it tells. */
int store_is_refusal(struct store *self, const struct store_reply *reply);

#endif
