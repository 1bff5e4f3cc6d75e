/* ResolveContact: whom to write to, for the platform's own senders. */
#include <string.h>

#include "ansinh/v1/contacts.pb-c.h"
#include "common/service/command.h"
#include "services/enrolment/identity.h"

/* Lives in the request's arena. */
struct resolving {
    struct enrolment *service;
    struct bus_request *request;
    uint8_t citizen[ID_BYTES];
};

static void answer(void *arg, const Ansinh__V1__Identity *identity)
{
    struct resolving *self = arg;
    char id[BASE32_TEXT_BYTES];
    base32_format(self->citizen, id);
    Ansinh__V1__ResolveContactResponse out;
    ansinh__v1__resolve_contact_response__init(&out);
    out.participant_id = id;
    out.full_name = identity->full_name;
    out.email = identity->email;
    out.phone = identity->phone;
    out.language = identity->language;
    bus_reply(self->request, &out.base);
}

static void on_citizen(void *arg, int rc, const struct citizen *citizen)
{
    struct resolving *self = arg;
    if (rc < 0)
        ledger_away(self->request);
    else if (citizen == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "", "no such participant");
    else
        identity_read(self->service, self->request, self->citizen, answer, self);
}

void on_resolve_contact(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ResolveContactRequest *in =
        (const Ansinh__V1__ResolveContactRequest *)request->input;
    struct resolving *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    if (in->citizen.len != ID_BYTES) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "citizen", "want 16 bytes");
        return;
    }
    self->service = arg;
    self->request = request;
    memcpy(self->citizen, in->citizen.data, ID_BYTES);
    citizen_read(self->service->svc, request->arena, self->citizen, on_citizen, self);
}
