#include "services/analytics/queries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"

#define PORTION 16384 /* facts between two looks at the clock */

/* The first n of running are under way, the one whose turn it is in front. */
struct queries {
    struct loop *loop;
    const struct facts *facts;
    struct query running[QUERIES_MAX];
    size_t n;
    struct waiting {
        query_begin_fn fn;
        void *arg;
    } waiting[QUERIES_WAITING];
    size_t n_waiting;
};

static int is_needed(const struct query *query, const struct fact_bounds *bounds)
{
    return bounds->min_day <= query->until && bounds->max_day >= query->from &&
           bounds->min_at_ms <= query->as_of_ms;
}

/* The next portion; 0 when the walk is over. */
static int step(struct queries *self, struct query *query)
{
    size_t n;
    struct fact_bounds bounds;
    uint64_t first = facts_first(self->facts);
    query->begin = MAX(query->begin, first);
    if (query->begin >= query->end)
        return 0;
    size_t place = (size_t)(query->begin % FACTS_CHUNK);
    const struct fact *facts =
        facts_chunk(self->facts, (size_t)(query->begin / FACTS_CHUNK), &n, &bounds);
    ASSERT(facts != NULL && place < n);
    uint64_t left = MIN((uint64_t)n - place, query->end - query->begin);
    if (!is_needed(query, &bounds)) {
        query->begin += left;
        return 1;
    }
    size_t portion = (size_t)MIN(left, (uint64_t)PORTION);
    uint64_t begin = query->begin;
    query->begin += portion;
    return query->visit(query->arg, &facts[place], portion, begin);
}

/* Takes the walk in front out, or puts it behind the others. */
static struct query turn(struct queries *self, int is_over)
{
    struct query front = self->running[0];
    self->n -= (size_t)is_over;
    size_t n_moved = is_over ? self->n : self->n - 1;
    memmove(&self->running[0], &self->running[1], n_moved * sizeof(front));
    if (!is_over)
        self->running[n_moved] = front;
    return front;
}

/* What is begun may take longer than a portion: one a turn. */
static void begin_one(struct queries *self)
{
    if (self->n_waiting == 0 || self->n >= QUERIES_STARTED)
        return;
    struct waiting first = self->waiting[0];
    self->n_waiting--;
    memmove(&self->waiting[0], &self->waiting[1], self->n_waiting * sizeof(first));
    first.fn(first.arg);
}

static void walk_on(struct queries *self, int64_t end_us)
{
    const struct query *front = &self->running[0];
    int is_wanted = front->is_wanted == NULL || front->is_wanted(front->arg);
    int is_on = is_wanted;
    while (is_on && (is_on = step(self, &self->running[0])) && clock_mono_us() < end_us)
        continue;
    struct query query = turn(self, !is_on);
    if (!is_on)
        query.done(query.arg, is_wanted ? 0 : -ETIMEDOUT);
}

static void on_before_sleep(void *arg)
{
    struct queries *self = arg;
    if (self->n == 0 && self->n_waiting == 0)
        return;
    int64_t end_us = clock_mono_us() + QUERIES_TURN_US;
    begin_one(self);
    if (self->n > 0)
        walk_on(self, end_us);
    loop_wake(self->loop); /* also for what done has answered after the flush of this turn */
}

struct queries *queries_create(struct loop *loop, const struct facts *facts)
{
    struct queries *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->loop = loop;
    self->facts = facts;
    loop_before_sleep(loop, on_before_sleep, self);
    return self;
}

void queries_destroy(struct queries **self)
{
    if (*self == NULL)
        return;
    loop_before_sleep_end((*self)->loop, on_before_sleep, *self);
    free(*self);
    *self = NULL;
}

int queries_begin_later(struct queries *self, query_begin_fn fn, void *arg)
{
    if (self->n_waiting == QUERIES_WAITING)
        return -EBUSY;
    self->waiting[self->n_waiting++] = (struct waiting){fn, arg};
    loop_wake(self->loop);
    return 0;
}

int queries_start(struct queries *self, const struct query *query)
{
    if (self->n == QUERIES_MAX)
        return -EBUSY;
    self->running[self->n++] = *query;
    loop_wake(self->loop);
    return 0;
}

void queries_cancel(struct queries *self)
{
    while (self->n > 0) {
        struct query query = turn(self, 1);
        query.done(query.arg, -ECANCELED);
    }
}

size_t queries_count(const struct queries *self)
{
    return self->n;
}
