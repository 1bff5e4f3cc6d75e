/* Doubly linked lists of nodes that live inside their owners. Private to the bus. */
#ifndef ANSINH_BUS_LIST_H
#define ANSINH_BUS_LIST_H

#include "common/base/macros.h"

/* A list head, or a node; a node that is in no list points to itself. */
struct list {
    struct list *prev, *next;
};

static inline void list_init(struct list *self)
{
    self->prev = self->next = self;
}

static inline int list_is_empty(const struct list *self)
{
    return self->next == self;
}

/* At the end of a list; when self is a node in a list: right before it. */
static inline void list_append(struct list *self, struct list *node)
{
    node->prev = self->prev;
    node->next = self;
    self->prev->next = node;
    self->prev = node;
}

/* A node in no list is allowed. */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* Moves everything from one list to the end of another. */
static inline void list_move_all(struct list *from, struct list *to)
{
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#endif
