/* How a client of the chaos load reaches the platform: over the bus, or over HTTP through the
 * gateways. Each lane carries one request at a time. */
#ifndef ANSINH_TESTS_CHAOS_CARRIER_H
#define ANSINH_TESTS_CHAOS_CARRIER_H

#include "common/service/api.h"
#include "common/service/service.h"
#include "tests/chaos/history.h"

#define CARRIER_ANSWER_MAX_BYTES (256 * 1024)

struct carried {
    enum outcome outcome;
    unsigned code;
    uint64_t raw;        /* hash of the answer's bytes as they came */
    const uint8_t *body; /* packed; borrowed during the callback */
    size_t len;
};
typedef void (*carried_fn)(void *arg, const struct carried *carried);

struct request {
    enum kind kind;
    const struct request_id *id; /* NULL for a read */
    const uint8_t *body;         /* packed; borrowed until the end */
    size_t len;
    int64_t timeout_ms;
    int64_t hang_up_ms; /* the caller goes away after this long; 0: never. Only HTTP */
};

struct lane;

/* A lane over the bus; svc has a client. */
struct lane *lane_create_bus(struct service *svc);
/* A lane over HTTP to one of n addresses ("10.77.0.51:8080", borrowed), the next one after every
 * broken connection. JSON or protobuf. */
struct lane *lane_create_http(struct loop *loop, const char *const *addresses, size_t n,
                              size_t first, int is_json);
void lane_destroy(struct lane **self);

/* fn runs exactly once, never inside this call. */
void lane_send(struct lane *self, const struct request *request, carried_fn fn, void *arg);

/* What an answer with this code about this field of the request means. */
enum outcome carrier_outcome(unsigned code, const char *field);

/* --- for the two kinds of lanes --- */

struct lane {
    void (*send)(struct lane *self);
    void (*destroy)(struct lane *self);
    struct request request;
    carried_fn fn;
    void *arg;
};

#endif
