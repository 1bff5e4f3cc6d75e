/* A CSV file for an import: the first byte chooses what its rows are. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/directory.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/json/json.h"
#include "services/cli/csv_file.h"
#include "services/cli/csv_message.h"
#include "tests/fuzz/fuzz.h"

#define ARENA_BYTES (4U << 20)
#define OUT_BYTES (4U << 20)

static const ProtobufCMessageDescriptor *const types[] = {
    &ansinh__v1__unit__descriptor,
    &ansinh__v1__organisation__descriptor,
    &ansinh__v1__plan_target__descriptor,
    &ansinh__v1__enrol_request__descriptor,
    &ansinh__v1__inquire_request__descriptor,
};

/* A message of texts and numbers: what fits its fields must be JSON. */
static void read_row(const ProtobufCMessageDescriptor *type, const char *const *columns,
                     const struct csv_row *row)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    ProtobufCMessage *message = arena_zalloc(arena, type->sizeof_message);
    ASSERT(message != NULL);
    type->message_init(message);
    for (size_t i = 0; i < row->n_values; i++) {
        struct err err = {{0}, {0}};
        int rc = csv_set_field(message, columns[i], row->values[i], arena, &err);
        ASSERT(rc == 0 || rc == -ENOENT || rc == -EINVAL);
        if (rc == -EINVAL)
            fuzz_check_err(&err);
    }
    CLEANUP(buf_fini) struct buf json;
    buf_init(&json, OUT_BYTES);
    ASSERT(json_from_message(message, JSON_DEFAULTS, &json) == 0);
    arena_destroy(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ProtobufCMessageDescriptor *type = types[fuzz_byte(&data, &size) % ARRAY_LEN(types)];
    struct csv_file *file = NULL;
    struct csv_row row;
    struct err err = {{0}, {0}};
    unsigned long line = 1;
    int rc = csv_open(fuzz_file(data, size), &file, &err);
    if (rc < 0) {
        fuzz_check_err(&err);
        return 0;
    }
    size_t n_columns;
    const char *const *columns = csv_columns(file, &n_columns);
    ASSERT(n_columns >= 1 && n_columns <= CSV_COLUMNS_MAX);
    while ((rc = csv_next(file, &row, &err)) != 0) {
        ASSERT(rc == 1 || rc == -EINVAL);
        ASSERT(row.line > line);
        line = row.line;
        if (rc < 0) {
            fuzz_check_err(&err);
            continue;
        }
        ASSERT(row.n_values == n_columns);
        read_row(type, columns, &row);
    }
    csv_close(&file);
    return 0;
}
