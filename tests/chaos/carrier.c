#include "tests/chaos/carrier.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

enum outcome carrier_outcome(unsigned code, const char *field)
{
    switch (code) {
    case ANSINH__V1__CODE__CODE_UNSPECIFIED:
        return OUTCOME_OK;
    case ANSINH__V1__CODE__CODE_UNKNOWN:
        return OUTCOME_UNKNOWN;
    case ANSINH__V1__CODE__CODE_UNAVAILABLE:
    case ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED:
    case ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED:
    case ANSINH__V1__CODE__CODE_CANCELED:
        return OUTCOME_TURNED_AWAY;
    default:
        /* the key's age, or a day in the future, is a matter of the clock it was held against */
        return code == ANSINH__V1__CODE__CODE_INVALID_ARGUMENT &&
                       (strcmp(field, "Idempotency-Key") == 0 || strcmp(field, "paid_on") == 0 ||
                        strcmp(field, "paid_at_ms") == 0)
                   ? OUTCOME_TURNED_AWAY
                   : OUTCOME_REFUSED;
    }
}

void lane_send(struct lane *self, const struct request *request, carried_fn fn, void *arg)
{
    self->request = *request;
    self->fn = fn;
    self->arg = arg;
    self->send(self);
}

void lane_destroy(struct lane **self)
{
    if (*self == NULL)
        return;
    (*self)->destroy(*self);
    *self = NULL;
}

/* --- the bus ---------------------------------------------------------------------------------- */

struct bus_lane {
    struct lane lane;
    struct service *svc;
};

static void on_answer(void *arg, const struct bus_answer *answer)
{
    struct lane *lane = arg;
    struct carried carried = {
        .outcome = carrier_outcome(answer->code, answer->field),
        .code = answer->code,
        .raw = answer->code == 0 ? history_hash(answer->body, answer->body_len) : 0,
        .body = answer->code == 0 ? answer->body : NULL,
        .len = answer->code == 0 ? answer->body_len : 0,
    };
    lane->fn(lane->arg, &carried);
}

static void bus_send(struct lane *lane)
{
    struct bus_lane *self = CONTAINER_OF(lane, struct bus_lane, lane);
    const struct api_method *method = api_find(kind_method(lane->request.kind));
    ASSERT(method != NULL);
    struct bus_call call = {.service = method->process,
                            .method = method->name,
                            .id = lane->request.id,
                            .partner = kind_partner(lane->request.kind),
                            .timeout_ms = lane->request.timeout_ms};
    bus_call_packed(self->svc->client, &call, lane->request.body, lane->request.len, on_answer,
                    lane);
}

static void bus_lane_destroy(struct lane *lane)
{
    free(CONTAINER_OF(lane, struct bus_lane, lane));
}

struct lane *lane_create_bus(struct service *svc)
{
    struct bus_lane *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->lane.send = bus_send;
    self->lane.destroy = bus_lane_destroy;
    self->svc = svc;
    return &self->lane;
}
