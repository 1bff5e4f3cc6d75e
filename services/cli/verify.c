#include "services/cli/verify.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "services/cli/verify_board.h"
#include "services/cli/verify_notify.h"

/* --- findings --------------------------------------------------------------------------------- */

void findings_init(struct findings *self)
{
    self->n = 0;
    buf_init(&self->lines, (size_t)VERIFY_SHOWN_MAX * VERIFY_FINDING_BYTES);
}

void findings_fini(struct findings *self)
{
    buf_fini(&self->lines);
}

void findings_clear(struct findings *self)
{
    self->n = 0;
    buf_reset(&self->lines);
}

static void PRINTF_LIKE(2, 0) findings_vadd(struct findings *self, const char *format, va_list args)
{
    char line[VERIFY_FINDING_BYTES];
    if (self->n++ >= VERIFY_SHOWN_MAX)
        return;
    (void)vsnprintf(line, sizeof(line) - 1, format, args);
    (void)buf_printf(&self->lines, "%s\n", line);
}

void findings_add(struct findings *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    findings_vadd(self, format, args);
    va_end(args);
}

void verify_report(struct verify *self, struct findings *findings)
{
    const char *line = (const char *)findings->lines.data;
    const char *end = line + findings->lines.len;
    unsigned long shown = self->n_differences;
    for (; line < end && shown < VERIFY_SHOWN_MAX; shown++) {
        size_t len = (size_t)((const char *)memchr(line, '\n', (size_t)(end - line)) - line) + 1;
        (void)printf("%.*s", (int)len, line);
        line += len;
    }
    self->n_differences += findings->n;
    findings_clear(findings);
}

void verify_difference(struct verify *self, const char *format, ...)
{
    struct findings findings;
    va_list args;
    findings_init(&findings);
    va_start(args, format);
    findings_vadd(&findings, format, args);
    va_end(args);
    verify_report(self, &findings);
    findings_fini(&findings);
}

void verify_fail(struct verify *self, const char *server, int rc)
{
    if (!self->failed)
        (void)cli_fail(1, "%s cannot be read: %s", server, strerror(-rc));
    self->failed = 1;
}

/* --- lists of citizens ------------------------------------------------------------------------ */

void hash_list_add(struct hash_list *self, const uint8_t hash[ID_BYTES])
{
    if (self->n == self->capacity) {
        self->capacity = MAX((size_t)1024, 2 * self->capacity);
        self->hashes = realloc(self->hashes, self->capacity * sizeof(*self->hashes));
        ASSERT(self->hashes != NULL);
    }
    memcpy(self->hashes[self->n++], hash, ID_BYTES);
}

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, ID_BYTES);
}

void hash_list_sort(struct hash_list *self)
{
    if (self->n > 0)
        qsort(self->hashes, self->n, sizeof(*self->hashes), compare_hashes);
}

int hash_list_has(const struct hash_list *self, const uint8_t hash[ID_BYTES])
{
    return self->n > 0 &&
           bsearch(hash, self->hashes, self->n, sizeof(*self->hashes), compare_hashes) != NULL;
}

void hash_list_fini(struct hash_list *self)
{
    free(self->hashes);
    *self = (struct hash_list){NULL, 0, 0};
}

int position_compare(struct journal_position a, struct journal_position b)
{
    if (a.epoch != b.epoch)
        return a.epoch < b.epoch ? -1 : 1;
    return a.seq == b.seq ? 0 : a.seq < b.seq ? -1 : 1;
}

/* --- the command ------------------------------------------------------------------------------ */

void verify_wait(struct verify *self, const unsigned *open)
{
    while (*open > 0) /* the store answers every command in bounded time */
        loop_turn(self->svc.loop, 100);
}

static void run(struct verify *self)
{
    self->board = verify_board_create(self);
    self->notify = verify_notify_create(self);
    /* first what the projections say, then the journals, which are ahead of them */
    verify_board_load(self->board);
    verify_notify_load(self->notify);
    if (!self->failed)
        verify_partitions(self);
    if (!self->failed)
        verify_aliases(self);
    if (!self->failed)
        verify_board_compare(self->board);
    if (!self->failed)
        verify_notify_finish(self->notify);
    verify_board_destroy(&self->board);
    verify_notify_destroy(&self->notify);
}

int cli_verify(int argc, char **argv)
{
    static const char *const names[] = {NULL};
    (void)argv;
    if (argc != 1)
        return cli_fail(2, "usage: ansinh verify");
    struct verify *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    int status = cli_open(&self->svc, &cli_ledger_spec, names);
    if (status == 0) {
        run(self);
        service_close(&self->svc);
        if (self->n_differences > VERIFY_SHOWN_MAX)
            (void)printf("... and %lu more\n", self->n_differences - VERIFY_SHOWN_MAX);
        (void)printf("verify: %lu partitions, %lu events, %lu citizens, %lu differences\n",
                     self->n_partitions, self->n_events, self->n_citizens, self->n_differences);
        status = self->failed || self->n_differences > 0;
    }
    hash_list_fini(&self->coded);
    hash_list_fini(&self->aliased);
    free(self);
    return status;
}
