/* Reading CSV files (RFC 4180, through libcsv) with limits. A row is a line: a quoted value may
 * hold commas and doubled quotes, no line break, so that a stray quote spoils one row and not the
 * rest of the file. */
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

/* Opens a file and reads its header. A byte-order mark and CRLF line ends are taken. -ENOENT: it
 * cannot be opened; -EINVAL: no file, no header, an empty or repeated column name; -EIO. err says
 * which. */
int csv_open(const char *path, struct csv_file **ret, struct err *err) MUST_CHECK;
/* NULL is allowed. */
void csv_close(struct csv_file **self);

/* Column names of the header. */
const char *const *csv_columns(const struct csv_file *self, size_t *ret_n);

/* The next row. 1: *ret filled; 0: end of file; -EINVAL: this row cannot be used (too long a line,
 * too few or too many values, quotes that do not match, not UTF-8), ret->line is set, and
 * ret->values too when there were any; reading goes on with the next call. -EIO: the file cannot be
 * read on. Empty lines are passed over. */
int csv_next(struct csv_file *self, struct csv_row *ret, struct err *err) MUST_CHECK;

/* Bytes read so far and size of the file, for progress. */
void csv_progress(const struct csv_file *self, long long *ret_read, long long *ret_size);

#endif
