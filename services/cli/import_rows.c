#include "services/cli/import_rows.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "services/cli/csv_message.h"

/* --- columns ---------------------------------------------------------------------------------- */

static int is_in(const char *const *list, const char *name)
{
    for (; *list != NULL; list++) {
        if (strcmp(*list, name) == 0)
            return 1;
    }
    return 0;
}

int import_has_column(const struct import *self, const char *name)
{
    for (size_t i = 0; i < self->n_columns; i++) {
        if (strcmp(self->columns[i], name) == 0)
            return 1;
    }
    return 0;
}

static void say_columns(const struct import_kind *kind)
{
    (void)fprintf(stderr, "columns of %s:", kind->name);
    for (const char *const *name = kind->required; *name != NULL; name++)
        (void)fprintf(stderr, " %s", *name);
    for (const char *const *name = kind->optional; *name != NULL; name++)
        (void)fprintf(stderr, " [%s]", *name);
    (void)fputc('\n', stderr);
}

static int check_columns(const struct import *self, const char *path)
{
    const struct import_kind *kind = self->kind;
    int status = 0;
    for (const char *const *name = kind->required; *name != NULL; name++) {
        if (!import_has_column(self, *name))
            status = cli_fail(1, "%s: column %s is missing", path, *name);
    }
    for (size_t i = 0; i < self->n_columns; i++) {
        if (!is_in(kind->required, self->columns[i]) && !is_in(kind->optional, self->columns[i]))
            status = cli_fail(1, "%s: column %s is unknown", path, self->columns[i]);
    }
    if (status != 0)
        say_columns(kind);
    return status;
}

int import_begin(struct import *self, const char *path)
{
    struct err err = {0};
    size_t n;
    if (csv_open(path, &self->file, &err) < 0)
        return cli_fail(1, "%s: %s", path, err.text);
    const char *const *columns = csv_columns(self->file, &n);
    if (n > 2 && strcmp(columns[0], CSV_ERRORS_LINE) == 0 &&
        strcmp(columns[1], CSV_ERRORS_REASON) == 0)
        self->n_skipped = 2;
    self->columns = columns + self->n_skipped;
    self->n_columns = n - self->n_skipped;
    if (check_columns(self, path) != 0)
        return 1;
    self->errors = csv_errors_create(path, self->columns, self->n_columns);
    self->seen = map_create();
    return 0;
}

int import_end(struct import *self)
{
    int rc = self->errors == NULL ? 0 : csv_errors_close(&self->errors);
    csv_close(&self->file);
    map_destroy(&self->seen);
    return rc;
}

/* --- rows ------------------------------------------------------------------------------------- */

void import_bad(struct import *self, const struct csv_row *row, const char *reason)
{
    self->n_bad++;
    csv_errors_add(self->errors, row->line, reason, row->values, row->n_values);
}

void import_refused(struct import *self, const struct csv_row *row, Ansinh__V1__Code code,
                    const char *field, const char *message)
{
    char reason[IMPORT_REASON_BYTES];
    (void)snprintf(reason, sizeof(reason), "%s: %s%s%s", bus_code_name(code), field,
                   field[0] == '\0' ? "" : ": ", message);
    import_bad(self, row, reason);
}

const char *import_value(const struct import *self, const struct csv_row *row, const char *column)
{
    for (size_t i = 0; i < self->n_columns && i < row->n_values; i++) {
        if (strcmp(self->columns[i], column) == 0)
            return row->values[i];
    }
    return "";
}

/* What tells a row from others: its values in the order of the kind's columns, so that a file with
 * its columns in another order has the same rows. */
static void hash_add(crypto_generichash_state *state, const char *text)
{
    (void)crypto_generichash_update(state, (const uint8_t *)text, strlen(text) + 1);
}

static void hash_columns(crypto_generichash_state *state, const struct import *self,
                         const struct csv_row *row, const char *const *columns)
{
    for (; *columns != NULL; columns++)
        hash_add(state, import_value(self, row, *columns));
}

/* key NULL: all columns. */
static void hash_row(const struct import *self, const struct csv_row *row, const char *const *key,
                     const char *step, uint8_t ret[ID_BYTES])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, ID_BYTES);
    hash_add(&state, self->kind->name);
    hash_add(&state, step);
    hash_columns(&state, self, row, key == NULL ? self->kind->required : key);
    if (key == NULL)
        hash_columns(&state, self, row, self->kind->optional);
    (void)crypto_generichash_final(&state, ret, ID_BYTES);
}

/* True when the row is new; else it is put down as bad. */
static int take_key(struct import *self, const struct csv_row *row)
{
    uint8_t hash[ID_BYTES];
    const char *const *key = self->kind->key;
    hash_row(self, row, key, "key", hash);
    uintptr_t first = (uintptr_t)map_get(self->seen, hash, sizeof(hash));
    if (first == 0) {
        (void)map_put(self->seen, hash, sizeof(hash), (void *)(uintptr_t)row->line);
        return 1;
    }
    char reason[IMPORT_REASON_BYTES];
    int len = snprintf(reason, sizeof(reason), "the same");
    for (; key != NULL && *key != NULL; key++)
        len += snprintf(reason + len, sizeof(reason) - (size_t)len, " %s", *key);
    (void)snprintf(reason + len, sizeof(reason) - (size_t)len, "%s as in line %lu",
                   self->kind->key == NULL ? " row" : "", (unsigned long)first);
    import_bad(self, row, reason);
    return 0;
}

int import_next(struct import *self, struct csv_row *ret)
{
    struct err err;
    for (int rc; (rc = csv_next(self->file, ret, &err)) != 0;) {
        if (rc == -EIO)
            return cli_fail(-EIO, "%s", err.text);
        if (++self->n_rows > IMPORT_ROWS_MAX)
            return cli_fail(-EFBIG, "more than %lu rows: split the file", IMPORT_ROWS_MAX);
        size_t n_skipped = MIN(self->n_skipped, ret->n_values);
        ret->values += n_skipped;
        ret->n_values -= n_skipped;
        if (rc < 0)
            import_bad(self, ret, err.text);
        else if (take_key(self, ret))
            return 1;
    }
    self->is_at_end = 1;
    return 0;
}

int import_fill(const struct import *self, const struct csv_row *row, ProtobufCMessage *message,
                struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < self->n_columns; i++) {
        int rc = csv_set_field(message, self->columns[i], row->values[i], arena, err);
        if (rc < 0 && rc != -ENOENT) /* a column may belong to another message of the row's way */
            return rc;
    }
    return 0;
}

struct csv_row *import_keep(const struct csv_row *row)
{
    size_t size = sizeof(struct csv_row) + row->n_values * sizeof(char *);
    for (size_t i = 0; i < row->n_values; i++)
        size += strlen(row->values[i]) + 1;
    struct csv_row *copy = malloc(size);
    ASSERT(copy != NULL);
    copy->line = row->line;
    copy->n_values = row->n_values;
    copy->values = (char **)(copy + 1);
    char *at = (char *)(copy->values + row->n_values);
    for (size_t i = 0; i < row->n_values; i++) {
        size_t len = strlen(row->values[i]) + 1;
        memcpy(at, row->values[i], len);
        copy->values[i] = at;
        at += len;
    }
    return copy;
}

void import_request_id(const struct import *self, const struct csv_row *row, const char *step,
                       struct request_id *ret)
{
    uint8_t hash[ID_BYTES];
    char text[BASE32_TEXT_BYTES];
    hash_row(self, row, NULL, step, hash);
    base32_format(hash, text);
    int rc = request_id_parse(text, ret);
    ASSERT(rc == 0);
}
