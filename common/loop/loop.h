/* The reactor: one thread, zmq_poll over descriptors and ZeroMQ sockets, a heap of timers, signals
 * by signalfd.
 *
 * One turn: wait, run the callbacks of what is ready, run due timers, run the "before sleep" hooks
 * (which flush the batches that the callbacks filled), wait again. */
#ifndef ANSINH_LOOP_LOOP_H
#define ANSINH_LOOP_LOOP_H

#include <stdint.h>

#include "common/base/macros.h"

struct loop;
struct loop_source;
struct loop_timer;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* events is a set of LOOP_READ and LOOP_WRITE (also set for an error or hang-up on a descriptor).
 */
typedef void (*loop_source_fn)(void *arg, int events);
typedef void (*loop_fn)(void *arg);

struct loop *loop_create(void);

/* Sources and timers that still exist are freed with it; descriptors and sockets stay open. */
void loop_destroy(struct loop **self);

/* Watches a descriptor. Level-triggered: fn runs every turn while it is ready, so it must read, or
 * give up events. Borrows arg until loop_source_remove. */
struct loop_source *loop_add_fd(struct loop *self, int fd, int events, loop_source_fn fn,
                                void *arg);

/* Watches a ZeroMQ socket for messages (LOOP_READ). fn should take at most a bounded number of
 * messages a turn. */
struct loop_source *loop_add_socket(struct loop *self, void *zmq_socket, loop_source_fn fn,
                                    void *arg);

/* Changes what is watched; 0 pauses the source. */
void loop_source_events(struct loop_source *source, int events);

/* Ends the watch; may be called from any callback, also the source's own. Sets *source to NULL;
 * NULL is allowed. */
void loop_source_remove(struct loop_source **source);

/* Runs fn after delay_ms, then every period_ms (0: once). A one-shot timer frees itself after fn:
 * its owner must forget the pointer in fn. */
struct loop_timer *loop_timer_add(struct loop *self, int64_t delay_ms, int64_t period_ms,
                                  loop_fn fn, void *arg);

/* Cancels; sets *timer to NULL; NULL is allowed. A periodic timer may cancel itself in its own fn.
 */
void loop_timer_cancel(struct loop *self, struct loop_timer **timer);

/* Runs fn at the end of every turn, in the order added; at most 16 hooks. */
void loop_before_sleep(struct loop *self, loop_fn fn, void *arg);

/* Takes a hook out that was added with the same fn and arg; nothing happens when there is none. Not
 * to be called from inside a hook. */
void loop_before_sleep_end(struct loop *self, loop_fn fn, void *arg);

/* Blocks SIGINT, SIGTERM and SIGHUP and runs fn with the signal's number in *arg's place when one
 * comes. Must be called before any thread exists (before zmq_ctx_new). */
typedef void (*loop_signal_fn)(void *arg, int signal_number);
int loop_watch_signals(struct loop *self, loop_signal_fn fn, void *arg) MUST_CHECK;

/* Monotonic ms, read once a turn: cheap, at most one turn old. */
int64_t loop_now_ms(const struct loop *self);

/* Turns until loop_stop. */
void loop_run(struct loop *self);

/* One turn that waits at most wait_ms. For tests and for tools that wait for a condition. */
void loop_turn(struct loop *self, int64_t wait_ms);

void loop_stop(struct loop *self);

/* Asks for one more turn without waiting: for work that a callback left for later. */
void loop_wake(struct loop *self);

#endif
