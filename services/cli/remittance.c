/* ansinh remittance: the instruction with which an organisation lets its bank remit what it
 * collected on a business date. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/service/conf_common.h"
#include "common/service/directory.h"
#include "common/settle/pain001.h"
#include "services/cli/cli.h"
#include "services/cli/reconcile.h"

#define USAGE                                                                                      \
    "usage: ansinh remittance --partner CODE --date DATE --from NAME,ACCOUNT,BIC "                 \
    "--to NAME,ACCOUNT,BIC [--on DATE] [--archive FOLDER] [--keys FILE]"
#define DOCUMENT_MAX_BYTES 16384
#define PARTY_BYTES 768

static const struct service_spec remittance_spec = {.name = "cli",
                                                    .prefix = "CLI_",
                                                    .needs = SERVICE_LEDGER | SERVICE_VIEWS |
                                                             SERVICE_DIRECTORY | SERVICE_POLICY};

struct options {
    const char *date, *from, *to, *on;
    char from_text[PARTY_BYTES], to_text[PARTY_BYTES], keys[CONF_STRING_BYTES + 16];
};

/* The name may have commas, account and bank have none. */
static int party_of(const char *option, const char *text, char copy[PARTY_BYTES],
                    struct remittance_party *ret)
{
    (void)snprintf(copy, PARTY_BYTES, "%s", text);
    char *bank = strrchr(copy, ',');
    if (bank != NULL)
        *bank++ = '\0';
    char *account = bank == NULL ? NULL : strrchr(copy, ',');
    if (account == NULL)
        return cli_fail(2, "%s %s: want NAME,ACCOUNT,BIC", option, text);
    *account++ = '\0';
    *ret = (struct remittance_party){copy, account, bank};
    return 0;
}

static int take_options(struct options *self, struct reconcile_query *query, int argc, char **argv)
{
    const struct {
        const char *name, **value;
    } known[] = {{"--partner", &query->partner},
                 {"--date", &self->date},
                 {"--from", &self->from},
                 {"--to", &self->to},
                 {"--on", &self->on},
                 {"--archive", &query->entries.archive},
                 {"--keys", &query->entries.keys}};
    for (int i = 1; i + 1 < argc; i += 2) {
        size_t n = 0;
        while (n < ARRAY_LEN(known) && strcmp(known[n].name, argv[i]) != 0)
            n++;
        if (n == ARRAY_LEN(known))
            return cli_fail(2, USAGE);
        *known[n].value = argv[i + 1];
    }
    return argc % 2 == 0 ? cli_fail(2, USAGE) : 0;
}

static int read_options(struct options *self, struct reconcile_query *query,
                        struct remittance *remittance, int argc, char **argv)
{
    struct service_conf conf;
    struct err err = {0};
    int status = take_options(self, query, argc, argv);
    if (status != 0)
        return status;
    if (query->partner == NULL || self->date == NULL || self->from == NULL || self->to == NULL)
        return cli_fail(2, USAGE);
    if (date_parse(self->date, &query->business_day) < 0)
        return cli_fail(2, "--date %s: want a date, YYYY-MM-DD", self->date);
    remittance->execution_day = query->business_day + 1;
    if (self->on != NULL && date_parse(self->on, &remittance->execution_day) < 0)
        return cli_fail(2, "--on %s: want a date, YYYY-MM-DD", self->on);
    if (service_conf_load(&conf, &remittance_spec, NULL, &err) < 0)
        return cli_fail(2, "%s", err.text);
    (void)snprintf(self->keys, sizeof(self->keys), "%s/archive.pub", conf.keys);
    if (query->entries.keys == NULL)
        query->entries.keys = self->keys;
    status = party_of("--from", self->from, self->from_text, &remittance->from);
    return status != 0 ? status : party_of("--to", self->to, self->to_text, &remittance->to);
}

static int print(const struct remittance *remittance)
{
    struct err err = {0};
    struct buf document;
    int status = 0;
    buf_init(&document, DOCUMENT_MAX_BYTES);
    if (pain001_write(remittance, &document, &err) < 0)
        status = cli_fail(1, "%s", err.text);
    else if (fwrite(document.data, 1, document.len, stdout) != document.len || fflush(stdout) != 0)
        status = cli_fail(1, "the output cannot be written: %s", strerror(errno));
    buf_fini(&document);
    return status;
}

static int run(struct reconcile *self, struct remittance *remittance)
{
    struct err err = {0};
    if (directory_organisation(self->svc.directory, self->query.partner) == NULL)
        return cli_fail(2, "--partner %s: no such organisation", self->query.partner);
    self->match = match_create(self->query.business_day);
    int rc = reconcile_read_ledger(self, &err);
    remittance->partner = self->query.partner;
    remittance->business_day = self->query.business_day;
    remittance->created_ms = clock_wall_ms();
    remittance->amount_vnd = match_due_vnd(self->match);
    match_destroy(&self->match);
    if (rc < 0)
        return cli_fail(1, "%s", err.text);
    return remittance->amount_vnd == 0
               ? cli_fail(1, "nothing is due: the ledger has no payments of %s",
                          self->query.partner)
               : print(remittance);
}

int cli_remittance(int argc, char **argv)
{
    static const char *const names[] = {NULL};
    struct reconcile *self = calloc(1, sizeof(*self));
    struct options options = {0};
    struct remittance remittance = {0};
    if (self == NULL)
        return cli_fail(1, "no memory");
    int status = read_options(&options, &self->query, &remittance, argc, argv);
    if (status == 0)
        status = cli_open(&self->svc, &remittance_spec, names);
    if (status == 0) {
        status = run(self, &remittance);
        service_close(&self->svc);
    }
    free(self);
    return status;
}
