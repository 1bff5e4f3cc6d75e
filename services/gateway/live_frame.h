/* Bytes of one or more server-sent events, shared by the viewers that are being sent them. */
#ifndef ANSINH_GATEWAY_LIVE_FRAME_H
#define ANSINH_GATEWAY_LIVE_FRAME_H

#include <stddef.h>

struct live_frame {
    unsigned refs;
    size_t len;
    char text[];
};

/* Copies; the caller has the one reference. Never NULL. */
struct live_frame *live_frame_make(const void *text, size_t len);

struct live_frame *live_frame_ref(struct live_frame *self);

/* Sets *self to NULL; NULL is allowed. */
void live_frame_unref(struct live_frame **self);

#endif
