/* Bytes of one or more server-sent events, shared by the viewers that are being sent them. */
#ifndef ANSINH_GATEWAY_FRAME_H
#define ANSINH_GATEWAY_FRAME_H

#include <stddef.h>

struct frame {
    unsigned refs;
    size_t len;
    char text[];
};

/* Copies; the caller has the one reference. Never NULL. */
struct frame *frame_make(const void *text, size_t len);

struct frame *frame_ref(struct frame *self);

/* Sets *self to NULL; NULL is allowed. */
void frame_unref(struct frame **self);

#endif
