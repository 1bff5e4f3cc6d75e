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

static void on_before_sleep(void *arg)
{
    struct queries *self = arg;
    if (self->n == 0)
        return;
    int is_on = 1;
    int64_t end_us = clock_mono_us() + QUERIES_TURN_US;
    do
        is_on = step(self, &self->running[0]);
    while (is_on && clock_mono_us() < end_us);
    struct query query = turn(self, !is_on);
    if (!is_on)
        query.done(query.arg, 0);
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
