#include "services/gateway/live_units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/map.h"

struct live_units {
    struct map *by_code;
    uint64_t seq;
};

struct live_units *live_units_create(void)
{
    struct live_units *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->by_code = map_create();
    return self;
}

void live_units_destroy(struct live_units **self)
{
    if (*self == NULL)
        return;
    ASSERT(map_count((*self)->by_code) == 0);
    map_destroy(&(*self)->by_code);
    free(*self);
    *self = NULL;
}

struct live_unit *live_units_find(const struct live_units *self, const char *code)
{
    size_t len = strnlen(code, UNIT_CODE_BYTES);
    return len == 0 || len == UNIT_CODE_BYTES ? NULL : map_get(self->by_code, code, len);
}

struct live_unit *live_units_join(struct live_units *self, const char *code)
{
    size_t len = strnlen(code, UNIT_CODE_BYTES);
    if (len == 0 || len == UNIT_CODE_BYTES)
        return NULL;
    struct live_unit *unit = map_get(self->by_code, code, len);
    if (unit == NULL) {
        unit = calloc(1, sizeof(*unit));
        ASSERT(unit != NULL);
        memcpy(unit->code, code, len);
        (void)map_put(self->by_code, code, len, unit);
    }
    unit->refs++;
    return unit;
}

void live_units_leave(struct live_units *self, struct live_unit *unit)
{
    if (--unit->refs > 0)
        return;
    (void)map_remove(self->by_code, unit->code, strlen(unit->code));
    free(unit);
}

void live_units_apply(struct live_units *self, struct live_unit *unit, uint64_t version,
                      const Ansinh__V1__UnitProgress *progress)
{
    uint8_t packed[UNIT_PACKED_MAX_BYTES];
    size_t len = ansinh__v1__unit_progress__get_packed_size(progress);
    if (version < unit->version || len > sizeof(packed))
        return;
    (void)ansinh__v1__unit_progress__pack(progress, packed);
    unit->version = version;
    if (len == unit->len && memcmp(packed, unit->packed, len) == 0)
        return;
    memcpy(unit->packed, packed, len);
    unit->len = len;
    unit->seq = ++self->seq;
}

void live_units_start_over(struct live_units *self)
{
    size_t cursor = 0;
    struct live_unit *unit;
    while ((unit = map_next(self->by_code, &cursor)) != NULL)
        unit->version = 0;
}

uint64_t live_units_seq(const struct live_units *self)
{
    return self->seq;
}
