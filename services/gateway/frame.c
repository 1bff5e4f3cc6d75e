#include "services/gateway/frame.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

struct frame *frame_make(const void *text, size_t len)
{
    struct frame *self = malloc(sizeof(*self) + len);
    ASSERT(self != NULL);
    self->refs = 1;
    self->len = len;
    memcpy(self->text, text, len);
    return self;
}

struct frame *frame_ref(struct frame *self)
{
    self->refs++;
    return self;
}

void frame_unref(struct frame **self)
{
    if (*self != NULL && --(*self)->refs == 0)
        free(*self);
    *self = NULL;
}
