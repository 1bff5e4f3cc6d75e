/* A set of units that viewers watch together: its snapshot, and one event with whatever changed
 * since a number. However far behind a viewer is, it needs that number alone: no queue. */
#ifndef ANSINH_GATEWAY_LIVE_WATCH_H
#define ANSINH_GATEWAY_LIVE_WATCH_H

#include "common/base/buf.h"
#include "common/bus/client.h"
#include "services/gateway/live_frame.h"
#include "services/gateway/live_units.h"

#define WATCH_UNITS_MAX 16 /* named in one watch, children not counted */
#define WATCH_PROBLEM_BYTES 161
#define WATCH_FRAMES_MAX 4 /* of changes, made for one watch between two tellings */

struct live_watch;
struct viewer; /* belongs to who listens */

enum live_watch_event {
    WATCH_LOADED,  /* there is a fresh snapshot */
    WATCH_CHANGED, /* some of its units changed */
    WATCH_UNKNOWN, /* analytics does not know one of its units; problem says which */
    WATCH_FAILED,  /* analytics did not give the snapshot; it is asked again */
    WATCH_STALE,   /* nothing is heard of analytics; the snapshot is gone */
};
typedef void (*live_watch_fn)(void *arg, struct live_watch *watch, enum live_watch_event event);

/* What all watches share. */
struct live_watch_base {
    struct bus_client *client;
    struct live_units *units;
    uint64_t version; /* of the newest view; */
    uint64_t gap;     /* of the last view whose predecessor did not come, as of the first */
    int64_t as_of_ms, newest_event_ms;
    struct live_memory memory; /* of all frames */
    int64_t *frames_made;      /* counter */
    struct arena *arena;       /* scratch of one function */
    struct buf text;           /* scratch: the event being written */
    struct buf tail;           /* scratch: what follows its units */
    live_watch_fn fn;          /* told of loads; may drop references */
    void *arg;
};

/* The units asked for. */
struct live_watch_spec {
    char codes[WATCH_UNITS_MAX][UNIT_CODE_BYTES]; /* zeroed behind the texts */
    size_t n_codes;
    int with_children;
};

/* One GetProgress of a load. */
struct live_watch_ask {
    struct live_watch *watch;
    Ansinh__V1__GetProgressResponse *answer;
};

struct live_watch {
    struct live_watch_base *base;
    struct live_watch_spec spec;
    struct viewer *viewers;         /* for who listens */
    struct live_watch *prev, *next; /* for the board */
    int64_t left_ms;                /* for live.c: the last viewer went then, monotonic */
    int64_t load_at_ms;             /* for live.c: when to load again, monotonic */
    int64_t asked_ms;               /* the last load began */
    uint64_t asked_version;         /* of the newest view then: an older answer is no answer */
    int64_t loaded_ms;              /* the last load succeeded */
    uint64_t loaded_version;        /* of its oldest answer; 0: none has succeeded */
    uint64_t gap_id;                /* a view was lost: ids go no further until the next load */
    struct live_unit **units;       /* the named ones and their children, once loaded */
    size_t n_units;
    struct live_frame *snapshot; /* events; NULL while there are none */
    uint64_t snapshot_seq;       /* they hold up to this change */
    uint64_t snapshot_id;
    uint64_t known_seq;               /* changes before the first load are not known */
    uint64_t told_seq, from_seq;      /* changes up to here were told; and before the last time */
    uint64_t changed, changed_before; /* told_seq of the last two times that something changed */
    struct live_watch_frame {
        uint64_t from;
        struct live_frame *frame;
    } frames[WATCH_FRAMES_MAX]; /* what changed since from, made since the last telling */
    size_t n_frames;
    struct live_watch_ask asks[WATCH_UNITS_MAX];
    size_t n_asked;             /* not answered yet; 0: no load is under way */
    Ansinh__V1__Code load_code; /* first failure of the load */
    char problem[WATCH_PROBLEM_BYTES];
};

/* Empty; borrows base. */
struct live_watch *live_watch_create(struct live_watch_base *base,
                                     const struct live_watch_spec *spec);
/* No load may be under way. */
void live_watch_destroy(struct live_watch **self);

/* Asks analytics for the snapshot, unless that is under way; base->fn tells how it ended. */
void live_watch_load(struct live_watch *self);

/* Changes up to seq are to be told; true when a unit of this watch is among those not told yet. */
int live_watch_tell(struct live_watch *self, uint64_t seq);

/* A view was lost, the newest one is not taken yet: until the watch has been loaded again, its ids
 * stay as they are. */
void live_watch_lost(struct live_watch *self);

/* What the next event is numbered: its reader has all values up to this version. Grows, unless
 * analytics began anew with lower ones. */
uint64_t live_watch_id(const struct live_watch *self);

/* One event with the newest values of what changed since a number, or of everything when too many
 * ask for too many numbers; NULL when nothing was told that changed since, or at the limit of
 * memory. *ret_seq is the number up to which it holds. The frame is borrowed until the next call.
 */
struct live_frame *live_watch_progress(struct live_watch *self, uint64_t since, uint64_t *ret_seq);

#endif
