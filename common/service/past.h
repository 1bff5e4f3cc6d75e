/* What the journals no longer hold, read from the archive through an archiver: from its first
 * segment to its newest, each partition's entries in order. */
#ifndef ANSINH_SERVICE_PAST_H
#define ANSINH_SERVICE_PAST_H

#include "common/archive/record.h"
#include "common/service/service.h"

struct past;

struct past_conf {
    struct service *svc; /* with a client */
    void *arg;
    /* Takes the next entry, borrowed. 0: no room for it now; past_go_on will offer it again. */
    int (*take)(void *arg, const struct record *entry);
    /* Everything that is archived was given. */
    void (*done)(void *arg);
};

struct past *past_create(const struct past_conf *conf);
void past_destroy(struct past **self);

/* Starts at the beginning of the archive. Not while it is under way. */
void past_start(struct past *self);
/* Forgets where it was; nothing is given any more. */
void past_stop(struct past *self);
/* There is room again. */
void past_go_on(struct past *self);

int past_is_busy(const struct past *self);

/* Why it does not get on: no archiver answers, or its answer. NULL: it does. */
const char *past_problem(const struct past *self);

#endif
