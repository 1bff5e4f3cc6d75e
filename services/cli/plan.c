#include "services/cli/plan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "services/cli/ask.h"
#include "services/cli/cli.h"
#include "services/cli/csv_message.h"

#define USAGE                                                                                      \
    "usage: ansinh plan list [--on DATE] [--json]\n"                                               \
    "       ansinh plan get PLAN [SCOPE] [--as-of TIME] [--json]\n"                                \
    "       ansinh plan define PLAN --name TEXT --period P --from DATE --until DATE\n"             \
    "                  --measure stock|new [--counts M] [--product P] [--root SCOPE] --target N\n" \
    "                  [--dry-run]\n"                                                              \
    "       ansinh plan split PLAN FILE [--dry-run]\n"                                             \
    "       ansinh plan undivide PLAN SCOPE [--dry-run]\n"                                         \
    "       ansinh plan cascade PLAN --to province|commune --weights W|--results YEAR\n"           \
    "                  [--unit CODE]\n"                                                            \
    "                  [--weight-plan PLAN] [--file FILE] [--dry-run]\n"                           \
    "       ansinh plan lock PLAN --officer CODE\n"                                                \
    "       ansinh plan amend PLAN FILE --reason TEXT --officer CODE [--dry-run]\n"                \
    "       ansinh plan decide PLAN NUMBER --officer CODE [--reject]\n"                            \
    "       ansinh plan rebase PLAN --on DATE --officer CODE [--unit CODE] [--dry-run]\n"          \
    "       ansinh plan cascade --unit CODE --year YEAR --total N --units FILE --weights FILE"
#define TIMEOUT_MS 60000
#define METHOD_BYTES 64
#define COUNTRY "VN"
#define YEAR_FIRST 1900
#define YEAR_LAST 2199

/* --- options ---------------------------------------------------------------------------------- */

static const struct plan_option *find_option(const struct plan_option *options, const char *name)
{
    while (options->name != NULL && strcmp(options->name, name) != 0)
        options++;
    return options->name == NULL ? NULL : options;
}

/* The message that has the option's field: one of them does. */
static ProtobufCMessage *message_of(const struct plan_option *option,
                                    ProtobufCMessage *const *messages,
                                    const ProtobufCFieldDescriptor **ret_field)
{
    while ((*ret_field = protobuf_c_message_descriptor_get_field_by_name((*messages)->descriptor,
                                                                         option->field)) == NULL)
        messages++;
    return *messages;
}

/* *ret_used: whether the value was one. */
static int take_option(const struct plan_option *option, const char *value,
                       ProtobufCMessage *const *messages, struct arena *arena, int *ret_used)
{
    const ProtobufCFieldDescriptor *field = NULL;
    ProtobufCMessage *message = option->field == NULL ? NULL : message_of(option, messages, &field);
    struct err err = {0};
    *ret_used = field == NULL || field->type != PROTOBUF_C_TYPE_BOOL;
    if (*ret_used && value == NULL)
        return cli_fail(2, "%s: want a value", option->name);
    if (message == NULL) {
        *option->text = value;
        return 0;
    }
    return csv_set_field(message, option->field, *ret_used ? value : "true", arena, &err) < 0
               ? cli_fail(2, "%s: %s", option->name, err.text)
               : 0;
}

int plan_options(int argc, char **argv, const struct plan_option *options,
                 ProtobufCMessage *const *messages, struct arena *arena)
{
    int status = 0, is_used;
    for (int i = 0; status == 0 && i < argc; i += 1 + is_used) {
        const struct plan_option *option = find_option(options, argv[i]);
        if (option == NULL) {
            (void)cli_fail(2, "%s: unknown", argv[i]);
            return plan_usage();
        }
        status = take_option(option, i + 1 < argc ? argv[i + 1] : NULL, messages, arena, &is_used);
    }
    return status;
}

Ansinh__V1__PlanScope *plan_scope_parse(const char *text, struct arena *arena)
{
    struct err err = {0};
    const char *colon = strchr(text, ':');
    Ansinh__V1__PlanScope *scope = arena_alloc(arena, sizeof(*scope));
    char *kind = colon == NULL ? arena_printf(arena, "unit")
                               : arena_strndup(arena, text, (size_t)(colon - text));
    if (scope == NULL || kind == NULL || kind[0] == '\0')
        return NULL;
    ansinh__v1__plan_scope__init(scope);
    return csv_set_field(&scope->base, "kind", kind, arena, &err) < 0 ||
                   csv_set_field(&scope->base, "code", colon == NULL ? text : colon + 1, arena,
                                 &err) < 0
               ? NULL
               : scope;
}

/* Names begin with that of their type, which the first one ends with UNSPECIFIED. */
const char *plan_word(const ProtobufCEnumDescriptor *type, int value, struct arena *arena)
{
    const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value(type, value);
    size_t prefix = strlen(type->values[0].name) - strlen("UNSPECIFIED");
    char *word = arena_printf(arena, "%s", named == NULL ? "" : named->name + prefix);
    for (char *p = word; p != NULL && *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return word == NULL ? "" : word;
}

const char *plan_scope_text(const Ansinh__V1__PlanScope *scope, struct arena *arena)
{
    const char *text = scope == NULL
                           ? NULL
                           : arena_printf(arena, "%s:%s",
                                          plan_word(&ansinh__v1__plan_scope_kind__descriptor,
                                                    (int)scope->kind, arena),
                                          scope->code);
    return text == NULL ? "" : text;
}

/* --- asking ----------------------------------------------------------------------------------- */

int plan_link_open(struct plan_link *self, struct arena *arena)
{
    static const char *const names[] = {"enrolment", NULL};
    self->arena = arena;
    return cli_open(&self->svc, &cli_caller_spec, names);
}

void plan_link_close(struct plan_link *self)
{
    service_close(&self->svc);
}

int plan_ask(struct plan_link *self, const char *method, const struct request_id *id,
             const ProtobufCMessage *input, const ProtobufCMessageDescriptor *output,
             ProtobufCMessage **ret, struct err *err)
{
    char name[METHOD_BYTES];
    CLEANUP(buf_fini) struct buf body;
    struct bus_call call = {
        .service = "enrolment", .method = name, .id = id, .timeout_ms = TIMEOUT_MS};
    size_t len = protobuf_c_message_get_packed_size(input);
    uint8_t *packed = arena_alloc(self->arena, len);
    ProtobufCAllocator allocator;
    buf_init(&body, BUS_FRAME_MAX_BYTES);
    (void)snprintf(name, sizeof(name), "ansinh.v1.Plans/%s", method);
    if (packed == NULL) {
        (void)err_set(err, -ENOMEM, "the request is too large");
        return ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED;
    }
    (void)protobuf_c_message_pack(input, packed);
    int code = cli_ask(&self->svc, &call, packed, len, &body, err);
    if (code != 0)
        return code;
    bus_arena_allocator(self->arena, &allocator);
    *ret = protobuf_c_message_unpack(output, &allocator, body.len, body.data);
    if (*ret == NULL)
        (void)err_set(err, -EPROTO, "the answer cannot be read");
    return *ret == NULL ? ANSINH__V1__CODE__CODE_INTERNAL : 0;
}

int plan_refused(int code, const struct err *err)
{
    return cli_fail(1, "%s: %s%s%s", bus_code_name((Ansinh__V1__Code)code), err->field,
                    err->field[0] == '\0' ? "" : ": ", err->text);
}

int plan_changed(const ProtobufCMessage *answer, int is_dry_run)
{
    const Ansinh__V1__RebasePlanResponse *out = (const Ansinh__V1__RebasePlanResponse *)answer;
    if (out->number > 0)
        (void)printf("amendment %u, ", out->number);
    (void)printf("revision %u, %u rows %s\n", out->revision, out->written,
                 is_dry_run ? "would be written" : "written");
    if (out->undivided > 0)
        (void)printf("%u targets below units that were merged are gone: split these again\n",
                     out->undivided);
    return 0;
}

int plan_change(const char *method, const ProtobufCMessage *input, int is_dry_run,
                struct arena *arena)
{
    struct plan_link link;
    struct err err = {0};
    struct request_id id;
    ProtobufCMessage *answer;
    int status = cli_command_id(&id);
    if (status == 0)
        status = plan_link_open(&link, arena);
    if (status != 0)
        return status;
    int code = plan_ask(&link, method, &id, input, &ansinh__v1__rebase_plan_response__descriptor,
                        &answer, &err);
    plan_link_close(&link);
    return code != 0 ? plan_refused(code, &err) : plan_changed(answer, is_dry_run);
}

/* --- commands without a file ------------------------------------------------------------------ */

static int define(int argc, char **argv, struct arena *arena)
{
    Ansinh__V1__DefinePlanRequest request;
    Ansinh__V1__Plan plan;
    const char *root = COUNTRY;
    const struct plan_option options[] = {
        {"--name", "name", NULL},
        {"--period", "period", NULL},
        {"--from", "from", NULL},
        {"--until", "until", NULL},
        {"--measure", "measure", NULL},
        {"--counts", "counts", NULL},
        {"--product", "product", NULL},
        {"--target", "target", NULL},
        {"--dry-run", "dry_run", NULL},
        {"--root", NULL, &root},
        {NULL, NULL, NULL},
    };
    ansinh__v1__define_plan_request__init(&request);
    ansinh__v1__plan__init(&plan);
    request.plan = &plan;
    plan.code = argv[0];
    plan.product = ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
    plan.counts = ANSINH__V1__METRIC__METRIC_PAID;
    ProtobufCMessage *const messages[] = {&request.base, &plan.base, NULL};
    int status = plan_options(argc - 1, argv + 1, options, messages, arena);
    if (status != 0)
        return status;
    plan.root = plan_scope_parse(root, arena);
    return plan.root == NULL ? cli_fail(2, "--root: want unit:15, organisation:VNPOST@15 or such")
                             : plan_change("DefinePlan", &request.base, request.dry_run, arena);
}

static int undivide(int argc, char **argv, struct arena *arena)
{
    static const struct plan_option options[] = {{"--dry-run", "dry_run", NULL},
                                                 {NULL, NULL, NULL}};
    Ansinh__V1__SplitPlanRequest request;
    ansinh__v1__split_plan_request__init(&request);
    if (argc < 2)
        return plan_usage();
    request.plan_code = argv[0];
    request.undivide = 1;
    request.parent = plan_scope_parse(argv[1], arena);
    if (request.parent == NULL)
        return cli_fail(2, "%s: no scope", argv[1]);
    ProtobufCMessage *const messages[] = {&request.base, NULL};
    int status = plan_options(argc - 2, argv + 2, options, messages, arena);
    return status != 0 ? status : plan_change("SplitPlan", &request.base, request.dry_run, arena);
}

static int cascade(int argc, char **argv, struct arena *arena)
{
    Ansinh__V1__CascadePlanRequest request;
    const char *file = NULL, *results = NULL;
    int64_t year;
    const struct plan_option options[] = {
        {"--results", NULL, &results},
        {"--unit", "unit_code", NULL},
        {"--to", "down_to", NULL},
        {"--weights", "weights", NULL},
        {"--weight-plan", "weight_plan_code", NULL},
        {"--file", NULL, &file},
        {"--dry-run", "dry_run", NULL},
        {NULL, NULL, NULL},
    };
    ansinh__v1__cascade_plan_request__init(&request);
    ProtobufCMessage *const messages[] = {&request.base, NULL};
    request.plan_code = argv[0];
    int status = plan_options(argc - 1, argv + 1, options, messages, arena);
    if (status == 0 && file != NULL)
        status = plan_read_weights(file, &request, arena);
    if (status == 0 && results != NULL)
        status = request.weights != 0 || file != NULL ||
                         parse_int64(results, YEAR_FIRST, YEAR_LAST, &year) < 0
                     ? cli_fail(2, "--results: want a year, and no other weights")
                     : plan_weigh_by_results(year, &request, arena);
    return status != 0 ? status : plan_change("CascadePlan", &request.base, request.dry_run, arena);
}

static int lock(int argc, char **argv, struct arena *arena)
{
    static const struct plan_option options[] = {{"--officer", "officer", NULL},
                                                 {NULL, NULL, NULL}};
    Ansinh__V1__LockPlanRequest request;
    ansinh__v1__lock_plan_request__init(&request);
    ProtobufCMessage *const messages[] = {&request.base, NULL};
    request.plan_code = argv[0];
    int status = plan_options(argc - 1, argv + 1, options, messages, arena);
    return status != 0 ? status : plan_change("LockPlan", &request.base, 0, arena);
}

static int decide(int argc, char **argv, struct arena *arena)
{
    static const struct plan_option options[] = {
        {"--officer", "officer", NULL}, {"--reject", "reject", NULL}, {NULL, NULL, NULL}};
    Ansinh__V1__DecideAmendmentRequest request;
    struct err err = {0};
    ansinh__v1__decide_amendment_request__init(&request);
    ProtobufCMessage *const messages[] = {&request.base, NULL};
    if (argc < 2 || csv_set_field(&request.base, "number", argv[1], arena, &err) < 0)
        return plan_usage();
    request.plan_code = argv[0];
    int status = plan_options(argc - 2, argv + 2, options, messages, arena);
    return status != 0 ? status : plan_change("DecideAmendment", &request.base, 0, arena);
}

static int rebase(int argc, char **argv, struct arena *arena)
{
    static const struct plan_option options[] = {{"--on", "on", NULL},
                                                 {"--officer", "officer", NULL},
                                                 {"--unit", "unit_code", NULL},
                                                 {"--dry-run", "dry_run", NULL},
                                                 {NULL, NULL, NULL}};
    Ansinh__V1__RebasePlanRequest request;
    ansinh__v1__rebase_plan_request__init(&request);
    ProtobufCMessage *const messages[] = {&request.base, NULL};
    request.plan_code = argv[0];
    int status = plan_options(argc - 1, argv + 1, options, messages, arena);
    return status != 0 ? status : plan_change("RebasePlan", &request.base, request.dry_run, arena);
}

/* --- the command ------------------------------------------------------------------------------ */

int plan_usage(void)
{
    return cli_fail(2, USAGE);
}

/* One that begins with a plan's code. */
static int run(int argc, char **argv, int (*fn)(int argc, char **argv, struct arena *arena),
               int is_bare)
{
    if (!is_bare && (argc < 2 || argv[1][0] == '-'))
        return plan_usage();
    CLEANUP(arena_destroy) struct arena *arena = arena_create(PLAN_ARENA_BYTES);
    return fn(argc - 1, argv + 1, arena);
}

int cli_plan(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*fn)(int argc, char **argv, struct arena *arena);
        int is_bare;
    } subcommands[] = {
        {"list", plan_list, 1},   {"get", plan_get, 0},      {"define", define, 0},
        {"split", plan_split, 0}, {"undivide", undivide, 0}, {"cascade", cascade, 0},
        {"lock", lock, 0},        {"amend", plan_amend, 0},  {"decide", decide, 0},
        {"rebase", rebase, 0},
    };
    if (argc > 2 && strcmp(argv[1], "cascade") == 0 && argv[2][0] == '-')
        return plan_cascade_file(argc - 1, argv + 1);
    for (size_t i = 0; argc >= 2 && i < ARRAY_LEN(subcommands); i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return run(argc - 1, argv + 1, subcommands[i].fn, subcommands[i].is_bare);
    }
    return plan_usage();
}
