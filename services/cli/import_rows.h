/* One import under way: its file row by row, what a kind of row is, and where bad rows go. */
#ifndef ANSINH_CLI_IMPORT_ROWS_H
#define ANSINH_CLI_IMPORT_ROWS_H

#include <protobuf-c/protobuf-c.h>

#include "common/base/arena.h"
#include "common/base/id.h"
#include "common/base/map.h"
#include "services/cli/cli.h"
#include "services/cli/csv_errors.h"
#include "services/cli/csv_file.h"

#define IMPORT_ROWS_MAX 10000000UL
#define IMPORT_REASON_BYTES 300

struct import;

struct import_kind {
    const char *name;
    const char *const *required; /* columns, ended by NULL */
    const char *const *optional;
    const char *const *key;      /* columns in which no two rows may agree; NULL: in all */
    const char *const *services; /* that are asked; ended by NULL */
    /* Takes the rows. 0, or 1 when it could not go on (which it has said). */
    int (*run)(struct import *self);
};

extern const struct import_kind import_units, import_organisations, import_plan;
extern const struct import_kind import_successors, import_denominators, import_si_units;
extern const struct import_kind import_participants, import_payments, import_acceptances;
extern const struct import_kind import_campaigns, import_sessions, import_contacts;

struct import {
    struct service *svc;
    const struct import_kind *kind;
    int is_dry_run;
    struct csv_file *file;
    const char *const *columns; /* without the two of an errors file */
    size_t n_columns, n_skipped;
    struct csv_errors *errors;
    struct map *seen; /* line numbers by the hash of the key */
    int is_at_end;
    unsigned long n_rows, n_good, n_bad; /* rows of the file */
};

/* 0; 1 when the file cannot be used, which was said. import_end undoes; also after a failure. */
int import_begin(struct import *self, const char *path) MUST_CHECK;
/* -EIO when the file of bad rows is not complete. */
int import_end(struct import *self) MUST_CHECK;

/* The next row that can be read and is not there twice; others are put down as bad. 1; 0 at the
 * end; 1 less than 0 when the file cannot be read on (which was said). ret borrows until the next
 * call. */
int import_next(struct import *self, struct csv_row *ret) MUST_CHECK;

/* Puts a row down as bad. */
void import_bad(struct import *self, const struct csv_row *row, const char *reason);
/* The same with the reason that a service or a check gave. */
void import_refused(struct import *self, const struct csv_row *row, Ansinh__V1__Code code,
                    const char *field, const char *message);

int import_has_column(const struct import *self, const char *name);

/* A value by column; "" when the file has no such column. */
const char *import_value(const struct import *self, const struct csv_row *row, const char *column);

/* Sets the fields of a message that are named like a column. -EINVAL: a value does not fit. */
int import_fill(const struct import *self, const struct csv_row *row, ProtobufCMessage *message,
                struct arena *arena, struct err *err) MUST_CHECK;

/* A copy of a row that outlives the next one; freed with free(). */
struct csv_row *import_keep(const struct csv_row *row);

/* The request id of one step of a row's way: the same for the same row of another file. */
void import_request_id(const struct import *self, const struct csv_row *row, const char *step,
                       struct request_id *ret);

#endif
