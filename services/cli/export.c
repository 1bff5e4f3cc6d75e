/* ansinh export: the journal entries of some days, from the archive and the journals, as JSON lines
 * on standard output; the entries of a partition in their order. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/archive.pb-c.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/json/json.h"
#include "common/service/command.h"
#include "common/service/conf_common.h"
#include "services/cli/cli.h"
#include "services/cli/entries.h"

#define LINE_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define USAGE "usage: ansinh export --from DATE --to DATE [--archive FOLDER] [--keys FILE]"

struct export
{
    struct service svc;
    struct entries_query query;
    char keys[CONF_STRING_BYTES + 16];
    struct buf line;
    unsigned long n_entries;
    struct err err;
};

static int print_event(void *arg, unsigned partition, struct journal_position position,
                       Ansinh__V1__Event *event)
{
    struct export *self = arg;
    char id[POSITION_TEXT_BYTES];
    Ansinh__V1__JournalEntry entry;
    ansinh__v1__journal_entry__init(&entry);
    position_format(partition, position, id);
    entry.id = id;
    entry.event = event;
    buf_reset(&self->line);
    int rc = json_from_message(&entry.base, 0, &self->line);
    if (rc < 0)
        return err_set(&self->err, rc, "%s cannot be written as JSON: %s", id, strerror(-rc));
    (void)buf_putc(&self->line, '\n');
    if (fwrite(self->line.data, 1, self->line.len, stdout) != self->line.len)
        return err_set(&self->err, -EIO, "the output cannot be written: %s", strerror(errno));
    self->n_entries++;
    return 0;
}

/* --- the command ------------------------------------------------------------------------------ */

static int read_options(struct export *self, int argc, char **argv)
{
    struct service_conf conf;
    struct err err = {0};
    const char *from = NULL, *to = NULL, *keys = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        const char **value = strcmp(argv[i], "--from") == 0      ? &from
                             : strcmp(argv[i], "--to") == 0      ? &to
                             : strcmp(argv[i], "--archive") == 0 ? &self->query.archive
                             : strcmp(argv[i], "--keys") == 0    ? &keys
                                                                 : NULL;
        if (value == NULL)
            return cli_fail(2, USAGE);
        *value = argv[i + 1];
    }
    if (argc % 2 == 0 || from == NULL || to == NULL)
        return cli_fail(2, USAGE);
    if (date_parse(from, &self->query.from_day) < 0)
        return cli_fail(2, "--from %s: want a date, YYYY-MM-DD", from);
    if (date_parse(to, &self->query.to_day) < 0 || self->query.to_day < self->query.from_day)
        return cli_fail(2, "--to %s: want a date, YYYY-MM-DD, not before --from", to);
    if (service_conf_load(&conf, &cli_ledger_spec, NULL, &err) < 0)
        return cli_fail(2, "%s", err.text);
    if (keys != NULL)
        (void)snprintf(self->keys, sizeof(self->keys), "%s", keys);
    else
        (void)snprintf(self->keys, sizeof(self->keys), "%s/archive.pub", conf.keys);
    self->query.keys = self->keys;
    return 0;
}

static int run(struct export *self)
{
    unsigned long n_unreadable;
    int rc = entries_read(&self->svc, &self->query, print_event, self, &n_unreadable, &self->err);
    if (rc == 0 && fflush(stdout) != 0)
        rc = err_set(&self->err, -EIO, "the output cannot be written: %s", strerror(errno));
    if (rc < 0)
        return cli_fail(1, "%s", self->err.text);
    (void)fprintf(stderr, "export: %lu entries\n", self->n_entries);
    return n_unreadable == 0
               ? 0
               : cli_fail(1, "%lu entries cannot be read and were left out", n_unreadable);
}

int cli_export(int argc, char **argv)
{
    static const char *const names[] = {NULL};
    struct export *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    int status = read_options(self, argc, argv);
    if (status == 0)
        status = cli_open(&self->svc, &cli_ledger_spec, names);
    if (status == 0) {
        buf_init(&self->line, LINE_MAX_BYTES);
        status = run(self);
        service_close(&self->svc);
        buf_fini(&self->line);
    }
    free(self);
    return status;
}
