/* A binary heap of nodes that live inside their owners: smallest key on top, removal of any node in
 * O(log n). */
#ifndef ANSINH_LOOP_HEAP_H
#define ANSINH_LOOP_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t key;
    size_t place; /* index in the heap, kept by it */
};

struct heap {
    struct heap_node **nodes;
    size_t count, capacity;
};

void heap_init(struct heap *self);
void heap_fini(struct heap *self);

/* Borrows the node until it is popped or removed; its key must not change meanwhile. */
void heap_push(struct heap *self, struct heap_node *node);

/* NULL when empty. */
struct heap_node *heap_top(const struct heap *self);
struct heap_node *heap_pop(struct heap *self);

/* The node must be in the heap. */
void heap_remove(struct heap *self, struct heap_node *node);

#endif
