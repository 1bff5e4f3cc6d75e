/* Reading CSV files (RFC 4180, through libcsv) line by line with limits, and writing the file of
 * bad rows. */
#ifndef ANSINH_CLI_CSV_FILE_H
#define ANSINH_CLI_CSV_FILE_H

#include <stddef.h>

#include "common/base/err.h"

#define CSV_LINE_MAX_BYTES 65536
#define CSV_COLUMNS_MAX 64

struct csv_file;

struct csv_row {
    unsigned long line; /* in the file, from 1 */
    char **values;      /* one per column of the header; borrowed until the next row */
    size_t n_values;
};

/* Opens a file and reads its header. A byte-order mark and CRLF line ends are taken. -ENOENT,
 * -EINVAL: no header, an empty or repeated column name; err says which. */
int csv_open(const char *path, struct csv_file **ret, struct err *err) MUST_CHECK;
void csv_close(struct csv_file **self);

/* Column names of the header. */
const char *const *csv_columns(const struct csv_file *self, size_t *ret_n);

/* The next row. 1: *ret filled; 0: end of file; -EINVAL: this row cannot be used (too long a line,
 * too few or too many values, not UTF-8), ret->line is set, reading goes on with the next call.
 * -EIO: the file cannot be read on. Empty lines are passed over. */
int csv_next(struct csv_file *self, struct csv_row *ret, struct err *err) MUST_CHECK;

/* Bytes read so far and size of the file, for progress. */
void csv_progress(const struct csv_file *self, long long *ret_read, long long *ret_size);

/* The bad rows of FILE go to FILE.errors.csv: line, reason, then the row as it was. Opened with the
 * first one. */
struct csv_errors;
struct csv_errors *csv_errors_create(const char *path, const char *const *columns,
                                     size_t n_columns);
/* values may be NULL (a row that could not be read). -EIO when it cannot be written. */
int csv_errors_add(struct csv_errors *self, unsigned long line, const char *reason,
                   char *const *values, size_t n_values) MUST_CHECK;
size_t csv_errors_count(const struct csv_errors *self);
const char *csv_errors_path(const struct csv_errors *self);
/* -EIO when something did not reach the file. */
int csv_errors_close(struct csv_errors **self) MUST_CHECK;

#endif
