/* ansinh import: rows of a CSV file through the services' own commands. */
#include "services/cli/import.h"

#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/directory.pb-c.h"
#include "common/base/clock.h"
#include "services/cli/csv_file.h"
#include "services/cli/csv_message.h"

#define BATCH_ROWS 250
#define ARENA_BYTES (4 * 1024 * 1024)
#define TIMEOUT_MS 60000

struct batch {
    struct service *svc;
    struct arena *arena;
    const char *kind;
    int is_dry_run;
    ProtobufCMessage *rows[BATCH_ROWS];
    size_t n_rows;
};

static ProtobufCMessage *row_create(struct batch *self, const char *kind)
{
    const ProtobufCMessageDescriptor *descriptor =
        strcmp(self->kind, "units") == 0    ? &ansinh__v1__unit__descriptor
        : strcmp(self->kind, "plan") == 0   ? &ansinh__v1__plan_target__descriptor
        : strcmp(kind, "organisation") == 0 ? &ansinh__v1__organisation__descriptor
        : strcmp(kind, "point") == 0        ? &ansinh__v1__point__descriptor
                                            : &ansinh__v1__collector__descriptor;
    ProtobufCMessage *message = arena_alloc(self->arena, descriptor->sizeof_message);
    if (message != NULL)
        protobuf_c_message_init(descriptor, message);
    return message;
}

static size_t rows_of(struct batch *self, const ProtobufCMessageDescriptor *descriptor, void *ret)
{
    ProtobufCMessage **list = arena_alloc(self->arena, BATCH_ROWS * sizeof(*list));
    size_t n = 0;
    for (size_t i = 0; list != NULL && i < self->n_rows; i++) {
        if (self->rows[i]->descriptor == descriptor)
            list[n++] = self->rows[i];
    }
    memcpy(ret, &list, sizeof(list));
    return n;
}

static int send_message(struct batch *self, const char *method, const ProtobufCMessage *in)
{
    struct request_id id;
    struct err err = {0};
    request_id_make(clock_wall_ms(), &id);
    struct bus_call call = {
        .service = "enrolment", .method = method, .id = &id, .timeout_ms = TIMEOUT_MS};
    CLEANUP(buf_fini) struct buf answer;
    buf_init(&answer, BUS_FRAME_MAX_BYTES);
    size_t len = protobuf_c_message_get_packed_size(in);
    uint8_t *packed = arena_alloc(self->arena, len);
    if (packed == NULL)
        return cli_fail(1, "no memory");
    (void)protobuf_c_message_pack(in, packed);
    int code = cli_ask(self->svc, &call, packed, len, &answer, &err);
    if (code != 0)
        return cli_fail(1, "%s: %s: %s %s", self->kind, bus_code_name((Ansinh__V1__Code)code),
                        err.field, err.text);
    return 0;
}

static int batch_send(struct batch *self)
{
    int rc;
    if (self->n_rows == 0)
        return 0;
    if (strcmp(self->kind, "units") == 0) {
        Ansinh__V1__ImportUnitsRequest in = ANSINH__V1__IMPORT_UNITS_REQUEST__INIT;
        in.n_units = rows_of(self, &ansinh__v1__unit__descriptor, &in.units);
        in.dry_run = self->is_dry_run;
        rc = send_message(self, "ansinh.v1.Directory/ImportUnits", &in.base);
    } else if (strcmp(self->kind, "plan") == 0) {
        Ansinh__V1__ImportPlanRequest in = ANSINH__V1__IMPORT_PLAN_REQUEST__INIT;
        in.n_targets = rows_of(self, &ansinh__v1__plan_target__descriptor, &in.targets);
        in.dry_run = self->is_dry_run;
        rc = send_message(self, "ansinh.v1.Directory/ImportPlan", &in.base);
    } else {
        Ansinh__V1__ImportOrganisationsRequest in = ANSINH__V1__IMPORT_ORGANISATIONS_REQUEST__INIT;
        in.n_organisations =
            rows_of(self, &ansinh__v1__organisation__descriptor, &in.organisations);
        in.n_points = rows_of(self, &ansinh__v1__point__descriptor, &in.points);
        in.n_collectors = rows_of(self, &ansinh__v1__collector__descriptor, &in.collectors);
        in.dry_run = self->is_dry_run;
        rc = send_message(self, "ansinh.v1.Directory/ImportOrganisations", &in.base);
    }
    arena_reset(self->arena);
    self->n_rows = 0;
    return rc;
}

/* In the file of organisations parent_code is an organisation's or a point's code by kind. */
static const char *field_of(const ProtobufCMessage *message, const char *column)
{
    if (strcmp(column, "parent_code") == 0 && message->descriptor == &ansinh__v1__point__descriptor)
        return "organisation_code";
    if (strcmp(column, "parent_code") == 0 &&
        message->descriptor == &ansinh__v1__collector__descriptor)
        return "point_code";
    return column;
}

static int take_row(struct batch *self, const char *const *columns, const struct csv_row *row)
{
    struct err err = {0};
    if (self->n_rows == BATCH_ROWS && batch_send(self) != 0)
        return 1;
    ProtobufCMessage *message = row_create(self, row->values[0]);
    for (size_t i = 0; message != NULL && i < row->n_values; i++) {
        if (strcmp(columns[i], "kind") == 0 || row->values[i][0] == '\0')
            continue;
        if (csv_set_field(message, field_of(message, columns[i]), row->values[i], self->arena,
                          &err) < 0)
            return cli_fail(1, "line %lu: %s: %s", row->line, err.field, err.text);
    }
    if (message == NULL)
        return cli_fail(1, "no memory");
    self->rows[self->n_rows++] = message;
    return 0;
}

int import_file(struct service *svc, const char *kind, const char *path, int is_dry_run)
{
    struct err err = {0};
    struct csv_file *file;
    struct csv_row row;
    size_t n_columns;
    if (csv_open(path, &file, &err) < 0)
        return cli_fail(1, "%s: %s", path, err.text);
    CLEANUP(arena_destroy) struct arena *arena = arena_create(ARENA_BYTES);
    struct batch batch = {.svc = svc, .arena = arena, .kind = kind, .is_dry_run = is_dry_run};
    const char *const *columns = csv_columns(file, &n_columns);
    int status = 0, more;
    while (status == 0 && (more = csv_next(file, &row, &err)) != 0)
        status = more < 0 ? cli_fail(1, "%s: line %lu: %s", path, row.line, err.text)
                          : take_row(&batch, columns, &row);
    if (status == 0)
        status = batch_send(&batch);
    csv_close(&file);
    return status;
}

int cli_import(int argc, char **argv)
{
    static const char *const names[] = {"enrolment", NULL};
    struct service svc;
    int is_dry_run = argc > 1 && strcmp(argv[1], "--dry-run") == 0;
    if (argc != 3 + is_dry_run)
        return cli_fail(2, "usage: ansinh import [--dry-run] units|organisations|plan FILE");
    if (cli_open(&svc, &cli_caller_spec, names) != 0)
        return 1;
    int status = import_file(&svc, argv[1 + is_dry_run], argv[2 + is_dry_run], is_dry_run);
    service_close(&svc);
    return status;
}
