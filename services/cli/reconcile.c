#include "services/cli/reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/service/conf_common.h"
#include "common/service/directory.h"
#include "services/cli/cli.h"

#define USAGE                                                                                      \
    "usage: ansinh reconcile --partner CODE --date DATE --file FILE --out FOLDER "                 \
    "[--statement FILE]... [--post] [--archive FOLDER] [--keys FILE]"

static const struct service_spec reconcile_spec = {
    .name = "cli",
    .prefix = "CLI_",
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_CLIENT | SERVICE_DIRECTORY | SERVICE_POLICY};

/* --- options ---------------------------------------------------------------------------------- */

static const char **value_of(struct reconcile_query *query, const char **date, const char *option)
{
    if (strcmp(option, "--statement") == 0)
        return query->n_statements == RECONCILE_STATEMENTS_MAX
                   ? NULL
                   : &query->statements[query->n_statements++];
    return strcmp(option, "--partner") == 0   ? &query->partner
           : strcmp(option, "--date") == 0    ? date
           : strcmp(option, "--file") == 0    ? &query->file
           : strcmp(option, "--out") == 0     ? &query->out
           : strcmp(option, "--archive") == 0 ? &query->entries.archive
           : strcmp(option, "--keys") == 0    ? &query->entries.keys
                                              : NULL;
}

/* keys has room for the path of the archive's keys. */
static int read_options(struct reconcile_query *query, char *keys, size_t size, int argc,
                        char **argv)
{
    struct service_conf conf;
    struct err err = {0};
    const char *date = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--post") == 0) {
            query->is_posting = 1;
            continue;
        }
        const char **value = i + 1 < argc ? value_of(query, &date, argv[i]) : NULL;
        if (value == NULL)
            return cli_fail(2, USAGE);
        *value = argv[++i];
    }
    if (query->partner == NULL || date == NULL || query->file == NULL || query->out == NULL)
        return cli_fail(2, USAGE);
    if (date_parse(date, &query->business_day) < 0)
        return cli_fail(2, "--date %s: want a date, YYYY-MM-DD", date);
    if (service_conf_load(&conf, &reconcile_spec, NULL, &err) < 0)
        return cli_fail(2, "%s", err.text);
    (void)snprintf(keys, size, "%s/archive.pub", conf.keys);
    if (query->entries.keys == NULL)
        query->entries.keys = keys;
    return 0;
}

/* --- files ------------------------------------------------------------------------------------ */

static int on_head(void *arg, const struct eod_head *head, struct err *err)
{
    const struct reconcile *self = arg;
    char date[DATE_TEXT_BYTES];
    date_format(head->business_day, date);
    if (strcmp(head->partner, self->query.partner) != 0)
        return err_field(err, -EINVAL, "partner", "line 1: the file is of partner %s",
                         head->partner);
    if (head->business_day != self->query.business_day)
        return err_field(err, -EINVAL, "business_date", "line 1: the file is of %s", date);
    return 0;
}

static int on_row(void *arg, const struct eod_row *row)
{
    struct reconcile *self = arg;
    return match_row(self->match, row);
}

static int on_bad(void *arg, const struct eod_bad *bad)
{
    struct reconcile *self = arg;
    return match_bad(self->match, bad);
}

static int read_file(struct reconcile *self)
{
    static const struct eod_visitor visitor = {on_head, on_row, on_bad};
    struct err err = {0};
    FILE *file = fopen(self->query.file, "re");
    if (file == NULL)
        return cli_fail(1, "%s: %s", self->query.file, strerror(errno));
    int rc = eod_read(settle_read_file, file, &visitor, self, &self->file, &err);
    (void)fclose(file); /* only read */
    return rc < 0 ? cli_fail(1, "%s: %s", self->query.file, err.text) : 0;
}

static int is_partner(void *arg, const char *code)
{
    const struct reconcile *self = arg;
    return directory_organisation(self->svc.directory, code) != NULL;
}

static int read_statement(struct reconcile *self, const char *path)
{
    struct camt_summary summary;
    struct err err = {0};
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return cli_fail(1, "%s: %s", path, strerror(errno));
    int rc = camt_read(settle_read_file, file, bank_entry, self->bank, &summary, &err);
    (void)fclose(file); /* only read */
    if (rc < 0)
        return cli_fail(1, "%s: %s", path, rc == -ENOSPC ? "too many entries" : err.text);
    return 0;
}

/* Everything is read before anything is posted. */
static int read_all(struct reconcile *self)
{
    struct err err = {0};
    int status = read_file(self);
    for (size_t i = 0; status == 0 && i < self->query.n_statements; i++)
        status = read_statement(self, self->query.statements[i]);
    if (status != 0)
        return status;
    if (reconcile_read_ledger(self, &err) < 0)
        return cli_fail(1, "%s", err.text);
    match_settle(self->match);
    return 0;
}

/* --- the command ------------------------------------------------------------------------------ */

/* 1 when something differs, as with verify. */
static int say(const struct reconcile *self)
{
    struct match_sum sums[MATCH_CLASSES];
    int differs = 0;
    match_sums(self->match, sums);
    for (int i = 0; i < MATCH_CLASSES; i++) {
        (void)printf("%s=%u\n", match_class_names[i], sums[i].n);
        differs |= i != MATCH_MATCHED && sums[i].n > 0;
    }
    if (self->query.is_posting)
        (void)fprintf(stderr, "reconcile: %u posted, %u refused\n", self->payments.n_posted,
                      self->payments.n_refused);
    if (self->bank == NULL)
        return differs;
    if (self->query.is_posting)
        (void)fprintf(stderr, "reconcile: bank entries: %u posted, %u refused\n",
                      self->entries.n_posted, self->entries.n_refused);
    (void)printf("remittance=%s due_vnd=%lld received_vnd=%lld suspense_vnd=%lld\n",
                 remittance_state_names[self->result.state], (long long)self->result.due_vnd,
                 (long long)self->result.received_vnd, (long long)self->result.suspense.vnd);
    return differs || self->result.state != REMITTANCE_MATCHED || self->result.suspense.n > 0 ||
           self->entries.n_refused > 0;
}

static int run(struct reconcile *self)
{
    struct err err = {0};
    if (directory_organisation(self->svc.directory, self->query.partner) == NULL)
        return cli_fail(2, "--partner %s: no such organisation", self->query.partner);
    self->match = match_create(self->query.business_day);
    if (self->query.n_statements > 0)
        self->bank = bank_create(self->query.partner, self->query.business_day, is_partner, self);
    int status = read_all(self);
    if (status == 0 && self->query.is_posting && reconcile_post(self, &err) < 0)
        status = cli_fail(1, "%s", err.text);
    if (status == 0 && self->bank != NULL)
        bank_settle(self->bank, match_due_vnd(self->match), &self->result);
    if (status == 0 && reconcile_write(self, &err) < 0)
        status = cli_fail(1, "%s", err.text);
    if (status == 0)
        status = say(self);
    match_destroy(&self->match);
    bank_destroy(&self->bank);
    return status;
}

int cli_reconcile(int argc, char **argv)
{
    static const char *const both[] = {"payments", "settlement", NULL};
    static const char *const posting[] = {"payments", NULL}, *const reading[] = {NULL};
    struct reconcile *self = calloc(1, sizeof(*self));
    char keys[CONF_STRING_BYTES + 16];
    if (self == NULL)
        return cli_fail(1, "no memory");
    int status = read_options(&self->query, keys, sizeof(keys), argc, argv);
    if (status == 0)
        status = cli_open(&self->svc, &reconcile_spec,
                          !self->query.is_posting         ? reading
                          : self->query.n_statements == 0 ? posting
                                                          : both);
    if (status == 0) {
        status = run(self);
        service_close(&self->svc);
    }
    free(self);
    return status;
}
