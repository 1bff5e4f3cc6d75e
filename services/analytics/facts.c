#include "services/analytics/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

struct chunk {
    struct fact *facts; /* NULL: dropped */
    struct fact_bounds bounds;
};

/* A source's place in the lists of its hash. */
struct source {
    struct fact_source codes;
    uint64_t hash;
};

struct facts {
    struct chunk *chunks;
    size_t capacity, first_chunk;
    uint64_t count;
    struct source **sources; /* by number - 1 */
    uint32_t n_sources, sources_capacity;
    uint32_t *slots; /* numbers by hash, open addressing; 0: free */
    size_t n_slots;
};

static const struct fact_source nobody;

struct facts *facts_create(void)
{
    struct facts *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    return self;
}

void facts_clear(struct facts *self)
{
    for (size_t i = 0; i < facts_chunks(self); i++)
        free(self->chunks[i].facts);
    for (uint32_t i = 0; i < self->n_sources; i++)
        free(self->sources[i]);
    free(self->chunks);
    free(self->sources);
    free(self->slots);
    *self = (struct facts){0};
}

void facts_destroy(struct facts **self)
{
    if (*self == NULL)
        return;
    facts_clear(*self);
    free(*self);
    *self = NULL;
}

uint64_t facts_count(const struct facts *self)
{
    return self->count;
}

uint64_t facts_first(const struct facts *self)
{
    return (uint64_t)self->first_chunk * FACTS_CHUNK;
}

size_t facts_chunks(const struct facts *self)
{
    return (size_t)((self->count + FACTS_CHUNK - 1) / FACTS_CHUNK);
}

size_t facts_first_chunk(const struct facts *self)
{
    return self->first_chunk;
}

static void chunks_grow(struct facts *self, size_t least)
{
    size_t capacity = MAX(least, MAX((size_t)64, 2 * self->capacity));
    self->chunks = realloc(self->chunks, capacity * sizeof(*self->chunks));
    ASSERT(self->chunks != NULL);
    memset(&self->chunks[self->capacity], 0, (capacity - self->capacity) * sizeof(*self->chunks));
    self->capacity = capacity;
}

void facts_begin_at(struct facts *self, size_t chunk)
{
    ASSERT(self->count == 0);
    if (chunk > self->capacity)
        chunks_grow(self, chunk);
    self->first_chunk = chunk;
    self->count = (uint64_t)chunk * FACTS_CHUNK;
}

void facts_add(struct facts *self, const struct fact *fact)
{
    size_t i = (size_t)(self->count / FACTS_CHUNK), place = (size_t)(self->count % FACTS_CHUNK);
    if (i == self->capacity)
        chunks_grow(self, i + 1);
    struct chunk *chunk = &self->chunks[i];
    struct fact_bounds *bounds = &chunk->bounds;
    if (place == 0) {
        chunk->facts = malloc(FACTS_CHUNK * sizeof(*chunk->facts));
        ASSERT(chunk->facts != NULL);
        *bounds = (struct fact_bounds){fact->at_ms, fact->at_ms, fact->day, fact->day};
    }
    chunk->facts[place] = *fact;
    bounds->min_at_ms = MIN(bounds->min_at_ms, fact->at_ms);
    bounds->max_at_ms = MAX(bounds->max_at_ms, fact->at_ms);
    bounds->min_day = MIN(bounds->min_day, fact->day);
    bounds->max_day = MAX(bounds->max_day, fact->day);
    self->count++;
}

const struct fact *facts_at(const struct facts *self, uint64_t i)
{
    ASSERT(i >= facts_first(self) && i < self->count);
    return &self->chunks[i / FACTS_CHUNK].facts[i % FACTS_CHUNK];
}

const struct fact *facts_chunk(const struct facts *self, size_t i, size_t *ret_n,
                               struct fact_bounds *ret_bounds)
{
    ASSERT(i < facts_chunks(self));
    const struct chunk *chunk = &self->chunks[i];
    *ret_bounds = chunk->bounds;
    *ret_n = 0;
    if (chunk->facts != NULL)
        *ret_n = (size_t)MIN((uint64_t)FACTS_CHUNK, self->count - (uint64_t)i * FACTS_CHUNK);
    return chunk->facts;
}

size_t facts_drop_before(struct facts *self, int32_t day)
{
    size_t dropped = 0;
    for (; self->first_chunk < self->count / FACTS_CHUNK; self->first_chunk++, dropped++) {
        struct chunk *chunk = &self->chunks[self->first_chunk];
        if (chunk->bounds.max_day >= day)
            break;
        free(chunk->facts);
        *chunk = (struct chunk){0};
    }
    return dropped;
}

size_t facts_bytes(const struct facts *self)
{
    return (facts_chunks(self) - self->first_chunk) * FACTS_CHUNK * sizeof(struct fact) +
           self->capacity * sizeof(*self->chunks) + self->n_slots * sizeof(*self->slots) +
           self->n_sources * (sizeof(struct source) + sizeof(*self->sources));
}

/* --- sources ---------------------------------------------------------------------------------- */

/* FNV-1a over the three codes with their ends. */
static uint64_t codes_hash(const struct fact_source *codes)
{
    const char *const texts[] = {codes->organisation, codes->point, codes->collector};
    uint64_t hash = 14695981039346656037ULL;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char *text = texts[i];
        do
            hash = (hash ^ (uint8_t)*text) * 1099511628211ULL;
        while (*text++ != '\0');
    }
    return hash;
}

static int is_same(const struct fact_source *a, const struct fact_source *b)
{
    return strcmp(a->collector, b->collector) == 0 && strcmp(a->point, b->point) == 0 &&
           strcmp(a->organisation, b->organisation) == 0;
}

/* The slot that has the source, or the free one where it belongs; there is always a free one. */
static uint32_t *slot_find(const struct facts *self, const struct fact_source *codes, uint64_t hash)
{
    size_t i = hash & (self->n_slots - 1);
    while (self->slots[i] != 0) {
        const struct source *source = self->sources[self->slots[i] - 1];
        if (source->hash == hash && is_same(&source->codes, codes))
            break;
        i = (i + 1) & (self->n_slots - 1);
    }
    return &self->slots[i];
}

/* Twice as many slots, each source in its new one. */
static void slots_grow(struct facts *self)
{
    free(self->slots);
    self->n_slots = MAX((size_t)1024, 2 * self->n_slots);
    self->slots = calloc(self->n_slots, sizeof(*self->slots));
    ASSERT(self->slots != NULL);
    for (uint32_t i = 0; i < self->n_sources; i++)
        *slot_find(self, &self->sources[i]->codes, self->sources[i]->hash) = i + 1;
}

static int code_set(const char *code, char ret[FACT_CODE_BYTES])
{
    size_t len = strnlen(code, FACT_CODE_BYTES);
    if (len == FACT_CODE_BYTES)
        return -E2BIG;
    memcpy(ret, code, len + 1);
    return 0;
}

int facts_source_number(struct facts *self, const char *organisation, const char *point,
                        const char *collector, uint32_t *ret)
{
    struct fact_source codes;
    if (code_set(organisation, codes.organisation) < 0 || code_set(point, codes.point) < 0 ||
        code_set(collector, codes.collector) < 0)
        return -E2BIG;
    *ret = 0;
    if (is_same(&codes, &nobody))
        return 0;
    if (2 * ((size_t)self->n_sources + 1) > self->n_slots)
        slots_grow(self);
    uint64_t hash = codes_hash(&codes);
    uint32_t *slot = slot_find(self, &codes, hash);
    if (*slot != 0) {
        *ret = *slot;
        return 0;
    }
    if (self->n_sources == FACT_SOURCES_MAX)
        return -E2BIG;
    if (self->n_sources == self->sources_capacity) {
        self->sources_capacity = MAX(1024U, 2 * self->sources_capacity);
        self->sources = realloc(self->sources, self->sources_capacity * sizeof(*self->sources));
        ASSERT(self->sources != NULL);
    }
    struct source *fresh = malloc(sizeof(*fresh));
    ASSERT(fresh != NULL);
    *fresh = (struct source){codes, hash};
    self->sources[self->n_sources++] = fresh;
    *ret = *slot = self->n_sources;
    return 0;
}

const struct fact_source *facts_source(const struct facts *self, uint32_t number)
{
    return number == 0 || number > self->n_sources ? &nobody : &self->sources[number - 1]->codes;
}

uint32_t facts_sources(const struct facts *self)
{
    return self->n_sources;
}
