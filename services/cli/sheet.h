/* A table as a file: a spreadsheet (.xlsx) or CSV (.csv), row after row, in constant memory. */
#ifndef ANSINH_CLI_SHEET_H
#define ANSINH_CLI_SHEET_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct sheet;

enum sheet_kind {
    SHEET_TEXT,
    SHEET_COUNT,
    SHEET_VND,
    SHEET_PERCENT, /* in basis points: 2000 is 20 % */
};

struct sheet_column {
    const char *title;
    enum sheet_kind kind;
    double width; /* of the spreadsheet's column, in characters */
};

enum sheet_style { SHEET_BODY, SHEET_SECTION, SHEET_TOTAL };

struct sheet_cell {
    const char *text; /* of a text column, or in the place of a number; NULL: none */
    int64_t number;
    int is_empty; /* of a number column: leave it out */
};

/* What the path ends in says the kind. It is written beside and renamed by sheet_close, so that a
 * file of that name is always whole. columns is borrowed until then. -EINVAL: another ending, field
 * "out"; -EIO: cannot be written. */
int sheet_create(const char *path, const struct sheet_column *columns, size_t n_columns,
                 struct sheet **ret, struct err *err) MUST_CHECK;

/* A line over the whole width: the form's name, the period. CSV has it in its first column. */
void sheet_title(struct sheet *self, const char *text);
/* The columns' titles, and below them their numbers or letters where given (n_columns texts, or
 * NULL). */
void sheet_header(struct sheet *self, const char *const *marks);
/* n_columns cells. */
void sheet_row(struct sheet *self, enum sheet_style style, const struct sheet_cell *cells);

/* Writes, syncs and renames the file; -EIO: the file is not there, or an older one is. With rc < 0
 * it is thrown away and rc is answered. */
int sheet_close(struct sheet **self, int rc, struct err *err) MUST_CHECK;

#endif
