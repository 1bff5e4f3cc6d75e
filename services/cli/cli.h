/* The ansinh command: a caller like any other, over the same bus. See README.md. */
#ifndef ANSINH_CLI_CLI_H
#define ANSINH_CLI_CLI_H

#include "common/base/buf.h"
#include "common/service/service.h"

/* One subcommand. fn gets its own arguments (argv[0] is its name) and answers the exit status: 0, 1
 * for a failure, 2 for wrong usage. */
struct cli_command {
    const char *name;
    const char *usage; /* what comes after the name */
    const char *help;  /* one sentence */
    int (*fn)(int argc, char **argv);
};

int cli_main(int argc, char **argv);

/* What a command's own help says besides; "": nothing more. */
const char *cli_help_text(const char *name);

/* Subcommands, one file each. */
int cli_call(int argc, char **argv);
int cli_keys(int argc, char **argv);
int cli_init(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_import(int argc, char **argv);
int cli_policy(int argc, char **argv);
int cli_partner(int argc, char **argv);
int cli_watch(int argc, char **argv);
int cli_verify(int argc, char **argv);
int cli_export(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_reconcile(int argc, char **argv);
int cli_remittance(int argc, char **argv);
int cli_sandbox(int argc, char **argv);
int cli_certify(int argc, char **argv);
int cli_plan(int argc, char **argv);
int cli_restore(int argc, char **argv);
int cli_drill(int argc, char **argv);
int cli_bench(int argc, char **argv);

/* The specs of a tool that calls services, and of one that reads both Redis servers itself. */
extern const struct service_spec cli_caller_spec;
extern const struct service_spec cli_ledger_spec;

/* Says what is wrong on standard error and answers status. */
int cli_fail(int status, const char *format, ...) PRINTF_LIKE(2, 3);

/* Opens a caller and waits (bounded) until an instance of each named service is seen (names ended
 * by NULL). 0, or a failure that was said. */
int cli_open(struct service *svc, const struct service_spec *spec,
             const char *const *names) MUST_CHECK;

/* One call, waited for. The answer's body is in *ret (cleared first). 0, or a status code of
 * ansinh.v1.Code that was not said; err then holds message and field. */
int cli_ask(struct service *svc, const struct bus_call *call, const uint8_t *body, size_t len,
            struct buf *ret, struct err *err) MUST_CHECK;

#endif
