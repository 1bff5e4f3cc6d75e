#include "services/cli/verify_doubles.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/map.h"

#define GENERATIONS 2

/* The newer generation is filled until it is DOUBLES_KEPT_MS long; then the older one goes. */
struct doubles {
    struct map *ids[GENERATIONS]; /* the newer one first */
    int64_t from_ms;              /* of the newer one's first id */
};

struct doubles *doubles_create(void)
{
    struct doubles *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    for (size_t i = 0; i < GENERATIONS; i++)
        self->ids[i] = map_create();
    return self;
}

void doubles_destroy(struct doubles **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < GENERATIONS; i++)
        map_destroy(&(*self)->ids[i]);
    free(*self);
    *self = NULL;
}

static void grow_old(struct doubles *self, int64_t at_ms)
{
    if (at_ms < self->from_ms + DOUBLES_KEPT_MS)
        return;
    map_destroy(&self->ids[1]);
    self->ids[1] = self->ids[0];
    self->ids[0] = map_create();
    self->from_ms = at_ms;
}

int doubles_add(struct doubles *self, const uint8_t id[ID_BYTES], int64_t at_ms)
{
    struct request_id copy;
    int64_t id_ms;
    memcpy(copy.bytes, id, ID_BYTES);
    if (!request_id_time(&copy, &id_ms))
        return 0;
    grow_old(self, at_ms);
    return (map_count(self->ids[1]) > 0 && map_get(self->ids[1], id, ID_BYTES) != NULL) ||
           map_put(self->ids[0], id, ID_BYTES, self) != NULL;
}
