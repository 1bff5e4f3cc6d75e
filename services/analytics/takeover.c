/* Memory goes back to what views hold: the board's totals, the facts, the sessions. */
#include <errno.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "services/analytics/analytics.h"

/* What an answer belongs to: a later takeover does everything anew. */
struct takeover {
    struct analytics *self;
    uint64_t number;
    struct facts_shape shape;
    int64_t began_ms;  /* monotonic */
    int32_t first_day; /* that anybody can ask for */
};

static int is_current(void *arg)
{
    const struct takeover *takeover = arg;
    return takeover->number == takeover->self->takeover;
}

static void takeover_fail(struct takeover *takeover, const char *what, int rc)
{
    struct analytics *self = takeover->self;
    int is_lost = !is_current(takeover);
    free(takeover);
    if (is_lost)
        return;
    log_error(what, "code=%d", rc);
    projector_restart(self->projector);
}

static void on_sessions(void *arg, int rc)
{
    struct takeover *takeover = arg;
    struct analytics *self = takeover->self;
    if (rc == 0 && is_current(takeover)) {
        log_info("the facts are loaded", "facts=%llu people=%zu ms=%lld",
                 (unsigned long long)facts_count(self->facts), people_count(self->people),
                 (long long)(clock_mono_ms() - takeover->began_ms));
        facts_out_clear(self->facts_out, self->facts);
        self->n_collected = self->n_durable = facts_count(self->facts);
        board_forget_changes(self->board);
        self->is_all_changed = 1;
        self->is_loaded = 1;
        projector_ready(self->projector);
    } else if (is_current(takeover)) {
        /* a next attempt begins with the next takeover */
        log_error("the facts cannot be loaded", "code=%d", rc);
        self->takeover++;
        projector_restart(self->projector);
    }
    free(takeover);
}

static void on_facts(void *arg, int rc)
{
    struct takeover *takeover = arg;
    struct analytics *self = takeover->self;
    if (rc < 0 || !is_current(takeover))
        on_sessions(takeover, rc);
    else
        sessions_load(self->svc->views, self->sessions, is_current, on_sessions, takeover);
}

/* A country has millions of numbers by day: they are the facts' sums, which are read anyway. */
static void take_day(void *arg, const struct fact *fact)
{
    const struct takeover *takeover = arg;
    if (fact->day >= takeover->first_day)
        analytics_count_day(takeover->self, fact);
}

static void on_board(void *arg, int rc)
{
    struct takeover *takeover = arg;
    struct analytics *self = takeover->self;
    if (rc < 0 || !is_current(takeover)) {
        takeover_fail(takeover, "the board cannot be loaded", rc);
        return;
    }
    facts_load(self->svc->views, self->facts, self->people, &takeover->shape, is_current, take_day,
               on_facts, takeover);
}

/* The lease is taken again, and finds an empty view. */
static void on_erased(void *arg, int rc)
{
    struct takeover *takeover = arg;
    if (rc == 0 && is_current(takeover)) {
        projector_restart(takeover->self->projector);
        free(takeover);
    } else {
        takeover_fail(takeover, "the board of an earlier version cannot be erased", rc);
    }
}

static int has_checkpoint(const struct analytics *self)
{
    for (unsigned p = 0; p < PARTITIONS; p++) {
        if (projector_position(self->projector, p).seq > 0)
            return 1;
    }
    return 0;
}

static void on_shape(void *arg, int rc, const struct facts_shape *shape)
{
    struct takeover *takeover = arg;
    struct analytics *self = takeover->self;
    int32_t today = clock_business_day(clock_wall_ms());
    if (rc == 0 && shape->version > FACTS_VERSION)
        rc = -EPROTONOSUPPORT;
    if (rc < 0 || !is_current(takeover)) {
        takeover_fail(takeover, "the board's shape cannot be read", rc);
    } else if (shape->version < FACTS_VERSION && has_checkpoint(self)) {
        struct projector_stats stats;
        projector_stats_get(self->projector, &stats);
        log_info("the board has no facts: it is folded anew", "version=%lld",
                 (long long)shape->version);
        board_erase(self->svc->views, stats.epoch, stats.view_flushes, today, on_erased, takeover);
    } else {
        takeover->shape = *shape;
        board_load(self->svc->views, self->board, today, on_board, takeover);
    }
}

void takeover_start(struct analytics *self)
{
    struct takeover *takeover = calloc(1, sizeof(*takeover));
    ASSERT(takeover != NULL);
    *takeover =
        (struct takeover){.self = self,
                          .number = ++self->takeover,
                          .began_ms = clock_mono_ms(),
                          .first_day = clock_business_day(clock_wall_ms()) - BOARD_DAYS_SHOWN};
    self->is_loaded = 0;
    self->n_dropped = 0;
    board_clear(self->board);
    increments_clear(self->increments);
    facts_clear(self->facts);
    people_clear(self->people);
    facts_out_clear(self->facts_out, self->facts);
    sessions_clear(self->sessions);
    observed_destroy(&self->observed);
    sessions_out_clear(self->sessions_out);
    reach_clear(self->reach);
    lapses_reset(self->lapses);
    facts_shape_load(self->svc->views, on_shape, takeover);
}
