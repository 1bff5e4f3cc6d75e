#include "services/gateway/live_frame.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

static size_t size_of(size_t len)
{
    return sizeof(struct live_frame) + len;
}

struct live_frame *live_frame_make(struct live_memory *memory, const void *text, size_t len)
{
    if (memory->used >= memory->max || size_of(len) > memory->max - memory->used)
        return NULL;
    struct live_frame *self = malloc(size_of(len));
    ASSERT(self != NULL);
    *self = (struct live_frame){.memory = memory, .refs = 1, .len = len};
    memcpy(self->text, text, len);
    memory->used += size_of(len);
    return self;
}

struct live_frame *live_frame_ref(struct live_frame *self)
{
    self->refs++;
    return self;
}

void live_frame_unref(struct live_frame **self)
{
    if (*self != NULL && --(*self)->refs == 0) {
        (*self)->memory->used -= size_of((*self)->len);
        free(*self);
    }
    *self = NULL;
}
