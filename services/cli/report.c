#include "services/cli/report.h"

#include <string.h>

#include "common/domain/calendar.h"
#include "common/service/conf_common.h"
#include "common/service/directory.h"
#include "services/cli/cli.h"

#define USAGE                                                                                      \
    "usage: ansinh report d03|d05|commissions --organisation CODE --from DATE --to DATE --out "    \
    "FILE "                                                                                        \
    "[--archive FOLDER] [--keys FILE]; FILE ends in .xlsx or .csv"

typedef int (*report_fn)(struct service *svc, const struct report_query *query,
                         const struct report_payments *payments, struct err *err);

static const struct {
    const char *name;
    report_fn fn;
    int is_health;
} reports[] = {
    {"d03", report_d03, 1}, {"d05", report_d05, 0}, {"commissions", report_commissions, 0}};

static const struct service_spec report_spec = {
    .name = "cli",
    .prefix = "CLI_",
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_CLIENT | SERVICE_DIRECTORY | SERVICE_POLICY};

static report_fn report_of(const char *name, int *ret_is_health)
{
    for (size_t i = 0; i < ARRAY_LEN(reports); i++) {
        *ret_is_health = reports[i].is_health;
        if (strcmp(reports[i].name, name) == 0)
            return reports[i].fn;
    }
    return NULL;
}

/* keys has room for the path of the archive's keys. */
static int read_options(struct report_query *self, char *keys, size_t size, int argc, char **argv)
{
    struct service_conf conf;
    struct err err = {0};
    const char *from = NULL, *to = NULL;
    for (int i = 2; i + 1 < argc; i += 2) {
        const char **value = strcmp(argv[i], "--from") == 0           ? &from
                             : strcmp(argv[i], "--to") == 0           ? &to
                             : strcmp(argv[i], "--out") == 0          ? &self->out
                             : strcmp(argv[i], "--organisation") == 0 ? &self->organisation
                             : strcmp(argv[i], "--archive") == 0      ? &self->entries.archive
                             : strcmp(argv[i], "--keys") == 0         ? &self->entries.keys
                                                                      : NULL;
        if (value == NULL)
            return cli_fail(2, USAGE);
        *value = argv[i + 1];
    }
    if (argc % 2 != 0 || from == NULL || to == NULL || self->out == NULL ||
        self->organisation == NULL)
        return cli_fail(2, USAGE);
    if (date_parse(from, &self->from_day) < 0)
        return cli_fail(2, "--from %s: want a date, YYYY-MM-DD", from);
    if (date_parse(to, &self->to_day) < 0 || self->to_day < self->from_day)
        return cli_fail(2, "--to %s: want a date, YYYY-MM-DD, not before --from", to);
    if (service_conf_load(&conf, &report_spec, NULL, &err) < 0)
        return cli_fail(2, "%s", err.text);
    (void)snprintf(keys, size, "%s/archive.pub", conf.keys);
    if (self->entries.keys == NULL)
        self->entries.keys = keys;
    return 0;
}

static int run(struct service *svc, const struct report_query *query, report_fn fn)
{
    struct report_payments payments;
    struct err err = {0};
    if (strcmp(query->organisation, "-") != 0 &&
        directory_organisation(svc->directory, query->organisation) == NULL)
        return cli_fail(2, "--organisation %s: no such organisation", query->organisation);
    int rc = report_payments_read(svc, query, &payments, &err);
    if (rc < 0)
        return cli_fail(1, "%s", err.text);
    rc = fn(svc, query, &payments, &err);
    if (rc == 0)
        (void)fprintf(stderr, "report: %zu payments\n", payments.n);
    report_payments_fini(&payments);
    return rc < 0 ? cli_fail(1, "%s", err.text) : 0;
}

int cli_report(int argc, char **argv)
{
    static const char *const names[] = {"enrolment", NULL};
    struct report_query query = {0};
    struct service svc;
    char keys[CONF_STRING_BYTES + 16];
    report_fn fn = argc < 2 ? NULL : report_of(argv[1], &query.is_health);
    if (fn == NULL)
        return cli_fail(2, USAGE);
    int status = read_options(&query, keys, sizeof(keys), argc, argv);
    if (status == 0)
        status = cli_open(&svc, &report_spec, names);
    if (status != 0)
        return status;
    status = run(&svc, &query, fn);
    service_close(&svc);
    return status;
}
