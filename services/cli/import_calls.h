/* Rows that become calls, many under way at once: what participants, payments, sessions and
 * contacts share. */
#ifndef ANSINH_CLI_IMPORT_CALLS_H
#define ANSINH_CLI_IMPORT_CALLS_H

#include "services/cli/bulk.h"
#include "services/cli/import_rows.h"

/* All rows under way. */
struct calls {
    struct import *import;
    struct arena *arena; /* of the message that is being sent */
    struct map *last;    /* payments: the newest row under way of each person */
    int is_stopped;      /* a service does not answer: no more rows are read */
    void *arg;           /* the kind's */
};

/* One row on its way. */
struct call_row {
    struct calls *calls;
    struct bulk *bulk;
    struct csv_row *csv;
    struct call_row *next; /* of the same person: waits until this one has ended */
    const char *person;
    size_t person_len;
};

/* Copies the row. */
struct call_row *call_row_create(struct calls *calls, struct bulk *bulk, const struct csv_row *csv);
void call_row_free(struct call_row *self);

/* Puts a row down as bad for what a service answered; an outage stops the import. */
void calls_refuse(struct calls *self, const struct csv_row *csv, const struct bus_answer *answer);
/* The same for a value that cannot be sent. */
void calls_refuse_value(struct import *import, const struct csv_row *csv, const struct err *err);

/* The next row to start. 1; 0: no more. */
int calls_take_row(struct calls *self, struct csv_row *ret);

/* bulk_conf.start with the struct calls as its arg, window jobs at once; the status of the kind's
 * run. arg becomes the calls'. */
int calls_run(struct import *import, unsigned window,
              int (*start)(void *arg, struct bulk *bulk, unsigned long i), void *arg);

#endif
