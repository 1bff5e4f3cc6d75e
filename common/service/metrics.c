#include "common/service/metrics.h"

#include <stdlib.h>

#include "common/base/log.h"

#define COLLECTORS_MAX 16

struct metric {
    const char *name;
    const char *labels;
    int64_t value;
    int is_counter;
};

struct metrics {
    struct metric items[METRICS_MAX];
    size_t n_items;
    struct {
        metrics_collect_fn fn;
        void *arg;
    } collectors[COLLECTORS_MAX];
    size_t n_collectors;
};

struct metrics *metrics_create(void)
{
    struct metrics *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    return self;
}

void metrics_destroy(struct metrics **self)
{
    free(*self);
    *self = NULL;
}

static int64_t *metric_add(struct metrics *self, const char *name, const char *labels,
                           int is_counter)
{
    ASSERT(self->n_items < METRICS_MAX);
    struct metric *metric = &self->items[self->n_items++];
    *metric = (struct metric){name, labels, 0, is_counter};
    return &metric->value;
}

int64_t *metrics_counter(struct metrics *self, const char *name, const char *labels)
{
    return metric_add(self, name, labels, 1);
}

int64_t *metrics_gauge(struct metrics *self, const char *name, const char *labels)
{
    return metric_add(self, name, labels, 0);
}

void metrics_collector(struct metrics *self, metrics_collect_fn fn, void *arg)
{
    ASSERT(self->n_collectors < COLLECTORS_MAX);
    self->collectors[self->n_collectors].fn = fn;
    self->collectors[self->n_collectors++].arg = arg;
}

void metrics_walk(struct metrics *self, metrics_emit_fn emit, void *sink)
{
    for (size_t i = 0; i < self->n_items; i++) {
        const struct metric *metric = &self->items[i];
        emit(sink, metric->name, metric->labels, metric->value, metric->is_counter);
    }
    for (size_t i = 0; i < self->n_collectors; i++)
        self->collectors[i].fn(self->collectors[i].arg, emit, sink);
}
