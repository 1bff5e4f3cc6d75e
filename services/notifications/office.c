#include "services/notifications/office.h"

#include <stdio.h>
#include <stdlib.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "ansinh/v1/directory.pb-c.h"
#include "common/base/log.h"
#include "services/notifications/notifications_store.h"

#define ARENA_BYTES 65536 /* of both answers */

struct asking {
    struct service *svc;
    char code[UNIT_CODE_BYTES];
    struct office office; /* its texts are in the arena */
    struct arena *arena;
    ProtobufCAllocator allocator;
    office_fn fn;
    void *arg;
};

static void end(struct asking *self, enum office_result result)
{
    self->fn(self->arg, result, result == OFFICE_FOUND ? &self->office : NULL);
    arena_destroy(&self->arena);
    free(self);
}

static enum office_result result_of(const struct bus_answer *answer)
{
    if (answer->code == ANSINH__V1__CODE__CODE_UNSPECIFIED)
        return OFFICE_FOUND;
    if (answer->code == ANSINH__V1__CODE__CODE_CANCELED)
        return OFFICE_CANCELED;
    return answer->code == ANSINH__V1__CODE__CODE_NOT_FOUND ? OFFICE_UNKNOWN : OFFICE_AWAY;
}

static void on_forecast(void *arg, const struct bus_answer *answer)
{
    struct asking *self = arg;
    enum office_result result = result_of(answer);
    const Ansinh__V1__GetForecastResponse *out = NULL;
    if (result == OFFICE_FOUND)
        out = ansinh__v1__get_forecast_response__unpack(&self->allocator, answer->body_len,
                                                        answer->body);
    if (result == OFFICE_FOUND && (out == NULL || out->unit == NULL))
        result = OFFICE_AWAY;
    if (result == OFFICE_FOUND) {
        self->office.forecast_vi = out->unit->sentence_vi;
        self->office.forecast_en = out->unit->sentence;
    }
    end(self, result);
}

static void ask_forecast(struct asking *self)
{
    Ansinh__V1__GetForecastRequest request;
    ansinh__v1__get_forecast_request__init(&request);
    request.unit_code = self->code;
    const struct bus_call call = {.service = "analytics",
                                  .method = "ansinh.v1.Analytics/GetForecast",
                                  .timeout_ms = self->svc->conf.call_timeout_ms};
    bus_call(self->svc->client, &call, &request.base, on_forecast, self);
}

static void on_unit(void *arg, const struct bus_answer *answer)
{
    struct asking *self = arg;
    enum office_result result = result_of(answer);
    const Ansinh__V1__GetUnitResponse *out = NULL;
    if (result == OFFICE_FOUND)
        out =
            ansinh__v1__get_unit_response__unpack(&self->allocator, answer->body_len, answer->body);
    if (result == OFFICE_FOUND && (out == NULL || out->unit == NULL))
        result = OFFICE_AWAY;
    if (result != OFFICE_FOUND) {
        end(self, result);
        return;
    }
    const Ansinh__V1__Unit *unit = out->unit;
    self->office = (struct office){unit->full_name[0] != '\0' ? unit->full_name : unit->name,
                                   unit->office_email, "", ""};
    if (unit->office_email[0] == '\0')
        end(self, OFFICE_FOUND);
    else
        ask_forecast(self);
}

void office_ask(struct service *svc, const char *code, office_fn fn, void *arg)
{
    struct asking *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    *self = (struct asking){.svc = svc, .fn = fn, .arg = arg};
    (void)snprintf(self->code, sizeof(self->code), "%s", code);
    self->arena = arena_create(ARENA_BYTES);
    bus_arena_allocator(self->arena, &self->allocator);
    Ansinh__V1__GetUnitRequest request;
    ansinh__v1__get_unit_request__init(&request);
    request.code = self->code;
    const struct bus_call call = {.service = "enrolment",
                                  .method = "ansinh.v1.Directory/GetUnit",
                                  .timeout_ms = svc->conf.call_timeout_ms};
    bus_call(svc->client, &call, &request.base, on_unit, self);
}
