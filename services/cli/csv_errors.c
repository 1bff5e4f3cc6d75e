#include "services/cli/csv_errors.h"

#include <csv.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

struct csv_errors {
    char path[PATH_MAX];
    const char *const *columns;
    size_t n_columns;
    FILE *file;
    int failed;
};

struct csv_errors *csv_errors_create(const char *path, const char *const *columns, size_t n_columns)
{
    struct csv_errors *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    int len = snprintf(self->path, sizeof(self->path), "%s.errors.csv", path);
    if (len < 0 || (size_t)len >= sizeof(self->path))
        self->failed = -EIO;
    else
        (void)remove(self->path); /* there may be none */
    self->columns = columns;
    self->n_columns = n_columns;
    return self;
}

static void put(struct csv_errors *self, const char *value, int end)
{
    if (csv_fwrite(self->file, value, strlen(value)) != 0 || putc(end, self->file) == EOF)
        self->failed = -EIO;
}

static void put_list(struct csv_errors *self, const char *const *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(self, values[i], i + 1 < n ? ',' : '\n');
    if (n == 0 && putc('\n', self->file) == EOF)
        self->failed = -EIO;
}

void csv_errors_add(struct csv_errors *self, unsigned long line, const char *reason,
                    char *const *values, size_t n_values)
{
    char number[24];
    if (self->failed < 0)
        return;
    if (self->file == NULL) {
        self->file = fopen(self->path, "we");
        if (self->file == NULL) {
            self->failed = -EIO;
            return;
        }
        put(self, CSV_ERRORS_LINE, ',');
        put(self, CSV_ERRORS_REASON, ',');
        put_list(self, self->columns, self->n_columns);
    }
    (void)snprintf(number, sizeof(number), "%lu", line);
    put(self, number, ',');
    put(self, reason, n_values > 0 ? ',' : '\n');
    if (n_values > 0)
        put_list(self, (const char *const *)values, n_values);
}

const char *csv_errors_path(const struct csv_errors *self)
{
    return self->path;
}

int csv_errors_close(struct csv_errors **self)
{
    int rc = (*self)->failed;
    if ((*self)->file != NULL && fclose((*self)->file) != 0)
        rc = -EIO;
    free(*self);
    *self = NULL;
    return rc;
}
