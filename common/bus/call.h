/* A client and its calls. Private to the bus.
 *
 * A call is in one place at a time: waiting (in its service's queue, or among the strays when it
 * wants one certain instance or a service that is not known yet), sent (in the instance's list),
 * backing off after a refusal, or failed (its answer is given in the next turn). It is also in one
 * bucket of the timing wheel, for the time when something must happen to it. */
#ifndef ANSINH_BUS_CALL_H
#define ANSINH_BUS_CALL_H

#include "common/bus/client.h"
#include "common/bus/frame.h"
#include "common/bus/instance.h"
#include "common/bus/list.h"

#define CALL_TICK_MS 10
#define WHEEL_BUCKETS 1024

enum call_state { CALL_FREE, CALL_WAITING, CALL_SENT, CALL_BACKING_OFF, CALL_FAILED };

struct call {
    enum call_state state;
    struct list place;
    struct list timed;
    int64_t due_ms;
    uint32_t slot, generation; /* together the call id, the same for every try */
    char service_name[BUS_NAME_BYTES];
    char instance_name[BUS_NAME_BYTES]; /* "": any */
    struct service *service;            /* NULL: not known yet */
    const char *method;
    struct request_id id;
    int has_id;
    char trace_id[FRAME_TRACE_ID_MAX_BYTES + 1];
    char partner[FRAME_PARTNER_MAX_BYTES + 1];
    uint8_t source_file[FRAME_SOURCE_FILE_BYTES];
    int has_source_file;
    zmq_msg_t body;
    int64_t deadline_ms;
    struct instance *instance; /* valid while sent */
    uint64_t tried_last;       /* number of that instance, also later */
    unsigned n_tries, n_refused;
    Ansinh__V1__Code code; /* of the last refusal, or why it failed */
    unsigned retry_after_ms;
    const char *message;
    bus_answer_fn fn;
    void *arg;
};

struct bus_client {
    struct bus *bus;
    char caller[BUS_NAME_BYTES];
    unsigned window, waiting_max;
    int64_t try_ms, ping_ms;
    struct service *services[SERVICES_MAX];
    size_t n_services;
    uint64_t n_instances_made;
    struct instance *closed; /* freed in the next turn */
    struct call **calls;     /* by slot */
    size_t n_calls, calls_capacity;
    struct list free_calls, strays, backing_off, failed;
    size_t n_open;   /* not free */
    size_t n_parked; /* waiting or backing off */
    struct list wheel[WHEEL_BUCKETS];
    int64_t tick; /* the last one walked, counted in CALL_TICK_MS */
    struct loop_timer *tick_timer, *ping_timer, *fail_timer, *free_timer;
    struct arena *arena; /* of one answer */
    int is_closing;
    struct bus_client_stats stats;
};

/* Source callback of an instance. */
void client_on_answer(void *instance, int events);

struct service *client_find_service(const struct bus_client *self, const char *name);

/* A free slot with an empty body, open from now on. */
struct call *call_take(struct bus_client *client);

/* Sends it if an instance can be asked; true when it was sent. */
int call_send(struct bus_client *client, struct call *call);

/* Lets it wait. */
void call_park(struct bus_client *client, struct call *call);

/* Lets it fail in the next turn. */
void call_fail_later(struct bus_client *client, struct call *call, Ansinh__V1__Code code,
                     const char *message);

/* Frees the slot, then runs the callback. */
void call_finish(struct bus_client *client, struct call *call, const struct bus_answer *answer);

/* The try under way was refused: backs off, or ends when that makes no sense any more. */
void call_refused(struct bus_client *client, struct call *call);

/* Sends what waits for the service, as far as the windows reach. */
void calls_flush(struct bus_client *client, struct service *service);

/* Sends again, elsewhere if possible, what was sent to an instance that is gone. */
void calls_move(struct bus_client *client, struct instance *instance);

/* Tries the strays. */
void calls_try_strays(struct bus_client *client);

/* Walks the wheel up to now. */
void calls_walk(struct bus_client *client, int64_t now_ms);

#endif
