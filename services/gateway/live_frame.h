/* Bytes of one or more server-sent events, shared by the viewers that are being sent them. */
#ifndef ANSINH_GATEWAY_LIVE_FRAME_H
#define ANSINH_GATEWAY_LIVE_FRAME_H

#include <stddef.h>

/* What all frames together take. */
struct live_memory {
    size_t used, max; /* bytes */
};

struct live_frame {
    struct live_memory *memory;
    unsigned refs;
    size_t len;
    char text[];
};

/* Copies; the caller has the one reference. NULL when it does not fit into memory, which must
 * outlive the frame. */
struct live_frame *live_frame_make(struct live_memory *memory, const void *text, size_t len);

struct live_frame *live_frame_ref(struct live_frame *self);

/* Sets *self to NULL; NULL is allowed. */
void live_frame_unref(struct live_frame **self);

#endif
