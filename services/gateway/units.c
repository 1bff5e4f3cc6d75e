#include "services/gateway/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/map.h"

struct units {
    struct map *by_code;
    uint64_t seq;
};

struct units *units_create(void)
{
    struct units *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->by_code = map_create();
    return self;
}

void units_destroy(struct units **self)
{
    if (*self == NULL)
        return;
    ASSERT(map_count((*self)->by_code) == 0);
    map_destroy(&(*self)->by_code);
    free(*self);
    *self = NULL;
}

struct unit *units_find(const struct units *self, const char *code)
{
    size_t len = strnlen(code, UNIT_CODE_BYTES);
    return len == 0 || len == UNIT_CODE_BYTES ? NULL : map_get(self->by_code, code, len);
}

struct unit *units_join(struct units *self, const char *code)
{
    size_t len = strnlen(code, UNIT_CODE_BYTES);
    if (len == 0 || len == UNIT_CODE_BYTES)
        return NULL;
    struct unit *unit = map_get(self->by_code, code, len);
    if (unit == NULL) {
        unit = calloc(1, sizeof(*unit));
        ASSERT(unit != NULL);
        memcpy(unit->code, code, len);
        (void)map_put(self->by_code, code, len, unit);
    }
    unit->refs++;
    return unit;
}

void units_leave(struct units *self, struct unit *unit)
{
    if (--unit->refs > 0)
        return;
    (void)map_remove(self->by_code, unit->code, strlen(unit->code));
    free(unit);
}

void units_apply(struct units *self, struct unit *unit, uint64_t version,
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

void units_start_over(struct units *self)
{
    size_t cursor = 0;
    struct unit *unit;
    while ((unit = map_next(self->by_code, &cursor)) != NULL)
        unit->version = 0;
}

uint64_t units_seq(const struct units *self)
{
    return self->seq;
}
