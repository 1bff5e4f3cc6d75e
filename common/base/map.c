#include "common/base/map.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

#define FIRST_SLOTS 64

struct slot {
    void *value; /* NULL: free */
    uint64_t hash;
    uint8_t key_len;
    uint8_t key[MAP_KEY_MAX_BYTES];
};

/* Open addressing with linear probing; at most half full; removal shifts the run back. */
struct map {
    struct slot *slots;
    size_t n_slots; /* a power of two */
    size_t count;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
};

static struct slot *slots_alloc(size_t n)
{
    struct slot *slots = calloc(n, sizeof(*slots));
    ASSERT(slots != NULL);
    return slots;
}

struct map *map_create(void)
{
    struct map *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->n_slots = FIRST_SLOTS;
    self->slots = slots_alloc(self->n_slots);
    randombytes_buf(self->hash_key, sizeof(self->hash_key)); /* keys may come from outside */
    return self;
}

void map_destroy(struct map **self)
{
    if (*self == NULL)
        return;
    free((*self)->slots);
    free(*self);
    *self = NULL;
}

static uint64_t map_hash(const struct map *self, const void *key, size_t len)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, key, len, self->hash_key);
    return hash;
}

/* The slot of the key, or the free slot where it would go. */
static size_t map_find(const struct map *self, const void *key, size_t len, uint64_t hash)
{
    size_t i = hash & (self->n_slots - 1);
    for (;; i = (i + 1) & (self->n_slots - 1)) {
        const struct slot *slot = &self->slots[i];
        if (slot->value == NULL ||
            (slot->hash == hash && slot->key_len == len && memcmp(slot->key, key, len) == 0))
            return i;
    }
}

void *map_get(const struct map *self, const void *key, size_t len)
{
    ASSERT(len > 0 && len <= MAP_KEY_MAX_BYTES);
    return self->slots[map_find(self, key, len, map_hash(self, key, len))].value;
}

static void map_grow(struct map *self)
{
    struct slot *old = self->slots;
    size_t n_old = self->n_slots;
    self->n_slots *= 2;
    self->slots = slots_alloc(self->n_slots);
    for (size_t i = 0; i < n_old; i++) {
        if (old[i].value != NULL)
            self->slots[map_find(self, old[i].key, old[i].key_len, old[i].hash)] = old[i];
    }
    free(old);
}

void *map_put(struct map *self, const void *key, size_t len, void *value)
{
    ASSERT(len > 0 && len <= MAP_KEY_MAX_BYTES);
    ASSERT(value != NULL);
    if (2 * (self->count + 1) > self->n_slots)
        map_grow(self);
    uint64_t hash = map_hash(self, key, len);
    struct slot *slot = &self->slots[map_find(self, key, len, hash)];
    void *before = slot->value;
    if (before == NULL) {
        self->count++;
        slot->hash = hash;
        slot->key_len = (uint8_t)len;
        memcpy(slot->key, key, len);
    }
    slot->value = value;
    return before;
}

void *map_remove(struct map *self, const void *key, size_t len)
{
    ASSERT(len > 0 && len <= MAP_KEY_MAX_BYTES);
    size_t mask = self->n_slots - 1;
    size_t hole = map_find(self, key, len, map_hash(self, key, len));
    void *value = self->slots[hole].value;
    if (value == NULL)
        return NULL;
    self->count--;
    self->slots[hole].value = NULL;
    for (size_t i = (hole + 1) & mask; self->slots[i].value != NULL; i = (i + 1) & mask) {
        size_t home = self->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            self->slots[hole] = self->slots[i];
            self->slots[i].value = NULL;
            hole = i;
        }
    }
    return value;
}

size_t map_count(const struct map *self)
{
    return self->count;
}

void *map_next(const struct map *self, size_t *cursor)
{
    while (*cursor < self->n_slots) {
        void *value = self->slots[(*cursor)++].value;
        if (value != NULL)
            return value;
    }
    return NULL;
}
