/* A projection: the journal's events folded into the views server, exactly once, also after kill -9
 * and with two processes in dispute over the lease.
 *
 * One process at a time holds the projection's lease. It listens to PUB frames, heals from the
 * journal, hands every event to apply in order per partition, and every flush_ms writes what apply
 * gathered together with the checkpoint, fenced by the lease's epoch, in one atomic step. When a
 * flush is refused (another owner, or a views server that was started anew) everything in memory
 * is dropped and rebuilt from the checkpoint. */
#ifndef ANSINH_SERVICE_PROJECTOR_H
#define ANSINH_SERVICE_PROJECTOR_H

#include "ansinh/v1/events.pb-c.h"
#include "common/service/service.h"
#include "common/store/commit.h"
#include "common/store/views.h"

struct projector;

struct projector_event {
    unsigned partition;
    struct journal_position position;
    const Ansinh__V1__Event *event; /* borrowed during apply */
};

/* Early events are applied in one go when their hole is filled, beyond pending_max and room. */
#define PROJECTOR_ASIDE_MAX 800

struct projector_spec {
    const char *name;   /* "board": lease and keys are {v:board}:... */
    int64_t lease_ms;   /* another process takes over after this long without renewal */
    int64_t flush_ms;   /* how often gathered changes are written */
    size_t pending_max; /* events applied but not flushed: more are left in the journal until a
                           flush succeeds */
    void *arg;
    /* May be NULL. So many further events, whatever they are, fit into the flush that collect will
     * fill, besides PROJECTOR_ASIDE_MAX of them. */
    size_t (*room)(void *arg);
    /* One event, once. Gathers changes in memory only. */
    void (*apply)(void *arg, const struct projector_event *event);
    /* Moves what was gathered into a flush under construction: what apply gathers from now on
     * belongs to the next one. When the flush is refused, reset follows. */
    void (*collect)(void *arg, struct flush *flush);
    /* The last collect is durable in views: publish. apply may have run in between. */
    void (*flushed)(void *arg);
    /* Memory must go back to the views' state: forget everything gathered. Then load (may read
     * views) and call projector_ready. Runs when the lease is taken and after a refused flush. */
    void (*reset)(void *arg);
};

/* svc has ledger, views and a client: what was trimmed from the journals is read from the archive,
 * through an archiver. */
struct projector *projector_create(struct service *svc, const struct projector_spec *spec);
void projector_destroy(struct projector **self);

/* After reset: loading is complete, events may come. */
void projector_ready(struct projector *self);

/* Has a flush written although no event came: collect gathers what time has changed. */
void projector_touch(struct projector *self);

/* Grows with every flush, also over changes of the leader. */
uint64_t projector_version(const struct projector *self);

/* During a drain: writes what is gathered, then gives the lease back; true when both are done. For
 * is_idle. */
int projector_drained(struct projector *self);

/* After reset: loading failed, or the view is another one now; the lease is given up and tried
 * again. */
void projector_restart(struct projector *self);

/* The last entry of a partition that was applied; {0,0}: none. */
struct journal_position projector_position(const struct projector *self, unsigned partition);

/* Why events cannot be had, for Health; NULL: they can. */
const char *projector_problem(const struct projector *self);

int projector_is_leader(const struct projector *self);
/* True when every event that a sweep has seen is applied and flushed. */
int projector_is_caught_up(const struct projector *self);

struct projector_stats {
    int has_swept; /* it leads, and a sweep has looked at all partitions since */
    int64_t applied, flushes, refused_flushes, takeovers;
    int64_t lag_events;           /* journal entries known but not applied */
    int64_t lag_ms;               /* age of the oldest event not flushed */
    uint64_t epoch, view_flushes; /* under which the next flush will be accepted: a view may be
                                     written between reset and projector_restart */
};
void projector_stats_get(const struct projector *self, struct projector_stats *ret);

#endif
