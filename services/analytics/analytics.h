/* The analytics service: the board, a fold of the journal. See README.md. */
#ifndef ANSINH_ANALYTICS_ANALYTICS_H
#define ANSINH_ANALYTICS_ANALYTICS_H

#include "common/service/projector.h"
#include "services/analytics/analytics_store.h"
#include "services/analytics/board.h"

extern const struct service_spec analytics_spec;

#define ANALYTICS_CHANGED_MAX 100000

struct analytics {
    struct service *svc;
    struct projector *projector;
    struct board *board;
    struct increments *increments;
    struct arena *arena; /* of the view frame under construction */
    struct loop_timer *pulse;
    int64_t published_ms;          /* monotonic, of the last view frame */
    uint64_t n_pulses;             /* view frames between flushes */
    int64_t newest_event_ms;       /* of those that were applied; 0: none */
    uint64_t directory_generation; /* that the last frames showed */
    int is_all_changed;            /* the next frame carries every unit */
    uint32_t changed[ANALYTICS_CHANGED_MAX];
};

/* The number of the last view frame: each has the one behind its predecessor's, and a new leader's
 * first is far behind all of the last one's. Values asked for now are at least as new. */
uint64_t analytics_version(const struct analytics *self);

/* Handlers; arg is the struct analytics. */
void on_get_progress(void *arg, struct bus_request *request);
void on_get_forecast(void *arg, struct bus_request *request);

/* Refuses what only the leader can answer. */
void board_is_elsewhere(struct bus_request *request);

#endif
