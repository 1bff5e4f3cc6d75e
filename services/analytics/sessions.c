#include "services/analytics/sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/bus/bus.h"

struct known {
    const struct session_version *newest;
    int has_contacts;
};

struct sessions {
    struct arena *arena; /* of versions */
    struct map *numbers; /* by code; the number as a pointer */
    struct known *known; /* by number - 1 */
    size_t n, capacity;
    uint64_t moves;
    struct session_contacts *lists;
    size_t n_lists, lists_capacity;
    uint64_t *people;
    size_t n_people, people_capacity;
};

struct sessions *sessions_create(void)
{
    struct sessions *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->arena = arena_create(SESSIONS_MEMORY_BYTES);
    self->numbers = map_create();
    return self;
}

void sessions_clear(struct sessions *self)
{
    map_destroy(&self->numbers);
    self->numbers = map_create();
    arena_reset(self->arena);
    self->n = 0;
    self->n_lists = 0;
    self->n_people = 0;
    self->moves = 0;
}

void sessions_destroy(struct sessions **self)
{
    if (*self == NULL)
        return;
    map_destroy(&(*self)->numbers);
    arena_destroy(&(*self)->arena);
    free((*self)->known);
    free((*self)->lists);
    free((*self)->people);
    free(*self);
    *self = NULL;
}

/* Room for n more elements of a growing array. */
static void *grow(void *array, size_t *capacity, size_t used, size_t n, size_t size)
{
    if (used + n <= *capacity)
        return array;
    *capacity = MAX(used + n, MAX((size_t)256, 2 * *capacity));
    array = realloc(array, *capacity * size);
    ASSERT(array != NULL);
    return array;
}

static const Ansinh__V1__Session *keep(struct sessions *self, const Ansinh__V1__Session *session)
{
    ProtobufCAllocator allocator;
    size_t len = protobuf_c_message_get_packed_size(&session->base);
    uint8_t *packed = arena_alloc(self->arena, len + 1);
    if (packed == NULL)
        return NULL;
    (void)protobuf_c_message_pack(&session->base, packed);
    bus_arena_allocator(self->arena, &allocator);
    return ansinh__v1__session__unpack(&allocator, len, packed);
}

static int is_move(const struct known *known, const Ansinh__V1__Session *session)
{
    const Ansinh__V1__Session *before = known->newest->session;
    return known->has_contacts && (before->cancelled != session->cancelled ||
                                   strcmp(before->unit_code, session->unit_code) != 0);
}

int sessions_record(struct sessions *self, const Ansinh__V1__Session *session, int64_t at_ms)
{
    uint32_t number = sessions_number(self, session->code);
    struct session_version *version = arena_alloc(self->arena, sizeof(*version));
    const Ansinh__V1__Session *copy = keep(self, session);
    if (version == NULL || copy == NULL)
        return -ENOMEM;
    *version = (struct session_version){
        .at_ms = at_ms,
        .day = clock_business_day(session->start_ms),
        .session = copy,
        .before = number == 0 ? NULL : self->known[number - 1].newest,
    };
    if (number == 0) {
        self->known = grow(self->known, &self->capacity, self->n, 1, sizeof(*self->known));
        number = (uint32_t)++self->n;
        self->known[number - 1] = (struct known){0};
        (void)map_put(self->numbers, copy->code, strlen(copy->code), (void *)(uintptr_t)number);
    } else {
        self->moves += (uint64_t)is_move(&self->known[number - 1], copy);
    }
    self->known[number - 1].newest = version;
    return 0;
}

int sessions_contact(struct sessions *self, const char *code, const uint64_t *citizens, size_t n,
                     int64_t at_ms)
{
    uint32_t number = sessions_number(self, code);
    if (number == 0)
        return -ENOENT;
    self->lists = grow(self->lists, &self->lists_capacity, self->n_lists, 1, sizeof(*self->lists));
    self->people =
        grow(self->people, &self->people_capacity, self->n_people, n, sizeof(*self->people));
    self->lists[self->n_lists++] =
        (struct session_contacts){at_ms, number, (uint32_t)n, self->n_people};
    if (n > 0)
        memcpy(&self->people[self->n_people], citizens, n * sizeof(*citizens));
    self->n_people += n;
    self->known[number - 1].has_contacts = 1;
    return 0;
}

uint32_t sessions_count(const struct sessions *self)
{
    return (uint32_t)self->n;
}

uint32_t sessions_number(const struct sessions *self, const char *code)
{
    size_t len = strlen(code);
    if (len == 0 || len > MAP_KEY_MAX_BYTES)
        return 0;
    return (uint32_t)(uintptr_t)map_get(self->numbers, code, len);
}

const struct session_version *sessions_at(const struct sessions *self, uint32_t number,
                                          int64_t as_of_ms)
{
    ASSERT(number > 0 && number <= self->n);
    const struct session_version *version = self->known[number - 1].newest;
    while (version != NULL && version->at_ms > as_of_ms)
        version = version->before;
    return version;
}

size_t sessions_lists(const struct sessions *self)
{
    return self->n_lists;
}

const struct session_contacts *sessions_list(const struct sessions *self, size_t i)
{
    ASSERT(i < self->n_lists);
    return &self->lists[i];
}

const uint64_t *sessions_people(const struct sessions *self, const struct session_contacts *list)
{
    return &self->people[list->first];
}

uint64_t sessions_moves(const struct sessions *self)
{
    return self->moves;
}

size_t sessions_bytes(const struct sessions *self)
{
    return arena_used(self->arena) + self->capacity * sizeof(*self->known) +
           self->lists_capacity * sizeof(*self->lists) +
           self->people_capacity * sizeof(*self->people);
}
