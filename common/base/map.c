#include "common/base/map.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

#define FIRST_SLOTS 64
#define CACHE_LINE_BYTES 64

/* One to a cache line, in the order in which they came: the last takes the place of one that goes.
 */
struct entry {
    void *value;
    uint64_t hash;
    uint8_t key_len;
    uint8_t key[MAP_KEY_MAX_BYTES];
};

/* Small, so that what is looked for and not there costs no more than a look at this table. */
struct slot {
    uint32_t tag;   /* the upper half of the hash */
    uint32_t entry; /* its place from 1; 0: free */
};

/* Open addressing with linear probing; at most half full; removal shifts the run back. */
struct map {
    struct slot *slots;
    size_t n_slots;        /* a power of two */
    struct entry *entries; /* room for half as many as slots */
    size_t count;
    uint64_t hash_key[2];
};

/* Room for so many slots and their entries; what was there stays, but for the slots. */
static void map_allocate(struct map *self, size_t n_slots)
{
    size_t size = n_slots / 2 * CACHE_LINE_BYTES;
    _Static_assert(sizeof(struct entry) == CACHE_LINE_BYTES, "an entry fills a line");
    struct entry *entries = aligned_alloc(CACHE_LINE_BYTES, size);
    ASSERT(entries != NULL && n_slots < UINT32_MAX);
    if (self->count > 0)
        memcpy(entries, self->entries, self->count * sizeof(*entries));
    free(self->entries);
    free(self->slots);
    self->entries = entries;
    self->slots = calloc(n_slots, sizeof(*self->slots));
    ASSERT(self->slots != NULL);
    self->n_slots = n_slots;
}

struct map *map_create(void)
{
    struct map *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    map_allocate(self, FIRST_SLOTS);
    randombytes_buf(self->hash_key, sizeof(self->hash_key)); /* keys may come from outside */
    return self;
}

void map_destroy(struct map **self)
{
    if (*self == NULL)
        return;
    free((*self)->slots);
    free((*self)->entries);
    free(*self);
    *self = NULL;
}

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void stir(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* SipHash-1-3: whoever does not know the key cannot make keys meet, and that is all that a table
 * needs. Here, because it takes longer to call a library than to do it. */
static uint64_t map_hash(const struct map *self, const void *key, size_t len)
{
    const uint8_t *at = key;
    uint64_t a = self->hash_key[0], b = self->hash_key[1], word, last = 0;
    uint64_t v[4] = {a ^ 0x736f6d6570736575u, b ^ 0x646f72616e646f6du, a ^ 0x6c7967656e657261u,
                     b ^ 0x7465646279746573u};
    for (size_t left = len; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        v[3] ^= word;
        stir(v);
        v[0] ^= word;
    }
    for (size_t i = 0; i < len % sizeof(word); i++)
        last |= (uint64_t)at[i] << (8 * i);
    last |= (uint64_t)len << 56;
    v[3] ^= last;
    stir(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        stir(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The slot of the key, or the free slot where it would go. */
static struct slot *map_find(const struct map *self, const void *key, size_t len, uint64_t hash)
{
    size_t mask = self->n_slots - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct slot *slot = &self->slots[i];
        if (slot->entry == 0)
            return slot;
        if (slot->tag != hash >> 32)
            continue;
        const struct entry *entry = &self->entries[slot->entry - 1];
        if (entry->hash == hash && entry->key_len == len && memcmp(entry->key, key, len) == 0)
            return slot;
    }
}

void *map_get(const struct map *self, const void *key, size_t len)
{
    ASSERT(len > 0 && len <= MAP_KEY_MAX_BYTES);
    const struct slot *slot = map_find(self, key, len, map_hash(self, key, len));
    return slot->entry == 0 ? NULL : self->entries[slot->entry - 1].value;
}

/* Points a free slot to an entry whose key is in no slot. */
static void map_point(struct map *self, size_t entry)
{
    uint64_t hash = self->entries[entry].hash;
    size_t mask = self->n_slots - 1, i = hash & mask;
    while (self->slots[i].entry != 0)
        i = (i + 1) & mask;
    self->slots[i] = (struct slot){(uint32_t)(hash >> 32), (uint32_t)entry + 1};
}

static void map_grow(struct map *self)
{
    map_allocate(self, 2 * self->n_slots);
    for (size_t i = 0; i < self->count; i++)
        map_point(self, i);
}

void *map_put(struct map *self, const void *key, size_t len, void *value)
{
    ASSERT(len > 0 && len <= MAP_KEY_MAX_BYTES);
    ASSERT(value != NULL);
    uint64_t hash = map_hash(self, key, len);
    const struct slot *slot = map_find(self, key, len, hash);
    if (slot->entry != 0) {
        struct entry *known = &self->entries[slot->entry - 1];
        void *before = known->value;
        known->value = value;
        return before;
    }
    if (2 * (self->count + 1) > self->n_slots)
        map_grow(self);
    struct entry *entry = &self->entries[self->count];
    entry->value = value;
    entry->hash = hash;
    entry->key_len = (uint8_t)len;
    memcpy(entry->key, key, len);
    map_point(self, self->count++);
    return NULL;
}

/* Frees a slot: who was shifted past it moves up. */
static void slot_free(struct map *self, size_t hole)
{
    size_t mask = self->n_slots - 1;
    self->slots[hole].entry = 0;
    for (size_t i = (hole + 1) & mask; self->slots[i].entry != 0; i = (i + 1) & mask) {
        size_t home = self->entries[self->slots[i].entry - 1].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            self->slots[hole] = self->slots[i];
            self->slots[i].entry = 0;
            hole = i;
        }
    }
}

void *map_remove(struct map *self, const void *key, size_t len)
{
    ASSERT(len > 0 && len <= MAP_KEY_MAX_BYTES);
    struct slot *slot = map_find(self, key, len, map_hash(self, key, len));
    if (slot->entry == 0)
        return NULL;
    struct entry *entry = &self->entries[slot->entry - 1];
    struct entry *last = &self->entries[self->count - 1];
    void *value = entry->value;
    if (entry != last)
        map_find(self, last->key, last->key_len, last->hash)->entry = slot->entry;
    *entry = *last;
    slot_free(self, (size_t)(slot - self->slots));
    self->count--;
    return value;
}

size_t map_count(const struct map *self)
{
    return self->count;
}

void *map_next(const struct map *self, size_t *cursor)
{
    return *cursor < self->count ? self->entries[(*cursor)++].value : NULL;
}
