#include "common/loop/heap.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

void heap_init(struct heap *self)
{
    memset(self, 0, sizeof(*self));
}

void heap_fini(struct heap *self)
{
    free(self->nodes);
    heap_init(self);
}

static void heap_place(struct heap *self, struct heap_node *node, size_t place)
{
    self->nodes[place] = node;
    node->place = place;
}

static void heap_up(struct heap *self, struct heap_node *node, size_t place)
{
    while (place > 0 && self->nodes[(place - 1) / 2]->key > node->key) {
        heap_place(self, self->nodes[(place - 1) / 2], place);
        place = (place - 1) / 2;
    }
    heap_place(self, node, place);
}

static void heap_down(struct heap *self, struct heap_node *node, size_t place)
{
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= self->count)
            break;
        if (child + 1 < self->count && self->nodes[child + 1]->key < self->nodes[child]->key)
            child++;
        if (self->nodes[child]->key >= node->key)
            break;
        heap_place(self, self->nodes[child], place);
        place = child;
    }
    heap_place(self, node, place);
}

void heap_push(struct heap *self, struct heap_node *node)
{
    if (self->count == self->capacity) {
        self->capacity = MAX((size_t)64, 2 * self->capacity);
        self->nodes = realloc(self->nodes, self->capacity * sizeof(struct heap_node *));
        ASSERT(self->nodes != NULL);
    }
    heap_up(self, node, self->count++);
}

struct heap_node *heap_top(const struct heap *self)
{
    return self->count == 0 ? NULL : self->nodes[0];
}

struct heap_node *heap_pop(struct heap *self)
{
    struct heap_node *top = heap_top(self);
    if (top != NULL)
        heap_remove(self, top);
    return top;
}

void heap_remove(struct heap *self, struct heap_node *node)
{
    ASSERT(node->place < self->count && self->nodes[node->place] == node);
    struct heap_node *last = self->nodes[--self->count];
    if (last == node)
        return;
    size_t place = node->place;
    if (place > 0 && self->nodes[(place - 1) / 2]->key > last->key)
        heap_up(self, last, place);
    else
        heap_down(self, last, place);
}
