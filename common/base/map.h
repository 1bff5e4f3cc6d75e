/* A hash table from short byte keys to pointers: the one container of the platform beside arrays
 * and lists. */
#ifndef ANSINH_BASE_MAP_H
#define ANSINH_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#define MAP_KEY_MAX_BYTES 40

struct map;

struct map *map_create(void);

/* Frees the table, not the values. */
void map_destroy(struct map **self);

/* Keys are 1 to MAP_KEY_MAX_BYTES bytes and copied. */
void *map_get(const struct map *self, const void *key, size_t len);

/* Sets or replaces; value is borrowed and not NULL; answers the value before or NULL. */
void *map_put(struct map *self, const void *key, size_t len, void *value);

/* Takes the entry out and answers its value, or NULL. */
void *map_remove(struct map *self, const void *key, size_t len);

size_t map_count(const struct map *self);

/* Walks all values in no particular order: start with *cursor = 0, ends with NULL. The table must
 * not be changed during the walk. */
void *map_next(const struct map *self, size_t *cursor);

#endif
