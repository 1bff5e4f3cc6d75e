#include "services/cli/import_calls.h"

#include <stdlib.h>

#include "common/base/log.h"

#define CALL_ARENA_BYTES (4 * CSV_LINE_MAX_BYTES)

struct call_row *call_row_create(struct calls *calls, struct bulk *bulk, const struct csv_row *csv)
{
    struct call_row *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->calls = calls;
    self->bulk = bulk;
    self->csv = import_keep(csv);
    return self;
}

void call_row_free(struct call_row *self)
{
    free(self->csv);
    free(self);
}

/* True when a row may well be good but nobody is there to take it. */
static int is_outage(Ansinh__V1__Code code)
{
    return code == ANSINH__V1__CODE__CODE_UNAVAILABLE || code == ANSINH__V1__CODE__CODE_UNKNOWN ||
           code == ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED ||
           code == ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED;
}

void calls_refuse(struct calls *self, const struct csv_row *csv, const struct bus_answer *answer)
{
    if (is_outage(answer->code) && !self->is_stopped) {
        self->is_stopped = 1;
        (void)cli_fail(1, "%s: %s", bus_code_name(answer->code), answer->message);
    }
    import_refused(self->import, csv, answer->code, answer->field, answer->message);
}

void calls_refuse_value(struct import *import, const struct csv_row *csv, const struct err *err)
{
    import_refused(import, csv, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err->field, err->text);
}

int calls_take_row(struct calls *self, struct csv_row *ret)
{
    if (self->is_stopped)
        return 0;
    int rc = import_next(self->import, ret);
    self->is_stopped = rc < 0;
    return rc == 1;
}

/* Rows of the file, judged by how far it is read. */
static unsigned long estimate_rows(void *arg)
{
    const struct calls *self = arg;
    long long read, size;
    csv_progress(self->import->file, &read, &size);
    if (self->import->is_at_end || read == 0)
        return self->import->n_rows;
    return (unsigned long)((double)self->import->n_rows * (double)size / (double)read);
}

int calls_run(struct import *import, unsigned window,
              int (*start)(void *arg, struct bulk *bulk, unsigned long i), void *arg)
{
    struct calls self = {.import = import,
                         .arena = arena_create(CALL_ARENA_BYTES),
                         .last = map_create(),
                         .arg = arg};
    struct bulk_conf conf = {.svc = import->svc,
                             .window = window,
                             .title = import->kind->name,
                             .estimate = estimate_rows,
                             .start = start,
                             .arg = &self};
    (void)bulk_run(&conf, NULL); /* rows are counted where they end */
    map_destroy(&self.last);
    arena_destroy(&self.arena);
    return self.is_stopped;
}
