/* ansinh plan split and amend: what was set by hand, in files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "services/cli/ask.h"
#include "services/cli/cli.h"
#include "services/cli/csv_file.h"
#include "services/cli/plan.h"

#define ROWS_MAX 50000 /* as many targets as a plan has */
#define SHARES_MAX 500 /* of one split */
#define MOVES_MAX 100  /* of one amendment */
#define COLUMNS_MAX 4
#define TARGET_MAX 200000000

/* --- files ------------------------------------------------------------------------------------ */

static int find_columns(const struct csv_file *file, const char *const *names, size_t n,
                        size_t n_required, size_t ret[COLUMNS_MAX], const char *path)
{
    size_t n_columns;
    const char *const *columns = csv_columns(file, &n_columns);
    for (size_t i = 0; i < n; i++) {
        for (ret[i] = 0; ret[i] < n_columns && strcmp(columns[ret[i]], names[i]) != 0;)
            ret[i]++;
        if (i < n_required && ret[i] == n_columns)
            return cli_fail(1, "%s: no column %s", path, names[i]);
    }
    return 0;
}

int plan_read_rows(const char *path, const char *const *names, size_t n, size_t n_required,
                   plan_row_fn take, void *arg)
{
    struct csv_file *file;
    struct csv_row row;
    struct err err = {0};
    size_t columns[COLUMNS_MAX];
    ASSERT(n <= COLUMNS_MAX);
    if (csv_open(path, &file, &err) < 0)
        return cli_fail(1, "%s", err.text);
    int status = find_columns(file, names, n, n_required, columns, path);
    for (size_t rows = 0; status == 0; rows++) {
        const char *values[COLUMNS_MAX];
        int rc = csv_next(file, &row, &err);
        if (rc == 0)
            break;
        if (rc < 0 || rows == ROWS_MAX) {
            status = cli_fail(1, "%s:%lu: %s", path, row.line, rc < 0 ? err.text : "too many rows");
            break;
        }
        for (size_t i = 0; i < n; i++)
            values[i] = columns[i] < row.n_values ? row.values[columns[i]] : "";
        status = take(arg, row.line, values);
    }
    csv_close(&file);
    return status;
}

/* The rows of one request. */
struct rows {
    const char *path;
    struct arena *arena;
    unsigned long lines[SHARES_MAX]; /* of what is gathered */
    size_t n;
};

/* NULL: it was said what is wrong. */
static Ansinh__V1__PlanScope *take_scope(const struct rows *self, unsigned long line,
                                         const char *text)
{
    Ansinh__V1__PlanScope *scope = plan_scope_parse(text, self->arena);
    if (scope == NULL || scope->code[0] == '\0') {
        (void)cli_fail(1, "%s:%lu: \"%.40s\": want unit:15, organisation:VNPOST@15 or such",
                       self->path, line, text);
        return NULL;
    }
    return scope;
}

static int take_number(const struct rows *self, unsigned long line, const char *name,
                       const char *text, int64_t min, int64_t *ret)
{
    return parse_int64(text, min, TARGET_MAX, ret) < 0
               ? cli_fail(1, "%s:%lu: %s: \"%.40s\" is no whole number in range", self->path, line,
                          name, text)
               : 0;
}

/* The line that "children[3].scope" is about, or the first one. */
static unsigned long line_of(const struct rows *self, const char *field)
{
    char digits[8] = "";
    int64_t i = 0;
    const char *open = strchr(field, '[');
    if (open != NULL)
        (void)snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(open + 1, "]"), open + 1);
    return parse_int64(digits, 0, (int64_t)self->n - 1, &i) < 0 ? self->lines[0] : self->lines[i];
}

static int refused_row(const struct rows *self, int code, const struct err *err)
{
    return self->n == 0 ? plan_refused(code, err)
                        : cli_fail(1, "%s:%lu: %s: %s%s%s", self->path, line_of(self, err->field),
                                   bus_code_name((Ansinh__V1__Code)code), err->field,
                                   err->field[0] == '\0' ? "" : ": ", err->text);
}

/* --- split ------------------------------------------------------------------------------------ */

struct splitting {
    struct rows rows;
    struct plan_link link;
    Ansinh__V1__SplitPlanRequest request; /* its children stand in children */
    Ansinh__V1__PlanShare *children[SHARES_MAX];
    size_t n_splits;
    unsigned long written;
};

static int split_send(struct splitting *self)
{
    struct err err = {0};
    struct request_id id; /* one of several; what is there already changes nothing */
    ProtobufCMessage *answer;
    if (self->rows.n == 0)
        return 0;
    request_id_make(clock_wall_ms(), &id);
    self->request.n_children = self->rows.n;
    int code = plan_ask(&self->link, "SplitPlan", &id, &self->request.base,
                        &ansinh__v1__rebase_plan_response__descriptor, &answer, &err);
    if (code != 0)
        return refused_row(&self->rows, code, &err);
    self->written += ((const Ansinh__V1__RebasePlanResponse *)answer)->written;
    self->n_splits++;
    self->rows.n = 0;
    return 0;
}

static int take_share(void *arg, unsigned long line, const char *const *values)
{
    struct splitting *self = arg;
    struct rows *rows = &self->rows;
    Ansinh__V1__PlanShare *share = arena_alloc(rows->arena, sizeof(*share));
    Ansinh__V1__PlanScope *parent = take_scope(rows, line, values[0]);
    if (share == NULL || parent == NULL)
        return 1;
    ansinh__v1__plan_share__init(share);
    share->scope = take_scope(rows, line, values[1]);
    if (share->scope == NULL || take_number(rows, line, "target", values[2], 0, &share->target) ||
        (values[3][0] != '\0' && take_number(rows, line, "weight", values[3], 0, &share->weight)))
        return 1;
    int is_another = rows->n > 0 && (parent->kind != self->request.parent->kind ||
                                     strcmp(parent->code, self->request.parent->code) != 0);
    if (is_another && split_send(self) != 0)
        return 1;
    if (rows->n == SHARES_MAX)
        return cli_fail(1, "%s:%lu: more than %d below one", rows->path, line, SHARES_MAX);
    self->request.parent = parent;
    rows->lines[rows->n] = line;
    self->children[rows->n++] = share;
    return 0;
}

int plan_split(int argc, char **argv, struct arena *arena)
{
    static const struct plan_option options[] = {{"--dry-run", "dry_run", NULL},
                                                 {NULL, NULL, NULL}};
    static const char *const names[] = {"parent", "scope", "target", "weight"};
    struct splitting *self = arena_zalloc(arena, sizeof(*self));
    if (argc < 2 || self == NULL)
        return plan_usage();
    ansinh__v1__split_plan_request__init(&self->request);
    self->rows = (struct rows){.path = argv[1], .arena = arena};
    self->request.plan_code = argv[0];
    self->request.children = self->children;
    ProtobufCMessage *const messages[] = {&self->request.base, NULL};
    int status = plan_options(argc - 2, argv + 2, options, messages, arena);
    if (status == 0)
        status = plan_link_open(&self->link, arena);
    if (status != 0)
        return status;
    status = plan_read_rows(argv[1], names, ARRAY_LEN(names), 3, take_share, self);
    if (status == 0)
        status = split_send(self);
    plan_link_close(&self->link);
    if (status == 0 || self->n_splits > 0)
        (void)printf("%zu splits, %lu rows %s\n", self->n_splits, self->written,
                     self->request.dry_run ? "would be written" : "written");
    return status;
}

/* --- amend ------------------------------------------------------------------------------------ */

struct amending {
    struct rows rows;
    Ansinh__V1__AmendPlanRequest request;
    Ansinh__V1__PlanMove *moves[MOVES_MAX];
};

static int take_move(void *arg, unsigned long line, const char *const *values)
{
    struct amending *self = arg;
    struct rows *rows = &self->rows;
    Ansinh__V1__PlanMove *move = arena_alloc(rows->arena, sizeof(*move));
    if (move == NULL || rows->n == MOVES_MAX)
        return cli_fail(1, "%s:%lu: an amendment has at most %d moves", rows->path, line,
                        MOVES_MAX);
    ansinh__v1__plan_move__init(move);
    move->scope = take_scope(rows, line, values[0]);
    if (move->scope == NULL ||
        take_number(rows, line, "change", values[1], -TARGET_MAX, &move->change))
        return 1;
    if (values[2][0] != '\0' && (move->from = take_scope(rows, line, values[2])) == NULL)
        return 1;
    rows->lines[rows->n] = line;
    self->moves[rows->n++] = move;
    return 0;
}

int plan_amend(int argc, char **argv, struct arena *arena)
{
    static const struct plan_option options[] = {{"--reason", "reason", NULL},
                                                 {"--officer", "officer", NULL},
                                                 {"--dry-run", "dry_run", NULL},
                                                 {NULL, NULL, NULL}};
    static const char *const names[] = {"scope", "change", "from"};
    struct amending *self = arena_zalloc(arena, sizeof(*self));
    struct plan_link link;
    struct err err = {0};
    struct request_id id;
    ProtobufCMessage *answer;
    if (argc < 2 || self == NULL)
        return plan_usage();
    ansinh__v1__amend_plan_request__init(&self->request);
    self->rows = (struct rows){.path = argv[1], .arena = arena};
    self->request.plan_code = argv[0];
    self->request.moves = self->moves;
    ProtobufCMessage *const messages[] = {&self->request.base, NULL};
    int status = plan_options(argc - 2, argv + 2, options, messages, arena);
    if (status == 0)
        status = plan_read_rows(argv[1], names, ARRAY_LEN(names), 2, take_move, self);
    if (status == 0)
        status = cli_command_id(&id);
    if (status == 0)
        status = plan_link_open(&link, arena);
    if (status != 0)
        return status;
    self->request.n_moves = self->rows.n;
    int code = plan_ask(&link, "AmendPlan", &id, &self->request.base,
                        &ansinh__v1__rebase_plan_response__descriptor, &answer, &err);
    plan_link_close(&link);
    return code != 0 ? refused_row(&self->rows, code, &err)
                     : plan_changed(answer, self->request.dry_run);
}

/* --- weights ---------------------------------------------------------------------------------- */

struct weighing {
    struct rows rows;
    Ansinh__V1__CascadePlanRequest *request;
};

static int take_weight(void *arg, unsigned long line, const char *const *values)
{
    struct weighing *self = arg;
    struct rows *rows = &self->rows;
    Ansinh__V1__PlanWeight *weight = arena_alloc(rows->arena, sizeof(*weight));
    if (weight == NULL || self->request->n_hand == PLAN_WEIGHTS_MAX)
        return cli_fail(1, "%s:%lu: at most %d weights", rows->path, line, PLAN_WEIGHTS_MAX);
    ansinh__v1__plan_weight__init(weight);
    weight->unit_code = arena_printf(rows->arena, "%s", values[0]);
    if (weight->unit_code == NULL ||
        take_number(rows, line, "weight", values[1], 0, &weight->weight))
        return 1;
    self->request->hand[self->request->n_hand++] = weight;
    return 0;
}

int plan_read_weights(const char *path, Ansinh__V1__CascadePlanRequest *request,
                      struct arena *arena)
{
    static const char *const names[] = {"unit_code", "weight"};
    struct weighing weighing = {.rows = {.path = path, .arena = arena}, .request = request};
    request->hand = arena_alloc(arena, PLAN_WEIGHTS_MAX * sizeof(*request->hand));
    return request->hand == NULL
               ? cli_fail(1, "no memory")
               : plan_read_rows(path, names, ARRAY_LEN(names), 2, take_weight, &weighing);
}
