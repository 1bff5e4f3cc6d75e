#include "services/cli/csv_file.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/arena.h"
#include "common/base/log.h"
#include "common/base/parse.h"

#define ROW_ARENA_BYTES (256 * 1024)
#define BOM "\xef\xbb\xbf"

struct csv_file {
    FILE *file;
    long long size, read;
    unsigned long line; /* physical lines read */
    struct csv_parser parser;
    char buffer[CSV_LINE_MAX_BYTES + 2];
    char **columns; /* in header_arena */
    size_t n_columns;
    struct arena *header_arena;
    /* the row under construction */
    struct arena *row_arena;
    char *values[CSV_COLUMNS_MAX + 1];
    size_t n_values;
    unsigned long row_line;
    int is_row_done, is_row_too_wide;
};

static void on_value(void *data, size_t len, void *arg)
{
    struct csv_file *self = arg;
    if (self->n_values > CSV_COLUMNS_MAX) {
        self->is_row_too_wide = 1;
        return;
    }
    char *value = arena_strndup(self->row_arena, data == NULL ? "" : data, len);
    if (value == NULL) {
        self->is_row_too_wide = 1;
        value = self->buffer;
    }
    self->values[self->n_values++] = value;
}

static void on_row(int terminator, void *arg)
{
    (void)terminator;
    struct csv_file *self = arg;
    self->is_row_done = 1;
}

/* One physical line into buffer, with its end. 1; 0 at the end of the file; -EMSGSIZE for an
 * over-long one, which is passed over; -EIO. */
static int read_line(struct csv_file *self)
{
    if (fgets(self->buffer, sizeof(self->buffer), self->file) == NULL)
        return ferror(self->file) ? -EIO : 0;
    self->line++;
    size_t len = strlen(self->buffer);
    self->read += (long long)len;
    if (len < sizeof(self->buffer) - 1 || self->buffer[len - 1] == '\n')
        return 1;
    for (int c; (c = getc(self->file)) != EOF && c != '\n';)
        self->read++;
    return -EMSGSIZE;
}

static void row_begin(struct csv_file *self)
{
    arena_reset(self->row_arena);
    self->n_values = 0;
    self->is_row_done = self->is_row_too_wide = 0;
    self->row_line = self->line + 1;
}

/* Forgets a half-read row, so that the next line starts a new one. */
static void parser_restart(struct csv_file *self)
{
    csv_free(&self->parser);
    int rc = csv_init(&self->parser, CSV_APPEND_NULL);
    ASSERT(rc == 0);
}

/* The next logical row into values. 1, 0, -EINVAL with err, -EIO. */
static int read_row(struct csv_file *self, struct err *err)
{
    row_begin(self);
    while (!self->is_row_done) {
        int rc = read_line(self);
        if (rc == -EMSGSIZE) {
            parser_restart(self);
            self->row_line = self->line;
            return err_set(err, -EINVAL, "the line is longer than %d bytes", CSV_LINE_MAX_BYTES);
        }
        if (rc == -EIO)
            return err_set(err, -EIO, "the file cannot be read");
        if (rc == 0) {
            (void)csv_fini(&self->parser, on_value, on_row, self);
            if (!self->is_row_done)
                return 0;
            break;
        }
        size_t len = strlen(self->buffer);
        if (!parse_is_utf8(self->buffer, len)) {
            parser_restart(self);
            self->row_line = self->line;
            return err_set(err, -EINVAL, "the line is not UTF-8");
        }
        if (csv_parse(&self->parser, self->buffer, len, on_value, on_row, self) != len)
            return err_set(err, -EIO, "%s", csv_strerror(csv_error(&self->parser)));
        if (self->n_values == 0 && !self->is_row_done)
            self->row_line = self->line + 1; /* an empty line */
        if (self->line - self->row_line > 100) {
            parser_restart(self);
            return err_set(err, -EINVAL, "a quoted value runs over more than 100 lines");
        }
    }
    return 1;
}

static int read_header(struct csv_file *self, struct err *err)
{
    int c[3] = {getc(self->file), 0, 0};
    if (c[0] == (unsigned char)BOM[0]) {
        c[1] = getc(self->file);
        c[2] = getc(self->file);
        if (c[1] != (unsigned char)BOM[1] || c[2] != (unsigned char)BOM[2])
            return err_set(err, -EINVAL, "line 1: the file is not UTF-8");
    } else if (c[0] != EOF) {
        (void)ungetc(c[0], self->file);
    }
    int rc = read_row(self, err);
    if (rc == -EINVAL && err != NULL) {
        char text[ERR_TEXT_MAX_BYTES];
        (void)snprintf(text, sizeof(text), "%s", err->text);
        return err_set(err, -EINVAL, "line %lu: %.120s", self->row_line, text);
    }
    if (rc <= 0)
        return err_set(err, -EINVAL, "the file is empty: want a header line with column names");
    if (self->n_values > CSV_COLUMNS_MAX)
        return err_set(err, -EINVAL, "line 1: more than %d columns", CSV_COLUMNS_MAX);
    self->columns = arena_alloc(self->header_arena, self->n_values * sizeof(char *));
    ASSERT(self->columns != NULL);
    for (size_t i = 0; i < self->n_values; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(self->values[i], self->values[j]) == 0)
                return err_set(err, -EINVAL, "line 1: column \"%.60s\" stands twice",
                               self->values[i]);
        }
        if (self->values[i][0] == '\0')
            return err_set(err, -EINVAL, "line 1: column %zu has no name", i + 1);
        self->columns[i] =
            arena_strndup(self->header_arena, self->values[i], strlen(self->values[i]));
        ASSERT(self->columns[i] != NULL);
    }
    self->n_columns = self->n_values;
    return 0;
}

int csv_open(const char *path, struct csv_file **ret, struct err *err)
{
    struct csv_file *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    int rc = csv_init(&self->parser, CSV_APPEND_NULL);
    ASSERT(rc == 0);
    self->header_arena = arena_create(2 * ROW_ARENA_BYTES);
    self->row_arena = arena_create(ROW_ARENA_BYTES);
    self->file = fopen(path, "re");
    struct stat st;
    if (self->file == NULL || fstat(fileno(self->file), &st) < 0)
        rc = err_set(err, -ENOENT, "cannot open %.120s", path);
    else if (!S_ISREG(st.st_mode))
        rc = err_set(err, -EINVAL, "%.120s is no file", path);
    if (rc == 0) {
        self->size = st.st_size;
        rc = read_header(self, err);
    }
    if (rc < 0)
        csv_close(&self);
    else
        *ret = self;
    return rc;
}

void csv_close(struct csv_file **self)
{
    if (*self == NULL)
        return;
    if ((*self)->file != NULL)
        (void)fclose((*self)->file); /* only read */
    csv_free(&(*self)->parser);
    arena_destroy(&(*self)->header_arena);
    arena_destroy(&(*self)->row_arena);
    free(*self);
    *self = NULL;
}

const char *const *csv_columns(const struct csv_file *self, size_t *ret_n)
{
    *ret_n = self->n_columns;
    return (const char *const *)self->columns;
}

int csv_next(struct csv_file *self, struct csv_row *ret, struct err *err)
{
    int rc = read_row(self, err);
    *ret = (struct csv_row){self->row_line, self->values, self->n_values};
    if (rc < 0)
        ret->n_values = 0;
    if (rc <= 0)
        return rc;
    if (self->is_row_too_wide || self->n_values != self->n_columns)
        return err_set(err, -EINVAL, "the row has %zu values, the header has %zu columns",
                       self->n_values, self->n_columns);
    return 1;
}

void csv_progress(const struct csv_file *self, long long *ret_read, long long *ret_size)
{
    *ret_read = self->read;
    *ret_size = self->size;
}

/* --- bad rows --- */

struct csv_errors {
    char path[4096];
    const char *const *columns;
    size_t n_columns;
    FILE *file;
    size_t count;
};

struct csv_errors *csv_errors_create(const char *path, const char *const *columns, size_t n_columns)
{
    struct csv_errors *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    (void)snprintf(self->path, sizeof(self->path), "%s.errors.csv", path);
    (void)remove(self->path); /* of an earlier import; there may be none */
    self->columns = columns;
    self->n_columns = n_columns;
    return self;
}

static int write_value(FILE *file, const char *value)
{
    return csv_fwrite(file, value, strlen(value)) == 0 ? 0 : -EIO;
}

static int errors_open(struct csv_errors *self)
{
    self->file = fopen(self->path, "we");
    if (self->file == NULL || fputs("line,reason", self->file) < 0)
        return -EIO;
    for (size_t i = 0; i < self->n_columns; i++) {
        if (putc(',', self->file) == EOF || write_value(self->file, self->columns[i]) < 0)
            return -EIO;
    }
    return putc('\n', self->file) == EOF ? -EIO : 0;
}

int csv_errors_add(struct csv_errors *self, unsigned long line, const char *reason,
                   char *const *values, size_t n_values)
{
    self->count++;
    if (self->file == NULL && errors_open(self) < 0)
        return -EIO;
    if (fprintf(self->file, "%lu,", line) < 0 || write_value(self->file, reason) < 0)
        return -EIO;
    for (size_t i = 0; i < n_values; i++) {
        if (putc(',', self->file) == EOF || write_value(self->file, values[i]) < 0)
            return -EIO;
    }
    return putc('\n', self->file) == EOF ? -EIO : 0;
}

size_t csv_errors_count(const struct csv_errors *self)
{
    return self->count;
}

const char *csv_errors_path(const struct csv_errors *self)
{
    return self->path;
}

int csv_errors_close(struct csv_errors **self)
{
    int rc = 0;
    if ((*self)->file != NULL && fclose((*self)->file) != 0)
        rc = -EIO;
    free(*self);
    *self = NULL;
    return rc;
}
