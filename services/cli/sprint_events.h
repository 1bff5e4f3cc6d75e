/* All that happens in a rehearsed sprint, in the order of time. No I/O, no clock. */
#ifndef ANSINH_CLI_SPRINT_EVENTS_H
#define ANSINH_CLI_SPRINT_EVENTS_H

#include "services/cli/sprint_session.h"

enum sprint_what {
    SPRINT_ANNOUNCED, /* a session is planned for today */
    SPRINT_VISITED,
    SPRINT_DECIDED,  /* on a visit's declaration */
    SPRINT_REPORTED, /* who attended a session, and who was reached there */
};

struct sprint_event {
    enum sprint_what what;
    int64_t at_s;
    struct sprint_visit visit; /* visited, decided */
    unsigned decision;         /* which of the visit's */
    struct sprint_session session;
};

struct sprint_events;

/* Borrows the plan. Never NULL. */
struct sprint_events *sprint_events_create(const struct sprint_plan *plan);
void sprint_events_destroy(struct sprint_events **self);

/* 0 after the last one. */
int sprint_events_next(struct sprint_events *self, struct sprint_event *ret);

#endif
