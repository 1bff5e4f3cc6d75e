#include "services/enrolment/directory_import.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/directory_rows.h"

#define TRIES_MAX 8
#define VERSION_BYTES 4

static void import_start(void *arg, int rc);

static void fail_unavailable(struct import *self)
{
    if (self->is_unknown)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_UNKNOWN, "",
                 "the outcome is not known; repeat it with the same request id");
    else
        ledger_away(self->request);
}

static void fail_reused(struct import *self)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_ALREADY_EXISTS, "Idempotency-Key",
             "this request id was used for another request; nothing changed");
}

/* Those who leave the answer to this file count rows, in responses of one shape. */
static size_t pack_answer(const struct import *self, uint8_t ret[IMPORT_ANSWER_MAX_BYTES])
{
    if (self->spec->pack != NULL)
        return self->spec->pack(self, ret);
    Ansinh__V1__ImportUnitsResponse out;
    ansinh__v1__import_units_response__init(&out);
    out.written = (uint32_t)self->n_rows;
    out.unchanged = (uint32_t)self->n_unchanged;
    return protobuf_c_message_pack(&out.base, ret);
}

/* Nothing had to be committed. */
static void answer_uncommitted(struct import *self)
{
    uint8_t packed[IMPORT_ANSWER_MAX_BYTES];
    if (self->spec->answer != NULL)
        self->spec->answer(self, NULL, 0);
    else
        bus_reply_packed(self->request, packed, pack_answer(self, packed));
}

static void answer_stored(struct import *self)
{
    if (self->spec->answer != NULL)
        self->spec->answer(self, self->stored, self->stored_len);
    else
        bus_reply_packed(self->request, self->stored, self->stored_len);
}

/* --- committing --- */

/* The rows are committed, also when this instance cannot see them yet. */
static void on_visible(void *arg, int rc)
{
    (void)rc;
    answer_stored(arg);
}

/* A repeat gets the stored answer, although its rows would change nothing any more. */
static void answer_known(struct import *self, const struct commit_result *result)
{
    if (answer_is_lost(result->answer, result->answer_len)) {
        command_fail_lost(self->request, PARTITION_DIRECTORY, result->position);
        return;
    }
    if (result->answer_len > IMPORT_ANSWER_MAX_BYTES) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_DATA_LOSS, "",
                 "the stored answer cannot be read");
        return;
    }
    memcpy(self->stored, result->answer, result->answer_len);
    self->stored_len = result->answer_len;
    directory_refresh(self->svc->directory, on_visible, self);
}

static void on_committed(void *arg, int rc, const struct commit_result *result)
{
    struct import *self = arg;
    if (rc == -ECONNRESET || rc == -ETIMEDOUT)
        self->is_unknown = 1;
    if (rc == 0 && result->outcome == COMMIT_CONFLICT)
        self->is_unknown = 0; /* the id is not known: no attempt was carried out */
    if (rc == 0 && result->outcome == COMMIT_DONE) {
        CRASH_POINT(IMPORT_COMMITTED);
        directory_refresh(self->svc->directory, on_visible, self); /* the next call sees the rows */
    } else if (rc == 0 && result->outcome == COMMIT_KNOWN) {
        answer_known(self, result);
    } else if (rc == 0 && result->outcome == COMMIT_REUSED) {
        fail_reused(self);
    } else if (++self->tries > TRIES_MAX || clock_mono_ms() >= self->request->deadline_ms) {
        fail_unavailable(self);
    } else {
        /* somebody else imported, or nobody knows: look again and repeat with the same id */
        directory_refresh(self->svc->directory, import_start, self);
    }
}

/* Version and packed row of every record, in the arena; -ENOMEM. */
static int fill_records(struct import *self, struct commit *commit)
{
    struct arena *arena = self->request->arena;
    for (size_t i = 0; i < self->n_rows; i++) {
        size_t len = protobuf_c_message_get_packed_size(self->rows[i]);
        uint8_t *value = arena_alloc(arena, VERSION_BYTES + len);
        char *key = arena_alloc(arena, KEY_MAX_BYTES);
        char *code = arena_alloc(arena, DIRECTORY_CODE_MAX_BYTES);
        if (value == NULL || key == NULL || code == NULL ||
            directory_rows_code(self->kinds[i], self->rows[i], code) < 0)
            return -ENOMEM;
        uint32_t before = directory_row_version(self->svc->directory, self->kinds[i], code);
        for (int byte = 0; byte < VERSION_BYTES; byte++)
            value[byte] = (uint8_t)((before + 1) >> (8 * byte));
        (void)protobuf_c_message_pack(self->rows[i], value + VERSION_BYTES);
        commit->records[i] = (struct commit_record){
            .key = key,
            .key_len = key_reference(self->kinds[i], key),
            .field = code,
            .field_len = strlen(code),
            .expected_version = before,
            .value = value,
            .value_len = VERSION_BYTES + len,
        };
    }
    commit->n_records = self->n_rows;
    return 0;
}

Ansinh__V1__Event *import_reference_event(struct import *self)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__Event *event = arena_alloc(arena, sizeof(*event));
    Ansinh__V1__ReferenceImported *in = arena_alloc(arena, sizeof(*in));
    Ansinh__V1__ReferenceRow *rows = arena_alloc(arena, self->n_rows * sizeof(*rows));
    Ansinh__V1__ReferenceRow **list = arena_alloc(arena, self->n_rows * sizeof(*list));
    if (event == NULL || in == NULL || rows == NULL || list == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__reference_imported__init(in);
    for (size_t i = 0; i < self->n_rows; i++) {
        directory_reference_set(&rows[i], self->kinds[i], self->rows[i]);
        list[i] = &rows[i];
    }
    in->rows = list;
    in->n_rows = self->n_rows;
    event->kind_case = ANSINH__V1__EVENT__KIND_REFERENCE_IMPORTED;
    event->reference_imported = in;
    return event;
}

static int pack_event(struct import *self, int64_t now_ms)
{
    uint8_t request[EVENT_REQUEST_BYTES];
    Ansinh__V1__Event *event = self->spec->event(self);
    if (event == NULL)
        return -ENOMEM;
    event->at_ms = now_ms;
    event_set_request(event, &self->request->id, self->request->fingerprint, self->stored,
                      self->stored_len, request);
    self->event_len = protobuf_c_message_get_packed_size(&event->base);
    uint8_t *packed = arena_alloc(self->request->arena, self->event_len);
    if (packed == NULL)
        return -ENOMEM;
    (void)protobuf_c_message_pack(&event->base, packed);
    self->event = packed;
    return 0;
}

static void import_commit(struct import *self)
{
    struct commit commit;
    commit_init(&commit);
    commit.partition = PARTITION_DIRECTORY;
    commit.id = self->request->id;
    commit.fingerprint = self->request->fingerprint;
    commit.now_ms = clock_wall_ms();
    commit.totals[TOTAL_REFERENCE] = (int64_t)self->n_rows;
    self->stored_len = pack_answer(self, self->stored);
    commit.answer = self->stored;
    commit.answer_len = self->stored_len;
    if (fill_records(self, &commit) < 0 || pack_event(self, commit.now_ms) < 0) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "",
                 "the call is too large");
        return;
    }
    commit.event = self->event;
    commit.event_len = self->event_len;
    if (commit_send(self->svc->ledger, &commit, on_committed, self) < 0)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "",
                 "the call is too large");
}

/* --- checking --- */

int import_is_same(const struct import *self, const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    size_t len = protobuf_c_message_get_packed_size(a);
    if (len != protobuf_c_message_get_packed_size(b))
        return 0;
    uint8_t *bytes = arena_alloc(self->request->arena, 2 * len + 1);
    if (bytes == NULL)
        return 0;
    (void)protobuf_c_message_pack(a, bytes);
    (void)protobuf_c_message_pack(b, bytes + len);
    return memcmp(bytes, bytes + len, len) == 0;
}

/* Leaves the rows that change something. */
static void drop_unchanged(struct import *self)
{
    size_t kept = 0;
    self->n_unchanged = 0;
    for (size_t i = 0; i < self->n_rows; i++) {
        char code[DIRECTORY_CODE_MAX_BYTES];
        const ProtobufCMessage *known = NULL;
        if (directory_rows_code(self->kinds[i], self->rows[i], code) == 0)
            known = directory_row(self->svc->directory, self->kinds[i], code);
        if (known != NULL && import_is_same(self, known, self->rows[i])) {
            self->n_unchanged++;
            continue;
        }
        self->kinds[kept] = self->kinds[i];
        self->rows[kept++] = self->rows[i];
    }
    self->n_rows = kept;
}

static Ansinh__V1__Code code_of(int rc)
{
    switch (rc) {
    case -ENOMEM:
        return ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED;
    case -ENOENT:
        return ANSINH__V1__CODE__CODE_NOT_FOUND;
    case -EPERM:
        return ANSINH__V1__CODE__CODE_FAILED_PRECONDITION;
    case -EEXIST:
        return ANSINH__V1__CODE__CODE_ALREADY_EXISTS;
    default:
        return ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    }
}

static void import_start(void *arg, int rc)
{
    struct import *self = arg;
    if (rc < 0) {
        fail_unavailable(self);
        return;
    }
    const ProtobufCMessage *in = self->request->input;
    struct err err = {0};
    rc = self->spec->take(self, &err);
    if (rc < 0 && self->is_unknown) {
        fail_unavailable(self); /* what is wrong by now may have been right, and taken */
        return;
    }
    if (rc < 0) {
        bus_fail(self->request, code_of(rc), err.field, "%s", err.text);
        return;
    }
    /* after an attempt with an unknown outcome the rows may look unchanged: only the commit can
     * tell */
    if (self->tries == 0)
        drop_unchanged(self);
    if (self->n_rows == 0 || self->spec->is_dry_run(in))
        answer_uncommitted(self);
    else
        import_commit(self);
}

static void on_looked_up(void *arg, int rc, const struct commit_result *result)
{
    struct import *self = arg;
    struct err err;
    if (rc < 0)
        fail_unavailable(self);
    else if (result->outcome == COMMIT_KNOWN)
        answer_known(self, result);
    else if (result->outcome == COMMIT_REUSED)
        fail_reused(self);
    else if (commit_check_id(&self->request->id, clock_wall_ms(), &err) < 0)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "Idempotency-Key", "%s",
                 err.text);
    else
        /* fresh data first: another instance may have imported the parents just now */
        directory_refresh(self->svc->directory, import_start, self);
}

void import_run(struct service *svc, struct bus_request *request, const struct import_spec *spec,
                size_t n_rows, void *arg)
{
    struct import *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else if (n_rows == 0 || n_rows > IMPORT_ROWS_MAX)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "",
                 "want 1 to %d rows in a call", IMPORT_ROWS_MAX);
    else {
        self->svc = svc;
        self->request = request;
        self->spec = spec;
        self->arg = arg;
        int rc = commit_lookup(svc->ledger, PARTITION_DIRECTORY, &request->id, clock_wall_ms(),
                               &request->fingerprint, on_looked_up, self);
        if (rc < 0)
            fail_unavailable(self);
    }
}
