#include "common/loop/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/loop/heap.h"

#define HOOKS_MAX 16
#define SLEEP_MAX_MS 1000 /* a lost wake-up costs at most this */

struct loop_source {
    struct loop *loop;
    void *socket; /* NULL for a descriptor */
    int fd;
    int events; /* 0: paused */
    int is_dead;
    loop_source_fn fn;
    void *arg;
};

struct loop_timer {
    struct heap_node node; /* key: due time, monotonic ms */
    int64_t period_ms;
    int is_running;
    int is_cancelled;
    loop_fn fn;
    void *arg;
};

/* sources holds every live source; items mirrors the unpaused ones for zmq_poll and is rebuilt
 * after a change. */
struct loop {
    struct loop_source **sources;
    size_t n_sources, sources_capacity;
    zmq_pollitem_t *items;
    struct loop_source **item_sources;
    size_t n_items, items_capacity;
    int is_changed;
    struct heap timers;
    struct {
        loop_fn fn;
        void *arg;
    } hooks[HOOKS_MAX];
    size_t n_hooks;
    int64_t now_ms;
    int is_stopped;
    int is_woken;
    int signal_fd;
    loop_signal_fn signal_fn;
    void *signal_arg;
};

struct loop *loop_create(void)
{
    struct loop *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->signal_fd = -1;
    self->now_ms = clock_mono_ms();
    heap_init(&self->timers);
    return self;
}

void loop_destroy(struct loop **self)
{
    struct loop *loop = *self;
    if (loop == NULL)
        return;
    for (size_t i = 0; i < loop->n_sources; i++)
        free(loop->sources[i]);
    struct heap_node *node;
    while ((node = heap_pop(&loop->timers)) != NULL)
        free(CONTAINER_OF(node, struct loop_timer, node));
    heap_fini(&loop->timers);
    if (loop->signal_fd >= 0)
        close(loop->signal_fd);
    free(loop->sources);
    free(loop->items);
    free(loop->item_sources);
    free(loop);
    *self = NULL;
}

static struct loop_source *source_add(struct loop *self, void *socket, int fd, int events,
                                      loop_source_fn fn, void *arg)
{
    if (self->n_sources == self->sources_capacity) {
        self->sources_capacity = MAX((size_t)16, 2 * self->sources_capacity);
        self->sources = realloc(self->sources, self->sources_capacity * sizeof(*self->sources));
        ASSERT(self->sources != NULL);
    }
    struct loop_source *source = calloc(1, sizeof(*source));
    ASSERT(source != NULL);
    *source = (struct loop_source){self, socket, fd, events, 0, fn, arg};
    self->sources[self->n_sources++] = source;
    self->is_changed = 1;
    return source;
}

struct loop_source *loop_add_fd(struct loop *self, int fd, int events, loop_source_fn fn, void *arg)
{
    ASSERT(fd >= 0);
    return source_add(self, NULL, fd, events, fn, arg);
}

struct loop_source *loop_add_socket(struct loop *self, void *zmq_socket, loop_source_fn fn,
                                    void *arg)
{
    ASSERT(zmq_socket != NULL);
    return source_add(self, zmq_socket, -1, LOOP_READ, fn, arg);
}

void loop_source_events(struct loop_source *source, int events)
{
    if (source->events == events)
        return;
    source->events = events;
    source->loop->is_changed = 1;
}

void loop_source_remove(struct loop_source **source)
{
    if (*source == NULL)
        return;
    (*source)->is_dead = 1; /* freed at the next rebuild: the turn may still hold it */
    (*source)->loop->is_changed = 1;
    *source = NULL;
}

static void loop_rebuild(struct loop *self)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->n_sources; i++) {
        if (self->sources[i]->is_dead)
            free(self->sources[i]);
        else
            self->sources[kept++] = self->sources[i];
    }
    self->n_sources = kept;
    if (kept > self->items_capacity) {
        self->items_capacity = 2 * kept;
        self->items = realloc(self->items, self->items_capacity * sizeof(*self->items));
        self->item_sources =
            realloc(self->item_sources, self->items_capacity * sizeof(struct loop_source *));
        ASSERT(self->items != NULL && self->item_sources != NULL);
    }
    self->n_items = 0;
    for (size_t i = 0; i < kept; i++) {
        struct loop_source *source = self->sources[i];
        if (source->events == 0)
            continue;
        short events = (short)((source->events & LOOP_READ ? ZMQ_POLLIN : 0) |
                               (source->events & LOOP_WRITE ? ZMQ_POLLOUT : 0));
        self->items[self->n_items] = (zmq_pollitem_t){source->socket, source->fd, events, 0};
        self->item_sources[self->n_items++] = source;
    }
    self->is_changed = 0;
}

struct loop_timer *loop_timer_add(struct loop *self, int64_t delay_ms, int64_t period_ms,
                                  loop_fn fn, void *arg)
{
    struct loop_timer *timer = calloc(1, sizeof(*timer));
    ASSERT(timer != NULL);
    timer->node.key = clock_mono_ms() + delay_ms;
    timer->period_ms = period_ms;
    timer->fn = fn;
    timer->arg = arg;
    heap_push(&self->timers, &timer->node);
    return timer;
}

void loop_timer_cancel(struct loop *self, struct loop_timer **timer)
{
    if (*timer == NULL)
        return;
    if ((*timer)->is_running) {
        (*timer)->is_cancelled = 1;
    } else {
        heap_remove(&self->timers, &(*timer)->node);
        free(*timer);
    }
    *timer = NULL;
}

static void loop_run_timers(struct loop *self)
{
    struct heap_node *node;
    while ((node = heap_top(&self->timers)) != NULL && node->key <= self->now_ms) {
        struct loop_timer *timer = CONTAINER_OF(heap_pop(&self->timers), struct loop_timer, node);
        timer->is_running = 1;
        timer->fn(timer->arg);
        timer->is_running = 0;
        if (timer->period_ms == 0 || timer->is_cancelled) {
            free(timer);
            continue;
        }
        /* after a long stall one run makes up for all the missed ones */
        timer->node.key += timer->period_ms;
        if (timer->node.key <= self->now_ms)
            timer->node.key = self->now_ms + timer->period_ms;
        heap_push(&self->timers, &timer->node);
    }
}

void loop_before_sleep(struct loop *self, loop_fn fn, void *arg)
{
    ASSERT(self->n_hooks < HOOKS_MAX);
    self->hooks[self->n_hooks].fn = fn;
    self->hooks[self->n_hooks++].arg = arg;
}

void loop_before_sleep_end(struct loop *self, loop_fn fn, void *arg)
{
    for (size_t i = 0; i < self->n_hooks; i++) {
        if (self->hooks[i].fn != fn || self->hooks[i].arg != arg)
            continue;
        for (self->n_hooks--; i < self->n_hooks; i++)
            self->hooks[i] = self->hooks[i + 1];
    }
}

static void on_signal(void *arg, int events)
{
    (void)events;
    struct loop *self = arg;
    struct signalfd_siginfo info;
    if (read(self->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        self->signal_fn(self->signal_arg, (int)info.ssi_signo);
}

int loop_watch_signals(struct loop *self, loop_signal_fn fn, void *arg)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    self->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (self->signal_fd < 0)
        return -errno;
    self->signal_fn = fn;
    self->signal_arg = arg;
    (void)loop_add_fd(self, self->signal_fd, LOOP_READ, on_signal, self);
    return 0;
}

int64_t loop_now_ms(const struct loop *self)
{
    return self->now_ms;
}

static void loop_dispatch(struct loop *self)
{
    for (size_t i = 0; i < self->n_items; i++) {
        short ready = self->items[i].revents;
        struct loop_source *source = self->item_sources[i];
        if (ready == 0 || source->is_dead || source->events == 0)
            continue;
        int events = (ready & (ZMQ_POLLIN | ZMQ_POLLERR) ? LOOP_READ : 0) |
                     (ready & (ZMQ_POLLOUT | ZMQ_POLLERR) ? LOOP_WRITE : 0);
        source->fn(source->arg, events);
    }
}

void loop_turn(struct loop *self, int64_t wait_ms)
{
    for (size_t i = 0; i < self->n_hooks; i++)
        self->hooks[i].fn(self->hooks[i].arg);
    if (self->is_changed)
        loop_rebuild(self);
    struct heap_node *next = heap_top(&self->timers);
    int64_t wait = MIN(wait_ms, (int64_t)SLEEP_MAX_MS);
    if (next != NULL)
        wait = MIN(wait, MAX(next->key - clock_mono_ms(), (int64_t)0));
    if (self->is_woken || self->is_stopped)
        wait = 0;
    self->is_woken = 0;
    int n = zmq_poll(self->items, (int)self->n_items, (long)wait);
    self->now_ms = clock_mono_ms();
    ASSERT(n >= 0 || zmq_errno() == EINTR || zmq_errno() == ETERM);
    if (n > 0)
        loop_dispatch(self);
    loop_run_timers(self);
}

void loop_run(struct loop *self)
{
    while (!self->is_stopped)
        loop_turn(self, SLEEP_MAX_MS);
    for (size_t i = 0; i < self->n_hooks; i++)
        self->hooks[i].fn(self->hooks[i].arg);
}

void loop_stop(struct loop *self)
{
    self->is_stopped = 1;
}

void loop_wake(struct loop *self)
{
    self->is_woken = 1;
}
