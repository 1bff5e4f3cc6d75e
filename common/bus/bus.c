#include "common/bus/bus.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#include "common/base/log.h"
#include "common/bus/context.h"

static int bus_open_keys(struct bus *self, const struct bus_conf *conf, struct err *err)
{
    int len = snprintf(self->keys, sizeof(self->keys), "%s", conf->keys);
    if (len < 0 || len >= KEYS_PATH_BYTES)
        return err_set(err, -EINVAL, "the path of the keys directory is too long");
    if (len == 0)
        return 0;
    int rc = keys_read_own(self->keys, conf->role, self->public_key, self->secret_key, err);
    if (rc == 0)
        rc = zap_create(self->ctx, self->loop, self->keys, &self->zap, err);
    return rc;
}

int bus_create(const struct bus_conf *conf, struct bus **ret, struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, -EIO, "libsodium does not start");
    struct bus *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->loop = conf->loop;
    self->ctx = zmq_ctx_new();
    int rc = self->ctx == NULL ? err_set(err, -zmq_errno(), "ZeroMQ does not start")
                               : bus_open_keys(self, conf, err);
    if (rc < 0)
        bus_destroy(&self);
    else
        *ret = self;
    return rc;
}

void bus_destroy(struct bus **self)
{
    if (*self == NULL)
        return;
    zap_destroy(&(*self)->zap);
    if ((*self)->ctx != NULL)
        while (zmq_ctx_term((*self)->ctx) < 0 && zmq_errno() == EINTR)
            ;
    sodium_memzero(*self, sizeof(**self));
    free(*self);
    *self = NULL;
}

int64_t bus_denied(const struct bus *self)
{
    if (self->zap == NULL)
        return 0;
    return zap_denied(self->zap);
}

static void *allocate(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void release(void *arena, void *piece)
{
    (void)arena; /* all pieces go at once with the arena's reset */
    (void)piece;
}

void bus_arena_allocator(struct arena *arena, ProtobufCAllocator *ret)
{
    *ret = (ProtobufCAllocator){allocate, release, arena};
}

Ansinh__V1__Outcome bus_code_outcome(Ansinh__V1__Code code, int is_command)
{
    switch (code) {
    case ANSINH__V1__CODE__CODE_UNAVAILABLE:
    case ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED:
        return ANSINH__V1__OUTCOME__OUTCOME_RETRY;
    case ANSINH__V1__CODE__CODE_UNKNOWN:
    case ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED:
    case ANSINH__V1__CODE__CODE_CANCELED:
        return is_command ? ANSINH__V1__OUTCOME__OUTCOME_UNKNOWN
                          : ANSINH__V1__OUTCOME__OUTCOME_RETRY;
    case ANSINH__V1__CODE__CODE_INTERNAL:
    case ANSINH__V1__CODE__CODE_DATA_LOSS:
        return is_command ? ANSINH__V1__OUTCOME__OUTCOME_UNKNOWN
                          : ANSINH__V1__OUTCOME__OUTCOME_FINAL;
    case ANSINH__V1__CODE__CODE_UNSPECIFIED:
    case ANSINH__V1__CODE__CODE_INVALID_ARGUMENT:
    case ANSINH__V1__CODE__CODE_NOT_FOUND:
    case ANSINH__V1__CODE__CODE_ALREADY_EXISTS:
    case ANSINH__V1__CODE__CODE_PERMISSION_DENIED:
    case ANSINH__V1__CODE__CODE_FAILED_PRECONDITION:
    case ANSINH__V1__CODE__CODE_ABORTED:
    case ANSINH__V1__CODE__CODE_OUT_OF_RANGE:
    case ANSINH__V1__CODE__CODE_UNIMPLEMENTED:
    case ANSINH__V1__CODE__CODE_UNAUTHENTICATED:
    case _ANSINH__V1__CODE_IS_INT_SIZE:
    default:
        return ANSINH__V1__OUTCOME__OUTCOME_FINAL;
    }
}

const char *bus_code_name(Ansinh__V1__Code code)
{
    static const char *const names[] = {
        "ok",
        "canceled",
        "unknown",
        "invalid_argument",
        "deadline_exceeded",
        "not_found",
        "already_exists",
        "permission_denied",
        "resource_exhausted",
        "failed_precondition",
        "aborted",
        "out_of_range",
        "unimplemented",
        "internal",
        "unavailable",
        "data_loss",
        "unauthenticated",
    };
    return (size_t)code < ARRAY_LEN(names) ? names[code] : "unknown";
}
