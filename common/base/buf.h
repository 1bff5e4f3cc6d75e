/* A growing byte buffer with a limit. */
#ifndef ANSINH_BASE_BUF_H
#define ANSINH_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"

struct buf {
    uint8_t *data; /* NULL while empty and never used */
    size_t len;
    size_t capacity;
    size_t size_max;
    int failed; /* -EMSGSIZE or -ENOMEM of the first append that did not fit; later appends do
                   nothing */
};

/* Starts empty; at most size_max bytes will be held. */
void buf_init(struct buf *self, size_t size_max);
void buf_fini(struct buf *self);

/* Forgets the content and a failure, keeps the memory. */
void buf_reset(struct buf *self);

/* Appends; 0, or self->failed. A failure is remembered, so a writer may append many times and check
 * buf.failed once at the end. */
int buf_append(struct buf *self, const void *data, size_t len);
int buf_puts(struct buf *self, const char *text);
int buf_putc(struct buf *self, char c);
int buf_printf(struct buf *self, const char *format, ...) PRINTF_LIKE(2, 3);

/* Room for len more bytes at data + self->len, to be filled by the caller and counted by raising
 * self->len; NULL when it does not fit. */
uint8_t *buf_reserve(struct buf *self, size_t len);

/* Drops the first len bytes. */
void buf_consume(struct buf *self, size_t len);

#endif
