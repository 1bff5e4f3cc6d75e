/* Memory of one message: allocated piece by piece, freed all at once. Its capacity is a limit on
 * what one message may cost. */
#ifndef ANSINH_BASE_ARENA_H
#define ANSINH_BASE_ARENA_H

#include <stddef.h>

#include "common/base/macros.h"

struct arena;

/* Makes an arena that holds at most size_max_bytes; memory is taken from the system in blocks as
 * needed and kept over arena_reset. Never NULL: aborts when there is no memory for the small fixed
 * part. */
struct arena *arena_create(size_t size_max_bytes);
void arena_destroy(struct arena **self);

/* Frees every piece and keeps the first block. */
void arena_reset(struct arena *self);

/* A piece of size bytes (0 is allowed), aligned for any type, uninitialised; NULL when the limit is
 * reached or the system has no memory. Lives until arena_reset. */
void *arena_alloc(struct arena *self, size_t size);

/* The same, zeroed. */
void *arena_zalloc(struct arena *self, size_t size);

/* Copies len bytes and appends NUL; NULL at the limit. */
char *arena_strndup(struct arena *self, const char *text, size_t len);

/* Formatted text; NULL at the limit. */
char *arena_printf(struct arena *self, const char *format, ...) PRINTF_LIKE(2, 3);

/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *self);

#endif
