#include "common/bus/feed.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/mutant.h"
#include "common/bus/list.h"

/* A place in a partition's journal. */
struct place {
    uint32_t epoch;
    uint64_t seq;
};

struct early {
    struct list node;
    struct place at;
    size_t len;
    uint8_t body[];
};

/* done: delivered last. early is sorted and holds only what lies behind a hole. While is_asking,
 * the question for what comes after asked is open; is_stale: its answer no longer counts. */
struct partition {
    struct place done, asked;
    struct list early;
    int is_asking, is_stale;
};

struct feed {
    struct feed_conf conf;
    struct partition *partitions;
    size_t n_early;
    struct feed_stats stats;
};

static int compare(struct place a, struct place b)
{
    if (a.epoch != b.epoch)
        return a.epoch < b.epoch ? -1 : 1;
    return a.seq == b.seq ? 0 : a.seq < b.seq ? -1 : 1;
}

/* Where a new epoch begins only the journal knows that the older one is complete, except at the
 * very beginning. */
static int follows(struct place done, struct place at)
{
    int is_first = done.epoch == 0 && done.seq == 0 && at.epoch == 1 && at.seq == 1;
    return is_first || (at.epoch == done.epoch && at.seq == done.seq + 1);
}

static struct partition *partition_at(const struct feed *self, unsigned i)
{
    ASSERT(i < self->conf.n_partitions);
    return &self->partitions[i];
}

struct feed *feed_create(const struct feed_conf *conf)
{
    ASSERT(conf->n_partitions > 0 && conf->apply != NULL && conf->fetch != NULL);
    struct feed *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->conf = *conf;
    self->partitions = calloc(conf->n_partitions, sizeof(*self->partitions));
    ASSERT(self->partitions != NULL);
    for (unsigned i = 0; i < conf->n_partitions; i++)
        list_init(&self->partitions[i].early);
    return self;
}

static struct early *early_first(const struct partition *partition)
{
    if (list_is_empty(&partition->early))
        return NULL;
    return CONTAINER_OF(partition->early.next, struct early, node);
}

static void early_unlink(struct feed *self, struct early *early)
{
    list_remove(&early->node);
    self->n_early--;
}

static void early_forget(struct feed *self, struct partition *partition)
{
    struct list *node = partition->early.next;
    while (node != &partition->early) {
        struct early *early = CONTAINER_OF(node, struct early, node);
        node = node->next;
        free(early);
        self->n_early--;
    }
    list_init(&partition->early);
}

void feed_destroy(struct feed **self)
{
    if (*self == NULL)
        return;
    for (unsigned i = 0; i < (*self)->conf.n_partitions; i++)
        early_forget(*self, &(*self)->partitions[i]);
    free((*self)->partitions);
    free(*self);
    *self = NULL;
}

void feed_start_after(struct feed *self, unsigned partition_i, uint32_t epoch, uint64_t seq)
{
    struct partition *partition = partition_at(self, partition_i);
    early_forget(self, partition);
    partition->done = (struct place){epoch, seq};
    partition->is_stale = partition->is_asking;
}

void feed_position(const struct feed *self, unsigned partition_i, uint32_t *ret_epoch,
                   uint64_t *ret_seq)
{
    const struct partition *partition = partition_at(self, partition_i);
    *ret_epoch = partition->done.epoch;
    *ret_seq = partition->done.seq;
}

static void apply(struct feed *self, struct partition *partition, const struct feed_event *event)
{
    partition->done = (struct place){event->epoch, event->seq};
    self->stats.applied++;
    self->conf.apply(self->conf.arg, event);
}

/* Delivers what was put aside and has its turn now. */
static void apply_early(struct feed *self, unsigned partition_i, struct partition *partition)
{
    struct early *early;
    while ((early = early_first(partition)) != NULL) {
        int is_next = follows(partition->done, early->at);
        if (!is_next && compare(early->at, partition->done) > 0)
            break;
        early_unlink(self, early);
        struct feed_event event = {partition_i, early->at.epoch, early->at.seq, early->body,
                                   early->len};
        if (is_next)
            apply(self, partition, &event);
        free(early);
    }
}

static void put_aside(struct feed *self, struct partition *partition,
                      const struct feed_event *event)
{
    struct place at = {event->epoch, event->seq};
    struct list *before = partition->early.prev; /* most come in order: near the end */
    int order = -1;
    while (before != &partition->early &&
           (order = compare(CONTAINER_OF(before, struct early, node)->at, at)) > 0)
        before = before->prev;
    if (before != &partition->early && order == 0) {
        self->stats.repeats++;
        return;
    }
    struct early *early =
        self->n_early < self->conf.aside_max ? malloc(sizeof(*early) + event->len) : NULL;
    if (early == NULL) {
        self->stats.dropped++;
        return;
    }
    early->at = at;
    early->len = event->len;
    memcpy(early->body, event->body, event->len);
    list_append(before->next, &early->node); /* right behind it */
    self->n_early++;
    self->stats.early++;
}

/* May answer at once: nothing is touched after it. */
static void ask(struct feed *self, unsigned partition_i, struct partition *partition)
{
    partition->is_asking = 1;
    partition->asked = partition->done;
    self->conf.fetch(self->conf.arg, partition_i, partition->done.epoch, partition->done.seq);
}

void feed_offer(struct feed *self, const struct feed_event *event)
{
    struct partition *partition = partition_at(self, event->partition);
    struct place at = {event->epoch, event->seq};
    if (event->seq == 0) {
        self->stats.dropped++; /* journals begin at 1 */
    } else if (compare(at, partition->done) <= 0) {
        self->stats.repeats++;
        if (MUTANT(COUNT_REPEATS))
            self->conf.apply(self->conf.arg, event);
    } else if (follows(partition->done, at) || MUTANT(DROP_ON_HOLE)) {
        apply(self, partition, event);
        apply_early(self, event->partition, partition);
    } else {
        put_aside(self, partition, event);
        if (!partition->is_asking) {
            self->stats.holes++;
            ask(self, event->partition, partition);
        }
    }
}

void feed_head(struct feed *self, unsigned partition_i, uint32_t epoch, uint64_t seq)
{
    struct partition *partition = partition_at(self, partition_i);
    int is_ahead = seq > 0 && compare((struct place){epoch, seq}, partition->done) > 0;
    if (partition->is_asking || (!is_ahead && early_first(partition) == NULL))
        return;
    self->stats.lost_tails += early_first(partition) == NULL;
    ask(self, partition_i, partition);
}

/* The journal is the truth, also about where an epoch ends; but it has no holes: an answer with one
 * is not taken further. */
static int apply_fetched(struct feed *self, struct partition *partition,
                         const struct feed_event *event)
{
    struct place at = {event->epoch, event->seq};
    if (compare(at, partition->done) <= 0)
        self->stats.repeats++;
    else if (follows(partition->done, at) || (at.epoch > partition->done.epoch && at.seq == 1))
        apply(self, partition, event);
    else
        return 0;
    return 1;
}

int feed_past(struct feed *self, const struct feed_event *event)
{
    return apply_fetched(self, partition_at(self, event->partition), event);
}

/* Ends the question; true when its answer counts. */
static int end_question(struct partition *partition)
{
    int is_wanted = partition->is_asking && !partition->is_stale;
    partition->is_asking = partition->is_stale = 0;
    return is_wanted;
}

void feed_fetched(struct feed *self, unsigned partition_i, const struct feed_event *events,
                  size_t n, int is_full)
{
    struct partition *partition = partition_at(self, partition_i);
    if (!end_question(partition)) {
        if (early_first(partition) != NULL)
            ask(self, partition_i, partition);
        return;
    }
    for (size_t i = 0; i < n; i++)
        self->stats.dropped += !apply_fetched(self, partition, &events[i]);
    apply_early(self, partition_i, partition);
    /* without progress the same question would bring the same answer: the next sweep asks */
    int is_further = compare(partition->done, partition->asked) > 0;
    if (n > 0 && is_further && (is_full || early_first(partition) != NULL))
        ask(self, partition_i, partition);
}

void feed_fetch_failed(struct feed *self, unsigned partition_i)
{
    (void)end_question(partition_at(self, partition_i));
}

void feed_stats_get(const struct feed *self, struct feed_stats *ret)
{
    *ret = self->stats;
}

size_t feed_behind(const struct feed *self)
{
    size_t n = 0;
    for (unsigned i = 0; i < self->conf.n_partitions; i++)
        n += self->partitions[i].is_asking || early_first(&self->partitions[i]) != NULL;
    return n;
}
