#include "services/gateway/live_units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/map.h"
#include "common/bus/bus.h"
#include "common/json/json.h"

#define UNIT_JSON_MAX_BYTES ((size_t)16 * UNIT_PACKED_MAX_BYTES)
#define ARENA_MAX_BYTES ((size_t)16 * UNIT_PACKED_MAX_BYTES)

struct live_units {
    struct map *by_code;
    uint64_t seq, version;
    struct arena *arena; /* scratch of one function */
};

struct live_units *live_units_create(void)
{
    struct live_units *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->by_code = map_create();
    self->arena = arena_create(ARENA_MAX_BYTES);
    return self;
}

void live_units_destroy(struct live_units **self)
{
    if (*self == NULL)
        return;
    ASSERT(map_count((*self)->by_code) == 0);
    map_destroy(&(*self)->by_code);
    arena_destroy(&(*self)->arena);
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
        buf_init(&unit->packed, UNIT_PACKED_MAX_BYTES);
        buf_init(&unit->json, UNIT_JSON_MAX_BYTES);
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
    buf_fini(&unit->packed);
    buf_fini(&unit->json);
    free(unit);
}

int live_units_apply(struct live_units *self, struct live_unit *unit, enum live_source source,
                     uint64_t version, const Ansinh__V1__UnitProgress *progress)
{
    uint8_t packed[UNIT_PACKED_MAX_BYTES];
    size_t len = ansinh__v1__unit_progress__get_packed_size(progress);
    if (len > sizeof(packed))
        return 0;
    (void)ansinh__v1__unit_progress__pack(progress, packed);
    int is_same =
        len == unit->packed.len && (len == 0 || memcmp(packed, unit->packed.data, len) == 0);
    if (source == LIVE_VIEW ? version <= unit->version : version < unit->version)
        return is_same;
    unit->version = version;
    self->version = MAX(self->version, version);
    if (is_same)
        return 1;
    buf_reset(&unit->packed);
    buf_reset(&unit->json);
    int rc = buf_append(&unit->packed, packed, len);
    ASSERT(rc == 0);
    unit->seq = ++self->seq;
    return 1;
}

int live_units_write(struct live_units *self, struct live_unit *unit, struct buf *out)
{
    if (unit->json.len == 0) {
        ProtobufCAllocator allocator;
        arena_reset(self->arena);
        bus_arena_allocator(self->arena, &allocator);
        Ansinh__V1__UnitProgress *progress =
            ansinh__v1__unit_progress__unpack(&allocator, unit->packed.len, unit->packed.data);
        if (progress == NULL)
            return -EMSGSIZE;
        int rc = json_from_message(&progress->base, JSON_DEFAULTS, &unit->json);
        if (rc < 0) {
            buf_reset(&unit->json);
            return rc;
        }
    }
    return buf_append(out, unit->json.data, unit->json.len);
}

void live_units_start_over(struct live_units *self)
{
    size_t cursor = 0;
    struct live_unit *unit;
    while ((unit = map_next(self->by_code, &cursor)) != NULL)
        unit->version = 0;
    self->version = 0;
}

uint64_t live_units_seq(const struct live_units *self)
{
    return self->seq;
}

uint64_t live_units_version(const struct live_units *self)
{
    return self->version;
}
