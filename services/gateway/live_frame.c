#include "services/gateway/live_frame.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

struct live_frame *live_frame_make(const void *text, size_t len)
{
    struct live_frame *self = malloc(sizeof(*self) + len);
    ASSERT(self != NULL);
    self->refs = 1;
    self->len = len;
    memcpy(self->text, text, len);
    return self;
}

struct live_frame *live_frame_ref(struct live_frame *self)
{
    self->refs++;
    return self;
}

void live_frame_unref(struct live_frame **self)
{
    if (*self != NULL && --(*self)->refs == 0)
        free(*self);
    *self = NULL;
}
