#include "services/enrolment/directory_api.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/directory_rows.h"
#include "services/enrolment/directory_check.h"

#define ROWS_MAX 250
#define TRIES_MAX 8
#define VERSION_BYTES 4
#define ANSWER_MAX_BYTES 16

struct import;

/* What the three imports differ in. */
struct import_spec {
    /* Rows in the request; fills kinds and rows. -EINVAL: over ROWS_MAX. */
    size_t (*rows)(const ProtobufCMessage *in, char *kinds, const ProtobufCMessage **rows);
    int (*check)(const struct directory *directory, const ProtobufCMessage *in, struct err *err);
    /* The event of the changed rows. */
    Ansinh__V1__Event *(*event)(struct import *self);
    int (*is_dry_run)(const ProtobufCMessage *in);
};

/* Lives in the request's arena. */
struct import {
    struct service *svc;
    struct bus_request *request;
    const struct import_spec *spec;
    char kinds[ROWS_MAX];
    const ProtobufCMessage *rows[ROWS_MAX]; /* after compare: the changed ones only */
    size_t n_rows, n_unchanged;
    int tries;
    int is_unknown; /* a commit was sent and nobody knows its outcome yet */
    const uint8_t *event;
    size_t event_len;
    uint32_t written;
};

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

/* The three responses have one shape, so one of them packs for all. */
static size_t pack_answer(uint32_t written, uint32_t unchanged, uint8_t ret[ANSWER_MAX_BYTES])
{
    Ansinh__V1__ImportUnitsResponse out;
    ansinh__v1__import_units_response__init(&out);
    out.written = written;
    out.unchanged = unchanged;
    return protobuf_c_message_pack(&out.base, ret);
}

static void answer(struct import *self, uint32_t written, uint32_t unchanged)
{
    uint8_t packed[ANSWER_MAX_BYTES];
    bus_reply_packed(self->request, packed, pack_answer(written, unchanged, packed));
}

/* --- committing --- */

/* The rows are committed, also when this instance cannot see them yet. */
static void on_visible(void *arg, int rc)
{
    (void)rc;
    struct import *self = arg;
    answer(self, self->written, (uint32_t)self->n_unchanged);
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
        self->written = (uint32_t)self->n_rows;
        directory_refresh(self->svc->directory, on_visible, self); /* the next call sees the rows */
    } else if (rc == 0 && result->outcome == COMMIT_KNOWN) {
        bus_reply_packed(self->request, result->answer, result->answer_len);
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

static int pack_event(struct import *self, int64_t now_ms)
{
    uint8_t request[EVENT_REQUEST_BYTES];
    Ansinh__V1__Event *event = self->spec->event(self);
    if (event == NULL)
        return -ENOMEM;
    event->at_ms = now_ms;
    event_set_request(event, &self->request->id, self->request->fingerprint, request);
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
    uint8_t stored[ANSWER_MAX_BYTES];
    commit_init(&commit);
    commit.partition = PARTITION_DIRECTORY;
    commit.id = self->request->id;
    commit.fingerprint = self->request->fingerprint;
    commit.now_ms = clock_wall_ms();
    commit.totals[TOTAL_REFERENCE] = (int64_t)self->n_rows;
    commit.answer = stored;
    commit.answer_len = pack_answer((uint32_t)self->n_rows, (uint32_t)self->n_unchanged, stored);
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

static int is_same(const ProtobufCMessage *a, const ProtobufCMessage *b, struct arena *arena)
{
    size_t len = protobuf_c_message_get_packed_size(a);
    if (len != protobuf_c_message_get_packed_size(b))
        return 0;
    uint8_t *bytes = arena_alloc(arena, 2 * len + 1);
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
        if (known != NULL && is_same(known, self->rows[i], self->request->arena)) {
            self->n_unchanged++;
            continue;
        }
        self->kinds[kept] = self->kinds[i];
        self->rows[kept++] = self->rows[i];
    }
    self->n_rows = kept;
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
    self->n_rows = self->spec->rows(in, self->kinds, self->rows);
    if (self->spec->check(self->svc->directory, in, &err) < 0) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
        return;
    }
    /* after an attempt with an unknown outcome the rows may look unchanged: only the commit can
     * tell */
    if (self->tries == 0)
        drop_unchanged(self);
    if (self->n_rows == 0 || self->spec->is_dry_run(in))
        answer(self, (uint32_t)self->n_rows, (uint32_t)self->n_unchanged);
    else
        import_commit(self);
}

/* A repeat gets the stored answer, although its rows would change nothing any more. */
static void on_looked_up(void *arg, int rc, const struct commit_result *result)
{
    struct import *self = arg;
    struct err err;
    if (rc < 0)
        fail_unavailable(self);
    else if (result->outcome == COMMIT_KNOWN)
        bus_reply_packed(self->request, result->answer, result->answer_len);
    else if (result->outcome == COMMIT_REUSED)
        fail_reused(self);
    else if (commit_check_id(&self->request->id, clock_wall_ms(), &err) < 0)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "Idempotency-Key", "%s",
                 err.text);
    else
        /* fresh data first: another instance may have imported the parents just now */
        directory_refresh(self->svc->directory, import_start, self);
}

static void import_run(struct service *svc, struct bus_request *request,
                       const struct import_spec *spec, size_t n_rows)
{
    struct import *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else if (n_rows == 0 || n_rows > ROWS_MAX)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "",
                 "want 1 to %d rows in a call", ROWS_MAX);
    else {
        self->svc = svc;
        self->request = request;
        self->spec = spec;
        int rc = commit_lookup(svc->ledger, PARTITION_DIRECTORY, &request->id, clock_wall_ms(),
                               &request->fingerprint, on_looked_up, self);
        if (rc < 0)
            fail_unavailable(self);
    }
}

/* Pointers to the changed rows of one kind, for an event. */
static void *rows_of_kind(struct import *self, char kind, size_t *ret_n)
{
    const ProtobufCMessage **list = arena_alloc(self->request->arena, self->n_rows * sizeof(*list));
    *ret_n = 0;
    for (size_t i = 0; list != NULL && i < self->n_rows; i++) {
        if (self->kinds[i] == kind)
            list[(*ret_n)++] = self->rows[i];
    }
    return list;
}

static size_t add_rows(char kind, ProtobufCMessage *const *list, size_t n, size_t at, char *kinds,
                       const ProtobufCMessage **rows)
{
    for (size_t i = 0; i < n; i++) {
        kinds[at + i] = kind;
        rows[at + i] = list[i];
    }
    return at + n;
}

#define LIST(field) (ProtobufCMessage *const *)(field)

/* --- units --- */

static size_t units_rows(const ProtobufCMessage *message, char *kinds,
                         const ProtobufCMessage **rows)
{
    const Ansinh__V1__ImportUnitsRequest *in = (const Ansinh__V1__ImportUnitsRequest *)message;
    return add_rows('u', LIST(in->units), in->n_units, 0, kinds, rows);
}

static int units_check_message(const struct directory *directory, const ProtobufCMessage *in,
                               struct err *err)
{
    return units_check(directory, (const Ansinh__V1__ImportUnitsRequest *)in, err);
}

static int units_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportUnitsRequest *)in)->dry_run;
}

static Ansinh__V1__Event *units_event(struct import *self)
{
    Ansinh__V1__Event *event = arena_alloc(self->request->arena, sizeof(*event));
    Ansinh__V1__UnitsImported *rows = arena_alloc(self->request->arena, sizeof(*rows));
    if (event == NULL || rows == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__units_imported__init(rows);
    rows->units = rows_of_kind(self, 'u', &rows->n_units);
    event->kind_case = ANSINH__V1__EVENT__KIND_UNITS_IMPORTED;
    event->units_imported = rows;
    return event;
}

static const struct import_spec units_spec = {units_rows, units_check_message, units_event,
                                              units_is_dry_run};

static void on_import_units(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ImportUnitsRequest *in =
        (const Ansinh__V1__ImportUnitsRequest *)request->input;
    import_run(arg, request, &units_spec, in->n_units);
}

/* --- organisations --- */

static size_t organisations_rows(const ProtobufCMessage *message, char *kinds,
                                 const ProtobufCMessage **rows)
{
    const Ansinh__V1__ImportOrganisationsRequest *in =
        (const Ansinh__V1__ImportOrganisationsRequest *)message;
    size_t n = add_rows('o', LIST(in->organisations), in->n_organisations, 0, kinds, rows);
    n = add_rows('p', LIST(in->points), in->n_points, n, kinds, rows);
    return add_rows('k', LIST(in->collectors), in->n_collectors, n, kinds, rows);
}

static int organisations_check_message(const struct directory *directory,
                                       const ProtobufCMessage *in, struct err *err)
{
    return organisations_check(directory, (const Ansinh__V1__ImportOrganisationsRequest *)in, err);
}

static int organisations_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportOrganisationsRequest *)in)->dry_run;
}

static Ansinh__V1__Event *organisations_event(struct import *self)
{
    Ansinh__V1__Event *event = arena_alloc(self->request->arena, sizeof(*event));
    Ansinh__V1__OrganisationsImported *rows = arena_alloc(self->request->arena, sizeof(*rows));
    if (event == NULL || rows == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__organisations_imported__init(rows);
    rows->organisations = rows_of_kind(self, 'o', &rows->n_organisations);
    rows->points = rows_of_kind(self, 'p', &rows->n_points);
    rows->collectors = rows_of_kind(self, 'k', &rows->n_collectors);
    event->kind_case = ANSINH__V1__EVENT__KIND_ORGANISATIONS_IMPORTED;
    event->organisations_imported = rows;
    return event;
}

static const struct import_spec organisations_spec = {
    organisations_rows, organisations_check_message, organisations_event, organisations_is_dry_run};

static void on_import_organisations(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ImportOrganisationsRequest *in =
        (const Ansinh__V1__ImportOrganisationsRequest *)request->input;
    size_t n = in->n_organisations + in->n_points + in->n_collectors;
    import_run(arg, request, &organisations_spec, n);
}

/* --- plan --- */

static size_t plan_rows(const ProtobufCMessage *message, char *kinds, const ProtobufCMessage **rows)
{
    const Ansinh__V1__ImportPlanRequest *in = (const Ansinh__V1__ImportPlanRequest *)message;
    return add_rows('t', LIST(in->targets), in->n_targets, 0, kinds, rows);
}

static int plan_check_message(const struct directory *directory, const ProtobufCMessage *in,
                              struct err *err)
{
    return plan_check(directory, (const Ansinh__V1__ImportPlanRequest *)in, err);
}

static int plan_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportPlanRequest *)in)->dry_run;
}

static Ansinh__V1__Event *plan_event(struct import *self)
{
    Ansinh__V1__Event *event = arena_alloc(self->request->arena, sizeof(*event));
    Ansinh__V1__PlanImported *rows = arena_alloc(self->request->arena, sizeof(*rows));
    if (event == NULL || rows == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__plan_imported__init(rows);
    rows->targets = rows_of_kind(self, 't', &rows->n_targets);
    event->kind_case = ANSINH__V1__EVENT__KIND_PLAN_IMPORTED;
    event->plan_imported = rows;
    return event;
}

static const struct import_spec plan_spec = {plan_rows, plan_check_message, plan_event,
                                             plan_is_dry_run};

static void on_import_plan(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ImportPlanRequest *in = (const Ansinh__V1__ImportPlanRequest *)request->input;
    import_run(arg, request, &plan_spec, in->n_targets);
}

/* --- reading --- */

struct unit_read {
    struct service *svc;
    struct bus_request *request;
};

static uint32_t business_year(int32_t day)
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return (uint32_t)year;
}

static void answer_unit(struct bus_request *request, const struct directory_unit *unit,
                        const ProtobufCMessage *row)
{
    Ansinh__V1__GetUnitResponse out;
    ansinh__v1__get_unit_response__init(&out);
    Ansinh__V1__Unit copy = *(const Ansinh__V1__Unit *)row;
    int32_t today = clock_business_day(clock_wall_ms());
    out.unit = &copy;
    out.plan = directory_plan(unit, business_year(today), &out.plan_year);
    char **codes = arena_alloc(request->arena, unit->n_children * sizeof(*codes));
    for (size_t i = 0; codes != NULL && i < unit->n_children; i++)
        codes[i] = unit->children[i]->code;
    out.child_codes = codes;
    out.n_child_codes = codes == NULL ? 0 : unit->n_children;
    bus_reply(request, &out.base);
}

static void on_refreshed(void *arg, int rc)
{
    struct unit_read *self = arg;
    const Ansinh__V1__GetUnitRequest *in = (const Ansinh__V1__GetUnitRequest *)self->request->input;
    const struct directory_unit *unit = directory_unit(self->svc->directory, in->code);
    const ProtobufCMessage *row = directory_row(self->svc->directory, 'u', in->code);
    if (rc < 0)
        ledger_away(self->request);
    else if (unit == NULL || row == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "code", "unknown unit");
    else
        answer_unit(self->request, unit, row);
}

static void on_get_unit(void *arg, struct bus_request *request)
{
    struct unit_read *self = arena_alloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *self = (struct unit_read){arg, request};
    const Ansinh__V1__GetUnitRequest *in = (const Ansinh__V1__GetUnitRequest *)request->input;
    if (directory_unit(self->svc->directory, in->code) == NULL)
        directory_refresh(self->svc->directory, on_refreshed, self);
    else
        on_refreshed(self, 0);
}

static const struct bus_method methods[] = {
    {"ImportUnits", on_import_units, BUS_COMMAND},
    {"ImportOrganisations", on_import_organisations, BUS_COMMAND},
    {"ImportPlan", on_import_plan, BUS_COMMAND},
    {"GetUnit", on_get_unit, 0},
};

void directory_api_add(struct service *svc)
{
    bus_server_add(svc->server, &ansinh__v1__directory__descriptor, methods, ARRAY_LEN(methods),
                   svc);
}
