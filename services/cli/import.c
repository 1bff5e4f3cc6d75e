/* ansinh import: rows of a CSV file through the services' own commands. */
#include "services/cli/import.h"

#include <string.h>

#include "services/cli/import_rows.h"

static const struct import_kind *const kinds[] = {
    &import_units,      &import_organisations, &import_plan,     &import_participants,
    &import_payments,   &import_campaigns,     &import_sessions, &import_contacts,
    &import_successors, &import_denominators,  &import_si_units, &import_acceptances};

static const struct import_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    }
    return NULL;
}

/* What became of the rows; the exit status. */
static int conclude(struct import *self, int status)
{
    const char *errors = csv_errors_path(self->errors);
    (void)printf("%s: %lu rows, %lu %s, %lu bad%s%s\n", self->kind->name, self->n_rows,
                 self->n_good, self->is_dry_run ? "would be taken in" : "taken in", self->n_bad,
                 self->n_bad == 0 ? "" : "; see ", self->n_bad == 0 ? "" : errors);
    if (status == 0 && !self->is_at_end)
        status = cli_fail(1, "stopped before the end of the file; import it again to go on");
    return status != 0 || self->n_bad > 0;
}

static int take(struct import *self)
{
    return conclude(self, self->kind->run(self));
}

static int finish(struct import *self, const char *path, int status)
{
    if (import_end(self) < 0)
        return cli_fail(1, "%s.errors.csv cannot be written", path);
    return status;
}

int import_file(struct service *svc, const char *kind, const char *path, int is_dry_run)
{
    struct import import = {.svc = svc, .kind = find_kind(kind), .is_dry_run = is_dry_run};
    if (import.kind == NULL)
        return cli_fail(1, "unknown kind %s", kind);
    int status = import_begin(&import, path);
    if (status == 0)
        status = take(&import);
    return finish(&import, path, status);
}

int cli_import(int argc, char **argv)
{
    int is_dry_run = argc > 1 && strcmp(argv[1], "--dry-run") == 0;
    if (argc != 3 + is_dry_run || find_kind(argv[1 + is_dry_run]) == NULL)
        return cli_fail(
            2, "usage: ansinh import [--dry-run] "
               "units|organisations|plan|participants|payments|campaigns|sessions|contacts|"
               "successors|denominators|si-units|acceptances FILE");
    struct service svc;
    struct import import = {
        .svc = &svc, .kind = find_kind(argv[1 + is_dry_run]), .is_dry_run = is_dry_run};
    const char *path = argv[2 + is_dry_run];
    int status = import_begin(&import, path);
    if (status == 0)
        status = cli_open(&svc, &cli_caller_spec, import.kind->services);
    if (status == 0) {
        status = take(&import);
        service_close(&svc);
    }
    return finish(&import, path, status);
}
