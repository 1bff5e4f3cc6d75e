/* Claims and closings of partners' transactions: one commit each, sent again until its outcome is
 * known. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/service/command.h"
#include "services/payments/collections.h"

#define ID_MAX_BYTES 64
#define KEY_TEXT_BYTES 128 /* of a partner's code, a line's end and an id */
#define TRIES_MAX 16
#define FINGERPRINT_BYTES 8

int transaction_of(const struct service *svc, const char *partner, const char *id,
                   const char *field, struct transaction *ret, struct err *err)
{
    char text[KEY_TEXT_BYTES];
    size_t len = strnlen(id, ID_MAX_BYTES + 1);
    int is_good = len > 0 && len <= ID_MAX_BYTES;
    for (size_t i = 0; is_good && i < len; i++)
        is_good = id[i] > ' ' && id[i] <= '~';
    if (!is_good)
        return err_field(err, -EINVAL, field,
                         "want 1 to %d printable ASCII characters without spaces", ID_MAX_BYTES);
    (void)snprintf(text, sizeof(text), "%s\n%s", partner, id);
    *ret = (struct transaction){.partner = partner, .id = id};
    keyring_hash(svc->keyring, 'x', text, ret->hash);
    return 0;
}

uint64_t transaction_fingerprint(struct arena *arena, const ProtobufCMessage *request)
{
    const char *name = request->descriptor->name;
    size_t len = protobuf_c_message_get_packed_size(request);
    uint8_t hash[ID_BYTES];
    uint64_t ret = 0;
    uint8_t *packed = arena_alloc(arena, len + 1);
    if (packed == NULL)
        return 0;
    (void)protobuf_c_message_pack(request, packed);
    crypto_generichash(hash, sizeof(hash), packed, len, (const unsigned char *)name,
                       MIN(strlen(name), (size_t)crypto_generichash_KEYBYTES_MAX));
    for (int i = 0; i < FINGERPRINT_BYTES; i++)
        ret |= (uint64_t)hash[i] << (8 * i);
    return ret == 0 ? 1 : ret;
}

/* Lives in the request's arena. */
struct claiming {
    struct service *svc;
    struct bus_request *request;
    struct transaction transaction;
    struct claim claim;        /* wanted; after a look, the one that stands */
    uint8_t citizen[ID_BYTES]; /* of a closing */
    enum outcome_state state;  /* of a closing */
    struct coll_entry entry;
    unsigned partition;
    int tries;
    transaction_fn fn;
    loop_fn closed_fn;
    void *arg;
};

static struct claiming *claiming_create(struct service *svc, struct bus_request *request,
                                        const struct transaction *transaction, void *arg)
{
    struct claiming *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return NULL;
    }
    self->svc = svc;
    self->request = request;
    self->transaction = *transaction;
    self->arg = arg;
    memcpy(self->entry.transaction, transaction->hash, ID_BYTES);
    self->entry.now_ms = clock_wall_ms();
    return self;
}

/* --- looking ---------------------------------------------------------------------------------- */

static void on_found(void *arg, int rc, const struct store_reply *reply)
{
    struct claiming *self = arg;
    if (rc == 0)
        rc = claim_read(reply, &self->claim);
    if (rc < 0)
        ledger_away(self->request);
    else
        self->fn(self->arg, rc == 1 ? NULL : &self->claim);
}

void transaction_find(struct service *svc, struct bus_request *request,
                      const struct transaction *transaction, transaction_fn fn, void *arg)
{
    struct claiming *self = claiming_create(svc, request, transaction, arg);
    if (self == NULL)
        return;
    self->fn = fn;
    claim_ask(svc->ledger, transaction->hash, on_found, self);
}

/* --- committing ------------------------------------------------------------------------------- */

/* Packs the event of an entry, with the request that it is committed under. */
static int pack_event(struct claiming *self, Ansinh__V1__Event *event)
{
    uint8_t request[EVENT_REQUEST_BYTES];
    event->at_ms = self->entry.now_ms;
    event_set_request(event, &self->entry.id, self->entry.fingerprint, NULL, 0, request);
    self->entry.event_len = protobuf_c_message_get_packed_size(&event->base);
    uint8_t *packed = arena_alloc(self->request->arena, self->entry.event_len);
    if (packed == NULL)
        return -ENOMEM;
    (void)protobuf_c_message_pack(&event->base, packed);
    self->entry.event = packed;
    return 0;
}

static void publish(const struct claiming *self, struct journal_position position)
{
    bus_publish_event(self->svc->publisher, self->partition, position.epoch, position.seq,
                      self->entry.event, self->entry.event_len);
}

/* After a commit of which "nothing was done" may not be true. A claim for a payment or a reversal
 * does nothing yet. */
static void note_done(struct claiming *self, int is_cancellation, int rc,
                      const struct commit_result *result)
{
    if (is_cancellation && (rc == 0 ? result->outcome == COMMIT_DONE : rc != -EAGAIN))
        self->request->may_be_done = 1;
}

static void on_claim_there(void *arg, int rc, const struct store_reply *reply);
static void claim_send(struct claiming *self);

static void on_claimed(void *arg, int rc, const struct commit_result *result)
{
    struct claiming *self = arg;
    int is_over = clock_mono_ms() >= self->request->deadline_ms || ++self->tries > TRIES_MAX;
    note_done(self, self->claim.kind == CLAIM_CANCEL, rc, result);
    if (rc == 0 && result->outcome == COMMIT_DONE) {
        CRASH_POINT(TRANSACTION_CLAIMED);
        publish(self, result->position);
        self->claim.position = result->position;
        self->fn(self->arg, &self->claim);
    } else if (is_over || (rc == 0 && result->outcome == COMMIT_FROZEN)) {
        ledger_away(self->request);
    } else {
        /* known, taken by another, or an unknown outcome: the record tells */
        claim_ask(self->svc->ledger, self->transaction.hash, on_claim_there, self);
    }
}

static void on_claim_there(void *arg, int rc, const struct store_reply *reply)
{
    struct claiming *self = arg;
    struct claim found;
    if (rc == 0)
        rc = claim_read(reply, &found);
    if (rc == 0) {
        self->claim = found;
        self->fn(self->arg, &self->claim);
    } else if (rc == 1) {
        claim_send(self);
    } else {
        ledger_away(self->request);
    }
}

static void claim_send(struct claiming *self)
{
    if (claim_commit(self->svc->ledger, &self->entry, &self->claim, on_claimed, self) < 0)
        ledger_away(self->request);
}

void transaction_claim(struct service *svc, struct bus_request *request,
                       const struct transaction *transaction, const struct claim *wanted,
                       const struct transaction_note *note, transaction_fn fn, void *arg)
{
    struct claiming *self = claiming_create(svc, request, transaction, arg);
    if (self == NULL)
        return;
    self->claim = *wanted;
    self->fn = fn;
    self->partition = partition_of(transaction->hash);
    self->entry.fingerprint = wanted->fingerprint;
    coll_request(transaction->hash, COLL_CLAIM, &self->entry.id);
    Ansinh__V1__TransactionClaimed claimed;
    Ansinh__V1__Event event;
    ansinh__v1__transaction_claimed__init(&claimed);
    ansinh__v1__event__init(&event);
    claimed.transaction = (ProtobufCBinaryData){ID_BYTES, self->transaction.hash};
    claimed.kind = (Ansinh__V1__TransactionKind)wanted->kind;
    claimed.partner = (char *)(uintptr_t)transaction->partner;
    claimed.transaction_id = (char *)(uintptr_t)transaction->id;
    claimed.fingerprint = wanted->fingerprint;
    claimed.bill_number = wanted->bill_number;
    claimed.other_id = (char *)(uintptr_t)note->other_id;
    claimed.reason = note->reason;
    if (wanted->kind == CLAIM_PAY)
        event.citizen = (ProtobufCBinaryData){ID_BYTES, self->claim.citizen};
    event.kind_case = ANSINH__V1__EVENT__KIND_TRANSACTION_CLAIMED;
    event.transaction_claimed = &claimed;
    if (pack_event(self, &event) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else
        claim_send(self);
}

/* --- closing ---------------------------------------------------------------------------------- */

static void on_closed(void *arg, int rc, const struct commit_result *result);

static void close_send(struct claiming *self)
{
    if (outcome_commit(self->svc->ledger, &self->entry, self->citizen, self->state, on_closed,
                       self) < 0)
        ledger_away(self->request);
}

static void on_closed(void *arg, int rc, const struct commit_result *result)
{
    struct claiming *self = arg;
    int is_over = clock_mono_ms() >= self->request->deadline_ms || ++self->tries > TRIES_MAX;
    note_done(self, self->state == OUTCOME_IS_CANCELLED, rc, result);
    if (rc == 0 && result->outcome != COMMIT_FROZEN) {
        if (result->outcome == COMMIT_DONE)
            publish(self, result->position);
        self->closed_fn(self->arg);
    } else if (is_over || rc == 0) {
        ledger_away(self->request);
    } else {
        close_send(self);
    }
}

void transaction_close(struct service *svc, struct bus_request *request,
                       const struct transaction *transaction, const uint8_t citizen[ID_BYTES],
                       enum outcome_state state, const struct transaction_note *note, loop_fn fn,
                       void *arg)
{
    struct claiming *self = claiming_create(svc, request, transaction, arg);
    if (self == NULL)
        return;
    memcpy(self->citizen, citizen, ID_BYTES);
    self->state = state;
    self->closed_fn = fn;
    self->partition = partition_of(citizen);
    self->entry.fingerprint = state;
    coll_request(transaction->hash, COLL_CLOSE, &self->entry.id);
    Ansinh__V1__TransactionClosed closed;
    Ansinh__V1__Event event;
    ansinh__v1__transaction_closed__init(&closed);
    ansinh__v1__event__init(&event);
    closed.transaction = (ProtobufCBinaryData){ID_BYTES, self->transaction.hash};
    closed.partner = (char *)(uintptr_t)transaction->partner;
    closed.transaction_id = (char *)(uintptr_t)transaction->id;
    closed.is_cancelled = state == OUTCOME_IS_CANCELLED;
    closed.reversal_id = (char *)(uintptr_t)note->other_id;
    closed.reason = note->reason;
    event.citizen = (ProtobufCBinaryData){ID_BYTES, self->citizen};
    event.kind_case = ANSINH__V1__EVENT__KIND_TRANSACTION_CLOSED;
    event.transaction_closed = &closed;
    if (pack_event(self, &event) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else
        close_send(self);
}
