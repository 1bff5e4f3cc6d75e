#include "services/gateway/live_past.h"

void live_past_note(struct live_past *self, uint64_t version, uint64_t seq)
{
    if (self->n_told > 0 && version < self->told[(self->n_told - 1) % LIVE_PAST_MAX].version)
        self->n_told = 0;
    uint64_t at = self->n_told++ % LIVE_PAST_MAX;
    self->told[at].version = version;
    self->told[at].seq = seq;
}

uint64_t live_past_seen(const struct live_past *self, uint64_t version)
{
    for (uint64_t i = self->n_told; i > 0 && i + LIVE_PAST_MAX > self->n_told; i--) {
        uint64_t at = (i - 1) % LIVE_PAST_MAX;
        if (self->told[at].version <= version)
            return self->told[at].seq;
    }
    return 0;
}
