/* Partitions that wait for their turn, first in first out; each at most once. */
#ifndef ANSINH_SERVICE_WAITING_H
#define ANSINH_SERVICE_WAITING_H

#include "common/base/log.h"
#include "common/store/partition.h"

struct waiting {
    uint16_t partitions[PARTITIONS];
    size_t head, n;
};

static inline void waiting_add(struct waiting *self, unsigned partition)
{
    ASSERT(self->n < PARTITIONS);
    self->partitions[(self->head + self->n++) % PARTITIONS] = (uint16_t)partition;
}

/* The longest; there must be one. */
static inline unsigned waiting_take(struct waiting *self)
{
    ASSERT(self->n > 0);
    unsigned partition = self->partitions[self->head];
    self->head = (self->head + 1) % PARTITIONS;
    self->n--;
    return partition;
}

#endif
