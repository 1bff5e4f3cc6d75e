#include "services/payments/quote_unit.h"

#include "common/service/command.h"

/* Lives in the request's arena. */
struct looking_up {
    struct service *svc;
    struct bus_request *request;
    const char *code;
    quote_unit_fn fn;
};

static void on_refreshed(void *arg, int rc)
{
    struct looking_up *self = arg;
    const struct directory_unit *unit = directory_unit(self->svc->directory, self->code);
    if (rc < 0)
        ledger_away(self->request);
    else if (unit == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "unit_code",
                 "unknown unit");
    else
        self->fn(self->svc, self->request, unit);
}

void quote_unit(struct service *svc, struct bus_request *request, const char *code,
                quote_unit_fn fn)
{
    const struct directory_unit *unit = directory_unit(svc->directory, code);
    struct looking_up *self = unit == NULL ? arena_alloc(request->arena, sizeof(*self)) : NULL;
    if (unit != NULL) {
        fn(svc, request, unit);
    } else if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    } else {
        *self = (struct looking_up){svc, request, code, fn};
        directory_refresh(svc->directory, on_refreshed, self);
    }
}
