/* ansinh policy: the law's tables, in files and on the running platform. */
#include "services/cli/policy.h"

#include <string.h>

#include "ansinh/v1/directory.pb-c.h"
#include "common/domain/explain.h"
#include "common/service/policy.h"
#include "services/cli/ask.h"
#include "services/cli/cli.h"
#include "services/cli/policy_lines.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* --- show --- */

static void print_facts(const Ansinh__V1__PolicyFacts *facts)
{
    char floor[VND_TEXT_BYTES], cap[VND_TEXT_BYTES], least[VND_TEXT_BYTES], most[VND_TEXT_BYTES];
    vnd_format(facts->floor_vnd, floor);
    vnd_format(facts->cap_vnd, cap);
    vnd_format(facts->floor_contribution_vnd, least);
    vnd_format(facts->cap_contribution_vnd, most);
    (void)printf("income from %s to %s dong, contribution from %s to %s a month\n", floor, cap,
                 least, most);
    for (size_t i = 0; i < facts->n_support; i++) {
        const Ansinh__V1__MonthlySupport *row = facts->support[i];
        char support[VND_TEXT_BYTES], due[VND_TEXT_BYTES];
        const ProtobufCEnumValue *group = protobuf_c_enum_descriptor_get_value(
            &ansinh__v1__support_group__descriptor, (int)row->group);
        vnd_format(row->central_vnd + row->local_vnd + row->donor_vnd, support);
        vnd_format(row->due_vnd, due);
        (void)printf("  %-30s support %11s a month, due at the lowest income %11s\n",
                     group == NULL ? "" : group->name, support, due);
    }
}

static void add_tables(struct policy_lines *lines, const char *mark,
                       Ansinh__V1__PolicyTable *const *tables, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < tables[i]->n_rows; k++)
            policy_lines_add(lines, mark, tables[i]->name, tables[i]->rows[k]);
    }
}

static int print_policy(const Ansinh__V1__GetPolicyResponse *in, struct arena *arena)
{
    struct policy_lines lines;
    policy_lines_init(&lines, arena);
    (void)printf("the law of %s%s, digest %s with %u amendments\n", in->on,
                 in->special_zone ? " in a special zone" : "", in->digest, in->amendments);
    if (in->facts != NULL)
        print_facts(in->facts);
    add_tables(&lines, "", in->tables, in->n_tables);
    policy_lines_print(&lines, 0);
    for (size_t i = 0; i < in->n_changes; i++) {
        const Ansinh__V1__PolicyDay *day = in->changes[i];
        (void)printf("on %s\n", day->day);
        add_tables(&lines, "begins", day->begins, day->n_begins);
        add_tables(&lines, "ends", day->ends, day->n_ends);
        policy_lines_print(&lines, 2);
    }
    policy_lines_fini(&lines);
    return 0;
}

static int policy_cmd_show(int argc, char **argv)
{
    Ansinh__V1__GetPolicyRequest request;
    int is_json = 0;
    ansinh__v1__get_policy_request__init(&request);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--on") == 0 && i + 1 < argc)
            request.on = argv[++i];
        else if (strcmp(argv[i], "--unit") == 0 && i + 1 < argc)
            request.unit_code = argv[++i];
        else if (strcmp(argv[i], "--json") == 0)
            is_json = 1;
        else
            return cli_fail(2, POLICY_USAGE);
    }
    CLEANUP(arena_destroy) struct arena *arena = arena_create(ARENA_BYTES);
    const ProtobufCMessage *answer =
        cli_ask_enrolment("ansinh.v1.Directory/GetPolicy", NULL, &request.base,
                          &ansinh__v1__get_policy_response__descriptor, arena);
    if (answer == NULL)
        return 1;
    return is_json ? cli_print_json(answer)
                   : print_policy((const Ansinh__V1__GetPolicyResponse *)answer, arena);
}

/* --- import --- */

static int print_changes(const Ansinh__V1__ImportPolicyResponse *in, struct arena *arena)
{
    struct policy_lines lines;
    policy_lines_init(&lines, arena);
    for (size_t i = 0; i < in->n_changes; i++)
        policy_lines_add_change(&lines, in->changes[i]);
    policy_lines_print(&lines, 2);
    policy_lines_fini(&lines);
    if (in->amendment != 0)
        (void)printf("amendment %u is written, digest %s\n", in->amendment, in->digest);
    else if (in->n_changes > 0)
        (void)printf("nothing is written: a dry run\n");
    else
        (void)printf("nothing changes: every row stands there already\n");
    return 0;
}

static int import(const char *path, int is_dry_run, const struct request_id *id)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create(ARENA_BYTES);
    Ansinh__V1__ImportPolicyRequest request;
    const Ansinh__V1__PolicyDocument *document;
    struct err err = {0};
    if (policy_file_read(path, arena, &document, &err) < 0)
        return cli_fail(1, "%s", err.text);
    ansinh__v1__import_policy_request__init(&request);
    Ansinh__V1__PolicyDocument copy = *document;
    request.document = &copy;
    request.dry_run = is_dry_run;
    const ProtobufCMessage *answer =
        cli_ask_enrolment("ansinh.v1.Directory/ImportPolicy", id, &request.base,
                          &ansinh__v1__import_policy_response__descriptor, arena);
    return answer == NULL ? 1
                          : print_changes((const Ansinh__V1__ImportPolicyResponse *)answer, arena);
}

static int policy_cmd_import(int argc, char **argv)
{
    const char *path = NULL;
    int is_dry_run = 0;
    struct request_id id;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--dry-run") == 0)
            is_dry_run = 1;
        else if (argv[i][0] == '-' || path != NULL)
            return cli_fail(2, POLICY_USAGE);
        else
            path = argv[i];
    }
    if (path == NULL)
        return cli_fail(2, POLICY_USAGE);
    int status = cli_command_id(&id);
    return status != 0 ? status : import(path, is_dry_run, &id);
}

/* --- the command --- */

int cli_policy(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*fn)(int argc, char **argv);
    } subcommands[] = {
        {"check", policy_cmd_check}, {"show", policy_cmd_show}, {"import", policy_cmd_import}};
    for (size_t i = 0; argc >= 2 && i < ARRAY_LEN(subcommands); i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return subcommands[i].fn(argc - 1, argv + 1);
    }
    return cli_fail(2, POLICY_USAGE);
}
