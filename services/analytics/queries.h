/* Walks over the facts in portions, a few milliseconds of every loop turn, so that no question
 * holds up the events. Few walks take turns and the others wait, first come, first served: of more
 * than can be answered in time some are. */
#ifndef ANSINH_ANALYTICS_QUERIES_H
#define ANSINH_ANALYTICS_QUERIES_H

#include "common/loop/loop.h"
#include "services/analytics/facts.h"

#define QUERIES_MAX 32       /* walks at once */
#define QUERIES_STARTED 4    /* nothing that waits is begun beside so many */
#define QUERIES_WAITING 64   /* to be begun */
#define QUERIES_TURN_US 4000 /* after so long in one turn no further portion is begun */

struct queries;

/* Facts in their order, first the number of the first one; 0: has seen enough. */
typedef int (*query_visit_fn)(void *arg, const struct fact *facts, size_t n, uint64_t first);
/* Runs once, in a turn of its own. rc -ECANCELED: the facts are gone; -ETIMEDOUT: nobody waits for
 * it any more. */
typedef void (*query_done_fn)(void *arg, int rc);
/* Whether somebody still waits. */
typedef int (*query_wanted_fn)(void *arg);
typedef void (*query_begin_fn)(void *arg);

struct query {
    uint64_t begin, end; /* numbers of the first fact, and behind the last one */
    /* Chunks in which nothing counts for these days, or was recorded until then, are left out. */
    int32_t from, until;
    int64_t as_of_ms;
    query_visit_fn visit;
    query_done_fn done;
    query_wanted_fn is_wanted; /* NULL: always */
    void *arg;
};

struct queries *queries_create(struct loop *loop, const struct facts *facts);
/* Walks that are under way end without their done. */
void queries_destroy(struct queries **self);

/* fn runs once, in a turn of its own in which nothing else is begun: there it prepares its walk and
 * starts it, or does not. -EBUSY: QUERIES_WAITING wait. */
int queries_begin_later(struct queries *self, query_begin_fn fn, void *arg) MUST_CHECK;

/* -EBUSY: QUERIES_MAX are under way. */
int queries_start(struct queries *self, const struct query *query) MUST_CHECK;

/* Before the facts are cleared: every walk ends with -ECANCELED. What waits is begun later all the
 * same. */
void queries_cancel(struct queries *self);

size_t queries_count(const struct queries *self);

#endif
