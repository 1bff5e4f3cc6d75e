/* Units, organisations with their points and collectors, and the plan: all rows in memory, in an
 * order in which parents come first, then in calls of up to 250 rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/directory.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/service/api.h"
#include "services/cli/import_reference.h"
#include "services/cli/import_rows.h"
#include "services/cli/progress.h"

#define ARENA_BYTES ((size_t)1024 * 1024 * 1024)
#define CALL_ARENA_BYTES (4 * 1024 * 1024)
#define TIMEOUT_MS 60000

/* --- reading ---------------------------------------------------------------------------------- */

static void rows_add(struct reference *self, const struct reference_row *row)
{
    if (self->n_rows == self->capacity) {
        self->capacity = MAX((size_t)1024, 2 * self->capacity);
        self->rows = realloc(self->rows, self->capacity * sizeof(*self->rows));
        ASSERT(self->rows != NULL);
    }
    self->rows[self->n_rows++] = *row;
}

ProtobufCMessage *reference_message(struct reference *self,
                                    const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_alloc(self->arena, descriptor->sizeof_message);
    if (message != NULL)
        protobuf_c_message_init(descriptor, message);
    return message;
}

/* A row of the file, or one that the importer adds itself (csv NULL). */
void reference_add(struct reference *self, struct reference_row *row, const struct csv_row *csv)
{
    row->csv = csv == NULL ? NULL : import_keep(csv);
    rows_add(self, row);
}

static int read_rows(struct reference *self)
{
    struct csv_row csv;
    struct err err = {0};
    int rc;
    while ((rc = import_next(self->import, &csv)) == 1) {
        if (self->n_rows >= REFERENCE_ROWS_MAX)
            return cli_fail(1, "more than %d rows: split the file", REFERENCE_ROWS_MAX);
        if (self->kind->take(self, &csv, &err) < 0)
            import_refused(self->import, &csv, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field,
                           err.text);
    }
    return rc < 0;
}

static int compare_rows(const void *a, const void *b)
{
    const struct reference_row *left = a, *right = b;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    int order = strcmp(left->group, right->group);
    if (order == 0 && left->rank_in_group != right->rank_in_group)
        order = left->rank_in_group < right->rank_in_group ? -1 : 1;
    return order != 0 ? order : strcmp(left->code, right->code);
}

/* Rows by name, to find parents; names too long for the table are refused by the service. */
static void index_rows(struct reference *self)
{
    for (size_t i = 0; i < self->n_rows; i++) {
        size_t len = strlen(self->rows[i].name);
        if (len > 0 && len <= MAP_KEY_MAX_BYTES)
            (void)map_put(self->by_name, self->rows[i].name, len, &self->rows[i]);
    }
}

static struct reference_row *find_parent(const struct reference *self,
                                         const struct reference_row *row)
{
    size_t len = strlen(row->parent);
    return len == 0 || len > MAP_KEY_MAX_BYTES ? NULL : map_get(self->by_name, row->parent, len);
}

int reference_unit(struct reference *self, const char *code, Ansinh__V1__GetUnitResponse **ret)
{
    struct err err = {0};
    ProtobufCAllocator allocator;
    uint8_t packed[64];
    char text[16];
    (void)snprintf(text, sizeof(text), "%s", code);
    Ansinh__V1__GetUnitRequest in;
    ansinh__v1__get_unit_request__init(&in);
    in.code = text;
    struct bus_call call = {
        .service = "enrolment", .method = "ansinh.v1.Directory/GetUnit", .timeout_ms = TIMEOUT_MS};
    CLEANUP(buf_fini) struct buf answer;
    buf_init(&answer, BUS_FRAME_MAX_BYTES);
    size_t len = protobuf_c_message_pack(&in.base, packed);
    int code_answered = cli_ask(self->import->svc, &call, packed, len, &answer, &err);
    if (code_answered == (int)ANSINH__V1__CODE__CODE_NOT_FOUND)
        return 0;
    bus_arena_allocator(self->arena, &allocator);
    *ret = code_answered == 0
               ? ansinh__v1__get_unit_response__unpack(&allocator, answer.len, answer.data)
               : NULL;
    if (*ret == NULL)
        return cli_fail(-EIO, "the directory does not answer: %s", err.text);
    return 1;
}

/* --- one call --------------------------------------------------------------------------------- */

struct batch {
    struct reference_row *rows[REFERENCE_CALL_ROWS];
    size_t n;
    size_t n_carried; /* the first ones: parents that only a dry run needs */
};

/* The lists of the request in turn: rows whose message is of a list's type. */
static ProtobufCMessage *make_request(struct reference *self, const struct batch *batch)
{
    const ProtobufCMessageDescriptor *descriptor = api_find(self->kind->method)->input;
    ProtobufCMessage *request = arena_alloc(self->call_arena, descriptor->sizeof_message);
    ASSERT(request != NULL);
    protobuf_c_message_init(descriptor, request);
    for (unsigned f = 0; f < descriptor->n_fields; f++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[f];
        char *member = (char *)request + field->offset;
        if (field->type == PROTOBUF_C_TYPE_BOOL) {
            protobuf_c_boolean is_dry_run = self->import->is_dry_run;
            memcpy(member, &is_dry_run, sizeof(is_dry_run));
            continue;
        }
        size_t n = 0;
        ProtobufCMessage **list = arena_alloc(self->call_arena, batch->n * sizeof(*list));
        ASSERT(list != NULL);
        for (size_t i = 0; i < batch->n; i++) {
            if (batch->rows[i]->message->descriptor == field->descriptor)
                list[n++] = batch->rows[i]->message;
        }
        memcpy(member, &list, sizeof(list));
        memcpy((char *)request + field->quantifier_offset, &n, sizeof(n));
    }
    return request;
}

/* The row that "points[3].name" speaks of, as its place in the batch; batch->n when it is none. */
static size_t find_fault(const struct reference *self, const struct batch *batch, const char *path)
{
    const ProtobufCMessageDescriptor *descriptor = api_find(self->kind->method)->input;
    char list[ERR_FIELD_MAX_BYTES];
    int64_t wanted;
    (void)snprintf(list, sizeof(list), "%s", path);
    char *open = strchr(list, '['), *close = strchr(list, ']');
    if (open == NULL || close == NULL)
        return batch->n;
    *open = *close = '\0';
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(descriptor, list);
    if (field == NULL || parse_int64(open + 1, 0, REFERENCE_CALL_ROWS, &wanted) < 0)
        return batch->n;
    size_t i = 0;
    for (; i < batch->n; i++) {
        if (batch->rows[i]->message->descriptor == field->descriptor && wanted-- == 0)
            break;
    }
    return i;
}

static int ask(struct reference *self, const struct batch *batch, struct buf *answer,
               struct err *err)
{
    struct request_id id;
    arena_reset(self->call_arena);
    ProtobufCMessage *request = make_request(self, batch);
    size_t len = protobuf_c_message_get_packed_size(request);
    uint8_t *packed = arena_alloc(self->call_arena, len);
    ASSERT(packed != NULL);
    (void)protobuf_c_message_pack(request, packed);
    request_id_make(clock_wall_ms(), &id);
    struct bus_call call = {.service = "enrolment",
                            .method = api_find(self->kind->method)->name,
                            .id = &id,
                            .timeout_ms = TIMEOUT_MS};
    return cli_ask(self->import->svc, &call, packed, len, answer, err);
}

static void refuse(struct reference *self, struct batch *batch, size_t i, const struct err *err)
{
    struct reference_row *row = batch->rows[i];
    const char *field = strchr(err->field, ']');
    row->is_refused = 1;
    if (row->csv != NULL && i >= batch->n_carried)
        import_refused(self->import, row->csv, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
                       field == NULL || field[1] != '.' ? "" : field + 2, err->text);
    batch->n_carried -= i < batch->n_carried;
    batch->n--;
    memmove(&batch->rows[i], &batch->rows[i + 1], (batch->n - i) * sizeof(batch->rows[0]));
}

/* Sends the batch, without the rows at fault one after the other until the rest is taken: at most
 * one call per row. 0, or 1 when the import cannot go on. */
static int send_batch(struct reference *self, struct batch *batch)
{
    struct err err = {0};
    CLEANUP(buf_fini) struct buf answer;
    buf_init(&answer, BUS_FRAME_MAX_BYTES);
    while (batch->n > batch->n_carried) {
        int code = ask(self, batch, &answer, &err);
        if (code == 0) {
            for (size_t i = batch->n_carried; i < batch->n; i++)
                self->import->n_good += batch->rows[i]->csv != NULL;
            break;
        }
        size_t fault = find_fault(self, batch, err.field);
        if (code != (int)ANSINH__V1__CODE__CODE_INVALID_ARGUMENT || fault == batch->n)
            return cli_fail(1, "%s: %s: %s", self->import->kind->name,
                            bus_code_name((Ansinh__V1__Code)code), err.text);
        refuse(self, batch, fault, &err);
    }
    batch->n = batch->n_carried = 0;
    return 0;
}

/* --- all calls -------------------------------------------------------------------------------- */

static int is_in_batch(const struct batch *batch, const struct reference_row *row)
{
    for (size_t i = 0; i < batch->n; i++) {
        if (batch->rows[i] == row)
            return 1;
    }
    return 0;
}

/* The parents that a row needs beside it in the same call, eldest first: in a dry run nothing of
 * the earlier calls is there. */
static size_t missing_parents(const struct reference *self, const struct batch *batch,
                              const struct reference_row *row, struct reference_row *ret[2])
{
    struct reference_row *parents[2];
    size_t n = 0, n_missing = 0;
    for (struct reference_row *parent = find_parent(self, row);
         self->import->is_dry_run && parent != NULL && n < ARRAY_LEN(parents);
         parent = find_parent(self, parent))
        parents[n++] = parent;
    while (n-- > 0) {
        if (!parents[n]->is_refused && !is_in_batch(batch, parents[n]))
            ret[n_missing++] = parents[n];
    }
    return n_missing;
}

static void put_in_front(struct batch *batch, struct reference_row *row)
{
    memmove(&batch->rows[batch->n_carried + 1], &batch->rows[batch->n_carried],
            (batch->n - batch->n_carried) * sizeof(batch->rows[0]));
    batch->rows[batch->n_carried++] = row;
    batch->n++;
}

/* Rows from i on that want to stay together, as far as one call holds them. */
static size_t together(const struct reference *self, size_t i)
{
    size_t n = 1;
    while (self->kind->keeps_groups && i + n < self->n_rows && n < REFERENCE_CALL_ROWS &&
           self->rows[i + n].rank == self->rows[i].rank &&
           strcmp(self->rows[i + n].group, self->rows[i].group) == 0)
        n++;
    return n;
}

static int send_rows(struct reference *self)
{
    struct batch batch = {.n = 0};
    struct progress progress;
    struct reference_row *parents[2];
    progress_begin(&progress, self->import->kind->name);
    for (size_t i = 0, n; i < self->n_rows; i += n) {
        n = together(self, i);
        size_t n_parents = missing_parents(self, &batch, &self->rows[i], parents);
        if (batch.n + n_parents + n > REFERENCE_CALL_ROWS) {
            if (send_batch(self, &batch) != 0)
                return 1;
            progress_show(&progress, i, self->n_rows);
            n_parents = missing_parents(self, &batch, &self->rows[i], parents);
        }
        for (size_t p = 0; p < n_parents; p++)
            put_in_front(&batch, parents[p]);
        for (size_t j = i; j < i + n; j++)
            batch.rows[batch.n++] = &self->rows[j];
    }
    return send_batch(self, &batch);
}

int reference_run(struct import *import, const struct reference_kind *kind)
{
    struct reference self = {.import = import,
                             .kind = kind,
                             .arena = arena_create(ARENA_BYTES),
                             .call_arena = arena_create(CALL_ARENA_BYTES),
                             .by_name = map_create(),
                             .provinces = map_create()};
    int status = kind->begin == NULL ? 0 : kind->begin(&self);
    if (status == 0)
        status = read_rows(&self);
    if (status == 0 && kind->complete != NULL)
        status = kind->complete(&self);
    if (status == 0 && self.n_rows > 0) {
        qsort(self.rows, self.n_rows, sizeof(*self.rows), compare_rows);
        index_rows(&self);
        status = send_rows(&self);
    }
    for (size_t i = 0; i < self.n_rows; i++)
        free(self.rows[i].csv);
    free(self.rows);
    map_destroy(&self.by_name);
    map_destroy(&self.provinces);
    arena_destroy(&self.call_arena);
    arena_destroy(&self.arena);
    return status;
}
