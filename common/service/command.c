#include "common/service/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mutant.h"
#include "common/service/api.h"
#include "common/service/seen.h"

#define CONFLICTS_MAX                                                                              \
    16 /* re-reads of one command; each means that another command got through                     \
        */
#define SETTLE_MARGIN_MS 100 /* before the deadline, so that the caller still hears the answer */
#define SETTLE_DELAY_MS 50   /* between attempts to learn an unknown outcome */
#define RETRY_AFTER_MS 200   /* told to callers when too many are at it */

/* Lives in the request's arena, from command_run until the answer. */
struct command {
    struct command_state state; /* first: decide and complete see this part */
    const struct command_spec *spec;
    int conflicts;
    int is_unknown;   /* a commit was sent and nobody knows its outcome yet */
    int open_replies; /* of the reads that run side by side */
    int read_rc;
    enum commit_outcome lookup; /* CONFLICT: the id is not known */
    struct journal_position known_at;
    uint8_t *known_answer; /* in the arena */
    size_t known_answer_len;
    uint8_t packed[CITIZEN_PACKED_MAX_BYTES];
    size_t packed_len;
    uint8_t event_request[EVENT_REQUEST_BYTES];
    uint8_t *event_bytes; /* in the arena */
    size_t event_len;
    uint8_t *answer_bytes; /* in the arena */
    size_t answer_len;
};

struct record_reading {
    struct command *command;
    struct command_record *record;
};

static void command_read(struct command *self);
static void command_commit(struct command *self);
static void on_committed(void *arg, int rc, const struct commit_result *result);

static void fail_unavailable(struct command *self)
{
    ledger_away(self->state.request);
}

static void fail_internal(struct command *self, const char *what)
{
    log_error("command failed", "method=%s trace=%s reason=\"%s\"", self->state.request->method,
              self->state.request->trace_id, what);
    bus_fail(self->state.request, ANSINH__V1__CODE__CODE_INTERNAL, "", "%s", what);
}

static int is_late(const struct command *self)
{
    return clock_mono_ms() >= self->state.request->deadline_ms;
}

/* --- answering --- */

static void answer_message(struct command *self, ProtobufCMessage *answer,
                           struct journal_position position)
{
    self->spec->complete(&self->state, answer, position);
    bus_reply(self->state.request, answer);
}

/* What was committed before is given again byte by byte, unless it must be completed. */
static void answer_stored(struct command *self, const uint8_t *bytes, size_t len,
                          struct journal_position position)
{
    struct bus_request *request = self->state.request;
    if (self->spec->finish != NULL) {
        self->spec->finish(&self->state, position, NULL);
        return;
    }
    if (answer_is_lost(bytes, len)) {
        command_fail_lost(request, self->state.partition, position);
        return;
    }
    if (self->spec->complete == NULL) {
        bus_reply_packed(request, bytes, len);
        return;
    }
    ProtobufCAllocator allocator;
    bus_arena_allocator(request->arena, &allocator);
    const struct api_method *method = api_find(request->method);
    ASSERT(method != NULL);
    ProtobufCMessage *answer = protobuf_c_message_unpack(method->output, &allocator, len, bytes);
    if (answer == NULL)
        fail_internal(self, "the stored answer cannot be read");
    else
        answer_message(self, answer, position);
}

static void answer_reused(struct command *self)
{
    bus_fail(self->state.request, ANSINH__V1__CODE__CODE_ALREADY_EXISTS, "Idempotency-Key",
             "this request id was used for another request; nothing changed");
}

/* --- deciding --- */

enum command_verdict command_refuse(struct command_state *state, Ansinh__V1__Code code,
                                    const char *field, const char *format, ...)
{
    if (!state->may_answer)
        return COMMAND_READ;
    char text[ERR_TEXT_MAX_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const ProtobufCMessageDescriptor *input = state->request->input->descriptor;
    int has_field = protobuf_c_message_descriptor_get_field_by_name(input, field) != NULL;
    bus_fail(state->request, code, has_field ? field : "", "%s", text);
    return COMMAND_ANSWERED;
}

static uint32_t record_version(const struct command_record *record)
{
    uint32_t version = 0;
    for (int i = 0; record->before != NULL && i < 4; i++)
        version |= (uint32_t)record->before[i] << (8 * i);
    return version;
}

static void set_versions(struct command_state *state)
{
    state->next.version = (state->has_citizen ? state->before.version : 0) + 1;
    for (size_t i = 0; i < state->n_records; i++) {
        struct command_record *record = &state->records[i];
        uint32_t version = record_version(record) + 1;
        for (int j = 0; record->next != NULL && j < 4; j++)
            record->next[j] = (uint8_t)(version >> (8 * j));
    }
}

/* Packs what decide made, so that every attempt to commit sends the same bytes. */
static int pack_decision(struct command *self)
{
    struct command_state *state = &self->state;
    struct arena *arena = state->request->arena;
    set_versions(state);
    self->packed_len = citizen_pack(&state->next, self->packed);
    state->event->at_ms = state->now_ms;
    state->event->citizen = (ProtobufCBinaryData){ID_BYTES, state->citizen};
    self->answer_len =
        self->spec->finish != NULL ? 0 : protobuf_c_message_get_packed_size(state->answer);
    self->answer_bytes = arena_alloc(arena, self->answer_len);
    if (self->answer_bytes == NULL)
        return -ENOMEM;
    if (self->spec->finish == NULL)
        (void)protobuf_c_message_pack(state->answer, self->answer_bytes);
    event_set_request(state->event, &state->id, state->fingerprint, self->answer_bytes,
                      self->answer_len, self->event_request);
    self->event_len = protobuf_c_message_get_packed_size(&state->event->base);
    self->event_bytes = arena_alloc(arena, self->event_len);
    if (self->event_bytes == NULL)
        return -ENOMEM;
    (void)protobuf_c_message_pack(&state->event->base, self->event_bytes);
    return 0;
}

static void command_decide(struct command *self)
{
    struct command_state *state = &self->state;
    state->next = state->before;
    state->event = NULL;
    state->answer = NULL;
    state->identity = NULL;
    for (size_t i = 0; i < state->n_records; i++)
        state->records[i].next = NULL;
    memset(state->totals, 0, sizeof(state->totals));
    switch (self->spec->decide(state)) {
    case COMMAND_ANSWERED:
        return;
    case COMMAND_READ:
        ASSERT(!state->may_answer);
        command_read(self);
        return;
    case COMMAND_COMMIT:
        ASSERT(state->event != NULL && (state->answer != NULL || self->spec->finish != NULL));
        if (pack_decision(self) < 0)
            fail_internal(self, "the request needs too much memory");
        else
            command_commit(self);
        return;
    }
}

/* --- reading: the records, and the stored answer when it matters --- */

static void command_read_done(struct command *self)
{
    struct err err;
    if (--self->open_replies > 0)
        return;
    if (self->read_rc < 0)
        fail_unavailable(self); /* only reads were under way: nothing was done */
    else if (self->lookup == COMMIT_KNOWN)
        answer_stored(self, self->known_answer, self->known_answer_len, self->known_at);
    else if (self->lookup == COMMIT_REUSED)
        answer_reused(self);
    else if (commit_check_id(&self->state.id, self->state.now_ms, &err) < 0)
        bus_fail(self->state.request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "Idempotency-Key",
                 "%s", err.text);
    else if (is_late(self))
        bus_fail(self->state.request, ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED, "",
                 "the deadline passed before the commit; nothing was done");
    else
        command_decide(self);
}

static void on_looked_up(void *arg, int rc, const struct commit_result *result)
{
    struct command *self = arg;
    if (rc < 0) {
        self->read_rc = rc;
    } else {
        self->lookup = result->outcome;
        self->known_at = result->position;
        self->known_answer_len = result->answer_len;
        if (result->outcome == COMMIT_KNOWN) {
            self->known_answer = arena_alloc(self->state.request->arena, result->answer_len);
            if (self->known_answer == NULL)
                self->read_rc = -ENOMEM;
            else if (result->answer_len > 0)
                memcpy(self->known_answer, result->answer, result->answer_len);
        }
    }
    command_read_done(self);
}

/* Unpacks the reply of an HGET; 0 with *ret_found, or -EPROTO. */
static int record_read(const struct store_reply *reply, struct citizen *ret, int *ret_found)
{
    size_t len;
    *ret_found = 0;
    if (store_reply_type(reply) == STORE_REPLY_NIL)
        return 0;
    if (store_reply_type(reply) != STORE_REPLY_BYTES)
        return -EPROTO;
    const char *bytes = store_reply_bytes(reply, &len);
    *ret_found = 1;
    return citizen_unpack(bytes, len, ret);
}

static void on_record(void *arg, int rc, const struct store_reply *reply)
{
    struct command *self = arg;
    if (rc == 0)
        rc = record_read(reply, &self->state.before, &self->state.has_citizen);
    if (rc < 0)
        self->read_rc = rc;
    self->state.is_read = 1;
    command_read_done(self);
}

static void record_ask(struct service *svc, const uint8_t citizen[ID_BYTES], store_reply_fn fn,
                       void *arg)
{
    unsigned partition = partition_of(citizen);
    char key[KEY_MAX_BYTES];
    size_t key_len = key_citizen(partition, partition_bucket(citizen), key);
    const char *const argv[] = {"HGET", key, partition_field(citizen)};
    const size_t lens[] = {4, key_len, CITIZEN_FIELD_BYTES};
    store_send(svc->ledger, partition, 3, argv, lens, fn, arg);
}

/* 0, with nothing kept when there is no such record; -EPROTO, -ENOMEM. */
static int further_keep(struct command *self, struct command_record *record,
                        const struct store_reply *reply)
{
    size_t len;
    if (store_reply_type(reply) == STORE_REPLY_NIL)
        return 0;
    const char *bytes = store_reply_bytes(reply, &len);
    if (store_reply_type(reply) != STORE_REPLY_BYTES || len < 4)
        return -EPROTO;
    uint8_t *kept = arena_alloc(self->state.request->arena, len);
    if (kept == NULL)
        return -ENOMEM;
    memcpy(kept, bytes, len);
    record->before = kept;
    record->before_len = len;
    return 0;
}

static void on_further(void *arg, int rc, const struct store_reply *reply)
{
    struct record_reading *reading = arg;
    struct command *self = reading->command;
    if (rc == 0)
        rc = further_keep(self, reading->record, reply);
    if (rc < 0)
        self->read_rc = rc;
    command_read_done(self);
}

static void further_ask(struct command *self, struct command_record *record)
{
    struct command_state *state = &self->state;
    struct record_reading *reading = arena_alloc(state->request->arena, sizeof(*reading));
    record->before = NULL;
    if (reading == NULL) {
        self->read_rc = -ENOMEM;
        return;
    }
    *reading = (struct record_reading){self, record};
    const char *const argv[] = {"HGET", record->key, (const char *)record->field};
    const size_t lens[] = {4, record->key_len, record->field_len};
    self->open_replies++;
    store_send(state->svc->ledger, state->partition, ARRAY_LEN(argv), argv, lens, on_further,
               reading);
}

static void command_read_records(struct command *self)
{
    struct command_state *state = &self->state;
    memset(&state->before, 0, sizeof(state->before));
    state->has_citizen = 0;
    self->read_rc = 0;
    self->lookup = COMMIT_CONFLICT;
    self->open_replies = 1;
    record_ask(state->svc, state->citizen, on_record, self);
    for (size_t i = 0; i < state->n_records; i++)
        further_ask(self, &state->records[i]);
}

/* The answer after the record: an id that is not known then had changed nothing in the record. */
static void command_read(struct command *self)
{
    struct command_state *state = &self->state;
    command_read_records(self);
    self->open_replies++;
    state->may_answer = 1;
    int rc = commit_lookup(state->svc->ledger, state->partition, &state->id, state->now_ms,
                           &state->fingerprint, on_looked_up, self);
    ASSERT(rc == 0);
}

/* --- committing --- */

static void settle(void *arg)
{
    command_commit(arg);
}

static void fail_unknown(struct command *self)
{
    char id[UUID_TEXT_BYTES];
    request_id_format(&self->state.id, id);
    if (self->spec->settle_with != NULL)
        bus_fail(self->state.request, ANSINH__V1__CODE__CODE_UNKNOWN, "",
                 "the outcome is not known; %s", self->spec->settle_with);
    else
        bus_fail(self->state.request, ANSINH__V1__CODE__CODE_UNKNOWN, "",
                 "the outcome is not known; ask again with request id %s", id);
}

/* The commit went out and no answer came: the same commit again tells, until the caller's deadline.
 */
static void command_settle(struct command *self)
{
    if (clock_mono_ms() + SETTLE_MARGIN_MS >= self->state.request->deadline_ms) {
        fail_unknown(self);
        return;
    }
    (void)loop_timer_add(self->state.svc->loop, SETTLE_DELAY_MS, 0, settle, self);
}

static void add_further(const struct command_state *state, struct commit *commit)
{
    for (size_t i = 0; i < state->n_records; i++) {
        const struct command_record *record = &state->records[i];
        if (record->next == NULL)
            continue;
        commit->records[commit->n_records++] = (struct commit_record){
            .key = record->key,
            .key_len = record->key_len,
            .field = (const char *)record->field,
            .field_len = record->field_len,
            .expected_version = record_version(record),
            .value = record->next,
            .value_len = record->next_len,
        };
        commit->stamp_at = record->stamp_at;
    }
}

static void command_commit(struct command *self)
{
    struct command_state *state = &self->state;
    char key[KEY_MAX_BYTES], identity_key[KEY_MAX_BYTES];
    unsigned bucket = partition_bucket(state->citizen);
    struct commit commit;
    commit_init(&commit);
    commit.partition = state->partition;
    commit.id = state->id;
    commit.fingerprint = state->fingerprint;
    commit.now_ms = state->now_ms;
    commit.n_records = 1;
    commit.records[0] = (struct commit_record){
        .key = key,
        .key_len = key_citizen(state->partition, bucket, key),
        .field = partition_field(state->citizen),
        .field_len = CITIZEN_FIELD_BYTES,
        .expected_version = state->next.version - 1,
        .value = self->packed,
        .value_len = self->packed_len,
    };
    add_further(state, &commit);
    commit.identity_key = identity_key;
    commit.identity_key_len =
        state->identity == NULL ? 0 : key_identity(state->partition, bucket, identity_key);
    commit.identity_field = partition_field(state->citizen);
    commit.identity_field_len = CITIZEN_FIELD_BYTES;
    commit.identity = state->identity;
    commit.identity_len = state->identity_len;
    memcpy(commit.totals, state->totals, sizeof(commit.totals));
    commit.event = self->event_bytes;
    commit.event_len = self->event_len;
    commit.answer = self->answer_bytes;
    commit.answer_len = self->answer_len;
    CRASH_POINT(COMMAND_DECIDED);
    if (MUTANT(ANSWER_BEFORE_COMMIT) && self->spec->complete == NULL && self->answer_len > 0 &&
        commit_send(state->svc->ledger, &commit, NULL, NULL) == 0) {
        bus_reply_packed(state->request, self->answer_bytes, self->answer_len);
        return;
    }
    if (commit_send(state->svc->ledger, &commit, on_committed, self) < 0)
        fail_internal(self, "the request is too large");
}

static void on_conflict(struct command *self)
{
    if (self->state.svc->seen != NULL)
        seen_forget(self->state.svc->seen, self->state.citizen);
    self->is_unknown = 0; /* the id is not known to the ledger: an earlier attempt did not happen */
    if (++self->conflicts > CONFLICTS_MAX)
        bus_fail_retry(self->state.request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                       "too many commands on one participant at once; nothing was done");
    else
        command_read(self);
}

static void on_done(struct command *self, struct journal_position position)
{
    struct command_state *state = &self->state;
    if (!self->spec->is_optimistic)
        seen_keep(state->svc->seen, state->citizen, &state->next);
    CRASH_POINT(COMMAND_COMMITTED);
    if (state->svc->publisher != NULL)
        bus_publish_event(state->svc->publisher, state->partition, position.epoch, position.seq,
                          self->event_bytes, self->event_len);
    CRASH_POINT(COMMAND_PUBLISHED);
    if (self->spec->finish != NULL)
        self->spec->finish(state, position, state->event);
    else if (self->spec->complete == NULL)
        bus_reply_packed(state->request, self->answer_bytes, self->answer_len);
    else
        answer_message(self, state->answer, position);
    CRASH_POINT(COMMAND_ANSWERED);
}

static void on_committed(void *arg, int rc, const struct commit_result *result)
{
    struct command *self = arg;
    if (rc == -ECONNRESET || rc == -ETIMEDOUT || (rc < 0 && self->is_unknown)) {
        self->is_unknown = 1;
        command_settle(self);
        return;
    }
    if (rc == -EIO) {
        fail_internal(self, "the ledger refused the commit");
        return;
    }
    if (rc < 0) {
        fail_unavailable(self);
        return;
    }
    switch (result->outcome) {
    case COMMIT_DONE:
        on_done(self, result->position);
        return;
    case COMMIT_KNOWN:
        answer_stored(self, result->answer, result->answer_len, result->position);
        return;
    case COMMIT_REUSED:
        answer_reused(self);
        return;
    case COMMIT_CONFLICT:
        on_conflict(self);
        return;
    case COMMIT_FROZEN:
        bus_fail_retry(self->state.request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                       "this partition takes no writes now; nothing was done");
        return;
    }
}

/* --- the way in --- */

/* On the state seen last, when there is one; if it is outdated, the commit ends in a conflict. */
static void command_start(struct command *self)
{
    struct command_state *state = &self->state;
    if (state->svc->seen == NULL)
        state->svc->seen = seen_create(state->svc->ledger);
    if ((state->n_records == 0 || self->spec->are_records_new) &&
        seen_find(state->svc->seen, state->citizen, &state->before)) {
        state->is_read = state->has_citizen = 1;
        command_decide(self);
    } else {
        command_read_records(self);
    }
}

void command_run(struct service *svc, struct bus_request *request, const struct command_spec *spec,
                 const uint8_t citizen[ID_BYTES], void *arg)
{
    struct err err;
    int64_t now_ms = clock_wall_ms();
    struct command *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->spec = spec;
    struct command_state *state = &self->state;
    state->svc = svc;
    state->request = request;
    memcpy(state->citizen, citizen, ID_BYTES);
    state->partition = partition_of(citizen);
    state->now_ms = now_ms;
    state->today = clock_business_day(now_ms);
    state->arg = arg;
    state->id = request->id;
    state->fingerprint = request->fingerprint;
    if (spec->name_records != NULL)
        spec->name_records(state);
    if (commit_check_id(&state->id, now_ms, &err) < 0)
        command_read(self); /* what was done under it is answered, whatever the clock says now */
    else if (spec->is_optimistic)
        command_decide(self);
    else
        command_start(self);
}

void command_remember(struct service *svc, const uint8_t citizen[ID_BYTES],
                      const struct citizen *state)
{
    if (svc->seen == NULL)
        svc->seen = seen_create(svc->ledger);
    seen_keep(svc->seen, citizen, state);
}

struct citizen_reading {
    citizen_read_fn fn;
    void *arg;
};

static void on_citizen(void *arg, int rc, const struct store_reply *reply)
{
    struct citizen_reading *self = arg;
    struct citizen citizen;
    int found = 0;
    if (rc == 0)
        rc = record_read(reply, &citizen, &found);
    self->fn(self->arg, rc, rc == 0 && found ? &citizen : NULL);
}

void citizen_read(struct service *svc, struct arena *arena, const uint8_t citizen[ID_BYTES],
                  citizen_read_fn fn, void *arg)
{
    struct citizen_reading *self = arena_alloc(arena, sizeof(*self));
    if (self == NULL) {
        fn(arg, -EMSGSIZE, NULL);
        return;
    }
    self->fn = fn;
    self->arg = arg;
    record_ask(svc, citizen, on_citizen, self);
}
