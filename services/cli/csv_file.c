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

#define ARENA_BYTES (4 * CSV_LINE_MAX_BYTES)
#define PARSER_OPTIONS (CSV_STRICT | CSV_STRICT_FINI)
#define BOM "\xef\xbb\xbf"

struct csv_file {
    FILE *file;
    long long size, read;
    unsigned long line;
    char buffer[CSV_LINE_MAX_BYTES];
    size_t len;
    struct csv_parser parser;
    char **columns; /* in header_arena */
    size_t n_columns;
    struct arena *header_arena;
    /* the row under construction */
    struct arena *row_arena;
    char *values[CSV_COLUMNS_MAX];
    size_t n_values; /* may pass CSV_COLUMNS_MAX: counted, not kept */
};

static void on_value(void *data, size_t len, void *arg)
{
    struct csv_file *self = arg;
    if (self->n_values < CSV_COLUMNS_MAX) {
        char *value = arena_strndup(self->row_arena, data == NULL ? "" : data, len);
        ASSERT(value != NULL); /* no line is longer than a quarter of the arena */
        self->values[self->n_values] = value;
    }
    self->n_values++;
}

/* One line into buffer, without its end. 1; 0 at the end of the file; -EMSGSIZE for an over-long
 * one, which is passed over; -EIO. */
static int read_line(struct csv_file *self)
{
    int c, is_too_long = 0;
    long long before = self->read;
    self->len = 0;
    while ((c = getc_unlocked(self->file)) != EOF) {
        self->read++;
        if (c == '\n')
            break;
        if (self->len < sizeof(self->buffer))
            self->buffer[self->len++] = (char)c;
        else
            is_too_long = 1;
    }
    if (ferror(self->file))
        return -EIO;
    if (self->read == before)
        return 0;
    self->line++;
    if (self->len > 0 && self->buffer[self->len - 1] == '\r')
        self->len--;
    return is_too_long ? -EMSGSIZE : 1;
}

static void parser_start(struct csv_file *self)
{
    int rc = csv_init(&self->parser, PARSER_OPTIONS);
    ASSERT(rc == 0);
}

static int parse_line(struct csv_file *self, struct err *err)
{
    if (!parse_is_utf8(self->buffer, self->len))
        return err_set(err, -EINVAL, "the line is not UTF-8");
    if (memchr(self->buffer, '\r', self->len) != NULL)
        return err_set(err, -EINVAL, "there is a carriage return inside the line");
    size_t parsed = csv_parse(&self->parser, self->buffer, self->len, on_value, NULL, self);
    if (parsed == self->len && csv_fini(&self->parser, on_value, NULL, self) == 0)
        return 0;
    csv_free(&self->parser);
    parser_start(self);
    self->n_values = 0;
    return err_set(err, -EINVAL,
                   "the quotes do not match: a value with a quote in it is quoted, and the quote "
                   "doubled");
}

/* The next line that is not empty, into values. 1, 0, -EINVAL with err, -EIO. */
static int read_row(struct csv_file *self, struct err *err)
{
    self->n_values = 0;
    arena_reset(self->row_arena);
    while (self->n_values == 0) {
        int rc = read_line(self);
        if (rc == -EMSGSIZE)
            return err_set(err, -EINVAL, "the line is longer than %d bytes", CSV_LINE_MAX_BYTES);
        if (rc == -EIO)
            return err_set(err, -EIO, "the file cannot be read");
        if (rc == 0)
            return 0;
        if (parse_line(self, err) < 0)
            return -EINVAL;
    }
    return 1;
}

static int skip_bom(struct csv_file *self)
{
    char start[3];
    if (fread(start, 1, sizeof(start), self->file) == sizeof(start) &&
        memcmp(start, BOM, sizeof(start)) == 0)
        return 0;
    return fseek(self->file, 0, SEEK_SET) < 0 ? -EIO : 0;
}

static int take_columns(struct csv_file *self, struct err *err)
{
    if (self->n_values > CSV_COLUMNS_MAX)
        return err_set(err, -EINVAL, "line %lu: more than %d columns", self->line, CSV_COLUMNS_MAX);
    self->columns = arena_alloc(self->header_arena, self->n_values * sizeof(char *));
    ASSERT(self->columns != NULL);
    for (size_t i = 0; i < self->n_values; i++) {
        const char *name = self->values[i];
        if (name[0] == '\0')
            return err_set(err, -EINVAL, "line %lu: column %zu has no name", self->line, i + 1);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(name, self->columns[j]) == 0)
                return err_set(err, -EINVAL, "line %lu: column %.60s stands twice", self->line,
                               name);
        }
        self->columns[i] = arena_strndup(self->header_arena, name, strlen(name));
        ASSERT(self->columns[i] != NULL);
    }
    self->n_columns = self->n_values;
    return 0;
}

static int read_header(struct csv_file *self, struct err *err)
{
    struct err why = {0};
    if (skip_bom(self) < 0)
        return err_set(err, -EIO, "the file cannot be read");
    int rc = read_row(self, &why);
    if (rc < 0)
        return err_set(err, rc, "line %lu: %s", self->line, why.text);
    if (rc == 0)
        return err_set(err, -EINVAL, "the file is empty: want a header line with column names");
    return take_columns(self, err);
}

static int open_file(struct csv_file *self, const char *path, struct err *err)
{
    struct stat st;
    self->file = fopen(path, "re");
    if (self->file == NULL || fstat(fileno(self->file), &st) < 0)
        return err_set(err, -ENOENT, "it cannot be opened");
    if (!S_ISREG(st.st_mode))
        return err_set(err, -EINVAL, "it is no file");
    self->size = st.st_size;
    return read_header(self, err);
}

int csv_open(const char *path, struct csv_file **ret, struct err *err)
{
    struct csv_file *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    parser_start(self);
    self->header_arena = arena_create(ARENA_BYTES);
    self->row_arena = arena_create(ARENA_BYTES);
    int rc = open_file(self, path, err);
    if (rc < 0)
        csv_close(&self);
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
    *ret = (struct csv_row){self->line, self->values, MIN(self->n_values, (size_t)CSV_COLUMNS_MAX)};
    if (rc == 1 && self->n_values != self->n_columns)
        return err_set(err, -EINVAL, "the row has %zu values, the header has %zu columns",
                       self->n_values, self->n_columns);
    return rc;
}

void csv_progress(const struct csv_file *self, long long *ret_read, long long *ret_size)
{
    *ret_read = self->read;
    *ret_size = self->size;
}
