/* Reference rows on their way to the directory; what the three kinds of files differ in is in
 * import_directory.c. */
#ifndef ANSINH_CLI_IMPORT_REFERENCE_H
#define ANSINH_CLI_IMPORT_REFERENCE_H

#include "ansinh/v1/directory.pb-c.h"
#include "services/cli/import_rows.h"

#define REFERENCE_ROWS_MAX 200000
#define REFERENCE_CALL_ROWS 250 /* Directory takes no more in one call */
#define REFERENCE_NAME_BYTES 48

/* One row. It is sent in the order of rank, group, rank in the group, code. */
struct reference_row {
    struct csv_row *csv;       /* as it stood in the file; NULL: added by the importer */
    ProtobufCMessage *message; /* in the arena */
    int rank, rank_in_group;
    const char *group, *code;        /* borrowed from message or table */
    char name[REFERENCE_NAME_BYTES]; /* by which other rows call it their parent; "": none does */
    char parent[REFERENCE_NAME_BYTES];
    int is_refused;
};

struct reference;

struct reference_kind {
    const char *method; /* takes lists of rows, the only repeated fields of its request */
    int keeps_groups;   /* the rows of one group go in one call, as far as it holds them */
    /* Before the first row. 0, or 1 when it failed, which was said. May be NULL. */
    int (*begin)(struct reference *self);
    /* Makes a row of the file a message and adds it. -EINVAL with err. */
    int (*take)(struct reference *self, const struct csv_row *csv, struct err *err);
    /* After the last row; as begin. */
    int (*complete)(struct reference *self);
};

struct reference {
    struct import *import;
    const struct reference_kind *kind;
    struct arena *arena;      /* messages and tables */
    struct arena *call_arena; /* of the call under way */
    struct reference_row *rows;
    size_t n_rows, capacity;
    struct map *by_name;
    struct map *provinces; /* plan: commune -> code of its province */
};

/* 0, or 1 when it could not go on, which was said. */
int reference_run(struct import *import, const struct reference_kind *kind);

/* An empty message in the arena; NULL when that is full. */
ProtobufCMessage *reference_message(struct reference *self,
                                    const ProtobufCMessageDescriptor *descriptor);
/* Adds a row; csv (NULL: none) is copied. */
void reference_add(struct reference *self, struct reference_row *row, const struct csv_row *csv);

/* Asks the directory for a unit, answer in the arena. 1; 0: there is none; -EIO: it does not
 * answer, which was said. */
int reference_unit(struct reference *self, const char *code,
                   Ansinh__V1__GetUnitResponse **ret) MUST_CHECK;

#endif
