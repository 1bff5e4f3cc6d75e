/* The bad rows of FILE, in FILE.errors.csv: line, reason, then the row as it was. Such a file, with
 * its rows put right, can be taken in again as it is. */
#ifndef ANSINH_CLI_CSV_ERRORS_H
#define ANSINH_CLI_CSV_ERRORS_H

#include <stddef.h>

#include "common/base/macros.h"

#define CSV_ERRORS_LINE "line"
#define CSV_ERRORS_REASON "reason"

struct csv_errors;

/* Removes what an earlier import left; the file is made with the first bad row. Copies path,
 * borrows columns. */
struct csv_errors *csv_errors_create(const char *path, const char *const *columns,
                                     size_t n_columns);

/* values may be NULL (a row that could not be read). A failure to write is remembered. */
void csv_errors_add(struct csv_errors *self, unsigned long line, const char *reason,
                    char *const *values, size_t n_values);

const char *csv_errors_path(const struct csv_errors *self);

/* -EIO when something did not reach the file. */
int csv_errors_close(struct csv_errors **self) MUST_CHECK;

#endif
