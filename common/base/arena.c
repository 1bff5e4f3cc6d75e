#include "common/base/arena.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

#define BLOCK_BYTES 8192
#define ALIGN_BYTES 16

struct block {
    struct block *next;
    size_t size;
    _Alignas(ALIGN_BYTES) unsigned char bytes[];
};

struct arena {
    struct block *blocks; /* newest first; the last one in the list is kept over a reset */
    unsigned char *at;    /* what is free of the newest */
    size_t room;          /* and how much of that is within the limit */
    size_t size_max;
    size_t used;
};

struct arena *arena_create(size_t size_max_bytes)
{
    struct arena *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->size_max = MIN(size_max_bytes, SIZE_MAX / 2); /* rounding up must not overflow */
    return self;
}

void arena_destroy(struct arena **self)
{
    if (*self == NULL)
        return;
    struct block *block = (*self)->blocks;
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(*self);
    *self = NULL;
}

void arena_reset(struct arena *self)
{
    struct block *block = self->blocks;
    while (block != NULL && block->next != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    self->blocks = block;
    self->used = 0;
    self->at = block == NULL ? NULL : block->bytes;
    self->room = block == NULL ? 0 : MIN(block->size, self->size_max);
}

/* 0, or -ENOMEM. */
static int arena_grow(struct arena *self, size_t size)
{
    size_t bytes = MAX(size, (size_t)BLOCK_BYTES - sizeof(struct block));
    struct block *block = malloc(sizeof(*block) + bytes);
    if (block == NULL)
        return -ENOMEM;
    block->size = bytes;
    block->next = self->blocks;
    self->blocks = block;
    self->at = block->bytes;
    self->room = MIN(bytes, self->size_max - self->used);
    return 0;
}

void *arena_alloc(struct arena *self, size_t size)
{
    size_t left = self->size_max - self->used;
    size_t rounded = (MAX(size, (size_t)1) + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);
    if (size > left || rounded > left || (rounded > self->room && arena_grow(self, rounded) < 0))
        return NULL;
    void *piece = self->at;
    self->at += rounded;
    self->room -= rounded;
    self->used += rounded;
    return piece;
}

void *arena_zalloc(struct arena *self, size_t size)
{
    void *piece = arena_alloc(self, size);
    if (piece != NULL)
        memset(piece, 0, size);
    return piece;
}

char *arena_strndup(struct arena *self, const char *text, size_t len)
{
    char *copy = len == (size_t)-1 ? NULL : arena_alloc(self, len + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *arena_printf(struct arena *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : arena_alloc(self, (size_t)len + 1);
    if (text == NULL)
        return NULL;
    va_start(args, format);
    (void)vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}

size_t arena_used(const struct arena *self)
{
    return self->used;
}
