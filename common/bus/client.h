/* The asking side: one DEALER per live instance of a service, the least loaded one is asked.
 *
 * A call that gets no answer within a try, or whose instance vanishes or answers UNAVAILABLE or
 * RESOURCE_EXHAUSTED, is sent again, to another instance when there is one, with the same request
 * id, until its deadline. */
#ifndef ANSINH_BUS_CLIENT_H
#define ANSINH_BUS_CLIENT_H

#include "common/bus/bus.h"

struct bus_client;

struct bus_client_conf {
    const char *caller;   /* this process, for the header; borrowed */
    unsigned window;      /* calls under way per instance; more wait in the client */
    unsigned waiting_max; /* calls waiting for a window or an instance; more fail at once with
                             RESOURCE_EXHAUSTED */
    int64_t try_ms;       /* an unanswered try is repeated after this long */
    int64_t ping_ms;      /* Health/Check interval per instance; three unanswered ones in a row: not
                             asked any more */
};

int bus_client_create(struct bus *bus, const struct bus_client_conf *conf, struct bus_client **ret,
                      struct err *err) MUST_CHECK;

/* Open calls are answered CANCELED first. Not from a callback of the client. */
void bus_client_destroy(struct bus_client **self);

/* The live instances of all services; new ones are connected, missing ones are closed and their
 * calls sent to others. Copies. */
void bus_client_set_instances(struct bus_client *self, const struct bus_instance *instances,
                              size_t n);

/* Instances of a service that can be asked now: connected and alive. */
size_t bus_client_count(const struct bus_client *self, const char *service);

struct bus_call {
    const char *service;         /* process to ask: "payments" */
    const char *instance;        /* NULL: any; else only this one ("payments-2"), never another */
    const char *method;          /* "ansinh.v1.Payments/Pay"; must outlive the call */
    const struct request_id *id; /* NULL for reads; copied */
    int64_t timeout_ms;          /* 1..BUS_TIMEOUT_MAX_MS */
    const char *trace_id;        /* NULL or at most 64 bytes; copied */
    const char *partner;         /* NULL or the verified organisation, at most 32 bytes; copied */
    const uint8_t *source_file;  /* NULL, or 8 bytes: the partner's file it is taken from; copied */
};

/* code 0: body is the packed response. When every try was refused and no other fits in before the
 * deadline: the last refusal. A command that is refused while an earlier try of it is unanswered:
 * UNKNOWN. At the deadline: UNKNOWN for a command that was sent at least once,
 * UNAVAILABLE for one that never was, DEADLINE_EXCEEDED for a read. All pointers are borrowed
 * during the callback. */
struct bus_answer {
    Ansinh__V1__Code code;
    const char *message;
    const char *field;
    unsigned retry_after_ms;
    const uint8_t *body;
    size_t body_len;
};
typedef void (*bus_answer_fn)(void *arg, const struct bus_answer *answer);

/* Packs and sends; fn runs exactly once, never inside this call. */
void bus_call(struct bus_client *self, const struct bus_call *call, const ProtobufCMessage *input,
              bus_answer_fn fn, void *arg);
/* The same with a packed body (copied). */
void bus_call_packed(struct bus_client *self, const struct bus_call *call, const uint8_t *body,
                     size_t len, bus_answer_fn fn, void *arg);

/* Calls not answered yet. */
size_t bus_client_open(const struct bus_client *self);

struct bus_client_stats {
    int64_t calls, retries, timeouts, refused;
};
void bus_client_stats_get(const struct bus_client *self, struct bus_client_stats *ret);

#endif
