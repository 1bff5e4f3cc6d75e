#include "services/enrolment/identity.h"

#include <string.h>

#include "common/service/command.h"
#include "services/enrolment/enrolment_store.h"

/* Lives in the request's arena. */
struct reading {
    struct enrolment *service;
    struct bus_request *request;
    uint8_t citizen[ID_BYTES];
    identity_fn fn;
    void *arg;
};

static void on_identity(void *arg, int rc, const struct store_reply *reply)
{
    struct reading *self = arg;
    struct arena *arena = self->request->arena;
    if (rc < 0) {
        ledger_away(self->request);
        return;
    }
    size_t len;
    const char *sealed = store_reply_bytes(reply, &len);
    uint8_t *plain = sealed == NULL ? NULL : arena_alloc(arena, len);
    Ansinh__V1__Identity *identity = NULL;
    if (plain != NULL && keyring_unseal(self->service->svc->keyring, self->citizen,
                                        (const uint8_t *)sealed, len, plain) == 0) {
        ProtobufCAllocator allocator;
        bus_arena_allocator(arena, &allocator);
        identity = ansinh__v1__identity__unpack(&allocator, len - SEAL_OVERHEAD_BYTES, plain);
    }
    if (identity == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_DATA_LOSS, "",
                 "the identity of this participant cannot be unsealed");
    else
        self->fn(self->arg, identity);
}

void identity_read(struct enrolment *service, struct bus_request *request,
                   const uint8_t citizen[ID_BYTES], identity_fn fn, void *arg)
{
    struct reading *self = arena_alloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *self = (struct reading){.service = service, .request = request, .fn = fn, .arg = arg};
    memcpy(self->citizen, citizen, ID_BYTES);
    identity_ask(service->svc->ledger, citizen, on_identity, self);
}

const uint8_t *identity_seal(const struct enrolment *service, struct arena *arena,
                             const uint8_t citizen[ID_BYTES], const Ansinh__V1__Identity *identity,
                             size_t *ret_len)
{
    size_t len = protobuf_c_message_get_packed_size(&identity->base);
    uint8_t *plain = arena_alloc(arena, len);
    uint8_t *sealed = arena_alloc(arena, len + SEAL_OVERHEAD_BYTES);
    if (plain == NULL || sealed == NULL)
        return NULL;
    (void)protobuf_c_message_pack(&identity->base, plain);
    keyring_seal(service->svc->keyring, citizen, plain, len, sealed);
    memset(plain, 0, len);
    *ret_len = len + SEAL_OVERHEAD_BYTES;
    return sealed;
}
