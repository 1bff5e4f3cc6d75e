/* The analytics service: the board, a fold of the journal. See README.md. */
#ifndef ANSINH_ANALYTICS_ANALYTICS_H
#define ANSINH_ANALYTICS_ANALYTICS_H

#include "common/service/projector.h"
#include "services/analytics/analytics_store.h"
#include "services/analytics/board.h"
#include "services/analytics/facts_store.h"
#include "services/analytics/observed.h"
#include "services/analytics/people.h"
#include "services/analytics/reach.h"
#include "services/analytics/sessions_fold.h"

extern const struct service_spec analytics_spec;

#define ANALYTICS_CHANGED_MAX 100000

struct lapses;
struct queries;
struct questions;

struct analytics {
    struct service *svc;
    struct projector *projector;
    struct board *board;
    struct increments *increments;
    struct facts *facts;
    uint64_t n_collected; /* facts in the flush under way, and all before them */
    uint64_t n_durable;   /* facts that no death takes back: those that questions are about */
    struct queries *queries;
    struct questions *questions;
    struct people *people;
    struct facts_out *facts_out;
    struct sessions *sessions;
    struct sessions_out *sessions_out;
    struct observed *observed; /* the newest one of now; NULL: none yet */
    int is_observing;          /* a question makes a newer one */
    struct reach *reach;
    struct lapses *lapses;
    uint64_t takeover;     /* number of the last one: who loads for an earlier one stops */
    int is_loaded;         /* the facts are, too; until then no event is taken */
    size_t n_dropped;      /* chunks of facts to be deleted in views with the next flush */
    int32_t retention_day; /* when old facts were looked for last */
    struct arena *arena;   /* of the view frame under construction */
    struct loop_timer *frames;
    int64_t published_ms;          /* monotonic, of the last view frame */
    uint64_t n_frames;             /* view frames that were published */
    int64_t newest_event_ms;       /* of those that were applied; 0: none */
    uint64_t directory_generation; /* that the last frames showed */
    int is_all_changed;            /* the next frame carries every unit */
    uint32_t changed[ANALYTICS_CHANGED_MAX];
};

/* The number of the last view frame: each has the one behind its predecessor's, and a new leader's
 * first is far behind all of the last one's. Values asked for now are at least as new. */
uint64_t analytics_version(const struct analytics *self);

/* Counts facts on the board and keeps them, in memory and for the next flush. */
void analytics_count(struct analytics *self, const struct folded *folded, size_t n);
/* Counts a fact by its day alone: one that is loaded, when the totals are. */
void analytics_count_day(struct analytics *self, const struct fact *fact);
/* Facts that certainly fit into the next flush, besides what PROJECTOR_ASIDE_MAX events make. */
size_t analytics_room(const struct analytics *self);

/* For projector_spec.reset: loads totals, facts and sessions, then lets them be shown. What was
 * written before there were facts is folded anew. */
void takeover_start(struct analytics *self);

/* Lapses are noted when a day is over and everything that was recorded in it is folded. */
struct lapses *lapses_create(struct analytics *self);
void lapses_destroy(struct lapses **self);
/* After a takeover: looks again. */
void lapses_reset(struct lapses *self);

/* Handlers; arg is the struct analytics. */
void on_get_progress(void *arg, struct bus_request *request);
void on_get_forecast(void *arg, struct bus_request *request);
void on_get_series(void *arg, struct bus_request *request);
void on_get_board(void *arg, struct bus_request *request);
void on_list_sessions(void *arg, struct bus_request *request);
void on_list_records(void *arg, struct bus_request *request);

/* Whether questions to the facts can be answered here: it leads, and all of them are loaded. */
int analytics_has_facts(const struct analytics *self);

/* Refuses what only the leader can answer. */
void board_is_elsewhere(struct bus_request *request);

#endif
