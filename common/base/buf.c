#include "common/base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY_BYTES 256

void buf_init(struct buf *self, size_t size_max)
{
    memset(self, 0, sizeof(*self));
    self->size_max = size_max;
}

void buf_fini(struct buf *self)
{
    free(self->data);
    buf_init(self, self->size_max);
}

void buf_reset(struct buf *self)
{
    self->len = 0;
    self->failed = 0;
}

static int buf_fail(struct buf *self, int code)
{
    if (self->failed == 0)
        self->failed = code;
    return self->failed;
}

/* Room for len bytes and, where the limit does not count it, one NUL. */
static uint8_t *buf_grow(struct buf *self, size_t len, size_t nul)
{
    if (self->failed != 0)
        return NULL;
    if (len > self->size_max - self->len) {
        (void)buf_fail(self, -EMSGSIZE);
        return NULL;
    }
    size_t need = self->len + len + nul;
    if (need > self->capacity || self->data == NULL) {
        size_t capacity = MAX(self->capacity, (size_t)FIRST_CAPACITY_BYTES);
        while (capacity < need)
            capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
        uint8_t *data = realloc(self->data, capacity);
        if (data == NULL) {
            (void)buf_fail(self, -ENOMEM);
            return NULL;
        }
        self->data = data;
        self->capacity = capacity;
    }
    return self->data + self->len;
}

uint8_t *buf_reserve(struct buf *self, size_t len)
{
    return buf_grow(self, len, 0);
}

int buf_append(struct buf *self, const void *data, size_t len)
{
    uint8_t *room = buf_reserve(self, len);
    if (room == NULL)
        return self->failed;
    if (len > 0)
        memcpy(room, data, len);
    self->len += len;
    return 0;
}

int buf_puts(struct buf *self, const char *text)
{
    return buf_append(self, text, strlen(text));
}

int buf_putc(struct buf *self, char c)
{
    return buf_append(self, &c, 1);
}

int buf_printf(struct buf *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return buf_fail(self, -EINVAL);
    uint8_t *room = buf_grow(self, (size_t)len, 1);
    if (room == NULL)
        return self->failed;
    va_start(args, format);
    (void)vsnprintf((char *)room, (size_t)len + 1, format, args);
    va_end(args);
    self->len += (size_t)len;
    return 0;
}

void buf_consume(struct buf *self, size_t len)
{
    len = MIN(len, self->len);
    if (len == 0)
        return;
    memmove(self->data, self->data + len, self->len - len);
    self->len -= len;
}
