#include "services/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "services/cli/verify.h"

#define SEE_WAIT_MS 10000

static const struct cli_command commands[] = {
    {"call", "[--partner CODE | --url URL --key FILE --key-id ID ...] Service/Method JSON|-",
     "call a method, as a collecting organisation would, and print the answer", cli_call},
    {"import", "[--dry-run] KIND FILE",
     "take rows of a CSV file in; bad ones go to FILE.errors.csv", cli_import},
    {"policy", "check|show|import ...", "check files of the law, show a day's, take a decree over",
     cli_policy},
    {"partner", "add|key|revoke|show|keygen ...", "register who calls from outside, and its keys",
     cli_partner},
    {"plan", "list|get|define|split|undivide|cascade|lock|amend|decide|rebase ...",
     "set targets from the country down to a collector, and change them", cli_plan},
    {"watch", "[--once] [UNIT]", "show a unit's progress live, until Ctrl-C", cli_watch},
    {"status", "", "list every instance with its load and lag", cli_status},
    {"verify", VERIFY_USAGE, "hold records, totals and projections against the journals",
     cli_verify},
    {"export", "--from DATE --to DATE [--archive FOLDER] [--keys FILE]",
     "print the journal entries of these days as JSON lines", cli_export},
    {"report", "d03|d05|commissions ...",
     "a list that an organisation settles by, as .xlsx or .csv", cli_report},
    {"reconcile",
     "--partner CODE --date DATE --file FILE --out FOLDER [--statement FILE]... [--post]",
     "hold a partner's file, the ledger and the bank against each other", cli_reconcile},
    {"remittance", "--partner CODE --date DATE --from NAME,ACCOUNT,BIC --to NAME,ACCOUNT,BIC",
     "the bank's instruction to pay what a partner collected, as pain.001", cli_remittance},
    {"sandbox", "[--listen PORT] [--gateway URL] [--hold-ms N]",
     "stand before a gateway and do to a partner's requests what networks do", cli_sandbox},
    {"certify", "--partner URL --sandbox URL --key FILE --key-id ID --people FILE ...",
     "try a partner's client: does it find out what became of each payment?", cli_certify},
    {"restore", "[--archive FOLDER] [--keys FILE] [--copy FOLDER | --journal URL]",
     "make a ledger anew in an empty Redis", cli_restore},
    {"drill", "sample|people|sprint [OPTION N]...",
     "load the sample campaign or a country's people, or rehearse a sprint", cli_drill},
    {"bench",
     "run|latency|bills [--people N] [--first I] [--window N] [--rate N] [--communes N|all]",
     "load the platform and say how fast it is", cli_bench},
    {"keys", "", "make the platform's keys where they are missing", cli_keys},
    {"init", "", "load the functions of this version into both Redis servers", cli_init},
};

const struct service_spec cli_caller_spec = {
    .name = "cli", .prefix = "CLI_", .needs = SERVICE_VIEWS | SERVICE_CLIENT};

const struct service_spec cli_ledger_spec = {
    .name = "cli", .prefix = "CLI_", .needs = SERVICE_LEDGER | SERVICE_VIEWS};

int cli_fail(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("ansinh: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    return status;
}

static void help(FILE *out)
{
    (void)fprintf(out, "ansinh %s: voluntary social insurance, from the command line\n\n",
                  ANSINH_VERSION);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        (void)fprintf(out, "  ansinh %s %s\n      %s\n", commands[i].name, commands[i].usage,
                      commands[i].help);
    (void)fputs("\nThe platform is found through ANSINH_VAR (default ./var), or ANSINH_LEDGER and "
                "ANSINH_VIEWS.\n",
                out);
}

static void help_on(const struct cli_command *command)
{
    (void)printf("ansinh %s %s\n%s\n\n%s", command->name, command->usage, command->help,
                 cli_help_text(command->name));
}

int cli_main(int argc, char **argv)
{
    log_open("cli", LOG_WARN);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        help(stdout);
        return 0;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("ansinh %s\n", ANSINH_VERSION);
        return 0;
    }
    for (size_t i = 0; argc >= 2 && i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, argv[1]) != 0)
            continue;
        if (argc != 3 || strcmp(argv[2], "--help") != 0)
            return commands[i].fn(argc - 1, argv + 1);
        help_on(&commands[i]);
        return 0;
    }
    help(stderr);
    return 2;
}

int cli_open(struct service *svc, const struct service_spec *spec, const char *const *names)
{
    struct err err = {0};
    if (service_open(svc, spec, NULL, &err) < 0)
        return cli_fail(1, "%s (is the platform running? ANSINH_VAR=%s)", err.text, svc->conf.var);
    log_open("cli", LOG_WARN);
    int64_t until_ms = clock_mono_ms() + SEE_WAIT_MS;
    while (!service_sees(svc, names) && clock_mono_ms() < until_ms)
        loop_turn(svc->loop, 50);
    if (service_sees(svc, names))
        return 0;
    for (; *names != NULL; names++) {
        if (bus_client_count(svc->client, *names) == 0)
            (void)cli_fail(1, "no instance of %s is running", *names);
    }
    service_close(svc);
    return 1;
}

struct asking {
    int is_answered;
    Ansinh__V1__Code code;
    struct buf *body;
    struct err *err;
};

static void on_answer(void *arg, const struct bus_answer *answer)
{
    struct asking *asking = arg;
    asking->is_answered = 1;
    asking->code = answer->code;
    if (answer->code != 0)
        (void)err_field(asking->err, -EIO, answer->field, "%s", answer->message);
    else
        (void)buf_append(asking->body, answer->body, answer->body_len);
}

int cli_ask(struct service *svc, const struct bus_call *call, const uint8_t *body, size_t len,
            struct buf *ret, struct err *err)
{
    struct asking asking = {.body = ret, .err = err};
    buf_reset(ret);
    bus_call_packed(svc->client, call, body, len, on_answer, &asking);
    while (!asking.is_answered) /* the client answers at the call's deadline at the latest */
        loop_turn(svc->loop, 100);
    return (int)asking.code;
}
