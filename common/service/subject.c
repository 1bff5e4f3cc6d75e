#include "common/service/subject.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/api.h"
#include "common/service/command.h"

#define CONFLICTS_MAX 16
#define READS_MAX 8 /* rounds in which decide names more records */
#define SETTLE_MARGIN_MS 100
#define SETTLE_DELAY_MS 50
#define RETRY_AFTER_MS 200

struct subject {
    struct subject_state state; /* first: it is what callers see */
    const struct subject_spec *spec;
    struct records_commit commit;
    unsigned conflicts, reads;
    unsigned open;
    int rc;
    int is_unknown;
    enum commit_outcome lookup;
    struct journal_position known_at;
    uint8_t *known;
    size_t known_len;
};

static void subject_read(struct subject *self);
static void subject_commit(void *arg);

void *subject_message(struct arena *arena, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = arena_alloc(arena, type->sizeof_message);
    if (message != NULL)
        type->message_init(message);
    return message;
}

struct till_record *subject_want(struct subject_state *state, const struct receipt_place *place,
                                 const ProtobufCMessageDescriptor *type)
{
    if (state->n_records == SUBJECT_RECORDS_MAX)
        return NULL;
    struct till_record *record = &state->records[state->n_records++];
    memset(record, 0, sizeof(*record));
    record->place = *place;
    record->type = type;
    return record;
}

struct subject_state *subject_create(struct service *svc, struct bus_request *request,
                                     const uint8_t subject[ID_BYTES], void *arg)
{
    struct subject *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return NULL;
    }
    self->state.svc = svc;
    self->state.request = request;
    memcpy(self->state.subject, subject, ID_BYTES);
    self->state.partition = partition_of(subject);
    self->state.now_ms = clock_wall_ms();
    self->state.arg = arg;
    return &self->state;
}

enum subject_verdict subject_refuse(struct subject_state *state, Ansinh__V1__Code code,
                                    const char *field, const char *format, ...)
{
    char text[ERR_TEXT_MAX_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    bus_fail(state->request, code, field, "%s", text);
    return SUBJECT_ANSWERED;
}

static void fail_internal(struct subject *self, const char *what)
{
    log_error("command failed", "method=%s trace=%s reason=\"%s\"", self->state.request->method,
              self->state.request->trace_id, what);
    bus_fail(self->state.request, ANSINH__V1__CODE__CODE_INTERNAL, "", "%s", what);
}

static void fail_reused(struct subject *self)
{
    bus_fail(self->state.request, ANSINH__V1__CODE__CODE_ALREADY_EXISTS, "Idempotency-Key",
             "this request id was used for another request; nothing changed");
}

/* --- answering -------------------------------------------------------------------------------- */

static void answer(struct subject *self, ProtobufCMessage *message,
                   struct journal_position position)
{
    if (self->spec->complete != NULL)
        self->spec->complete(&self->state, message, position);
    bus_reply(self->state.request, message);
}

static void answer_stored(struct subject *self, const uint8_t *bytes, size_t len,
                          struct journal_position position)
{
    struct bus_request *request = self->state.request;
    ProtobufCAllocator allocator;
    if (answer_is_lost(bytes, len)) {
        command_fail_lost(request, self->state.partition, position);
        return;
    }
    bus_arena_allocator(request->arena, &allocator);
    const struct api_method *method = api_find(request->method);
    ASSERT(method != NULL);
    ProtobufCMessage *message = protobuf_c_message_unpack(method->output, &allocator, len, bytes);
    if (message == NULL)
        fail_internal(self, "the stored answer cannot be read");
    else
        answer(self, message, position);
}

/* --- deciding --------------------------------------------------------------------------------- */

static void decide(struct subject *self)
{
    switch (self->spec->decide(&self->state)) {
    case SUBJECT_ANSWERED:
        return;
    case SUBJECT_READ:
        if (++self->reads > READS_MAX)
            fail_internal(self, "a command that reads without end");
        else
            subject_read(self);
        return;
    case SUBJECT_COMMIT:
        ASSERT(self->state.event != NULL && self->state.answer != NULL);
        self->commit = (struct records_commit){
            .partition = self->state.partition,
            .id = self->state.request->id,
            .fingerprint = self->state.request->fingerprint,
            .now_ms = self->state.now_ms,
            .records = self->state.records,
            .n_records = self->state.n_records,
            .event = self->state.event,
            .answer = self->state.answer,
        };
        subject_commit(self);
        return;
    }
}

static void on_all_read(struct subject *self)
{
    struct err err;
    if (--self->open > 0)
        return;
    if (self->rc == -EPROTO)
        fail_internal(self, "a record cannot be read");
    else if (self->rc < 0)
        ledger_away(self->state.request);
    else if (self->lookup == COMMIT_KNOWN)
        answer_stored(self, self->known, self->known_len, self->known_at);
    else if (self->lookup == COMMIT_REUSED)
        fail_reused(self);
    else if (commit_check_id(&self->state.request->id, self->state.now_ms, &err) < 0)
        bus_fail(self->state.request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "Idempotency-Key",
                 "%s", err.text);
    else
        decide(self);
}

static void on_records(void *arg, int rc)
{
    struct subject *self = arg;
    if (rc < 0)
        self->rc = rc;
    on_all_read(self);
}

static void on_looked_up(void *arg, int rc, const struct commit_result *result)
{
    struct subject *self = arg;
    if (rc < 0) {
        self->rc = rc;
    } else {
        self->lookup = result->outcome;
        self->known_at = result->position;
        self->known_len = result->answer_len;
        self->known = arena_alloc(self->state.request->arena, result->answer_len);
        if (self->known == NULL)
            self->rc = -ENOMEM;
        else if (result->answer_len > 0)
            memcpy(self->known, result->answer, result->answer_len);
    }
    on_all_read(self);
}

/* The stored answer behind the records: an id that is not known then has changed none of them. */
static void subject_read(struct subject *self)
{
    struct subject_state *state = &self->state;
    self->open = 2;
    self->rc = 0;
    self->lookup = COMMIT_CONFLICT;
    records_read(state->svc->ledger, state->partition, state->request->arena, state->records,
                 state->n_records, on_records, self);
    int rc = commit_lookup(state->svc->ledger, state->partition, &state->request->id, state->now_ms,
                           &state->request->fingerprint, on_looked_up, self);
    ASSERT(rc == 0);
}

/* --- committing ------------------------------------------------------------------------------- */

static void settle(struct subject *self)
{
    const struct subject_state *state = &self->state;
    char id[UUID_TEXT_BYTES];
    self->is_unknown = 1;
    if (clock_mono_ms() + SETTLE_MARGIN_MS < state->request->deadline_ms) {
        (void)loop_timer_add(state->svc->loop, SETTLE_DELAY_MS, 0, subject_commit, self);
        return;
    }
    request_id_format(&state->request->id, id);
    bus_fail(state->request, ANSINH__V1__CODE__CODE_UNKNOWN, "",
             "the outcome is not known; ask again with request id %s", id);
}

static void on_done(struct subject *self, struct journal_position position)
{
    const struct subject_state *state = &self->state;
    bus_publish_event(state->svc->publisher, state->partition, position.epoch, position.seq,
                      self->commit.event_bytes, self->commit.event_len);
    answer(self, state->answer, position);
}

static void fail_busy(struct subject *self)
{
    bus_fail_retry(self->state.request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                   "this partition takes no writes now; nothing was done");
}

static void on_outcome(struct subject *self, const struct commit_result *result)
{
    switch (result->outcome) {
    case COMMIT_DONE:
        on_done(self, result->position);
        return;
    case COMMIT_KNOWN:
        answer_stored(self, result->answer, result->answer_len, result->position);
        return;
    case COMMIT_REUSED:
        fail_reused(self);
        return;
    case COMMIT_CONFLICT:
        self->is_unknown = 0; /* the id is not known: no earlier attempt was carried out */
        if (++self->conflicts > CONFLICTS_MAX)
            fail_busy(self);
        else
            subject_read(self);
        return;
    case COMMIT_FROZEN:
        fail_busy(self);
        return;
    }
}

static void on_committed(void *arg, int rc, const struct commit_result *result)
{
    struct subject *self = arg;
    if (rc == -ECONNRESET || rc == -ETIMEDOUT || (rc == -EAGAIN && self->is_unknown))
        settle(self);
    else if (rc == -EAGAIN)
        ledger_away(self->state.request);
    else if (rc < 0)
        fail_internal(self, "the ledger refused the commit");
    else
        on_outcome(self, result);
}

static void subject_commit(void *arg)
{
    struct subject *self = arg;
    if (records_commit(self->state.svc->ledger, self->state.request->arena, &self->commit,
                       on_committed, self) < 0)
        fail_internal(self, "the request is too large");
}

void subject_run(struct subject_state *state, const struct subject_spec *spec)
{
    struct subject *self = CONTAINER_OF(state, struct subject, state);
    self->spec = spec;
    subject_read(self);
}
