/* A lapse is no event: it is noted when its day has come and everything that was recorded before
 * that is folded, so that a fold from the start makes the same facts. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/journal.h"
#include "services/analytics/analytics.h"

#define LOOK_MS 100
#define GRACE_MS (5LL * 60 * 1000) /* longer than any command takes to its commit */
#define SLICE 20000                /* persons of one look */
#define HEADS_SLICES 8             /* of the partitions, asked at once */

enum lapses_state {
    WAITING, /* for the next day */
    ASKING,  /* how far the journals are */
    FOLDING, /* until that is applied */
    LOOKING, /* at everybody */
};

struct lapses {
    struct analytics *analytics;
    struct loop_timer *timer;
    enum lapses_state state;
    int32_t day;         /* that is looked for, or was last; 0: none since the takeover */
    size_t next;         /* person */
    unsigned life, open; /* questions to come */
    int is_failed;
    struct journal_position heads[PARTITIONS];
};

/* An answer of an earlier life is ignored. */
struct question {
    struct lapses *self;
    unsigned life;
};

void lapses_reset(struct lapses *self)
{
    if (self == NULL)
        return;
    self->life++;
    self->state = WAITING;
    self->day = 0;
}

static void on_heads(void *arg, int rc, unsigned first, size_t n,
                     const struct journal_position *heads)
{
    struct question *question = arg;
    struct lapses *self = question->self;
    int is_current = question->life == self->life;
    free(question);
    if (!is_current)
        return;
    if (rc < 0)
        self->is_failed = 1;
    else
        memcpy(&self->heads[first], heads, n * sizeof(*heads));
    if (--self->open == 0)
        self->state = self->is_failed ? WAITING : FOLDING;
    if (self->state == WAITING)
        self->day = 0;
}

static void ask(struct lapses *self, int32_t day)
{
    self->state = ASKING;
    self->day = day;
    self->next = 0;
    self->is_failed = 0;
    self->open = HEADS_SLICES;
    for (unsigned i = 0; i < HEADS_SLICES; i++) {
        struct question *question = malloc(sizeof(*question));
        ASSERT(question != NULL);
        *question = (struct question){self, self->life};
        journal_heads(self->analytics->svc->ledger, i * PARTITIONS / HEADS_SLICES,
                      PARTITIONS / HEADS_SLICES, on_heads, question);
    }
}

static int is_folded(const struct lapses *self)
{
    for (unsigned p = 0; p < PARTITIONS; p++) {
        struct journal_position at = projector_position(self->analytics->projector, p);
        const struct journal_position *head = &self->heads[p];
        if (at.epoch < head->epoch || (at.epoch == head->epoch && at.seq < head->seq))
            return 0;
    }
    return 1;
}

static void look(struct lapses *self)
{
    struct analytics *analytics = self->analytics;
    int64_t begun_ms = business_day_start_ms(self->day);
    size_t end = MIN(self->next + SLICE, people_count(analytics->people));
    struct folded folded;
    for (; self->next < end && analytics_room(analytics) > 0; self->next++) {
        if (!fold_lapse(people_at(analytics->people, self->next), begun_ms, &folded))
            continue;
        analytics_count(analytics, &folded, 1);
        projector_touch(analytics->projector);
    }
    if (self->next == people_count(analytics->people))
        self->state = WAITING;
}

static void turn(void *arg)
{
    struct lapses *self = arg;
    struct analytics *analytics = self->analytics;
    int32_t day = clock_business_day(clock_wall_ms() - GRACE_MS);
    if (!projector_is_leader(analytics->projector) || !analytics->is_loaded ||
        analytics->svc->is_draining)
        return;
    if (self->state == WAITING && self->day < day)
        ask(self, day);
    if (self->state == FOLDING && is_folded(self))
        self->state = LOOKING;
    if (self->state == LOOKING)
        look(self);
}

struct lapses *lapses_create(struct analytics *self)
{
    struct lapses *lapses = calloc(1, sizeof(*lapses));
    ASSERT(lapses != NULL);
    lapses->analytics = self;
    lapses->timer = loop_timer_add(self->svc->loop, LOOK_MS, LOOK_MS, turn, lapses);
    return lapses;
}

void lapses_destroy(struct lapses **self)
{
    if (*self == NULL)
        return;
    loop_timer_cancel((*self)->analytics->svc->loop, &(*self)->timer);
    free(*self);
    *self = NULL;
}
