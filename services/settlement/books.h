/* A fold of the books: one part of what the projection `books` gathers from the journals. Each is a
 * file of its own and a row in the table of settlement.c; all of them share one checkpoint. */
#ifndef ANSINH_SETTLEMENT_BOOKS_H
#define ANSINH_SETTLEMENT_BOOKS_H

#include "common/service/projector.h"

typedef void (*books_loaded_fn)(void *arg, int rc);

struct books_fold {
    const char *name; /* for logs */
    /* Answers what the functions below get as self. */
    void *(*create)(struct service *svc);
    void (*destroy)(void *self);
    /* One event, once, in the order of its partition: gathers in memory only. */
    void (*apply)(void *self, const struct projector_event *event);
    /* Moves what was gathered into a flush. version grows with every flush: what is written with it
     * sorts behind everything before. Operations and bytes that one event can cause are counted in
     * settlement.c. */
    void (*collect)(void *self, uint64_t version, struct flush *flush);
    /* Forgets everything, then reads what it keeps in memory back from views; done runs once. NULL:
     * it keeps nothing but what it gathers, and clear is enough. */
    void (*load)(void *self, books_loaded_fn done, void *arg);
    void (*clear)(void *self);
};

extern const struct books_fold balances_fold, collected_fold;

#endif
