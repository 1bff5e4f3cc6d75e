/* ansinh export: the journal entries of some days, from the archive and the journals, as JSON lines
 * on standard output; the entries of a partition in their order. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/archive.pb-c.h"
#include "common/archive/archive.h"
#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/json/json.h"
#include "common/service/command.h"
#include "common/service/conf_common.h"
#include "common/store/journal.h"
#include "services/cli/cli.h"

#define EVENT_ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define LINE_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define USAGE "usage: ansinh export --from DATE --to DATE [--archive FOLDER] [--keys FILE]"

struct export
{
    struct service svc;
    int32_t from_day, to_day; /* both are exported */
    const char *folder;       /* of the archive; NULL: none */
    char keys[CONF_STRING_BYTES + 16];
    struct archive *archive;
    struct arena *arena; /* of one event */
    struct buf line;
    unsigned long n_entries, n_unreadable;
    struct journal_position at[PARTITIONS_ALL]; /* read last */
    /* the journal that is being read */
    unsigned partition;
    unsigned open;
    size_t n_read;
    struct err err;
    int rc;
};

/* --- entries ---------------------------------------------------------------------------------- */

static int print_event(struct export *self, unsigned partition, struct journal_position position,
                       Ansinh__V1__Event *event)
{
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

static int take(struct export *self, unsigned partition, struct journal_position position,
                const uint8_t *bytes, size_t len)
{
    ProtobufCAllocator allocator;
    arena_reset(self->arena);
    bus_arena_allocator(self->arena, &allocator);
    Ansinh__V1__Event *event = ansinh__v1__event__unpack(&allocator, len, bytes);
    self->at[partition] = position;
    if (event == NULL) {
        self->n_unreadable++;
        return 0;
    }
    int32_t day = clock_business_day(event->at_ms);
    if (day < self->from_day || day > self->to_day)
        return 0;
    return print_event(self, partition, position, event);
}

/* --- the archive ------------------------------------------------------------------------------ */

static int take_record(void *arg, const struct record *record)
{
    return record->kind != RECORD_ENTRY
               ? 0
               : take(arg, record->partition, record->position, record->data, record->len);
}

/* Segments of other days are passed over. */
static int read_segment(struct export *self, uint64_t number)
{
    struct segment *segment = NULL;
    int rc = archive_segment(self->archive, number, &segment, &self->err);
    if (rc < 0)
        return rc;
    const struct segment_info *info = segment_info(segment);
    if (clock_business_day(info->to_ms) >= self->from_day &&
        clock_business_day(info->from_ms) <= self->to_day)
        rc = segment_each(segment, 0, PARTITIONS_ALL - 1, take_record, self, &self->err);
    for (unsigned p = 0; p < PARTITIONS_ALL; p++)
        self->at[p] = info->partitions[p].chain.last;
    segment_close(&segment);
    return rc;
}

static int read_archive(struct export *self)
{
    struct trusted_keys trusted;
    int rc = trusted_keys_read(self->keys, &trusted, &self->err);
    if (rc == 0)
        rc = archive_open(self->folder, &trusted, &self->archive, &self->err);
    for (uint64_t n = 1; rc == 0 && n <= archive_newest(self->archive); n++)
        rc = read_segment(self, n);
    return rc;
}

/* --- the journals ----------------------------------------------------------------------------- */

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct export *self = arg;
    self->rc = rc;
    self->n_read = n;
    self->open--;
    if (rc < 0) {
        (void)err_set(&self->err, rc, "the ledger cannot be read: %s", strerror(-rc));
        return;
    }
    if (n > 0 && !position_follows(self->at[self->partition], entries[0].position)) {
        self->rc = err_set(&self->err, -ENOENT,
                           "%s:log has no entry behind %" PRIu32 "-%" PRIu64
                           ": it was trimmed (name the archive with --archive), or is lost",
                           partition_tag(self->partition), self->at[self->partition].epoch,
                           self->at[self->partition].seq);
        return;
    }
    for (size_t i = 0; self->rc == 0 && i < n; i++)
        self->rc = take(self, self->partition, entries[i].position, entries[i].event,
                        entries[i].event_len);
}

static int read_journals(struct export *self)
{
    for (self->partition = 0; self->partition < PARTITIONS_ALL && self->rc == 0;
         self->partition++) {
        do {
            self->open = 1;
            journal_read(self->svc.ledger, self->partition, self->at[self->partition],
                         JOURNAL_READ_MAX, on_entries, self);
            while (self->open > 0) /* the store answers every command in bounded time */
                loop_turn(self->svc.loop, 100);
        } while (self->rc == 0 && self->n_read == JOURNAL_READ_MAX);
    }
    return self->rc;
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
                             : strcmp(argv[i], "--archive") == 0 ? &self->folder
                             : strcmp(argv[i], "--keys") == 0    ? &keys
                                                                 : NULL;
        if (value == NULL)
            return cli_fail(2, USAGE);
        *value = argv[i + 1];
    }
    if (argc % 2 == 0 || from == NULL || to == NULL)
        return cli_fail(2, USAGE);
    if (date_parse(from, &self->from_day) < 0)
        return cli_fail(2, "--from %s: want a date, YYYY-MM-DD", from);
    if (date_parse(to, &self->to_day) < 0 || self->to_day < self->from_day)
        return cli_fail(2, "--to %s: want a date, YYYY-MM-DD, not before --from", to);
    if (service_conf_load(&conf, &cli_ledger_spec, NULL, &err) < 0)
        return cli_fail(2, "%s", err.text);
    if (keys != NULL)
        (void)snprintf(self->keys, sizeof(self->keys), "%s", keys);
    else
        (void)snprintf(self->keys, sizeof(self->keys), "%s/archive.pub", conf.keys);
    return 0;
}

static int run(struct export *self)
{
    int rc = self->folder == NULL ? 0 : read_archive(self);
    if (rc == 0)
        rc = read_journals(self);
    if (rc == 0 && fflush(stdout) != 0)
        rc = err_set(&self->err, -EIO, "the output cannot be written: %s", strerror(errno));
    if (rc < 0)
        return cli_fail(1, "%s", self->err.text);
    (void)fprintf(stderr, "export: %lu entries\n", self->n_entries);
    return self->n_unreadable == 0
               ? 0
               : cli_fail(1, "%lu entries cannot be read and were left out", self->n_unreadable);
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
        self->arena = arena_create(EVENT_ARENA_BYTES);
        buf_init(&self->line, LINE_MAX_BYTES);
        status = run(self);
        service_close(&self->svc);
        buf_fini(&self->line);
        arena_destroy(&self->arena);
        archive_close(&self->archive);
    }
    free(self);
    return status;
}
