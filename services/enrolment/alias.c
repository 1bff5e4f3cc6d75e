#include "services/enrolment/alias.h"

#include <errno.h>
#include <string.h>

#include "ansinh/v1/events.pb-c.h"
#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/service/command.h"
#include "services/enrolment/enrolment_store.h"

#define TRIES_MAX 8
#define CLAIM_RETRY_MS 1000
#define RETRY_AFTER_MS 200
/* Longer than any request lives: after this long the enrolment behind a claim has happened, or
 * never will. */
#define CLAIM_MS (2 * BUS_TIMEOUT_MAX_MS)

/* Lives in the request's arena. */
struct claiming {
    struct enrolment *service;
    struct bus_request *request;
    struct alias_claim claim;
    struct alias_record holder; /* the citizen that the code leads to now */
    const uint8_t *event;
    size_t event_len;
    int tries;
    int is_dry_run;
    loop_fn fn;
    void *arg;
};

static void claim_read(struct claiming *self);

static void fail(struct claiming *self)
{
    bus_fail_retry(self->request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                   "the ledger cannot be reached; the enrolment was not done");
}

static void on_committed(void *arg, int rc, const struct commit_result *result)
{
    struct claiming *self = arg;
    int is_over = clock_mono_ms() >= self->request->deadline_ms || ++self->tries > TRIES_MAX;
    if (rc == 0 && result->outcome == COMMIT_DONE) {
        bus_publish_event(self->service->svc->publisher, partition_of(self->claim.alias),
                          result->position.epoch, result->position.seq, self->event,
                          self->event_len);
        CRASH_POINT(ALIAS_CLAIMED);
        self->fn(self->arg);
    } else if (rc == 0 && result->outcome == COMMIT_KNOWN) {
        self->fn(self->arg);
    } else if (is_over) {
        fail(self);
    } else {
        claim_read(self); /* a conflict, or an unknown outcome: the record tells */
    }
}

static int pack_event(struct claiming *self)
{
    Ansinh__V1__AliasClaimed claimed;
    Ansinh__V1__Event event;
    struct request_id id;
    uint64_t fingerprint;
    uint8_t request[EVENT_REQUEST_BYTES];
    ansinh__v1__alias_claimed__init(&claimed);
    ansinh__v1__event__init(&event);
    claimed.alias = (ProtobufCBinaryData){ID_BYTES, self->claim.alias};
    event.at_ms = self->claim.now_ms;
    event.citizen = (ProtobufCBinaryData){ID_BYTES, self->claim.citizen};
    event.kind_case = ANSINH__V1__EVENT__KIND_ALIAS_CLAIMED;
    event.alias_claimed = &claimed;
    alias_request(&self->claim, &id, &fingerprint);
    event_set_request(&event, &id, fingerprint, NULL, 0, request);
    self->event_len = protobuf_c_message_get_packed_size(&event.base);
    uint8_t *packed = arena_alloc(self->request->arena, self->event_len);
    if (packed == NULL)
        return -EMSGSIZE;
    (void)protobuf_c_message_pack(&event.base, packed);
    self->event = packed;
    return 0;
}

static void claim_commit(struct claiming *self)
{
    if (self->is_dry_run) {
        self->fn(self->arg);
        return;
    }
    if (pack_event(self) < 0 || alias_commit(self->service->svc->ledger, &self->claim, self->event,
                                             self->event_len, on_committed, self) < 0)
        fail(self);
}

static void on_holder(void *arg, int rc, const struct citizen *holder)
{
    struct claiming *self = arg;
    if (rc < 0) {
        fail(self);
    } else if (holder != NULL && holder->has_si_code) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_ALREADY_EXISTS, "si_code",
                 "this SI code belongs to another person");
    } else if (self->claim.now_ms < self->holder.claimed_ms + CLAIM_MS) {
        bus_fail_retry(self->request, ANSINH__V1__CODE__CODE_UNAVAILABLE, CLAIM_RETRY_MS,
                       "this SI code is being given to another person; nothing was done");
    } else {
        *self->service->aliases_repaired += !self->is_dry_run;
        claim_commit(self);
    }
}

static void on_alias(void *arg, int rc, const struct store_reply *reply)
{
    struct claiming *self = arg;
    if (rc == 0)
        rc = alias_read(reply, &self->holder);
    self->claim.version_before = self->holder.version;
    if (rc < 0)
        fail(self);
    else if (rc == 1)
        claim_commit(self);
    else if (memcmp(self->holder.citizen, self->claim.citizen, ID_BYTES) == 0)
        self->fn(self->arg);
    else
        citizen_read(self->service->svc, self->request->arena, self->holder.citizen, on_holder,
                     self);
}

static void claim_read(struct claiming *self)
{
    alias_ask(self->service->svc->ledger, self->claim.alias, on_alias, self);
}

void alias_claim(struct enrolment *service, struct bus_request *request, char kind,
                 const char *si_code, const uint8_t citizen[ID_BYTES], int is_dry_run, loop_fn fn,
                 void *arg)
{
    struct claiming *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->service = service;
    self->request = request;
    self->claim.id = request->id;
    self->claim.now_ms = clock_wall_ms();
    memcpy(self->claim.citizen, citizen, ID_BYTES);
    keyring_hash(service->svc->keyring, kind, si_code, self->claim.alias);
    self->is_dry_run = is_dry_run;
    self->fn = fn;
    self->arg = arg;
    claim_read(self);
}
