/* ResolveParticipant: who is meant by a hash or an SI code, and what a counter may see of the name.
 */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/contacts.pb-c.h"
#include "common/domain/identity.h"
#include "common/service/command.h"
#include "services/enrolment/enrolment_store.h"
#include "services/enrolment/identity.h"

#define MASK_BYTES 200

/* Lives in the request's arena. */
struct resolving {
    struct enrolment *service;
    struct bus_request *request;
    uint8_t citizen[ID_BYTES];
    const char *si_code; /* asked by it: must be the identity's own */
};

static void fail_not_found(struct resolving *self)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "", "no such participant");
}

static void answer(void *arg, const Ansinh__V1__Identity *identity)
{
    struct resolving *self = arg;
    char name[MASK_BYTES] = "";
    if (self->si_code != NULL && strcmp(self->si_code, identity->si_code) != 0) {
        fail_not_found(self); /* an alias left behind by an enrolment that did not happen */
        return;
    }
    name_mask(identity->full_name, name, sizeof(name));
    Ansinh__V1__ResolveParticipantResponse out;
    ansinh__v1__resolve_participant_response__init(&out);
    out.citizen = (ProtobufCBinaryData){ID_BYTES, self->citizen};
    out.masked_name = name;
    bus_reply(self->request, &out.base);
}

static void on_citizen(void *arg, int rc, const struct citizen *citizen)
{
    struct resolving *self = arg;
    if (rc < 0)
        ledger_away(self->request);
    else if (citizen == NULL)
        fail_not_found(self);
    else
        identity_read(self->service, self->request, self->citizen, answer, self);
}

static void look_up(struct resolving *self)
{
    citizen_read(self->service->svc, self->request->arena, self->citizen, on_citizen, self);
}

static void on_alias(void *arg, int rc, const struct store_reply *reply)
{
    struct resolving *self = arg;
    struct alias_record alias;
    if (rc == 0)
        rc = alias_read(reply, &alias);
    if (rc < 0) {
        ledger_away(self->request);
    } else if (rc == 1) {
        fail_not_found(self);
    } else {
        memcpy(self->citizen, alias.citizen, ID_BYTES);
        look_up(self);
    }
}

static int read_key(struct resolving *self, const Ansinh__V1__ResolveParticipantRequest *in,
                    struct err *err)
{
    if (in->product < ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED ||
        in->product > ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD)
        return err_field(err, -EINVAL, "product", "unknown product %d", (int)in->product);
    switch (in->key_case) {
    case ANSINH__V1__RESOLVE_PARTICIPANT_REQUEST__KEY_CITIZEN:
        if (in->citizen.len != ID_BYTES)
            return err_field(err, -EINVAL, "citizen", "want 16 bytes");
        memcpy(self->citizen, in->citizen.data, ID_BYTES);
        return 0;
    case ANSINH__V1__RESOLVE_PARTICIPANT_REQUEST__KEY_SI_CODE:
        self->si_code = in->si_code;
        return si_code_check(in->si_code, err);
    case ANSINH__V1__RESOLVE_PARTICIPANT_REQUEST__KEY__NOT_SET:
    case _ANSINH__V1__RESOLVE_PARTICIPANT_REQUEST__KEY__CASE_IS_INT_SIZE:
        break;
    }
    return err_field(err, -EINVAL, "citizen", "want one of citizen, si_code");
}

void on_resolve_participant(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ResolveParticipantRequest *in =
        (const Ansinh__V1__ResolveParticipantRequest *)request->input;
    struct resolving *self = arena_zalloc(request->arena, sizeof(*self));
    struct err err = {0};
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->service = arg;
    self->request = request;
    if (read_key(self, in, &err) < 0) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    } else if (self->si_code != NULL) {
        uint8_t alias[ID_BYTES];
        int is_health = in->product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD;
        keyring_hash(self->service->svc->keyring, is_health ? HASH_HEALTH_SI_CODE : 's',
                     self->si_code, alias);
        alias_ask(self->service->svc->ledger, alias, on_alias, self);
    } else {
        look_up(self);
    }
}
