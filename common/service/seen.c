#include "common/service/seen.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

/* Sixteen megabytes, of which only those pages are used that somebody was remembered in. */
#define SLOTS (256 * 1024)
#define PACKED_MAX_BYTES 47

/* One line of the processor's cache. */
struct slot {
    uint8_t citizen[ID_BYTES];
    uint8_t len; /* 0: empty */
    uint8_t packed[PACKED_MAX_BYTES];
};

struct seen {
    const struct store *ledger;
    int64_t reconnects; /* of the ledger, when the slots were empty */
    struct slot *slots;
};

struct seen *seen_create(const struct store *ledger)
{
    struct seen *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->ledger = ledger;
    self->slots = calloc(SLOTS, sizeof(*self->slots));
    ASSERT(self->slots != NULL);
    return self;
}

void seen_destroy(struct seen **self)
{
    if (*self == NULL)
        return;
    free((*self)->slots);
    free(*self);
    *self = NULL;
}

/* The citizen's only place; empties all of them first when the ledger may be another one. */
static struct slot *slot_of(struct seen *self, const uint8_t citizen[ID_BYTES])
{
    struct store_stats stats;
    store_stats_get(self->ledger, &stats);
    if (stats.reconnects != self->reconnects) {
        self->reconnects = stats.reconnects;
        memset(self->slots, 0, SLOTS * sizeof(*self->slots));
    }
    size_t number = (size_t)citizen[3] << 16 | (size_t)citizen[4] << 8 | citizen[5];
    return &self->slots[number % SLOTS];
}

void seen_keep(struct seen *self, const uint8_t citizen[ID_BYTES], const struct citizen *state)
{
    uint8_t packed[CITIZEN_PACKED_MAX_BYTES];
    struct slot *slot = slot_of(self, citizen);
    size_t len = citizen_pack(state, packed);
    slot->len = 0;
    if (len > PACKED_MAX_BYTES)
        return;
    memcpy(slot->citizen, citizen, ID_BYTES);
    memcpy(slot->packed, packed, len);
    slot->len = (uint8_t)len;
}

void seen_forget(struct seen *self, const uint8_t citizen[ID_BYTES])
{
    struct slot *slot = slot_of(self, citizen);
    if (memcmp(slot->citizen, citizen, ID_BYTES) == 0)
        slot->len = 0;
}

int seen_find(struct seen *self, const uint8_t citizen[ID_BYTES], struct citizen *ret)
{
    const struct slot *slot = slot_of(self, citizen);
    return slot->len > 0 && memcmp(slot->citizen, citizen, ID_BYTES) == 0 &&
           citizen_unpack(slot->packed, slot->len, ret) == 0;
}
